// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var requirementKeys = []string{"id", "kind", "title", "text", "cite", "when", "from", "until", "enforced_from",
	"known_from", "known_until", "replaces", "confidence", "ask", "absolute", "silent", "demand", "meanwhile", "unless",
	"must", "place", "allowed", "every", "at_least_one", "keep_at_least", "keep_at_most", "since", "conditions"}

// kindKeys lists the keys that only some kinds take.
var kindKeys = map[string][]RuleKind{
	"must": {Oblige}, "place": {Localise}, "allowed": {Localise}, "every": {Localise}, "at_least_one": {Localise},
	"keep_at_least": {Retain}, "keep_at_most": {Retain}, "since": {Retain}, "conditions": {Qualify},
	"unless": {Forbid, Oblige, Localise, Retain, Review, Permit}, "absolute": {Forbid}, "silent": {Forbid},
}

func (pr *packReader) requirement(rd reader, n *yaml.Node) *Requirement {
	f := rd.fields(n, requirementKeys...)
	if !rd.need(n, f, "id", "kind", "cite", "text") {
		return nil
	}
	q := &Requirement{
		ID: rd.str(f["id"]), Kind: RuleKind(rd.str(f["kind"])), Title: rd.str(f["title"]), Text: rd.text(f["text"]),
		Cites: rd.strs(f["cite"]), When: pr.cond(rd, f["when"]),
		From: rd.day(f["from"], DayMin), Until: rd.day(f["until"], DayMax), Enforced: rd.day(f["enforced_from"], DayMin),
		KnownFrom: rd.day(f["known_from"], DayMin), KnownUntil: rd.day(f["known_until"], DayMax),
		Replaces: rd.str(f["replaces"]), Ask: pr.factList(rd, f["ask"]), Absolute: rd.boolean(f["absolute"]),
		Pack: pr.p, Pos: rd.pos(n),
	}
	if !slices.Contains([]RuleKind{Forbid, Oblige, Localise, Retain, Qualify, Review, Permit}, q.Kind) {
		rd.fail(f["kind"], "use forbid, oblige, localise, retain, qualify, review or permit", "unknown kind %q", q.Kind)
		return nil
	}
	for _, key := range requirementKeys {
		if kinds := kindKeys[key]; kinds != nil && f[key] != nil && !slices.Contains(kinds, q.Kind) {
			rd.fail(f[key], "", "%s does not belong to kind %s", key, q.Kind)
		}
	}
	if q.From >= q.Until {
		rd.fail(n, "until is the first day on which it no longer binds", "requirement %s ends before it begins", q.ID)
	}
	switch c := rd.str(f["confidence"]); c {
	case "", "verified":
	case "unverified":
		q.Unverified = true
	default:
		rd.fail(f["confidence"], "use verified or unverified", "unknown confidence %q", c)
	}
	switch s := rd.str(f["silent"]); s {
	case "", "violated":
	case "duty":
		q.SilentDuty = true
	default:
		rd.fail(f["silent"], "use violated or duty", "unknown value %q", s)
	}
	pr.demand(rd, q, f["demand"])
	if f["unless"] != nil {
		for _, c := range rd.items(f["unless"]) {
			if b, ok := pr.branch(rd, c); ok {
				q.Unless = append(q.Unless, b)
			}
		}
	}
	pr.kindFields(rd, n, q, f)
	pr.meanwhile(rd, q, f["meanwhile"])
	return q
}

func (pr *packReader) kindFields(rd reader, n *yaml.Node, q *Requirement, f map[string]*yaml.Node) {
	switch q.Kind {
	case Oblige:
		if f["must"] == nil && f["demand"] == nil {
			rd.fail(n, "", "oblige needs must (what has to hold) or demand (which operation)")
		}
		if f["must"] != nil {
			q.Must = pr.cond(rd, f["must"])
		}
	case Localise:
		if rd.need(n, f, "place", "allowed") {
			q.Place = rd.str(f["place"])
			if _, ok := pr.v.Places[q.Place]; !ok {
				rd.fail(f["place"], "use storage, processing, model or inference", "unknown place %q", q.Place)
			}
			q.Allowed = pr.regionList(rd, f["allowed"])
		}
		q.AtLeastOne = rd.boolean(f["at_least_one"])
	case Retain:
		if (f["keep_at_least"] == nil) == (f["keep_at_most"] == nil) || f["since"] == nil {
			rd.fail(n, "", "retain needs since and one of keep_at_least, keep_at_most")
			return
		}
		q.KeepMin, q.KeepMax = pr.period(rd, f["keep_at_least"]), pr.period(rd, f["keep_at_most"])
		if fact := pr.v.ref(rd, f["since"]); fact != nil {
			q.Since = fact.ID
			if fact.Kind != KindDay && fact.Kind != KindInstant {
				rd.fail(f["since"], "", "%s is no date", fact.Name)
			}
		}
	case Qualify:
		if rd.need(n, f, "conditions") {
			q.Conditions = pr.conditions(rd, f["conditions"])
		}
	}
}

func (pr *packReader) period(rd reader, n *yaml.Node) Period {
	if n == nil {
		return Period{}
	}
	w := strings.Fields(n.Value)
	if len(w) == 2 {
		nn := *n
		nn.Value = w[0]
		if u := parseUnit(w[1]); u != NoUnit {
			return Period{rd.integer(&nn), u}
		}
	}
	rd.fail(n, "write for example 72 months", "%q is not a period", n.Value)
	return Period{}
}

