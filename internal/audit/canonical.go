// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
)

// maxDepth bounds nested values.
const maxDepth = 64

var (
	errUTF8   = errors.New("text is not valid UTF-8")
	errNumber = errors.New("number is not finite")
	errDepth  = fmt.Errorf("value is nested deeper than %d levels", maxDepth)
)

// AppendCanonical appends the RFC 8785 form of a value, see Member.
func AppendCanonical(dst []byte, v any) ([]byte, error) {
	return appendValue(dst, v, 0)
}

// AppendNested is AppendCanonical for a value that stands some levels deep in a payload.
func AppendNested(dst []byte, v any, depth int) ([]byte, error) {
	return appendValue(dst, v, depth)
}

// AppendText appends the RFC 8785 form of a text.
func AppendText(dst []byte, s string) ([]byte, error) { return appendText(dst, s) }

// CompareNames orders the members of an object as RFC 8785 does.
func CompareNames(a, b string) int { return compareUTF16(a, b) }

// appendValue knows the types that payloads are made of; everything else is marshalled
// first, which costs more.
func appendValue(dst []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, errDepth
	}
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendText(dst, v)
	case *string:
		return appendText(dst, *v)
	case *Pseudonym:
		return append(base64.RawURLEncoding.AppendEncode(append(dst, '"'), v[:]), '"'), nil
	case *Digest:
		return append(base64.RawURLEncoding.AppendEncode(append(dst, '"'), v[:]), '"'), nil
	case *comity.Subject:
		return appendPair(dst, "home", v.Home, "id", v.ID)
	case *Resource:
		return appendPair(dst, "id", v.ID, "type", v.Type)
	case comity.Effect:
		return appendText(dst, string(v))
	case int:
		return appendInteger(dst, int64(v))
	case int64:
		return appendInteger(dst, v)
	case uint64:
		if v > math.MaxInt64 {
			return appendFloat(dst, float64(v))
		}
		return appendInteger(dst, int64(v))
	case float64:
		return appendFloat(dst, v)
	case time.Time:
		return appendText(dst, v.UTC().Format(time.RFC3339Nano))
	case Raw:
		return append(dst, v...), nil
	case *Raw:
		return append(dst, *v...), nil
	case Object:
		return appendObject(dst, v, depth)
	case []string:
		return appendItems(dst, v, func(dst []byte, s string) ([]byte, error) { return appendText(dst, s) })
	case []any:
		return appendItems(dst, v, func(dst []byte, e any) ([]byte, error) { return appendValue(dst, e, depth+1) })
	case []Object:
		return appendItems(dst, v, func(dst []byte, o Object) ([]byte, error) { return appendObject(dst, o, depth+1) })
	case map[string]any:
		return appendMap(dst, v, depth)
	case comity.Facts:
		return appendMap(dst, v, depth)
	}
	return appendMarshalled(dst, v)
}

// appendPair appends an object of two texts, the empty left out.
func appendPair(dst []byte, name1, value1, name2, value2 string) ([]byte, error) {
	if !utf8.ValidString(value1) || !utf8.ValidString(value2) {
		return dst, errUTF8
	}
	dst = appendMember(append(dst, '{'), name1, value1)
	return append(appendMember(dst, name2, value2), '}'), nil
}

func appendMarshalled(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return dst, err
	}
	text := jsontext.Value(b)
	if err := text.Canonicalize(); err != nil {
		return dst, err
	}
	return append(dst, text...), nil
}

func appendItems[T any](dst []byte, list []T, item func([]byte, T) ([]byte, error)) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = item(dst, v); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, m map[string]any, depth int) ([]byte, error) {
	var room [16]Member
	o := Object(room[:0])
	for k, v := range m {
		o = append(o, Member{k, v})
	}
	return appendObject(dst, o, depth)
}

// appendObject sorts o in place.
func appendObject(dst []byte, o Object, depth int) (_ []byte, err error) {
	slices.SortFunc(o, func(a, b Member) int { return compareUTF16(a.Name, b.Name) })
	dst = append(dst, '{')
	for i, m := range o {
		if i > 0 {
			if o[i-1].Name == m.Name {
				return dst, fmt.Errorf("member %q stands twice", m.Name)
			}
			dst = append(dst, ',')
		}
		if dst, err = appendText(dst, m.Name); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if dst, err = appendValue(dst, m.Value, depth+1); err != nil {
			return dst, fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return append(dst, '}'), nil
}

func appendText(dst []byte, s string) ([]byte, error) {
	if isPlain(s) {
		return appendPlain(dst, s), nil
	}
	if !utf8.ValidString(s) {
		return dst, errUTF8
	}
	return jsontext.AppendQuote(dst, s)
}

// appendInteger: RFC 8785 numbers are IEEE 754 doubles, so an integer beyond 2^53 is
// written as the double that a reader would get.
func appendInteger(dst []byte, v int64) ([]byte, error) {
	if v > 1<<53 || v < -1<<53 {
		return appendFloat(dst, float64(v))
	}
	return strconv.AppendInt(dst, v, 10), nil
}

// appendFloat writes a number as ECMAScript does.
func appendFloat(dst []byte, v float64) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dst, errNumber
	}
	if v == 0 {
		return append(dst, '0'), nil // also for -0
	}
	format := byte('f')
	if a := math.Abs(v); a < 1e-6 || a >= 1e21 {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, v, format, -1, 64)
	if n := len(dst); format == 'e' && n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-09 becomes e-9
		dst = dst[:n-1]
	}
	return dst, nil
}
