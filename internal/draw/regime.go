// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// regimeBuilder draws one pack: what links an operation to it, its requirements by
// chapter, the permits that they use and the sets of edges to places.
type regimeBuilder struct {
	m  *pack.Model
	p  *pack.Pack
	w  *writer
	on pack.Day
	g  *Graph
	// users lists, for a permit, the requirements that use it.
	users map[string][]*pack.Requirement
}

const (
	regimeLayer = iota
	requirementLayer
	permitLayer
)

// Regime is the graph of a pack, with what is in force on a day.
func Regime(m *pack.Model, p *pack.Pack, on pack.Day) *Graph {
	b := &regimeBuilder{m: m, p: p, w: newWriter(m.Vocab, p), on: on, users: map[string][]*pack.Requirement{}}
	b.g = &Graph{
		Title: p.Name,
		Text: fmt.Sprintf("%s: %s of order %s, version %s, as in force on %s. %s", p.ID, count(len(p.Requirements), "requirement", "requirements"),
			m.Vocab.Regions().Code(p.Order), p.Version, on, p.Summary),
		Layers: []Layer{{Title: "reach", Width: 290, Spread: true}, {Title: "requirements", Width: 228, Spread: true, Compact: true}},
	}
	b.head()
	b.requirements()
	deepest := b.permits()
	b.sets(deepest + 1)
	b.g.compactLayers()
	return b.g
}

// head is what links an operation to the regime, and what is out of it by status.
func (b *regimeBuilder) head() {
	p := b.p
	n := Node{ID: "pack:" + p.ID, Kind: KindRegime, Name: p.ID, Title: p.Name}
	n.line("order", fmt.Sprintf("%s, weight %s", b.w.v.Regions().Code(p.Order), p.WeightName))
	n.line("version", p.Version)
	n.line("days in", p.Zone)
	n.line("reviewed", fmt.Sprintf("%s, next by %s", p.Reviewed, p.NextReview))
	penalties(&n, p, b.on)
	b.g.node(n)
	b.g.node(reachNode(b.w, p, 0))
	if len(p.Outside) == 0 {
		return
	}
	b.g.Groups = append(b.g.Groups, Group{ID: "outside", Title: "Outside, by status"})
	for i := range p.Outside {
		n := outsideNode(b.w, p, &p.Outside[i])
		n.Group = "outside"
		b.g.node(n)
	}
}

func reachNode(w *writer, p *pack.Pack, layer int) Node {
	n := Node{ID: "reach:" + p.ID, Kind: KindReach, Name: "reach", Title: p.Reach.Text[lang], Layer: layer, Cites: p.Reach.Cites}
	if n.Title == "" {
		n.Title = "What links an operation to the regime"
	}
	if p.Reach.When.Op == pack.OpTrue {
		n.Title = "No reach of its own: permits and edges for other packs."
	}
	n.code("when", w.clauses(p.Reach.When))
	n.line("asks for", w.factNames(p.Reach.Ask))
	return n
}

func outsideNode(w *writer, p *pack.Pack, o *pack.Node) Node {
	n := Node{ID: "outside:" + p.ID + "/" + o.ID, Kind: KindOutside, Name: o.ID, Title: o.Text[lang], Cites: o.Cites}
	n.code("when", w.clauses(o.When))
	return n
}

// requirements groups them by chapter, in the order of the pack.
func (b *regimeBuilder) requirements() {
	byChapter := map[string][]*pack.Requirement{}
	var order []string
	for _, q := range b.p.Requirements {
		if q.Kind == pack.Permit {
			continue
		}
		c := chapter(b.p, q)
		if byChapter[c] == nil {
			order = append(order, c)
		}
		byChapter[c] = append(byChapter[c], q)
	}
	if len(order) > 0 && order[0] == kindText[byChapter[order[0]][0].Kind] {
		slices.SortStableFunc(order, func(x, y string) int {
			return slices.Index(kindOrder, byChapter[x][0].Kind) - slices.Index(kindOrder, byChapter[y][0].Kind)
		})
	}
	// What uses permits comes last, next to them, so that few edges run past others.
	uses := func(c string) (n int) {
		for _, q := range byChapter[c] {
			for i := range q.Unless {
				if q.Unless[i].Permit != "" || q.Unless[i].EdgeSet != "" {
					n++
				}
			}
		}
		return n
	}
	slices.SortStableFunc(order, func(x, y string) int { return uses(x) - uses(y) })
	for _, c := range order {
		id := "chapter:" + c
		b.g.Groups = append(b.g.Groups, Group{ID: id, Title: fmt.Sprintf("%s (%d)", c, len(byChapter[c])), Layer: requirementLayer})
		for _, q := range byChapter[c] {
			b.g.node(b.card(q, requirementLayer, id))
		}
	}
}

