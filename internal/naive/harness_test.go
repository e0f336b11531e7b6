// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package naive_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/comity-project/comity/internal/naive"
	"github.com/comity-project/comity/internal/naive/gen"
	"github.com/comity-project/comity/internal/pack"
)

const testRegions = `
format: comity/v1
places: {INT: x, DE: x, AT: x, FR: x, GB: x, US: x, US-CA: {name: x, within: US}, CN: x, JP: x}
groups:
  EU: {name: x, members: {DE: {}, AT: {}, FR: {}, GB: {until: 2020-02-01}}}
  ASIA: {name: x, members: {CN: {}, JP: {}}}
`

const testVocabulary = `
format: comity/v1
operations:
  use: {mode: act}
  judge: {mode: act, needs: [sector, n]}
  delete: {mode: act}
  retain: {mode: state}
  store: {mode: state}
places: {storage: stored_in, processing: processed_in}
facts:
  date: {type: instant, role: act}
  operation: {type: enum, role: act}
  subject_location: {type: "[region]", role: person}
  stored_in: {type: "[region]", role: act}
  processed_in: {type: "[region]", role: act}
  from_region: {type: region, role: act}
  to_region: {type: region, role: act}
  controller_establishment: {type: "[region]", role: actor}
  targets: {type: "[region]", role: actor}
  sector: {type: enum, role: actor, values: [health, bank, school], implies: {school: [bank]}}
  purpose: {type: "[enum]", role: act, values: [ads, care, study]}
  collected_for: {type: "[enum]", role: act, values_of: purpose}
  main_purpose: {type: enum, role: act, values: [study, care, ads]}
  consent: {type: "[enum]", role: ground, whole: true, values: [none, opt_in, explicit, withdrawn], implies: {explicit: [opt_in]}, alone: [none]}
  basis: {type: enum, role: ground, values: [contract, task]}
  proof: {type: bool, role: ground}
  safe: {type: bool, role: safeguard}
  flag: {type: bool, role: act}
  other: {type: bool, role: act}
  third: {type: bool, role: act}
  n: {type: int, role: act}
  k: {type: int, role: act}
  name: {type: string, role: act}
  names: {type: "[string]", role: act}
  born: {type: date, role: person}
  seen: {type: date, role: act}
  known: {type: instant, role: act}
  asked: {type: instant, role: act}
  collected_at: {type: instant, role: act}
  retained_months: {type: int, role: age, ages: month, origin: collected_at}
  transfer_mechanism: {type: enum, role: ground, values: [none, foreign_order]}
  retention_rules: {type: "[string]", role: ground, whole: true}
  retention_elapsed: {type: bool, role: ground}
`

// header is the head of a pack: id, order, weight and zone.
const header = `
format: comity/v1
id: %s
name: x
version: 1.0.0
order: %s
weight: %s
zone: %s
reviewed: 2024-01-01
next_review: 2025-01-01
`

const lawOfP = `
instruments:
- {cite: Book, order: EU, mandatory: true}
- {cite: Code, order: CN, weight: federal, mandatory: true}
- {cite: Norm, order: INT, mandatory: true}
- {cite: Next, order: CN, mandatory: true, from: 2024-06-16}
- {cite: Idle}
`

// lawP is the head of pack p of the Union, without its reach.
var lawP = fmt.Sprintf(header, "p", "EU", "treaty", "Europe/Brussels") + lawOfP

// pAnyone is the head of pack p with a reach that is always met, before its requirements.
var pAnyone = lawP + "reach: {when: \"true\", cite: Book}\nrequirements:\n"

// lawOf is the head of a pack of some order and weight with a reach that is always met.
func lawOf(id, order, weight string) string {
	return fmt.Sprintf(header, id, order, weight, "UTC") + "instruments: []\nreach: {when: \"true\", cite: Book}\nrequirements:\n"
}

