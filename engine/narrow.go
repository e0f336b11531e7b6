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
	// several tells a fact that has several values at once.
	several bool
}

// alternative is a conjunction of parts, of different facts.
type alternative []part

// maxAlternatives bounds those of one condition; beyond, parts are left out.
const maxAlternatives = 16

// narrower splits a condition into parts that read one fact each.
type narrower struct{ p *Program }

// alternatives are such that at least one can be true wherever c is true, and at least one is
// not known to be false wherever c is not. One without parts is always possible.
func (n *narrower) alternatives(c *pack.Cond) []alternative {
	if f := n.onlyFact(c); f != 0 {
		return []alternative{{n.part(c, f)}}
	}
	out := []alternative{nil}
	switch c.Op {
	case pack.OpAny:
		out = nil
		for _, k := range c.Kids {
			out = append(out, n.alternatives(k)...)
		}
		if len(out) > maxAlternatives {
			return []alternative{nil}
		}
	case pack.OpAll:
		for _, k := range c.Kids {
			if list := n.alternatives(k); len(list)*len(out) <= maxAlternatives {
				out = cross(out, list)
			}
		}
	case pack.OpNotShown:
		if k := c.Kids[0]; k.Op == pack.OpNotShown {
			return shown(n.alternatives(k.Kids[0]))
		}
	}
	return out
}

// cross joins each of two lists of alternatives with each of the other.
func cross(a, b []alternative) []alternative {
	var out []alternative
	for _, x := range a {
		for _, y := range b {
			both := slices.Clone(x)
			for _, m := range y {
				both = both.with(m)
			}
			out = append(out, both)
		}
	}
	return out
}

// with adds a part to an alternative; two of one fact have to hold for the same value, but
// for a fact that has several at once.
func (a alternative) with(m part) alternative {
	for i := range a {
		if a[i].fact != m.fact {
			continue
		}
		if !m.several {
			both := slices.Clone(a[i].values)
			for v := range both {
				both[v] = both[v].and(m.values[v])
			}
			a[i] = part{fact: m.fact, values: both}
		}
		return a
	}
	return append(a, m)
}

// outcomes are those of the part on a fact, if any.
func (a alternative) outcomes(f pack.FactID, v int) outcomes {
	for _, m := range a {
		if m.fact == f {
			return m.values[v]
		}
	}
	return isTrue | isOpen
}

// shown makes alternatives two-valued: what is open is false.
func shown(list []alternative) []alternative {
	for _, a := range list {
		for i := range a {
			a[i].values = slices.Clone(a[i].values)
			for v := range a[i].values {
				a[i].values[v] &^= isOpen
			}
		}
	}
	return list
}

// onlyFact is the fact that all of a condition reads by membership: one value at a time, but
// for a single comparison, which holds of several if it does of one.
func (n *narrower) onlyFact(c *pack.Cond) (f pack.FactID) {
	if c.Op == pack.OpAtom {
		if a := &c.Atom; n.p.indexable(a.Fact) && a.Cmp == pack.In && a.Ref == 0 {
			return a.Fact
		}
		return 0
	}
	for i, k := range c.Kids {
		kf := n.onlyFact(k)
		if kf == 0 || i > 0 && kf != f || n.p.severalAtOnce(kf) {
			return 0
		}
		f = kf
	}
	return f
}

func (n *narrower) part(c *pack.Cond, f pack.FactID) part {
	size := n.p.valueCount(f)
	m := part{fact: f, values: make([]outcomes, size+1), several: n.p.severalAtOnce(f)}
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
