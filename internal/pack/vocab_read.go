// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// definition is a fact of the file that is being read, with its keys.
type definition struct {
	fact *Fact
	keys map[string]*yaml.Node
	// values is how many values the fact had before: what they mean is settled.
	values int
}

// Read adds one vocabulary file: new facts, operations and action types, and new values
// of facts that exist.
func (v *Vocabulary) Read(file string, data []byte, probs *Problems) {
	rd, n := openYAML(file, data, probs)
	if n == nil {
		return
	}
	f := rd.fields(n, vocabularyKeys...)
	if !rd.need(n, f, "format") {
		return
	}
	if rd.format(f["format"]); f["format"].Value != Format {
		return
	}
	var defs []definition
	settled := FactID(len(v.Facts)) // the first fact of this file
	for _, p := range rd.entries(f["facts"]) {
		if fact, keys := v.readFact(rd, p); fact != nil {
			defs = append(defs, definition{fact, keys, len(fact.Values)})
		}
	}
	// A fact may share the values of one that follows, and values may imply any of them.
	for _, d := range defs {
		v.shareValues(rd, d.fact, d.keys["values_of"])
	}
	for _, d := range defs {
		v.readValues(rd, d.fact, d.keys["values"])
	}
	v.refreshShared()
	for _, d := range defs {
		v.linkFact(rd, d, settled)
	}
	v.date, v.op = v.byName["date"], v.byName["operation"]
	if v.date == 0 || v.op == 0 {
		rd.fail(n, "define them, or read this file after one that does", "the vocabulary needs the facts date and operation")
		return
	}
	v.readOperations(rd, f["operations"])
	for _, p := range rd.entries(f["action_types"]) {
		af := rd.fields(p.node, actionTypeKeys...)
		if _, dup := v.ActionTypes[p.key]; dup {
			rd.fail(p.keyNode, "give it another name", "action type %q is defined already", p.key)
			continue
		}
		v.ActionTypes[p.key] = ActionType{Def: rd.def(p, af), Params: rd.strs(af["params"])}
	}
	for _, p := range rd.entries(f["places"]) {
		v.readPlace(rd, p)
	}
}

// entries are the pairs of a mapping that may be left out.
func (r reader) entries(n *yaml.Node) []pair {
	if n == nil {
		return nil
	}
	return r.pairs(n)
}

func (r reader) def(p pair, f map[string]*yaml.Node) Def {
	return Def{Name: p.key, Text: r.str(f["text"]), DPV: r.str(f["dpv"]), Fides: r.str(f["fides"]), Pos: r.pos(p.keyNode)}
}

func (v *Vocabulary) readPlace(rd reader, p pair) {
	fact := v.ref(rd, p.node)
	_, dup := v.Places[p.key]
	switch {
	case fact == nil:
	case !slices.Contains(placeKinds, p.key):
		rd.fail(p.keyNode, "use "+oneOf(placeKinds), "unknown place %q", p.key)
	case dup:
		rd.fail(p.keyNode, "remove it", "place %q is defined already", p.key)
	case fact.Kind != KindRegion:
		rd.fail(p.node, "name a fact that is a region", "%s is %s", fact.Name, fact.Kind)
	default:
		v.Places[p.key] = fact.ID
	}
}

func (v *Vocabulary) ref(rd reader, n *yaml.Node) *Fact {
	f, ok := v.Lookup(n.Value)
	if !ok {
		rd.fail(n, v.SuggestFact(n.Value), "unknown fact %q", n.Value)
		return nil
	}
	return f
}

// readFact reads the definition of a new fact, or what a file adds to one that exists.
func (v *Vocabulary) readFact(rd reader, p pair) (*Fact, map[string]*yaml.Node) {
	f := rd.fields(p.node, factKeys...)
	if old, ok := v.Lookup(p.key); ok {
		for key := range f {
			if !slices.Contains(moreKeys, key) {
				rd.fail(p.keyNode, "give only "+oneOf(moreKeys)+" to add some", "fact %q is defined already", p.key)
				return nil, nil
			}
		}
		return old, f
	}
	if !rd.need(p.node, f, "type", "role") {
		return nil, nil
	}
	fact := &Fact{
		Def: rd.def(p, f), Role: Role(rd.str(f["role"])), Control: rd.str(f["control"]), Cost: rd.integer(f["cost"]),
		Whole: rd.boolean(f["whole"]), Transforms: rd.boolean(f["transforms"]), Aliases: rd.strs(f["aliases"]), ID: FactID(len(v.Facts)),
		byValue: map[string]int{}, ambiguous: map[string]bool{}, Implies: map[int][]int{},
	}
	if !v.readType(rd, fact, f["type"]) {
		return nil, nil
	}
	switch {
	case !plainName(p.key):
		rd.fail(p.keyNode, nameRemedy, "fact %q cannot be written in a condition", p.key)
	case !slices.Contains(factRoles, fact.Role):
		rd.fail(f["role"], "use "+oneOf(texts(factRoles)), "unknown role %q", fact.Role)
	case fact.Control != "" && !slices.Contains(factControl, fact.Control):
		rd.fail(f["control"], "use "+oneOf(factControl), "unknown control %q", fact.Control)
	case fact.Transforms && fact.Kind != KindBool:
		rd.fail(f["transforms"], "remove it, or make the fact a bool", "a fact that transforms the data is a bool")
	case len(v.Facts) >= maxNames:
		rd.fail(p.keyNode, "remove some", "more than %d facts", maxNames)
		return nil, nil
	}
	v.Facts = append(v.Facts, fact)
	for _, name := range append([]string{p.key}, fact.Aliases...) {
		if old, dup := v.byName[name]; dup && old != fact.ID {
			rd.fail(p.keyNode, "remove one", "fact name %q stands for two facts", name)
			continue
		}
		v.byName[name] = fact.ID
	}
	return fact, f
}

