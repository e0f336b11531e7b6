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
const minSwitched = 2

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
	conds := make([]*pack.Cond, len(r.branches))
	for b := range r.branches {
		conds[b] = r.src.Branches[b].When
	}
	r.switches = p.switches(conds, minSwitched)
}

// outsideSwitches fills the switches of a pack: mostly one look at the data tells that none
// of its nodes holds.
func (p *Program) outsideSwitches(info *packInfo) {
	if len(info.outside) > maxSwitched {
		return
	}
	conds := make([]*pack.Cond, len(info.outside))
	for i := range conds {
		conds[i] = info.src.Outside[i].When
	}
	info.switches = p.switches(conds, minSwitched)
}

// switches are those of the facts on each of which at least so many conditions hang.
func (p *Program) switches(conds []*pack.Cond, least int) (out []branchSwitch) {
	hang := make([][]constraint, len(p.facts))
	for b, c := range conds {
		if c == nil {
			continue
		}
		for _, f := range c.Facts() {
			if !p.indexable(f) {
				continue
			}
			if k := p.constrain(c, f); k != nil {
				if hang[f] == nil {
					hang[f] = make([]constraint, len(conds))
				}
				hang[f][b] = k
			}
		}
	}
	for f, by := range hang {
		n := 0
		for _, k := range by {
			n += int(b2i(k != nil))
		}
		if n >= least {
			out = append(out, p.branchSwitch(by, pack.FactID(f)))
		}
	}
	return out
}

func (p *Program) branchSwitch(by []constraint, f pack.FactID) branchSwitch {
	size := len(p.facts[f].def.Values)
	if p.facts[f].def.Kind == pack.KindRegion {
		size = p.model.Vocab.Regions().Len()
	}
	sw := branchSwitch{fact: f, rows: make([]uint64, size)}
	for v := range sw.rows {
		for b, k := range by {
			if k == nil || k[v] {
				sw.rows[v] |= 1 << b
			}
		}
	}
	return sw
}

// picked is the set of branches that the values of a question leave possible, of a rule with
// at most maxSwitched of them. Of a list that is read one by one, any element will do.
func (p *Program) picked(in *Input, r *rule) uint64 {
	return in.pick(r.switches, ^uint64(0)>>(maxSwitched-len(r.branches)))
}

// pick takes out of m what the values of a question leave impossible.
func (in *Input) pick(switches []branchSwitch, m uint64) uint64 {
	for i := range switches {
		sw := &switches[i]
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

// allBranches are all branches of any rule.
const allBranches = ^uint64(0)

// possible lists the branches among some that the values of a question leave possible; it is
// valid until the next call. Of a rule with more than maxSwitched branches it lists all.
func (p *Program) possible(in *Input, r *rule, among uint64) []uint16 {
	if len(r.switches) == 0 && among == allBranches || len(r.branches) > maxSwitched {
		return in.ev.every[:len(r.branches)]
	}
	list := in.ev.possible[:0]
	for m := p.picked(in, r) & among; m != 0; m &= m - 1 {
		list = append(list, uint16(bits.TrailingZeros64(m)))
	}
	in.ev.possible = list
	return list
}

// branchesOf lifts what exceptions among some lift and returns the combinations that remain.
func (p *Program) branchesOf(in *Input, res *Result, r *rule, i uint32, bound, among uint64) (rest uint64) {
	rest = bound
	ev := &in.ev
	list := p.possible(in, r, among)
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
			f = in.circuit(br.when) & bound
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
		return in.circuit(br.claim)
	case p.rests[br.said].meets(&in.given):
		return in.full
	}
	return 0
}
