// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

const testRegions = `format: comity/v1
places:
  DE: Germany
  FR: France
  GB: United Kingdom
  JP: Japan
  "NO": Norway
  US: United States
  US-NY: {name: New York, within: US}
  US-NY-NYC: {name: New York City, within: US-NY}
  INT: Standards
groups:
  EU: {name: Union, members: {DE: {}, FR: {}, GB: {from: 1973-01-01, until: 2020-02-01}}}
  EEA: {name: Area, members: {EU: {}, "NO": {from: 1994-01-01}}}
`

const testVocabulary = `format: comity/v1
operations:
  process: {mode: act, needs: [purpose]}
  transfer: {mode: act, needs: [to_region], dpv: "dpv:Transfer"}
  delete: {mode: act, aliases: [erase]}
  retain: {mode: state}
  store: {mode: act}
places: {storage: stored_in}
action_types:
  notify: {params: [whom, within]}
  contract: {params: [which]}
facts:
  date: {type: instant, role: act}
  operation: {type: enum, role: act}
  subject_location: {type: "[region]", role: person, aliases: [where]}
  from_region: {type: region, role: act}
  to_region: {type: region, role: act}
  stored_in: {type: "[region]", role: act, control: caller, cost: 6}
  purpose:
    type: enum
    role: act
    values:
      marketing: {text: Adverts., dpv: "dpv:Marketing", fides: marketing.advertising, aliases: [ads]}
      profiling: {text: Profiles., dpv: "dpv:Marketing"}
      analytics: Figures.
      recruitment: {dpv: "dpv:Recruitment"}
  collected_for: {type: "[enum]", role: act, whole: true, values_of: purpose}
  data_categories: {type: "[enum]", role: act, values: [contact, health, biometric]}
  consent: {type: "[enum]", role: ground, control: person, whole: true, values: [none, opt_in, explicit, withdrawn], implies: {explicit: opt_in}, alone: [none]}
  transfer_mechanism: {type: enum, role: ground, values: [none, scc_2021, bcr]}
  notice_given: {type: bool, role: safeguard, control: caller}
  importer_certified: {type: bool, role: ground}
  persons: {type: int, role: actor}
  tenant: {type: string, role: act}
  principal: {type: string, role: act}
  retention_rules: {type: "[string]", role: ground, whole: true}
  retention_elapsed: {type: bool, role: ground}
  breach_hours: {type: int, role: age, ages: hour, origin: breach_known_at}
  retained_months: {type: int, role: age, ages: month, origin: collected_at}
  request_age_days: {type: int, role: age, ages: day, origin: request_received_at}
  subject_age: {type: int, role: person, ages: year, origin: subject_born_on}
  breach_known_at: {type: instant, role: act}
  collected_at: {type: date, role: act}
  request_received_at: {type: instant, role: act}
  subject_born_on: {type: date, role: act}
`

// head is a pack without requirements, to which cases add.
const head = `format: comity/v1
id: p
name: P
version: 1.0.0
order: EU
weight: federal
zone: Europe/Brussels
reviewed: 2026-01-01
next_review: 2027-01-01
instruments:
- {cite: LAW, aliases: [The Law], examples: [LAW Art. 1], mandatory: true}
reach: {when: subject_location in EU, cite: [LAW Art. 1]}
`

// req is a prohibition without exceptions, to which cases add keys.
const req = `requirements:
- id: R
  kind: forbid
  text: {en: R.}
  cite: [LAW Art. 2]
`

func testVocab(t testing.TB) *Vocabulary {
	t.Helper()
	var probs Problems
	v := NewVocabulary(ReadRegions("regions.yaml", []byte(testRegions), &probs))
	v.Read("vocabulary.yaml", []byte(testVocabulary), &probs)
	if err := probs.Err(); err != nil {
		t.Fatal(err)
	}
	return v
}

// load reads, links and checks packs given as one text per file; a name without folder
// belongs to pack p.
func load(v *Vocabulary, files map[string]string, known Day) (*Model, Problems) {
	var probs Problems
	fsys := fstest.MapFS{}
	for name, text := range files {
		if !strings.Contains(name, "/") {
			name = "p/" + name
		}
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	var packs []*Pack
	for _, dir := range PackDirs(fsys) {
		if p := ReadPack(fsys, dir, "", v, &probs); p != nil {
			packs = append(packs, p)
		}
	}
	m := Link(v, packs, known, &probs)
	Check(m, &probs)
	probs.Sort()
	return m, probs
}

// mustLoad is load of one pack that must have no fault.
func mustLoad(t *testing.T, v *Vocabulary, text string) *Model {
	t.Helper()
	m, probs := load(v, map[string]string{"pack.yaml": text}, DayMax)
	if len(probs) > 0 {
		t.Fatal(probs)
	}
	return m
}

// mark is written before the place at which a fault must be reported.
const mark = "§"

// marked removes the mark from a text and says where it stood.
func marked(t *testing.T, text string) (string, int, int) {
	t.Helper()
	before, after, ok := strings.Cut(text, mark)
	if !ok {
		t.Fatalf("no %s in %q", mark, text)
	}
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return before + after, 1 + strings.Count(before, "\n"), 1 + len([]rune(line))
}

// mustDay is ParseDay of a date that exists.
func mustDay(t testing.TB, s string) Day {
	t.Helper()
	d, err := ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// testFS is a folder of files given as texts.
type testFS map[string]string

func (f testFS) Open(name string) (fs.File, error) {
	m := fstest.MapFS{}
	for n, text := range f {
		m[n] = &fstest.MapFile{Data: []byte(text)}
	}
	return m.Open(name)
}
