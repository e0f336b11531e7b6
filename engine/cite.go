// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/comity-project/comity/internal/pack"

// MaxCitations is how many citations an answer shows without explanation.
const MaxCitations = 6

// citations orders the provisions that settle the answer (SEMANTICS 5.1). Within a group
// the first citation of each member comes before the second of any, so that a long group
// never hides one of its members.
func (r *report) citations() []string {
	out := make([]string, 0, 8)
	group := func(lists [][]string) {
		for depth := 0; ; depth++ {
			more := false
			for _, l := range lists {
				if depth < len(l) {
					out = merge(out, l[depth:depth+1])
					more = true
				}
			}
			if !more {
				return
			}
		}
	}
	for _, c := range r.byOrder() {
		out = merge(out, r.conflictCites(c))
	}
	violations := make([][]string, 0, 8)
	for _, i := range r.byWeight(r.res.violated) {
		violations = append(violations, r.cites(i))
		if i < declaredBase {
			for _, b := range r.failedClaims(i) {
				violations = append(violations, r.failedCites(i, b))
			}
		}
	}
	group(violations)
	group(r.questionCites())
	group(r.groundCites())
	group(r.ruleCites(r.res.demanded))
	var expired [][]string
	for _, i := range r.res.expired {
		expired = append(expired, []string{r.in.rules[i].Cite})
	}
	group(expired)
	if r.d.About == "state" {
		group(r.ruleCites(r.res.met))
	}
	var outside [][]string
	for _, o := range r.d.Outside {
		outside = append(outside, o.Citations)
	}
	group(outside)
	conditions := make([][]string, 0, 8)
	for _, c := range r.d.Conditions {
		conditions = append(conditions, c.Citations)
	}
	group(conditions)
	// An allow that nothing else settles is settled by what the act was shown to meet.
	if len(out) == 0 {
		group(r.ruleCites(r.res.met))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (r *report) ruleCites(list []uint32) [][]string {
	var out [][]string
	for _, i := range r.byWeight(list) {
		out = append(out, r.rule(i).Req.Cites)
	}
	return out
}

func (r *report) questionCites() [][]string {
	out := r.ruleCites(r.res.questions)
	for _, m := range r.res.missing {
		if m.rule != none && r.res.effect == "review" {
			out = append(out, r.rule(m.rule).Req.Cites)
		}
	}
	return out
}

// groundCites are those of the exceptions that lifted; a recognised retention law is
// cited with the exception that recognises it.
func (r *report) groundCites() [][]string {
	if len(r.res.held) == 0 {
		return nil
	}
	byWeight := make([]uint32, 0, len(r.res.held))
	branch := map[uint32][]*pack.RuleBranch{}
	for _, h := range r.res.held {
		if branch[h.rule] == nil {
			byWeight = append(byWeight, h.rule)
		}
		branch[h.rule] = append(branch[h.rule], &r.rule(h.rule).Branches[h.branch])
	}
	var out [][]string
	for _, i := range r.byWeight(byWeight) {
		for _, b := range branch[i] {
			out = append(out, b.Cites)
		}
	}
	return out
}
