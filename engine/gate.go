// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/comity-project/comity/internal/pack"
)

// gate tells cheaply that a rule which the index left does not bind: most of them stop at
// a fact that the question does not give.
type gate struct {
	needs factSet // without any one of them the scope is not true
	asks  factSet // while one of them is absent, the rule may have to ask for it
	// first and last are the range of Program.quick with what the index does not prove of
	// the scope.
	first, last uint32
	pack        uint16
	hasAsk      bool
	asksWhen    bool
	exact       bool // the index alone tells whether it binds
}

// lacks tells whether a fact of s is not given.
func (s *factSet) lacks(given *factSet) bool {
	return s[0]&^given[0]|s[1]&^given[1]|s[2]&^given[2]|s[3]&^given[3] != 0
}

func (s *factSet) intersect(o *factSet) {
	for i := range s {
		s[i] &= o[i]
	}
}

// buildGates fills the gates of the rules and what their exceptions need, and orders the
// parts of scopes.
func (p *Program) buildGates() {
	strict, unmet := p.nodeNeeds(false)
	p.rarestNeeds(strict)
	p.buildCircuits()
	lenient, _ := p.nodeNeeds(true)
	p.gates, p.askNeeds = make([]gate, len(p.rules)), make([]factSet, len(p.rules))
	for i := range p.rules {
		r := &p.rules[i]
		g := &p.gates[i]
		g.needs, g.pack, g.hasAsk, g.asksWhen, g.exact = strict[r.when], r.pack, r.hasAsk, r.asksWhen, r.exact
		if r.hasAsk {
			g.asks = r.ask.reach
			g.asks.union(&r.ask.when)
			p.packs[r.pack].asks.union(&g.asks)
		}
		if r.must != none {
			p.askNeeds[i] = unmet[r.must]
		}
		g.first = uint32(len(p.quick))
		p.addScope(r.when, r.asksWhen)
		g.last = uint32(len(p.quick))
		p.sortEntries(g.first, g.last, false)
		for b := range r.branches {
			r.branches[b].needs = lenient[r.branches[b].when]
		}
		p.buildSwitches(r)
	}
	for i := range p.packs {
		info := &p.packs[i]
		info.needs = strict[info.reach]
		for _, id := range info.outside {
			info.outsideNeeds = append(info.outsideNeeds, strict[id])
		}
		p.outsideSwitches(info)
	}
}

// addScope appends the parts of a scope that the index does not prove to Program.quick. A
// rule that asks for facts of its scope is a candidate also without them, so nothing of its
// scope is proved.
func (p *Program) addScope(k uint32, asksWhen bool) {
	if k&atomBit == 0 {
		switch n := &p.nodes[k]; n.op {
		case pack.OpTrue:
			return
		case pack.OpAll:
			for _, kid := range p.kids[n.first:n.last] {
				p.addScope(kid, asksWhen)
			}
			return
		}
	}
	if asksWhen || !p.provedByIndex(k) {
		p.addEntry(k, 0)
	}
}

// provedByIndex tells a part of a scope that every candidate meets: memberships of one
// indexed fact that has one value at a time.
func (p *Program) provedByIndex(k uint32) bool {
	f := p.soleFact(k)
	if f == 0 {
		return false
	}
	info := &p.facts[f]
	return info.index >= 0 && info.def.Kind == pack.KindEnum && !info.def.List && !p.severalAtOnce(f)
}

// soleFact is the fact that all memberships of a positive condition read, else 0.
func (p *Program) soleFact(k uint32) pack.FactID {
	if k&atomBit == 0 && p.nodes[k].op == pack.OpAtom {
		k = atomBit | p.nodes[k].atom
	}
	if k&atomBit != 0 {
		if a := &p.atoms[k&^atomBit]; a.kind == atomEnum && a.cmp == pack.In {
			return a.fact
		}
		return 0
	}
	n := &p.nodes[k]
	if n.op != pack.OpAll && n.op != pack.OpAny || n.first == n.last {
		return 0
	}
	f := p.soleFact(p.kids[n.first])
	for _, kid := range p.kids[n.first+1 : n.last] {
		if p.soleFact(kid) != f {
			return 0
		}
	}
	return f
}

// nodeNeeds lists, per node, facts without any one of which it is not true, and not false.
// The lenient reading of exceptions counts members that nobody spoke to as false.
func (p *Program) nodeNeeds(lenient bool) (t, f []factSet) {
	t, f = make([]factSet, len(p.nodes)), make([]factSet, len(p.nodes))
	of := func(k uint32) (t1, f1 *factSet) {
		if k&atomBit == 0 {
			return &t[k], &f[k]
		}
		s := p.atomFacts(k &^ atomBit)
		return &s, &s
	}
	for id := range p.nodes {
		n := &p.nodes[id]
		kids := p.kids[n.first:n.last]
		switch n.op {
		case pack.OpAtom:
			t[id] = p.atomFacts(n.atom)
			f[id] = t[id]
		case pack.OpNot:
			kt, kf := of(kids[0])
			t[id], f[id] = *kf, *kt
		case pack.OpNotShown:
			kt, _ := of(kids[0])
			f[id] = *kt
		case pack.OpAll, pack.OpAny:
			and, or := &t[id], &f[id]
			if n.op == pack.OpAny {
				and, or = or, and
			}
			for i, k := range kids {
				kt, kf := of(k)
				if n.op == pack.OpAny {
					kt, kf = kf, kt
				}
				and.union(kt)
				if i == 0 {
					*or = *kf
				}
				or.intersect(kf)
			}
			if lenient && n.op == pack.OpAny && n.choice {
				f[id] = factSet{}
			}
		}
	}
	return t, f
}

// rarestNeeds picks the need of each node.
func (p *Program) rarestNeeds(needs []factSet) {
	count := make([]int, len(p.facts))
	for _, r := range p.reads {
		count[pack.FactID(r)]++
	}
	for id := range p.nodes {
		n := &p.nodes[id]
		for w, x := range needs[id] {
			for ; x != 0; x &= x - 1 {
				if f := factAt(w, x); n.need == 0 || count[f] < count[n.need] {
					n.need = f
				}
			}
		}
	}
}

// atomFacts are the facts that a comparison reads.
func (p *Program) atomFacts(a uint32) (s factSet) {
	s.add(p.atoms[a].fact)
	if ref := p.atoms[a].ref; ref != 0 {
		s.add(ref)
	}
	return s
}
