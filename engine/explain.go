// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// explain words the answer: which regimes apply and why, what each requirement did, and
// where nothing applies, what the nearest regimes lack. The same program and facts always
// give the same words.
func (r *report) explain() []string {
	var out []string
	for no := range r.p.packs {
		if s := r.explainPack(uint16(no)); s != "" {
			out = append(out, s)
		}
	}
	if len(r.res.bound) == 0 {
		out = append(out, r.nothingApplies()...)
	}
	seen := map[string]bool{}
	for _, i := range r.res.bound {
		s := r.explainRule(i)
		if s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, i := range r.res.violated {
		if i >= declaredBase {
			out = append(out, r.id(i)+" forbids deletion: the caller declared it for these records and it still runs.")
		}
	}
	for _, c := range r.res.conflicts {
		out = append(out, r.explainConflict(c))
	}
	return append(out, r.explainMissing()...)
}

// explainPack tells of a regime that binds, or is left by status.
func (r *report) explainPack(no uint16) string {
	src := r.p.packs[no].src
	for _, o := range r.outside {
		if o.pack == no {
			n := &src.Outside[o.node]
			return fmt.Sprintf("%s: within its reach, but outside it: %s [%s]", src.Name, strings.TrimSuffix(n.Text[lang], "."), strings.Join(n.Cites, "; "))
		}
	}
	for _, i := range r.res.bound {
		if r.p.rules[i].pack == no && src.Reach.When.Op != pack.OpTrue {
			return fmt.Sprintf("%s applies: %s [%s]", src.Name, strings.TrimSuffix(src.Reach.Text[lang], "."), strings.Join(src.Reach.Cites, "; "))
		}
	}
	return ""
}

func (r *report) explainRule(i uint32) string {
	src := r.rule(i)
	q := src.Req
	title := q.Title
	if title == "" {
		title = q.ID
	}
	head := fmt.Sprintf("%s (%s) [%s]", q.ID, title, strings.Join(q.Cites, "; "))
	if q.Unverified {
		head += " (unverified)"
	}
	state := "binds"
	switch {
	case slices.Contains(r.res.violated, i):
		state = "is violated: " + r.whyViolated(i)
	case slices.ContainsFunc(r.res.conflicts, func(c conflict) bool { return c.rule == i }):
		state = "would be violated, but collides with another legal order"
	case r.heldBy(i) != "":
		state = "does not stop it: " + r.heldBy(i)
	case slices.Contains(r.res.applied, i):
		state = "adds conditions"
	case slices.Contains(r.res.questions, i):
		state = "is an open question of law"
	case slices.Contains(r.res.demanded, i):
		state = "demands this operation"
	case slices.Contains(r.res.duties, i):
		state = "is a duty that was neither shown nor denied"
	case slices.Contains(r.res.met, i):
		state = "is met: " + r.p.model.Vocab.Text(src.Must)
	case r.p.rules[i].kind == ruleForbid:
		state = "is not at issue: nothing was said about its exceptions"
	}
	s := head + " " + state + "."
	if day := r.today(i); q.Enforced != pack.DayMin && day < q.Enforced {
		s += " Enforcement begins on " + q.Enforced.String() + "."
	}
	if file := src.Pack.Source; file != "packs" {
		s += " (from " + q.Pos.String() + ")"
	}
	return s
}

func (r *report) whyViolated(i uint32) string {
	src := r.rule(i)
	if src.Must != nil {
		return "not " + r.p.model.Vocab.Text(src.Must)
	}
	if len(src.Branches) == 0 {
		return "it has no exception"
	}
	var names []string
	for _, b := range r.failedClaims(i) {
		s := b.ID
		if b.Edge != nil && r.today(i) >= b.Edge.Until {
			s += fmt.Sprintf(" (ended on %s", b.Edge.Until)
			if len(b.Edge.EndedBy) > 0 {
				s += ", " + strings.Join(b.Edge.EndedBy, "; ")
			}
			s += ")"
		}
		if b.Edge != nil && r.today(i) < b.Edge.From {
			s += fmt.Sprintf(" (begins on %s)", b.Edge.From)
		}
		names = append(names, s)
	}
	if len(names) > 0 {
		return "the exception relied on does not hold: " + strings.Join(names, ", ")
	}
	return "no exception holds"
}

func (r *report) heldBy(i uint32) string {
	var names []string
	for _, h := range r.res.held {
		if h.rule != i {
			continue
		}
		b := &r.rule(i).Branches[h.branch]
		s := b.ID
		if t := b.Text[lang]; t != "" {
			s += ", " + strings.TrimSuffix(t, ".")
		}
		if h.open {
			s += " (claimed; what it still asks for is a condition)"
		}
		names = append(names, s)
	}
	return strings.Join(names, "; ")
}

func (r *report) explainConflict(c conflict) string {
	regions := r.p.model.Vocab.Regions()
	v, d := r.p.standing(r.in, c.rule), r.p.standing(r.in, c.demand)
	return fmt.Sprintf("%s (order %s) and %s (order %s) collide: neither order lies within the other and the demand does not recognise the other's law.",
		r.id(c.rule), regions.Code(v.order), r.id(c.demand), regions.Code(d.order))
}

func (r *report) explainMissing() []string {
	var out []string
	for _, m := range r.d.Missing {
		s := "Fact " + m.Fact + " is missing"
		if len(m.NeededBy) > 0 {
			s += "; it is needed by " + strings.Join(m.NeededBy, ", ")
		} else {
			s += "; this operation is not judged without it"
		}
		out = append(out, s+".")
	}
	return out
}

// nothingApplies says why no regime binds: for each regime that has not been ruled out by
// its reach, what stopped it.
func (r *report) nothingApplies() []string {
	if len(r.outside) > 0 {
		return []string{"No requirement binds: the regimes within reach leave this out by status."}
	}
	var near []string
	for no := range r.p.packs {
		info := &r.p.packs[no]
		if info.src.Reach.When.Op == pack.OpTrue {
			continue
		}
		if t, _ := r.in.cond(info.reach); t != 0 {
			near = append(near, info.src.Name+": its reach is met, but no requirement covers this operation, data and date.")
		}
	}
	if len(near) == 0 {
		return []string{"No regime's reach is met by the places, persons and actors of this operation."}
	}
	return near
}

// maxConfirm bounds the values of a missing fact that are tried.
const maxConfirm = 40

// confirmMissing tries the values of each missing fact and marks those for which no value
// within the bound changed the effect, or that could not be tried, as possible.
func (p *Program) confirmMissing(in *Input, res *Result, list []comity.Missing) {
	var scratch Result
	for i := range list {
		list[i].Possible = true
		id := p.names[list[i].Fact]
		if in.given.has(id) {
			continue
		}
		for _, c := range p.someValues(id) {
			err := in.try([]change{c}, func() error {
				p.evaluate(in, res.review, &scratch)
				return nil
			})
			if err == nil && scratch.effect != res.effect {
				list[i].Possible = false
				break
			}
		}
	}
}

func (p *Program) someValues(id pack.FactID) []change {
	def := p.facts[id].def
	var out []change
	switch def.Kind {
	case pack.KindBool:
		out = []change{{fact: id, num: 0}, {fact: id, num: 1}}
	case pack.KindEnum:
		for v := range min(len(def.Values), maxConfirm) {
			out = append(out, change{fact: id, items: []uint16{uint16(v)}})
		}
	case pack.KindRegion:
		for _, code := range []string{"DE", "GB", "CN", "US-CA", "US-IL", "US-NY-NYC", "JP", "IN", "BR"} {
			if v, ok := p.model.Vocab.Regions().Lookup(code); ok {
				out = append(out, change{fact: id, items: []uint16{uint16(v)}})
			}
		}
	case pack.KindInt:
		for _, n := range []int64{0, 1, 15, 100, 1_000_000, 1_000_000_000} {
			out = append(out, change{fact: id, num: n})
		}
	}
	return out
}
