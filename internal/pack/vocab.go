// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Format is the version of packs and vocabularies that this package reads.
const Format = "comity/v1"

// FactID numbers the facts of one vocabulary.
type FactID uint16

// Kind is the type of a fact's elements.
type Kind uint8

// The kinds of values. An instant also takes a day, which then means noon in each
// pack's zone.
const (
	KindEnum Kind = iota
	KindBool
	KindInt
	KindDay
	KindInstant
	KindRegion
	KindString
)

var kindNames = map[string]Kind{
	"enum": KindEnum, "bool": KindBool, "int": KindInt, "date": KindDay,
	"instant": KindInstant, "region": KindRegion, "string": KindString,
}

func (k Kind) String() string {
	for n, v := range kindNames {
		if v == k {
			return n
		}
	}
	return "?"
}

// Role says what a fact describes (docs/pack-format.md).
type Role string

// The roles of the vocabulary. Grounds, safeguards and ages are what an exception can
// rest on.
const (
	RoleAct       Role = "act"
	RolePerson    Role = "person"
	RoleActor     Role = "actor"
	RoleGround    Role = "ground"
	RoleSafeguard Role = "safeguard"
	RoleAge       Role = "age"
)

// Def is one entry of the vocabulary with its meaning and its names elsewhere.
type Def struct {
	Name  string
	Text  string
	DPV   string
	Fides string
	Pos   Pos
}

// Fact is the definition of one fact.
type Fact struct {
	Def
	ID      FactID
	Kind    Kind
	List    bool
	Whole   bool
	Role    Role
	Control string
	Cost    int
	Values  []Def
	// Implies lists, per value index, the value indexes that it implies.
	Implies map[int][]int
	Alone   []int
	Ages    Unit
	Origin  FactID
	// AgedBy is the age fact that is computed from this one; zero if none.
	AgedBy FactID
	// AgeRests tells that the fact is the origin of an age on which exceptions rest.
	AgeRests bool
	Aliases  []string
	byValue  map[string]int
	// ambiguous holds foreign terms that stand for several values: they name none.
	ambiguous map[string]bool
}

// Rests tells whether an exception can rest on the fact: SEMANTICS calls a branch spoken
// to when such a fact was given.
func (f *Fact) Rests() bool {
	return f.Role == RoleGround || f.Role == RoleSafeguard || f.Role == RoleAge || f.AgeRests
}

// ValueIndex finds an enum value by name or alias.
func (f *Fact) ValueIndex(s string) (int, bool) {
	i, ok := f.byValue[s]
	return i, ok
}

// ValueNames lists the enum values.
func (f *Fact) ValueNames() []string {
	out := make([]string, len(f.Values))
	for i, v := range f.Values {
		out[i] = v.Name
	}
	return out
}

// Operation is an operation with its mode and the facts without which it is not judged.
type Operation struct {
	Def
	// State is true where the question is whether a state of affairs complies.
	State bool
	Needs []FactID
	Index int
}

// Vocabulary is the flat, typed list of facts, operations and action types.
type Vocabulary struct {
	Facts       []*Fact
	Operations  []*Operation
	ActionTypes map[string]ActionType
	// Places maps storage, processing, model and inference to their facts.
	Places  map[string]FactID
	byName  map[string]FactID
	date    FactID
	op      FactID
	regions *Regions
}

// ActionType is what a condition, duty or restriction can ask for.
type ActionType struct {
	Def
	Params []string
}

// Date and Op are the two facts that every question has.
func (v *Vocabulary) Date() FactID { return v.date }

// Op is the fact `operation`.
func (v *Vocabulary) Op() FactID { return v.op }

// Regions is the table of places that region facts use.
func (v *Vocabulary) Regions() *Regions { return v.regions }

// Lookup finds a fact by name or alias.
func (v *Vocabulary) Lookup(name string) (*Fact, bool) {
	id, ok := v.byName[name]
	if !ok {
		return nil, false
	}
	return v.Facts[id], true
}

// MustFact is Lookup for names that the program itself relies on; nil if the vocabulary
// lacks it.
func (v *Vocabulary) MustFact(name string) *Fact {
	f, _ := v.Lookup(name)
	return f
}

// FactNames lists all fact names in order.
func (v *Vocabulary) FactNames() []string {
	out := make([]string, 0, len(v.Facts))
	for _, f := range v.Facts[1:] {
		out = append(out, f.Name)
	}
	sort.Strings(out)
	return out
}

// NewVocabulary is an empty vocabulary over regions, to be filled by Read.
func NewVocabulary(regions *Regions) *Vocabulary {
	return &Vocabulary{
		Facts: make([]*Fact, 1), ActionTypes: map[string]ActionType{}, Places: map[string]FactID{},
		byName: map[string]FactID{}, regions: regions,
	}
}

