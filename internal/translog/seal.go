// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/internal/vfs"
)

// manyFiles is how many files are synced one by one; more are synced with one call for
// the whole file system where there is one.
const manyFiles = 32

// sealer writes tiles, entry bundles and payload files, and then the checkpoint that
// covers them.
type sealer struct {
	l          *Log
	payloadEnd int64 // length of the payload file that the published size ends in
	buf        []byte
	open       []vfs.File      // written in this cycle, not synced
	dirs       map[string]bool // folders that exist
	touched    map[string]bool // folders with names that are not durable
	tree       vfs.Tree        // nil where the system has none

	armed  atomic.Bool
	arms   chan struct{} // something is new
	nudges chan struct{} // seal now
	ends   chan struct{} // closed: seal and end

	mu    sync.Mutex
	err   error         // of the last cycle
	round chan struct{} // closed after the next cycle
}

func newSealer(l *Log, payloadEnd int64) *sealer {
	return &sealer{
		l: l, payloadEnd: payloadEnd, dirs: map[string]bool{}, touched: map[string]bool{},
		arms: make(chan struct{}, 1), nudges: make(chan struct{}, 1),
		ends: make(chan struct{}), round: make(chan struct{}),
	}
}

// arm has a cycle run within SealEvery.
func (s *sealer) arm() {
	if !s.armed.CompareAndSwap(false, true) {
		return
	}
	select {
	case s.arms <- struct{}{}:
	default:
	}
}

// nudge has a cycle run now.
func (s *sealer) nudge() {
	select {
	case s.nudges <- struct{}{}:
	default:
	}
}

func (s *sealer) end() { close(s.ends) }

// run seals SealEvery after something new, at once when the tail grows long, and again
// after SealEvery if it failed.
func (s *sealer) run() {
	defer close(s.l.sealedAll)
	timer := time.NewTimer(s.l.o.SealEvery)
	defer timer.Stop()
	for ended := false; !ended; {
		select {
		case <-s.arms:
			timer.Reset(s.l.o.SealEvery)
			continue
		case <-timer.C:
		case <-s.nudges:
		case <-s.ends:
			ended = true
		}
		s.armed.Store(false)
		err := s.cycle()
		if err != nil {
			s.l.o.Logger.Error("entries were not sealed", "log", s.l.o.Name, "err", err)
			timer.Reset(s.l.o.SealEvery)
		}
		s.mu.Lock()
		s.err = err
		close(s.round)
		s.round = make(chan struct{})
		s.mu.Unlock()
	}
}

func (s *sealer) lastError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// next is a channel that is closed after the next cycle, and the last one's error.
func (s *sealer) next() (round chan struct{}, last error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.round, s.err
}

// room waits while too much waits for its tiles. If sealing fails, the tail is not let
// grow without bound: the group fails.
func (l *Log) room() error {
	for first := true; ; first = false {
		round, err := l.sealer.next()
		l.mu.RLock()
		unsealed := l.state.head.Size - l.state.published.Size
		l.mu.RUnlock()
		if unsealed < uint64(l.o.MaxTail) && l.wal.waiting() < maxWaiting*l.o.SegmentBytes {
			return nil
		}
		if err != nil && !first {
			return fmt.Errorf("seal entries: %w", err)
		}
		l.sealer.nudge()
		<-round
	}
}

