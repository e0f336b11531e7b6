// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"slices"
	"sort"

	"golang.org/x/mod/sumdb/tlog"
)

// frame is a group in the tail: where its entries lie, and their hashes.
type frame struct {
	first         uint64
	hashes        []tlog.Hash
	leaf, payload section
	span          int64
}

func (f *frame) end() uint64 { return f.first + uint64(len(f.hashes)) }

// section is where a frame's leaves or payloads lie, each with its length before it.
type section struct {
	seg  *segment
	off  int64
	ends []uint32 // relative to off
}

// bounds is where entries from <= i < to of the frame lie.
func (s *section) bounds(from, to int) (off int64, size int) {
	start := uint32(0)
	if from > 0 {
		start = s.ends[from-1]
	}
	return s.off + int64(start), int(s.ends[to-1] - start)
}

// appendTo reads entries from <= i < to of the frame, with their lengths.
func (s *section) appendTo(dst []byte, from, to int) ([]byte, error) {
	off, size := s.bounds(from, to)
	dst = slices.Grow(dst, size)
	n := len(dst)
	return dst[:n+size], s.seg.readAt(dst[n:n+size], off)
}

// row is the part of a level of tiles that full tiles on disk do not have.
type row struct {
	base   uint64 // a multiple of tileWidth
	hashes []tlog.Hash
}

// state is what readers see; Log.mu guards it. Frames cover the entries from the last
// multiple of tileWidth under published: those of the last bundle, as they lie in the
// folder, then groups in the write-ahead log.
type state struct {
	head      Head
	published Head
	frames    []*frame
	rows      [maxLevels]row // from level 1
	waiters   []waiter
}

type waiter struct {
	size uint64
	done chan struct{}
}

// floor is the last multiple of tileWidth.
func floor(n uint64) uint64 { return n &^ (tileWidth - 1) }

// publish makes a group visible that is acknowledged.
func (l *Log) publish(head Head, f *frame, uppers []upper) {
	l.mu.Lock()
	s := &l.state
	s.head = head
	if f != nil {
		s.frames = append(s.frames, f)
	}
	for _, u := range uppers {
		s.rows[u.level].hashes = append(s.rows[u.level].hashes, u.hash)
	}
	for i := 0; i < len(s.waiters); i++ {
		if s.waiters[i].size <= head.Size {
			close(s.waiters[i].done)
			s.waiters = slices.Delete(s.waiters, i, i+1)
			i--
		}
	}
	unsealed := head.Size - s.published.Size
	l.mu.Unlock()
	if unsealed >= uint64(l.o.MaxTail)/2 || l.wal != nil && l.wal.waiting() >= enoughWaiting*l.o.SegmentBytes {
		l.sealer.nudge()
	} else {
		l.sealer.arm()
	}
}

// sealed lets go of what the folder has now. origin stands for the entries of the last
// bundle, which is not full.
func (l *Log) sealed(head Head, origin *frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.state
	s.published = head
	gone := sort.Search(len(s.frames), func(i int) bool { return s.frames[i].end() > head.Size })
	s.frames = slices.Delete(s.frames, 0, gone)
	if origin != nil {
		s.frames = slices.Insert(s.frames, 0, origin)
	}
	l.closeOrigin()
	l.origin = origin
	for level := 1; level < maxLevels; level++ {
		r := &s.rows[level]
		base := floor(head.Size >> (level * tileHeight))
		r.hashes = slices.Delete(r.hashes, 0, int(base-r.base))
		r.base = base
	}
}

// resigned is sealed for a head that only has new signatures.
func (l *Log) resigned(head Head) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.published = head
}

// closeOrigin closes the files of the frame that the log began with.
func (l *Log) closeOrigin() {
	if l.origin == nil {
		return
	}
	for _, s := range []*section{&l.origin.leaf, &l.origin.payload} {
		s.seg.retire()
		s.seg.file.Close()
	}
	l.origin = nil
}

// tail returns the frames that have entries from <= i < to. The caller may read them
// without the lock.
func (s *state) tail(from, to uint64) []*frame {
	a := sort.Search(len(s.frames), func(i int) bool { return s.frames[i].end() > from })
	b := sort.Search(len(s.frames), func(i int) bool { return s.frames[i].first >= to })
	if a >= b {
		return nil
	}
	return slices.Clone(s.frames[a:b])
}

// covers reports whether frames, which tail returned, have all of from <= i < to. After
// damage at the right edge they may not.
func covers(frames []*frame, from, to uint64) bool {
	return len(frames) > 0 && frames[0].first <= from && frames[len(frames)-1].end() >= to
}

// appendSection reads entries from <= i < to out of frames.
func appendSection(dst []byte, frames []*frame, from, to uint64, payload bool) ([]byte, error) {
	var err error
	for _, f := range frames {
		a, b := max(from, f.first), min(to, f.end())
		s := &f.leaf
		if payload {
			s = &f.payload
		}
		if dst, err = s.appendTo(dst, int(a-f.first), int(b-f.first)); err != nil {
			return nil, err
		}
	}
	return dst, nil
}
