// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (pr *packReader) requirement(rd reader, n *yaml.Node) *Requirement {
	f := rd.fields(n, requirementKeys...)
	if !rd.need(n, f, requirementNeeds...) {
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
	if !slices.Contains(ruleKinds, q.Kind) {
		rd.fail(f["kind"], "use "+oneOf(texts(ruleKinds)), "unknown kind %q", q.Kind)
		return nil
	}
	for _, key := range requirementKeys {
		if kinds := kindKeys[key]; kinds != nil && f[key] != nil && !slices.Contains(kinds, q.Kind) {
			rd.fail(f[key], "remove it; it belongs to "+oneOf(texts(kinds)), "%s does not belong to kind %s", key, q.Kind)
		}
	}
	switch {
	case q.From >= q.Until:
		rd.fail(n, untilRemedy, "requirement %s ends before it begins", q.ID)
	case q.KnownFrom >= q.KnownUntil:
		rd.fail(n, "known_until is the first day on which it was no longer the wording", "requirement %s was never known", q.ID)
	}
	q.Unverified = rd.unverified(f["confidence"])
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
	if f["entails"] != nil {
		for _, c := range rd.items(f["entails"]) {
			q.Entails = append(q.Entails, pr.entail(rd, c))
		}
	}
	return q
}

func (pr *packReader) entail(rd reader, n *yaml.Node) Entail {
	f := rd.fields(n, entailKeys...)
	e := Entail{When: Always(), Pos: rd.pos(n)}
	if rd.need(n, f, entailKeys...) {
		e.When, e.Text, e.Cites = pr.cond(rd, f["when"]), rd.text(f["text"]), rd.strs(f["cite"])
	}
	return e
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = string(list[i])
	}
	return out
}

func (pr *packReader) kindFields(rd reader, n *yaml.Node, q *Requirement, f map[string]*yaml.Node) {
	switch q.Kind {
	case Oblige:
		if f["must"] == nil && f["demand"] == nil {
			rd.fail(n, "add must (what has to hold) or demand (which operation)", "oblige asks for nothing")
		}
		if f["must"] != nil {
			q.Must = pr.cond(rd, f["must"])
		}
	case Localise:
		if rd.need(n, f, "place", "allowed") {
			q.Place = rd.str(f["place"])
			if _, ok := pr.v.Places[q.Place]; !ok {
				rd.fail(f["place"], "use "+oneOf(placeKinds), "unknown place %q", q.Place)
			}
			q.Allowed = pr.regionList(rd, f["allowed"])
		}
		q.AtLeastOne = rd.boolean(f["at_least_one"])
		if every := f["every"]; every != nil && rd.boolean(every) == q.AtLeastOne {
			rd.fail(every, "write every: true or at_least_one: true", "every and at_least_one exclude each other")
		}
	case Retain:
		if (f["keep_at_least"] == nil) == (f["keep_at_most"] == nil) || f["since"] == nil {
			rd.fail(n, "write one period and the fact from which it runs", "retain needs since and one of keep_at_least, keep_at_most")
			return
		}
		q.KeepMin, q.KeepMax = pr.period(rd, f["keep_at_least"]), pr.period(rd, f["keep_at_most"])
		if fact := pr.v.ref(rd, f["since"]); fact != nil {
			q.Since = fact.ID
			if fact.Kind != KindDay && fact.Kind != KindInstant {
				rd.fail(f["since"], "name a date, such as collected_at", "%s is no date", fact.Name)
			}
		}
	case Qualify:
		if rd.need(n, f, "conditions") {
			q.Conditions = pr.conditions(rd, f["conditions"])
			if len(q.Conditions) == 0 {
				rd.fail(f["conditions"], "write at least one condition", "qualify adds nothing")
			}
		}
	}
}

func (pr *packReader) period(rd reader, n *yaml.Node) Period {
	if n == nil {
		return Period{}
	}
	if w := strings.Fields(n.Value); len(w) == 2 {
		count, err := strconv.Atoi(w[0])
		if u := parseUnit(w[1]); err == nil && u != NoUnit && count > 0 && count <= maxCount {
			return Period{count, u}
		}
	}
	rd.fail(n, "write for example 72 months", "%q is not a period of 1 to %d units", n.Value, maxCount)
	return Period{}
}

func (pr *packReader) demand(rd reader, q *Requirement, n *yaml.Node) {
	if n == nil {
		return
	}
	op := pr.v.Facts[pr.v.op]
	for _, c := range rd.oneOrMore(n) {
		i, ok := op.ValueIndex(rd.str(c))
		if !ok {
			rd.fail(c, op.suggestValue(c.Value), "unknown operation %q", c.Value)
			continue
		}
		q.Demand = append(q.Demand, i)
	}
}

