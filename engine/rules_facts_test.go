// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
)

// Rule 1.1: one vocabulary, foreign names as aliases, and the user's own entries.
func TestRule11Vocabulary(t *testing.T) {
	e := engineWith(t, rules(`
- {id: A, kind: forbid, ~, when: data_categories == contact and purpose == marketing and member == true}
`))
	for _, facts := range []string{
		"data_categories=contact purpose=marketing member=true",
		"data_categories=user.contact.email purpose=dpv:Marketing loyalty_member=true",
	} {
		expect(t, e, []row{{facts, "deny; bound A; violated A"}})
	}
}

// Rule 1.2: a single value for a list; unknown names and a fact given twice are errors.
func TestRule12Names(t *testing.T) {
	e := engineWith(t, rules("- {id: A, kind: forbid, ~, when: subject_location in DE and data_categories == health}\n"))
	expect(t, e, []row{
		{"subject_location=DE data_categories=health", "deny; bound A; violated A"},
		{"subject_location=DE,US data_categories=contact,health", "deny; bound A; violated A"},
		{"subject_locaton=DE", `error unknown unknown fact "subject_locaton"|did you mean "subject_location"`},
		{"data_categories=helth", `error unknown fact data_categories|"helth"|did you mean "health"`},
		{"operation=us", `error unknown fact operation|did you mean "use"`},
		{"subject_location=XX-1", `error unknown fact subject_location|unknown region "XX-1"`},
		{"member=true loyalty_member=false", "error conflict fact member is given twice"},
		{"purpose=marketing,tax", "error invalid fact purpose|2 values where one is taken"},
		{"consent=none,opt_in", `error invalid fact consent|"none" stands beside other values`},
	})
	for text, want := range map[string]string{
		`{"purpose": "tax", "purpose": "tax"}`:                              "",
		"{\"purpose\": \"tax\",\n \"purpose\": \"marketing\"}":              `conflict line 2, column|"purpose" is given twice`,
		`{"facts": {"member": true, "member": false}}`:                      `conflict line 1, column 43|"member" is given twice`,
		`{"defaults": {"purpose": "tax"}, "facts": {"purpose": "testing"}}`: `conflict fact "purpose" differs from the defaults`,
		`{"facts": {}, "explian": true}`:                                    `unknown envelope field explian|did you mean "explain"`,
	} {
		_, err := DecodeRequest([]byte(text))
		if want == "" && err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if want != "" {
			expectError(t, text, err, want)
		}
	}
}

