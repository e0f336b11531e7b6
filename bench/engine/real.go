// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"fmt"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// RealCase is an operation that courts or authorities judged, as a request.
type RealCase struct {
	Name   string
	Effect comity.Effect // with missing=ignore
	JSON   string
}

// RealCases are a few of very different kind: two orders in conflict, an
// adequacy decision, health data, an exclusion, transit, lists of regions and
// of data, and a question that the law leaves open.
func RealCases() []RealCase {
	return []RealCase{
		{"erasure against a tax record abroad", comity.Review, `{"operation":"delete","request_type":"erasure","controller_type":"company","date":"2024-05-01","subject_location":["DE"],"controller_establishment":["US"],"targets":["DE"],"data_categories":["transaction","tax_record"],"purpose":"tax","retention_rules":["26 CFR 1.6001-1"],"retention_elapsed":false}`},
		{"Schrems I, the day before", comity.Allow, `{"operation":"transfer","subject_location":["EEA"],"controller_establishment":["IE"],"data_categories":["contact","behavioural"],"data_state":"plaintext","from_region":"EEA","to_region":"US","date":"2015-10-05","transfer_mechanism":"safe_harbor","importer_certified":true}`},
		{"Lindenapotheke", comity.Deny, `{"date":"2024-10-04","operation":"collect","subject_location":["DE"],"controller_establishment":["DE"],"data_categories":["transaction","health"],"purpose":"contract_performance","legal_basis":"contract","consent":"none"}`},
		{"Mosby v. Ingalls", comity.Allow, `{"operation":"collect","subject_location":["US-IL"],"controller_establishment":["US-IL"],"data_categories":["biometric"],"date":"2023-12-15","subject_role":"employee","controller_type":"hospital","purpose":"treatment","consent":"none"}`},
		{"transit through China", comity.Allow, `{"operation":"transfer","subject_location":["DE"],"controller_establishment":["CN"],"controller_type":"company","from_region":"CN","date":"2024-06-01","collected_in":"DE","to_region":"DE","transfer_kind":"transit","data_categories":["contact"],"purpose":"vendor_processing","transfer_mechanism":"none","persons_this_year":2000000}`},
		{"Uber and Ola, robo-firing", comity.Deny, `{"date":"2023-04-04","operation":"automated_decision","subject_location":["GB","PT"],"subject_role":"driver","controller_establishment":["NL"],"controller_type":"platform","data_categories":["behavioural","location_precise"],"purpose":"gig_work_management","significant_effect":true,"human_review":"formal","art22_exception":"none","explanation_given":false}`},
		{"clauses to an importer under the GDPR", comity.Review, `{"operation":"transfer","subject_location":["EEA"],"controller_establishment":["NL"],"data_categories":["contact","behavioural"],"data_state":"plaintext","from_region":"EEA","to_region":"US","date":"2022-06-01","transfer_mechanism":"scc_2021","importer_subject_to_gdpr":true,"tia":"adequate"}`},
	}
}

// candidates are 60 countries to ask for permitted regions.
const candidates = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO " +
	"GB CH US CA MX BR AR CL CO PE UY JP KR CN TW SG IN ID MY TH VN PH AU NZ ZA NG KE IL TR AE"

// Real asks one of the real cases under the embedded packs in several ways.
type Real struct {
	Engine *engine.Engine
	Case   RealCase

	program *engine.Program
	input   *engine.Input
	request comity.Request
	asks    map[string]comity.Request
	result  engine.Result
	buf     []byte
}

// NewReal prepares a case and asserts its effect.
func NewReal(e *engine.Engine, c RealCase) (*Real, error) {
	r := &Real{Engine: e, Case: c, program: e.Program()}
	var err error
	if r.request, err = engine.DecodeRequest([]byte(c.JSON)); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	r.input = r.program.NewInput()
	if err := r.program.Encode(r.input, r.request.Facts, time.Time{}); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	if err := r.program.Evaluate(r.input, comity.MissingIgnore, &r.result); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	if got := r.result.Effect(); got != c.Effect {
		return nil, fmt.Errorf("%s: got %s, want %s", c.Name, got, c.Effect)
	}
	regions := r.request
	regions.Want, regions.Candidates = []string{"regions"}, strings.Fields(candidates)
	r.asks = map[string]comity.Request{"decide": r.request, "regions": regions}
	return r, nil
}

// RealWays names the ways to ask, in the order of a report.
func RealWays() []string {
	return []string{"encoded", "map", "decide", "regions", "json", "explain"}
}

// Ask asks n times: "encoded" evaluates an encoded input into a reused result,
// "map" also encodes it; "decide" gives the whole decision; "regions" that and
// the permitted of 60 regions; "json" goes from JSON text to JSON text, and
// "explain" too, with the explanation.
func (r *Real) Ask(way string, n int) error {
	for range n {
		if err := r.ask(way); err != nil {
			return fmt.Errorf("%s, %s: %w", r.Case.Name, way, err)
		}
	}
	return nil
}

func (r *Real) ask(way string) error {
	switch way {
	case "encoded":
		return r.evaluate()
	case "map":
		if err := r.program.Encode(r.input, r.request.Facts, time.Time{}); err != nil {
			return err
		}
		return r.evaluate()
	case "decide", "regions":
		_, err := r.Engine.Decide(r.asks[way])
		return err
	}
	return r.text(way == "explain")
}

func (r *Real) evaluate() error {
	return r.program.Evaluate(r.input, comity.MissingReview, &r.result)
}

func (r *Real) text(explain bool) error {
	request, err := engine.DecodeRequest([]byte(r.Case.JSON))
	if err != nil {
		return err
	}
	request.Explain = explain
	decision, err := r.Engine.Decide(request)
	if err != nil {
		return err
	}
	r.buf, err = decision.AppendJSON(r.buf[:0])
	return err
}
