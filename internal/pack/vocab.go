// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"cmp"
	"maps"
	"slices"
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
	// Circumstances are values that hold or do not: nobody can choose them as a remedy.
	Circumstances []int
	Ages          Unit
	Origin        FactID
	// Transforms tells that where it is true the data is other data: what a law says of
	// these data has nothing left to bind.
	Transforms bool
	// AgedBy is the age fact that is computed from this one; zero if none.
	AgedBy FactID
	// AgeRests tells that the fact is the origin of an age on which exceptions rest.
	AgeRests bool
	Aliases  []string
	// source is the fact whose values it shares (values_of), else nil.
	source  *Fact
	byValue map[string]int
	// ambiguous holds foreign terms that stand for several values: they name none.
	ambiguous map[string]bool
}

// Who can change a fact, of those who are asked to: the caller, a process of his, such as
// asking for consent, or an authority or a court, of which it can only be applied for.
const (
	ControlCaller    = "caller"
	ControlProcess   = "process"
	ControlAuthority = "authority"
)

// Changeable tells a fact that a remedy may change.
func (f *Fact) Changeable() bool { return f.Own() || f.Control == ControlAuthority }

// Own tells a fact that the caller or his processes bring about.
func (f *Fact) Own() bool { return f.Control == ControlCaller || f.Control == ControlProcess }

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

func (f *Fact) suggestValue(s string) string {
	return cmp.Or(Suggest(s, f.ValueNames()), "look it up in vocabulary.yaml")
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
	// calendars are those of places that have one of their own.
	calendars map[RegionID]*Calendar
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
	slices.Sort(out)
	return out
}

// SuggestFact is the remedy for a name that is no fact.
func (v *Vocabulary) SuggestFact(s string) string {
	return cmp.Or(Suggest(s, v.FactNames()), "look it up in vocabulary.yaml")
}

// NewVocabulary is an empty vocabulary over regions, to be filled by Read.
func NewVocabulary(regions *Regions) *Vocabulary {
	return &Vocabulary{
		Facts: make([]*Fact, 1), ActionTypes: map[string]ActionType{}, Places: map[string]FactID{},
		byName: map[string]FactID{}, regions: regions,
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
