// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/comity-project/comity/proof"
)

const (
	// followRows is about how many rows go into the index in one step.
	followRows = 4096
	// followPause lets entries gather: a step for each would cost more than the entry.
	followPause = 20 * time.Millisecond
	// followBusy leaves the processor to writers while there are some.
	followBusy = 5 * followPause
	// followRetry is the pause after the index could not be written.
	followRetry = 2 * time.Second
)

// follower brings the index after the log. One goroutine writes the index; the others
// only leave idempotency keys that it has not seen yet.
type follower struct {
	stop    context.CancelFunc
	done    chan struct{}
	reset   chan chan error
	doubt   chan struct{} // the index failed: see what it still has
	indexed atomic.Uint64
	rows    []Row    // room for a step, of the one goroutine
	known   glossary // of the one goroutine

	mu     sync.Mutex
	recent map[Pseudonym]Seen // keys of entries that the index does not have
	ready  chan struct{}      // closed while all of them can be found
}

func (b *Book) startFollowing(ctx context.Context) error {
	f := &b.follow
	size, err := b.o.Index.Size(ctx)
	if err != nil {
		return err
	}
	if head := b.o.Log.Head().Size; size > head {
		b.o.Logger.Warn("index is not of this log and is rebuilt", "log", b.o.Name, "indexed", size, "size", head)
		if err := b.o.Index.Reset(ctx); err != nil {
			return err
		}
		size = 0
	}
	f.indexed.Store(size)
	f.reset = make(chan chan error)
	f.doubt, f.ready, f.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	f.recent = map[Pseudonym]Seen{}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	f.stop = stop
	go func() {
		defer close(f.done)
		b.recall(run, size)
		b.run(run)
	}()
	return nil
}

func (b *Book) stopFollowing() {
	b.follow.stop()
	<-b.follow.done
}

// run indexes until ctx ends. Entries that cannot be read are named and left out: an
// index with a hole is better than none, and the verifier finds what is wrong.
func (b *Book) run(ctx context.Context) {
	repaired := false
	for ctx.Err() == nil {
		at, head := b.follow.indexed.Load(), b.o.Log.Head().Size
		if at >= head {
			if !repaired {
				b.repairErasures(ctx)
				repaired = true
				continue
			}
			b.idle(ctx, at+1)
			continue
		}
		start, busy := time.Now(), b.busy.Load()
		if err := b.step(ctx, at, head); err != nil && ctx.Err() == nil {
			b.o.Logger.Error("index cannot follow the log", "log", b.o.Name, "indexed", at, "err", err)
			b.reconsider(ctx)
			b.pause(ctx, followRetry)
			continue
		}
		if b.busy.Load() != busy {
			b.pause(ctx, max(followBusy, time.Since(start)))
		}
	}
}

// idle waits for entries or for a request to start over.
func (b *Book) idle(ctx context.Context, size uint64) {
	wait, stop := context.WithCancel(ctx)
	defer stop()
	more := make(chan struct{})
	go func() {
		defer close(more)
		_ = b.o.Log.Wait(wait, size) // ends early only with its context
	}()
	select {
	case <-more:
		if b.o.Log.Head().Size < size {
			b.pause(ctx, followRetry) // the log is closed
		}
	case answer := <-b.follow.reset:
		answer <- b.resetIndex(ctx)
	case <-b.follow.doubt:
		b.reconsider(ctx)
	case <-ctx.Done():
	}
	stop()
	<-more
	b.pause(ctx, followPause)
}

func (b *Book) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case answer := <-b.follow.reset:
		answer <- b.resetIndex(ctx)
	case <-ctx.Done():
	}
}

// reconsider asks the index what it has, after it failed: a damaged one starts anew by
// itself, and has lost its idempotency keys as well.
func (b *Book) reconsider(ctx context.Context) {
	size, err := b.o.Index.Size(ctx)
	if err != nil || size >= b.follow.indexed.Load() {
		return // the next step tries again
	}
	b.o.Logger.Warn("index was lost and is rebuilt", "log", b.o.Name, "indexed", size)
	b.follow.mu.Lock()
	b.follow.ready = make(chan struct{})
	b.follow.mu.Unlock()
	b.follow.indexed.Store(size)
	b.recall(ctx, size)
}

// doubtIndex lets the follower look after an index that failed.
func (b *Book) doubtIndex() {
	select {
	case b.follow.doubt <- struct{}{}:
	default:
	}
}

func (b *Book) resetIndex(ctx context.Context) error {
	if err := b.o.Index.Reset(ctx); err != nil {
		return err
	}
	b.follow.indexed.Store(0)
	return nil
}

