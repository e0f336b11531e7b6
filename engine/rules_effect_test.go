// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"reflect"
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

// Rules 3.1 and 3.2: what binds, and what of it this operation violates. A rule outside
// reach, scope or its dates is no violation, whatever else is true of it.
func TestRule31Bind(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
reach: {when: controller_establishment in DE, cite: Act}
outside: [{id: o, when: data_state == anonymised, cite: Act}]
requirements:
- {id: F, kind: forbid, ~, when: purpose == tax}
- {id: O, kind: oblige, ~, when: purpose == tax, must: notice_given == true}
- {id: L, kind: localise, ~, when: purpose == tax, place: storage, allowed: DE}
- {id: K, kind: retain, ~, when: purpose == tax, keep_at_most: 1 year, since: collected_at}
`[1:]))
	const bad = "notice_given=false stored_in=US collected_at=2020-01-01 "
	expect(t, e, both([]row{
		{bad + "purpose=tax controller_establishment=DE", "deny; bound F O L K; violated F K L O"},
		{bad + "purpose=testing controller_establishment=DE", "allow"},
		{bad + "purpose=tax controller_establishment=FR", "allow"},
		{bad + "purpose=tax controller_establishment=DE data_state=anonymised", "allow; outside p/o"},
		{"purpose=tax controller_establishment=DE notice_given=true stored_in=DE collected_at=2024-01-01", "deny; bound F O L K; violated F; until 2025-01-02T00:00:00Z"},
	}))
}

// collision is a law of the Union that demands erasure (with extra keys) against others.
func collision(demand string, others ...string) []string {
	return append(others, law("eu EU treaty UTC", "requirements: [{id: ERASE, kind: oblige, ~, when: request_type == erasure, demand: delete"+demand+"}]"))
}

const keep = "requirements: [{id: KEEP, kind: forbid, ~, when: operation == delete and data_categories == tax_record}]"

// Rule 3.3: what becomes of a violation that another law demands.
func TestRule33Contradiction(t *testing.T) {
	const conflict, stays, dropped = "review; bound ERASE KEEP; conflict KEEP~ERASE", "deny; bound ERASE KEEP; violated KEEP", "allow; bound ERASE KEEP"
	const yields = ", unless: [{id: law, recognises: %, cite: Act 17(3)}]"
	for _, c := range []struct{ name, demand, other, want string }{
		{"another order", "", law("us US federal UTC", keep), conflict},
		{"a state of another order", "", law("us US-CA state UTC", keep), conflict},
		{"recognised by name", strings.Replace(yields, "%", "[US]", 1), law("us US federal UTC", keep), stays},
		{"recognised any", strings.Replace(yields, "%", "any", 1), law("us US federal UTC", keep), stays},
		{"recognised with what lies within", strings.Replace(yields, "%", "[US]", 1), law("us US-CA state UTC", keep), stays},
		{"another order recognised", strings.Replace(yields, "%", "[EU, CN]", 1), law("us US federal UTC", keep), conflict},
		{"one order, the demand weighs more", "", law("de DE federal UTC", keep), dropped},
		{"one order, equal", "", law("de DE treaty UTC", keep), stays},
		{"one order, the prohibition weighs more", "", law("de DE constitution UTC", keep), stays},
		{"the same order", "", law("e EU federal UTC", keep), dropped},
		{"a member that left", "", law("gb GB federal UTC", keep), conflict},
		{"a standard", "", law("std INT industry UTC", keep), dropped},
		{"a standard of great weight", "", law("std INT constitution UTC", keep), dropped},
		{"a company rule of another order", "", law("co US company UTC", keep), dropped},
		{"recognition is asked before INT yields", strings.Replace(yields, "%", "any", 1), law("std INT industry UTC", keep), stays},
		{"recognition is asked before weights", strings.Replace(yields, "%", "[EU]", 1), law("de DE federal UTC", keep), stays},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := engineWith(t, collision(c.demand, c.other)...)
			want := c.want
			// Packs stand in the order of their ids.
			if strings.Contains(c.other, "\nid: de\n") || strings.Contains(c.other, "\nid: co\n") || strings.Contains(c.other, "\nid: e\n") {
				want = strings.Replace(want, "ERASE KEEP;", "KEEP ERASE;", 1)
				want = strings.Replace(want+"$", "ERASE KEEP$", "KEEP ERASE", 1)
				want = strings.TrimSuffix(want, "$")
			}
			const facts = "ignore operation=delete request_type=erasure data_categories=tax_record"
			expect(t, e, []row{
				{facts, want},
				{"ignore operation=delete data_categories=tax_record", "deny; bound KEEP; violated KEEP"},
				{"ignore operation=delete request_type=erasure data_categories=contact", "allow; bound ERASE"},
				{"ignore operation=use request_type=erasure data_categories=tax_record", "allow; bound ERASE"},
			})
		})
	}
}

// Rule 3.3: the United Kingdom was within the Union's order while it was a member.
func TestRule33DatedOrder(t *testing.T) {
	e := engineWith(t, collision("", law("gb GB constitution UTC", keep))...)
	const facts = "ignore operation=delete request_type=erasure data_categories=tax_record "
	expect(t, e, []row{
		{facts + "date=2020-01-31", "deny; bound ERASE KEEP; violated KEEP; until 2020-02-01T00:00:00Z"},
		{facts + "date=2020-02-01", "review; bound ERASE KEEP; conflict KEEP~ERASE"},
	})
}

// Rule 3.3: an exception that holds takes the demand away; a conflict takes only the
// combinations that both laws cover; standards demand nothing against law.
func TestRule33Reach(t *testing.T) {
	e := engineWith(t,
		law("eu EU treaty UTC", `
requirements:
- {id: ERASE, kind: oblige, ~, when: request_type == erasure and subject_location in DE, demand: delete, unless: [{id: b, when: legal_hold == true, settled: true, cite: Act}]}
- {id: PART, kind: oblige, ~, when: request_type == objection, demand: delete, unless: [{id: b, when: subject_location in AT, settled: true, cite: Act}]}
`[1:]),
		law("std INT industry UTC", "requirements: [{id: STD, kind: oblige, ~, when: request_type == erasure, demand: delete}]"),
		law("us US federal UTC", keep))
	const facts = "ignore operation=delete request_type=erasure data_categories=tax_record "
	expect(t, e, []row{
		{facts + "subject_location=DE", "review; bound ERASE STD KEEP; conflict KEEP~ERASE"},
		{facts + "subject_location=DE legal_hold=true", "deny; bound ERASE STD KEEP; violated KEEP; ground ERASE/b"},
		{facts + "subject_location=US", "deny; bound STD KEEP; violated KEEP"},
		{strings.Replace(facts, "erasure", "objection", 1) + "subject_location=DE", "review; bound PART KEEP; conflict KEEP~PART"},
		{strings.Replace(facts, "erasure", "objection", 1) + "subject_location=AT,DE", "deny; bound PART KEEP; violated KEEP; conflict KEEP~PART; ground PART/b"},
		{facts + "subject_location=DE,US", "deny; bound ERASE STD KEEP; violated KEEP; conflict KEEP~ERASE"},
	})
}

// Rule 3.3: one company in two places is bound by the laws of both for the same data of
// the same person; two persons are not one.
func TestRule33OneActor(t *testing.T) {
	in := func(fact, place string) string { return fact + " in " + place + " and " }
	laws := func(fact string) []string {
		return []string{
			law("eu EU treaty UTC", "requirements: [{id: ERASE, kind: oblige, ~, when: "+in(fact, "DE")+"request_type == erasure, demand: delete}]"),
			law("us US federal UTC", "requirements: [{id: KEEP, kind: forbid, ~, when: "+in(fact, "US")+"operation == delete}]"),
		}
	}
	const facts = "ignore operation=delete request_type=erasure "
	const conflict, stays = "review; bound ERASE KEEP; conflict KEEP~ERASE", "deny; bound ERASE KEEP; violated KEEP"
	e := engineWith(t, laws("controller_establishment")...)
	expect(t, e, []row{
		{facts + "controller_establishment=DE,US", conflict},
		{facts + "controller_establishment=FR,US,DE subject_location=DE,FR data_categories=contact,health", conflict},
		{facts + "controller_establishment=US", "deny; bound KEEP; violated KEEP"},
	})
	// Also where establishments and markets have more than 64 combinations.
	many := strings.Join(e.Program().model.Vocab.Regions().Countries()[:60], ",")
	expect(t, e, []row{{facts + "controller_establishment=DE,US targets=" + many, conflict}})
	expect(t, engineWith(t, laws("subject_location")...), []row{{facts + "subject_location=DE,US", stays}})
}

// Rule 3.3: places and periods can become conflicts, duties never; a foreign order is a
// demand of the order of to_region and launders nothing.
func TestRule33ForeignOrder(t *testing.T) {
	e := engineWith(t, law("eu EU treaty UTC", `
requirements:
- {id: F, kind: forbid, ~, when: purpose == tax, unless: [{id: b, when: transfer_mechanism == scc_2021 and tia == adequate, settled: true, cite: Act}]}
- {id: L, kind: localise, ~, when: purpose == testing, place: storage, allowed: DE}
- {id: K, kind: retain, ~, when: purpose == booking, keep_at_most: 1 year, since: collected_at}
- {id: O, kind: oblige, ~, when: subject_role == consumer, must: notice_given == true}
`[1:]), law("us US federal UTC", "requirements: [{id: USF, kind: forbid, ~, when: purpose == research}]"))
	const order = "ignore transfer_mechanism=foreign_order to_region=US "
	expect(t, e, []row{
		{order + "purpose=tax", "review; bound F; conflict F~order of US"},
		{order + "purpose=testing stored_in=US", "review; bound L; conflict L~order of US"},
		{order + "purpose=booking collected_at=2020-01-01", "review; bound K; conflict K~order of US"},
		{order + "subject_role=consumer notice_given=false", "deny; bound O; violated O"},
		{order + "purpose=tax subject_role=consumer notice_given=false", "deny; bound F O; violated O; conflict F~order of US"},
		{order + "subject_role=consumer", "allow; bound O; duty O"},
		// An order of a member lies within the Union and weighs less than the treaty.
		{order + "purpose=tax to_region=DE", "deny; bound F; violated F"},
		{order + "purpose=research", "deny; bound USF; violated USF"},
		{"ignore purpose=tax transfer_mechanism=none to_region=US", "deny; bound F; violated F"},
		{"ignore purpose=tax transfer_mechanism=foreign_order", "deny; bound F; violated F"},
	})
}

// Rule 3.3: a conflict says what to keep meanwhile and who must look, from either law.
func TestRule33Meanwhile(t *testing.T) {
	const demand = ", meanwhile: {restrict: [{type: restrict, params: {operations: [use, disclose]}}], who: {en: The officer.}, cite: Act 18}"
	e := engineWith(t, collision(demand, law("us US federal UTC", keep))...)
	d := decide(t, e, "ignore operation=delete request_type=erasure data_categories=tax_record")
	if len(d.Conflicts) != 1 {
		t.Fatal(answer(d))
	}
	c := d.Conflicts[0]
	restrict := []comity.Action{{Type: "restrict", Params: map[string]any{"operations": []any{"use", "disclose"}}}}
	if c.Who != "The officer." || !reflect.DeepEqual(c.Restrict, restrict) || strings.Join(c.Citations, "; ") != "Act 1; Act 18" {
		t.Errorf("%+v", c)
	}
	e = engineWith(t, collision("", law("us US federal UTC", keep))...)
	c = decide(t, e, "ignore operation=delete request_type=erasure data_categories=tax_record").Conflicts[0]
	if c.Who == "" || len(c.Restrict) == 0 || c.Why == "" {
		t.Errorf("without meanwhile: %+v", c)
	}
}

// Rule 3.4: deny before review before allow; conflicts stand beside a denial.
func TestRule34Effect(t *testing.T) {
	e := engineWith(t, law("eu EU treaty UTC", `
requirements:
- {id: ERASE, kind: oblige, ~, when: request_type == erasure, demand: delete}
- {id: NO, kind: oblige, ~, when: member == true, must: notice_given == true}
- {id: OPEN, kind: review, ~, when: purpose == research}
- {id: ASK, kind: forbid, ~, when: purpose == testing and proof == true, ask: proof}
- {id: COND, kind: qualify, ~, when: public_data == true, conditions: [{id: c, text: {en: x}}]}
`[1:]), law("us US federal UTC", keep))
	const clash = "operation=delete request_type=erasure data_categories=tax_record subject_location=DE purpose=tax "
	expect(t, e, []row{
		{clash + "member=true notice_given=false", "deny; bound ERASE NO KEEP; violated NO; conflict KEEP~ERASE"},
		{clash, "review; bound ERASE KEEP; conflict KEEP~ERASE"},
		{"purpose=research", "review; bound OPEN; question OPEN"},
		{"purpose=research member=true notice_given=false", "deny; bound NO OPEN; violated NO; question OPEN"},
		{"purpose=testing", "review; missing proof(ASK)"},
		{"purpose=testing member=true notice_given=false", "deny; bound NO; violated NO; missing proof(ASK)"},
		{"purpose=tax member=true", "allow; bound NO; duty NO"},
		{"purpose=tax", "allow"},
		// Conditions may stand beside a review.
		{"purpose=research public_data=true", "review; bound OPEN COND; condition COND.c; question OPEN"},
	})
}

// Rule 3.5: an operation of mode state is about a state of affairs.
func TestRule35State(t *testing.T) {
	e := engineWith(t, rules("- {id: A, kind: oblige, ~, must: notice_given == true}\n"))
	for words, about := range map[string]string{
		"operation=check notice_given=false": "deny state", "operation=check notice_given=true": "allow state",
		"operation=use notice_given=false": "deny act", "ignore operation=notify_breach notice_given=false": "deny state",
	} {
		d := decide(t, e, words)
		if got := string(d.Effect) + " " + d.About; got != about {
			t.Errorf("%q: %s, not %s", words, got, about)
		}
	}
	// The duty that a state is shown to meet settles it, and an act that nothing else settles.
	wantCites(t, decide(t, e, "operation=check notice_given=true"), "Act 1")
	wantCites(t, decide(t, e, "operation=use notice_given=true"), "Act 1")
	wantCites(t, decide(t, e, "operation=use"), "")
}

// Rule 3: what no regime covers is allowed, and the answer says why nothing applies;
// general duties are never conditions.
func TestRule3Allow(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
reach: {when: subject_location in DE, cite: Act}
outside: [{id: o, when: data_categories == deceased, cite: Act 27}]
requirements:
- {id: D, kind: oblige, ~, when: purpose == tax, must: notice_given == true}
- {id: G, kind: forbid, ~, when: purpose == research, unless: [{id: s, when: legal_basis == contract, settled: true, cite: Act}, {id: c, when: consent == opt_in, conditions: [{id: stop, text: {en: x}}], cite: Act}]}
`[1:]))
	expect(t, e, []row{
		{"subject_location=DE purpose=tax", "allow; bound D; duty D"},
		{"subject_location=DE purpose=tax notice_given=true", "allow; bound D"},
		{"subject_location=DE purpose=research legal_basis=contract", "allow; bound G; ground G/s"},
		{"subject_location=DE purpose=research consent=opt_in", "allow; bound G; ground G/c; condition G.stop"},
	})
	for words, want := range map[string]string{
		"subject_location=CN":                             "No regime's reach is met",
		"subject_location=DE":                             "its reach is met, but no requirement covers",
		"subject_location=DE data_categories=deceased":    "leave this out by status",
		"subject_location=CN data_categories=deceased":    "No regime's reach is met",
		"subject_location=DE purpose=tax":                 "Law p applies",
		"subject_location=DE purpose=tax notice_given=no": "",
	} {
		req := request("explain " + words)
		d, err := e.Decide(req)
		if want == "" {
			expectError(t, words, err, "invalid true or false")
		} else if text := strings.Join(d.Explanation, "\n"); err != nil || !strings.Contains(text, want) {
			t.Errorf("%q: %v %s", words, err, text)
		}
	}
}
