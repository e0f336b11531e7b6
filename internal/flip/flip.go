// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package flip decides the same operation in two ways, such as by two versions of a pack
// or on two dates, and tells whether the answer flips, which requirements cause it, and,
// for a change of packs, which operations show it best.
package flip

import (
	"maps"
	"slices"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// Answer is an effect; an allow with conditions stands apart from a plain one.
type Answer string

// The answers.
const (
	Allow       Answer = "allow"
	Conditional Answer = "allow with conditions"
	Review      Answer = "review"
	Deny        Answer = "deny"
)

// gravity orders the answers, the gravest last.
var gravity = []Answer{Allow, Conditional, Review, Deny}

// Graver tells whether an answer is graver than another.
func Graver(a, b Answer) bool { return slices.Index(gravity, a) > slices.Index(gravity, b) }

// Of is the answer of a decision.
func Of(d *comity.Decision) Answer {
	if d.Effect == comity.Allow && len(d.Conditions) > 0 {
		return Conditional
	}
	return Answer(d.Effect)
}

// Way is one way to decide: by which packs, and, where they are set, as known on another
// day and for another date than the operation says.
type Way struct {
	Engine  *engine.Engine
	KnownAt time.Time
	At      any // a value of the fact date
}

// request is a request asked in this way.
func (w *Way) request(req comity.Request) comity.Request {
	if !w.KnownAt.IsZero() {
		req.KnownAt = w.KnownAt
	}
	if w.At == nil {
		return req
	}
	req.Facts = maps.Clone(req.Facts)
	if req.Facts == nil {
		req.Facts = comity.Facts{}
	}
	if req.Parts == nil {
		req.Facts["date"] = w.At
		return req
	}
	req.Parts = slices.Clone(req.Parts)
	for i := range req.Parts {
		req.Parts[i] = maps.Clone(req.Parts[i])
		req.Parts[i]["date"] = w.At
	}
	return req
}

// Flip is an operation with two answers.
type Flip struct {
	From, To Answer
	// Cause lists the requirements that the answers differ by, those of the graver answer;
	// empty where it is none, such as a fact without which nothing is judged.
	Cause []string

	a, b *Way
}

// Decisions are the two answers in full to the request of which f is the flip.
func (f *Flip) Decisions(req comity.Request) (before, after comity.Decision, err error) {
	if before, err = f.a.Engine.Decide(f.a.request(req)); err == nil {
		after, err = f.b.Engine.Decide(f.b.request(req))
	}
	return before, after, err
}

// Comparer decides operations in two ways. It is for one goroutine; the engines may be
// shared with others.
type Comparer struct {
	a, b judge
}

// NewComparer compares way a, the earlier, with way b.
func NewComparer(a, b Way) *Comparer { return &Comparer{a: judge{way: a}, b: judge{way: b}} }

// Compare gives the two answers to an operation, and the flip if they differ.
func (c *Comparer) Compare(req comity.Request) (from Answer, f *Flip, err error) {
	if from, err = c.a.answer(req); err != nil {
		return "", nil, err
	}
	to, err := c.b.answer(req)
	if err != nil || from == to {
		return from, nil, err
	}
	return from, &Flip{From: from, To: to, Cause: cause(from, to, c.a.rests(), c.b.rests()), a: &c.a.way, b: &c.b.way}, nil
}

// judge answers without writing a decision, in memory that is used again.
type judge struct {
	way  Way
	prog *engine.Program
	in   *engine.Input
	res  engine.Result
	// whole is the decision on a request with parts, else nil.
	whole *comity.Decision
}

func (j *judge) answer(req comity.Request) (Answer, error) {
	req = j.way.request(req)
	if j.whole = nil; req.Parts != nil {
		d, err := j.way.Engine.Decide(req)
		j.whole = &d
		return Of(&d), err
	}
	prog := j.way.Engine.Program()
	if !req.KnownAt.IsZero() {
		var err error
		if prog, err = j.way.Engine.ProgramAt(req.KnownAt); err != nil {
			return "", err
		}
	}
	if prog != j.prog {
		j.prog, j.in = prog, prog.NewInput()
	}
	if req.Missing == "" {
		req.Missing = comity.MissingReview
	}
	if err := prog.Encode(j.in, req.Facts, time.Time{}); err != nil {
		return "", err
	}
	if err := prog.Evaluate(j.in, req.Missing, &j.res); err != nil {
		return "", err
	}
	if j.res.Effect() == comity.Allow && j.res.Conditional() {
		return Conditional, nil
	}
	return Answer(j.res.Effect()), nil
}

// rests lists the requirements on which the last answer rests.
func (j *judge) rests() []string {
	if j.whole != nil {
		return rests(j.whole)
	}
	return j.prog.Rests(j.in, &j.res, nil)
}

// cause is what the graver answer rests on and the milder one does not.
func cause(from, to Answer, a, b []string) []string {
	graver, milder := b, a
	if Graver(from, to) {
		graver, milder = a, b
	}
	if out := without(graver, milder); len(out) > 0 {
		return out
	}
	// The same requirements, in another role: a violation that was a conflict before.
	return slices.Compact(slices.Sorted(slices.Values(graver)))
}

func without(all, some []string) []string {
	var out []string
	for _, id := range all {
		if !slices.Contains(some, id) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// rests is the same of a decision.
func rests(d *comity.Decision) (out []string) {
	switch Of(d) {
	case Deny:
		for i := range d.Violations {
			out = append(out, d.Violations[i].Requirement)
		}
	case Review:
		for i := range d.Conflicts {
			out = append(out, d.Conflicts[i].Requirements...)
		}
		for i := range d.Questions {
			out = append(out, d.Questions[i].Requirement)
		}
		for i := range d.Missing {
			out = append(out, d.Missing[i].NeededBy...)
		}
	case Conditional:
		for i := range d.Conditions {
			out = append(out, d.Conditions[i].Requirement)
		}
	}
	return out
}
