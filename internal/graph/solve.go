// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"
	"sync"

	"github.com/crillab/gophersat/solver"
)

// atMostOne lets at most one of the literals be true (Sinz 2005): a chain of variables tells
// whether one so far was.
func (f *formula) atMostOne(ls []lit) {
	before := no
	for i, l := range ls {
		f.clause(-l, -before)
		if i == len(ls)-1 {
			return
		}
		so := f.fresh()
		f.clause(-l, so)
		f.clause(-before, so)
		before = so
	}
}

// holds tells whether there is a model in which the assumptions hold; f.s has it then.
func (f *formula) holds(assume []lit) bool {
	if f.s == nil {
		f.s = newSat()
	}
	f.s.grow(f.vars)
	for _, c := range f.clauses[f.sent:] {
		f.s.add(slices.Clone(c))
	}
	f.sent = len(f.clauses)
	return f.s.solve(assume)
}

// model is the value of each variable, by its number less one.
func (f *formula) model() []bool {
	out := make([]bool, f.vars)
	for i := range out {
		out[i] = f.s.value[i+1] == 1
	}
	return out
}

// solve finds a model: the value of each variable, or nil if there is none.
func (f *formula) solve(assume ...lit) []bool {
	if !f.holds(assume) {
		return nil
	}
	return f.model()
}

// lean finds a model in which none of some literals is true without need; nil if there is none.
func (f *formula) lean(ls, assume []lit) []bool {
	if !f.holds(assume) {
		return nil
	}
	best := f.model()
	fixed := slices.Clone(assume)
	for _, l := range ls {
		if is(best, l) {
			if !f.holds(append(fixed, -l)) {
				continue
			}
			best = f.model()
		}
		fixed = append(fixed, -l)
	}
	return best
}

// is tells the value of a literal in a model.
func is(model []bool, l lit) bool { return (l > 0) == model[abs(l)-1] }

// solving guards the library's solver, whose learned clauses share one buffer in the whole
// process.
var solving sync.Mutex

// minimise finds a model in which the weights of the true literals sum to the least; nil if
// there is none.
func (f *formula) minimise(ls []lit, weights []int, assume ...lit) (model []bool, cost int) {
	p := f.problem(assume)
	lits := make([]solver.Lit, len(ls))
	for i, l := range ls {
		lits[i] = solver.IntToLit(int32(l))
	}
	p.SetCostFunc(lits, weights)
	solving.Lock()
	defer solving.Unlock()
	s := solver.New(p)
	if cost = s.Minimize(); cost < 0 {
		return nil, cost
	}
	model = s.Model()
	for len(model) < f.vars {
		model = append(model, false) // what no clause reads
	}
	return model, cost
}

// problem is the formula as the library takes it.
func (f *formula) problem(assume []lit) *solver.Problem {
	all := make([][]int, 0, len(f.clauses)+len(assume))
	for _, c := range f.clauses {
		ints := make([]int, len(c))
		for i, l := range c {
			ints[i] = int(l)
		}
		all = append(all, ints)
	}
	for _, l := range assume {
		all = append(all, []int{int(l)})
	}
	return solver.ParseSliceNb(all, f.vars)
}
