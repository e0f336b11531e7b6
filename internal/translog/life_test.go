// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/vfs"
)

func TestLimits(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	l, _, _ := b.open()
	for _, c := range []struct {
		leaf, payload int
		code          comity.Code
		limit         string
	}{
		{MaxLeaf, MaxPayload, "", ""},
		{MaxLeaf + 1, 0, comity.CodeTooLarge, "65535"},
		{1, MaxPayload + 1, comity.CodeTooLarge, "16777216"},
		{0, 0, "", ""},
	} {
		_, err := l.Append(context.Background(), Entry{Leaf: make([]byte, c.leaf), Payload: make([]byte, c.payload)})
		if comity.CodeOf(err) != c.code || c.limit != "" && !strings.Contains(err.Error(), c.limit) {
			t.Errorf("leaf %d, payload %d: %v", c.leaf, c.payload, err)
		}
	}
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	if p, err := l.Payload(0); err != nil || len(p) != MaxPayload {
		t.Errorf("payload has %d bytes, %v", len(p), err)
	}
	if leaf, err := l.Leaf(1); err != nil || len(leaf) != 0 {
		t.Errorf("empty leaf: %v, %v", leaf, err)
	}
}

// TestCancel: an entry that was withdrawn in time is not recorded, one that was not is.
func TestCancel(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	l, _, _ := b.open()
	var wg sync.WaitGroup
	var mu sync.Mutex
	recorded := map[string]uint64{}
	withdrawn := map[string]bool{}
	for i := range 400 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%40)*10*time.Microsecond)
			defer cancel()
			leaf := fmt.Sprint("leaf ", i)
			ack, err := l.Append(ctx, Entry{Leaf: []byte(leaf)})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				recorded[leaf] = ack.Index
			} else if errors.Is(err, context.DeadlineExceeded) {
				withdrawn[leaf] = true
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if int(l.Head().Size) != len(recorded) {
		t.Errorf("%d entries, %d acknowledged, %d withdrawn", l.Head().Size, len(recorded), len(withdrawn))
	}
	for leaf, i := range recorded {
		if got, err := l.Leaf(i); err != nil || string(got) != leaf {
			t.Errorf("entry %d is %q, %v", i, got, err)
		}
	}
}

func TestClosed(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	l, _, end := b.open()
	fill(t, l, 0, 3, 1)
	end()
	_, err := l.Append(context.Background(), Entry{})
	if comity.CodeOf(err) != comity.CodeUnavailable || !errors.Is(err, errClosed) {
		t.Errorf("append after close: %v", err)
	}
	if err := l.Seal(context.Background()); comity.CodeOf(err) != comity.CodeUnavailable && err != nil {
		t.Errorf("seal after close: %v", err)
	}
	if leaf, err := l.Leaf(2); err != nil || string(leaf) != string(leafOf(2)) {
		t.Errorf("read after close: %q, %v", leaf, err)
	}
}

func TestWait(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	l, _, _ := b.open()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := l.Wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("wait: %v", err)
	}
	done := make(chan error)
	go func() { done <- l.Wait(context.Background(), 3) }()
	fill(t, l, 0, 3, 1)
	if err := <-done; err != nil || l.Wait(context.Background(), 3) != nil {
		t.Fatalf("wait: %v", err)
	}
}

// TestFullDisk: a full disk refuses, loses nothing, and recording goes on by itself.
func TestFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	b := newBed(t, mem, "/data")
	fullDisk(t, b, func() { mem.SetCapacity(mem.Used() + 512<<10) }, func() { mem.SetCapacity(0) })
}

// TestFullTmpfs is the same on a real file system, where mounting is permitted.
func TestFullTmpfs(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	b := newBed(t, vfs.OS(), dir)
	ballast := filepath.Join(dir, "ballast")
	fullDisk(t, b, func() {
		os.WriteFile(ballast, make([]byte, 1200<<10), 0o600)
	}, func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
			t.Fatal(err)
		}
	})
}

