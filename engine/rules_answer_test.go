// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

// Rule 5.1: citations are there for every effect, in a fixed order, six of them unless
// explained.
func TestRule51Citations(t *testing.T) {
	const us = `
instruments: [{cite: Act}, {cite: Code, mandatory: true}]
outside: [{id: o, when: data_categories == deceased, cite: Act 90}]
requirements:
- {id: KEEP, kind: forbid, cite: Act 20, text: {en: x}, when: "operation == delete and data_categories == tax_record and subject_location in US"}
`
	e := engineWith(t, law("us US federal UTC", us[1:]), law("ca US-CA state UTC", `
requirements:
- {id: Z, kind: oblige, cite: [Act 31, Act 32], text: {en: x}, when: member == true, must: badge == true}
- {id: Y, kind: oblige, cite: Act 33, text: {en: x}, when: member == true and public_data == true, must: badge == true}
- {id: HELD, kind: forbid, cite: Act 34, text: {en: x}, unless: [{id: b, when: luck == true, cite: Act 35, conditions: [{id: c, text: {en: x}, cite: Act 80}]}]}
`[1:]), law("eu EU treaty UTC", `
requirements:
- {id: ERASE, kind: oblige, cite: Act 17, text: {en: x}, when: request_type == erasure, demand: delete, meanwhile: {restrict: [{type: restrict}], cite: Act 18}}
- {id: CLAIM, kind: forbid, cite: [Act 41, Act 42], text: {en: x}, when: member == true, unless: [{id: b, claim: legal_basis == contract, when: legal_basis == contract and proof == true, settled: true, cite: Act 43}, {id: n, when: paper == true, settled: true, cite: Act 44}]}
- {id: DUTY, kind: oblige, cite: Act 99, text: {en: x}, must: notice_given == true}
`[1:]))
	const clash = "ignore operation=delete request_type=erasure data_categories=tax_record subject_location=US luck=true badge=false "
	cited := func(words, want string) { t.Helper(); wantCites(t, decide(t, e, words), want) }
	// Conflicts, violations by weight then id with failed claims, grounds, demands, expired, outside, conditions.
	cited(clash+"explain member=true public_data=true legal_basis=contract proof=false",
		"Act 17; Act 18; Act 20; Act 41; Act 43; Act 33; Act 31; Act 42; Act 32; Act 35; Act 80")
	cited(clash+"member=true public_data=true legal_basis=contract proof=false", "Act 17; Act 18; Act 20; Act 41; Act 43; Act 33")
	cited(clash+"explain member=true legal_basis=consent proof=false", "Act 17; Act 18; Act 20; Act 41; Act 31; Act 42; Act 32; Act 35; Act 80")
	cited("ignore operation=delete request_type=erasure retention_rules=Code_1 retention_elapsed=true data_categories=deceased luck=true",
		"Act 35; Act 17; Code 1; Act 90; Act 80")
	cited("ignore luck=true notice_given=true", "Act 35; Act 80")
	cited("operation=check luck=true notice_given=true", "Act 35; Act 99; Act 80")
	cited("operation=check luck=true", "Act 35; Act 80")
	if d := decide(t, e, clash); d.Effect != comity.Review || !slices.Equal(d.Citations[:3], []string{"Act 17", "Act 18", "Act 20"}) {
		t.Error(answer(d), d.Citations)
	}
}

// Rule 5.1: conflicts, like violations, stand by weight, then id.
func TestRule51Conflicts(t *testing.T) {
	forbid := func(id string) string {
		return "requirements: [{id: " + id + ", kind: forbid, cite: Act " + id + ", text: {en: x}, when: operation == delete}]"
	}
	e := engineWith(t, collision("", law("ca US-CA state UTC", forbid("C")), law("us US federal UTC", forbid("B")), law("vn VN federal UTC", forbid("A")))...)
	d := decide(t, e, "ignore operation=delete request_type=erasure")
	if got, want := answer(d), "review; bound C ERASE B A; conflict A~ERASE B~ERASE C~ERASE"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	wantCites(t, d, "Act 1; Act A; Act B; Act C")
}

