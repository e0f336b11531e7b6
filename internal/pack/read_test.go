// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// branchOf is req with one exception that has these keys.
func branchOf(keys string) string {
	return head + req + "  unless:\n  - " + keys + "\n"
}

// badPacks are wrong pack.yaml files. The mark stands before the place of the fault.
var badPacks = []struct{ name, text, msg, remedy string }{
	// the file
	{"empty", "§", "the file is empty", "fill it or remove it"},
	{"only a comment", "§# nothing\n", "the file is empty", "fill it or remove it"},
	{"invalid UTF-8", head + "summary: caf§\xe9\n", "the file is not valid UTF-8", "save it as UTF-8"},
	{"a control character", head + "summary: a§\x01b\n", "control characters are not allowed", "check indentation, quotes"},
	{"a tab", head + "sources:\n§\t- x\n", "found character that cannot start any token", "check indentation"},
	{"an open bracket", head + "§sources: [a\nedges: []\n", "did not find expected ',' or ']'", "near this line"},
	{"an open quote", head + "§summary: \"a\n", "found unexpected end of stream", "check indentation, quotes"},
	{"two documents", head + "§---\nformat: comity/v1\n", "more than one YAML document", "one document a file"},
	{"an anchor", head + "sources: §&a [x]\n", "anchors and aliases are not accepted", "write the value out"},
	{"an alias", head + "sources: [&a x, *a]\n§", "anchors and aliases are not accepted", "write the value out"},
	{"an unknown alias", head + "sources: [§*a]\n", "anchors and aliases are not accepted", ""},
	{"an alias loop", head + "sources: §&a [*a]\n", "anchors and aliases are not accepted", "write the value out"},
	{"a bomb", "a: §&a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", "anchors and aliases are not accepted", "write the value out"},
	{"a merge key", head + "reach2: &r {}\n§", "anchors and aliases", "write the value out"},
	{"too deep", head + "sources: " + strings.Repeat("[", maxNesting-1) + "§[" + strings.Repeat("]", maxNesting) + "\n", "nested deeper than 64 levels", "make it flatter"},
	{"not a mapping", "§- a\n", "expected a mapping", "write key: value"},

	// the header
	{"another version", strings.Replace(head, "comity/v1", "§comity/v2", 1), `format "comity/v2" is not comity/v1`, "use a matching version of comity"},
	{"no format", "§" + strings.Replace(head, "format: comity/v1\n", "", 1), `key "format" is missing`, "add it"},
	{"no zone", "§" + strings.Replace(head, "zone: Europe/Brussels\n", "", 1), `key "zone" is missing`, "add it"},
	{"an unknown key", head + "§requirement: []\n", `unknown key "requirement"`, `did you mean "requirements"?`},
	{"fragments", head + "§fragments: []\n", `unknown key "fragments"`, "remove it; docs/pack-format.md lists the keys"},
	{"a key twice", head + "§name: Q\n", `key "name" stands twice`, "remove one"},
	{"a key without value", head + "sources:§\n", `key "sources" has no value`, "give a value or remove the key"},
	{"an empty name", strings.Replace(head, "name: P", "name: §''", 1), `key "name" is empty`, "give a value"},
	{"a key that is a list", head + "? §[a]\n: b\n", "a key must be plain text", "write key: value"},
	{"a list for a text", strings.Replace(head, "name: P", "name: §[P]", 1), "expected text", "write one value"},
	{"another folder", strings.Replace(head, "id: p", "id: §q", 1), `id "q" stands in folder "p"`, "name the folder as the pack"},
	{"an unknown order", strings.Replace(head, "order: EU", "order: §EUU", 1), `unknown region "EUU"`, `did you mean "EU"?`},
	{"an unknown weight", strings.Replace(head, "federal", "§heavy", 1), `unknown weight "heavy"`, "use constitution, treaty, federal"},
	{"a version that is a word", strings.Replace(head, "version: 1.0.0", "version: §one", 1), `version "one" is not one`, "such as 1.2.0"},
	{"a version with a label", strings.Replace(head, "version: 1.0.0", "version: §1.0.0-beta", 1), `version "1.0.0-beta" is not one`, "such as 1.2.0"},
	{"an unknown zone", strings.Replace(head, "Europe/Brussels", "§Europe/Bruxelles", 1), `unknown time zone "Europe/Bruxelles"`, "use an IANA name"},
	{"a local zone", strings.Replace(head, "Europe/Brussels", "§Local", 1), `unknown time zone "Local"`, "use an IANA name"},
	{"an impossible date", strings.Replace(head, "2026-01-01", "§2026-02-29", 1), `"2026-02-29" is not a date`, "write YYYY-MM-DD"},
	{"a review in the past", "§" + strings.Replace(head, "2027-01-01", "2026-01-01", 1), "next_review is not after reviewed", "set the day"},
	{"a penalty without maximum", head + "penalties:\n- §cite: [LAW Art. 1]\n", `key "maximum" is missing`, "add it"},
	{"a penalty without citation", head + "penalties:\n- §maximum: {en: much}\n", `key "cite" is missing`, "add it"},
	{"a penalty in plain text", head + "penalties:\n- maximum: §much\n  cite: [LAW Art. 1]\n", "expected a mapping", "write key: value"},
	{"a penalty that ends before it begins", head + "penalties:\n- §maximum: {en: much}\n  cite: [LAW Art. 1]\n  from: 2024-01-01\n  until: 2023-01-01\n", "the penalty ends before it begins", "first day"},
	{"a penalty that cites nothing known", head + "penalties:\n- §maximum: {en: much}\n  cite: [WAL Art. 1]\n", "belongs to no declared instrument", "declare the instrument"},
	{"a penalty of some confidence", head + "penalties:\n- maximum: {en: much}\n  cite: [LAW Art. 1]\n  confidence: §low\n", `unknown confidence "low"`, "use verified or unverified"},
	{"a ruling without source", head + "penalties:\n- maximum: {en: much}\n  cite: [LAW Art. 1]\n  decisions:\n  - §{date: 2024-01-01, by: A, against: B, amount: EUR 1}\n", `key "source" is missing`, "add it"},
	{"an instrument without cite", strings.Replace(head, "- {cite: LAW,", "- §{unit: Art.,", 1), `key "cite" is missing`, "add it"},
	{"an instrument of an unknown weight", strings.Replace(head, "mandatory: true", "weight: §feather", 1), `unknown weight "feather"`, "use constitution"},
	{"not true or false", strings.Replace(head, "mandatory: true", "mandatory: §yes", 1), "expected true or false", "write true or false"},

	// terms, reach, outside
	{"a term twice", head + "terms: {a: persons > 1, §a: persons > 2}\n", `key "a" stands twice`, "remove one"},
	{"a term that has no name", head + "terms: {§a b: persons > 1}\n", `term "a b" cannot be written in a condition`, "use letters"},
	{"a term before its definition", head + "terms: {a: \"@§bcd\", bcd: persons > 1}\n", "unknown term @bcd", "define it under terms, before its use"},
	{"a reach without citation", strings.Replace(head, "reach: {when: subject_location in EU, cite: [LAW Art. 1]}", "reach: §{when: subject_location in EU}", 1), `key "cite" is missing`, "add it"},
	{"outside without id", head + "outside:\n- §{when: persons > 1, cite: [LAW Art. 1]}\n", `key "id" is missing`, "add it"},
	{"outside with ask", head + "outside:\n- {id: a, §ask: [persons], when: persons > 1, cite: [LAW Art. 1]}\n", `unknown key "ask"`, "use id, when, cite or text"},
	{"outside twice", head + "outside:\n- {id: a, when: persons > 1, cite: [LAW Art. 1]}\n- §{id: a, when: persons > 2, cite: [LAW Art. 1]}\n", `outside "a" stands twice in p`, "its own id"},

	// conditions
	{"an unknown fact", head + req + "  when: §purpos == marketing\n", `unknown fact "purpos"`, `did you mean "purpose"?`},
	{"an unknown value", head + req + "  when: purpose == §marketting\n", `purpose has no value "marketting"`, `did you mean "marketing"?`},
	{"a wrong type", head + req + "  when: notice_given == §5\n", "notice_given is true or false", "write == true or == false"},
	{"in single quotes", head + req + "  when: 'tenant == ''a'' and §purposs == marketing'\n", `unknown fact "purposs"`, "did you mean"},
	{"in double quotes", head + req + "  when: \"tenant == \\\"a\\\" and §purposs == marketing\"\n", `unknown fact "purposs"`, `did you mean`},
	{"folded", head + req + "  when: >-\n    persons > 1 and\n      persons < 9 or §purposs == marketing\n", `unknown fact "purposs"`, "did you mean"},
	{"over several lines", head + req + "  when: persons > 1 and\n    persons < 9 or\n    purpose == §marketting\n", `no value "marketting"`, "did you mean"},
	{"after other characters", head + req + "  when: tenant == 'Zürich – café' and §purposs == marketing\n", `unknown fact "purposs"`, "did you mean"},
	{"at the end", head + req + "  when: persons > 1 and§\n", "the condition ends early", "write a comparison"},
	{"folded, at the end", head + req + "  when: >-\n    persons > 1\n    and§\n", "the condition ends early", "write a comparison"},
	{"in a list", head + req + "  when:\n  - persons > 1\n  - §purposs == marketing\n", `unknown fact "purposs"`, "did you mean"},
	{"in a mapping", head + req + "  when: {any: [persons > 1, {not shown: §purposs == marketing}]}\n", `unknown fact "purposs"`, "did you mean"},
	{"an empty list", head + req + "  when: {all: §[]}\n", "the list of conditions is empty", "name at least one"},
	{"two keys", head + req + "  when: §{all: [persons > 1], any: [persons > 2]}\n", "a condition mapping has one key", "write one mapping for each"},
	{"another key", head + req + "  when: {§none: [persons > 1]}\n", `unknown key "none" in a condition`, "use all, any, not or not shown"},

	// requirements
	{"no id", head + "requirements:\n- §{kind: forbid}\n", `key "id" is missing`, "add it"},
	{"no citation", head + "requirements:\n- §{id: R, kind: forbid, text: {en: R.}}\n", `key "cite" is missing`, "add it"},
	{"an empty citation", head + "requirements:\n- §{id: R, kind: forbid, text: {en: R.}, cite: []}\n", "R cites nothing", "cite the provision"},
	{"no English text", head + "requirements:\n- {id: R, kind: forbid, cite: [LAW Art. 1], text: §{de: R.}}\n", "the English text is missing", "write {en: ...}"},
	{"an unknown kind", head + "requirements:\n- {id: R, kind: §forbidden, text: {en: R.}, cite: [LAW Art. 1]}\n", `unknown kind "forbidden"`, "use forbid, oblige"},
	{"a key of another kind", head + req + "  must: §persons > 1\n", "must does not belong to kind forbid", "remove it; it belongs to oblige"},
	{"ends before it begins", strings.Replace(head+req, "- id: R", "- §id: R", 1) + "  from: 2024-01-02\n  until: 2024-01-02\n", "requirement R ends before it begins", "until is the first day"},
	{"was never known", strings.Replace(head+req, "- id: R", "- §id: R", 1) + "  known_from: 2024-01-02\n  known_until: 2024-01-01\n", "requirement R was never known", "known_until is the first day"},
	{"an unknown confidence", head + req + "  confidence: §high\n", `unknown confidence "high"`, "use verified or unverified"},
	{"an unknown silence", head + req + "  silent: §allowed\n", `unknown value "allowed"`, "use violated or duty"},
	{"an unknown demand", head + req + "  demand: [delete, §shred]\n", `unknown operation "shred"`, "use process, transfer, delete, retain or store"},
	{"an unknown ask", head + req + "  ask: [§purposs]\n", `unknown fact "purposs"`, "did you mean"},
	{"an oblige that asks for nothing", strings.Replace(head+req, "- id: R\n  kind: forbid", "- §id: R\n  kind: oblige", 1), "oblige asks for nothing", "add must"},
	{"localise without place", strings.Replace(head+req, "- id: R\n  kind: forbid", "- §id: R\n  kind: localise", 1) + "  allowed: [EU]\n", `key "place" is missing`, "add it"},
	{"an unknown place", strings.Replace(head+req, "forbid", "localise", 1) + "  place: §cloud\n  allowed: [EU]\n", `unknown place "cloud"`, "use storage, processing, model or inference"},
	{"allowed nowhere", strings.Replace(head+req, "forbid", "localise", 1) + "  place: storage\n  allowed: §[]\n", "the list is empty", "name at least one"},
	{"every and at least one", strings.Replace(head+req, "forbid", "localise", 1) + "  place: storage\n  allowed: EU\n  every: §true\n  at_least_one: true\n", "exclude each other", "write every: true or"},
	{"neither every nor one", strings.Replace(head+req, "forbid", "localise", 1) + "  place: storage\n  allowed: EU\n  every: §false\n", "exclude each other", "at_least_one: true"},
	{"retain without period", strings.Replace(head+req, "- id: R\n  kind: forbid", "- §id: R\n  kind: retain", 1) + "  since: collected_at\n", "retain needs since and one of", "write one period"},
	{"retain with both periods", strings.Replace(head+req, "- id: R\n  kind: forbid", "- §id: R\n  kind: retain", 1) + "  since: collected_at\n  keep_at_least: 1 year\n  keep_at_most: 2 years\n", "retain needs since and one of", "write one period"},
	{"retain for nothing", strings.Replace(head+req, "forbid", "retain", 1) + "  since: collected_at\n  keep_at_most: §0 days\n", `"0 days" is not a period`, "write for example 72 months"},
	{"retain for less", strings.Replace(head+req, "forbid", "retain", 1) + "  since: collected_at\n  keep_at_least: §-3 years\n", `"-3 years" is not a period`, "write for example 72 months"},
	{"retain since a purpose", strings.Replace(head+req, "forbid", "retain", 1) + "  since: §purpose\n  keep_at_least: 1 year\n", "purpose is no date", "name a date"},
	{"qualify without conditions", strings.Replace(head+req, "forbid", "qualify", 1) + "  conditions: §[]\n", "qualify adds nothing", "write at least one condition"},
	{"an unknown restriction", head + req + "  meanwhile: {restrict: [{type: §notifi}]}\n", `unknown action type "notifi"`, `did you mean "notify"?`},

	// exceptions
	{"no branch id", branchOf("§{when: persons > 1, settled: true}"), `key "id" is missing`, "add it"},
	{"a branch without when", branchOf("§{id: b, settled: true}"), `branch "b" has no when`, "write when it holds"},
	{"neither settled nor conditional", branchOf("§{id: b, when: persons > 1, cite: [LAW Art. 3]}"), `branch "b" needs one of settled and conditions`, "write settled: true where"},
	{"settled and conditional", branchOf("§{id: b, when: persons > 1, settled: true, conditions: [{id: c, text: {en: C.}}]}"), "needs one of settled and conditions", ""},
	{"a branch without citation", branchOf("§{id: b, when: persons > 1, settled: true}"), "R/b cites nothing", "cite the provision"},
	{"a branch twice", branchOf("{id: b, when: persons > 1, settled: true, cite: [LAW Art. 3]}\n  - §{id: b, when: persons > 2, settled: true, cite: [LAW Art. 3]}"), `branch "b" stands twice in R`, "its own id"},
	{"a permit and more", branchOf("{permit: P, settled: §true}"), "a branch with permit takes settled from the permit", "remove settled"},
	{"an unknown permit", branchOf("§{permit: P}"), `no permit "P"`, "define it, or load its pack"},
	{"a permit that is none", branchOf("§{permit: R}"), `no permit "R"`, "define it"},
	{"an unknown edge set", branchOf("§{id: b, edges: adequacy, settled: true, cite: [LAW Art. 3]}"), `no edge belongs to set "adequacy"`, "define an edge with this set"},
	{"to a purpose", branchOf("{id: b, edges: adequacy, to: §purpose, settled: true, cite: [LAW Art. 3]}"), "purpose is enum", "a fact that is a region"},
	{"to without edges", branchOf("{id: b, when: persons > 1, to: §stored_in, settled: true, cite: [LAW Art. 3]}"), "to belongs to edges or a permit", "remove to"},
	{"recognises nothing", branchOf("{id: b, recognises: §[], cite: [LAW Art. 3]}"), "the list is empty", "name at least one"},
	{"recognises with conditions", branchOf("{id: b, recognises: any, cite: [LAW Art. 3], conditions: §[{id: c, text: {en: C.}}]}"), "is settled", "remove conditions"},
	{"a condition without text", branchOf("{id: b, when: persons > 1, cite: [LAW Art. 3], conditions: [§{id: c}]}"), `key "text" is missing`, "add it"},
	{"an unknown parameter", branchOf("{id: b, when: persons > 1, cite: [LAW Art. 3], conditions: [{id: c, text: {en: C.}, action: {type: notify, params: {§who: x}}}]}"), `action notify has no parameter "who"`, `did you mean "whom"?`},
	{"a parameter that is a mapping", branchOf("{id: b, when: persons > 1, cite: [LAW Art. 3], conditions: [{id: c, text: {en: C.}, action: {type: notify, params: {whom: §{1: 2}}}}]}"), "not a plain value", "write text, a number"},
	{"due is a condition", branchOf("{id: b, when: persons > 1, cite: [LAW Art. 3], conditions: [{id: c, text: {en: C.}, due: §2024-01-01 or persons > 1}]}"), "due is a date, not a condition", "write for example $request_received_at"},
	{"due is no date", branchOf("{id: b, when: persons > 1, cite: [LAW Art. 3], conditions: [{id: c, text: {en: C.}, due: $§persons + 1 day}]}"), "date is instant and persons is int", "write for example $request_received_at"},

	// edges
	{"an edge without set", head + "edges:\n- §{id: e, origin: EU, destination: JP, cite: [LAW Art. 1]}\n", `key "set" is missing`, "add it"},
	{"an edge to nowhere", head + "edges:\n- {id: e, set: s, origin: EU, destination: §[], cite: [LAW Art. 1]}\n", "the list is empty", "name at least one"},
	{"an edge that ends first", head + "edges:\n- §{id: e, set: s, origin: EU, destination: JP, from: 2024-01-02, until: 2024-01-01, cite: [LAW Art. 1]}\n", `edge "e" ends before it begins`, "until is the first day"},
	{"an edge twice", head + "edges:\n- {id: e, set: s, origin: EU, destination: JP, cite: [LAW Art. 1]}\n- §{id: e, set: s, origin: EU, destination: US, cite: [LAW Art. 1]}\n", "edge e of set s is defined twice", "another id"},
}

