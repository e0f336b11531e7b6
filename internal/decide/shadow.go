// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// Kind says in what a candidate's decision differs; of several, the gravest.
type Kind string

// The kinds.
const (
	KindSame         Kind = "same"
	KindRequirements Kind = "requirements" // others apply, or apply otherwise
	KindConditions   Kind = "conditions"
	KindEffect       Kind = "effect"
	KindError        Kind = "error" // the candidate could not decide
)

// Kinds are all kinds, the gravest last.
func Kinds() []Kind {
	return []Kind{KindSame, KindRequirements, KindConditions, KindEffect, KindError}
}

// Difference is a decision that a candidate would have made otherwise. It names nobody.
type Difference struct {
	ID string `json:"id"`
	// Index and Sub are where it is recorded; no index in the mode "record later".
	Index     *int64        `json:"index,omitempty"`
	Sub       *int          `json:"sub,omitempty"`
	Kind      Kind          `json:"kind"`
	Operation string        `json:"operation,omitempty"`
	Effect    comity.Effect `json:"effect"`
	Candidate comity.Effect `json:"candidate,omitempty"`
	Error     comity.Code   `json:"error,omitempty"`
	// Requirements are those that differ, at most 50, and More how many there are beyond.
	Requirements []Role `json:"requirements,omitempty"`
	More         int    `json:"more,omitempty"`
}

