// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

var today = pack.DayOf(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))

// loaded is the engine of the embedded packs and the graph beside it, made once.
var loaded = sync.OnceValues(func() (*Graph, error) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		return nil, err
	}
	return New(eng.Program().Model(), today, func(f comity.Facts) (comity.Decision, error) {
		return eng.Decide(comity.Request{Facts: f})
	})
})

func embedded(t testing.TB) *Graph {
	t.Helper()
	g, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// What the literals say of an operation is what the engine decides: for random operations
// over the values that questions range over.
func TestOutcomesAgreeWithTheEngine(t *testing.T) {
	g := embedded(t)
	f := newFormula()
	q := g.question(f)
	var outs []outcome
	for _, r := range g.m.Rules {
		o := q.outcome(r)
		o.violated = f.and(o.violated, -q.dropped(r))
		outs = append(outs, o)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	n := 300
	if testing.Short() {
		n = 40
	}
	violated, questions := 0, 0
	for range n {
		assume, facts := randomFacts(g, q, rnd)
		model := f.solve(assume...)
		if model == nil {
			t.Fatalf("no model for %v", facts)
		}
		d, err := g.decide(facts)
		if err != nil {
			t.Fatalf("%v: %v", facts, err)
		}
		stated := map[string]bool{}
		for _, v := range d.Violations {
			stated[v.Requirement] = true
		}
		for _, c := range d.Conflicts {
			for _, id := range c.Requirements {
				stated[id] = true
			}
		}
		asked := map[string]bool{}
		for _, m := range d.Missing {
			for _, id := range m.NeededBy {
				asked[id] = true
			}
		}
		got, gotAsked := map[string]bool{}, map[string]bool{}
		violated, questions = violated+len(stated), questions+len(asked)
		for i, r := range g.m.Rules {
			got[r.ID] = got[r.ID] || is(model, outs[i].violated)
			gotAsked[r.ID] = gotAsked[r.ID] || is(model, outs[i].asks)
		}
		for _, r := range g.m.Rules {
			if got[r.ID] && !stated[r.ID] || stated[r.ID] && !got[r.ID] && r.Kind != pack.Review && len(r.Demand) == 0 {
				t.Errorf("%s: violated %v, the engine says %v\nfacts %v", r.ID, got[r.ID], stated[r.ID], facts)
			}
			if gotAsked[r.ID] != asked[r.ID] {
				t.Errorf("%s: asks %v, the engine says %v %v\nfacts %v", r.ID, gotAsked[r.ID], asked[r.ID], d.Missing, facts)
			}
		}
		if t.Failed() {
			return
		}
	}
	if violated < n/4 || questions < n {
		t.Errorf("%d violations and %d missing facts in %d questions prove little", violated, questions, n)
	}
}

func randomFacts(g *Graph, q *question, rnd *rand.Rand) ([]lit, comity.Facts) {
	facts := comity.Facts{}
	var assume []lit
	share := rnd.Float64()
	for _, fact := range g.m.Vocab.Facts[1:] {
		if fact == nil || len(g.values[fact.ID]) == 0 {
			continue
		}
		v := q.variable(fact.ID)
		must := fact.ID == g.m.Vocab.Op() || fact.ID == g.m.Vocab.Date()
		if !must && rnd.Float64() > share {
			assume = append(assume, -v.given)
			continue
		}
		i := rnd.IntN(len(v.vals))
		assume = append(assume, v.lits[i])
		if !v.whole {
			facts[fact.Name] = v.vals[i].given
			continue
		}
		for j, l := range v.lits {
			if !slices.Contains(v.vals[i].read.Items, j) {
				assume = append(assume, -l)
			}
		}
		facts[fact.Name] = []any{v.vals[i].given}
	}
	return assume, facts
}
