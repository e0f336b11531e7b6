// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// requirementBuilder draws one requirement: when it binds, what it says, and what lifts
// it, with permits expanded and edges summed up.
type requirementBuilder struct {
	m  *pack.Model
	q  *pack.Requirement
	w  *writer
	on pack.Day
	g  *Graph
}

// fewUsers is how many requirements that use a permit are drawn one by one.
const fewUsers = 12

// Requirement is the graph of a requirement, with what is in force on a day.
func Requirement(m *pack.Model, q *pack.Requirement, on pack.Day) *Graph {
	b := &requirementBuilder{m: m, q: q, w: newWriter(m.Vocab, q.Pack), on: on}
	b.g = &Graph{
		Title:  q.ID + ": " + title(q),
		Text:   fmt.Sprintf("A requirement of %s (%s), kind %s, as in force on %s.", q.Pack.Name, q.Pack.ID, q.Kind, on),
		Layers: []Layer{{Title: "binds when", Width: 300}, {Title: "requirement", Width: 310}},
	}
	b.context()
	b.main()
	b.exceptions(q, "q:"+q.ID, requirementLayer+1, "", nil)
	b.successors()
	b.usage()
	b.terms()
	b.titles()
	b.g.compactLayers()
	return b.g
}

// titles names the layers behind the exceptions by what stands in them.
func (b *requirementBuilder) titles() {
	for i := requirementLayer + 2; i < len(b.g.Layers); i++ {
		b.g.Layers[i].Title = "places"
	}
	for i := range b.g.Nodes {
		if n := &b.g.Nodes[i]; n.Layer > requirementLayer+1 && n.Kind != KindEdges {
			b.g.Layers[n.Layer].Title = "permitted by"
		}
	}
}

func (b *requirementBuilder) layer(i int) int {
	for len(b.g.Layers) <= i {
		ly := Layer{Title: "exceptions", Width: 290}
		if b.q.Kind == pack.Permit {
			ly.Title, ly.Spread = "branches", true
		}
		if len(b.g.Layers) > requirementLayer+1 {
			// The branches of permits are many: each is kept short, the text form has all.
			ly.Width, ly.Spread, ly.Rows = 320, true, 2
		}
		b.g.Layers = append(b.g.Layers, ly)
	}
	return i
}

// context is the reach of the regime, the scope, and what is out of the regime.
func (b *requirementBuilder) context() {
	q, p, to := b.q, b.q.Pack, "q:"+b.q.ID
	scope := Node{ID: "scope", Kind: KindScope, Name: "scope", Title: "This operation is in its scope."}
	if lines := b.w.clauses(q.When); len(lines) > 0 {
		scope.code("when", lines)
	} else {
		scope.Title = "Every operation within the reach."
	}
	scope.line("asks for", b.w.factNames(q.Ask))
	b.g.node(scope)
	b.g.edge("scope", to, "binds", "")
	if q.Kind != pack.Permit {
		b.g.node(reachNode(b.w, p, 0))
		b.g.edge("reach:"+p.ID, to, "and reaches", "")
		if len(p.Outside) > 0 {
			n := Node{ID: "outside:" + p.ID, Kind: KindOutside, Name: "outside", Title: "The regime does not bind in any of these."}
			for i := range p.Outside {
				n.line(p.Outside[i].ID, p.Outside[i].Text[lang])
			}
			b.g.node(n)
			b.g.edge(n.ID, to, "unless outside", "")
		}
	}
	if q.Replaces == "" {
		return
	}
	if _, old := Find(b.m, q.Replaces); old != nil {
		b.g.node(b.other(old, 0))
		b.g.edge("q:"+old.ID, to, "followed by", "")
	}
}

// other is another requirement, in short.
func (b *requirementBuilder) other(q *pack.Requirement, layer int) Node {
	n := Node{ID: "q:" + q.ID, Kind: Kind(q.Kind), Name: q.ID, Title: title(q), Layer: layer, Cites: q.Cites, State: stateOn(q.From, q.Until, b.on)}
	n.line("binds", dates(q.From, q.Until))
	if q.Pack != b.q.Pack {
		n.line("of", q.Pack.ID)
	}
	return n
}

