// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxFileSize bounds one pack, vocabulary or case file, in bytes.
const MaxFileSize = 4 << 20

var yamlLine = regexp.MustCompile(`line (\d+)`)

// reader walks one YAML document strictly: every key is known, nothing is guessed.
type reader struct {
	file  string
	probs *Problems
}

// parseYAML reads one document without expanding anything: aliases and anchors are
// refused, so that a small file can never stand for a large one.
func parseYAML(file string, data []byte, probs *Problems) *yaml.Node {
	pos := Pos{File: file}
	if len(data) > MaxFileSize {
		probs.add(pos, "split it", "the file has %d bytes, more than %d", len(data), MaxFileSize)
		return nil
	}
	if !utf8.Valid(data) {
		probs.add(pos, "save it as UTF-8", "the file is not valid UTF-8")
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decodeNode(dec, &doc); err != nil {
		if errors.Is(err, io.EOF) {
			probs.add(pos, "", "the file is empty")
			return nil
		}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			pos.Line, _ = strconv.Atoi(m[1])
			pos.Col = 1
		}
		probs.add(pos, "", "not valid YAML: %v", err)
		return nil
	}
	var second yaml.Node
	if err := decodeNode(dec, &second); !errors.Is(err, io.EOF) {
		probs.add(pos, "one document a file", "there is more than one YAML document")
		return nil
	}
	r := reader{file: file, probs: probs}
	if !r.plain(&doc, 0) || len(doc.Content) != 1 {
		return nil
	}
	return doc.Content[0]
}

// decodeNode turns the YAML library's panics on malformed input into errors.
func decodeNode(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("malformed document: %v", v)
		}
	}()
	return dec.Decode(n)
}

func (r reader) plain(n *yaml.Node, depth int) bool {
	if depth > 64 {
		r.probs.add(r.pos(n), "", "nested deeper than 64 levels")
		return false
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.probs.add(r.pos(n), "write the value out", "YAML anchors and aliases are not accepted")
		return false
	}
	for _, c := range n.Content {
		if !r.plain(c, depth+1) {
			return false
		}
	}
	return true
}

func (r reader) pos(n *yaml.Node) Pos { return Pos{File: r.file, Line: n.Line, Col: n.Column} }

func (r reader) fail(n *yaml.Node, remedy, format string, args ...any) {
	r.probs.add(r.pos(n), remedy, format, args...)
}

// pair is one entry of a mapping, in source order.
type pair struct {
	key      string
	keyNode  *yaml.Node
	node     *yaml.Node
	consumed bool
}

// pairs lists a mapping's entries and refuses a key that stands twice.
func (r reader) pairs(n *yaml.Node) []pair {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "", "expected a mapping (key: value)")
		return nil
	}
	out := make([]pair, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			r.fail(k, "", "a key must be plain text")
			continue
		}
		if slices.ContainsFunc(out, func(p pair) bool { return p.key == k.Value }) {
			r.fail(k, "remove one", "key %q stands twice", k.Value)
			continue
		}
		out = append(out, pair{key: k.Value, keyNode: k, node: n.Content[i+1]})
	}
	return out
}

// fields reads a mapping whose keys must all be among known.
func (r reader) fields(n *yaml.Node, known ...string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	for _, p := range r.pairs(n) {
		if !slices.Contains(known, p.key) {
			r.fail(p.keyNode, Suggest(p.key, known), "unknown key %q", p.key)
			continue
		}
		if p.node.Tag == "!!null" {
			r.fail(p.node, "give a value or remove the key", "key %q has no value", p.key)
			continue
		}
		out[p.key] = p.node
	}
	return out
}

func (r reader) need(n *yaml.Node, f map[string]*yaml.Node, keys ...string) bool {
	ok := true
	for _, k := range keys {
		if f[k] == nil {
			r.fail(n, "", "key %q is missing", k)
			ok = false
		}
	}
	return ok
}

func (r reader) str(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode {
		r.fail(n, "", "expected text")
		return ""
	}
	return n.Value
}

// strs reads a list of texts; a single text stands for a list of one.
func (r reader) strs(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, c := range r.items(n) {
		out = append(out, r.str(c))
	}
	return out
}

func (r reader) items(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "", "expected a list")
		return nil
	}
	return n.Content
}

func (r reader) boolean(n *yaml.Node) bool {
	if n == nil {
		return false
	}
	switch n.Value {
	case "true":
		return true
	case "false":
		return false
	}
	r.fail(n, "", "expected true or false")
	return false
}

func (r reader) integer(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	v, err := strconv.Atoi(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		r.fail(n, "", "expected a whole number")
	}
	return v
}

func (r reader) day(n *yaml.Node, absent Day) Day {
	if n == nil {
		return absent
	}
	d, err := ParseDay(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		r.fail(n, "write YYYY-MM-DD", "%q is not a date", n.Value)
		return absent
	}
	return d
}

// text reads {en: ..., de: ...}; lint asks for en.
func (r reader) text(n *yaml.Node) map[string]string {
	if n == nil {
		return nil
	}
	out := map[string]string{}
	for _, p := range r.pairs(n) {
		out[p.key] = r.str(p.node)
	}
	if out["en"] == "" {
		r.fail(n, "write {en: ...}", "the English text is missing")
	}
	return out
}
