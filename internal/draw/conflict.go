// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"cmp"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// InConflict lists the conflicts of a decision that are among requirements; they must
// involve each of them.
func InConflict(d *comity.Decision, ids []string) []comity.Conflict {
	var out []comity.Conflict
	seen := map[string]bool{}
	for _, c := range d.Conflicts {
		if slices.ContainsFunc(c.Requirements, func(id string) bool { return !slices.Contains(ids, id) }) {
			continue
		}
		for _, id := range c.Requirements {
			seen[id] = true
		}
		out = append(out, c)
	}
	if len(seen) < len(ids) {
		return nil
	}
	return out
}

// Conflict is the graph of requirements that contradict each other: the operation in which
// they do, what brings it within the reach of each law, what each asks for and to whom it
// yields, why no act satisfies all, and who decides. Of the decision d on the request only
// the conflicts among the requirements are drawn; it is nil if there is none.
func Conflict(m *pack.Model, req comity.Request, d comity.Decision, ids []string) *Graph {
	d.Conflicts = InConflict(&d, ids)
	if d.Conflicts == nil {
		return nil
	}
	b := &operationBuilder{m: m, d: &d, parts: partsOf(req), byID: map[string]*pack.Requirement{}, given: map[string][]string{}}
	for _, p := range m.Packs {
		for _, q := range p.Requirements {
			b.byID[q.ID] = q
		}
	}
	b.g = conflictGraph()
	b.facts()
	b.g.Title = strings.Join(b.named(ids), " against ")
	orders := b.orders(ids)
	b.g.Text = "They contradict here: " + strings.Join(b.operations(), ", ") + b.way() + " on " + d.At.Format("2006-01-02") +
		". Legal orders: " + strings.Join(orders, ", ") + "."
	b.sides(ids)
	for i := range d.Conflicts {
		b.collision(i, &d.Conflicts[i])
	}
	b.decider()
	b.g.compactLayers()
	return b.g
}

// conflictGraph has the layers of a conflict.
func conflictGraph() *Graph {
	return &Graph{
		State: Open,
		Layers: []Layer{
			{Title: "where they meet", Width: 290},
			{Title: "legal orders", Width: 270},
			{Title: "what each asks for", Width: 310},
			{Title: "why no act satisfies both", Width: 320},
			{Title: "until it is decided", Width: 270},
		},
	}
}

// named is each requirement with its legal order.
func (b *operationBuilder) named(ids []string) []string {
	out := slices.Clone(ids)
	for i, id := range ids {
		if order := b.orderOf(id); order != "" {
			out[i] += " (" + order + ")"
		}
	}
	return out
}

// orderOf is the legal order of a requirement, or of a retention law that the facts name.
func (b *operationBuilder) orderOf(id string) string {
	code := b.m.Vocab.Regions().Code
	if q := b.byID[id]; q != nil {
		return code(q.Pack.Order)
	}
	if in := b.m.MatchRule(id).Instrument; in != nil {
		return code(in.Order)
	}
	return ""
}

// orders draws the laws of the requirements, with what brings the operation within their
// reach, and lists their legal orders.
func (b *operationBuilder) orders(ids []string) []string {
	var orders []string
	for _, p := range b.m.Packs {
		if !slices.ContainsFunc(ids, func(id string) bool { return b.byID[id] != nil && b.byID[id].Pack == p }) {
			continue
		}
		b.regime(p, true, nil)
		n := &b.g.Nodes[len(b.g.Nodes)-1]
		order := b.m.Vocab.Regions().Code(p.Order)
		n.Lines = slices.Insert(n.Lines, 0, Line{Label: "order", Text: order + ", weight " + p.WeightName})
		if !slices.Contains(orders, order) {
			orders = append(orders, order)
		}
		for i := range b.parts {
			b.g.edge(b.g.Nodes[i].ID, n.ID, "reaches", "")
		}
	}
	for _, id := range ids {
		if order := b.orderOf(id); b.byID[id] == nil && order != "" && !slices.Contains(orders, order) {
			orders = append(orders, order)
		}
	}
	return orders
}