func (pr *packReader) meanwhile(rd reader, q *Requirement, n *yaml.Node) {
	if n == nil {
		return
	}
	f := rd.fields(n, meanwhileKeys...)
	for _, c := range rd.items(f["restrict"]) {
		if a := pr.action(rd, c); a != nil {
			q.Restrict = append(q.Restrict, *a)
		}
	}
	q.Who, q.WhoCites = rd.text(f["who"]), rd.strs(f["cite"])
}

func (pr *packReader) branch(rd reader, n *yaml.Node) (Branch, bool) {
	f := rd.fields(n, branchKeys...)
	b := Branch{
		ID: rd.str(f["id"]), Cites: rd.strs(f["cite"]), Text: rd.text(f["text"]), Settled: rd.boolean(f["settled"]),
		Permit: rd.str(f["permit"]), EdgeSet: rd.str(f["edges"]), Pos: rd.pos(n),
	}
	if f["when"] != nil {
		b.When = pr.cond(rd, f["when"])
	}
	pr.branchTo(rd, &b, f)
	if b.Permit != "" {
		for _, k := range []string{"edges", "recognises", "settled", "conditions", "claim"} {
			if f[k] != nil {
				rd.fail(f[k], "remove "+k, "a branch with permit takes %s from the permit", k)
			}
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
			rd.fail(f["conditions"], "remove conditions", "a branch that recognises retention laws is settled")
		}
	}
	if f["when"] == nil && f["edges"] == nil && f["recognises"] == nil {
		rd.fail(n, "write when it holds", "branch %q has no when", b.ID)
		return b, false
	}
	if f["claim"] != nil {
		b.Claim = pr.cond(rd, f["claim"])
	}
	if f["conditions"] != nil {
		b.Conditions = pr.conditions(rd, f["conditions"])
	}
	if b.Settled == (len(b.Conditions) > 0) {
		rd.fail(n, "write settled: true where the facts settle it, else conditions", "branch %q needs one of settled and conditions", b.ID)
	}
	return b, true
}

// branchTo reads the place that the edges of a set lead to.
func (pr *packReader) branchTo(rd reader, b *Branch, f map[string]*yaml.Node) {
	n := f["to"]
	if n == nil {
		return
	}
	fact := pr.v.ref(rd, n)
	switch {
	case fact == nil:
	case fact.Kind != KindRegion:
		rd.fail(n, "name a fact that is a region, such as stored_in", "%s is %s", fact.Name, fact.Kind)
	case f["edges"] == nil && f["permit"] == nil:
		rd.fail(n, "remove to", "to belongs to edges or a permit")
	default:
		b.To = fact.ID
	}
}

func (pr *packReader) conditions(rd reader, n *yaml.Node) []Condition {
	var out []Condition
	for _, c := range rd.items(n) {
		f := rd.fields(c, conditionKeys...)
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
	const left, remedy = "date <= ", "write for example $request_received_at + 1 month"
	c, err := ParseCond(pr.v, nil, left+n.Value)
	if err != nil {
		pe := err.(*ParseError)
		rd.probs.add(rd.posIn(n, max(0, pe.Offset-len(left))), remedy, "%s", pe.Msg)
		return nil
	}
	if c.Op != OpAtom {
		rd.fail(n, remedy, "due is a date, not a condition")
		return nil
	}
	pr.count(&c.Atom)
	return &c.Atom
}

func (pr *packReader) action(rd reader, n *yaml.Node) *Action {
	f := rd.fields(n, actionKeys...)
	if !rd.need(n, f, "type") {
		return nil
	}
	a := &Action{Type: rd.str(f["type"])}
	at, ok := pr.v.ActionTypes[a.Type]
	if !ok {
		names := slices.Sorted(maps.Keys(pr.v.ActionTypes))
		rd.fail(f["type"], cmp.Or(Suggest(a.Type, names), "use one of the action_types of the vocabulary"), "unknown action type %q", a.Type)
		return nil
	}
	if f["params"] != nil {
		a.Params = map[string]any{}
		for _, p := range rd.pairs(f["params"]) {
			if !slices.Contains(at.Params, p.key) {
				rd.fail(p.keyNode, cmp.Or(Suggest(p.key, at.Params), "remove it"), "action %s has no parameter %q", a.Type, p.key)
				continue
			}
			a.Params[p.key] = rd.plainValue(p.node)
		}
	}
	return a
}

// plainValue reads text, true or false, a whole number, or a list of these, so that an
// action survives any encoding. Dates stay texts.
func (r reader) plainValue(n *yaml.Node) any {
	switch {
	case n.Kind == yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, c := range n.Content {
			out[i] = r.plainValue(c)
		}
		return out
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null":
		r.fail(n, "write text, a number, true or false, or a list of these", "not a plain value")
		return nil
	case n.Tag == "!!bool":
		return r.boolean(n)
	case n.Tag == "!!int":
		if i, err := strconv.Atoi(n.Value); err == nil {
			return i
		}
	}
	return n.Value
}
