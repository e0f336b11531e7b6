// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/comity-project/comity/internal/vfs"
)

// TestOverruledFrame: a group that failed, and whose place a smaller one took that was
// sealed, does not keep the log from signing after a kill.
func TestOverruledFrame(t *testing.T) {
	m := vfs.NewMem()
	b := newBed(t, m, "/data")
	fail := false
	b.change = func(o *Options) {
		o.SealEvery = time.Hour
		o.SyncKeys = func() error {
			if fail {
				return errors.New("no space")
			}
			return nil
		}
	}
	l, _, _, err := b.try()
	if err != nil {
		t.Fatal(err)
	}
	add := func(leaf string, newKeys bool) error {
		_, err := l.Append(context.Background(), Entry{Leaf: []byte(leaf), NewKeys: newKeys})
		return err
	}
	for range 3 {
		if err := add("known", false); err != nil {
			t.Fatal(err)
		}
	}
	fail = true
	l.queue.mu.Lock() // so that the eight become one group
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if add("new", true) == nil {
				t.Error("acknowledged without its key")
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	l.queue.mu.Unlock()
	wg.Wait()
	fail = false
	if err := add("known", false); err != nil {
		t.Fatal(err)
	}
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	killed := *b
	killed.fs = m.Copy()
	killed.anchors = killed.fs
	again, r, _, err := killed.try()
	if err != nil || again.ReadOnly() != nil || again.Head().Size != 4 {
		t.Errorf("after the kill: %v, size %d, read-only because of %v", err, again.Head().Size, r.ReadOnly)
	}
}

// TestReadAfterClose: what reads a log that is only read ends when it is closed.
func TestReadAfterClose(t *testing.T) {
	m := vfs.NewMem()
	b := newBed(t, m, "/data")
	b.change = func(o *Options) { o.SealEvery = time.Hour }
	l, _, _, err := b.try()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := l.Append(context.Background(), Entry{Leaf: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	copied := *b
	copied.fs = m.Copy()
	copied.anchors = copied.fs
	if err := copied.fs.Remove(b.anchor); err != nil {
		t.Fatal(err)
	}
	only, _, _, err := copied.try()
	if err != nil || only.ReadOnly() == nil {
		t.Fatalf("%v, read-only %v", err, only.ReadOnly())
	}
	if err := only.Close(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- only.Scan(context.Background(), 0, 3, func(uint64, []byte) error { return nil }) }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a closed log was read")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("reading a closed log does not end")
	}
}
