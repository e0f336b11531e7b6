// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

var errDisk = errors.New("disk full")

// recorder keeps events in memory and fails where fail says so. Every call that reaches
// it is counted by its name.
type recorder struct {
	mu      sync.Mutex
	fail    func(call string) error
	wait    chan struct{} // if set, Append and AppendBatch wait until it is closed
	waiting atomic.Int32  // how many calls of AppendBatch do, or did
	events  []audit.Event
	subs    []int // of each event, -1 outside of batches
	calls   map[string]int
}

func (r *recorder) call(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls == nil {
		r.calls = map[string]int{}
	}
	r.calls[name]++
	if r.fail == nil {
		return nil
	}
	return r.fail(name)
}

func (r *recorder) Append(ctx context.Context, e audit.Event) (comity.Record, error) {
	if r.wait != nil {
		<-r.wait
	}
	if err := r.call("append"); err != nil {
		return comity.Record{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events, r.subs = append(r.events, e), append(r.subs, -1)
	expand(&r.events[len(r.events)-1])
	index := int64(len(r.events) - 1)
	return comity.Record{Log: "local", Index: &index, Checkpoint: "note"}, nil
}

func (r *recorder) AppendBatch(ctx context.Context, events []audit.Event) ([]comity.Record, error) {
	if r.wait != nil {
		r.waiting.Add(1)
		<-r.wait
	}
	if err := r.call("batch"); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	index := int64(len(r.events))
	var out []comity.Record
	for i, e := range events {
		r.events, r.subs = append(r.events, e), append(r.subs, i)
		expand(&r.events[len(r.events)-1])
		out = append(out, comity.Record{Log: "local", Index: &index, Sub: &i, Checkpoint: "note"})
	}
	return out, nil
}

func (r *recorder) Fits(audit.Event) error { return nil }

func (r *recorder) Check(e *audit.Event) error { return audit.BuiltinTypes().Check(e) }

func (r *recorder) Replay(_ context.Context, principal, key string, request []byte) (audit.Replayed, bool, error) {
	if err := r.call("replay"); err != nil {
		return audit.Replayed{}, false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, e := range r.events {
		if e.IdempotencyKey == key && e.Caller == principal {
			return audit.Replayed{Place: audit.Place{Index: uint64(i), Sub: r.subs[i]}, SameRequest: bytes.Equal(e.Request, request)}, true, nil
		}
	}
	return audit.Replayed{}, false, nil
}

func (r *recorder) Show(_ context.Context, index uint64, sub int) (audit.Entry, error) {
	if err := r.call("show"); err != nil {
		return audit.Entry{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.events[index]
	payload := []byte(`{"id":"` + e.ID + `"}`)
	for _, m := range e.Payload {
		if raw, ok := m.Value.(audit.Raw); ok && m.Name == "decision" {
			payload = append(append([]byte(`{"decision":`), raw...), '}')
		}
	}
	return audit.Entry{Found: audit.Found{Leaf: audit.Leaf{Time: e.Time}}, Payload: payload}, nil
}

// expand makes values of the members of a payload that are JSON already.
func expand(e *audit.Event) {
	e.Payload, e.Answer, e.Jurisdictions = slices.Clone(e.Payload), slices.Clone(e.Answer), slices.Clone(e.Jurisdictions)
	for i, m := range e.Payload {
		if raw, ok := m.Value.(*audit.Raw); ok {
			var v any
			if err := json.Unmarshal(*raw, &v); err != nil {
				panic(err)
			}
			e.Payload[i].Value = objects(v)
		}
	}
}

func objects(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = objects(v[i])
		}
	case map[string]any:
		o := audit.Object{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			o = append(o, audit.Member{Name: name, Value: objects(v[name])})
		}
		return o
	}
	return v
}

// recorded are the events of a type.
func (r *recorder) recorded(kind string) (out []audit.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

func (r *recorder) setFail(f func(string) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = f
}

func member(e audit.Event, names ...string) any {
	o := e.Payload
	for i, name := range names {
		found := false
		for _, m := range o {
			if m.Name == name {
				if i == len(names)-1 {
					return m.Value
				}
				o, found = m.Value.(audit.Object)
				break
			}
		}
		if !found {
			return nil
		}
	}
	return nil
}

// keeper remembers which programs it was asked to keep.
type keeper struct {
	mu   sync.Mutex
	err  error
	kept []string
}

func (k *keeper) Keep(s engine.Sources) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.kept = append(k.kept, s.Program)
	}
	return k.err
}

// fakeClock is a clock that tests set: off is what somebody added to the time of day.
type fakeClock struct {
	mu    sync.Mutex
	start time.Time
	off   time.Duration
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

func (c *fakeClock) Steady() time.Duration { return time.Since(c.start) }

func (c *fakeClock) set(off time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = off
}

var everybody = decide.Caller{ID: "anna", Scopes: decide.Scopes()}

var shared struct {
	once sync.Once
	eng  *engine.Engine
	err  error
}

// packs is the engine with the embedded packs.
func packs(t testing.TB) *engine.Engine {
	t.Helper()
	shared.once.Do(func() { shared.eng, shared.err = engine.New(engine.Options{}) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.eng
}

type setup struct {
	rec   *recorder
	keep  *keeper
	clock *fakeClock
	o     decide.Options
}

func newDoor(t testing.TB, change func(*setup)) (*decide.Door, *setup) {
	t.Helper()
	s := &setup{rec: &recorder{}, keep: &keeper{}, clock: &fakeClock{start: time.Now()}}
	s.o = decide.Options{Engine: packs(t), Recorder: s.rec, Programs: s.keep, Clock: s.clock, Cell: "local", Log: "local"}
	if change != nil {
		change(s)
	}
	d, err := decide.New(s.o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return d, s
}

// denied is a transfer that was lawful until the day before.
func denied() comity.Request {
	return comity.Request{Facts: comity.Facts{
		"operation": "transfer", "date": "2020-07-16", "subject_location": "DE", "from_region": "DE", "to_region": "US",
		"data_categories": []any{"contact", "health"}, "controller_establishment": "DE", "transfer_mechanism": "privacy_shield",
	}, Subject: comity.Subject{ID: "subject-1"}}
}

func access() audit.Event {
	return audit.Event{Type: audit.TypeDataAccess, Principal: "bob", Action: "read", Resource: audit.Resource{Type: "file", ID: "7"}, Outcome: audit.Success}
}
