// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package decide is the one door to a decision: it resolves the facts, asks the engine,
// lets guards object, records, and only then answers. What cannot be recorded is not
// answered.
package decide

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
)

// Recorder makes events durable before it returns. *audit.Book is one. It keeps nothing
// of an event: the memory of answer, payload and lists is used again afterwards.
type Recorder interface {
	Append(ctx context.Context, e audit.Event) (comity.Record, error)
	// AppendBatch records events under one leaf, all or none.
	AppendBatch(ctx context.Context, events []audit.Event) ([]comity.Record, error)
	// Check says what is wrong with an event from an application.
	Check(e *audit.Event) error
	// Fits says why Append could never record an event.
	Fits(e audit.Event) error
	// Replay finds what a principal recorded under an idempotency key in the last 24
	// hours, also before a restart; Show reads it.
	Replay(ctx context.Context, principal, key string, request []byte) (audit.Replayed, bool, error)
	Show(ctx context.Context, index uint64, sub int) (audit.Entry, error)
}

// FactSource knows facts that a caller need not give, or must not (SEMANTICS 1.8). When
// they change it calls Door.SourceChanged.
type FactSource interface {
	// Name is the origin of its facts in records.
	Name() string
	// Authoritative tells whether the source overrides what was said before about a fact.
	Authoritative(fact string) bool
	// Facts are those that the source knows for one operation; req has no Parts.
	Facts(ctx context.Context, c Caller, req comity.Request) (comity.Facts, error)
}

// Guard may object to a decision before it is recorded, such as a live signature that
// holds an act: it changes the decision, or refuses with an error.
type Guard interface {
	// Name stands in the record of a decision that the guard changed.
	Name() string
	Object(ctx context.Context, req comity.Request, d *comity.Decision) error
}

// Programs keeps the sources of each program that decides.
type Programs interface {
	// Keep makes the sources durable before it returns; it is called before the first
	// decision by a program is recorded.
	Keep(s engine.Sources) error
}

// Options are the parts of a Door. Engine, Recorder, Programs and Clock must be set.
type Options struct {
	Engine   *engine.Engine
	Recorder Recorder
	Programs Programs
	// Sources are asked in this order.
	Sources []FactSource
	Guards  []Guard
	Clock   Clock
	// ClockBound is how far the time of day may jump, 10 s unless set.
	ClockBound time.Duration
	// Since is the time of the last entry of the log: the clock must not be before it.
	Since  time.Time
	Logger *slog.Logger
	// Cell begins the identifiers of decisions; Log names where they are recorded, and
	// Head is its latest signed head.
	Cell, Log string
	Head      func() []byte
	// MaxInFlight bounds the requests that are decided at the same time, 4096 unless set.
	// Above half of it explanations are left out.
	MaxInFlight int
	// Later, above zero, is the length of the queue of the mode "record later": answers go
	// out before they are recorded, and say so.
	Later int
	// MaxLeases bounds the answers that are kept for reuse, 16384 unless set.
	MaxLeases int
}

// Door decides and records. All methods may be called concurrently.
type Door struct {
	o       Options
	state   atomic.Pointer[state]
	time    *timeGuard
	load    load
	kept    sync.Map // hashes of programs whose sources are durable
	flights flights
	leases  leases
	asked   questions
	batches sync.Pool     // of *rest
	turns   chan struct{} // of batches that are being decided; nil: any number
	queue   *queue
	shadow  atomic.Pointer[shadow]
	count   counters
	reload  sync.Mutex
}

// Answer is one decision of a batch, or why there is none.
type Answer struct {
	Decision comity.Decision
	Err      error
}

