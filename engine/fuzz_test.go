// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/naive/gen"
)

// FuzzFacts: no bytes make a decision panic; what is refused is refused with a code, and
// what is answered is answered the same twice and survives its encoding.
func FuzzFacts(f *testing.F) {
	for _, s := range []string{
		`{"operation": "process", "date": "2024-05-01", "subject_location": ["DE", "EEA"], "data_categories": "health", "purpose": "marketing", "consent": []}`,
		`{"facts": [{"purpose": "tax"}, {"purpose": "research", "subject_age": 15}], "defaults": {"operation": "collect", "date": "2024-05-01T23:59:59+02:00", "targets": "DE"}, "explain": true}`,
		`{"facts": {"operation": "delete", "date": "2024-05-01", "request_type": "erasure", "retention_rules": ["AO s. 147 (DE)", "x ("], "retention_elapsed": false}, "want": ["regions"], "candidates": ["DE", "US"], "known_at": "2020-01-01", "missing": "ignore"}`,
		`{"operation": "transfer", "date": "2024-02-29", "transfer_mechanism": "foreign_order", "from_region": "DE", "to_region": "US", "breach_hours": 1e3, "collected_at": "2020-02-29"}`,
		`{"operation": "notify_breach", "date": "0001-01-01", "breach_known_at": "0001-01-01T00:00:00Z", "bias_audit_date": "9999-12-31", "subject_age": 1000000}`,
		`{"date": "2024-02-30"}`, `{"a": {"b": [1, null, "\ud800"]}}`, "{\"date\": \"\xff\"}", `[[[[`, ``, `{"subject": {"id": 1}, "facts": 7}`,
	} {
		f.Add([]byte(s))
	}
	e, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := DecodeRequest(data)
		if err != nil {
			coded(t, err)
			return
		}
		d, err := e.Decide(req)
		if err != nil {
			coded(t, err)
			return
		}
		first, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if again := answerJSON(t, e, req); again != string(first) {
			t.Errorf("%s\n%s\n%s", data, first, again)
		}
		var back comity.Decision
		if err := json.Unmarshal(first, &back); err != nil || back.Effect != d.Effect {
			t.Errorf("%v: %s", err, first)
		}
	})
}

// coded wants an error with a code that blames the input.
func coded(t testing.TB, err error) {
	t.Helper()
	var ce *comity.Error
	if !errors.As(err, &ce) || ce.Code == comity.CodeInternal || ce.Code == comity.CodePack || ce.Code == "" || err.Error() == "" {
		t.Errorf("%v has code %q", err, comity.CodeOf(err))
	}
}

// FuzzDifferential: for any seed, the engine and the naive interpreter agree on random
// packs and questions, on permitted regions, and on residuals.
func FuzzDifferential(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, seed*977)
	}
	// A declared retention law against a foreign order: their orders change members in UTC.
	f.Add(uint64(26), uint64(5887))
	// No rule but the index answers: the outside nodes are those of this question all the same.
	f.Add(uint64(5), uint64(2112))
	f.Fuzz(func(t *testing.T, seed, stream uint64) {
		r := rand.New(rand.NewPCG(seed, stream))
		m, err := gen.Model(r)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		in, other := p.NewInput(), p.NewInput()
		var res Result
		for range 4 {
			facts := comity.Facts(gen.Facts(r, m))
			checkAgainstNaive(t, p, in, facts, &res)
			checkRegions(t, p, in, other, facts, m.Vocab.Regions().Codes())
			mode := modes[r.IntN(2)]
			known, free := split(r, p, facts)
			if rest := residualOf(t, p, known, free, mode); rest != nil {
				checkRows(t, p, in, known, rowsOf(r, p, facts, free, 2), mode, rest)
			}
			if comparesAges(m) {
				continue
			}
			from := time.Date(2024, time.Month(1+r.IntN(12)), r.IntN(31), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
			checkInstant(t, p, in, settledFacts(m, facts), mode, from, r)
		}
	})
}
