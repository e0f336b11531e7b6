// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package which

import (
	"slices"
	"sort"
)

// verdict says how an answer hangs on the facts.
type verdict uint8

const (
	holds     verdict = iota // whatever the open facts are
	hangs                    // on facts that were not given
	excluded                 // by facts that were given
	uncovered                // no facts make it true
)

// solution names the facts: any one of them, or all together.
type solution struct {
	verdict  verdict
	changes  []change
	together bool
}

// solve finds on which facts a statement hangs. It must be monotonous: no change, all of
// which widen, makes it false again. First the facts are sought that settle it alone; where
// there are none, a smallest set that does.
func solve(is func(profile) bool, base profile, soft, hard []change) solution {
	if is(base) {
		return solution{verdict: holds}
	}
	open := base.with(soft...)
	if is(open) {
		return search(is, base, soft, hangs)
	}
	if is(open.with(hard...)) {
		return search(is, open, hard, excluded)
	}
	return solution{verdict: uncovered}
}

func search(is func(profile) bool, from profile, changes []change, v verdict) solution {
	s := solution{verdict: v}
	for _, c := range changes {
		if is(from.with(c)) {
			s.changes = append(s.changes, c)
		}
	}
	if len(s.changes) == 0 {
		s.together = true
		s.changes = slices.Clone(changes)
		for i := len(s.changes) - 1; i >= 0; i-- {
			less := slices.Delete(slices.Clone(s.changes), i, i+1)
			if is(from.with(less...)) {
				s.changes = less
			}
		}
	}
	for i := range s.changes {
		s.least(is, from, i)
	}
	return s
}

// least keeps the least of a change that does: of places the first that does alone, of
// numbers the smallest.
func (s *solution) least(is func(profile) bool, from profile, i int) {
	does := func(to value) bool {
		try := []change{{fact: s.changes[i].fact, to: to}}
		if s.together {
			try = slices.Clone(s.changes)
			try[i].to = to
		}
		return is(from.with(try...))
	}
	c := &s.changes[i]
	if c.fact.Type == typeInt {
		c.to.num = int64(sort.Search(int(c.to.num), func(n int) bool { return does(value{num: int64(n)}) }))
	}
	for _, code := range c.to.places {
		if to := (value{places: []string{code}}); does(to) {
			c.to = to
			return
		}
	}
}
