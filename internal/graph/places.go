// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// apartPairs are a rule that keeps data at home and one of another order that can forbid to
// bring it there.
func (g *Graph) apartPairs(want func(a, b *pack.Rule) bool) []candidate {
	v := g.m.Vocab
	to := v.MustFact("to_region")
	if to == nil {
		return nil
	}
	moves := g.rules(func(r *pack.Rule) bool {
		return r.Kind == pack.Forbid && slices.Contains(r.When.Facts(), to.ID) && !g.namesForeignOrder(r)
	})
	var out []candidate
	for _, b := range g.rules(g.keepsHome) {
		for _, a := range moves {
			if want(a, b) && g.sides(a, b) {
				out = append(out, candidate{kind: Apart, a: a, b: b})
			}
		}
	}
	return out
}

// keepsHome tells a rule that asks for a place in its own order.
func (g *Graph) keepsHome(r *pack.Rule) bool {
	if r.Kind == pack.Localise {
		return true
	}
	found := false
	for i := range r.Branches {
		r.Branches[i].When.Walk(func(c *pack.Cond) {
			if c.Op != pack.OpAtom || c.Atom.Cmp != pack.In || !g.isPlace(g.m.Vocab.Facts[c.Atom.Fact]) {
				return
			}
			found = found || slices.Equal(c.Atom.Set, []int{int(r.Pack.Order)})
		})
	}
	return found && r.Kind == pack.Forbid
}

// home is where a rule keeps data.
func home(r *pack.Rule) []pack.RegionID {
	if r.Kind == pack.Localise {
		return r.Req.Allowed
	}
	return []pack.RegionID{r.Pack.Order}
}

// stays tells facts that describe who is concerned and what is known of him, and who acts:
// they are the same in all operations on the same data.
func (g *Graph) stays(f *pack.Fact) bool {
	return !g.isActorList(f) && (f.Role == pack.RolePerson || f.Role == pack.RoleActor || f.Name == "data_categories")
}

// apart: outside its home the data breaks one law, and the way home breaks the other.
func (g *Graph) apart(c *candidate) (*Conflict, error) {
	t := g.twoOf([]*pack.Rule{c.a, c.b}, g.inside(home(c.b)), g.stays)
	oa, ob := t.a.outcome(c.a), t.b.outcome(c.b)
	there := t.a.within(g.m.Vocab.MustFact("to_region").ID, home(c.b))
	// What stays where it is moves nowhere: the rule at home has to be broken by where data lies.
	lies := -t.b.operates("transfer", "disclose", "sell_or_share", "delete")
	assume := []lit{oa.violated, ob.broken, there, lies}
	if model := t.f.solve(assume...); model == nil || !t.homeHelps(c.b, ob, model) {
		return nil, nil
	}
	return g.bothSides(c, t, assume, append(oa.kept(), ob.broken, there))
}

// homeHelps tells whether the rule at home would be kept if the data were there.
func (t *two) homeHelps(r *pack.Rule, o outcome, model []bool) bool {
	held := append(o.kept(), o.binds)
	for _, v := range t.b.variables() {
		place := t.g.isPlace(v.fact)
		for i, l := range v.lits {
			switch {
			case l == yes || v.fact.Role == pack.RoleSafeguard:
			case !place:
				held = append(held, sign(l, is(model, l)))
			case t.g.m.Vocab.Regions().In(pack.RegionID(v.vals[i].read.Items[0]), home(r), t.g.day) != pack.True:
				held = append(held, -l)
			}
		}
	}
	return r.Kind == pack.Localise || t.f.holds(held)
}

// operates is where the operation is one of a few.
func (q *question) operates(names ...string) lit {
	if !q.known(q.g.m.Vocab.Op()) {
		return no
	}
	v := q.variable(q.g.m.Vocab.Op())
	var ls []lit
	for i, x := range v.vals {
		if slices.Contains(names, x.given.(string)) {
			ls = append(ls, v.lits[i])
		}
	}
	return q.f.or(ls...)
}

// inside are conditions that tell the destinations in a set from others.
func (g *Graph) inside(set []pack.RegionID) []*pack.Cond {
	a := pack.Atom{Fact: g.m.Vocab.MustFact("to_region").ID, Cmp: pack.In}
	for _, id := range set {
		a.Set = append(a.Set, int(id))
	}
	return []*pack.Cond{{Op: pack.OpAtom, Atom: a}}
}

// within is where the place of a fact lies inside a set.
func (q *question) within(id pack.FactID, set []pack.RegionID) lit {
	v := q.variable(id)
	var ls []lit
	for i, x := range v.vals {
		if q.g.m.Vocab.Regions().In(pack.RegionID(x.read.Items[0]), set, q.g.day) == pack.True {
			ls = append(ls, v.lits[i])
		}
	}
	return q.f.or(ls...)
}

// bothSides looks for a context of two operations, each of which the engine finds unlawful by
// its rule.
func (g *Graph) bothSides(c *candidate, t *two, assume, kept []lit) (*Conflict, error) {
	for range maxTries {
		model := t.readable(assume)
		if model == nil {
			return nil, nil
		}
		a, b := t.a.facts(model), t.b.facts(model)
		if a["operation"] == nil {
			a["operation"] = "transfer"
		}
		okA, err := g.names(a, c.a.ID)
		if err != nil {
			return nil, err
		}
		okB := true
		if c.kind != Entailed {
			if okB, err = g.names(b, c.b.ID); err != nil {
				return nil, err
			}
		}
		if !okA || !okB {
			t.block(model)
			continue
		}
		out := g.conflict(c, a)
		out.FactsB = b
		t.settle(out, model, kept)
		return out, nil
	}
	return nil, nil
}

