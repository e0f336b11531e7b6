// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
)

// ParseLeaf reads a leaf and refuses every form but the canonical one, so that one leaf
// has one hash. Members that this version does not know are skipped.
func ParseLeaf(b []byte) (Leaf, error) { return parseKnown(b, nil) }

// parseKnown takes texts that it has seen before from known, which may be nil.
func parseKnown(b []byte, known *glossary) (Leaf, error) {
	l, err := parseLeaf(b, known)
	if err != nil {
		return Leaf{}, &comity.Error{Code: comity.CodeInvalid, Op: "read leaf", Err: err}
	}
	return l, nil
}

func parseLeaf(b []byte, known *glossary) (Leaf, error) {
	var l Leaf
	r := leafReader{b: b, known: known}
	if !r.take('{') {
		return l, errors.New("not an object")
	}
	seen, prev := 0, []byte(nil)
	for !r.take('}') {
		if prev != nil && !r.take(',') {
			return l, r.fail("expected , or }")
		}
		key := r.quoted()
		if r.err == nil && !r.take(':') {
			r.err = r.fail("expected :")
		}
		if r.err == nil && prev != nil && !inOrder(prev, key) {
			r.err = fmt.Errorf("member %q is not in order", key)
		}
		if r.err == nil {
			seen |= r.member(&l, key)
		}
		if r.err != nil {
			return l, r.err
		}
		prev = key
	}
	if len(r.b) != r.i {
		return l, r.fail("bytes after the leaf")
	}
	if seen != hasSchema|hasTime|hasType {
		return l, errors.New("schema, time or type is missing")
	}
	if r.unknown {
		// The quick checks cover known members; here the whole text is compared.
		v := jsontext.Value(bytes.Clone(b))
		if err := v.Canonicalize(); err != nil {
			return l, err
		}
		if !bytes.Equal(v, b) {
			return l, errors.New("not in canonical form")
		}
	}
	return l, nil
}

// What every leaf has.
const (
	hasSchema = 1 << iota
	hasTime
	hasType
)

// leafReader reads canonical JSON from left to right. The first error stays.
type leafReader struct {
	b       []byte
	i       int
	err     error
	unknown bool
	known   *glossary
}

func (r *leafReader) member(l *Leaf, key []byte) (has int) {
	switch string(key) {
	case "action":
		l.Action = r.text()
	case "answer":
		r.base64(l.Answer[:])
	case "batch":
		l.Batch = r.batch()
	case "body":
		r.base64(l.Body[:])
	case "cell":
		l.Cell = r.text()
	case "effect":
		l.Effect = r.effect()
	case "idem":
		r.base64(l.Idem[:])
	case "jurisdictions":
		l.Jurisdictions = r.list()
	case "outcome":
		l.Outcome = r.outcome()
	case "payload":
		r.base64(l.Payload[:])
	case "previous":
		r.base64(l.Previous[:])
	case "principal":
		r.base64(l.Principal[:])
	case "program":
		l.Program = r.text()
	case "region":
		l.Region = r.text()
	case "regions":
		l.Regions = r.list()
	case "requirements":
		l.Requirements = r.list()
	case "resource":
		r.base64(l.Resource[:])
	case "schema":
		if s := r.value(); string(s) != LeafSchema && r.err == nil {
			r.err = fmt.Errorf("schema %q is not %s", s, LeafSchema)
		}
		return hasSchema
	case "source":
		r.base64(l.Source[:])
	case "subject":
		r.base64(l.Subject[:])
	case "tenant":
		l.Tenant = r.text()
	case "time":
		l.Time = r.time()
		return hasTime
	case "type":
		l.Type = r.text()
		return hasType
	default:
		r.unknown = true
		r.skip()
	}
	return 0
}

func (r *leafReader) fail(what string) error { return fmt.Errorf("%s at byte %d", what, r.i) }

func (r *leafReader) take(c byte) bool {
	if r.err != nil || r.i >= len(r.b) || r.b[r.i] != c {
		return false
	}
	r.i++
	return true
}

// quoted reads a string and checks that its escapes are those of the canonical form. It
// is not nil unless there is an error.
func (r *leafReader) quoted() []byte {
	if !r.take('"') {
		r.err = r.fail("expected a string")
		return nil
	}
	start := r.i
	for ; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; {
		case c == '"':
			s := r.b[start:r.i]
			r.i++
			return s
		case c == '\\' || c >= 0x80:
			return r.escaped(start - 1)
		case c < ' ':
			r.err = r.fail("control character")
			return nil
		}
	}
	r.err = r.fail("string does not end")
	return nil
}

func (r *leafReader) escaped(start int) []byte {
	for r.i < len(r.b) && r.b[r.i] != '"' {
		if r.b[r.i] == '\\' {
			r.i++
		}
		r.i++
	}
	if r.i >= len(r.b) {
		r.err = r.fail("string does not end")
		return nil
	}
	r.i++
	quoted := r.b[start:r.i]
	s, err := jsontext.AppendUnquote([]byte{}, quoted)
	if err != nil {
		r.err = err
		return nil
	}
	if again, err := jsontext.AppendQuote(nil, s); err != nil || !bytes.Equal(again, quoted) {
		r.err = r.fail("string is not in canonical form")
	}
	return s
}

