// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package flip

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// Hint adds what a search should look at: the changes of one pack between two versions.
// The facts that changed requirements, edges, terms and nodes read are varied, and the
// days on which they begin or end are dates to ask for.
func (s *Search) Hint(changes []pack.Change, sides ...pack.Side) {
	ids := map[string][]string{}
	for _, c := range changes {
		ids[c.What] = append(ids[c.What], c.ID)
		if c.What == "requirement" && !slices.Contains(s.Requirements, c.ID) {
			s.Requirements = append(s.Requirements, c.ID)
		}
	}
	has := func(what, id string) bool { return slices.Contains(ids[what], id) }
	for _, side := range sides {
		if side.Pack == nil {
			continue
		}
		var conds []*pack.Cond
		for _, q := range side.Pack.Requirements {
			if has("requirement", q.ID) {
				conds = append(conds, condsOf(q)...)
				s.dates(q.From, q.Until)
			}
		}
		for _, e := range side.Pack.Edges {
			if has("edge", e.Set+"/"+e.ID) {
				conds = append(conds, e.When, e.Claim)
				s.dates(e.From, e.Until)
				s.places(side.Vocab, e)
			}
		}
		for _, name := range ids["term"] {
			conds = append(conds, side.Pack.Terms[name])
		}
		if has("reach", "") {
			conds = append(conds, side.Pack.Reach.When)
		}
		for i := range side.Pack.Outside {
			if has("outside", side.Pack.Outside[i].ID) {
				conds = append(conds, side.Pack.Outside[i].When)
			}
		}
		s.vary(Values(side.Vocab, conds)...)
	}
}

func condsOf(q *pack.Requirement) []*pack.Cond {
	out := []*pack.Cond{q.When, q.Must}
	for i := range q.Unless {
		out = append(out, q.Unless[i].When, q.Unless[i].Claim)
	}
	return out
}

func (s *Search) dates(days ...pack.Day) {
	for _, d := range days {
		if d != pack.DayMin && d != pack.DayMax && !slices.Contains(s.Dates, d) {
			s.Dates = append(s.Dates, d)
		}
	}
}

// places lets a transfer go along an edge.
func (s *Search) places(v *pack.Vocabulary, e *pack.Edge) {
	for _, x := range []struct {
		fact string
		ids  []pack.RegionID
	}{{"from_region", e.Origin}, {"to_region", e.Destination}} {
		if v.MustFact(x.fact) == nil {
			continue
		}
		for _, id := range x.ids[:min(len(x.ids), maxValues)] {
			s.vary(Variation{x.fact, v.Regions().Code(id)})
		}
	}
}

func (s *Search) vary(list ...Variation) {
	for _, v := range list {
		if !slices.Contains(s.Vary, v) {
			s.Vary = append(s.Vary, v)
		}
	}
}
