// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// cond reads a condition: text, a list (all), or a mapping all/any/not.
func (pr *packReader) cond(rd reader, n *yaml.Node) *Cond {
	if n == nil || rd.probs.full() {
		return Always()
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return pr.condText(rd, n)
	case yaml.SequenceNode:
		return pr.group(rd, OpAll, n)
	case yaml.MappingNode:
		ps := rd.pairs(n)
		if len(ps) != 1 {
			rd.fail(n, "write one mapping for each", "a condition mapping has one key: all, any, not or not shown")
			return Always()
		}
		switch p := ps[0]; p.key {
		case "all":
			return pr.group(rd, OpAll, p.node)
		case "any":
			return pr.group(rd, OpAny, p.node)
		case "not":
			return &Cond{Op: OpNot, Kids: []*Cond{pr.cond(rd, p.node)}, Pos: rd.pos(n)}
		case "not shown":
			return &Cond{Op: OpNotShown, Kids: []*Cond{pr.cond(rd, p.node)}, Pos: rd.pos(n)}
		}
		rd.fail(ps[0].keyNode, "use all, any, not or not shown", "unknown key %q in a condition", ps[0].key)
	}
	return Always()
}

func (pr *packReader) condText(rd reader, n *yaml.Node) *Cond {
	c, err := ParseCond(pr.v, pr.p.Terms, n.Value)
	if err != nil {
		pe := err.(*ParseError)
		rd.probs.add(rd.posIn(n, pe.Offset), pe.Remedy, "%s", pe.Msg)
		return Always()
	}
	if c.Pos.Line == 0 {
		pos := rd.pos(n)
		c.Walk(func(k *Cond) {
			if k.Pos.Line == 0 {
				k.Pos = pos
			}
			pr.count(&k.Atom)
		})
	}
	return c
}

// count marks a deadline that the pack's law counts in its own way.
func (pr *packReader) count(a *Atom) {
	if a.Ref != pr.v.date && pr.p.Counting.counts(a) {
		a.Count = pr.p.Counting
	}
}

func (pr *packReader) group(rd reader, op Op, n *yaml.Node) *Cond {
	c := &Cond{Op: op, Pos: rd.pos(n)}
	for _, k := range rd.items(n) {
		c.Kids = append(c.Kids, pr.cond(rd, k))
	}
	switch {
	case len(c.Kids) == 0:
		if n.Kind == yaml.SequenceNode {
			rd.fail(n, `name at least one, or write "true"`, "the list of conditions is empty")
		}
		return Always()
	case len(c.Kids) == 1:
		return c.Kids[0]
	case c.size(maxNodes) >= maxNodes:
		rd.fail(n, "simplify it", "the condition has more than %d parts, terms written out", maxNodes)
		return Always()
	}
	return c
}

// posIn is the place of the byte at offset of a text. A text may be folded over lines and
// quoted: what is the same in the value and in the source is the sequence of characters
// that are no white space.
func (r reader) posIn(n *yaml.Node, offset int) Pos {
	start := r.pos(n)
	src := r.src
	for range n.Line - 1 {
		i := bytes.IndexByte(src, '\n')
		if i < 0 {
			return start
		}
		src = src[i+1:]
	}
	offset = min(offset, len(n.Value))
	count := func(s string) int { return utf8.RuneCountInString(strings.Join(strings.Fields(s), "")) }
	want, last := count(n.Value[:offset]), offset == len(n.Value)
	at, text := start, runesFrom(src, n.Column-1, 8*len(n.Value)+1024)
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		return start
	case n.Style&(yaml.FoldedStyle|yaml.LiteralStyle) != 0:
		_, rest, _ := strings.Cut(text, "\n")
		at, text = Pos{r.file, start.Line + 1, 1}, rest
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && text != "":
		at.Col, text = at.Col+1, text[1:]
	}
	quote := n.Style&yaml.SingleQuotedStyle != 0
	for i, c := range text {
		space := unicode.IsSpace(c)
		if want == 0 && (last || !space) {
			break
		}
		at.Col++
		switch {
		case c == '\n':
			at.Line, at.Col = at.Line+1, 1
		case quote && strings.HasPrefix(text[i:], "''") && !strings.HasSuffix(text[:i], "'"), n.Style&yaml.DoubleQuotedStyle != 0 && c == '\\':
			// the first half of a quote or escape, which is one character of the value
		case !space:
			want--
		}
	}
	return at
}

// runesFrom is src from its rune number skip on, at most about size bytes.
func runesFrom(src []byte, skip, size int) string {
	for ; skip > 0 && len(src) > 0; skip-- {
		_, n := utf8.DecodeRune(src)
		src = src[n:]
	}
	return string(src[:min(size, len(src))])
}
