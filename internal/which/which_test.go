// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package which

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/frameworks"
	"github.com/comity-project/comity/internal/pack"
)

func questions(t testing.TB) *Questions {
	t.Helper()
	q, err := Read(frameworks.FS)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func program(t testing.TB) *engine.Program {
	t.Helper()
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return eng.Program()
}

// given reads facts such as "users_in=DE,US biometrics=true".
func given(text string) map[string]any {
	facts := map[string]any{}
	for _, w := range strings.Fields(text) {
		name, v, _ := strings.Cut(w, "=")
		facts[name] = v
	}
	return facts
}

func ask(t testing.TB, prog *engine.Program, facts map[string]any, on string) map[string]Answer {
	t.Helper()
	b, err := questions(t).NewBusiness(prog.Model().Vocab, facts)
	if err != nil {
		t.Fatal(err)
	}
	day, err := pack.ParseDay(on)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := b.Ask(prog, day)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Answer{}
	for _, a := range rep.Answers {
		out[a.ID] = a
	}
	return out
}

// short is an answer in a few words.
func short(a Answer) string {
	s := string(a.Status)
	if a.From != "" {
		s += " from " + a.From
	}
	var forks []string
	for _, f := range a.Facts {
		forks = append(forks, f.Text())
	}
	word := " | "
	if a.Together {
		word = " & "
	}
	return strings.TrimSpace(s + " " + strings.Join(forks, word))
}

// What well-known businesses are told.
func TestBusinesses(t *testing.T) {
	prog := program(t)
	for _, c := range []struct {
		facts string
		want  map[string]string
	}{
		{"us_health_data=true established_in=US users_in=US", map[string]string{
			"us_hipaa": "law", "us_tax_records": "law", "us_ca_ccpa": "depends users_in (US-CA)",
			"eu_gdpr": "not_at_issue established_in is US, not EU | users_in is US, not EU", "iso27001": "recommended",
		}},
		{"enterprise_software=true established_in=US users_in=US-NY", map[string]string{"soc2": "contract", "iso27001": "recommended", "pci_dss": "depends card_payments (true)"}},
		{"card_payments=true established_in=DE users_in=DE", map[string]string{"pci_dss": "contract", "eu_gdpr": "law", "us_tax_records": "not_at_issue established_in is DE, not US"}},
		{"users_in=EU", map[string]string{"eu_gdpr": "law", "eu_eprivacy": "depends marketing (true) | cookies (true) | communications (true)", "eu_us_dpf": "not_at_issue"}},
		{"users_in=EU cookies=true", map[string]string{"eu_eprivacy": "law"}},
		{"global_sales=true", map[string]string{"eu_gdpr": "law", "br_lgpd": "law", "cn_pipl": "law", "uk_gdpr": "law", "iso27001": "recommended", "eu_dpd_95_46": "not_at_issue"}},
		{"ai_decisions=true users_in=DE,US-CO established_in=US", map[string]string{"eu_ai_act": "law", "us_co_ai_act": "law from 2027-01-01", "eu_gdpr": "law", "nist_ai_rmf": "recommended"}},
		{"ai_hiring=true employees_in=US-NY-NYC", map[string]string{"us_ny_nyc_ll144": "law"}},
		{"ai_hiring=false employees_in=US-NY-NYC", map[string]string{"us_ny_nyc_ll144": "not_at_issue ai_hiring is false, not true"}},
		{"biometrics=true", map[string]string{"us_il_bipa": "depends users_in (US-IL) | employees_in (US-IL)"}},
		{"children=true users_in=US", map[string]string{"us_coppa": "law"}},
		{"users_in=US-VA consumers_count=99999", map[string]string{"us_va_cdpa": "depends sale_revenue_share_pct (51 or more)"}},
		{"users_in=US-VA consumers_count=99999 sale_revenue_share_pct=0", map[string]string{
			"us_va_cdpa": "not_at_issue consumers_count is 99999, not 100000 or more | sale_revenue_share_pct is 0, not 51 or more",
		}},
		{"users_in=US-VA consumers_count=100000", map[string]string{"us_va_cdpa": "law"}},
		{"users_in=US-VA", map[string]string{"us_va_cdpa": "depends consumers_count (100000 or more)"}},
		{"established_in=MX", map[string]string{
			"usmca": "depends localised_by (US)", "company_example": "not_at_issue", "cn_secrecy": "not_at_issue established_in is MX, not CN",
		}},
		{"established_in=MX localised_by=CA", map[string]string{"usmca": "law", "eu_free_flow": "not_at_issue localised_by is CA, not EU"}},
		{"established_in=DE localised_by=PL", map[string]string{"eu_free_flow": "law"}},
		{"established_in=CN state_secrets=true", map[string]string{"cn_secrecy": "law"}},
	} {
		got := ask(t, prog, given(c.facts), "2026-11-21")
		for id, want := range c.want {
			if s := short(got[id]); s != want {
				t.Errorf("%s: %s is %q, want %q", c.facts, id, s, want)
			}
		}
	}
}

// Every answer has its reason: what is required names activities or a text with citations,
// what is not names facts or says why none decides, and what counts is numbered without gap.
func TestReasons(t *testing.T) {
	prog := program(t)
	for _, facts := range []string{"global_sales=true ai_decisions=true card_payments=true", "users_in=none established_in=US", "biometrics=false"} {
		answers := ask(t, prog, given(facts), "2026-11-21")
		var starts []int
		for id, a := range answers {
			switch a.Status {
			case Law:
				if len(a.Because) == 0 || a.Reach == "" || len(a.Citations) == 0 {
					t.Errorf("%s: %s is law without a reason: %+v", facts, id, a)
				}
			case Contract, Recommended:
				if a.Reach == "" || len(a.Citations) == 0 {
					t.Errorf("%s: %s has no reason", facts, id)
				}
			case Uncovered:
				t.Errorf("%s: %s is covered by no activity", facts, id)
			default:
				if len(a.Facts) == 0 && a.Note == "" {
					t.Errorf("%s: %s is %s without a reason", facts, id, a.Status)
				}
			}
			if a.Start > 0 {
				starts = append(starts, a.Start)
			}
		}
		slices.Sort(starts)
		for i, n := range starts {
			if n != i+1 {
				t.Errorf("%s: where to start is numbered %v", facts, starts)
				break
			}
		}
	}
}

// Nothing is guessed: what is required or ruled out stays so, whatever else is told later.
func TestMoreFactsNeverTurnAnAnswer(t *testing.T) {
	prog, q := program(t), questions(t)
	r := rand.New(rand.NewPCG(7, 9))
	places := []string{"DE", "US", "US-CA", "US-IL", "US-NY-NYC", "CN", "BR", "GB", "none", "EU", "RU,CH"}
	random := func(f *Fact) any {
		switch f.Type {
		case typeRegions:
			return places[r.IntN(len(places))]
		case typeInt:
			return []string{"0", "50000", "30000000"}[r.IntN(3)]
		}
		return []string{"true", "false"}[r.IntN(2)]
	}
	for range 6 {
		few, more := map[string]any{}, map[string]any{}
		for _, f := range q.Facts {
			if f.Everywhere != "" {
				continue
			}
			if x := r.IntN(3); x < 2 {
				more[f.Name] = random(f)
				if x == 0 {
					few[f.Name] = more[f.Name]
				}
			}
		}
		before, after := ask(t, prog, few, "2026-11-21"), ask(t, prog, more, "2026-11-21")
		for id, a := range before {
			b := after[id]
			if (a.Status == Law || a.Status == NotAtIssue || a.Status == Contract) && a.Status != b.Status {
				t.Errorf("%s was %q with %v and is %q with %v", id, short(a), few, short(b), more)
			}
		}
	}
}

// A wrong fact is an error that says what to do.
func TestBadFacts(t *testing.T) {
	v := program(t).Model().Vocab
	for text, want := range map[string]string{
		"user_in=DE":                           `unknown fact "user_in" about a business; did you mean "users_in"?`,
		"users_in=XX":                          `users_in: unknown region "XX"`,
		"biometrics=maybe":                     `biometrics: "maybe" is neither true nor false; write true or false`,
		"annual_revenue_usd=-1":                `annual_revenue_usd: "-1" is no number from 0`,
		"global_sales=false users_in=DE,WORLD": "global_sales: global_sales is false, but users_in is everywhere",
	} {
		_, err := questions(t).NewBusiness(v, given(text))
		var e *comity.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// Data that names what does not exist is refused.
func TestReadRefuses(t *testing.T) {
	good := "format: comity/v1\nfacts:\n  a: {type: bool, text: A.}\nactivities: []\n"
	for _, c := range []struct{ business, other string }{
		{"", "format: comity/v1\n"},
		{strings.Replace(good, "v1", "v2", 1), "format: comity/v1\n"},
		{strings.Replace(good, "bool", "number", 1), "format: comity/v1\n"},
		{strings.Replace(good, "activities: []", "activities: [{id: x, when: [b]}]", 1), "format: comity/v1\n"},
		{strings.Replace(good, "activities: []", "activities: [{id: x, each: [a]}]", 1), "format: comity/v1\n"},
		{strings.Replace(good, "activities: []", "activities: [{id: x, facts: {purpose: $b}}]", 1), "format: comity/v1\n"},
		{good, "format: comity/v1\nframeworks: [{id: x, rules: [{status: law}]}]\n"},
		{good, "format: comity/v1\nmore: []\n"},
	} {
		_, err := Read(fstest.MapFS{"business.yaml": {Data: []byte(c.business)}, "frameworks.yaml": {Data: []byte(c.other)}})
		if err == nil {
			t.Errorf("accepted:\n%s%s", c.business, c.other)
		}
	}
	if _, err := Read(fstest.MapFS{"business.yaml": {Data: []byte(good)}, "frameworks.yaml": {Data: []byte("format: comity/v1\n")}}); err != nil {
		t.Error(err)
	}
}

// Facts that settle it only together are named together, and no more of them than needed.
func TestSolve(t *testing.T) {
	fact := func(name string) *Fact { return &Fact{Name: name, Type: typeBool} }
	a, b, c := fact("a"), fact("b"), fact("c")
	to := func(f *Fact) change { return change{fact: f, to: value{yes: true}} }
	both := func(p profile) bool { return p["a"].yes && p["b"].yes }
	names := func(s solution) string {
		var out []string
		for _, x := range s.changes {
			out = append(out, x.fact.Name)
		}
		return strings.Join(out, " ")
	}
	if s := solve(both, profile{}, []change{to(c), to(a), to(b)}, nil); s.verdict != hangs || !s.together || names(s) != "a b" {
		t.Errorf("%+v", s)
	}
	if s := solve(both, profile{}, []change{to(a), to(c)}, []change{to(b)}); s.verdict != excluded || s.together || names(s) != "b" {
		t.Errorf("%+v", s)
	}
	if s := solve(both, profile{}, []change{to(c)}, []change{to(b)}); s.verdict != uncovered {
		t.Errorf("%+v", s)
	}
	if s := solve(both, profile{"a": {yes: true}, "b": {yes: true}}, nil, nil); s.verdict != holds {
		t.Errorf("%+v", s)
	}
}

// A rule of the company and an industry standard are no law.
func TestOtherWeights(t *testing.T) {
	text := func(weight string) []byte {
		return []byte("format: comity/v1\nid: mine\nname: Mine\nversion: 1.0.0\norder: INT\nweight: " + weight + "\nzone: UTC\nreviewed: 2026-01-01\n" +
			"instruments: [{cite: Rule}]\nreach: {when: controller_type == company, cite: Rule, text: {en: Every company.}}\n" +
			"requirements:\n- {id: MINE-1, kind: forbid, cite: Rule 1, text: {en: No.}, when: operation == collect}\n")
	}
	for weight, want := range map[string]string{"company": "own", "industry": "contract"} {
		eng, err := engine.New(engine.Options{NoEmbedded: true, Folders: []engine.Folder{{Name: "t", FS: fstest.MapFS{"mine/pack.yaml": {Data: text(weight)}}}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := short(ask(t, eng.Program(), given("users_in=DE"), "2026-11-21")["mine"]); got != want {
			t.Errorf("%s: %s, want %s", weight, got, want)
		}
	}
}
