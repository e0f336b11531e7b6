// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
)

// batchMagic begins the payload of a batch: a count and, for each part, the lengths and
// bytes of its leaf and of its sealed payload; numbers are 32 bits, big-endian.
const batchMagic = "CMTB1\n"

// subHeader is the first line of a SubProof.
const subHeader = "comity/sub-proof/v1"

// Part is one event of a batch: a leaf of its own form and its sealed payload.
type Part struct{ Leaf, Payload []byte }

// SubProof shows that a leaf is a part of a batch, by a path to the root that the batch's
// own leaf names. Its text, which stands in the extra field of a proof, is
//
//	comity/sub-proof/v1
//	index 3
//	<hash in base64, the leaf's sibling first>
//	...
//
//	<the batch's leaf, verbatim>
type SubProof struct {
	Index  uint64
	Hashes []tlog.Hash
	// Leaf is the batch's leaf, which is what the tree has.
	Leaf []byte
}

func (s *SubProof) marshal() []byte {
	b := appendPath([]byte(subHeader+"\n"), s.Index, s.Hashes)
	b = append(b, '\n')
	return append(b, s.Leaf...)
}

func parseExtra(text string) (*SubProof, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("not base64")
	}
	head, leaf, ok := bytes.Cut(raw, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || lines[0] != subHeader {
		return nil, fmt.Errorf("not of the form %s", subHeader)
	}
	s := &SubProof{Leaf: leaf}
	if s.Index, s.Hashes, err = parsePath(lines[1:]); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *SubProof) check(leaf []byte) error {
	var f leafFields
	if err := f.read(s.Leaf); err != nil {
		return fmt.Errorf("leaf of the batch: %w", err)
	}
	if f.batchRoot == nil || s.Index >= f.batchCount {
		return fmt.Errorf("the leaf is not that of a batch with a part %d", s.Index)
	}
	root, err := decodeHash(f.batchRoot)
	if err != nil {
		return fmt.Errorf("leaf of the batch: %w", err)
	}
	if tlog.CheckRecord(s.Hashes, int64(f.batchCount), root, int64(s.Index), tlog.RecordHash(leaf)) != nil {
		return fmt.Errorf("the hashes do not lead from this leaf, as part %d, to the root of its batch", s.Index)
	}
	return nil
}

// ProveSub makes the proof of a part of the batch at an index, and returns the part.
func ProveSub(ctx context.Context, src Source, index, sub uint64) (Proof, Part, error) {
	c, err := claimed(ctx, src)
	if err != nil {
		return Proof{}, Part{}, err
	}
	p, err := prove(ctx, src, c, index)
	if err != nil {
		return Proof{}, Part{}, err
	}
	leaf, err := readLeaf(ctx, src, c, index)
	if err != nil {
		return Proof{}, Part{}, err
	}
	var fields leafFields
	if err := fields.read(leaf); err == nil && len(fields.batchRoot) == 0 {
		return Proof{}, Part{}, invalid(fmt.Sprintf("entry %d/%d", index, sub), fmt.Sprintf("the entry itself is %d", index), errors.New("the entry is not a batch"))
	}
	payload, err := readPayload(ctx, src, c, index)
	if err != nil {
		return Proof{}, Part{}, err
	}
	parts, err := Parts(payload)
	if err != nil {
		return Proof{}, Part{}, err
	}
	if sub >= uint64(len(parts)) {
		return Proof{}, Part{}, &comity.Error{
			Code: comity.CodeNotFound, Op: fmt.Sprintf("entry %d/%d", index, sub),
			Err: fmt.Errorf("the batch has %d parts", len(parts)), Remedy: "the first part is 0",
		}
	}
	p.Sub = &SubProof{Index: sub, Hashes: subPath(parts, sub), Leaf: leaf}
	if err := p.check(c, parts[sub].Leaf); err != nil {
		return Proof{}, Part{}, invalid("entry "+strconv.FormatUint(index, 10), "comity audit verify shows what is wrong with the log", err)
	}
	return p, parts[sub], nil
}

// Parts takes the payload of a batch apart.
func Parts(payload []byte) ([]Part, error) {
	rest, count, err := batchCount(payload)
	if err != nil {
		return nil, invalid("payload of a batch", "", err)
	}
	parts := make([]Part, 0, min(count, len(rest)/8))
	for range count {
		var p Part
		if p, rest, err = nextPart(rest); err != nil {
			return nil, invalid("payload of a batch", "", fmt.Errorf("part %d: %w", len(parts), err))
		}
		parts = append(parts, p)
	}
	if len(rest) != 0 {
		return nil, invalid("payload of a batch", "", fmt.Errorf("%d bytes after the last part", len(rest)))
	}
	return parts, nil
}

// AppendBatch appends the payload of a batch to b.
func AppendBatch(b []byte, parts []Part) []byte {
	b = AppendBatchHead(b, len(parts))
	for _, p := range parts {
		b = AppendPart(b, p)
	}
	return b
}

// AppendBatchHead begins the payload of a batch of n parts, which AppendPart goes on with.
func AppendBatchHead(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(append(b, batchMagic...), uint32(n))
}

// AppendPart appends the next part of a batch.
func AppendPart(b []byte, p Part) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(p.Leaf)))
	b = append(b, p.Leaf...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(p.Payload)))
	return append(b, p.Payload...)
}

// BatchRoot is the root that the leaf of a batch names: that of an RFC 6962 tree over the
// leaves of its parts.
func BatchRoot(leaves [][]byte) tlog.Hash {
	hashes := make([]tlog.Hash, len(leaves))
	for i, l := range leaves {
		hashes[i] = tlog.RecordHash(l)
	}
	return rootOf(hashes)
}

func batchCount(payload []byte) ([]byte, int, error) {
	rest, ok := bytes.CutPrefix(payload, []byte(batchMagic))
	if !ok || len(rest) < 4 {
		return nil, 0, fmt.Errorf("does not begin with %q and a count", batchMagic)
	}
	count := binary.BigEndian.Uint32(rest)
	rest = rest[4:]
	if uint64(count)*8 > uint64(len(rest)) {
		return nil, 0, fmt.Errorf("%d parts do not fit into %d bytes", count, len(rest))
	}
	return rest, int(count), nil
}

func nextPart(rest []byte) (p Part, _ []byte, err error) {
	if p.Leaf, rest, err = nextField(rest); err != nil {
		return Part{}, nil, err
	}
	p.Payload, rest, err = nextField(rest)
	return p, rest, err
}

func nextField(b []byte) (field, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errors.New("the payload ends within a length")
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if b = b[4:]; n > uint64(len(b)) {
		return nil, nil, fmt.Errorf("the payload ends %d bytes too early", n-uint64(len(b)))
	}
	return b[:n:n], b[n:], nil
}

// subPath is the path from a part to the root of its batch.
func subPath(parts []Part, sub uint64) []tlog.Hash {
	hashes := make([]tlog.Hash, len(parts))
	for i, p := range parts {
		hashes[i] = tlog.RecordHash(p.Leaf)
	}
	var path []tlog.Hash
	for n := int(sub); len(hashes) > 1; {
		k := largestPower(len(hashes))
		if n < k {
			path = append(path, rootOf(slices.Clone(hashes[k:])))
			hashes = hashes[:k]
		} else {
			path = append(path, rootOf(slices.Clone(hashes[:k])))
			hashes, n = hashes[k:], n-k
		}
	}
	slices.Reverse(path)
	return path
}

// largestPower is the largest power of two below n, for n > 1.
func largestPower(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}
