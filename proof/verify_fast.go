// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"
)

// worker verifies one bundle after the other and keeps its buffers.
type worker struct {
	v   *verification
	ctx context.Context //nolint:containedctx // a worker lives as long as one group

	entries, tile, payload []byte
	hashes                 [TileWidth]tlog.Hash
	parts                  []tlog.Hash
	erased                 []Erasure
}

// read reads a file into a buffer of the worker; a missing one is nil.
func (w *worker) read(buf *[]byte, path string) ([]byte, error) {
	data, err := appendTo(w.ctx, w.v.src, (*buf)[:0], path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	*buf = data
	return data, nil
}

// fast reads everything of a bundle once and only tells whether it is clean.
func (w *worker) fast(n uint64) error {
	width := Width(0, n, w.v.c.Size)
	data, path, more, err := readEntries(w.ctx, w.v.src, w.entries[:0], n, width)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unreadable(path, err)
	}
	w.entries = data
	payloads, err := w.read(&w.payload, PayloadPath(n))
	if err != nil {
		return err
	}
	b := &w.v.bundle[n]
	w.erased = w.erased[:0]
	b.hasEntries, b.clean = w.leaves(b, n*TileWidth, data, more, width, payloads)
	if err := w.compareTile(b, n, width); err != nil {
		return err
	}
	if b.clean && len(w.erased) > 0 {
		w.v.mu.Lock()
		w.v.erasures = append(w.v.erasures, w.erased...)
		w.v.mu.Unlock()
	}
	return nil
}

// compareTile holds the hashes of the leaves against the tile, and keeps the roots of both.
func (w *worker) compareTile(b *bundle, n uint64, width int) error {
	tile, err := readTile(w.ctx, w.v.src, w.tile[:0], tlog.Tile{H: TileHeight, N: int64(n), W: width})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unreadable(TilePath(0, n, width), err)
	}
	w.tile = tile
	b.hasTile = err == nil && len(tile) == width*tlog.HashSize
	same := b.hasTile && b.hasEntries && sameHashes(tile, w.hashes[:width])
	b.clean = b.clean && same
	if width < TileWidth {
		w.keepEdge(b, tile, width)
		return nil
	}
	if b.hasEntries {
		b.entries = subtree(w.hashes[:])
	}
	if same {
		b.tile = b.entries
	} else if b.hasTile {
		b.tile = subtree(hashesIn(tile))
	}
	return nil
}

// keepEdge keeps the leaves' hashes at the right edge of the tree.
func (w *worker) keepEdge(b *bundle, tile []byte, width int) {
	edge := &w.v.levels[0]
	if b.hasEntries {
		copy(edge.best, w.hashes[:width])
		for i := range edge.have {
			edge.have[i] = true
		}
	}
	if b.hasTile {
		edge.stored[0] = hashesIn(tile)
	}
}

// leaves hashes the leaves of a bundle and checks each against its payload. whole tells
// whether there are as many leaves as there ought to be, clean whether all is well.
func (w *worker) leaves(b *bundle, first uint64, data []byte, more bool, width int, payloads []byte) (whole, clean bool) {
	clean = true
	pos, at := 0, 0
	for j := range width {
		if len(data)-pos < 2 {
			return false, false
		}
		end := pos + 2 + int(binary.BigEndian.Uint16(data[pos:]))
		if end > len(data) {
			return false, false
		}
		leaf := data[pos+2 : end]
		w.hashes[j] = leafHash(data, pos+2, end)
		pos = end
		if !clean {
			continue
		}
		size := -1
		if len(payloads)-at >= 4 {
			size = int(binary.BigEndian.Uint32(payloads[at:]))
		}
		if at += 4; size < 0 || size > len(payloads)-at {
			clean = false
			continue
		}
		clean = w.leaf(b, first+uint64(j), leaf, payloads[at:at+size])
		at += size
	}
	full := pos == len(data) || more
	return true, clean && full && (at == len(payloads) || width < TileWidth)
}

// leaf checks one leaf and its payload.
func (w *worker) leaf(b *bundle, index uint64, leaf, payload []byte) bool {
	var f leafFields
	if f.read(leaf) != nil {
		return false
	}
	if string(f.typ) == erasedType {
		w.erased = append(w.erased, Erasure{By: index, Subject: string(f.subject)})
	}
	if !w.v.selected(index) {
		return true
	}
	if !payloadFits(&f, payload) {
		return false
	}
	if f.payload != nil {
		b.payloads++
	}
	return f.batchRoot == nil || w.batch(b, &f, payload)
}

// payloadFits tells whether a payload is the one that a leaf names.
func payloadFits(f *leafFields, payload []byte) bool {
	if f.payload == nil {
		return len(payload) == 0
	}
	sum := sha256.Sum256(payload)
	return isHash(f.payload, &sum)
}

// batch checks the parts of a batch and their payloads.
func (w *worker) batch(b *bundle, f *leafFields, payload []byte) bool {
	rest, count, err := batchCount(payload)
	if err != nil || uint64(count) != f.batchCount {
		return false
	}
	w.parts = w.parts[:0]
	for range count {
		start := len(payload) - len(rest) + 4
		var p Part
		if p, rest, err = nextPart(rest); err != nil {
			return false
		}
		w.parts = append(w.parts, leafHash(payload, start, start+len(p.Leaf)))
		var part leafFields
		if part.read(p.Leaf) != nil || part.batchRoot != nil || !payloadFits(&part, p.Payload) {
			return false
		}
		if part.payload != nil {
			b.payloads++
		}
	}
	b.parts += uint32(count)
	root := rootOf(w.parts)
	return len(rest) == 0 && isHash(f.batchRoot, (*[tlog.HashSize]byte)(&root))
}

// leafHash is the RFC 6962 hash of data[from:to]. It writes the zero that goes before a leaf
// over the byte in front, for the time of one hash, which saves a copy.
func leafHash(data []byte, from, to int) tlog.Hash {
	front := data[from-1]
	data[from-1] = 0
	h := sha256.Sum256(data[from-1 : to])
	data[from-1] = front
	return h
}

// nodeHash is tlog.NodeHash without its allocations.
func nodeHash(left, right *tlog.Hash) tlog.Hash {
	var buf [1 + 2*tlog.HashSize]byte
	buf[0] = 1
	copy(buf[1:], left[:])
	copy(buf[1+tlog.HashSize:], right[:])
	return sha256.Sum256(buf[:])
}

// sameHashes tells whether a tile has these hashes.
func sameHashes(tile []byte, hashes []tlog.Hash) bool {
	for i := range hashes {
		if tlog.Hash(tile[i*tlog.HashSize:(i+1)*tlog.HashSize]) != hashes[i] {
			return false
		}
	}
	return true
}

// hashesIn copies the hashes of a tile.
func hashesIn(tile []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(tile)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], tile[i*tlog.HashSize:])
	}
	return hashes
}