// TestBadPacks: each fault is reported with file, line, column and remedy, without panic.
func TestBadPacks(t *testing.T) {
	v := testVocab(t)
	for _, c := range badPacks {
		t.Run(c.name, func(t *testing.T) {
			text, line, col := marked(t, c.text)
			switch c.name { // where the mark would change what is read
			case "an alias":
				line, col = 13, 11
			case "a merge key":
				line, col = 13, 9
			case "a key without value":
				col = 9
			}
			_, probs := load(v, map[string]string{"pack.yaml": text}, DayMax)
			wantProblem(t, probs, Pos{"p/pack.yaml", line, col}, c.msg, c.remedy)
		})
	}
}

func wantProblem(t *testing.T, probs Problems, pos Pos, msg, remedy string) {
	t.Helper()
	if !slices.ContainsFunc(probs, func(p Problem) bool {
		return p.Pos == pos && strings.Contains(p.Msg, msg) && strings.Contains(p.Remedy, remedy) && p.Severity == Error
	}) {
		t.Errorf("got\n%v\nwant %s: %s; %s", probs, pos, msg, remedy)
	}
	for _, p := range probs {
		if p.Remedy == "" {
			t.Errorf("%s has no remedy", p)
		}
	}
}

// TestBadFiles: faults of files and folders, which have no line.
func TestBadFiles(t *testing.T) {
	v := testVocab(t)
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a huge file": {
			map[string]string{"pack.yaml": head + "summary: " + strings.Repeat("x", MaxFileSize)},
			"p/pack.yaml: the file has 4194599 bytes, more than 4194304; split it",
		},
		"a part that is no YAML": {
			map[string]string{"pack.yaml": head, "more.yaml": "a: b: c\n"},
			"p/more.yaml:1:1: not valid YAML: mapping values are not allowed in this context; check indentation, quotes and brackets near this line",
		},
		"a header in a part": {
			map[string]string{"pack.yaml": head, "more.yaml": "format: comity/v1\n"},
			`p/more.yaml:1:1: key "format" belongs to the header; write it in pack.yaml`,
		},
		"an unknown key in a part": {
			map[string]string{"pack.yaml": head, "more.yaml": "edges: []\nzzzzzzzzzzzzzzzzzzzz: 1\n"},
			`p/more.yaml:2:1: unknown key "zzzzzzzzzzzzzzzzzzzz"; use terms, outside, edges, requirements or penalties`,
		},
		"an id in two files": {
			map[string]string{"pack.yaml": head + req, "more.yaml": req},
			"p/pack.yaml:14:3: requirement R stands also at p/more.yaml:2:3; ids are unique over all packs",
		},
		"an id in two packs": {
			map[string]string{"pack.yaml": head + req, "q/pack.yaml": strings.Replace(head, "id: p", "id: q", 1) + req},
			"q/pack.yaml:14:3: requirement R stands also at p/pack.yaml:14:3; ids are unique over all packs",
		},
	} {
		_, probs := load(v, c.files, DayMax)
		got := probs.Error()
		if name == "an id in two files" { // the files are read in no order that matters
			got = strings.NewReplacer("pack.yaml:14:3", "X", "more.yaml:2:3", "X").Replace(got)
			c.want = strings.NewReplacer("pack.yaml:14:3", "X", "more.yaml:2:3", "X").Replace(c.want)
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
	var probs Problems
	m, _ := load(v, nil, DayMax)
	if len(m.Rules) != 0 || ReadPack(testFS{}, "nowhere", "src", v, &probs) != nil || probs.Error() != "src/nowhere: no pack here; a pack is a folder with a pack.yaml" {
		t.Errorf("got %v", probs)
	}
}

// TestManyFaults: a file that is wrong throughout gives a list that ends.
func TestManyFaults(t *testing.T) {
	v := testVocab(t)
	var b strings.Builder
	b.WriteString(head + "terms:\n")
	for i := range 2 * maxProblems {
		fmt.Fprintf(&b, "  t%d: nofact%d == 1\n", i, i)
	}
	_, probs := load(v, map[string]string{"pack.yaml": b.String()}, DayMax)
	if len(probs) != maxProblems || !strings.HasSuffix(probs[maxProblems-1].String(), "too many findings: the rest is left out; mend the first ones") {
		t.Errorf("%d findings, the last is %s", len(probs), probs[len(probs)-1])
	}
}

// TestManyKeys: a mapping with very many keys is read in time that grows with it.
func TestManyKeys(t *testing.T) {
	v := testVocab(t)
	var b strings.Builder
	b.WriteString(head + "terms:\n")
	for i := range 30_000 {
		fmt.Fprintf(&b, "  t%d: persons > %d\n", i, i)
	}
	if _, probs := load(v, map[string]string{"pack.yaml": b.String()}, DayMax); len(probs) > 0 {
		t.Error(probs)
	}
}

// TestParts: a pack is its header file and the files beside it; terms of all files are
// known to all, and a folder that is a pack itself may hold a vocabulary.
func TestParts(t *testing.T) {
	v := testVocab(t)
	m, probs := load(v, map[string]string{
		"pack.yaml": head + "terms: {many: persons > 100}\n",
		"b.yaml":    req + "  when: \"@few\"\n  ask: persons\n  demand: delete\n",
		"a.yaml":    "terms: {few: not shown @many}\noutside:\n- {id: o, when: persons > 5, cite: [LAW Art. 9]}\n",
	}, DayMax)
	if len(probs) > 0 {
		t.Fatal(probs)
	}
	p := m.Packs[0]
	if got := v.Text(m.Rules[0].When); got != "not shown persons > 100" || len(p.Outside) != 1 || len(m.Rules[0].Demand) != 1 || len(p.Requirements[0].Ask) != 1 {
		t.Errorf("read %s, %+v", got, p)
	}
	var own Problems
	if ReadPack(testFS{"pack.yaml": head, "vocabulary.yaml": "format: comity/v1\n"}, ".", "", v, &own) == nil || len(own) > 0 {
		t.Errorf("a pack with a vocabulary beside it: %v", own)
	}
}

// TestReadRequirement: what the keys of a requirement become.
func TestReadRequirement(t *testing.T) {
	v := testVocab(t)
	m := mustLoad(t, v, head+`requirements:
- id: R
  kind: forbid
  title: T
  text: {en: R., de: Er.}
  cite: LAW Art. 2
  from: 2024-01-01
  until: 2025-01-01
  enforced_from: 2024-06-01
  known_from: 2023-01-01
  known_until: 2026-01-01
  confidence: unverified
  absolute: true
  silent: duty
  meanwhile: {restrict: [{type: contract, params: {which: [a, 1, true, 2024-01-01]}}], who: {en: W.}, cite: LAW Art. 5}
  unless:
  - id: b
    when: {all: [persons > 1, {any: [notice_given == true, {not: persons > 9}]}]}
    claim: transfer_mechanism == bcr
    cite: [LAW Art. 3]
    text: {en: B.}
    conditions: [{id: c, text: {en: C.}, cite: [LAW Art. 4], due: $request_received_at + 1 month, standing: true, action: {type: notify}}]
`)
	q := m.Packs[0].Requirements[0]
	b := q.Unless[0]
	got := fmt.Sprintln(q.ID, q.Kind, q.Title, q.Text["de"], q.Cites, q.From, q.Until, q.Enforced, q.KnownFrom, q.KnownUntil, q.Unverified, q.Absolute, q.SilentDuty,
		q.Restrict, q.Who, q.WhoCites, q.Pos, q.Pack.ID) +
		fmt.Sprintln(b.ID, v.Text(b.When), v.Text(b.Claim), b.Cites, b.Text, b.Settled, b.Pos) +
		fmt.Sprintln(b.Conditions[0].ID, b.Conditions[0].Cites, v.AtomText(b.Conditions[0].Due), b.Conditions[0].Standing, b.Conditions[0].Action.Type)
	want := `R forbid T Er. [LAW Art. 2] 2024-01-01 2025-01-01 2024-06-01 2023-01-01 2026-01-01 true true true [{contract map[which:[a 1 true 2024-01-01]]}] map[en:W.] [LAW Art. 5] p/pack.yaml:14:3 p
b persons > 1 and (notice_given == true or not persons > 9) transfer_mechanism == bcr [LAW Art. 3] map[en:B.] false p/pack.yaml:29:5
c [LAW Art. 4] date <= $request_received_at + 1 month true notify
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
