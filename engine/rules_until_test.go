// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "testing"

// endsLaw has requirements in Brussels that end or begin by themselves, each for one purpose.
const endsLaw = `
edges:
- {id: e, set: s, origin: EU, destination: JP, from: 2024-03-31, until: 2024-10-27, cite: Act 45}
outside: [{id: o, when: purpose == loyalty and date >= 2024-08-01, cite: Act}]
requirements:
- {id: FROM, kind: forbid, ~, when: purpose == tax, from: 2024-07-01}
- {id: UNTIL, kind: forbid, ~, when: purpose == testing, until: 2024-07-01}
- {id: CONST, kind: forbid, ~, when: purpose == booking and date >= 2024-12-31 + 1 month}
- {id: EQUAL, kind: forbid, ~, when: purpose == payment and date == 2024-12-24}
- {id: EDGE, kind: forbid, ~, when: purpose == research, unless: [{id: b, edges: s, settled: true, cite: Act}]}
- {id: LEFT, kind: forbid, ~, when: purpose == pricing and subject_location in EU}
- {id: AGE, kind: forbid, ~, when: purpose == marketing and subject_age < 18}
- {id: OVER, kind: forbid, ~, when: purpose == advertising and retained_months > 1}
- {id: MORE, kind: forbid, ~, when: purpose == security and retained_months >= $authority_notified_days}
- {id: HOURS, kind: oblige, ~, when: purpose == recordkeeping, must: date <= $breach_known_at + 72 hours}
- {id: AFTER, kind: forbid, ~, when: purpose == journalism and date >= $request_received_at}
- {id: BEFORE, kind: forbid, ~, when: purpose == statistics and ai_on_market_since >= $date + 1 month}
- {id: PERIOD, kind: oblige, ~, when: purpose == backup, must: date <= $request_received_at + 1 month}
- {id: BRANCH, kind: forbid, ~, when: purpose == immigration_control, unless: [{id: b, when: "date < 2024-09-01", settled: true, cite: Act}]}
- {id: DUTY, kind: oblige, ~, when: purpose == loyalty, must: notice_given == true}
`

// Rule 5.5: the earliest instant at which a requirement, an edge, a membership or an
// ageing fact that takes part, or would begin to, changes the answer.
func TestRule55Ends(t *testing.T) {
	e := engineWith(t, law("p EU treaty Europe/Brussels", endsLaw[1:]))
	expect(t, e, []row{
		{"purpose=tax", "allow; until 2024-06-30T22:00:00Z"},
		{"purpose=testing", "deny; bound UNTIL; violated UNTIL; until 2024-06-30T22:00:00Z"},
		{"purpose=testing date=2024-07-01", "allow"},
		{"purpose=booking", "allow; until 2025-01-30T23:00:00Z"},
		{"purpose=payment", "allow; until 2024-12-23T23:00:00Z"},
		{"purpose=payment date=2024-12-24", "deny; bound EQUAL; violated EQUAL; until 2024-12-24T23:00:00Z"},
		{"purpose=payment date=2024-12-25", "allow"},
		{"purpose=research from_region=DE to_region=JP date=2024-03-01", "deny; bound EDGE; violated EDGE; until 2024-03-30T23:00:00Z"},
		{"purpose=research from_region=DE to_region=JP", "allow; bound EDGE; ground EDGE/b:e; until 2024-10-26T22:00:00Z"},
		{"purpose=research from_region=DE to_region=JP date=2024-10-27", "deny; bound EDGE; violated EDGE"},
		{"purpose=research from_region=DE to_region=CN", "deny; bound EDGE; violated EDGE"},
		{"purpose=pricing subject_location=GB date=2020-01-01", "deny; bound LEFT; violated LEFT; until 2020-01-31T23:00:00Z"},
		{"purpose=pricing subject_location=DE date=2020-01-01", "deny; bound LEFT; violated LEFT"},
		{"purpose=immigration_control", "allow; bound BRANCH; ground BRANCH/b; until 2024-08-31T22:00:00Z"},
		{"purpose=backup request_received_at=2024-05-31", "allow; bound PERIOD; until 2024-06-30T22:00:00Z"},
		{"purpose=loyalty", "allow; bound DUTY; duty DUTY; until 2024-07-31T22:00:00Z"},
		{"purpose=loyalty date=2024-08-01", "allow; outside p/o"},
		{"purpose=recordkeeping date=2024-06-15T12:00:00Z breach_known_at=2024-06-14T08:00:00Z", "allow; bound HOURS; until 2024-06-17T08:00:01Z"},
		{"purpose=access_control", "allow"},
	})
}

// Rule 5.5: ages change by the calendar of UTC, comparisons of instants at their second,
// and months have unequal ends. A question about a day ends with a day of the law.
func TestRule55Ages(t *testing.T) {
	e := engineWith(t, law("p EU treaty Europe/Brussels", endsLaw[1:]), law("q US federal America/New_York", "requirements: [{id: Q, kind: forbid, ~, when: purpose == fraud_prevention and subject_age < 18}]"))
	const minor = "deny; bound AGE; violated AGE; until "
	expect(t, e, []row{
		{"purpose=marketing subject_born_on=2006-07-10", minor + "2024-07-09T22:00:00Z"},
		{"purpose=marketing subject_born_on=2006-07-10 date=2024-06-15T12:00:00Z", minor + "2024-07-10T00:00:00Z"},
		{"purpose=marketing subject_age=17 date=2024-06-15T12:00:00Z", minor + "2025-06-15T00:00:00Z"},
		{"purpose=fraud_prevention subject_born_on=2006-07-10 date=2024-06-15T12:00:00Z", "deny; bound Q; violated Q; until 2024-07-10T00:00:00Z"},
		{"purpose=advertising collected_at=2024-01-31 date=2024-02-15", "allow; until 2024-03-30T23:00:00Z"},
		{"purpose=advertising collected_at=2024-01-31 date=2024-02-15T12:00:00Z", "allow; until 2024-03-31T00:00:00Z"},
		{"purpose=security collected_at=2024-01-10 authority_notified_days=6 date=2024-06-15T12:00:00Z", "allow; until 2024-07-10T00:00:00Z"},
		{"purpose=journalism request_received_at=2024-06-20T15:30:00Z date=2024-06-20T12:00:00Z", "allow; until 2024-06-20T15:30:00Z"},
		{"purpose=statistics ai_on_market_since=2024-06-30 date=2024-05-20", "deny; bound BEFORE; violated BEFORE; until 2024-05-31T22:00:00Z"},
		{"purpose=statistics ai_on_market_since=2024-06-30 date=2024-05-20T12:00:00Z", "deny; bound BEFORE; violated BEFORE; until 2024-05-31T22:00:00Z"},
		// A day as origin is noon in Brussels, and hours are hours, also when clocks change.
		{"purpose=recordkeeping date=2024-03-29T12:00:00Z breach_known_at=2024-03-29", "allow; bound HOURS; until 2024-04-01T11:00:01Z"},
		{"purpose=recordkeeping date=2024-10-26T12:00:00Z breach_known_at=2024-10-25", "allow; bound HOURS; until 2024-10-28T10:00:01Z"},
	})
}
