// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package embedded is the recorded door in-process: it opens a data folder, decides,
// records each answer in the tamper-evident log before it is given, and needs no server.
// Its methods are those of package client, so that a program can change from one to the
// other.
package embedded

import (
	"context"
	"log/slog"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
	"github.com/comity-project/comity/proof"
)

// Options say what is opened.
type Options struct {
	// Data is the data folder, which is made if there is none. One process at a time has
	// it open.
	Data string
	// Anchor is the folder of the last signed head and the keys; it must not be in what a
	// backup of Data copies. Empty is $XDG_STATE_HOME/comity/ORIGIN.
	Anchor string
	// Packs are folders of packs that add to the embedded ones.
	Packs []string
	// EventTypes is a file that declares further types of events.
	EventTypes string
	// Logger gets what an operator should know; nil is silent.
	Logger *slog.Logger
}

// Comity is an open data folder. It is safe for concurrent use.
type Comity struct {
	app    *app.App
	caller decide.Caller
}

// Open opens or creates a data folder. It is an error with CodeUnavailable if another
// process has it open, or if its log must not be written: damaged, rolled back, or
// without its anchor.
func Open(ctx context.Context, o Options) (*Comity, error) {
	a, err := app.Open(ctx, config.Config{Data: o.Data, Anchor: o.Anchor, Packs: config.Packs{Dirs: o.Packs}, EventTypes: o.EventTypes}, o.Logger)
	if err != nil {
		return nil, err
	}
	if err := a.Ready(); err != nil {
		_ = a.Close(ctx) // nothing was written; the reason matters more
		return nil, err
	}
	return &Comity{app: a, caller: principal.Local()}, nil
}

// Decide answers whether an operation may happen; the answer's Record is its receipt. A
// deny is a decision, not an error.
func (c *Comity) Decide(ctx context.Context, req comity.Request) (comity.Decision, error) {
	return c.app.Door.Decide(ctx, c.caller, req)
}

// DecideLeased is Decide for the same question again and again, such as a flag: an answer
// is reused until its ValidUntil or a change of the packs. Uses are counted, and the
// counts recorded at least once a second. The answer must not be changed.
func (c *Comity) DecideLeased(ctx context.Context, req comity.Request) (comity.Decision, error) {
	return c.app.Door.DecideLeased(ctx, c.caller, req)
}

// DecideBatch answers several questions under one entry of the log. The answers stand in
// the order of the requests; a bad request has its error in its place.
func (c *Comity) DecideBatch(ctx context.Context, reqs []comity.Request) ([]client.Answer, error) {
	list, err := c.app.Door.DecideBatch(ctx, c.caller, reqs)
	if err != nil {
		return nil, err
	}
	out := make([]client.Answer, len(list))
	for i, a := range list {
		out[i] = client.Answer{Decision: a.Decision, Err: a.Err}
	}
	return out, nil
}

// Append records an event of the application.
func (c *Comity) Append(ctx context.Context, e client.Event) (client.Receipt, error) {
	r, err := c.app.Door.Event(ctx, c.caller, eventOf(e))
	return client.Receipt{ID: r.ID, At: r.At, Record: r.Record}, err
}

// AppendBatch records several events under one entry of the log.
func (c *Comity) AppendBatch(ctx context.Context, events []client.Event) ([]client.Recorded, error) {
	list := make([]audit.Event, len(events))
	for i, e := range events {
		list[i] = eventOf(e)
	}
	recs, err := c.app.Door.EventBatch(ctx, c.caller, list)
	if err != nil {
		return nil, err
	}
	out := make([]client.Recorded, len(recs))
	for i, r := range recs {
		out[i] = client.Recorded{Receipt: client.Receipt{ID: r.ID, At: r.At, Record: r.Record}, Err: r.Err}
	}
	return out, nil
}

func eventOf(e client.Event) audit.Event {
	outcome := audit.Failure
	if e.Success {
		outcome = audit.Success
	}
	return audit.Event{
		Type: e.Type, Action: e.Action, Tenant: e.Tenant, Region: e.Region, Outcome: outcome, Subject: e.Subject,
		Principal: e.Actor.ID, Resource: audit.Resource{Type: e.Resource.Type, ID: e.Resource.ID},
		Source: e.Source, Purpose: e.Purpose, Details: e.Details, IdempotencyKey: e.IdempotencyKey,
	}
}

// VerifierKey is the public key of the log, in the form of signed notes: whoever has it
// can verify receipts and the whole log.
func (c *Comity) VerifierKey() string { return c.app.VerifierKey() }

// Prove is the proof that an entry is in the log; with the entry's leaf and VerifierKey it
// is verified anywhere, see package proof.
func (c *Comity) Prove(ctx context.Context, index uint64) (p proof.Proof, leaf []byte, err error) {
	if leaf, err = c.app.Log.Leaf(index); err != nil {
		return p, nil, err
	}
	p, err = proof.Prove(ctx, proof.SourceFunc(c.resource), index)
	return p, leaf, err
}

func (c *Comity) resource(_ context.Context, path string) ([]byte, error) {
	return c.app.Log.Resource(path)
}

// Reload reads the packs anew. That is an entry of the log before it takes effect.
func (c *Comity) Reload(ctx context.Context) (comity.Record, error) {
	done, err := c.app.Reload(ctx, c.caller)
	return done.Record, err
}

// Close finishes what was accepted and seals the log.
func (c *Comity) Close(ctx context.Context) error { return c.app.Close(ctx) }
