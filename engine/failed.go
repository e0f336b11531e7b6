// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// eachChunk calls f once, or for each chunk of more combinations than one can hold; the
// first is current afterwards.
func (in *Input) eachChunk(f func(base int)) {
	if in.combos <= 64 {
		f(0)
		return
	}
	for base := 0; base < in.combos; base += in.span {
		in.chunk(base)
		in.ev.next()
		f(base)
	}
	in.chunk(0)
	in.ev.next()
}

// findFailed finds the exceptions of violated rules on which the caller relied, and where
// rules are violated.
func (r *report) findFailed() {
	if len(r.res.violated) == 0 {
		return
	}
	if r.in.combos > 64 {
		r.chunks = map[uint32]int{}
		var one Result
		r.in.eachChunk(func(base int) {
			one.reset(r.p, r.res.review)
			r.p.judgeChunk(r.in, r.res.review, &one)
			for _, i := range one.violated {
				if _, ok := r.chunks[i]; !ok {
					r.chunks[i] = base
				}
			}
		})
	}
	r.in.eachChunk(func(int) {
		for _, i := range r.res.violated {
			if i < declaredBase {
				r.findFailedOf(i)
			}
		}
	})
}

func (r *report) findFailedOf(i uint32) {
	rl := &r.p.rules[i]
	for b := range rl.branches {
		if rl.branches[b].claim == none {
			continue
		}
		if t, _ := r.in.cond(rl.branches[b].claim); t == 0 {
			continue
		}
		src := &rl.src.Branches[b]
		if src.Edge != nil && !r.edgeMeant(i, src.Edge) {
			continue
		}
		if t, _ := r.in.lenient(rl.branches[b].when); t != r.in.full {
			r.failed = appendNew(r.failed, failedClaim{i, src})
		}
	}
}

// failedClaims are the exceptions of a violated rule on which the caller relied.
func (r *report) failedClaims(i uint32) []*pack.RuleBranch {
	var out []*pack.RuleBranch
	for b := range r.rule(i).Branches {
		if src := &r.rule(i).Branches[b]; slices.Contains(r.failed, failedClaim{i, src}) {
			out = append(out, src)
		}
	}
	return out
}

func (r *report) missing() {
	add := func(fact, need string) {
		i := slices.IndexFunc(r.d.Missing, func(m comity.Missing) bool { return m.Fact == fact })
		if i < 0 {
			i = len(r.d.Missing)
			r.d.Missing = append(r.d.Missing, comity.Missing{Fact: fact})
		}
		if need != "" && !slices.Contains(r.d.Missing[i].NeededBy, need) {
			r.d.Missing[i].NeededBy = append(r.d.Missing[i].NeededBy, need)
		}
	}
	// What is to happen comes first: without it nothing is judged.
	for _, m := range r.res.missing {
		if m.fact == r.p.op {
			add(r.p.facts[m.fact].def.Name, "")
		}
	}
	for _, m := range r.res.missing {
		need := ""
		if m.rule != none {
			need = r.rule(m.rule).ID
		}
		add(r.p.facts[m.fact].def.Name, need)
	}
	for _, i := range r.res.undeclared {
		add(r.p.facts[r.p.retention].def.Name, "the legal order of "+r.in.rules[i].Given)
	}
}

// notAtIssue lists the prohibitions about whose exceptions nothing was said, which only
// missing=ignore lets pass.
func (r *report) notAtIssue() {
	if r.res.review {
		return
	}
	for _, i := range r.res.bound {
		if r.silent(i) {
			r.d.NotAtIssue = appendNew(r.d.NotAtIssue, r.id(i))
		}
	}
}

// silent tells a prohibition that binds and did nothing.
func (r *report) silent(i uint32) bool {
	return r.p.rules[i].kind == ruleForbid && !slices.Contains(r.res.violated, i) && !slices.Contains(r.res.demanded, i) &&
		!slices.ContainsFunc(r.res.conflicts, func(c conflict) bool { return c.rule == i }) &&
		!slices.ContainsFunc(r.res.held, func(h heldBranch) bool { return h.rule == i })
}

// byWeight orders rules by weight, then id, each id once; it is valid until the next call.
func (r *report) byWeight(list []uint32) []uint32 {
	if len(list) < 2 {
		return list
	}
	out := append(r.ordered[:0], list...)
	if slices.Max(list) < declaredBase {
		slices.SortFunc(out, func(a, b uint32) int { return cmp.Compare(r.p.ranks[a], r.p.ranks[b]) })
	} else {
		slices.SortStableFunc(out, func(a, b uint32) int {
			wa, wb := r.p.standing(r.in, a).weight, r.p.standing(r.in, b).weight
			return cmp.Or(cmp.Compare(wb, wa), strings.Compare(r.id(a), r.id(b)))
		})
	}
	return slices.CompactFunc(out, func(a, b uint32) bool { return r.id(a) == r.id(b) })
}
