// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

const illinois = "operation == collect and data_categories == biometric and subject_location in US-IL and controller_establishment in US-IL and controller_type == company and consent == none and data_state == plaintext and purpose == advertising and not shown transfer_mechanism == foreign_order and not shown glba_institution == true"

func parse(t testing.TB, g *Graph, src string) *pack.Cond {
	t.Helper()
	c, err := pack.ParseCond(g.m.Vocab, nil, src)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAsk(t *testing.T) {
	g := embedded(t)
	for _, c := range []struct{ src, forbids string }{
		{illinois, "US-IL-BIPA-15B"},
		{strings.ReplaceAll(illinois, "consent == none", "consent in [written_release]"), ""},
		{"operation == process and data_categories == biometric and subject_location in EEA and processed_in in US and not shown consent == explicit", ""},
		{"operation == deploy_ai and ai_practice == social_scoring and targets in EU and controller_type == company and purpose == credit_decision and not shown ai_risk_class == research_only and not shown subject_role == none", "EU-AIA-5-1-C"},
	} {
		a, err := g.Ask(parse(t, g, c.src), AskOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range a.Forbids {
			ids = append(ids, r.Requirement)
			if r.Title == "" || len(r.Citations) == 0 {
				t.Errorf("%s has no title or citation", r.Requirement)
			}
		}
		if a.Possible != (c.forbids == "") || c.forbids != "" && !slices.Contains(ids, c.forbids) {
			t.Errorf("%s: possible %v, forbidden by %v, want %q", c.src, a.Possible, ids, c.forbids)
		}
	}
}

// What Ask says no to, no random operation does; what it says yes to, the engine allows.
func TestAskAgreesWithRandomOperations(t *testing.T) {
	g := embedded(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	f := newFormula()
	q := g.question(f)
	n, denied := 25, 0
	for range n {
		// An ordinary operation that the person refuses, with some facts drawn at random.
		home := []string{"DE", "BR", "CN", "KR", "US-IL", "GB"}[rnd.IntN(6)]
		op := []string{"collect", "process", "disclose", "sell_or_share", "train"}[rnd.IntN(5)]
		conds := []string{
			"operation == " + op, "subject_location == " + home, "controller_establishment == " + home, "consent == refused", "data_state == plaintext",
			"purpose == advertising", "data_categories == biometric", "controller_type == company", "subject_role == consumer",
		}
		_, all := randomFacts(g, q, rnd)
		for name, v := range all {
			if f := g.m.Vocab.MustFact(name); f.Kind == pack.KindBool && !strings.Contains(strings.Join(conds, " "), name) && rnd.IntN(2) == 0 {
				conds = append(conds, fmt.Sprint(name, " == ", v))
			}
		}
		slices.Sort(conds)
		src := strings.Join(conds, " and ")
		a, err := g.Ask(parse(t, g, src), AskOptions{})
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		if a.Possible {
			if d, err := g.decide(a.Ways[0].Facts); err != nil || d.Effect != comity.Allow {
				t.Errorf("%s: the engine says %v of the witness %v", src, d.Effect, a.Ways[0].Facts)
			}
			continue
		}
		denied++
		for range 200 {
			_, facts := randomFacts(g, q, rnd)
			for _, c := range conds {
				name, value, _ := strings.Cut(c, " == ")
				facts[name] = value
				if value == "true" || value == "false" {
					facts[name] = value == "true"
				}
			}
			if d, err := g.decide(facts); err == nil && d.Effect == comity.Allow {
				t.Errorf("%s: forbidden by %v, but allowed is %v", src, a.Forbids, facts)
			}
		}
	}
	if denied < n/5 {
		t.Errorf("%d of %d random conditions cannot be met: that proves little", denied, n)
	}
}

// Further ways differ in what the condition does not read.
func TestAskWays(t *testing.T) {
	g := embedded(t)
	c := parse(t, g, "operation == transfer and from_region in EEA and to_region == RU and data_categories == health and subject_location in EEA and controller_establishment in EEA")
	a, err := g.Ask(c, AskOptions{Ways: 4})
	if err != nil || len(a.Ways) != 4 {
		t.Fatalf("%d ways, %v", len(a.Ways), err)
	}
	seen := map[string]bool{}
	for _, w := range a.Ways {
		rest := comity.Facts{}
		for name, v := range w.Facts {
			if !slices.Contains(c.Facts(), g.m.Vocab.MustFact(name).ID) {
				rest[name] = v
			}
		}
		if key := g.text(rest); seen[key] {
			t.Errorf("two ways have %s", key)
		} else {
			seen[key] = true
		}
	}
}

func TestAskRefuses(t *testing.T) {
	g := embedded(t)
	for src, want := range map[string]string{
		"operation == process and date >= 2027-01-01":                                  "--at",
		"operation == process and operation == delete":                                 "contradicts itself",
		"retention_rules == 'GDPR'":                                                    "no finite set",
		"(" + strings.Repeat("operation == process or ", 250) + "operation == delete)": "at most 200",
	} {
		c, err := pack.ParseCond(g.m.Vocab, nil, src)
		if err != nil {
			t.Logf("%s: %v", src, err)
			continue
		}
		if _, err := g.Ask(c, AskOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", src, err, want)
		}
	}
}

func BenchmarkAsk(b *testing.B) {
	g := embedded(b)
	c := parse(b, g, "operation == process and data_categories == biometric and subject_location in EEA and processed_in in US and not shown consent == explicit")
	start := time.Now()
	for b.Loop() {
		if _, err := g.Ask(c, AskOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(time.Since(start).Seconds()/float64(b.N), "s/question")
}

func BenchmarkConflicts(b *testing.B) {
	g := embedded(b)
	for b.Loop() {
		if _, err := g.Conflicts(nil); err != nil {
			b.Fatal(err)
		}
	}
}
