// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// deadline is the last day of an atom's period after an event, as the pack's law counts.
func (in *Input) deadline(a *pack.Atom, event pack.Day) pack.Day {
	if a.Count == nil {
		return a.Plus.AddTo(event)
	}
	return a.Count.Deadline(a.Plus, event, in.workDays(a.Count, event))
}

// workDays are the calendars of the controller's establishments where the law binds on the
// day of the event, else that of the place where the law binds. The result lasts until the
// next call.
func (in *Input) workDays(c *pack.Counting, event pack.Day) pack.WorkDays {
	p, v := in.prog, in.prog.model.Vocab
	w := in.workdays[:0]
	if p.establishment != 0 && in.given.has(p.establishment) {
		for _, id := range in.items[p.establishment] {
			if v.Regions().In(pack.RegionID(id), c.Place, event) != pack.True {
				continue
			}
			if k := v.Calendar(pack.RegionID(id)); !slices.Contains(w, k) {
				w = append(w, k)
			}
		}
	}
	if len(w) == 0 {
		w = append(w, c.Around(v))
	}
	in.workdays = w
	return w
}

// variesBy tells whether it hangs on the establishment which days are working days: whether
// some place where the law binds has a calendar of its own.
func (p *Program) variesBy(c *pack.Counting) bool {
	v := p.model.Vocab
	around := c.Around(v)
	return p.establishment != 0 && slices.ContainsFunc(v.Calendars(), func(k *pack.Calendar) bool {
		id, _ := v.Regions().Lookup(k.Place)
		return k != around && p.insideAtTimesOf(id, c.Place)
	})
}

// insideAtTimesOf tells whether a place lies in others on some day.
func (p *Program) insideAtTimesOf(id pack.RegionID, of []pack.RegionID) bool {
	r := p.model.Vocab.Regions()
	return slices.ContainsFunc(append([]pack.Day{pack.DayMin}, r.Breaks()...), func(d pack.Day) bool { return r.In(id, of, d) == pack.True })
}

// counted calls f with each deadline in a condition that the pack's law counts in its own way.
func counted(c *pack.Cond, f func(*pack.Atom)) {
	c.Walk(func(k *pack.Cond) {
		if k.Op == pack.OpAtom && k.Atom.Count != nil {
			f(&k.Atom)
		}
	})
}

// conditions calls f with each condition that a rule is judged by.
func conditions(src *pack.Rule, f func(*pack.Cond)) {
	f(src.Pack.Reach.When)
	for i := range src.Pack.Outside {
		f(src.Pack.Outside[i].When)
	}
	f(src.When)
	f(src.Must)
	for i := range src.Branches {
		f(src.Branches[i].When)
		f(src.Branches[i].Claim)
	}
}

// readsEstablishment tells whether a rule has a deadline that hangs on the establishment.
func (p *Program) readsEstablishment(src *pack.Rule, varies map[*pack.Counting]bool) bool {
	found := false
	conditions(src, func(c *pack.Cond) {
		counted(c, func(a *pack.Atom) {
			v, known := varies[a.Count]
			if !known {
				v = p.variesBy(a.Count)
				varies[a.Count] = v
			}
			found = found || v
		})
	})
	return found
}

// countedDue is a deadline of an answer: of what it is, the operand that gives it, and its day
// or instant.
type countedDue struct {
	of   string
	atom *pack.Atom
	zone uint8
	due  string
}

// notedDue keeps a deadline for the explanation and the warnings.
func (r *report) notedDue(of string, a *pack.Atom, zone uint8, due string) {
	if a.Ref != 0 && a.Plus.N > 0 && (r.full || a.Count != nil) {
		r.dues = append(r.dues, countedDue{of, a, zone, due})
	}
}

// eventDay is the day of the event from which an atom's period runs.
func (r *report) eventDay(a *pack.Atom, zone uint8) pack.Day {
	return r.in.instantOf(a.Ref).Day(r.p.zones[zone])
}