// Seal returns when all that was acknowledged before is in tiles under the checkpoint.
func (l *Log) Seal(ctx context.Context) error {
	if err := l.ReadOnly(); err != nil {
		return err
	}
	head := l.Head()
	for {
		round, _ := l.sealer.next()
		pub := l.Published()
		if pub.Size > head.Size || bytes.Equal(pub.Note, head.Note) {
			return nil
		}
		l.sealer.nudge()
		select {
		case <-round:
		case <-l.sealedAll:
			return l.unavailable(errClosed)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := l.sealer.lastError(); err != nil {
			return l.unavailable(fmt.Errorf("seal entries: %w", err))
		}
	}
}

// cycle seals up to the present head: files, syncs, then the checkpoint. What it left
// half done is done again by the next one.
func (s *sealer) cycle() (err error) {
	l := s.l
	l.mu.RLock()
	head, pub := l.state.head, l.state.published
	frames := slices.Clone(l.state.frames)
	rows := l.state.rows
	l.mu.RUnlock()
	if bytes.Equal(head.Note, pub.Note) {
		if l.wal != nil {
			l.wal.release(pub.Size) // a segment may have ended since
		}
		return nil
	}
	if s.tree == nil {
		if s.tree, err = l.o.FS.OpenTree(l.o.Dir); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	defer s.drop()
	end := s.payloadEnd
	if head.Size > pub.Size {
		if end, err = s.entries(frames, pub.Size, head.Size); err != nil {
			return err
		}
		if err = s.tiles(frames, rows, pub.Size, head.Size); err != nil {
			return err
		}
		if err = s.sync(); err != nil {
			return err
		}
	}
	if err = s.checkpoint(head.Note); err != nil {
		return err
	}
	s.payloadEnd = end
	if head.Size > pub.Size {
		origin, err := s.origin(frames, head.Size)
		if err != nil {
			return err
		}
		l.sealed(head, origin)
		if l.wal != nil {
			l.wal.release(head.Size)
		}
		s.sweep(pub.Size, head.Size)
	} else {
		l.resigned(head)
	}
	return nil
}

// entries writes entry bundles and payload files for entries old <= i < size.
func (s *sealer) entries(frames []*frame, old, size uint64) (end int64, err error) {
	end = s.payloadEnd
	for n := old / tileWidth; n*tileWidth < size; n++ {
		first, last := n*tileWidth, min((n+1)*tileWidth, size)
		in := overlap(frames, first, last)
		if s.buf, err = appendSection(s.buf[:0], in, first, last, false); err != nil {
			return 0, err
		}
		bundle := resource{level: levelEntries, n: n, width: int(last - first)}
		if err = s.write(bundle.path(), s.buf, 0); err != nil {
			return 0, err
		}
		from := max(first, old)
		if from == first {
			end = 0
		}
		payload := resource{level: levelPayload, n: n, width: tileWidth}
		if end, err = s.payloads(payload.path(), overlap(in, from, last), from, last, end); err != nil {
			return 0, err
		}
		if cap(s.buf) > 2*MaxPayload {
			s.buf = nil
		}
	}
	return end, nil
}

// origin is the entries of the last bundle as they lie in the folder now, so that the
// write-ahead log need not keep them until the bundle is full; nil if it is.
func (s *sealer) origin(frames []*frame, size uint64) (*frame, error) {
	if size%tileWidth == 0 {
		return nil, nil
	}
	f := &frame{first: floor(size)}
	leafEnd, payEnd := uint32(0), uint32(0)
	for _, old := range overlap(frames, f.first, size) {
		skip := int(max(f.first, old.first) - old.first)
		f.hashes = append(f.hashes, old.hashes[skip:]...)
		f.leaf.ends, leafEnd = appendEnds(f.leaf.ends, leafEnd, &old.leaf, skip)
		f.payload.ends, payEnd = appendEnds(f.payload.ends, payEnd, &old.payload, skip)
	}
	n := size / tileWidth
	var err error
	f.leaf.seg, err = openSegment(&s.l.o, resource{level: levelEntries, n: n, width: int(size % tileWidth)})
	if err != nil {
		return nil, err
	}
	f.payload.seg, err = openSegment(&s.l.o, resource{level: levelPayload, n: n, width: tileWidth})
	if err != nil {
		f.leaf.seg.file.Close()
		return nil, err
	}
	return f, nil
}

// appendEnds moves the ends of the entries of a section after skip so that they follow at.
func appendEnds(dst []uint32, at uint32, s *section, skip int) ([]uint32, uint32) {
	start := uint32(0)
	if skip > 0 {
		start = s.ends[skip-1]
	}
	for _, end := range s.ends[skip:] {
		dst = append(dst, at+end-start)
	}
	return dst, dst[len(dst)-1]
}

// openSegment opens a file of the folder for reading entries.
func openSegment(o *Options, r resource) (*segment, error) {
	file, err := o.FS.Open(path.Join(o.Dir, r.path()))
	if err != nil {
		return nil, err
	}
	return &segment{name: r.path(), file: file}, nil
}

// overlap returns the frames with entries from <= i < to.
func overlap(frames []*frame, from, to uint64) []*frame {
	s := state{frames: frames}
	return s.tail(from, to)
}

// tiles writes the hash tiles that are new between old and size.
func (s *sealer) tiles(frames []*frame, rows [maxLevels]row, old, size uint64) error {
	for _, t := range tlog.NewTiles(tileHeight, int64(old), int64(size)) {
		r := resource{level: t.L, n: uint64(t.N), width: t.W}
		first := r.n * tileWidth
		data := s.buf[:0]
		if t.L > 0 {
			at := first - rows[t.L].base
			data = appendHashes(data, rows[t.L].hashes[at:at+uint64(t.W)])
		} else {
			data = appendLeafHashes(data, frames, first, first+uint64(t.W))
		}
		if err := s.write(r.path(), data, 0); err != nil {
			return err
		}
	}
	return nil
}

func appendHashes(dst []byte, hashes []tlog.Hash) []byte {
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}

func appendLeafHashes(dst []byte, frames []*frame, from, to uint64) []byte {
	for _, f := range overlap(frames, from, to) {
		dst = appendHashes(dst, f.hashes[max(from, f.first)-f.first:min(to, f.end())-f.first])
	}
	return dst
}

// mkdir makes a folder and remembers which names are new.
func (s *sealer) mkdir(dir string) error {
	if s.dirs[dir] {
		return nil
	}
	if err := s.l.o.FS.MkdirAll(dir); err != nil {
		return err
	}
	for d := dir; d != s.l.o.Dir && !s.dirs[d]; d = path.Dir(d) {
		s.dirs[d] = true
		s.touched[path.Dir(d)] = true
	}
	return nil
}

// sync makes everything of this cycle durable, names too.
func (s *sealer) sync() error {
	if s.tree != nil && len(s.open) > manyFiles {
		if err := s.tree.Sync(); err != nil {
			// The handle has reported its error; a new one sees only later ones.
			s.tree.Close()
			s.tree = nil
			return err
		}
		clear(s.touched)
		return nil
	}
	if err := s.syncFiles(); err != nil {
		return err
	}
	for dir := range s.touched {
		if err := s.l.o.FS.SyncDir(dir); err != nil {
			return err
		}
		delete(s.touched, dir)
	}
	return nil
}

func (s *sealer) syncFiles() error {
	var err error
	for _, f := range s.open {
		if serr := f.Sync(); err == nil {
			err = serr
		}
		f.Close()
	}
	s.open = s.open[:0]
	return err
}

// drop closes what a cycle left open.
func (s *sealer) drop() {
	for _, f := range s.open {
		f.Close()
	}
	s.open = s.open[:0]
}

// checkpoint replaces the checkpoint in one step.
func (s *sealer) checkpoint(text []byte) error {
	name := path.Join(s.l.o.Dir, "checkpoint")
	f, err := s.l.o.FS.Create(name + ".tmp")
	if err != nil {
		return err
	}
	_, err = f.WriteAt(text, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = s.l.o.FS.Rename(name+".tmp", name)
	}
	if err == nil {
		err = s.l.o.FS.SyncDir(s.l.o.Dir)
	}
	return err
}

// sweep removes the partial tiles of those that became full. A failure is harmless: a
// reader prefers the full one.
func (s *sealer) sweep(old, size uint64) {
	for level := range maxLevels {
		if n := old >> (level * tileHeight) / tileWidth; n < size>>(level*tileHeight)/tileWidth {
			s.removePartials(resource{level: level, n: n, width: tileWidth})
			if level == 0 {
				s.removePartials(resource{level: levelEntries, n: n, width: tileWidth})
			}
		}
	}
}

func (s *sealer) removePartials(full resource) {
	dir := path.Join(s.l.o.Dir, full.path()+".p")
	names, err := s.l.o.FS.List(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		s.l.o.FS.Remove(path.Join(dir, name))
	}
	s.l.o.FS.Remove(dir)
	delete(s.dirs, dir)
}
