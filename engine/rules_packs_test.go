// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

// decide answers one question that must be answered.
func decide(t testing.TB, e *Engine, words string) comity.Decision {
	t.Helper()
	d, err := e.Decide(request(words))
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return d
}

func wantCites(t testing.TB, d comity.Decision, want string) {
	t.Helper()
	if got := strings.Join(d.Citations, "; "); got != want {
		t.Errorf("cited %q\nwant  %q", got, want)
	}
}

// Rule 2.2: the kinds of requirements.
func TestRule22Kinds(t *testing.T) {
	e := engineWith(t, rules(`
- {id: ALL, kind: localise, ~, when: purpose == tax, place: storage, allowed: [DE, FR]}
- {id: ONE, kind: localise, ~, when: purpose == testing, place: storage, allowed: RU, at_least_one: true}
- {id: MIN, kind: retain, ~, when: operation == delete and purpose == booking, keep_at_least: 24 months, since: collected_at}
- {id: MAX, kind: retain, ~, when: operation == use and purpose == analytics, keep_at_most: 12 months, since: collected_at}
- {id: PART, kind: qualify, ~, when: purpose == research, conditions: [{id: eu_only, text: {en: x}}]}
- {id: OPEN, kind: review, ~, when: purpose == security, until: 2025-01-01, unless: [{id: b, when: public_data == true, settled: true, cite: Act}]}
- {id: PERMIT, kind: permit, ~, from: 2020-01-01, until: 2026-01-01, when: member == true, unless: [{id: b, when: proof == true, settled: true, cite: Act 7}]}
- {id: USES, kind: forbid, ~, when: purpose == marketing, unless: [{permit: PERMIT}]}
- {id: USESIF, kind: forbid, ~, when: purpose == advertising, unless: [{permit: PERMIT, when: public_data == true}]}
- {id: EXCUSE, kind: oblige, ~, when: purpose == payment, must: notice_given == true, unless: [{id: b, when: public_data == true, settled: true, cite: Act}]}
`))
	expect(t, e, both([]row{
		{"purpose=tax", "allow; bound ALL; duty ALL"},
		{"purpose=tax stored_in=DE", "allow; bound ALL"},
		{"purpose=tax stored_in=DE,US", "deny; bound ALL; violated ALL"},
		{"purpose=tax stored_in=EU", "allow; bound ALL; duty ALL"},
		{"purpose=testing stored_in=RU,US", "allow; bound ONE"},
		{"purpose=testing stored_in=US,DE", "deny; bound ONE; violated ONE"},
		{"purpose=testing", "allow; bound ONE; duty ONE"},
		{"purpose=analytics collected_at=2023-06-15", "allow; bound MAX; until 2024-06-16T00:00:00Z"},
		{"purpose=analytics collected_at=2023-06-14", "deny; bound MAX; violated MAX"},
		{"purpose=analytics", "allow; bound MAX; duty MAX"},
		{"purpose=research", "allow; bound PART; condition PART.eu_only"},
		{"purpose=security", "review; bound OPEN; question OPEN; until 2025-01-01T00:00:00Z"},
		{"purpose=security public_data=true", "allow; bound OPEN; ground OPEN/b; until 2025-01-01T00:00:00Z"},
		{"purpose=security date=2025-01-01", "allow"},
		{"purpose=marketing member=true proof=true", "allow; bound USES; ground PERMIT/b; until 2026-01-01T00:00:00Z"},
		{"purpose=marketing member=true proof=true date=2026-01-01", "deny; bound USES; violated USES"},
		{"purpose=marketing member=false proof=true", "deny; bound USES; violated USES"},
		{"purpose=advertising member=true proof=true public_data=true", "allow; bound USESIF; ground PERMIT/b; until 2026-01-01T00:00:00Z"},
		{"purpose=advertising member=true proof=true public_data=false", "deny; bound USESIF; violated USESIF"},
		{"purpose=payment notice_given=false", "deny; bound EXCUSE; violated EXCUSE"},
		{"purpose=payment notice_given=false public_data=true", "allow; bound EXCUSE; ground EXCUSE/b"},
		// A permit that nobody uses, or that does not hold, does nothing.
		{"purpose=statistics member=true", "allow"},
	}))
	const del = "operation=delete subject_location=DE data_categories=contact purpose=booking "
	expect(t, e, both([]row{
		{del + "collected_at=2023-01-31", "deny; bound MIN; violated MIN; until 2025-01-31T00:00:00Z"},
		{del + "collected_at=2022-06-15", "allow; bound MIN; ground MIN/elapsed"},
		{del + "collected_at=2023-01-31 retention_elapsed=true", "allow; bound MIN; ground MIN/elapsed"},
	}))
}

