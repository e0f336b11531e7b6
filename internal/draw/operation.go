// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

// operationBuilder draws a decided operation: its facts, the regimes that reach it, what
// they require with its state, why, and the effect.
type operationBuilder struct {
	m     *pack.Model
	d     *comity.Decision
	parts []comity.Facts
	g     *Graph
	byID  map[string]*pack.Requirement
	// given holds the facts of all parts by their names in the vocabulary.
	given map[string][]string
}

const (
	factLayer = iota
	reachedLayer
	boundLayer
	whyLayer
	effectLayer
)

// Operation is the graph of a request and the decision on it, made with model m.
func Operation(m *pack.Model, req comity.Request, d comity.Decision) *Graph {
	b := &operationBuilder{m: m, d: &d, parts: partsOf(req), byID: map[string]*pack.Requirement{}, given: map[string][]string{}}
	for _, p := range m.Packs {
		for _, q := range p.Requirements {
			b.byID[q.ID] = q
		}
	}
	b.g = &Graph{
		State: effectState(d.Effect),
		Layers: []Layer{
			{Title: "operation", Width: 300},
			{Title: "regimes", Width: 250},
			{Title: "requirements that bind", Width: 280},
			{Title: "why", Width: 340},
			{Title: "answer", Width: 210},
		},
	}
	b.facts()
	b.g.Title = headline(&d) + ": " + strings.Join(b.operations(), ", ") + b.way() + " on " + d.At.Format("2006-01-02")
	b.g.Text = modeText(d.Mode)
	b.regimes()
	b.requirements()
	b.findings()
	b.effect()
	b.g.compactLayers()
	return b.g
}

// partsOf joins the defaults of a request with each of its parts.
func partsOf(req comity.Request) []comity.Facts {
	if req.Parts == nil {
		return []comity.Facts{req.Facts}
	}
	out := make([]comity.Facts, 0, len(req.Parts))
	for _, part := range req.Parts {
		all := comity.Facts{}
		for _, m := range []comity.Facts{req.Facts, part} {
			for k, v := range m {
				all[k] = v
			}
		}
		out = append(out, all)
	}
	return out
}

func effectState(e comity.Effect) State {
	switch e {
	case comity.Deny:
		return Violated
	case comity.Review:
		return Open
	}
	return Holds
}

func headline(d *comity.Decision) string {
	s := strings.ToUpper(string(d.Effect))
	if d.Effect == comity.Allow && len(d.Conditions) > 0 {
		s += " with conditions"
	}
	return s
}

func modeText(m comity.Mode) string {
	if m == comity.MissingIgnore {
		return "Read for analysis: what nobody spoke to is not at issue (missing: ignore)."
	}
	return "Read for enforcement: what was not shown does not open the gate (missing: review)."
}

// facts draws each part, its facts in the order of the vocabulary.
func (b *operationBuilder) facts() {
	for i, part := range b.parts {
		n := Node{ID: fmt.Sprintf("part:%d", i), Kind: KindOperation, Layer: factLayer}
		values := map[string]string{}
		for name, v := range part {
			if f, ok := b.m.Vocab.Lookup(name); ok {
				name = f.Name
			}
			values[name] = valueText(v)
		}
		n.Name = values["operation"]
		if len(b.parts) > 1 {
			n.Title = fmt.Sprintf("Part %d", i)
		}
		for _, f := range b.m.Vocab.Facts[1:] {
			text, ok := values[f.Name]
			if !ok {
				continue
			}
			if !slices.Contains(b.given[f.Name], text) {
				b.given[f.Name] = append(b.given[f.Name], text)
			}
			if f.Name != "operation" {
				n.line(f.Name, text)
			}
		}
		b.g.node(n)
	}
}

func (b *operationBuilder) operations() []string {
	if ops := b.given["operation"]; len(ops) > 0 {
		return ops
	}
	return []string{"an operation"}
}

// way names the places between which the data moves.
func (b *operationBuilder) way() string {
	from, to := b.given["from_region"], b.given["to_region"]
	if len(from) != 1 || len(to) != 1 {
		return ""
	}
	return " from " + from[0] + " to " + to[0]
}

