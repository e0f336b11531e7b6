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
	"github.com/comity-project/comity/internal/scenario"
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

// packCases are the cases of some packs.
func packCases(t *testing.T, ids ...string) []Case {
	t.Helper()
	cases, err := scenario.Embedded(ids)
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	var out []Case
	for _, c := range cases {
		if c.Parts == nil && c.KnownAt.IsZero() {
			out = append(out, Case{Name: c.Name, File: c.File, Line: c.Line, Facts: c.Facts, Mode: c.Missing})
		}
	}
	return out
}

// The evidence is what an engine without the requirement says: no more cases, and no fewer.
func TestEvidence(t *testing.T) {
	g := embedded(t)
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	with := func(f comity.Facts, m comity.Mode) (comity.Decision, error) {
		return eng.Decide(comity.Request{Facts: f, Missing: m})
	}
	i := slices.IndexFunc(g.m.Rules, func(r *pack.Rule) bool { return r.ID == "US-IL-BIPA-15B" })
	q := g.m.Rules[i].Req
	prog, err := engine.Compile(Without(g.m, q.Pack, q))
	if err != nil {
		t.Fatal(err)
	}
	in, res := prog.NewInput(), &engine.Result{}
	without := func(f comity.Facts, m comity.Mode) (comity.Decision, error) {
		if err := prog.Encode(in, f, time.Time{}); err != nil {
			return comity.Decision{}, err
		}
		if err := prog.Evaluate(in, m, res); err != nil {
			return comity.Decision{}, err
		}
		return prog.Decision(in, res, false), nil
	}
	cases := packCases(t, "us_il_bipa", "eu_gdpr")
	e := EvidenceOf(cases, with, without)
	flips, byConditions := 0, 0
	for _, c := range cases {
		a, _ := with(c.Facts, c.Mode)
		b, _ := without(c.Facts, c.Mode)
		found := slices.IndexFunc(e.Cases, func(x Changed) bool { return x.File == c.File && x.Line == c.Line })
		bound := slices.ContainsFunc(a.Conditions, func(x comity.Condition) bool { return x.Requirement == q.ID })
		switch {
		case a.Effect != b.Effect:
			flips++
			if found < 0 || e.Cases[found].With != a.Effect || e.Cases[found].Without != b.Effect {
				t.Errorf("%s: %s and %s, and the evidence says otherwise", c.Name, a.Effect, b.Effect)
			}
		case bound:
			byConditions++
			if found < 0 || len(e.Cases[found].Drops) == 0 {
				t.Errorf("%s: the conditions of %s are not missed", c.Name, q.ID)
			}
		case !slices.Contains(a.Applicable, q.ID) && found >= 0:
			t.Errorf("%s: %s does not apply, and the answer changes", c.Name, q.ID)
		}
	}
	sum := 0
	for _, n := range e.Operations {
		sum += n
	}
	if flips < 5 || byConditions < 2 || e.Of != len(cases) || e.Count != len(e.Cases) || sum != e.Count {
		t.Errorf("%d flips, %d by conditions; %d of %d cases, %d by operation", flips, byConditions, e.Count, e.Of, sum)
	}
}

// Of an age both the number and the day from which it counts are forgotten; without the
// operation nothing can be judged.
func TestForget(t *testing.T) {
	g := embedded(t)
	var told comity.Facts
	note := func(f comity.Facts, _ comity.Mode) (comity.Decision, error) {
		told = f
		return comity.Decision{}, nil
	}
	f := g.m.Vocab.MustFact("request_age_days")
	facts := comity.Facts{"operation": "store", "request_age_days": 3, g.m.Vocab.Facts[f.Origin].Name: "2026-01-01"}
	if _, err := g.Forget(f, note)(facts, ""); err != nil || len(told) != 1 || len(facts) != 3 {
		t.Errorf("told %v of %v: %v", told, facts, err)
	}
	if g.Forget(g.m.Vocab.MustFact("operation"), note) != nil {
		t.Error("the operation was forgotten")
	}
}
