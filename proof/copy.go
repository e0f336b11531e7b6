// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"
)

// Copy gives to write all files that VerifyLog reads of the entries of only (nil: of the
// whole log), for the newest checkpoint of src, whose signature it does not check. Payloads
// of other entries are left out: in their place stand empty ones. It copies what is there;
// what is missing or wrong is so in the copy.
func Copy(ctx context.Context, src Source, only []Range, write func(path string, data []byte) error) (Checkpoint, error) {
	c, err := claimed(ctx, src)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := write(CheckpointPath, c.Note); err != nil {
		return Checkpoint{}, err
	}
	v := &verification{src: src, c: c, o: Options{Only: only}}
	for k := 0; c.Size>>(TileHeight*k) > 0; k++ {
		for n := uint64(0); Width(k, n, c.Size) > 0; n++ {
			if err := v.copyTile(ctx, k, n, write); err != nil {
				return Checkpoint{}, err
			}
		}
	}
	for n := uint64(0); Width(0, n, c.Size) > 0; n++ {
		if !v.overlaps(n*TileWidth, (n+1)*TileWidth) {
			continue
		}
		if err := v.copyEntries(ctx, n, write); err != nil {
			return Checkpoint{}, err
		}
	}
	return c, nil
}

func (v *verification) copyTile(ctx context.Context, k int, n uint64, write func(string, []byte) error) error {
	width := Width(k, n, v.c.Size)
	if width == TileWidth && !v.spans(k, n) {
		return nil
	}
	t := tlog.Tile{H: TileHeight, L: k, N: int64(n), W: width}
	data, err := readTile(ctx, v.src, nil, t)
	return written(tilePath(t), data, err, write)
}

func (v *verification) copyEntries(ctx context.Context, n uint64, write func(string, []byte) error) error {
	width := Width(0, n, v.c.Size)
	data, _, more, err := readEntries(ctx, v.src, nil, n, width)
	if more {
		data = cut(data, 2, width)
	}
	if err := written(EntriesPath(n, width), data, err, write); err != nil {
		return err
	}
	data, err = v.src.Resource(ctx, PayloadPath(n))
	if err == nil {
		data = v.onlySelected(cut(data, 4, width), n*TileWidth)
	}
	return written(PayloadPath(n), data, err, write)
}

// written passes a file on, unless it is missing.
func written(path string, data []byte, err error, write func(string, []byte) error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unreadable(path, err)
	}
	return write(path, data)
}

// cut leaves the first n records of a file, or all of it if it cannot be read so far.
func cut(data []byte, prefix, n int) []byte {
	s, pos := splitter{data: data, prefix: prefix}, 0
	for range n {
		_, next, ok := s.at(pos)
		if !ok {
			return data
		}
		pos = next
	}
	return data[:pos]
}

// onlySelected empties the payloads that are not to be copied.
func (v *verification) onlySelected(data []byte, first uint64) []byte {
	if v.o.Only == nil {
		return data
	}
	s, pos := splitter{data: data, prefix: 4}, 0
	var out []byte
	for i := first; i < first+TileWidth; i++ {
		payload, next, ok := s.at(pos)
		if !ok {
			break
		}
		if !v.selected(i) {
			payload = nil
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(payload))), payload...)
		pos = next
	}
	return out
}
