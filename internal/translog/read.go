// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/vfs"
)

// Resource serves "checkpoint", tiles, entry bundles and payload files by their paths,
// also for entries that are not sealed yet. After "checkpoint" was served for a size, all
// that belongs to it is served. What does not exist is fs.ErrNotExist.
func (l *Log) Resource(name string) ([]byte, error) {
	if name == "checkpoint" {
		if head := l.Head(); head.Note != nil {
			return append([]byte(nil), head.Note...), nil
		}
		return nil, notThere(name)
	}
	r, ok := parsePath(name)
	if !ok {
		return nil, notThere(name)
	}
	return l.resource(r)
}

// resource reads full tiles from the folder and the rest from the tail. The tail may be
// sealed in between; then the full tile exists.
func (l *Log) resource(r resource) ([]byte, error) {
	for {
		data, err := l.tryResource(r)
		if !errors.Is(err, errGone) {
			return data, err
		}
	}
}

func (l *Log) tryResource(r resource) ([]byte, error) {
	level := max(r.level, 0)
	l.mu.RLock()
	s := &l.state
	full := s.published.Size >> (level * tileHeight) / tileWidth // tiles that are full on disk
	count := s.head.Size >> (level * tileHeight)
	first := r.n * tileWidth
	last := first + uint64(r.width)
	if r.level == levelPayload {
		last = min(last, count)
	}
	if last > count || first >= last {
		l.mu.RUnlock()
		return nil, notThere(r.path())
	}
	if r.n < full {
		l.mu.RUnlock()
		return l.sealedResource(r)
	}
	if level > 0 {
		defer l.mu.RUnlock()
		at := first - s.rows[level].base
		if at+uint64(r.width) > uint64(len(s.rows[level].hashes)) {
			return nil, l.damaged(r, "could not be read when the log was opened")
		}
		return appendHashes(nil, s.rows[level].hashes[at:at+uint64(r.width)]), nil
	}
	frames := s.tail(first, last)
	l.mu.RUnlock()
	if !covers(frames, first, last) {
		return nil, l.damaged(r, "could not be read when the log was opened")
	}
	if r.level == 0 {
		return appendLeafHashes(nil, frames, first, last), nil
	}
	return appendSection(nil, frames, first, last, r.level == levelPayload)
}

// sealedResource reads a full tile, and cuts it where a partial one is asked for.
func (l *Log) sealedResource(r resource) ([]byte, error) {
	full := r
	full.width = tileWidth
	data, err := vfs.ReadFile(l.o.FS, path.Join(l.o.Dir, full.path()))
	if err != nil || r.width == tileWidth {
		return data, err
	}
	size := r.width * hashSize
	if r.level == levelEntries {
		if _, size = splitSection(data, r.width, 2); size == 0 {
			size = len(data) + 1
		}
	}
	if size > len(data) {
		return nil, l.damaged(full, "is too short")
	}
	return data[:size], nil
}

// damaged is the error of a file of the log that does not hold what it must.
func (l *Log) damaged(r resource, what string) error {
	first := r.n << (max(r.level, 0) * tileHeight) * tileWidth
	return &comity.Error{
		Code: comity.CodeInternal, Op: "read log " + l.o.Name,
		Err:    fmt.Errorf("%s %s (entries from %d)", r.path(), what, first),
		Remedy: "run comity audit verify on the log's folder, and restore the file from a copy",
	}
}

// Leaf is the leaf of entry i.
func (l *Log) Leaf(i uint64) ([]byte, error) { return l.entry(new([]byte), i, levelEntries, 2) }

// Payload is the payload of entry i, nil if it has none.
func (l *Log) Payload(i uint64) ([]byte, error) { return l.PayloadIn(new([]byte), i) }

// PayloadIn is Payload in memory that the next call with the same room uses again.
func (l *Log) PayloadIn(room *[]byte, i uint64) ([]byte, error) {
	return l.entry(room, i, levelPayload, 4)
}

func (l *Log) entry(room *[]byte, i uint64, level, prefix int) ([]byte, error) {
	for {
		l.mu.RLock()
		size, full := l.state.head.Size, floor(l.state.published.Size)
		frames := l.state.tail(i, i+1)
		l.mu.RUnlock()
		switch {
		case i >= size:
			return nil, &comity.Error{
				Code: comity.CodeNotFound, Op: "read log " + l.o.Name,
				Err: fmt.Errorf("entry %d: the log has %d entries", i, size),
			}
		case i < full:
			return l.sealedEntry(room, i, level, prefix)
		}
		if !covers(frames, i, i+1) {
			return nil, l.damaged(resource{level: level, n: i / tileWidth, width: tileWidth}, "could not be read when the log was opened")
		}
		data, err := appendSection((*room)[:0], frames, i, i+1, level == levelPayload)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil || len(data) <= prefix {
			return nil, err
		}
		*room = data
		return data[prefix:], nil
	}
}

