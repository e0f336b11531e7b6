// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Way is one way in which an operation is lawful: facts that the engine allows, none of which
// could be left out, and its decision on them.
type Way struct {
	Facts    comity.Facts    `json:"facts"`
	Decision comity.Decision `json:"decision"`
}

// Answer is what Ask found: ways, or the requirements that together forbid every operation
// that fits the condition; without any one of them there would be a way.
type Answer struct {
	Possible bool     `json:"possible"`
	Ways     []Way    `json:"ways,omitempty"`
	Forbids  []Reason `json:"forbids,omitempty"`
}

// Reason names a requirement.
type Reason struct {
	Requirement string   `json:"requirement"`
	Title       string   `json:"title"`
	Citations   []string `json:"citations"`
}

func (g *Graph) reasonOf(id string) Reason {
	q := g.byID[id][0].Req
	return Reason{Requirement: id, Title: q.Title, Citations: q.Cites}
}

// AskOptions narrow a question.
type AskOptions struct {
	// Plain counts only answers without conditions.
	Plain bool
	// Ways is how many different ways are looked for; 0 is one.
	Ways int
}

// maxBlocked bounds the candidates that the engine turns down without a rule to learn from.
const maxBlocked = 64

// Ask tells whether any operation that fits a condition is lawful, with single values for
// lists that are read one by one: an operation with several is lawful only if it is with each.
// Further ways differ in facts that the condition does not read. Errors have CodeTooLarge
// where the question cannot be answered exactly.
func (g *Graph) Ask(c *pack.Cond, o AskOptions) (*Answer, error) {
	if err := g.askable(c); err != nil {
		return nil, err
	}
	s := g.search(c)
	s.plain = o.Plain
	if !s.f.holds([]lit{s.wanted}) {
		return nil, &comity.Error{
			Code: comity.CodeInvalid, Op: "ask", Err: errors.New("no operation fits the condition: it contradicts itself"),
			Remedy: "a list is read one value at a time: ask for one value of each fact, or with in for any of several",
		}
	}
	out := &Answer{}
	for range max(1, o.Ways) {
		w, err := s.next()
		if err != nil {
			return nil, err
		}
		if w == nil {
			break
		}
		out.Possible = true
		out.Ways = append(out.Ways, *w)
		s.block(w.Facts)
	}
	if !out.Possible {
		for _, id := range s.core() {
			out.Forbids = append(out.Forbids, g.reasonOf(id))
		}
	}
	return out, nil
}

// askable refuses conditions over what the analysis does not vary.
func (g *Graph) askable(c *pack.Cond) error {
	for _, id := range c.Facts() {
		f := g.m.Vocab.Facts[id]
		switch {
		case id == g.m.Vocab.Date():
			return &comity.Error{Code: comity.CodeInvalid, Op: "ask", Err: errors.New("the condition reads the date, which the question fixes"), Remedy: "give the day with --at"}
		case f.Ages == pack.NoUnit && len(g.values[id]) == 0:
			return &comity.Error{Code: comity.CodeInvalid, Op: "ask", Err: fmt.Errorf("%s has no finite set of values to choose from", f.Name), Remedy: "leave it out of the condition"}
		}
	}
	if n := len(atomsOf([]*pack.Cond{c})); n > maxAtoms {
		return bound("ask", "the condition has %d comparisons, and at most %d are taken", n, maxAtoms)
	}
	return nil
}

// maxAtoms bounds the comparisons of a condition.
const maxAtoms = 200

// search looks for lawful operations. It starts from the condition alone and adds a rule each
// time that the engine turns a candidate down: what has no model then is unlawful in the whole
// model too, and what the engine allows is lawful.
type search struct {
	g       *Graph
	f       *formula
	q       *question
	wanted  lit
	own     []pack.FactID // facts of the condition
	plain   bool
	learned []string
	keeps   map[string][]lit
	blocked int
	// oracle decides candidates; accept, if it is set, asks more of what is lawful; but are
	// requirements that the oracle does not know.
	oracle Oracle
	accept func(comity.Facts) (bool, error)
	but    map[string]bool
}

func (g *Graph) search(c *pack.Cond) *search {
	s := &search{g: g, f: newFormula(), keeps: map[string][]lit{}, own: c.Facts(), oracle: g.decide}
	for i, id := range s.own {
		if f := g.m.Vocab.Facts[id]; f.Ages != pack.NoUnit {
			s.own[i] = f.Origin
		}
	}
	s.q = g.question(s.f)
	s.q.values = g.allValues(c) // its own numbers and places count, too
	s.wanted = s.q.cond(c).t
	s.q.needs()
	return s
}

// needs demands the facts without which no operation is judged.
func (q *question) needs() {
	v := q.g.m.Vocab
	op := q.variable(v.Op())
	q.f.clause(op.given)
	q.variable(v.Date())
	for _, o := range v.Operations {
		for _, id := range o.Needs {
			q.f.clause(-op.lits[o.Index], q.variable(id).given)
		}
	}
	if est, targets := v.MustFact("controller_establishment"), v.MustFact("targets"); est != nil && targets != nil {
		q.f.clause(q.variable(est.ID).given, q.variable(targets.ID).given)
	}
}

