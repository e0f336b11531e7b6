// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A tile has 256 hashes: it is 8 levels of the tree high.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	maxLevels  = 8 // levels of tiles; 64 bits of index have no more
)

// peaks is the right edge of a tree: hash[k] is the root of the perfect subtree of 2^k
// leaves if bit k of size is set.
type peaks struct {
	size uint64
	hash [64]tlog.Hash
}

// add appends a leaf hash. emit is called for each subtree that becomes complete and is a
// hash of a tile above the lowest level.
func (p *peaks) add(h tlog.Hash, emit func(level int, h tlog.Hash)) {
	k := 0
	for ; p.size>>k&1 == 1; k++ {
		h = tlog.NodeHash(p.hash[k], h)
		if (k+1)%tileHeight == 0 {
			emit((k+1)/tileHeight, h)
		}
	}
	p.hash[k] = h
	p.size++
}

// root is the hash of the whole tree.
func (p *peaks) root() tlog.Hash {
	if p.size == 0 {
		return sha256.Sum256(nil)
	}
	k := bits.TrailingZeros64(p.size)
	h := p.hash[k]
	for k++; k < 64; k++ {
		if p.size>>k&1 == 1 {
			h = tlog.NodeHash(p.hash[k], h)
		}
	}
	return h
}

// edge is the tree's right edge from its partial tiles: rows[l] are the hashes of the
// partial tile at level l.
func edge(size uint64, rows [maxLevels][]tlog.Hash) peaks {
	p := peaks{size: size}
	for l, row := range rows {
		at := 0
		for k := tileHeight - 1; k >= 0; k-- {
			if len(row)>>k&1 == 1 {
				p.hash[l*tileHeight+k] = subtree(row[at : at+1<<k])
				at += 1 << k
			}
		}
	}
	return p
}

// subtree is the root over hashes, whose number is a power of two.
func subtree(row []tlog.Hash) tlog.Hash {
	if len(row) == 1 {
		return row[0]
	}
	half := len(row) / 2
	return tlog.NodeHash(subtree(row[:half]), subtree(row[half:]))
}

// signNote signs a tree head.
func signNote(origin string, size uint64, root tlog.Hash, signers []note.Signer) ([]byte, error) {
	text := origin + "\n" + strconv.FormatUint(size, 10) + "\n" + root.String() + "\n"
	return note.Sign(&note.Note{Text: text}, signers...)
}

// openNote checks the signature of a tree head and reads it. A note of another log gives
// a head and errForeign.
func openNote(msg []byte, origin string, verifiers note.Verifiers) (Head, error) {
	text := string(msg)
	if n, err := note.Open(msg, verifiers); err == nil {
		text = n.Text
	} else if first, _, _ := strings.Cut(text, "\n"); first != origin && first != "" && !strings.ContainsRune(first, 0) {
		return Head{}, fmt.Errorf("%w: origin %q, not %q", errForeign, first, origin)
	} else {
		return Head{}, err
	}
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return Head{}, fmt.Errorf("read checkpoint: %d lines, not 3", len(lines)-1)
	}
	if lines[0] != origin {
		return Head{}, fmt.Errorf("%w: origin %q, not %q", errForeign, lines[0], origin)
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return Head{}, fmt.Errorf("read checkpoint: size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Head{}, fmt.Errorf("read checkpoint: %w", err)
	}
	return Head{Size: size, Root: root, Note: msg}, nil
}
