// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/internal/vfs"
)

const testOrigin = "comity-0123456789abcdef/local"

// keys of a log.
type keys struct {
	signer   note.Signer
	verifier note.Verifier
}

func newKeys(t testing.TB, name string) keys {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return keys{signer, verifier}
}

// bed is a log's surroundings, which outlive the log.
type bed struct {
	t       testing.TB
	fs      vfs.FS
	keys    keys
	dir     string
	anchors vfs.FS // the anchor's file system
	anchor  string
	change  func(*Options)
}

func newBed(t testing.TB, fs vfs.FS, dir string) *bed {
	return &bed{t: t, fs: fs, anchors: fs, keys: newKeys(t, testOrigin), dir: dir + "/log", anchor: dir + "/state/anchor"}
}

func (b *bed) options(anchor Anchor) Options {
	o := Options{
		FS: b.fs, Dir: b.dir, Origin: testOrigin, Name: "local",
		Signers: []note.Signer{b.keys.signer}, Verifiers: note.VerifierList(b.keys.verifier),
		Anchor: anchor, SegmentBytes: 64 << 10, SealEvery: 5 * time.Millisecond,
	}
	if b.change != nil {
		b.change(&o)
	}
	return o
}

// try opens the log and its anchor.
func (b *bed) try() (*Log, *Recovery, *FileAnchor, error) {
	anchor, err := OpenFileAnchor(b.anchors, b.anchor)
	if err != nil {
		return nil, nil, nil, err
	}
	l, r, err := Open(context.Background(), b.options(anchor))
	if err != nil {
		anchor.Close()
	}
	return l, r, anchor, err
}

func (b *bed) open() (*Log, *Recovery, func()) {
	b.t.Helper()
	l, r, anchor, err := b.try()
	if err != nil {
		b.t.Fatal(err)
	}
	closed := false
	end := func() {
		if closed {
			return
		}
		closed = true
		if err := l.Close(); err != nil {
			b.t.Errorf("close: %v", err)
		}
		if err := anchor.Close(); err != nil {
			b.t.Errorf("close anchor: %v", err)
		}
	}
	b.t.Cleanup(end)
	return l, r, end
}

func leafOf(i int) []byte { return fmt.Appendf(nil, "leaf %d %s", i, bytes.Repeat([]byte{'x'}, i%37)) }

func payloadOf(i int) []byte {
	if i%5 == 0 {
		return nil
	}
	return fmt.Appendf(nil, "payload %d %s", i, bytes.Repeat([]byte{'y'}, i%501))
}

// fill appends entries from <= i < to from several writers; entry i need not have index i.
func fill(t testing.TB, l *Log, from, to, writers int) {
	t.Helper()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := from + w; i < to; i += writers {
				if _, err := l.Append(context.Background(), Entry{Leaf: leafOf(i), Payload: payloadOf(i)}); err != nil {
					t.Errorf("append %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// checkAll reads everything and proves every entry against the head.
func checkAll(t testing.TB, b *bed, l *Log, want uint64) {
	t.Helper()
	head := l.Head()
	if head.Size < want {
		t.Fatalf("head has %d entries, want %d", head.Size, want)
	}
	opened, err := openNote(head.Note, testOrigin, note.VerifierList(b.keys.verifier))
	if err != nil || opened.Size != head.Size || opened.Root != head.Root {
		t.Fatalf("head's note: %v, %v", opened, err)
	}
	reader := l.HashReader()
	next := uint64(0)
	err = l.Scan(context.Background(), 0, head.Size, func(i uint64, leaf []byte) error {
		if i != next {
			return fmt.Errorf("entry %d comes after %d", i, next)
		}
		next++
		if i%17 != 0 && i != head.Size-1 {
			return nil
		}
		p, err := tlog.ProveRecord(int64(head.Size), int64(i), reader)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(p, int64(head.Size), head.Root, int64(i), tlog.RecordHash(leaf))
	})
	if err != nil || next != head.Size {
		t.Fatalf("scan ended at %d of %d: %v", next, head.Size, err)
	}
	for i := uint64(0); i < head.Size; i += 7 {
		leaf, err := l.Leaf(i)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := l.Payload(i)
		if err != nil {
			t.Fatal(err)
		}
		var k int
		if _, err := fmt.Sscanf(string(leaf), "leaf %d", &k); err != nil || !bytes.Equal(leaf, leafOf(k)) || !bytes.Equal(payload, payloadOf(k)) {
			t.Fatalf("entry %d: leaf %q, payload %q", i, leaf, payload)
		}
	}
}

func TestAppendAndReopen(t *testing.T) {
	for _, c := range []struct {
		name string
		fs   vfs.FS
	}{{"memory", vfs.NewMem()}, {"disk", vfs.OS()}} {
		t.Run(c.name, func(t *testing.T) {
			dir := "/data"
			if c.name == "disk" {
				dir = t.TempDir()
			}
			b := newBed(t, c.fs, dir)
			total := 0
			for round, n := range []int{0, 1, 300, 5, 5000, 3} {
				if c.name == "memory" {
					n = min(n, 3000)
				}
				l, r, end := b.open()
				if r.ReadOnly != nil || r.Created != (round == 0) || int(r.Size) != total {
					t.Fatalf("round %d: %+v", round, r)
				}
				checkAll(t, b, l, uint64(total))
				fill(t, l, total, total+n, 16)
				total += n
				checkAll(t, b, l, uint64(total))
				end()
				if pub := l.Published(); int(pub.Size) != total {
					t.Fatalf("published %d of %d after close", pub.Size, total)
				}
			}
		})
	}
}
