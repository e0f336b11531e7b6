// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// ruleTimes are the moments at which a rule can change by itself.
type ruleTimes struct {
	days []pack.Day // from, until, date constants, memberships; in order
	// atoms compare the date or an age with another date of the question.
	atoms []uint32
	// still are the parts of reach and scope that do not depend on time: where one of them
	// is not true now, the rule will not bind later either.
	still []uint32
}

// timesOf computes the times of every rule once.
func (p *Program) timesOf() []ruleTimes {
	out := make([]ruleTimes, len(p.rules))
	for i := range p.rules {
		r := &p.rules[i]
		t := &out[i]
		info := &p.packs[r.pack]
		seen := map[uint32]bool{}
		for _, id := range info.outside {
			p.addTimes(t, id, seen)
		}
		for _, id := range []uint32{r.when, info.reach} {
			for _, k := range p.conjuncts(id) {
				if !p.addTimes(t, k, seen) {
					t.still = append(t.still, k)
				}
			}
		}
		if r.must != none {
			p.addTimes(t, r.must, seen)
		}
		for b := range r.branches {
			p.addTimes(t, r.branches[b].when, seen)
			if c := r.branches[b].claim; c != none {
				p.addTimes(t, c, seen)
			}
		}
		for _, d := range []pack.Day{r.from, r.until} {
			if d != pack.DayMin && d != pack.DayMax {
				t.days = append(t.days, d)
			}
		}
		slices.Sort(t.days)
		t.days = slices.Compact(t.days)
	}
	return out
}

// conjuncts are the members of a conjunction, or the condition itself.
func (p *Program) conjuncts(id uint32) []uint32 {
	if n := &p.nodes[id]; n.op == pack.OpAll {
		return p.kids[n.first:n.last]
	}
	return []uint32{id}
}

// addTimes notes the moments at which a condition can change and tells whether there are
// any.
func (p *Program) addTimes(t *ruleTimes, id uint32, seen map[uint32]bool) bool {
	no := id &^ atomBit
	if id&atomBit == 0 {
		n := &p.nodes[id]
		if n.op != pack.OpAtom {
			moves := false
			for _, k := range p.kids[n.first:n.last] {
				moves = p.addTimes(t, k, seen) || moves
			}
			return moves
		}
		no = n.atom
	}
	a := &p.atoms[no]
	timed := a.kind == atomTime && a.fact == p.date
	aged := a.kind == atomNum && p.facts[a.fact].def.Ages != pack.NoUnit || a.kind == atomRef && (a.fact == p.date || a.ref == p.date)
	member := a.kind == atomRegion && len(a.table.breaks) > 0
	if seen[no] {
		return timed || aged || member
	}
	seen[no] = true
	switch {
	case timed:
		t.days = append(t.days, pack.Day(a.num), pack.Day(a.num)+1)
	case aged:
		t.atoms = append(t.atoms, no)
	case member:
		t.days = append(t.days, a.table.breaks...)
	}
	return timed || aged || member
}

// moment is a candidate for the end of an answer: the beginning of a day in a zone, or an
// instant, with the rules that can change then.
type moment struct {
	at    pack.Instant // as the question's date would be
	end   time.Time    // the instant at which it begins
	rules []uint32
}

// maxMoments bounds how many moments are tried; the answer is then said to hold only up to
// the last one tried.
const maxMoments = 256

// validUntil is the earliest instant after the question's date at which the answer
// changes by itself (SEMANTICS 5.5); zero if none is known. At each moment at which
// something that takes part, or would begin to, can change, the rules concerned are judged
// again; where one of them changed, the whole question is asked again.
func (p *Program) validUntil(in *Input, res *Result) time.Time {
	moments := p.moments(in, res.review)
	if len(moments) == 0 {
		return time.Time{}
	}
	now, only := in.date, in.only
	defer func() {
		in.only = only
		in.moveTo(now)
	}()
	ev := &in.ev
	if ev.mask == nil {
		ev.mask = make([]uint64, p.index.words)
	}
	for i := range moments {
		m := &moments[i]
		if i == maxMoments {
			return m.end
		}
		clear(ev.mask)
		for _, r := range m.rules {
			ev.mask[r>>6] |= 1 << (r & 63)
		}
		in.only = ev.mask
		in.moveTo(now)
		p.evaluate(in, res.review, &ev.before)
		in.moveTo(m.at)
		p.evaluate(in, res.review, &ev.after)
		if ev.before.same(&ev.after) {
			continue
		}
		in.only = only
		p.evaluate(in, res.review, &ev.after)
		if !ev.after.same(res) {
			return m.end
		}
	}
	return time.Time{}
}

