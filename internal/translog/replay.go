// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"sort"

	"golang.org/x/mod/sumdb/tlog"
)

// found is a valid frame in a segment.
type found struct {
	*frame
	root tlog.Hash
	note []byte
	seg  *segment
}

// readWAL finds the frames that continue what is sealed and replays them.
func (r *recovery) readWAL(ctx context.Context) error {
	segments, err := r.openSegments()
	if err != nil || segments == nil {
		return err
	}
	var chain []found
	var hole *Finding // where the chain broke, unless a later segment begins before it
	end := r.sealed.Size
	for _, s := range segments {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, torn, err := readFrames(s, floor(end))
		if err != nil {
			return err
		}
		if len(list) > 0 || torn {
			r.torn = ""
		}
		if torn {
			r.torn = path.Join("wal", s.name)
		}
		for _, f := range list {
			// A checkpoint ends where a group does: a frame across it was overruled.
			if f.first < r.sealed.Size {
				continue
			}
			for len(chain) > 0 && chain[len(chain)-1].first >= f.first {
				chain = chain[:len(chain)-1]
			}
			end = r.sealed.Size
			if len(chain) > 0 {
				end = chain[len(chain)-1].end()
			}
			if f.first == end && (hole == nil || f.first <= hole.Index) {
				chain, hole, end = append(chain, f), nil, f.end()
			} else if hole == nil || f.first <= hole.Index {
				h := r.hole(segments, chain, f, end)
				hole = &h
			}
		}
	}
	if hole != nil {
		r.block(*hole, remedyRestore)
	}
	return r.replay(chain)
}

// openSegments opens the files of the write-ahead log in order of their sequence.
func (r *recovery) openSegments() ([]*segment, error) {
	dir := path.Join(r.o.Dir, "wal")
	names, err := r.o.FS.List(dir)
	if err != nil {
		names = nil // a log that never had an entry has no such folder
	}
	want := sha256.Sum256([]byte(r.o.Origin))
	for _, name := range names {
		file, err := r.o.FS.Open(path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		s := &segment{name: name, file: file}
		r.open = append(r.open, s)
		r.segments = append(r.segments, name)
		if s.size, err = file.Size(); err != nil {
			return nil, err
		}
		page := make([]byte, min(s.size, pageSize))
		if len(page) > 0 {
			if _, err := file.ReadAt(page, 0); err != nil {
				return nil, err
			}
		}
		seq, origin, ok := parseSegment(page)
		if !ok {
			// The frames say themselves to which sequence they belong.
			fmt.Sscanf(name, "%012d.wal", &seq)
		} else if origin != want {
			r.block(Finding{Kind: KindForeignOrigin, Path: path.Join("wal", name), Detail: "the write-ahead log belongs to another log"}, remedyForeign)
			return nil, nil
		}
		s.seq = seq
		r.lastSeq = max(r.lastSeq, seq)
	}
	slices.SortStableFunc(r.open, func(a, b *segment) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	return slices.Clone(r.open), nil
}

// readFrames lists the valid frames of a segment that end after from. torn says that the
// last thing in it began as a frame and is none.
func readFrames(s *segment, from uint64) (list []found, torn bool, err error) {
	data := make([]byte, s.size)
	if len(data) > 0 {
		if _, err := s.file.ReadAt(data, 0); err != nil {
			return nil, false, err
		}
	}
	for off := int64(pageSize); off < s.size; {
		h, ok := parseHeader(data[off:], s.seq)
		var p parsedFrame
		if ok {
			p, ok = parseBody(h, data[off:])
		}
		if !ok {
			torn = torn || looksLikeFrame(data[off:], s.seq)
			off += pageSize
			continue
		}
		torn = false
		if h.end() > from {
			list = append(list, p.found(s, off))
		}
		off += h.span()
	}
	return list, torn, nil
}

func (p parsedFrame) found(s *segment, off int64) found {
	f := &frame{first: p.first, span: p.span(), hashes: make([]tlog.Hash, p.count)}
	start := uint32(0)
	for i, end := range p.leafEnds {
		f.hashes[i] = tlog.RecordHash(p.leaves[start+2 : end])
		start = end
	}
	f.leaf = section{seg: s, off: off + frameHeader, ends: p.leafEnds}
	f.payload = section{seg: s, off: f.leaf.off + int64(len(p.leaves)), ends: p.payEnds}
	return found{frame: f, root: p.root, note: slices.Clone(p.note), seg: s}
}

// hole describes what is missing before f.
func (r *recovery) hole(segments []*segment, chain []found, f found, end uint64) Finding {
	h := Finding{Kind: KindDamagedFrame, Index: end, End: f.first, Path: path.Join("wal", f.seg.name)}
	before := sort.Search(len(segments), func(i int) bool { return segments[i].seq >= f.seg.seq })
	if len(chain) > 0 {
		h.Path = path.Join("wal", chain[len(chain)-1].seg.name)
	}
	if len(chain) > 0 && chain[len(chain)-1].seg == f.seg {
		h.Detail = "the group is damaged, and good ones follow it"
		return h
	}
	if before == 0 || segments[before-1].seq != f.seg.seq-1 {
		h.Kind, h.Path = KindMissingSegment, path.Join("wal", segmentName(f.seg.seq-1))
		h.Detail = "a file of the write-ahead log is missing"
		return h
	}
	h.Detail = "the end of the file is damaged, and good groups follow in the next"
	if len(chain) == 0 {
		h.Path = path.Join("wal", segments[before-1].name)
	}
	return h
}

// replay appends the frames to the tree, as far as each has the root that it was signed
// with.
func (r *recovery) replay(chain []found) error {
	r.noteAnchor()
	for i, f := range chain {
		before := r.tree
		var uppers []upper
		for _, h := range f.hashes {
			r.tree.add(h, func(level int, h tlog.Hash) { uppers = append(uppers, upper{level, h}) })
			r.noteAnchor()
		}
		head, err := Head{Size: r.tree.size, Root: f.root, Note: f.note}, error(nil)
		if r.tree.root() != f.root {
			err = fmt.Errorf("the group's entries do not give its root")
		} else if i == len(chain)-1 {
			head, err = openNote(f.note, r.o.Origin, r.o.Verifiers)
			if err == nil && (head.Size != r.tree.size || head.Root != f.root) {
				err = fmt.Errorf("the group's note is of another tree")
			}
		}
		if err != nil {
			r.tree = before
			r.block(Finding{Kind: KindDamagedFrame, Index: f.first, End: f.end(), Path: path.Join("wal", f.seg.name), Detail: err.Error()}, remedyAdopt)
			return nil
		}
		for _, u := range uppers {
			r.rows[u.level].hashes = append(r.rows[u.level].hashes, u.hash)
		}
		r.frames = append(r.frames, f.frame)
		r.head = head
	}
	return nil
}

func (r *recovery) noteAnchor() {
	if r.anchored && r.tree.size == r.anchor.Size {
		root := r.tree.root()
		r.atAnchor = &root
	}
}