// text is a string that is not empty: empty members are left out.
func (r *leafReader) text() string {
	return r.known.text(r.value())
}

func (r *leafReader) value() []byte {
	s := r.quoted()
	if len(s) == 0 && r.err == nil {
		r.err = r.fail("empty value")
	}
	return s
}

func (r *leafReader) list() []string {
	if l, n := r.known.list(r.b[r.i:]); l != nil && r.err == nil {
		r.i += n
		return l
	}
	start := r.i
	out := r.items()
	if r.err == nil {
		r.known.keep(r.b[start:r.i], out)
	}
	return out
}

func (r *leafReader) items() (out []string) {
	if !r.take('[') {
		r.err = r.fail("expected a list")
		return nil
	}
	for {
		out = append(out, r.text())
		if r.err != nil {
			return nil
		}
		if r.take(']') {
			return out
		}
		if !r.take(',') {
			r.err = r.fail("expected , or ]")
			return nil
		}
	}
}

func (r *leafReader) base64(dst []byte) {
	if s := r.value(); r.err == nil && (!decode64(dst, s) || allZero(dst)) {
		r.err = r.fail(fmt.Sprintf("expected %d bytes in base64url, not all zero", len(dst)))
	}
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func (r *leafReader) effect() comity.Effect {
	e := r.value()
	for _, known := range [...]comity.Effect{comity.Allow, comity.Deny, comity.Review} {
		if string(e) == string(known) {
			return known
		}
	}
	if r.err == nil {
		r.err = fmt.Errorf("effect %q is unknown", e)
	}
	return ""
}

func (r *leafReader) outcome() string {
	switch s := r.value(); string(s) {
	case Success:
		return Success
	case Failure:
		return Failure
	default:
		if r.err == nil {
			r.err = fmt.Errorf("outcome %q is neither success nor failure", s)
		}
		return ""
	}
}

func (r *leafReader) time() time.Time {
	s := r.value()
	t, ok := parseTime(s)
	if r.err == nil && !ok {
		r.err = fmt.Errorf("time %q is not of the form %s", s, timeLayout)
	}
	return t
}

// parseTime reads timeLayout. What it does not write again is not of that form.
func parseTime(s []byte) (time.Time, bool) {
	if len(s) != len(timeLayout) {
		return time.Time{}, false
	}
	number := func(from, to int) (n int) {
		for _, c := range s[from:to] {
			n = 10*n + int(c-'0')
		}
		return n
	}
	ms := number(20, 23)
	t := time.Date(number(0, 4), time.Month(number(5, 7)), number(8, 10), number(11, 13), number(14, 16), number(17, 19), ms*int(time.Millisecond), time.UTC)
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}, false
	}
	var room [len(timeLayout)]byte
	return t, bytes.Equal(appendTime(room[:0], t), s)
}

func (r *leafReader) batch() *Batch {
	var b Batch
	const head, mid = `{"count":`, `,"root":`
	if !bytes.HasPrefix(r.b[r.i:], []byte(head)) {
		r.err = r.fail("expected a batch")
		return nil
	}
	r.i += len(head)
	start := r.i
	for r.i < len(r.b) && r.b[r.i] >= '0' && r.b[r.i] <= '9' {
		r.i++
	}
	n, err := strconv.ParseUint(string(r.b[start:r.i]), 10, 31)
	if err != nil || n == 0 || r.b[start] == '0' || !bytes.HasPrefix(r.b[r.i:], []byte(mid)) {
		r.err = r.fail("expected count and root")
		return nil
	}
	b.Count = int(n)
	r.i += len(mid)
	r.base64(b.Root[:])
	if r.err == nil && !r.take('}') {
		r.err = r.fail("expected }")
	}
	return &b
}

// skip steps over the value of an unknown member; the comparison at the end finds what
// is wrong inside.
func (r *leafReader) skip() {
	d := jsontext.NewDecoder(bytes.NewReader(r.b[r.i:]))
	v, err := d.ReadValue()
	if err != nil {
		r.err = err
		return
	}
	if len(v) > 0 && d.InputOffset() != int64(len(v)) {
		r.err = r.fail("space before a value")
		return
	}
	r.i += len(v)
}

// inOrder compares names; all that we know are ASCII.
func inOrder(a, b []byte) bool {
	return compareUTF16(string(a), string(b)) < 0
}

// compareUTF16 orders names as RFC 8785 does: by UTF-16 code units. That differs from
// the order of bytes only where a name has characters beyond the first 65,536.
func compareUTF16(a, b string) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		// Characters beyond are written as surrogates, which sort before E000 to FFFF.
		if x >= 0xee && y >= 0xee && x >= 0xf0 != (y >= 0xf0) {
			return int(y) - int(x)
		}
		return int(x) - int(y)
	}
	return len(a) - len(b)
}
