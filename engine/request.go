// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// MaxRequest bounds one encoded request, in bytes.
const MaxRequest = 1 << 20

// maxDepth bounds the nesting of a request.
const maxDepth = 8

// DecodeRequest reads a request from JSON: a facts object, or an envelope with `facts`
// (docs/tour.md). Errors carry CodeInvalid, CodeConflict or CodeTooLarge and, for faults in
// the text, Line and Column.
func DecodeRequest(data []byte) (comity.Request, error) {
	if len(data) > MaxRequest {
		return comity.Request{}, &comity.Error{Code: comity.CodeTooLarge, Op: "decode", Err: fmt.Errorf("the request has %d bytes, more than %d", len(data), MaxRequest)}
	}
	if root, ok := scanRequest(data); ok {
		return RequestOf(root)
	}
	d := &requestDecoder{data: data, dec: jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))}
	root, err := d.object(0)
	if err != nil {
		return comity.Request{}, err
	}
	if _, err := d.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return comity.Request{}, d.fail(comity.CodeInvalid, "one request a line", "something follows the request")
	}
	return RequestOf(root)
}

type requestDecoder struct {
	data []byte
	dec  *jsontext.Decoder
}

func (d *requestDecoder) fail(code comity.Code, remedy, format string, args ...any) error {
	return d.failAt(d.dec.InputOffset(), code, remedy, format, args...)
}

func (d *requestDecoder) failAt(offset int64, code comity.Code, remedy, format string, args ...any) error {
	before := d.data[:min(int(offset), len(d.data))]
	line := bytes.Count(before, []byte{'\n'}) + 1
	col := len(before) - bytes.LastIndexByte(before, '\n')
	return &comity.Error{Code: code, Op: fmt.Sprintf("line %d, column %d", line, col), Line: line, Column: col, Remedy: remedy, Err: fmt.Errorf(format, args...)}
}

// syntax turns the decoder's error into ours.
func (d *requestDecoder) syntax(err error) error {
	var se *jsontext.SyntacticError
	if errors.As(err, &se) {
		return d.failAt(se.ByteOffset, comity.CodeInvalid, "write JSON, in UTF-8", "not valid JSON: %v", se.Err)
	}
	return d.fail(comity.CodeInvalid, "close what is open", "not valid JSON: the text ends early")
}

func (d *requestDecoder) object(depth int) (map[string]any, error) {
	tok, err := d.dec.ReadToken()
	if err != nil {
		return nil, d.syntax(err)
	}
	if tok.Kind() != '{' {
		return nil, d.fail(comity.CodeInvalid, "", "expected an object")
	}
	return d.members(depth)
}

func (d *requestDecoder) members(depth int) (map[string]any, error) {
	if depth > maxDepth {
		return nil, d.fail(comity.CodeInvalid, "", "nested deeper than %d levels", maxDepth)
	}
	out := make(map[string]any, 16)
	for {
		tok, err := d.dec.ReadToken()
		if err != nil {
			return nil, d.syntax(err)
		}
		if tok.Kind() == '}' {
			return out, nil
		}
		name := tok.String()
		val, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		if old, dup := out[name]; dup && !reflect.DeepEqual(old, val) {
			return nil, d.fail(comity.CodeConflict, "give it once", "%q is given twice with different values", name)
		}
		out[name] = val
	}
}

func (d *requestDecoder) value(depth int) (any, error) {
	tok, err := d.dec.ReadToken()
	if err != nil {
		return nil, d.syntax(err)
	}
	switch tok.Kind() {
	case '"':
		return tok.String(), nil
	case 't', 'f':
		return tok.Bool(), nil
	case '0':
		if n, err := strconv.ParseInt(tok.String(), 10, 64); err == nil {
			return n, nil
		}
		f, err := strconv.ParseFloat(tok.String(), 64)
		if err != nil {
			return nil, d.fail(comity.CodeInvalid, "", "%s is no number that can be used", tok)
		}
		return f, nil
	case '{':
		return d.members(depth + 1)
	case '[':
		if depth > maxDepth {
			return nil, d.fail(comity.CodeInvalid, "", "nested deeper than %d levels", maxDepth)
		}
		list := []any{}
		for d.dec.PeekKind() != ']' {
			v, err := d.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
			if len(list) > maxParts {
				return nil, d.fail(comity.CodeTooLarge, "", "a list has more than %d elements", maxParts)
			}
		}
		_, err := d.dec.ReadToken()
		return list, err
	}
	return nil, nil
}

// maxParts bounds the parts of a request and the elements of any list in it.
const maxParts = 4096

