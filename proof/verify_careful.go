// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"
)

// careful says what is wrong with a bundle, entry by entry.
func (w *worker) careful(n uint64) error {
	width := Width(0, n, w.v.c.Size)
	stored, missing, err := w.v.readTile(w.ctx, w.tile[:0], 0, n, width)
	if err != nil {
		return err
	}
	if missing != nil {
		w.v.find(*missing)
	}
	data, path, more, err := readEntries(w.ctx, w.v.src, w.entries[:0], n, width)
	first := n * TileWidth
	if errors.Is(err, fs.ErrNotExist) {
		w.v.find(Finding{Kind: FindingEntry, Index: int64(first), Last: int64(first) + int64(width) - 1, Sub: -1, Path: path, Missing: true, Text: "the entries are missing"})
		w.v.compareLeaves(n, stored, w.truth(n, stored, nil))
		return nil
	}
	if err != nil {
		return unreadable(path, err)
	}
	truth := w.truth(n, stored, data)
	w.v.compareLeaves(n, stored, truth)
	if truth == nil {
		w.v.find(Finding{Kind: FindingTree, Index: int64(first), Last: int64(first) + int64(width) - 1, Sub: -1, Path: path, Text: "neither the entries nor their tile are those of the signed tree"})
	}
	leaves := w.splitLeaves(first, data, path, more, width, truth)
	return w.splitPayloads(n, leaves)
}

// truth gives those hashes of the leaves of a bundle that the tree above confirms: those of
// the entries or those of the tile; nil if neither.
func (w *worker) truth(n uint64, stored []tlog.Hash, data []byte) []tlog.Hash {
	width := Width(0, n, w.v.c.Size)
	if edge := &w.v.levels[0]; width < TileWidth {
		if edge.known[0] {
			return edge.truth
		}
		return stored
	}
	want, known := w.v.want(n)
	if stored != nil && subtree(stored) == want {
		return stored
	}
	if hashes := w.leafHashes(data, width); hashes != nil && subtree(hashes) == want {
		return hashes
	}
	if !known {
		return stored
	}
	return nil
}

// leafHashes hashes the leaves of a bundle, or is nil if there are too few.
func (w *worker) leafHashes(data []byte, width int) []tlog.Hash {
	hashes := make([]tlog.Hash, width)
	for j := range hashes {
		leaf, rest, err := nextEntry(data)
		if err != nil {
			return nil
		}
		hashes[j], data = tlog.RecordHash(leaf), rest
	}
	return hashes
}

// compareLeaves finds the hashes of the lowest tiles that are not those of the tree.
func (v *verification) compareLeaves(n uint64, stored, truth []tlog.Hash) {
	if stored == nil || truth == nil {
		return
	}
	for j := range stored {
		if stored[j] != truth[j] {
			i := n*TileWidth + uint64(j)
			v.find(v.tileFinding(0, i, i, "a hash is not that of the signed tree"))
		}
	}
}

// splitLeaves finds the leaves in a bundle, nil where one is not what it ought to be, and
// tells which are not.
func (w *worker) splitLeaves(first uint64, data []byte, path string, more bool, width int, truth []tlog.Hash) [][]byte {
	leaves := make([][]byte, width)
	s := splitter{data: data, prefix: 2, n: width, open: more, match: func(j int, leaf []byte) match {
		if truth == nil {
			return unknown
		}
		// A hash for every place where a leaf might begin would take long; leaves are objects.
		if len(leaf) == 0 || tlog.RecordHash(leaf) != truth[j] {
			return wrong
		}
		return right
	}, likely: func(leaf []byte) bool { return len(leaf) > 1 && leaf[0] == '{' && leaf[len(leaf)-1] == '}' }}
	finding := func(from, to int, text string) {
		w.v.find(Finding{Kind: FindingEntry, Index: int64(first) + int64(from), Last: int64(first) + int64(to), Sub: -1, Path: path, Text: text})
	}
	s.run(func(j int, leaf []byte, m match) {
		if m == wrong {
			finding(j, j, "the leaf is not that of the signed tree")
			return
		}
		leaves[j] = leaf
		var f leafFields
		if err := f.read(leaf); err != nil {
			finding(j, j, "the leaf is "+err.Error())
			leaves[j] = nil
		}
	}, finding)
	return leaves
}

