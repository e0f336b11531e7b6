// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// TestBatchRetry: who sends a batch again while its first attempt still runs waits for it and
// gets the answers of the first one; nothing is recorded twice, and nobody waits for ever.
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
	// What comes meanwhile waits: a part of it, all of it, more than it, and in another order.
	backwards := slices.Clone(reqs)
	slices.Reverse(backwards)
	again := [][]comity.Request{reqs[39:], reqs, append([]comity.Request{denied()}, reqs...), backwards, reqs}
	answers := make([]outcome, len(again))
	var wg sync.WaitGroup
	for i, list := range again {
		wg.Go(func() { answers[i].answers, answers[i].err = d.DecideBatch(t.Context(), everybody, list) })
	}
	wg.Go(func() {
		if list, err := d.EventBatch(t.Context(), everybody, events); err != nil || len(list) != len(events) {
			t.Errorf("events again: %v, %v", list, err)
		}
	})
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if list, err := d.DecideBatch(soon, everybody, reqs); comity.CodeOf(err) != comity.CodeUnavailable || list != nil {
		t.Errorf("who does not wait: %v, %v", list, err)
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
	wg.Wait()
	ids := map[string]string{}
	for i := range one.answers {
		ids[reqs[i].IdempotencyKey] = one.answers[i].Decision.ID
	}
	for n, list := range again {
		if answers[n].err != nil {
			t.Errorf("batch %d: %v", n, answers[n].err)
			continue
		}
		for i, a := range answers[n].answers {
			if key := list[i].IdempotencyKey; a.Err != nil || key != "" && a.Decision.ID != ids[key] {
				t.Errorf("batch %d, answer %d: %v", n, i, a.Err)
			}
		}
	}
	if n := len(s.rec.recorded(audit.TypeDecision)); n != len(reqs)+1 { // one has no key
		t.Errorf("%d records for %d requests", n, len(reqs))
	}
}
