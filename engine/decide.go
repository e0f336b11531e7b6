// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// worker is the reusable memory of one decision.
type worker struct {
	prog *Program
	in   *Input
	res  Result
}

func (lib *library) worker(p *Program) *worker {
	if w, ok := lib.pool.Get().(*worker); ok && w.prog == p {
		return w
	}
	return &worker{prog: p, in: p.NewInput()}
}

// Decide answers a request. A request with Parts is answered as DecideAll does. The facts
// must hold a date: the engine has no clock. Errors carry codes: CodeUnknown, CodeInvalid,
// CodeConflict, CodeTooLarge, CodeUsage.
func (e *Engine) Decide(req comity.Request) (comity.Decision, error) {
	lib := e.set.Load()
	p := lib.current
	if !req.KnownAt.IsZero() {
		var err error
		if p, err = lib.at(dayOf(req.KnownAt)); err != nil {
			return comity.Decision{}, err
		}
	}
	if err := checkRequest(&req); err != nil {
		return comity.Decision{}, err
	}
	if req.Parts != nil {
		return lib.decideAll(p, req)
	}
	w := lib.worker(p)
	defer lib.pool.Put(w)
	return w.decide(req.Facts, req)
}

func checkRequest(req *comity.Request) error {
	if req.Missing == "" {
		req.Missing = comity.MissingReview
	}
	if req.Missing != comity.MissingReview && req.Missing != comity.MissingIgnore {
		return badRequest("missing", fmt.Errorf("unknown mode %q", req.Missing), "use review or ignore")
	}
	for _, w := range req.Want {
		if w != "regions" {
			return badRequest("want", fmt.Errorf("unknown extra %q", w), "use regions")
		}
	}
	return nil
}

func badRequest(op string, err error, remedy string) error {
	return &comity.Error{Code: comity.CodeInvalid, Op: op, Err: err, Remedy: remedy}
}

func usageError(op string, err error, remedy string) error {
	return &comity.Error{Code: comity.CodeUsage, Op: op, Err: err, Remedy: remedy}
}

func (w *worker) decide(facts comity.Facts, req comity.Request) (comity.Decision, error) {
	p := w.prog
	if err := p.Encode(w.in, facts, time.Time{}); err != nil {
		return comity.Decision{}, err
	}
	if err := p.Evaluate(w.in, req.Missing, &w.res); err != nil {
		return comity.Decision{}, err
	}
	d := p.Decision(w.in, &w.res, req.Explain)
	if slices.Contains(req.Want, "regions") {
		var err error
		if d.Regions, err = p.regions(w.in, req.Missing != comity.MissingIgnore, req.Candidates); err != nil {
			return d, err
		}
	}
	if !req.KnownAt.IsZero() {
		t := req.KnownAt
		d.KnownAt = &t
	}
	if !req.Explain && len(d.Citations) > MaxCitations {
		d.Citations = d.Citations[:MaxCitations]
	}
	return d, nil
}

// decideAll answers a request with several parts: the gravest effect, the union of what
// each part gives, marked with its number, and the intersection of regions.
func (lib *library) decideAll(p *Program, req comity.Request) (comity.Decision, error) {
	if len(req.Parts) == 0 {
		return comity.Decision{}, badRequest("facts", errors.New("the list of parts is empty"), "give at least one facts object")
	}
	var all comity.Decision
	for i, part := range req.Parts {
		facts := maps.Clone(req.Facts)
		if facts == nil {
			facts = comity.Facts{}
		}
		maps.Copy(facts, part)
		w := lib.worker(p)
		d, err := w.decide(facts, req)
		lib.pool.Put(w)
		if err != nil {
			return comity.Decision{}, fmt.Errorf("part %d: %w", i, err)
		}
		joinPart(&all, d, i)
	}
	if !req.Explain && len(all.Citations) > MaxCitations {
		all.Citations = all.Citations[:MaxCitations]
	}
	return all, nil
}

var gravity = map[comity.Effect]int{comity.Allow: 1, comity.Review: 2, comity.Deny: 3}

