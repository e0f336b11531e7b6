// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"strings"
	"testing"
)

// ruleText prints a rule as the linker made it, one line for each exception.
func ruleText(v *Vocabulary, r *Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s when %s", r.ID, r.Kind, v.Text(r.When))
	if r.Must != nil {
		fmt.Fprintf(&b, " must %s", v.Text(r.Must))
	}
	for _, i := range r.Demand {
		fmt.Fprintf(&b, " demands %s", v.Operations[i].Name)
	}
	b.WriteString("\n")
	for _, x := range r.Branches {
		fmt.Fprintf(&b, "  %s of %s when %s", x.ID, x.Owner.ID, v.Text(x.When))
		if x.Claim != nil {
			fmt.Fprintf(&b, " claim %s", v.Text(x.Claim))
		}
		fmt.Fprintf(&b, " cite %s", strings.Join(x.Cites, ", "))
		for _, f := range []struct {
			is   bool
			name string
		}{{x.Settled(), "settled"}, {x.RecognisesOrders(), "recognises"}, {x.Edge != nil, "edge"}, {x.Expired, "expired"}, {x.Rests(v), "rests"}} {
			if f.is {
				b.WriteString(" " + f.name)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func rulesText(v *Vocabulary, m *Model) string {
	var b strings.Builder
	for _, r := range m.Rules {
		b.WriteString(ruleText(v, r))
	}
	return b.String()
}

// TestLink: requirements become rules; permits, edges and periods become exceptions.
func TestLink(t *testing.T) {
	v := testVocab(t)
	for _, c := range []struct{ name, text, want string }{
		{"a permit with dates, used under a condition", head + req + `  when: operation == transfer
  unless:
  - {permit: P, when: persons > 1}
- id: P
  kind: permit
  text: {en: P.}
  cite: [LAW Art. 3]
  when: notice_given == true
  from: 2024-01-01
  until: 2025-01-01
  unless:
  - {id: a, when: transfer_mechanism == bcr, claim: transfer_mechanism == bcr, cite: [LAW Art. 4], conditions: [{id: c, text: {en: C.}}]}
  - {id: b, when: "true", cite: [LAW Art. 5], settled: true}
`, `R forbid when operation == transfer
  a of P when transfer_mechanism == bcr and (persons > 1 and notice_given == true and (date >= 2024-01-01 and date < 2025-01-01)) claim transfer_mechanism == bcr cite LAW Art. 4 rests
  b of P when persons > 1 and notice_given == true and (date >= 2024-01-01 and date < 2025-01-01) cite LAW Art. 5 settled rests
`},
		{"a permit of permits", head + req + `  unless: [{permit: P}]
- {id: P, kind: permit, text: {en: P.}, cite: [LAW Art. 3], from: 2024-01-01, unless: [{permit: Q}, {id: p, when: persons > 1, settled: true, cite: [LAW Art. 4]}]}
- {id: Q, kind: permit, text: {en: Q.}, cite: [LAW Art. 3], unless: [{id: q, when: persons > 2, settled: true, cite: [LAW Art. 5]}]}
`, `R forbid when true
  q of Q when persons > 2 and date >= 2024-01-01 cite LAW Art. 5 settled
  p of P when persons > 1 and date >= 2024-01-01 cite LAW Art. 4 settled
`},
		{"edges as branches", head + `edges:
- {id: jp, set: s, origin: EU, destination: JP, from: 2019-01-23, cite: [LAW Art. 9]}
- {id: us, set: s, origin: [EU, GB], destination: [US, US-NY], from: 2016-07-12, until: 2020-07-16, when: importer_certified == true, claim: importer_certified == true, cite: [LAW Art. 8], ended_by: [LAW Art. 7], text: {en: Shield.}}
` + req + `  unless:
  - {id: x, edges: s, settled: true, cite: [LAW Art. 3]}
`, `R forbid when true
  x:jp of R when to_region in JP and from_region in EU and date >= 2019-01-23 cite LAW Art. 3, LAW Art. 9 settled edge
  x:us of R when to_region in [US, US-NY] and from_region in [EU, GB] and (date >= 2016-07-12 and date < 2020-07-16) and importer_certified == true claim importer_certified == true cite LAW Art. 3, LAW Art. 8 settled edge rests
`},
		{"edges to another place, through a permit", head + `edges:
- {id: jp, set: s, origin: EU, destination: JP, cite: [LAW Art. 9]}
` + req + `  unless:
  - {permit: P, to: stored_in}
- {id: P, kind: permit, text: {en: P.}, cite: [LAW Art. 3], unless: [{id: x, edges: s, when: persons > 1, settled: true, cite: [LAW Art. 3]}]}
`, `R forbid when true
  x:jp of P when stored_in in JP and persons > 1 cite LAW Art. 3, LAW Art. 9 settled edge
`},
		{
			"retention laws that are recognised", branchOf("{id: b, recognises: [EU, GB], when: legal, cite: [LAW Art. 3]}\n  - {id: c, recognises: any, cite: [LAW Art. 3]}"),
			`R forbid when true
  b of R when persons > 1 and a retention law of EU, GB runs cite LAW Art. 3 settled recognises rests
  c of R when a retention law of  runs cite LAW Art. 3 settled recognises rests
`,
		},
		{"a least period: one rule against deleting, one that demands keeping", head + strings.Replace(req, "forbid", "retain", 1) + `  when: operation == delete and purpose == analytics
  keep_at_least: 6 years
  since: collected_at
  unless:
  - {id: b, when: persons > 1, settled: true, cite: [LAW Art. 3]}
`, `R retain when operation == delete and purpose == analytics
  elapsed of R when date >= $collected_at + 6 years or retention_elapsed == true cite LAW Art. 2 settled expired rests
  b of R when persons > 1 cite LAW Art. 3 settled
R oblige when operation in [retain, store] and purpose == analytics demands retain demands store
  elapsed of R when date >= $collected_at + 6 years or retention_elapsed == true cite LAW Art. 2 settled expired rests
  b of R when persons > 1 cite LAW Art. 3 settled
`},
		{
			"a longest period", head + strings.Replace(req, "forbid", "retain", 1) + "  when: operation in [retain, store]\n  keep_at_most: 72 hours\n  since: collected_at\n",
			"R retain when operation in [retain, store] must date <= $collected_at + 72 hours\n",
		},
		{"every place", head + strings.Replace(req, "forbid", "localise", 1) + "  place: storage\n  allowed: [EU, JP]\n", "R localise when true must stored_in in [EU, JP]\n"},
		{"at least one place", head + strings.Replace(req, "forbid", "localise", 1) + "  place: storage\n  allowed: EU\n  at_least_one: true\n", "R localise when true must not stored_in not in EU\n"},
		{"what has to hold, and what is demanded", head + strings.Replace(req, "forbid", "oblige", 1) + "  must: notice_given == true\n  demand: [delete, store]\n", "R oblige when true must notice_given == true demands delete demands store\n"},
	} {
		text := strings.Replace(c.text, "when: legal", "when: persons > 1", 1)
		if got := rulesText(v, mustLoad(t, v, text)); got != c.want {
			t.Errorf("%s:\n got\n%swant\n%s", c.name, got, c.want)
		}
	}
}

// TestLinkFaults: what only shows when packs are joined.
func TestLinkFaults(t *testing.T) {
	v := testVocab(t)
	permit := "- {id: %s, kind: permit, text: {en: P.}, cite: [LAW Art. 3], unless: [%s]}\n"
	cycle := head + req + "  unless: [{permit: P}]\n" + fmt.Sprintf(permit, "P", "{permit: Q}") + fmt.Sprintf(permit, "Q", "§{permit: P}")
	text, line, col := marked(t, cycle)
	_, probs := load(v, map[string]string{"pack.yaml": text}, DayMax)
	wantProblem(t, probs, Pos{"p/pack.yaml", line, col}, "permit P uses itself", "break the cycle")

	// Permits that double each other stand for more exceptions than can be judged.
	bomb := head + req + "  unless: [{permit: P0}]\n"
	for i := range 60 {
		bomb += fmt.Sprintf(permit, fmt.Sprintf("P%d", i), fmt.Sprintf("{permit: P%d}, {permit: P%d}", i+1, i+1))
	}
	bomb += fmt.Sprintf(permit, "P60", "{id: b, when: persons > 1, settled: true, cite: [LAW Art. 3]}")
	_, probs = load(v, map[string]string{"pack.yaml": bomb}, DayMax)
	wantProblem(t, probs, Pos{"p/pack.yaml", 14, 3}, "requirement R has more than 4096 exceptions", "simplify the permits")
}

// TestLinkPacks: a pack replaces an earlier one of the same id, sets of edges and permits
// are shared by packs, and what was not yet known is left out without a fault.
func TestLinkPacks(t *testing.T) {
	v := testVocab(t)
	first := head + `edges:
- {id: jp, set: s, origin: EU, destination: JP, known_from: 2019-01-23, cite: [LAW Art. 9]}
` + req + "  unless:\n  - {id: x, edges: s, settled: true, cite: [LAW Art. 3]}\n  - {permit: P}\n"
	second := strings.Replace(head, "id: p", "id: q", 1) + `edges:
- {id: us, set: s, origin: EU, destination: US, cite: [LAW Art. 9]}
requirements:
- {id: P, kind: permit, text: {en: P.}, cite: [LAW Art. 3], known_from: 2021-01-01, unless: [{id: b, when: persons > 1, settled: true, cite: [LAW Art. 3]}]}
- {id: OLD, kind: forbid, text: {en: P.}, cite: [LAW Art. 3], known_until: 2021-01-01}
- {id: NEW, kind: forbid, text: {en: P.}, cite: [LAW Art. 3], known_from: 2021-01-01, replaces: OLD}
`
	for day, want := range map[string]string{
		"2018-01-01": "R: x:us; OLD:",
		"2019-01-22": "R: x:us; OLD:",
		"2019-01-23": "R: x:jp x:us; OLD:",
		"2021-01-01": "R: x:jp x:us b; NEW:",
		"open":       "R: x:jp x:us b; NEW:",
	} {
		known := DayMax
		if day != "open" {
			known = mustDay(t, day)
		}
		m, probs := load(v, map[string]string{"p/pack.yaml": first, "q/pack.yaml": second}, known)
		if len(probs) > 0 {
			t.Fatal(day, probs)
		}
		var rules []string
		for _, r := range m.Rules {
			s := r.ID + ":"
			for _, b := range r.Branches {
				s += " " + b.ID
			}
			rules = append(rules, s)
		}
		if got := strings.Join(rules, "; "); got != want {
			t.Errorf("known on %s: %s, want %s", day, got, want)
		}
	}

	// No edge of the set was known: no exception, but no fault either.
	alone := strings.Replace(first, "\n  - {permit: P}", "", 1)
	if m, probs := load(v, map[string]string{"pack.yaml": alone}, mustDay(t, "2018-01-01")); len(probs) > 0 || len(m.Rules[0].Branches) > 0 {
		t.Errorf("got %v", probs)
	}
	var probs Problems
	p := mustLoad(t, v, alone).Packs[0]
	q := mustLoad(t, v, head).Packs[0]
	if m := Link(v, []*Pack{p, q}, DayMax, &probs); len(m.Packs) != 1 || len(m.Rules) != 0 {
		t.Error("a later pack did not replace the earlier one")
	}
}

// TestMatchRule: entries of retention_rules are a cite or alias, a provision, and
// optionally a country in brackets.
func TestMatchRule(t *testing.T) {
	m := mustLoad(t, testVocab(t), strings.Replace(head, "- {cite: LAW,", `- {cite: 17 CFR, aliases: [SEC Rule 17a-4], examples: [17 CFR 240.17a-4(b)(4)], mandatory: true}
- {cite: AO, aliases: [Abgabenordnung, Tax Code], mandatory: true}
- {cite: AO-X, mandatory: true}
- {cite: Policy}
- {cite: LAW,`, 1))
	for given, want := range map[string]string{
		"17 CFR 240.17a-4(b)(4)":            "17 CFR 240.17a-4(b)(4)",
		"17 CFR 275.204-2(e)(1) (US)":       "17 CFR 275.204-2(e)(1)",
		"SEC Rule 17a-4(b)(4)":              "17 CFR 240.17a-4(b)(4)",
		"SEC Rule 17a-4 (b)(4)":             "17 CFR 240.17a-4(b)(4)",
		"SEC Rule 17a-4(b)(4) (US)":         "17 CFR 240.17a-4(b)(4)",
		"SEC Rule 17a-4":                    "17 CFR 240.17a-4(b)(4)",
		"  AO s. 147(3) ":                   "AO s. 147(3)",
		"AO s. 147 (DE)":                    "AO s. 147",
		"Abgabenordnung s. 147 (Germany)":   "AO s. 147",
		"Tax Code (DE)":                     "AO",
		"AO-X s. 1":                         "AO-X s. 1",
		"The Law":                           "LAW Art. 1",
		"LAW(2)":                            "LAW Art. 1(2)",
		"AOX s. 1":                          "",
		"17 CFRs":                           "",
		"SEC Rule 17a-45":                   "",
		"Policy 3":                          "", // not mandatory: no retention law
		"ao s. 147":                         "", // case matters
		"":                                  "",
		"(US)":                              "",
		"some retention law of our own (X)": "",
	} {
		d := m.MatchRule(given)
		if d.Given != given || d.Cite != want || (d.Instrument != nil) != (want != "") {
			t.Errorf("%q is %q, want %q", given, d.Cite, want)
		}
	}
}
