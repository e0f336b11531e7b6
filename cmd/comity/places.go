// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity/engine"
)

// factAt is a fact of a question with its places in the text. Part counts the objects that
// hold facts: no fact stands twice in one.
type factAt struct {
	part     int
	name     string
	value    any
	key, val place
	items    []place // of a list
}

// place is a line and a column, from 1.
type place struct{ line, col int }

// yamlFacts lists the facts of a question in the order of the text.
func yamlFacts(root *yaml.Node) []factAt {
	var out []factAt
	part := 0
	add := func(n *yaml.Node) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			value, err := nested(v, 0)
			if err != nil {
				continue
			}
			f := factAt{part: part, name: k.Value, value: value, key: place{k.Line, k.Column}, val: place{v.Line, v.Column}}
			for _, c := range v.Content {
				f.items = append(f.items, place{c.Line, c.Column})
			}
			out = append(out, f)
		}
		part++
	}
	envelope := false
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i].Value, root.Content[i+1]
		switch {
		case k == "facts" && v.Kind == yaml.SequenceNode:
			for _, c := range v.Content {
				add(c)
			}
		case k == "facts" || k == "defaults":
			add(v)
		}
		envelope = envelope || k == "facts"
	}
	if !envelope {
		out, part = nil, 0
		add(root)
	}
	return out
}

// objects lists the objects of a question that hold facts: all of it, or those of an
// envelope. Text is the question in JSON.
func objects(text []byte) [][]member {
	root := members(text, 0)
	envelope := slices.IndexFunc(root, func(m member) bool { return m.name == "facts" })
	if envelope < 0 {
		return [][]member{root}
	}
	var out [][]member
	for _, m := range root {
		switch {
		case m.name != "facts" && m.name != "defaults":
		case m.raw.Kind() == '[':
			for _, e := range elements(m.raw, m.rawAt) {
				out = append(out, members(e.raw, e.rawAt))
			}
		default:
			out = append(out, members(m.raw, m.rawAt))
		}
	}
	return out
}

// jsonFacts lists the facts of a question in JSON, in the order of the text.
func jsonFacts(text []byte) []factAt {
	var out []factAt
	for part, ms := range objects(text) {
		for _, m := range ms {
			f := factAt{part: part, name: m.name, value: jsonValue(m.raw), key: placeIn(text, m.at), val: placeIn(text, m.rawAt)}
			if m.raw.Kind() == '[' {
				for _, e := range elements(m.raw, m.rawAt) {
					f.items = append(f.items, placeIn(text, e.rawAt))
				}
			}
			out = append(out, f)
		}
	}
	return out
}

// member is one member of a JSON object, or one element of a list, with its offsets.
type member struct {
	name      string
	at, rawAt int
	raw       jsontext.Value
}

// members lists an object's members; base is the offset of text in the whole. It stops at
// the first fault, which others report.
func members(text []byte, base int) []member { return inside(text, base, true) }

func elements(text []byte, base int) []member { return inside(text, base, false) }

func inside(text []byte, base int, named bool) []member {
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	if _, err := dec.ReadToken(); err != nil {
		return nil
	}
	read := func() (jsontext.Value, int, bool) {
		if k := dec.PeekKind(); k == '}' || k == ']' {
			return nil, 0, false
		}
		raw, err := dec.ReadValue()
		return bytes.Clone(raw), base + int(dec.InputOffset()) - len(raw), err == nil
	}
	var out []member
	for {
		var m member
		var ok bool
		if named {
			var name jsontext.Value
			if name, m.at, ok = read(); !ok {
				return out
			}
			plain, err := jsontext.AppendUnquote(nil, name)
			if err != nil {
				return out
			}
			m.name = string(plain)
		}
		if m.raw, m.rawAt, ok = read(); !ok {
			return out
		}
		out = append(out, m)
	}
}

// jsonValue reads a value as the engine does.
func jsonValue(raw jsontext.Value) any {
	req, err := engine.DecodeRequest(fmt.Appendf(nil, `{"x":%s}`, raw))
	if err != nil {
		return nil
	}
	return req.Facts["x"]
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// placeIn is the place of an offset in text.
func placeIn(text []byte, offset int) place {
	before := text[:min(offset, len(text))]
	last := bytes.LastIndexByte(before, '\n') + 1
	return place{line: bytes.Count(before, []byte{'\n'}) + 1, col: utf8.RuneCount(before[last:]) + 1}
}
