// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/packs"
)

// badCases are wrong files of cases, with the fault that is reported. Those whose fault
// is of shape are refused by the schema, too.
var badCases = []struct {
	text, want string
	shape      bool
}{
	{"", "c.yaml:1:1: the file is empty; fill it or remove it", false},
	{"- name: \xff\n", "c.yaml:1:9: the file is not valid UTF-8; save it as UTF-8", false},
	{"- name: [a\n- b\n", "c.yaml:3:1: not valid YAML: did not find expected ',' or ']'; check indentation, quotes and brackets near this line", false},
	{"- &a {name: x}\n- *a\n", "c.yaml:1:3: YAML anchors and aliases are not accepted; write the value out", false},
	{"text\n", "c.yaml:1:1: expected a list of cases or a mapping with scenarios; write one - item for each case", true},
	{"a: 1\n", "c.yaml:1:1: the file has no scenarios; write a list of cases, or scenarios: and a list", true},
	{"scenarios: [{id: A}]\n", "c.yaml:1:13: scenario A has no facts; write facts", true},
	{"scenarios: [{id: A, facts: {date: 2024-01-01}, expected: {effect: maybe}}]\n", `c.yaml:1:13: scenario A expects the effect "maybe"; use allow, allow_with_conditions, deny or review`, true},
	{"- text\n", "c.yaml:1:3: expected a mapping; write key: value", true},
	{"- name: a\n  facts: {date: 2024-01-01}\n  expct: {}\n", `c.yaml:3:3: unknown key "expct"; did you mean "expect"?`, true},
	{"- name: a\n  facts: {date: 2024-01-01}\n  expect: {effct: deny}\n", `c.yaml:3:12: unknown key "effct"; did you mean "effect"?`, true},
	{"- name: a\n  name: b\n", `c.yaml:2:3: key "name" stands twice; remove one`, false},
	{"- facts: {date: 2024-01-01}\n  expect: {effect: deny}\n", "c.yaml:1:3: the case has no name; say what it proves", true},
	{"- name: a\n  expect: {effect: deny}\n", "c.yaml:1:3: the case has no facts; write facts, or parts with facts of several", true},
	{"- name: a\n  facts: {date: 2024-01-01}\n", "c.yaml:1:3: the case expects nothing; write expect: {effect: allow}, deny or review", true},
	{"- name: a\n  facts: {date: 2024-01-01}\n  expect: {effect: denied}\n", `c.yaml:3:20: unknown effect "denied"; did you mean "deny"?`, true},
	{"- name: a\n  facts: {date: 2024-01-01}\n  missing: reviewed\n  stops: [A]\n", `c.yaml:3:12: unknown mode "reviewed"; did you mean "review"?`, true},
	{"- name: a\n  facts: {date: 2024-01-01}\n  known_at: 2024-02-30\n  stops: [A]\n", `c.yaml:3:13: "2024-02-30" is not a date; write YYYY-MM-DD with a day that exists`, false},
	{"- name: a\n  facts: {date: 2024-01-01}\n  stops: A\n", "c.yaml:3: cannot unmarshal !!str `A` into []string; compare with docs/pack-format.md, section 6", true},
	{"- name: a\n  facts: [x]\n  stops: [A]\n", "c.yaml:2:10: facts are a mapping of names to values; write name: value", true},
	{"- name: a\n  facts: {purpose: {a: b}}\n  stops: [A]\n", "c.yaml:2:20: fact purpose: expected a value or a list of values", true},
	{"- name: a\n  facts: {purpose: }\n  stops: [A]\n", "c.yaml:2:20: fact purpose: no value; leave the fact out if it is not known", true},
	{"- name: a\n  facts: {purpose: tax, purpose: marketing}\n  stops: [A]\n", "c.yaml:2:25: fact purpose is given twice with different values; remove one", false},
	{"- name: a\n  parts:\n  - {purpose: tax}\n  - x\n  stops: [A]\n", "c.yaml:4:5: facts are a mapping of names to values; write name: value", true},
	{"- {name: a, facts: {date: 2024-01-01}, stops: [A]}\n- {name: a, facts: {date: 2024-01-01}, stops: [A]}\n", `c.yaml:2:3: the case "a" stands also in line 1; give each its own name`, false},
}

