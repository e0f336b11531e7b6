// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/bits"

	"github.com/comity-project/comity/internal/pack"
)

// branchSwitch tells, per value of one fact, the branches of a rule that can hold: most
// edges fail on their destination alone, most safeguards on the mechanism.
type branchSwitch struct {
	fact pack.FactID
	rows []uint64 // by value; bit b is branch b
}

// minSwitched is the number of branches that have to hang on a fact for a switch to pay.
const minSwitched = 3

// maxSwitched bounds the branches of a rule with switches.
const maxSwitched = 64

// buildSwitches fills the switches of a rule.
func (p *Program) buildSwitches(r *rule) {
	for b := range r.branches {
		if b < maxSwitched && r.branches[b].settled {
			r.settled |= 1 << b
		}
	}
	if len(r.branches) > maxSwitched {
		return
	}
	count := make([]int, len(p.facts))
	for b := range r.branches {
		var seen factSet
		for _, k := range p.members(r.branches[b].when) {
			if a := p.membership(k); a != nil && !seen.has(a.fact) {
				seen.add(a.fact)
				count[a.fact]++
			}
		}
	}
	for f, n := range count {
		if n >= minSwitched {
			r.switches = append(r.switches, p.branchSwitch(r, pack.FactID(f)))
		}
	}
}

// members are those of a conjunction, or the condition itself.
func (p *Program) members(id uint32) []uint32 {
	if n := &p.nodes[id]; n.op == pack.OpAll {
		return p.kids[n.first:n.last]
	}
	return []uint32{id}
}

// membership is a member of a conjunction that says of one fact that it lies in a set.
func (p *Program) membership(k uint32) *atom {
	if k&atomBit == 0 {
		if p.nodes[k].op != pack.OpAtom {
			return nil
		}
		k = p.nodes[k].atom
	}
	if a := &p.atoms[k&^atomBit]; (a.kind == atomEnum || a.kind == atomRegion) && a.cmp == pack.In {
		return a
	}
	return nil
}

func (p *Program) branchSwitch(r *rule, f pack.FactID) branchSwitch {
	size := len(p.facts[f].def.Values)
	if p.facts[f].def.Kind == pack.KindRegion {
		size = p.model.Vocab.Regions().Len()
	}
	sw := branchSwitch{fact: f, rows: make([]uint64, size)}
	for b := range r.branches {
		for v := range sw.rows {
			sw.rows[v] |= 1 << b
		}
		for _, k := range p.members(r.branches[b].when) {
			a := p.membership(k)
			if a == nil || a.fact != f {
				continue
			}
			for v := range sw.rows {
				if a.kind == atomEnum && !a.accepts(uint16(v)) || a.kind == atomRegion && !a.table.possible(v) {
					sw.rows[v] &^= 1 << b
				}
			}
		}
	}
	return sw
}

// picked is the set of branches that the values of a question leave possible, of a rule with
// at most maxSwitched of them. Of a list that is read one by one, any element will do.
func (p *Program) picked(in *Input, r *rule) uint64 {
	m := ^uint64(0) >> (maxSwitched - len(r.branches))
	for i := range r.switches {
		sw := &r.switches[i]
		switch items := in.items[sw.fact]; {
		case len(items) == 1:
			m &= sw.rows[items[0]]
		case len(items) > 1 && in.list(sw.fact) != nil:
			any := uint64(0)
			for _, it := range items {
				any |= sw.rows[it]
			}
			m &= any
		}
	}
	return m
}

// possible lists the branches that the values of a question leave possible; it is valid
// until the next call.
func (p *Program) possible(in *Input, r *rule) []uint16 {
	if len(r.switches) == 0 {
		return in.ev.every[:len(r.branches)]
	}
	list := in.ev.possible[:0]
	for m := p.picked(in, r); m != 0; m &= m - 1 {
		list = append(list, uint16(bits.TrailingZeros64(m)))
	}
	in.ev.possible = list
	return list
}

// branchesOf lifts what exceptions lift and returns the combinations that remain.
func (p *Program) branchesOf(in *Input, res *Result, r *rule, i uint32, bound uint64) (rest uint64) {
	rest = bound
	ev := &in.ev
	list := p.possible(in, r)
	full, open := false, false // does any branch hold in full, or open, that is not counted yet?
	for _, b := range list {
		br := &r.branches[b]
		relied := p.relied(in, r, br)
		f, o := uint64(0), uint64(0)
		switch {
		case relied&bound == 0 && br.needs.lacks(&in.given):
		case relied&bound != 0 || p.nodes[br.when].choice:
			if bt, bf := in.lenient(br.when); bt|bf != in.full {
				f, o = bt&bound, bound&^bt&^bf&relied
			} else {
				f = bt & bound
			}
		default:
			f = in.truth(br.when) & bound
		}
		ev.full[b], ev.open[b] = f, o
		open = open || o != 0
		switch {
		case f&rest == 0:
		case br.settled:
			rest &^= f
			res.held = appendNew(res.held, heldBranch{i, uint32(b), false})
			if rest == 0 {
				return 0
			}
		default:
			full = true
		}
	}
	if full {
		rest = p.holdAll(in, res, r, i, list, ev.full, rest, false)
	}
	if open && rest != 0 {
		rest = p.holdAll(in, res, r, i, list, ev.open, rest, true)
	}
	return rest
}

// holdAll lets branches lift what remains, open ones settled first.
func (p *Program) holdAll(in *Input, res *Result, r *rule, i uint32, list []uint16, lifts []uint64, rest uint64, open bool) uint64 {
	for _, settled := range [...]bool{true, false} {
		for _, b := range list {
			if open && r.branches[b].settled != settled {
				continue
			}
			if m := lifts[b] & rest; m != 0 {
				rest &^= m
				p.hold(in, res, r, i, int(b), open, m)
			}
		}
		if !open {
			break
		}
	}
	return rest
}

// relied is where an exception would hold although it is not known to.
func (p *Program) relied(in *Input, r *rule, br *branch) uint64 {
	switch {
	case !br.rests || r.absolute:
		return 0
	case br.claim != none:
		return in.truth(br.claim)
	case p.rests[br.said].meets(&in.given):
		return in.full
	}
	return 0
}
