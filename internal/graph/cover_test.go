// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

var plannedTransfer = comity.Facts{
	"operation": "transfer", "subject_location": "DE", "controller_establishment": "DE", "from_region": "DE", "to_region": "IN",
	"data_categories": []any{"contact", "transaction"}, "purpose": "contract_performance",
}

var plannedCollection = comity.Facts{
	"operation": "collect", "subject_location": "US-IL", "controller_establishment": "US-IL", "data_categories": "biometric", "purpose": "access_control", "controller_type": "company",
}

// The measures make all lawful, none can be left out, and no cheaper single change would do.
func TestCover(t *testing.T) {
	g := embedded(t)
	c, err := g.Cover([]comity.Facts{plannedTransfer, plannedCollection}, MaxCandidates)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Possible || !c.Proven || len(c.Measures) == 0 {
		t.Fatalf("possible %v, proven %v, measures %v, forbidden by %v", c.Possible, c.Proven, c.Measures, c.Forbids)
	}
	sum := 0
	for _, m := range c.Measures {
		sum += m.Cost
		if len(m.For) == 0 || len(m.Reasons) == 0 {
			t.Errorf("%s is %v for no operation or reason", m.Fact, m.Value)
		}
	}
	if sum != c.Cost {
		t.Errorf("the costs sum to %d, not %d", sum, c.Cost)
	}
	for _, f := range g.m.Vocab.Facts[1:] {
		if f == nil || !g.movable(f) || f.Cost >= c.Cost {
			continue
		}
		for _, x := range g.values[f.ID] {
			measure := comity.Facts{f.Name: x.given}
			one, err1 := g.decide(with(plannedTransfer, measure))
			two, err2 := g.decide(with(plannedCollection, measure))
			if err1 == nil && err2 == nil && one.Effect == comity.Allow && two.Effect == comity.Allow {
				t.Errorf("%v alone does at cost %d, and %d was found", measure, f.Cost, c.Cost)
			}
		}
	}
	for _, facts := range c.Operations {
		if d, err := g.decide(facts); err != nil || d.Effect != comity.Allow {
			t.Errorf("%v is %s %v", facts, d.Effect, err)
		}
	}
}

// After a small limit the measures still make all lawful, their cost is no less than the
// optimum, which lies above the bound that is given, and nothing is called proven that is not.
func TestCoverLimit(t *testing.T) {
	g := embedded(t)
	plan := []comity.Facts{plannedTransfer, plannedCollection}
	best, err := g.Cover(plan, MaxCandidates)
	if err != nil {
		t.Fatal(err)
	}
	unproven := 0
	for _, limit := range []int{0, 1, 2, 4} {
		c, err := g.Cover(plan, limit)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Possible || c.Cost < best.Cost || c.AtLeast > best.Cost || c.Proven && c.Cost != best.Cost || !c.Proven && c.Bound == "" {
			t.Errorf("limit %d: cost %d, at least %d, proven %v (%s); the optimum is %d", limit, c.Cost, c.AtLeast, c.Proven, c.Bound, best.Cost)
		}
		if !c.Proven {
			unproven++
		}
		for _, facts := range c.Operations {
			if d, err := g.decide(facts); err != nil || d.Effect != comity.Allow {
				t.Errorf("limit %d: %v is %s %v", limit, facts, d.Effect, err)
			}
		}
		t.Logf("limit %d: cost %d, at least %d", limit, c.Cost, c.AtLeast)
	}
	if unproven == 0 {
		t.Error("no limit was reached")
	}
	c, err := g.Cover([]comity.Facts{socialScoring}, 0)
	if err != nil || c.Possible || !c.Proven {
		t.Errorf("what is impossible is so without a limit, too: %+v %v", c, err)
	}
}

var socialScoring = comity.Facts{
	"operation": "deploy_ai", "ai_practice": "social_scoring", "targets": "DE", "subject_location": "DE", "purpose": "credit_decision",
	"controller_establishment": "DE", "controller_type": "company", "data_categories": "behavioural",
}

func TestCoverImpossible(t *testing.T) {
	g := embedded(t)
	c, err := g.Cover([]comity.Facts{socialScoring}, MaxCandidates)
	if err != nil {
		t.Fatal(err)
	}
	if c.Possible || len(c.Forbids) != 1 || c.Forbids[0].Requirement != "EU-AIA-5-1-C" {
		t.Errorf("possible %v, forbidden by %v", c.Possible, c.Forbids)
	}
}

func TestCoverRefuses(t *testing.T) {
	g := embedded(t)
	for want, facts := range map[string]comity.Facts{
		"unknown fact":      {"operaton": "collect"},
		"one day":           {"operation": "collect", "date": "2026-01-01"},
		"does not say":      {"operation": "transfer", "subject_location": "DE"},
		"no fact or value ": {"operation": "sing"},
	} {
		_, err := g.Cover([]comity.Facts{facts}, MaxCandidates)
		if err == nil || want[0] != 'n' && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", facts, err, want)
		}
	}
}
