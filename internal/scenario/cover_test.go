// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"slices"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// TestCoverEdges: an edge is used by an exception of its own set, or by a denial for lack of
// it that cites what ended it.
func TestCoverEdges(t *testing.T) {
	branch := func(set string) []pack.Branch { return []pack.Branch{{ID: "ok", EdgeSet: set}} }
	p := &pack.Pack{
		ID:           "p",
		Requirements: []*pack.Requirement{{ID: "A", Kind: pack.Forbid, Unless: branch("one")}, {ID: "B", Kind: pack.Forbid, Unless: branch("two")}},
		Edges: []*pack.Edge{
			{ID: "jp", Set: "one"},
			{ID: "jp", Set: "two"},
			{ID: "us", Set: "one", Cites: []string{"Decision"}, EndedBy: []string{"Court"}},
			{ID: "us", Set: "two", Cites: []string{"Decision"}, EndedBy: []string{"Another court"}},
		},
	}
	c := Cover(&pack.Model{Packs: []*pack.Pack{p}}, nil, []Outcome{
		{Decision: comity.Decision{Effect: comity.Allow, Applicable: []string{"A"}, Grounds: []comity.Ground{{Requirement: "A", Branch: "ok:jp"}}}},
		{Decision: comity.Decision{Effect: comity.Deny, Applicable: []string{"A"}, Violations: []comity.Violation{{Requirement: "A", Citations: []string{"Decision", "Court"}}}}},
	})
	want := []string{
		"B: no case that it stops", "B: no case that it lets pass", "B/ok: no case uses this exception",
		"edge two/jp: no case uses this edge", "edge two/us: no case uses this edge",
	}
	if !slices.Equal(c.Uncovered, want) {
		t.Errorf("uncovered %q, want %q", c.Uncovered, want)
	}
}
