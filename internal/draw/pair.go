// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/graph"
	"github.com/comity-project/comity/internal/pack"
)

// Pair is the graph of two requirements that can contradict each other, in the smallest
// context in which they do: one operation, or two beside each other. The requirements stand
// in the order of ids.
func Pair(m *pack.Model, c *graph.Conflict, on pack.Day, ids []string) *Graph {
	b := &operationBuilder{m: m, byID: map[string]*pack.Requirement{}, given: map[string][]string{}}
	clash, between := c.Reasons()
	b.d = &comity.Decision{At: on.Time(time.UTC), Effect: comity.Review, Conflicts: []comity.Conflict{{
		Requirements: []string{c.A, c.B}, Why: clash, Citations: c.Cites,
	}}}
	for _, facts := range []comity.Facts{c.Facts, c.FactsB} {
		if len(facts) > 0 {
			b.parts = append(b.parts, dayOnly(facts))
		}
	}
	for _, p := range m.Packs {
		for _, q := range p.Requirements {
			b.byID[q.ID] = q
		}
	}
	b.g = conflictGraph()
	b.facts()
	if len(b.parts) == 2 {
		b.g.Nodes[0].Title, b.g.Nodes[1].Title = "under "+c.A, "and beside it, under "+c.B
	}
	b.g.Title = strings.Join(b.named(ids), " against ")
	b.g.Text = pairText(c)
	b.pairOrders(c, ids)
	for _, id := range ids {
		b.pairSide(c, b.byID[id])
	}
	b.conflict(0, &b.d.Conflicts[0])
	b.g.Nodes[len(b.g.Nodes)-1].line("order", between)
	b.g.edge("conflict:0", "effect", "", Open)
	for i := range b.g.Edges {
		if e := &b.g.Edges[i]; e.To == "conflict:0" && e.From == "q:"+c.B {
			e.Label, _ = asks(c)
		}
	}
	b.pairDecider(c)
	b.g.compactLayers()
	return b.g
}

// pairText says how far the contradiction goes.
func pairText(c *graph.Conflict) string {
	text := "The smallest context in which they contradict; "
	switch {
	case c.Verdict == graph.Contradict:
		text += "nothing that the caller controls helps."
	case settled(c) == nil:
		text += "another ground keeps both."
	default:
		text += "what stands under settled by keeps both."
	}
	if c.From != "" {
		text += " It begins on " + c.From + "."
	}
	return text
}

// settled lists what keeps both laws.
func settled(c *graph.Conflict) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Settles)) {
		out = append(out, name+" is "+valueText(c.Settles[name]))
	}
	if out == nil && c.Means == "duty" {
		out = append(out, "the duty of "+c.A+" being met, as long as it can be")
	}
	return out
}

// dayOnly writes the date of facts as a day: a context holds all day.
func dayOnly(facts comity.Facts) comity.Facts {
	out := maps.Clone(facts)
	if text, ok := out["date"].(string); ok && len(text) > len(time.DateOnly) {
		out["date"] = text[:len(time.DateOnly)]
	}
	return out
}

// pairOrders draws the laws, and which of the operations each reaches.
func (b *operationBuilder) pairOrders(c *graph.Conflict, ids []string) {
	for _, id := range ids {
		if len(b.parts) == 2 {
			b.give(b.parts[slices.Index([]string{c.A, c.B}, id)])
		}
		p := b.byID[id].Pack
		if b.g.has("pack:" + p.ID) {
			continue
		}
		b.regime(p, true, nil)
		n := &b.g.Nodes[len(b.g.Nodes)-1]
		n.Lines = slices.Insert(n.Lines, 0, Line{Label: "order", Text: b.m.Vocab.Regions().Code(p.Order) + ", weight " + p.WeightName})
	}
	for i := range b.parts {
		for _, id := range []string{c.A, c.B} {
			if len(b.parts) == 1 || (i == 0) == (id == c.A) {
				b.g.edge(fmt.Sprintf("part:%d", i), "pack:"+b.byID[id].Pack.ID, "reaches", "")
			}
		}
	}
}

// give lets the facts of one of two operations be those that conditions read.
func (b *operationBuilder) give(part comity.Facts) {
	clear(b.given)
	for name, v := range part {
		b.given[name] = []string{valueText(v)}
	}
}

// asks is what the second requirement does to the first, and what it asks for.
func asks(c *graph.Conflict) (verb, what string) {
	switch c.Kind {
	case graph.Apart:
		return "keeps at home", "the data"
	case graph.Entailed:
		return "takes", c.Entails
	case graph.Mirrored:
		return "forbids", "what an authority of the other side orders"
	}
	return "demands", ""
}

// pairSide draws a requirement: what it asks for, and which orders it makes room for.
func (b *operationBuilder) pairSide(c *graph.Conflict, q *pack.Requirement) {
	n := Node{ID: "q:" + q.ID, Kind: Kind(q.Kind), State: Open, Name: q.ID, Title: title(q), Layer: boundLayer, Cites: q.Cites}
	if q.Title != "" {
		n.line("text", q.Text[lang])
	}
	n.line("binds", dates(q.From, q.Until))
	verb, what := asks(c)
	switch {
	case q.ID == c.A && c.Kind == graph.Mirrored:
		n.line(verb, what)
	case q.ID == c.A:
		n.line("forbids", valueText(b.parts[0]["operation"]))
	case what == "":
		n.line(verb, newWriter(b.m.Vocab, q.Pack).operations(q.Demand))
	default:
		n.line(verb, what)
	}
	n.line("yields to", b.yields(q))
	b.g.node(n)
	b.g.edge("pack:"+q.Pack.ID, n.ID, "binds", "")
}

// pairDecider is what settles it, or what to do until people do.
func (b *operationBuilder) pairDecider(c *graph.Conflict) {
	n := Node{ID: "effect", Kind: KindEffect, State: Open, Name: "REVIEW", Title: "No rule of either order decides it: people do.", Layer: effectLayer}
	for _, text := range settled(c) {
		n.line("settled by", text)
	}
	n.line("meanwhile", c.Do)
	b.g.node(n)
}
