// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/vfs"
)

// witness remembers what was released to anybody: it must be true for ever.
type witness struct {
	mu     sync.Mutex
	leaves map[uint64][]byte
	roots  map[uint64]tlog.Hash
	keys   note.Verifiers
	base   int // below it only some are looked at
}

func (w *witness) clone() *witness {
	return &witness{leaves: maps.Clone(w.leaves), roots: maps.Clone(w.roots), keys: w.keys, base: len(w.leaves)}
}

func (w *witness) saw(t testing.TB, ack Ack, leaf []byte) {
	head, err := openNote([]byte(ack.Note), testOrigin, w.keys)
	if err != nil || head.Size <= ack.Index {
		t.Errorf("note of entry %d: size %d, %v", ack.Index, head.Size, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, ok := w.leaves[ack.Index]; ok && !bytes.Equal(old, leaf) {
		t.Errorf("index %d was acknowledged twice", ack.Index)
	}
	w.leaves[ack.Index] = bytes.Clone(leaf)
	if old, ok := w.roots[head.Size]; ok && old != head.Root {
		t.Errorf("fork: two roots for size %d", head.Size)
	}
	w.roots[head.Size] = head.Root
}

// check holds a log against everything that was released.
func (w *witness) check(t testing.TB, l *Log) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, want := range w.leaves {
		if i%9 != 0 && int(i) < w.base {
			continue
		}
		got, err := l.Leaf(i)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("entry %d was acknowledged as %.20q, is %.20q, %v", i, want, got, err)
		}
	}
	for size, want := range w.roots {
		got, err := tlog.TreeHash(int64(size), l.HashReader())
		if err != nil || got != want {
			t.Errorf("fork: root for size %d is %v, was %v, %v", size, got, want, err)
		}
	}
}

// script drives a log through everything that it does until it fails.
type script struct {
	b       *bed
	w       *witness
	rotated keys
}

func newScript(t testing.TB, fs vfs.FS) *script {
	b := newBed(t, fs, "/data")
	s := &script{b: b, rotated: newKeys(t, testOrigin)}
	s.w = &witness{leaves: map[uint64][]byte{}, roots: map[uint64]tlog.Hash{}, keys: bothKeys(b.keys.verifier, s.rotated.verifier)}
	b.change = func(o *Options) {
		o.Verifiers = s.w.keys
		o.SealEvery = time.Hour
		o.SegmentBytes = 32 << 10
	}
	return s
}

// bothKeys finds keys of one name by their hash.
func bothKeys(list ...note.Verifier) note.Verifiers { return keyList(list) }

type keyList []note.Verifier

