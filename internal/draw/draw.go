// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package draw turns regimes, requirements and decided operations into one small graph,
// and writes a graph as aligned text, as DOT for graphviz, or as an SVG whose layout is
// computed here. The same input always gives the same picture.
package draw

import (
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// lang is the language of the texts in pictures.
const lang = "en"

// State is what became of a node in a decision, or whether it is in force. Writers show
// it by word, colour and sign, so that no reader depends on colours.
type State string

// The states. The empty state is that of a node that nothing was asked of.
const (
	Holds    State = "holds"
	Violated State = "violated"
	Open     State = "open"
	NotShown State = "not shown"
	Off      State = "off"
)

// Kind is what a node stands for. Requirements have the kind of their rule.
type Kind string

// The kinds beside those of requirements.
const (
	KindRegime    Kind = "regime"
	KindReach     Kind = "reach"
	KindOutside   Kind = "outside"
	KindScope     Kind = "scope"
	KindTerm      Kind = "term"
	KindException Kind = "exception"
	KindEdges     Kind = "edges"
	KindOperation Kind = "operation"
	KindFinding   Kind = "finding"
	KindEffect    Kind = "effect"
)

// Graph is a picture before it is drawn: nodes in layers that are read from left to
// right, edges from a layer to a later one, and groups that frame nodes of one layer.
type Graph struct {
	Title  string  `json:"title"`
	Text   string  `json:"text,omitempty"`
	State  State   `json:"state,omitempty"`
	Layers []Layer `json:"layers"`
	Groups []Group `json:"groups,omitempty"`
	Nodes  []Node  `json:"nodes"`
	Edges  []Edge  `json:"edges,omitempty"`
}

// Layer is one stage of the reading.
type Layer struct {
	Title string `json:"title"`
	// Width is that of a node in pixels. Spread lets the layer take several columns.
	// Compact shows names and titles, and leaves citations to the tooltip. Rows bounds
	// those of one line of a box; zero is the usual bound.
	Width   int  `json:"-"`
	Spread  bool `json:"-"`
	Compact bool `json:"-"`
	Rows    int  `json:"-"`
}

// Group frames nodes.
type Group struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Layer int    `json:"layer"`
}

// Node is one box. Name is what a user would type, Title what it says.
type Node struct {
	ID    string   `json:"id"`
	Kind  Kind     `json:"kind"`
	State State    `json:"state,omitempty"`
	Name  string   `json:"name,omitempty"`
	Title string   `json:"title,omitempty"`
	Layer int      `json:"layer"`
	Group string   `json:"group,omitempty"`
	Cites []string `json:"citations,omitempty"`
	Lines []Line   `json:"lines,omitempty"`
}

// Line is one line of a box; Code marks the condition language.
type Line struct {
	Label string `json:"label,omitempty"`
	Text  string `json:"text"`
	Code  bool   `json:"code,omitempty"`
}

// Edge leads from a node or group to one of a later layer.
type Edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Label string `json:"label,omitempty"`
	State State  `json:"state,omitempty"`
}

func (n *Node) line(label, text string) {
	if text != "" {
		n.Lines = append(n.Lines, Line{Label: label, Text: text})
	}
}

// code adds lines of the condition language; the label stands on the first.
func (n *Node) code(label string, lines []string) {
	for i, s := range lines {
		if i > 0 {
			label = ""
		}
		n.Lines = append(n.Lines, Line{Label: label, Text: s, Code: true})
	}
}

func (g *Graph) node(n Node) { g.Nodes = append(g.Nodes, n) }

// edge adds an edge once.
func (g *Graph) edge(from, to, label string, s State) {
	e := Edge{From: from, To: to, Label: label, State: s}
	for _, have := range g.Edges {
		if have == e {
			return
		}
	}
	g.Edges = append(g.Edges, e)
}

func (g *Graph) has(id string) bool {
	for i := range g.Nodes {
		if g.Nodes[i].ID == id {
			return true
		}
	}
	return false
}

// compactLayers drops layers without nodes, so that no picture has an empty column.
func (g *Graph) compactLayers() {
	used := make([]bool, len(g.Layers))
	for i := range g.Nodes {
		used[g.Nodes[i].Layer] = true
	}
	to := make([]int, len(g.Layers))
	var keep []Layer
	for i, l := range g.Layers {
		to[i] = len(keep)
		if used[i] {
			keep = append(keep, l)
		}
	}
	g.Layers = keep
	for i := range g.Nodes {
		g.Nodes[i].Layer = to[g.Nodes[i].Layer]
	}
	for i := range g.Groups {
		g.Groups[i].Layer = to[g.Groups[i].Layer]
	}
}

// Find looks up a regime or a requirement by its id; both are nil if there is none.
func Find(m *pack.Model, name string) (*pack.Pack, *pack.Requirement) {
	for _, p := range m.Packs {
		if p.ID == name {
			return p, nil
		}
		for _, q := range p.Requirements {
			if q.ID == name {
				return nil, q
			}
		}
	}
	return nil, nil
}

// Names lists what Find finds, regimes first.
func Names(m *pack.Model) []string {
	var out []string
	for _, p := range m.Packs {
		out = append(out, p.ID)
	}
	for _, p := range m.Packs {
		for _, q := range p.Requirements {
			out = append(out, q.ID)
		}
	}
	return out
}

func join(s []string) string { return strings.Join(s, "; ") }