// read lists the given facts that conditions read.
func (b *operationBuilder) read(cs ...*pack.Cond) []Line {
	var out []Line
	for _, c := range cs {
		for _, id := range c.Facts() {
			name := b.m.Vocab.Facts[id].Name
			l := Line{Label: "fact", Text: name + ": " + strings.Join(b.given[name], " / ")}
			if len(b.given[name]) > 0 && id != b.m.Vocab.Date() && id != b.m.Vocab.Op() && !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	return out
}

// regimes draws those that bind, those that the operation is outside of, and in short
// those that are reached and require nothing, or are not reached.
func (b *operationBuilder) regimes() {
	reached := b.reached()
	var silent, unreached []string
	for _, p := range b.m.Packs {
		var outside []comity.OutsideNode
		for _, o := range b.d.Outside {
			if o.Pack == p.ID {
				outside = append(outside, o)
			}
		}
		binds := slices.ContainsFunc(b.d.Packs, func(r comity.PackRef) bool { return r.ID == p.ID })
		switch {
		case binds || len(outside) > 0:
			b.regime(p, binds, outside)
		case reached[p.ID] && p.Reach.When.Op != pack.OpTrue:
			silent = append(silent, p.ID)
		case p.Reach.When.Op != pack.OpTrue:
			unreached = append(unreached, p.ID)
		}
	}
	if len(silent) > 0 {
		n := Node{ID: "silent", Kind: KindRegime, State: Off, Layer: reachedLayer, Title: count(len(silent), "regime is reached, and nothing in it", "regimes are reached, and nothing in them") + " is about this operation"}
		n.line("", strings.Join(silent, ", "))
		b.g.node(n)
	}
	if len(unreached) > 0 {
		n := Node{ID: "unreached", Kind: KindRegime, State: Off, Layer: reachedLayer, Title: count(len(unreached), "regime does", "regimes do") + " not reach it"}
		n.line("", strings.Join(unreached, ", "))
		b.g.node(n)
	}
	for i := range b.parts {
		for _, p := range b.m.Packs {
			if b.g.has("pack:" + p.ID) {
				b.g.edge(fmt.Sprintf("part:%d", i), "pack:"+p.ID, "", "")
			}
		}
	}
}

func (b *operationBuilder) regime(p *pack.Pack, binds bool, outside []comity.OutsideNode) {
	n := Node{ID: "pack:" + p.ID, Kind: KindRegime, Name: p.ID, Title: p.Name, Layer: reachedLayer, Cites: p.Reach.Cites}
	n.line("reach", p.Reach.Text[lang])
	n.Lines = append(n.Lines, b.read(p.Reach.When)...)
	if !binds {
		n.State, n.Cites = Off, nil
	}
	for _, o := range outside {
		n.line("outside", o.Text)
		for _, c := range o.Citations {
			if !slices.Contains(n.Cites, c) {
				n.Cites = append(n.Cites, c)
			}
		}
	}
	if slices.ContainsFunc(b.d.Violations, func(v comity.Violation) bool { q := b.byID[v.Requirement]; return q != nil && q.Pack == p }) {
		penalties(&n, p, pack.DayOf(b.d.At))
	}
	b.g.node(n)
}

// reached tells which regimes reach the operation. It asks the engine, with one
// requirement in each pack that binds whatever is in reach and not outside.
func (b *operationBuilder) reached() map[string]bool {
	out := map[string]bool{}
	probe := &pack.Model{Vocab: b.m.Vocab, Packs: b.m.Packs, Mandatory: b.m.Mandatory, KnownAt: b.m.KnownAt}
	for i, p := range b.m.Packs {
		q := &pack.Requirement{ID: p.ID, Kind: pack.Qualify, When: pack.Always(), From: pack.DayMin, Until: pack.DayMax, Pack: p}
		probe.Rules = append(probe.Rules, &pack.Rule{Index: i, ID: p.ID, Req: q, Pack: p, Kind: q.Kind, When: q.When, From: q.From, Until: q.Until})
	}
	prog, err := engine.Compile(probe)
	if err != nil {
		return out
	}
	in := prog.NewInput()
	var res engine.Result
	for _, part := range b.parts {
		if prog.Encode(in, part, b.d.At) != nil || prog.Evaluate(in, comity.MissingIgnore, &res) != nil {
			continue
		}
		for _, id := range res.Applicable(nil) {
			out[id] = true
		}
	}
	return out
}
