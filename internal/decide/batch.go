// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// DecideBatch answers several requests under one leaf. A request that cannot be answered
// has its error in its place; the error of the call is of the batch as a whole, which then
// has no answers. A batch that is sent again while its first attempt runs waits for that one
// and gets its answers.
func (d *Door) DecideBatch(ctx context.Context, c Caller, reqs []comity.Request) (answers []Answer, err error) {
	if err := c.Require(ScopeDecide); err != nil {
		return nil, d.failed(err)
	}
	err = d.afterOthers(ctx, func() error {
		answers, err = d.decideBatch(ctx, c, reqs)
		return err
	})
	if err != nil {
		return nil, d.failed(err)
	}
	for i := range answers {
		if a := &answers[i]; a.Err != nil {
			d.count.errors.Add(1)
		} else {
			d.count.decided(a.Decision.Effect)
		}
	}
	return answers, nil
}

func (d *Door) decideBatch(ctx context.Context, c Caller, reqs []comity.Request) ([]Answer, error) {
	b := &batch{door: d, caller: c, reqs: reqs, answers: make([]Answer, len(reqs)), read: d.reading()}
	b.rest, _ = d.batches.Get().(*rest)
	if b.rest == nil {
		b.rest = new(rest)
	}
	b.rest.grow(len(reqs))
	defer b.leave()
	if err := d.load.enter(); err != nil {
		return nil, err
	}
	defer d.load.leave()
	return b.answers, b.decide(ctx)
}

// decide answers and records all requests, in turn with other batches: each has enough
// work for all processors, and many at once would only fill the memory.
func (b *batch) decide(ctx context.Context) error {
	d := b.door
	if d.turns != nil {
		select {
		case d.turns <- struct{}{}:
			defer func() { <-d.turns }()
		case <-ctx.Done():
			return unavailable("wait for other batches", ctx.Err())
		}
	}
	b.now, b.noTime = d.time.now()
	b.evaluate(ctx)
	if other := b.underWay.Load(); other != nil {
		return other
	}
	if err := b.record(ctx); err != nil {
		return err
	}
	for _, q := range b.questions {
		if q != nil {
			d.asked.put(q)
		}
	}
	b.rest.clear()
	d.batches.Put(b.rest)
	return nil
}

// rest is what a batch needs until it is recorded, in memory that is used again.
type rest struct {
	events    []audit.Event
	questions []*question // whose events are in use
	at        []int       // of the events that are recorded
}

func (r *rest) grow(n int) {
	r.events, r.questions, r.at = slices.Grow(r.events[:0], n)[:n], slices.Grow(r.questions[:0], n)[:n], slices.Grow(r.at[:0], n)
}

func (r *rest) clear() {
	clear(r.events)
	clear(r.questions)
}

// batch is several requests on their way. An event without a type is of a request that
// has its answer already: an error, or that of an earlier request with the same key.
type batch struct {
	door    *Door
	caller  Caller
	reqs    []comity.Request
	answers []Answer
	*rest
	now    time.Time // of all of them
	noTime error

	read     show                     // of what was answered before
	underWay atomic.Pointer[underWay] // what this batch has to wait for
	mu       sync.Mutex
	leaves   []func()
}

func (b *batch) leave() {
	for _, f := range b.leaves {
		f()
	}
}

// evaluate decides all requests, on as many processors as there are.
func (b *batch) evaluate(ctx context.Context) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(b.reqs)+15)/16) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(b.reqs) && b.underWay.Load() == nil; i = int(next.Add(1)) - 1 {
				a := &b.answers[i]
				a.Decision, a.Err = b.one(ctx, i)
			}
		})
	}
	wg.Wait()
}

func (b *batch) one(ctx context.Context, i int) (comity.Decision, error) {
	d := b.door
	q, err := d.ask(b.caller, b.reqs[i], b.now, b.noTime)
	if err != nil {
		return comity.Decision{}, err
	}
	b.questions[i] = q
	if key := q.asked.IdempotencyKey; key != "" {
		var dec comity.Decision
		if found, err := b.claim(ctx, q, key, &dec); err != nil || found {
			return dec, err
		}
	}
	if err := d.resolve(ctx, q); err != nil {
		return comity.Decision{}, err
	}
	dec, err := d.evaluate(q)
	if err == nil {
		err = d.object(ctx, q, &dec)
	}
	if err == nil {
		b.events[i], err = q.event(&dec)
	}
	if err != nil {
		b.events[i] = audit.Event{}
		return comity.Decision{}, err
	}
	return dec, nil
}

// claim holds an idempotency key until the batch is recorded.
func (b *batch) claim(ctx context.Context, q *question, key string, dec *comity.Decision) (bool, error) {
	body, err := canonicalRequest(q.asked)
	if err != nil {
		return false, err
	}
	leave, err := b.door.claimKey(b.caller, key, body, b)
	if err != nil {
		if other := (*underWay)(nil); errors.As(err, &other) {
			b.underWay.Store(other)
		}
		return false, err
	}
	b.mu.Lock()
	b.leaves = append(b.leaves, leave)
	b.mu.Unlock()
	return b.door.replayDecision(ctx, b.caller, key, body, dec, b.read)
}

// record puts all that was decided under one leaf and gives each answer its place.
func (b *batch) record(ctx context.Context) error {
	events, at := b.events[:0], b.at[:0] // close the gaps in place
	for i := range b.events {
		if b.events[i].Type != "" {
			events, at = append(events, b.events[i]), append(at, i)
		}
	}
	if len(events) == 0 {
		return nil
	}
	recs, err := b.door.o.Recorder.AppendBatch(ctx, events)
	if err != nil {
		return unavailable("record", err)
	}
	for n, i := range at {
		b.answers[i].Decision.Record = &recs[n]
		b.door.compared(b.questions[i], &b.answers[i].Decision)
	}
	return nil
}
