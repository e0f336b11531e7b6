// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
)

// Recorded is the receipt of an event.
type Recorded struct {
	ID     string        `json:"id"`
	At     time.Time     `json:"at"`
	Record comity.Record `json:"record"`
}

// RecordedOrErr is one receipt of a batch, or why there is none.
type RecordedOrErr struct {
	Recorded
	Err error
}

// Event records an event of an application. A repeated idempotency key within 24 hours
// gets the first one's receipt.
func (d *Door) Event(ctx context.Context, c Caller, e audit.Event) (Recorded, error) {
	if err := d.load.enter(); err != nil {
		return Recorded{}, d.failed(err)
	}
	defer d.load.leave()
	now, noTime := d.time.now()
	if err := d.admit(c, &e, now, noTime); err != nil {
		return Recorded{}, d.failed(err)
	}
	out := Recorded{ID: e.ID, At: e.Time}
	err := d.eventOnce(ctx, c, &e, &out, func() (err error) {
		out.Record, err = d.o.Recorder.Append(ctx, e)
		return unavailableOr("record", err)
	})
	if err != nil {
		return Recorded{}, d.failed(err)
	}
	d.count.events.Add(1)
	return out, nil
}

// EventBatch records events under one leaf. One that is wrong has its error in its place;
// the error of the call means that nothing was recorded. One that was recorded before under
// its idempotency key gets the first one's receipt, after that one is done.
func (d *Door) EventBatch(ctx context.Context, c Caller, events []audit.Event) (out []RecordedOrErr, err error) {
	err = d.afterOthers(ctx, func() error {
		out, err = d.eventBatch(ctx, c, events)
		return err
	})
	if err != nil {
		return nil, d.failed(err)
	}
	return out, nil
}

func (d *Door) eventBatch(ctx context.Context, c Caller, events []audit.Event) ([]RecordedOrErr, error) {
	if err := d.load.enter(); err != nil {
		return nil, err
	}
	defer d.load.leave()
	out := make([]RecordedOrErr, len(events))
	owner, read := new(byte), d.reading() // owner tells this batch from others
	now, noTime := d.time.now()
	good, at := make([]audit.Event, 0, len(events)), make([]int, 0, len(events))
	for i := range events {
		good = append(good[:len(at)], events[i])
		e := &good[len(at)]
		err := d.admit(c, e, now, noTime)
		if err == nil && e.IdempotencyKey != "" {
			var found bool
			var leave func()
			if found, leave, err = d.claimEvent(ctx, c, e, &out[i].Recorded, owner, read); leave != nil {
				defer leave() // until the batch is recorded
			}
			if other := (*underWay)(nil); errors.As(err, &other) {
				return nil, err
			}
			if found {
				continue
			}
		}
		if err != nil {
			out[i].Err = d.failed(err)
			continue
		}
		out[i].ID, out[i].At = e.ID, e.Time
		at = append(at, i)
	}
	if good = good[:len(at)]; len(good) == 0 {
		return out, nil
	}
	recs, err := d.o.Recorder.AppendBatch(ctx, good)
	if err != nil {
		return nil, unavailable("record", err)
	}
	for n, i := range at {
		out[i].Record = recs[n]
	}
	d.count.events.Add(uint64(len(good)))
	return out, nil
}

// CheckEvent says whether Event would accept an event.
func (d *Door) CheckEvent(c Caller, e audit.Event) error {
	now, noTime := d.time.now()
	return d.admit(c, &e, now, noTime)
}

// admit checks an event and completes it.
func (d *Door) admit(c Caller, e *audit.Event, now time.Time, noTime error) error {
	if err := c.Require(ScopeAppend); err != nil {
		return err
	}
	var err error
	if e.Tenant, err = c.tenantOf(e.Tenant); err != nil {
		return err
	}
	if noTime != nil {
		return noTime
	}
	e.Time = now
	if err := d.o.Recorder.Check(e); err != nil {
		return err
	}
	e.ID = d.newID()
	e.Caller = c.ID
	if e.Principal == "" {
		e.Principal = c.ID
	}
	return nil
}

// eventOnce records an event unless its idempotency key finds it recorded.
func (d *Door) eventOnce(ctx context.Context, c Caller, e *audit.Event, out *Recorded, record func() error) (err error) {
	if e.IdempotencyKey == "" {
		return record()
	}
	if e.Request, err = eventBody(e); err != nil {
		return err
	}
	return d.alone(ctx, c, e.IdempotencyKey, e.Request, func() error {
		found, err := d.replayEvent(ctx, c, e, out, d.o.Recorder.Show)
		if err != nil || found {
			return err
		}
		return record()
	})
}

// claimEvent holds the idempotency key of an event of a batch until leave, unless it finds
// the event recorded.
func (d *Door) claimEvent(ctx context.Context, c Caller, e *audit.Event, out *Recorded, owner any, read show) (found bool, leave func(), err error) {
	if e.Request, err = eventBody(e); err != nil {
		return false, nil, err
	}
	if leave, err = d.claimKey(c, e.IdempotencyKey, e.Request, owner); err != nil {
		return false, nil, err
	}
	found, err = d.replayEvent(ctx, c, e, out, read)
	return found, leave, err
}

func (d *Door) replayEvent(ctx context.Context, c Caller, e *audit.Event, out *Recorded, read show) (bool, error) {
	var first struct{ ID string }
	at, rec, found, err := d.replay(ctx, c, e.IdempotencyKey, e.Request, &first, read)
	if err == nil && found {
		*out = Recorded{ID: first.ID, At: at, Record: rec}
	}
	return found, err
}

