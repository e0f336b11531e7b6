// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"maps"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// two are two questions about one state of affairs, which share some of their facts.
type two struct {
	g    *Graph
	f    *formula
	a, b *question
}

// twoOf prepares the questions of two rules; share tells the facts that they have in common.
func (g *Graph) twoOf(rules []*pack.Rule, more []*pack.Cond, share func(*pack.Fact) bool) *two {
	conds := slices.Clone(more)
	for _, r := range rules {
		conds = slices.Concat(conds, ruleConds(r), packConds(r.Pack))
	}
	t := &two{g: g, f: newFormula()}
	values := g.local(conds)
	t.a, t.b = g.question(t.f), g.question(t.f)
	t.a.values, t.b.values = values, values
	t.b.share = func(f *pack.Fact) *variable {
		if share(f) {
			return t.a.variable(f.ID)
		}
		return nil
	}
	t.private(t.a)
	t.private(t.b)
	return t
}

// public are the kinds of actors that act under the law of one state only.
var public = []string{"public_authority", "law_enforcement", "eu_institution"}

// private leaves public bodies out: between the laws of two states they are not.
func (t *two) private(q *question) {
	f := t.g.m.Vocab.MustFact("controller_type")
	if f == nil || !q.known(f.ID) {
		return
	}
	for i, x := range q.variable(f.ID).vals {
		if slices.Contains(public, x.given.(string)) {
			t.f.clause(-q.variable(f.ID).lits[i])
		}
	}
}

// lists of the actor may differ: one company can be established in two places.
func (g *Graph) isActorList(f *pack.Fact) bool {
	return f.Role == pack.RoleActor && f.List && !f.Whole
}

// maxTries bounds the contexts of a pair that the engine does not confirm.
const maxTries = 8

// demandedPairs are a rule that can be broken and one of another order that demands some
// operation that the first can stop.
func (g *Graph) demandedPairs(want func(a, b *pack.Rule) bool) []candidate {
	demands := g.rules(func(r *pack.Rule) bool { return len(r.Demand) > 0 })
	ops := map[*pack.Rule][]bool{}
	var out []candidate
	// Of the duties only those that give way to some laws on keeping are in the way of others.
	duties := g.rules(func(r *pack.Rule) bool {
		return r.Kind == pack.Oblige && r.Must != nil && slices.ContainsFunc(r.Branches, func(x pack.RuleBranch) bool { return x.RecognisesOrders() })
	})
	for _, a := range append(g.breakable(), duties...) {
		for _, b := range demands {
			if !want(a, b) || !g.sides(a, b) {
				continue
			}
			if ops[a] == nil {
				ops[a] = g.operations(a)
			}
			stops := slices.ContainsFunc(b.Demand, func(o int) bool { return ops[a][o] })
			if stops && g.recognises(b, a) == nil && g.recognises(a, b) == nil {
				out = append(out, candidate{kind: Demanded, a: a, b: b})
			}
		}
	}
	return out
}

// about tells whether a rule is about what the other demands, rather than about all that is
// done with some data: in the context it reads a ground or place that the other reads too, or
// stops what is demanded and little else.
func (g *Graph) about(a, b *pack.Rule, facts comity.Facts) (bool, error) {
	if len(b.Demand) > wide {
		return g.keepsHome(a), nil // it frees all handling of data from places
	}
	read := b.When.Facts()
	if slices.ContainsFunc(a.When.Facts(), func(id pack.FactID) bool {
		f := g.m.Vocab.Facts[id]
		return slices.Contains(read, id) && (f.Role == pack.RoleGround || g.isPlace(f))
	}) {
		return true, nil
	}
	if a.Kind != pack.Oblige && slices.ContainsFunc(a.Branches, func(x pack.RuleBranch) bool { return x.RecognisesOrders() }) {
		return true, nil // made for laws that demand to keep, though not for this one
	}
	return g.narrow(a, b, facts)
}

// narrow tells whether a rule stops few of the operations that handle data, other than those
// that the other demands.
func (g *Graph) narrow(a, b *pack.Rule, facts comity.Facts) (bool, error) {
	data := g.m.Vocab.MustFact("data_categories")
	stopped, others := 0, 0
	other := maps.Clone(facts)
	for _, o := range g.m.Vocab.Operations {
		if o.State || slices.Contains(b.Demand, o.Index) || data != nil && !slices.Contains(o.Needs, data.ID) {
			continue
		}
		other["operation"] = o.Name
		found, err := g.names(other, a.ID)
		if err != nil {
			return false, err
		}
		if others++; found {
			stopped++
		}
	}
	return wide*stopped <= others, nil
}

