// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/tlog"
)

// erasedType is the type of the leaf that says whose key was destroyed.
const erasedType = "subject.erased"

// leafFields are those parts of a leaf that verification depends on. Absent ones are nil.
type leafFields struct {
	typ, subject, payload, batchRoot []byte
	batchCount                       uint64
}

var (
	errNoObject     = errors.New("not a JSON object")
	errNotCanonical = errors.New("not in the canonical form of JSON (RFC 8785)")
)

// read takes the fields out of a leaf, which must be canonical JSON. The fields share the
// memory of the leaf.
func (f *leafFields) read(leaf []byte) error {
	*f = leafFields{}
	s := scanner{b: leaf}
	if s.leaf(f) && s.i == len(leaf) {
		return nil
	}
	*f = leafFields{}
	return f.readAny(leaf)
}

// readAny reads a leaf that the scanner leaves to it: one with other than plain text and
// whole numbers, or one that is wrong.
func (f *leafFields) readAny(leaf []byte) error {
	if len(leaf) == 0 || leaf[0] != '{' {
		return errNoObject
	}
	canonical := jsontext.Value(bytes.Clone(leaf))
	if err := canonical.Canonicalize(); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if !bytes.Equal(canonical, leaf) {
		return errNotCanonical
	}
	var fields struct {
		Type    *string `json:"type"`
		Subject *string `json:"subject"`
		Payload *string `json:"payload"`
		Batch   *struct {
			Count uint64 `json:"count"`
			Root  string `json:"root"`
		} `json:"batch"`
	}
	if err := json.Unmarshal(leaf, &fields); err != nil {
		return fmt.Errorf("not the JSON of a leaf: %w", err)
	}
	for _, x := range []struct {
		to   *[]byte
		from *string
	}{{&f.typ, fields.Type}, {&f.subject, fields.Subject}, {&f.payload, fields.Payload}} {
		if x.from != nil {
			*x.to = []byte(*x.from)
		}
	}
	if fields.Batch != nil {
		f.batchCount, f.batchRoot = fields.Batch.Count, []byte(fields.Batch.Root)
	}
	return nil
}

// hashEncoding writes hashes in leaves: base64url without padding.
var hashEncoding = base64.RawURLEncoding.Strict()

// hashLen is the length of a hash in a leaf.
const hashLen = 43

func decodeHash(text []byte) (h tlog.Hash, err error) {
	if len(text) != hashLen {
		return h, fmt.Errorf("%.60q is not a SHA-256 hash in base64url", text)
	}
	if n, err := hashEncoding.Decode(h[:], text); err != nil || n != len(h) {
		return h, fmt.Errorf("%.60q is not a SHA-256 hash in base64url", text)
	}
	return h, nil
}

// isHash tells whether text is the hash h, without allocating.
func isHash(text []byte, h *[tlog.HashSize]byte) bool {
	var buf [hashLen]byte
	hashEncoding.Encode(buf[:], h[:])
	return bytes.Equal(buf[:], text)
}

// scanner accepts the part of canonical JSON that leaves are made of, at the speed at which
// leaves are hashed: plain ASCII text, whole numbers, sorted names. What it does not accept
// may still be canonical.
type scanner struct {
	b []byte
	i int
}

// maxScanDepth bounds the nesting that the scanner follows.
const maxScanDepth = 16

// leaf scans an object and keeps the fields of a leaf.
func (s *scanner) leaf(f *leafFields) bool {
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "batch":
			return s.batch(f)
		case "payload":
			return s.text(&f.payload)
		case "subject":
			return s.text(&f.subject)
		case "type":
			return s.text(&f.typ)
		}
		return s.value(maxScanDepth)
	})
}

func (s *scanner) batch(f *leafFields) bool {
	f.batchRoot = []byte{}
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "count":
			return s.whole(&f.batchCount)
		case "root":
			return s.text(&f.batchRoot)
		}
		return s.value(maxScanDepth)
	})
}

// object scans an object whose names are sorted; value scans what stands behind a name.
func (s *scanner) object(value func(name []byte) bool) bool {
	if !s.skip('{') {
		return false
	}
	if s.skip('}') {
		return true
	}
	var last []byte
	for first := true; ; first = false {
		var name []byte
		if !s.text(&name) || !first && !above(name, last) || !s.skip(':') || !value(name) {
			return false
		}
		last = name
		if s.skip('}') {
			return true
		}
		if !s.skip(',') {
			return false
		}
	}
}

func (s *scanner) value(depth int) bool {
	if s.i >= len(s.b) || depth == 0 {
		return false
	}
	switch c := s.b[s.i]; {
	case c == '"':
		var text []byte
		return s.text(&text)
	case c == '{':
		return s.object(func([]byte) bool { return s.value(depth - 1) })
	case c == '[':
		return s.array(depth - 1)
	case c >= '0' && c <= '9':
		var n uint64
		return s.whole(&n)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if len(s.b)-s.i >= len(word) && string(s.b[s.i:s.i+len(word)]) == word {
			s.i += len(word)
			return true
		}
	}
	return false
}

func (s *scanner) array(depth int) bool {
	s.i++
	if s.skip(']') {
		return true
	}
	for {
		if !s.value(depth) {
			return false
		}
		if s.skip(']') {
			return true
		}
		if !s.skip(',') {
			return false
		}
	}
}

func (s *scanner) skip(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// whole scans a number without sign, fraction and exponent that a float64 holds exactly.
func (s *scanner) whole(n *uint64) bool {
	start := s.i
	*n = 0
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		*n = *n*10 + uint64(s.b[s.i]-'0')
		s.i++
	}
	digits := s.i - start
	return digits == 1 || digits > 1 && digits <= 15 && s.b[start] != '0'
}

// text scans a string without escapes, eight bytes at a time.
func (s *scanner) text(to *[]byte) bool {
	b, i := s.b, s.i
	if i >= len(b) || b[i] != '"' {
		return false
	}
	i++
	start := i
	for ; i+8 <= len(b); i += 8 {
		if stop := special(binary.LittleEndian.Uint64(b[i:])); stop != 0 {
			i += bits.TrailingZeros64(stop) / 8
			*to = b[start:i:i]
			s.i = i + 1
			return b[i] == '"'
		}
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			*to = b[start:i:i]
			s.i = i + 1
			return true
		case c < ' ' || c == '\\' || c >= 0x80:
			return false
		}
	}
	return false
}

// above tells whether a name comes after another; most differ in their first byte.
func above(name, last []byte) bool {
	if len(name) > 0 && len(last) > 0 && name[0] != last[0] {
		return name[0] > last[0]
	}
	return bytes.Compare(name, last) > 0
}

// special has the high bit of each byte of x set that is a quote, a backslash, a control
// character or not ASCII. Bits above the lowest that is set may be wrong.
func special(x uint64) uint64 {
	const (
		ones  = 0x0101010101010101
		highs = ones << 7
	)
	quote := x ^ ones*'"'
	slash := x ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*' ')&^x | x) & highs
}
