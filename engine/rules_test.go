// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/comity-project/comity"
)

// The numbered rules of what an answer means, one test each, over packs written inline.
// Rules 1.* are in rules_facts_test.go and rules_absent_test.go, 2.* in
// rules_packs_test.go, 3.* in rules_effect_test.go, 5.* and 6.* in rules_answer_test.go.

// testVocabulary adds operations that need no facts, and facts of several controls.
const testVocabulary = `
format: comity/v1
operations:
  use: {mode: act}
  check: {mode: state}
  judge: {mode: act, needs: [data_categories, purpose]}
facts:
  member: {type: bool, role: act, aliases: [loyalty_member]}
  proof: {type: bool, role: ground, control: caller, cost: 1}
  badge: {type: bool, role: safeguard, control: caller, cost: 2}
  paper: {type: bool, role: safeguard, control: process, cost: 3}
  luck: {type: bool, role: ground}
`

// law writes a pack. Head is "id order weight zone"; in the body ~ stands for a citation
// "Act 1" and a text. Everything is in its reach unless the body says otherwise.
func law(head, body string) string {
	h := strings.Fields(head)
	text := fmt.Sprintf("format: comity/v1\nid: %s\nname: Law %[1]s\nversion: 1.0.0\norder: %s\nweight: %s\nzone: %s\n"+
		"reviewed: 2024-01-01\nnext_review: 2030-01-01\n", h[0], h[1], h[2], h[3])
	if !strings.Contains(body, "instruments:") {
		text += "instruments: [{cite: Act}]\n"
	}
	if !strings.Contains(body, "reach:") {
		text += "reach: {when: \"true\", cite: Act}\n"
	}
	body = strings.ReplaceAll(body, "\n  ~\n", "\n  cite: Act 1\n  text: {en: x}\n")
	return text + strings.ReplaceAll(body, "~", "cite: Act 1, text: {en: x}")
}

// rules is a law of the Union that has only these requirements.
func rules(requirements string) string {
	return law("p EU treaty UTC", "requirements:\n"+requirements)
}

func folder(laws ...string) Folder {
	fsys := fstest.MapFS{"vocabulary.yaml": {Data: []byte(testVocabulary)}}
	for _, text := range laws {
		id := strings.Fields(text[strings.Index(text, "\nid: ")+len("\nid: "):])[0]
		fsys[id+"/pack.yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	return Folder{Name: "test", FS: fsys}
}

func engineWith(t testing.TB, laws ...string) *Engine {
	t.Helper()
	e, err := New(Options{NoEmbedded: true, Folders: []Folder{folder(laws...)}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// request reads a question such as "ignore date=2024-06-15 consent=opt_in,withdrawn":
// words without = are the mode, explain and regions; an underscore stands for a space
// where the vocabulary takes texts; name=- leaves a default out. The defaults are
// operation=use, date=2024-06-15 and targets=FR.
func request(words string) comity.Request {
	req := comity.Request{Facts: comity.Facts{"operation": "use", "date": "2024-06-15", "targets": "FR"}}
	for _, w := range strings.Fields(words) {
		name, text, isFact := strings.Cut(w, "=")
		switch {
		case w == "explain":
			req.Explain = true
		case w == "regions":
			req.Want = []string{"regions"}
		case !isFact:
			req.Missing = comity.Mode(w)
		case name == "known_at":
			req.KnownAt = must(ParseTime(text))
		case name == "candidates":
			req.Candidates = strings.Split(text, ",")
		case text == "-":
			delete(req.Facts, name)
		default:
			req.Facts[name] = factValue(name, text)
		}
	}
	return req
}

func factValue(name, text string) any {
	if name == "retention_rules" {
		text = strings.ReplaceAll(text, "_", " ")
	}
	if !strings.Contains(text, ",") {
		return text
	}
	var list []any
	for _, s := range strings.Split(text, ",") {
		list = append(list, s)
	}
	return list
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// answer writes what an answer says in one line.
func answer(d comity.Decision) string {
	out := []string{string(d.Effect)}
	list := func(word string, items []string) {
		if len(items) > 0 {
			out = append(out, word+" "+strings.Join(items, " "))
		}
	}
	each := func(word string, n int, name func(i int) string) {
		var items []string
		for i := range n {
			items = append(items, name(i))
		}
		list(word, items)
	}
	list("bound", d.Applicable)
	each("violated", len(d.Violations), func(i int) string { return d.Violations[i].Requirement + parts(d.Violations[i].Parts) })
	each("conflict", len(d.Conflicts), func(i int) string {
		return strings.Join(d.Conflicts[i].Requirements, "~") + parts(d.Conflicts[i].Parts)
	})
	each("ground", len(d.Grounds), func(i int) string { return d.Grounds[i].Requirement + "/" + d.Grounds[i].Branch })
	each("condition", len(d.Conditions), func(i int) string {
		c := d.Conditions[i]
		return strings.TrimSuffix(c.Requirement+"."+c.ID+"@"+c.Due, "@") + parts(c.Parts)
	})
	each("duty", len(d.Duties), func(i int) string { return d.Duties[i].Requirement + parts(d.Duties[i].Parts) })
	each("question", len(d.Questions), func(i int) string { return d.Questions[i].Requirement })
	each("missing", len(d.Missing), func(i int) string {
		return fmt.Sprintf("%s(%s)%s", d.Missing[i].Fact, strings.Join(d.Missing[i].NeededBy, ","), parts(d.Missing[i].Parts))
	})
	each("outside", len(d.Outside), func(i int) string { return d.Outside[i].Pack + "/" + d.Outside[i].ID })
	if d.ValidUntil != nil {
		out = append(out, "until "+d.ValidUntil.Format(time.RFC3339))
	}
	return strings.Join(out, "; ")
}

func parts(p []int) string {
	if p == nil {
		return ""
	}
	return fmt.Sprint(p)
}

// row is one question and the line of its answer; want may begin with "error CODE" and go
// on with parts of the message.
type row struct{ facts, want string }

func expect(t *testing.T, e *Engine, rows []row) {
	t.Helper()
	for _, r := range rows {
		d, err := e.Decide(request(r.facts))
		if err != nil || strings.HasPrefix(r.want, "error ") {
			expectError(t, r.facts, err, strings.TrimPrefix(r.want, "error "))
			continue
		}
		if got := answer(d); got != r.want {
			t.Errorf("%q\n got %s\nwant %s", r.facts, got, r.want)
		}
	}
}

// expectError wants an error with the code that want begins with, whose message has the
// rest of want in it, part by part between bars.
func expectError(t *testing.T, what string, err error, want string) {
	t.Helper()
	code, rest, _ := strings.Cut(want, " ")
	var ce *comity.Error
	if !errors.As(err, &ce) {
		t.Errorf("%q\n got error %v\nwant %s", what, err, want)
		return
	}
	missing := slices.DeleteFunc(strings.Split(rest, "|"), func(s string) bool { return strings.Contains(err.Error(), s) })
	if comity.CodeOf(err) != comity.Code(code) || len(missing) > 0 {
		t.Errorf("%q\n got error %s %v\nwant %s", what, ce.Code, err, want)
	}
}

// loadError loads laws that should be refused.
func loadError(t *testing.T, want string, laws ...string) {
	t.Helper()
	_, err := New(Options{NoEmbedded: true, Folders: []Folder{folder(laws...)}})
	expectError(t, strings.Join(laws, "\n"), err, want)
}
