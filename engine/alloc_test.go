// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"github.com/comity-project/comity"
)

// allocQuestions are real questions, with single values and with several.
var allocQuestions = map[string]string{
	"single":     "operation=transfer date=2025-10-01 subject_location=DE controller_establishment=IE data_categories=contact data_state=plaintext from_region=DE to_region=US transfer_mechanism=dpf importer_certified=true purpose=analytics",
	"several":    "operation=transfer date=2025-10-01 subject_location=DE,FR controller_establishment=IE data_categories=contact,behavioural,health data_state=plaintext from_region=DE to_region=US transfer_mechanism=scc_2021 tia=adequate legal_basis=contract",
	"groups":     "operation=transfer date=2025-10-01 subject_location=EEA controller_establishment=IE data_categories=contact,behavioural from_region=EEA to_region=US transfer_mechanism=dpf importer_certified=true",
	"denied":     "operation=collect date=2024-10-04 subject_location=DE controller_establishment=DE data_categories=transaction,health purpose=contract_performance legal_basis=contract consent=none",
	"conflict":   "operation=delete request_type=erasure date=2024-05-01 subject_location=DE controller_type=company controller_establishment=US targets=DE data_categories=transaction,tax_record purpose=tax retention_rules=26_CFR_1.6001-1",
	"outside":    "operation=collect date=2023-12-15 subject_location=US-IL controller_establishment=US-IL data_categories=biometric controller_type=hospital subject_role=employee purpose=treatment consent=none",
	"ages":       "operation=retain date=2025-10-01 subject_location=DE controller_establishment=DE data_categories=contact collected_at=2019-01-31 subject_born_on=2008-02-29 last_contact_at=2021-05-05",
	"incomplete": "operation=transfer date=2025-10-01 subject_location=CN data_categories=contact targets=-",
	"many":       "operation=process date=2025-10-01 purpose=marketing consent=none controller_establishment=IE subject_location=DE,FR,AT,CN,US-CA,GB,US-IL,JP,IN,BR data_categories=contact,health,genetic,biometric,photo,ethnicity,political,religion",
}

// A reused Result needs no memory, whatever the question.
func TestEvaluateDoesNotAllocate(t *testing.T) {
	p := embedded(t)
	in := p.NewInput()
	for name, words := range allocQuestions {
		if err := p.Encode(in, request(words).Facts, time.Time{}); err != nil {
			t.Fatal(err)
		}
		for _, mode := range modes {
			var res Result
			evaluate := func() {
				if err := p.Evaluate(in, mode, &res); err != nil {
					t.Fatal(err)
				}
			}
			evaluate()
			if n := testing.AllocsPerRun(50, evaluate); n != 0 {
				t.Errorf("%s, %s (%d combinations, %s): %v allocations", name, mode, in.combos, res.Effect(), n)
			}
		}
	}
}

// What a whole decision and its JSON take, from a map of facts, and with explanation:
// counted so that it only falls.
func TestDecideAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs the short tests, empties pools at random")
	}
	e := must(New(Options{}))
	var buf []byte
	for name, most := range map[string][2]float64{
		"single": {17, 44}, "several": {32, 58}, "groups": {17, 44}, "denied": {41, 84}, "conflict": {79, 92},
		"outside": {8, 13}, "ages": {41, 71}, "incomplete": {7, 87}, "many": {98, 181},
	} {
		for k, explain := range []bool{false, true} {
			req := request(allocQuestions[name])
			req.Explain = explain
			decide := func() {
				d, err := e.Decide(req)
				if err != nil {
					t.Fatal(err)
				}
				if buf, err = d.AppendJSON(buf[:0]); err != nil {
					t.Fatal(err)
				}
			}
			decide()
			// The pool of workers may lose one to the collector meanwhile.
			if n := testing.AllocsPerRun(50, decide); n > most[k]+2 {
				t.Errorf("%s, explain %v: %v allocations, more than %v", name, explain, n, most[k])
			}
		}
	}
}

// Texts for single enums, the common case, are encoded without memory. Other facts are read
// by ParseValue, which allocates; how much is bounded here so that it only falls.
func TestEncodeAllocations(t *testing.T) {
	p := embedded(t)
	in := p.NewInput()
	at := time.Date(2025, 10, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		facts comity.Facts
		most  float64
	}{
		{comity.Facts{
			"operation": "process", "purpose": "marketing", "data_categories": "contact", "legal_basis": "contract",
			"data_state": "plaintext", "transfer_mechanism": "scc_2021", "tia": "adequate", "controller_type": "company",
		}, 0},
		{comity.Facts{"subject_location": "DE"}, 2},
		{comity.Facts{"to_region": "US"}, 2},
		{comity.Facts{"date": "2025-10-01"}, 1},
		{comity.Facts{"date": at}, 1},
		{comity.Facts{"notice_given": true}, 1},
		{comity.Facts{"consent": "opt_in"}, 2},
		{comity.Facts{"data_categories": []any{"contact"}}, 2},
		{comity.Facts{"data_categories": []string{"contact", "health"}}, 5},
		{comity.Facts{"tenant": "a"}, 2},
		{comity.Facts{"subject_age": 15}, 5},
	} {
		encode := func() {
			if err := p.Encode(in, c.facts, at); err != nil {
				t.Fatal(err)
			}
		}
		encode()
		if n := testing.AllocsPerRun(50, encode); n > c.most {
			t.Errorf("%v: %v allocations, more than %v", c.facts, n, c.most)
		}
	}
}
