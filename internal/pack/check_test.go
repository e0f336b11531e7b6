// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"strings"
	"testing"
)

// two is a wording and the one that replaces it, each with keys of its own.
func two(first, second string) string {
	return head + "requirements:\n- {id: A, kind: forbid, text: {en: A.}, cite: [LAW Art. 2], " + first + "}\n" +
		"- §{id: B, kind: forbid, text: {en: B.}, cite: [LAW Art. 2], replaces: A, " + second + "}\n"
}

// TestCheck: what is wrong although every file can be read.
func TestCheck(t *testing.T) {
	v := testVocab(t)
	for _, c := range []struct{ name, text, msg, remedy string }{
		// citations
		{"of a conflict", strings.Replace(head+req, "- id: R", "- §id: R", 1) + "  meanwhile: {who: {en: W.}, cite: OTHER Art. 1}\n", `R meanwhile cites "OTHER Art. 1", which belongs to no declared instrument`, "declare the instrument in the pack's header"},
		{"of a longer name", head + strings.ReplaceAll(strings.Replace(req, "- id: R", "- §id: R", 1), "LAW Art. 2", "LAWS Art. 2"), `R cites "LAWS Art. 2", which belongs to no declared instrument`, "declare the instrument"},
		{"several in one", head + strings.ReplaceAll(strings.Replace(req, "- id: R", "- §id: R", 1), "LAW Art. 2", "LAW Art. 2 and 3"), "R cites several provisions", "write one citation per provision"},
		{"two in one text", head + strings.ReplaceAll(strings.Replace(req, "- id: R", "- §id: R", 1), "[LAW Art. 2]", `["LAW Art. 2; Art. 3"]`), "R cites several provisions", "write one citation per provision"},
		{"of the reach", strings.Replace(head, "reach: {when: subject_location in EU, cite: [LAW Art. 1]}", "reach: §{when: subject_location in EU, cite: [X 1]}", 1), `the reach of p cites "X 1"`, "declare"},
		{"of outside", head + "outside: [§{id: o, when: persons > 1, cite: [X 1]}]\n", `outside o cites "X 1"`, "declare"},
		{"of what ended an edge", head + "edges: [§{id: e, set: s, origin: EU, destination: JP, cite: [LAW Art. 1], ended_by: [X 1]}]\n", `edge e cites "X 1"`, "declare"},
		{"of a condition", branchOf("{id: b, when: persons > 1, cite: [LAW Art. 3], conditions: [§{id: c, text: {en: C.}, cite: [X 1]}]}"), `condition c of R/b cites "X 1"`, "declare"},
		{"of a qualification", strings.Replace(head+req, "forbid", "qualify", 1) + "  conditions: [§{id: c, text: {en: C.}, cite: [X 1]}]\n", `condition c of R cites "X 1"`, "declare"},

		// scopes that fail open
		{"not in scope", head + req + "  when: §not persons > 1\n", "when negates a fact that may be absent", "write: not shown ..."},
		{"!= in scope", head + req + "  when: operation == delete and §purpose != marketing\n", "when uses not in over a fact that may be absent", "write: not shown ..."},
		{"!= in a term", head + "terms:\n  other: §purpose not in [marketing]\n" + req + "  when: \"@other\"\n", "when uses not in over a fact that may be absent", "write: not shown ..."},
		{"!= of two facts", head + req + "  when: §tenant != $principal\n", "when uses != over a fact that may be absent", "write: not shown ..."},
		{"not in reach", strings.Replace(head, "when: subject_location in EU", "when: §not subject_location in JP", 1), "reach negates a fact that may be absent", "not shown"},
		{"not in outside", head + "outside: [{id: o, when: §not persons > 1, cite: [LAW Art. 1]}]\n", "outside negates a fact that may be absent", "not shown"},
		{"not in an edge", head + "edges: [{id: e, set: s, origin: EU, destination: JP, when: §not persons > 1, cite: [LAW Art. 1]}]\n", "edge negates a fact that may be absent", "not shown"},
		{"not over what is always given", head + req + "  when: not operation == delete and date != 2024-01-01 and not shown not persons > 1\n", "", ""},
		{"not in an exception", branchOf("{id: b, when: not persons > 1, settled: true, cite: [LAW Art. 3]}"), "", ""},

		// exceptions that can never apply
		{"outside the scope", head + req + "  when: purpose in [marketing, analytics]\n  unless:\n  - {id: b, when: §purpose == recruitment, settled: true, cite: [LAW Art. 3]}\n", "exception b of R can never apply: its purpose is outside the scope", "compare with the scope of R"},
		{"that excludes itself", branchOf("{id: b, when: §purpose == recruitment and purpose == marketing, settled: true, cite: [LAW Art. 3]}"), "exception b of R can never apply: its purpose", "compare with the scope"},
		{"before the rule", head + req + "  from: 2024-01-01\n  unless:\n  - {id: b, when: §date < 2024-01-01, settled: true, cite: [LAW Art. 3]}\n", "exception b of R can never apply: it ends before the rule begins", "compare the dates"},
		{"after the rule", head + req + "  until: 2024-01-01\n  unless:\n  - {id: b, when: §date >= 2023-01-01 + 1 year, settled: true, cite: [LAW Art. 3]}\n", "begins after it ends", "compare the dates"},
		{"on its last day", head + req + "  until: 2024-01-01\n  unless:\n  - {id: b, when: date > 2023-12-30, settled: true, cite: [LAW Art. 3]}\n", "", ""},
		{"of lists, which have several elements", head + req + "  when: data_categories == health\n  unless:\n  - {id: b, when: data_categories == contact, settled: true, cite: [LAW Art. 3]}\n", "", ""},
		{"of a permit in one of two uses", head + req + `  when: purpose == marketing
  unless: [{permit: P}]
- {id: S, kind: forbid, text: {en: S.}, cite: [LAW Art. 2], when: purpose == analytics, unless: [{permit: P}]}
- {id: P, kind: permit, text: {en: P.}, cite: [LAW Art. 2], unless: [{id: b, when: purpose == analytics, settled: true, cite: [LAW Art. 3]}]}
`, "", ""},
		{"of a permit in all uses", head + req + `  when: purpose == marketing
  unless: [{permit: P}]
- {id: P, kind: permit, text: {en: P.}, cite: [LAW Art. 2], unless: [{id: b, when: §purpose == analytics, settled: true, cite: [LAW Art. 3]}]}
`, "exception b of R can never apply", "compare"},

		// wordings that follow each other
		{"no gap", two("until: 2024-01-01", "from: 2024-01-01"), "", ""},
		{"a gap", two("until: 2023-12-31", "from: 2024-01-01"), "a gap: A ends 2023-12-31, B begins 2024-01-01", "until is the first day on which it no longer binds"},
		{"an overlap", two("until: 2024-01-02", "from: 2024-01-01"), "an overlap: A ends 2024-01-02, B begins 2024-01-01", "let until be the first day of the next wording"},
		{"an open overlap", two("from: 2020-01-01", "from: 2024-01-01"), "an overlap: A ends open", "let until be"},
		{"known in turn", two("known_until: 2024-01-01", "known_from: 2024-01-01"), "", ""},
		{"not known for a day", two("known_until: 2024-01-01", "known_from: 2024-01-02"), "B is known from 2024-01-02 and A until 2024-01-01", "let known_from be the known_until"},
		{"replaces nothing", strings.Replace(two("", ""), "replaces: A", "replaces: C", 1), "B replaces C, which does not exist", "name the requirement that it follows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, line, col := c.text, 0, 0
			if strings.Contains(text, mark) {
				text, line, col = marked(t, text)
			}
			if line > 0 && c.msg != "" && strings.Contains(c.remedy, "not shown") && strings.Contains(text, " and purpose != ") {
				col -= len("operation == delete and ") // a condition is one place
			}
			_, probs := load(v, map[string]string{"pack.yaml": text}, DayMax)
			switch {
			case c.msg != "":
				wantProblem(t, probs, Pos{"p/pack.yaml", line, col}, c.msg, c.remedy)
			case len(probs) > 0:
				t.Errorf("got %v, want none", probs)
			}
		})
	}
}

