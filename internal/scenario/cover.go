// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Coverage tells which parts of packs no case uses.
type Coverage struct {
	Requirements Rate `json:"requirements"`
	Branches     Rate `json:"branches"`
	Conditions   Rate `json:"conditions"`
	Outside      Rate `json:"outside"`
	Edges        Rate `json:"edges"`
	// Uncovered names each part that lacks a case, in the order of the packs.
	Uncovered []string `json:"uncovered,omitempty"`
}

// seen is what a set of cases used.
type seen struct {
	stopped, passed, branches, conditions, outside, edges map[string]bool
}

// Cover computes the coverage of the model's packs with the given ids by decided cases.
func Cover(m *pack.Model, ids []string, outcomes []Outcome) Coverage {
	s := collect(m, outcomes)
	var c Coverage
	note := func(r *Rate, ok bool, what string) {
		r.add(ok)
		if !ok {
			c.Uncovered = append(c.Uncovered, what)
		}
	}
	for _, p := range m.Packs {
		if len(ids) > 0 && !slices.Contains(ids, p.ID) {
			continue
		}
		for _, q := range p.Requirements {
			note(&c.Requirements, s.stopped[q.ID], q.ID+": no case that it stops")
			note(&c.Requirements, s.passed[q.ID], q.ID+": no case that it lets pass")
			for i := range q.Unless {
				b := &q.Unless[i]
				if b.Permit == "" {
					note(&c.Branches, s.branches[q.ID+"/"+b.ID], q.ID+"/"+b.ID+": no case uses this exception")
				}
				for j := range b.Conditions {
					key := q.ID + "#" + b.Conditions[j].ID
					note(&c.Conditions, s.conditions[key], key+": no case shows this condition")
				}
			}
			for j := range q.Conditions {
				key := q.ID + "#" + q.Conditions[j].ID
				note(&c.Conditions, s.conditions[key], key+": no case shows this condition")
			}
		}
		for _, n := range p.Outside {
			note(&c.Outside, s.outside[p.ID+"/"+n.ID], p.ID+" outside "+n.ID+": no case uses this node")
		}
		for _, e := range p.Edges {
			note(&c.Edges, s.edges[e.Set+"/"+e.ID], "edge "+e.Set+"/"+e.ID+": no case uses this edge")
		}
	}
	return c
}

func collect(m *pack.Model, outcomes []Outcome) seen {
	s := seen{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	kinds := map[string]*pack.Requirement{}
	for _, p := range m.Packs {
		for _, q := range p.Requirements {
			kinds[q.ID] = q
		}
	}
	for _, o := range outcomes {
		if o.Err != nil {
			continue
		}
		d := &o.Decision
		stopped := Stopped(d)
		for _, id := range stopped {
			s.stopped[id] = true
		}
		grounds := map[string]bool{}
		for _, g := range d.Grounds {
			grounds[g.Requirement] = true
			s.passed[g.Requirement] = true
			base, edge, _ := strings.Cut(g.Branch, ":")
			s.branches[g.Requirement+"/"+base] = true
			s.edges[edgeSet(kinds[g.Requirement], base)+"/"+edge] = true
		}
		for _, id := range d.Applicable {
			q := kinds[id]
			switch {
			case q != nil && q.Kind == pack.Oblige && q.Must == nil && !grounds[id]:
				s.stopped[id] = true
			case !slices.Contains(stopped, id):
				s.passed[id] = true
			}
		}
		for _, id := range o.Case.Passes {
			s.passed[id] = s.passed[id] || !slices.Contains(stopped, id)
		}
		for _, c := range d.Conditions {
			s.conditions[c.Requirement+"#"+c.ID] = true
		}
		for _, n := range d.Outside {
			s.outside[n.Pack+"/"+n.ID] = true
		}
		s.permits(kinds, d)
		s.ended(m, d)
	}
	return s
}

// ended counts an edge as used where an answer denies for lack of it and cites what ended it:
// an edge that ended before its law began serves nothing else.
func (s *seen) ended(m *pack.Model, d *comity.Decision) {
	for _, v := range d.Violations {
		cited := func(c string) bool { return slices.Contains(v.Citations, c) }
		for _, p := range m.Packs {
			for _, e := range p.Edges {
				if len(e.EndedBy) > 0 && slices.ContainsFunc(e.Cites, cited) && slices.ContainsFunc(e.EndedBy, cited) {
					s.edges[e.Set+"/"+e.ID] = true
				}
			}
		}
	}
}

// edgeSet is the set of edges that an exception rests on, empty if it is none.
func edgeSet(q *pack.Requirement, branch string) string {
	if q == nil {
		return ""
	}
	for i := range q.Unless {
		if q.Unless[i].ID == branch {
			return q.Unless[i].EdgeSet
		}
	}
	return ""
}

// permits counts a permit as stopping where an answer denies for lack of it: one of its
// provisions is cited against the operation.
func (s *seen) permits(kinds map[string]*pack.Requirement, d *comity.Decision) {
	if d.Effect == comity.Allow {
		return
	}
	var cited []string
	for _, v := range d.Violations {
		cited = append(cited, v.Citations...)
	}
	for id, q := range kinds {
		if q.Kind != pack.Permit || s.stopped[id] {
			continue
		}
		cites := slices.Clone(q.Cites)
		for i := range q.Unless {
			cites = append(cites, q.Unless[i].Cites...)
		}
		s.stopped[id] = slices.ContainsFunc(cites, func(c string) bool { return slices.Contains(cited, c) })
	}
}
