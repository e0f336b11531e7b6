// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"testing"
	"time"

	"github.com/comity-project/comity/engine"
)

// A decision from encoded facts into a reused result does not allocate, nor does
// listing its ids.
func TestDecideDoesNotAllocate(t *testing.T) {
	for _, size := range Sizes() {
		if size.Requirements > 1000 {
			continue
		}
		s := Generate(size.Shape, size.Requirements)
		for _, form := range []comityForm{comityEncoded, comityNamed} {
			e, err := newComity(s, form)
			if err != nil {
				t.Fatal(err)
			}
			sweepWithoutAllocating(t, size.String()+" "+form.String(), e.Sweep)
		}
	}
}

// The same from a map of single strings, which is encoded anew each time.
func TestEncodeDoesNotAllocate(t *testing.T) {
	for _, shape := range []Shape{Plain, Sparse} {
		e, err := newComity(Generate(shape, 1000), comityMap)
		if err != nil {
			t.Fatal(err)
		}
		sweepWithoutAllocating(t, string(shape)+" from a map", e.Sweep)
	}
}

func TestRealPacksDoNotAllocate(t *testing.T) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range RealCases() {
		r, err := NewReal(eng, c)
		if err != nil {
			t.Error(err)
			continue
		}
		sweepWithoutAllocating(t, c.Name, func(n int) error { return r.Ask("encoded", n) })
	}
}

// sweepWithoutAllocating counts the allocations of a sweep over all contexts, after one
// that may grow what is reused.
func sweepWithoutAllocating(t *testing.T, name string, sweep func(int) error) {
	t.Helper()
	if err := sweep(contexts); err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(5, func() {
		if err := sweep(contexts); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%s: %v allocations in %d decisions, want none", name, allocs, contexts)
	}
}

// TestIndexStaysSmall: the index of 10,000 requirements holds under 4 MiB. What compiling
// takes is logged, and timed by BenchmarkCompile.
func TestIndexStaysSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("linking 10,000 requirements takes seconds")
	}
	m, err := Generate(Plain, 10000).model()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	p, err := engine.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("compiled %d requirements in %v, index %d bytes", p.Len(), time.Since(start), p.IndexBytes())
	if p.IndexBytes() > 4<<20 {
		t.Errorf("the index holds %d bytes, more than 4 MiB", p.IndexBytes())
	}
}