// eventBody is what a repetition of an event must equal.
func eventBody(e *audit.Event) ([]byte, error) {
	return canonical(map[string]any{
		"type": e.Type, "action": e.Action, "tenant": e.Tenant, "region": e.Region, "outcome": e.Outcome, "subject": e.Subject,
		"principal": e.Principal, "resource": e.Resource, "source": e.Source, "purpose": e.Purpose, "details": e.Details,
	})
}

func unavailableOr(op string, err error) error {
	if err == nil {
		return nil
	}
	return unavailable(op, err)
}

// Change is a change of what decides or of who may ask, with hashes of what was there
// before and what comes, empty where there is nothing.
type Change struct {
	// Type is packs.changed, config.changed, key.rotated, principal.added or the like.
	Type string
	// What names the thing that changes, such as a principal or a file.
	What     string
	Old, New string
	Details  map[string]any
}

// Changed records a change, and must be called before it takes effect: what cannot be
// recorded does not happen.
func (d *Door) Changed(ctx context.Context, by Caller, ch Change) (comity.Record, error) {
	now, err := d.time.now()
	if err != nil {
		return comity.Record{}, err
	}
	return d.changed(ctx, by, ch, now)
}

func (d *Door) changed(ctx context.Context, by Caller, ch Change, now time.Time) (comity.Record, error) {
	if err := by.Require(ScopeAdminister); err != nil {
		return comity.Record{}, err
	}
	e := audit.Event{ID: d.newID(), Type: ch.Type, Action: "change", Time: now, Outcome: audit.Success, Principal: by.ID, Program: d.Engine().Program().Hash()}
	text := func(name, value string) {
		if value != "" {
			e.Payload = append(e.Payload, audit.Member{Name: name, Value: value})
		}
	}
	text("what", ch.What)
	text("old", ch.Old)
	text("new", ch.New)
	e.Details = ch.Details
	rec, err := d.o.Recorder.Append(ctx, e)
	return rec, unavailableOr("record the change", err)
}

// Activation says, of packs that come into force, which candidate is among them.
type Activation struct {
	// Layer is the hash of the candidate's files; empty if none is in force.
	Layer string
	// ProposedBy is who proposed the candidate, where it comes into force just now.
	ProposedBy string
}

// Reloaded is the receipt of a reload.
type Reloaded struct {
	// Record is the entry that says which packs decide.
	Record comity.Record
	// Applied are the keys of the configuration that changed and count now, Restart those that
	// count from the next start.
	Applied, Restart []string
	// Candidate is the program that decides in shadow; empty if there is none.
	Candidate string
}

// Reload makes next decide from now on. Its sources are stored and the change recorded
// before it takes effect; if that fails, nothing changes.
func (d *Door) Reload(ctx context.Context, by Caller, next *engine.Engine, a Activation) (comity.Record, error) {
	d.reload.Lock()
	defer d.reload.Unlock()
	s := newState(next)
	rec, err := d.packsChanged(ctx, by, s, d.Engine().Program().Hash(), a)
	if err != nil {
		return comity.Record{}, err
	}
	d.state.Store(s)
	d.SourceChanged()
	d.leases.forget()
	return rec, nil
}

// Begin records that the engine of a door that was just opened decides, after another
// program, or none, decided here before.
func (d *Door) Begin(ctx context.Context, by Caller, before string, a Activation) error {
	_, err := d.packsChanged(ctx, by, d.state.Load(), before, a)
	return err
}

func (d *Door) packsChanged(ctx context.Context, by Caller, s *state, before string, a Activation) (comity.Record, error) {
	hash := s.engine.Program().Hash()
	if err := d.keep(s, hash); err != nil {
		return comity.Record{}, err
	}
	details := map[string]any{"packs": Versions(s.engine)}
	if a.ProposedBy != "" {
		details["proposed_by"] = a.ProposedBy
	}
	return d.Changed(ctx, by, Change{Type: audit.TypePacksChanged, What: a.Layer, Old: before, New: hash, Details: details})
}

// Proposed records that somebody proposes a candidate, by the hash of its files. Its sources
// are stored, so that what was proposed can be looked at later.
func (d *Door) Proposed(ctx context.Context, by Caller, candidate *engine.Engine, layer string) (comity.Record, error) {
	hash := candidate.Program().Hash()
	if err := d.keep(newState(candidate), hash); err != nil {
		return comity.Record{}, err
	}
	return d.Changed(ctx, by, Change{
		Type: audit.TypePacksProposed, What: layer, Old: d.Engine().Program().Hash(), New: hash, Details: map[string]any{"packs": Versions(candidate)},
	})
}

// Versions are the packs of an engine with their versions.
func Versions(e *engine.Engine) (packs []string) {
	for _, p := range e.Program().Model().Packs {
		packs = append(packs, p.ID+" "+p.Version)
	}
	slices.Sort(packs)
	return packs
}

// AcceptClock takes the time of day as right after it jumped, and records both times. It
// does nothing while the clock is trusted.
func (d *Door) AcceptClock(ctx context.Context, by Caller) error {
	if _, err := d.time.now(); err == nil {
		return nil
	}
	expected, shown := d.time.jump()
	_, err := d.changed(ctx, by, Change{Type: audit.TypeConfigChanged, What: "clock", Old: expected.Format(time.RFC3339Nano), New: shown.Format(time.RFC3339Nano)}, shown)
	if err == nil {
		d.time.accept()
	}
	return err
}