// Rule 2.3: reach links an operation to a regime; an outside node takes it out and is
// cited; what was never within reach is no node.
func TestRule23Outside(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
reach: {when: controller_establishment in DE, cite: Act 2}
outside:
- {id: household, when: purpose == personal_household, cite: Act 3, text: {en: Household.}}
- {id: dead, when: data_categories == deceased, cite: [Act 4, Act 5]}
requirements:
- {id: A, kind: forbid, ~, absolute: true, when: subject_location in DE, unless: [{id: transit, when: transfer_kind == transit, settled: true, cite: Act 6}]}
`[1:]))
	expect(t, e, both([]row{
		{"controller_establishment=DE subject_location=DE", "deny; bound A; violated A"},
		{"controller_establishment=FR subject_location=DE", "allow"},
		{"controller_establishment=DE subject_location=DE purpose=personal_household", "allow; outside p/household"},
		{"controller_establishment=FR subject_location=DE purpose=personal_household", "allow"},
		{"controller_establishment=DE subject_location=DE purpose=personal_household data_categories=deceased", "allow; outside p/household p/dead"},
		{"controller_establishment=DE subject_location=DE transfer_kind=transit", "allow; bound A; ground A/transit"},
	}))
	d := decide(t, e, "explain controller_establishment=DE subject_location=DE data_categories=deceased")
	wantCites(t, d, "Act 4; Act 5")
	want := comity.OutsideNode{Pack: "p", ID: "dead", Citations: []string{"Act 4", "Act 5"}}
	if len(d.Outside) != 1 || !reflect.DeepEqual(d.Outside[0], want) {
		t.Errorf("outside %+v", d.Outside)
	}
	if text := strings.Join(d.Explanation, "\n"); !strings.Contains(text, "outside it") || !strings.Contains(text, "Act 4; Act 5") {
		t.Error(text)
	}
	wantCites(t, decide(t, e, "controller_establishment=DE subject_location=DE transfer_kind=transit"), "Act 6")
}

// Rule 2.4: conditions are data: action, due date, standing.
func TestRule24Conditions(t *testing.T) {
	e := engineWith(t, rules(`
- id: A
  kind: qualify
  ~
  conditions:
  - {id: tell, text: {en: Tell.}, action: {type: notify, params: {whom: person, within: 1 month}}, due: $request_received_at + 1 month, cite: Act 9}
  - {id: fast, text: {en: Fast.}, due: $breach_known_at + 72 hours, standing: true}
  - {id: fixed, text: {en: Fixed.}, due: 2025-01-31 + 1 month}
  - {id: born, text: {en: Born.}, due: $collected_at + 2 years}
`))
	d := decide(t, e, "request_received_at=2024-01-31T23:00:00Z breach_known_at=2024-06-01T12:30:00Z")
	want := []comity.Condition{
		{
			ID: "tell", Text: "Tell.", Requirement: "A", Citations: []string{"Act 9"}, Due: "2024-02-29",
			Action: &comity.Action{Type: "notify", Params: map[string]any{"whom": "person", "within": "1 month"}},
		},
		{ID: "fast", Text: "Fast.", Requirement: "A", Citations: []string{"Act 1"}, Due: "2024-06-04T12:30:00Z", Standing: true},
		{ID: "fixed", Text: "Fixed.", Requirement: "A", Citations: []string{"Act 1"}, Due: "2025-02-28"},
		{ID: "born", Text: "Born.", Requirement: "A", Citations: []string{"Act 1"}},
	}
	if !reflect.DeepEqual(d.Conditions, want) {
		t.Errorf("conditions %+v\nwant %+v", d.Conditions, want)
	}
	if d = decide(t, e, "collected_at=2024-02-29"); d.Conditions[3].Due != "2026-02-28" {
		t.Errorf("due %s", d.Conditions[3].Due)
	}
}

// dueLaw counts a period in Brussels from an instant.
const dueLaw = `
requirements:
- {id: A, kind: oblige, ~, when: member == true, must: date <= $request_received_at + 1 month}
- {id: B, kind: qualify, ~, conditions: [{id: c, text: {en: x}, due: $request_received_at + 1 month}]}
`

// Rule 2.4: the due date of a condition is the day on which the duty ends in the law's zone.
func TestRule24DueZone(t *testing.T) {
	e := engineWith(t, law("p EU treaty Europe/Brussels", dueLaw[1:]))
	// 23:30Z on 31 May is 1 June in Brussels: one month ends on 1 July.
	const received = "member=true request_received_at=2024-05-31T23:30:00Z "
	expect(t, e, []row{
		{received + "date=2024-07-01", "allow; bound A B; condition B.c@2024-07-01; until 2024-07-01T22:00:00Z"},
		{received + "date=2024-07-02", "deny; bound A B; violated A; condition B.c@2024-07-01"},
	})
}

const transferLaw = `
instruments: [{cite: Act}, {cite: Shield}, {cite: CJEU}]
edges:
- {id: us, set: ok, origin: EEA_LAW, destination: US, from: 2016-08-01, until: 2020-07-16, claim: transfer_mechanism == privacy_shield, when: importer_certified == true, cite: Shield, ended_by: [CJEU C-311/18]}
- {id: jp, set: ok, origin: EEA_LAW, destination: JP, from: 2019-01-23, cite: Act 45}
requirements:
- {id: A, kind: forbid, ~, when: from_region in EEA_LAW and member == true, unless: [{id: ok, edges: ok, settled: true, cite: Act 44}]}
- {id: S, kind: forbid, ~, when: "stored_in in [JP, US] and subject_location in DE", unless: [{id: ok, edges: ok, to: stored_in, settled: true, cite: Act 44}]}
`

// Rule 2.5: edges are dated and scoped; the branch that used one cites its instrument, and
// a violation for lack of one that has ended cites what ended it.
func TestRule25Edges(t *testing.T) {
	e := engineWith(t, law("p EU treaty Europe/Brussels", transferLaw[1:]))
	const us = "member=true from_region=DE to_region=US transfer_mechanism=privacy_shield importer_certified=true "
	const jp = "member=true from_region=DE to_region=JP "
	expect(t, e, []row{
		{us + "date=2016-07-31", "deny; bound A; violated A; until 2016-07-31T22:00:00Z"},
		{us + "date=2016-08-01", "allow; bound A; ground A/ok:us; until 2020-07-15T22:00:00Z"},
		{us + "date=2020-07-15", "allow; bound A; ground A/ok:us; until 2020-07-15T22:00:00Z"},
		{us + "date=2020-07-15T22:00:00Z", "deny; bound A; violated A"},
		{us + "date=2020-07-16", "deny; bound A; violated A"},
		{us + "date=2018-01-01 importer_certified=false", "deny; bound A; violated A"},
		{us + "date=2018-01-01 importer_certified=-", "allow; bound A; ground A/ok:us; condition A.importer_certified; until 2020-07-15T22:00:00Z"},
		{jp, "allow; bound A; ground A/ok:jp"},
		{jp + "date=2019-01-22", "deny; bound A; violated A; until 2019-01-22T23:00:00Z"},
		{"member=true from_region=JP to_region=DE", "allow"},
		{"subject_location=DE stored_in=JP", "allow; bound S; ground S/ok:jp"},
		{"subject_location=DE stored_in=US,JP", "deny; bound S; violated S; ground S/ok:jp"},
		// The United Kingdom left the edge's origin with Union law.
		{strings.Replace(jp, "=DE", "=GB", 1) + "date=2020-12-31", "allow; bound A; ground A/ok:jp; until 2020-12-31T23:00:00Z"},
		{strings.Replace(jp, "=DE", "=GB", 1) + "date=2021-01-01", "allow"},
	})
	wantCites(t, decide(t, e, jp), "Act 44; Act 45")
	wantCites(t, decide(t, e, us+"date=2018-01-01"), "Act 44; Shield")
	wantCites(t, decide(t, e, us+"date=2020-07-16"), "Act 1; Act 44; Shield; CJEU C-311/18")
	wantCites(t, decide(t, e, us+"date=2018-01-01 importer_certified=false"), "Act 1; Act 44; Shield")
	wantCites(t, decide(t, e, "member=true from_region=DE to_region=CN transfer_mechanism=privacy_shield date=2021-01-01"), "Act 1")
	wantCites(t, decide(t, e, "member=true from_region=DE to_region=US transfer_mechanism=none date=2021-01-01"), "Act 1")
}

// Rule 2.6: valid time and known time; a grace period moves the first, an enforcement
// holiday does not.
func TestRule26Clocks(t *testing.T) {
	e := engineWith(t, rules(`
- {id: V1, kind: forbid, ~, when: purpose == hr_management, from: 2026-02-01, known_from: 2024-05-17, known_until: 2025-08-28}
- {id: V2, kind: forbid, ~, when: purpose == hr_management, from: 2026-06-30, known_from: 2025-08-28, known_until: 2026-05-14}
- {id: V3, kind: forbid, ~, when: purpose == hr_management, from: 2027-01-01, known_from: 2026-05-14}
- {id: AUDIT, kind: forbid, ~, when: purpose == recruitment, from: 2023-01-01, enforced_from: 2023-07-05}
`))
	const v2, v3 = "deny; bound V2; violated V2", "deny; bound V3; violated V3"
	expect(t, e, []row{
		{"purpose=hr_management date=2026-07-01", "allow; until 2027-01-01T00:00:00Z"},
		{"purpose=hr_management date=2027-01-01", v3},
		{"purpose=hr_management date=2026-07-01 known_at=2024-05-16", "allow"},
		{"purpose=hr_management date=2026-07-01 known_at=2024-05-17", "deny; bound V1; violated V1"},
		{"purpose=hr_management date=2026-03-01 known_at=2025-08-27", "deny; bound V1; violated V1"},
		{"purpose=hr_management date=2026-03-01 known_at=2025-08-28", "allow; until 2026-06-30T00:00:00Z"},
		{"purpose=hr_management date=2026-07-01 known_at=2026-05-13", v2},
		{"purpose=hr_management date=2026-07-01 known_at=2026-05-14", "allow; until 2027-01-01T00:00:00Z"},
		{"purpose=recruitment date=2022-12-31", "allow; until 2023-01-01T00:00:00Z"},
		{"purpose=recruitment date=2023-01-01", "deny; bound AUDIT; violated AUDIT"},
		{"purpose=recruitment date=2023-07-05", "deny; bound AUDIT; violated AUDIT"},
	})
	d := decide(t, e, "date=2026-07-01 known_at=2024-06-01")
	if d.KnownAt == nil || !d.KnownAt.Equal(must(ParseTime("2024-06-01"))) || d.Program == decide(t, e, "").Program {
		t.Errorf("known at %v by program %s", d.KnownAt, d.Program)
	}
	for date, reported := range map[string]bool{"2023-07-04": true, "2023-07-05": false} {
		text := strings.Join(decide(t, e, "explain purpose=recruitment date="+date).Explanation, " ")
		if strings.Contains(text, "Enforcement begins on 2023-07-05") != reported {
			t.Errorf("%s: %s", date, text)
		}
	}
}

// Rule 2.6: what nobody knew yet is no fault of the packs.
func TestRule26BeforeAll(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
edges: [{id: jp, set: ok, origin: EU, destination: JP, known_from: 2019-01-23, cite: Act}]
requirements:
- {id: P, kind: permit, ~, known_from: 2018-01-01, unless: [{id: b, when: proof == true, settled: true, cite: Act}]}
- {id: A, kind: forbid, ~, when: member == true, unless: [{id: ok, edges: ok, settled: true, cite: Act}, {permit: P}]}
`[1:]))
	const facts = "member=true from_region=DE to_region=JP proof=true "
	expect(t, e, []row{
		{facts, "allow; bound A; ground A/ok:jp"},
		{facts + "known_at=2019-01-23", "allow; bound A; ground A/ok:jp"},
		{facts + "known_at=2019-01-22", "allow; bound A; ground P/b"},
		{facts + "known_at=2017-12-31", "deny; bound A; violated A"},
	})
	all := engineAll(t)
	for _, day := range []string{"1970-01-01", "2016-08-01", "2023-07-10"} {
		decide(t, all, "operation=process purpose=marketing known_at="+day)
	}
}

