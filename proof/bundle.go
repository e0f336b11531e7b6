// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
)

// Leaf reads the leaf at an index and checks it against the tree of c.
func Leaf(ctx context.Context, src Source, c Checkpoint, index uint64) ([]byte, error) {
	if index >= c.Size {
		return nil, noEntry(index, c.Size)
	}
	leaf, err := readLeaf(ctx, src, c, index)
	if err != nil {
		return nil, err
	}
	hashes, err := hashesOf(ctx, src, c).ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
	if err != nil {
		return nil, treeError("entry "+strconv.FormatUint(index, 10), err)
	}
	if hashes[0] != tlog.RecordHash(leaf) {
		return nil, invalid("entry "+strconv.FormatUint(index, 10), verifyRemedy, errOtherLeaf)
	}
	return leaf, nil
}

var errOtherLeaf = errors.New("not the leaf that the tree has")

// Payload reads the sealed payload of an entry and checks it against the leaf, which the
// caller has from Leaf. It is nil if the leaf names none.
func Payload(ctx context.Context, src Source, c Checkpoint, index uint64, leaf []byte) ([]byte, error) {
	var f leafFields
	if err := f.read(leaf); err != nil {
		return nil, invalid("leaf", "", err)
	}
	if f.payload == nil {
		return nil, nil
	}
	payload, err := readPayload(ctx, src, c, index)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(payload); !isHash(f.payload, &sum) {
		return nil, invalid("payload of entry "+strconv.FormatUint(index, 10), verifyRemedy, errors.New("not the one that the leaf names"))
	}
	return payload, nil
}

// verifyRemedy helps where a log contradicts itself.
const verifyRemedy = "comity audit verify shows what is wrong with the log"

// readLeaf reads a leaf without checking it.
func readLeaf(ctx context.Context, src Source, c Checkpoint, index uint64) ([]byte, error) {
	n := index / TileWidth
	width := Width(0, n, c.Size)
	data, path, _, err := readEntries(ctx, src, nil, n, width)
	if err != nil {
		return nil, unreadable(path, err)
	}
	for range index % TileWidth {
		if _, data, err = nextEntry(data); err != nil {
			return nil, invalid(path, verifyRemedy, err)
		}
	}
	leaf, _, err := nextEntry(data)
	if err != nil {
		return nil, invalid(path, verifyRemedy, err)
	}
	return leaf, nil
}

// readPayload reads a payload without checking it.
func readPayload(ctx context.Context, src Source, c Checkpoint, index uint64) ([]byte, error) {
	if index >= c.Size {
		return nil, noEntry(index, c.Size)
	}
	path := PayloadPath(index / TileWidth)
	data, err := src.Resource(ctx, path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	var payload []byte
	for range index%TileWidth + 1 {
		if payload, data, err = nextField(data); err != nil {
			return nil, invalid(path, verifyRemedy, err)
		}
	}
	return payload, nil
}

// readEntries reads a bundle into dst. A log that has grown may have the full bundle in
// place of a partial one; more tells that entries may follow those that were asked for.
func readEntries(ctx context.Context, src Source, dst []byte, n uint64, width int) (data []byte, path string, more bool, err error) {
	path = EntriesPath(n, width)
	data, err = appendTo(ctx, src, dst, path)
	if err == nil || width == TileWidth || !errors.Is(err, fs.ErrNotExist) {
		return data, path, false, err
	}
	data, fullErr := appendTo(ctx, src, dst, EntriesPath(n, TileWidth))
	if fullErr != nil {
		return data, path, false, err
	}
	return data, EntriesPath(n, TileWidth), true, nil
}

// nextEntry takes the first leaf from a bundle: two bytes of length, big-endian, and the
// leaf.
func nextEntry(b []byte) (leaf, rest []byte, err error) {
	if len(b) < 2 {
		return nil, nil, errors.New("the bundle ends too early")
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if n > len(b) {
		return nil, nil, fmt.Errorf("the bundle ends %d bytes too early", n-len(b))
	}
	return b[2:n:n], b[n:], nil
}

// treeError is the error of tiles that do not lead to the root.
func treeError(op string, err error) error {
	if comity.CodeOf(err) != comity.CodeInternal {
		return err
	}
	return invalid(op, verifyRemedy, err)
}
