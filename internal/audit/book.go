// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/translog"
	"github.com/comity-project/comity/proof"
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
	o      Options
	drafts drafts
	busy   atomic.Int64 // appends so far, to see whether writers wait
	follow follower

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
	return checkNames(e)
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
	b.follow.remember(&d.leaf, Place{ack.Index, -1})
	return b.record(ack, nil), nil
}

func (b *Book) append(ctx context.Context, e translog.Entry) (translog.Ack, error) {
	b.busy.Add(1)
	return b.o.Log.Append(ctx, e)
}

func (b *Book) record(ack translog.Ack, sub *int) comity.Record {
	index := int64(ack.Index)
	return comity.Record{Log: b.o.Name, Index: &index, Checkpoint: string(ack.Note), Sub: sub}
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
	leaves := make([]Leaf, len(events))
	parts, fresh, err := b.sealAll(events, leaves)
	if err != nil {
		return nil, err
	}
	size := 16
	for _, p := range parts {
		size += len(p.Leaf) + len(p.Payload) + 8
	}
	if size > translog.MaxPayload/2 {
		return nil, tooLarge("batch", size, translog.MaxPayload/2, "send several batches")
	}
	payload := proof.AppendBatch(make([]byte, 0, size), parts)
	leaf := b.batchLeaf(leaves, parts, payload)
	ack, err := b.append(ctx, translog.Entry{Leaf: leaf.Append(nil), Payload: payload, NewKeys: fresh})
	if err != nil {
		return nil, err
	}
	records, subs := make([]comity.Record, len(events)), make([]int, len(events))
	shared := b.record(ack, nil)
	for i := range events {
		b.follow.remember(&leaves[i], Place{ack.Index, i})
		subs[i] = i
		records[i] = shared
		records[i].Sub = &subs[i]
	}
	return records, nil
}

// sealAll makes the parts of a batch, and their leaves. All bytes are in one block, since
// each of them is needed as long as the others.
func (b *Book) sealAll(events []Event, leaves []Leaf) (parts []proof.Part, fresh bool, err error) {
	d := b.drafts.get()
	defer b.drafts.put(d)
	block := make([]byte, 0, 1024*len(events))
	ends := make([][2]int, len(events)) // of leaf and payload
	for i := range events {
		d.event = events[i]
		if err := b.write(d); err != nil {
			return nil, false, fmt.Errorf("event %d: %w", i, err)
		}
		block = append(block, d.text...)
		ends[i][0] = len(block)
		block = append(block, d.sealed...)
		ends[i][1] = len(block)
		leaves[i] = d.leaf
		fresh = fresh || d.fresh
	}
	parts, start := make([]proof.Part, len(events)), 0
	for i, end := range ends {
		parts[i] = proof.Part{Leaf: block[start:end[0]:end[0]], Payload: block[end[0]:end[1]:end[1]]}
		start = end[1]
	}
	return parts, fresh, nil
}

// part writes one event into a draft of its own.
func (b *Book) part(e *Event) (*draft, error) {
	d := &draft{event: *e}
	return d, b.write(d)
}

// batchLeaf names what all parts share.
func (b *Book) batchLeaf(leaves []Leaf, parts []proof.Part, payload []byte) Leaf {
	texts := make([][]byte, len(parts))
	for i := range parts {
		texts[i] = parts[i].Leaf
	}
	first := &leaves[0]
	l := Leaf{Time: b.o.Now(), Type: TypeBatch, Cell: b.o.Cell, Tenant: first.Tenant, Principal: first.Principal}
	for i := range leaves {
		if leaves[i].Tenant != l.Tenant {
			l.Tenant = ""
		}
		if leaves[i].Principal != l.Principal {
			l.Principal = Pseudonym{}
		}
	}
	l.Batch = &Batch{Count: len(parts), Root: Digest(proof.BatchRoot(texts))}
	l.Payload = sha256.Sum256(payload)
	return l
}
