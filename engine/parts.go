// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/comity-project/comity"
)

// decideAll answers a request with several parts: the gravest effect, the union of what
// each part gives, marked with its number, and the intersection of regions.
func (lib *library) decideAll(p *Program, req comity.Request) (comity.Decision, error) {
	if len(req.Parts) == 0 {
		return comity.Decision{}, badRequest("facts", errors.New("the list of parts is empty"), "give at least one facts object")
	}
	j := partJoiner{op: p.facts[p.op].def.Name}
	for i, part := range req.Parts {
		facts := maps.Clone(req.Facts)
		if facts == nil {
			facts = comity.Facts{}
		}
		maps.Copy(facts, part)
		w := lib.worker(p)
		d, err := w.decide(facts, req)
		lib.pool.Put(w)
		if err != nil {
			return comity.Decision{}, fmt.Errorf("part %d: %w", i, err)
		}
		j.add(&d, i)
	}
	return j.finish(req.Explain), nil
}

// partJoiner joins the answers to the parts of one request. Numbers of parts are those of
// the request, from 0.
type partJoiner struct {
	all   comity.Decision
	parts int
	op    string
	// explained are the paragraphs of the explanations, each with its parts.
	explained []explainedPart
}

type explainedPart struct {
	text  string
	parts []int
}

func gravity(e comity.Effect) int {
	switch e {
	case comity.Deny:
		return 3
	case comity.Review:
		return 2
	}
	return 1
}

func (j *partJoiner) add(d *comity.Decision, i int) {
	all := &j.all
	if i == 0 {
		*all = comity.Decision{Effect: d.Effect, About: d.About, Mode: d.Mode, At: d.At, KnownAt: d.KnownAt, Program: d.Program}
		all.Regions = maps.Clone(d.Regions)
	} else {
		all.Regions = intersectRegions(all.Regions, d.Regions)
	}
	for kind, list := range d.RegionsUnsure {
		if all.RegionsUnsure == nil {
			all.RegionsUnsure = map[string][]string{}
		}
		all.RegionsUnsure[kind] = merge(slices.Clone(all.RegionsUnsure[kind]), list)
	}
	j.parts++
	// The gravest part's citations come first.
	if gravity(d.Effect) > gravity(all.Effect) {
		all.Effect = d.Effect
		all.Citations = merge(slices.Clone(d.Citations), all.Citations)
	} else {
		all.Citations = merge(all.Citations, d.Citations)
	}
	if d.ValidUntil != nil && (all.ValidUntil == nil || d.ValidUntil.Before(*all.ValidUntil)) {
		all.ValidUntil = d.ValidUntil
	}
	j.addLists(d, i)
	all.Applicable = merge(all.Applicable, d.Applicable)
	all.Unbound = merge(all.Unbound, d.Unbound)
	all.NotAtIssue = merge(all.NotAtIssue, d.NotAtIssue)
	all.Warnings = merge(all.Warnings, d.Warnings)
	for _, x := range d.Packs {
		all.Packs = appendNew(all.Packs, x)
	}
	for _, text := range d.Explanation {
		at := slices.IndexFunc(j.explained, func(x explainedPart) bool { return x.text == text })
		if at < 0 {
			at = len(j.explained)
			j.explained = append(j.explained, explainedPart{text: text})
		}
		j.explained[at].parts = append(j.explained[at].parts, i)
	}
}