// Rule 5.2: violations have the facts that decided.
func TestRule52Facts(t *testing.T) {
	e := engineWith(t, rules(`
- {id: A, kind: forbid, ~, when: purpose == tax and data_categories == contact, unless: [{id: b, when: proof == true and subject_location in DE, settled: true, cite: Act}]}
- {id: M, kind: oblige, ~, when: purpose == testing, must: notice_given == true}
`))
	for words, want := range map[string]map[string]any{
		"purpose=tax data_categories=contact,health proof=false subject_location=FR member=true": {
			"purpose": "tax", "data_categories": []string{"contact", "health"}, "proof": false,
		},
		"purpose=testing notice_given=false proof=true": {"purpose": "testing", "notice_given": false},
	} {
		d := decide(t, e, words)
		if len(d.Violations) != 1 || !reflect.DeepEqual(d.Violations[0].Facts, want) {
			t.Errorf("%q: %+v, want %v", words, d.Violations, want)
		}
	}
}

func remedyText(r comity.Remedy) string {
	return strings.Trim(fmt.Sprint(r.Set, r.Obtain), " ")
}

// Rule 5.2: remedies change at most three facts of the caller or his processes, cure all
// violations, come cheapest first, and never set a consent, a person, a date or an age.
func TestRule52Remedies(t *testing.T) {
	e := engineWith(t, rules(`
- {id: TWO, kind: forbid, ~, when: member == true and purpose == marketing, unless: [{id: dear, when: paper == true, settled: true, cite: Act 5}, {id: cheap, when: proof == true, settled: true, cite: Act 6}]}
- {id: ALSO, kind: oblige, ~, when: member == true, must: badge == true}
- {id: ASKED, kind: forbid, ~, when: purpose == research, unless: [{id: b, when: consent == explicit, cite: Act, conditions: [{id: c, text: {en: x}}]}]}
- {id: LUCK, kind: forbid, ~, when: purpose == tax, unless: [{id: b, when: luck == true, settled: true, cite: Act}, {id: d, when: date >= 2030-01-01, settled: true, cite: Act}, {id: p, when: subject_location in DE or subject_age >= 18, settled: true, cite: Act}]}
- {id: FOUR, kind: forbid, ~, when: purpose == security, unless: [{id: b, when: proof == true and badge == true and paper == true and notice_given == true, settled: true, cite: Act}]}
- {id: THREE, kind: forbid, ~, when: purpose == payment, unless: [{id: b, when: proof == true and badge == true and paper == true, settled: true, cite: Act}]}
- {id: FALSE, kind: forbid, ~, when: purpose == testing, unless: [{id: f, when: proof == true and badge == true, settled: true, cite: Act}]}
- {id: TRAP, kind: forbid, ~, when: badge == true and purpose == testing}
- {id: HOME, kind: localise, ~, when: purpose == pricing, place: storage, allowed: [DE, FR]}
`))
	for words, want := range map[string][]string{
		// Both violations are cured at once, the cheaper way first; only one without explain.
		"member=true purpose=marketing proof=false badge=false":                   {"map[badge:true proof:true] map[]"},
		"explain member=true purpose=marketing proof=false badge=false":           {"map[badge:true proof:true] map[]", "map[badge:true] map[paper:true]"},
		"purpose=research consent=none":                                           {"map[] map[consent:explicit]"},
		"purpose=tax luck=false":                                                  nil,
		"purpose=security proof=false badge=false paper=false notice_given=false": nil,
		"purpose=security proof=true badge=false paper=false notice_given=false":  {"map[badge:true notice_given:true] map[paper:true]"},
		"purpose=payment proof=false badge=false paper=false":                     {"map[badge:true proof:true] map[paper:true]"},
		// Would lift one prohibition and run into another: no cure.
		"purpose=testing proof=false":  nil,
		"purpose=pricing stored_in=US": {"map[stored_in:DE] map[]"},
		"purpose=pricing stored_in=FR": nil,
	} {
		d := decide(t, e, words)
		var got []string
		if len(d.Violations) > 0 {
			for _, r := range d.Violations[0].Remedies {
				got = append(got, remedyText(r))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: remedies %q, want %q", words, got, want)
		}
		for _, v := range d.Violations {
			for _, r := range v.Remedies {
				cures(t, e, words, r)
			}
		}
	}
}

// cures asks again with the remedy.
func cures(t testing.TB, e *Engine, words string, r comity.Remedy) {
	t.Helper()
	req := request(words)
	for _, set := range []map[string]any{r.Set, r.Obtain} {
		for name, v := range set {
			req.Facts[name] = v
		}
	}
	d, err := e.Decide(req)
	if err != nil || d.Effect == comity.Deny {
		t.Errorf("%q: %v does not cure: %s %v", words, r, answer(d), err)
	}
}

// Rule 5.2: the explanation changes nothing else of an answer.
func TestRule52ExplainAddsOnly(t *testing.T) {
	e := engineWith(t, rules(`
- {id: A, kind: forbid, ~, when: purpose == marketing, unless: [{id: b, when: badge == true and proof == true, settled: true, cite: Act}]}
- {id: ASK, kind: forbid, ~, when: purpose == marketing and badge == false, ask: badge}
`))
	for _, words := range []string{"purpose=marketing proof=false", "operation=judge purpose=marketing proof=false"} {
		plain, full := decide(t, e, words), decide(t, e, "explain "+words)
		if len(plain.Violations[0].Remedies) != 1 || !reflect.DeepEqual(plain.Violations[0].Remedies[0], full.Violations[0].Remedies[0]) {
			t.Errorf("%q: remedies %v, explained %v", words, plain.Violations[0].Remedies, full.Violations[0].Remedies)
		}
		if answer(plain) != answer(full) {
			t.Errorf("%q\n %s\n %s", words, answer(plain), answer(full))
		}
	}
}

// Rule 5.3: missing facts are confirmed by trying their values, where explained.
func TestRule53Missing(t *testing.T) {
	e := engineWith(t, rules(`
- {id: A, kind: forbid, ~, when: purpose == tax and member == true, ask: member}
- {id: B, kind: forbid, ~, when: purpose == testing and member == true and public_data == true, ask: member}
- {id: C, kind: forbid, ~, when: purpose == research and subject_age >= 16, ask: subject_age}
- {id: D, kind: forbid, ~, when: purpose == payment and tenant == 'x', ask: tenant}
`))
	for words, want := range map[string]string{
		"purpose=tax":      "member",
		"purpose=testing":  "member",
		"purpose=research": "subject_age",
		"purpose=payment":  "tenant?",
		// Whatever the purpose, it was not judged without the data.
		"operation=judge purpose=booking": "data_categories",
		// One alone would not do.
		"operation=judge": "member? subject_age? tenant? data_categories? purpose?",
	} {
		var got []string
		for _, m := range decide(t, e, "explain "+words).Missing {
			got = append(got, m.Fact+map[bool]string{true: "?"}[m.Possible])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: missing %v, want %s", words, got, want)
		}
	}
}

// Rule 5.4: permitted regions, left out where nothing restricts a kind of place.
func TestRule54Regions(t *testing.T) {
	e := engineWith(t, rules(`
- {id: HOME, kind: localise, ~, when: purpose == tax, place: storage, allowed: [DE, FR]}
- {id: ONE, kind: localise, ~, when: purpose == testing, place: processing, allowed: DE, at_least_one: true}
- {id: OUT, kind: forbid, ~, when: "from_region in DE and to_region in [US, CN]", unless: [{id: b, when: from_region == $to_region or consent == opt_in, settled: true, cite: Act}]}
- {id: NO, kind: forbid, ~, when: purpose == research}
- {id: DATED, kind: localise, ~, when: purpose == booking, place: storage, allowed: EU}
- {id: NEG, kind: forbid, ~, when: purpose == pricing, unless: [{id: b, when: "stored_in not in [CN]", settled: true, cite: Act}]}
`))
	const some = "ignore regions candidates=DE,FR,US,CN,GB "
	for words, want := range map[string]string{
		some:                              "map[]",
		some + "purpose=tax":              "map[storage:[DE FR]]",
		some + "purpose=tax stored_in=CN": "map[inference:[] model:[] processing:[] storage:[DE FR]]",
		some + "purpose=testing":          "map[processing:[DE]]",
		some + "purpose=testing processed_in=US,DE":                      "map[processing:[DE]]",
		some + "purpose=research":                                        "map[inference:[] model:[] processing:[] storage:[]]",
		some + "from_region=DE consent=none":                             "map[inference:[DE FR GB] model:[DE FR GB] processing:[DE FR GB] storage:[DE FR GB]]",
		some + "from_region=DE consent=opt_in":                           "map[]",
		some + "purpose=booking date=2020-01-31":                         "map[storage:[DE FR GB]]",
		some + "purpose=booking date=2020-02-01":                         "map[storage:[DE FR]]",
		"regions candidates=DE,FR,US,CN,GB purpose=pricing stored_in=DE": "map[storage:[DE FR US GB]]",
		"regions candidates=CN purpose=tax":                              "map[storage:[]]",
		"regions candidates=DE purpose=tax":                              "map[]",
		"purpose=tax":                                                    "map[]",
	} {
		if got := fmt.Sprint(decide(t, e, words).Regions); got != want {
			t.Errorf("%q: %s, want %s", words, got, want)
		}
	}
	all := decide(t, e, "regions purpose=tax").Regions["storage"]
	if !slices.Equal(all, []string{"DE", "FR"}) {
		t.Errorf("of all countries: %v", all)
	}
	_, err := e.Decide(request("regions candidates=DE,XY1"))
	expectError(t, "candidates", err, "unknown XY1")
}

// Rule 5.6: duties are what applies and was neither shown nor denied.
func TestRule56Duties(t *testing.T) {
	e := engineWith(t, rules(`
- {id: A, kind: oblige, ~, title: Tell them, must: notice_given == true}
- {id: B, kind: oblige, ~, must: dpia == true}
- {id: C, kind: oblige, ~, when: member == true, must: proof == true}
`))
	d := decide(t, e, "dpia=true")
	want := []comity.Duty{{ID: "A", Text: "Tell them", Requirement: "A", Citations: []string{"Act 1"}}}
	if !reflect.DeepEqual(d.Duties, want) || d.Effect != comity.Allow {
		t.Errorf("%s: %+v", d.Effect, d.Duties)
	}
	expect(t, e, both([]row{
		{"notice_given=true dpia=true", "allow; bound A B"},
		{"notice_given=true dpia=false", "deny; bound A B; violated B"},
		{"member=true notice_given=true", "allow; bound A B C; duty B C"},
	}))
}

// Rule 6.2: a residual answers as the whole program does, and says which rows it denies.
func TestRule62Residual(t *testing.T) {
	e := engineWith(t, rules(`
- {id: A, kind: forbid, ~, when: data_categories == health and subject_location in EU, unless: [{id: b, when: consent == explicit, settled: true, cite: Act}]}
- {id: B, kind: forbid, ~, when: purpose == tax and data_categories == genetic}
- {id: C, kind: forbid, ~, when: purpose == marketing and subject_age < 18}
- {id: OLD, kind: forbid, ~, until: 2020-01-01}
`))
	p := e.Program()
	ask := func(known string, free ...string) *Residual {
		t.Helper()
		r, err := p.Residual(request(known).Facts, free, comity.MissingReview, must(ParseTime("2024-06-15")))
		if err != nil {
			t.Fatalf("%q: %v", known, err)
		}
		return r
	}
	for _, c := range []struct{ known, free, deny string }{
		{"purpose=marketing subject_age=20 data_categories=contact", "subject_location,consent", "false"},
		{"purpose=marketing subject_age=10 data_categories=contact", "subject_location,consent", "true"},
		{"purpose=testing data_categories=health consent=none", "subject_location", "subject_location in EU"},
		{"purpose=tax consent=explicit subject_location=DE", "data_categories", "data_categories == genetic"},
	} {
		r := ask(c.known, strings.Split(c.free, ",")...)
		if r.Deny() != c.deny {
			t.Errorf("%q: deny %q, want %q", c.known, r.Deny(), c.deny)
		}
	}
	r := ask("purpose=testing data_categories=health", "subject_location", "consent")
	if r.Rules() != 1 {
		t.Errorf("%d rules remain", r.Rules())
	}
	var res Result
	for row, want := range map[string]comity.Effect{"DE none": comity.Deny, "DE explicit": comity.Allow, "US none": comity.Allow} {
		f := strings.Fields(row)
		if err := r.Evaluate(comity.Facts{"subject_location": f[0], "consent": f[1]}, &res); err != nil || res.Effect() != want {
			t.Errorf("%s: %s, %v", row, res.Effect(), err)
		}
	}
	expectError(t, "a row lacks a fact", r.Evaluate(comity.Facts{"consent": "none"}, &res), "usage lacks")
	expectError(t, "a row has another fact", r.Evaluate(comity.Facts{"consent": "none", "purpose": "tax"}, &res), "usage purpose")
	expectError(t, "a row has an unknown fact", r.Evaluate(comity.Facts{"consnt": "none"}, &res), "unknown consent")
	for free, want := range map[string]string{"purpos": "unknown purpose", "operation": "usage operation", "purpose": "usage both known and free", "subject_age": "usage subject_age", "transfer_mechanism": "usage transfer_mechanism"} {
		_, err := p.Residual(request("purpose=tax").Facts, []string{free}, "", must(ParseTime("2024-06-15")))
		expectError(t, free, err, want)
	}
}
