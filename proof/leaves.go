// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"context"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// Leaves gives fn the leaves from one index up to but not including another, in order, each
// checked against the tree of c. A leaf is valid until fn returns.
func Leaves(ctx context.Context, src Source, c Checkpoint, from, to uint64, fn func(index uint64, leaf []byte) error) error {
	if to > c.Size {
		return noEntry(to, c.Size)
	}
	hashes := hashesOf(ctx, src, c)
	var room []byte
	for n := from / TileWidth; n*TileWidth < to; n++ {
		data, path, _, err := readEntries(ctx, src, room[:0], n, Width(0, n, c.Size))
		if err != nil {
			return unreadable(path, err)
		}
		room = data
		first, last := max(from, n*TileWidth), min(to, (n+1)*TileWidth)
		at := make([]int64, 0, TileWidth)
		for i := first; i < last; i++ {
			at = append(at, tlog.StoredHashIndex(0, int64(i)))
		}
		want, err := hashes.ReadHashes(at)
		if err != nil {
			return treeError("entries from "+strconv.FormatUint(first, 10), err)
		}
		for i := n * TileWidth; i < last; i++ {
			var leaf []byte
			if leaf, data, err = nextEntry(data); err != nil {
				return invalid(path, verifyRemedy, err)
			}
			if i < first {
				continue
			}
			if tlog.RecordHash(leaf) != want[i-first] {
				return invalid("entry "+strconv.FormatUint(i, 10), verifyRemedy, errOtherLeaf)
			}
			if err := fn(i, leaf); err != nil {
				return err
			}
		}
	}
	return nil
}
