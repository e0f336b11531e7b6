// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// countEvery is how old an unrecorded use may become, recordEvery how often uses are
// recorded while all goes well.
const (
	countEvery  = time.Second
	recordEvery = countEvery / 2
)

// DecideLeased is Decide for callers that ask the same again and again: an answer is
// reused for identical facts until its valid_until, a change of program, or a change of a
// source; the uses are counted and the counts recorded at least once a second (SEMANTICS
// 6.1). The record is that of the first answer.
func (d *Door) DecideLeased(ctx context.Context, c Caller, req comity.Request) (comity.Decision, error) {
	q, leave, err := d.enter(c, req)
	if err != nil {
		return comity.Decision{}, d.failed(err)
	}
	defer leave()
	// An idempotency key would make each request another one.
	req.IdempotencyKey, q.asked.IdempotencyKey, q.req.IdempotencyKey = "", "", ""
	body, err := canonicalRequest(req)
	if err != nil {
		return comity.Decision{}, d.failed(err)
	}
	key := leaseKey(sha256.Sum256(append(append([]byte(c.ID), 0), body...)))
	dec, found, err := d.leases.use(ctx, key, q)
	if err == nil && !found {
		gen := d.leases.generation.Load()
		if dec, err = d.decide(ctx, q); err == nil {
			d.count.decided(dec.Effect)
			err = d.leases.give(ctx, key, q, dec, gen)
		}
	}
	if err != nil {
		return comity.Decision{}, d.failed(err)
	}
	return dec, nil
}

// SourceChanged ends all leases: one of the sources knows something new.
func (d *Door) SourceChanged() { d.leases.generation.Add(1) }

type leaseKey [sha256.Size]byte

// lease is an answer that may be used again.
type lease struct {
	dec        comity.Decision
	event      audit.Event // whose record tells of its uses
	state      *state
	generation uint64
	uses       atomic.Uint64 // not recorded yet
}

// leases are those in force. The lock is held for reading while a use is counted, and for
// writing while counts are taken to be recorded.
type leases struct {
	door       *Door
	generation atomic.Uint64
	wake       chan struct{} // a use that is not recorded
	stop       chan struct{}
	done       chan struct{}
	recording  sync.Mutex // one recording at a time

	mu    sync.RWMutex
	byKey map[leaseKey]*lease
	// oldest is the steady time of the oldest use that is not recorded, 0 if there is none.
	oldest atomic.Int64
}

func (l *leases) start(d *Door) {
	l.door, l.byKey = d, map[leaseKey]*lease{}
	l.wake, l.stop, l.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go l.run()
}

// run records uses half a second after the first of them, and tries again as often.
func (l *leases) run() {
	defer close(l.done)
	for {
		select {
		case <-l.wake:
		case <-l.stop:
			return
		}
		select {
		case <-time.After(recordEvery):
		case <-l.stop:
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), countEvery)
		if err := l.record(ctx); err != nil {
			l.door.o.Logger.Error("uses of leases are not recorded", "error", err)
		}
		cancel()
	}
}

// dirty tells run that there is something to record.
func (l *leases) dirty() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *leases) len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.byKey)
}

// use counts a use and gives the answer, if there is one in force. While earlier uses
// older than a second are not recorded, nothing is given.
func (l *leases) use(ctx context.Context, key leaseKey, q *question) (comity.Decision, bool, error) {
	for {
		l.mu.RLock()
		have := l.byKey[key]
		if have == nil || !l.inForce(have, q) {
			l.mu.RUnlock()
			return comity.Decision{}, false, nil
		}
		now := max(1, int64(l.door.o.Clock.Steady()))
		first := l.oldest.CompareAndSwap(0, now)
		if first || now-l.oldest.Load() < int64(countEvery) {
			have.uses.Add(1)
			l.mu.RUnlock()
			if first {
				l.dirty()
			}
			l.door.count.leaseUses.Add(1)
			return have.dec, true, nil
		}
		l.mu.RUnlock()
		if err := l.record(ctx); err != nil {
			return comity.Decision{}, false, err
		}
	}
}

func (l *leases) inForce(have *lease, q *question) bool {
	return have.state == q.state && have.generation == l.generation.Load() &&
		(have.dec.ValidUntil == nil || q.now.Before(*have.dec.ValidUntil))
}