func fullDisk(t *testing.T, b *bed, full, free func()) {
	l, _, end := b.open()
	full()
	acked := map[uint64]string{}
	refused := 0
	for i := 0; refused < 5; i++ {
		leaf := fmt.Sprint("leaf ", i)
		ack, err := l.Append(context.Background(), Entry{Leaf: []byte(leaf), Payload: make([]byte, 10<<10)})
		switch {
		case err == nil:
			acked[ack.Index] = leaf
		case comity.CodeOf(err) != comity.CodeUnavailable || !strings.Contains(err.Error(), "free space"):
			t.Fatalf("entry %d: %v", i, err)
		default:
			if err := l.Trouble(); err == nil || !strings.Contains(err.Error(), "free space") {
				t.Fatalf("with a full disk the trouble is %v", err)
			}
			refused++
			time.Sleep(time.Millisecond)
		}
		if i > 100000 {
			t.Fatal("the disk does not fill")
		}
	}
	free()
	for i := 0; ; i++ { // the log recovers by itself
		leaf := fmt.Sprint("later ", i)
		ack, err := l.Append(context.Background(), Entry{Leaf: []byte(leaf)})
		if err == nil {
			acked[ack.Index] = leaf
			if err := l.Trouble(); err != nil {
				t.Fatalf("after an entry was recorded the trouble is %v", err)
			}
			break
		}
		if i > 1000 {
			t.Fatalf("after space was freed: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	end()
	l, r, _ := b.open()
	if r.ReadOnly != nil || len(r.Findings) > 0 {
		t.Fatalf("%+v", r)
	}
	for i, want := range acked {
		if got, err := l.Leaf(i); err != nil || string(got) != want {
			t.Fatalf("entry %d: %q, %v", i, got, err)
		}
	}
	t.Logf("%d entries recorded around the full disk", len(acked))
}

// TestSealingFails: when tiles cannot be written, the tail does not grow without bound,
// and nothing is lost.
func TestSealingFails(t *testing.T) {
	mem := vfs.NewMem()
	b := newBed(t, mem, "/data")
	b.change = func(o *Options) { o.MaxTail = 100 }
	l, _, _ := b.open()
	mem.SetFault(func(c vfs.Call) error {
		if strings.Contains(c.Name, "/tile/") {
			return syscall.ENOSPC
		}
		return nil
	})
	n := 0
	for ; n < 1000; n++ {
		if _, err := l.Append(context.Background(), Entry{Leaf: leafOf(n), Payload: payloadOf(n)}); err != nil {
			if comity.CodeOf(err) != comity.CodeUnavailable || !strings.Contains(err.Error(), "free space") {
				t.Fatal(err)
			}
			break
		}
	}
	if n < 50 || n > 150 {
		t.Fatalf("%d entries were taken with a tail of 100", n)
	}
	mem.SetFault(nil)
	fill(t, l, n, n+500, 1)
	checkReads(t, l, uint64(n+500))
}

// TestWalStaysBounded: the write-ahead log has a constant size however long it runs, and
// stale groups in recycled segments never come back.
func TestWalStaysBounded(t *testing.T) {
	mem := vfs.NewMem()
	b := newBed(t, mem, "/data")
	b.change = func(o *Options) { o.SealEvery = time.Millisecond }
	l, _, end := b.open()
	total := 0
	for range 40 {
		fill(t, l, total, total+100, 10)
		total += 100
		names, err := mem.List(b.dir + "/wal")
		if err != nil {
			t.Fatal(err)
		}
		if len(names) > maxWaiting+maxFree+3 {
			t.Fatalf("%d segments after %d entries", len(names), total)
		}
	}
	stale := 0
	names, _ := mem.List(b.dir + "/wal")
	for _, name := range names {
		data, err := vfs.ReadFile(mem, b.dir+"/wal/"+name)
		if err != nil {
			t.Fatal(err)
		}
		seq, _, _ := parseSegment(data)
		for off := pageSize; off < len(data); off += pageSize {
			if string(data[off:off+8]) == frameMagic && !looksLikeFrame(data[off:], seq) {
				stale++
			}
		}
	}
	if stale == 0 {
		t.Fatal("no segment was recycled")
	}
	killed := mem.Copy()
	end()
	b.fs, b.anchors = killed, killed
	l, r, _ := b.open()
	if r.ReadOnly != nil || int(r.Size) != total {
		t.Fatalf("%+v", r)
	}
	checkAll(t, b, l, uint64(total))
}

// TestIdleFolderIsSmall: a log with few entries takes little space, less once closed.
func TestIdleFolderIsSmall(t *testing.T) {
	mem := vfs.NewMem()
	b := newBed(t, mem, "/data")
	b.change = func(o *Options) { o.SegmentBytes = 0 }
	l, _, end := b.open()
	fill(t, l, 0, 20, 1)
	if mem.Used() > 5<<20 {
		t.Errorf("%d bytes while open", mem.Used())
	}
	end()
	if mem.Used() > 100<<10 {
		t.Errorf("%d bytes when closed", mem.Used())
	}
}

func TestRotate(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	next := newKeys(t, testOrigin)
	b.change = func(o *Options) { o.Verifiers = bothKeys(b.keys.verifier, next.verifier) }
	l, _, end := b.open()
	signed := func(text []byte, k keys) bool {
		_, err := note.Open(text, note.VerifierList(k.verifier))
		return err == nil
	}
	fill(t, l, 0, 5, 1)
	for _, c := range []struct {
		signers  []note.Signer
		old, new bool
	}{
		{[]note.Signer{b.keys.signer, next.signer}, true, true},
		{[]note.Signer{next.signer}, false, true},
	} {
		before := l.Head()
		if err := l.Rotate(c.signers); err != nil {
			t.Fatal(err)
		}
		head := l.Head()
		if head.Size != before.Size || head.Root != before.Root {
			t.Fatal("the head changed with the keys")
		}
		stored, err := vfs.ReadFile(b.fs, b.dir+"/checkpoint")
		if err != nil {
			t.Fatal(err)
		}
		ack, err := l.Append(context.Background(), Entry{Leaf: []byte("x")})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{head.Note, stored, []byte(ack.Note)} {
			if signed(text, b.keys) != c.old || signed(text, next) != c.new {
				t.Errorf("old key %v, new key %v, want %v, %v", signed(text, b.keys), signed(text, next), c.old, c.new)
			}
		}
	}
	end()
	old := b.keys
	b.keys = next
	b.change = nil
	if _, r, _ := b.open(); r.ReadOnly != nil {
		t.Fatal(r.ReadOnly)
	}
	b.keys = old
}

// TestAdopt: a log that cannot go on gets a successor that names it; a second try after a
// crash at any call ends the same way.
func TestAdopt(t *testing.T) {
	for n := 1; ; n++ {
		s := newScene(t)
		s.mem = s.older // rolled back: 500 were acknowledged, 450 are there
		edit(t, s.mem, s.anchor, func([]byte) []byte { return nil })
		copyAnchor(t, &bed{anchors: s.mem, anchor: s.anchor}, AnchorState{Origin: testOrigin, Size: 500, Root: s.head.Root, Note: s.head.Note})
		s.fs, s.anchors = s.mem, s.mem
		const nextOrigin = testOrigin + ".2"
		successor := newKeys(t, nextOrigin)
		adopt := func() (*Log, error) {
			old, r, anchor, err := s.try()
			if err != nil {
				return nil, err
			}
			defer anchor.Close()
			if r.ReadOnly == nil && !r.Created {
				t.Fatalf("call %d: the old log signs", n)
			}
			if _, err := s.fs.Stat("/data/log.1"); err == nil {
				old.Close()
				old = nil // it has moved
			}
			next := s.options(nil)
			next.Origin, next.Signers, next.Verifiers = nextOrigin, []note.Signer{successor.signer}, note.VerifierList(successor.verifier)
			if next.Anchor, err = OpenFileAnchor(s.anchors, "/data/state2/anchor"); err != nil {
				return nil, err
			}
			l, ack, err := Adopt(context.Background(), old, "/data/log.1", next, Entry{Leaf: []byte("adopts " + testOrigin)})
			if err == nil && ack.Index > 1 {
				t.Fatalf("first entry has index %d", ack.Index)
			}
			return l, err
		}
		before := callsOf(s.mem)
		s.mem.SetFault(crashAt(n + before))
		l, err := adopt()
		if err == nil && callsOf(s.mem) >= n+before {
			err = vfs.ErrCrashed // in the background
		}
		if err != nil {
			s.mem = s.mem.Crash(uint64(n))
			s.fs, s.anchors = s.mem, s.mem
			var again error
			if l, again = adopt(); again != nil {
				t.Fatalf("crash at call %d (%v), then: %v", n, err, again)
			}
		}
		if leaf, lerr := l.Leaf(0); lerr != nil || string(leaf) != "adopts "+testOrigin {
			t.Fatalf("call %d: first entry %q, %v", n, leaf, lerr)
		}
		text, rerr := vfs.ReadFile(s.fs, "/data/log.1/checkpoint")
		if rerr != nil {
			t.Fatal(rerr)
		}
		if head, herr := openNote(text, testOrigin, note.VerifierList(s.keys.verifier)); herr != nil || head.Size != 450 {
			t.Fatalf("call %d: the old log's checkpoint covers %d, %v", n, head.Size, herr)
		}
		if err == nil {
			t.Logf("crashed at %d calls", n)
			return
		}
		l.Close()
	}
}

func callsOf(m *vfs.Mem) int {
	calls, _ := m.Counts()
	return calls
}

// TestAnchorMoved: when somebody else moves the anchor, nothing more is signed.
func TestAnchorMoved(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	anchor, err := OpenFileAnchor(b.anchors, b.anchor)
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := Open(context.Background(), b.options(anchor))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 0, 3, 1)
	state, _, _ := anchor.Load()
	if err := anchor.Swap(state, AnchorState{Origin: testOrigin, Size: 9, Root: tlog.Hash{9}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := l.Append(context.Background(), Entry{Leaf: []byte("x")}); comity.CodeOf(err) != comity.CodeUnavailable || !strings.Contains(err.Error(), "other process") {
			t.Errorf("append: %v", err)
		}
	}
	if !errors.Is(l.ReadOnly(), ErrAnchorMoved) {
		t.Errorf("read-only: %v", l.ReadOnly())
	}
	if l.Head().Size != 3 {
		t.Errorf("head has %d entries", l.Head().Size)
	}
	l.Close()
	anchor.Close()
}

// TestSecondProcess: an anchor that is in use cannot be opened.
func TestSecondProcess(t *testing.T) {
	for _, f := range []vfs.FS{vfs.NewMem(), vfs.OS()} {
		b := newBed(t, f, t.TempDir())
		_, _, end := b.open()
		if _, err := OpenFileAnchor(b.anchors, b.anchor); !errors.Is(err, vfs.ErrLocked) || comity.CodeOf(err) != comity.CodeUnavailable {
			t.Errorf("second open: %v", err)
		}
		end()
		_, _, end = b.open()
		end()
	}
}

// TestDamageBelowTheEdge: a flipped bit far behind is not looked for at the start, but a
// read that needs the file says which it is.
func TestDamageBelowTheEdge(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	l, _, _ := b.open()
	fill(t, l, 0, 600, 8)
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	edit(t, b.fs, b.dir+"/tile/entries/001", func(data []byte) []byte { return data[:100] })
	if _, err := l.Leaf(511); err == nil || !strings.Contains(err.Error(), "tile/entries/001") {
		t.Errorf("leaf: %v", err)
	}
	err := l.Scan(context.Background(), 0, 600, func(uint64, []byte) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "tile/entries/001") {
		t.Errorf("scan: %v", err)
	}
}
