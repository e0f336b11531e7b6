// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"math/rand/v2"
	"testing"

	"github.com/crillab/gophersat/solver"
)

// Our solver agrees with the library's on random formulas near the point where half of them
// have a model, step by step under assumptions; and its models are models.
func TestSatAgreesWithTheLibrary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	sat, unsat := 0, 0
	for range 150 {
		vars := 5 + rnd.IntN(40)
		f := newFormula()
		f.vars += vars
		pick := func() lit { return sign(lit(2+rnd.IntN(vars)), rnd.IntN(2) == 0) }
		for range vars * 4 {
			f.clause(pick(), pick(), pick())
		}
		for step := range 6 {
			assume := make([]lit, step)
			for i := range assume {
				assume[i] = pick()
			}
			model := f.solve(assume...)
			solving.Lock()
			want := solver.New(f.problem(assume)).Solve() == solver.Sat
			solving.Unlock()
			if (model != nil) != want {
				t.Fatalf("model %v, the library says %v", model != nil, want)
			}
			if model == nil {
				unsat++
			} else if sat++; !satisfies(f, model, assume) {
				t.Fatal("what was found is no model")
			}
			f.clause(pick(), pick(), pick())
		}
	}
	if sat < 100 || unsat < 100 {
		t.Errorf("%d formulas with a model and %d without prove little", sat, unsat)
	}
}

func satisfies(f *formula, model []bool, assume []lit) bool {
	for _, c := range f.clauses {
		some := false
		for _, l := range c {
			some = some || is(model, l)
		}
		if !some {
			return false
		}
	}
	for _, l := range assume {
		if !is(model, l) {
			return false
		}
	}
	return true
}
