// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"cmp"
	"maps"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Case is an operation that somebody wrote down, such as a case of a pack.
type Case struct {
	Name  string
	File  string
	Line  int
	Facts comity.Facts
	Mode  comity.Mode
}

// Judge decides an operation in a mode.
type Judge func(comity.Facts, comity.Mode) (comity.Decision, error)

// Evidence are the cases whose answer changes, and how many of each operation.
type Evidence struct {
	Count      int            `json:"count"`
	Of         int            `json:"of"` // cases that were decided both ways
	Operations map[string]int `json:"operations,omitempty"`
	Cases      []Changed      `json:"cases"`
}

// Changed is a case with its two answers.
type Changed struct {
	Name      string        `json:"name"`
	File      string        `json:"file"`
	Line      int           `json:"line"`
	Operation string        `json:"operation,omitempty"`
	Mode      comity.Mode   `json:"mode"`
	With      comity.Effect `json:"with"`
	Without   comity.Effect `json:"without"`
	// Drops are the conditions that only the answer with has, Adds those of the other.
	Drops []string `json:"drops,omitempty"`
	Adds  []string `json:"adds,omitempty"`
}

// EvidenceOf decides each case with and without. A case that one of them cannot decide is
// left out. Changed effects come first, then as the cases do.
func EvidenceOf(cases []Case, with, without Judge) *Evidence {
	out := &Evidence{Operations: map[string]int{}, Cases: []Changed{}}
	for i := range cases {
		c := &cases[i]
		a, err := with(c.Facts, c.Mode)
		if err != nil {
			continue
		}
		b, err := without(c.Facts, c.Mode)
		if err != nil {
			continue
		}
		out.Of++
		x := Changed{Name: c.Name, File: c.File, Line: c.Line, Mode: c.Mode, With: a.Effect, Without: b.Effect}
		x.Drops, x.Adds = lacks(&a, &b), lacks(&b, &a)
		if x.With == x.Without && len(x.Drops)+len(x.Adds) == 0 {
			continue
		}
		x.Operation, _ = c.Facts["operation"].(string)
		out.Count++
		out.Operations[x.Operation]++
		out.Cases = append(out.Cases, x)
	}
	slices.SortStableFunc(out.Cases, func(a, b Changed) int { return cmp.Compare(graver(a), graver(b)) })
	return out
}

// graver puts cases whose effect changes before those whose conditions do.
func graver(x Changed) int {
	if x.With != x.Without {
		return 0
	}
	return 1
}

// lacks lists the conditions of a that b has not.
func lacks(a, b *comity.Decision) []string {
	has := map[string]bool{}
	for i := range b.Conditions {
		has[condition(&b.Conditions[i])] = true
	}
	out := map[string]bool{}
	for i := range a.Conditions {
		if name := condition(&a.Conditions[i]); !has[name] {
			out[name] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}

func condition(c *comity.Condition) string { return c.Requirement + "/" + c.ID }

// Forget is a judge that is not told a fact: neither it nor, of an age, the day from which
// it counts. It is nil for the operation and the date, without which nothing is judged.
func (g *Graph) Forget(f *pack.Fact, judge Judge) Judge {
	v := g.m.Vocab
	if f.ID == v.Op() || f.ID == v.Date() {
		return nil
	}
	q := g.question(newFormula())
	base := q.base(f.ID)
	var names []string
	for _, x := range v.Facts[1:] {
		if x != nil && q.base(x.ID) == base {
			names = append(names, x.Name)
		}
	}
	return func(facts comity.Facts, mode comity.Mode) (comity.Decision, error) {
		less := with(facts, nil)
		for _, name := range names {
			delete(less, name)
		}
		return judge(less, mode)
	}
}
