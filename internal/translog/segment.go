// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/comity-project/comity/internal/vfs"
)

const (
	segmentMagic = "CMTWAL1\n"
	// firstSegment is small, so that the folder of a log that is hardly used is too; a
	// segment that fills within quickly makes the next one twice as large.
	firstSegment = 1 << 20
	quickly      = 10 * time.Second
	// Writing zeros costs as much as writing entries, so a few segments wait for reuse, and
	// none is larger than it need be. Of the greatest size enoughWaiting are sealed without
	// delay, and writers wait when maxWaiting wait for their tiles.
	maxFree       = 4
	enoughWaiting = 2
	maxWaiting    = 16
)

// segment is one file of the write-ahead log, or another file that holds entries of the
// tail (then it is never recycled).
type segment struct {
	seq  uint64
	name string
	size int64
	end  uint64 // entries below are all that it has; set when the next segment begins
	file vfs.File

	mu   sync.RWMutex // held for reading while file is read; guards gone
	gone error
}

// readAt reads what frames point to, or fails with errGone.
func (s *segment) readAt(p []byte, off int64) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.gone != nil {
		return s.gone
	}
	n, err := s.file.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	return fmt.Errorf("read %s at %d: %w", s.name, off, err)
}

// retire ends all reads, as the tiles have the entries now.
func (s *segment) retire() { s.shut(errGone) }

// shut lets all later reads fail with err.
func (s *segment) shut(err error) {
	s.mu.Lock()
	s.gone = err
	s.mu.Unlock()
}

// wal keeps the segments: the one that is written, those that wait for their tiles, and
// a spare that is prepared in the background.
type wal struct {
	fs     vfs.FS
	dir    string
	origin [sha256.Size]byte
	limit  int64
	now    func() time.Time

	making sync.Mutex // held while a segment is prepared

	mu     sync.Mutex
	seq    uint64 // of the last segment that was prepared
	want   int64  // size of the next one
	taken  time.Time
	spare  *segment
	full   []*segment // in order; their entries are not all in published tiles yet
	free   []*segment // may be overwritten
	active int64      // bytes of the segments in full
	busy   sync.WaitGroup
	closed bool
}

func newWAL(o *Options, seq uint64) *wal {
	limit := roundUp(o.SegmentBytes, pageSize)
	return &wal{
		fs: o.FS, dir: path.Join(o.Dir, "wal"), origin: sha256.Sum256([]byte(o.Origin)),
		limit: limit, now: o.Now, seq: seq, want: min(firstSegment, limit),
	}
}

func segmentName(seq uint64) string { return fmt.Sprintf("%012d.wal", seq) }

// take returns a segment with room for need bytes, normally the spare at once, and has
// the next spare prepared.
func (w *wal) take(need int64) (*segment, error) {
	w.making.Lock() // waits for a spare under way
	s := w.swapSpare(nil)
	var err error
	if s != nil && s.size < need+pageSize {
		w.drop(s)
		s = nil
	}
	if s == nil {
		s, err = w.prepare(max(w.want, roundUp(need, pageSize)+pageSize))
	}
	w.making.Unlock()
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.now(); now.Sub(w.taken) < quickly && !w.taken.IsZero() {
		w.want = min(2*w.want, w.limit)
	}
	w.taken = w.now()
	if !w.closed {
		w.busy.Add(1)
		go w.refill()
	}
	return s, nil
}

// refill prepares a spare. If that fails, the next take tries again and reports it.
func (w *wal) refill() {
	defer w.busy.Done()
	w.making.Lock()
	defer w.making.Unlock()
	w.mu.Lock()
	have, want := w.spare != nil || w.closed, w.want
	w.mu.Unlock()
	if have {
		return
	}
	if s, err := w.prepare(want); err == nil {
		w.swapSpare(s)
	}
}

func (w *wal) swapSpare(next *segment) *segment {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.spare
	w.spare = next
	return s
}

// prepare makes a segment durable under a new sequence: a recycled file, or a new one
// filled with zeros.
func (w *wal) prepare(size int64) (*segment, error) {
	w.mu.Lock()
	w.seq++
	seq := w.seq
	var old *segment
	if n := len(w.free); n > 0 {
		old, w.free = w.free[n-1], w.free[:n-1]
	}
	w.mu.Unlock()
	s := &segment{seq: seq, name: segmentName(seq), size: size}
	name := path.Join(w.dir, s.name)
	if old != nil && old.size >= size {
		old.file.Close()
		if err := w.fs.Rename(path.Join(w.dir, old.name), name); err != nil {
			return nil, err
		}
		s.size = old.size
	} else if old != nil {
		w.drop(old)
		old = nil
	}
	file, err := w.fs.OpenWrite(name)
	if err != nil {
		return nil, err
	}
	s.file = file
	if old == nil {
		err = file.Preallocate(size)
	}
	if err == nil {
		_, err = file.WriteAt(w.header(s), 0)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = w.fs.SyncDir(w.dir)
	}
	if err != nil {
		w.drop(s) // gives a full disk its blocks back
		return nil, err
	}
	return s, nil
}

// header is the first page: magic, sequence, size, hash of the origin, CRC-32C.
func (w *wal) header(s *segment) []byte {
	b := make([]byte, 0, pageSize)
	b = append(b, segmentMagic...)
	b = binary.BigEndian.AppendUint64(b, s.seq)
	b = binary.BigEndian.AppendUint64(b, uint64(s.size))
	b = append(b, w.origin[:]...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return b[:pageSize]
}

// parseSegment reads the first page.
func parseSegment(b []byte) (seq uint64, origin [sha256.Size]byte, ok bool) {
	const sum = 8 + 8 + 8 + sha256.Size
	if len(b) < sum+4 || !bytes.Equal(b[:8], []byte(segmentMagic)) ||
		binary.BigEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return 0, origin, false
	}
	copy(origin[:], b[24:])
	return binary.BigEndian.Uint64(b[8:]), origin, true
}

// fill says that s has no more entries than those below end.
func (w *wal) fill(s *segment, end uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.end = end
	w.full = append(w.full, s)
	w.active += s.size
}

// release gives back the segments whose entries are all below upTo, which is durable
// elsewhere. A few are kept to be overwritten.
func (w *wal) release(upTo uint64) {
	w.mu.Lock()
	var out []*segment
	for len(w.full) > 0 && w.full[0].end <= upTo {
		out = append(out, w.full[0])
		w.active -= w.full[0].size
		w.full = w.full[1:]
	}
	w.mu.Unlock()
	for _, s := range out {
		s.retire()
		w.mu.Lock()
		keep := len(w.free) < maxFree && s.size >= w.want && s.size <= w.limit && !w.closed
		if keep {
			w.free = append(w.free, s)
		}
		w.mu.Unlock()
		if !keep {
			w.drop(s)
		}
	}
}

// waiting is how many bytes the segments have that wait for their tiles.
func (w *wal) waiting() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active
}

// drop deletes a segment. That it was may be lost in a crash: its entries are sealed or
// it never had any.
func (w *wal) drop(s *segment) {
	if s == nil {
		return
	}
	s.retire()
	s.file.Close()
	w.fs.Remove(path.Join(w.dir, s.name))
}

// close waits for the background. The files stay; with all entries sealed, discard
// deletes them.
func (w *wal) close(discard bool) {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.busy.Wait()
	for _, s := range slices.Concat(w.full, w.free, []*segment{w.spare}) {
		if s == nil {
			continue
		}
		if discard {
			w.drop(s)
		} else {
			s.file.Close()
		}
	}
}
