// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package naive

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// judge reads one rule at combination n.
func (e *evaluation) judge(r *pack.Rule, w *view, n int) {
	if w.day < r.From || w.day >= r.Until {
		return
	}
	for _, node := range r.Pack.Outside {
		if w.kleene(node.When) == pack.True {
			return
		}
	}
	reach, scope := w.kleene(r.Pack.Reach.When), w.kleene(r.When)
	switch {
	case reach == pack.True && scope == pack.True:
		e.bound(r, w, n)
	case e.review && reach != pack.False && scope != pack.False:
		e.couldBind(r, w, reach, scope)
	}
}

// bound applies a rule that binds at combination n.
func (e *evaluation) bound(r *pack.Rule, w *view, n int) {
	e.out.Bound = append(e.out.Bound, r.Index)
	held, open := w.choose(r)
	if held >= 0 {
		e.out.Held = append(e.out.Held, Held{r.Index, held, open})
	}
	switch {
	case r.Kind == pack.Qualify:
		e.out.Applied = append(e.out.Applied, r.Index)
	case r.Kind == pack.Review:
		if held < 0 {
			e.out.Questions = append(e.out.Questions, r.Index)
		}
	case prohibits(r):
		if held < 0 {
			e.unlifted(r, w, n)
		} else if open && e.review {
			e.askOpen(r, w.asks(r.Branches[held].When))
		}
	case r.Must != nil && held < 0:
		e.mustHold(r, w, n)
	}
	op, ok := e.operation()
	if held < 0 && ok && slices.Contains(r.Demand, op) {
		e.out.Demands = append(e.out.Demands, r.Index)
		e.demanded[r.Index] = append(e.demanded[r.Index], n)
	}
}

// prohibits tells the rules that only an exception lifts.
func prohibits(r *pack.Rule) bool {
	return r.Kind == pack.Forbid || r.Kind == pack.Retain && r.Must == nil
}

// unlifted judges a prohibition that no branch lifts.
func (e *evaluation) unlifted(r *pack.Rule, w *view, n int) {
	silent := !r.Req.Absolute && len(r.Branches) > 0
	for i := range r.Branches {
		if w.branchSpokenTo(&r.Branches[i]) {
			silent = false
		}
	}
	if !silent {
		e.violate(r, n)
		return
	}
	if !e.review {
		return
	}
	before := len(e.out.Missing)
	for i := range r.Branches {
		e.askAbsent(r, r.Req.Ask, r.Branches[i].When)
	}
	switch {
	case len(e.out.Missing) > before:
	case r.Req.SilentDuty:
		e.out.Duties = append(e.out.Duties, r.Index)
	default:
		e.violate(r, n)
	}
}

func (e *evaluation) violate(r *pack.Rule, n int) {
	e.violated[r.Index] = append(e.violated[r.Index], n)
}

// askOpen asks for the facts that a branch leaves open and the rule does not do without.
func (e *evaluation) askOpen(r *pack.Rule, open []pack.FactID) {
	for _, f := range open {
		if slices.Contains(r.Req.Ask, f) {
			e.out.Missing = append(e.out.Missing, Ask{r.Index, f})
		}
	}
}

// mustHold judges what has to hold and is not excused.
func (e *evaluation) mustHold(r *pack.Rule, w *view, n int) {
	switch w.kleene(r.Must) {
	case pack.False:
		e.violate(r, n)
	case pack.True:
		e.out.Met = append(e.out.Met, r.Index)
	default:
		e.out.Duties = append(e.out.Duties, r.Index)
	}
}

// couldBind asks for the facts of reach and scope without which it is not known whether
// the rule binds, if it would then stop the operation.
func (e *evaluation) couldBind(r *pack.Rule, w *view, reach, scope pack.Tri) {
	if held, _ := w.choose(r); held >= 0 || !e.wouldStop(r, w) {
		return
	}
	if reach == pack.Unknown && scope == pack.True {
		e.askAbsent(r, append(slices.Clone(r.Req.Ask), r.Pack.Reach.Ask...), r.Pack.Reach.When)
	}
	if scope == pack.Unknown {
		e.askAbsent(r, r.Req.Ask, r.When)
	}
}

// wouldStop tells whether the rule, if it bound and no branch held, would give more than
// a duty or a demand.
func (e *evaluation) wouldStop(r *pack.Rule, w *view) bool {
	switch {
	case r.Must != nil:
		return w.kleene(r.Must) == pack.False
	case r.Kind == pack.Review:
		return true
	case !prohibits(r):
		return false
	}
	return !r.Req.SilentDuty || e.anybodySpoke(r, w)
}

// anybodySpoke tells whether some branch of the rule is spoken to at any combination.
func (e *evaluation) anybodySpoke(r *pack.Rule, w *view) bool {
	for _, c := range e.combinations {
		there := newView(e.m, e.vals, c, w.zone)
		for i := range r.Branches {
			if there.branchSpokenTo(&r.Branches[i]) {
				return true
			}
		}
	}
	return false
}

// askAbsent asks for those of the facts that are absent and occur in c.
func (e *evaluation) askAbsent(r *pack.Rule, facts []pack.FactID, c *pack.Cond) {
	for _, f := range facts {
		if e.vals[f] == nil && slices.Contains(c.Facts(), f) {
			e.out.Missing = append(e.out.Missing, Ask{r.Index, f})
		}
	}
}

// choose is the branch that lifts or excuses the rule, or -1. Full comes before open,
// settled before conditional, then the order of the pack.
func (w *view) choose(r *pack.Rule) (branch int, open bool) {
	for _, open := range []bool{false, true} {
		for _, settled := range []bool{true, false} {
			for i := range r.Branches {
				b := &r.Branches[i]
				holds, isOpen := w.holds(r, b)
				if holds && isOpen == open && b.Settled() == settled {
					return i, open
				}
			}
		}
	}
	return -1, false
}

// holds tells whether a branch holds, and whether it still asks for something.
func (w *view) holds(r *pack.Rule, b *pack.RuleBranch) (holds, open bool) {
	switch w.lenient(b.When) {
	case pack.True:
		return true, false
	case pack.False:
		return false, false
	}
	if !b.Rests(w.m.Vocab) || r.Req.Absolute {
		return false, false
	}
	if b.Claim != nil && w.kleene(b.Claim) == pack.False {
		return false, false
	}
	return w.branchSpokenTo(b), true
}

// branchSpokenTo tells whether it is known who relies on the branch: its claim is known,
// or, without a claim, a fact that it rests on was given.
func (w *view) branchSpokenTo(b *pack.RuleBranch) bool {
	if b.Claim != nil {
		return w.kleene(b.Claim) != pack.Unknown
	}
	return w.spokenTo(b.When)
}
