// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// dotWidth is the width of a label in characters; dotLines bounds its lines.
const (
	dotWidth = 46
	dotLines = 14
)

// DOT writes the graph for graphviz.
func DOT(w io.Writer, g *Graph) error {
	p := &painter{w: bufio.NewWriter(w)}
	p.f("digraph comity {\n")
	p.f("  graph [rankdir=LR, compound=true, labelloc=t, fontname=\"Helvetica\", label=%s];\n", quote(g.Title+"\n"+strings.Join(wrapText(g.Text, 100), "\n")))
	p.f("  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=10];\n")
	p.f("  edge [fontname=\"Helvetica\", fontsize=9];\n")
	first := map[string]string{}
	for i, gr := range g.Groups {
		p.f("  subgraph cluster_%d {\n    label=%s;\n    style=\"rounded\";\n    color=\"#c3cad2\";\n", i, quote(gr.Title))
		for k := range g.Nodes {
			if g.Nodes[k].Group == gr.ID {
				if first[gr.ID] == "" {
					first[gr.ID] = g.Nodes[k].ID
				}
				p.dotNode(&g.Nodes[k], "    ")
			}
		}
		p.f("  }\n")
	}
	for k := range g.Nodes {
		if g.Nodes[k].Group == "" {
			p.dotNode(&g.Nodes[k], "  ")
		}
	}
	for i := range g.Edges {
		p.dotEdge(g, &g.Edges[i], first)
	}
	p.f("}\n")
	return p.w.Flush()
}

func (p *painter) dotNode(n *Node, indent string) {
	var lines []string
	if n.State != "" {
		lines = append(lines, "["+string(n.State)+"]")
	}
	lines = append(lines, wrapText(n.Name, dotWidth)...)
	lines = append(lines, wrapText(n.Title, dotWidth)...)
	for _, l := range n.Lines {
		s := l.Text
		if l.Label != "" {
			s = l.Label + ": " + s
		}
		lines = append(lines, wrapText(s, dotWidth)...)
	}
	if len(lines) > dotLines {
		lines = append(lines[:dotLines-1], ellipsis)
	}
	lk := lookOf(n.State)
	style := "rounded,filled"
	if lk.dash != "" {
		style += ",dashed"
	}
	p.f("%s%s [label=%s, tooltip=%s, style=\"%s\", fillcolor=\"%s\", color=\"%s\", penwidth=%g];\n", indent, quote(n.ID), quoteLeft(lines), quote(tooltip(n)), style, lk.fill, lk.line, lk.width)
}

// dotEdge writes an edge; one of a group is drawn to its frame.
func (p *painter) dotEdge(g *Graph, e *Edge, first map[string]string) {
	from, to, extra := e.From, e.To, ""
	for i, gr := range g.Groups {
		if gr.ID == from {
			from = first[gr.ID]
			extra += fmt.Sprintf(", ltail=cluster_%d", i)
		}
		if gr.ID == to {
			to = first[gr.ID]
			extra += fmt.Sprintf(", lhead=cluster_%d", i)
		}
	}
	if from == "" || to == "" {
		return // a group without nodes has no frame
	}
	p.f("  %s -> %s [label=%s, color=\"%s\"%s];\n", quote(from), quote(to), quote(e.Label), lookOf(e.State).line, extra)
}

var dotEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func quote(s string) string { return `"` + dotEscape(s) + `"` }

func dotEscape(s string) string { return dotEscaper.Replace(strings.Map(printable, s)) }

// quoteLeft joins lines that are set to the left.
func quoteLeft(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(dotEscape(l) + `\l`)
	}
	return `"` + b.String() + `"`
}
