// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// findings draws why each requirement has its state: the deciding facts and remedies of a
// violation, the two sides of a conflict, open questions, missing facts, and the
// exceptions that lifted a prohibition with their conditions.
func (b *operationBuilder) findings() {
	for i := range b.d.Violations {
		b.violation(&b.d.Violations[i])
	}
	for i := range b.d.Conflicts {
		b.conflict(i, &b.d.Conflicts[i])
	}
	for i := range b.d.Questions {
		q := &b.d.Questions[i]
		n := Node{ID: "open:" + q.Requirement, Kind: KindFinding, State: Open, Name: "open question", Title: q.Text, Layer: whyLayer, Cites: q.Citations}
		n.line("who", q.Who)
		b.g.node(n)
		b.g.edge("q:"+q.Requirement, n.ID, "leaves open", Open)
	}
	b.missing()
	b.lifted()
	b.orderFindings()
}

// orderFindings puts them in the order of the requirements that they belong to, so that
// few edges cross.
func (b *operationBuilder) orderFindings() {
	first := map[string]int{}
	for i := range b.g.Nodes {
		for _, e := range b.g.Edges {
			if _, seen := first[e.To]; !seen && e.From == b.g.Nodes[i].ID {
				first[e.To] = i
			}
		}
	}
	rank := func(id string) int {
		if i, ok := first[id]; ok {
			return i
		}
		return len(b.g.Nodes)
	}
	slices.SortStableFunc(b.g.Nodes, func(x, y Node) int {
		if x.Layer != whyLayer || y.Layer != whyLayer {
			return x.Layer - y.Layer
		}
		return rank(x.ID) - rank(y.ID)
	})
}

// broken words a violation by kind.
var broken = map[pack.RuleKind]string{
	pack.Forbid: "no exception holds", pack.Oblige: "the duty is not met", pack.Localise: "the place is not allowed", pack.Retain: "the period is not kept",
}

func (b *operationBuilder) violation(v *comity.Violation) {
	n := Node{ID: "why:" + v.Requirement, Kind: KindFinding, State: Violated, Name: "it still runs", Title: v.Why, Layer: whyLayer, Cites: v.Citations}
	if q := b.byID[v.Requirement]; q != nil {
		n.Name = broken[q.Kind]
	}
	n.Lines = append(n.Lines, b.decisive(v.Facts)...)
	for _, r := range v.Remedies {
		n.line("remedy", r.Text)
	}
	n.line("parts", partsText(v.Parts))
	b.g.node(n)
	b.g.edge("q:"+v.Requirement, n.ID, "violated", Violated)
}