// next is another way, nil if there is none.
func (s *search) next() (*Way, error) {
	for {
		model := s.model()
		if s.f.s.tired {
			return nil, bound("ask", "the solver gave up after %d conflicts", maxLearned)
		}
		if model == nil {
			return nil, nil
		}
		facts := s.q.facts(model)
		d, ok, err := s.try(facts)
		if err != nil {
			return nil, err
		}
		if ok {
			return s.leanest(facts)
		}
		if s.learn(&d) {
			continue
		}
		if s.blocked++; s.blocked > maxBlocked {
			return nil, bound("ask", "the engine turned %d candidates down that the analysis takes as lawful", maxBlocked)
		}
		s.exclude(model)
	}
}

// try asks the oracle, and what else a way has to be.
func (s *search) try(facts comity.Facts) (comity.Decision, bool, error) {
	d, err := s.oracle(facts)
	if err != nil || !s.lawful(&d) || s.accept == nil {
		return d, err == nil && s.lawful(&d), err
	}
	ok, err := s.accept(facts)
	return d, ok, err
}

func (s *search) lawful(d *comity.Decision) bool {
	return d.Effect == comity.Allow && (!s.plain || len(d.Conditions) == 0)
}

// assumptions are what has to hold, without what one of the rules asks.
func (s *search) assumptions(without string) []lit {
	out := []lit{s.wanted}
	for _, id := range s.learned {
		if id != without {
			out = append(out, s.keeps[id]...)
		}
	}
	return out
}

// model is a candidate: one with usual values and under the law of the person's place if there
// is one, then with usual values, then any.
func (s *search) model() []bool {
	assume := s.assumptions("")
	usual := slices.Concat(assume, s.q.usual(s.own...))
	for _, try := range [][]lit{append(slices.Clone(usual), s.home()), usual} {
		if m := s.f.readable(try, s.q); m != nil || s.f.s.tired {
			return m
		}
	}
	return s.f.readable(assume, s.q)
}

// learn adds the rules that a decision names; false if it has them all.
func (s *search) learn(d *comity.Decision) bool {
	before := len(s.learned)
	for _, id := range named(d) {
		if s.keeps[id] != nil || s.but[id] || len(s.g.byID[id]) == 0 {
			continue
		}
		s.keeps[id] = []lit{}
		for _, r := range s.g.byID[id] {
			o := s.q.outcome(r)
			stays := s.q.f.and(o.violated, -s.q.dropped(r))
			s.keeps[id] = append(s.keeps[id], -stays, -o.asks, -o.open)
			if s.plain {
				s.keeps[id] = append(s.keeps[id], -s.q.conditional(r))
			}
		}
		s.learned = append(s.learned, id)
	}
	return len(s.learned) > before
}

// named lists the requirements that keep a decision from being a plain allow.
func named(d *comity.Decision) []string {
	var ids []string
	add := func(list ...string) {
		for _, id := range list {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	for _, v := range d.Violations {
		add(v.Requirement)
	}
	for _, c := range d.Conflicts {
		add(c.Requirements...)
	}
	for _, m := range d.Missing {
		add(m.NeededBy...)
	}
	for _, c := range d.Conditions {
		add(c.Requirement)
	}
	return ids
}

// block takes what a way adds to the condition out of what is looked for.
func (s *search) block(facts comity.Facts) {
	var ls []lit
	for _, v := range s.q.variables() {
		given, ok := facts[v.fact.Name]
		if !ok || v.given == yes || slices.Contains(s.own, v.fact.ID) {
			continue
		}
		list, isList := given.([]any)
		if !isList {
			list = []any{given}
		}
		for i, x := range v.vals {
			if slices.Contains(list, x.given) {
				ls = append(ls, -v.lits[i])
			}
		}
	}
	s.f.clause(ls...)
}

// exclude takes one candidate out, and no other.
func (s *search) exclude(model []bool) {
	var ls []lit
	for _, v := range s.q.variables() {
		for _, l := range append(slices.Clone(v.lits), v.given) {
			if l != yes {
				ls = append(ls, -sign(l, is(model, l)))
			}
		}
	}
	s.f.clause(ls...)
}

// leanest leaves out what the engine does not need, one fact at a time; those of the condition
// stay.
func (s *search) leanest(facts comity.Facts) (*Way, error) {
	d, _, err := s.try(facts)
	if err != nil {
		return nil, err
	}
	for _, f := range s.g.m.Vocab.Facts[1:] {
		if f == nil || facts[f.Name] == nil || slices.Contains(s.own, f.ID) || f.ID == s.g.m.Vocab.Date() {
			continue
		}
		kept := facts[f.Name]
		delete(facts, f.Name)
		if less, ok, err := s.try(facts); err == nil && ok {
			d = less
			continue
		}
		facts[f.Name] = kept
	}
	w := &Way{Facts: facts, Decision: d}
	return w, s.famous(w)
}

// core lists rules that together leave no way, each of which is needed for that.
func (s *search) core() []string {
	for i := 0; i < len(s.learned); {
		if s.f.solve(s.assumptions(s.learned[i])...) == nil {
			s.learned = slices.Delete(s.learned, i, i+1)
			continue
		}
		i++
	}
	out := slices.Clone(s.learned)
	slices.Sort(out)
	return out
}