func (l *Log) sealedEntry(room *[]byte, i uint64, level, prefix int) ([]byte, error) {
	r := resource{level: level, n: i / tileWidth, width: tileWidth}
	k := int(i % tileWidth)
	file, err := l.o.FS.Open(path.Join(l.o.Dir, r.path()))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	if size > walkAbove {
		return l.walkTo(room, file, size, r, k, prefix)
	}
	data := make([]byte, size)
	if _, err := file.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	list, end := splitSection(data, k+1, prefix)
	if len(list) <= k {
		return nil, l.damaged(r, "is too short")
	}
	start := prefix
	if k > 0 {
		start += int(list[k-1])
	}
	if start == end {
		return nil, nil
	}
	return data[start:end:end], nil
}

// walkAbove is the size in bytes from which a file is not read whole for one entry.
const walkAbove = 1 << 20

// walkTo reads the k-th entry of a file by going from one length to the next.
func (l *Log) walkTo(room *[]byte, file vfs.File, size int64, r resource, k, prefix int) ([]byte, error) {
	head := make([]byte, prefix)
	for at := int64(0); ; k-- {
		if size-at < int64(prefix) {
			return nil, l.damaged(r, "is too short")
		}
		if _, err := file.ReadAt(head, at); err != nil {
			return nil, err
		}
		n := int64(readLength(head))
		at += int64(prefix)
		if n > size-at {
			return nil, l.damaged(r, "is too short")
		}
		if k > 0 {
			at += n
			continue
		}
		if n == 0 {
			return nil, nil
		}
		data := slices.Grow((*room)[:0], int(n))[:n]
		*room = data
		if _, err := file.ReadAt(data, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return data, nil
	}
}

// Scan calls fn for the entries from <= i < to that are acknowledged. leaf is only valid
// during the call.
func (l *Log) Scan(ctx context.Context, from, to uint64, fn func(i uint64, leaf []byte) error) error {
	to = min(to, l.Head().Size)
	for from < to {
		if err := ctx.Err(); err != nil {
			return err
		}
		last := min(to, floor(from)+tileWidth)
		data, first, err := l.leaves(from, last)
		if err != nil {
			return err
		}
		for ; first < last; first++ {
			n, ok := entryLength(data, 2)
			if !ok {
				return l.damaged(resource{level: levelEntries, n: first / tileWidth, width: tileWidth}, "is too short")
			}
			if first >= from {
				if err := fn(first, data[2:2+n]); err != nil {
					return err
				}
			}
			data = data[2+n:]
		}
		from = last
	}
	return nil
}

// leaves reads entries of one bundle, from the tail only those asked for.
func (l *Log) leaves(from, to uint64) (data []byte, first uint64, err error) {
	for {
		l.mu.RLock()
		full := floor(l.state.published.Size)
		frames := l.state.tail(from, to)
		l.mu.RUnlock()
		if from < full {
			data, err = l.sealedResource(resource{level: levelEntries, n: from / tileWidth, width: tileWidth})
			return data, floor(from), err
		}
		if !covers(frames, from, to) {
			return nil, 0, l.damaged(resource{level: levelEntries, n: from / tileWidth, width: tileWidth}, "could not be read when the log was opened")
		}
		data, err = appendSection(nil, frames, from, to, false)
		if !errors.Is(err, errGone) {
			return data, from, err
		}
	}
}

// HashReader reads the tree's hashes, for tlog.ProveRecord and tlog.ProveTree.
func (l *Log) HashReader() tlog.HashReader { return hashReader{l} }

type hashReader struct{ l *Log }

// ReadHashes reads each tile once per call.
func (r hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	tiles := map[tlog.Tile][]byte{}
	for i, index := range indexes {
		t := tlog.TileForIndex(tileHeight, index)
		key := tlog.Tile{H: t.H, L: t.L, N: t.N}
		data := tiles[key]
		if len(data) < t.W*hashSize {
			var err error
			if data, err = r.l.resource(resource{level: t.L, n: uint64(t.N), width: t.W}); err != nil {
				if errors.Is(err, fs.ErrNotExist) {
					err = fmt.Errorf("hash %d is not in the tree: %w", index, err)
				}
				return nil, err
			}
			tiles[key] = data
		}
		var err error
		if hashes[i], err = tlog.HashFromTile(t, data, index); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}
