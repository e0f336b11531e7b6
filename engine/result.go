// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Result is the answer in the program's own numbers. It is reused between questions
// without allocation; Program.Decision turns it into the wire contract.
type Result struct {
	prog   *Program
	review bool
	simple bool // filled by judgeSimple
	effect comity.Effect

	bound      []uint32
	violated   []uint32 // rules, or declaredBase+i
	conflicts  []conflict
	held       []heldBranch
	applied    []uint32 // qualify
	duties     []uint32
	met        []uint32
	questions  []uint32
	demanded   []uint32
	missing    []missingFact
	expired    []uint32 // declared
	undeclared []uint32 // declared without an instrument
}

type conflict struct{ rule, demand uint32 }

// heldBranch is an exception that lifted a rule; open means that it still asks.
type heldBranch struct {
	rule, branch uint32
	open         bool
}

type missingFact struct {
	rule uint32 // none for the needs of the operation
	fact pack.FactID
}

type outsideNode struct{ pack, node uint16 }

// Effect is allow, deny or review.
func (r *Result) Effect() comity.Effect { return r.effect }

// Applicable appends the ids of the requirements that bind to dst, in the order of packs.
func (r *Result) Applicable(dst []string) []string {
	last := ""
	for _, i := range r.bound {
		if id := r.prog.rules[i].src.ID; id != last {
			dst = append(dst, id)
			last = id
		}
	}
	return dst
}

// Conditions appends the ids of the conditions of an allow to dst.
func (r *Result) Conditions(dst []string) []string {
	for _, h := range r.held {
		for i := range r.prog.rules[h.rule].src.Branches[h.branch].Conditions {
			dst = append(dst, r.prog.rules[h.rule].src.Branches[h.branch].Conditions[i].ID)
		}
	}
	for _, i := range r.applied {
		for j := range r.prog.rules[i].src.Req.Conditions {
			dst = append(dst, r.prog.rules[i].src.Req.Conditions[j].ID)
		}
	}
	return dst
}

// Conditional tells whether an allow has conditions.
func (r *Result) Conditional() bool {
	if len(r.applied) > 0 {
		return true
	}
	for _, h := range r.held {
		if h.open || !r.prog.rules[h.rule].branches[h.branch].settled {
			return true
		}
	}
	return false
}

// resetSimple is reset for questions that fill only three of the lists; the others are
// cleared where the last question used them.
func (r *Result) resetSimple(p *Program, review bool) {
	if !r.simple || r.prog != p {
		r.reset(p, review)
		r.simple = true
	}
	r.review, r.effect = review, comity.Allow
	r.bound, r.violated, r.applied, r.missing = r.bound[:0], r.violated[:0], r.applied[:0], r.missing[:0]
}

func (r *Result) reset(p *Program, review bool) {
	r.prog, r.review, r.effect, r.simple = p, review, comity.Allow, false
	r.bound, r.violated, r.conflicts = r.bound[:0], r.violated[:0], r.conflicts[:0]
	r.held, r.applied, r.duties = r.held[:0], r.applied[:0], r.duties[:0]
	r.met, r.questions, r.demanded = r.met[:0], r.questions[:0], r.demanded[:0]
	r.missing = r.missing[:0]
	r.expired, r.undeclared = r.expired[:0], r.undeclared[:0]
}

// appendOnce keeps lists unique when several chunks report the same rule. Rules are
// judged in ascending order, so a repeat inside one chunk is the last element.
func appendOnce(s []uint32, v uint32) []uint32 {
	if n := len(s); n > 0 && s[n-1] == v {
		return s
	}
	return append(s, v)
}

func appendNew[T comparable](s []T, v T) []T {
	for _, x := range s {
		if x == v {
			return s
		}
	}
	return append(s, v)
}
