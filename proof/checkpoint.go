// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
)

// Checkpoint is the head of a tree: what a log says of itself at a size.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   tlog.Hash
	// Note is the signed note, as it was given.
	Note []byte
	// Signers are the keys, as name+hash, whose signatures were checked; Unknown are those
	// of other signatures, which say nothing.
	Signers, Unknown []string
}

// OpenCheckpoint checks a checkpoint (C2SP tlog-checkpoint) against public keys in the form
// of signed notes (name+hash+key). At least one of the keys must be that of the log, which
// is the one that has the origin as its name, and no known key's signature may be wrong.
func OpenCheckpoint(noteText []byte, vkeys ...string) (Checkpoint, error) {
	verifiers, err := verifiersOf(vkeys)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := openCheckpoint(noteText, verifiers)
	if err != nil {
		return Checkpoint{}, invalid("checkpoint", "", err)
	}
	return c, nil
}

func verifiersOf(vkeys []string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, key := range vkeys {
		v, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return nil, invalid("public key", "a public key is one line: name+hash+base64", err)
		}
		if !slices.ContainsFunc(list, func(w note.Verifier) bool { return w.Name() == v.Name() && w.KeyHash() == v.KeyHash() }) {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return nil, invalid("public key", "give the log's public key", errors.New("none was given"))
	}
	return note.VerifierList(list...), nil
}

func openCheckpoint(noteText []byte, known note.Verifiers) (Checkpoint, error) {
	n, err := note.Open(noteText, known)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := parseCheckpointText(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := strictSignatures(n); err != nil {
		return Checkpoint{}, err
	}
	if !slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == c.Origin }) {
		return Checkpoint{}, fmt.Errorf("the signature is by %s, but the checkpoint is of %s", n.Sigs[0].Name, c.Origin)
	}
	c.Note = bytes.Clone(noteText)
	c.Signers, c.Unknown = keyNames(n.Sigs), keyNames(n.UnverifiedSigs)
	return c, nil
}

// strictSignatures refuses base64 whose unused bits are set: note.Open ignores them, and a
// flipped bit would go unseen.
func strictSignatures(n *note.Note) error {
	for _, s := range slices.Concat(n.Sigs, n.UnverifiedSigs) {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return fmt.Errorf("signature of %s: %w", s.Name, err)
		}
	}
	return nil
}

func keyNames(sigs []note.Signature) []string {
	var names []string
	for _, s := range sigs {
		names = append(names, fmt.Sprintf("%s+%08x", s.Name, s.Hash))
	}
	return names
}

// parseCheckpoint reads a checkpoint without its signatures: what it says is only a claim.
func parseCheckpoint(noteText []byte) (Checkpoint, error) {
	text, _, ok := bytes.Cut(noteText, []byte("\n\n"))
	if !ok {
		return Checkpoint{}, errors.New("a checkpoint without signatures")
	}
	c, err := parseCheckpointText(string(text) + "\n")
	c.Note = bytes.Clone(noteText)
	return c, err
}

func parseCheckpointText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" || slices.Contains(lines[:len(lines)-1], "") {
		return Checkpoint{}, errors.New("a checkpoint has an origin, a size and a root, each in a line")
	}
	size, err := parseNumber(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("tree size: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("root hash: %w", err)
	}
	if size == 0 && root != emptyRoot() {
		return Checkpoint{}, errors.New("root hash: not that of an empty tree")
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// parseNumber reads a decimal that is written in the one way that the formats allow.
func parseNumber(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	switch {
	case err != nil || strconv.FormatUint(n, 10) != s:
		return 0, fmt.Errorf("%.40q is not a plain decimal number", s)
	case n > maxSize:
		return 0, fmt.Errorf("%s is more than any log holds", s)
	}
	return n, nil
}

func parseHash(s string) (tlog.Hash, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != tlog.HashSize || strings.ContainsAny(s, "\r\n") {
		return tlog.Hash{}, fmt.Errorf("%.60q is not a SHA-256 hash in base64", s)
	}
	return tlog.Hash(b), nil
}

func emptyRoot() tlog.Hash {
	h, _ := tlog.TreeHash(0, nil) // reads nothing and cannot fail
	return h
}

// ReadCheckpoint reads and checks the newest checkpoint of a log.
func ReadCheckpoint(ctx context.Context, src Source, vkeys ...string) (Checkpoint, error) {
	text, err := src.Resource(ctx, CheckpointPath)
	if err != nil {
		return Checkpoint{}, unreadable(CheckpointPath, err)
	}
	return OpenCheckpoint(text, vkeys...)
}

func invalid(op, remedy string, err error) error {
	return &comity.Error{Code: comity.CodeInvalid, Op: op, Remedy: remedy, Err: err}
}
