// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

// offered are the remedies of the first violation, each as its changes.
func offered(d comity.Decision) []string {
	var out []string
	if len(d.Violations) > 0 {
		for _, r := range d.Violations[0].Remedies {
			out = append(out, remedyText(r))
		}
	}
	return out
}

// eighty has 80 combinations, more than are judged at once; the last is religion in Brazil.
const eighty = "subject_location=DE,FR,AT,CN,US-CA,GB,US-IL,JP,IN,BR data_categories=contact,health,genetic,biometric,photo,ethnicity,political,religion "

// Rules 1.6 and 5.2: what an answer says of the last of many combinations is as complete as
// of the first: remedies, exceptions relied on, and what is still asked for.
func TestManyCombinationsAreWorded(t *testing.T) {
	const last = "data_categories == religion and subject_location in BR"
	e := engineWith(t, rules(`
- {id: CURE, kind: forbid, ~, when: purpose == tax, unless: [{id: b, when: "not (`+last+`) or proof == true", settled: true, cite: Act}]}
- {id: CLAIM, kind: forbid, ~, when: purpose == research, unless: [{id: c, claim: `+last+`, when: `+last+` and luck == true, settled: true, cite: Act 7}, {id: o, when: "not (`+last+`)", settled: true, cite: Act 8}]}
- {id: OPEN, kind: forbid, ~, when: purpose == payment, unless: [{id: h, claim: legal_basis == contract, when: legal_basis == contract and (not (`+last+`) or badge == true), settled: true, cite: Act 9}]}
`))
	d := decide(t, e, eighty+"purpose=tax proof=false")
	if got, want := offered(d), []string{"map[proof:true] map[]"}; !slices.Equal(got, want) {
		t.Errorf("remedies %q, want %q", got, want)
	}
	wantCites(t, decide(t, e, eighty+"purpose=research luck=false"), "Act 1; Act 7; Act 8")
	d = decide(t, e, eighty+"purpose=payment legal_basis=contract")
	if len(d.Conditions) != 1 || d.Conditions[0].ID != "badge" {
		t.Errorf("%s, conditions %+v", answer(d), d.Conditions)
	}
}

// Rule 5.2: what has become too late is no remedy: what is done now is done on the date of
// the question.
func TestRemediesInTime(t *testing.T) {
	e := engineWith(t, rules(`
- id: TELL
  kind: oblige
  ~
  when: operation == check
  must: badge == true and not shown breach_notified_at > $breach_known_at + 72 hours
`))
	if got := offered(decide(t, e, "operation=check badge=false date=2024-06-15 breach_known_at=2024-06-10")); got != nil {
		t.Errorf("offered %q after five days", got)
	}
	want := []string{"map[badge:true] map[]"}
	if got := offered(decide(t, e, "operation=check badge=false date=2024-06-15 breach_known_at=2024-06-14")); !slices.Equal(got, want) {
		t.Errorf("offered %q after a day, want %q", got, want)
	}
}

// Rule 5.2: the cheapest way is found also behind many dear ones.
func TestRemediesCheapestOfMany(t *testing.T) {
	var ways []string
	for _, place := range strings.Fields("DE FR AT BE NL LU IT ES PT IE DK SE FI PL CZ SK HU RO BG GR HR SI EE LV LT CY MT") {
		ways = append(ways, "paper == true and stored_in in "+place)
	}
	e := engineWith(t, rules(`
- {id: A, kind: forbid, ~, when: purpose == tax, unless: [{id: b, when: "`+strings.Join(ways, " or ")+` or proof == true", settled: true, cite: Act}]}
`))
	d := decide(t, e, "explain purpose=tax proof=false paper=false")
	if got := offered(d); len(got) < 2 || got[0] != "map[proof:true] map[]" {
		t.Errorf("remedies %q", got)
	}
}

// Rule 5.2: remedies that change other facts come before those that change the same, so
// that a transfer is offered safeguards, not only other destinations.
func TestRemediesDiffer(t *testing.T) {
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := decide(t, e, "explain operation=transfer date=2024-05-01 targets=- subject_location=DE controller_establishment=DE data_categories=contact,behavioural from_region=DE to_region=IN transfer_mechanism=none")
	got := offered(d)
	if want := "map[transfer_mechanism:scc_2021] map[tia:adequate]"; d.Effect != comity.Deny || !slices.Contains(got, want) {
		t.Errorf("%s: remedies %q lack %q", answer(d), got, want)
	}
	if elsewhere := slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "map[to_region:") }); len(elsewhere) > 1 {
		t.Errorf("several destinations: %q", elsewhere)
	}
}