// Reindex builds the index anew while appends go on. It returns when the old rows are
// gone; Completeness tells how far the new ones go.
func (b *Book) Reindex(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case b.follow.reset <- answer:
		return <-answer
	case <-b.follow.done:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errClosed = errors.New("book is closed")

// Indexed is how many entries the index covers.
func (b *Book) Indexed() uint64 { return b.follow.indexed.Load() }

// step indexes some entries from at on, at most to head.
func (b *Book) step(ctx context.Context, at, head uint64) error {
	select {
	case answer := <-b.follow.reset:
		answer <- b.resetIndex(ctx)
		return nil
	default:
	}
	rows, end := b.follow.rows[:0], at
	defer func() {
		clear(rows)
		if cap(rows) <= 4*followRows {
			b.follow.rows = rows[:0]
		}
	}()
	err := b.scan(ctx, &b.follow.known, at, min(head, at+followRows), func(i uint64, more []Row) bool {
		rows, end = append(rows, more...), i+1
		return len(rows) < followRows
	})
	if err != nil {
		return err
	}
	if err := b.o.Index.Add(ctx, rows, at, end); err != nil {
		return err
	}
	b.follow.indexed.Store(end)
	b.follow.forget(rows, end)
	return nil
}

var errEnough = errors.New("enough")

// scan calls fn with the rows of each entry until it returns false. The rows are only
// valid during the call.
func (b *Book) scan(ctx context.Context, known *glossary, from, to uint64, fn func(i uint64, rows []Row) bool) error {
	var room []Row
	err := b.o.Log.Scan(ctx, from, to, func(i uint64, text []byte) error {
		rows, err := b.rows(room[:0], known, i, text)
		room = rows
		if err != nil {
			b.o.Logger.Warn("entry cannot be indexed", "log", b.o.Name, "index", i, "err", err)
		}
		if !fn(i, rows) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// rows are what an entry puts into the index: one row, or one for each part of a batch.
// A batch that cannot be taken apart is found as such.
func (b *Book) rows(dst []Row, known *glossary, i uint64, text []byte) ([]Row, error) {
	leaf, err := parseKnown(text, known)
	if err != nil {
		return dst, err
	}
	if leaf.Batch == nil {
		return append(dst, leaf.row(Place{i, -1})), nil
	}
	parts, err := b.parts(i, known.payload())
	if err != nil {
		return append(dst, leaf.row(Place{i, -1})), err
	}
	dst = slices.Grow(dst, len(parts))
	for sub, part := range parts {
		l, err := parseKnown(part.Leaf, known)
		if err != nil {
			return dst, fmt.Errorf("part %d: %w", sub, err)
		}
		dst = append(dst, l.row(Place{i, sub}))
	}
	return dst, nil
}

// parts are valid until the room is used again.
func (b *Book) parts(i uint64, room *[]byte) ([]proof.Part, error) {
	payload, err := b.o.Log.PayloadIn(room, i)
	if err != nil {
		return nil, err
	}
	return proof.Parts(payload)
}

// row is what an index keeps of a leaf.
func (l *Leaf) row(p Place) Row {
	return Row{
		Place: p, Time: l.Time, Type: l.Type, Action: l.Action, Effect: l.Effect, Outcome: l.Outcome, Region: l.Region, Regions: l.Regions,
		Tenant: l.Tenant, Program: l.Program, Requirements: l.Requirements, Jurisdictions: l.Jurisdictions,
		Subject: l.Subject, Principal: l.Principal, Resource: l.Resource, Idem: l.Idem, Body: l.Body,
	}
}

// remember keeps the idempotency key of an entry until the index has it.
func (f *follower) remember(idem Pseudonym, s Seen) {
	if idem.IsZero() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.indexed.Load() <= s.Index { // else the index has it already
		f.recent[idem] = s
	}
}

// forget drops the keys that the index has now.
func (f *follower) forget(rows []Row, end uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range rows {
		if len(f.recent) == 0 {
			return
		}
		if s, ok := f.recent[rows[i].Idem]; ok && s.Index < end {
			delete(f.recent, rows[i].Idem)
		}
	}
}

// recall reads the idempotency keys that the index lacks, as far back as they count, so
// that a rebuild does not repeat what was done.
func (b *Book) recall(ctx context.Context, from uint64) {
	to, since := b.o.Log.Head().Size, b.o.Now().Add(-IdemKept)
	first := from + uint64(sort.Search(int(to-from), func(n int) bool {
		text, err := b.o.Log.Leaf(from + uint64(n))
		if err != nil {
			return false
		}
		l, err := ParseLeaf(text)
		return err == nil && !l.Time.Before(since)
	}))
	err := b.scan(ctx, new(glossary), first, to, func(_ uint64, rows []Row) bool {
		for i := range rows {
			r := &rows[i]
			b.follow.remember(r.Idem, Seen{Place: r.Place, Body: r.Body, Time: r.Time})
		}
		return true
	})
	if err != nil && ctx.Err() == nil {
		b.o.Logger.Error("idempotency keys cannot be read", "log", b.o.Name, "err", err)
	}
	b.follow.mu.Lock()
	close(b.follow.ready)
	b.follow.mu.Unlock()
}

// Replayed is an earlier entry with the same idempotency key.
type Replayed struct {
	Place
	// SameRequest is false if the earlier request had another body: a conflict.
	SameRequest bool
}

// Replay finds the entry that a principal recorded under an idempotency key in the last
// 24 hours, also in earlier runs. Show returns its payload.
func (b *Book) Replay(ctx context.Context, principal, key string, request []byte) (Replayed, bool, error) {
	b.follow.mu.Lock()
	ready := b.follow.ready
	b.follow.mu.Unlock()
	select {
	case <-ready:
	case <-b.follow.done:
		return Replayed{}, false, errClosed
	case <-ctx.Done():
		return Replayed{}, false, ctx.Err()
	}
	idem, since := b.markIdem(principal, key), b.o.Now().Add(-IdemKept)
	b.follow.mu.Lock()
	seen, ok := b.follow.recent[idem]
	b.follow.mu.Unlock()
	if !ok {
		var err error
		if seen, ok, err = b.o.Index.Idem(ctx, idem, since); err != nil {
			b.doubtIndex()
			return Replayed{}, false, unavailable("find idempotency key", err)
		}
	}
	if !ok || seen.Time.Before(since) {
		return Replayed{}, false, nil
	}
	return Replayed{Place: seen.Place, SameRequest: seen.Body == b.markRequest(request)}, true, nil
}