// sides draws the requirements: what each demands or forbids, and which orders it makes
// room for.
func (b *operationBuilder) sides(ids []string) {
	for _, id := range ids {
		q := b.byID[id]
		if q == nil {
			n := Node{ID: "q:" + id, Kind: Kind(pack.Retain), State: Open, Name: id, Title: "A retention law that the facts name", Layer: boundLayer}
			n.line("order", b.orderOf(id))
			n.line("forbids", strings.Join(b.operations(), ", "))
			b.g.node(n)
			b.g.edge(b.g.Nodes[0].ID, "q:"+id, "names", "")
			continue
		}
		n := Node{ID: "q:" + id, Kind: Kind(q.Kind), State: Open, Name: id, Title: title(q), Layer: boundLayer, Cites: q.Cites}
		if q.Title != "" {
			n.line("text", q.Text[lang])
		}
		n.line("binds", dates(q.From, q.Until))
		if b.demands(id) {
			n.line("demands", newWriter(b.m.Vocab, q.Pack).operations(q.Demand))
		} else {
			n.line("forbids", strings.Join(b.operations(), ", "))
		}
		n.line("yields to", b.yields(q))
		b.g.node(n)
		b.g.edge("pack:"+q.Pack.ID, n.ID, "binds", "")
	}
}

// demands tells whether a requirement is the demanding side of a conflict.
func (b *operationBuilder) demands(id string) bool {
	return slices.ContainsFunc(b.d.Conflicts, func(c comity.Conflict) bool {
		return len(c.Requirements) > 1 && slices.Contains(c.Requirements[1:], id)
	})
}

// yields names the orders whose laws the exceptions of a requirement make room for.
func (b *operationBuilder) yields(q *pack.Requirement) string {
	var out []string
	for i := range q.Unless {
		br := &q.Unless[i]
		if br.RecognisesAny {
			return "a law of any order (" + br.ID + ")"
		}
		if len(br.Recognises) > 0 {
			out = append(out, "laws of "+newWriter(b.m.Vocab, q.Pack).regions(br.Recognises)+" ("+br.ID+")")
		}
	}
	return cmp.Or(strings.Join(out, "; "), "no law of another order")
}

func (b *operationBuilder) collision(i int, c *comity.Conflict) {
	b.conflict(i, c)
	n := &b.g.Nodes[len(b.g.Nodes)-1]
	// What to do is the next layer's.
	n.Lines = slices.DeleteFunc(n.Lines, func(l Line) bool { return l.Label == "meanwhile" || l.Label == "who" })
	if len(c.Requirements) == 2 {
		v, d := b.orderOf(c.Requirements[0]), b.orderOf(c.Requirements[1])
		if v != "" && d != "" {
			n.line("weight", "decides only inside one legal order; "+v+" and "+d+" are two")
		}
	}
	b.g.edge(n.ID, "effect", "", Open)
}

// decider is the answer meanwhile: what to restrict, and who has to look.
func (b *operationBuilder) decider() {
	n := Node{ID: "effect", Kind: KindEffect, State: Open, Name: "REVIEW", Title: "No rule of either order decides it: people do.", Layer: effectLayer}
	var seen []string
	add := func(label, text string) {
		if text != "" && !slices.Contains(seen, label+text) {
			seen = append(seen, label+text)
			n.line(label, text)
		}
	}
	for i := range b.d.Conflicts {
		add("who", b.d.Conflicts[i].Who)
	}
	for i := range b.d.Conflicts {
		for _, a := range b.d.Conflicts[i].Restrict {
			add("meanwhile", actionText(&pack.Action{Type: a.Type, Params: a.Params}))
		}
	}
	if b.d.Effect == comity.Deny {
		var other []string
		for _, v := range b.d.Violations {
			other = append(other, v.Requirement)
		}
		n.line("beside", "denied anyway, by "+strings.Join(other, ", "))
	}
	b.g.node(n)
}
