// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/comity-project/comity"
)

// Bad facts are refused with a code and a remedy, none of them with a panic.
func TestBadFacts(t *testing.T) {
	e := engineAll(t)
	const base = `"operation": "process", "date": "2024-05-01"`
	for facts, want := range map[string]string{
		// Unknown names.
		`{` + base + `, "subject_locaton": "DE"}`:                         `unknown unknown fact "subject_locaton"|did you mean "subject_location"`,
		`{` + base + `, "qqqqqqqq": 1}`:                                   `unknown unknown fact "qqqqqqqq"`,
		`{` + base + `, "purpose": "marketting"}`:                         `unknown fact purpose|"marketting"|did you mean "marketing"`,
		`{"date": "2024-05-01", "operation": "proces"}`:                   `unknown fact operation|did you mean "process"`,
		`{` + base + `, "subject_location": ["DE", "de"]}`:                `unknown fact subject_location|unknown region "de"|did you mean`,
		`{"facts": {` + base + `}, "candidats": ["DE"]}`:                  `unknown candidats|did you mean "candidates"`,
		`{"facts": {` + base + `}, "known_at": "then"}`:                   `invalid "then" is neither a day|2024-05-01`,
		`{"facts": {` + base + `}, "missing": "guess"}`:                   `invalid guess|use review or ignore`,
		`{"facts": {` + base + `}, "want": ["area"]}`:                     `invalid area|use regions`,
		`{"facts": {` + base + `}, "want": "regions", "candidates": "D"}`: `unknown unknown region`,
		// Wrong types.
		`{` + base + `, "purpose": 7}`:                        "invalid fact purpose|7 is not a text",
		`{` + base + `, "notice_given": "yes"}`:               `invalid fact notice_given|"yes" is not true or false`,
		`{` + base + `, "notice_given": 1}`:                   "invalid fact notice_given|not true or false",
		`{` + base + `, "subject_age": "old"}`:                `invalid fact subject_age|"old" is not a whole number`,
		`{` + base + `, "subject_age": 15.5}`:                 "invalid fact subject_age|15.5 is not a whole number",
		`{` + base + `, "subject_age": -3}`:                   "invalid fact subject_age|no possible age",
		`{` + base + `, "subject_age": 1e400}`:                "invalid 1e400",
		`{` + base + `, "subject_age": 99999999999999999999}`: "invalid fact subject_age",
		`{` + base + `, "subject_location": {"in": "DE"}}`:    "invalid fact subject_location|not a region code",
		`{` + base + `, "purpose": ["tax", "research"]}`:      "invalid fact purpose|2 values where one is taken|several parts",
		`{` + base + `, "purpose": []}`:                       "invalid fact purpose|0 values",
		`{` + base + `, "data_categories": []}`:               "invalid fact data_categories|the list is empty|leave the fact out",
		`{` + base + `, "data_categories": ["health", null]}`: "invalid fact data_categories|null is not a text",
		`{` + base + `, "purpose": null}`:                     "invalid fact purpose|no value|leave the fact out",
		`{` + base + `, "consent": ["none", "opt_in"]}`:       `invalid fact consent|"none" stands beside other values`,
		`{"facts": 7}`:   "invalid neither an object nor a list",
		`{"facts": [7]}`: "invalid part 0 is not an object",
		`{"facts": [{` + base + `}, {` + base + `, "purpose": 7}]}`: "invalid part 1|fact purpose",
		`{"facts": []}`: "invalid empty|at least one",
		`{"facts": {` + base + `}, "explain": "yes"}`: "invalid explain|true or false",
		// Impossible dates.
		`{"operation": "process"}`:                                           "invalid no date|2024-05-01",
		`{"operation": "process", "date": "2024-02-30"}`:                     `invalid fact date|"2024-02-30"|a day that exists`,
		`{"operation": "process", "date": "2023-02-29"}`:                     `invalid fact date|"2023-02-29"`,
		`{"operation": "process", "date": "2024-02-30T10:00:00Z"}`:           "invalid fact date|neither a day",
		`{"operation": "process", "date": "2024-05-01T25:00:00Z"}`:           "invalid fact date|neither a day",
		`{"operation": "process", "date": "2024-05-01T10:00:00"}`:            "invalid fact date|2024-05-01T15:04:05Z",
		`{"operation": "process", "date": "yesterday"}`:                      "invalid fact date|neither a day",
		`{"operation": "process", "date": 20240501}`:                         "invalid fact date|not a date",
		`{` + base + `, "subject_born_on": "2025-01-01"}`:                    "invalid fact subject_born_on|after the date",
		`{` + base + `, "subject_born_on": "2000-01-01", "subject_age": 30}`: "invalid fact subject_age|does not follow|give only the origin",
		// A fact given twice.
		`{` + base + `, "purpose": "tax", "purpose": "research"}`:       `conflict line 1, column|"purpose" is given twice|give it once`,
		`{"facts": {` + base + `}, "defaults": {"date": "2024-05-02"}}`: `conflict "date" differs from the defaults`,
		// Not JSON.
		``:                                 "invalid not valid JSON",
		`[`:                                "invalid expected an object",
		`{"date": `:                        "invalid not valid JSON",
		`{"date": "2024-05-01"}}`:          "invalid something follows",
		`{"date": "2024-05-01"} {}`:        "invalid something follows",
		`{"date": '2024-05-01'}`:           "invalid not valid JSON",
		"{\n \"date\": \"2024\xff05-01\"}": "invalid line 2, column|not valid JSON|UTF-8",
		`{"date": "\ud800"}`:               "invalid not valid JSON",
	} {
		refused(t, e, facts, want)
	}
}