func (l keyList) Verifier(name string, hash uint32) (note.Verifier, error) {
	for _, v := range l {
		if v.Name() == name && v.KeyHash() == hash {
			return v, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

func (s *script) append(l *Log, leaf string, payload int) error {
	ack, err := l.Append(context.Background(), Entry{Leaf: []byte(leaf), Payload: make([]byte, payload), NewKeys: payload%2 == 1})
	if err == nil {
		s.w.saw(s.b.t, ack, []byte(leaf))
	}
	return err
}

func (s *script) many(l *Log, n, writers int) error {
	errs := make(chan error, writers)
	for w := range writers {
		go func() {
			var err error
			for i := w; i < n && err == nil; i += writers {
				err = s.append(l, fmt.Sprintf("many %d %d", l.Head().Size, i), i*3)
			}
			errs <- err
		}()
	}
	var err error
	for range writers {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return err
}

// life is one opening of the log.
func (s *script) life() (err error) {
	l, r, anchor, err := s.b.try()
	if err != nil {
		return err
	}
	defer anchor.Close()
	defer func() {
		if cerr := l.Close(); err == nil {
			err = cerr
		}
	}()
	if r.ReadOnly != nil {
		return r.ReadOnly
	}
	s.w.check(s.b.t, l)
	ctx := context.Background()
	steps := []func() error{
		func() error { return s.append(l, "one", 1) },
		func() error { return s.many(l, 12, 3) },
		func() error { return l.Seal(ctx) },
		func() error { return s.append(l, "large", 40<<10) },
		func() error { return l.Seal(ctx) },
		func() error { return l.Rotate([]note.Signer{s.b.keys.signer, s.rotated.signer}) },
		func() error { return s.many(l, 8, 4) },
		func() error { return l.Rotate([]note.Signer{s.rotated.signer}) },
		func() error { return s.append(l, "last", 2) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// start is a log with nearly a full tile, from which each run begins.
func start(t testing.TB) (*script, *vfs.Mem) {
	mem := vfs.NewMem()
	s := newScript(t, mem)
	l, _, end := s.b.open()
	if err := s.many(l, 245, 20); err != nil {
		t.Fatal(err)
	}
	end()
	return s, mem
}

// on is the same script on another file system.
func (s *script) on(mem *vfs.Mem) *script {
	b := *s.b
	b.fs, b.anchors = mem, mem
	return &script{b: &b, rotated: s.rotated, w: s.w.clone()}
}

// TestCrashEverywhere crashes at every call that writes or syncs, lets a seed decide what
// of the unsynced survives, and crashes again during the recovery of some.
func TestCrashEverywhere(t *testing.T) {
	seeds := []uint64{1, 2, 3}
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			first, base := start(t)
			for n, ended := 1, false; !ended; n++ {
				mem := base.Copy()
				s := first.on(mem)
				mem.SetFault(crashAt(n))
				ended = s.life() == nil
				r := rand.New(rand.NewPCG(seed, uint64(n)))
				again := 0
				if r.IntN(2) == 0 {
					again = 1 + r.IntN(40)
				}
				mem = mem.Crash(seed<<32 | uint64(n))
				if again > 0 {
					s.b.fs, s.b.anchors = mem, mem
					mem.SetFault(crashAt(again))
					if l, _, anchor, err := s.b.try(); err == nil {
						l.Close()
						anchor.Close()
					}
					mem = mem.Crash(r.Uint64())
				}
				s.b.fs, s.b.anchors = mem, mem
				if err := s.life(); err != nil {
					t.Errorf("crash at call %d, then at %d of the recovery: %v", n, again, err)
				}
				if t.Failed() {
					t.Fatalf("crash at call %d, seed %d", n, seed)
				}
				if ended {
					t.Logf("crashed at %d calls", n)
				}
			}
		})
	}
}

func crashAt(n int) func(vfs.Call) error {
	return func(c vfs.Call) error {
		if c.N >= n {
			return vfs.ErrCrashed
		}
		return nil
	}
}

// TestFailEverywhere fails each call once; the log goes on, and nothing acknowledged is
// lost, even if the machine crashes later.
func TestFailEverywhere(t *testing.T) {
	first, base := start(t)
	for n, ended := 1, false; !ended; n++ {
		mem := base.Copy()
		s := first.on(mem)
		ended = true
		mem.SetFault(func(c vfs.Call) error {
			if c.N == n {
				ended = false
				return fmt.Errorf("injected")
			}
			return nil
		})
		s.life()
		mem = mem.Crash(uint64(n))
		s.b.fs, s.b.anchors = mem, mem
		if err := s.life(); err != nil {
			t.Fatalf("call %d failed, then a crash: %v", n, err)
		}
		if t.Failed() {
			t.Fatalf("call %d", n)
		}
	}
}

// TestNoAcknowledgementBeforeSync looks at what is durable at the moment of each
// acknowledgement, with everything lost that was not synced.
func TestNoAcknowledgementBeforeSync(t *testing.T) {
	mem := vfs.NewMem()
	s := newScript(t, mem)
	var keysSynced int
	change := s.b.change
	s.b.change = func(o *Options) {
		change(o)
		o.SyncKeys = func() error { keysSynced++; return nil }
	}
	l, _, end := s.b.open()
	for i := range 60 {
		keys := keysSynced
		_, syncs := mem.Counts()
		leaf := fmt.Sprint("leaf ", i)
		ack, err := l.Append(context.Background(), Entry{Leaf: []byte(leaf), Payload: make([]byte, 900), NewKeys: i%3 == 0})
		if err != nil {
			t.Fatal(err)
		}
		if _, now := mem.Counts(); now == syncs {
			t.Fatalf("entry %d was acknowledged without a sync", i)
		}
		if i%3 == 0 && keysSynced == keys {
			t.Fatalf("entry %d was acknowledged before its keys were synced", i)
		}
		left := *s.b
		left.fs, left.anchors = mem.Durable(), vfs.NewMem()
		data, ok, _ := l.o.Anchor.Load()
		if !ok || data.Size != ack.Index+1 {
			t.Fatalf("entry %d was acknowledged before the anchor moved: %v", i, data.Size)
		}
		copyAnchor(t, &left, data)
		l2, r, anchor, err := left.try()
		if err != nil || r.ReadOnly != nil {
			t.Fatalf("entry %d: %v, %v", i, err, r)
		}
		if got, err := l2.Leaf(ack.Index); err != nil || string(got) != leaf {
			t.Fatalf("entry %d was acknowledged before it was durable: %q, %v", i, got, err)
		}
		l2.Close()
		anchor.Close()
	}
	end()
}

func copyAnchor(t testing.TB, b *bed, state AnchorState) {
	t.Helper()
	a, err := OpenFileAnchor(b.anchors, b.anchor)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Swap(AnchorState{}, state); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedGroupDoesNotReturn: a group that reached the disk but was refused, because
// its keys did not, is overruled by the next one.
func TestRefusedGroupDoesNotReturn(t *testing.T) {
	mem := vfs.NewMem()
	b := newBed(t, mem, "/data")
	var keysErr error
	b.change = func(o *Options) {
		o.SealEvery = time.Hour
		o.SyncKeys = func() error { return keysErr }
	}
	l, _, end := b.open()
	fill(t, l, 0, 3, 1)
	keysErr = errors.New("injected")
	for range 2 {
		if _, err := l.Append(context.Background(), Entry{Leaf: []byte("refused"), NewKeys: true}); comity.CodeOf(err) != comity.CodeUnavailable {
			t.Fatalf("append without durable keys: %v", err)
		}
	}
	keysErr = nil
	ack, err := l.Append(context.Background(), Entry{Leaf: []byte("accepted"), NewKeys: true})
	if err != nil || ack.Index != 3 {
		t.Fatalf("%+v, %v", ack, err)
	}
	killed := mem.Copy()
	end()
	b.fs, b.anchors = killed, killed
	l, r, _ := b.open()
	if r.ReadOnly != nil || r.Size != 4 || len(r.Findings) > 0 {
		t.Fatalf("%+v", r)
	}
	if leaf, err := l.Leaf(3); err != nil || string(leaf) != "accepted" {
		t.Fatalf("entry 3 is %q, %v", leaf, err)
	}
}
