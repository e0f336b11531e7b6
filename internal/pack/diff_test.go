// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/packs"
)

const diffOld = `
format: comity/v1
id: small
name: Small law
version: 1.0.0
order: EU
weight: federal
zone: Europe/Brussels
reviewed: 2026-01-01
next_review: 2027-01-01
instruments:
- {cite: Small Act, examples: [Small Act Art. 1]}
terms:
  here: targets in DE
reach: {when: '@here', cite: [Small Act Art. 1], text: {en: Germany.}}
outside:
- {id: household, when: purpose == personal_household, cite: [Small Act Art. 2], text: {en: At home.}}
edges:
- {id: jp, set: small_edges, origin: DE, destination: JP, from: 2019-01-23, cite: [Small Act Art. 8]}
requirements:
- id: S-1
  kind: forbid
  title: Consent
  text: {en: Consent is needed.}
  cite: [Small Act Art. 3]
  when: operation == collect and @here
  from: 2018-01-01
  unless:
  - id: consent
    when: consent == explicit
    cite: [Small Act Art. 3(2)]
    text: {en: Explicit.}
    conditions:
    - {id: stop, text: {en: Stop when it is withdrawn.}, standing: true}
  - {id: adequate, edges: small_edges, settled: true, cite: [Small Act Art. 8], text: {en: Adequate.}}
- id: S-2
  kind: oblige
  title: Notice
  text: {en: Tell.}
  cite: [Small Act Art. 4]
  when: operation == collect
  must: notice_given == true
  known_from: 2020-01-01
- {id: S-3, kind: review, title: Open, text: {en: Nobody knows.}, cite: [Small Act Art. 5], when: operation == infer}
`

// readSmall reads a pack and its vocabulary of its own.
func readSmall(t *testing.T, text string) pack.Side {
	t.Helper()
	var probs pack.Problems
	file := func(name string) []byte {
		data, err := fs.ReadFile(packs.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	v := pack.NewVocabulary(pack.ReadRegions("regions.yaml", file("regions.yaml"), &probs))
	v.Read("vocabulary.yaml", file("vocabulary.yaml"), &probs)
	p := pack.ReadPack(fstest.MapFS{"small/pack.yaml": {Data: []byte(text)}}, "small", "test", v, &probs)
	if err := probs.Err(); err != nil {
		t.Fatal(err)
	}
	return pack.Side{Vocab: v, Pack: p, Known: pack.DayMax}
}

func diffLines(list []pack.Change) string {
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "%s %s %s\n", c.How, c.What, c.ID)
		for _, p := range c.Parts {
			if c.How == pack.Changed {
				fmt.Fprintf(&b, "  %s %s: %q -> %q\n", p.Part, p.Of, p.From, p.To)
			}
		}
	}
	return b.String()
}

// TestDiff: each kind of change of a pack is found, and says which part changed.
func TestDiff(t *testing.T) {
	old := readSmall(t, diffOld)
	if list := pack.Diff(old, readSmall(t, diffOld)); list != nil {
		t.Errorf("the same text differs: %s", diffLines(list))
	}
	text := strings.NewReplacer(
		"version: 1.0.0", "version: 1.1.0",
		"here: targets in DE", "here: targets in AT",
		"from: 2018-01-01", "from: 2018-05-25",
		"when: consent == explicit", "when: consent == explicit and notice_given == true",
		"[Small Act Art. 3(2)]", "[Small Act Art. 3(3)]",
		"{en: Stop when it is withdrawn.}", "{en: Stop at once.}",
		"{en: Consent is needed.}", "{en: Consent is always needed.}",
		"from: 2019-01-23", "from: 2019-01-23, until: 2024-01-01, ended_by: [Small Act Art. 9]",
		"id: household", "id: home",
		"S-3", "S-4",
	).Replace(diffOld)
	want := `changed pack 
  version : "1.0.0" -> "1.1.0"
changed reach 
  scope : "targets in DE" -> "targets in AT"
added outside home
changed requirement S-1
  dates : "from 2018-01-01" -> "from 2018-05-25"
  scope : "operation == collect and targets in DE" -> "operation == collect and targets in AT"
  exception consent: "when consent == explicit" -> "when consent == explicit and notice_given == true"
  condition consent/stop: "Stop when it is withdrawn. (standing)" -> "Stop at once. (standing)"
  citations consent: "Small Act Art. 3(2)" -> "Small Act Art. 3(3)"
  text : "Consent is needed." -> "Consent is always needed."
added requirement S-4
changed edge small_edges/jp
  dates : "from 2019-01-23" -> "from 2019-01-23 until 2024-01-01"
  ended by : "" -> "Small Act Art. 9"
changed term here
  means : "targets in DE" -> "targets in AT"
removed outside household
removed requirement S-3
`
	if diff := cmp.Diff(want, diffLines(pack.Diff(old, readSmall(t, text)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDiffKnown: what was not known yet was added since.
func TestDiffKnown(t *testing.T) {
	now := readSmall(t, diffOld)
	then := now
	then.Known = now.Pack.Requirements[1].KnownFrom - 1
	if got, want := diffLines(pack.Diff(then, now)), "added requirement S-2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := diffLines(pack.Diff(now, then)), "removed requirement S-2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDiffVocabulary: facts and values that a folder adds are named.
func TestDiffVocabulary(t *testing.T) {
	a, b := readSmall(t, diffOld), readSmall(t, diffOld)
	var probs pack.Problems
	b.Vocab.Read("v.yaml", []byte("format: comity/v1\nfacts:\n  foreign_leg: {type: bool, role: act, text: Abroad.}\n  purpose: {values: [whim]}\n"), &probs)
	if err := probs.Err(); err != nil {
		t.Fatal(err)
	}
	want := "changed fact collected_for\n  value whim: \"\" -> \"a value\"\nadded fact foreign_leg\nchanged fact purpose\n  value whim: \"\" -> \"a value\"\n"
	if got := diffLines(pack.DiffVocabulary(a.Vocab, b.Vocab)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := pack.DiffVocabulary(b.Vocab, a.Vocab); len(got) != 3 || got[2].How != pack.Removed {
		t.Errorf("got %+v", got)
	}
}
