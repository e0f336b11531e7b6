// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"io/fs"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity/packs"
)

// embedded is the vocabulary that comes with the program; nothing changes it.
var embedded = sync.OnceValues(func() (*Vocabulary, error) {
	var probs Problems
	regions, err := fs.ReadFile(packs.FS, "regions.yaml")
	if err != nil {
		return nil, err
	}
	facts, err := fs.ReadFile(packs.FS, "vocabulary.yaml")
	if err != nil {
		return nil, err
	}
	v := NewVocabulary(ReadRegions("regions.yaml", regions, &probs))
	v.Read("vocabulary.yaml", facts, &probs)
	return v, probs.Err()
})

func embeddedVocab(t testing.TB) *Vocabulary {
	t.Helper()
	v, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// slow is far above what any input of a fuzzer may take.
const slow = 5 * time.Second

func timed(t *testing.T, what func()) {
	t.Helper()
	start := time.Now()
	what()
	if d := time.Since(start); d > slow {
		t.Errorf("took %v", d)
	}
}

// FuzzPackReader: whatever stands in a pack.yaml, reading, linking and checking it ends
// soon, without panic, and every finding names a file.
func FuzzPackReader(f *testing.F) {
	f.Add([]byte(head + req))
	for _, c := range badPacks {
		f.Add([]byte(c.text))
	}
	for _, dir := range PackDirs(packs.FS) {
		files, err := fs.Glob(packs.FS, path.Join(dir, "*.yaml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			data, err := fs.ReadFile(packs.FS, name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	v := embeddedVocab(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		timed(t, func() {
			m, probs := load(v, map[string]string{"pack.yaml": string(data)}, DayMax)
			for _, p := range probs {
				if p.Pos.File != "p/pack.yaml" || p.Msg == "" || p.Pos.Line < 0 || p.Pos.Col < 0 {
					t.Errorf("a finding without place: %+v", p)
				}
			}
			rulesText(v, m)
		})
	})
}

// FuzzPackParts: the same for a file that is added to a pack.
func FuzzPackParts(f *testing.F) {
	f.Add([]byte(req))
	f.Add([]byte("terms: {a: persons_total > 1, b: \"@a and @a\"}\nedges:\n- {id: e, set: s, origin: EU, destination: JP, cite: [LAW Art. 1]}\n"))
	v := embeddedVocab(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		timed(t, func() {
			m, _ := load(v, map[string]string{"pack.yaml": head, "more.yaml": string(data)}, DayMax)
			rulesText(v, m)
		})
	})
}

// FuzzCondition: no text makes the parser panic, and what it reads it prints so that it
// reads the same again.
func FuzzCondition(f *testing.F) {
	f.Add("not shown (purpose in [marketing, 'dpv:Marketing'] or to_region not in EEA) and all(date >= 2024-02-29 + 1 month, true)")
	f.Add(`tenant == "it's" or purpose != $collected_for and date <= $request_received_at - 72 hours`)
	v := embeddedVocab(f)
	var all []*Pack
	var probs Problems
	for _, dir := range PackDirs(packs.FS) {
		if p := ReadPack(packs.FS, dir, "", v, &probs); p != nil {
			all = append(all, p)
		}
	}
	for i, r := range Link(v, all, DayMax, &probs).Rules {
		if i%7 == 0 {
			f.Add(v.Text(r.When))
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		c, err := ParseCond(v, nil, src)
		if err != nil {
			pe := err.(*ParseError)
			if pe.Offset < 0 || pe.Offset > len(src) || pe.Msg == "" {
				t.Errorf("a fault without place: %+v", pe)
			}
			return
		}
		text := v.Text(c)
		if len(text) > maxCondition {
			return
		}
		again, err := ParseCond(v, nil, text)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", src, text, err)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("%q prints as %q, which is another condition:\n%s", src, text, diff)
		}
	})
}

// FuzzRegions: no regions file makes the reader panic, and one without faults can be asked.
func FuzzRegions(f *testing.F) {
	f.Add([]byte(testRegions))
	f.Add([]byte("format: comity/v1\nplaces: {A: {within: G}}\ngroups: {G: {members: {A: {until: 2020-01-01}}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var probs Problems
		r := ReadRegions("r.yaml", data, &probs)
		if probs.Err() != nil {
			return
		}
		for id := 1; id < min(r.Len(), 20); id++ {
			for of := 1; of < min(r.Len(), 20); of++ {
				r.In(RegionID(id), []RegionID{RegionID(of)}, 18000)
			}
		}
	})
}

// FuzzVocabulary: no vocabulary file makes the reader panic, and all names that it makes
// known can be used.
func FuzzVocabulary(f *testing.F) {
	f.Add([]byte(testVocabulary))
	f.Add([]byte("format: comity/v1\nfacts:\n  purpose: {values: [a, b]}\n  x: {type: enum, role: act, values_of: collected_for}\n"))
	f.Add([]byte("format: comity/v1\noperations: {x: {mode: act, needs: [date]}}\nplaces: {model: stored_in}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v := testVocab(t)
		var probs Problems
		v.Read("own.yaml", data, &probs)
		for _, fact := range v.Facts[1:] {
			for name := range fact.ValueTable() {
				val, err := v.ParseValue(fact, name)
				if err == nil && probs.Err() == nil {
					valueText(v, fact, val)
				}
			}
		}
	})
}
