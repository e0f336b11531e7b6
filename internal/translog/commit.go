// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var errNoSigner = errors.New("sign head: no key")

// committer is the state of the one goroutine that writes.
type committer struct {
	l       *Log
	tree    peaks // of all acknowledged entries
	signers []note.Signer
	seg     *segment // nil before the first group and after a failure
	off     int64
	buf     []byte
	live    []*pending
	uppers  []upper
	keys    chan error
	crowd   float64   // how many writers shared a group lately
	began   time.Time // the last group
	watch   watch
	step    Stats // of the group at hand
}

// upper is a new hash of a tile above the lowest level.
type upper struct {
	level int
	hash  tlog.Hash
}

// run commits groups until the queue is closed and empty. Whatever queues up during one
// sync is the next group.
func (c *committer) run() {
	defer close(c.l.committed)
	for {
		c.pace()
		g := c.l.queue.take()
		if g == nil {
			break
		}
		if g.signers != nil {
			g.err = c.rotate(g)
		} else {
			c.step = Stats{}
			g.err = c.commit(g)
			c.l.count(c.step)
		}
		if g.err != nil {
			c.l.o.Logger.Error("group was not recorded", "log", c.l.o.Name, "entries", len(g.entries), "err", g.err)
			if errors.Is(g.err, ErrAnchorMoved) {
				c.l.stop(g.err)
			}
		}
		c.l.note(g.err)
		entries := g.entries
		g.entries = nil
		close(g.done)
		if entries != nil {
			c.l.queue.recycle(entries)
		}
	}
	if c.seg != nil {
		c.l.wal.fill(c.seg, c.tree.size)
		c.seg = nil
	}
}

// A breath is the least time between the beginnings of two groups of several writers: so
// much for each of them, since what they have to do takes that long, within bounds.
const (
	breathEach  = 60 * time.Microsecond
	leastBreath = 400 * time.Microsecond
	mostBreath  = 2400 * time.Microsecond
)

// pace lets the writers of the last groups come back, where there are several: a group
// costs a signature and a sync, however few share it. A lone writer never waits.
func (c *committer) pace() {
	if c.crowd >= 2 {
		breath := min(max(time.Duration(c.crowd)*breathEach, leastBreath), mostBreath)
		if left := breath - c.l.o.Now().Sub(c.began); left > 0 && left <= breath {
			c.l.queue.gather(int(c.crowd), left)
		}
	}
	c.began = c.l.o.Now()
}

// commit records a group. Nothing is acknowledged before frame, keys and anchor are
// written and the first two are synced.
func (c *committer) commit(g *group) error {
	c.step.Failed = 1
	err := c.l.room()
	c.step.Wait = c.watch.lap()
	if err != nil {
		return err
	}
	c.live = c.live[:0]
	newKeys := false
	for _, p := range g.entries {
		if !p.withdrawn {
			c.live = append(c.live, p)
			newKeys = newKeys || p.newKeys
		}
	}
	if len(c.live) == 0 {
		c.step.Failed = 0
		return nil
	}
	c.crowd = max(float64(len(c.live)), 0.95*c.crowd)
	next, f := c.grow()
	head := Head{Size: next.size, Root: next.root()}
	if head.Note, err = signNote(c.l.o.Origin, head.Size, head.Root, c.signers); err != nil {
		return fmt.Errorf("sign head: %w", err)
	}
	if err := c.write(f, head); err != nil {
		return err
	}
	c.step.Write = c.watch.lap()
	err = c.sync(newKeys)
	c.step.Sync = c.watch.lap()
	if err == nil {
		err = c.l.swapAnchor(head)
		c.step.Anchor = c.watch.lap()
	}
	if err != nil {
		c.abandon()
		return err
	}
	c.step.Groups, c.step.Entries, c.step.Failed = 1, uint64(len(c.live)), 0
	c.tree = next
	c.off += f.span
	g.note = string(head.Note)
	c.l.publish(head, f, c.uppers)
	return nil
}

