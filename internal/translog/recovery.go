// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import "fmt"

// Kind names what recovery found.
type Kind string

// The kinds. Only the first two leave a log that may sign.
const (
	// KindTornTail: the last group was cut by a crash; nothing of it was acknowledged.
	KindTornTail Kind = "torn_tail"
	// KindUnacknowledged: groups were durable but not acknowledged; they are kept.
	KindUnacknowledged Kind = "unacknowledged"
	// KindDamagedFrame: a group of the write-ahead log is damaged, and good ones follow.
	KindDamagedFrame Kind = "damaged_frame"
	// KindMissingSegment: a file of the write-ahead log is missing.
	KindMissingSegment Kind = "missing_segment"
	// KindDamagedCheckpoint: the checkpoint is missing, not readable or not signed.
	KindDamagedCheckpoint Kind = "damaged_checkpoint"
	// KindDamagedTile: a tile, entry bundle or payload file at the end does not fit.
	KindDamagedTile Kind = "damaged_tile"
	// KindRolledBack: the anchor knows more entries than the folder has.
	KindRolledBack Kind = "rolled_back"
	// KindDifferentTree: the folder has another tree than the anchor.
	KindDifferentTree Kind = "different_tree"
	// KindAnchorMissing: there are entries, but no anchor.
	KindAnchorMissing Kind = "anchor_missing"
	// KindForeignOrigin: checkpoint, write-ahead log or anchor belong to another log.
	KindForeignOrigin Kind = "foreign_origin"
	// KindReadOnlyFolder: the folder cannot be written.
	KindReadOnlyFolder Kind = "read_only_folder"
)

// Finding is one thing that recovery found. Entries Index <= i < End are concerned.
type Finding struct {
	Kind   Kind
	Index  uint64
	End    uint64
	Path   string // relative to the log's folder
	Detail string
}

func (f Finding) String() string {
	s := string(f.Kind)
	if f.End == f.Index+1 {
		s += fmt.Sprintf(", entry %d", f.Index)
	} else if f.End > f.Index {
		s += fmt.Sprintf(", entries %d to %d", f.Index, f.End-1)
	}
	if f.Path != "" {
		s += ", " + f.Path
	}
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	return s
}

// Recovery is what Open found and did.
type Recovery struct {
	Created  bool   // the log is new
	Sealed   uint64 // entries under the checkpoint that was found
	Replayed uint64 // entries that only the write-ahead log had
	Size     uint64 // entries that can be read now
	Findings []Finding
	ReadOnly error // why the log does not sign, nil if it does
}