// addLists joins the findings: those that say the same are one, with all their parts.
// Violations by other facts, and with other remedies, stay apart.
func (j *partJoiner) addLists(d *comity.Decision, i int) {
	all := &j.all
	all.Violations = join(all.Violations, d.Violations, i, func(a, b *comity.Violation) bool {
		return a.Requirement == b.Requirement && reflect.DeepEqual(a.Facts, b.Facts) && reflect.DeepEqual(a.Remedies, b.Remedies)
	}, func(v *comity.Violation) *[]int { return &v.Parts })
	all.Conditions = join(all.Conditions, d.Conditions, i, func(a, b *comity.Condition) bool {
		return a.ID == b.ID && a.Requirement == b.Requirement && a.Due == b.Due && a.Text == b.Text
	}, func(c *comity.Condition) *[]int { return &c.Parts })
	all.Conflicts = join(all.Conflicts, d.Conflicts, i, func(a, b *comity.Conflict) bool {
		return slices.Equal(a.Requirements, b.Requirements)
	}, func(c *comity.Conflict) *[]int { return &c.Parts })
	// A fact is only possibly missing if it is so in every part that misses it.
	all.Missing = join(all.Missing, d.Missing, i, func(a, b *comity.Missing) bool {
		if a.Fact != b.Fact {
			return false
		}
		a.NeededBy = merge(a.NeededBy, b.NeededBy)
		a.Possible = a.Possible && b.Possible
		return true
	}, func(m *comity.Missing) *[]int { return &m.Parts })
	all.Near = join(all.Near, d.Near, i, func(a, b *comity.Near) bool { return a.Text == b.Text }, func(x *comity.Near) *[]int { return &x.Parts })
	all.Duties = join(all.Duties, d.Duties, i, func(a, b *comity.Duty) bool { return a.ID == b.ID && a.Requirement == b.Requirement && a.Due == b.Due }, func(x *comity.Duty) *[]int { return &x.Parts })
	all.Questions = join(all.Questions, d.Questions, i, func(a, b *comity.Question) bool { return a.Requirement == b.Requirement }, func(x *comity.Question) *[]int { return &x.Parts })
	all.Grounds = join(all.Grounds, d.Grounds, i, func(a, b *comity.Ground) bool {
		return a.Requirement == b.Requirement && a.Branch == b.Branch
	}, func(x *comity.Ground) *[]int { return &x.Parts })
	all.Outside = join(all.Outside, d.Outside, i, func(a, b *comity.OutsideNode) bool { return a.Pack == b.Pack && a.ID == b.ID }, func(x *comity.OutsideNode) *[]int { return &x.Parts })
}

// join adds what a part found to what all did. Where same says that it is there already,
// having joined the two, only the number of the part is noted.
func join[T any](all, more []T, part int, same func(a, b *T) bool, parts func(*T) *[]int) []T {
	for k := range more {
		at := 0
		for at < len(all) && !same(&all[at], &more[k]) {
			at++
		}
		if at == len(all) {
			all = append(all, more[k])
		}
		list := parts(&all[at])
		*list = appendNew(*list, part)
	}
	return all
}

// finish lists a missing operation first and names the parts of each paragraph.
func (j *partJoiner) finish(explain bool) comity.Decision {
	d := &j.all
	if k := slices.IndexFunc(d.Missing, func(m comity.Missing) bool { return m.Fact == j.op }); k > 0 {
		op := d.Missing[k]
		copy(d.Missing[1:k+1], d.Missing[:k])
		d.Missing[0] = op
	}
	if len(d.Applicable) > 0 {
		d.Unbound = nil
	}
	for kind, list := range d.RegionsUnsure { // what another part is denied in is no question
		if ok, restricted := d.Regions[kind]; restricted {
			list = slices.DeleteFunc(list, func(r string) bool { return !slices.Contains(ok, r) })
			d.RegionsUnsure[kind] = list
		}
		if slices.Sort(list); len(list) == 0 {
			delete(d.RegionsUnsure, kind)
		}
	}
	if !explain && len(d.Citations) > MaxCitations {
		d.Citations = d.Citations[:MaxCitations]
	}
	for _, x := range j.explained {
		d.Explanation = append(d.Explanation, partNames(x.parts, j.parts)+x.text)
	}
	return *d
}

// partNames names the parts that a paragraph is about; of one part there is no need to.
func partNames(parts []int, of int) string {
	if of == 1 {
		return ""
	}
	names := make([]string, len(parts))
	for i, n := range parts {
		names[i] = strconv.Itoa(n)
	}
	if len(parts) == 1 {
		return "Part " + names[0] + ": "
	}
	return "Parts " + strings.Join(names, ", ") + ": "
}

// intersectRegions keeps what both allow; a kind that only one restricts stays as it is.
func intersectRegions(a, b map[string][]string) map[string][]string {
	if a == nil && b == nil {
		return nil
	}
	out := maps.Clone(a)
	if out == nil {
		out = map[string][]string{}
	}
	for kind, list := range b {
		have, ok := out[kind]
		if !ok {
			out[kind] = list
			continue
		}
		both := []string{}
		for _, r := range have {
			if slices.Contains(list, r) {
				both = append(both, r)
			}
		}
		out[kind] = both
	}
	return out
}