// TestOverdue: a legal review that is due is a warning, from the day after.
func TestOverdue(t *testing.T) {
	m := mustLoad(t, testVocab(t), head)
	for day, want := range map[string]int{"2026-12-31": 0, "2027-01-01": 0, "2027-01-02": 1} {
		var probs Problems
		Overdue(m, mustDay(t, day), &probs)
		if len(probs) != want || probs.Err() != nil || probs.Error() != "" {
			t.Errorf("on %s: %v", day, probs)
		}
		if want > 0 && probs[0].String() != "p/pack.yaml:1:1: pack p was to be reviewed by 2027-01-01; review the law and set reviewed and next_review" {
			t.Errorf("on %s: %v", day, probs[0])
		}
	}
}

// TestUndated: a requirement without a first day is a warning, a permit without one is not.
func TestUndated(t *testing.T) {
	for from, want := range map[string]int{"": 1, "\n  from: 2026-01-01": 0} {
		m := mustLoad(t, testVocab(t), head+"requirements:\n- id: R\n  kind: forbid"+from+"\n  text: {en: no}\n  cite: [LAW Art. 1]\n"+
			"- id: P\n  kind: permit\n  text: {en: but}\n  cite: [LAW Art. 1]\n  unless:\n  - {id: b, when: purpose == marketing, settled: true, cite: [LAW Art. 1]}\n")
		var probs Problems
		Undated(m, &probs)
		if len(probs) != want || probs.Err() != nil {
			t.Errorf("from %q: %v", from, probs)
		}
	}
}