func (v *Vocabulary) readType(rd reader, fact *Fact, n *yaml.Node) bool {
	typ := rd.str(n)
	inner := strings.TrimSuffix(strings.TrimPrefix(typ, "["), "]")
	kind, ok := kindNames[inner]
	fact.Kind, fact.List = kind, typ == "["+inner+"]"
	switch {
	case !ok || typ != inner && !fact.List:
		rd.fail(n, "use enum, bool, int, date, instant, region, string or a list [..] of one", "unknown type %q", typ)
		return false
	case fact.List && kind != KindEnum && kind != KindRegion && kind != KindString:
		rd.fail(n, "use a list of enum, region or string", "a list of %s has no meaning in conditions", inner)
		return false
	}
	return true
}

// shareValues makes fact take the values of another one, now and later.
func (v *Vocabulary) shareValues(rd reader, fact *Fact, n *yaml.Node) {
	if n == nil {
		return
	}
	src := v.ref(rd, n)
	switch {
	case src == nil:
	case src == fact || fact.Kind != KindEnum || src.Kind != KindEnum || fact.ID == v.byName["operation"]:
		rd.fail(n, "name another fact that is an enum", "%s cannot take the values of %s", fact.Name, src.Name)
	default:
		fact.source = src
	}
}

// refreshShared gives the facts that share values those that their source has by now.
func (v *Vocabulary) refreshShared() {
	for _, f := range v.Facts[1:] {
		src := f.source
		for range v.Facts { // as many steps as a chain of sources can have, were it a ring
			if src == nil || src.source == nil {
				break
			}
			src = src.source
		}
		if src != nil {
			f.Values, f.byValue, f.ambiguous = src.Values, src.byValue, src.ambiguous
		}
	}
}

// linkFact reads what may name other facts and values, once all are known. A file speaks of
// its own values and dates only: what those of an earlier file mean decides about law.
func (v *Vocabulary) linkFact(rd reader, d definition, settled FactID) {
	fact, f := d.fact, d.keys
	for _, p := range rd.entries(f["implies"]) {
		from, ok := fact.ValueIndex(p.key)
		if !ok {
			rd.fail(p.keyNode, fact.suggestValue(p.key), "%s has no value %q", fact.Name, p.key)
			continue
		}
		if d.ownValue(rd, p.keyNode, from) {
			to, _ := v.valueList(rd, fact, p.node)
			fact.Implies[from] = append(fact.Implies[from], to...)
		}
	}
	fact.Alone = append(fact.Alone, v.ownValues(rd, d, f["alone"])...)
	fact.Circumstances = append(fact.Circumstances, v.ownValues(rd, d, f["circumstances"])...)
	v.linkAge(rd, fact, f, settled)
}

// ownValues is the list of values of this file that a node names.
func (v *Vocabulary) ownValues(rd reader, d definition, n *yaml.Node) (own []int) {
	if n == nil {
		return nil
	}
	indexes, nodes := v.valueList(rd, d.fact, n)
	for k, i := range indexes {
		if d.ownValue(rd, nodes[k], i) {
			own = append(own, i)
		}
	}
	return own
}

// ownValue refuses to say more of a value that an earlier file defined.
func (d *definition) ownValue(rd reader, n *yaml.Node, i int) bool {
	if i < d.values {
		rd.fail(n, "add a value of your own, which may imply that one", "what %s of %s means is settled: laws read it", d.fact.Values[i].Name, d.fact.Name)
	}
	return i >= d.values
}