// model links packs, in which ~ stands for the keys that do not matter here.
func model(t *testing.T, packs ...string) *pack.Model {
	t.Helper()
	var probs pack.Problems
	v := pack.NewVocabulary(pack.ReadRegions("regions.yaml", []byte(testRegions), &probs))
	v.Read("vocabulary.yaml", []byte(testVocabulary), &probs)
	var read []*pack.Pack
	for _, text := range packs {
		id := strings.Fields(text[strings.Index(text, "\nid: ")+len("\nid: "):])[0]
		text = strings.ReplaceAll(text, "~", "cite: [Book 1], text: {en: x}")
		fsys := fstest.MapFS{id + "/pack.yaml": {Data: []byte(text)}}
		if p := pack.ReadPack(fsys, id, "", v, &probs); p != nil {
			read = append(read, p)
		}
	}
	m := pack.Link(v, read, pack.DayMax-1, &probs)
	if err := probs.Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

// values reads facts written as "operation=use consent=opt_in,withdrawn"; the date is
// 2024-06-15 unless given. An underscore in a text stands for a space.
func values(t *testing.T, m *pack.Model, facts string) pack.Values {
	t.Helper()
	given := map[string]any{"date": "2024-06-15"}
	for _, word := range strings.Fields(facts) {
		name, text, _ := strings.Cut(word, "=")
		f, ok := m.Vocab.Lookup(name)
		if !ok {
			t.Fatalf("no fact %s", name)
		}
		if f.Kind == pack.KindString {
			text = strings.ReplaceAll(text, "_", " ")
		}
		items := []any{}
		for _, s := range strings.Split(text, ",") {
			if s != "" {
				items = append(items, s)
			}
		}
		given[name] = items
		if len(items) == 1 {
			given[name] = items[0]
		}
	}
	vals, err := gen.Values(m, given)
	if err != nil {
		t.Fatal(err)
	}
	return vals
}

// row is one question and the whole outcome, as print writes it.
type row struct {
	name, facts string
	ignore      bool
	want        string
	packs       []string
}

func check(t *testing.T, rows []row) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			m := model(t, r.packs...)
			facts := r.facts
			if !strings.Contains(facts, "targets=") {
				facts += " targets=FR"
			}
			if !strings.Contains(facts, "operation=") {
				facts += " operation=use"
			}
			got := show(m, naive.Evaluate(m, values(t, m, facts), !r.ignore))
			if got != r.want {
				t.Errorf("%s\n got %s\nwant %s", r.facts, got, r.want)
			}
		})
	}
}

// show writes an outcome in one line.
func show(m *pack.Model, o naive.Outcome) string {
	id := func(i int) string {
		switch {
		case i == naive.ForeignOrder:
			return "order"
		case i < 0:
			return fmt.Sprintf("declared%d", -i-1)
		}
		if r := m.Rules[i]; r.Kind == pack.Oblige && r.Req.Kind == pack.Retain {
			return r.ID + "+keep"
		}
		return m.Rules[i].ID
	}
	out := []string{o.Effect}
	list := func(word string, items []string) {
		slices.Sort(items)
		if len(items) > 0 {
			out = append(out, word+" "+strings.Join(items, " "))
		}
	}
	ids := func(word string, rules []int, name func(int) string) {
		var items []string
		for _, i := range rules {
			items = append(items, name(i))
		}
		list(word, items)
	}
	number := func(i int) string { return fmt.Sprint(i) }
	ids("bound", o.Bound, id)
	ids("violated", o.Violated, id)
	ids("duty", o.Duties, id)
	ids("met", o.Met, id)
	ids("applied", o.Applied, id)
	ids("question", o.Questions, id)
	ids("demand", o.Demands, id)
	ids("declared", o.DeclaredViolated, number)
	ids("expired", o.DeclaredExpired, number)
	ids("unknown", o.DeclaredUnknown, number)
	var held, missing, conflicts, outside []string
	for _, h := range o.Held {
		open := ""
		if h.Open {
			open = "?"
		}
		held = append(held, id(h.Rule)+"/"+m.Rules[h.Rule].Branches[h.Branch].ID+open)
	}
	for _, a := range o.Missing {
		name := m.Vocab.Facts[a.Fact].Name
		if a.Rule >= 0 {
			name = id(a.Rule) + "." + name
		}
		missing = append(missing, name)
	}
	for _, p := range o.Conflicts {
		conflicts = append(conflicts, id(p.V)+"~"+id(p.D))
	}
	for _, n := range o.Outside {
		outside = append(outside, m.Packs[n.Pack].ID+"/"+m.Packs[n.Pack].Outside[n.Node].ID)
	}
	list("held", held)
	list("missing", missing)
	list("conflict", conflicts)
	list("outside", outside)
	return strings.Join(out, "; ")
}

func outcome(t *testing.T, m *pack.Model, facts string, review bool) string {
	t.Helper()
	return show(m, naive.Evaluate(m, values(t, m, facts), review))
}
