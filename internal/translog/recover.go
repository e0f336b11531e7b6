// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/vfs"
)

// recovery collects what the folder holds. It only reads: Open writes after it has
// decided.
type recovery struct {
	o        *Options
	report   Recovery
	anchor   AnchorState
	anchored bool

	sealed     Head // by the checkpoint
	head       Head // the longest valid prefix
	tree       peaks
	rows       [maxLevels]row
	origin     *frame
	frames     []*frame
	payloadEnd int64
	atAnchor   *tlog.Hash // the tree's root at the anchor's size

	segments []string // names of the files in wal
	lastSeq  uint64
	open     []*segment
	torn     string // the segment whose last frame is cut
}

// examine reads checkpoint, right edge, write-ahead log and anchor, and decides whether
// the log may sign.
func examine(ctx context.Context, o *Options) (*recovery, error) {
	r := &recovery{o: o}
	var err error
	if r.anchor, r.anchored, err = o.Anchor.Load(); err != nil {
		return nil, err
	}
	r.head.Root = r.tree.root()
	empty, err := r.empty()
	if err != nil {
		return nil, err
	}
	if !empty {
		sound, err := r.readCheckpoint()
		if err == nil && sound {
			sound, err = r.readEdge()
		}
		if err == nil && sound {
			err = r.readWAL(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	r.report.Created = empty
	r.checkAnchor()
	r.report.Sealed, r.report.Replayed = r.sealed.Size, r.head.Size-r.sealed.Size
	return r, nil
}

// block adds a finding that keeps the log from signing; the first one is the reason.
func (r *recovery) block(f Finding, remedy string) {
	r.report.Findings = append(r.report.Findings, f)
	if r.report.ReadOnly == nil {
		r.report.ReadOnly = &comity.Error{
			Code: comity.CodeUnavailable, Op: "open log " + r.o.Name,
			Err: fmt.Errorf("log is read-only: %s", f), Remedy: remedy,
		}
	}
}

const (
	remedyRestore = "restore the file from a copy of the log's folder, or start a new origin with: comity audit adopt --reason TEXT"
	remedyAdopt   = "put the newest folder back, or start a new origin that names this one with: comity audit adopt --reason TEXT"
	remedyForeign = "open the folder with the keys and the anchor of its own log"
)

// empty tells a folder that never had a log, or whose making was interrupted before its
// checkpoint.
func (r *recovery) empty() (bool, error) {
	names, err := r.o.FS.List(r.o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for _, name := range names {
		switch name {
		case "checkpoint.tmp":
		case "wal":
			if wal, err := r.o.FS.List(path.Join(r.o.Dir, name)); err != nil || len(wal) > 0 {
				return false, err
			}
		default:
			return false, nil
		}
	}
	return true, nil
}

// readCheckpoint reads what is sealed. Without it the anchor's note stands in, so that
// reading may still work.
func (r *recovery) readCheckpoint() (bool, error) {
	text, err := vfs.ReadFile(r.o.FS, path.Join(r.o.Dir, "checkpoint"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err == nil {
		r.sealed, err = openNote(text, r.o.Origin, r.o.Verifiers)
	}
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errForeign):
		r.block(Finding{Kind: KindForeignOrigin, Path: "checkpoint", Detail: err.Error()}, remedyForeign)
		return false, nil
	}
	r.block(Finding{Kind: KindDamagedCheckpoint, Path: "checkpoint", Detail: err.Error()},
		"restore the file checkpoint from a copy of the log's folder or from the log's last answer to GET checkpoint, or start a new origin with: comity audit adopt --reason TEXT")
	if !r.anchored || r.anchor.Origin != r.o.Origin {
		return false, nil
	}
	r.sealed, err = openNote(r.anchor.Note, r.o.Origin, r.o.Verifiers)
	return err == nil, nil
}

// readEdge reads the partial tiles at the right edge and checks them against the
// checkpoint.
func (r *recovery) readEdge() (bool, error) {
	r.head = r.sealed
	size := r.sealed.Size
	var partial [maxLevels][]tlog.Hash
	for level := range maxLevels {
		count := size >> (level * tileHeight)
		r.rows[level].base = floor(count)
		t := resource{level: level, n: count / tileWidth, width: int(count % tileWidth)}
		if t.width == 0 {
			continue
		}
		data, err := r.readTile(t)
		if err != nil {
			return r.badEdge(t, err)
		}
		for i := range t.width {
			partial[level] = append(partial[level], tlog.Hash(data[i*hashSize:]))
		}
		if level > 0 {
			r.rows[level].hashes = partial[level]
		}
	}
	r.tree = edge(size, partial)
	if got := r.tree.root(); got != r.sealed.Root {
		return r.blame(partial)
	}
	f, end, err := openOrigin(r.o, size, partial[0])
	if err != nil {
		n := size / tileWidth
		return r.badEdge(resource{level: levelEntries, n: n, width: int(size % tileWidth)}, err)
	}
	r.origin, r.payloadEnd = f, end
	if f != nil {
		r.frames = []*frame{f}
	}
	return true, nil
}

// readTile reads a partial hash tile or the start of the full one.
func (r *recovery) readTile(t resource) ([]byte, error) {
	data, err := vfs.ReadFile(r.o.FS, path.Join(r.o.Dir, t.path()))
	if errors.Is(err, fs.ErrNotExist) {
		full := t
		full.width = tileWidth
		if whole, ferr := vfs.ReadFile(r.o.FS, path.Join(r.o.Dir, full.path())); ferr == nil {
			data, err = whole, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if len(data) < t.width*hashSize {
		return nil, fmt.Errorf("has %d bytes, not %d", len(data), t.width*hashSize)
	}
	return data, nil
}

func (r *recovery) badEdge(t resource, err error) (bool, error) {
	var wrong *edgeError
	at := Finding{Kind: KindDamagedTile, Path: t.path(), Detail: err.Error()}
	at.Index = t.n * tileWidth << (max(t.level, 0) * tileHeight)
	at.End = r.sealed.Size
	if errors.As(err, &wrong) {
		at.Path, at.Index, at.End = wrong.path, wrong.index, wrong.index+1
	}
	r.block(at, remedyRestore)
	return false, nil
}

// blame finds which tile at the edge does not fit the others. With none of them, it is
// the checkpoint.
func (r *recovery) blame(partial [maxLevels][]tlog.Hash) (bool, error) {
	_, _, err := openOrigin(r.o, r.sealed.Size, partial[0])
	if err != nil {
		t := resource{level: 0, n: r.sealed.Size / tileWidth, width: int(r.sealed.Size % tileWidth)}
		if wrong := (*edgeError)(nil); errors.As(err, &wrong) {
			// The tile contradicts both the leaf and the root.
			err = &edgeError{t.path(), wrong.index, "the hash is not that of the leaf"}
		}
		return r.badEdge(t, err)
	}
	for level := 1; level < maxLevels; level++ {
		for i, want := range partial[level] {
			t := resource{level: level - 1, n: r.rows[level].base + uint64(i), width: tileWidth}
			data, err := r.readTile(t)
			if err != nil {
				return r.badEdge(t, err)
			}
			below := make([]tlog.Hash, tileWidth)
			for k := range below {
				below[k] = tlog.Hash(data[k*hashSize:])
			}
			if subtree(below) != want {
				return r.badEdge(t, fmt.Errorf("does not fit hash %d of the tile at level %d above it", i, level))
			}
		}
	}
	r.block(Finding{Kind: KindDamagedTile, End: r.sealed.Size, Detail: "the tiles do not have the checkpoint's root"}, remedyAdopt)
	return false, nil
}

// edgeError names the entry at the right edge that does not fit.
type edgeError struct {
	path   string
	index  uint64
	detail string
}

func (e *edgeError) Error() string { return e.detail }

// openOrigin opens the last entry bundle and payload file of a log of size entries and
// checks them against their hashes. The frame is nil if the last bundle is full.
func openOrigin(o *Options, size uint64, hashes []tlog.Hash) (*frame, int64, error) {
	width := int(size % tileWidth)
	if width == 0 {
		return nil, 0, nil
	}
	n := size / tileWidth
	bundle := resource{level: levelEntries, n: n, width: width}
	leaf, leaves, err := openSection(o, bundle.path(), size, 2)
	if errors.Is(err, fs.ErrNotExist) {
		bundle.width = tileWidth
		leaf, leaves, err = openSection(o, bundle.path(), size, 2)
	}
	if err != nil {
		return nil, 0, err
	}
	start := uint32(0)
	for i, end := range leaf.ends {
		if tlog.RecordHash(leaves[start+2:end]) != hashes[i] {
			leaf.seg.file.Close()
			return nil, 0, &edgeError{bundle.path(), floor(size) + uint64(i), "the leaf does not have the hash in its tile"}
		}
		start = end
	}
	payload, _, err := openSection(o, resource{level: levelPayload, n: n, width: tileWidth}.path(), size, 4)
	if err != nil {
		leaf.seg.file.Close()
		return nil, 0, err
	}
	f := &frame{first: floor(size), hashes: slices.Clone(hashes), leaf: leaf, payload: payload}
	return f, int64(payload.ends[width-1]), nil
}

// openSection opens a file of entries and reads where the first of them end.
func openSection(o *Options, name string, size uint64, prefix int) (section, []byte, error) {
	width := int(size % tileWidth)
	file, err := o.FS.Open(path.Join(o.Dir, name))
	if err != nil {
		return section{}, nil, err
	}
	length, err := file.Size()
	data := make([]byte, length)
	if err == nil && length > 0 {
		_, err = file.ReadAt(data, 0)
	}
	list, _ := splitSection(data, width, prefix)
	if err == nil && len(list) < width {
		err = &edgeError{name, floor(size) + uint64(len(list)), fmt.Sprintf("the file ends after %d of %d entries", len(list), width)}
	}
	if err != nil {
		file.Close()
		return section{}, nil, err
	}
	return section{seg: &segment{name: name, file: file}, ends: list}, data, nil
}

// checkAnchor compares what was found with the one trusted state.
func (r *recovery) checkAnchor() {
	a, size := r.anchor, r.head.Size
	switch {
	case !r.anchored && (size > 0 || r.report.ReadOnly != nil):
		r.block(Finding{Kind: KindAnchorMissing, End: size, Detail: "there is no anchor for this log, so nobody can tell whether its end was cut off"},
			"put the anchor file back where it was, name it with --anchor PATH, or start a new origin with: comity audit adopt --reason TEXT")
	case !r.anchored:
	case a.Origin != r.o.Origin:
		r.block(Finding{Kind: KindForeignOrigin, Detail: fmt.Sprintf("the anchor is of %q, the log of %q", a.Origin, r.o.Origin)}, remedyForeign)
	case a.Size > size:
		r.shorter()
	default:
		r.compareRoot()
	}
}

// shorter: entries that were acknowledged are not there.
func (r *recovery) shorter() {
	f := Finding{Kind: KindRolledBack, Index: r.head.Size, End: r.anchor.Size}
	f.Detail = fmt.Sprintf("%d entries were acknowledged, the folder has %d: an older copy was put back, or the end is lost", r.anchor.Size, r.head.Size)
	if r.torn != "" {
		f.Kind, f.Path = KindDamagedFrame, r.torn
		f.Detail = fmt.Sprintf("%d entries were acknowledged, but the write-ahead log is damaged after entry %d", r.anchor.Size, int64(r.head.Size)-1)
	}
	r.block(f, remedyAdopt)
}

func (r *recovery) compareRoot() {
	a := r.anchor
	if r.atAnchor == nil {
		root, err := tlog.TreeHash(int64(a.Size), r.log().HashReader())
		if err != nil {
			r.block(Finding{Kind: KindDamagedTile, End: a.Size, Detail: "read the tree at the anchor's size: " + err.Error()}, remedyRestore)
			return
		}
		r.atAnchor = &root
	}
	if *r.atAnchor != a.Root {
		r.block(Finding{Kind: KindDifferentTree, End: a.Size, Detail: fmt.Sprintf("at %d entries the root is %s, the anchor has %s", a.Size, r.atAnchor, a.Root)}, remedyAdopt)
		return
	}
	if r.report.ReadOnly != nil {
		return
	}
	if r.torn != "" {
		r.report.Findings = append(r.report.Findings, Finding{Kind: KindTornTail, Index: r.head.Size, Path: r.torn, Detail: "the last group was cut by a crash before it was acknowledged, and is dropped"})
	}
	if r.head.Size > a.Size {
		r.report.Findings = append(r.report.Findings, Finding{Kind: KindUnacknowledged, Index: a.Size, End: r.head.Size, Detail: "durable, but the anchor had not followed; they are kept"})
	}
}

// log is a log for reading what was found.
func (r *recovery) log() *Log {
	l := &Log{
		o: *r.o, queue: newQueue(), tails: r.open, origin: r.origin, tailFile: r.payloadEnd,
		committed: make(chan struct{}), sealedAll: make(chan struct{}),
	}
	head := r.head
	l.state = state{head: head, published: r.sealed, frames: slices.Clone(r.frames), rows: r.rows}
	if strings.TrimSpace(string(head.Note)) == "" {
		l.state.head.Note = nil
	}
	for i := range l.state.rows {
		l.state.rows[i].hashes = slices.Clone(l.state.rows[i].hashes)
	}
	return l
}
