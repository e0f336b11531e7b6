// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

// harden measures enforcement case by case, on all processors.
func harden(eng *engine.Engine, cases []scenario.Case, p *progress) scenario.Robust {
	parts := make([]scenario.Robust, len(cases))
	inParallel(len(cases), p, func(i int) { parts[i] = scenario.Harden(eng, cases[i:i+1]) })
	all := scenario.Robust{Facts: map[string]int{}, Requirements: map[string]int{}}
	for _, one := range parts {
		all.Add(one)
	}
	return all
}

// inParallel does n things on all processors and shows how many have begun.
func inParallel(n int, p *progress, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	work := func(shown bool) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			if shown {
				p.at(i)
			}
			do(i)
		}
	}
	for range runtime.GOMAXPROCS(0) - 1 {
		wg.Go(func() { work(false) })
	}
	work(true)
	wg.Wait()
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