// give makes a lease of an answer, after all counts of earlier ones are recorded.
func (l *leases) give(ctx context.Context, key leaseKey, q *question, dec comity.Decision, generation uint64) error {
	if err := l.record(ctx); err != nil {
		return err
	}
	if dec.Record == nil || dec.Record.Later || q.shed {
		return nil // counts refer to a place in the log, and a lease to the whole answer
	}
	e := audit.Event{
		Type: audit.TypeLeaseUsed, Action: strings.Clone(q.firstText("operation")), Tenant: q.req.Tenant, Effect: dec.Effect, Program: dec.Program,
		Outcome: audit.Success, Subject: q.req.Subject, Principal: q.principal(), Caller: q.caller.ID,
		Payload: audit.Object{{Name: "decision", Value: audit.Object{{Name: "id", Value: dec.ID}, {Name: "index", Value: *dec.Record.Index}}}},
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.byKey) >= l.door.o.MaxLeases {
		l.sweep(func(old *lease) bool { return l.inForce(old, q) })
	}
	if len(l.byKey) < l.door.o.MaxLeases {
		if old := l.byKey[key]; old == nil || old.uses.Load() == 0 {
			l.byKey[key] = &lease{dec: dec, event: e, state: q.state, generation: generation}
		}
	}
	return nil
}

// sweep drops the leases that are over and have no uses to be recorded. The lock is held.
func (l *leases) sweep(inForce func(*lease) bool) {
	for k, old := range l.byKey {
		if !inForce(old) && old.uses.Load() == 0 {
			delete(l.byKey, k)
		}
	}
}

// forget drops leases of an earlier program, which they would keep in memory.
func (l *leases) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := l.door.state.Load()
	l.sweep(func(have *lease) bool { return have.state == state })
}

// maxCounts bounds the counts that are recorded under one leaf.
const maxCounts = 1000

// record makes all counts durable. What could not be recorded is counted again.
func (l *leases) record(ctx context.Context) error {
	l.recording.Lock() // first: what another recording has taken is not durable yet
	defer l.recording.Unlock()
	if l.oldest.Load() == 0 {
		return nil
	}
	began := max(1, int64(l.door.o.Clock.Steady()))
	used, counts := l.take()
	for len(used) > 0 {
		n := min(len(used), maxCounts)
		if err := l.append(ctx, used[:n], counts[:n]); err != nil {
			l.dirty()
			return unavailable("record uses of leases", err)
		}
		for i, u := range used[:n] {
			u.uses.Add(^(counts[i] - 1)) // less what is durable now
		}
		used, counts = used[n:], counts[n:]
	}
	l.settle(began)
	return nil
}

// settle says how old the oldest use is that is not durable, now that those before began
// are.
func (l *leases) settle(began int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.oldest.Store(0)
	for _, have := range l.byKey {
		if have.uses.Load() > 0 {
			l.oldest.Store(began)
			l.dirty()
			return
		}
	}
}

// take reads the counts; uses that come after it belong to the next recording. They stay
// with their leases, which are not dropped before they are durable.
func (l *leases) take() (used []*lease, counts []uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	state, generation := l.door.state.Load(), l.generation.Load()
	l.sweep(func(have *lease) bool { return have.state == state && have.generation == generation })
	for _, have := range l.byKey {
		if n := have.uses.Load(); n > 0 {
			used, counts = append(used, have), append(counts, n)
		}
	}
	return used, counts
}

func (l *leases) append(ctx context.Context, used []*lease, counts []uint64) error {
	now, err := l.door.time.now()
	if err != nil {
		return err
	}
	events := make([]audit.Event, len(used))
	for i, u := range used {
		e := u.event
		e.ID, e.Time = l.door.newID(), now
		e.Payload = append(e.Payload[:len(e.Payload):len(e.Payload)], audit.Member{Name: "uses", Value: counts[i]})
		events[i] = e
	}
	if len(events) == 1 {
		_, err = l.door.o.Recorder.Append(ctx, events[0])
		return err
	}
	_, err = l.door.o.Recorder.AppendBatch(ctx, events)
	return err
}

// close records what was counted.
func (l *leases) close(ctx context.Context) error {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	<-l.done
	return l.record(ctx)
}
