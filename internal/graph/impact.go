// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"cmp"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Impact is what hangs on a requirement, a fact or a pack.
type Impact struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Title string `json:"title"`
	// Requirements are those of the pack, or those that read the fact.
	Requirements []string `json:"requirements,omitempty"`
	Reaches      []string `json:"reaches,omitempty"` // packs whose reach or outside reads the fact
	Facts        []string `json:"facts,omitempty"`   // what its conditions read
	Replaces     string   `json:"replaces,omitempty"`
	ReplacedBy   []string `json:"replaced_by,omitempty"`
	UsedBy       []string `json:"used_by,omitempty"`       // requirements with an exception of it
	Edges        []string `json:"edges,omitempty"`         // links between places that its exceptions use
	RecognisedBy []string `json:"recognised_by,omitempty"` // requirements that give way to its order
	Changes      []Change `json:"changes"`
	// Evidence is what the cases of the packs show, where they were asked.
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Change is a kind of operation whose answer changes, with an example.
type Change struct {
	Operation string        `json:"operation"`
	Facts     comity.Facts  `json:"facts"`
	With      comity.Effect `json:"with"`
	Without   comity.Effect `json:"without"`
}

// absent tells what is left out: a requirement, or with q nil a pack.
type absent struct {
	p *pack.Pack
	q *pack.Requirement
}

func (a absent) requirement(q *pack.Requirement) bool {
	return q != nil && (q == a.q || a.q == nil && q.Pack == a.p)
}

func (a absent) branch(b *pack.RuleBranch) bool {
	return a.requirement(b.Owner) || a.q == nil && b.Edge != nil && b.Edge.Pack == a.p
}

// rest is a rule without the exceptions that are left out, the rule itself if it has none.
func (a absent) rest(r *pack.Rule) *pack.Rule {
	if !slices.ContainsFunc(r.Branches, func(b pack.RuleBranch) bool { return a.branch(&b) }) {
		return r
	}
	out := *r
	out.Branches = slices.DeleteFunc(slices.Clone(r.Branches), func(b pack.RuleBranch) bool { return a.branch(&b) })
	return &out
}

// Without is a model without a requirement, or with q nil without a pack: its rules, and what
// its permits and edges lift.
func Without(m *pack.Model, p *pack.Pack, q *pack.Requirement) *pack.Model {
	a := absent{p, q}
	less := *m
	less.Rules = nil
	for _, r := range m.Rules {
		if a.requirement(r.Req) {
			continue
		}
		kept := *a.rest(r)
		kept.Index = len(less.Rules)
		less.Rules = append(less.Rules, &kept)
	}
	return &less
}

// ImpactOf looks at what a requirement, or with q nil a pack, decides. without is the engine
// of the model without it.
func (g *Graph) ImpactOf(p *pack.Pack, q *pack.Requirement, without Oracle) (*Impact, error) {
	a := absent{p, q}
	out := &Impact{Kind: "pack", Changes: []Change{}}
	gone := map[string]bool{}
	if q != nil {
		out.Kind, out.Name, out.Title, out.Replaces = "requirement", q.ID, q.Title, q.Replaces
		gone[q.ID] = true
	} else {
		out.Name, out.Title = p.ID, p.Name
		for _, x := range p.Requirements {
			gone[x.ID] = true
			out.Requirements = append(out.Requirements, x.ID)
		}
		for _, e := range p.Edges {
			out.Edges = append(out.Edges, e.ID)
		}
	}
	g.links(out, gone, p, q)
	if err := g.stopped(out, gone, without); err != nil {
		return nil, err
	}
	if err := g.lifted(out, a, without); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out.Changes, func(x, y Change) int { return cmp.Compare(x.Operation, y.Operation) })
	return out, nil
}

// stopped looks for operations in whose way the requirements alone stand.
func (g *Graph) stopped(out *Impact, gone map[string]bool, without Oracle) error {
	s := g.search(pack.Always())
	s.oracle, s.but = without, gone
	s.accept = func(facts comity.Facts) (bool, error) {
		d, err := g.decide(facts)
		return d.Effect != comity.Allow, err
	}
	var stops []lit
	for _, r := range g.rules(func(r *pack.Rule) bool { return gone[r.ID] }) {
		o := s.q.outcome(r)
		stops = append(stops, o.violated, o.open)
	}
	return g.changes(out, s, s.f.or(stops...), func(w *Way) (Change, error) {
		d, err := g.decide(w.Facts)
		return Change{Facts: w.Facts, With: d.Effect, Without: w.Decision.Effect}, err
	})
}