// Rule 1.3: days begin in the zone of the law, a day means noon there, intervals are
// half-open, and the engine has no clock.
func TestRule13Time(t *testing.T) {
	const dated = "requirements: [{id: A, kind: forbid, ~, from: 2024-06-01, until: 2024-07-01}]"
	const denied, before = "deny; bound A; violated A; until ", "allow; until "
	expect(t, engineWith(t, law("p EU treaty Europe/Brussels", dated)), []row{
		{"date=2024-05-31T21:59:59Z", before + "2024-05-31T22:00:00Z"},
		{"date=2024-05-31T22:00:00Z", denied + "2024-06-30T22:00:00Z"},
		{"date=2024-06-01T00:00:00+02:00", denied + "2024-06-30T22:00:00Z"},
		{"date=2024-05-31", before + "2024-05-31T22:00:00Z"},
		{"date=2024-06-01", denied + "2024-06-30T22:00:00Z"},
		{"date=2024-06-30", denied + "2024-06-30T22:00:00Z"},
		{"date=2024-06-30T21:59:59Z", denied + "2024-06-30T22:00:00Z"},
		{"date=2024-06-30T22:00:00Z", "allow"},
		{"date=2024-07-01", "allow"},
		{"date=-", "error invalid date|2024-05-01"},
	})
	expect(t, engineWith(t, law("p US federal America/New_York", dated)), []row{
		{"date=2024-06-01T03:59:59Z", before + "2024-06-01T04:00:00Z"},
		{"date=2024-06-01T04:00:00Z", denied + "2024-07-01T04:00:00Z"},
	})
	// Two zones at once: half a day apart, and one day has the same name in both.
	expect(t, engineWith(t, law("a NZ federal Pacific/Auckland", dated), law("b US federal Pacific/Honolulu", strings.Replace(dated, "id: A", "id: B", 1))), []row{
		{"date=2024-06-01T00:00:00Z", denied + "2024-06-01T10:00:00Z"},
		{"date=2024-05-31", before + "2024-05-31T12:00:00Z"},
		{"date=2024-06-01", "deny; bound A B; violated A B; until 2024-06-30T12:00:00Z"},
		{"date=2024-06-30", "deny; bound A B; violated A B; until 2024-06-30T12:00:00Z"},
	})
	// A day is noon: of Brussels 10:00Z, of Auckland midnight in UTC.
	const hours = "requirements: [{id: A, kind: oblige, ~, must: date <= $breach_known_at + 24 hours}]"
	expect(t, engineWith(t, law("p EU treaty Europe/Brussels", hours)), []row{
		{"date=2024-06-02 breach_known_at=2024-06-01T10:00:00Z", "allow; bound A; until 2024-06-02T10:00:01Z"},
		{"date=2024-06-02 breach_known_at=2024-06-01T09:59:59Z", "deny; bound A; violated A"},
		{"date=2024-06-02 breach_known_at=2024-06-01", "allow; bound A; until 2024-06-02T10:00:01Z"},
	})
	expect(t, engineWith(t, law("p NZ federal Pacific/Auckland", hours)), []row{
		{"date=2024-06-02 breach_known_at=2024-06-01T00:00:00Z", "allow; bound A; until 2024-06-02T00:00:01Z"},
		{"date=2024-06-02 breach_known_at=2024-05-31T23:59:59Z", "deny; bound A; violated A"},
	})
	loadError(t, `pack test/p/pack.yaml:1:1|"zone" is missing`, strings.Replace(law("p EU treaty UTC", dated), "zone: UTC\n", "", 1))
	loadError(t, "pack unknown time zone|IANA", law("p EU treaty Europe/Brusels", dated))
}

// Rule 1.3: zones are known where the system has none, and Encode takes the date of who
// has a clock.
func TestRule13Independence(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "engine.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	embeds := false
	for _, i := range f.Imports {
		embeds = embeds || i.Path.Value == `"time/tzdata"`
	}
	if !embeds {
		t.Error("the time zone database is not embedded")
	}
	p := engineWith(t, rules("- {id: A, kind: forbid, ~, from: 2024-06-01}\n")).Program()
	in, facts := p.NewInput(), comity.Facts{"operation": "use", "targets": "FR"}
	expectError(t, "no date", p.Encode(in, facts, time.Time{}), "invalid date")
	var res Result
	for at, want := range map[string]comity.Effect{"2024-05-31T23:59:59Z": comity.Allow, "2024-06-01T00:00:00Z": comity.Deny} {
		if err := p.Encode(in, facts, must(time.Parse(time.RFC3339, at))); err != nil {
			t.Fatal(err)
		}
		if err := p.Evaluate(in, comity.MissingReview, &res); err != nil || res.Effect() != want {
			t.Errorf("%s: %s, %v", at, res.Effect(), err)
		}
	}
}