// Role is what became of a requirement: violated, conflict, question, missing, condition with
// its ids, duty or applies; empty if it does not apply.
type Role struct {
	ID     string `json:"id"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Flip counts the decisions whose effect would be another.
type Flip struct {
	Effect    comity.Effect `json:"effect"`
	Candidate comity.Effect `json:"candidate"`
	Count     uint64        `json:"count"`
}

// Shadow counts what a candidate decided beside the packs in force.
type Shadow struct {
	Program string
	// Kinds count the decisions that were compared.
	Kinds map[Kind]uint64
	// Skipped decisions were not compared, because the candidate was behind.
	Skipped uint64
	Flips   []Flip
	// Latest are the last differences, the newest last.
	Latest []Difference
}

// Candidate says what is in force and what decides in shadow, and who proposed it.
type Candidate struct {
	// InForce is the program that decides, Activated the hash of the files of a candidate that
	// were brought into force with it, if there are any.
	InForce, Activated string
	// Shadow is nil if there is no candidate.
	Shadow     *Shadow
	Packs      []string
	ProposedBy string
}

// Decided is how many decisions were compared.
func (s Shadow) Decided() (n uint64) {
	for _, k := range s.Kinds {
		n += k
	}
	return n
}

// Different is how many of them differ.
func (s Shadow) Different() uint64 { return s.Decided() - s.Kinds[KindSame] }

// shadow decides with packs that are not in force, on a goroutine of its own. It never
// delays an answer: what comes while it is behind is skipped and counted.
type shadow struct {
	engine *engine.Engine
	logger *slog.Logger
	ch     chan shadowed
	done   chan struct{}

	mu     sync.Mutex
	closed bool
	held   int // bytes of what waits
	stats  Shadow
	flips  map[[2]comity.Effect]uint64
}

// shadowed is a decision with the request that it answers, whose facts are resolved.
type shadowed struct {
	req       comity.Request
	operation string
	dec       comity.Decision
	size      int
}

// Bounds of what waits and of what is kept.
const (
	shadowQueue  = 1 << 14
	shadowMemory = 16 << 20
	shadowLatest = 100
	shadowRoles  = 50
)

func newShadow(e *engine.Engine, logger *slog.Logger) *shadow {
	s := &shadow{engine: e, logger: logger, ch: make(chan shadowed, shadowQueue), done: make(chan struct{}), flips: map[[2]comity.Effect]uint64{}}
	s.stats.Program, s.stats.Kinds = e.Program().Hash(), map[Kind]uint64{}
	go s.run()
	return s
}

// put takes over a decision and copies of its facts, which the door uses again.
func (s *shadow) put(q *question, dec *comity.Decision) {
	x := shadowed{operation: strings.Clone(q.firstText("operation")), dec: *dec}
	x.dec.Explanation, x.dec.Overridden = nil, nil
	x.size = 1024 + 128*(len(dec.Applicable)+len(dec.Conditions)+len(dec.Duties)+len(dec.Violations)+len(dec.Missing)+len(dec.Conflicts))
	x.req = comity.Request{Missing: q.req.Missing, KnownAt: q.req.KnownAt, Facts: copyFacts(q.req.Facts, &x.size)}
	for _, part := range q.req.Parts {
		x.req.Parts = append(x.req.Parts, copyFacts(part, &x.size))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.held+x.size > shadowMemory {
		s.stats.Skipped++
		return
	}
	select {
	case s.ch <- x:
		s.held += x.size
	default:
		s.stats.Skipped++
	}
}

// copyFacts copies facts with their lists, and adds up about how large they are.
func copyFacts(facts comity.Facts, size *int) comity.Facts {
	if facts == nil {
		return nil
	}
	out := make(comity.Facts, len(facts))
	for name, v := range facts {
		*size += len(name) + 32
		switch v := v.(type) {
		case string:
			*size += len(v)
			out[name] = v
		case []string:
			for _, s := range v {
				*size += len(s) + 16
			}
			out[name] = slices.Clone(v)
		case []any:
			for _, x := range v {
				s, _ := x.(string)
				*size += len(s) + 16
			}
			out[name] = slices.Clone(v)
		default:
			out[name] = v
		}
	}
	return out
}

func (s *shadow) run() {
	defer close(s.done)
	for x := range s.ch {
		s.mu.Lock()
		s.held -= x.size
		closed := s.closed
		if closed {
			s.stats.Skipped++
		}
		s.mu.Unlock()
		if closed {
			continue
		}
		other, err := s.decide(x.req)
		s.count(compare(&x, &other, err))
	}
}

// decide is the candidate's answer. A fault in it is an answer, too, and hurts nobody else.
func (s *shadow) decide(req comity.Request) (dec comity.Decision, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &comity.Error{Code: comity.CodeInternal, Op: "decide by the candidate", Err: fmt.Errorf("panic: %T", v)}
		}
	}()
	return s.engine.Decide(req)
}

func (s *shadow) count(d Difference) {
	s.mu.Lock()
	s.stats.Kinds[d.Kind]++
	if d.Kind == KindEffect {
		s.flips[[2]comity.Effect{d.Effect, d.Candidate}]++
	}
	if d.Kind != KindSame {
		if s.stats.Latest = append(s.stats.Latest, d); len(s.stats.Latest) > shadowLatest {
			s.stats.Latest = slices.Delete(s.stats.Latest, 0, 1)
		}
	}
	s.mu.Unlock()
	if d.Kind != KindSame {
		s.logger.Debug("the candidate decides otherwise", "id", d.ID, "kind", d.Kind, "operation", d.Operation, "effect", d.Effect, "candidate", d.Candidate, "error", d.Error)
	}
}

// compare tells in what a candidate's decision differs from the one that was given.
func compare(x *shadowed, other *comity.Decision, err error) Difference {
	d := Difference{ID: x.dec.ID, Operation: x.operation, Effect: x.dec.Effect, Kind: KindError}
	if r := x.dec.Record; r != nil {
		d.Index, d.Sub = r.Index, r.Sub
	}
	if err != nil {
		d.Error = comity.CodeOf(err)
		return d
	}
	d.Candidate = other.Effect
	before, after := roles(&x.dec), roles(other)
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if before[id] != after[id] {
			d.Requirements = append(d.Requirements, Role{id, before[id], after[id]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if before[id] == "" {
			d.Requirements = append(d.Requirements, Role{ID: id, After: after[id]})
		}
	}
	switch {
	case d.Effect != d.Candidate:
		d.Kind = KindEffect
	case !slices.Equal(conditionIDs(&x.dec), conditionIDs(other)):
		d.Kind = KindConditions
	case len(d.Requirements) > 0:
		d.Kind = KindRequirements
	default:
		d.Kind = KindSame
	}
	if n := len(d.Requirements) - shadowRoles; n > 0 {
		d.Requirements, d.More = d.Requirements[:shadowRoles], n
	}
	return d
}

// roles are what became of each requirement of a decision; the gravest counts.
func roles(d *comity.Decision) map[string]string {
	out := make(map[string]string, len(d.Applicable))
	for _, id := range d.Applicable {
		out[id] = "applies"
	}
	for _, x := range d.Duties {
		out[x.Requirement] = "duty"
	}
	for _, x := range d.Missing {
		for _, id := range x.NeededBy {
			out[id] = "missing"
		}
	}
	for _, x := range d.Questions {
		out[x.Requirement] = "question"
	}
	conditions := map[string][]string{}
	for _, x := range d.Conditions {
		conditions[x.Requirement] = append(conditions[x.Requirement], x.ID)
	}
	for id, list := range conditions {
		slices.Sort(list)
		out[id] = "condition " + strings.Join(list, ", ")
	}
	for _, x := range d.Conflicts {
		for _, id := range x.Requirements {
			out[id] = "conflict"
		}
	}
	for _, x := range d.Violations {
		out[x.Requirement] = "violated"
	}
	return out
}

func conditionIDs(d *comity.Decision) []string {
	var out []string
	for _, c := range d.Conditions {
		out = append(out, c.Requirement+" "+c.ID)
	}
	slices.Sort(out)
	return out
}

// close ends it; what waits is skipped.
func (s *shadow) close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.ch)
	}
	s.mu.Unlock()
	<-s.done
}

// compared shows the candidate a decision that was recorded. One that a guard changed is no
// decision of the packs.
func (d *Door) compared(q *question, dec *comity.Decision) {
	if s := d.shadow.Load(); s != nil && len(q.objections) == 0 {
		s.put(q, dec)
	}
}

// SetCandidate makes an engine decide in shadow from now on, or none if it is nil. The same
// program goes on with its counts, unless what it is compared with has changed.
func (d *Door) SetCandidate(e *engine.Engine, afresh bool) {
	old := d.shadow.Load()
	if old != nil && e != nil && !afresh && old.engine.Program().Hash() == e.Program().Hash() {
		return
	}
	var s *shadow
	if e != nil {
		s = newShadow(e, d.o.Logger)
	}
	if old = d.shadow.Swap(s); old != nil {
		old.close()
	}
}

// Shadow is what the candidate decided so far; false if there is none.
func (d *Door) Shadow() (Shadow, bool) {
	s := d.shadow.Load()
	if s == nil {
		return Shadow{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Kinds, out.Latest = maps.Clone(out.Kinds), slices.Clone(out.Latest)
	for pair, n := range s.flips {
		out.Flips = append(out.Flips, Flip{pair[0], pair[1], n})
	}
	slices.SortFunc(out.Flips, func(a, b Flip) int {
		return strings.Compare(string(a.Effect+a.Candidate), string(b.Effect+b.Candidate))
	})
	return out, true
}
