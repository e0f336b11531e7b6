// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/vfs"
)

// scene is a log that was killed: 300 entries sealed, then 200 groups of one entry each
// in several segments of the write-ahead log.
type scene struct {
	*bed
	mem   *vfs.Mem // now
	older *vfs.Mem // with 450 entries
	head  Head
}

func newScene(t *testing.T) *scene {
	s := &scene{mem: vfs.NewMem()}
	s.bed = newBed(t, s.mem, "/data")
	s.change = func(o *Options) { o.SealEvery, o.SegmentBytes = time.Hour, 256<<10 }
	l, _, end := s.open()
	fill(t, l, 0, 300, 1)
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.mem.SetFault(func(c vfs.Call) error { // nothing more is sealed
		if strings.Contains(c.Name, "/tile/") {
			return errors.New("injected")
		}
		return nil
	})
	fill(t, l, 300, 450, 1)
	s.older = s.mem.Copy()
	fill(t, l, 450, 500, 1)
	s.head = l.Head()
	killed := s.mem.Copy()
	s.mem.SetFault(nil)
	end()
	s.mem = killed
	return s
}

// edit changes a file of the log.
func edit(t *testing.T, f vfs.FS, name string, change func([]byte) []byte) {
	t.Helper()
	data, err := vfs.ReadFile(f, name)
	if err != nil {
		t.Fatal(err)
	}
	data = change(data)
	file, err := f.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(data, 0); err != nil {
		t.Fatal(err)
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 1
		return b
	}
}

// frameOf finds where entry i lies in the write-ahead log.
func frameOf(t *testing.T, f vfs.FS, dir string, i uint64) (name string, off int64) {
	t.Helper()
	names, err := f.List(path.Join(dir, "wal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		name := path.Join(dir, "wal", n)
		data, err := vfs.ReadFile(f, name)
		if err != nil {
			t.Fatal(err)
		}
		seq, _, _ := parseSegment(data)
		for off := int64(pageSize); off < int64(len(data)); off += pageSize {
			if h, ok := parseHeader(data[off:], seq); ok && h.first <= i && i < h.end() {
				return name, off
			}
		}
	}
	t.Fatalf("entry %d is not in the write-ahead log", i)
	return "", 0
}

func flipFrame(i uint64, at int64) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) {
		name, off := frameOf(t, s.mem, s.dir, i)
		edit(t, s.mem, name, flip(int(off+at)))
	}
}

// segmentsOf names the segments that have entries which are not sealed.
func segmentsOf(t *testing.T, s *scene) []string {
	t.Helper()
	var list []string
	for i := uint64(300); i < 500; i++ {
		name, _ := frameOf(t, s.mem, s.dir, i)
		if len(list) == 0 || list[len(list)-1] != name {
			list = append(list, name)
		}
	}
	if len(list) < 3 {
		t.Fatalf("the scene has %d segments", len(list))
	}
	return list
}

func removeSegment(k int) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) {
		list := segmentsOf(t, s)
		if k < 0 {
			k += len(list)
		}
		if err := s.mem.Remove(list[k]); err != nil {
			t.Fatal(err)
		}
	}
}

func inFile(name string, change func([]byte) []byte) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) { edit(t, s.mem, path.Join(s.dir, name), change) }
}

func cut(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }

