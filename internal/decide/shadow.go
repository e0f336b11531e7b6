// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// Difference is a decision that a candidate would have made otherwise. It names nobody.
type Difference struct {
	ID         string        `json:"id"`
	Operation  string        `json:"operation,omitempty"`
	Effect     comity.Effect `json:"effect"`
	Candidate  comity.Effect `json:"candidate,omitempty"`
	Error      comity.Code   `json:"error,omitempty"` // the candidate could not decide
	Conditions []string      `json:"conditions,omitempty"`
	Instead    []string      `json:"candidate_conditions,omitempty"`
}

// Shadow counts what a candidate decided beside the packs in force.
type Shadow struct {
	Program   string
	Decided   uint64
	Different uint64
	// Skipped decisions were not compared, because the candidate was behind.
	Skipped uint64
	// Latest are the last differences, the newest last.
	Latest []Difference
}

// shadow decides with packs that are not in force. It never delays an answer: what comes
// while it is behind is skipped and counted.
type shadow struct {
	engine *engine.Engine
	logger *slog.Logger
	ch     chan shadowed
	done   chan struct{}

	mu     sync.Mutex
	closed bool
	stats  Shadow
}

// shadowed is a decision with the request that it answers, whose facts are resolved.
type shadowed struct {
	req       comity.Request
	operation string
	dec       comity.Decision
}

// Bounds of what waits and of what is kept.
const shadowQueue, shadowLatest = 256, 100

func newShadow(e *engine.Engine, logger *slog.Logger) *shadow {
	s := &shadow{engine: e, logger: logger, ch: make(chan shadowed, shadowQueue), done: make(chan struct{})}
	s.stats.Program = e.Program().Hash()
	go s.run()
	return s
}

func (s *shadow) put(q *question, dec *comity.Decision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	select {
	case s.ch <- shadowed{req: q.req, operation: strings.Clone(q.firstText("operation")), dec: *dec}:
	default:
		s.stats.Skipped++
	}
}

func (s *shadow) run() {
	defer close(s.done)
	for x := range s.ch {
		x.req.Explain, x.req.Want = false, nil
		other, err := s.engine.Decide(x.req)
		d := Difference{
			ID: x.dec.ID, Operation: x.operation, Effect: x.dec.Effect, Candidate: other.Effect, Error: comity.CodeOf(err),
			Conditions: conditionIDs(&x.dec), Instead: conditionIDs(&other),
		}
		same := err == nil && d.Effect == d.Candidate && slices.Equal(d.Conditions, d.Instead)
		s.mu.Lock()
		s.stats.Decided++
		if !same {
			s.stats.Different++
			if s.stats.Latest = append(s.stats.Latest, d); len(s.stats.Latest) > shadowLatest {
				s.stats.Latest = slices.Delete(s.stats.Latest, 0, 1)
			}
		}
		s.mu.Unlock()
		if !same {
			s.logger.Info("the candidate decides otherwise", "id", d.ID, "operation", d.Operation, "effect", d.Effect, "candidate", d.Candidate, "error", d.Error)
		}
	}
}

func conditionIDs(d *comity.Decision) []string {
	var out []string
	for _, c := range d.Conditions {
		out = append(out, c.Requirement+" "+c.ID)
	}
	slices.Sort(out)
	return out
}

func (s *shadow) close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.ch)
	}
	s.mu.Unlock()
	<-s.done
}

// Shadow is what the candidate decided so far; false if there is none.
func (d *Door) Shadow() (Shadow, bool) {
	s := d.shadow
	if s == nil {
		return Shadow{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Latest = slices.Clone(out.Latest)
	return out, true
}
