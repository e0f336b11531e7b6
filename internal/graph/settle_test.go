// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// The packs are two laws of two orders, of which one demands what the other forbids unless
// the fact permission is true.
const lawHead = `format: comity/v1
id: ID
name: ID
version: 1.0.0
order: ORDER
weight: federal
zone: UTC
reviewed: 2026-01-01
next_review: 2099-01-01
instruments: [{cite: ID Act}]
reach: {when: "controller_establishment in ORDER", cite: ID Act s. 1, text: {en: Who is established there.}}
requirements:
`

const (
	keepLaw = `- id: KEEP
  kind: forbid
  title: Keep
  when: operation == delete and data_categories == permission_file
  unless:
  - {id: permitted, when: permission == true, settled: true, cite: ID Act s. 3, text: {en: With permission.}}
  from: 2020-01-01
  cite: ID Act s. 2
  text: {en: Permission files are not deleted.}
`
	eraseLaw = `- id: ERASE
  kind: oblige
  title: Erase
  when: data_categories == permission_file and consent == withdrawn
  demand: [delete]
  from: 2020-01-01
  cite: ID Act s. 2
  text: {en: They are deleted when consent is withdrawn.}
`
)

// Whether a ground settles a contradiction is what the vocabulary says of it: not if an
// authority grants it, nor if it makes other data of the data.
func TestWhoSettles(t *testing.T) {
	law := func(id, order, text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.NewReplacer("ID", id, "ORDER", order).Replace(lawHead + text))}
	}
	for control, want := range map[string]Verdict{
		"control: caller": Depends, "control: process": Depends,
		"control: authority": Contradict, "control: process, transforms: true": Contradict,
	} {
		fsys := fstest.MapFS{
			"vocabulary.yaml":  {Data: []byte("format: comity/v1\nfacts:\n  data_categories: {values: [permission_file]}\n  permission: {type: bool, role: ground, " + control + ", cost: 3, text: Permitted.}\n")},
			"keeps/pack.yaml":  law("keeps", "BR", keepLaw),
			"erases/pack.yaml": law("erases", "NG", eraseLaw),
		}
		eng, err := engine.New(engine.Options{Folders: []engine.Folder{{Name: "test", FS: fsys}}, NoEmbedded: true})
		if err != nil {
			t.Fatal(err)
		}
		g, err := New(eng.Program().Model(), today, func(f comity.Facts) (comity.Decision, error) { return eng.Decide(comity.Request{Facts: f}) })
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Pair("KEEP", "ERASE")
		if err != nil || r.Conflict == nil || r.Verdict != want {
			t.Errorf("%s: %+v %v, want %s", control, r, err, want)
			continue
		}
		if settles := r.Conflict.Settles["permission"] == true; settles != (want == Depends) {
			t.Errorf("%s: settled by %v", control, r.Conflict.Settles)
		}
	}
}

// The same question has the same answer each time, down to the facts of the context.
func TestPairIsTheSameEachTime(t *testing.T) {
	g := embedded(t)
	for _, ids := range [][2]string{{"AR-25326-12", "AU-MHR-77"}, {"EU-GDPR-17", "US-TAX-6001"}, {"AR-25326-7-4", "NYC-LL144-AUDIT"}} {
		seen := map[string]bool{}
		for range 6 {
			r, err := g.Pair(ids[0], ids[1])
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			seen[string(text)] = true
		}
		if len(seen) > 1 {
			t.Errorf("%v: %d different answers", ids, len(seen))
		}
	}
}
