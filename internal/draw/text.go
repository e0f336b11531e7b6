// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// textColumns is the width of the text form; maxColumn bounds an aligned column.
const (
	textColumns = 100
	maxColumn   = 26
)

// Text writes the graph as aligned text: layers as sections, a row for each node, and
// below it what it says and where its edges lead.
func Text(w io.Writer, g *Graph) error {
	var out strings.Builder
	p := &painter{w: bufio.NewWriter(&out)}
	p.f("%s\n", g.Title)
	for _, l := range wrapText(g.Text, textColumns) {
		p.f("%s\n", l)
	}
	for i := range g.Layers {
		p.section(g, i)
	}
	if err := p.w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Map(printable, out.String()))
	return err
}

func (p *painter) section(g *Graph, layer int) {
	p.f("\n%s\n", strings.ToUpper(g.Layers[layer].Title))
	t := table{g: g}
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Layer == layer {
			t.mark = max(t.mark, utf8.RuneCountInString(word(n)))
			t.name = max(t.name, min(maxColumn, utf8.RuneCountInString(n.Name)))
			for _, l := range n.Lines {
				t.label = max(t.label, min(maxColumn, utf8.RuneCountInString(l.Label)))
			}
		}
	}
	group := ""
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Layer != layer {
			continue
		}
		if n.Group != group {
			group = n.Group
			for k := range g.Groups {
				if g.Groups[k].ID == group {
					p.f("\n  %s%s\n", g.Groups[k].Title, t.leads(group))
				}
			}
		}
		p.row(&t, n)
	}
}

// table holds the widths of the columns of one section.
type table struct {
	g                 *Graph
	mark, name, label int
}

// word is the first column: the state, or the kind where there is none.
func word(n *Node) string {
	if n.State != "" {
		return string(n.State)
	}
	return string(n.Kind)
}

func (p *painter) row(t *table, n *Node) {
	head := "  " + padded(word(n), t.mark) + "  "
	if n.Name != "" {
		head += padded(n.Name, t.name)
	}
	title := n.Title
	if len(n.Cites) > 0 {
		title = strings.TrimSpace(title + " [" + join(n.Cites) + "]")
	}
	if title != "" && n.Name != "" {
		head += "  "
	}
	if utf8.RuneCountInString(head)+len(title) > textColumns && len(title) > 0 {
		p.hang(head, title, min(utf8.RuneCountInString(head), 6+t.mark+t.name))
	} else {
		p.f("%s\n", strings.TrimRight(head+title, " "))
	}
	last := ""
	for _, l := range n.Lines {
		label := l.Label
		if label == last {
			label = ""
		}
		if l.Label != "" {
			last = l.Label
		}
		lead := strings.Repeat(" ", t.mark+4) + padded(label, t.label)
		if t.label > 0 {
			lead += "  "
		}
		p.hang(lead, l.Text, t.mark+t.label+6)
	}
	if leads := t.leads(n.ID); leads != "" {
		p.hang(strings.Repeat(" ", t.mark+3), leads, t.mark+7)
	}
}

// leads says where the edges of a node or group go.
func (t *table) leads(id string) string {
	var order []string
	to := map[string][]string{}
	for _, e := range t.g.Edges {
		if e.From == id {
			if to[e.Label] == nil {
				order = append(order, e.Label)
			}
			to[e.Label] = append(to[e.Label], t.g.display(e.To))
		}
	}
	var out []string
	for _, l := range order {
		s := " -> "
		if l != "" {
			s += l + ": "
		}
		out = append(out, s+strings.Join(to[l], ", "))
	}
	return strings.Join(out, ";")
}

// display is a node or group as the text form names it.
func (g *Graph) display(id string) string {
	for i := range g.Nodes {
		if g.Nodes[i].ID == id {
			if g.Nodes[i].Name != "" {
				return g.Nodes[i].Name
			}
			return g.Nodes[i].Title
		}
	}
	for i := range g.Groups {
		if g.Groups[i].ID == id {
			return g.Groups[i].Title
		}
	}
	return id
}

// hang prints text after a lead; further rows are indented.
func (p *painter) hang(lead, s string, indent int) {
	room := max(textColumns-max(indent, utf8.RuneCountInString(lead)), 30)
	for i, l := range wrapText(s, room) {
		if i == 0 {
			p.f("%s%s\n", lead, l)
			continue
		}
		p.f("%s%s\n", strings.Repeat(" ", max(indent, utf8.RuneCountInString(lead))), l)
	}
}

func padded(s string, n int) string {
	if k := utf8.RuneCountInString(s); k < n {
		return s + strings.Repeat(" ", n-k)
	}
	return s
}

// wrapText breaks a text at spaces.
func wrapText(s string, width int) []string {
	var out []string
	line := ""
	for _, w := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > width {
			out = append(out, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
