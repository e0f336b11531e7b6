// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/comity-project/comity/proof"
)

// batch is several events on their way under one leaf, in buffers that are used again:
// they are large, and to clear new ones would cost more than to write them.
type batch struct {
	payload []byte
	leaves  [][]byte // of the parts, in payload
	ends    [][2]int // where the leaf of each part begins and ends
	idem    []idemOf
	fresh   bool

	tenant    string // that all parts share
	principal Pseudonym
}

// idemOf is what must be found again of a part with an idempotency key.
type idemOf struct {
	Idem, Body Pseudonym
	Time       time.Time
	sub        int
}

type batches struct{ pool sync.Pool }

// keptBatch bounds a buffer that is kept.
const keptBatch = 1 << 20

func (p *batches) get(n int) *batch {
	t, ok := p.pool.Get().(*batch)
	if !ok {
		t = &batch{payload: make([]byte, 0, min(1024*n, keptBatch))}
	}
	*t = batch{payload: t.payload[:0], leaves: t.leaves[:0], ends: t.ends[:0], idem: t.idem[:0]}
	return t
}

// put keeps the buffers. What is in them stands in the log as well.
func (p *batches) put(t *batch) {
	if cap(t.payload) <= keptBatch {
		p.pool.Put(t)
	}
}

// sealAll writes the parts of a batch one after the other into its payload.
func (b *Book) sealAll(t *batch, events []Event) error {
	d := b.drafts.get()
	defer b.drafts.put(d)
	t.payload = proof.AppendBatchHead(t.payload, len(events))
	for i := range events {
		d.event = events[i]
		if err := b.write(d); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		start := len(t.payload) + 4 // behind the length of the leaf
		t.payload = proof.AppendPart(t.payload, proof.Part{Leaf: d.text, Payload: d.sealed})
		t.ends = append(t.ends, [2]int{start, start + len(d.text)})
		t.share(&d.leaf, i)
		t.fresh = t.fresh || d.fresh
	}
	for _, e := range t.ends { // only now does the payload stay where it is
		t.leaves = append(t.leaves, t.payload[e[0]:e[1]:e[1]])
	}
	return nil
}

// share notes what a part has in common with those before it.
func (t *batch) share(l *Leaf, sub int) {
	switch {
	case sub == 0:
		t.tenant, t.principal = l.Tenant, l.Principal
	case l.Tenant != t.tenant:
		t.tenant = ""
	}
	if l.Principal != t.principal {
		t.principal = Pseudonym{}
	}
	if !l.Idem.IsZero() {
		t.idem = append(t.idem, idemOf{l.Idem, l.Body, l.Time, sub})
	}
}

// batchLeaf names what all parts share.
func (b *Book) batchLeaf(t *batch) Leaf {
	return Leaf{
		Time: b.o.Now(), Type: TypeBatch, Cell: b.o.Cell, Tenant: t.tenant, Principal: t.principal,
		Batch:   &Batch{Count: len(t.leaves), Root: Digest(proof.BatchRoot(t.leaves))},
		Payload: sha256.Sum256(t.payload),
	}
}
