// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "testing"

// both asks each row in both modes: a row whose words hold neither mode is asked twice.
func both(rows []row) []row {
	var out []row
	for _, r := range rows {
		out = append(out, row{"review " + r.facts, r.want}, row{"ignore " + r.facts, r.want})
	}
	return out
}

// Rule 1.9: a scope that is unknown does not bind; not shown is two-valued; negations over
// facts that may be absent are refused where they would fail open.
func TestRule19Scope(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
reach: {when: subject_location in EU, cite: Act}
outside: [{id: own, when: purpose == personal_household, cite: Act}]
requirements:
- {id: A, kind: forbid, ~, when: member == true}
- {id: B, kind: forbid, ~, when: member == true and not shown public_data == true}
`[1:]))
	expect(t, e, both([]row{
		{"", "allow"},
		{"subject_location=DE", "allow"},
		{"member=true", "allow"},
		{"subject_location=DE member=false", "allow"},
		{"subject_location=DE member=true", "deny; bound A B; violated A B"},
		{"subject_location=DE member=true public_data=false", "deny; bound A B; violated A B"},
		{"subject_location=DE member=true public_data=true", "deny; bound A; violated A"},
		{"subject_location=DE member=true purpose=personal_household", "allow; outside p/own"},
		{"subject_location=DE member=true purpose=tax", "deny; bound A B; violated A B"},
	}))
	const refused = "pack write: not shown"
	for _, c := range []string{"not member == true", "member != true", "not (member == true or operation == use)", "purpose not in [tax]"} {
		loadError(t, refused+"|when ", rules("- {id: A, kind: forbid, ~, when: \""+c+"\"}\n"))
		loadError(t, refused+"|reach ", law("p EU treaty UTC", "reach: {when: \""+c+"\", cite: Act}\nrequirements: []\n"))
		loadError(t, refused+"|outside ", law("p EU treaty UTC", "outside: [{id: o, when: \""+c+"\", cite: Act}]\nrequirements: []\n"))
		loadError(t, refused+"|edge ", law("p EU treaty UTC", "edges: [{id: e, set: s, origin: EU, destination: JP, cite: Act, when: \""+c+"\"}]\nrequirements: []\n"))
	}
	engineWith(t, rules("- {id: A, kind: forbid, ~, when: \"operation != use and not date < 2020-01-01\"}\n"))
}

// Rule 1.9: a prohibition without exceptions, and one whose exceptions have to be shown.
func TestRule19Absolute(t *testing.T) {
	e := engineWith(t, rules(`
- {id: BARE, kind: forbid, ~, when: purpose == tax}
- {id: ABS, kind: forbid, ~, absolute: true, when: purpose == testing, unless: [{id: b, when: proof == true and badge == true, settled: true, cite: Act}]}
`))
	expect(t, e, both([]row{
		{"purpose=tax", "deny; bound BARE; violated BARE"},
		{"purpose=testing", "deny; bound ABS; violated ABS"},
		{"purpose=testing proof=true", "deny; bound ABS; violated ABS"},
		{"purpose=testing proof=true badge=false", "deny; bound ABS; violated ABS"},
		{"purpose=testing proof=true badge=true", "allow; bound ABS; ground ABS/b"},
	}))
}

// Rule 1.9: when an exception that is not known to be true or false holds.
func TestRule19Exceptions(t *testing.T) {
	const c = "conditions: [{id: c, text: {en: x}}], cite: Act"
	e := engineWith(t, rules(`
- {id: PLAIN, kind: forbid, ~, when: purpose == testing, unless: [{id: b, when: public_data == true and member == true, settled: true, cite: Act}]}
- {id: SAYS, kind: forbid, ~, when: purpose == booking, unless: [{id: b, claim: member == true, when: public_data == true, settled: true, cite: Act}]}
- {id: GROUND, kind: forbid, ~, when: purpose == marketing, unless: [{id: b, when: proof == true and badge == true and public_data == true, `+c+`}]}
- {id: CLAIM, kind: forbid, ~, when: purpose == research, unless: [{id: b, claim: legal_basis == contract, when: proof == true and badge == true, `+c+`}]}
- {id: MANY, kind: forbid, ~, when: purpose == security, unless: [{id: b, when: "any(proof == true and badge == true, luck == true and paper == true)", `+c+`}]}
- {id: DEEP, kind: forbid, ~, when: purpose == payment, unless: [{id: b, when: "badge == true and (proof == true or luck == true)", `+c+`}]}
`))
	expect(t, e, both([]row{
		// Asks for no ground, safeguard or age: holds exactly when true.
		{"purpose=testing public_data=true member=true", "allow; bound PLAIN; ground PLAIN/b"},
		{"purpose=booking public_data=true", "allow; bound SAYS; ground SAYS/b"},
		{"purpose=booking member=true", "deny; bound SAYS; violated SAYS"},
		{"purpose=marketing proof=true", "allow; bound GROUND; ground GROUND/b; condition GROUND.c GROUND.badge GROUND.public_data"},
		{"purpose=marketing badge=true public_data=true", "allow; bound GROUND; ground GROUND/b; condition GROUND.c GROUND.proof"},
		{"purpose=marketing proof=true badge=true public_data=true", "allow; bound GROUND; ground GROUND/b; condition GROUND.c"},
		{"purpose=marketing proof=true public_data=false", "deny; bound GROUND; violated GROUND"},
		{"purpose=marketing proof=false", "deny; bound GROUND; violated GROUND"},
		// With a claim, only the claim speaks to it; a false claim lets it hold only when fully true.
		{"purpose=research legal_basis=contract", "allow; bound CLAIM; ground CLAIM/b; condition CLAIM.c CLAIM.proof CLAIM.badge"},
		{"purpose=research legal_basis=contract proof=false", "deny; bound CLAIM; violated CLAIM"},
		{"purpose=research legal_basis=consent", "deny; bound CLAIM; violated CLAIM"},
		{"purpose=research legal_basis=consent proof=true", "deny; bound CLAIM; violated CLAIM"},
		{"purpose=research legal_basis=consent proof=true badge=true", "allow; bound CLAIM; ground CLAIM/b; condition CLAIM.c"},
		{"purpose=research proof=true badge=true", "allow; bound CLAIM; ground CLAIM/b; condition CLAIM.c"},
		// Inside any, what nobody spoke to is false once one member was spoken to.
		{"purpose=security proof=true", "allow; bound MANY; ground MANY/b; condition MANY.c MANY.badge"},
		{"purpose=security proof=false", "deny; bound MANY; violated MANY"},
		{"purpose=security proof=false paper=true", "allow; bound MANY; ground MANY/b; condition MANY.c MANY.luck"},
		{"purpose=payment badge=true", "allow; bound DEEP; ground DEEP/b; condition DEEP.c DEEP.proof"},
		{"purpose=payment badge=true proof=false", "deny; bound DEEP; violated DEEP"},
	}))
	silent := func(facts, id string) {
		expect(t, e, []row{{"review " + facts, "deny; bound " + id + "; violated " + id}, {"ignore " + facts, "allow; bound " + id}})
	}
	silent("purpose=testing", "PLAIN")
	silent("purpose=testing public_data=true", "PLAIN")
	silent("purpose=testing public_data=false", "PLAIN")
	silent("purpose=marketing", "GROUND")
	silent("purpose=marketing public_data=true", "GROUND")
	silent("purpose=research", "CLAIM")
	silent("purpose=research proof=true", "CLAIM")
	silent("purpose=research proof=false", "CLAIM")
	silent("purpose=security", "MANY")
}

// Rule 1.9: which of several exceptions holds: fully true before open, settled before
// conditional, then the order of the pack.
func TestRule19Choice(t *testing.T) {
	const c, s = ", conditions: [{id: c, text: {en: x}}], cite: Act}", ", settled: true, cite: Act}"
	e := engineWith(t, rules(`
- id: A
  kind: forbid
  ~
  unless:
  - {id: settled_open, when: luck == true and badge == true and purpose == tax`+s+`
  - {id: full, when: proof == true and purpose == tax`+c+`
  - {id: conditional, when: luck == true and purpose == testing`+c+`
  - {id: settled, when: proof == true and purpose == testing`+s+`
  - {id: later, when: luck == true and purpose == testing`+s+`
  - {id: open, when: proof == true and badge == true and purpose == research`+c+`
  - {id: open_settled, when: luck == true and badge == true and purpose == research`+s+`
`))
	expect(t, e, both([]row{
		{"purpose=tax luck=true proof=true", "allow; bound A; ground A/full; condition A.c"},
		{"purpose=tax luck=true", "allow; bound A; ground A/settled_open; condition A.badge"},
		{"purpose=testing luck=true proof=true", "allow; bound A; ground A/settled"},
		{"purpose=testing luck=true", "allow; bound A; ground A/later"},
		{"purpose=research luck=true proof=true", "allow; bound A; ground A/open_settled; condition A.badge"},
		{"purpose=research proof=true", "allow; bound A; ground A/open; condition A.c A.badge"},
	}))
}

// Rule 1.9: facts marked ask, a silence that is only a duty, and duties.
func TestRule19Ask(t *testing.T) {
	const b = "unless: [{id: b, when: proof == true and badge == true, settled: true, cite: Act}]"
	e := engineWith(t, rules(`
- {id: BRANCH, kind: forbid, ~, when: purpose == marketing, ask: badge, `+b+`}
- {id: SCOPE, kind: forbid, ~, when: purpose == research and member == true, ask: member, `+b+`}
- {id: BOUND, kind: forbid, ~, when: purpose == tax and member == true and public_data == true, ask: member}
- {id: DUTY, kind: oblige, ~, when: purpose == testing and member == true, must: notice_given == true, ask: member}
- {id: QUIET, kind: forbid, ~, silent: duty, when: purpose == security, `+b+`}
- {id: QUIETASK, kind: forbid, ~, silent: duty, ask: member, when: purpose == payment and member == true, `+b+`}
- {id: QUIETB, kind: forbid, ~, silent: duty, ask: badge, when: purpose == statistics, `+b+`}
`))
	expect(t, e, []row{
		{"purpose=marketing", "review; bound BRANCH; missing badge(BRANCH)"},
		{"ignore purpose=marketing", "allow; bound BRANCH"},
		{"purpose=marketing proof=true", "review; bound BRANCH; ground BRANCH/b; condition BRANCH.badge; missing badge(BRANCH)"},
		{"ignore purpose=marketing proof=true", "allow; bound BRANCH; ground BRANCH/b; condition BRANCH.badge"},
		{"purpose=marketing badge=true", "allow; bound BRANCH; ground BRANCH/b; condition BRANCH.proof"},
		{"purpose=marketing proof=false", "deny; bound BRANCH; violated BRANCH"},
		{"purpose=research", "review; missing member(SCOPE)"},
		{"ignore purpose=research", "allow"},
		{"purpose=research member=false", "allow"},
		{"purpose=research proof=true", "allow"},
		{"purpose=research proof=false", "review; missing member(SCOPE)"},
		{"purpose=research member=true", "deny; bound SCOPE; violated SCOPE"},
		{"purpose=tax", "review; missing member(BOUND)"},
		{"purpose=tax public_data=true", "review; missing member(BOUND)"},
		{"purpose=tax public_data=false", "allow"},
		// Bound or not, an unknown duty would only be a duty.
		{"purpose=testing", "allow"},
		{"purpose=testing notice_given=false", "review; missing member(DUTY)"},
		{"purpose=testing notice_given=true", "allow"},
		{"purpose=testing member=true", "allow; bound DUTY; duty DUTY"},
		{"ignore purpose=testing member=true", "allow; bound DUTY; duty DUTY"},
		{"purpose=testing member=true notice_given=false", "deny; bound DUTY; violated DUTY"},
		{"ignore purpose=testing member=true notice_given=false", "deny; bound DUTY; violated DUTY"},
		{"purpose=security", "allow; bound QUIET; duty QUIET"},
		{"ignore purpose=security", "allow; bound QUIET"},
		{"purpose=security proof=false", "deny; bound QUIET; violated QUIET"},
		{"purpose=payment", "allow"},
		{"purpose=payment proof=false", "review; missing member(QUIETASK)"},
		{"purpose=statistics", "review; bound QUIETB; missing badge(QUIETB)"},
	})
}

// Rule 1.9: the facts of the reach that are asked for, while the reach is unknown.
func TestRule19AskReach(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
reach: {when: subject_location in DE or member == true, ask: subject_location, cite: Act}
outside: [{id: own, when: public_data == true and purpose == tax, cite: Act}]
requirements:
- {id: A, kind: forbid, ~, when: purpose == tax}
- {id: B, kind: forbid, ~, when: purpose == testing and public_data == true}
- {id: Q, kind: qualify, ~, when: purpose == research, conditions: [{id: c, text: {en: x}}]}
- {id: S, kind: forbid, ~, when: purpose == payment and (proof == true or badge == true), ask: proof}
`[1:]))
	expect(t, e, []row{
		{"purpose=tax", "review; missing subject_location(A)"},
		{"purpose=tax public_data=true", "allow"},
		// Of a scope that is known nothing is asked, nor of the reach where the scope is open.
		{"purpose=payment badge=true", "review; missing subject_location(S)"},
		{"purpose=payment badge=false", "review; missing proof(S)"},
		{"purpose=payment", "review; missing proof(S)"},
		{"ignore purpose=tax", "allow"},
		{"purpose=tax member=true", "deny; bound A; violated A"},
		{"purpose=tax subject_location=FR", "allow"},
		{"purpose=tax subject_location=EU", "allow"},
		{"purpose=tax subject_location=FR member=false", "allow"},
		// A scope that is open for another reason does not need the reach.
		{"purpose=testing", "allow"},
		{"purpose=testing public_data=true", "review; missing subject_location(B)"},
		{"purpose=research", "allow"},
	})
}

// Rule 1.9: in enforcement an operation is not judged without the facts that it needs.
func TestRule19Needs(t *testing.T) {
	e := engineWith(t, rules("- {id: A, kind: forbid, ~, when: purpose == tax}\n"))
	expect(t, e, []row{
		{"operation=judge", "review; missing data_categories() purpose()"},
		{"ignore operation=judge", "allow"},
		{"operation=judge purpose=testing", "review; missing data_categories()"},
		{"operation=judge purpose=testing data_categories=contact", "allow"},
		{"operation=judge purpose=tax", "deny; bound A; violated A; missing data_categories()"},
		{"targets=-", "review; missing controller_establishment()"},
		{"targets=- controller_establishment=FR", "allow"},
		{"ignore targets=-", "allow"},
		{"operation=-", "review; missing operation()"},
	})
}
