// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// due is the day or instant of an operand as the law's zone counts it, empty if its fact is
// absent.
func (in *Input) due(a *pack.Atom, zone *time.Location) string {
	if a.Ref == 0 {
		return a.Plus.AddTo(pack.Day(a.Num)).String()
	}
	if !in.given.has(a.Ref) {
		return ""
	}
	at := in.at[a.Ref]
	if in.prog.facts[a.Ref].def.Kind == pack.KindDay {
		at = pack.Noon(pack.Day(in.num[a.Ref]))
	}
	if a.Plus.Unit == pack.Hours {
		return pack.Instant{Sec: at.Sec + int64(a.Plus.N)*3600, Local: at.Local}.Time(zone).UTC().Format(time.RFC3339)
	}
	return in.deadline(a, at.Day(zone)).String()
}

// timeLimit is the atom of an entry of Program.kids that asks for something by a date: date,
// or the day of an event, at most a given fact plus a period; or, where late is set, what is
// too late. Else it is nil.
func (p *Program) timeLimit(in *Input, k uint32, late bool) *pack.Atom {
	if k&atomBit == 0 && p.nodes[k].op != pack.OpAtom {
		return nil
	}
	src := p.atoms[p.atomOf(k)&^atomBit].src
	if src == nil || src.Ref == 0 || src.Plus.N <= 0 || !in.given.has(src.Ref) {
		return nil
	}
	if kind := p.facts[src.Fact].def.Kind; kind != pack.KindDay && kind != pack.KindInstant {
		return nil
	}
	if late && src.Cmp == pack.Gt || !late && src.Cmp == pack.Le {
		return src.Atom
	}
	return nil
}

// limits lists the time limits that a condition asks to be kept.
func (p *Program) limits(in *Input, k uint32, late bool, out []*pack.Atom) []*pack.Atom {
	if a := p.timeLimit(in, k, late); a != nil {
		return append(out, a)
	}
	if k&atomBit != 0 {
		return out
	}
	n := &p.nodes[k]
	if n.op == pack.OpNot || n.op == pack.OpNotShown {
		late = !late
	}
	for _, kid := range p.kids[n.first:n.last] {
		out = p.limits(in, kid, late, out)
	}
	return out
}

// runs tells whether a condition that is true is so only because a time limit still runs.
func (p *Program) runs(in *Input, k uint32) bool {
	if t, _ := in.kid(k); t != in.full {
		return false
	}
	if k&atomBit != 0 || p.nodes[k].op == pack.OpAtom {
		a := p.timeLimit(in, k, false)
		return a != nil && a.Fact == p.date
	}
	n := &p.nodes[k]
	kids := p.kids[n.first:n.last]
	switch n.op {
	case pack.OpAny:
		return !slices.ContainsFunc(kids, func(kid uint32) bool {
			t, _ := in.kid(kid)
			return t == in.full && !p.runs(in, kid)
		})
	case pack.OpAll:
		return slices.ContainsFunc(kids, func(kid uint32) bool { return p.runs(in, kid) })
	case pack.OpNot, pack.OpNotShown:
		a := p.timeLimit(in, kids[0], true)
		return a != nil && a.Fact == p.date
	}
	return false
}

// waits tells whether a condition holds for now because a time limit runs, while something
// else that would meet it for good has not been shown.
func (p *Program) waits(in *Input, k uint32) bool {
	if k&atomBit != 0 {
		return false
	}
	n := &p.nodes[k]
	kids := p.kids[n.first:n.last]
	switch n.op {
	case pack.OpAny:
		return p.runs(in, k) && slices.ContainsFunc(kids, func(kid uint32) bool { return len(p.limits(in, kid, false, nil)) == 0 })
	case pack.OpAll:
		return slices.ContainsFunc(kids, func(kid uint32) bool { return p.waits(in, kid) })
	}
	return false
}

// dueOf is the date by which a duty is due: where it names several limits, which one counts
// hangs on facts, and none is told.
func (r *report) dueOf(i uint32) string {
	rule := &r.p.rules[i]
	if rule.must == none {
		return ""
	}
	due := ""
	var limit *pack.Atom
	for _, a := range r.p.limits(r.in, rule.must, false, nil) {
		day := r.in.due(a, r.p.zones[rule.zone])
		if due != "" && due != day {
			return ""
		}
		due, limit = day, a
	}
	if due != "" {
		r.notedDue(r.id(i), limit, rule.zone, due)
	}
	return due
}

// pending are the duties that are met for now, because the time for them still runs.
func (r *report) pending() []uint32 {
	var out []uint32
	for _, i := range r.res.met {
		if must := r.p.rules[i].must; must != none && r.p.waits(r.in, must) {
			out = append(out, i)
		}
	}
	return out
}
