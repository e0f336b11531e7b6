// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

// Each detector of the table accepts its valid test values and refuses the invalid ones;
// one with a check has both, so that a check that accepts everything is noticed.
func TestDetectorsTable(t *testing.T) {
	defs, err := readDefinitions("detectors.yaml", builtin)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	countries := map[string]bool{}
	for i := range defs {
		def := &defs[i]
		t.Run(def.Label, func(t *testing.T) {
			d, err := def.compile(i)
			if err != nil {
				t.Fatal(err)
			}
			if len(def.Valid) == 0 {
				t.Error("no valid test value")
			}
			for _, v := range def.Valid {
				if !d.accepts(v) {
					t.Errorf("refuses %q", v)
				}
			}
			for _, v := range def.Invalid {
				if d.accepts(v) {
					t.Errorf("accepts %q", v)
				}
			}
		})
		used[def.Check] = true
		if def.Check != "" && def.Kind == "national" && def.Label[2] == '_' {
			countries[def.Label[:2]] = true
		}
	}
	for name := range namedChecks {
		if !used[name] && name != "mod97" {
			t.Errorf("check %s is used by no detector", name)
		}
	}
	if len(countries) < 40 {
		t.Errorf("national numbers with a check of %d countries only", len(countries))
	}
}

// A file of detectors that cannot be used is an error that says which detector and why.
func TestDetectorFileErrors(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"no list":          {"label: X", "own.yaml:1: this is a mapping, not a list of detectors; a file is a list"},
		"no detector":      {"- X", "own.yaml:1: this is a text, not a detector; a file is a list"},
		"unknown field":    {"- {label: X, kind: id,\n  formats: ['#'], colour: red}", "own.yaml:2: a detector has no field \"colour\"; a file is a list"},
		"no text":          {"- label: [X]", "own.yaml:1: label is a list; give one text"},
		"no texts":         {"- label: X\n  formats: '#'", "own.yaml:2: formats is a text; give a list of texts"},
		"texts in texts":   {"- label: X\n  formats: [['#']]", "own.yaml:2: formats is a list; give a list of texts"},
		"no number":        {"- label: X\n  score: high", "own.yaml:2: score is a text; give a number between 0 and 1"},
		"not a number":     {"- {label: X, kind: id, formats: ['#'], score: .nan}", "between 0 and 1"},
		"twice":            {"- label: X\n  label: Y", "own.yaml:2: mapping key \"label\" already defined at line 1"},
		"no YAML":          {"- label: X\n  formats: [a\n", "did not find expected"},
		"which":            {"- {label: X, kind: id, formats: ['#']}\n\n- {label: Z, kind: nosuch, formats: ['#']}", "own.yaml:3: compile detector Z: unknown kind \"nosuch\"; kinds are address, "},
		"no label":         {"- {kind: id, formats: ['#']}", "needs a label"},
		"nothing":          {"- {label: X, kind: id}", "either formats or a pattern"},
		"both":             {"- {label: X, kind: id, formats: ['#'], pattern: 'x'}", "either formats or a pattern"},
		"unknown kind":     {"- {label: X, kind: nosuch, formats: ['#']}", "unknown kind"},
		"category":         {"- {label: X, category: none, formats: ['#']}", "fideslang"},
		"bad score":        {"- {label: X, kind: id, formats: ['#'], score: 7}", "between 0 and 1"},
		"unclosed set":     {"- {label: X, kind: id, formats: ['[12']}", "without its set"},
		"unclosed braces":  {"- {label: X, kind: id, formats: ['#{3']}", "without }"},
		"huge repeat":      {"- {label: X, kind: id, formats: ['#{1,99999}']}", "out of range"},
		"many shapes":      {"- {label: X, kind: id, formats: ['#{1,30}@{1,30}#{1,30}']}", "than 512 shapes"},
		"bad pattern":      {"- {label: X, kind: id, pattern: '('}", "missing closing )"},
		"huge pattern":     {"- {label: X, kind: id, pattern: '" + strings.Repeat("x", maxPattern+1) + "'}", "more than 4096"},
		"empty match":      {"- {label: X, kind: id, pattern: 'x*'}", "empty text"},
		"repeat of repeat": {"- {label: X, kind: id, pattern: '((a{100}){100}){100}'}", "invalid repeat count"},
		"valid":            {"- {label: X, kind: id, pattern: 'E-\\d{4}', valid: ['E-1234', 'E-12']}", "own.yaml:1: try detector X: it refuses value 2 of valid; correct"},
		"invalid":          {"- {label: X, kind: id, formats: ['##'], invalid: ['12']}", "it accepts value 1 of invalid; correct"},
		"weights":          {"- {label: X, kind: id, formats: ['#'], check: zero 0 1}", "modulus and weights"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{WithoutNames: true, Detectors: []byte(c.file), DetectorsName: "own.yaml"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "!!") || strings.Contains(err.Error(), "classify.") {
				t.Errorf("%v speaks of types of the program", err)
			}
			if code := comity.CodeOf(err); code != comity.CodeInvalid && code != comity.CodeTooLarge {
				t.Errorf("code %s", code)
			}
		})
	}
}

