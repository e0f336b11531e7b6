// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proofHeader is the first line of a tlog-proof file.
const proofHeader = "c2sp.org/tlog-proof@v1"

// maxHashes is more than a path through any tree has.
const maxHashes = 64

// Proof shows offline that an entry is in the tree of a signed checkpoint. Its text is a
// C2SP tlog-proof file (.tlog-proof).
type Proof struct {
	Index uint64
	// Hashes lead from the leaf to the root, the leaf's sibling first.
	Hashes []tlog.Hash
	// Sub is set if what is proved is a part of a batch, whose leaf stands in the tree. In
	// the file it is the field extra.
	Sub *SubProof
	// Checkpoint is the signed note, verbatim.
	Checkpoint []byte
}

// ParseProof reads a tlog-proof file and accepts only the one way to write each proof.
func ParseProof(text []byte) (Proof, error) {
	p, err := parseProof(text)
	if err != nil {
		return Proof{}, invalid("proof", "", err)
	}
	return p, nil
}

func parseProof(text []byte) (p Proof, err error) {
	head, checkpoint, ok := bytes.Cut(text, []byte("\n\n"))
	if !ok {
		return Proof{}, errors.New("a proof has a blank line before its checkpoint")
	}
	p.Checkpoint = bytes.Clone(checkpoint)
	lines := strings.Split(string(head), "\n")
	if lines[0] != proofHeader {
		return Proof{}, fmt.Errorf("the first line is not %s", proofHeader)
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		if p.Sub, err = parseExtra(strings.TrimPrefix(lines[0], "extra ")); err != nil {
			return Proof{}, fmt.Errorf("extra: %w", err)
		}
		lines = lines[1:]
	}
	if p.Index, p.Hashes, err = parsePath(lines); err != nil {
		return Proof{}, err
	}
	c, err := parseCheckpoint(checkpoint)
	if err != nil {
		return Proof{}, fmt.Errorf("checkpoint: %w", err)
	}
	if p.Index >= c.Size {
		return Proof{}, fmt.Errorf("index %d is not below the size of the tree, %d", p.Index, c.Size)
	}
	return p, nil
}

// parsePath reads the line of the index and those of the hashes.
func parsePath(lines []string) (uint64, []tlog.Hash, error) {
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return 0, nil, errors.New("the line with the index is missing")
	}
	index, err := parseNumber(strings.TrimPrefix(lines[0], "index "))
	if err != nil {
		return 0, nil, fmt.Errorf("index: %w", err)
	}
	if len(lines)-1 > maxHashes {
		return 0, nil, fmt.Errorf("%d hashes, more than any proof has", len(lines)-1)
	}
	var hashes []tlog.Hash
	for _, line := range lines[1:] {
		h, err := parseHash(line)
		if err != nil {
			return 0, nil, err
		}
		hashes = append(hashes, h)
	}
	return index, hashes, nil
}

// Marshal is the text of the proof, a tlog-proof file.
func (p Proof) Marshal() []byte {
	b := []byte(proofHeader + "\n")
	if p.Sub != nil {
		b = append(b, "extra "...)
		b = base64.StdEncoding.AppendEncode(b, p.Sub.marshal())
		b = append(b, '\n')
	}
	b = appendPath(b, p.Index, p.Hashes)
	b = append(b, '\n')
	return append(b, p.Checkpoint...)
}

func appendPath(b []byte, index uint64, hashes []tlog.Hash) []byte {
	b = append(b, "index "...)
	b = strconv.AppendUint(b, index, 10)
	b = append(b, '\n')
	for _, h := range hashes {
		b = base64.StdEncoding.AppendEncode(b, h[:])
		b = append(b, '\n')
	}
	return b
}

// Verify checks that leaf is what the proof says it is: the entry at Index, or where Sub is
// set the part of that entry's batch, of the log with one of the public keys. It returns the
// checkpoint that says so.
func (p Proof) Verify(leaf []byte, vkeys ...string) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, vkeys...)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := p.check(c, leaf); err != nil {
		return Checkpoint{}, invalid("proof", "", err)
	}
	return c, nil
}

func (p Proof) check(c Checkpoint, leaf []byte) error {
	if p.Index >= c.Size {
		return fmt.Errorf("index %d is not below the size of the tree, %d", p.Index, c.Size)
	}
	if p.Sub != nil {
		if err := p.Sub.check(leaf); err != nil {
			return err
		}
		leaf = p.Sub.Leaf
	}
	if tlog.CheckRecord(p.Hashes, int64(c.Size), c.Root, int64(p.Index), tlog.RecordHash(leaf)) != nil {
		return fmt.Errorf("the hashes do not lead from this leaf at index %d to the root of the checkpoint", p.Index)
	}
	return nil
}

// Prove makes the proof of an entry from the newest checkpoint of src and its tiles, which
// it checks against the checkpoint's root. Whether the checkpoint is signed by the right key
// is for whoever verifies the proof.
func Prove(ctx context.Context, src Source, index uint64) (Proof, error) {
	c, err := claimed(ctx, src)
	if err != nil {
		return Proof{}, err
	}
	return prove(ctx, src, c, index)
}

func prove(ctx context.Context, src Source, c Checkpoint, index uint64) (Proof, error) {
	if index >= c.Size {
		return Proof{}, noEntry(index, c.Size)
	}
	hashes, err := tlog.ProveRecord(int64(c.Size), int64(index), hashesOf(ctx, src, c))
	if err != nil {
		return Proof{}, treeError("entry "+strconv.FormatUint(index, 10), err)
	}
	return Proof{Index: index, Hashes: hashes, Checkpoint: c.Note}, nil
}

// claimed reads the newest checkpoint of a source without checking its signature.
func claimed(ctx context.Context, src Source) (Checkpoint, error) {
	text, err := src.Resource(ctx, CheckpointPath)
	if err != nil {
		return Checkpoint{}, unreadable(CheckpointPath, err)
	}
	c, err := parseCheckpoint(text)
	if err != nil {
		return Checkpoint{}, invalid(CheckpointPath, "", err)
	}
	return c, nil
}