// splitPayloads finds the payloads of leaves that are known, and tells which are not those
// that the leaves name.
func (w *worker) splitPayloads(n uint64, leaves [][]byte) error {
	path, first := PayloadPath(n), n*TileWidth
	data, err := w.read(&w.payload, path)
	if err != nil {
		return err
	}
	fields := make([]leafFields, len(leaves))
	for j, leaf := range leaves {
		if leaf != nil && fields[j].read(leaf) != nil {
			leaves[j] = nil
		}
	}
	known := func(j int) bool { return leaves[j] != nil && w.v.selected(first+uint64(j)) }
	finding := func(from, to int, text string) {
		for j := from; j <= to; j++ {
			// Of those behind a damaged one, only they are lost that have a payload.
			if from == to || known(j) && fields[j].payload != nil {
				w.v.find(Finding{Kind: FindingPayload, Index: int64(first) + int64(j), Last: int64(first) + int64(j), Sub: -1, Path: path, Text: text})
			}
		}
	}
	missing := func(j int) {
		if known(j) && fields[j].payload != nil {
			w.v.find(Finding{Kind: FindingPayload, Index: int64(first) + int64(j), Last: int64(first) + int64(j), Sub: -1, Path: path, Missing: true, Text: "the payload is missing", subject: string(fields[j].subject)})
		}
	}
	w.count(first, leaves, fields)
	if data == nil {
		for j := range leaves {
			missing(j)
		}
		return nil
	}
	s := splitter{data: data, prefix: 4, n: len(leaves), open: len(leaves) < TileWidth, match: func(j int, payload []byte) match {
		switch {
		case !known(j):
			return unknown
		case !payloadFits(&fields[j], payload):
			return wrong
		case len(payload) == 0:
			return unknown // four zeros are anywhere
		}
		return right
	}}
	s.run(func(j int, payload []byte, m match) {
		index := first + uint64(j)
		switch {
		case !known(j):
		case m == wrong && len(payload) == 0:
			missing(j)
		case m == wrong && fields[j].payload == nil:
			finding(j, j, "a payload that the leaf does not name")
		case m == wrong:
			finding(j, j, "not the payload that the leaf names")
		default:
			w.payloadFits(index, path, &fields[j], payload)
		}
	}, finding)
	return nil
}

// count counts the leaves that are those of the tree, and keeps the erasures among them.
func (w *worker) count(first uint64, leaves [][]byte, fields []leafFields) {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	for j, leaf := range leaves {
		if leaf == nil {
			continue
		}
		w.v.report.Entries++
		if string(fields[j].typ) == erasedType {
			w.v.erasures = append(w.v.erasures, Erasure{By: first + uint64(j), Subject: string(fields[j].subject)})
		}
	}
}

// payloadFits counts a payload that is the right one, and looks into it if it is a batch.
func (w *worker) payloadFits(index uint64, path string, f *leafFields, payload []byte) {
	var b bundle
	if f.payload != nil {
		b.payloads++
	}
	if f.batchRoot != nil && !w.batch(&b, f, payload) {
		w.findParts(index, path, f, payload)
	}
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	w.v.report.Parts += uint64(b.parts)
	w.v.report.Payloads += uint64(b.payloads)
}

// findParts tells what is wrong with a batch whose payload is that of its leaf: a fault of
// whoever wrote the log, not of a change after.
func (w *worker) findParts(index uint64, path string, f *leafFields, payload []byte) {
	finding := func(sub int, format string, args ...any) {
		w.v.find(Finding{Kind: FindingBatch, Index: int64(index), Last: int64(index), Sub: sub, Path: path, Text: fmt.Sprintf(format, args...)})
	}
	parts, err := Parts(payload)
	if err != nil {
		finding(-1, "%v", err)
		return
	}
	if uint64(len(parts)) != f.batchCount {
		finding(-1, "the leaf names %d parts, the payload has %d", f.batchCount, len(parts))
	}
	leaves := make([][]byte, len(parts))
	for i, p := range parts {
		leaves[i] = p.Leaf
		var part leafFields
		switch err := part.read(p.Leaf); {
		case err != nil:
			finding(i, "the leaf is %v", err)
		case part.batchRoot != nil:
			finding(i, "a batch within a batch")
		case !payloadFits(&part, p.Payload):
			finding(i, "not the payload that the leaf names")
		}
	}
	if root, err := decodeHash(f.batchRoot); err != nil || root != BatchRoot(leaves) {
		finding(-1, "the parts do not make up the root that the leaf names")
	}
}

// countErased counts the payloads that nobody can read any more.
func (w *worker) countErased(n uint64) error {
	width := Width(0, n, w.v.c.Size)
	data, path, _, err := readEntries(w.ctx, w.v.src, w.entries[:0], n, width)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a finding already
	}
	if err != nil {
		return unreadable(path, err)
	}
	w.entries = data
	var payloads []byte
	whole := w.v.c
	for j := range width {
		leaf, rest, err := nextEntry(data)
		if err != nil {
			return nil
		}
		data = rest
		var f leafFields
		index := n*TileWidth + uint64(j)
		if f.read(leaf) != nil || string(f.typ) == erasedType || !w.v.selected(index) {
			continue
		}
		if f.batchRoot == nil {
			if f.payload != nil {
				w.erase(f.subject)
			}
			continue
		}
		if payloads, err = readPayload(w.ctx, w.v.src, whole, index); err != nil {
			continue // a finding already
		}
		parts, _ := Parts(payloads)
		for _, p := range parts {
			if f.read(p.Leaf) == nil && f.payload != nil {
				w.erase(f.subject)
			}
		}
	}
	return nil
}

func (w *worker) erase(subject []byte) {
	if len(subject) == 0 {
		return
	}
	if i, ok := w.v.erasedBy[string(subject)]; ok {
		atomic.AddUint64(&w.v.erasures[i].Payloads, 1)
	}
}
