// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity/internal/pack"
)

// knownPair is a line of testdata/conflicts.yaml: pairs of which people know what to say.
type knownPair struct{ A, B, Verdict, Why string }

func knownPairs(t *testing.T) []knownPair {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "conflicts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Pairs []knownPair
	}
	if err := yaml.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Pairs) != 22 {
		t.Fatalf("the table has %d pairs", len(table.Pairs))
	}
	return table.Pairs
}

// Of the pairs that people know each contradiction is found, and each other has its reason.
func TestKnownPairs(t *testing.T) {
	g := embedded(t)
	for _, p := range knownPairs(t) {
		got, err := g.Pair(p.A, p.B)
		if err != nil {
			t.Fatal(err)
		}
		if got.Verdict != Verdict(p.Verdict) {
			t.Errorf("%s and %s: %s, want %s (%s)\n%s %v", p.A, p.B, got.Verdict, p.Verdict, p.Why, got.Reason, got.Facts)
		}
		if got.Reason == "" || len(got.Citations) == 0 {
			t.Errorf("%s and %s: %s without a reason or citation", p.A, p.B, got.Verdict)
		}
	}
}

// Every pair of the list is one that the engine confirms: the first requirement is broken, or
// in conflict with the second, in the context that is shown.
func TestConflictsHold(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at all pairs of rules")
	}
	g := embedded(t)
	all, err := g.Conflicts(nil)
	if err != nil {
		t.Fatal(err)
	}
	var known []knownPair
	for _, p := range knownPairs(t) {
		if p.Verdict == "contradict" || p.Verdict == "depends" {
			known = append(known, p)
		}
	}
	for _, c := range all {
		known = slices.DeleteFunc(known, func(p knownPair) bool { return p.A == c.A && p.B == c.B || p.A == c.B && p.B == c.A })
		if ok, err := g.names(c.Facts, c.A); err != nil || !ok {
			t.Errorf("%s x %s (%s): the engine does not find %s broken in %v %v", c.A, c.B, c.Kind, c.A, c.Facts, err)
		}
		if c.Why == "" || c.Do == "" || len(c.Cites) == 0 {
			t.Errorf("%s x %s is not explained", c.A, c.B)
		}
	}
	if len(known) > 0 {
		t.Errorf("the list of %d lacks %v", len(all), known)
	}
	if out := os.Getenv("DRAW"); out != "" {
		draw(t, all, out)
	}
}

// draw writes twenty pairs drawn at random, to be looked at by hand (docs/conflicts.md).
func draw(t *testing.T, all []Conflict, name string) {
	// By a hash of the names: what is mended in other pairs does not change the draw.
	key := func(c Conflict) uint64 {
		h := fnv.New64a()
		fmt.Fprint(h, "draw 2026 ", c.A, " ", c.B)
		return h.Sum64() * 0x9e3779b97f4a7c15
	}
	slices.SortFunc(all, func(a, b Conflict) int { return cmp.Compare(key(a), key(b)) })
	data, err := yaml.Marshal(all[:20])
	if err == nil {
		err = os.WriteFile(name, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Reading two rules of one order as a conflict, or of a promise and a law, would be wrong
// whatever they say.
func TestNoSides(t *testing.T) {
	g := embedded(t)
	for _, c := range g.work(func(_, _ *pack.Rule) bool { return true }) {
		if g.nested(c.a, c.b) || g.yields(c.a) || g.yields(c.b) {
			t.Fatalf("%s and %s are candidates", c.a.ID, c.b.ID)
		}
	}
}
