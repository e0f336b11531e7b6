// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// outcomes is the set of values that a condition can have.
type outcomes uint8

const (
	isTrue outcomes = 1 << iota
	isFalse
	isOpen
)

// part is what one fact leaves possible of a condition: per value, and last without it.
type part struct {
	fact   pack.FactID
	values []outcomes
}

// narrower splits a condition into parts that read one fact each.
type narrower struct {
	p     *Program
	asked []pack.FactID
}

// parts are such that at least one can be true wherever c is true, and at least one is not
// known to be false wherever c is not; nil if there are none.
func (n *narrower) parts(c *pack.Cond) []part {
	if f := n.onlyFact(c); f != 0 {
		return []part{n.part(c, f)}
	}
	switch c.Op {
	case pack.OpAny:
		var out []part
		for _, k := range c.Kids {
			list := n.parts(k)
			if list == nil {
				return nil
			}
			out = append(out, list...)
		}
		return out
	case pack.OpAll:
		var best []part
		for _, k := range c.Kids {
			if list := n.parts(k); list != nil && (best == nil || n.width(list) < n.width(best)) {
				best = list
			}
		}
		return best
	case pack.OpNotShown:
		if k := c.Kids[0]; k.Op == pack.OpNotShown {
			return shown(n.parts(k.Kids[0]))
		}
	}
	return nil
}

// shown makes parts two-valued: what is open is false.
func shown(list []part) []part {
	for _, m := range list {
		for v := range m.values {
			m.values[v] &^= isOpen
		}
	}
	return list
}

// width is how much parts leave possible; facts that the pack asks for are often absent.
func (n *narrower) width(list []part) int {
	total := 0
	for _, m := range list {
		for _, o := range m.values {
			total += int(b2i(o&(isTrue|isOpen) != 0))
		}
		if m.values[len(m.values)-1]&(isTrue|isOpen) != 0 {
			total += len(m.values)
		}
		if slices.Contains(n.asked, m.fact) {
			total += len(m.values)
		}
	}
	return total
}

// onlyFact is the fact that all of a condition reads by membership, one value at a time.
func (n *narrower) onlyFact(c *pack.Cond) (f pack.FactID) {
	if c.Op == pack.OpAtom {
		if a := &c.Atom; n.p.indexable(a.Fact) && a.Cmp == pack.In && a.Ref == 0 && !n.p.severalAtOnce(a.Fact) {
			return a.Fact
		}
		return 0
	}
	for i, k := range c.Kids {
		kf := n.onlyFact(k)
		if kf == 0 || i > 0 && kf != f {
			return 0
		}
		f = kf
	}
	return f
}

func (n *narrower) part(c *pack.Cond, f pack.FactID) part {
	size := len(n.p.facts[f].def.Values)
	if n.p.facts[f].def.Kind == pack.KindRegion {
		size = n.p.model.Vocab.Regions().Len()
	}
	m := part{f, make([]outcomes, size+1)}
	for v := range m.values {
		m.values[v] = n.p.outcomes(c, v, v == size)
	}
	return m
}

// outcomes are the values that c can have, at any time, for one value of its fact.
func (p *Program) outcomes(c *pack.Cond, v int, absent bool) outcomes {
	switch c.Op {
	case pack.OpAtom:
		if absent {
			return isOpen
		}
		return p.membership(&c.Atom, v)
	case pack.OpTrue:
		return isTrue
	case pack.OpNot:
		return p.outcomes(c.Kids[0], v, absent).negate()
	case pack.OpNotShown:
		o := p.outcomes(c.Kids[0], v, absent).negate()
		if o&isOpen != 0 {
			o = o&^isOpen | isTrue
		}
		return o
	case pack.OpAny:
		out := isFalse
		for _, k := range c.Kids {
			out = out.negate().and(p.outcomes(k, v, absent).negate()).negate()
		}
		return out
	}
	out := isTrue
	for _, k := range c.Kids {
		out = out.and(p.outcomes(k, v, absent))
	}
	return out
}

func (o outcomes) negate() outcomes {
	return o&isOpen | o&isTrue<<1 | o&isFalse>>1
}

// and is what a conjunction can be whose members know nothing of each other.
func (o outcomes) and(q outcomes) outcomes {
	out := (o | q) & isFalse
	if o&isTrue != 0 && q&isTrue != 0 {
		out |= isTrue
	}
	if (o|q)&isOpen != 0 && o&(isTrue|isOpen) != 0 && q&(isTrue|isOpen) != 0 {
		out |= isOpen
	}
	return out
}

// membership is what a comparison with a set can be for a value; a region may lie inside in
// part, or for a time.
func (p *Program) membership(a *pack.Atom, v int) outcomes {
	if p.facts[a.Fact].def.Kind == pack.KindEnum {
		if slices.Contains(a.Set, v) {
			return isTrue
		}
		return isFalse
	}
	return p.insideAtTimes(a.Set)[v]
}