// Rule 1.4: ages are computed from their origins by the calendar; a number counts from
// the date of the question.
func TestRule14Ages(t *testing.T) {
	e := engineWith(t, rules(`
- {id: CHILD, kind: forbid, ~, when: operation == use and subject_age < 16}
- {id: OLD, kind: forbid, ~, when: operation == retain and retained_months >= 1}
- {id: LATE, kind: oblige, ~, when: operation == respond_request, must: date <= $request_received_at + 3 months}
- {id: SLOW, kind: oblige, ~, when: operation == notify_breach, must: breach_hours <= 72}
`))
	expect(t, e, []row{
		{"subject_born_on=2008-06-16", "deny; bound CHILD; violated CHILD; until 2024-06-16T00:00:00Z"},
		{"subject_born_on=2008-06-15", "allow"},
		{"subject_born_on=2008-02-29 date=2024-02-28", "deny; bound CHILD; violated CHILD; until 2024-02-29T00:00:00Z"},
		{"subject_age=15", "deny; bound CHILD; violated CHILD; until 2025-06-15T00:00:00Z"},
		{"subject_age=16", "allow"},
		{"operation=retain data_categories=contact collected_at=2024-01-31 date=2024-02-28", "allow; until 2024-02-29T00:00:00Z"},
		{"operation=retain data_categories=contact collected_at=2024-01-31 date=2024-02-29", "deny; bound OLD; violated OLD"},
		{"operation=retain data_categories=contact retained_months=0", "allow; until 2024-07-15T00:00:00Z"},
		{"ignore operation=respond_request request_received_at=2024-01-15 date=2024-04-15", "allow; bound LATE; until 2024-04-16T00:00:00Z"},
		{"ignore operation=respond_request request_received_at=2024-01-15 date=2024-04-16", "deny; bound LATE; violated LATE"},
		{"ignore operation=respond_request request_received_at=2024-11-30 date=2025-02-28", "allow; bound LATE; until 2025-03-01T00:00:00Z"},
		{"ignore operation=respond_request request_received_at=2024-11-30 date=2025-03-01", "deny; bound LATE; violated LATE"},
		{"ignore operation=notify_breach breach_known_at=2024-06-12T12:00:00Z date=2024-06-15T12:59:59Z", "allow; bound SLOW; until 2024-06-15T13:00:00Z"},
		{"ignore operation=notify_breach breach_known_at=2024-06-12T12:00:00Z date=2024-06-15T13:00:00Z", "deny; bound SLOW; violated SLOW"},
		{"ignore operation=notify_breach breach_hours=70 date=2024-06-15T12:00:00Z", "allow; bound SLOW; until 2024-06-15T15:00:00Z"},
		{"subject_age=15 subject_born_on=2008-06-15", "error invalid fact subject_age|does not follow|give only the origin"},
		{"subject_age=16 subject_born_on=2008-06-15", "allow"},
		{"subject_born_on=2024-06-16", "error invalid fact subject_born_on|after the date"},
		{"subject_age=-1", "error invalid fact subject_age|no possible age"},
		{"subject_age=1.5", "error invalid fact subject_age|not a whole number"},
	})
}

// Rule 1.5: membership is dated, Union law outlasted it in the United Kingdom, and a
// group as a value is some place in it.
func TestRule15Regions(t *testing.T) {
	e := engineWith(t, rules(`
- {id: MEMBER, kind: qualify, ~, when: subject_location in EU, conditions: [{id: c, text: {en: x}}]}
- {id: LAW, kind: qualify, ~, when: subject_location in EEA_LAW, conditions: [{id: c, text: {en: x}}]}
- {id: CITY, kind: qualify, ~, when: subject_location in US, conditions: [{id: c, text: {en: x}}]}
- {id: DE, kind: qualify, ~, when: subject_location in DE, conditions: [{id: c, text: {en: x}}]}
- {id: NOTDE, kind: qualify, ~, when: not shown subject_location in DE, conditions: [{id: c, text: {en: x}}]}
`))
	const out, both, law = "allow; bound NOTDE; condition NOTDE.c", "allow; bound MEMBER LAW NOTDE; condition MEMBER.c LAW.c NOTDE.c", "allow; bound LAW NOTDE; condition LAW.c NOTDE.c"
	expect(t, e, []row{
		{"subject_location=GB date=2020-01-31", both + "; until 2020-02-01T00:00:00Z"},
		{"subject_location=GB date=2020-02-01", law + "; until 2021-01-01T00:00:00Z"},
		{"subject_location=GB date=2020-12-31", law + "; until 2021-01-01T00:00:00Z"},
		{"subject_location=GB date=2021-01-01", out},
		{"subject_location=US-NY-NYC", "allow; bound CITY NOTDE; condition CITY.c NOTDE.c"},
		{"subject_location=DE", "allow; bound MEMBER LAW DE; condition MEMBER.c LAW.c DE.c"},
		// Known of every member, unknown of some, false of none.
		{"subject_location=EEA", law},
		{"subject_location=EU", both},
		{"subject_location=CN", out},
		{"subject_location=WORLD", out},
	})
}