// Read adds one vocabulary file: new facts, operations and action types, and new values
// of facts that exist.
func (v *Vocabulary) Read(file string, data []byte, probs *Problems) {
	n := parseYAML(file, data, probs)
	if n == nil {
		return
	}
	rd := reader{file: file, probs: probs}
	f := rd.fields(n, "format", "version", "note", "operations", "facts", "action_types", "places", "prefixes")
	rd.need(n, f, "format")
	rd.format(f["format"])
	rest := map[*Fact]map[string]*yaml.Node{}
	if f["facts"] != nil {
		for _, p := range rd.pairs(f["facts"]) {
			v.readFact(rd, p, rest)
		}
	}
	for fact, nodes := range rest {
		v.readValues(rd, fact, nodes["values"])
	}
	for fact, nodes := range rest {
		v.linkFact(rd, fact, nodes)
	}
	v.date, v.op = v.byName["date"], v.byName["operation"]
	if v.date == 0 || v.op == 0 {
		rd.fail(n, "", "the vocabulary needs the facts date and operation")
		return
	}
	v.readOperations(rd, f["operations"])
	if f["action_types"] != nil {
		for _, p := range rd.pairs(f["action_types"]) {
			af := rd.fields(p.node, "params", "text", "dpv")
			v.ActionTypes[p.key] = ActionType{Def: Def{Name: p.key, Text: rd.str(af["text"]), DPV: rd.str(af["dpv"]), Pos: rd.pos(p.keyNode)}, Params: rd.strs(af["params"])}
		}
	}
	if f["places"] != nil {
		for _, p := range rd.pairs(f["places"]) {
			if fact := v.ref(rd, p.node); fact != nil {
				v.Places[p.key] = fact.ID
			}
		}
	}
}

func (v *Vocabulary) ref(rd reader, n *yaml.Node) *Fact {
	f, ok := v.Lookup(n.Value)
	if !ok {
		rd.fail(n, Suggest(n.Value, v.FactNames()), "unknown fact %q", n.Value)
		return nil
	}
	return f
}

func (v *Vocabulary) readFact(rd reader, p pair, rest map[*Fact]map[string]*yaml.Node) {
	f := rd.fields(p.node, "type", "role", "control", "cost", "values", "values_of", "implies", "alone", "whole",
		"ages", "origin", "text", "dpv", "fides", "aliases")
	if old, ok := v.Lookup(p.key); ok {
		if f["type"] != nil || f["role"] != nil {
			rd.fail(p.keyNode, "give only `values` to add some", "fact %q is defined already", p.key)
			return
		}
		rest[old] = f
		return
	}
	if !rd.need(p.node, f, "type", "role") {
		return
	}
	fact := &Fact{
		Def:  Def{Name: p.key, Text: rd.str(f["text"]), DPV: rd.str(f["dpv"]), Fides: rd.str(f["fides"]), Pos: rd.pos(p.keyNode)},
		Role: Role(rd.str(f["role"])), Control: rd.str(f["control"]), Cost: rd.integer(f["cost"]),
		Whole: rd.boolean(f["whole"]), Aliases: rd.strs(f["aliases"]), ID: FactID(len(v.Facts)),
		byValue: map[string]int{}, ambiguous: map[string]bool{}, Implies: map[int][]int{},
	}
	typ := rd.str(f["type"])
	inner := strings.TrimSuffix(strings.TrimPrefix(typ, "["), "]")
	fact.List = inner != typ
	kind, ok := kindNames[inner]
	if !ok {
		rd.fail(f["type"], "use enum, bool, int, date, instant, region, string or a list [..] of one", "unknown type %q", typ)
		return
	}
	fact.Kind = kind
	if fact.List && (kind == KindBool || kind == KindInt || kind == KindDay || kind == KindInstant) {
		rd.fail(f["type"], "use a list of enum, region or string", "a list of %s has no meaning in conditions", inner)
		return
	}
	if !slices.Contains([]Role{RoleAct, RolePerson, RoleActor, RoleGround, RoleSafeguard, RoleAge}, fact.Role) {
		rd.fail(f["role"], "", "unknown role %q", fact.Role)
	}
	v.Facts = append(v.Facts, fact)
	for _, name := range append([]string{p.key}, fact.Aliases...) {
		if _, dup := v.byName[name]; dup {
			rd.fail(p.keyNode, "", "fact name %q stands for two facts", name)
		}
		v.byName[name] = fact.ID
	}
	rest[fact] = f
}

// linkFact reads what may name other facts, once all are known.
func (v *Vocabulary) linkFact(rd reader, fact *Fact, f map[string]*yaml.Node) {
	if n := f["values_of"]; n != nil {
		if src := v.ref(rd, n); src != nil {
			fact.Values, fact.byValue, fact.ambiguous = src.Values, src.byValue, src.ambiguous
		}
	}
	if n := f["implies"]; n != nil {
		for _, p := range rd.pairs(n) {
			from, ok := fact.ValueIndex(p.key)
			if !ok {
				rd.fail(p.keyNode, Suggest(p.key, fact.ValueNames()), "%s has no value %q", fact.Name, p.key)
				continue
			}
			fact.Implies[from] = append(fact.Implies[from], v.valueList(rd, fact, p.node)...)
		}
	}
	if n := f["alone"]; n != nil {
		fact.Alone = v.valueList(rd, fact, n)
	}
	if n := f["ages"]; n != nil {
		fact.Ages = parseUnit(n.Value)
		if fact.Ages == NoUnit || f["origin"] == nil {
			rd.fail(n, "", "an age needs a unit (hour, day, month, year) and an origin")
			return
		}
		if o := v.ref(rd, f["origin"]); o != nil {
			fact.Origin, o.AgedBy, o.AgeRests = o.ID, fact.ID, fact.Role == RoleAge
		}
	}
}

