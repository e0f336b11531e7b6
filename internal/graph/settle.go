// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// The means by which both laws could be kept in one state of affairs, from the plainest.
var means = []struct {
	name string
	of   func(*Graph, *pack.Fact) bool
}{
	{"places", (*Graph).isPlace},
	{"safeguards", func(_ *Graph, f *pack.Fact) bool { return f.Role == pack.RoleSafeguard && chosen(f) }},
	{"grounds", func(_ *Graph, f *pack.Fact) bool { return f.Role == pack.RoleGround && chosen(f) }},
}

// chosen tells facts that the caller chooses or brings about for the same data.
func chosen(f *pack.Fact) bool { return f.Own() && !f.Transforms }

// settle looks for the plainest means by which both laws are kept: other places, safeguards,
// then grounds.
func (t *two) settle(c *Conflict, model []bool, kept []lit) {
	c.Verdict = Contradict
	kept = append(slices.Clone(kept), t.noForeignDuty()...)
	for n := range means {
		movable := func(f *pack.Fact) bool {
			return slices.ContainsFunc(means[:n+1], func(m struct {
				name string
				of   func(*Graph, *pack.Fact) bool
			},
			) bool {
				return m.of(t.g, f)
			})
		}
		if other := t.readable(slices.Concat(kept, t.fixed(model, movable))); other != nil {
			c.Verdict, c.Means, c.Settles = Depends, means[n].name, t.changed(c, other, movable)
			return
		}
	}
	if c.ruleA.Kind == pack.Oblige {
		c.Verdict, c.Means = Depends, "duty" // as long as what it asks for holds, both are kept
	}
}

// noForeignDuty leaves the ground of a legal obligation out: the other's law is none.
func (t *two) noForeignDuty() []lit {
	var out []lit
	for _, q := range []*question{t.a, t.b} {
		for _, v := range q.variables() {
			for i, x := range v.vals {
				if v.fact.Name == "legal_basis" && x.given == "legal_obligation" {
					out = append(out, -v.lits[i])
				}
			}
		}
	}
	return out
}

// fixed keeps the facts of a model that are not movable.
func (t *two) fixed(model []bool, movable func(*pack.Fact) bool) []lit {
	var out []lit
	for _, q := range []*question{t.a, t.b} {
		for _, v := range q.variables() {
			if movable(v.fact) {
				continue
			}
			for _, l := range append(slices.Clone(v.lits), v.given) {
				if l != yes {
					out = append(out, sign(l, model[abs(l)-1]))
				}
			}
		}
	}
	return out
}

func (t *two) changed(c *Conflict, model []bool, movable func(*pack.Fact) bool) comity.Facts {
	after := t.a.facts(model)
	join(after, t.b.facts(model))
	out := comity.Facts{}
	for name, x := range after {
		if f := t.g.m.Vocab.MustFact(name); f != nil && movable(f) && !equal(x, c.Facts[name]) && !equal(x, c.FactsB[name]) {
			out[name] = x
		}
	}
	return out
}

// sign is the variable of a literal, or its opposite.
func sign(l lit, positive bool) lit {
	if positive {
		return lit(abs(l))
	}
	return -lit(abs(l))
}

// isPlace tells facts that say where: the caller can choose another.
func (g *Graph) isPlace(f *pack.Fact) bool {
	if f.Name == "to_region" || f.Name == "accessor_location" {
		return true
	}
	for _, id := range g.m.Vocab.Places {
		if id == f.ID {
			return true
		}
	}
	return false
}

// join adds facts; lists grow.
func join(facts, more comity.Facts) {
	for name, x := range more {
		list, ok := x.([]any)
		old, had := facts[name].([]any)
		if !ok || !had {
			facts[name] = x
			continue
		}
		for _, item := range list {
			if !slices.Contains(old, item) {
				old = append(slices.Clone(old), item)
			}
		}
		facts[name] = old
	}
}

func equal(a, b any) bool {
	x, isList := a.([]any)
	y, also := b.([]any)
	if isList != also {
		return false
	}
	if isList {
		return slices.Equal(x, y)
	}
	return a == b
}
