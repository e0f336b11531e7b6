// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package naive

import (
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

const (
	// industryWeight is the weight of the rules of an industry, which yield to law, as do
	// the lighter ones of a company and those of the order of standards.
	industryWeight = 20
	standards      = "INT"
	// federalWeight is the weight of the demand of a foreign order.
	federalWeight = 40
)

// declared judges the retention laws that the caller names.
func (e *evaluation) declared() {
	f := e.m.Vocab.MustFact("retention_rules")
	if f == nil || e.vals[f.ID] == nil {
		return
	}
	running, today := !elapsed(e.m.Vocab, e.vals), e.vals[e.m.Vocab.Date()].At.Day(time.UTC)
	for i, s := range e.vals[f.ID].Strs {
		in := e.m.MatchRule(s).Instrument
		known := in != nil
		switch {
		case known && !running:
			e.out.DeclaredExpired = append(e.out.DeclaredExpired, i)
		case !running || known && today < in.From:
		case !known && e.operationIs("delete", "retain", "store"):
			e.out.DeclaredUnknown = append(e.out.DeclaredUnknown, i)
			e.out.Missing = append(e.out.Missing, Ask{-1, f.ID})
		case known && e.operationIs("delete"):
			e.violated[Declared(i)] = e.everywhere()
		case known && e.operationIs("retain", "store"):
			e.demanded[Declared(i)] = e.everywhere()
		}
	}
}

// foreignOrder adds the demand that an order of a foreign court or authority makes.
func (e *evaluation) foreignOrder() {
	f := e.m.Vocab.MustFact("transfer_mechanism")
	if f == nil || e.vals[f.ID] == nil || !e.given("to_region") {
		return
	}
	if _, ok := e.operation(); !ok {
		return
	}
	if i, ok := f.ValueIndex("foreign_order"); ok && slices.Contains(e.vals[f.ID].Items, i) {
		e.demanded[ForeignOrder] = e.everywhere()
	}
}

// everywhere numbers all combinations.
func (e *evaluation) everywhere() []int {
	var all []int
	for n := range e.combinations {
		all = append(all, n)
	}
	return all
}

// party is one side of a contradiction: a rule, a declared law, or a foreign order.
type party struct {
	rule   *pack.Rule
	order  pack.RegionID
	weight int
	zone   *time.Location
}

func (e *evaluation) party(key int) party {
	switch {
	case key == ForeignOrder:
		to := e.m.Vocab.MustFact("to_region")
		return party{order: pack.RegionID(e.vals[to.ID].Items[0]), weight: federalWeight}
	case key < 0:
		f := e.m.Vocab.MustFact("retention_rules")
		in := e.m.MatchRule(e.vals[f.ID].Strs[-key-1]).Instrument
		return party{order: in.Order, weight: in.Weight, zone: time.UTC}
	}
	r := e.m.Rules[key]
	return party{rule: r, order: r.Pack.Order, weight: r.Pack.Weight, zone: zoneOf(r.Pack)}
}

// yields tells whether the party gives way to law of any order.
func (e *evaluation) yields(p party) bool {
	return p.weight <= industryWeight || e.m.Vocab.Regions().Code(p.order) == standards
}

// answer is how a violation fares against one demand.
type answer int

const (
	stays answer = iota
	dropped
	conflict
)

// contradict holds each violation against each demand and lists what stays.
func (e *evaluation) contradict() {
	for v, where := range e.violated {
		stay := false
		for _, n := range where {
			stay = e.contradictAt(v, n) || stay
		}
		switch {
		case stay && v < 0:
			e.out.DeclaredViolated = append(e.out.DeclaredViolated, -v-1)
		case stay:
			e.out.Violated = append(e.out.Violated, v)
		}
	}
}

// contradictAt tells whether violation v stays at combination n, and notes its conflicts.
func (e *evaluation) contradictAt(v, n int) bool {
	stay := true
	for d, where := range e.demanded {
		if !slices.ContainsFunc(where, func(m int) bool { return e.sameCase(m, n) }) {
			continue
		}
		switch e.meet(v, d) {
		case conflict:
			e.out.Conflicts = append(e.out.Conflicts, Pair{v, d})
			stay = false
		case dropped:
			stay = false
		}
	}
	return stay
}

// sameCase tells combinations that differ at most in what describes the actor: one actor
// can be established in two places and bound by both laws.
func (e *evaluation) sameCase(m, n int) bool {
	for id, x := range e.combinations[m] {
		if e.m.Vocab.Facts[id].Role != pack.RoleActor && e.combinations[n][id] != x {
			return false
		}
	}
	return true
}

// meet holds violation v against demand d (SEMANTICS section 3, step 3).
func (e *evaluation) meet(v, d int) answer {
	a, b := e.party(v), e.party(d)
	if a.rule != nil {
		if a.rule.Kind != pack.Forbid && a.rule.Kind != pack.Localise && a.rule.Kind != pack.Retain {
			return stays
		}
		if b.rule != nil && a.rule.ID == b.rule.ID {
			return stays
		}
	}
	regions := e.m.Vocab.Regions()
	day := e.vals[e.m.Vocab.Date()].At.Day(a.zone)
	if b.rule != nil {
		for _, branch := range b.rule.Branches {
			if branch.RecognisesAny || regions.In(a.order, branch.Recognises, day) == pack.True {
				return stays
			}
		}
	}
	switch {
	case e.yields(b): // also to another rule that is no law
		return stays
	case e.yields(a):
		return dropped
	case regions.In(a.order, []pack.RegionID{b.order}, day) == pack.True,
		regions.In(b.order, []pack.RegionID{a.order}, day) == pack.True:
		if b.weight > a.weight {
			return dropped
		}
		return stays
	}
	return conflict
}