func (v *Vocabulary) linkAge(rd reader, fact *Fact, f map[string]*yaml.Node, settled FactID) {
	n := f["ages"]
	if n == nil {
		return
	}
	fact.Ages = parseUnit(n.Value)
	if fact.Ages == NoUnit || fact.Ages == WorkingDays || f["origin"] == nil || fact.Kind != KindInt {
		rd.fail(n, "write type: int, ages: hour, day, month or year, and origin", "an age is a number of units since its origin")
		fact.Ages = NoUnit
		return
	}
	o := v.ref(rd, f["origin"])
	switch {
	case o == nil:
		fact.Ages = NoUnit
	case o.Kind != KindDay && o.Kind != KindInstant:
		rd.fail(f["origin"], "name a date or instant", "%s is %s", o.Name, o.Kind)
		fact.Ages = NoUnit
	case o.ID < settled:
		rd.fail(f["origin"], "define a date of your own, or compare with $"+o.Name, "whether %s is the origin of an age is settled: laws read it", o.Name)
		fact.Ages = NoUnit
	default:
		fact.Origin, o.AgedBy, o.AgeRests = o.ID, fact.ID, fact.Role == RoleAge
	}
}

// valueList is the indexes of the values that a node names, and where each is named.
func (v *Vocabulary) valueList(rd reader, fact *Fact, n *yaml.Node) (out []int, nodes []*yaml.Node) {
	for _, c := range rd.oneOrMore(n) {
		s := rd.str(c)
		i, ok := fact.ValueIndex(s)
		if !ok {
			rd.fail(c, fact.suggestValue(s), "%s has no value %q", fact.Name, s)
			continue
		}
		out, nodes = append(out, i), append(nodes, c)
	}
	return out, nodes
}

func (v *Vocabulary) readValues(rd reader, fact *Fact, n *yaml.Node) {
	switch {
	case n == nil:
		return
	case fact.Kind != KindEnum:
		rd.fail(n, "remove values", "only an enum has values; %s is %s", fact.Name, fact.Kind)
		return
	case fact.source != nil:
		rd.fail(n, "add them to "+fact.source.Name, "%s takes the values of %s", fact.Name, fact.source.Name)
		return
	case fact.ID == v.byName["operation"]:
		rd.fail(n, "add them under operations", "the values of operation are the operations")
		return
	}
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			fact.addValue(rd, Def{Name: rd.str(c), Pos: rd.pos(c)}, nil, c)
		}
		return
	}
	for _, p := range rd.pairs(n) {
		if p.node.Kind == yaml.ScalarNode {
			fact.addValue(rd, Def{Name: p.key, Text: p.node.Value, Pos: rd.pos(p.keyNode)}, nil, p.keyNode)
			continue
		}
		f := rd.fields(p.node, valueKeys...)
		fact.addValue(rd, rd.def(p, f), rd.strs(f["aliases"]), p.keyNode)
	}
}

func (f *Fact) addValue(rd reader, d Def, aliases []string, at *yaml.Node) {
	if d.Name == "" || strings.ContainsAny(d.Name, "'\"") {
		rd.fail(at, "use a name without quotes", "%q cannot be a value", d.Name)
		return
	}
	if old, dup := f.byValue[d.Name]; dup && f.Values[old].Name == d.Name {
		rd.fail(at, "remove one", "value %q of %s stands twice", d.Name, f.Name)
		return
	}
	i := len(f.Values)
	if i >= maxNames {
		rd.fail(at, "remove some", "%s has more than %d values", f.Name, maxNames)
		return
	}
	f.Values = append(f.Values, d)
	for _, name := range append([]string{d.Name, d.DPV, d.Fides}, aliases...) {
		old, dup := f.byValue[name]
		switch {
		case name == "" || dup && old == i:
		case !dup && !f.ambiguous[name]:
			f.byValue[name] = i
		case name != d.DPV && name != d.Fides:
			rd.fail(at, "remove one", "value %q of %s stands twice", name, f.Name)
		case dup && name != f.Values[old].Name:
			// A broader term of another vocabulary may stand behind several values; then it
			// names none of them.
			delete(f.byValue, name)
			f.ambiguous[name] = true
		}
	}
}

func (v *Vocabulary) readOperations(rd reader, n *yaml.Node) {
	op := v.Facts[v.op]
	for _, p := range rd.entries(n) {
		f := rd.fields(p.node, operationKeys...)
		o := &Operation{Def: rd.def(p, f), Index: len(op.Values)}
		switch m := rd.str(f["mode"]); m {
		case "act":
		case "state":
			o.State = true
		default:
			rd.fail(p.node, "use act or state", "operation %q has mode %q", p.key, m)
		}
		for _, c := range rd.oneOrMore(f["needs"]) {
			if fact := v.ref(rd, c); fact != nil {
				o.Needs = append(o.Needs, fact.ID)
			}
		}
		op.addValue(rd, o.Def, rd.strs(f["aliases"]), p.keyNode)
		if len(op.Values) > o.Index {
			v.Operations = append(v.Operations, o)
		}
	}
}
