// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

// harden measures enforcement case by case, so that progress can be shown.
func harden(eng *engine.Engine, cases []scenario.Case, p *progress) scenario.Robust {
	all := scenario.Robust{Facts: map[string]int{}, Requirements: map[string]int{}}
	for i := range cases {
		p.at(i)
		one := scenario.Harden(eng, cases[i:i+1])
		all.Denials += one.Denials
		all.WithHoles += one.WithHoles
		all.NotDenied = append(all.NotDenied, one.NotDenied...)
		all.Holes = append(all.Holes, one.Holes...)
		all.Allowed += one.Allowed
		all.Complete += one.Complete
		all.ToReview = append(all.ToReview, one.ToReview...)
		all.ToDeny = append(all.ToDeny, one.ToDeny...)
		for k, n := range one.Facts {
			all.Facts[k] += n
		}
		for k, n := range one.Requirements {
			all.Requirements[k] += n
		}
	}
	return all
}

func printRobust(s *screen, r *scenario.Robust) {
	row := func(name string, n, of int) {
		cell := "-"
		if of > 0 {
			cell = rate(scenario.Rate{Right: n, Of: of, Share: float64(n) / float64(of)})
		}
		s.printf("%-24s %18s\n", name, cell)
	}
	s.printf("\n%s\n", s.paint(faint, "in enforcement (missing=review)"))
	row("denials with a hole", r.WithHoles, r.Denials)
	row("denials not denied", len(r.NotDenied), r.Denials)
	row("complete allows: review", len(r.ToReview), r.Complete)
	row("complete allows: deny", len(r.ToDeny), r.Complete)
	for _, h := range r.Holes {
		s.printf("%s %s without %s: %s\n", s.paint(red, "HOLE"), clean(h.Case), h.Fact, strings.Join(h.Requirements, ", "))
	}
	for _, list := range []struct {
		name  string
		cases []string
	}{{"not denied", r.NotDenied}, {"to review", r.ToReview}, {"to deny", r.ToDeny}} {
		s.row(list.name, plain, strings.Join(list.cases, ", "))
	}
	s.row("facts", plain, counted(r.Facts))
	s.row("laws", plain, counted(r.Requirements))
	s.printf("\n")
}

// mostBehind is how many names of each kind the report lists.
const mostBehind = 12

// counted lists the most frequent names behind what remains.
func counted(m map[string]int) string {
	names := scenario.Top(m, mostBehind)
	for i, n := range names {
		names[i] = fmt.Sprintf("%s (%d)", n, m[n])
	}
	return strings.Join(names, ", ")
}
