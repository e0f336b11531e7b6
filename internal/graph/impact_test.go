// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

// impact of a requirement or a pack, with an engine of the rest.
func impact(t *testing.T, g *Graph, name string) (*Impact, Oracle) {
	t.Helper()
	var p *pack.Pack
	var q *pack.Requirement
	for _, x := range g.m.Packs {
		if x.ID == name {
			p = x
		}
		for _, y := range x.Requirements {
			if y.ID == name {
				q = y
			}
		}
	}
	prog, err := engine.Compile(Without(g.m, p, q))
	if err != nil {
		t.Fatal(err)
	}
	in, res := prog.NewInput(), &engine.Result{}
	without := func(facts comity.Facts) (comity.Decision, error) {
		if err := prog.Encode(in, facts, time.Time{}); err != nil {
			return comity.Decision{}, err
		}
		if err := prog.Evaluate(in, comity.MissingReview, res); err != nil {
			return comity.Decision{}, err
		}
		return prog.Decision(in, res, false), nil
	}
	i, err := g.ImpactOf(p, q, without)
	if err != nil {
		t.Fatal(err)
	}
	return i, without
}

// Each example flips between the engine with and the one without what is looked at.
func TestImpact(t *testing.T) {
	g := embedded(t)
	for _, c := range []struct {
		name, operation string
		with, without   comity.Effect
	}{
		{"US-IL-BIPA-15B", "collect", comity.Deny, comity.Allow},
		{"EU-GDPR-46", "transfer", comity.Allow, comity.Deny},
		{"eu_us_dpf", "transfer", comity.Allow, comity.Deny},
	} {
		i, without := impact(t, g, c.name)
		found := false
		for _, x := range i.Changes {
			with, err := g.decide(x.Facts)
			if err != nil {
				t.Fatal(err)
			}
			less, err := without(x.Facts)
			if err != nil || with.Effect != x.With || less.Effect != x.Without || x.With == x.Without {
				t.Errorf("%s, %s: said %s and %s, the engines say %s and %s %v", c.name, x.Operation, x.With, x.Without, with.Effect, less.Effect, err)
			}
			found = found || x.Operation == c.operation && x.With == c.with && x.Without == c.without
		}
		if !found {
			t.Errorf("%s: no example of %s from %s to %s in %v", c.name, c.operation, c.with, c.without, i.Changes)
		}
	}
	if i, _ := impact(t, g, "EU-GDPR-46"); !slices.Contains(i.UsedBy, "EU-GDPR-44") {
		t.Errorf("EU-GDPR-46 is used by %v", i.UsedBy)
	}
}

func TestImpactOfFact(t *testing.T) {
	g := embedded(t)
	i, err := g.ImpactOfFact(g.m.Vocab.MustFact("transfer_mechanism"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(i.Requirements, "EU-GDPR-44") {
		t.Errorf("transfer_mechanism is read by %v", i.Requirements)
	}
	if !slices.ContainsFunc(i.Changes, func(c Change) bool { return c.Operation == "transfer" && c.With == comity.Allow }) {
		t.Errorf("no transfer rests on its mechanism: %v", i.Changes)
	}
}