// wide is the share of operations, one in so many, beyond which a rule is about all of them;
// and how many of them a law demands that is about none in particular.
const wide = 4

// operations tells for which operations the scope of a rule can be met.
func (g *Graph) operations(r *pack.Rule) []bool {
	f := newFormula()
	q := g.question(f)
	q.values = g.local([]*pack.Cond{r.When})
	scope := q.cond(r.When).t
	out := make([]bool, len(g.values[g.m.Vocab.Op()]))
	op := q.variable(g.m.Vocab.Op())
	for i, l := range op.lits {
		out[i] = f.solve(scope, l) != nil
	}
	return out
}

func (g *Graph) demanded(c *candidate) (*Conflict, error) {
	t := g.twoOf([]*pack.Rule{c.a, c.b}, nil, func(f *pack.Fact) bool { return !g.isActorList(f) })
	oa, ob := t.a.outcome(c.a), t.b.outcome(c.b)
	assume := append(t.bare(c.b), oa.violated, ob.demands)
	for range maxTries {
		model := t.readable(assume)
		if model == nil {
			return nil, nil
		}
		facts := t.a.facts(model)
		join(facts, t.b.facts(model))
		ok, err := g.confirm(facts, c.a.ID, c.b.ID)
		if err != nil {
			return nil, err
		}
		if !ok {
			t.block(model)
			continue
		}
		if ok, err = g.about(c.a, c.b, facts); err != nil || !ok {
			return nil, err
		}
		out := g.conflict(c, facts)
		t.settle(out, model, append(oa.kept(), ob.demands))
		return out, nil
	}
	return nil, nil
}

// bare leaves out what nobody claims: grounds, safeguards and places that the other law does
// not read. What is lawful with them is no contradiction of the laws.
func (t *two) bare(b *pack.Rule, more ...*pack.Cond) []lit {
	read := map[pack.FactID]bool{}
	for _, c := range append(more, b.When, b.Pack.Reach.When) {
		for _, id := range c.Facts() {
			read[id] = true
		}
	}
	var out []lit
	for _, q := range []*question{t.a, t.b} {
		for _, v := range q.variables() {
			claim := v.fact.Role == pack.RoleGround || v.fact.Role == pack.RoleSafeguard || t.g.isPlace(v.fact)
			if claim && !read[v.fact.ID] {
				out = append(out, -v.given)
			}
		}
	}
	return out
}

// confirm asks the engine whether it finds the two requirements in conflict, or the first
// broken where the second applies.
func (g *Graph) confirm(facts comity.Facts, a, b string) (bool, error) {
	d, err := g.decide(facts)
	if err != nil {
		return false, err
	}
	broken := slices.ContainsFunc(d.Violations, func(v comity.Violation) bool { return v.Requirement == a })
	return broken && slices.Contains(d.Applicable, b) || slices.ContainsFunc(d.Conflicts, func(c comity.Conflict) bool {
		return slices.Contains(c.Requirements, a) && slices.Contains(c.Requirements, b)
	}), nil
}

// readable is a model that reads like a case, nil if there is none.
func (t *two) readable(assume []lit) []bool { return t.f.readable(assume, t.a, t.b) }

// block takes a model out of what is looked for.
func (t *two) block(model []bool) {
	var ls []lit
	for _, q := range []*question{t.a, t.b} {
		for _, v := range q.variables() {
			for _, l := range v.lits {
				if model[abs(l)-1] {
					ls = append(ls, -l)
				}
			}
		}
	}
	t.f.clause(ls...)
}

// conflict fills what all kinds say.
func (g *Graph) conflict(c *candidate, facts comity.Facts) *Conflict {
	out := &Conflict{
		A: c.a.ID, B: c.b.ID, OrderA: g.order(c.a), OrderB: g.order(c.b), Kind: c.kind, Verdict: Contradict,
		Facts: maps.Clone(facts), Cites: slices.Concat(c.a.Req.Cites, c.b.Req.Cites), ruleA: c.a, ruleB: c.b,
	}
	if c.entail != nil {
		out.Entails = c.entail.Text["en"]
	}
	if from := max(c.a.From, c.b.From); from >= g.day && g.decidesLater {
		out.From = from.String()
	}
	out.clash, out.between = g.clash(c), g.between(c.a, c.b)
	out.Why, out.Do = out.clash+" "+out.between, g.meanwhile(c)
	return out
}

func (g *Graph) order(r *pack.Rule) string { return g.m.Vocab.Regions().Code(r.Pack.Order) }