// explainDeadlines says how each deadline was counted.
func (r *report) explainDeadlines() []string {
	var out []string
	for _, d := range r.dues {
		event := r.eventDay(d.atom, d.zone)
		from := event.String()
		if d.atom.Plus.Unit == pack.Hours {
			from = textOf(r.in.value(d.atom.Ref))
		}
		s := d.of + " is due on " + d.due + ": " + d.atom.Plus.String() + " from " + from + " (" + r.p.facts[d.atom.Ref].def.Name + ")"
		if d.atom.Count != nil {
			s += r.counting(d.atom, event)
		}
		out = append(out, s+".")
	}
	return out
}

// counting says how the pack's law counted a period, and by whose days.
func (r *report) counting(a *pack.Atom, event pack.Day) string {
	c, w := a.Count, r.in.workDays(a.Count, event)
	plain, end := a.Plus.AddTo(event), r.in.deadline(a, event)
	s := ""
	switch {
	case a.Plus.Unit == pack.WorkingDays:
		s = ", the day itself not counted"
	case plain == end:
		s = ", ending on a working day"
	case w.Works(plain):
		s = ", ending on " + plain.String() + ", hold fewer than " + pack.Period{N: c.Least, Unit: pack.WorkingDays}.String()
	default:
		s = ", ending on " + plain.String() + ", " + restOf(w, plain) + ", so on the next working day"
	}
	return s + bracketed(c.Cites) + r.holidaysOf(c, event, end)
}

// restOf says why a day is no working day.
func restOf(w pack.WorkDays, d pack.Day) string {
	if w[0].Rests(d) {
		return "a " + d.Time(time.UTC).Weekday().String()
	}
	return "a public holiday"
}

// holidaysOf says whose days of rest were counted, and whether the public holidays among them
// are known.
func (r *report) holidaysOf(c *pack.Counting, event, end pack.Day) string {
	var names []string
	for _, k := range r.in.workDays(c, event) {
		switch {
		case k.Place == "":
			return "; " + r.unplaced(c)
		case k.From == k.Until:
			return "; the public holidays of " + k.Place + " are not known, so that only its weekends are days of rest"
		case !k.Knows(event, end):
			return "; the public holidays of " + k.Place + " are known from " + k.From.String() + " to " + (k.Until - 1).String() + " only, outside of it weekends alone are days of rest"
		}
		names = append(names, k.Place)
	}
	return "; weekends and public holidays of " + strings.Join(names, ", ")
}

// unplaced says that no calendar was found for the place of the action.
func (r *report) unplaced(c *pack.Counting) string {
	codes := make([]string, len(c.Place))
	for i, id := range c.Place {
		codes[i] = r.p.model.Vocab.Regions().Code(id)
	}
	return "no establishment in " + strings.Join(codes, ", ") + " with known public holidays was given, so that only Saturdays and Sundays are days of rest"
}

// warnOfDeadlines tells of deadlines that may be another day, since the public holidays before
// them, or the weekends that are worked for them, are not known: those of the answer, and those
// that were missed.
func (r *report) warnOfDeadlines() {
	for _, d := range r.dues {
		r.warnOfDeadline(d.of, d.atom, d.zone)
	}
	for _, i := range r.res.violated {
		if i >= declaredBase {
			continue
		}
		conditions(r.rule(i), func(c *pack.Cond) {
			counted(c, func(a *pack.Atom) { r.warnOfDeadline(r.id(i), a, r.p.rules[i].zone) })
		})
	}
}

func (r *report) warnOfDeadline(of string, a *pack.Atom, zone uint8) {
	if a.Count == nil || !r.in.given.has(a.Ref) || !r.in.given.has(a.Fact) {
		return
	}
	event := r.eventDay(a, zone)
	end := r.in.deadline(a, event)
	if !slices.ContainsFunc(r.in.workDays(a.Count, event), func(k *pack.Calendar) bool { return !k.Knows(event, end) }) {
		return
	}
	note := r.holidaysOf(a.Count, event, end)
	r.d.Warnings = merge(r.d.Warnings, []string{"The deadline of " + of + " may be another day: " + strings.TrimPrefix(note, "; ") + "."})
}
