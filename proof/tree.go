// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
)

// hashesOf reads hashes of the tree of c; what it returns leads to c.Root.
func hashesOf(ctx context.Context, src Source, c Checkpoint) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: int64(c.Size), Hash: c.Root}, &tiles{ctx, src})
}

// tiles is a tlog.TileReader over a Source.
type tiles struct {
	ctx context.Context //nolint:containedctx // the interface of tlog passes none
	src Source
}

func (t *tiles) Height() int { return TileHeight }

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(list))
	for i, tile := range list {
		b, err := readTile(t.ctx, t.src, nil, tile)
		if err != nil {
			return nil, unreadable(tilePath(tile), err)
		}
		if len(b) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes, not %d", tilePath(tile), len(b), tile.W*tlog.HashSize)
		}
		data[i] = b
	}
	return data, nil
}

// readTile reads a tile into dst. A log that has grown may have the full tile in place of a
// partial one, which is then the beginning of the full one.
func readTile(ctx context.Context, src Source, dst []byte, t tlog.Tile) ([]byte, error) {
	b, err := appendTo(ctx, src, dst, tilePath(t))
	if err == nil || t.W == TileWidth || !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	full := t
	full.W = TileWidth
	b, fullErr := appendTo(ctx, src, dst, tilePath(full))
	if fullErr != nil {
		return b, err
	}
	if len(b) != len(dst)+TileWidth*tlog.HashSize {
		return b, nil // of a wrong length, which the caller finds
	}
	return b[:len(dst)+t.W*tlog.HashSize], nil
}

// Consistency gives the hashes that show that the tree of next begins with that of prev
// (RFC 6962, section 2.1.2), from tiles that it checks against the root of next. An error
// of code conflict means that the tree does not: the log was rewritten.
func Consistency(ctx context.Context, src Source, prev, next Checkpoint) ([]tlog.Hash, error) {
	if prev.Size == 0 || prev.Size > next.Size {
		return nil, CheckConsistency(nil, prev, next)
	}
	hashes, err := tlog.ProveTree(int64(next.Size), int64(prev.Size), hashesOf(ctx, src, next))
	if err != nil {
		return nil, treeError("proof of consistency", err)
	}
	return hashes, CheckConsistency(hashes, prev, next)
}

// CheckConsistency checks the hashes of Consistency.
func CheckConsistency(hashes []tlog.Hash, prev, next Checkpoint) error {
	var err error
	switch {
	case prev.Origin != next.Origin:
		err = fmt.Errorf("a checkpoint of %s and one of %s", prev.Origin, next.Origin)
	case prev.Size > next.Size:
		err = fmt.Errorf("the log has shrunk from %d to %d entries", prev.Size, next.Size)
	case prev.Size == 0:
		if len(hashes) != 0 {
			err = errors.New("an empty tree needs no hashes")
		}
	case prev.Size > maxSize || next.Size > maxSize:
		err = fmt.Errorf("%d is more than any log holds", next.Size)
	case tlog.CheckTree(hashes, int64(next.Size), next.Root, int64(prev.Size), prev.Root) != nil:
		err = fmt.Errorf("the tree of %d entries does not begin with that of %d entries: one of them is forged", next.Size, prev.Size)
	}
	if err != nil {
		return &comity.Error{Code: comity.CodeConflict, Op: "consistency", Err: err}
	}
	return nil
}

func noEntry(index, size uint64) error {
	return &comity.Error{
		Code: comity.CodeNotFound, Op: "entry " + strconv.FormatUint(index, 10),
		Err: fmt.Errorf("the log has %d entries", size), Remedy: "the first entry is 0",
	}
}

// rootOf is the root of the RFC 6962 tree over hashes, which it overwrites.
func rootOf(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 0 {
		return emptyRoot()
	}
	for n := len(hashes); n > 1; n = (n + 1) / 2 {
		for i := range n / 2 {
			hashes[i] = nodeHash(&hashes[2*i], &hashes[2*i+1])
		}
		if n%2 == 1 {
			hashes[n/2] = hashes[n-1]
		}
	}
	return hashes[0]
}
