// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/comity-project/comity"
)

const partLaw = `
outside: [{id: o, when: data_categories == deceased, cite: Act 90}]
requirements:
- {id: A, kind: forbid, ~, when: purpose == tax, unless: [{id: b, when: proof == true or paper == true and badge == true, settled: true, cite: Act}]}
- {id: OPEN, kind: review, ~, when: purpose == research}
- {id: NEVER, kind: forbid, ~, when: data_categories == health}
- {id: ASKS, kind: forbid, ~, when: "member == true and purpose in [payment, testing]", ask: [luck], unless: [{id: l, when: luck == true and not (purpose == testing), settled: true, cite: Act}, {id: m, when: purpose == testing, settled: true, cite: Act}]}
`

// Rule 1.7: nothing that a part says is lost, and everything says which parts it is from.
func TestRule17NothingIsLost(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", partLaw[1:]))
	d := decideParts(t, e, "explain",
		"purpose=tax proof=false badge=false",
		"purpose=tax proof=true",
		"purpose=tax proof=false paper=false badge=true",
		"purpose=tax proof=false badge=false",
		"purpose=research", "purpose=research data_categories=deceased",
	)
	var facts []string
	for _, v := range d.Violations {
		facts = append(facts, fmt.Sprint(v.Requirement, v.Facts, v.Parts, len(v.Remedies)))
	}
	want := []string{
		"Amap[badge:false proof:false purpose:tax] [0 3] 2",
		"Amap[badge:true paper:false proof:false purpose:tax] [2] 2",
	}
	if !slices.Equal(facts, want) {
		t.Errorf("violations %q, want %q", facts, want)
	}
	if len(d.Grounds) != 1 || !slices.Equal(d.Grounds[0].Parts, []int{1}) {
		t.Errorf("grounds %+v", d.Grounds)
	}
	if len(d.Questions) != 1 || !slices.Equal(d.Questions[0].Parts, []int{4}) {
		t.Errorf("questions %+v", d.Questions)
	}
	if len(d.Outside) != 1 || !slices.Equal(d.Outside[0].Parts, []int{5}) {
		t.Errorf("outside %+v", d.Outside)
	}
	for _, text := range []string{
		"Parts 0, 2, 3: A [Act 1] is violated: no exception holds.", "Part 1: A [Act 1] does not stop it: b.",
		"Part 4: OPEN [Act 1] is an open question of law: x.",
	} {
		if !slices.Contains(prose(d), text) {
			t.Errorf("%q lacks %q", prose(d), text)
		}
	}
}

// A fact is only possibly missing if no part confirms it.
func TestRule17Missing(t *testing.T) {
	e := engineWith(t, law("p EU treaty UTC", partLaw[1:]))
	one := decide(t, e, "explain member=true purpose=payment")
	if len(one.Missing) != 1 || one.Missing[0].Possible {
		t.Fatalf("%s: missing %+v", answer(one), one.Missing)
	}
	d := decideParts(t, e, "explain", "member=true purpose=payment data_categories=health", "member=true purpose=payment")
	if want := []comity.Missing{{Fact: "luck", NeededBy: []string{"ASKS"}, Parts: []int{0, 1}}}; !reflect.DeepEqual(d.Missing, want) {
		t.Errorf("missing %+v, want %+v", d.Missing, want)
	}
}

// decideParts answers a request of several parts, each as words.
func decideParts(t testing.TB, e *Engine, words string, parts ...string) comity.Decision {
	t.Helper()
	req := request(words)
	for _, p := range parts {
		req.Parts = append(req.Parts, request(p).Facts)
	}
	d, err := e.Decide(req)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
