// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw_test

import (
	"fmt"
	"strings"
	"unicode"
)

// parseDOT checks a text against the part of graphviz' grammar that we write: one digraph
// of statements, attributes in brackets, subgraphs, quoted strings with escapes. It also
// wants each edge to join nodes that were declared.
func parseDOT(src string) error {
	p := &dotParser{nodes: map[string]bool{}}
	if err := p.scan(src); err != nil {
		return err
	}
	if p.next() != "digraph" || !p.id(p.next()) {
		return fmt.Errorf("does not begin with digraph and a name")
	}
	if err := p.body(); err != nil {
		return err
	}
	if p.i != len(p.toks) {
		return fmt.Errorf("something follows the graph: %q", p.toks[p.i])
	}
	for _, e := range p.edges {
		if !p.nodes[e] {
			return fmt.Errorf("an edge names %s, which is no node", e)
		}
	}
	return nil
}

type dotParser struct {
	toks  []string
	i     int
	nodes map[string]bool
	edges []string
}

// scan splits the text into tokens; a quoted string is one token with its quotes.
func (p *dotParser) scan(src string) error {
	for i := 0; i < len(src); {
		c := rune(src[i])
		switch {
		case unicode.IsSpace(c):
			i++
		case c == '"':
			end := i + 1
			for ; end < len(src) && src[end] != '"'; end++ {
				if src[end] == '\\' {
					end++
				}
			}
			if end >= len(src) {
				return fmt.Errorf("a string does not end: %.40s", src[i:])
			}
			p.toks = append(p.toks, src[i:end+1])
			i = end + 1
		case strings.HasPrefix(src[i:], "->"):
			p.toks = append(p.toks, "->")
			i += 2
		case strings.ContainsRune("{}[];,=", c):
			p.toks = append(p.toks, string(c))
			i++
		default:
			end := i
			for end < len(src) && (unicode.IsLetter(rune(src[end])) || unicode.IsDigit(rune(src[end])) || src[end] == '_' || src[end] == '.') {
				end++
			}
			if end == i {
				return fmt.Errorf("unexpected %q", c)
			}
			p.toks = append(p.toks, src[i:end])
			i = end
		}
	}
	return nil
}

func (p *dotParser) peek() string {
	if p.i < len(p.toks) {
		return p.toks[p.i]
	}
	return ""
}

func (p *dotParser) next() string {
	t := p.peek()
	p.i++
	return t
}

func (p *dotParser) id(t string) bool { return t != "" && !strings.Contains("{}[];,=->", t) }

func (p *dotParser) body() error {
	if p.next() != "{" {
		return fmt.Errorf("expected {")
	}
	for p.peek() != "}" {
		if p.peek() == "" {
			return fmt.Errorf("the graph does not end")
		}
		if err := p.statement(); err != nil {
			return err
		}
	}
	p.i++
	return nil
}

func (p *dotParser) statement() error {
	first := p.next()
	if !p.id(first) {
		return fmt.Errorf("a statement begins with %q", first)
	}
	switch {
	case first == "subgraph":
		if !p.id(p.next()) {
			return fmt.Errorf("a subgraph without a name")
		}
		return p.body()
	case p.peek() == "=":
		p.i++
		if v := p.next(); !p.id(v) {
			return fmt.Errorf("%s has the value %q", first, v)
		}
	case p.peek() == "->":
		p.i++
		to := p.next()
		p.edges = append(p.edges, first, to)
		if err := p.attributes(); err != nil {
			return err
		}
	default:
		if first != "graph" && first != "node" && first != "edge" {
			if p.nodes[first] {
				return fmt.Errorf("node %s stands twice", first)
			}
			p.nodes[first] = true
		}
		if err := p.attributes(); err != nil {
			return err
		}
	}
	if p.next() != ";" {
		return fmt.Errorf("no ; after %s", first)
	}
	return nil
}

func (p *dotParser) attributes() error {
	if p.peek() != "[" {
		return nil
	}
	p.i++
	for {
		name, eq, value := p.next(), p.next(), p.next()
		if !p.id(name) || eq != "=" || !p.id(value) {
			return fmt.Errorf("not an attribute: %s %s %s", name, eq, value)
		}
		switch t := p.next(); t {
		case ",":
		case "]":
			return nil
		default:
			return fmt.Errorf("unexpected %q after %s", t, name)
		}
	}
}
