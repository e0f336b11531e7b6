// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/naive/gen"
	"github.com/comity-project/comity/internal/pack"
)

// graveness orders answers from the plain allow on.
func graveness(in *Input, r *Result) int {
	switch r.effect {
	case comity.Deny:
		return 3
	case comity.Review:
		return 2
	}
	conditional := len(r.applied) > 0
	for _, h := range r.held {
		conditional = conditional || h.open || !in.prog.rules[h.rule].src.Branches[h.branch].Settled()
	}
	if conditional {
		return 1
	}
	return 0
}

// asCompany makes one pack of a model the pack of a company, without what lint refuses, and
// links the packs with it and without it; nil if the others need it.
func asCompany(r *rand.Rand, m *pack.Model) (with, without *pack.Model) {
	own := m.Packs[r.IntN(len(m.Packs))]
	own.Weight, own.WeightName = 10, "company"
	for _, in := range own.Instruments {
		in.Mandatory = false
	}
	var others []*pack.Pack
	sets := map[string]bool{}
	for _, p := range m.Packs {
		if p == own {
			continue
		}
		others = append(others, p)
		for _, q := range p.Requirements {
			for _, b := range q.Unless {
				sets[b.EdgeSet] = true
			}
		}
	}
	own.Edges = slices.DeleteFunc(own.Edges, func(e *pack.Edge) bool { return sets[e.Set] })
	link := func(list []*pack.Pack) *pack.Model {
		var probs pack.Problems
		linked := pack.Link(m.Vocab, list, pack.DayMax, &probs)
		if probs.Err() != nil {
			return nil
		}
		pack.Check(linked, &probs) // random packs have faults that matter to readers only
		if strings.Contains(probs.Error(), "can only tighten") {
			return nil
		}
		return linked
	}
	return link(append(slices.Clone(others), own)), link(others)
}

// TestCompanyOnlyTightens: with one more pack of a company no answer is less grave.
func TestCompanyOnlyTightens(t *testing.T) {
	models, graver, asked := 0, 0, 0
	for seed := range scale(1500) {
		r := rand.New(rand.NewPCG(uint64(seed), 55))
		m, err := gen.Model(r)
		if err != nil {
			t.Fatal(err)
		}
		with, without := asCompany(r, m)
		if with == nil || without == nil {
			continue
		}
		models++
		p, q := must(Compile(with)), must(Compile(without))
		in, other := p.NewInput(), q.NewInput()
		for range 20 {
			facts := gen.Facts(r, with)
			for _, mode := range modes {
				if p.Encode(in, facts, time.Time{}) != nil || q.Encode(other, facts, time.Time{}) != nil {
					continue
				}
				var a, b Result
				p.evaluate(in, mode == comity.MissingReview, &a)
				q.evaluate(other, mode == comity.MissingReview, &b)
				asked++
				switch with, without := graveness(in, &a), graveness(other, &b); {
				case with < without:
					t.Fatalf("seed %d, mode %s: %d with the pack of a company, %d without it\nfacts %v\n%v", seed, mode, with, without, facts, outcome(in, &a))
				case with > without:
					graver++
				}
			}
		}
	}
	t.Logf("%d models, %d questions, %d graver", models, asked, graver)
	if models < scale(300) || graver < asked/100 {
		t.Errorf("%d models, and %d of %d answers graver: too few to tell", models, graver, asked)
	}
}

// acme is a pack of a company.
const acme = `format: comity/v1
id: %s
name: Acme
version: 1.0.0
order: %s
weight: %s
zone: Europe/Berlin
reviewed: 2026-11-21
next_review: 2027-02-19
instruments: [{cite: Acme}]
reach: {when: "true", cite: [Acme 1]}
%s`

// TestCompanyIsRefused: what would lift embedded law is refused when packs are loaded.
func TestCompanyIsRefused(t *testing.T) {
	folder := func(id, order, weight, more string) Folder {
		return Folder{Name: "mine", FS: fstest.MapFS{id + "/pack.yaml": {Data: fmt.Appendf(nil, acme, id, order, weight, more)}}}
	}
	const edge = "edges: [{id: xx, set: eu_adequacy, origin: EEA_LAW, destination: IN, from: 2020-01-01, cite: [Acme 1]}]\n"
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"an edge", Options{Folders: []Folder{folder("acme", "INT", "company", edge)}}, "mine/acme/pack.yaml:12:9: edge xx of set eu_adequacy would lift "},
		{"the id of an embedded law", Options{Folders: []Folder{folder("eu_gdpr", "EU", "company", "")}}, "mine/eu_gdpr/pack.yaml:1:1: pack eu_gdpr, of weight company and order EU, would replace "},
		{"the id of an embedded law that is left out", Options{NoEmbedded: true, Folders: []Folder{folder("eu_gdpr", "INT", "treaty", "")}}, "mine/eu_gdpr/pack.yaml:1:1: pack eu_gdpr, of weight treaty and order INT, would replace "},
		{"a law of its own", Options{NoEmbedded: true, Folders: []Folder{folder("eu_gdpr", "EU", "treaty", "")}}, ""},
		{"the id of the example", Options{Folders: []Folder{folder("company_example", "INT", "company", "")}}, ""},
		{"regions of its own", Options{NoEmbedded: true, Folders: []Folder{{Name: "mine", FS: fstest.MapFS{
			"regions.yaml": {Data: []byte("broken: [")}, "acme/pack.yaml": {Data: fmt.Appendf(nil, acme, "acme", "EU", "company", "")},
		}}}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.o)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