// grow computes the tree with the group.
func (c *committer) grow() (peaks, *frame) {
	n := len(c.live)
	f := &frame{
		first: c.tree.size, hashes: make([]tlog.Hash, n),
		leaf: section{ends: make([]uint32, n)}, payload: section{ends: make([]uint32, n)},
	}
	next := c.tree
	c.uppers = c.uppers[:0]
	emit := func(level int, h tlog.Hash) { c.uppers = append(c.uppers, upper{level, h}) }
	leafEnd, payEnd := uint32(0), uint32(0)
	for i, p := range c.live {
		p.index = f.first + uint64(i)
		leafEnd += uint32(len(p.leaf)) + 2
		payEnd += uint32(len(p.payload)) + 4
		f.leaf.ends[i], f.payload.ends[i], f.hashes[i] = leafEnd, payEnd, p.hash
		next.add(p.hash, emit)
	}
	return next, f
}

// write puts the frame into the segment with one write, in a new segment if it must.
func (c *committer) write(f *frame, head Head) error {
	h := frameInfo{
		first: f.first, count: uint32(len(f.hashes)), root: head.Root, noteBytes: uint32(len(head.Note)),
		leafLen: f.leaf.ends[len(f.hashes)-1], payLen: f.payload.ends[len(f.hashes)-1],
	}
	f.span = h.span()
	if c.seg != nil && c.off+f.span > c.seg.size {
		c.abandon()
	}
	if c.seg == nil {
		seg, err := c.l.wal.take(f.span)
		if err != nil {
			return fmt.Errorf("prepare write-ahead log: %w", err)
		}
		c.seg, c.off = seg, pageSize
	}
	h.seq = c.seg.seq
	c.buf = appendFrame(c.buf[:0], h, c.live, head.Note)
	f.leaf.seg, f.leaf.off = c.seg, c.off+frameHeader
	f.payload.seg, f.payload.off = c.seg, f.leaf.off+int64(h.leafLen)
	c.step.Build = c.watch.lap()
	_, err := c.seg.file.WriteAt(c.buf, c.off)
	if cap(c.buf) > 2*maxGroupBytes {
		c.buf = nil
	}
	if err != nil {
		c.abandon()
		return fmt.Errorf("write group: %w", err)
	}
	return nil
}

// sync makes the frame durable, and new keys at the same time.
func (c *committer) sync(newKeys bool) error {
	if newKeys && c.l.o.SyncKeys != nil {
		go func() { c.keys <- c.l.o.SyncKeys() }()
	} else {
		newKeys = false
	}
	err := c.seg.file.SyncData()
	if err != nil {
		err = fmt.Errorf("sync group: %w", err)
	}
	if newKeys {
		if kerr := <-c.keys; kerr != nil {
			err = errors.Join(err, fmt.Errorf("sync keys: %w", kerr))
		}
	}
	return err
}

// abandon ends the segment. After a failed write or sync nobody knows what of it reaches
// the disk, so the next group goes to a new segment, whose first index overrules what
// the old one has from there on.
func (c *committer) abandon() {
	if c.seg != nil {
		c.l.wal.fill(c.seg, c.tree.size)
	}
	c.seg = nil
}

// rotate signs the present head with new keys.
func (c *committer) rotate(g *group) error {
	head := c.l.Head()
	text, err := signNote(c.l.o.Origin, head.Size, head.Root, g.signers)
	if err != nil {
		return fmt.Errorf("sign head: %w", err)
	}
	head.Note = text
	if err := c.l.swapAnchor(head); err != nil {
		return err
	}
	c.signers = g.signers
	c.l.publish(head, nil, nil)
	return nil
}

// swapAnchor moves the anchor to the head; only the committer does.
func (l *Log) swapAnchor(head Head) error {
	next := AnchorState{Origin: l.o.Origin, Size: head.Size, Root: head.Root, Note: head.Note}
	if err := l.o.Anchor.Swap(l.anchored, next); err != nil {
		return fmt.Errorf("move anchor: %w", err)
	}
	l.anchored = next
	return nil
}