// card is a requirement in a few lines.
func (b *regimeBuilder) card(q *pack.Requirement, layer int, group string) Node {
	n := Node{ID: "q:" + q.ID, Kind: Kind(q.Kind), Name: q.ID, Title: title(q), Layer: layer, Group: group, Cites: q.Cites, State: stateOn(q.From, q.Until, b.on)}
	if n.State == Off || q.Until != pack.DayMax {
		n.line("binds", dates(q.From, q.Until))
	}
	n.line("follows", q.Replaces)
	if len(q.Demand) > 0 {
		n.line("demands", b.w.operations(q.Demand))
	}
	var own []string
	for i := range q.Unless {
		if q.Unless[i].Permit == "" {
			own = append(own, q.Unless[i].ID)
		}
	}
	label := "unless"
	if q.Kind == pack.Permit {
		label = "by"
	}
	n.line(label, strings.Join(own, ", "))
	return n
}

// permits draws the permits of the pack and those of others that it uses, each in a
// layer behind all that use it. It returns the deepest layer.
func (b *regimeBuilder) permits() int {
	var shown []*pack.Requirement
	var visit func(q *pack.Requirement)
	visit = func(q *pack.Requirement) {
		for i := range q.Unless {
			if q.Unless[i].Permit == "" {
				continue
			}
			_, t := Find(b.m, q.Unless[i].Permit)
			if t == nil {
				continue
			}
			if !slices.Contains(b.users[t.ID], q) {
				b.users[t.ID] = append(b.users[t.ID], q)
			}
			if !slices.Contains(shown, t) {
				shown = append(shown, t)
				visit(t)
			}
		}
	}
	for _, q := range b.p.Requirements {
		visit(q)
	}
	for _, q := range b.p.Requirements {
		if q.Kind == pack.Permit && !slices.Contains(shown, q) {
			shown = append(shown, q)
		}
	}
	deepest := requirementLayer
	for _, q := range shown {
		layer := requirementLayer + b.depth(q, nil)
		for deepest < layer {
			deepest++
			b.g.Layers = append(b.g.Layers, Layer{Title: "permits", Width: 228, Compact: true})
		}
		n := b.card(q, layer, "")
		if q.Pack != b.p {
			n.line("of", q.Pack.ID)
		}
		b.g.node(n)
	}
	for _, q := range shown {
		for _, u := range b.users[q.ID] {
			b.g.edge("q:"+u.ID, "q:"+q.ID, "unless", "")
		}
	}
	return deepest
}

// depth is one more than that of the deepest permit that uses q.
func (b *regimeBuilder) depth(q *pack.Requirement, below []*pack.Requirement) int {
	d := 1
	if slices.Contains(below, q) {
		return d
	}
	for _, u := range b.users[q.ID] {
		if u.Kind == pack.Permit {
			d = max(d, 1+b.depth(u, append(below, q)))
		}
	}
	return d
}

// sets draws the sets of edges that the pack uses or adds to.
func (b *regimeBuilder) sets(layer int) {
	var names []string
	add := func(set string) {
		if set != "" && !slices.Contains(names, set) {
			names = append(names, set)
		}
	}
	type use struct{ from, set string }
	var uses []use
	for _, n := range b.g.Nodes {
		id, ok := strings.CutPrefix(n.ID, "q:")
		if !ok {
			continue
		}
		_, q := Find(b.m, id)
		for i := range q.Unless {
			if set := q.Unless[i].EdgeSet; set != "" {
				add(set)
				uses = append(uses, use{n.ID, "set:" + set})
			}
		}
	}
	for _, e := range b.p.Edges {
		add(e.Set)
	}
	if len(names) == 0 {
		return
	}
	b.g.Layers = append(b.g.Layers, Layer{Title: "places", Width: 300})
	for _, set := range names {
		b.g.node(setNode(b.m, set, edgesOf(b.m, set), layer, b.on))
	}
	for _, u := range uses {
		b.g.edge(u.from, u.set, "edges", "")
	}
}