// Rule 1.6: a requirement is read for each combination of single elements.
func TestRule16Lists(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", `
outside: [{id: nobody, when: data_categories == anonymous, cite: Act}]
requirements:
- id: CHILD
  kind: forbid
  ~
  when: purpose == marketing
  unless:
  - {id: de, when: subject_location in DE and subject_age >= 16, settled: true, cite: Act}
  - {id: at, when: subject_location in AT and subject_age >= 14, settled: true, cite: Act}
- id: DATA
  kind: forbid
  ~
  when: purpose == research
  unless:
  - {id: contact, when: data_categories == contact and consent == opt_in, settled: true, cite: Act}
  - {id: health, when: data_categories == health and consent == explicit, settled: true, cite: Act}
- id: PURE
  kind: forbid
  ~
  when: purpose == statistics
  unless: [{id: no_health, when: "data_categories not in [health]", settled: true, cite: Act}]
- {id: PAIR, kind: forbid, ~, when: purpose == tax and data_categories == health and subject_location in AT}
`[1:]))
	expect(t, e, []row{
		{"purpose=marketing subject_age=16 subject_location=DE", "allow; bound CHILD; ground CHILD/de"},
		{"purpose=marketing subject_age=15 subject_location=DE", "deny; bound CHILD; violated CHILD; until 2025-06-15T00:00:00Z"},
		{"purpose=marketing subject_age=15 subject_location=AT", "allow; bound CHILD; ground CHILD/at"},
		{"purpose=marketing subject_age=15 subject_location=DE,AT", "deny; bound CHILD; violated CHILD; ground CHILD/at; until 2025-06-15T00:00:00Z"},
		{"purpose=marketing subject_age=16 subject_location=DE,AT", "allow; bound CHILD; ground CHILD/de CHILD/at"},
		{"purpose=marketing subject_age=13 subject_location=DE,AT", "deny; bound CHILD; violated CHILD; until 2025-06-15T00:00:00Z"},
		{"purpose=research consent=opt_in data_categories=contact", "allow; bound DATA; ground DATA/contact"},
		{"purpose=research consent=opt_in data_categories=health,contact", "deny; bound DATA; violated DATA; ground DATA/contact"},
		{"purpose=research consent=explicit data_categories=health,contact", "allow; bound DATA; ground DATA/contact DATA/health"},
		// A regime is out only for the combinations that the node covers.
		{"purpose=research consent=none data_categories=anonymous", "allow; outside p/nobody"},
		{"purpose=research consent=none data_categories=anonymous,health", "deny; bound DATA; violated DATA; outside p/nobody"},
		{"purpose=research consent=opt_in data_categories=anonymous,contact", "allow; bound DATA; ground DATA/contact; outside p/nobody"},
		// not in reads the whole list: the contact data beside the health data does not lift.
		{"purpose=statistics data_categories=contact", "allow; bound PURE; ground PURE/no_health"},
		{"purpose=statistics data_categories=contact,health", "deny; bound PURE; violated PURE"},
		// Only combinations that exist count, whatever the order of the elements.
		{"purpose=tax data_categories=contact,health subject_location=AT,DE", "deny; bound PAIR; violated PAIR"},
		{"purpose=tax data_categories=health,contact subject_location=DE,FR", "allow"},
	})
}

// Rule 1.6 beyond one word of combinations: 12 places, 11 kinds of data.
func TestRule16ManyCombinations(t *testing.T) {
	e := engineWith(t, rules(`
- {id: LAST, kind: forbid, ~, when: subject_location in CH and data_categories == pan, unless: [{id: b, when: consent == opt_in, settled: true, cite: Act}]}
- {id: FIRST, kind: forbid, ~, when: subject_location in AT and data_categories == contact, unless: [{id: b, when: consent == explicit, settled: true, cite: Act}]}
- {id: PURE, kind: oblige, ~, when: subject_location in FR, must: "data_categories not in [pan]"}
`))
	const all = "subject_location=AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,CH data_categories=contact,health,genetic,biometric,photo,ethnicity,political,religion,union,sexual_life,pan"
	expect(t, e, []row{
		{all + " consent=none", "deny; bound LAST FIRST PURE; violated FIRST LAST PURE"},
		{all + " consent=opt_in", "deny; bound LAST FIRST PURE; violated FIRST PURE; ground LAST/b"},
		{strings.ReplaceAll(all, ",pan", "") + " consent=opt_in", "deny; bound FIRST PURE; violated FIRST"},
		{strings.ReplaceAll(all, ",pan", "") + " consent=explicit", "allow; bound FIRST PURE; ground FIRST/b"},
	})
}

// Rule 1.7: parts are judged apart and their answers joined; two persons are never one.
func TestRule17Parts(t *testing.T) {
	e := engineWith(t, rules(`
- {id: DATA, kind: forbid, ~, when: data_categories == health, unless: [{id: explicit, when: consent == explicit, conditions: [{id: stop, text: {en: x}}], cite: Act}]}
- {id: OPEN, kind: review, ~, when: data_categories == genetic}
- {id: TELL, kind: oblige, ~, must: notice_given == true}
- {id: HOME, kind: localise, ~, when: subject_location in RU, place: storage, allowed: RU}
- {id: EAST, kind: localise, ~, when: subject_location in CN, place: storage, allowed: [CN, RU]}
`))
	ask := func(want string, words ...string) {
		t.Helper()
		req := request("")
		for _, w := range words {
			part := request("operation=- date=- targets=- " + w)
			req.Parts = append(req.Parts, part.Facts)
		}
		d, err := e.Decide(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer(d); got != want {
			t.Errorf("%q\n got %s\nwant %s", words, got, want)
		}
	}
	ask("deny; bound DATA TELL; violated DATA[1]; ground DATA/explicit; condition DATA.stop[0]; duty TELL[0 1]",
		"data_categories=health consent=explicit", "data_categories=health consent=none")
	ask("allow; bound DATA TELL; ground DATA/explicit; condition DATA.stop[0 1]; duty TELL[1]",
		"data_categories=health consent=explicit notice_given=true", "data_categories=health consent=explicit")
	ask("review; bound TELL OPEN; duty TELL[0 1]; question OPEN", "data_categories=contact", "data_categories=genetic")
	ask("deny; bound OPEN TELL DATA; violated DATA[2]; duty TELL[0 2]; question OPEN",
		"data_categories=genetic", "data_categories=contact notice_given=true", "data_categories=health consent=none")
	places := func(want string, words ...string) {
		t.Helper()
		req := request("regions candidates=RU,CN,DE notice_given=true")
		for _, w := range words {
			req.Parts = append(req.Parts, comity.Facts{"subject_location": w})
		}
		d := must(e.Decide(req))
		if got := strings.Join(d.Regions["storage"], " "); got != want {
			t.Errorf("%v: %s, not %s", words, got, want)
		}
	}
	places("RU", "RU")
	places("RU CN", "CN")
	places("RU", "CN", "RU")
	places("RU", "RU", "CN")
	places("RU", "RU", "DE")
	places("RU CN", "DE", "CN")
	req := request("")
	req.Parts = []comity.Facts{}
	_, err := e.Decide(req)
	expectError(t, "no parts", err, "invalid empty")
	req.Parts = []comity.Facts{{}, {"purpos": "tax"}}
	_, err = e.Decide(req)
	expectError(t, "a bad part", err, "unknown part 1|purpose")
}
