// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Limits of a group, so that no writer waits for a very long write.
const (
	maxGroup      = 4096
	maxGroupBytes = 4 << 20
)

// pending is an entry that waits. The committer reads it until its group is done.
type pending struct {
	leaf, payload []byte
	hash          tlog.Hash
	index         uint64
	newKeys       bool
	withdrawn     bool
}

// group is what one frame records, or a change of signers. Its fields are the queue's
// until taken, then the committer's; err and note are everybody's once done is closed.
type group struct {
	entries []*pending
	bytes   int
	signers []note.Signer
	taken   bool
	done    chan struct{}
	err     error
	note    string
}

// queue collects entries into groups while the committer is busy.
type queue struct {
	mu     sync.Mutex
	groups []*group
	spare  []*pending // entries of a group that is done, for its capacity
	closed error
	wake   chan struct{}
	pool   sync.Pool
	want   int           // entries for which the committer waits, 0 if it does not
	full   chan struct{} // told when they are there
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), full: make(chan struct{}, 1), pool: sync.Pool{New: func() any { return new(pending) }}}
}

// put adds an entry to the last group.
func (q *queue) put(p *pending) (*group, error) {
	size := len(p.leaf) + len(p.payload) + 6
	q.mu.Lock()
	if q.closed != nil {
		q.mu.Unlock()
		return nil, q.closed
	}
	var g *group
	if n := len(q.groups); n > 0 {
		g = q.groups[n-1]
	}
	if g == nil || g.signers != nil || len(g.entries) >= maxGroup || g.bytes+size > maxGroupBytes {
		g = &group{done: make(chan struct{}), entries: q.spare}
		q.spare = nil
		q.groups = append(q.groups, g)
	}
	g.entries = append(g.entries, p)
	g.bytes += size
	first := len(g.entries) == 1
	enough := q.want > 0 && len(g.entries) >= q.want
	if enough {
		q.want = 0
	}
	q.mu.Unlock()
	if enough {
		q.full <- struct{}{}
	}
	if first {
		q.signal()
	}
	return g, nil
}

// putSigners adds a change of signers.
func (q *queue) putSigners(signers []note.Signer) (*group, error) {
	g := &group{done: make(chan struct{}), signers: signers}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed != nil {
		return nil, q.closed
	}
	q.groups = append(q.groups, g)
	q.signal()
	return g, nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// gather waits until the first group has n entries, or the time is over.
func (q *queue) gather(n int, atMost time.Duration) {
	q.mu.Lock()
	if len(q.groups) > 1 || len(q.groups) == 1 && (len(q.groups[0].entries) >= n || q.groups[0].signers != nil) || q.closed != nil {
		q.mu.Unlock()
		return
	}
	q.want = n
	q.mu.Unlock()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-q.full:
		return
	case <-timer.C:
	}
	q.mu.Lock()
	missed := q.want == 0 // they came as the time was over
	q.want = 0
	q.mu.Unlock()
	if missed {
		<-q.full
	}
}

// take returns the oldest group, nil when the queue is closed and empty.
func (q *queue) take() *group {
	for {
		q.mu.Lock()
		if len(q.groups) > 0 {
			g := q.groups[0]
			q.groups[0] = nil
			if q.groups = q.groups[1:]; len(q.groups) == 0 {
				q.groups = nil
			}
			g.taken = true
			q.mu.Unlock()
			return g
		}
		closed := q.closed != nil
		q.mu.Unlock()
		if closed {
			return nil
		}
		<-q.wake
	}
}

// recycle takes back the list of a group that is done.
func (q *queue) recycle(entries []*pending) {
	clear(entries)
	q.mu.Lock()
	q.spare = entries[:0]
	q.mu.Unlock()
}

// withdraw takes an entry out of a group that was not taken up.
func (q *queue) withdraw(g *group, p *pending) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if g.taken {
		return false
	}
	p.withdrawn = true
	return true
}

// close refuses what comes later with err.
func (q *queue) close(err error) {
	q.mu.Lock()
	if q.closed == nil {
		q.closed = err
	}
	q.mu.Unlock()
	q.signal()
}

// Append records an entry and returns when it is durable. If ctx ends first and the
// entry was not taken up yet, it is withdrawn; else the outcome is awaited.
func (l *Log) Append(ctx context.Context, e Entry) (Ack, error) {
	switch {
	case len(e.Leaf) > MaxLeaf:
		return Ack{}, tooLarge("leaf", len(e.Leaf), MaxLeaf)
	case len(e.Payload) > MaxPayload:
		return Ack{}, tooLarge("payload", len(e.Payload), MaxPayload)
	}
	if err := ctx.Err(); err != nil {
		return Ack{}, err
	}
	p := l.queue.pool.Get().(*pending)
	*p = pending{leaf: e.Leaf, payload: e.Payload, hash: tlog.RecordHash(e.Leaf), newKeys: e.NewKeys}
	g, err := l.queue.put(p)
	if err != nil {
		return Ack{}, l.unavailable(err)
	}
	select {
	case <-g.done:
	case <-ctx.Done():
		if l.queue.withdraw(g, p) {
			return Ack{}, ctx.Err()
		}
		<-g.done
	}
	if g.err != nil {
		return Ack{}, l.unavailable(g.err)
	}
	ack := Ack{Index: p.index, Note: g.note}
	p.leaf, p.payload = nil, nil
	l.queue.pool.Put(p)
	return ack, nil
}

// Rotate signs all later heads with signers, and the present one again. Several signers
// sign while keys overlap.
func (l *Log) Rotate(signers []note.Signer) error {
	if len(signers) == 0 {
		return l.unavailable(errNoSigner)
	}
	g, err := l.queue.putSigners(signers)
	if err != nil {
		return l.unavailable(err)
	}
	<-g.done
	if g.err != nil {
		return l.unavailable(g.err)
	}
	return l.Seal(context.Background())
}
