// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package flip_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/flip"
)

// TestTally: flips are counted by both answers and by cause; joined tallies, in any order,
// give the same, and keep the first example of each kind.
func TestTally(t *testing.T) {
	flips := []*flip.Flip{
		nil,
		{From: flip.Allow, To: flip.Deny, Cause: []string{"B"}},
		{From: flip.Allow, To: flip.Deny, Cause: []string{"A", "B"}},
		{From: flip.Deny, To: flip.Allow, Cause: []string{"A"}},
		{From: flip.Allow, To: flip.Deny, Cause: []string{"B"}},
		{From: flip.Allow, To: flip.Review},
		{From: flip.Conditional, To: flip.Deny, Cause: []string{"A"}},
	}
	want := []flip.Row{
		{From: flip.Allow, To: flip.Deny, Count: 3, Requirements: []flip.Cause{{"B", 3}, {"A", 1}}},
		{From: flip.Conditional, To: flip.Deny, Count: 1, Requirements: []flip.Cause{{"A", 1}}},
		{From: flip.Allow, To: flip.Review, Count: 1, Requirements: []flip.Cause{{"", 1}}},
		{From: flip.Deny, To: flip.Allow, Count: 1, Requirements: []flip.Cause{{"A", 1}}},
	}
	for shift := range flips {
		var a, b flip.Tally
		for i := range flips {
			k := (i + shift) % len(flips)
			part := &a
			if i%2 == 1 {
				part = &b
			}
			part.Count([2]int64{int64(k), -1}, comity.Request{}, flips[k])
		}
		a.Add(&b)
		if diff := cmp.Diff(want, a.Rows()); diff != "" || a.Operations != len(flips) {
			t.Fatalf("%d operations; (-want +got):\n%s", a.Operations, diff)
		}
		var at []int64
		for _, s := range a.Examples(4) {
			at = append(at, s.At[0])
		}
		if diff := cmp.Diff([]int64{1, 6, 5, 3}, at); diff != "" {
			t.Fatalf("examples (-want +got):\n%s", diff)
		}
	}
}