// refused asks with the JSON text and wants an error; alternatives among the parts of the
// message are not needed.
func refused(t *testing.T, e *Engine, text, want string) {
	t.Helper()
	req, err := DecodeRequest([]byte(text))
	if err == nil {
		_, err = e.Decide(req)
	}
	if err == nil {
		t.Errorf("%.200s is accepted, want %s", text, want)
		return
	}
	expectError(t, fmt.Sprintf("%.200s", text), err, want)
}

// Faults in the text tell where they stand.
func TestBadTextHasPlace(t *testing.T) {
	for text, want := range map[string][2]int{
		"{\n  \"date\": \"2024-05-01\",\n  \"x\": tru\n}":    {3, 8},
		"{\"purpose\": \"tax\",\n\"purpose\": \"research\"}": {2, 22},
		"{\n\n  \"a\": 1 2}": {3, 10},
	} {
		_, err := DecodeRequest([]byte(text))
		var ce *comity.Error
		if !errors.As(err, &ce) || ce.Line != want[0] || ce.Column < 1 || ce.Column > want[1]+3 {
			t.Errorf("%q: %v at %+v, want %v", text, err, ce, want)
		}
	}
}

// What is too deep, too long or has too many combinations is refused, and quickly.
func TestBadSize(t *testing.T) {
	e := engineAll(t)
	nested := func(open, inner, closed string, n int) string {
		return `{"operation": "process", "date": "2024-05-01", "purpose": ` + strings.Repeat(open, n) + inner + strings.Repeat(closed, n) + `}`
	}
	many := func(fact string, n int) string {
		return `{"operation": "process", "date": "2024-05-01", "` + fact + `": [` + strings.Repeat(`"DE", `, n-1) + `"DE"]}`
	}
	countries := `["` + strings.Join(e.Program().model.Vocab.Regions().Countries()[:200], `", "`) + `"]`
	for name, c := range map[string]struct{ text, want string }{
		"deep objects":        {nested(`{"a": `, "1", "}", 100), "invalid nested deeper than 8 levels"},
		"very deep objects":   {nested(`{"a": `, "1", "}", 100_000), "invalid nested deeper than 8 levels"},
		"deep lists":          {nested("[", "1", "]", 100), "invalid nested deeper than 8 levels"},
		"very deep lists":     {nested("[", "1", "]", 400_000), "invalid nested deeper"},
		"an open list":        {`{"purpose": ` + strings.Repeat("[", 1_000_000), "invalid nested deeper"},
		"a long list":         {many("subject_location", 600), "invalid fact subject_location|600 values, more than 512"},
		"a very long list":    {many("subject_location", 5000), "too_large more than 4096 elements"},
		"many parts":          {`{"facts": [` + strings.Repeat("{}, ", 4096) + `{}]}`, "too_large more than 4096 elements"},
		"many combinations":   {`{"operation": "process", "date": "2024-05-01", "subject_location": ` + countries + `, "targets": ` + countries + `, "data_categories": ["health", "contact"]}`, "too_large combinations|ask in several parts"},
		"huge combinations":   {`{"operation": "process", "date": "2024-05-01", "subject_location": ` + countries + `, "targets": ` + countries + `, "subject_citizenship": ` + countries + `, "subject_residence": ` + countries + `, "stored_in": ` + countries + `, "processed_in": ` + countries + `, "model_in": ` + countries + `, "accessor_location": ` + countries + `, "controller_establishment": ` + countries + `}`, "too_large combinations"},
		"more than a request": {`{"purpose": "` + strings.Repeat("x", MaxRequest) + `"}`, "too_large bytes, more than 1048576"},
		"a long text":         {`{"date": "2024-05-01", "purpose": "` + strings.Repeat("x", MaxRequest/2) + `"}`, "unknown fact purpose"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			refused(t, e, c.text, c.want)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("refused after %v", took)
			}
		})
	}
	body := make([]byte, 100<<20)
	body[0] = '{'
	start := time.Now()
	_, err := DecodeRequest(body)
	expectError(t, "a body of 100 MB", err, "too_large 104857600 bytes, more than 1048576")
	if took := time.Since(start); took > 100*time.Millisecond {
		t.Errorf("a body of 100 MB is refused after %v", took)
	}
}

