// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"slices"

	"github.com/comity-project/comity"
)

// Pack is the set as the pack.yaml of a Comity pack with the id "generated".
func (s *Set) Pack() string { return s.pack() }

// Facts is a context as a caller of Comity, or of OPA, writes it.
func (s *Set) Facts(c Context) comity.Facts { return s.facts(c) }

// Rego is one way to write the set for an OPA server; data.comity.answer holds effect,
// applicable and conditions.
type Rego struct {
	Name, Policy string
	Data         map[string]any
}

// Regos lists the ways to write the set: rules that OPA's index can search, with the values
// of a requirement in one rule or with one rule for each combination, and data.
func (s *Set) Regos() []Rego {
	// A partial set that no rule makes would be unknown.
	none := ""
	for name, forbid := range map[string]bool{"forbidden": true, "qualified": false} {
		if !slices.ContainsFunc(s.Requirements, func(r Requirement) bool { return r.Forbid == forbid }) {
			none += name + " := set()\n"
		}
	}
	return []Rego{
		{"rules", regoRules(s, false) + none + opaAnswer, nil},
		{"bodies", regoRules(s, true) + none + opaAnswer, nil},
		{"data", regoComprehension(s) + opaAnswer, regoData(s)},
	}
}
