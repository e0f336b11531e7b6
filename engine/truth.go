// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// circuit is a condition as truth reads it: a conjunction of entries of Program.quick.
// Alternatives are the conjunction of their opposites, turned around. What is not shown is
// everywhere where the condition is not true, so it is no node of its own but a mark of an
// entry, and moves inwards like any negation.
type circuit struct {
	shared      bool
	not         bool // is true where its entry of Program.kids is false
	first, last uint32
	any         uint64 // all ones for alternatives
	// strict and strictEnd are the range of its entries in Kleene's logic.
	strict, strictEnd uint32
}

// unlessBit marks an entry of Program.quick that counts where it is not true.
const unlessBit = 1 << 30

// shownBit marks an entry in Kleene's logic that is never unknown.
const shownBit = 1 << 29

// entry is one of Program.quick: the number of a node, or with atomBit of an atom, with
// unlessBit its opposite, and above all that a fact without which it is not true. Most
// comparisons of a question are over facts that it does not give: those are never called.
type entry uint64

func (k entry) id() uint32        { return uint32(k) & (shownBit - 1) }
func (k entry) need() pack.FactID { return pack.FactID(k >> 32) }

// unless is all ones for an entry that counts where it is not true.
func (k entry) unless() uint64 { return -(uint64(k) / unlessBit & 1) }

// entryOf makes one of an entry of Program.kids.
func (p *Program) entryOf(k uint32) entry {
	if k&atomBit != 0 {
		return entry(k) | entry(p.atoms[k&^atomBit].fact)<<32
	}
	return entry(k) | entry(p.nodes[k].need)<<32
}

// Costs order the entries of a circuit; what is almost always true comes last.
const (
	costNode     = 2
	costRegion   = 2
	costRef      = 3
	costNotShown = 20
)

// buildCircuits fills Program.circuits; kids come before their nodes.
func (p *Program) buildCircuits() {
	p.circuits, p.costs = make([]circuit, len(p.nodes)), make([]int32, len(p.nodes))
	for id := range p.nodes {
		n := &p.nodes[id]
		c := &p.circuits[id]
		c.shared, c.first = n.shared && n.op != pack.OpAtom, uint32(len(p.quick))
		total := int32(costNode)
		switch n.op {
		case pack.OpAtom:
			p.addEntry(atomBit|n.atom, 0)
		case pack.OpNot:
			c.not = true
			total += p.entryCost(p.entryOf(p.kids[n.first]))
		case pack.OpAny:
			c.any = ^uint64(0)
			p.addEntries(n, unlessBit)
		case pack.OpNotShown:
			p.addEntries(n, unlessBit)
		default:
			p.addEntries(n, 0)
		}
		c.last = uint32(len(p.quick))
		if c.last-c.first == 1 && p.quick[c.first]&atomBit != 0 {
			c.shared = false // cheaper to look than to remember
		}
		if !c.not {
			p.sortEntries(c.first, c.last, c.any != 0)
			for _, k := range p.quick[c.first:c.last] {
				total += p.entryCost(k)
			}
		}
		p.costs[id] = total
		c.strict = uint32(len(p.quick))
		p.addStrict(uint32(id), n.op, true)
		c.strictEnd = uint32(len(p.quick))
		p.sortEntries(c.strict, c.strictEnd, c.any != 0)
	}
}

// addStrict appends the entries of a node, or of one of its kind inside, in Kleene's logic.
func (p *Program) addStrict(id uint32, op pack.Op, outer bool) {
	switch n := &p.nodes[id]; {
	case n.op == pack.OpAtom:
		p.quick = append(p.quick, p.entryOf(atomBit|n.atom))
	case n.op == pack.OpNotShown && (outer || !n.shared || p.isAtom(p.kids[n.first])):
		p.quick = append(p.quick, p.shownEntry(id))
	case outer || n.op == op && !n.shared && (op == pack.OpAll || op == pack.OpAny):
		for _, k := range p.kids[n.first:n.last] {
			if k&atomBit != 0 {
				p.quick = append(p.quick, p.entryOf(k))
			} else {
				p.addStrict(k, op, false)
			}
		}
	default:
		p.quick = append(p.quick, p.entryOf(id))
	}
}

// shownEntry is the entry of what is not shown, however often that is said.
func (p *Program) shownEntry(k uint32) entry {
	unless := entry(0)
	for k&atomBit == 0 && p.nodes[k].op == pack.OpNotShown {
		k, unless = p.kids[p.nodes[k].first], unless^unlessBit
	}
	if k&atomBit == 0 && p.nodes[k].op == pack.OpAtom {
		k = atomBit | p.nodes[k].atom
	}
	return p.entryOf(k) | shownBit | unless
}

func (p *Program) addEntries(n *node, unless uint32) {
	for _, k := range p.kids[n.first:n.last] {
		p.addEntry(k, unless)
	}
}