func (b *requirementBuilder) main() {
	q := b.q
	n := Node{ID: "q:" + q.ID, Kind: Kind(q.Kind), Name: q.ID, Title: title(q), Layer: requirementLayer, Cites: q.Cites, State: stateOn(q.From, q.Until, b.on)}
	n.line("text", q.Text[lang])
	n.line("binds", dates(q.From, q.Until))
	if q.Enforced != pack.DayMin && q.Enforced != 0 {
		n.line("enforced", "from "+q.Enforced.String())
	}
	n.line("known", dates(q.KnownFrom, q.KnownUntil))
	n.code("must", b.w.clauses(q.Must))
	if q.Kind == pack.Localise {
		every := "every place of "
		if q.AtLeastOne {
			every = "at least one place of "
		}
		n.line("place", every+q.Place+" in "+b.w.regions(q.Allowed))
	}
	if q.Kind == pack.Retain {
		since := " since " + b.w.v.Facts[q.Since].Name
		if q.KeepMin.N > 0 {
			n.line("keep", "at least "+q.KeepMin.String()+since)
		}
		if q.KeepMax.N > 0 {
			n.line("keep", "at most "+q.KeepMax.String()+since)
		}
	}
	if len(q.Demand) > 0 {
		n.line("demands", b.w.operations(q.Demand))
	}
	if q.Absolute {
		n.line("absolute", "Only an exception that is shown to be true lifts it.")
	}
	if q.SilentDuty {
		n.line("silent", "A duty where nobody spoke to an exception.")
	}
	if q.Unverified {
		n.line("source", "Not verified in a primary source.")
	}
	conditions(&n, q.Conditions)
	for _, a := range q.Restrict {
		n.line("meanwhile", actionText(&a))
	}
	if q.Who[lang] != "" {
		n.line("who", q.Who[lang])
	}
	b.g.node(n)
}

func actionText(a *pack.Action) string {
	if len(a.Params) == 0 {
		return a.Type
	}
	return a.Type + " " + paramText(a.Params)
}

func conditions(n *Node, cs []pack.Condition) {
	for i := range cs {
		text := cs[i].Text[lang]
		if cs[i].Standing {
			text += " (standing)"
		}
		n.line("then", text)
	}
}

// exceptions draws the branches of a requirement or permit. Those of a permit stand in a
// frame of their own.
func (b *requirementBuilder) exceptions(q *pack.Requirement, from string, layer int, group string, seen []*pack.Requirement) {
	w, label := b.writerOf(q), "unless"
	if q.Kind == pack.Permit {
		label = "by"
	}
	for i := range q.Unless {
		br := &q.Unless[i]
		if br.Permit != "" {
			b.permit(q, br, w, from, layer, seen)
			continue
		}
		b.layer(layer)
		n := Node{ID: "x:" + q.ID + "/" + br.ID, Kind: KindException, Name: br.ID, Title: br.Text[lang], Layer: layer, Group: group, Cites: br.Cites}
		b.asks(&n, w, br)
		if br.RecognisesAny {
			n.line("or while", "a declared retention law of any order runs")
		} else if len(br.Recognises) > 0 {
			n.line("or while", "a declared retention law of "+w.regions(br.Recognises)+" runs")
		}
		conditions(&n, br.Conditions)
		b.g.node(n)
		if group == "" {
			b.g.edge(from, n.ID, label, "")
		}
		if br.EdgeSet != "" {
			b.set(br.EdgeSet, n.ID, layer+1)
		}
	}
}

// asks is what a branch asks for. A claim that is repeated in the condition is told once.
func (b *requirementBuilder) asks(n *Node, w *writer, br *pack.Branch) {
	var claim []string
	if br.Claim != nil {
		claim = w.clauses(br.Claim)
	}
	n.code("claimed", claim)
	var rest []string
	for _, c := range w.clauses(br.When) {
		if !slices.ContainsFunc(claim, func(s string) bool { return strings.TrimPrefix(s, "and ") == strings.TrimPrefix(c, "and ") }) {
			rest = append(rest, c)
		}
	}
	if len(rest) > 0 {
		rest[0] = strings.TrimPrefix(rest[0], "and ")
	}
	label := "when"
	if len(claim) > 0 {
		label = "and"
	}
	n.code(label, rest)
}