// What an entry leaves out does not make it useless: it has a score that is said, and
// values are asked for under its label.
func TestDetectorDefaults(t *testing.T) {
	c, err := New(Options{WithoutNames: true, Detectors: []byte("- {label: STAFF, kind: id, pattern: 'E-\\d{4}'}")})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Text("see E-1234, not E-12"); len(got) != 1 || got[0].Label != "STAFF" || got[0].Start != 4 || got[0].End != 10 {
		t.Errorf("%+v", got)
	}
	if !slices.Contains(c.Types(), ValueType{Type: "STAFF"}) {
		t.Error("STAFF is not listed")
	}
	for value, want := range map[string]bool{"E-1234": true, "E-12": false, "xE-1234": false, "E-1234\n": false} {
		if a := c.Value(value, ValueType{Type: "STAFF"}); !a.Known || a.Valid != want {
			t.Errorf("%q: %+v", value, a)
		}
	}
}

// A search that looks at the rest of the text for each match would take hours for the
// longest line; and matches in blocks are those of the whole.
func TestPatternsEnd(t *testing.T) {
	made := func(pattern string) *detector {
		d, err := (&definition{Label: "P", Kind: "id", Pattern: pattern, Score: 0.9}).compile(0)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	n := 0
	made("a.*z|a").matches(strings.Repeat("a", 64<<10), func(int, int) { n++ })
	if most := (64<<10)/patternBlock*patternMatches + 1; n == 0 || n > most {
		t.Errorf("%d matches", n)
	}
	text := "é^E-1234 " + strings.Repeat("E-1234 E-99999 nothing é E-123 ", 1000) + "E-4321"
	for _, pattern := range []string{`\bE-\d{4}\b`, `é E-`, `E-1234 E-99999`, `[^ ]+`, `^é`, `\d$`, `nothing.{600}`} {
		d := made(pattern)
		var got [][]int
		d.matches(text, func(start, end int) { got = append(got, []int{start, end}) })
		if want := d.pattern.FindAllStringIndex(text, -1); len(want) == 0 || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: %d matches of %d", pattern, len(got), len(want))
		}
	}
}

func FuzzDetectors(f *testing.F) {
	f.Add("- {label: X, kind: id, formats: ['@@-#{2,4}'], check: luhn, score: 0.8}", "AB-1234")
	f.Add("- {label: X, category: user.name, pattern: 'a+b', context: [x], score: 1}", "x aab")
	f.Fuzz(func(t *testing.T, file, text string) {
		if strings.ContainsAny(file, "&*") || len(file) > 4096 {
			t.Skip()
		}
		defs, err := readDefinitions("x.yaml", []byte(file))
		if err != nil {
			return
		}
		for i := range defs {
			d, err := defs[i].compile(i)
			if err != nil {
				continue
			}
			if len(text) < 64 {
				d.accepts(text)
			}
			if d.pattern != nil {
				d.matches(text, func(start, end int) {
					if start >= end {
						t.Fatalf("%d to %d", start, end)
					}
				})
			}
		}
	})
}
