// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// realCases reads the scenarios whose regimes all have a pack.
func realCases(t *testing.T, e *engine.Engine) []Case {
	t.Helper()
	const file = "testdata/scenarios.yaml"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Read(file, data)
	if err != nil {
		t.Fatal(err)
	}
	var packs []string
	for _, p := range e.Program().Model().Packs {
		packs = append(packs, p.ID)
	}
	return slices.DeleteFunc(all, func(c Case) bool {
		return slices.ContainsFunc(c.Regimes, func(id string) bool { return !slices.Contains(packs, id) })
	})
}

// TestRealCases holds the packs to real cases with their right answers: floors, not the
// result, which `comity test --loaded` prints.
func TestRealCases(t *testing.T) {
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all, none []Outcome
	for _, c := range realCases(t, e) {
		o := Run(e, c)
		all = append(all, o)
		if c.NoRegime {
			none = append(none, o)
		}
		if len(o.Faults) > 0 {
			t.Logf("%s: %v", c.ID, o.Faults)
		}
	}
	if len(all) < 169 {
		t.Fatalf("%d scenarios, want 169", len(all))
	}
	s, n := Measure(all), Measure(none)
	for _, x := range []struct {
		what       string
		got, floor float64
	}{
		{"effect, macro average", s.Macro, 0.97},
		{"review", s.Effects[string(comity.Review)].Share, 0.80},
		{"plain or conditional", s.Conditions.Share, 0.92},
		{"citations among the first six", s.Citations.Share, 0.95},
		{"plain allow where no regime applies", n.Plain.Share, 0.96},
	} {
		t.Logf("%-38s %.3f", x.what, x.got)
		if x.got < x.floor {
			t.Errorf("%s: %.3f, want at least %.2f", x.what, x.got, x.floor)
		}
	}
}

// TestDisputed: the cases that fail are those that docs/disputed.md says are wrong.
func TestDisputed(t *testing.T) {
	page, err := os.ReadFile("../../docs/disputed.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, failing []string
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z][0-9]+) \|`).FindAllSubmatch(page, -1) {
		listed = append(listed, string(m[1]))
	}
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range realCases(t, e) {
		if len(Run(e, c).Faults) > 0 {
			failing = append(failing, c.ID)
		}
	}
	slices.Sort(listed)
	slices.Sort(failing)
	if !slices.Equal(listed, failing) {
		t.Errorf("docs/disputed.md lists %v, and %v fail", listed, failing)
	}
}

// TestEnforcementStaysShut leaves out one fact at a time: at most one denial in ten may
// become a plain allow, and at most a quarter of the complete allows may be asked about.
func TestEnforcementStaysShut(t *testing.T) {
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := Harden(e, realCases(t, e))
	t.Logf("denials with a hole: %d of %d; complete allows to review: %d, to deny: %d, of %d", r.WithHoles, r.Denials, len(r.ToReview), len(r.ToDeny), r.Complete)
	if 10*r.WithHoles > r.Denials {
		t.Errorf("%d of %d denials open when one fact is left out: %v", r.WithHoles, r.Denials, r.Holes)
	}
	if 4*(len(r.ToReview)+len(r.ToDeny)) > r.Complete {
		t.Errorf("of %d complete allows %v become review and %v deny", r.Complete, r.ToReview, r.ToDeny)
	}
}