// addEntry appends a member of a conjunction, with unlessBit its opposite. A conjunction
// inside is flattened, but for those that others share, since they are remembered.
func (p *Program) addEntry(k, unless uint32) {
	if k&atomBit == 0 {
		switch n := &p.nodes[k]; {
		case n.op == pack.OpAtom:
			k = atomBit | n.atom
		case n.op == pack.OpNotShown && (!n.shared || p.isAtom(p.kids[n.first])):
			p.addEntries(n, unless^unlessBit)
			return
		case n.shared:
		case n.op == pack.OpAll && unless == 0, n.op == pack.OpAny && unless != 0:
			p.addEntries(n, unless)
			return
		}
	}
	p.quick = append(p.quick, p.entryOf(k)|entry(unless))
}

// isAtom tells an entry of Program.kids that is a comparison, or the absence of one.
func (p *Program) isAtom(k uint32) bool {
	if k&atomBit != 0 {
		return true
	}
	n := &p.nodes[k]
	return n.op == pack.OpAtom || n.op == pack.OpNotShown && p.isAtom(p.kids[n.first])
}

func (p *Program) entryCost(k entry) int32 {
	if k&atomBit == 0 {
		return p.costs[k.id()]
	}
	switch p.atoms[k.id()].kind {
	case atomRegion:
		return costRegion
	case atomRef, atomString, atomRule, atomTime:
		return costRef
	}
	return 1
}

// sortEntries puts cheap entries first; what is not shown is almost always true, so it
// comes last, but not among alternatives, of which any ends the question.
func (p *Program) sortEntries(first, last uint32, any bool) {
	cost := func(k entry) int32 {
		if k&unlessBit != 0 != any {
			return p.entryCost(k) + costNotShown
		}
		return p.entryCost(k)
	}
	slices.SortStableFunc(p.quick[first:last], func(a, b entry) int { return cmp.Compare(cost(a), cost(b)) })
}

// truth is the first value of cond alone: an unknown member ends a conjunction, so it is
// much cheaper where nobody asks what is false.
func (in *Input) truth(k uint32) uint64 {
	if k&atomBit != 0 {
		return in.holds(k &^ atomBit)
	}
	if n := &in.prog.nodes[k]; n.need != 0 && !in.given.has(n.need) {
		return 0
	}
	return in.circuit(k)
}

// circuit reads the entries of a node until none of the combinations is left.
func (in *Input) circuit(id uint32) uint64 {
	c := &in.prog.circuits[id]
	if c.shared {
		if m := &in.ev.nodes[id]; m.truth == in.ev.epoch {
			return m.t
		}
	}
	t := in.full
	for _, k := range in.prog.quick[c.first:c.last] {
		x := uint64(0)
		switch need := k.need(); {
		case need != 0 && !in.given.has(need):
		case k&atomBit != 0:
			x = in.known(k.id())
		default:
			x = in.circuit(k.id())
		}
		if t &= x ^ k.unless(); t == 0 {
			break
		}
	}
	if t = (t ^ c.any) & in.full; c.not {
		_, t = in.kid(in.prog.kids[in.prog.nodes[id].first])
	}
	if c.shared {
		m := &in.ev.nodes[id]
		m.truth, m.t = in.ev.epoch, t
	}
	return t
}

// allOf is where all of a range of entries count, within t.
func (in *Input) allOf(first, last uint32, t uint64) uint64 {
	for _, k := range in.prog.quick[first:last] {
		x := uint64(0)
		switch need := k.need(); {
		case need != 0 && !in.given.has(need):
		case k&atomBit != 0:
			x = in.known(k.id())
		default:
			x = in.circuit(k.id())
		}
		if t &= x ^ k.unless(); t == 0 {
			break
		}
	}
	return t
}

// join is the strict value of a node from those of its entries.
func (in *Input) join(id uint32) (t, f uint64) {
	c := &in.prog.circuits[id]
	t = in.full
	for _, k := range in.prog.quick[c.strict:c.strictEnd] {
		kt, kf := in.strict(k)
		if c.any != 0 {
			kt, kf = kf, kt
		}
		t &= kt
		if f |= kf; f == in.full {
			break
		}
	}
	if c.not || c.any != 0 {
		return f, t
	}
	return t, f
}

func (in *Input) strict(k entry) (t, f uint64) {
	need := k.need()
	lacks := need != 0 && !in.given.has(need)
	switch {
	case k&shownBit != 0:
		switch {
		case lacks:
		case k&atomBit != 0:
			t = in.known(k.id())
		default:
			t = in.circuit(k.id())
		}
		t = (t ^ k.unless()) & in.full
		return t, in.full &^ t
	case k&atomBit == 0:
		return in.cond(k.id())
	case lacks:
		return 0, 0
	}
	return in.knownBoth(k.id())
}
