// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parse reads a condition whose terms are those of the test.
func parse(v *Vocabulary, src string) (*Cond, error) {
	t, err := ParseCond(v, nil, "consent == opt_in")
	if err != nil {
		return nil, err
	}
	return ParseCond(v, map[string]*Cond{"consented": t}, src)
}

// TestCondText: what a condition means is printed in one form, and reading that form
// gives the same tree.
func TestCondText(t *testing.T) {
	v := testVocab(t)
	for src, want := range map[string]string{
		"true":                                   "true",
		"purpose == marketing":                   "purpose == marketing",
		"purpose == ads":                         "purpose == marketing",
		"purpose == 'marketing.advertising'":     "purpose == marketing",
		"purpose in analytics":                   "purpose == analytics",
		"purpose in [marketing, analytics,]":     "purpose in [marketing, analytics]",
		"purpose not in [marketing]":             "purpose != marketing",
		"purpose not in [marketing, analytics]":  "purpose not in [marketing, analytics]",
		"where in EEA":                           "subject_location in EEA",
		"to_region == US-NY":                     "to_region in US-NY",
		"to_region != JP":                        "to_region not in JP",
		"to_region in [EU, US-NY-NYC]":           "to_region in [EU, US-NY-NYC]",
		"operation == erase":                     "operation == delete",
		"notice_given == true":                   "notice_given == true",
		"notice_given != true":                   "notice_given != true",
		"persons>=007":                           "persons >= 7",
		"tenant == 'a b'":                        "tenant in ['a b']",
		`tenant in ["it's", 'say "x"', plain]`:   `tenant in ["it's", 'say "x"', 'plain']`,
		"tenant == $principal":                   "tenant == $principal",
		"purpose != $collected_for":              "purpose != $collected_for",
		"date >= 2027-08-02":                     "date >= 2027-08-02",
		"date<2024-02-29+1 year":                 "date < 2024-02-29 + 1 year",
		"date <= $request_received_at + 1 month": "date <= $request_received_at + 1 month",
		"date > $collected_at - 72 hours":        "date > $collected_at - 72 hours",
		"date > $collected_at + 0 days":          "date > $collected_at + 0 days",
		"collected_at == 1999-12-31":             "collected_at == 1999-12-31",

		// and binds closer than or; not closer than both.
		"notice_given == true and persons > 1 or purpose == ads":   "(notice_given == true and persons > 1) or purpose == marketing",
		"notice_given == true and (persons > 1 or purpose == ads)": "notice_given == true and (persons > 1 or purpose == marketing)",
		"not notice_given == true and persons > 1":                 "not notice_given == true and persons > 1",
		"not (notice_given == true and persons > 1)":               "not (notice_given == true and persons > 1)",
		"not not persons > 1":                                      "not not persons > 1",
		"not shown @consented":                                     "not shown consent == opt_in",
		"not shown not persons > 1":                                "not shown not persons > 1",
		"((persons > 1))":                                          "persons > 1",
		"all(persons > 1, any(persons < 3, true), not persons==2)": "persons > 1 and (persons < 3 or true) and not persons == 2",
		"any(persons > 1)":                                         "persons > 1",
		"persons > 1 and (persons < 9 and persons != 5)":           "persons > 1 and (persons < 9 and persons != 5)",
		"persons\n >\t1":                                           "persons > 1",
	} {
		c, err := parse(v, src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := v.Text(c); got != want {
			t.Errorf("%s: printed %s, want %s", src, got, want)
		}
		again, err := parse(v, v.Text(c))
		if err != nil {
			t.Errorf("%s: printed %s: %v", src, v.Text(c), err)
		} else if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("%s: read back otherwise (-first +second):\n%s", src, diff)
		}
	}
}

