// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// home is where the actor is established where the person is.
func (s *search) home() lit {
	v := s.g.m.Vocab
	est, at := v.MustFact("controller_establishment"), v.MustFact("subject_location")
	if est == nil || at == nil || slices.Contains(s.own, est.ID) {
		return yes
	}
	x, y := s.q.variable(est.ID), s.q.variable(at.ID)
	var same []lit
	for i := range x.lits {
		same = append(same, s.f.and(x.lits[i], y.lits[i])) // they range over the same places
	}
	return s.f.or(same...)
}

// fits tells whether facts fit the condition.
func (s *search) fits(facts comity.Facts) bool {
	assume := []lit{s.wanted}
	for _, v := range s.q.variables() {
		given, ok := facts[v.fact.Name]
		if !ok {
			assume = append(assume, -v.given)
			continue
		}
		list, isList := given.([]any)
		if !isList {
			list = []any{given}
		}
		for i, x := range v.vals {
			if slices.Contains(list, x.given) {
				assume = append(assume, v.lits[i])
			}
		}
	}
	return s.f.holds(assume)
}

// famous puts better known places where the engine lets it.
func (s *search) famous(w *Way) error {
	const at, by = "subject_location", "controller_establishment"
	together := w.Facts[at] != nil && equal(w.Facts[at], w.Facts[by])
	for _, v := range s.g.m.Vocab.Facts[1:] {
		if v == nil || v.Kind != pack.KindRegion || w.Facts[v.Name] == nil || v.Name == by && together {
			continue
		}
		x := s.q.variable(v.ID)
		for _, i := range x.of.ranked(x)[:min(len(x.vals), maxFamous)] {
			facts := with(w.Facts, comity.Facts{v.Name: x.vals[i].given})
			if v.List {
				facts[v.Name] = []any{x.vals[i].given}
			}
			if v.Name == at && together {
				facts[by] = facts[at]
			}
			if !s.fits(facts) {
				continue
			}
			d, ok, err := s.try(facts)
			if err != nil {
				return err
			}
			if ok {
				w.Facts, w.Decision = facts, d
				break
			}
		}
	}
	return nil
}

// maxFamous is how many places are tried.
const maxFamous = 40