func joinPart(all *comity.Decision, d comity.Decision, i int) {
	if i == 0 {
		*all = comity.Decision{Effect: d.Effect, About: d.About, Mode: d.Mode, At: d.At, KnownAt: d.KnownAt, Program: d.Program}
		all.Regions = maps.Clone(d.Regions)
	} else {
		all.Regions = intersectRegions(all.Regions, d.Regions)
	}
	// The gravest part's citations come first.
	if gravity[d.Effect] > gravity[all.Effect] {
		all.Effect = d.Effect
		all.Citations = merge(slices.Clone(d.Citations), all.Citations)
	} else {
		all.Citations = merge(all.Citations, d.Citations)
	}
	if d.ValidUntil != nil && (all.ValidUntil == nil || d.ValidUntil.Before(*all.ValidUntil)) {
		all.ValidUntil = d.ValidUntil
	}
	for _, x := range d.Violations {
		at := slices.IndexFunc(all.Violations, func(y comity.Violation) bool { return y.Requirement == x.Requirement })
		if at < 0 {
			all.Violations = append(all.Violations, x)
			at = len(all.Violations) - 1
		}
		all.Violations[at].Parts = append(all.Violations[at].Parts, i)
	}
	for _, x := range d.Conditions {
		at := slices.IndexFunc(all.Conditions, func(y comity.Condition) bool {
			return y.ID == x.ID && y.Requirement == x.Requirement && y.Due == x.Due
		})
		if at < 0 {
			all.Conditions = append(all.Conditions, x)
			at = len(all.Conditions) - 1
		}
		all.Conditions[at].Parts = append(all.Conditions[at].Parts, i)
	}
	for _, x := range d.Conflicts {
		at := slices.IndexFunc(all.Conflicts, func(y comity.Conflict) bool { return slices.Equal(y.Requirements, x.Requirements) })
		if at < 0 {
			all.Conflicts = append(all.Conflicts, x)
			at = len(all.Conflicts) - 1
		}
		all.Conflicts[at].Parts = append(all.Conflicts[at].Parts, i)
	}
	joinLists(all, d, i)
}

func joinLists(all *comity.Decision, d comity.Decision, i int) {
	for _, x := range d.Missing {
		at := slices.IndexFunc(all.Missing, func(y comity.Missing) bool { return y.Fact == x.Fact })
		if at < 0 {
			all.Missing = append(all.Missing, x)
			at = len(all.Missing) - 1
		} else {
			all.Missing[at].NeededBy = merge(all.Missing[at].NeededBy, x.NeededBy)
		}
		all.Missing[at].Parts = append(all.Missing[at].Parts, i)
	}
	for _, x := range d.Duties {
		at := slices.IndexFunc(all.Duties, func(y comity.Duty) bool { return y.ID == x.ID })
		if at < 0 {
			all.Duties = append(all.Duties, x)
			at = len(all.Duties) - 1
		}
		all.Duties[at].Parts = append(all.Duties[at].Parts, i)
	}
	for _, x := range d.Questions {
		if !slices.ContainsFunc(all.Questions, func(y comity.Question) bool { return y.Requirement == x.Requirement }) {
			all.Questions = append(all.Questions, x)
		}
	}
	for _, x := range d.Grounds {
		if !slices.ContainsFunc(all.Grounds, func(y comity.Ground) bool { return y.Requirement == x.Requirement && y.Branch == x.Branch }) {
			all.Grounds = append(all.Grounds, x)
		}
	}
	for _, x := range d.Outside {
		if !slices.ContainsFunc(all.Outside, func(y comity.OutsideNode) bool { return y.Pack == x.Pack && y.ID == x.ID }) {
			all.Outside = append(all.Outside, x)
		}
	}
	for _, x := range d.Packs {
		if !slices.Contains(all.Packs, x) {
			all.Packs = append(all.Packs, x)
		}
	}
	all.Applicable = merge(all.Applicable, d.Applicable)
	all.Explanation = append(all.Explanation, d.Explanation...)
}

// intersectRegions keeps what both allow; a kind that only one restricts stays as it is.
func intersectRegions(a, b map[string][]string) map[string][]string {
	if a == nil && b == nil {
		return nil
	}
	out := maps.Clone(a)
	if out == nil {
		out = map[string][]string{}
	}
	for kind, list := range b {
		have, ok := out[kind]
		if !ok {
			out[kind] = list
			continue
		}
		both := []string{}
		for _, r := range have {
			if slices.Contains(list, r) {
				both = append(both, r)
			}
		}
		out[kind] = both
	}
	return out
}

func dayOf(t time.Time) pack.Day { return pack.DayOf(t.UTC()) }