// TestSuggest: the nearest name, or all names if they are few.
func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		given string
		names []string
		want  string
	}{
		{"marketting", []string{"analytics", "marketing"}, `did you mean "marketing"?`},
		{"Marketing", []string{"analytics", "marketing"}, `did you mean "marketing"?`},
		{"scc", []string{"none", "scc_2010", "scc_2021"}, `did you mean "scc_2010" or "scc_2021"?`},
		{"gdpr", []string{"eu_gdpr_x", "ab", "uk_gdpr_x"}, `did you mean "eu_gdpr_x" or "uk_gdpr_x"?`},
		{"a_c", []string{"a_c1", "a_c2", "a_c3", "a_c4", "a_c5"}, `did you mean "a_c1", "a_c2", "a_c3" or "a_c4"?`},
		{"qqqqqqqq", []string{"a", "b", "c"}, "use a, b or c"},
		{"qqqqqqqq", []string{"a"}, "use a"},
		{"qqqqqqqq", nil, ""},
		{"qqqqqqqq", strings.Fields("a b c d e f g h i j k l m"), ""},
	} {
		if got := Suggest(c.given, c.names); got != c.want {
			t.Errorf("%s of %v: %q, want %q", c.given, c.names, got, c.want)
		}
	}
}

// TestProblems: findings are sorted by place and print it.
func TestProblems(t *testing.T) {
	var ps Problems
	if ps.Err() != nil {
		t.Error("no finding is an error")
	}
	ps.add(Pos{"b", 1, 1}, "", "fourth")
	ps.add(Pos{"a", 2, 1}, "do this", "third")
	ps.warn(Pos{"a", 1, 2}, "", "second")
	ps.add(Pos{"a", 1, 1}, "", "first")
	ps.Sort()
	ps.add(Pos{"c", 1, 1}, "", "%s", strings.Repeat("é", 500))
	if got := ps[4].Msg; len(got) > maxMessage+4 || !strings.HasSuffix(got, "é ...") {
		t.Errorf("a long message is not cut: %d bytes", len(got))
	}
	ps = ps[:4]
	if got, want := ps.Err().Error(), "a:1:1: first\na:2:1: third; do this\nb:1:1: fourth"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for want, p := range map[string]Pos{"input": {}, "f": {File: "f"}, "line 2, column 3": {Line: 2, Col: 3}, "f:2:3": {"f", 2, 3}} {
		if p.String() != want {
			t.Errorf("%+v prints as %s", p, p)
		}
	}
}
