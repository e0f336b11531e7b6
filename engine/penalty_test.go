// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

var costly = law("p EU treaty UTC", `penalties:
- {maximum: {en: EUR 1}, cite: Act 1, until: 2024-01-01}
- maximum: {en: EUR 5 for each person}
  cite: Act 2
  from: 2024-01-01
  confidence: unverified
  decisions:
  - {date: 2024-02-01, by: the authority, against: B, amount: EUR 4, source: its site}
  - {date: 2024-12-01, by: the authority, against: C, amount: EUR 5, source: its site}
requirements:
- {id: A, kind: forbid, ~, when: purpose == tax}
`)

// What a breach can cost on that day, and what was imposed by then, stands beside the
// explanation of a violation and nowhere else.
func TestExplainPenalties(t *testing.T) {
	e := engineWith(t, costly)
	costs := func(d comity.Decision) string {
		i := slices.IndexFunc(d.Explanation, func(s string) bool { return strings.HasPrefix(s, "A breach of ") })
		if i < 0 {
			return ""
		}
		return d.Explanation[i]
	}
	for words, want := range map[string]string{
		"explain purpose=tax":                 "A breach of Law p can cost: EUR 5 for each person [Act 2] (unverified). Decided, for example: 2024-02-01 B: EUR 4, the authority.",
		"explain purpose=tax date=2023-06-01": "A breach of Law p can cost: EUR 1 [Act 1].",
		"explain purpose=marketing":           "",
		"purpose=tax":                         "",
	} {
		if got := costs(decide(t, e, "ignore "+words)); got != want {
			t.Errorf("%s:\n got %q\nwant %q", words, got, want)
		}
	}
}

// An answer about a day after a pack's review was due says so, with every mode and in
// answers with parts; one about an earlier day does not.
func TestReviewWarnings(t *testing.T) {
	e := engineWith(t, costly)
	want := []string{"pack p was to be reviewed by 2030-01-01; what changed in its law since 2024-01-01 is not in it"}
	if d := decide(t, e, "purpose=tax date=2030-01-02"); !slices.Equal(d.Warnings, want) {
		t.Errorf("warnings %q", d.Warnings)
	}
	for _, words := range []string{"purpose=tax date=2030-01-01", "purpose=marketing date=2030-01-02"} {
		if d := decide(t, e, words); d.Warnings != nil {
			t.Errorf("%s: warnings %q", words, d.Warnings)
		}
	}
	req := request("purpose=tax date=2030-01-02")
	req.Parts = []comity.Facts{{}, {"purpose": "marketing"}}
	if d, err := e.Decide(req); err != nil || !slices.Equal(d.Warnings, want) {
		t.Errorf("warnings %q, %v", d.Warnings, err)
	}
}
