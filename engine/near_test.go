// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/naive/gen"
	"github.com/comity-project/comity/internal/pack"
)

// TestNear: an explained answer tells the thresholds next to which a given number lies.
func TestNear(t *testing.T) {
	export := func(persons int) comity.Facts {
		return comity.Facts{
			"operation": "transfer", "date": "2026-05-01", "subject_location": "CN", "controller_establishment": "CN", "from_region": "CN",
			"to_region": "US", "controller_type": "company", "data_categories": "contact", "transfer_mechanism": "none", "persons_this_year": persons,
		}
	}
	e := must(New(Options{}))
	for _, c := range []struct {
		persons int
		want    []string // threshold, requirement, part of the text
	}{
		{89_999, nil},
		{90_000, []string{"CN-CBDF-8", "persons_this_year is 90000: at 100000, CN-CBDF-8 begins to bind (", "and the answer is deny instead of allow."}},
		{99_999, []string{"CN-CBDF-8", "at 100000, CN-CBDF-8 begins to bind ("}},
		{100_000, []string{"CN-CBDF-8", "persons_this_year is 100000: at 99999, CN-CBDF-8 no longer binds (", "and the answer is allow instead of deny."}},
		{110_000, []string{"CN-CBDF-8", "at 99999, CN-CBDF-8 no longer binds"}},
		{110_001, nil},
	} {
		for _, explain := range []bool{false, true} {
			d, err := e.Decide(comity.Request{Facts: export(c.persons), Explain: explain})
			if err != nil {
				t.Fatal(err)
			}
			if !explain || c.want == nil {
				if len(d.Near) > 0 {
					t.Errorf("%d persons, explain %v: near %v, want nothing", c.persons, explain, d.Near)
				}
				continue
			}
			if len(d.Near) != 1 || d.Near[0].Fact != "persons_this_year" || d.Near[0].Given != int64(c.persons) || d.Near[0].Threshold != 100_000 || d.Near[0].Requirement != c.want[0] {
				t.Errorf("%d persons: near %+v, want %v", c.persons, d.Near, c.want)
				continue
			}
			for _, part := range c.want[1:] {
				if !strings.Contains(d.Near[0].Text, part) {
					t.Errorf("%d persons: %q lacks %q", c.persons, d.Near[0].Text, part)
				}
			}
			if !slices.Contains(d.Explanation, d.Near[0].Text) {
				t.Errorf("%d persons: the explanation lacks %q", c.persons, d.Near[0].Text)
			}
		}
	}
	// The parts of a question speak for themselves.
	d, err := e.Decide(comity.Request{Parts: []comity.Facts{export(99_000), export(10), export(99_000)}, Explain: true})
	if err != nil || len(d.Near) != 1 || !slices.Equal(d.Near[0].Parts, []int{0, 2}) {
		t.Errorf("parts: near %+v, %v", d.Near, err)
	}
}

// TestNearEqualsAsking: a number is near a threshold exactly where asking one by one finds
// another answer; random models compare with small numbers only.
func TestNearEqualsAsking(t *testing.T) {
	found := 0
	forModels(t, 300, 77, func(t *testing.T, p *Program, r *rand.Rand) {
		in, other := p.NewInput(), p.NewInput()
		for range 8 {
			facts := gen.Facts(r, p.model)
			for _, mode := range modes {
				if p.Encode(in, facts, time.Time{}) != nil {
					continue
				}
				var res Result
				p.evaluate(in, mode == comity.MissingReview, &res)
				got := map[string]bool{}
				for _, n := range p.Decision(in, &res, true).Near {
					got[n.Fact] = true
				}
				for f, given := range countsOf(p, in) {
					name := p.facts[f].def.Name
					want := p.turnsNextTo(t, other, facts, mode, name, given)
					if got[name] != want {
						t.Fatalf("mode %s, %s is %d: near %v, want %v\nfacts %v", mode, name, given, got[name], want, facts)
					}
					if want {
						found++
					}
				}
			}
		}
	})
	if found < scale(50) {
		t.Errorf("only %d numbers were near a threshold", found)
	}
}

// countsOf are the given numbers that are no ages.
func countsOf(p *Program, in *Input) map[pack.FactID]int64 {
	out := map[pack.FactID]int64{}
	for id := range p.facts {
		if def := p.facts[id].def; def != nil && def.Kind == pack.KindInt && def.Ages == pack.NoUnit && in.given.has(def.ID) {
			out[def.ID] = in.num[id]
		}
	}
	return out
}

// turnsNextTo tells whether the answer changes somewhere between two numbers of which one
// is at most one away from the given one, and the constant between them too.
func (p *Program) turnsNextTo(t *testing.T, in *Input, facts comity.Facts, mode comity.Mode, name string, given int64) bool {
	t.Helper()
	at := func(n int64) *Result {
		all := comity.Facts{}
		for k, v := range facts {
			all[k] = v
		}
		all[name] = n
		if p.Encode(in, all, time.Time{}) != nil {
			return nil
		}
		var res Result
		p.evaluate(in, mode == comity.MissingReview, &res)
		return &res
	}
	for _, x := range p.thresholds[p.names[name]] {
		if max(given-x.num, x.num-given) > 1 {
			continue
		}
		a, b := at(x.below), at(x.below+1)
		if a != nil && b != nil && !a.same(b) && p.speaks(a, b) {
			return true
		}
	}
	return false
}

// speaks tells whether two results differ in what a requirement does.
func (p *Program) speaks(a, b *Result) bool {
	r := &report{p: p}
	for no := range p.packs {
		if len(r.only(uint16(no), a.bound, b.bound))+len(r.only(uint16(no), b.bound, a.bound))+len(r.changed(uint16(no), a, b)) > 0 {
			return true
		}
	}
	return false
}
