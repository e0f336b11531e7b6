// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bytes"
	"strings"
	"testing"

	"github.com/comity-project/comity/internal/vfs"
)

// TestLargePayloads: entries of a file too large to be read whole for one of them, as
// batches make them, and the damage that only their lengths can show.
func TestLargePayloads(t *testing.T) {
	b := newBed(t, vfs.OS(), t.TempDir())
	b.change = func(o *Options) { o.SegmentBytes = 1 << 20 }
	l, _, closeLog := b.open()
	payload := func(i int) []byte {
		if i%7 == 3 {
			return nil
		}
		return bytes.Repeat([]byte{byte(i)}, 6000+i)
	}
	for i := range 300 {
		if _, err := l.Append(t.Context(), Entry{Leaf: leafOf(i), Payload: payload(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		got, err := l.Payload(uint64(i))
		if err != nil || !bytes.Equal(got, payload(i)) {
			t.Fatalf("payload %d: %d bytes, %v", i, len(got), err)
		}
	}
	f, err := b.fs.OpenWrite(b.dir + "/payload/000")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if size, err := f.Size(); err != nil || size <= walkAbove {
		t.Fatalf("the file has %d bytes, too few for this test: %v", size, err)
	}
	if _, err := f.WriteAt([]byte{0xff, 0xff, 0xff, 0xff}, 0); err != nil {
		t.Fatal(err)
	}
	for _, i := range []uint64{0, 5, 255} {
		if got, err := l.Payload(i); err == nil || !strings.Contains(err.Error(), "too short") {
			t.Errorf("payload %d after a length that goes beyond the file: %d bytes, %v", i, len(got), err)
		}
	}
	closeLog()
}
