// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"errors"
	"path"
)

// ScanPayloads calls fn for the payloads of the entries from <= i < to that are
// acknowledged; an entry without one has a payload of no bytes. payload is only valid
// during the call.
func (l *Log) ScanPayloads(ctx context.Context, from, to uint64, fn func(i uint64, payload []byte) error) error {
	to = min(to, l.Head().Size)
	for from < to {
		if err := ctx.Err(); err != nil {
			return err
		}
		last := min(to, floor(from)+tileWidth)
		data, first, whole, err := l.payloads(from, last)
		if err != nil {
			return err
		}
		for ; first < last; first++ {
			var payload []byte
			if whole {
				n, ok := entryLength(data, 4)
				if !ok {
					return l.damaged(resource{level: levelPayload, n: first / tileWidth, width: tileWidth}, "is too short")
				}
				payload, data = data[4:4+n], data[4+n:]
			} else if payload, err = l.Payload(first); err != nil {
				return err
			}
			if first >= from {
				if err := fn(first, payload); err != nil {
					return err
				}
			}
		}
		from = last
	}
	return nil
}

// wholeUpTo is the size in bytes up to which a file of payloads is read at once: batches
// can make one far larger.
const wholeUpTo = 16 << 20

// payloads reads the payloads of one bundle, from the tail only those asked for. A file
// that is too large is not read: then whole is false.
func (l *Log) payloads(from, to uint64) (data []byte, first uint64, whole bool, err error) {
	for {
		l.mu.RLock()
		full := floor(l.state.published.Size)
		frames := l.state.tail(from, to)
		l.mu.RUnlock()
		r := resource{level: levelPayload, n: from / tileWidth, width: tileWidth}
		if from < full {
			size, err := l.sizeOf(r)
			if err != nil || size > wholeUpTo {
				return nil, from, false, err
			}
			data, err = l.sealedResource(r)
			return data, floor(from), true, err
		}
		if !covers(frames, from, to) {
			return nil, 0, false, l.damaged(r, "could not be read when the log was opened")
		}
		data, err = appendSection(nil, frames, from, to, true)
		if !errors.Is(err, errGone) {
			return data, from, true, err
		}
	}
}

func (l *Log) sizeOf(r resource) (int64, error) {
	file, err := l.o.FS.Open(path.Join(l.o.Dir, r.path()))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return file.Size()
}