func (pr *packReader) demand(rd reader, q *Requirement, n *yaml.Node) {
	if n == nil {
		return
	}
	op := pr.v.Facts[pr.v.op]
	for _, s := range rd.strs(n) {
		i, ok := op.ValueIndex(s)
		if !ok {
			rd.fail(n, Suggest(s, op.ValueNames()), "unknown operation %q", s)
			continue
		}
		q.Demand = append(q.Demand, i)
	}
}

func (pr *packReader) meanwhile(rd reader, q *Requirement, n *yaml.Node) {
	if n == nil {
		return
	}
	f := rd.fields(n, "restrict", "who", "cite")
	for _, c := range rd.items(f["restrict"]) {
		if a := pr.action(rd, c); a != nil {
			q.Restrict = append(q.Restrict, *a)
		}
	}
	q.Who, q.WhoCites = rd.text(f["who"]), rd.strs(f["cite"])
}

func (pr *packReader) branch(rd reader, n *yaml.Node) (Branch, bool) {
	f := rd.fields(n, "id", "when", "claim", "cite", "text", "settled", "conditions", "permit", "edges", "to", "recognises")
	b := Branch{ID: rd.str(f["id"]), Cites: rd.strs(f["cite"]), Text: rd.text(f["text"]), Settled: rd.boolean(f["settled"]),
		Permit: rd.str(f["permit"]), EdgeSet: rd.str(f["edges"]), Pos: rd.pos(n)}
	if f["to"] != nil {
		if fact := pr.v.ref(rd, f["to"]); fact != nil {
			b.To = fact.ID
		}
	}
	if b.Permit != "" {
		for _, k := range []string{"edges", "recognises", "settled", "conditions", "claim"} {
			if f[k] != nil {
				rd.fail(f[k], "", "a branch with permit takes them from the permit: remove %s", k)
			}
		}
		if f["when"] != nil {
			b.When = pr.cond(rd, f["when"])
		}
		return b, true
	}
	if !rd.need(n, f, "id") {
		return b, false
	}
	if r := f["recognises"]; r != nil {
		if r.Kind == yaml.ScalarNode && r.Value == "any" {
			b.RecognisesAny = true
		} else {
			b.Recognises = pr.regionList(rd, r)
		}
		b.Settled = true
		if f["conditions"] != nil {
			rd.fail(f["conditions"], "", "a branch that recognises retention laws is settled")
		}
	}
	if f["when"] == nil && b.EdgeSet == "" && !b.recognisesOrders() {
		rd.fail(n, "", "branch %q has no when", b.ID)
		return b, false
	}
	if f["when"] != nil {
		b.When = pr.cond(rd, f["when"])
	}
	if f["claim"] != nil {
		b.Claim = pr.cond(rd, f["claim"])
	}
	if f["conditions"] != nil {
		b.Conditions = pr.conditions(rd, f["conditions"])
	}
	if b.Settled == (len(b.Conditions) > 0) {
		rd.fail(n, "", "branch %q must be either settled: true or carry conditions", b.ID)
	}
	return b, true
}

func (pr *packReader) conditions(rd reader, n *yaml.Node) []Condition {
	var out []Condition
	for _, c := range rd.items(n) {
		f := rd.fields(c, "id", "text", "cite", "action", "due", "standing")
		if !rd.need(c, f, "id", "text") {
			continue
		}
		cond := Condition{ID: rd.str(f["id"]), Text: rd.text(f["text"]), Cites: rd.strs(f["cite"]), Standing: rd.boolean(f["standing"]), Pos: rd.pos(c)}
		if f["action"] != nil {
			cond.Action = pr.action(rd, f["action"])
		}
		if d := f["due"]; d != nil {
			cond.Due = pr.due(rd, d)
		}
		out = append(out, cond)
	}
	return out
}

// due reads an operand that is a date by parsing it as the right side of a comparison.
func (pr *packReader) due(rd reader, n *yaml.Node) *Atom {
	c, err := ParseCond(pr.v, nil, "date <= "+n.Value)
	if err != nil {
		pe := err.(*ParseError)
		rd.probs.add(condPos(rd, n, max(0, pe.Offset-len("date <= "))), "write for example $request_received_at + 1 month", "%s", pe.Msg)
		return nil
	}
	return &c.Atom
}

func (pr *packReader) action(rd reader, n *yaml.Node) *Action {
	f := rd.fields(n, "type", "params")
	if !rd.need(n, f, "type") {
		return nil
	}
	a := &Action{Type: rd.str(f["type"])}
	at, ok := pr.v.ActionTypes[a.Type]
	if !ok {
		names := make([]string, 0, len(pr.v.ActionTypes))
		for k := range pr.v.ActionTypes {
			names = append(names, k)
		}
		rd.fail(f["type"], Suggest(a.Type, names), "unknown action type %q", a.Type)
		return nil
	}
	if f["params"] != nil {
		a.Params = map[string]any{}
		for _, p := range rd.pairs(f["params"]) {
			if !slices.Contains(at.Params, p.key) {
				rd.fail(p.keyNode, Suggest(p.key, at.Params), "action %s has no parameter %q", a.Type, p.key)
				continue
			}
			var val any
			if err := p.node.Decode(&val); err != nil {
				rd.fail(p.node, "", "%v", err)
				continue
			}
			a.Params[p.key] = plainValue(val)
		}
	}
	return a
}

// plainValue keeps JSON's types only, so that an action survives any encoding.
func plainValue(v any) any {
	switch x := v.(type) {
	case string, bool, int:
		return x
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = plainValue(x[i])
		}
		return out
	case interface{ Format(string) string }:
		return x.Format("2006-01-02")
	}
	return v
}
