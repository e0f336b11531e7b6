// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"testing"
)

// TestDutiesAreDue: a duty that can be met until a day says so, as the law's zone counts it,
// also while it is met only because the time for it runs.
func TestDutiesAreDue(t *testing.T) {
	e := engineWith(t, law("p EU treaty Europe/Brussels", `
instruments: [{cite: Act}]
requirements:
- {id: ANSWER, kind: oblige, ~, when: request_received_at >= 2020-01-01, must: proof == true or date <= $request_received_at + 1 month and not shown proof == true}
- {id: LATE, kind: oblige, ~, when: request_received_at >= 2020-01-01, must: dpia == true or not shown date > $request_received_at + 3 days}
- {id: TOLD, kind: oblige, ~, when: breach_known_at >= 2020-01-01, must: notice_given == true and not shown request_received_at > $breach_known_at + 72 hours}
- {id: ONLY, kind: oblige, ~, when: request_received_at >= 2020-01-01, must: date <= $request_received_at + 2 years}
- {id: TWO, kind: oblige, ~, when: breach_known_at >= 2020-01-01, must: "badge == true or date <= $breach_known_at + 2 days or date <= $breach_known_at + 3 days"}
`[1:]))
	for question, want := range map[string][]string{
		// 23:30Z on 31 January is 1 February in Brussels.
		"request_received_at=2024-01-31T23:30:00Z date=2024-02-02":                          {"ANSWER by 2024-03-01", "LATE by 2024-02-04"},
		"request_received_at=2024-01-31 date=2024-02-02":                                    {"ANSWER by 2024-02-29", "LATE by 2024-02-03"},
		"request_received_at=2024-01-31 date=2024-02-02 proof=true dpia=true":               nil,
		"request_received_at=2024-01-31 date=2024-02-02 proof=false":                        {"ANSWER by 2024-02-29", "LATE by 2024-02-03"},
		"breach_known_at=2024-01-31T10:00:00Z date=2024-02-01":                              {"TOLD by 2024-02-03T10:00:00Z", "TWO"},
		"breach_known_at=2024-01-31T10:00:00Z date=2024-02-01 notice_given=true badge=true": nil,
	} {
		var got []string
		for _, d := range decide(t, e, question).Duties {
			text := d.ID
			if d.Due != "" {
				text += " by " + d.Due
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", question, got, want)
		}
	}
}
