// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"encoding/json"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// event is what the log gets of a decision: what an auditor reads in the leaf, and in the
// payload what he needs to judge it and to compute the answer again.
func (q *question) event(dec *comity.Decision) (audit.Event, error) {
	c := &q.room.text
	c.b, c.err = slices.Grow(c.b[:0], 2048), nil
	if c.answer(dec); c.err != nil {
		return audit.Event{}, c.err
	}
	answer := c.b[:len(c.b):len(c.b)]
	var err error
	e := audit.Event{
		ID: dec.ID, Type: audit.TypeDecision, Action: q.firstText("operation"), Time: q.now, Tenant: q.req.Tenant,
		Region: q.firstText("subject_location"), Jurisdictions: q.jurisdictions(dec), Effect: dec.Effect,
		Requirements: dec.Applicable, Program: dec.Program, Answer: answer, Outcome: audit.Success,
		Subject: q.req.Subject, Principal: q.principal(), Caller: q.caller.ID,
		Resource: audit.Resource{Type: q.firstText("resource_type"), ID: q.firstText("resource_id")},
	}
	if places := q.texts("subject_location"); len(places) > 1 {
		e.Regions = slices.Clone(places[1:])
	}
	if e.Payload, err = q.payload(dec, e.Jurisdictions, c); err != nil {
		return audit.Event{}, err
	}
	if q.req.IdempotencyKey == "" {
		return e, nil
	}
	e.IdempotencyKey = q.req.IdempotencyKey
	if e.Request, err = canonicalRequest(q.asked); err != nil {
		return e, err
	}
	// A repetition gets this text back.
	whole, err := canonical(dec)
	e.Payload = append(e.Payload, audit.Member{Name: "decision", Value: audit.Raw(whole)})
	return e, err
}

func modeOf(m comity.Mode) comity.Mode {
	if m == "" {
		return comity.MissingReview
	}
	return m
}

func (q *question) jurisdictions(dec *comity.Decision) []string {
	out := q.room.orders[:0]
	for _, p := range dec.Packs {
		out = append(out, q.state.orders[p.ID])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// principal is who acts: as the envelope says, or the facts, else the caller himself.
func (q *question) principal() string {
	if q.req.Principal != "" {
		return q.req.Principal
	}
	if id := q.firstText("principal_id"); id != "" {
		return id
	}
	return q.caller.ID
}

// retentionEnd is the earliest day by which a condition or duty asks to delete.
func retentionEnd(dec *comity.Decision) string {
	first := ""
	for _, c := range dec.Conditions {
		if c.Action != nil && c.Action.Type == "delete_by" && c.Due != "" && (first == "" || c.Due < first) {
			first = c.Due
		}
	}
	return first
}

// firstText is the first value of a text fact, of the first part that has one.
func (q *question) firstText(name string) string {
	for i := range q.origins {
		switch v := q.facts(i)[name].(type) {
		case string:
			if v != "" {
				return v
			}
		case []string:
			for _, s := range v {
				if s != "" {
					return s
				}
			}
		case []any:
			for _, x := range v {
				if s, _ := x.(string); s != "" {
					return s
				}
			}
		}
	}
	return ""
}

// facts are those of a part, or of the request as a whole.
func (q *question) facts(part int) comity.Facts {
	if q.req.Parts != nil {
		return q.req.Parts[part]
	}
	return q.req.Facts
}

// texts are the values of a text fact over all parts, in their order, each once. They are
// valid until the next call.
func (q *question) texts(name string) []string {
	out := q.room.texts[:0]
	for i := range q.origins {
		switch v := q.facts(i)[name].(type) {
		case string:
			out = addText(out, v)
		case []string:
			for _, s := range v {
				out = addText(out, s)
			}
		case []any:
			for _, x := range v {
				if s, ok := x.(string); ok {
					out = addText(out, s)
				}
			}
		}
	}
	return out
}

func addText(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// canonicalRequest is what a repetition of a request must equal.
func canonicalRequest(r comity.Request) ([]byte, error) {
	return canonical(map[string]any{
		"facts": r.Facts, "parts": r.Parts, "subject": r.Subject, "principal": r.Principal, "tenant": r.Tenant,
		"explain": r.Explain, "missing": modeOf(r.Missing), "known_at": r.KnownAt, "want": r.Want, "candidates": r.Candidates,
	})
}

// canonical is the JSON of RFC 8785.
func canonical(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err == nil {
		err = (*jsontext.Value)(&text).Canonicalize()
	}
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "encode", Err: err}
	}
	return text, nil
}
