// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/proof"
)

// Missing says why an entry has no payload to show.
type Missing string

// The reasons.
const (
	// MissingErased: the key was destroyed; Entry.ErasedBy names the entry that says so.
	MissingErased Missing = "erased"
	// MissingKey: this keyring never had the key, or lost it.
	MissingKey Missing = "key unknown"
	// MissingDamaged: the stored bytes are not those that the leaf commits to.
	MissingDamaged Missing = "damaged"
	// MissingBatch: a batch has no payload of its own; its parts have.
	MissingBatch Missing = "batch"
)

// Entry is one entry with its payload, or the reason why it cannot be read.
type Entry struct {
	Found
	// Payload is the opened payload as JSON, nil if Missing.
	Payload []byte
	Missing Missing
	// ErasedBy is the index of the entry that records the erasure.
	ErasedBy *uint64
}

// Show reads an entry; sub is -1 for an entry that is not part of a batch. What the log
// does not have is CodeNotFound.
func (b *Book) Show(ctx context.Context, index uint64, sub int) (Entry, error) {
	var r reader
	e, sealed, err := r.entry(b, Place{index, sub})
	if err != nil {
		return Entry{}, err
	}
	return b.opened(ctx, e, sealed)
}

// Reading reads several entries. It keeps the batch that it read last, since each of its
// parts would otherwise cost the whole of it. It is safe for concurrent use.
type Reading struct {
	book *Book
	mu   sync.Mutex
	r    reader
}

// Reading begins one.
func (b *Book) Reading() *Reading { return &Reading{book: b} }

// Show is Book.Show.
func (x *Reading) Show(ctx context.Context, index uint64, sub int) (Entry, error) {
	x.mu.Lock()
	e, sealed, err := x.r.entry(x.book, Place{index, sub})
	x.mu.Unlock()
	if err != nil {
		return Entry{}, err
	}
	return x.book.opened(ctx, e, sealed)
}

// opened opens an entry that was read.
func (b *Book) opened(ctx context.Context, e Found, sealed []byte) (out Entry, err error) {
	out = Entry{Found: e}
	if e.Leaf.Batch != nil {
		out.Missing = MissingBatch
		return out, nil
	}
	out.Payload, out.Missing, err = b.openPayload(&e.Leaf, sealed)
	if err == nil && out.Missing == MissingErased {
		out.ErasedBy, err = b.erasedBy(ctx, keyName(&e.Leaf))
	}
	return out, err
}

// keyName is the pseudonym under whose key a payload is sealed.
func keyName(l *Leaf) Pseudonym {
	if l.Type == TypeSubjectErased {
		return Pseudonym{} // sealed by the cell, about somebody whose key is gone
	}
	return l.Subject
}

// openPayload opens what is sealed under a leaf, or says why it cannot be read.
func (b *Book) openPayload(l *Leaf, sealed []byte) (payload []byte, why Missing, err error) {
	if sha256.Sum256(sealed) != l.Payload {
		return nil, MissingDamaged, nil
	}
	switch payload, err = b.o.Sealer.Open(keyName(l), sealed); {
	case errors.Is(err, ErrErased):
		return nil, MissingErased, nil
	case errors.Is(err, ErrUnknownKey):
		return nil, MissingKey, nil
	case errors.Is(err, ErrCorrupt):
		return nil, MissingDamaged, nil
	case err != nil:
		return nil, "", unavailable("open payload", err)
	}
	return payload, "", nil
}

// reader reads entries and keeps the batch that it read last.
type reader struct {
	batch uint64
	parts []proof.Part
}

func (r *reader) entry(b *Book, p Place) (Found, []byte, error) {
	if size := b.o.Log.Head().Size; p.Index >= size {
		return Found{}, nil, readError(p, notThere(fmt.Sprintf("the log has %d entries", size)))
	}
	text, err := b.o.Log.Leaf(p.Index)
	if err != nil {
		return Found{}, nil, readError(p, err)
	}
	leaf, err := ParseLeaf(text)
	if err != nil {
		return Found{}, nil, readError(p, err)
	}
	if p.Sub < 0 {
		sealed, err := b.o.Log.Payload(p.Index)
		return Found{p, leaf, bytes.Clone(text)}, sealed, readError(p, err)
	}
	if leaf.Batch == nil {
		return Found{}, nil, readError(p, notThere("the entry is not a batch"))
	}
	if r.parts == nil || r.batch != p.Index {
		if r.parts, err = b.parts(p.Index, new([]byte)); err != nil {
			return Found{}, nil, readError(p, err)
		}
		r.batch = p.Index
	}
	if p.Sub >= len(r.parts) {
		return Found{}, nil, readError(p, notThere(fmt.Sprintf("the batch has %d parts", len(r.parts))))
	}
	part := r.parts[p.Sub]
	if leaf, err = ParseLeaf(part.Leaf); err != nil {
		return Found{}, nil, readError(p, err)
	}
	return Found{p, leaf, bytes.Clone(part.Leaf)}, part.Payload, nil
}

// notThere is what a log does not have.
type notThere string

func (e notThere) Error() string        { return string(e) }
func (e notThere) Is(target error) bool { return target == fs.ErrNotExist }

func readError(p Place, err error) error {
	if err == nil {
		return nil
	}
	code, remedy := comity.CodeUnavailable, "run comity audit verify on the data folder"
	if errors.Is(err, fs.ErrNotExist) {
		code, remedy = comity.CodeNotFound, "use index and sub of a record"
	}
	what := fmt.Sprint(p.Index)
	if p.Sub >= 0 {
		what += fmt.Sprintf(", part %d", p.Sub)
	}
	return &comity.Error{Code: code, Op: "read entry " + what, Err: err, Remedy: remedy}
}

func unavailable(op string, err error) error {
	return &comity.Error{Code: comity.CodeUnavailable, Op: op, Err: err}
}