// writerOf prints the conditions of another pack without its terms, which the glossary
// of this picture does not define.
func (b *requirementBuilder) writerOf(q *pack.Requirement) *writer {
	if q.Pack == b.q.Pack {
		return b.w
	}
	return newWriter(b.m.Vocab, &pack.Pack{})
}

// permit draws a permit and, once, its own branches.
func (b *requirementBuilder) permit(q *pack.Requirement, br *pack.Branch, w *writer, from string, layer int, seen []*pack.Requirement) {
	_, t := Find(b.m, br.Permit)
	if t == nil {
		return
	}
	id := "q:" + t.ID
	if !b.g.has(id) {
		n := b.other(t, b.layer(layer))
		n.code("when", w.clauses(br.When))
		n.code("scope", b.writerOf(t).clauses(t.When))
		b.g.node(n)
		if !slices.Contains(seen, t) {
			group := "permit:" + t.ID
			before := len(b.g.Nodes)
			b.exceptions(t, id, layer+1, group, append(seen, q))
			if len(b.g.Nodes) > before && slices.ContainsFunc(b.g.Nodes, func(n Node) bool { return n.Group == group }) {
				b.g.Groups = append(b.g.Groups, Group{ID: group, Title: t.ID + ": " + title(t), Layer: layer + 1})
				b.g.edge(id, group, "by", "")
			}
		}
	}
	// A permit that stands in an earlier layer already is drawn there.
	for i := range b.g.Nodes {
		if b.g.Nodes[i].ID == id && b.g.Nodes[i].Layer < layer {
			return
		}
	}
	b.g.edge(from, id, "unless", "")
}

// set draws a set of edges; one that stands in too early a layer moves back.
func (b *requirementBuilder) set(name, from string, layer int) {
	id := "set:" + name
	if !b.g.has(id) {
		b.g.node(setNode(b.m, name, edgesOf(b.m, name), b.layer(layer), b.on))
	}
	for i := range b.g.Nodes {
		if b.g.Nodes[i].ID == id {
			b.g.Nodes[i].Layer = max(b.g.Nodes[i].Layer, b.layer(layer))
		}
	}
	b.g.edge(from, id, "edge", "")
}

// successors are the requirements that follow this one in time.
func (b *requirementBuilder) successors() {
	for _, p := range b.m.Packs {
		for _, q := range p.Requirements {
			if q.Replaces == b.q.ID && !b.g.has("q:"+q.ID) {
				b.g.node(b.other(q, b.layer(requirementLayer+1)))
				b.g.edge("q:"+b.q.ID, "q:"+q.ID, "replaced by", "")
			}
		}
	}
}

// usage is where a permit is used.
func (b *requirementBuilder) usage() {
	if b.q.Kind != pack.Permit {
		return
	}
	var users []*pack.Requirement
	for _, p := range b.m.Packs {
		for _, q := range p.Requirements {
			if slices.ContainsFunc(q.Unless, func(br pack.Branch) bool { return br.Permit == b.q.ID }) {
				users = append(users, q)
			}
		}
	}
	to := "q:" + b.q.ID
	if len(users) > fewUsers {
		n := Node{ID: "users", Kind: KindScope, Name: "used by", Title: count(len(users), "requirement", "requirements")}
		for _, q := range users {
			n.line("", q.ID+" "+title(q))
		}
		b.g.node(n)
		b.g.edge("users", to, "unless", "")
		return
	}
	for _, q := range users {
		if !b.g.has("q:" + q.ID) {
			b.g.node(b.other(q, 0))
			b.g.edge("q:"+q.ID, to, "unless", "")
		}
	}
}

// terms defines the names that the conditions use.
func (b *requirementBuilder) terms() {
	lines := b.w.glossary(b.q.Pack)
	if len(lines) == 0 {
		return
	}
	b.g.node(Node{ID: "terms", Kind: KindTerm, Name: "terms", Title: "What the names mean", Lines: lines})
}
