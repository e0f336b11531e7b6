// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"fmt"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// fewEdges is how many edges a box lists one by one; more are summed up.
const fewEdges = 6

// edgesOf lists the edges of a set over all packs.
func edgesOf(m *pack.Model, set string) []*pack.Edge {
	var out []*pack.Edge
	for _, p := range m.Packs {
		for _, e := range p.Edges {
			if e.Set == set {
				out = append(out, e)
			}
		}
	}
	return out
}

// setNode sums up a set of edges on a day: which places it reaches then, under which
// limits, and what has ended.
func setNode(m *pack.Model, set string, edges []*pack.Edge, layer int, on pack.Day) Node {
	n := Node{ID: "set:" + set, Kind: KindEdges, Name: set, Layer: layer}
	s := edgeSummary{w: newWriter(m.Vocab, &pack.Pack{}), on: on}
	n.Title = count(len(edges), "edge", "edges") + " to places, on " + on.String()
	if from := s.origins(edges); from != "" {
		n.Title = count(len(edges), "edge", "edges") + " from " + from + " to places, on " + on.String()
	}
	if len(edges) <= fewEdges {
		for _, e := range edges {
			n.line(s.status(e), s.full(e))
		}
		return n
	}
	var open, ended, later []string
	var limited []string
	for _, e := range edges {
		switch {
		case on >= e.Until:
			ended = append(ended, s.ended(e))
		case on < e.From:
			later = append(later, s.places(e)+" from "+e.From.String())
		case e.When != nil || e.Claim != nil || e.Until != pack.DayMax:
			limited = append(limited, s.full(e))
		default:
			open = append(open, s.places(e))
		}
	}
	if len(open) > 0 {
		n.line("in force", fmt.Sprintf("%d without limits: %s", len(open), strings.Join(open, ", ")))
	}
	for _, l := range limited {
		n.line("limited", l)
	}
	for _, l := range later {
		n.line("to come", l)
	}
	for _, l := range ended {
		n.line("ended", l)
	}
	return n
}

type edgeSummary struct {
	w  *writer
	on pack.Day
}

func (s edgeSummary) places(e *pack.Edge) string { return s.w.regions(e.Destination) }

// origins is the origin that all edges share, else empty.
func (s edgeSummary) origins(edges []*pack.Edge) string {
	from := ""
	for i, e := range edges {
		o := s.w.regions(e.Origin)
		if i > 0 && o != from {
			return ""
		}
		from = o
	}
	return from
}

func (s edgeSummary) status(e *pack.Edge) string {
	switch {
	case s.on >= e.Until:
		return "ended"
	case s.on < e.From:
		return "to come"
	case e.When != nil || e.Claim != nil:
		return "limited"
	}
	return "in force"
}

func (s edgeSummary) full(e *pack.Edge) string {
	out := fmt.Sprintf("%s (%s)", s.places(e), e.ID)
	if d := dates(e.From, e.Until); d != "" {
		out += " " + d
	}
	if len(e.Cites) > 0 {
		out += " [" + join(e.Cites) + "]"
	}
	if len(e.EndedBy) > 0 {
		out += ", ended by " + join(e.EndedBy)
	}
	if e.When != nil {
		out += ", only if " + s.w.text(e.When, false)
	}
	return out
}

func (s edgeSummary) ended(e *pack.Edge) string {
	out := fmt.Sprintf("%s (%s) %s", s.places(e), e.ID, dates(e.From, e.Until))
	if len(e.EndedBy) > 0 {
		out += " by " + join(e.EndedBy)
	}
	return out
}
