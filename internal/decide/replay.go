// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// flights are the requests with an idempotency key that are under way.
type flights struct {
	mu   sync.Mutex
	open map[flightKey]*flight
}

type flightKey struct{ caller, key string }

// flight is one of them; done is closed when it ended. Flights of a batch have it as owner.
type flight struct {
	body  []byte
	owner any
	done  chan struct{}
}

// claim takes a key, or gives the flight that has it.
func (f *flights) claim(k flightKey, body []byte, owner any) (mine, other *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if other := f.open[k]; other != nil {
		return nil, other
	}
	if f.open == nil {
		f.open = map[flightKey]*flight{}
	}
	mine = &flight{body: body, owner: owner, done: make(chan struct{})}
	f.open[k] = mine
	return mine, nil
}

func (f *flights) land(k flightKey, fl *flight) {
	f.mu.Lock()
	delete(f.open, k)
	f.mu.Unlock()
	close(fl.done)
}

// maxKey bounds an idempotency key in bytes.
const maxKey = 256

// alone runs do as the only one with an idempotency key. Who comes with the same key
// while it runs waits and then looks again: do finds what the first one has recorded.
func (d *Door) alone(ctx context.Context, c Caller, key string, body []byte, do func() error) error {
	if err := checkKey(key); err != nil {
		return err
	}
	k := flightKey{c.ID, key}
	for {
		mine, other := d.flights.claim(k, body, nil)
		if mine != nil {
			defer d.flights.land(k, mine)
			return do()
		}
		if !bytes.Equal(other.body, body) {
			return errOtherBody()
		}
		select {
		case <-other.done:
		case <-ctx.Done():
			return unavailable("wait for the same request", ctx.Err())
		}
	}
}

// underWay says that somebody else has a key that a batch needs, until done is closed.
type underWay struct{ done <-chan struct{} }

func (*underWay) Error() string { return "a request with this key is under way" }

// maxRounds bounds how often a batch waits for others. Two batches with the same keys in
// another order can get into each other's way more than once.
const maxRounds = 100

// afterOthers runs do, and again after whoever had one of its keys is done: then do finds
// what that one recorded. While it waits it holds no key, so that two batches cannot wait for
// each other.
func (d *Door) afterOthers(ctx context.Context, do func() error) error {
	for range maxRounds {
		err := do()
		var other *underWay
		if !errors.As(err, &other) {
			return err
		}
		select {
		case <-other.done:
		case <-ctx.Done():
			return unavailable("wait for the same request", ctx.Err())
		}
	}
	return &comity.Error{
		Code: comity.CodeUnavailable, Op: "idempotency key", Err: errors.New("requests with these keys are under way"),
		Remedy: "send all of it again in a moment; nothing of this attempt was recorded",
	}
}

// claimKey holds an idempotency key for a line of a batch until leave is called. To wait
// for whoever has it could be to wait for this very batch, so that is an error: of the line
// if this batch has it, underWay if somebody else does.
func (d *Door) claimKey(c Caller, key string, body []byte, owner any) (leave func(), err error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	k := flightKey{c.ID, key}
	mine, other := d.flights.claim(k, body, owner)
	switch {
	case mine != nil:
		return func() { d.flights.land(k, mine) }, nil
	case other.owner == owner:
		return nil, &comity.Error{Code: comity.CodeConflict, Op: "idempotency key", Err: keyFault("another line of the batch has it"), Remedy: "use each key once in a batch"}
	case !bytes.Equal(other.body, body):
		return nil, errOtherBody()
	}
	return nil, &underWay{other.done}
}

// keyFault is a conflict about an idempotency key.
type keyFault string

func (e keyFault) Error() string { return string(e) }

// KeyReused tells whether a request was refused for what its idempotency key stands for.
func KeyReused(err error) bool {
	var e keyFault
	return errors.As(err, &e)
}

func checkKey(key string) error {
	if len(key) > maxKey {
		return &comity.Error{Code: comity.CodeInvalid, Op: "idempotency key", Err: errors.New("it has more than 256 bytes"), Remedy: "use a UUID"}
	}
	return nil
}

func errOtherBody() error {
	return &comity.Error{Code: comity.CodeConflict, Op: "idempotency key", Err: keyFault("it was used for another request within 24 hours"), Remedy: "use a new key for a new request"}
}

// once answers a request with an idempotency key from the record of its first answer, if
// there is one.
func (d *Door) once(ctx context.Context, q *question) (comity.Decision, error) {
	if q.asked.IdempotencyKey == "" {
		return d.decide(ctx, q)
	}
	return d.keyed(ctx, q, q.asked.IdempotencyKey)
}

func (d *Door) keyed(ctx context.Context, q *question, key string) (dec comity.Decision, err error) {
	body, err := canonicalRequest(q.asked)
	if err != nil {
		return dec, err
	}
	err = d.alone(ctx, q.caller, key, body, func() error {
		found, err := d.replayDecision(ctx, q.caller, key, body, &dec, d.o.Recorder.Show)
		if err == nil && !found {
			dec, err = d.decide(ctx, q)
		}
		return err
	})
	return dec, err
}

// show reads an entry.
type show func(ctx context.Context, index uint64, sub int) (audit.Entry, error)

// reading reads the entries of a batch that is sent again, which mostly are parts of one.
func (d *Door) reading() show {
	switch r := d.o.Recorder.(type) {
	case interface{ Reading() *audit.Reading }:
		return r.Reading().Show
	default:
		return r.Show
	}
}

func (d *Door) replayDecision(ctx context.Context, c Caller, key string, body []byte, dec *comity.Decision, read show) (bool, error) {
	var payload struct{ Decision *comity.Decision }
	_, rec, found, err := d.replay(ctx, c, key, body, &payload, read)
	if err != nil || !found {
		return false, err
	}
	if payload.Decision == nil {
		return false, errOtherBody() // the key belongs to an event
	}
	*dec = *payload.Decision
	dec.Record = &rec
	return true, nil
}

// replay reads the payload that was recorded under a key, and when.
func (d *Door) replay(ctx context.Context, c Caller, key string, body []byte, payload any, read show) (at time.Time, rec comity.Record, found bool, err error) {
	seen, found, err := d.o.Recorder.Replay(ctx, c.ID, key, body)
	switch {
	case err != nil:
		return at, rec, false, unavailable("look up idempotency key", err)
	case !found:
		return at, rec, false, nil
	case !seen.SameRequest:
		return at, rec, false, errOtherBody()
	}
	entry, err := read(ctx, seen.Index, seen.Sub)
	if err != nil {
		return at, rec, false, unavailable("read the first answer", err)
	}
	if entry.Payload == nil {
		return at, rec, false, &comity.Error{Code: comity.CodeConflict, Op: "idempotency key", Err: keyFault("the first answer cannot be read: " + string(entry.Missing)), Remedy: "use a new key to ask again"}
	}
	if err := json.Unmarshal(entry.Payload, payload); err != nil {
		return at, rec, false, &comity.Error{Code: comity.CodeInternal, Op: "read the first answer", Err: err}
	}
	d.count.replayed.Add(1)
	return entry.Leaf.Time, d.recordOf(seen.Place), true, nil
}

// recordOf is the record of an earlier entry. Its checkpoint is not that of the first
// answer but the latest, which covers it too.
func (d *Door) recordOf(p audit.Place) comity.Record {
	index := int64(p.Index)
	rec := comity.Record{Log: d.o.Log, Index: &index}
	if p.Sub >= 0 {
		rec.Sub = &p.Sub
	}
	if d.o.Head != nil {
		rec.Checkpoint = string(d.o.Head())
	}
	return rec
}
