// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package naive interprets a linked model in the most literal way: it tries every
// combination of single elements, walks each condition tree with Kleene's three values and
// remembers nothing. It is the second opinion on the compiled engine, shares no code with
// it, and is imported by tests only.
package naive

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// The effects of an Outcome.
const (
	Allow  = "allow"
	Deny   = "deny"
	Review = "review"
)

// ForeignOrder stands for the demand that transfer_mechanism: foreign_order makes, and
// Declared for the i-th entry of retention_rules, where a Pair names a rule otherwise.
const ForeignOrder = math.MinInt32

// Declared encodes the i-th entry of retention_rules for a Pair.
func Declared(i int) int { return -(i + 1) }

// Held is a branch that held where its rule bound; Open if it still asks for something.
type Held struct {
	Rule, Branch int
	Open         bool
}

// Pair is a contradiction between the violation V and the demand D: rule indexes,
// Declared(i) or ForeignOrder.
type Pair struct{ V, D int }

// Ask is a fact without which the answer is review; Rule is -1 where the operation itself
// needs it.
type Ask struct {
	Rule int
	Fact pack.FactID
}

// Node is an outside node of a pack, both by index.
type Node struct{ Pack, Node int }

// Outcome is what the model says about one question. The lists are sorted and unique.
type Outcome struct {
	Effect string
	// Bound to Demands hold rule indexes; Violated lists those that stayed in V, Applied
	// the qualify rules, Questions the review rules without an answer.
	Bound, Violated, Duties, Met, Applied, Questions, Demands []int
	// DeclaredViolated, DeclaredExpired and DeclaredUnknown index retention_rules.
	DeclaredViolated, DeclaredExpired, DeclaredUnknown []int
	Conflicts                                          []Pair
	Held                                               []Held
	Missing                                            []Ask
	// Outside lists nodes that were true where their pack's reach was.
	Outside []Node
}

// evaluation is one question on its way to an Outcome.
type evaluation struct {
	m      *pack.Model
	vals   pack.Values
	review bool
	out    Outcome
	// violated and demanded hold, per rule index, Declared(i) or ForeignOrder, the
	// numbers of the combinations at which it is violated or demands the operation.
	violated, demanded map[int][]int
	combinations       []combination
}

// Evaluate judges vals, which are parsed, closed under implies and aged. With review the
// mode is missing=review, else missing=ignore.
func Evaluate(m *pack.Model, vals pack.Values, review bool) Outcome {
	e := &evaluation{m: m, vals: vals, review: review, violated: map[int][]int{}, demanded: map[int][]int{}}
	e.combinations = combinations(m.Vocab, vals)
	zones := map[*pack.Pack]*time.Location{}
	for _, p := range m.Packs {
		zones[p] = zoneOf(p)
	}
	for n, c := range e.combinations {
		for i, p := range m.Packs {
			e.outside(i, newView(m, vals, c, zones[p]))
		}
		for _, r := range m.Rules {
			e.judge(r, newView(m, vals, c, zones[r.Pack]), n)
		}
	}
	e.needs()
	e.declared()
	e.foreignOrder()
	e.contradict()
	e.finish()
	return e.out
}

func zoneOf(p *pack.Pack) *time.Location {
	loc, err := time.LoadLocation(p.Zone)
	if err != nil {
		panic("naive: the reader of packs let the zone " + p.Zone + " pass: " + err.Error())
	}
	return loc
}

// outside notes the outside nodes of pack i that hold at one combination.
func (e *evaluation) outside(i int, w *view) {
	p := e.m.Packs[i]
	if w.kleene(p.Reach.When) != pack.True {
		return
	}
	for j, n := range p.Outside {
		if w.kleene(n.When) == pack.True {
			e.out.Outside = append(e.out.Outside, Node{i, j})
		}
	}
}

// needs asks for the facts without which the operation is not judged.
func (e *evaluation) needs() {
	op, ok := e.operation()
	if !e.review {
		return
	}
	if !ok {
		e.out.Missing = append(e.out.Missing, Ask{-1, e.m.Vocab.Op()})
		return
	}
	for _, o := range e.m.Vocab.Operations {
		if o.Index != op {
			continue
		}
		for _, f := range o.Needs {
			if e.vals[f] == nil {
				e.out.Missing = append(e.out.Missing, Ask{-1, f})
			}
		}
	}
	est := e.m.Vocab.MustFact("controller_establishment")
	if est != nil && !e.given("controller_establishment") && !e.given("targets") {
		e.out.Missing = append(e.out.Missing, Ask{-1, est.ID})
	}
}

// given tells whether the vocabulary has the named fact and the question its value.
func (e *evaluation) given(name string) bool {
	f := e.m.Vocab.MustFact(name)
	return f != nil && e.vals[f.ID] != nil
}

// operation is the value index of the operation that is asked about.
func (e *evaluation) operation() (int, bool) {
	v := e.vals[e.m.Vocab.Op()]
	if v == nil || len(v.Items) == 0 {
		return 0, false
	}
	return v.Items[0], true
}

// operationIs tells whether the operation is one of those named.
func (e *evaluation) operationIs(names ...string) bool {
	op, ok := e.operation()
	for _, n := range names {
		if i, known := e.m.Vocab.Facts[e.m.Vocab.Op()].ValueIndex(n); ok && known && i == op {
			return true
		}
	}
	return false
}

// finish decides the effect and puts the lists in order.
func (e *evaluation) finish() {
	o := &e.out
	for _, list := range []*[]int{
		&o.Bound, &o.Violated, &o.Duties, &o.Met, &o.Applied, &o.Questions, &o.Demands,
		&o.DeclaredViolated, &o.DeclaredExpired, &o.DeclaredUnknown,
	} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	o.Conflicts = ordered(o.Conflicts, func(p Pair) []int { return []int{p.V, p.D} })
	o.Held = ordered(o.Held, func(h Held) []int { return []int{h.Rule, h.Branch, number(h.Open)} })
	o.Missing = ordered(o.Missing, func(a Ask) []int { return []int{a.Rule, int(a.Fact)} })
	o.Outside = ordered(o.Outside, func(n Node) []int { return []int{n.Pack, n.Node} })
	switch {
	case len(o.Violated) > 0 || len(o.DeclaredViolated) > 0:
		o.Effect = Deny
	case len(o.Conflicts) > 0 || len(o.Missing) > 0 || len(o.Questions) > 0:
		o.Effect = Review
	default:
		o.Effect = Allow
	}
}

// ordered sorts list by its key and removes what stands twice.
func ordered[T comparable](list []T, key func(T) []int) []T {
	slices.SortFunc(list, func(a, b T) int { return slices.CompareFunc(key(a), key(b), cmp.Compare[int]) })
	return slices.Compact(list)
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
