// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// ruleUse are the facts that a rule reads.
type ruleUse struct {
	reads factSet // in all its conditions, and those of its pack
	// decisive are those to show with a violation: of the scope, of what has to hold, and
	// those of the exceptions on which they can rest.
	decisive factSet
	// fleeting are those of reads but for what only the reach reads: once the reach is
	// met without such a fact, no value of it changes that.
	fleeting factSet
}

// usesOf computes what each rule reads, and for each fact the rules that read it.
func (p *Program) usesOf() {
	p.uses = make([]ruleUse, len(p.rules))
	reach, fleeting := make([]factSet, len(p.packs)), make([]factSet, len(p.packs))
	for no := range p.packs {
		src := p.packs[no].src
		for i := range src.Outside {
			fleeting[no].addAll(src.Outside[i].When)
		}
		fleeting[no].addNotShown(src.Reach.When)
		reach[no] = fleeting[no]
		reach[no].addAll(src.Reach.When)
	}
	p.readers = make([][]uint64, len(p.facts))
	varies := map[*pack.Counting]bool{}
	for i := range p.rules {
		src, use := p.rules[i].src, &p.uses[i]
		use.decisive.addAll(src.When)
		use.decisive.addAll(src.Must)
		use.fleeting = use.decisive
		use.fleeting.union(&fleeting[p.rules[i].pack])
		for b := range src.Branches {
			var s factSet
			s.addAll(src.Branches[b].When)
			s.addAll(src.Branches[b].Claim)
			use.fleeting.union(&s)
			for id := range p.facts {
				if f := pack.FactID(id); s.has(f) && p.facts[id].def.Rests() {
					use.decisive.add(f)
				}
			}
		}
		if p.readsEstablishment(src, varies) {
			use.fleeting.add(p.establishment)
		}
		use.reads = use.fleeting
		use.reads.union(&reach[p.rules[i].pack])
		for id := range p.facts {
			if !use.reads.has(pack.FactID(id)) {
				continue
			}
			if p.readers[id] == nil {
				p.readers[id] = make([]uint64, p.index.words)
			}
			p.readers[id][i>>6] |= 1 << (i & 63)
		}
	}
	p.rankRules()
	p.nameValues()
	p.findFixable()
	p.findThresholds()
	for id := range p.facts {
		f := p.facts[id].def
		if f != nil && (f.Kind == pack.KindDay || f.Kind == pack.KindInstant) && (f.Role == pack.RoleGround || f.Role == pack.RoleSafeguard) && f.AgedBy == 0 {
			p.events.add(pack.FactID(id))
		}
	}
}

func (s *factSet) addAll(c *pack.Cond) {
	for _, f := range c.Facts() {
		s.add(f)
	}
}

// addNotShown adds the facts that can turn a condition from true to something else when they
// come in: those inside a "not shown", but for what an even number of them encloses.
func (s *factSet) addNotShown(c *pack.Cond) {
	if c != nil {
		loses, _ := turning(c)
		s.union(&loses)
	}
}

// turning are the facts that can turn a condition from true to something else when they come
// in, and those that can turn it to true.
func turning(c *pack.Cond) (loses, gains factSet) {
	switch c.Op {
	case pack.OpAtom:
		gains.addAll(c)
		return loses, gains
	case pack.OpNotShown:
		loses, gains = turning(c.Kids[0])
		return gains, loses
	}
	for _, k := range c.Kids {
		l, g := turning(k)
		if c.Op == pack.OpNot { // what makes it false may be anything inside
			g.addAll(k)
			if l != (factSet{}) || hasNotShown(k) {
				l.addAll(k)
			}
		}
		loses.union(&l)
		gains.union(&g)
	}
	return loses, gains
}

func hasNotShown(c *pack.Cond) bool {
	found := false
	c.Walk(func(n *pack.Cond) { found = found || n.Op == pack.OpNotShown })
	return found
}

// rankRules orders the rules as answers list them: by weight, then id.
func (p *Program) rankRules() {
	order := make([]uint32, len(p.rules))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int {
		ra, rb := &p.rules[a], &p.rules[b]
		return cmp.Or(cmp.Compare(rb.weight, ra.weight), cmp.Compare(ra.src.ID, rb.src.ID))
	})
	p.ranks = make([]uint32, len(p.rules))
	for rank, i := range order {
		p.ranks[i] = uint32(rank)
	}
}

// nameValues fills Program.valueNames.
func (p *Program) nameValues() {
	regions := make([]any, p.model.Vocab.Regions().Len())
	for id := range regions {
		regions[id] = p.model.Vocab.Regions().Code(pack.RegionID(id))
	}
	p.valueNames = make([][]any, len(p.facts))
	for id := range p.facts {
		switch def := p.facts[id].def; {
		case def == nil:
		case def.Kind == pack.KindRegion:
			p.valueNames[id] = regions
		case def.Kind == pack.KindEnum:
			for i := range def.Values {
				p.valueNames[id] = append(p.valueNames[id], def.Values[i].Name)
			}
		}
	}
}
