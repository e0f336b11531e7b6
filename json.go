// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the decision as JSON, byte for byte what encoding/json writes, but
// without reflection: answers are written far more often than anything else.
func (d *Decision) AppendJSON(dst []byte) ([]byte, error) {
	w := jsonWriter{b: dst}
	w.decision(d)
	if w.err != nil {
		return dst, w.err
	}
	return w.b, nil
}

// jsonWriter appends values; the first error stays.
type jsonWriter struct {
	b   []byte
	err error
}

func (w *jsonWriter) raw(s string) { w.b = append(w.b, s...) }

// field begins a member of the object at hand.
func (w *jsonWriter) field(name string) {
	b := w.b
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(append(b, '"'), name...)
	w.b = append(b, '"', ':')
}

// text writes a member that is left out where it is empty.
func (w *jsonWriter) text(name, s string) {
	if s != "" {
		w.field(name)
		w.string(s)
	}
}

func (w *jsonWriter) must(name, s string) {
	w.field(name)
	w.string(s)
}

func (w *jsonWriter) flag(name string, b bool) {
	if b {
		w.field(name)
		w.raw("true")
	}
}

func (w *jsonWriter) number(name string, n int64) {
	w.field(name)
	w.b = strconv.AppendInt(w.b, n, 10)
}

func (w *jsonWriter) texts(name string, list []string) {
	if len(list) > 0 {
		w.field(name)
		w.list(list)
	}
}

func (w *jsonWriter) list(list []string) {
	if list == nil {
		w.raw("null")
		return
	}
	w.b = append(w.b, '[')
	for i, s := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.string(s)
	}
	w.b = append(w.b, ']')
}

func (w *jsonWriter) parts(list []int) {
	if len(list) == 0 {
		return
	}
	w.field("parts")
	for i, n := range list {
		w.b = append(w.b, "[,"[min(i, 1)])
		w.b = strconv.AppendInt(w.b, int64(n), 10)
	}
	w.b = append(w.b, ']')
}

// each writes a list of objects that is left out where it is empty.
func each[T any](w *jsonWriter, name string, list []T, member func(*jsonWriter, *T)) {
	if len(list) == 0 {
		return
	}
	w.field(name)
	w.b = append(w.b, '[')
	for i := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, '{')
		member(w, &list[i])
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, ']')
}

func (w *jsonWriter) time(name string, t *time.Time) {
	if t == nil {
		return
	}
	w.field(name)
	if year := t.Year(); t.Location() == time.UTC && year >= 0 && year <= 9999 {
		w.b = append(w.b, '"')
		w.b = t.AppendFormat(w.b, time.RFC3339Nano)
		w.b = append(w.b, '"')
		return
	}
	w.other(t)
}

// other leaves rare types to encoding/json.
func (w *jsonWriter) other(v any) {
	b, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.b = append(w.b, b...)
}

func (w *jsonWriter) object(m map[string]any) {
	if m == nil {
		w.raw("null")
		return
	}
	var few [8]member
	list := few[:0]
	for name, v := range m {
		list = append(list, member{name, v})
		if len(list) > len(few) {
			continue
		}
		for i := len(list) - 1; i > 0 && list[i].name < list[i-1].name; i-- {
			list[i], list[i-1] = list[i-1], list[i]
		}
	}
	if len(list) > len(few) {
		slices.SortFunc(list, func(a, b member) int { return strings.Compare(a.name, b.name) })
	}
	w.b = append(w.b, '{')
	for i := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.string(list[i].name)
		w.b = append(w.b, ':')
		w.value(list[i].value)
	}
	w.b = append(w.b, '}')
}

// member is one of an object, whose members are sorted by name.
type member struct {
	name  string
	value any
}

func (w *jsonWriter) value(v any) {
	switch x := v.(type) {
	case nil:
		w.raw("null")
	case string:
		w.string(x)
	case bool:
		w.b = strconv.AppendBool(w.b, x)
	case int:
		w.b = strconv.AppendInt(w.b, int64(x), 10)
	case int64:
		w.b = strconv.AppendInt(w.b, x, 10)
	case []string:
		w.list(x)
	case []any:
		w.values(x)
	case map[string]any:
		w.object(x)
	default:
		w.other(v)
	}
}

func (w *jsonWriter) values(list []any) {
	if list == nil {
		w.raw("null")
		return
	}
	w.b = append(w.b, '[')
	for i, v := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.value(v)
	}
	w.b = append(w.b, ']')
}

// plain tells the bytes that stand for themselves in a text.
func plain(c byte) bool {
	return c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
}

func (w *jsonWriter) string(s string) {
	if isPlain(s) {
		w.b = append(append(append(w.b, '"'), s...), '"')
		return
	}
	w.b = append(w.b, '"')
	w.escaped(s)
	w.b = append(w.b, '"')
}

// isPlain tells that every byte of a text stands for itself; the last eight are read as one
// word, which may overlap the one before.
func isPlain(s string) bool {
	if len(s) < 8 {
		for i := 0; i < len(s); i++ {
			if c := s[i]; c >= utf8.RuneSelf || !plain(c) {
				return false
			}
		}
		return true
	}
	for t := s; len(t) > 8; t = t[8:] {
		if !plainWord(t) {
			return false
		}
	}
	return plainWord(s[len(s)-8:])
}

// escaped writes the inside of a text that is not plain.
func (w *jsonWriter) escaped(s string) {
	start := 0
	for i := 0; i < len(s); {
		if len(s)-i >= 8 && plainWord(s[i:]) {
			i += 8
			continue
		}
		c := s[i]
		if c < utf8.RuneSelf {
			if !plain(c) {
				w.b = append(w.b, s[start:i]...)
				w.escape(c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			w.b = append(w.b, s[start:i]...)
			w.raw(`\ufffd`)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			w.b = append(w.b, s[start:i]...)
			w.raw(`\u202`)
			w.b = append(w.b, "0123456789abcdef"[r&15])
			start = i + size
		}
		i += size
	}
	w.b = append(w.b, s[start:]...)
}

// plainWord tells that the first eight bytes are plain ASCII, testing them side by side: a byte
// of x is zero where (x-ones)&^x has its highest bit set, whatever stands above it. Pairs of
// bytes that differ in one bit are tested as one.
func plainWord(s string) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	quote, angle, slash := x&^(ones*4)^ones*'"', x&^(ones*2)^ones*'<', x^ones*'\\' // and & and >
	odd := x | (x - ones*' ') | (quote-ones)&^quote | (angle-ones)&^angle | (slash-ones)&^slash
	return odd&tops == 0
}

func (w *jsonWriter) escape(c byte) {
	switch c {
	case '\\', '"':
		w.b = append(w.b, '\\', c)
	case '\b':
		w.raw(`\b`)
	case '\f':
		w.raw(`\f`)
	case '\n':
		w.raw(`\n`)
	case '\r':
		w.raw(`\r`)
	case '\t':
		w.raw(`\t`)
	default:
		const hex = "0123456789abcdef"
		w.b = append(w.b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
}
