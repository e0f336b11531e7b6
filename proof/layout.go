// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// CheckpointPath is where a log's newest checkpoint is.
	CheckpointPath = "checkpoint"
	// TileHeight is the height of tiles in tlog-tiles; a full tile has TileWidth hashes.
	TileHeight = 8
	// TileWidth is the number of hashes in a full tile and of entries in a full bundle.
	TileWidth = 1 << TileHeight
	// MaxLeaf is the length of the longest leaf: bundles count a leaf in 16 bits.
	MaxLeaf = 1<<16 - 1

	// maxSize keeps sums of sizes and stored hash indexes inside an int64.
	maxSize = 1 << 60
)

// TilePath is the path of the nth tile of a level; width is the number of its hashes.
func TilePath(level int, n uint64, width int) string {
	return "tile/" + strconv.Itoa(level) + "/" + number(n) + partial(width)
}

// EntriesPath is the path of the nth bundle of leaves; width is how many it has.
func EntriesPath(n uint64, width int) string {
	return "tile/entries/" + number(n) + partial(width)
}

// PayloadPath is the path of the payloads of entries n*256 to n*256+255. The file grows in
// place, so that it has no partial form.
func PayloadPath(n uint64) string { return "payload/" + number(n) }

// Width is how many hashes the nth tile of a level has in a tree of a size: 0 if there is no
// such tile.
func Width(level int, n, size uint64) int {
	have := size >> (TileHeight * level)
	if first := n << TileHeight; first < have {
		return int(min(have-first, TileWidth))
	}
	return 0
}

// tilePath maps a tile of tlog, whose own path names the height and calls entries data.
func tilePath(t tlog.Tile) string {
	if t.L < 0 {
		return EntriesPath(uint64(t.N), t.W)
	}
	return TilePath(t.L, uint64(t.N), t.W)
}

// number writes n in groups of three digits, each but the last a folder: x001/x234/067.
func number(n uint64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

func partial(width int) string {
	if width == TileWidth {
		return ""
	}
	return ".p/" + strconv.Itoa(width)
}