// TestDamageIsNamed damages a log in one way each; the reason names it and the entry, the
// log does not sign, and what is sound can be read.
func TestDamageIsNamed(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*testing.T, *scene)
		kind   Kind
		index  int64 // of the first entry concerned; -1: of none
		path   string
		reads  uint64 // entries that can be read
	}{
		{"leaf in the middle", flipFrame(400, 100), KindDamagedFrame, 400, "wal/", 400},
		{"header in the middle", flipFrame(400, 26), KindDamagedFrame, 400, "wal/", 400},
		{"magic in the middle", flipFrame(400, 0), KindDamagedFrame, 400, "wal/", 400},
		{"leaf of the last group", flipFrame(499, 100), KindDamagedFrame, 499, "wal/", 499},
		{"missing segment", removeSegment(1), KindMissingSegment, -2, "wal/", 300},
		{"missing first segment", removeSegment(0), KindMissingSegment, 300, "wal/", 300},
		{"missing last segment", removeSegment(-1), KindRolledBack, -2, "", 300},
		{"flipped checkpoint", inFile("checkpoint", flip(40)), KindDamagedCheckpoint, -1, "checkpoint", 0},
		{"checkpoint cut", inFile("checkpoint", cut(30)), KindDamagedCheckpoint, -1, "checkpoint", 0},
		{"missing checkpoint", func(t *testing.T, s *scene) {
			if err := s.mem.Remove(path.Join(s.dir, "checkpoint")); err != nil {
				t.Fatal(err)
			}
		}, KindDamagedCheckpoint, -1, "checkpoint", 0},
		{"flipped hash tile", inFile("tile/0/001.p/44", flip(33)), KindDamagedTile, 257, "tile/0/001.p/44", 256},
		{"flipped upper tile", inFile("tile/1/000.p/1", flip(3)), KindDamagedTile, 0, "tile/0/000", 256},
		{"hash tile cut", inFile("tile/0/001.p/44", cut(1)), KindDamagedTile, 256, "tile/0/001.p/44", 256},
		{"flipped leaf at the edge", inFile("tile/entries/001.p/44", flip(-1)), KindDamagedTile, 299, "tile/entries/001.p/44", 256},
		{"payload file cut", inFile("payload/001", cut(1)), KindDamagedTile, 299, "payload/001", 256},
		{"rolled back", func(t *testing.T, s *scene) {
			copyAnchor(t, &bed{anchors: s.older, anchor: s.anchor + "2"}, AnchorState{Origin: testOrigin, Size: 500, Root: s.head.Root, Note: s.head.Note})
			s.mem, s.anchor = s.older, s.anchor+"2"
		}, KindRolledBack, 450, "", 450},
		{"anchor missing", func(t *testing.T, s *scene) { s.anchor += "2" }, KindAnchorMissing, 0, "", 500},
		{"different tree", func(t *testing.T, s *scene) {
			s.anchor += "2"
			copyAnchor(t, &bed{anchors: s.mem, anchor: s.anchor}, AnchorState{Origin: testOrigin, Size: 470, Root: tlog.Hash{1}})
		}, KindDifferentTree, 0, "", 500},
		{"different tree below what is sealed", func(t *testing.T, s *scene) {
			s.anchor += "2"
			copyAnchor(t, &bed{anchors: s.mem, anchor: s.anchor}, AnchorState{Origin: testOrigin, Size: 200, Root: tlog.Hash{1}})
		}, KindDifferentTree, 0, "", 500},
		{"anchor of another log", func(t *testing.T, s *scene) {
			s.anchor += "2"
			copyAnchor(t, &bed{anchors: s.mem, anchor: s.anchor}, AnchorState{Origin: "other/local", Size: 2})
		}, KindForeignOrigin, -1, "", 500},
		{"checkpoint of another log", func(t *testing.T, s *scene) {
			text, err := signNote("other/local", 3, tlog.Hash{}, []note.Signer{newKeys(t, "other/local").signer})
			if err != nil {
				t.Fatal(err)
			}
			edit(t, s.mem, path.Join(s.dir, "checkpoint"), func([]byte) []byte { return text })
		}, KindForeignOrigin, -1, "checkpoint", 0},
		{"write-ahead log of another log", func(t *testing.T, s *scene) {
			w := newWAL(&Options{FS: s.mem, Dir: s.dir, Origin: "other/local", SegmentBytes: pageSize}, 0)
			edit(t, s.mem, segmentsOf(t, s)[0], func(b []byte) []byte {
				copy(b, w.header(&segment{seq: 1}))
				return b
			})
		}, KindForeignOrigin, -1, "wal/", 300},
		{"read-only folder", func(t *testing.T, s *scene) {
			s.mem.SetFault(func(c vfs.Call) error {
				if strings.HasPrefix(c.Name, s.dir) {
					return syscall.EROFS
				}
				return nil
			})
		}, KindReadOnlyFolder, -1, "", 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			c.damage(t, s)
			s.fs, s.anchors = s.mem, s.mem
			l, r, end := s.open()
			defer end()
			if r.ReadOnly == nil || l.ReadOnly() == nil {
				t.Fatalf("the log signs: %+v", r)
			}
			f := r.Findings[0]
			if f.Kind != c.kind || !strings.HasPrefix(f.Path, c.path) {
				t.Fatalf("found %+v, want %s in %q", f, c.kind, c.path)
			}
			if c.index >= 0 && (f.Index != uint64(c.index) || f.End <= f.Index) || c.index == -2 && (f.Index <= 300 || f.End <= f.Index) {
				t.Fatalf("found entries %d to %d, want from %d", f.Index, f.End, c.index)
			}
			if comity.CodeOf(r.ReadOnly) != comity.CodeUnavailable || !strings.Contains(r.ReadOnly.Error(), string(c.kind)) || !strings.Contains(r.ReadOnly.Error(), "; ") {
				t.Fatalf("reason: %v", r.ReadOnly)
			}
			if _, err := l.Append(context.Background(), Entry{Leaf: []byte("x")}); comity.CodeOf(err) != comity.CodeUnavailable {
				t.Fatalf("append: %v", err)
			}
			checkReads(t, l, c.reads)
			t.Log(r.ReadOnly)
		})
	}
}

