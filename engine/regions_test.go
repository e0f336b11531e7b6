// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/naive/gen"
	"github.com/comity-project/comity/internal/pack"
)

// Lists of which the combinations with all candidates would exceed the bound are answered.
func TestRegionsOfLongLists(t *testing.T) {
	p := embedded(t)
	in, other := p.NewInput(), p.NewInput()
	countries := p.model.Vocab.Regions().Countries()
	for _, words := range []string{
		"operation=process controller_establishment=IE purpose=marketing legal_basis=contract data_categories=contact,health,behavioural,transaction",
		"operation=transfer from_region=DE transfer_mechanism=scc_2021 tia=adequate controller_establishment=DE,US data_categories=contact,health,transaction",
		"operation=delete request_type=erasure controller_establishment=US,IE targets=DE,FR data_categories=transaction,tax_record,contact",
	} {
		facts := request(words).Facts
		facts["subject_location"] = countries[:140]
		if err := p.Encode(in, facts, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if got, err := p.regions(in, true, nil); err != nil {
			t.Errorf("%d combinations: %v, %v", in.combos, got, err)
		}
		checkRegions(t, p, in, other, facts, []string{"DE", "US", "CN", "JP"})
	}
}

// A place is permitted if the operation is, so a forbidden place of another kind leaves none
// (docs/decisions.md); its own kind lists where it may move.
func TestRegionsAnswerForTheOperation(t *testing.T) {
	e := engineAll(t)
	req := request("operation=process date=2024-05-01 controller_establishment=DE subject_location=DE data_categories=contact purpose=contract_performance legal_basis=contract processed_in=CN transfer_mechanism=none")
	req.Want, req.Candidates = []string{"regions"}, []string{"DE", "CN", "JP"}
	d, err := e.Decide(req)
	if err != nil || d.Effect != comity.Deny {
		t.Fatalf("%s, %v", d.Effect, err)
	}
	if got := d.Regions["storage"]; got == nil || len(got) != 0 {
		t.Errorf("storage is permitted in %v", got)
	}
	if got := d.Regions["processing"]; !slices.Contains(got, "DE") || slices.Contains(got, "CN") {
		t.Errorf("processing is permitted in %v", got)
	}
}

// permittedIn asks for permitted regions by words.
func permittedIn(t *testing.T, e *Engine, words string, candidates ...string) map[string][]string {
	t.Helper()
	req := request(words)
	req.Want, req.Candidates = []string{"regions"}, candidates
	d, err := e.Decide(req)
	if err != nil {
		t.Fatal(err)
	}
	return d.Regions
}

// Places that are compared with each other are not alike, though they lie in the same sets.
func TestRegionsComparedWithEachOther(t *testing.T) {
	e := engineWith(t, rules("- {id: A, kind: forbid, ~, when: processed_in == $to_region}\n"))
	got := permittedIn(t, e, "processed_in=DE", "DE", "FR")
	want := map[string][]string{"storage": {"FR"}, "processing": {}, "model": {"FR"}, "inference": {"FR"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A demand that hangs on the place disputes a violation there only.
func TestRegionsWhereADemandEnds(t *testing.T) {
	e := engineWith(t,
		law("a EU treaty UTC", "requirements: [{id: A, kind: forbid, ~, when: operation == delete}]"),
		law("b US treaty UTC", "requirements: [{id: B, kind: oblige, ~, when: stored_in in US, demand: delete}]"))
	got := permittedIn(t, e, "operation=delete stored_in=US", "DE", "US")
	if d := cmp.Diff(map[string][]string{"storage": {"US"}}, got); d != "" {
		t.Error(d)
	}
}

// A rule that the index decides alone binds only where all facts of its scope are given,
// also if it asks for one of them.
func TestExactScopeThatAsks(t *testing.T) {
	e := engineWith(t, rules("- {id: A, kind: forbid, ~, when: purpose == tax and controller_type == hospital, ask: purpose}\n"))
	expect(t, e, []row{
		{"purpose=tax", "allow"},
		{"purpose=tax controller_type=hospital", "deny; bound A; violated A"},
		{"controller_type=hospital", "review; missing purpose(A)"},
	})
}

func TestRegionsEqualOneByOneOnMoreModels(t *testing.T) {
	forModels(t, 150, 23, func(t *testing.T, p *Program, r *rand.Rand) {
		in, other := p.NewInput(), p.NewInput()
		for range 6 {
			checkRegions(t, p, in, other, gen.Facts(r, p.model), p.model.Vocab.Regions().Codes())
		}
	})
}

// What the numbers of a program cannot count is an error, not another program.
func TestCompileRefusesWhatItCannotCount(t *testing.T) {
	model := *embedded(t).model
	model.Packs = make([]*pack.Pack, 1<<16)
	_, err := Compile(&model)
	expectError(t, "packs", err, "too_large 65536 packs")
	p := &Program{zones: make([]*time.Location, 256)}
	for i := range p.zones {
		p.zones[i] = time.FixedZone(fmt.Sprint(i), i)
	}
	_, err = p.zone("Europe/Brussels")
	expectError(t, "zones", err, "too_large 257 time zones")
}

// A residual takes each free fact once, under whatever name.
func TestResidualNamesOnce(t *testing.T) {
	e := engineWith(t, rules("- {id: A, kind: forbid, ~, when: member == true and purpose == marketing}\n"))
	p := e.Program()
	known := request("").Facts
	_, err := p.Residual(known, []string{"member", "purpose", "loyalty_member"}, comity.MissingReview, time.Time{})
	expectError(t, "free", err, "usage fact member is named twice")
	rest, err := p.Residual(known, []string{"member", "purpose"}, comity.MissingReview, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var res Result
	err = rest.Evaluate(comity.Facts{"member": true, "loyalty_member": true}, &res)
	expectError(t, "row", err, "conflict fact member is given twice")
	err = rest.Evaluate(comity.Facts{"member": true, "purpose": "marketing"}, &res)
	if err != nil || res.Effect() != comity.Deny {
		t.Errorf("%s, %v", res.Effect(), err)
	}
}

// Programs of several days are compiled beside each other, each once.
func TestProgramsCompileOnce(t *testing.T) {
	e := engineAll(t)
	var wg sync.WaitGroup
	got := make([]*Program, 12)
	for i := range got {
		wg.Go(func() {
			at := time.Date(2015+5*(i%3), 1, 1, 0, 0, 0, 0, time.UTC)
			p, err := e.ProgramAt(at)
			if err != nil {
				t.Error(err)
			}
			got[i] = p
		})
	}
	wg.Wait()
	for i, p := range got {
		if p == nil || p != got[i%3] {
			t.Errorf("program %d was compiled twice", i)
		}
	}
}

func BenchmarkRegions(b *testing.B) {
	p := embedded(b)
	codes := p.model.Vocab.Regions().Countries()[:60]
	for _, words := range transferQuestions {
		in := p.NewInput()
		if err := p.Encode(in, request(words).Facts, time.Time{}); err != nil {
			b.Fatal(err)
		}
		var res Result
		if err := p.Evaluate(in, comity.MissingReview, &res); err != nil {
			b.Fatal(err)
		}
		b.Run(strings.ReplaceAll(words, " ", ","), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.regionsOf(in, &res, codes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Regions are there if they were asked for, and empty where no place is excluded; what is
// not denied and still review is said if it was asked for, for all parts together.
func TestRegionsUnsure(t *testing.T) {
	e := engineWith(t, rules(
		"- {id: A, kind: forbid, ~, when: stored_in in US}\n"+
			"- {id: B, kind: review, ~, when: stored_in == FR and purpose == marketing}\n"))
	req := request("operation=store purpose=tax stored_in=DE")
	req.Candidates, req.Missing = []string{"DE", "FR"}, comity.MissingIgnore
	ask := func(want ...string) comity.Decision {
		t.Helper()
		req.Want = want
		d, err := e.Decide(req)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := ask(); d.Regions != nil {
		t.Errorf("not asked for: %v", d.Regions)
	}
	text, err := json.Marshal(ask("regions"))
	if err != nil || !strings.Contains(string(text), `"regions":{}`) {
		t.Errorf("nothing is excluded: %s %v", text, err)
	}
	req.Parts = []comity.Facts{{"stored_in": "DE"}, {"stored_in": "DE", "purpose": "marketing"}}
	delete(req.Facts, "stored_in")
	delete(req.Facts, "purpose")
	req.Candidates = []string{"DE", "FR", "US"}
	d := ask("regions_unsure")
	if diff := cmp.Diff(map[string][]string{"storage": {"FR"}}, d.RegionsUnsure); diff != "" || !slices.Equal(d.Regions["storage"], []string{"DE", "FR"}) {
		t.Errorf("%v %s", d.Regions, diff)
	}
	if d := ask("regions"); d.RegionsUnsure != nil {
		t.Errorf("not asked for: %v", d.RegionsUnsure)
	}
}
