// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package translog is the transparency log as bytes: a group-committed write-ahead log
// whose frames carry the new root and its signature, tiles in the C2SP tlog-tiles layout
// that are written in the background, recovery, and the anchor that is trusted.
package translog

import (
	"errors"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/internal/vfs"
)

// Limits of one entry. Entry bundles carry a two-byte length before each leaf.
const (
	MaxLeaf    = 1<<16 - 1
	MaxPayload = 16 << 20
)

// Entry is what one Append records. The slices are not kept after Append returns.
type Entry struct {
	Leaf    []byte
	Payload []byte // empty: no payload
	NewKeys bool   // Options.SyncKeys must return before the acknowledgement
}

// Ack says that an entry is durable. Note is the signed note of a tree that covers Index.
type Ack struct {
	Index uint64
	Note  string
}

// Head is a signed tree head.
type Head struct {
	Size uint64
	Root tlog.Hash
	Note []byte
}

// Options are what a log needs. FS, Dir, Origin, Signers, Verifiers and Anchor must be set.
type Options struct {
	FS        vfs.FS
	Dir       string // the log's folder: checkpoint, tile, payload, wal
	Origin    string // first line of each checkpoint
	Name      string // the log's name in messages
	Signers   []note.Signer
	Verifiers note.Verifiers // for the log's own checkpoints, at recovery
	Anchor    Anchor
	// SyncKeys runs at the same time as the sync of a group that has new keys.
	SyncKeys func() error
	Now      func() time.Time
	Logger   *slog.Logger
	// SegmentBytes is the greatest usual size of a segment of the write-ahead log, 16 MiB
	// unless set; a new log begins with smaller ones.
	SegmentBytes int64
	// SealEvery is the longest time that an entry waits for its tile, 1 s unless set.
	SealEvery time.Duration
	// MaxTail is how many entries may wait for their tiles before writers wait; 1<<17
	// unless set.
	MaxTail int
}

// AnchorState is the last signed head. Two states are the same if origin, size and
// root are.
type AnchorState struct {
	Origin string
	Size   uint64
	Root   tlog.Hash
	Note   []byte
}

// Anchor is the only trusted state. It lies outside the data folder.
type Anchor interface {
	// Load returns the state, or false if there never was one.
	Load() (AnchorState, bool, error)
	// Swap replaces old by next, and fails with ErrAnchorMoved if old is not the state. A
	// zero old means that there is none. A crash of the process after Swap returned does
	// not undo it.
	Swap(old, next AnchorState) error
	Close() error
}

// ErrAnchorMoved: the anchor is not what this log left there.
var ErrAnchorMoved = errors.New("anchor was changed by somebody else")