func checkReads(t *testing.T, l *Log, upTo uint64) {
	t.Helper()
	for i := uint64(0); i < upTo; i++ {
		leaf, err := l.Leaf(i)
		if err != nil || string(leaf) != string(leafOf(int(i))) {
			t.Fatalf("leaf %d: %q, %v", i, leaf, err)
		}
		payload, err := l.Payload(i)
		if err != nil || string(payload) != string(payloadOf(int(i))) {
			t.Fatalf("payload %d: %q, %v", i, payload, err)
		}
	}
	for i := upTo; i < 600; i++ { // an error, but no panic and nothing wrong
		if leaf, err := l.Leaf(i); err == nil && string(leaf) != string(leafOf(int(i))) {
			t.Fatalf("leaf %d: %q", i, leaf)
		}
		l.Payload(i)
		l.Resource(fmt.Sprintf("tile/0/%03d", i))
	}
}

// TestHarmlessDamage: what no acknowledged entry needs does not stop the log.
func TestHarmlessDamage(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*testing.T, *scene)
		kinds  []Kind
		size   uint64
	}{
		{"killed", func(*testing.T, *scene) {}, nil, 500},
		{"segment header", func(t *testing.T, s *scene) { edit(t, s.mem, segmentsOf(t, s)[1], flip(10)) }, nil, 500},
		{"torn tail", func(t *testing.T, s *scene) {
			name, off := frameOf(t, s.mem, s.dir, 499)
			back := s.head.Size - 1
			root, err := tlog.TreeHash(int64(back), sceneLog(t, s).HashReader())
			if err != nil {
				t.Fatal(err)
			}
			s.anchor += "2"
			copyAnchor(t, &bed{anchors: s.mem, anchor: s.anchor}, AnchorState{Origin: testOrigin, Size: back, Root: root})
			edit(t, s.mem, name, flip(int(off)+90))
		}, []Kind{KindTornTail}, 499},
		{"anchor behind", func(t *testing.T, s *scene) {
			root, err := tlog.TreeHash(310, sceneLog(t, s).HashReader())
			if err != nil {
				t.Fatal(err)
			}
			s.anchor += "2"
			copyAnchor(t, &bed{anchors: s.mem, anchor: s.anchor}, AnchorState{Origin: testOrigin, Size: 310, Root: root})
		}, []Kind{KindUnacknowledged}, 500},
		{"torn anchor slot", func(t *testing.T, s *scene) {
			number, at := uint64(0), 0
			data, err := vfs.ReadFile(s.mem, s.anchor)
			if err != nil {
				t.Fatal(err)
			}
			for i := range anchorSlots {
				if n, _, ok := parseSlot(data[i*pageSize : (i+1)*pageSize]); ok && n > number {
					number, at = n, i*pageSize
				}
			}
			edit(t, s.mem, s.anchor, flip(at+20))
		}, []Kind{KindUnacknowledged}, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			c.damage(t, s)
			s.fs, s.anchors = s.mem, s.mem
			l, r, _ := s.open()
			if r.ReadOnly != nil || r.Size != c.size {
				t.Fatalf("%+v", r)
			}
			var kinds []Kind
			for _, f := range r.Findings {
				kinds = append(kinds, f.Kind)
			}
			if fmt.Sprint(kinds) != fmt.Sprint(c.kinds) {
				t.Fatalf("findings %v, want %v", r.Findings, c.kinds)
			}
			if l.Published().Size != c.size {
				t.Fatalf("after recovery the checkpoint covers %d of %d", l.Published().Size, c.size)
			}
			fill(t, l, int(c.size), 600, 1)
			checkReads(t, l, 600)
		})
	}
}

// sceneLog reads a copy of the scene.
func sceneLog(t *testing.T, s *scene) *Log {
	b := *s.bed
	b.fs = s.mem.Copy()
	b.anchors = b.fs
	l, _, _ := b.open()
	return l
}

// TestDamagedAnchor: a file that is no anchor is not taken for an anchor that never was.
func TestDamagedAnchor(t *testing.T) {
	s := newScene(t)
	for i := range anchorSlots {
		edit(t, s.mem, s.anchor, flip(i*pageSize+20))
	}
	if a, err := OpenFileAnchor(s.mem, s.anchor); err == nil {
		a.Close()
		t.Fatal("opened")
	} else {
		t.Log(err)
	}
}
