// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

// demoWant is what the law says of each case of the demo: the effect, whether an allow
// is plain, and a provision that the answer must cite. The demo itself knows none of it.
var demoWant = []struct {
	name   string
	date   string
	effect comity.Effect
	plain  bool
	cites  string
}{
	{"Schrems I (the day before)", "2015-10-05", comity.Allow, true, "Directive 95/46/EC Art. 25"},
	{"Schrems I (the day of)", "2015-10-06", comity.Deny, false, "CJEU C-362/14"},
	{"Schrems II (the day before)", "2020-07-15", comity.Allow, true, "GDPR Art. 45"},
	{"Schrems II (the day of)", "2020-07-16", comity.Deny, false, "CJEU C-311/18"},
	{"Privacy Shield to DPF (the day before)", "2023-07-09", comity.Deny, false, "GDPR Art. 44"},
	{"Privacy Shield to DPF (the day of)", "2023-07-10", comity.Allow, true, "Decision (EU) 2023/1795"},
	{"Meta 2023 (on standard clauses)", "2023-05-12", comity.Deny, false, "GDPR Art. 46"},
	{"Meta 2023 (on the framework)", "2023-09-07", comity.Allow, true, "Decision (EU) 2023/1795"},
	{"Uber 2024 (without an instrument)", "2023-11-01", comity.Deny, false, "GDPR Art. 44"},
	{"Uber 2024 (on the framework)", "2023-12-31", comity.Allow, true, "Decision (EU) 2023/1795"},
	{"TikTok 2025", "2025-04-30", comity.Deny, false, "GDPR Art. 46"},
	{"Clearview AI (under the GDPR)", "2022-02-10", comity.Deny, false, "GDPR Art. 9"},
	{"Clearview AI (under BIPA)", "2022-05-11", comity.Deny, false, "740 ILCS 14/15(c)"},
	{"Local Law 144 (the last day before the law)", "2022-12-31", comity.Allow, true, ""},
	{"Local Law 144 (the first day of enforcement)", "2023-07-05", comity.Deny, false, "NYC Admin. Code 20-871"},
	{"HIPAA retention against GDPR erasure", "2024-05-01", comity.Review, false, "GDPR Art. 17 | GDPR Art. 18"},
	{"AI Act prohibited practices (the day before)", "2025-02-01", comity.Allow, true, ""},
	{"AI Act prohibited practices (the day of)", "2025-02-02", comity.Deny, false, "AI Act Art. 5(1)(f)"},
	{"SCHUFA (as it was)", "2023-12-07", comity.Deny, false, "GDPR Art. 22"},
	{"SCHUFA (with explicit consent and a person to turn to)", "2023-12-07", comity.Allow, false, "GDPR Art. 22"},
	{"Planet49 (ticked beforehand)", "2019-10-01", comity.Deny, false, "ePrivacy Directive Art. 5(3)"},
	{"Planet49 (ticked by the user)", "2019-10-01", comity.Allow, false, "ePrivacy Directive Art. 5(3)"},
	{"Adequacy of Japan (the day before)", "2019-01-22", comity.Deny, false, "GDPR Art. 44"},
	{"Adequacy of Japan (the day of)", "2019-01-23", comity.Allow, true, "Decision (EU) 2019/419"},
	{"An order is shipped", "2024-05-01", comity.Allow, true, "GDPR Art. 6"},
}

