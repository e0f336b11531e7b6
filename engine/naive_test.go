// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/naive"
	"github.com/comity-project/comity/internal/naive/gen"
	"github.com/comity-project/comity/internal/pack"
)

// outcome puts a result into the naive interpreter's form.
func outcome(in *Input, r *Result) naive.Outcome {
	rules := func(list []uint32) []int {
		var out []int
		for _, i := range list {
			if i < declaredBase {
				out = append(out, int(i))
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	declared := func(list []uint32, base uint32) []int {
		var out []int
		for _, i := range list {
			if i >= base {
				out = append(out, int(i-base))
			}
		}
		slices.Sort(out)
		return out
	}
	number := func(i uint32) int {
		switch {
		case i == foreignRule:
			return math.MinInt32
		case i >= declaredBase:
			return -int(i-declaredBase) - 1
		}
		return int(i)
	}
	o := naive.Outcome{
		Effect: string(r.effect), Bound: rules(r.bound), Violated: rules(r.violated), Duties: rules(r.duties), Met: rules(r.met),
		Applied: rules(r.applied), Questions: rules(r.questions), Demands: rules(r.demanded),
		DeclaredViolated: declared(r.violated, declaredBase), DeclaredExpired: declared(r.expired, 0), DeclaredUnknown: declared(r.undeclared, 0),
	}
	for _, c := range r.conflicts {
		o.Conflicts = append(o.Conflicts, naive.Pair{V: number(c.rule), D: number(c.demand)})
	}
	for _, h := range r.held {
		o.Held = append(o.Held, naive.Held{Rule: int(h.rule), Branch: int(h.branch), Open: h.open})
	}
	for _, m := range r.missing {
		rule := -1
		if m.rule != none {
			rule = int(m.rule)
		}
		o.Missing = append(o.Missing, naive.Ask{Rule: rule, Fact: m.fact})
	}
	if len(r.undeclared) > 0 {
		o.Missing = append(o.Missing, naive.Ask{Rule: -1, Fact: in.prog.retention})
	}
	for _, n := range in.prog.outsideNodes(in) {
		o.Outside = append(o.Outside, naive.Node{Pack: int(n.pack), Node: int(n.node)})
	}
	slices.SortFunc(o.Conflicts, func(a, b naive.Pair) int { return cmpInts(a.V, b.V, a.D, b.D) })
	slices.SortFunc(o.Held, func(a, b naive.Held) int { return cmpInts(a.Rule, b.Rule, a.Branch, b.Branch, open(a), open(b)) })
	slices.SortFunc(o.Missing, func(a, b naive.Ask) int { return cmpInts(a.Rule, b.Rule, int(a.Fact), int(b.Fact)) })
	slices.SortFunc(o.Outside, func(a, b naive.Node) int { return cmpInts(a.Pack, b.Pack, a.Node, b.Node) })
	return o
}

func open(h naive.Held) int {
	if h.Open {
		return 1
	}
	return 0
}

func cmpInts(pairs ...int) int {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			return pairs[i] - pairs[i+1]
		}
	}
	return 0
}

// checkAgainstNaive decides facts with both and reports a difference.
func checkAgainstNaive(t testing.TB, p *Program, in *Input, facts comity.Facts, res *Result) {
	t.Helper()
	if err := p.Encode(in, facts, time.Time{}); err != nil {
		return
	}
	for _, mode := range []comity.Mode{comity.MissingReview, comity.MissingIgnore} {
		if err := p.Evaluate(in, mode, res); err != nil {
			t.Fatal(err)
		}
		got := outcome(in, res)
		want := naive.Evaluate(p.model, in.values(), mode == comity.MissingReview)
		if d := cmp.Diff(want, got, equateEmpty); d != "" {
			t.Fatalf("mode %s, facts %v\n%s\n(- naive, + engine)", mode, facts, d)
		}
	}
}

var equateEmpty = cmp.FilterValues(func(x, y []int) bool { return len(x) == 0 && len(y) == 0 }, cmp.Ignore())

func TestEngineAgreesWithNaiveOnRandomPacks(t *testing.T) {
	models, questions := 150, 120
	if testing.Short() {
		models, questions = 40, 60
	}
	var res Result
	effects := map[comity.Effect]int{}
	for seed := range models {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		m, err := gen.Model(r)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		in := p.NewInput()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			for range questions {
				checkAgainstNaive(t, p, in, comity.Facts(gen.Facts(r, m)), &res)
				effects[res.effect]++
			}
		})
	}
	for _, e := range []comity.Effect{comity.Allow, comity.Deny, comity.Review} {
		if effects[e] < models {
			t.Errorf("only %d answers are %s", effects[e], e)
		}
	}
}

func TestEngineAgreesWithNaiveOnEmbeddedPacks(t *testing.T) {
	p := embedded(t)
	in := p.NewInput()
	var res Result
	r := rand.New(rand.NewPCG(7, 7))
	n := 4000
	if testing.Short() {
		n = 500
	}
	for range n {
		checkAgainstNaive(t, p, in, comity.Facts(gen.Facts(r, p.model)), &res)
	}
}

func embedded(t testing.TB) *Program {
	t.Helper()
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e.Program()
}

var _ = pack.DayMax
