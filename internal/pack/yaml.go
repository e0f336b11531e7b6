// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// reader walks one YAML document strictly: every key is known, nothing is guessed.
type reader struct {
	file  string
	src   []byte
	probs *Problems
}

// openYAML reads one document without expanding anything: aliases and anchors are
// refused, so that a small file can never stand for a large one. The node is nil if the
// document cannot be used.
func openYAML(file string, data []byte, probs *Problems) (reader, *yaml.Node) {
	r := reader{file: file, src: data, probs: probs}
	pos := Pos{File: file, Line: 1, Col: 1}
	if len(data) > MaxFileSize {
		probs.add(Pos{File: file}, "split it", "the file has %d bytes, more than %d", len(data), MaxFileSize)
		return r, nil
	}
	if !utf8.Valid(data) {
		probs.add(r.posOf(badUTF8(data)), "save it as UTF-8", "the file is not valid UTF-8")
		return r, nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decodeNode(dec, &doc); err != nil {
		if errors.Is(err, io.EOF) {
			probs.add(pos, "fill it or remove it", "the file is empty")
			return r, nil
		}
		at, msg := r.yamlFault(err)
		probs.add(at, "check indentation, quotes and brackets near this line", "not valid YAML: %s", msg)
		return r, nil
	}
	var second yaml.Node
	if err := decodeNode(dec, &second); !errors.Is(err, io.EOF) {
		at := pos
		if err == nil {
			at = r.pos(&second)
		} else {
			at, _ = r.yamlFault(err)
		}
		probs.add(at, "one document a file", "there is more than one YAML document")
		return r, nil
	}
	if !r.plain(&doc, 0) || len(doc.Content) != 1 {
		return r, nil
	}
	return r, doc.Content[0]
}

// Document reads one YAML document as packs are read: no anchors, no second document, and
// a fault with its place.
func Document(file string, data []byte) (*yaml.Node, *Problem) {
	var probs Problems
	_, n := openYAML(file, data, &probs)
	if len(probs) > 0 {
		return nil, &probs[0]
	}
	return n, nil
}

func badUTF8(data []byte) int {
	for i := 0; i < len(data); {
		c, n := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// posOf is the place of the byte at offset i of the source.
func (r reader) posOf(i int) Pos {
	before := r.src[:i]
	return Pos{
		File: r.file, Line: 1 + bytes.Count(before, []byte("\n")),
		Col: 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]),
	}
}

var (
	yamlLine   = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)
	yamlParser = regexp.MustCompile(`did not find expected ('-' indicator|',' or|key|node content|<)`)
	yamlAnchor = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
)

// yamlFault finds the place that an error of the YAML library means. The library names
// lines only, leaves out the first, and its parser (not its scanner) counts them from 0.
func (r reader) yamlFault(err error) (Pos, string) {
	m := yamlLine.FindStringSubmatch(err.Error())
	msg := err.Error()[len(m[0]):]
	line, _ := strconv.Atoi(m[1]) // none is 0
	if line == 0 || yamlParser.MatchString(msg) {
		line++
	}
	if strings.HasPrefix(msg, "control characters") {
		if i := bytes.IndexFunc(r.src, func(c rune) bool { return c < ' ' && !strings.ContainsRune("\t\n\r", c) || c == 0x7f }); i >= 0 {
			return r.posOf(i), msg
		}
	}
	if a := yamlAnchor.FindStringSubmatch(msg); a != nil {
		if i := bytes.Index(r.src, []byte("*"+a[1])); i >= 0 {
			return r.posOf(i), "YAML anchors and aliases are not accepted"
		}
	}
	return Pos{File: r.file, Line: line, Col: 1}, msg
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
	if depth > maxNesting {
		r.probs.add(r.pos(n), "make it flatter", "nested deeper than %d levels", maxNesting)
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
	key     string
	keyNode *yaml.Node
	node    *yaml.Node
}

// pairs lists a mapping's entries and refuses a key that stands twice.
func (r reader) pairs(n *yaml.Node) []pair {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "write key: value", "expected a mapping")
		return nil
	}
	out := make([]pair, 0, len(n.Content)/2)
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			r.fail(k, "write key: value", "a key must be plain text")
			continue
		}
		if seen[k.Value] {
			r.fail(k, "remove one", "key %q stands twice", k.Value)
			continue
		}
		seen[k.Value] = true
		out = append(out, pair{k.Value, k, n.Content[i+1]})
	}
	return out
}

// fields reads a mapping whose keys must all be among known.
func (r reader) fields(n *yaml.Node, known ...string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	for _, p := range r.pairs(n) {
		if !slices.Contains(known, p.key) {
			r.fail(p.keyNode, cmp.Or(Suggest(p.key, known), "remove it; docs/pack-format.md lists the keys"), "unknown key %q", p.key)
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
		switch v := f[k]; {
		case v == nil:
			r.fail(n, "add it", "key %q is missing", k)
			ok = false
		case v.Kind == yaml.ScalarNode && v.Value == "":
			r.fail(v, "give a value", "key %q is empty", k)
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
		r.fail(n, "write one value", "expected text")
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
		r.fail(n, "write [a, b] or one - item a line", "expected a list")
		return nil
	}
	return n.Content
}

// oneOrMore lists the elements of a list that is not empty, or the single value that
// stands for one.
func (r reader) oneOrMore(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return []*yaml.Node{n}
	}
	list := r.items(n)
	if n.Kind == yaml.SequenceNode && len(list) == 0 {
		r.fail(n, "name at least one, or remove the key", "the list is empty")
	}
	return list
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
	r.fail(n, "write true or false", "expected true or false")
	return false
}

func (r reader) integer(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	v, err := strconv.Atoi(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		r.fail(n, "write a number without unit", "expected a whole number")
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

// isLanguage tells a two-letter language code, ISO 639-1.
func isLanguage(s string) bool {
	return len(s) == 2 && s[0] >= 'a' && s[0] <= 'z' && s[1] >= 'a' && s[1] <= 'z'
}

// text reads {en: ..., de: ...}; English is required.
func (r reader) text(n *yaml.Node) map[string]string {
	if n == nil {
		return nil
	}
	out := map[string]string{}
	for _, p := range r.pairs(n) {
		if !isLanguage(p.key) {
			// An unquoted comma ends a text in flow style: what follows looks like a key.
			r.fail(p.keyNode, "quote a text that has commas", "%q is no language code", p.key)
			continue
		}
		out[p.key] = r.str(p.node)
	}
	if out["en"] == "" {
		r.fail(n, "write {en: ...}", "the English text is missing")
	}
	return out
}
