// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"

	"github.com/comity-project/comity/proof"
)

// WalkStep is how many entries Walk reads at once: ranges that begin at a multiple of it
// are read without reading anything twice.
const WalkStep = 256

// Walk calls fn for the entries from <= index < to whose leaf is wanted, and for the parts
// of batches, in their order, each with its opened payload or the reason why there is none.
// Several ranges may be walked at once.
func (b *Book) Walk(ctx context.Context, from, to uint64, want func(*Leaf) bool, fn func(*Entry) error) error {
	for from < to {
		end := min(to, from-from%WalkStep+WalkStep)
		if err := b.walkStep(ctx, from, end, want, fn); err != nil {
			return err
		}
		from = end
	}
	return nil
}

func (b *Book) walkStep(ctx context.Context, from, to uint64, want func(*Leaf) bool, fn func(*Entry) error) error {
	var list []Entry
	some := false
	err := b.o.Log.Scan(ctx, from, to, func(i uint64, text []byte) error {
		leaf, err := ParseLeaf(text)
		if err != nil {
			return readError(Place{i, -1}, err)
		}
		list = append(list, Entry{Found: Found{Place{i, -1}, leaf, bytes.Clone(text)}})
		some = some || leaf.Batch != nil || want(&leaf)
		return nil
	})
	if err != nil || !some {
		return err
	}
	return b.o.Log.ScanPayloads(ctx, from, from+uint64(len(list)), func(i uint64, sealed []byte) error {
		e := &list[i-from]
		if e.Leaf.Batch != nil {
			return b.walkBatch(i, sealed, want, fn)
		}
		if !want(&e.Leaf) {
			return nil
		}
		return b.walkOne(e, sealed, fn)
	})
}

func (b *Book) walkOne(e *Entry, sealed []byte, fn func(*Entry) error) error {
	var err error
	if e.Payload, e.Missing, err = b.openPayload(&e.Leaf, sealed); err != nil {
		return err
	}
	return fn(e)
}

func (b *Book) walkBatch(i uint64, payload []byte, want func(*Leaf) bool, fn func(*Entry) error) error {
	parts, err := proof.Parts(payload)
	if err != nil {
		return readError(Place{i, -1}, err)
	}
	for sub := range parts {
		at := Place{i, sub}
		leaf, err := ParseLeaf(parts[sub].Leaf)
		if err != nil {
			return readError(at, err)
		}
		if !want(&leaf) {
			continue
		}
		e := Entry{Found: Found{at, leaf, parts[sub].Leaf}}
		if err := b.walkOne(&e, parts[sub].Payload, fn); err != nil {
			return err
		}
	}
	return nil
}
