// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"maps"
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

const declaredFile = `
schema: comity/events/v1
types:
  loan_offer:
    text: A loan was offered.
    needs: [actor, subject, success]
    fields:
      amount: {type: number, required: true, min: 0, max: 1000000}
      currency: {type: string, required: true, values: [EUR, USD]}
      months: {type: integer}
      reasons: {type: "[string]"}
      tags: {type: [any]}
      signed: {type: instant}
      binding: {type: bool}
      extra: {type: object}
  anything:
    open: true
`

func declaredTypes(t *testing.T) *Types {
	t.Helper()
	types, err := ParseTypes("events.yaml", []byte(declaredFile))
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func inference() Event {
	return Event{Type: TypeAIInference, Principal: "scorer", Outcome: Success, Details: map[string]any{
		"model_version": "risk-3.1", "prediction": map[string]any{"grade": "B"}, "confidence": 0.93,
		"features": []any{"income", "age"}, "located_in": "DE", "stored_in": []any{"DE", "FR"}, "processed_in": "DE", "note": "more is welcome",
	}}
}

func offer() Event {
	return Event{Type: "loan_offer", Principal: "app", Outcome: Success, Subject: comity.Subject{ID: "p"}, Details: map[string]any{
		"amount": 1200.5, "currency": "EUR", "months": 12.0, "reasons": []any{"income"}, "tags": []any{1, "a"},
		"signed": "2026-03-01T10:00:00Z", "binding": true, "extra": map[string]any{"a": 1},
	}}
}

func TestCheckAccepts(t *testing.T) {
	types := declaredTypes(t)
	for name, e := range map[string]Event{
		"an inference":     inference(),
		"a declared type":  offer(),
		"an open type":     {Type: "anything", Details: map[string]any{"a": 1}},
		"an access":        {Type: TypeDataAccess, Principal: "a", Action: "read", Resource: Resource{ID: "r"}, Outcome: Failure},
		"an entry":         {Type: TypeSystemAccess, Principal: "a", Outcome: Success},
		"a key's use":      {Type: TypeKeyUse, Principal: "a", Action: "sign", Resource: Resource{Type: "key", ID: "k"}, Outcome: Success},
		"absent is no bad": {Type: "loan_offer", Principal: "a", Outcome: Failure, Subject: comity.Subject{ID: "p"}, Details: map[string]any{"amount": 0, "currency": "USD", "months": nil}},
	} {
		if err := types.Check(&e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	types := declaredTypes(t)
	detail := func(base func() Event, key string, v any) Event {
		e := base()
		e.Details = maps.Clone(e.Details)
		if v == nil {
			delete(e.Details, key)
		} else {
			e.Details[key] = v
		}
		return e
	}
	typo := detail(inference, "confidence", nil)
	typo.Details["confidance"] = 0.5
	noActor := offer()
	noActor.Principal = ""
	for name, c := range map[string]struct {
		e    Event
		code comity.Code
		says string
	}{
		"no type":                {Event{}, comity.CodeInvalid, "type is missing"},
		"a typing error":         {Event{Type: "data_acces"}, comity.CodeUnknown, `did you mean "data_access"?`},
		"nothing like it":        {Event{Type: "zzzzzzzzzzzzzzzz"}, comity.CodeUnknown, "is not declared; use ai_inference"},
		"a type of our own":      {Event{Type: TypeDecision}, comity.CodeForbidden, "written by the log itself"},
		"erasure by hand":        {Event{Type: TypeSubjectErased}, comity.CodeForbidden, "written by the log itself"},
		"no actor":               {noActor, comity.CodeInvalid, "actor is missing"},
		"no resource":            {Event{Type: TypeDataDisposal, Principal: "a", Outcome: Success}, comity.CodeInvalid, "resource is missing"},
		"no success":             {Event{Type: TypeAuthentication, Principal: "a"}, comity.CodeInvalid, "success is missing"},
		"no model version":       {detail(inference, "model_version", nil), comity.CodeInvalid, "details.model_version is missing"},
		"confidence misspelt":    {typo, comity.CodeInvalid, `did you mean "confidence"?`},
		"confidence as text":     {detail(inference, "confidence", "high"), comity.CodeInvalid, "not of type number"},
		"confidence of 93":       {detail(inference, "confidence", 93.0), comity.CodeInvalid, "out of bounds"},
		"no features":            {detail(inference, "features", []any{}), comity.CodeInvalid, "empty list"},
		"a place that is none":   {detail(inference, "stored_in", []any{"DE", 7.0}), comity.CodeInvalid, "(item 2)"},
		"an unknown field":       {detail(offer, "amounts", 1), comity.CodeUnknown, `did you mean "amount"?`},
		"another currency":       {detail(offer, "currency", "DM"), comity.CodeInvalid, "none of EUR, USD"},
		"half a month":           {detail(offer, "months", 1.5), comity.CodeInvalid, "not of type integer"},
		"a list of numbers":      {detail(offer, "reasons", []any{1.0}), comity.CodeInvalid, "not of type [string]"},
		"no instant":             {detail(offer, "signed", "yesterday"), comity.CodeInvalid, "not of type instant"},
		"text for a bool":        {detail(offer, "binding", "yes"), comity.CodeInvalid, "not of type bool"},
		"a list for an object":   {detail(offer, "extra", []any{}), comity.CodeInvalid, "not of type object"},
		"more than the greatest": {detail(offer, "amount", 1e7), comity.CodeInvalid, "out of bounds"},
	} {
		err := types.Check(&c.e)
		if comity.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v (%s), want %s, %q", name, err, comity.CodeOf(err), c.code, c.says)
		}
	}
}

func TestParseTypesJSON(t *testing.T) {
	types, err := ParseTypes("events.json", []byte(`{"schema": "comity/events/v1", "types": {"visit": {"fields": {"n": {"type": "integer", "required": true}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := types.Type("visit"); !ok || len(d.Fields) != 1 || !d.Fields[0].Required {
		t.Errorf("%+v", d)
	}
}

func TestParseTypesRefuses(t *testing.T) {
	file := func(types string) string { return "schema: comity/events/v1\ntypes: " + types }
	for name, c := range map[string]struct{ text, says string }{
		"no YAML":              {"types: [", "not valid YAML"},
		"nothing":              {"", "empty"},
		"text":                 {"hello", "not a mapping"},
		"no schema":            {"types: {a: {}}", "comity/events/v1"},
		"a newer schema":       {"schema: comity/events/v2\ntypes: {a: {}}", "comity/events/v1"},
		"no types":             {"schema: comity/events/v1", "declares nothing"},
		"an unknown key":       {file("{a: {feilds: {}}}"), `did you mean "fields"?`},
		"a key at the top":     {file("{a: {}}\ntype: x"), `did you mean "types"?`},
		"a built-in type":      {file("{data_access: {}}"), "exists already"},
		"a type of our own":    {file("{decision: {}}"), "exists already"},
		"a name with a dot":    {file("{log.mine: {}}"), "is no name"},
		"a name in capitals":   {file("{Loan: {}}"), "is no name"},
		"a need that is none":  {file("{a: {needs: [actors]}}"), `did you mean "actor"?`},
		"a field without type": {file("{a: {fields: {x: {required: true}}}}"), "type is missing"},
		"an unknown kind":      {file("{a: {fields: {x: {type: strng}}}}"), `did you mean "string"?`},
		"values of a number":   {file("{a: {fields: {x: {type: number, values: [a]}}}}"), "values are for strings"},
		"bounds of a string":   {file("{a: {fields: {x: {type: string, min: 1}}}}"), "min and max for numbers"},
		"required as text":     {file(`{a: {fields: {x: {type: string, required: "yes"}}}}`), "wrong type"},
		"an alias":             {"schema: comity/events/v1\ntypes: &a {a: *a}", "aliases"},
	} {
		_, err := ParseTypes("events.yaml", []byte(c.text))
		if comity.CodeOf(err) != comity.CodeInvalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}
