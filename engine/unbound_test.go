// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"testing"
)

// TestUnbound: an allow that no requirement binds says why, without explanation too.
func TestUnbound(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
reach: {when: subject_location in DE, cite: Act}
outside: [{id: o, when: data_categories == deceased, cite: Act 27}]
requirements:
- {id: G, kind: forbid, ~, from: 2020-01-01, when: purpose == research, unless: [{id: s, when: legal_basis == contract, settled: true, cite: Act}]}
`[1:]))
	const noReach = "No regime's reach is met by the places, persons and actors of this operation."
	for question, want := range map[string][]string{
		"subject_location=DE":                                       {"It is within reach of Law p, but none of their requirements covers this operation, data and date."},
		"subject_location=FR":                                       {noReach},
		"subject_location=CN stored_in=US":                          {noReach, "The packs hold no law of CN and US: what it says there is not answered."},
		"subject_location=DE date=2019-12-31":                       {noReach},
		"subject_location=DE data_categories=deceased":              nil, // outside says it
		"subject_location=DE purpose=research legal_basis=contract": nil,
	} {
		if got := decide(t, e, question).Unbound; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", question, got, want)
		}
	}
}
