// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import "slices"

// Decide is the reference: it reads every requirement as the doc comments of
// Requirement say, and does nothing to be fast.
func (s *Set) Decide(c Context) Answer {
	var a Answer
	for i, r := range s.Requirements {
		if !r.applies(c) {
			continue
		}
		a.Applicable = append(a.Applicable, i)
		if r.Forbid {
			a.Deny = true
		} else {
			a.Conditions = append(a.Conditions, i)
		}
	}
	return a
}

func (r Requirement) applies(c Context) bool {
	for d, named := range r.Values {
		if named != nil && !slices.ContainsFunc(c.Values[d], func(v int) bool { return slices.Contains(named, v) }) {
			return false
		}
	}
	return (r.From == 0 || c.Date >= r.From) && (r.Until == 0 || c.Date < r.Until)
}