// decisive lists facts, grounds and safeguards first: they are what could be otherwise.
func (b *operationBuilder) decisive(facts map[string]any) []Line {
	names := slices.Sorted(maps.Keys(facts))
	rests := func(name string) int {
		if f, ok := b.m.Vocab.Lookup(name); ok && f.Rests() {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(names, func(x, y string) int { return rests(x) - rests(y) })
	var out []Line
	for _, name := range names {
		if name == "operation" {
			continue // stands in the title
		}
		out = append(out, Line{Label: "fact", Text: name + ": " + valueText(facts[name])})
	}
	return out
}

func (b *operationBuilder) conflict(i int, c *comity.Conflict) {
	n := Node{ID: fmt.Sprintf("conflict:%d", i), Kind: KindFinding, State: Open, Name: "conflict", Title: c.Why, Layer: whyLayer, Cites: c.Citations}
	for j := range c.Restrict {
		n.line("meanwhile", actionText(&pack.Action{Type: c.Restrict[j].Type, Params: c.Restrict[j].Params}))
	}
	n.line("who", c.Who)
	n.line("parts", partsText(c.Parts))
	b.g.node(n)
	for j, id := range c.Requirements {
		label := "forbids"
		if j > 0 {
			label = "demands"
		}
		b.g.edge("q:"+id, n.ID, label, Open)
	}
}

func (b *operationBuilder) missing() {
	if len(b.d.Missing) == 0 {
		return
	}
	n := Node{ID: "missing", Kind: KindFinding, State: Open, Name: "missing facts", Title: "These facts could change the answer.", Layer: whyLayer}
	if b.d.Effect != comity.Review {
		n.State = NotShown
	}
	for _, m := range b.d.Missing {
		for _, id := range m.NeededBy {
			if b.byID[id] != nil {
				b.g.edge("q:"+id, n.ID, "needs", n.State)
			}
		}
		n.line(m.Fact, neededText(m))
	}
	b.g.node(n)
}

func neededText(m comity.Missing) string {
	if len(m.NeededBy) == 0 {
		return "without it the operation is not judged"
	}
	return "needed by " + strings.Join(m.NeededBy, ", ")
}

// lifted draws each exception once, with the conditions that come with it.
func (b *operationBuilder) lifted() {
	shown := map[int]bool{}
	draw := func(s State, label string) {
		for _, id := range b.d.Applicable {
			if b.verdictOf(id).state != s {
				continue
			}
			for _, h := range b.grounds(id) {
				node := "ground:" + h.ground.Requirement + "/" + h.ground.Branch
				if s != Holds && b.g.leads(node) {
					continue // a shared permit: it lifted the other requirement
				}
				if !b.g.has(node) {
					b.ground(node, h, shown)
				}
				b.g.edge("q:"+id, node, label, Holds)
			}
		}
	}
	draw(Holds, "lifted by")
	// Of several persons, places or parts an exception may cover some.
	draw(Violated, "in part lifted by")
	draw(Open, "in part lifted by")
	for i := range b.d.Conditions {
		c := &b.d.Conditions[i]
		if shown[i] {
			continue
		}
		node := "adds:" + c.Requirement
		if !b.g.has(node) {
			b.g.node(Node{ID: node, Kind: KindFinding, State: Holds, Name: "conditions", Title: "Allowed on these conditions.", Layer: whyLayer, Cites: c.Citations})
			b.g.edge("q:"+c.Requirement, node, "adds", Holds)
		}
		for j := range b.g.Nodes {
			if b.g.Nodes[j].ID == node {
				b.g.Nodes[j].line("if", conditionText(c))
			}
		}
	}
	b.g.dropLoose()
}

// leads tells whether an edge leads to a node.
func (g *Graph) leads(to string) bool {
	return slices.ContainsFunc(g.Edges, func(e Edge) bool { return e.To == to })
}

func (b *operationBuilder) ground(node string, h held, shown map[int]bool) {
	n := Node{ID: node, Kind: KindException, State: Holds, Name: h.ground.Branch, Title: h.branch.Text[lang], Layer: whyLayer, Cites: h.ground.Citations}
	own := map[string]bool{}
	for i := range h.branch.Conditions {
		own[h.branch.Conditions[i].ID] = true
	}
	for i := range b.d.Conditions {
		c := &b.d.Conditions[i]
		if c.Requirement == h.ground.Requirement && !shown[i] && (own[c.ID] || slices.Equal(c.Citations, h.ground.Citations)) {
			shown[i] = true
			n.line("if", conditionText(c))
		}
	}
	n.Lines = append(n.Lines, b.read(h.branch.When, h.branch.Claim)...)
	b.g.node(n)
}

func conditionText(c *comity.Condition) string {
	s := c.Text
	if c.Due != "" {
		s += " By " + c.Due + "."
	}
	return s
}

// effect draws the answer, with edges from what settled it.
func (b *operationBuilder) effect() {
	d := b.d
	n := Node{ID: "effect", Kind: KindEffect, State: b.g.State, Name: strings.ToUpper(string(d.Effect)), Layer: effectLayer}
	switch {
	case d.Effect == comity.Deny && d.About == "state":
		n.Title = "This state does not comply."
	case d.Effect == comity.Deny:
		n.Title = count(len(d.Violations), "violation", "violations")
	case d.Effect == comity.Review:
		n.Title = "Somebody has to look at it."
	case len(d.Conditions) > 0:
		n.Title = "On " + count(len(d.Conditions), "condition", "conditions") + "."
	default:
		n.Title = "Without conditions."
	}
	n.line("at", d.At.Format("2006-01-02 15:04 MST"))
	if d.KnownAt != nil {
		n.line("known", d.KnownAt.Format("2006-01-02"))
	}
	if d.ValidUntil != nil {
		n.line("until", d.ValidUntil.Format("2006-01-02 15:04 MST"))
	}
	n.line("cites", join(d.Citations))
	b.g.node(n)
	settled := false
	for i := range b.g.Nodes {
		x := &b.g.Nodes[i]
		if x.Layer == whyLayer && x.State == b.g.State {
			b.g.edge(x.ID, n.ID, "", x.State)
			settled = true
		}
	}
	if !settled {
		b.unopposed(n.ID)
	}
}

// unopposed links to the effect what is nearest to it where nothing speaks for or
// against the operation.
func (b *operationBuilder) unopposed(effect string) {
	for _, g := range b.g.Groups {
		if g.Layer == boundLayer {
			b.g.edge(g.ID, effect, "not in the way", Holds)
		}
	}
	if len(b.g.Groups) > 0 {
		return
	}
	for i := range b.g.Nodes {
		if b.g.Nodes[i].Layer == reachedLayer {
			b.g.edge(b.g.Nodes[i].ID, effect, "does not bind", Off)
		}
	}
}

// dropLoose removes edges whose ends were not drawn.
func (g *Graph) dropLoose() {
	ends := map[string]bool{}
	for i := range g.Nodes {
		ends[g.Nodes[i].ID] = true
	}
	for _, x := range g.Groups {
		ends[x.ID] = true
	}
	g.Edges = slices.DeleteFunc(g.Edges, func(e Edge) bool { return !ends[e.From] || !ends[e.To] })
}

func partsText(parts []int) string {
	if len(parts) == 0 {
		return ""
	}
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(parts)), ", "), "[]")
}

// valueText is a fact's value as people write it.
func valueText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []string:
		return strings.Join(x, ", ")
	case []any:
		out := make([]string, len(x))
		for i := range x {
			out[i] = valueText(x[i])
		}
		return strings.Join(out, ", ")
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}

// paramText prints the parameters of an action, in the order of their names.
func paramText(params map[string]any) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(params)) {
		s := valueText(params[k])
		if m, ok := params[k].(map[string]any); ok {
			b, _ := json.Marshal(m)
			s = string(b)
		}
		out = append(out, k+": "+s)
	}
	return strings.Join(out, "; ")
}
