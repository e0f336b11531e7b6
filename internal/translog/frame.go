// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"golang.org/x/mod/sumdb/tlog"
)

// A frame is one group in the write-ahead log:
//
//	header   magic, segment sequence, first index, count, lengths, root, CRC-32C of these
//	leaves   as in an entry bundle: uint16 length, bytes
//	payloads as in a payload file: uint32 length, bytes
//	note     the signed note of the tree after the group
//	CRC-32C  of all before
//
// It starts at a multiple of pageSize and is written up to one, so that no write touches
// a page with an earlier group and no write must first read.
const (
	frameMagic  = "CMTFRM1\n"
	frameHeader = 80
	pageSize    = 4096
	hashSize    = tlog.HashSize
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameInfo is the header of a frame.
type frameInfo struct {
	seq, first                 uint64
	count                      uint32
	leafLen, payLen, noteBytes uint32
	root                       tlog.Hash
}

func (h frameInfo) end() uint64 { return h.first + uint64(h.count) }

// body is the length without padding.
func (h frameInfo) body() int64 {
	return frameHeader + int64(h.leafLen) + int64(h.payLen) + int64(h.noteBytes) + 4
}

// span is the length with padding.
func (h frameInfo) span() int64 { return roundUp(h.body(), pageSize) }

func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }

// appendFrame encodes a frame, padded.
func appendFrame(buf []byte, h frameInfo, group []*pending, note []byte) []byte {
	start := len(buf)
	buf = append(buf, frameMagic...)
	buf = binary.BigEndian.AppendUint64(buf, h.seq)
	buf = binary.BigEndian.AppendUint64(buf, h.first)
	buf = binary.BigEndian.AppendUint32(buf, h.count)
	buf = binary.BigEndian.AppendUint32(buf, h.leafLen)
	buf = binary.BigEndian.AppendUint32(buf, h.payLen)
	buf = binary.BigEndian.AppendUint32(buf, h.noteBytes)
	buf = append(buf, h.root[:]...)
	buf = append(buf, 0, 0, 0, 0)
	buf = binary.BigEndian.AppendUint32(buf, crc32.Checksum(buf[start:], castagnoli))
	for _, p := range group {
		buf = binary.BigEndian.AppendUint16(buf, uint16(len(p.leaf)))
		buf = append(buf, p.leaf...)
	}
	for _, p := range group {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(p.payload)))
		buf = append(buf, p.payload...)
	}
	buf = append(buf, note...)
	buf = binary.BigEndian.AppendUint32(buf, crc32.Checksum(buf[start:], castagnoli))
	return append(buf, zeroPage[:h.span()-h.body()]...)
}

var zeroPage [pageSize]byte

// parseHeader reads a header of segment seq; a stale one of a recycled segment has
// another sequence.
func parseHeader(b []byte, seq uint64) (frameInfo, bool) {
	if !looksLikeFrame(b, seq) {
		return frameInfo{}, false
	}
	if binary.BigEndian.Uint32(b[frameHeader-4:]) != crc32.Checksum(b[:frameHeader-4], castagnoli) {
		return frameInfo{}, false
	}
	h := frameInfo{
		seq: seq, first: binary.BigEndian.Uint64(b[16:]),
		count: binary.BigEndian.Uint32(b[24:]), leafLen: binary.BigEndian.Uint32(b[28:]),
		payLen: binary.BigEndian.Uint32(b[32:]), noteBytes: binary.BigEndian.Uint32(b[36:]),
	}
	copy(h.root[:], b[40:])
	return h, h.count > 0 && h.end() > h.first
}

// looksLikeFrame tells a frame that was cut or damaged from space that was never used.
func looksLikeFrame(b []byte, seq uint64) bool {
	return len(b) >= frameHeader && bytes.Equal(b[:8], []byte(frameMagic)) &&
		binary.BigEndian.Uint64(b[8:]) == seq
}

// parsedFrame is a frame whose checksums are right. The slices alias the input.
type parsedFrame struct {
	frameInfo
	leaves, payloads, note []byte
	leafEnds, payEnds      []uint32
}

// parseBody checks a whole frame.
func parseBody(h frameInfo, b []byte) (parsedFrame, bool) {
	if int64(len(b)) < h.body() {
		return parsedFrame{}, false
	}
	b = b[:h.body()]
	sum := len(b) - 4
	if binary.BigEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return parsedFrame{}, false
	}
	p := parsedFrame{frameInfo: h}
	rest := b[frameHeader:sum]
	p.leaves, rest = rest[:h.leafLen], rest[h.leafLen:]
	p.payloads, p.note = rest[:h.payLen], rest[h.payLen:]
	var ok bool
	if p.leafEnds, ok = ends(p.leaves, int(h.count), 2); !ok {
		return parsedFrame{}, false
	}
	if p.payEnds, ok = ends(p.payloads, int(h.count), 4); !ok {
		return parsedFrame{}, false
	}
	return p, true
}

// ends splits a section of count entries, each with a length of prefix bytes before it,
// and returns where each ends. The section must hold exactly these.
func ends(b []byte, count, prefix int) ([]uint32, bool) {
	list, used := splitSection(b, count, prefix)
	return list, len(list) == count && used == len(b)
}

// splitSection reads up to count entries of a section and says how many bytes they take.
func splitSection(b []byte, count, prefix int) ([]uint32, int) {
	list := make([]uint32, 0, min(count, len(b)/prefix))
	at := 0
	for len(list) < count {
		n, ok := entryLength(b[at:], prefix)
		if !ok {
			break
		}
		at += prefix + n
		list = append(list, uint32(at))
	}
	return list, at
}

// entryLength is the length of the entry at the start of b without its prefix.
func entryLength(b []byte, prefix int) (int, bool) {
	if len(b) < prefix {
		return 0, false
	}
	n := readLength(b[:prefix])
	return n, n <= len(b)-prefix
}

// readLength reads a prefix of two or four bytes.
func readLength(prefix []byte) int {
	if len(prefix) == 2 {
		return int(binary.BigEndian.Uint16(prefix))
	}
	return int(binary.BigEndian.Uint32(prefix))
}