// names tells whether the engine's decision holds a requirement as violated or in conflict.
func (g *Graph) names(facts map[string]any, id string) (bool, error) {
	d, err := g.decide(facts)
	if err != nil {
		return false, err
	}
	for _, v := range d.Violations {
		if v.Requirement == id {
			return true, nil
		}
	}
	for _, c := range d.Conflicts {
		if slices.Contains(c.Requirements, id) {
			return true, nil
		}
	}
	return false, nil
}

// entailedPairs are an operation that keeping a requirement takes and a rule of another order
// that can forbid it.
func (g *Graph) entailedPairs(want func(a, b *pack.Rule) bool) []candidate {
	var out []candidate
	all := g.breakable()
	for _, b := range g.rules(func(r *pack.Rule) bool { return len(r.Req.Entails) > 0 }) {
		for i := range b.Req.Entails {
			for _, a := range all {
				if want(a, b) && g.sides(a, b) && g.meets(a, b.Req.Entails[i].When) {
					out = append(out, candidate{kind: Entailed, a: a, b: b, entail: &b.Req.Entails[i]})
				}
			}
		}
	}
	return out
}

// meets tells whether the scope of a rule and a condition can hold together.
func (g *Graph) meets(r *pack.Rule, c *pack.Cond) bool {
	f := newFormula()
	q := g.question(f)
	q.values = g.local([]*pack.Cond{r.When, c})
	return f.solve(q.cond(r.When).t, q.cond(c).t) != nil
}

// entailed: where one requirement binds, what it takes breaks the other.
func (g *Graph) entailed(c *candidate) (*Conflict, error) {
	t := g.twoOf([]*pack.Rule{c.a, c.b}, []*pack.Cond{c.entail.When}, g.stays)
	oa, ob := t.a.outcome(c.a), t.b.outcome(c.b)
	takes := t.a.cond(c.entail.When).t
	return g.bothSides(c, t, append(t.bare(c.b, c.entail.When), oa.violated, takes, ob.binds), append(oa.kept(), takes, ob.binds))
}

// namesForeignOrder tells a rule whose scope speaks of orders of foreign authorities.
func (g *Graph) namesForeignOrder(r *pack.Rule) bool {
	f := g.m.Vocab.MustFact("transfer_mechanism")
	if f == nil {
		return false
	}
	order, ok := f.ValueIndex("foreign_order")
	found := false
	r.When.Walk(func(c *pack.Cond) {
		found = found || ok && c.Op == pack.OpAtom && c.Atom.Fact == f.ID && c.Atom.Cmp == pack.In && slices.Equal(c.Atom.Set, []int{order})
	})
	return found
}

// readsForeignOrder tells a rule about orders of foreign authorities: it binds for nothing else.
func (g *Graph) readsForeignOrder(r *pack.Rule) bool {
	if known, ok := g.orders[r]; ok {
		return known
	}
	g.orders[r] = g.onlyForeignOrder(r)
	return g.orders[r]
}

func (g *Graph) onlyForeignOrder(r *pack.Rule) bool {
	fact := g.m.Vocab.MustFact("transfer_mechanism")
	if fact == nil || !slices.Contains(r.When.Facts(), fact.ID) {
		return false
	}
	f := newFormula()
	q := g.question(f)
	q.values = g.local([]*pack.Cond{r.When})
	assume := []lit{q.cond(r.When).t}
	v := q.variable(fact.ID)
	for i, x := range v.vals {
		if x.given == "foreign_order" {
			assume = append(assume, -v.lits[i])
		}
	}
	return !f.holds(assume)
}

// mirroredPairs are two rules of different orders against orders of foreign authorities.
func (g *Graph) mirroredPairs(want func(a, b *pack.Rule) bool) []candidate {
	blocks := g.rules(func(r *pack.Rule) bool { return r.Kind == pack.Forbid && g.readsForeignOrder(r) })
	var out []candidate
	for i, a := range blocks {
		for _, b := range blocks[i+1:] {
			if want(a, b) && g.sides(a, b) {
				out = append(out, candidate{kind: Mirrored, a: a, b: b})
			}
		}
	}
	return out
}

// mirrored: an order from each side compels what lies under the other's law.
func (g *Graph) mirrored(c *candidate) (*Conflict, error) {
	t := g.twoOf([]*pack.Rule{c.a, c.b}, append(g.inside(home(c.a)), g.inside(home(c.b))...), g.stays)
	oa, ob := t.a.outcome(c.a), t.b.outcome(c.b)
	to := g.m.Vocab.MustFact("to_region").ID
	toB, toA := t.a.within(to, []pack.RegionID{c.b.Pack.Order}), t.b.within(to, []pack.RegionID{c.a.Pack.Order})
	return g.bothSides(c, t, []lit{oa.violated, ob.violated, toB, toA}, slices.Concat(oa.kept(), ob.kept(), []lit{toB, toA}))
}
