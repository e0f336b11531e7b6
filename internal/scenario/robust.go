// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"maps"
	"slices"
	"sort"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// Hole is a denial that becomes a plain allow in enforcement when one fact is left out.
type Hole struct {
	Case         string   `json:"case"`
	Fact         string   `json:"fact"`
	Requirements []string `json:"requirements"`
}

// Robust measures enforcement against missing facts: how many denials have a hole, and how
// many allowed cases with complete needs are no longer allowed.
type Robust struct {
	Denials   int `json:"denials"`
	WithHoles int `json:"with_holes"`
	// NotDenied counts denials that enforcement answers otherwise with all facts given.
	NotDenied []string `json:"not_denied,omitempty"`
	Holes     []Hole   `json:"holes,omitempty"`
	Allowed   int      `json:"allowed"`
	Complete  int      `json:"complete"`
	ToReview  []string `json:"to_review,omitempty"`
	ToDeny    []string `json:"to_deny,omitempty"`
	// Facts and Requirements count what is behind the holes, reviews and denials.
	Facts        map[string]int `json:"facts,omitempty"`
	Requirements map[string]int `json:"requirements,omitempty"`
}

// Harden decides cases in missing=review: every denied one without each of its facts in
// turn, every allowed one as it is.
func Harden(e *engine.Engine, cases []Case) Robust {
	r := Robust{Facts: map[string]int{}, Requirements: map[string]int{}}
	for _, c := range cases {
		switch c.Effect {
		case comity.Deny:
			r.denied(e, c)
		case comity.Allow:
			r.allowed(e, c)
		}
	}
	return r
}

// enforced is the case's question in missing=review, with other facts: those that parts
// share, where there are any.
func (c *Case) enforced(facts comity.Facts) comity.Request {
	return comity.Request{Facts: facts, Parts: c.Parts, KnownAt: c.KnownAt, Missing: comity.MissingReview}
}

// Add counts in what another measurement found.
func (r *Robust) Add(o Robust) {
	r.Denials += o.Denials
	r.WithHoles += o.WithHoles
	r.NotDenied = append(r.NotDenied, o.NotDenied...)
	r.Holes = append(r.Holes, o.Holes...)
	r.Allowed += o.Allowed
	r.Complete += o.Complete
	r.ToReview = append(r.ToReview, o.ToReview...)
	r.ToDeny = append(r.ToDeny, o.ToDeny...)
	for k, n := range o.Facts {
		r.Facts[k] += n
	}
	for k, n := range o.Requirements {
		r.Requirements[k] += n
	}
}

func (r *Robust) denied(e *engine.Engine, c Case) {
	r.Denials++
	full, err := e.Decide(c.enforced(c.Facts))
	if err != nil || full.Effect != comity.Deny {
		r.NotDenied = append(r.NotDenied, c.ID)
		return
	}
	violated := map[string]bool{}
	for _, v := range full.Violations {
		violated[v.Requirement] = true
	}
	names := slices.Sorted(maps.Keys(c.Facts))
	holed := false
	for _, name := range names {
		if name == "date" || name == "operation" {
			continue
		}
		facts := maps.Clone(c.Facts)
		delete(facts, name)
		d, err := e.Decide(c.enforced(facts))
		if err != nil || d.Effect != comity.Allow || len(d.Conditions) > 0 {
			continue
		}
		if slices.ContainsFunc(d.Duties, func(x comity.Duty) bool { return violated[x.Requirement] }) {
			continue
		}
		holed = true
		reqs := slices.Sorted(maps.Keys(violated))
		r.Holes = append(r.Holes, Hole{Case: c.ID, Fact: name, Requirements: reqs})
		r.Facts[name]++
		for _, q := range reqs {
			r.Requirements[q]++
		}
	}
	if holed {
		r.WithHoles++
	}
}

func (r *Robust) allowed(e *engine.Engine, c Case) {
	r.Allowed++
	d, err := e.Decide(c.enforced(c.Facts))
	if err != nil {
		return
	}
	for _, m := range d.Missing {
		if len(m.NeededBy) == 0 {
			return // incomplete by the operation's needs
		}
	}
	r.Complete++
	switch d.Effect {
	case comity.Review:
		r.ToReview = append(r.ToReview, c.ID)
		for _, m := range d.Missing {
			r.Facts[m.Fact]++
			for _, q := range m.NeededBy {
				r.Requirements[q]++
			}
		}
	case comity.Deny:
		r.ToDeny = append(r.ToDeny, c.ID)
		for _, v := range d.Violations {
			r.Requirements[v.Requirement]++
		}
	}
}

// Top lists the most frequent keys of a count, highest first.
func Top(counts map[string]int, n int) []string {
	keys := slices.Sorted(maps.Keys(counts))
	sort.SliceStable(keys, func(i, j int) bool { return counts[keys[i]] > counts[keys[j]] })
	return keys[:min(n, len(keys))]
}
