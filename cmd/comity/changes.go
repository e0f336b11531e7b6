// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

type model = *pack.Model

// changes says what differs between the answers of two twins and which provision says so,
// computed from the two decisions and from the dates in the packs.
func changes(m model, before, after *twin) []string {
	c := &change{m: m, a: &before.decision, b: &after.decision}
	for _, g := range missingFrom(c.a.Grounds, c.b.Grounds, groundKey) {
		c.groundEnded(g)
	}
	for _, v := range missingFrom(c.b.Violations, c.a.Violations, violationKey) {
		c.began(v.Requirement, "is violated", v.Citations)
	}
	for _, q := range missingFrom(c.b.Questions, c.a.Questions, questionKey) {
		c.began(q.Requirement, "is an open question", q.Citations)
	}
	for _, x := range missingFrom(c.b.Conflicts, c.a.Conflicts, conflictKey) {
		c.add("conflict: "+strings.Join(x.Requirements, " against "), cited(x.Citations))
	}
	for _, g := range missingFrom(c.b.Grounds, c.a.Grounds, groundKey) {
		c.groundBegan(g)
	}
	if c.b.Effect == comity.Allow {
		c.ended(missingFrom(c.a.Violations, c.b.Violations, violationKey))
	}
	return c.lines
}

type change struct {
	m     model
	a, b  *comity.Decision
	lines []string
}

func (c *change) add(text, citations string) {
	if line := text + citations; !slices.Contains(c.lines, line) {
		c.lines = append(c.lines, line)
	}
}

// began tells what stands against the later operation, and since when it binds if that
// lies between the two.
func (c *change) began(id, what string, citations []string) {
	q := c.requirement(id)
	switch {
	case q != nil && c.between(q.From):
		what += ", binding from " + q.From.String()
		if q.Enforced != pack.DayMin {
			what += ", enforced from " + q.Enforced.String()
		}
	case !slices.Contains(c.a.Applicable, id):
		what += ", and does not apply to the other"
	}
	c.add(id+" "+what, cited(fresh(citations, c.a.Citations)))
}

// ended tells of requirements that no longer stand in the way: by their date, or because
// something else is now on their side.
func (c *change) ended(list []comity.Violation) {
	var cured []string
	for _, v := range list {
		if q := c.requirement(v.Requirement); q != nil && c.between(q.Until) {
			c.add(v.Requirement+" ended on "+q.Until.String(), cited(v.Citations[:min(1, len(v.Citations))]))
			continue
		}
		cured = append(cured, v.Requirement)
	}
	if len(cured) > 0 {
		c.add("no longer violated: "+strings.Join(cured, ", "), "")
	}
}

// groundEnded tells that what carried the earlier operation does not carry the later one.
func (c *change) groundEnded(g comity.Ground) {
	e, q := c.edge(g), c.requirement(g.Requirement)
	switch {
	case e != nil && c.between(e.Until):
		c.add(strings.Join(e.Cites, ", ")+" ended on "+e.Until.String(), cited(e.EndedBy))
	case q != nil && c.between(q.Until):
		c.add(g.Requirement+" ended on "+q.Until.String(), cited(g.Citations))
	default:
		c.add("no longer rests on "+g.Requirement+" "+g.Branch, cited(g.Citations))
	}
}

func (c *change) groundBegan(g comity.Ground) {
	e, q := c.edge(g), c.requirement(g.Requirement)
	switch {
	case e != nil && c.between(e.From):
		c.add(strings.Join(e.Cites, ", ")+" began on "+e.From.String(), cited(g.Citations))
	case q != nil && c.between(q.From):
		c.add(g.Requirement+" began on "+q.From.String(), cited(g.Citations))
	default:
		c.add("rests on "+g.Requirement+" "+g.Branch, cited(g.Citations))
	}
}

// between tells a date after the earlier operation and not after the later one.
func (c *change) between(d pack.Day) bool {
	return pack.DayOf(c.a.At) < d && d <= pack.DayOf(c.b.At)
}

func (c *change) requirement(id string) *pack.Requirement {
	for _, p := range c.m.Packs {
		for _, q := range p.Requirements {
			if q.ID == id {
				return q
			}
		}
	}
	return nil
}

// edge is the dated link behind a ground, such as an adequacy decision.
func (c *change) edge(g comity.Ground) *pack.Edge {
	_, id, ok := strings.Cut(g.Branch, ":")
	if !ok {
		return nil
	}
	for _, p := range c.m.Packs {
		for _, e := range p.Edges {
			if e.ID == id && (len(e.Cites) == 0 || slices.Contains(g.Citations, e.Cites[0])) {
				return e
			}
		}
	}
	return nil
}

func groundKey(g comity.Ground) string       { return g.Requirement + "/" + g.Branch }
func violationKey(v comity.Violation) string { return v.Requirement }
func questionKey(q comity.Question) string   { return q.Requirement }
func conflictKey(x comity.Conflict) string   { return strings.Join(x.Requirements, "/") }

// missingFrom are the elements of a that b lacks.
func missingFrom[T any](a, b []T, key func(T) string) []T {
	return slices.DeleteFunc(slices.Clone(a), func(x T) bool {
		return slices.ContainsFunc(b, func(y T) bool { return key(x) == key(y) })
	})
}

// fresh are the citations that are new; all of them if none is.
func fresh(citations, old []string) []string {
	out := slices.DeleteFunc(slices.Clone(citations), func(c string) bool { return slices.Contains(old, c) })
	if len(out) == 0 {
		return citations
	}
	return out
}

func cited(citations []string) string {
	if len(citations) == 0 {
		return ""
	}
	return " [" + cites(citations) + "]"
}

// otherFacts names the facts other than the date that differ.
func otherFacts(a, b comity.Facts) string {
	var out []string
	names := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "date" || reflect.DeepEqual(a[name], b[name]) {
			continue
		}
		if v, ok := b[name]; ok {
			out = append(out, name+" is "+value(v))
		} else {
			out = append(out, name+" is not given")
		}
	}
	return strings.Join(out, ", ")
}
