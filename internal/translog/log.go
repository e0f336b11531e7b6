// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/comity-project/comity"
)

// Log is an open log. All methods may be called concurrently.
//
//   - The committer goroutine owns the tree, the current segment and the anchor.
//   - The sealer goroutine owns the folder's tiles and the checkpoint.
//   - mu guards state, which both change and readers read; nobody does I/O under it.
type Log struct {
	o        Options
	queue    *queue
	wal      *wal    // nil if read-only
	sealer   *sealer // nil if read-only
	anchored AnchorState
	readOnly error
	tails    []*segment // files that recovery left open for reading
	origin   *frame     // the entries of the last bundle that were sealed before Open
	tailFile int64      // length of the payload file that origin ends in

	committed chan struct{} // closed when the committer has ended
	sealedAll chan struct{} // closed when the sealer has ended
	closing   sync.Once
	closeErr  error

	mu    sync.RWMutex
	state state

	statsMu sync.Mutex
	stats   Stats

	trouble atomic.Pointer[trouble]
}

// trouble is why the last group was not recorded.
type trouble struct {
	err error
	at  time.Time
}

// troubleLasts is for how long a log counts as unable to record when nobody tries again.
const troubleLasts = 30 * time.Second

func (o *Options) check() error {
	switch {
	case o.FS == nil, o.Dir == "", o.Origin == "", o.Anchor == nil, o.Verifiers == nil, len(o.Signers) == 0:
		return &comity.Error{
			Code: comity.CodeInternal, Op: "open log",
			Err: errors.New("file system, folder, origin, keys and anchor must be given"),
		}
	}
	if o.Name == "" {
		o.Name = path.Base(o.Origin)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 16 << 20
	}
	if o.SealEvery <= 0 {
		o.SealEvery = time.Second
	}
	if o.MaxTail <= 0 {
		o.MaxTail = 1 << 17
	}
	return nil
}

// Open opens or creates a log. A log that must not sign, because something is missing,
// damaged or older than the anchor, opens read-only: ReadOnly says why.
func Open(ctx context.Context, o Options) (*Log, *Recovery, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	r, err := examine(ctx, &o)
	if err != nil {
		return nil, nil, &comity.Error{Code: comity.CodeUnavailable, Op: "open log " + o.Name, Err: err, Remedy: remedy(err)}
	}
	l := r.log()
	if r.report.ReadOnly == nil {
		if err := l.start(r); err != nil {
			l.lock(r, err)
		}
	}
	if l.readOnly = r.report.ReadOnly; l.readOnly != nil {
		l.queue.close(l.readOnly)
	}
	r.report.Size = l.Head().Size
	return l, &r.report, nil
}

// start makes the log writable: the anchor follows, all that only the write-ahead log had
// is sealed, and the write-ahead log begins anew. Nothing was written before.
func (l *Log) start(r *recovery) error {
	if err := l.create(r); err != nil {
		return err
	}
	l.sealer = newSealer(l, l.tailFile)
	if err := l.sealer.cycle(); err != nil {
		return err
	}
	for _, name := range r.segments {
		if err := l.o.FS.Remove(path.Join(l.o.Dir, "wal", name)); err != nil {
			return err
		}
	}
	if err := l.o.FS.SyncDir(path.Join(l.o.Dir, "wal")); err != nil {
		return err
	}
	l.closeTails()
	l.wal = newWAL(&l.o, r.lastSeq)
	c := &committer{l: l, tree: r.tree, signers: l.o.Signers, keys: make(chan error, 1), watch: watch{now: l.o.Now, last: l.o.Now()}}
	go c.run()
	go l.sealer.run()
	return nil
}

// create moves the anchor to the head that was found, signed anew if there is none.
func (l *Log) create(r *recovery) error {
	head := l.Head()
	if head.Note == nil {
		text, err := signNote(l.o.Origin, 0, head.Root, l.o.Signers)
		if err != nil {
			return fmt.Errorf("sign head: %w", err)
		}
		head.Note = text
		l.state.head = head
	}
	// What was read may be in the page cache alone; the anchor must not know more than the disk.
	for _, name := range r.segments {
		if err := l.syncSegment(name); err != nil {
			return err
		}
	}
	l.anchored = r.anchor
	if !r.anchored || r.anchor.Size != head.Size {
		if err := l.swapAnchor(head); err != nil {
			return err
		}
	}
	for dir := path.Join(l.o.Dir, "wal"); dir != path.Dir(path.Dir(l.o.Dir)); dir = path.Dir(dir) {
		if err := l.o.FS.MkdirAll(dir); err != nil {
			return err
		}
		if err := l.o.FS.SyncDir(path.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) syncSegment(name string) error {
	f, err := l.o.FS.OpenWrite(path.Join(l.o.Dir, "wal", name))
	if err != nil {
		return err
	}
	return errors.Join(f.SyncData(), f.Close())
}

// lock leaves a log read-only that could not be made writable.
func (l *Log) lock(r *recovery, err error) {
	l.sealer = nil
	r.block(Finding{Kind: KindReadOnlyFolder, Path: ".", Detail: err.Error()},
		"give the service write access to the log's folder and space on its disk, then restart; reading works")
}

func (l *Log) closeTails() {
	for _, s := range l.tails {
		s.shut(errClosed)
		s.file.Close()
	}
	l.tails = nil
}

// Head is the latest acknowledged head.
func (l *Log) Head() Head {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.state.head
}

// Published is the head that checkpoint and tiles in the folder cover.
func (l *Log) Published() Head {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.state.published
}

// ReadOnly is nil, or the reason why the log does not sign.
func (l *Log) ReadOnly() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.readOnly
}

// stop makes the log read-only while it runs.
func (l *Log) stop(err error) {
	l.mu.Lock()
	if l.readOnly == nil {
		l.readOnly = l.unavailable(err)
	}
	l.mu.Unlock()
	l.queue.close(err)
}

// Trouble is why the last group was not recorded; nil once one was, or after half a minute
// without any, so that who waits for it tries again.
func (l *Log) Trouble() error {
	t := l.trouble.Load()
	if t == nil || l.o.Now().Sub(t.at) > troubleLasts {
		return nil
	}
	return l.unavailable(t.err)
}

// note remembers how recording a group ended.
func (l *Log) note(err error) {
	switch {
	case err != nil:
		l.trouble.Store(&trouble{err, l.o.Now()})
	case l.trouble.Load() != nil:
		l.trouble.Store(nil)
	}
}

// Wait returns when at least size entries are acknowledged.
func (l *Log) Wait(ctx context.Context, size uint64) error {
	l.mu.Lock()
	if l.state.head.Size >= size {
		l.mu.Unlock()
		return nil
	}
	w := waiter{size: size, done: make(chan struct{})}
	l.state.waiters = append(l.state.waiters, w)
	l.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.state.waiters {
		if l.state.waiters[i].done == w.done {
			l.state.waiters = append(l.state.waiters[:i], l.state.waiters[i+1:]...)
			break
		}
	}
	return ctx.Err()
}

// Close refuses new entries, finishes the waiting ones and seals everything, which can
// still be read. The anchor is its opener's to close.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.queue.close(errClosed)
		if l.wal != nil {
			<-l.committed
			l.sealer.end()
			<-l.sealedAll
			l.closeErr = l.sealer.lastError()
			l.wal.close(l.closeErr == nil)
		}
		l.closeTails()
	})
	return l.closeErr
}
