// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package lawbench

import (
	"os"
	"testing"

	"github.com/comity-project/comity"
)

// scenarios is a file of scenarios to sample, if the environment names one.
func scenarios() string { return os.Getenv("COMITY_SCENARIOS") }

// BenchmarkLoad loads and compiles all embedded packs.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecide decides each question on all packs.
func BenchmarkDecide(b *testing.B) {
	eng, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	questions, err := Questions(scenarios(), 20)
	if err != nil {
		b.Fatal(err)
	}
	for _, q := range questions {
		a, err := Ask(eng, q, comity.MissingReview)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(q.Name, func(b *testing.B) {
			b.ReportAllocs()
			if err := a.Decide(b.N); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// TestDecisionsDoNotAllocate: a decision on all packs allocates nothing, in either mode.
// How long it takes is logged; the report holds it against its bound.
func TestDecisionsDoNotAllocate(t *testing.T) {
	eng, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	questions, err := Questions(scenarios(), 5)
	if err != nil {
		t.Fatal(err)
	}
	timings, err := Decisions(eng, questions, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range timings {
		if x.Allocs != 0 {
			t.Errorf("%s, %s: %v allocations", x.Name, x.Mode, x.Allocs)
		}
	}
	t.Logf("%d requirements; the slowest of %d decisions takes %v (%s, %s)", eng.Program().Len(), len(timings), timings[0].Least, timings[0].Name, timings[0].Mode)
}

// TestAgain: operations decided for another date flip, and none is lost between processors.
func TestAgain(t *testing.T) {
	eng, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	questions, err := Questions("", 1)
	if err != nil {
		t.Fatal(err)
	}
	once, flips, err := Again(eng, questions, len(questions), "2015-05-01")
	if err != nil || flips == 0 {
		t.Fatalf("%d flips in %v: %v", flips, once, err)
	}
	took, many, err := Again(eng, questions, 1000*len(questions), "2015-05-01")
	if err != nil || many != 1000*flips {
		t.Errorf("%d flips, want %d: %v", many, 1000*flips, err)
	}
	t.Logf("%d operations in two ways: %v", 1000*len(questions), took)
}

// TestAskAll: the questions of the report have the answers that they are there for.
func TestAskAll(t *testing.T) {
	eng, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	asked, err := AskAll(eng, Conditions(), 1)
	if err != nil {
		t.Fatal(err)
	}
	yes := 0
	for _, a := range asked {
		if a.Possible {
			yes++
		}
		t.Logf("%v %v: %s", a.Least, a.Possible, a.Condition)
	}
	if yes != 3 || len(asked) != 4 {
		t.Errorf("%d of %d can be lawful, want 3 of 4", yes, len(asked))
	}
}

// TestConflicts looks at all pairs.
func TestConflicts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eng, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	took, n, err := Conflicts(eng)
	if err != nil || n < 1000 {
		t.Errorf("%d pairs in %v: %v", n, took, err)
	}
}