// TestCondErrors: each fault is reported where it stands, with a remedy.
func TestCondErrors(t *testing.T) {
	v := testVocab(t)
	deep := strings.Repeat("(", maxNesting)
	for _, c := range []struct{ src, msg, remedy string }{
		{"§", "the condition ends early: expected a fact", "write a comparison"},
		{"persons > 1 and§", "the condition ends early", "write a comparison"},
		{"§pursone > 1", `unknown fact "pursone"`, `did you mean "persons"?`},
		{"§qqqqqqqqqqqq > 1", `unknown fact "qqqqqqqqqqqq"`, "look it up in vocabulary.yaml"},
		{"purpose == §marketting", `purpose has no value "marketting"`, `did you mean "marketing"?`},
		{"purpose in [ads, §zzzzzzzzzzz]", `purpose has no value "zzzzzzzzzzz"`, "use marketing, profiling, analytics or recruitment"},
		{"purpose == §'dpv:Marketing'", `no value "dpv:Marketing"`, ""},
		{"to_region in §EUU", `unknown region "EUU"`, `did you mean "EU"?`},
		{"to_region in §eu", `unknown region "eu"`, `did you mean "EU"?`},
		{"persons §= 1", `unexpected character '='`, "write =="},
		{"persons > §;", `unexpected character ';'`, "put a value with other characters in quotes"},
		{"tenant == §'x", "no closing quote", "close it"},
		{"persons§", "expected a comparison after persons", "use == != < <= > >= in, not in"},
		{"persons §persons", "expected a comparison after persons", "use =="},
		{"purpose not §== ads", "expected in after not", "write: not in"},
		{"(persons§) > 1", "expected a comparison", "use =="},
		{"(persons > 1§", "expected )", "close each bracket"},
		{"all(persons > 1§", "expected , or ) in all(...)", "close each bracket"},
		{"persons > 1 §persons < 3", `unexpected "persons"`, "join conditions with and, or"},
		{"persons > 1§)", `unexpected ")"`, "join conditions"},
		{"§1 > persons", `expected a fact, not "1"`, "a comparison begins with a fact"},
		{"persons > §many", `persons is a whole number, not "many"`, "write digits only"},
		{"persons > §-1", "expected a value after >", "write a value"},
		{"persons >§", "expected a value after >", "write a value"},
		{"persons §in [1, 2]", "in is for enums, regions and texts", "use == != < <= > >="},
		{"purpose §< ads", "purpose has no order", "use == != in, not in"},
		{"purpose §== [ads]", "== takes one value, not a list", "use in or not in"},
		{"purpose §in []", "the list is empty", "write [a, b]"},
		{"purpose in [ads §analytics]", "expected , or ] in the list", "write [a, b]"},
		{"purpose in [ads, §(]", "expected a value in the list", "write [a, b]"},
		{"notice_given == §yes", "notice_given is true or false", "write == true or == false"},
		{"notice_given > §true", "notice_given is true or false", "write == true or == false"},
		{"date >= §2023-02-29", `"2023-02-29" is not a date`, "a day that exists"},
		{"date >= §tomorrow", `"tomorrow" is not a date`, "write YYYY-MM-DD"},
		{"date >= 2023-02-28 + §1 fortnight", "expected a period", "write for example 1 month"},
		{"date >= 2023-02-28 + §1000000 days", "at most 100000 units", "write for example 1 month"},
		{"date >= 2023-02-28 -§", "expected a period", "write for example 1 month"},
		{"persons > $§person", `unknown fact "person"`, `did you mean "persons"?`},
		{"persons > $§purpose", "persons is int and purpose is enum: they cannot be compared", "compare facts of one type"},
		{"persons > $persons §+ 1 day", "only dates take a period", "remove the period"},
		{"tenant in $§principal", "in takes values, not a fact", "use == or !="},
		{"tenant < $§principal", "tenant has no order", "use == or !="},
		{"@§consentd", "unknown term @consentd", `did you mean "consented"?`},
		{"@§", "unknown term @", "use consented"},
		{"persons > 1 and " + deep + "§(persons > 1", "nested deeper than 64 levels", "name parts of it in terms"},
		{strings.Repeat("not ", maxNesting) + "§persons > 1", "nested deeper than 64 levels", "name parts"},
		{strings.Repeat("persons > 1 or ", 1200) + "§", "more than 16384", "name parts of it in terms"},
	} {
		src, _, col := marked(t, c.src)
		if strings.Contains(c.msg, "16384") {
			col = 1
		}
		_, err := parse(v, src)
		var pe *ParseError
		if !errors.As(err, &pe) {
			t.Errorf("%s: got %v, want %q", c.src, err, c.msg)
			continue
		}
		if !strings.Contains(pe.Msg, c.msg) || !strings.Contains(pe.Remedy, c.remedy) || pe.Offset != col-1 {
			t.Errorf("%s:\n got %v (offset %d)\nwant %s; %s (offset %d)", c.src, pe, pe.Offset, c.msg, c.remedy, col-1)
		}
		if !strings.HasPrefix(pe.Error(), fmt.Sprintf("column %d of the condition: ", col)) {
			t.Errorf("%s: %v does not name column %d", c.src, pe, col)
		}
	}
}

// TestCondBounds: what is still within the bounds is read.
func TestCondBounds(t *testing.T) {
	v := testVocab(t)
	for _, src := range []string{
		strings.Repeat("(", maxNesting-1) + "persons > 1" + strings.Repeat(")", maxNesting-1),
		strings.Repeat("not ", maxNesting-1) + "persons > 1",
		strings.Repeat("persons > 1 or ", 1000) + "true",
	} {
		if _, err := parse(v, src); err != nil {
			t.Errorf("%.40s...: %v", src, err)
		}
	}
}

// TestTermsCannotExplode: terms that double each other are refused before they are large.
func TestTermsCannotExplode(t *testing.T) {
	v := testVocab(t)
	var b strings.Builder
	b.WriteString(head + "terms:\n  t0: persons > 1\n")
	for i := range 40 {
		fmt.Fprintf(&b, "  t%d: \"@t%d and @t%d\"\n", i+1, i, i)
	}
	_, probs := load(v, map[string]string{"pack.yaml": b.String()}, DayMax)
	if len(probs) == 0 || !strings.Contains(probs[0].String(), "p/pack.yaml:26:18: the condition has more than 4096 parts, terms written out; simplify it") {
		t.Errorf("got %v", probs)
	}
}

// TestCondParts: the parts of a tree that others rely on.
func TestCondParts(t *testing.T) {
	v := testVocab(t)
	c, err := parse(v, "persons > 1 and (date < $collected_at + 1 day or not shown persons == 3)")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, id := range c.Facts() {
		names = append(names, v.Facts[id].Name)
	}
	if got := strings.Join(names, " "); got != "persons date collected_at" {
		t.Errorf("facts %s", got)
	}
	if AllOf(nil, Always()).Op != OpTrue || AllOf(nil, c) != c || len(AllOf(c, c).Kids) != 2 {
		t.Error("AllOf does not leave out what is always true")
	}
	var none *Cond
	none.Walk(func(*Cond) { t.Error("walked nothing") })
	a := Atom{Fact: v.MustFact("retention_rules").ID, Cmp: RuleOf, Set: []int{1, 2}}
	if got := v.AtomText(&a); got != "a retention law of DE, FR runs" {
		t.Errorf("printed %s", got)
	}
}
