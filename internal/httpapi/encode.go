// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
)

// members writes the members of one JSON object. Answers are written by hand: with
// reflection that would cost more than the decision.
type members struct {
	b     []byte
	first bool
}

func object(dst []byte) members { return members{append(dst, '{'), true} }

func (m *members) key(name string) {
	if !m.first {
		m.b = append(m.b, ',')
	}
	m.first = false
	m.b = append(m.b, '"')
	m.b = append(m.b, name...)
	m.b = append(m.b, '"', ':')
}

func (m *members) end() []byte { return append(m.b, '}') }

func (m *members) str(name, s string) {
	m.key(name)
	m.b = appendString(m.b, s)
}

// text leaves an empty string out.
func (m *members) text(name, s string) {
	if s != "" {
		m.str(name, s)
	}
}

func (m *members) number(name string, n int64) {
	m.key(name)
	m.b = strconv.AppendInt(m.b, n, 10)
}

func (m *members) flag(name string, v bool) {
	m.key(name)
	m.b = strconv.AppendBool(m.b, v)
}

// texts leaves an empty list out.
func (m *members) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	m.key(name)
	for i, s := range list {
		m.b = append(m.b, "[,"[min(i, 1)])
		m.b = appendString(m.b, s)
	}
	m.b = append(m.b, ']')
}

// value writes what has rare forms.
func (m *members) value(name string, v any) error {
	m.key(name)
	b, err := json.Marshal(v, json.Deterministic(true))
	m.b = append(m.b, b...)
	return err
}

func (m *members) record(r *comity.Record) {
	m.key("record")
	o := object(m.b)
	o.str("log", r.Log)
	if r.Index != nil {
		o.number("index", *r.Index)
	}
	o.text("checkpoint", r.Checkpoint)
	if r.Sub != nil {
		o.number("sub", int64(*r.Sub))
	}
	if r.Later {
		o.flag("later", true)
	}
	m.b = o.end()
}

// appendString quotes s. Most texts need nothing escaped.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			// What is not UTF-8 becomes the replacement character.
			out, _ := jsontext.AppendQuote(dst, s)
			return out
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
