// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestVocabularyNames: values and facts are found by name, alias and foreign term; a
// foreign term that stands behind several values names none.
func TestVocabularyNames(t *testing.T) {
	v := testVocab(t)
	purpose, _ := v.Lookup("purpose")
	for name, want := range map[string]string{
		"marketing": "marketing", "ads": "marketing", "marketing.advertising": "marketing",
		"dpv:Recruitment": "recruitment", "dpv:Marketing": "", "Marketing": "",
	} {
		got := ""
		if i, ok := purpose.ValueIndex(name); ok {
			got = purpose.Values[i].Name
		}
		if got != want {
			t.Errorf("purpose %s is %q, want %q", name, got, want)
		}
	}
	if f, ok := v.Lookup("where"); !ok || f.Name != "subject_location" {
		t.Error("an alias of a fact is not found")
	}
	if v.MustFact("nothing") != nil || v.Names()["where"] == 0 || len(v.FactNames()) != len(v.Facts)-1 {
		t.Error("the list of names is not complete")
	}
	table := purpose.ValueTable()
	if table["ads"] != 0 || table["recruitment"] != 3 || len(table) != 7 {
		t.Errorf("accepted spellings %v", table)
	}
	op := v.Facts[v.Op()]
	for i, o := range v.Operations {
		if o.Index != i || op.Values[i].Name != o.Name {
			t.Errorf("operation %s is number %d", o.Name, o.Index)
		}
	}
	if i, _ := op.ValueIndex("dpv:Transfer"); v.Operations[i].Name != "transfer" || v.Operations[i].State || !v.Operations[3].State {
		t.Error("operations have the wrong name or mode")
	}
	if kindNames[KindRegion.String()] != KindRegion || Kind(99).String() != "?" {
		t.Error("kinds do not print as they are read")
	}
	for name, want := range map[string]bool{"consent": true, "notice_given": true, "breach_hours": true, "collected_at": true, "purpose": false, "subject_born_on": false} {
		if v.MustFact(name).Rests() != want {
			t.Errorf("an exception rests on %s: %t, want %t", name, !want, want)
		}
	}
}

// TestUserVocabulary: a further file adds facts, values, operations and actions, and what
// shares the values of another fact follows.
func TestUserVocabulary(t *testing.T) {
	v := testVocab(t)
	var probs Problems
	v.Read("own.yaml", []byte(`format: comity/v1
operations:
  backup: {mode: act, needs: [stored_in], aliases: [snapshot]}
action_types:
  page: {params: [whom]}
facts:
  ticket: {type: string, role: act}
  purpose: {values: {support: Help., newsletter: {aliases: [mailing]}}}
  consent: {values: [double_opt_in], implies: {double_opt_in: [explicit]}}
  reused_for: {type: enum, role: act, values_of: collected_for}
`), &probs)
	if err := probs.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"purpose", "collected_for", "reused_for"} {
		f, _ := v.Lookup(name)
		if i, ok := f.ValueIndex("mailing"); !ok || len(f.Values) != 6 || f.Values[i].Name != "newsletter" {
			t.Errorf("%s has the values %v", name, f.ValueNames())
		}
	}
	val, err := v.ParseValue(v.MustFact("consent"), "double_opt_in")
	if err != nil || len(val.Items) != 3 {
		t.Errorf("consent double_opt_in is %v (%v), want what it implies too", val, err)
	}
	if c, err := ParseCond(v, nil, "operation == snapshot and collected_for != newsletter"); err != nil {
		t.Error(err)
	} else if got := v.Text(c); got != "operation == backup and collected_for != newsletter" {
		t.Errorf("printed %s", got)
	}
	if _, ok := v.ActionTypes["page"]; !ok || len(v.Operations) != 6 {
		t.Error("the action or operation was not added")
	}
}