// TestBadCases: each fault of a file of cases is reported with its place and a remedy.
func TestBadCases(t *testing.T) {
	for _, c := range badCases {
		_, err := Read("c.yaml", []byte(c.text))
		var e *comity.Error
		if !errors.As(err, &e) || e.Error() != c.want || e.Code != comity.CodeInvalid || e.Line == 0 {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
	if _, err := Read("c.yaml", make([]byte, 5<<20)); comity.CodeOf(err) != comity.CodeTooLarge {
		t.Errorf("a huge file: %v", err)
	}
}

// TestReadCase: what the keys of a case become.
func TestReadCase(t *testing.T) {
	list, err := Read("c.yaml", []byte(`
- name: a
  facts: {date: 2024-01-01, persons_total: 5, notice_given: true, data_categories: [health, contact]}
  parts: [{consent: none}, {consent: opt_in}]
  missing: review
  known_at: 2023-01-01
  stops: [A]
  passes: [B]
  expect: {effect: allow, plain: false, cite: [C], conditions: [d], grounds: [A/b], outside: [o], duties: [D]}
- {name: b, facts: {date: 2024-01-01T10:00:00Z}, stops: [A]}
`))
	if err != nil {
		t.Fatal(err)
	}
	c := list[0]
	got := fmt.Sprintln(c.Name, c.Line, c.Facts, c.Parts, c.Missing, c.KnownAt.Format("2006-01-02"), c.Stops, c.Passes, c.Effect, *c.Plain,
		c.MustCite, c.Conditions, c.Grounds, c.Outside, c.Due)
	want := "a 2 map[data_categories:[health contact] date:2024-01-01 notice_given:true persons_total:5] [map[consent:none] map[consent:opt_in]] " +
		"review 2023-01-01 [A] [B] allow false [C] [d] [A/b] [o] [D]\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if list[1].Missing != comity.MissingIgnore || list[1].Effect != "" || list[1].Facts["date"] != "2024-01-01T10:00:00Z" {
		t.Errorf("got %+v", list[1])
	}
}

// document is a file of cases as an editor sees it: dates are texts.
func document(t *testing.T, text string) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	var plain func(*yaml.Node)
	plain = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, c := range n.Content {
			plain(c)
		}
	}
	plain(&n)
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCasesSchema: docs/cases.schema.json accepts the embedded cases, refuses wrong ones,
// and lists the keys that the reader accepts.
func TestCasesSchema(t *testing.T) {
	data, err := os.ReadFile("../../docs/cases.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(packs.FS, "*/cases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	for _, name := range files {
		text, err := fs.ReadFile(packs.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document(t, string(text))); err != nil {
			t.Errorf("packs/%s: %v", name, err)
		}
	}
	example, err := os.ReadFile("../../docs/example/in_rbi_psd/cases/payments.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document(t, string(example))); err != nil {
		t.Errorf("docs/example: %v", err)
	}
	for _, c := range badCases {
		if c.shape && schema.Validate(document(t, c.text)) == nil {
			t.Errorf("the schema accepts %q", c.text)
		}
	}

	defs := doc.(map[string]any)["$defs"].(map[string]any)
	for name, x := range map[string]struct {
		keys  []string
		entry any
	}{"case": {caseKeys, caseEntry{}}, "expect": {expectKeys, expectEntry{}}} {
		def := defs[name].(map[string]any)
		inSchema := slices.Sorted(maps.Keys(def["properties"].(map[string]any)))
		var fields []string
		for f := range reflect.TypeOf(x.entry).Fields() {
			fields = append(fields, f.Tag.Get("yaml"))
		}
		slices.Sort(fields)
		accepted := slices.Sorted(slices.Values(x.keys))
		if !slices.Equal(inSchema, accepted) || !slices.Equal(fields, accepted) || def["additionalProperties"] != false {
			t.Errorf("keys of %s: the schema lists %v, the reader accepts %v and reads %v", name, inSchema, accepted, fields)
		}
	}
}

// FuzzRead: no file of cases or scenarios makes the reader panic.
func FuzzRead(f *testing.F) {
	for _, c := range badCases {
		f.Add([]byte(c.text))
	}
	f.Add([]byte("- {name: a, facts: {date: 2024-01-01, n: 0x10, f: 1.5, l: [true, ~]}, expect: {effect: deny, plain: true}}\n"))
	f.Add([]byte("scenarios:\n- {id: A, facts: {date: 2024-01-01}, expected: {effect: allow_with_conditions, must_cite: [X]}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := Read("c.yaml", data)
		if err != nil && err.Error() == "" {
			t.Error("an error without text")
		}
		for _, c := range cases {
			if c.Line == 0 {
				t.Errorf("a case without line: %+v", c)
			}
		}
	})
}