// Rule 5.2: a value is tried with what it implies, and one that implies what is asked for
// counts as it: explicit consent is an opt-in.
func TestRemediesImply(t *testing.T) {
	e := engineWith(t, rules(`
- {id: ASKS, kind: forbid, ~, when: purpose == research, unless: [{id: b, when: consent == explicit, settled: true, cite: Act}]}
- {id: ALSO, kind: forbid, ~, when: purpose == research, unless: [{id: b, when: "consent in [opt_in, none]", settled: true, cite: Act}]}
- {id: ONE, kind: forbid, ~, when: purpose == tax, unless: [{id: b, when: consent == explicit, settled: true, cite: Act}]}
- {id: TWO, kind: forbid, ~, when: purpose == tax, unless: [{id: b, when: consent == opt_in, settled: true, cite: Act}]}
`))
	for _, purpose := range []string{"research", "tax"} {
		d := decide(t, e, "consent=none purpose="+purpose)
		if got, want := offered(d), []string{"map[] map[consent:explicit]"}; !slices.Equal(got, want) {
			t.Errorf("%s: %s: remedies %q, want %q", purpose, answer(d), got, want)
		}
	}
}

// Rule 5.3: so is a value by which a missing fact is confirmed.
func TestMissingIsTriedWithWhatItImplies(t *testing.T) {
	e := engineWith(t, rules(`
- {id: A, kind: forbid, ~, when: purpose == tax, ask: [consent], unless: [{id: b, when: "consent in [explicit, none]", settled: true, cite: Act}]}
- {id: B, kind: forbid, ~, when: purpose == tax and not shown (consent == explicit and consent == opt_in)}
`))
	d := decide(t, e, "explain purpose=tax")
	if len(d.Missing) != 1 || d.Missing[0].Fact != "consent" || d.Missing[0].Possible {
		t.Errorf("%s: missing %+v", answer(d), d.Missing)
	}
}

// prose is the explanation without where the texts stand.
func prose(d comity.Decision) []string {
	var out []string
	for _, s := range d.Explanation {
		s, _, _ = strings.Cut(s, " (from ")
		out = append(out, s)
	}
	return out
}

// An explanation reads as prose: no text of a pack is left out, no id stands twice, and
// what was asked of the facts is not shown as a condition.
func TestExplanationReads(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
reach: {when: subject_location in DE, cite: Act 2, text: {en: People in Germany.}}
requirements:
- {id: MUST, kind: oblige, title: Notice, cite: Act 3, text: {en: People get a notice.}, when: purpose == tax, must: not (notice_given == false)}
- {id: PLAIN, kind: forbid, cite: Act 4, text: {en: x}, when: purpose == tax, unless: [{id: b, claim: legal_basis == contract, when: legal_basis == contract and luck == true, settled: true, cite: Act 5, text: {en: A contract with luck.}}]}
`[1:]), law("q EU treaty UTC", `
reach: {when: subject_location in DE, cite: Act 6}
requirements:
- {id: Q, kind: oblige, ~, when: purpose == tax, must: badge == true}
`[1:]))
	for words, want := range map[string][]string{
		"notice_given=false badge=true": {
			"Law p applies: People in Germany [Act 2]", "Law q applies [Act 6]",
			"MUST (Notice) [Act 3] is violated: people get a notice; but notice_given is false.",
			"PLAIN [Act 4] is not at issue: nothing was said about its exceptions.",
			"Q [Act 1] is met, as badge is true.",
		},
		"notice_given=true legal_basis=contract luck=false": {
			"Law p applies: People in Germany [Act 2]", "Law q applies [Act 6]",
			"MUST (Notice) [Act 3] is met, as notice_given is true.",
			"PLAIN [Act 4] is violated: the exception relied on does not hold: b, A contract with luck.",
			"Q [Act 1] is a duty that was neither shown nor denied.",
		},
	} {
		d := decide(t, e, "ignore explain subject_location=DE purpose=tax "+words)
		if got := prose(d); !slices.Equal(got, want) {
			t.Errorf("%q:\n%s", words, strings.Join(got, "\n"))
		}
	}
	if d := decide(t, e, "ignore subject_location=DE purpose=tax"); !slices.Equal(d.NotAtIssue, []string{"PLAIN"}) {
		t.Errorf("not at issue: %q", d.NotAtIssue)
	}
	if d := decide(t, e, "ignore subject_location=DE purpose=tax legal_basis=contract luck=true"); d.NotAtIssue != nil {
		t.Errorf("not at issue: %q", d.NotAtIssue)
	}
}

// What is to happen is asked for first.
func TestMissingOperationFirst(t *testing.T) {
	e := engineWith(t, rules(`
- {id: A, kind: forbid, ~, ask: [purpose], when: purpose == tax}
`))
	d := decide(t, e, "operation=-")
	if len(d.Missing) != 2 || d.Missing[0].Fact != "operation" {
		t.Errorf("missing %+v", d.Missing)
	}
}
