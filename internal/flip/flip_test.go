// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package flip_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/flip"
	"github.com/comity-project/comity/internal/pack"
)

const small = `
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
reach: {when: targets in DE, cite: [Small Act Art. 1], text: {en: Germany.}}
requirements:
- id: S-1
  kind: forbid
  title: Consent
  text: {en: Consent is needed.}
  cite: [Small Act Art. 3]
  when: operation == collect
  from: 2018-01-01
  unless:
  - id: consent
    claim: consent in [none, explicit]
    when: consent == explicit
    cite: [Small Act Art. 3(2)]
    text: {en: Explicit.}
    conditions:
    - {id: stop, text: {en: Stop when it is withdrawn.}, standing: true}
`

func load(t *testing.T, text string) *engine.Engine {
	t.Helper()
	eng, err := engine.New(engine.Options{NoEmbedded: true, Folders: []engine.Folder{{Name: "test", FS: fstest.MapFS{"small/pack.yaml": {Data: []byte(text)}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return eng
}

func ask(consent string) comity.Request {
	return comity.Request{Missing: comity.MissingIgnore, Facts: comity.Facts{"operation": "collect", "targets": "DE", "consent": consent, "date": "2024-05-01", "purpose": "tax"}}
}

// TestCompare: the flip of an operation, its direction and its cause; a plain and a
// conditional allow are two answers.
func TestCompare(t *testing.T) {
	old := load(t, small)
	for _, c := range []struct {
		name, from, to string
		b              flip.Way
		req            comity.Request
		want           string
	}{
		{"the same packs", "", "", flip.Way{Engine: old}, ask("none"), ""},
		{"before it binds", "", "", flip.Way{Engine: old, At: "2017-05-01"}, ask("none"), "deny -> allow by S-1"},
		{"conditions fall away", "", "", flip.Way{Engine: old, At: "2017-05-01"}, ask("explicit"), "allow with conditions -> allow by S-1"},
		{"a stricter exception", "consent == explicit\n", "consent == written_release\n", flip.Way{}, ask("explicit"), "allow with conditions -> deny by S-1"},
		{"in parts", "", "", flip.Way{Engine: old, At: "2017-05-01"}, comity.Request{
			Missing: comity.MissingIgnore, Facts: comity.Facts{"operation": "collect", "targets": "DE", "date": "2024-05-01"},
			Parts: []comity.Facts{{"consent": "explicit"}, {"consent": "none"}},
		}, "deny -> allow by S-1"},
	} {
		if c.from != "" {
			c.b.Engine = load(t, strings.ReplaceAll(small, c.from, c.to))
		}
		_, f, err := flip.NewComparer(flip.Way{Engine: old}, c.b).Compare(c.req)
		got := ""
		if f != nil {
			got = string(f.From) + " -> " + string(f.To) + " by " + strings.Join(f.Cause, ", ")
		}
		if err != nil || got != c.want {
			t.Errorf("%s: got %q, want %q (%v)", c.name, got, c.want, err)
		}
		if c.req.Facts["date"] != "2024-05-01" {
			t.Errorf("%s: the request was changed", c.name)
		}
	}
}

// TestUnknownFact: a fact that one side does not know is an error, not an answer.
func TestUnknownFact(t *testing.T) {
	eng := load(t, small)
	req := ask("none")
	req.Facts["nosuch"] = true
	if _, _, err := flip.NewComparer(flip.Way{Engine: eng}, flip.Way{Engine: eng}).Compare(req); comity.CodeOf(err) != comity.CodeUnknown {
		t.Errorf("got %v", err)
	}
}

// TestSearch: from one case that does not flip, the search finds operations that do, for
// each part that changed, without the facts that do not matter.
func TestSearch(t *testing.T) {
	old := load(t, small)
	for _, c := range []struct{ name, from, to, fact string }{
		{"a later date", "from: 2018-01-01", "from: 2020-01-01", "date"},
		{"a wider scope", "operation == collect", "operation in [collect, infer]", "operation"},
		{"a narrower exception", "when: consent == explicit", "when: consent == explicit and notice_given == true", ""},
	} {
		next := load(t, strings.ReplaceAll(small, c.from, c.to))
		a, b := side(old), side(next)
		s := flip.Search{A: flip.Way{Engine: old}, B: flip.Way{Engine: next}, Seeds: []flip.Seed{{Name: "seed", Request: ask("explicit")}}}
		s.Hint(pack.Diff(a, b), a, b)
		list, whole := s.Run()
		if len(list) == 0 || !whole {
			t.Errorf("%s: nothing found", c.name)
			continue
		}
		found := slices.ContainsFunc(list, func(x flip.Example) bool {
			return slices.Equal(x.Cause, []string{"S-1"}) && (c.fact == "" || len(x.Varied) > 0 && x.Varied[0].Fact == c.fact)
		})
		if !found {
			t.Errorf("%s: no example varies %s", c.name, c.fact)
		}
		for _, x := range list {
			if _, ok := x.Request.Facts["purpose"]; ok {
				t.Errorf("%s: purpose does not matter in %v", c.name, x.Request.Facts)
			}
		}
	}
}

func side(eng *engine.Engine) pack.Side {
	m := eng.Program().Model()
	return pack.Side{Vocab: m.Vocab, Pack: m.Packs[0], Known: pack.DayMax}
}

// TestKnownAt: a way may know less than the other.
func TestKnownAt(t *testing.T) {
	eng := load(t, strings.ReplaceAll(small, "  from: 2018-01-01", "  from: 2018-01-01\n  known_from: 2016-05-04"))
	c := flip.NewComparer(flip.Way{Engine: eng, KnownAt: time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)}, flip.Way{Engine: eng})
	from, f, err := c.Compare(ask("none"))
	if err != nil || from != flip.Allow || f == nil || f.To != flip.Deny {
		t.Errorf("got %s, %+v, %v", from, f, err)
	}
}
