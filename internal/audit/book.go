// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/translog"
)

// Options are the parts of a Book. Log, Sealer and Index must be set. The log's SyncKeys
// must be the sealer's Sync.
type Options struct {
	Cell   string // name of the cell in leaves
	Name   string // name of the log in records
	Log    *translog.Log
	Sealer Sealer
	Index  Index
	Types  *Types // nil: the built-in types only
	Now    func() time.Time
	Logger *slog.Logger
}

// Book is one cell's log with its sealer and its index. All methods may be called
// concurrently.
type Book struct {
	o       Options
	drafts  drafts
	batches batches
	busy    atomic.Int64 // appends so far, to see whether writers wait
	follow  follower

	eraseMu sync.Mutex
	owed    []owedErasure // destroyed keys whose entries could not be written
}

// Open starts a book: its index follows the log until Close.
func Open(ctx context.Context, o Options) (*Book, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Types == nil {
		o.Types = BuiltinTypes()
	}
	if err := errors.Join(checkName("cell", o.Cell), checkName("log", o.Name)); err != nil {
		return nil, err
	}
	b := &Book{o: o}
	if err := b.startFollowing(ctx); err != nil {
		return nil, &comity.Error{Code: comity.CodeUnavailable, Op: "open index", Err: err}
	}
	return b, nil
}

// Close stops the index and closes it. The log and the sealer stay open.
func (b *Book) Close() error {
	b.stopFollowing()
	return b.o.Index.Close()
}

// Log is the log under the book.
func (b *Book) Log() *translog.Log { return b.o.Log }

// Check says what is wrong with an event from an application, before it is appended.
func (b *Book) Check(e *Event) error {
	if err := b.o.Types.Check(e); err != nil {
		return err
	}
	if err := checkDetails(e.Details); err != nil {
		return err
	}
	return checkNames(e)
}

// Fits tells whether Append could record an event: names, sizes and keys.
func (b *Book) Fits(e Event) error {
	d := b.drafts.get()
	defer b.drafts.put(d)
	d.event = e
	return b.write(d)
}

// Append records an event and returns when it is durable. Sealing and hashing happen in
// the caller's goroutine. Types are not checked here, see Check.
func (b *Book) Append(ctx context.Context, e Event) (comity.Record, error) {
	d := b.drafts.get()
	defer b.drafts.put(d)
	d.event = e
	if err := b.write(d); err != nil {
		return comity.Record{}, err
	}
	ack, err := b.append(ctx, translog.Entry{Leaf: d.text, Payload: d.sealed, NewKeys: d.fresh})
	if err != nil {
		return comity.Record{}, err
	}
	b.follow.remember(d.leaf.Idem, Seen{Place: Place{ack.Index, -1}, Body: d.leaf.Body, Time: d.leaf.Time})
	return b.record(ack, nil), nil
}

func (b *Book) append(ctx context.Context, e translog.Entry) (translog.Ack, error) {
	b.busy.Add(1)
	return b.o.Log.Append(ctx, e)
}

func (b *Book) record(ack translog.Ack, sub *int) comity.Record {
	index := int64(ack.Index)
	return comity.Record{Log: b.o.Name, Index: &index, Checkpoint: ack.Note, Sub: sub}
}

// AppendBatch records events under one leaf. The records share index and checkpoint and
// differ in Sub. If one event cannot be recorded, none is.
func (b *Book) AppendBatch(ctx context.Context, events []Event) ([]comity.Record, error) {
	if len(events) == 0 {
		return nil, nil
	}
	if len(events) > MaxBatch {
		return nil, tooLarge("batch", len(events), MaxBatch, "send several batches (the limit counts events)")
	}
	t := b.batches.get(len(events))
	defer b.batches.put(t)
	if err := b.sealAll(t, events); err != nil {
		return nil, err
	}
	if len(t.payload) > translog.MaxPayload/2 {
		return nil, tooLarge("batch", len(t.payload), translog.MaxPayload/2, "send several batches")
	}
	leaf := b.batchLeaf(t)
	ack, err := b.append(ctx, translog.Entry{Leaf: leaf.Append(nil), Payload: t.payload, NewKeys: t.fresh})
	if err != nil {
		return nil, err
	}
	for i := range t.idem {
		b.follow.remember(t.idem[i].Idem, Seen{Place: Place{ack.Index, t.idem[i].sub}, Body: t.idem[i].Body, Time: t.idem[i].Time})
	}
	records, subs := make([]comity.Record, len(events)), make([]int, len(events))
	shared := b.record(ack, nil)
	for i := range events {
		subs[i] = i
		records[i] = shared
		records[i].Sub = &subs[i]
	}
	return records, nil
}

// part writes one event into a draft of its own.
func (b *Book) part(e *Event) (*draft, error) {
	d := &draft{event: *e}
	return d, b.write(d)
}
