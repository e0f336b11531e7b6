// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/naive"
	"github.com/comity-project/comity/internal/naive/gen"
	"github.com/comity-project/comity/internal/pack"
)

// scale is n, or a part of it where tests should be short.
func scale(n int) int {
	if testing.Short() {
		return max(1, n/5)
	}
	return n
}

// forModels runs check on random programs, each with its own source of chance.
func forModels(t *testing.T, n int, stream uint64, check func(t *testing.T, p *Program, r *rand.Rand)) {
	t.Helper()
	for seed := range scale(n) {
		r := rand.New(rand.NewPCG(uint64(seed), stream))
		m, err := gen.Model(r)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { check(t, p, r) }) {
			return
		}
	}
}

// asked is the outcome of facts with some of them replaced; false if they cannot be.
func asked(t testing.TB, p *Program, in *Input, facts comity.Facts, mode comity.Mode, with comity.Facts) (naive.Outcome, bool) {
	t.Helper()
	all := maps.Clone(facts)
	maps.Copy(all, with)
	if p.Encode(in, all, time.Time{}) != nil {
		return naive.Outcome{}, false
	}
	var res Result
	if err := p.Evaluate(in, mode, &res); err != nil {
		t.Fatal(err)
	}
	return outcome(in, &res), true
}

var modes = []comity.Mode{comity.MissingReview, comity.MissingIgnore}

