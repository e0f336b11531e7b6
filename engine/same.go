// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "slices"

// sameWithin tells whether o, judged for the rules of mask only, agrees with r on them in
// what does not depend on other rules: in all but violations.
func (r *Result) sameWithin(o *Result, mask []uint64) bool {
	in := within(mask)
	return sameRules(r.bound, o.bound, in) && sameRules(r.applied, o.applied, in) && sameRules(r.duties, o.duties, in) &&
		sameRules(r.met, o.met, in) && sameRules(r.questions, o.questions, in) && sameRules(r.demanded, o.demanded, in) &&
		sameHeld(r.held, o.held, in) && sameMissing(r.missing, o.missing, in)
}

// sameProhibited tells the same of violations. Whether one stays one depends on other
// rules, so that a violation and a conflict count as one here.
func (r *Result) sameProhibited(o *Result, mask []uint64) bool {
	in := within(mask)
	return r.prohibits(o, in) && o.prohibits(r, in)
}

func within(mask []uint64) func(uint32) bool {
	return func(i uint32) bool { return i < declaredBase && mask[i>>6]>>(i&63)&1 != 0 }
}

func sameRules(all, some []uint32, in func(uint32) bool) bool {
	n := 0
	for _, i := range all {
		if in(i) {
			if n == len(some) || some[n] != i {
				return false
			}
			n++
		}
	}
	return n == len(some)
}

// prohibits tells whether every rule of mask that r found violated or in conflict is so in
// o as well.
func (r *Result) prohibits(o *Result, in func(uint32) bool) bool {
	has := func(i uint32) bool {
		return !in(i) || slices.Contains(o.violated, i) || slices.ContainsFunc(o.conflicts, func(c conflict) bool { return c.rule == i })
	}
	for _, i := range r.violated {
		if !has(i) {
			return false
		}
	}
	for _, c := range r.conflicts {
		if !has(c.rule) {
			return false
		}
	}
	return true
}

func sameHeld(all, some []heldBranch, in func(uint32) bool) bool {
	n := 0
	for _, h := range all {
		if in(h.rule) {
			if n == len(some) || some[n] != h {
				return false
			}
			n++
		}
	}
	return n == len(some)
}

func sameMissing(all, some []missingFact, in func(uint32) bool) bool {
	n := 0
	for _, m := range all {
		if m.rule != none && in(m.rule) {
			if n == len(some) || some[n] != m {
				return false
			}
			n++
		}
	}
	return n == len(some)
}

// same tells whether two results of one question give the same answer.
func (r *Result) same(o *Result) bool {
	return r.effect == o.effect && slices.Equal(r.bound, o.bound) && slices.Equal(r.violated, o.violated) &&
		slices.Equal(r.conflicts, o.conflicts) && slices.Equal(r.held, o.held) && slices.Equal(r.applied, o.applied) &&
		slices.Equal(r.duties, o.duties) && slices.Equal(r.met, o.met) && slices.Equal(r.questions, o.questions) &&
		slices.Equal(r.missing, o.missing) && slices.Equal(r.expired, o.expired)
}
