// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
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
	d, err := w.decide(req.Facts, req)
	lib.pool.Put(w) // not after a panic, which leaves it half changed
	return d, err
}

func checkRequest(req *comity.Request) error {
	if req.Missing == "" {
		req.Missing = comity.MissingReview
	}
	if req.Missing != comity.MissingReview && req.Missing != comity.MissingIgnore {
		return badRequest("missing", fmt.Errorf("unknown mode %q", req.Missing), "use review or ignore")
	}
	for _, w := range req.Want {
		if w != "regions" && w != "regions_unsure" {
			return badRequest("want", fmt.Errorf("unknown extra %q", w), "use regions or regions_unsure")
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
	if len(req.Want) > 0 {
		var err error
		d.Regions, err = p.regionsOf(w.in, &w.res, req.Candidates)
		if err == nil && slices.Contains(req.Want, "regions_unsure") {
			d.RegionsUnsure, err = p.unsure(w.in, w.res.review)
		}
		if err != nil {
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

func dayOf(t time.Time) pack.Day { return pack.DayOf(t.UTC()) }