// TestVocabularyErrors: each fault is reported where it stands, with a remedy.
func TestVocabularyErrors(t *testing.T) {
	facts := "format: comity/v1\nfacts:\n  "
	for _, c := range []struct{ text, msg, remedy string }{
		{"format: §comity/v9\nfacts: 1\n", `format "comity/v9" is not comity/v1`, "this version reads comity/v1"},
		{"§facts: {}\n", `key "format" is missing`, "add it"},
		{"format: comity/v1\n§fact: {}\n", `unknown key "fact"`, `did you mean "facts"?`},

		{facts + "§purpose: {type: enum, role: act}\n", `fact "purpose" is defined already`, "give only values, implies, alone"},
		{facts + "§purpose: {aliases: [goal]}\n", `fact "purpose" is defined already`, "give only values"},
		{facts + "§x: {type: int, role: act, aliases: [where]}\n", `fact name "where" stands for two facts`, "remove one"},
		{facts + "§x.y: {type: int, role: act}\n", `fact "x.y" cannot be written in a condition`, "use letters, digits and _"},
		{facts + "§not: {type: int, role: act}\n", `fact "not" cannot be written in a condition`, "begin with a letter"},
		{facts + "x: §{role: act}\n", `key "type" is missing`, "add it"},
		{facts + "x: {type: §number, role: act}\n", `unknown type "number"`, "use enum, bool, int, date"},
		{facts + "x: {type: §'[enum', role: act}\n", `unknown type "[enum"`, "a list [..] of one"},
		{facts + "x: {type: §'[bool]', role: act}\n", "a list of bool has no meaning", "use a list of enum, region or string"},
		{facts + "x: {type: int, role: §thing}\n", `unknown role "thing"`, "use act, person, actor, ground, safeguard or age"},
		{facts + "x: {type: int, role: act, control: §me}\n", `unknown control "me"`, "use caller, process, authority or person"},
		{facts + "x: {type: int, role: ground, transforms: §true}\n", "a fact that transforms the data is a bool", "make the fact a bool"},
		{facts + "x: {type: int, role: act, cost: §high}\n", "expected a whole number", "write a number without unit"},

		{facts + "purpose: {values: [§marketing]}\n", `value "marketing" of purpose stands twice`, "remove one"},
		{facts + "purpose: {values: {§x: {aliases: [ads]}}}\n", `value "ads" of purpose stands twice`, "remove one"},
		{facts + "purpose: {values: [§\"it's\"]}\n", `"it's" cannot be a value`, "use a name without quotes"},
		{facts + "persons: {values: §[many]}\n", "only an enum has values; persons is int", "remove values"},
		{facts + "collected_for: {values: §[other]}\n", "collected_for takes the values of purpose", "add them to purpose"},
		{facts + "operation: {values: §[other]}\n", "the values of operation are the operations", "add them under operations"},
		{facts + "x: {type: enum, role: act, values_of: §persons}\n", "x cannot take the values of persons", "another fact that is an enum"},
		{facts + "x: {type: enum, role: act, values_of: §purposes}\n", `unknown fact "purposes"`, `did you mean "purpose"?`},
		{facts + "x: {type: enum, role: act, values: [a], implies: {§b: a}}\n", `x has no value "b"`, `did you mean "a"?`},
		{facts + "x: {type: enum, role: act, values: [a], implies: {a: [a, §bcdef]}}\n", `x has no value "bcdef"`, "use a"},
		{facts + "x: {type: enum, role: act, values: [a], alone: §bcdef}\n", `x has no value "bcdef"`, "use a"},
		// what laws read is settled
		{facts + "consent: {values: [tacit], implies: {§none: [tacit]}}\n", "what none of consent means is settled", "add a value of your own, which may imply that one"},
		{facts + "consent: {implies: {§opt_in: explicit}}\n", "what opt_in of consent means is settled", "a value of your own"},
		{facts + "collected_for: {implies: {§analytics: recruitment}}\n", "what analytics of collected_for means is settled", "a value of your own"},
		{facts + "consent: {values: [tacit], alone: [tacit, §explicit]}\n", "what explicit of consent means is settled", "a value of your own"},
		{facts + "consent: {circumstances: §explicit}\n", "what explicit of consent means is settled", "a value of your own"},
		{facts + "x: {type: int, role: act, ages: day, origin: §collected_at}\n", "whether collected_at is the origin of an age is settled", "compare with $collected_at"},
		{facts + "x: {type: int, role: age, ages: §weeks, origin: date}\n", "an age is a number of units since its origin", "ages: hour, day, month or year"},
		{facts + "x: {type: bool, role: age, ages: §day, origin: date}\n", "an age is a number", "write type: int"},
		{facts + "x: {type: int, role: age, ages: day, origin: §purpose}\n", "purpose is enum", "name a date or instant"},

		{"format: comity/v1\noperations: {x: §{mode: do}}\n", `operation "x" has mode "do"`, "use act or state"},
		{"format: comity/v1\noperations: {§delete: {mode: act}}\n", `value "delete" of operation stands twice`, "remove one"},
		{"format: comity/v1\noperations: {§x: {mode: act, aliases: [erase]}}\n", `value "erase" of operation stands twice`, "remove one"},
		{"format: comity/v1\noperations: {x: {mode: act, needs: [§purposes]}}\n", `unknown fact "purposes"`, `did you mean "purpose"?`},
		{"format: comity/v1\naction_types: {§notify: {params: []}}\n", `action type "notify" is defined already`, "another name"},
		{"format: comity/v1\nplaces: {§storage: stored_in}\n", `place "storage" is defined already`, "remove it"},
		{"format: comity/v1\nplaces: {§cloud: stored_in}\n", `unknown place "cloud"`, "use storage, processing, model or inference"},
		{"format: comity/v1\nplaces: {model: §purpose}\n", "purpose is enum", "a fact that is a region"},
	} {
		text, line, col := marked(t, c.text)
		v := testVocab(t)
		var probs Problems
		v.Read("own.yaml", []byte(text), &probs)
		pos := Pos{"own.yaml", line, col}
		if !slices.ContainsFunc(probs, func(p Problem) bool {
			return p.Pos == pos && strings.Contains(p.Msg, c.msg) && strings.Contains(p.Remedy, c.remedy)
		}) {
			t.Errorf("%s\n got %v\nwant %s: %s; %s", c.text, probs, pos, c.msg, c.remedy)
		}
	}
	var probs Problems
	NewVocabulary(&Regions{list: make([]region, 1)}).Read("own.yaml", []byte("format: comity/v1\nfacts: {date: {type: instant, role: act}}\n"), &probs)
	if !strings.Contains(fmt.Sprint(probs), "own.yaml:1:1: the vocabulary needs the facts date and operation") {
		t.Errorf("got %v", probs)
	}
}

// TestVocabularyBounds: more facts than can be numbered are refused, not wrapped around.
func TestVocabularyBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("format: comity/v1\nfacts:\n")
	for i := range maxNames + 500 {
		fmt.Fprintf(&b, "  f%d: {type: int, role: act}\n", i)
	}
	v := testVocab(t)
	var probs Problems
	v.Read("own.yaml", []byte(b.String()), &probs)
	if len(v.Facts) != maxNames || len(probs) < 500 || !strings.Contains(probs[0].String(), "more than 4096 facts; remove some") {
		t.Errorf("%d facts, %d findings", len(v.Facts), len(probs))
	}
}