// lifted looks for operations that are lawful by what is left out alone.
func (g *Graph) lifted(out *Impact, a absent, without Oracle) error {
	s := g.search(pack.Always())
	s.accept = func(facts comity.Facts) (bool, error) {
		d, err := without(facts)
		return d.Effect != comity.Allow, err
	}
	var stops []lit
	for _, r := range g.rules(func(r *pack.Rule) bool { return !a.requirement(r.Req) && a.rest(r) != r }) {
		o := s.q.outcome(a.rest(r))
		stops = append(stops, o.violated, o.asks)
	}
	return g.changes(out, s, s.f.or(stops...), func(w *Way) (Change, error) {
		d, err := without(w.Facts)
		return Change{Facts: w.Facts, With: w.Decision.Effect, Without: d.Effect}, err
	})
}

// links lists what refers to the requirements.
func (g *Graph) links(out *Impact, gone map[string]bool, p *pack.Pack, q *pack.Requirement) {
	add := func(list *[]string, id string) {
		if !slices.Contains(*list, id) {
			*list = append(*list, id)
		}
	}
	for _, r := range g.m.Rules {
		if gone[r.Req.Replaces] {
			add(&out.ReplacedBy, r.ID)
		}
		for i := range r.Branches {
			b := &r.Branches[i]
			if b.Owner != nil && gone[b.Owner.ID] && !gone[r.ID] {
				add(&out.UsedBy, r.ID)
			}
			if gone[r.ID] && b.Edge != nil && q != nil {
				add(&out.Edges, b.Edge.ID)
			}
			if !gone[r.ID] && b.RecognisesOrders() && q == nil && (b.RecognisesAny || g.m.Vocab.Regions().In(p.Order, b.Recognises, g.day) == pack.True) {
				add(&out.RecognisedBy, r.ID)
			}
		}
		if !gone[r.ID] {
			continue
		}
		for _, c := range ruleConds(r) {
			for _, id := range c.Facts() {
				add(&out.Facts, g.m.Vocab.Facts[id].Name)
			}
		}
	}
	for _, list := range []*[]string{&out.Facts, &out.ReplacedBy, &out.UsedBy, &out.Edges, &out.RecognisedBy} {
		slices.Sort(*list)
	}
}

// changes looks, operation by operation, for an example in which something holds.
func (g *Graph) changes(out *Impact, s *search, what lit, change func(*Way) (Change, error)) error {
	if what == no {
		return nil
	}
	op := s.q.variable(g.m.Vocab.Op())
	for i, x := range op.vals {
		s.wanted, s.own, s.blocked = s.f.and(what, op.lits[i]), []pack.FactID{g.m.Vocab.Op()}, 0
		w, err := s.next()
		if comity.CodeOf(err) == comity.CodeTooLarge {
			continue
		}
		if err != nil {
			return err
		}
		if w == nil {
			continue
		}
		c, err := change(w)
		if err != nil {
			return err
		}
		c.Operation = x.given.(string)
		out.Changes = append(out.Changes, c)
	}
	return nil
}

// ImpactOfFact looks at what a fact decides: what is lawful with it, and not when it is absent.
func (g *Graph) ImpactOfFact(f *pack.Fact) (*Impact, error) {
	out := &Impact{Kind: "fact", Name: f.Name, Title: f.Text, Changes: []Change{}}
	reads := func(conds []*pack.Cond) bool {
		return slices.ContainsFunc(conds, func(c *pack.Cond) bool { return slices.Contains(c.Facts(), f.ID) })
	}
	for _, p := range g.m.Packs {
		if reads(packConds(p)) {
			out.Reaches = append(out.Reaches, p.ID)
		}
	}
	s := g.search(pack.Always())
	bare := g.question(s.f) // the same operation without the fact
	bare.values = s.q.values
	base := s.q.base(f.ID)
	bare.share = func(x *pack.Fact) *variable {
		if x.ID != base {
			return s.q.variable(x.ID)
		}
		return nil
	}
	var stops []lit
	for _, r := range g.m.Rules {
		if !reads(ruleConds(r)) && !reads(packConds(r.Pack)) {
			continue
		}
		if reads(ruleConds(r)) && !slices.Contains(out.Requirements, r.ID) {
			out.Requirements = append(out.Requirements, r.ID)
		}
		if g.inForce(r) {
			o := bare.outcome(r)
			stops = append(stops, o.violated, o.asks)
		}
	}
	if !s.q.known(f.ID) || f.ID == g.m.Vocab.Op() || f.ID == g.m.Vocab.Date() {
		return out, nil
	}
	name := g.m.Vocab.Facts[base].Name
	less := func(facts comity.Facts) (comity.Decision, error) {
		without := with(facts, nil)
		delete(without, name)
		return g.decide(without)
	}
	s.accept = func(facts comity.Facts) (bool, error) {
		d, err := less(facts)
		return d.Effect != comity.Allow, err
	}
	gone := s.f.and(s.q.variable(base).given, -bare.variable(base).given, s.f.or(stops...))
	return out, g.changes(out, s, gone, func(w *Way) (Change, error) {
		d, err := less(w.Facts)
		return Change{Facts: w.Facts, With: w.Decision.Effect, Without: d.Effect}, err
	})
}