// Errors do not repeat a whole input, and unknown names do not cost more than they weigh.
func TestBadInputStaysShort(t *testing.T) {
	e := engineAll(t)
	long := strings.Repeat("subject_location", 20_000)
	for _, facts := range []comity.Facts{
		{"date": "2024-05-01", long: true},
		{"date": "2024-05-01", "purpose": long},
		{"date": "2024-05-01", "subject_location": long},
		{"date": long},
		{"date": "2024-05-01", "subject_age": long},
	} {
		_, err := e.Decide(comity.Request{Facts: facts})
		coded(t, err)
		if n := len(err.Error()); n > 2000 {
			t.Errorf("the message has %d bytes: %.100s", n, err)
		}
	}
}

// Facts of Go types that no JSON makes are read or refused, never a panic.
func TestBadGoValues(t *testing.T) {
	e := engineAll(t)
	for _, v := range []any{nil, 1, int64(1), uint64(1 << 63), 1.5, "x", true, []string{}, []string(nil), []any{}, []any{[]any{}}, []int{1}, map[string]any{}, struct{}{}, time.Time{}, time.Unix(1<<50, 0), func() {}, make(chan int), [3]string{}, (*int)(nil), errors.New("x")} {
		for _, name := range []string{"date", "operation", "subject_location", "purpose", "consent", "notice_given", "subject_age", "tenant", "collected_at", "request_received_at", "retention_rules"} {
			facts := comity.Facts{"date": "2024-05-01", "operation": "process"}
			facts[name] = v
			if _, err := e.Decide(comity.Request{Facts: facts}); err != nil {
				coded(t, err)
			}
		}
	}
}

// Packs that cannot be used are refused with file, line, column and remedy, and the
// engine keeps what it had.
func TestBadPacks(t *testing.T) {
	e := engineWith(t, rules("- {id: A, kind: forbid, ~}\n"))
	before := e.Program()
	for text, want := range map[string]string{
		rules("- {id: A, kind: forbid, ~}\n- {id: A, kind: forbid, ~}\n"):                   "pack test/p/pack.yaml:14:|requirement A stands also|unique",
		rules("- {id: A, kind: forbid, ~, when: purpose == taks}\n"):                        `pack test/p/pack.yaml:13:|"taks"|did you mean "tax"`,
		rules("- {id: A, kind: forbid, ~, when: porpose == tax}\n"):                         `pack test/p/pack.yaml:13:|did you mean "purpose"`,
		strings.Replace(rules("- {id: A, kind: forbid, ~}\n"), "comity/v1", "comity/v2", 1): `pack test/p/pack.yaml:1:|"comity/v2" is not comity/v1`,
		rules("- {id: A, kind: forbid, ~, from: 2024-06-31}\n"):                             "pack test/p/pack.yaml:13:|2024-06-31",
		rules("- {id: A, kind: forbid, ~, from: 2024-06-01, until: 2024-06-01}\n"):          "pack test/p/pack.yaml:13:|ends before it begins",
		rules("- &a {id: A, kind: forbid, ~}\n- *a\n"):                                      "pack test/p/pack.yaml:",
		rules("- {id: A, kind: forbid, cite: Lex 1, text: {en: x}}\n"):                      "pack test/p/pack.yaml:13:|declare the instrument",
		"\nid: p\n\xff": "pack test/p/pack.yaml:",
	} {
		err := e.Reload(Options{NoEmbedded: true, Folders: []Folder{folder(text)}})
		expectError(t, text, err, want)
		if e.Program() != before {
			t.Fatal("a pack that cannot be used changed the program")
		}
	}
	err := e.Reload(Options{Folders: []Folder{{Name: "nothing", FS: fstest.MapFS{}}}})
	expectError(t, "an empty folder", err, "pack load nothing|no pack found|give a folder with packs")
}