// New opens the door. It is closed by Close.
func New(o Options) (*Door, error) {
	if o.Engine == nil || o.Recorder == nil || o.Programs == nil || o.Clock == nil {
		return nil, &comity.Error{Code: comity.CodeUsage, Op: "open door", Err: errors.New("engine, recorder, programs and clock must be set")}
	}
	o.MaxInFlight = orDefault(o.MaxInFlight, 4096)
	o.MaxLeases = orDefault(o.MaxLeases, 1<<14)
	o.ClockBound = orDefault(o.ClockBound, 10*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Door{o: o, time: newTimeGuard(o.Clock, o.ClockBound, o.Since)}
	d.load.max = int64(o.MaxInFlight)
	d.load.idle = make(chan struct{}, 1)
	d.state.Store(newState(o.Engine))
	if o.Later > 0 {
		d.queue = newQueue(o.Recorder, o.Later, o.Logger)
	}
	// A queue reads questions later, sources and guards may keep their facts.
	alone := len(o.Sources) == 0 && len(o.Guards) == 0
	d.asked.reused = alone && d.queue == nil
	if alone {
		d.turns = make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	}
	d.leases.start(d)
	return d, nil
}

func orDefault[T int | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// Decide answers one request and records it under a leaf of its own. A request with an
// idempotency key that was answered within 24 hours gets the same answer and record.
// Errors: those of the engine, CodeForbidden, CodeConflict, CodeOverloaded,
// CodeUnavailable.
func (d *Door) Decide(ctx context.Context, c Caller, req comity.Request) (comity.Decision, error) {
	q, leave, err := d.enter(c, req)
	if err != nil {
		return comity.Decision{}, d.failed(err)
	}
	defer leave()
	dec, err := d.once(ctx, q)
	d.asked.put(q) // not after a panic, when somebody may still have it
	if err != nil {
		return comity.Decision{}, d.failed(err)
	}
	d.count.decided(dec.Effect)
	return dec, nil
}

// decide is the way of every decision.
func (d *Door) decide(ctx context.Context, q *question) (comity.Decision, error) {
	if err := d.resolve(ctx, q); err != nil {
		return comity.Decision{}, err
	}
	dec, err := d.evaluate(q)
	if err != nil {
		return comity.Decision{}, err
	}
	if err := d.object(ctx, q, &dec); err != nil {
		return comity.Decision{}, err
	}
	rec, err := d.record(ctx, q, &dec)
	if err != nil {
		return comity.Decision{}, err
	}
	dec.Record = &rec
	d.compared(q, &dec)
	return dec, nil
}

// enter admits a request if the load permits.
func (d *Door) enter(c Caller, req comity.Request) (*question, func(), error) {
	if err := d.load.enter(); err != nil {
		return nil, nil, err
	}
	now, noTime := d.time.now()
	q, err := d.ask(c, req, now, noTime)
	if err != nil {
		d.load.leave()
		return nil, nil, err
	}
	return q, d.load.leave, nil
}

// ask checks the caller's scope and the tenant, at a time that noTime says is missing.
func (d *Door) ask(c Caller, req comity.Request, now time.Time, noTime error) (*question, error) {
	if err := c.Require(ScopeDecide); err != nil {
		return nil, err
	}
	if noTime != nil {
		return nil, noTime
	}
	var err error
	if req.Tenant, err = c.tenant(req); err != nil {
		return nil, err
	}
	q := d.asked.get()
	q.caller, q.req, q.asked, q.state, q.now = c, req, req, d.state.Load(), now
	if req.Explain && d.load.busy() {
		q.req.Explain, q.shed = false, true
		d.count.shedExplained.Add(1)
	}
	return q, nil
}

// evaluate asks the engine.
func (d *Door) evaluate(q *question) (comity.Decision, error) {
	dec, err := q.state.engine.Decide(q.req)
	if err != nil {
		return dec, err
	}
	dec.ID = d.newID()
	dec.Overridden = q.overridden
	return dec, d.keep(q.state, dec.Program)
}

// newID is an identifier that nobody can guess, and that tells the cell.
func (d *Door) newID() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // of base 32
	var random [26]byte                                // of which five bits each are used
	rand.Read(random[:])
	var room [64]byte
	b := append(append(room[:0], d.o.Cell...), '-')
	for _, r := range random {
		b = append(b, letters[r%32])
	}
	return string(b)
}

// keep stores the sources of a program before its first decision.
func (d *Door) keep(s *state, program string) error {
	if _, ok := d.kept.Load(program); ok {
		return nil
	}
	src, ok := s.engine.Sources(program)
	if !ok {
		return &comity.Error{Code: comity.CodeInternal, Op: "keep program", Err: fmt.Errorf("the engine has no sources of %s", program)}
	}
	if err := d.o.Programs.Keep(src); err != nil {
		return unavailable("keep program", err)
	}
	d.kept.Store(program, true)
	return nil
}

func (d *Door) object(ctx context.Context, q *question, dec *comity.Decision) error {
	for _, g := range d.o.Guards {
		before := dec.Effect
		if err := g.Object(ctx, q.req, dec); err != nil {
			return err
		}
		if dec.Effect != before {
			q.objections = append(q.objections, audit.Object{{Name: "guard", Value: g.Name()}, {Name: "before", Value: string(before)}, {Name: "after", Value: string(dec.Effect)}})
		}
	}
	return nil
}

// record makes the decision durable, or in the mode "record later" queues it. A request
// with an idempotency key is never recorded later: a repetition could not find it.
func (d *Door) record(ctx context.Context, q *question, dec *comity.Decision) (comity.Record, error) {
	e, err := q.event(dec)
	if err != nil {
		return comity.Record{}, err
	}
	if d.queue != nil && q.req.IdempotencyKey == "" {
		// What could never be recorded is not answered either.
		if err := d.o.Recorder.Fits(e); err != nil {
			return comity.Record{}, unavailable("record", err)
		}
		if err := d.queue.put(e); err != nil {
			return comity.Record{}, err
		}
		return comity.Record{Log: d.o.Log, Later: true}, nil
	}
	rec, err := d.o.Recorder.Append(ctx, e)
	if err != nil {
		return comity.Record{}, unavailable("record", err)
	}
	return rec, nil
}

// unavailable gives an error without a code the one that says: nothing can be recorded.
func unavailable(op string, err error) error {
	var e *comity.Error
	if errors.As(err, &e) {
		return err
	}
	remedy := "ask again later; nothing was answered"
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		remedy = "free space on the disk of the data folder; nothing was answered"
	}
	return &comity.Error{Code: comity.CodeUnavailable, Op: op, Err: err, Remedy: remedy}
}

// Close refuses new requests, finishes those that it accepted, and records what leases
// and queue still hold. The error says what could not be recorded.
func (d *Door) Close(ctx context.Context) error {
	err := d.load.close(ctx)
	err = errors.Join(err, d.leases.close(ctx))
	d.SetCandidate(nil, true)
	if d.queue != nil {
		err = errors.Join(err, d.queue.close(ctx))
	}
	return err
}

// Ready is nil, or why the door answers nothing now.
func (d *Door) Ready() error {
	if d.load.closing.Load() {
		return errClosing
	}
	_, err := d.time.now()
	if err == nil && d.queue != nil {
		err = d.queue.ready()
	}
	return err
}

// Engine is the engine that decides now.
func (d *Door) Engine() *engine.Engine { return d.state.Load().engine }