// RequestOf makes a request of a decoded object: a facts object, or an envelope with
// `facts`. Values are those of encoding/json, or int64.
func RequestOf(root map[string]any) (comity.Request, error) {
	facts, ok := root["facts"]
	if !ok {
		return comity.Request{Facts: root}, nil
	}
	var req comity.Request
	for _, name := range slices.Sorted(maps.Keys(root)) {
		if err := envelopeField(&req, name, root[name]); err != nil {
			return req, err
		}
	}
	switch f := facts.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(f)) {
			v := f[k]
			if old, dup := req.Facts[k]; dup && !reflect.DeepEqual(old, v) {
				return req, envelopeError(comity.CodeConflict, "facts", "fact %q differs from the defaults", k)
			}
			if req.Facts == nil {
				req.Facts = comity.Facts{}
			}
			req.Facts[k] = v
		}
	case []any:
		req.Parts = make([]comity.Facts, 0, len(f))
		for i, p := range f {
			m, ok := p.(map[string]any)
			if !ok {
				return req, envelopeError(comity.CodeInvalid, "facts", "part %d is not an object", i)
			}
			req.Parts = append(req.Parts, m)
		}
	default:
		return req, envelopeError(comity.CodeInvalid, "facts", "facts is neither an object nor a list of objects")
	}
	return req, nil
}

func envelopeError(code comity.Code, field, format string, args ...any) error {
	return &comity.Error{Code: code, Op: "envelope field " + field, Err: fmt.Errorf(format, args...)}
}

func envelopeNames() []string {
	return []string{"facts", "defaults", "subject", "principal", "tenant", "idempotency_key", "explain", "missing", "known_at", "want", "candidates"}
}

func envelopeField(req *comity.Request, name string, v any) error {
	text := func(dst *string) error {
		s, ok := v.(string)
		if !ok {
			return envelopeError(comity.CodeInvalid, name, "expected a text")
		}
		*dst = s
		return nil
	}
	switch name {
	case "facts":
		return nil
	case "defaults":
		return envelopeDefaults(req, v)
	case "subject":
		return envelopeSubject(req, v)
	case "principal":
		return text(&req.Principal)
	case "tenant":
		return text(&req.Tenant)
	case "idempotency_key":
		return text(&req.IdempotencyKey)
	case "explain":
		b, ok := v.(bool)
		if !ok {
			return envelopeError(comity.CodeInvalid, name, "expected true or false")
		}
		req.Explain = b
		return nil
	case "missing":
		var s string
		err := text(&s)
		req.Missing = comity.Mode(s)
		return err
	case "known_at":
		var s string
		if err := text(&s); err != nil {
			return err
		}
		t, err := ParseTime(s)
		req.KnownAt = t
		return err
	case "want":
		return texts(name, v, &req.Want)
	case "candidates":
		return texts(name, v, &req.Candidates)
	}
	err := envelopeError(comity.CodeUnknown, name, "unknown field")
	err.(*comity.Error).Remedy = pack.Suggest(name, envelopeNames())
	return err
}

func envelopeDefaults(req *comity.Request, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return envelopeError(comity.CodeInvalid, "defaults", "expected an object of facts")
	}
	for k, x := range m {
		if req.Facts == nil {
			req.Facts = comity.Facts{}
		}
		req.Facts[k] = x
	}
	return nil
}

func envelopeSubject(req *comity.Request, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return envelopeError(comity.CodeInvalid, "subject", `expected {"id": ..., "home": ...}`)
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		s, ok := m[name].(string)
		switch {
		case !ok:
			return envelopeError(comity.CodeInvalid, "subject", "%s is not a text", name)
		case name == "id":
			req.Subject.ID = s
		case name == "home":
			req.Subject.Home = s
		default:
			return envelopeError(comity.CodeUnknown, "subject", "unknown key %q", pack.Short(name))
		}
	}
	return nil
}

func texts(name string, v any, dst *[]string) error {
	if s, ok := v.(string); ok {
		*dst = []string{s}
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return envelopeError(comity.CodeInvalid, name, "expected a list of texts")
	}
	for _, x := range list {
		s, ok := x.(string)
		if !ok {
			return envelopeError(comity.CodeInvalid, name, "expected a list of texts")
		}
		*dst = append(*dst, s)
	}
	return nil
}

// ParseTime reads a day (its noon in UTC) or an RFC 3339 instant.
func ParseTime(s string) (time.Time, error) {
	if d, err := pack.ParseDay(s); err == nil {
		return pack.Noon(d).Time(time.UTC), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, &comity.Error{Code: comity.CodeInvalid, Op: "time", Err: fmt.Errorf("%q is neither a day (2024-05-01) nor an instant (2024-05-01T15:04:05Z)", pack.Short(s))}
	}
	return t, nil
}
