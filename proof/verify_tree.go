// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"
)

// level is one level of tiles. Position i of level k is the root of the entries from
// i*256^k to (i+1)*256^k.
type level struct {
	n uint64 // positions
	// best is what the files below and the tile itself say by majority; truth is what leads
	// to the signed root.
	best, truth []tlog.Hash
	have, known []bool
	// stored are the tiles as they are in the log, nil where one is missing or not needed.
	stored [][]tlog.Hash
}

func newLevels(size uint64) []level {
	var list []level
	for k := 0; size>>(TileHeight*k) > 0; k++ {
		l := level{n: size >> (TileHeight * k)}
		tiles := (l.n + TileWidth - 1) / TileWidth
		if k == 0 { // of the leaves only the right edge is kept
			l.stored = make([][]tlog.Hash, 1)
			l.n = uint64(Width(0, tiles-1, size)) % TileWidth
			tiles = 1
		}
		l.best, l.truth = make([]tlog.Hash, l.n), make([]tlog.Hash, l.n)
		l.have, l.known = make([]bool, l.n), make([]bool, l.n)
		l.stored = make([][]tlog.Hash, tiles)
		list = append(list, l)
	}
	return list
}

// tile gives the hashes of a tile from a row of its level, or nil if one is not known.
func (l *level) tile(row []tlog.Hash, ok []bool, t uint64) []tlog.Hash {
	from, to := t*TileWidth, min((t+1)*TileWidth, l.n)
	for _, yes := range ok[from:to] {
		if !yes {
			return nil
		}
	}
	return row[from:to]
}

// at is what the stored tile says of a position.
func (l *level) at(i uint64) (tlog.Hash, bool) {
	if t := l.stored[i/TileWidth]; t != nil {
		return t[i%TileWidth], true
	}
	return tlog.Hash{}, false
}

// edge is the number of the tile at the right edge that is not full, if there is one.
func (l *level) edge() (uint64, bool) { return l.n / TileWidth, l.n%TileWidth != 0 }

// resolve finds out which hashes of all levels lead to the signed root.
func (v *verification) resolve(ctx context.Context) error {
	if err := v.readTiles(ctx); err != nil {
		return err
	}
	for k := 1; k < len(v.levels); k++ {
		for i := range v.levels[k].n {
			v.judge(k, i)
		}
	}
	v.resolveEdge()
	for k := len(v.levels) - 1; k > 1; k-- {
		for i := range v.levels[k].n {
			v.descend(k, i)
		}
	}
	for k := 1; k < len(v.levels); k++ {
		v.compareTiles(k)
	}
	return nil
}

// readTiles reads the tiles above the leaves, and the one at the right edge of the leaves
// if the first step did not.
func (v *verification) readTiles(ctx context.Context) error {
	for k := range v.levels {
		l := &v.levels[k]
		for t := range l.stored {
			n := uint64(t)
			if k == 0 {
				n = v.c.Size / TileWidth
			}
			width := Width(k, n, v.c.Size)
			if width == 0 || l.stored[t] != nil || width == TileWidth && !v.spans(k, n) {
				continue
			}
			hashes, f, err := v.readTile(ctx, nil, k, n, width)
			if err != nil {
				return err
			}
			if f != nil && (k > 0 || !v.spans(k, n)) { // careful tells of the others
				v.find(*f)
			}
			l.stored[t] = hashes
		}
	}
	return nil
}

// spans tells whether any entry below a tile is to be verified.
func (v *verification) spans(k int, n uint64) bool {
	span := uint64(TileWidth) << (TileHeight * k)
	return v.overlaps(n*span, (n+1)*span)
}

// readTile reads a tile, or gives the finding that there is none to read.
func (v *verification) readTile(ctx context.Context, buf []byte, k int, n uint64, width int) ([]tlog.Hash, *Finding, error) {
	t := tlog.Tile{H: TileHeight, L: k, N: int64(n), W: width}
	data, err := readTile(ctx, v.src, buf, t)
	f := v.tileFinding(k, n*TileWidth, n*TileWidth+uint64(width)-1, "")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Missing, f.Text = true, "the tile is missing"
		return nil, &f, nil
	case err != nil:
		return nil, nil, unreadable(tilePath(t), err)
	case len(data) != width*tlog.HashSize:
		f.Text = fmt.Sprintf("the tile has %d bytes, not %d", len(data), width*tlog.HashSize)
		return nil, &f, nil
	}
	hashes := make([]tlog.Hash, width)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes, nil, nil
}

// tileFinding is about positions of a level.
func (v *verification) tileFinding(k int, first, last uint64, text string) Finding {
	n := first / TileWidth
	return Finding{
		Kind: FindingTile, Index: int64(first << (TileHeight * k)), Last: int64(min((last+1)<<(TileHeight*k), v.c.Size) - 1),
		Sub: -1, Path: TilePath(k, n, Width(k, n, v.c.Size)), Text: text,
	}
}

// judge chooses between what the entries, the tile below and the tile itself say of a
// position. Any two that agree outvote the third. Whether they are right shows at the root.
func (v *verification) judge(k int, i uint64) {
	l := &v.levels[k]
	var a, b tlog.Hash
	var hasA, hasB bool
	if k == 1 {
		x := &v.bundle[i]
		a, hasA, b, hasB = x.entries, x.hasEntries, x.tile, x.hasTile
	} else {
		below := &v.levels[k-1]
		if row := below.tile(below.best, below.have, i); row != nil {
			a, hasA = subtree(row), true
		}
		if row := below.stored[i]; row != nil {
			b, hasB = subtree(row), true
		}
	}
	s, hasS := l.at(i)
	l.have[i] = true
	switch {
	case hasA && (hasB && a == b || hasS && a == s):
		l.best[i] = a
	case hasB:
		l.best[i] = b
	case hasA:
		l.best[i] = a
	case hasS:
		l.best[i] = s
	default:
		l.have[i] = false
	}
}