func (v *Vocabulary) valueList(rd reader, fact *Fact, n *yaml.Node) []int {
	var out []int
	for _, s := range rd.strs(n) {
		i, ok := fact.ValueIndex(s)
		if !ok {
			rd.fail(n, Suggest(s, fact.ValueNames()), "%s has no value %q", fact.Name, s)
			continue
		}
		out = append(out, i)
	}
	return out
}

func (v *Vocabulary) readValues(rd reader, fact *Fact, n *yaml.Node) {
	if n == nil {
		return
	}
	if fact.Kind != KindEnum {
		rd.fail(n, "", "only an enum has values; %s is %s", fact.Name, fact.Kind)
		return
	}
	addDef := func(d Def, aliases []string, at *yaml.Node) {
		i := len(fact.Values)
		fact.Values = append(fact.Values, d)
		for _, name := range append([]string{d.Name, d.DPV, d.Fides}, aliases...) {
			if name == "" {
				continue
			}
			if fact.ambiguous[name] {
				continue
			}
			if at2, dup := fact.byValue[name]; dup {
				if at2 == i {
					continue
				}
				// A broader term may stand behind several values; then it is no alias of any.
				if name != fact.Values[at2].Name && (name == d.DPV || name == d.Fides) {
					delete(fact.byValue, name)
					fact.ambiguous[name] = true
					continue
				}
				rd.fail(at, "", "value %q of %s stands twice", name, fact.Name)
				continue
			}
			fact.byValue[name] = i
		}
	}
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			addDef(Def{Name: rd.str(c), Pos: rd.pos(c)}, nil, c)
		}
		return
	}
	for _, p := range rd.pairs(n) {
		if p.node.Kind == yaml.ScalarNode {
			addDef(Def{Name: p.key, Text: p.node.Value, Pos: rd.pos(p.keyNode)}, nil, p.keyNode)
			continue
		}
		f := rd.fields(p.node, "text", "dpv", "fides", "aliases")
		addDef(Def{Name: p.key, Text: rd.str(f["text"]), DPV: rd.str(f["dpv"]), Fides: rd.str(f["fides"]), Pos: rd.pos(p.keyNode)}, rd.strs(f["aliases"]), p.keyNode)
	}
}

func (v *Vocabulary) readOperations(rd reader, n *yaml.Node) {
	if n == nil {
		return
	}
	op := v.Facts[v.op]
	for _, p := range rd.pairs(n) {
		f := rd.fields(p.node, "mode", "needs", "text", "dpv", "fides", "aliases")
		o := &Operation{Def: Def{Name: p.key, Text: rd.str(f["text"]), DPV: rd.str(f["dpv"]), Fides: rd.str(f["fides"]), Pos: rd.pos(p.keyNode)}, Index: len(op.Values)}
		switch m := rd.str(f["mode"]); m {
		case "act":
		case "state":
			o.State = true
		default:
			rd.fail(p.node, "use act or state", "operation %q has mode %q", p.key, m)
		}
		if f["needs"] != nil {
			for _, c := range rd.items(f["needs"]) {
				if fact := v.ref(rd, c); fact != nil {
					o.Needs = append(o.Needs, fact.ID)
				}
			}
		}
		if _, dup := op.byValue[p.key]; dup {
			rd.fail(p.keyNode, "", "operation %q is defined already", p.key)
			continue
		}
		v.Operations = append(v.Operations, o)
		op.Values = append(op.Values, o.Def)
		for _, name := range append([]string{p.key, o.DPV}, rd.strs(f["aliases"])...) {
			if _, dup := op.byValue[name]; name != "" && !dup {
				op.byValue[name] = o.Index
			}
		}
	}
}

// ValueTable maps each accepted spelling of an enum's values to its index.
func (f *Fact) ValueTable() map[string]uint16 {
	out := make(map[string]uint16, len(f.byValue))
	for k, i := range f.byValue {
		out[k] = uint16(i)
	}
	return out
}

// Names maps each accepted fact name to its fact.
func (v *Vocabulary) Names() map[string]FactID { return maps.Clone(v.byName) }

// Closure lists, per value index, everything that the value implies, itself not included.
func (f *Fact) Closure() [][]uint16 {
	out := make([][]uint16, len(f.Values))
	for v := range f.Values {
		all := []int{v}
		for i := 0; i < len(all); i++ {
			for _, imp := range f.Implies[all[i]] {
				if !slices.Contains(all, imp) {
					all = append(all, imp)
				}
			}
		}
		for _, x := range all[1:] {
			out[v] = append(out[v], uint16(x))
		}
	}
	return out
}
