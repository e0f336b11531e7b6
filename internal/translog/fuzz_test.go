// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bytes"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/internal/vfs"
)

// segmentOf is a segment with a few groups.
func segmentOf(t testing.TB) []byte {
	t.Helper()
	w := newWAL(&Options{FS: vfs.NewMem(), Dir: "/", Origin: testOrigin, SegmentBytes: 64 << 10}, 0)
	data := w.header(&segment{seq: 7, size: 64 << 10})
	for first := range uint64(3) {
		p := &pending{leaf: leafOf(int(first)), payload: payloadOf(int(first))}
		h := frameInfo{seq: 7, first: first, count: 1, leafLen: uint32(len(p.leaf)) + 2, payLen: uint32(len(p.payload)) + 4, noteBytes: 4, root: tlog.Hash{1}}
		data = appendFrame(data, h, []*pending{p}, []byte("note"))
	}
	return data
}

// FuzzReadFrames: no input panics, and no change of a valid segment gives an entry that
// was not in it.
func FuzzReadFrames(f *testing.F) {
	valid := segmentOf(f)
	f.Add(0, []byte{})
	f.Add(pageSize, []byte("CMTFRM1\n\x00\x00\x00\x00\x00\x00\x00\x07"))
	f.Add(pageSize+24, []byte{0, 0, 0, 200, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Add(2*pageSize, valid[pageSize:2*pageSize])
	known := map[tlog.Hash]bool{}
	for i := range 3 {
		known[tlog.RecordHash(leafOf(i))] = true
	}
	f.Fuzz(func(t *testing.T, at int, patch []byte) {
		data := bytes.Clone(valid)
		if at < 0 || at > len(data) {
			return
		}
		data = append(data[:at], append(bytes.Clone(patch), data[min(len(data), at+len(patch)):]...)...)
		mem := vfs.NewMem()
		file, err := mem.Create("/segment")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(data, 0); err != nil {
			t.Fatal(err)
		}
		list, _, err := readFrames(&segment{seq: 7, name: "segment", size: int64(len(data)), file: file}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, frame := range list {
			for _, h := range frame.hashes {
				if !known[h] && len(patch) < frameHeader {
					t.Fatalf("entry %x appeared", h)
				}
			}
		}
	})
}

// FuzzParsePath: what is accepted is exactly what path writes.
func FuzzParsePath(f *testing.F) {
	for _, p := range []string{"tile/0/000", "tile/7/x123/x456/789.p/255", "tile/entries/x001/000", "payload/x001/x000/002", "tile/entries/000.p/1", "tile/0/x/000"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		r, ok := parsePath(p)
		if ok && (r.path() != p || r.width < 1 || r.width > tileWidth || r.level >= maxLevels) {
			t.Fatalf("%q: %+v, %q", p, r, r.path())
		}
	})
}

// FuzzParseSlot: no slot of the anchor that was changed is taken for one.
func FuzzParseSlot(f *testing.F) {
	valid, err := appendSlot(nil, 3, AnchorState{Origin: testOrigin, Size: 9, Note: []byte("note")})
	if err != nil {
		f.Fatal(err)
	}
	valid = append(valid, make([]byte, pageSize-len(valid))...)
	f.Add(0, byte(1))
	f.Add(58, byte(255))
	f.Fuzz(func(t *testing.T, at int, mask byte) {
		if at < 0 || at >= pageSize || mask == 0 {
			return
		}
		data := bytes.Clone(valid)
		data[at] ^= mask
		if _, s, ok := parseSlot(data); ok && (s.Size != 9 || s.Origin != testOrigin || string(s.Note) != "note") {
			t.Fatalf("%+v", s)
		}
	})
}
