// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// TestBatchRetry: who sends a batch again while its first attempt still runs is told to
// come back, for the whole batch, and then gets the answers of the first one.
func TestBatchRetry(t *testing.T) {
	d, s := newDoor(t, func(s *setup) { s.rec.wait = make(chan struct{}) })
	reqs := make([]comity.Request, 40)
	events := make([]audit.Event, 3)
	for i := range reqs {
		reqs[i] = denied()
		reqs[i].IdempotencyKey = "d" + string(rune('a'+i))
	}
	for i := range events {
		events[i] = access()
		events[i].IdempotencyKey = "e" + string(rune('a'+i))
	}
	type outcome struct {
		answers []decide.Answer
		err     error
	}
	first, recorded := make(chan outcome, 1), make(chan error, 1)
	go func() {
		list, err := d.DecideBatch(t.Context(), everybody, reqs)
		first <- outcome{list, err}
	}()
	go func() {
		_, err := d.EventBatch(t.Context(), everybody, events)
		recorded <- err
	}()
	for s.rec.waiting.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	if list, err := d.DecideBatch(t.Context(), everybody, reqs[39:]); comity.CodeOf(err) != comity.CodeUnavailable || list != nil {
		t.Errorf("decisions again: %v, %v", list, err)
	}
	if list, err := d.EventBatch(t.Context(), everybody, events); comity.CodeOf(err) != comity.CodeUnavailable || list != nil {
		t.Errorf("events again: %v, %v", list, err)
	}
	if _, err := d.DecideBatch(t.Context(), everybody, append([]comity.Request{denied()}, reqs...)); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("a larger batch with the same keys: %v", err)
	}
	other := reqs[0]
	other.Explain = true
	if _, err := d.Decide(t.Context(), everybody, other); comity.CodeOf(err) != comity.CodeConflict {
		t.Errorf("another body under a key of the batch: %v", err)
	}
	close(s.rec.wait)
	one := <-first
	if one.err != nil {
		t.Fatal(one.err)
	}
	if err := <-recorded; err != nil {
		t.Fatal(err)
	}
	again, err := d.DecideBatch(t.Context(), everybody, reqs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range again {
		if again[i].Err != nil || again[i].Decision.ID != one.answers[i].Decision.ID {
			t.Errorf("answer %d: %v", i, again[i].Err)
		}
	}
	if n := len(s.rec.recorded(audit.TypeDecision)); n != len(reqs) {
		t.Errorf("%d records for %d requests", n, len(reqs))
	}
}