// resolveEdge looks for those hashes at the right edge of the tree that make up the root.
// Each level has up to two candidates, so that all combinations are few.
func (v *verification) resolveEdge() {
	candidates := make([][][]tlog.Hash, len(v.levels))
	combinations := 1
	for k := range v.levels {
		l := &v.levels[k]
		t, ok := l.edge()
		if !ok {
			candidates[k] = [][]tlog.Hash{nil}
			continue
		}
		if row := l.tile(l.best, l.have, t); row != nil {
			candidates[k] = append(candidates[k], row)
		}
		if row := l.stored[t]; row != nil {
			candidates[k] = append(candidates[k], row)
		}
		combinations *= len(candidates[k])
	}
	rows := make([][]tlog.Hash, len(v.levels))
	for c := range combinations {
		for k := range rows {
			rows[k] = candidates[k][c%len(candidates[k])]
			c /= len(candidates[k])
		}
		if fold(rows) == v.c.Root {
			v.trustEdge(rows)
			return
		}
	}
	text := "the entries and tiles do not lead to the signed root"
	if combinations == 0 {
		text = "the right edge of the tree is missing, so that nothing leads to the signed root"
	}
	v.find(Finding{Kind: FindingTree, Index: -1, Last: -1, Sub: -1, Path: CheckpointPath, Text: text})
}

func (v *verification) trustEdge(rows [][]tlog.Hash) {
	for k, row := range rows {
		l := &v.levels[k]
		from := l.n - uint64(len(row))
		copy(l.truth[from:], row)
		for i := from; i < l.n; i++ {
			l.known[i] = true
		}
	}
}

// fold is the root of the tree whose right edge is rows, the leaves first.
func fold(rows [][]tlog.Hash) tlog.Hash {
	var root tlog.Hash
	started := false
	for _, row := range rows {
		for size := 1; len(row) > 0; size *= 2 {
			if len(row)&size == 0 {
				continue
			}
			h := subtree(row[len(row)-size:])
			row = row[:len(row)-size]
			if started {
				h = tlog.NodeHash(h, root)
			}
			root, started = h, true
		}
	}
	return root
}

// subtree is the root over a power of two of hashes.
func subtree(row []tlog.Hash) tlog.Hash {
	if len(row) == 1 {
		return row[0]
	}
	var half [TileWidth / 2]tlog.Hash
	next := half[:len(row)/2]
	for i := range next {
		next[i] = nodeHash(&row[2*i], &row[2*i+1])
	}
	for n := len(next); n > 1; n /= 2 {
		for i := range n / 2 {
			next[i] = nodeHash(&next[2*i], &next[2*i+1])
		}
	}
	return next[0]
}

// descend finds the true hashes of the tile whose root a position is.
func (v *verification) descend(k int, i uint64) {
	l, below := &v.levels[k], &v.levels[k-1]
	if !l.known[i] {
		return
	}
	seen := false
	for _, row := range [][]tlog.Hash{below.tile(below.best, below.have, i), below.stored[i]} {
		if row == nil {
			continue
		}
		seen = true
		if subtree(row) == l.truth[i] {
			copy(below.truth[i*TileWidth:], row)
			for j := range uint64(TileWidth) {
				below.known[i*TileWidth+j] = true
			}
			return
		}
	}
	if first := i << (TileHeight * k); seen || v.overlaps(first, first+1<<(TileHeight*k)) {
		f := v.tileFinding(k-1, i*TileWidth, i*TileWidth+TileWidth-1, "neither the entries nor the tiles are those of the signed tree")
		f.Kind = FindingTree
		v.find(f)
	}
}

// compareTiles finds the stored tiles of a level that are not those of the tree.
func (v *verification) compareTiles(k int) {
	l := &v.levels[k]
	for i := range l.n {
		stored, ok := l.at(i)
		switch {
		case !ok:
		case l.known[i]:
			if stored != l.truth[i] {
				v.find(v.tileFinding(k, i, i, "a hash is not that of the signed tree"))
			}
		case l.have[i] && stored != l.best[i]:
			v.find(v.tileFinding(k, i, i, "a hash is not that of the entries below"))
		}
	}
}

// want is the root that a full bundle must have, by the signed tree or, where that is not
// known, by what most files say.
func (v *verification) want(n uint64) (h tlog.Hash, known bool) {
	if len(v.levels) < 2 || n >= v.levels[1].n {
		return h, false
	}
	l := &v.levels[1]
	if l.known[n] {
		return l.truth[n], true
	}
	return l.best[n], false
}

// trusted tells whether a bundle was found clean and is that of the signed tree. Where
// the tree above is broken, which is a finding of its own, it is enough to be clean.
func (v *verification) trusted(n uint64) bool {
	b := &v.bundle[n]
	if !b.clean {
		return false
	}
	if Width(0, n, v.c.Size) == TileWidth {
		h, known := v.want(n)
		return !known || h == b.entries
	}
	l := &v.levels[0]
	for i, ok := range l.known {
		if ok && l.truth[i] != l.best[i] {
			return false
		}
	}
	return true
}