// checkRegions holds the permitted regions of one question against asking for each.
func checkRegions(t testing.TB, p *Program, in, other *Input, facts comity.Facts, codes []string) (restricted int) {
	t.Helper()
	for _, mode := range modes {
		if p.Encode(in, facts, time.Time{}) != nil {
			return restricted
		}
		got, err := p.regions(in, mode == comity.MissingReview, codes)
		if comity.CodeOf(err) == comity.CodeTooLarge {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		open, err := p.unsure(in, mode == comity.MissingReview)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range p.PlaceKinds() {
			fact := p.model.Vocab.Facts[p.model.Vocab.Places[kind]].Name
			want, unsure := []string{}, []string(nil)
			for _, code := range codes {
				o, ok := asked(t, p, other, facts, mode, comity.Facts{fact: code, "to_region": code})
				if !ok {
					t.Fatalf("%s in %s cannot be asked: %v", kind, code, facts)
				}
				if o.Effect != naive.Deny {
					want = append(want, code)
				}
				if o.Effect == naive.Review {
					unsure = append(unsure, code)
				}
			}
			if len(want) == len(codes) {
				want = nil
			} else {
				restricted++
			}
			if !slices.Equal(got[kind], want) || (got[kind] == nil) != (want == nil) {
				t.Fatalf("mode %s, %s of %v: %v, one by one %v\nfacts %v", mode, kind, codes, got[kind], want, facts)
			}
			if !slices.Equal(open[kind], unsure) {
				t.Fatalf("mode %s, %s of %v: review in %v, one by one %v\nfacts %v", mode, kind, codes, open[kind], unsure, facts)
			}
		}
	}
	return restricted
}

func TestRegionsEqualOneByOne(t *testing.T) {
	restricted := 0
	forModels(t, 60, 11, func(t *testing.T, p *Program, r *rand.Rand) {
		in, other := p.NewInput(), p.NewInput()
		for range 12 {
			codes := slices.Clone(p.model.Vocab.Regions().Codes())
			r.Shuffle(len(codes), func(i, j int) { codes[i], codes[j] = codes[j], codes[i] })
			restricted += checkRegions(t, p, in, other, gen.Facts(r, p.model), codes[:1+r.IntN(len(codes))])
		}
	})
	if restricted < scale(60) {
		t.Errorf("only %d lists were restricted", restricted)
	}
}

func TestRegionsEqualOneByOneOnEmbeddedPacks(t *testing.T) {
	p := embedded(t)
	in, other := p.NewInput(), p.NewInput()
	r := rand.New(rand.NewPCG(3, 3))
	all := p.model.Vocab.Regions().Countries()
	restricted := 0
	for range scale(150) {
		codes := []string{"US-CA", "EEA"}
		for range 70 {
			if c := all[r.IntN(len(all))]; !slices.Contains(codes, c) {
				codes = append(codes, c)
			}
		}
		restricted += checkRegions(t, p, in, other, gen.Facts(r, p.model), codes[:1+r.IntN(len(codes))])
	}
	for _, words := range transferQuestions {
		restricted += checkRegions(t, p, in, other, request(words).Facts, all)
	}
	if restricted < len(transferQuestions) {
		t.Errorf("only %d lists were restricted", restricted)
	}
}

// transferQuestions are real questions whose places matter.
var transferQuestions = []string{
	"operation=transfer subject_location=DE controller_establishment=DE data_categories=contact from_region=DE transfer_mechanism=adequacy purpose=analytics",
	"operation=transfer subject_location=DE,FR controller_establishment=DE data_categories=contact,health from_region=DE transfer_mechanism=scc_2021 tia=adequate legal_basis=contract",
	"operation=transfer subject_location=CN controller_establishment=CN data_categories=contact from_region=CN persons_this_year=2000000 transfer_mechanism=none",
	"operation=store subject_location=CN controller_establishment=CN controller_type=ciio data_categories=important_data stored_in=US",
	"operation=transfer subject_location=GB controller_establishment=GB data_categories=contact from_region=GB transfer_mechanism=foreign_order",
}

// The same question gives the same bytes, also from another engine of the same packs.
func TestAnswersAreDeterministic(t *testing.T) {
	a, b := engineAll(t), engineAll(t)
	r := rand.New(rand.NewPCG(5, 5))
	for i := range scale(150) {
		req := comity.Request{
			Facts: gen.Facts(r, a.Program().model), Explain: i%2 == 0, Missing: modes[i%3/2], Want: []string{"regions"},
			Candidates: []string{"DE", "US", "CN", "GB", "US-CA"},
		}
		if i%5 == 0 {
			req.Parts = []comity.Facts{{"consent": "none"}, {"subject_location": []string{"DE", "CN"}}}
		}
		first := answerJSON(t, a, req)
		for _, e := range []*Engine{a, b, a} {
			if d := cmp.Diff(first, answerJSON(t, e, req)); d != "" {
				t.Fatalf("%v\n%s", req, d)
			}
		}
	}
}

// answerJSON is the answer as bytes, or the error.
func answerJSON(t testing.TB, e *Engine, req comity.Request) string {
	t.Helper()
	d, err := e.Decide(req)
	if err != nil {
		if comity.CodeOf(err) == comity.CodeInternal {
			t.Fatalf("%v: %v", req, err)
		}
		return "error " + string(comity.CodeOf(err))
	}
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// An explanation can be asked for twice, after a plain answer, with the same result.
func TestDecisionCanBeRepeated(t *testing.T) {
	p := embedded(t)
	in := p.NewInput()
	var res Result
	r := rand.New(rand.NewPCG(6, 6))
	for range scale(150) {
		facts := gen.Facts(r, p.model)
		if p.Encode(in, facts, time.Time{}) != nil {
			continue
		}
		if err := p.Evaluate(in, modes[r.IntN(2)], &res); err != nil {
			t.Fatal(err)
		}
		first := p.Decision(in, &res, true)
		p.Decision(in, &res, false)
		if d := cmp.Diff(first, p.Decision(in, &res, true)); d != "" {
			t.Fatalf("%v\n%s", facts, d)
		}
	}
}

// An input belongs to one program.
func TestInputOfAnotherProgram(t *testing.T) {
	a := engineWith(t, rules("- {id: A, kind: forbid, ~}\n")).Program()
	b := engineWith(t, rules("- {id: B, kind: forbid, ~}\n")).Program()
	in := a.NewInput()
	facts := request("").Facts
	expectError(t, "encode", b.Encode(in, facts, time.Time{}), "usage another program|NewInput")
	if err := a.Encode(in, facts, time.Time{}); err != nil {
		t.Fatal(err)
	}
	var res Result
	expectError(t, "evaluate", b.Evaluate(in, comity.MissingReview, &res), "usage another program")
	if err := a.Evaluate(in, comity.MissingReview, &res); err != nil || res.Effect() != comity.Deny {
		t.Errorf("%s %v", res.Effect(), err)
	}
}

// Many goroutines get the answers that one gets.
func TestConcurrentDecide(t *testing.T) {
	e := engineAll(t)
	r := rand.New(rand.NewPCG(8, 8))
	reqs := make([]comity.Request, 40)
	want := make([]string, len(reqs))
	for i := range reqs {
		reqs[i] = comity.Request{Facts: gen.Facts(r, e.Program().model), Explain: i%4 == 0}
		if i%7 == 0 {
			reqs[i].KnownAt = must(ParseTime("2021-01-01"))
		}
		want[i] = answerJSON(t, e, reqs[i])
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range scale(120) {
				k := (i*7 + g*5) % len(reqs)
				if got := answerJSON(t, e, reqs[k]); got != want[k] {
					t.Errorf("request %d differs:\n%s\n%s", k, want[k], got)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Reload swaps everything at once: each answer comes wholly from one state, and a reload
// that fails changes nothing.
func TestReloadIsAtomic(t *testing.T) {
	two := func(id string) Options {
		return Options{NoEmbedded: true, Folders: []Folder{folder(
			law("a EU treaty UTC", "requirements: [{id: A"+id+", kind: forbid, ~}]"),
			law("b EU treaty UTC", "requirements: [{id: B"+id+", kind: forbid, ~}]"))}}
	}
	e, err := New(two("1"))
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string]string{e.Program().Hash(): "A1 B1"}
	if err := e.Reload(two("2")); err != nil {
		t.Fatal(err)
	}
	programs[e.Program().Hash()] = "A2 B2"
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				d, err := e.Decide(request(""))
				if got := fmt.Sprint(d.Applicable); err != nil || got != "["+programs[d.Program]+"]" {
					t.Errorf("%v: %s from %s", err, got, d.Program)
					return
				}
			}
		})
	}
	for i := range scale(20) {
		if err := e.Reload(two(fmt.Sprint(1 + i%2))); err != nil {
			t.Error(err)
		}
		bad := two("1")
		bad.Folders[0].FS = folder("\nid: c\nformat: comity/v9\n").FS
		if err := e.Reload(bad); comity.CodeOf(err) != comity.CodePack {
			t.Errorf("a bad pack: %v", err)
		}
		if programs[e.Program().Hash()] == "" {
			t.Error("a reload that failed changed the program")
		}
	}
	close(stop)
	wg.Wait()
}

var _ = pack.DayMax