func TestDemo(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run([]string{"demo", "--json"}, strings.NewReader(""), &out, &errOut); code != exitOK || errOut.Len() > 0 {
		t.Fatalf("exit code %d, standard error %q", code, &errOut)
	}
	var got demoJSON
	dec := json.NewDecoder(&out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Cases) != len(demoWant) {
		t.Errorf("%d cases, expected %d", len(got.Cases), len(demoWant))
	}
	for i, c := range got.Cases[:min(len(got.Cases), len(demoWant))] {
		want := demoWant[i]
		if c.Case != want.name || c.Date != want.date {
			t.Errorf("case %d is %s on %s, expected %s on %s", i, c.Case, c.Date, want.name, want.date)
			continue
		}
		if c.Effect != want.effect || c.Effect == comity.Allow && (len(c.Conditions) == 0) != want.plain {
			t.Errorf("%s: %s with %d conditions, expected %s (plain %v)", c.Case, c.Effect, len(c.Conditions), want.effect, want.plain)
		}
		if want.cites != "" && !scenario.Cites(c.Citations, want.cites) {
			t.Errorf("%s: cites %q, expected %s", c.Case, c.Citations, want.cites)
		}
		if c.Record.Log != "local" || i > 0 && c.Record.Index != got.Cases[i-1].Record.Index+1 {
			t.Errorf("%s: recorded as entry %d of %q, after entry %d", c.Case, c.Record.Index, c.Record.Log, got.Cases[max(0, i-1)].Record.Index)
		}
		if c.Citations == nil || c.Conditions == nil {
			t.Errorf("%s: a list is null", c.Case)
		}
	}
}

// TestDemoProves: the first denied case is proved, and found when it is changed.
func TestDemoProves(t *testing.T) {
	stories, err := readStories(demoCases)
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	d, err := demonstrate(t.Context(), stories)
	if err != nil {
		t.Fatal(err)
	}
	if !d.proved || !d.found() || d.path == 0 {
		t.Errorf("proved %v over %d hashes, found %v", d.proved, d.path, d.found())
	}
	for _, f := range d.report.Findings {
		if f.Index != *d.chosen.decision.Record.Index {
			t.Errorf("finding at entry %d, which nobody changed: %s", f.Index, f.Text)
		}
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
	if _, err := forge([]byte("\x00\x02{}"), 0); err == nil {
		t.Error("an entry without a deny was changed")
	}
}

// TestDemoTwins holds twins apart: those that differ by their date alone have another
// effect, all others another answer, and the line between them says why.
func TestDemoTwins(t *testing.T) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stories, err := readStories(demoCases)
	if err != nil {
		t.Fatal(err)
	}
	if err := decideStories(t.Context(), analyse(eng), stories); err != nil {
		t.Fatal(err)
	}
	for i := range stories {
		st := &stories[i]
		if st.Happened == "" || st.Source == "" {
			t.Errorf("%s: does not say what happened, or by which source", st.Name)
		}
		for j := 1; j < len(st.Twins); j++ {
			a, b := &st.Twins[j-1], &st.Twins[j]
			if otherFacts(a.facts, b.facts) == "" && a.decision.Effect == b.decision.Effect {
				t.Errorf("%s: only the date differs, and the effect does not", caseName(st, b))
			}
			if a.decision.Effect == b.decision.Effect && slices.Equal(a.decision.Citations, b.decision.Citations) {
				t.Errorf("%s: the answer is its twin's", caseName(st, b))
			}
			lines := changes(eng.Program().Model(), a, b)
			if !slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, "[") }) {
				t.Errorf("%s: no provision says what changed: %q", caseName(st, b), lines)
			}
		}
	}
}

// TestDemoHasNoAnswers keeps effects out of the cases: they come from the engine.
func TestDemoHasNoAnswers(t *testing.T) {
	for _, word := range []string{" effect:", " cite", "allow", "deny", "expect"} {
		for i, line := range strings.Split(string(demoCases), "\n") {
			if !strings.HasPrefix(line, "#") && strings.Contains(line, word) {
				t.Errorf("demo.yaml:%d holds %q: %s", i+1, word, line)
			}
		}
	}
}

func TestReadStoriesRefusesSharedFactTwice(t *testing.T) {
	_, err := readStories([]byte("- name: X\n  facts: {purpose: marketing}\n  twins:\n  - {name: y, facts: {purpose: payment}}\n"))
	if err == nil || !strings.Contains(err.Error(), "fact purpose stands in the twin and in what twins share") {
		t.Errorf("got %v", err)
	}
	stories, err := readStories([]byte("- name: X\n  facts: {purpose: marketing}\n"))
	if err != nil || !reflect.DeepEqual(stories[0].Twins[0].facts, comity.Facts{"purpose": "marketing"}) {
		t.Errorf("a case without twins: %v, %v", stories, err)
	}
}
