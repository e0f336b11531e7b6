// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
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
			if d.pattern == nil && len(text) < 64 {
				d.accepts(text)
			}
		}
	})
}
