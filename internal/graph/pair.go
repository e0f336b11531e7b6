// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// The verdicts on a pair that is no contradiction.
const (
	// Yields: the own exception of one gives way to the law of the other.
	Yields Verdict = "yields"
	// Inner: both belong to one legal order, which ranks them.
	Inner Verdict = "inner"
	// Satisfiable: one act, or one state of affairs, keeps both.
	Satisfiable Verdict = "satisfiable"
	// Unrelated: they never bind the same people and the same actor.
	Unrelated Verdict = "unrelated"
	// NotInForce: at least one of them does not bind on the day, nor later with the other.
	NotInForce Verdict = "not in force"
)

// PairReport is what there is to say of two requirements.
type PairReport struct {
	A       string  `json:"a"`
	B       string  `json:"b"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
	// Facts is a state of affairs in which both are kept, for two operations where FactsB is
	// there as well.
	Facts     comity.Facts `json:"facts,omitempty"`
	FactsB    comity.Facts `json:"facts_b,omitempty"`
	Citations []string     `json:"citations,omitempty"`
	Conflict  *Conflict    `json:"conflict,omitempty"`
}

// Pair says whether two requirements can contradict each other, and if not, why.
func (g *Graph) Pair(a, b string) (*PairReport, error) {
	out := &PairReport{A: a, B: b}
	for _, day := range append([]pack.Day{g.day}, g.starts()...) {
		on := g
		if day != g.day {
			on = g.on(day)
		}
		found, err := on.pairOn(a, b)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if c.kept() {
				out.Verdict, out.Facts, out.FactsB = Satisfiable, with(c.Facts, c.Settles), c.FactsB
				out.Reason = "One state of affairs keeps both, by its " + c.Means + ": " + g.text(c.Settles) + "."
				continue
			}
			out.Verdict, out.Reason, out.Citations, out.Conflict = c.Verdict, c.Why, c.Cites, c
			return out, nil
		}
		ra, rb := on.ruleOn(a), on.ruleOn(b)
		if out.Verdict == "" && ra != nil && rb != nil {
			on.reason(out, ra, rb)
		}
	}
	if out.Verdict == "" {
		out.Verdict, out.Reason = NotInForce, g.absence(a)+" "+g.absence(b)
	}
	return out, nil
}

// pairOn looks at a pair on the day of the graph, the gravest kind first.
func (g *Graph) pairOn(a, b string) ([]*Conflict, error) {
	work := g.work(func(x, y *pack.Rule) bool { return x.ID == a && y.ID == b || x.ID == b && y.ID == a })
	var out []*Conflict
	for i := range work {
		c, err := g.collide(&work[i])
		if err != nil {
			return nil, err
		}
		if c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// ruleOn is the requirement as it binds on the day, nil if it does not.
func (g *Graph) ruleOn(id string) *pack.Rule {
	for _, r := range g.byID[id] {
		if g.inForce(r) {
			return r
		}
	}
	return nil
}

// absence says since or until when a requirement does not bind.
func (g *Graph) absence(id string) string {
	r := g.byID[id][0]
	switch {
	case g.inForce(r):
		return fmt.Sprintf("%s binds on %s.", id, g.day)
	case r.From > g.day:
		return fmt.Sprintf("%s binds from %s.", id, r.From)
	}
	return fmt.Sprintf("%s has not bound since %s.", id, r.Until)
}

// reason says why two requirements that bind on the day are no contradiction.
func (g *Graph) reason(out *PairReport, a, b *pack.Rule) {
	out.Citations = slices.Concat(a.Req.Cites, b.Req.Cites)
	same := a.Pack.Order == b.Pack.Order
	for _, x := range [][2]*pack.Rule{{a, b}, {b, a}} {
		if e := g.recognises(x[0], x[1]); e != nil && !same {
			out.Verdict = Yields
			out.Reason = fmt.Sprintf("%s gives way: its exception %s recognises the law of %s%s.", x[0].ID, e.ID, g.order(x[1]), said(e))
			return
		}
	}
	facts, second := g.together(a, b)
	switch {
	case g.nested(a, b):
		out.Verdict, out.Reason = Inner, g.inner(a, b)
	case facts != nil:
		out.Verdict = Satisfiable
		out.Reason = "One act, or one state of affairs, keeps both, as in the example."
	default:
		out.Verdict = Unrelated
		out.Reason = fmt.Sprintf("No actor and person are under both: what %s is about never falls under %s.", a.ID, b.ID)
	}
	out.Facts, out.FactsB = facts, second
	for _, x := range [][2]*pack.Rule{{a, b}, {b, a}} {
		if g.yields(x[0]) && !g.yields(x[1]) {
			out.Reason += fmt.Sprintf(" %s is a standard or a rule of a company: where %s asks for something else, law goes first.", x[0].ID, x[1].ID)
		}
	}
}

// inner says how one legal order settles two of its own rules.
func (g *Graph) inner(a, b *pack.Rule) string {
	where := "Both are law of " + g.order(a)
	if g.order(a) != g.order(b) {
		where = fmt.Sprintf("The orders %s and %s are one order", g.order(a), g.order(b))
	}
	for _, x := range [][2]*pack.Rule{{a, b}, {b, a}} {
		if e := g.recognises(x[0], x[1]); e != nil {
			return fmt.Sprintf("%s: the special rule decides; the exception %s of %s holds for what %s asks%s.", where, e.ID, x[0].ID, x[1].ID, said(e))
		}
	}
	switch {
	case a.Pack.Weight > b.Pack.Weight:
		return fmt.Sprintf("%s, and %s (%s) goes before %s (%s).", where, a.ID, a.Pack.WeightName, b.ID, b.Pack.WeightName)
	case a.Pack.Weight < b.Pack.Weight:
		return fmt.Sprintf("%s, and %s (%s) goes before %s (%s).", where, b.ID, b.Pack.WeightName, a.ID, a.Pack.WeightName)
	}
	return fmt.Sprintf("%s and of equal weight (%s): the special rule decides, and where both bind an act has to keep both.", where, a.Pack.WeightName)
}

func said(b *pack.RuleBranch) string {
	if len(b.Cites) == 0 {
		return ""
	}
	return " (" + strings.Join(b.Cites, ", ") + ")"
}

// together looks for facts in which both requirements bind and none is broken: of one
// operation, else of two on the same data; by where data is alone, if that will do.
func (g *Graph) together(a, b *pack.Rule) (facts, second comity.Facts) {
	shares := []func(*pack.Fact) bool{func(f *pack.Fact) bool { return !g.isActorList(f) }, g.stays}
	for _, narrow := range []func(*question) []lit{(*question).plain, func(q *question) []lit { return q.usual() }, func(*question) []lit { return nil }} {
		for _, share := range shares {
			t := g.twoOf([]*pack.Rule{a, b}, nil, share)
			oa, ob := t.a.outcome(a), t.b.outcome(b)
			model := t.readable(slices.Concat(oa.kept(), ob.kept(), []lit{oa.binds, ob.binds}, narrow(t.a), narrow(t.b)))
			if model == nil {
				continue
			}
			facts, second = t.a.facts(model), t.b.facts(model)
			if facts["operation"] == second["operation"] && !clash(facts, second) {
				join(facts, second)
				second = nil
			}
			return facts, second
		}
	}
	if facts = g.beside(a, b); facts == nil {
		facts = g.beside(b, a)
	}
	return facts, nil
}

// clash tells whether two operations differ in a fact of which there is one only.
func clash(facts, second comity.Facts) bool {
	for name, x := range second {
		if _, list := x.([]any); !list && facts[name] != nil && facts[name] != x {
			return true
		}
	}
	return false
}

// beside looks for facts in which one requirement is kept by an act that the other, within
// whose reach it is, has nothing against.
func (g *Graph) beside(a, b *pack.Rule) comity.Facts {
	t := g.twoOf([]*pack.Rule{a, b}, nil, func(f *pack.Fact) bool { return !g.isActorList(f) })
	oa, ob := t.a.outcome(a), t.b.outcome(b)
	model := t.readable(slices.Concat(oa.kept(), ob.kept(), []lit{t.a.reach(a.Pack).t, ob.binds}))
	if model == nil {
		return nil
	}
	facts := t.a.facts(model)
	join(facts, t.b.facts(model))
	return facts
}

func with(facts, more comity.Facts) comity.Facts {
	out := comity.Facts{}
	for k, v := range facts {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// text writes facts in one line.
func (g *Graph) text(facts comity.Facts) string {
	var out []string
	for _, f := range g.m.Vocab.Facts[1:] {
		if f == nil || facts[f.Name] == nil {
			continue
		}
		val := facts[f.Name]
		if list, ok := val.([]any); ok {
			names := make([]string, len(list))
			for i, x := range list {
				names[i] = fmt.Sprint(x)
			}
			val = strings.Join(names, " + ")
		}
		out = append(out, fmt.Sprintf("%s is %v", f.Name, val))
	}
	return strings.Join(out, ", ")
}
