// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
)

// LeafSchema is the version of the leaf.
const LeafSchema = "comity/leaf/v1"

// Digest is a SHA-256 hash; zero means none.
type Digest [sha256.Size]byte

// String is the form in leaves: base64url without padding.
func (d Digest) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// IsZero tells that there is none.
func (d Digest) IsZero() bool { return d == Digest{} }

// Leaf is what the log shows to everybody. It has no personal data.
type Leaf struct {
	Time                                 time.Time // UTC, milliseconds
	Type, Action                         string
	Cell, Tenant, Region                 string
	Regions                              []string // further ones
	Jurisdictions, Requirements          []string
	Effect                               comity.Effect
	Outcome                              string
	Program                              string
	Answer, Payload                      Digest
	Previous                             Digest // of the last checkpoint of the log before this one
	Subject, Principal, Resource, Source Pseudonym
	Idem, Body                           Pseudonym
	Batch                                *Batch
}

// Batch commits to the sub-leaves of one entry: Root is their RFC 6962 root.
type Batch struct {
	Count int
	Root  Digest
}

// timeLayout is RFC 3339 in UTC with milliseconds, always 24 characters.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Append appends the canonical form of the leaf to dst: RFC 8785, members that are empty
// left out. Strings must be valid UTF-8.
func (l *Leaf) Append(dst []byte) []byte {
	dst = append(dst, '{')
	dst = appendMember(dst, "action", l.Action)
	dst = appendBytes(dst, "answer", l.Answer[:])
	if l.Batch != nil {
		dst = append(name(dst, "batch"), `{"count":`...)
		dst = strconv.AppendInt(dst, int64(l.Batch.Count), 10)
		dst = append(appendBytes(dst, "root", l.Batch.Root[:]), '}')
	}
	dst = appendBytes(dst, "body", l.Body[:])
	dst = appendMember(dst, "cell", l.Cell)
	dst = appendMember(dst, "effect", string(l.Effect))
	dst = appendBytes(dst, "idem", l.Idem[:])
	dst = appendList(dst, "jurisdictions", l.Jurisdictions)
	dst = appendMember(dst, "outcome", l.Outcome)
	dst = appendBytes(dst, "payload", l.Payload[:])
	dst = appendBytes(dst, "previous", l.Previous[:])
	dst = appendBytes(dst, "principal", l.Principal[:])
	dst = appendMember(dst, "program", l.Program)
	dst = appendMember(dst, "region", l.Region)
	dst = appendList(dst, "regions", l.Regions)
	dst = appendList(dst, "requirements", l.Requirements)
	dst = appendBytes(dst, "resource", l.Resource[:])
	dst = appendMember(dst, "schema", LeafSchema)
	dst = appendBytes(dst, "source", l.Source[:])
	dst = appendBytes(dst, "subject", l.Subject[:])
	dst = appendMember(dst, "tenant", l.Tenant)
	dst = append(name(dst, "time"), '"')
	dst = append(appendTime(dst, l.Time), '"')
	dst = appendMember(dst, "type", l.Type)
	return append(dst, '}')
}

// name appends a member's name, which needs no escapes, and the comma before it.
func name(dst []byte, s string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"', ':')
}

func appendMember(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(name(dst, key), value)
}

func appendList(dst []byte, key string, values []string) []byte {
	if len(values) == 0 {
		return dst
	}
	dst = append(name(dst, key), '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, v)
	}
	return append(dst, ']')
}

// appendBytes leaves out what is all zero. Values are of 16 or 32 bytes.
func appendBytes(dst []byte, key string, value []byte) []byte {
	bits := uint64(0)
	for b := value; len(b) >= 8; b = b[8:] {
		bits |= binary.NativeEndian.Uint64(b)
	}
	if bits == 0 {
		return dst
	}
	dst = append(name(dst, key), '"')
	dst = base64.RawURLEncoding.AppendEncode(dst, value)
	return append(dst, '"')
}

// appendString appends a JSON string in canonical form. Plain text, the usual case, is
// copied.
func appendString(dst []byte, s string) []byte {
	if !isPlain(s) {
		dst, _ = jsontext.AppendQuote(dst, s) // invalid UTF-8 was refused before
		return dst
	}
	return appendPlain(dst, s)
}

func appendPlain(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// isPlain tells ASCII text that needs no escape. It looks at eight bytes at a time.
func isPlain(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		quote, backslash := w^'"'*ones, w^'\\'*ones
		// A byte below its bound borrows into its highest bit.
		if (w|(w-' '*ones)&^w|(quote-ones)&^quote|(backslash-ones)&^backslash)&highs != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x80 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendTime is AppendFormat of timeLayout without reading the layout each time.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(digits(dst, year, 4), '-')
	dst = append(digits(dst, int(month), 2), '-')
	dst = append(digits(dst, day, 2), 'T')
	dst = append(digits(dst, hour, 2), ':')
	dst = append(digits(dst, minute, 2), ':')
	dst = append(digits(dst, second, 2), '.')
	return append(digits(dst, t.Nanosecond()/int(time.Millisecond), 3), 'Z')
}

func digits(dst []byte, v, n int) []byte {
	dst = append(dst, "0000"[:n]...)
	for i := len(dst) - 1; n > 0; i, n, v = i-1, n-1, v/10 {
		dst[i] = byte('0' + v%10)
	}
	return dst
}