// moveTo sets the question's date and lets its ages follow.
func (in *Input) moveTo(at pack.Instant) {
	p := in.prog
	for _, f := range p.ages {
		if in.given.has(f.Origin) && in.given.has(f.ID) {
			origin := &pack.Value{Num: in.num[f.Origin], At: in.at[f.Origin]}
			if n, ok := p.model.Vocab.AgeOn(f, origin, at); ok {
				in.num[f.ID] = n
			}
		}
	}
	in.setDate(at)
}

// moments lists, in order, the moments after the question's date at which a rule that
// takes part could change.
func (p *Program) moments(in *Input, review bool) []moment {
	in.ev.next()
	if in.combos > 64 {
		in.chunk(0)
	}
	rows := in.indexRows(review)
	out := in.ev.moments[:0]
	rule := uint32(0)
	add := func(at pack.Instant, end time.Time) {
		// A day as date means noon in the zone of the rule at hand.
		if !end.After(in.date.Time(p.zones[p.rules[rule].zone])) {
			return
		}
		for i := range out {
			if out[i].end.Equal(end) {
				if l := out[i].rules; l[len(l)-1] != rule {
					out[i].rules = append(l, rule)
				}
				return
			}
		}
		if len(out) < cap(out) {
			out = out[:len(out)+1]
		} else {
			out = append(out, moment{})
		}
		m := &out[len(out)-1]
		m.at, m.end, m.rules = at, end, append(m.rules[:0], rule)
	}
	for w := 0; w < p.index.words; w++ {
		x := rows[0][w]
		for _, row := range rows[1:] {
			x &= row[w]
		}
		for ; x != 0; x &= x - 1 {
			rule = uint32(factAt(w, x))
			p.ruleMoments(in, int(rule), review, add)
		}
	}
	in.ev.moments = out
	slices.SortFunc(out, func(a, b moment) int { return a.end.Compare(b.end) })
	return out
}

func (p *Program) ruleMoments(in *Input, i int, review bool, add func(pack.Instant, time.Time)) {
	t := &p.times[i]
	if len(t.days) == 0 && len(t.atoms) == 0 {
		return
	}
	r := &p.rules[i]
	today := in.days[r.zone]
	if len(t.atoms) == 0 && t.days[len(t.days)-1] <= today {
		return
	}
	if in.combos <= 64 {
		for _, k := range t.still {
			kt, kf := in.kid(k)
			if kf == in.full || kt == 0 && !(review && r.hasAsk) {
				return
			}
		}
	}
	loc := p.zones[r.zone]
	j, _ := slices.BinarySearch(t.days, today+1)
	for _, d := range t.days[j:] {
		add(in.dayMoment(d, loc))
	}
	for _, a := range t.atoms {
		p.atomMoments(in, &p.atoms[a], loc, add)
	}
}

// dayMoment is the beginning of a day, read as the question's date was given.
func (in *Input) dayMoment(d pack.Day, loc *time.Location) (pack.Instant, time.Time) {
	end := d.Time(loc)
	if in.date.Local {
		return pack.Noon(d), end
	}
	return pack.InstantOf(end), end
}

// atomMoments adds the moments at which a comparison with a date of the question flips.
func (p *Program) atomMoments(in *Input, a *atom, loc *time.Location, add func(pack.Instant, time.Time)) {
	var origin pack.FactID
	var period pack.Period
	switch {
	case a.kind == atomNum:
		def := p.facts[a.fact].def
		origin, period = def.Origin, pack.Period{N: int(a.num), Unit: def.Ages}
	case a.fact == p.date:
		origin, period = a.ref, a.src.Plus
	default:
		origin, period = a.fact, pack.Period{N: -a.src.Plus.N, Unit: a.src.Plus.Unit}
	}
	if !in.given.has(origin) {
		return
	}
	at := in.at[origin]
	if p.facts[origin].def.Kind == pack.KindDay {
		at = pack.Noon(pack.Day(in.num[origin]))
	}
	if period.Unit == pack.Hours {
		for _, extra := range []int64{0, 1, 3600} {
			x := pack.Instant{Sec: at.Sec + int64(period.N)*3600 + extra, Local: at.Local}
			add(x, x.Time(loc))
		}
		return
	}
	d := period.AddTo(at.Day(loc))
	for _, x := range []pack.Day{d, d + 1, pack.Period{N: 1, Unit: period.Unit}.AddTo(d)} {
		add(in.dayMoment(x, loc))
	}
}

// same tells whether two results of one question give the same answer.
func (r *Result) same(o *Result) bool {
	return r.effect == o.effect && slices.Equal(r.bound, o.bound) && slices.Equal(r.violated, o.violated) &&
		slices.Equal(r.conflicts, o.conflicts) && slices.Equal(r.held, o.held) && slices.Equal(r.applied, o.applied) &&
		slices.Equal(r.duties, o.duties) && slices.Equal(r.met, o.met) && slices.Equal(r.questions, o.questions) &&
		slices.Equal(r.missing, o.missing) && slices.Equal(r.expired, o.expired)
}