const retentionLaws = `
instruments:
- {cite: Act}
- {cite: Book, aliases: [Buch], mandatory: true, order: DE, weight: federal}
- {cite: Code, mandatory: true, order: US, weight: federal, examples: [Code 1.6001-1]}
- {cite: Next, mandatory: true, order: US, weight: federal, from: 2030-01-01}
requirements:
- {id: ERASE, kind: oblige, ~, when: request_type == erasure, demand: delete, unless: [{id: law, recognises: [EU], cite: Act 17(3)}]}
- {id: LIMIT, kind: forbid, ~, when: "operation in [retain, store] and purpose == tax"}
`

// Rule 2.7: retention laws that the caller declares act as requirements of their order.
func TestRule27Declared(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", retentionLaws[1:]))
	const del, ret = "ignore operation=delete request_type=erasure ", "ignore operation=retain purpose=tax "
	expect(t, e, []row{
		{del, "allow; bound ERASE"},
		{del + "retention_rules=Book_s._147", "deny; bound ERASE; violated Book s. 147; ground ERASE/law"},
		{del + "retention_rules=Buch_s._147_(DE)", "deny; bound ERASE; violated Book s. 147; ground ERASE/law"},
		{del + "retention_rules=Book_s._147 retention_elapsed=false", "deny; bound ERASE; violated Book s. 147; ground ERASE/law"},
		{del + "retention_rules=Book_s._147 retention_elapsed=true", "allow; bound ERASE"},
		{del + "retention_rules=Code_1.6001-1", "review; bound ERASE; conflict Code 1.6001-1~ERASE"},
		{del + "retention_rules=Code_1.6001-1,Book_1", "deny; bound ERASE; violated Book 1 Code 1.6001-1; ground ERASE/law"},
		{del + "retention_rules=Folklore_12", "review; bound ERASE; missing retention_rules(the legal order of Folklore 12)"},
		{del + "retention_rules=Folklore_12 retention_elapsed=true", "allow; bound ERASE"},
		{del + "retention_rules=Bookish_12", "review; bound ERASE; missing retention_rules(the legal order of Bookish 12)"},
		// Kept records are what such a law demands, here against a law of the Union and of its own order.
		{ret + "retention_rules=Code_1", "review; bound LIMIT; conflict LIMIT~Code 1"},
		{ret + "retention_rules=Book_1", "deny; bound LIMIT; violated LIMIT"},
		{ret + "retention_rules=Folklore_12", "deny; bound LIMIT; violated LIMIT; missing retention_rules(the legal order of Folklore 12)"},
		{"ignore purpose=tax retention_rules=Code_1,Folklore_12", "allow"},
		// Named before it binds, a law does nothing, until its day comes.
		{del + "retention_rules=Next_1 date=2029-12-31", "allow; bound ERASE; until 2030-01-01T00:00:00Z"},
		{del + "retention_rules=Next_1 retention_elapsed=true date=2029-12-31", "allow; bound ERASE"},
		{del + "retention_rules=Next_1 date=2030-01-01", "review; bound ERASE; conflict Next 1~ERASE"},
		{ret + "retention_rules=Next_1 date=2029-12-31", "deny; bound LIMIT; violated LIMIT; until 2030-01-01T00:00:00Z"},
	})
	for _, words := range []string{del + "retention_rules=Folklore_12 explain", ret + "retention_rules=Folklore_12 explain"} {
		if d := decide(t, e, words); slices.ContainsFunc(d.Citations, func(s string) bool { return strings.Contains(s, "Folklore") }) {
			t.Errorf("an undeclared law is cited: %v", d.Citations)
		}
	}
	wantCites(t, decide(t, e, del+"retention_rules=Buch_s._147_(DE)"), "Book s. 147; Act 17(3)")
	wantCites(t, decide(t, e, del+"retention_rules=Book_s._147 retention_elapsed=true"), "Act 1; Book s. 147")
}

// engineAll is the engine with the packs of the project.
func engineAll(t testing.TB) *Engine {
	t.Helper()
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
