// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// Names of facts that the record of a decision shows in a place of their own.
var (
	dataFacts    = []string{"data_categories"}
	consentFacts = []string{"consent", "consent_defects", "purpose", "collected_for"}
	flowFacts    = [][2]string{ // member of the payload, fact
		{"accessed_from", "accessor_location"},
		{"collected", "collected_in"},
		{"from", "from_region"},
		{"inference", "inferred_in"},
		{"model", "model_in"},
		{"processing", "processed_in"},
		{"storage", "stored_in"},
		{"to", "to_region"},
	}
)

// event is what the log gets of a decision: what an auditor reads in the leaf, and in the
// payload what he needs to judge it and to compute the answer again.
func (q *question) event(dec *comity.Decision) (audit.Event, error) {
	answer, err := canonicalAnswer(dec)
	if err != nil {
		return audit.Event{}, err
	}
	e := audit.Event{
		ID: dec.ID, Type: audit.TypeDecision, Action: q.firstText("operation"), Time: q.now, Tenant: q.req.Tenant,
		Region: q.firstText("subject_location"), Jurisdictions: q.jurisdictions(dec), Effect: dec.Effect,
		Requirements: dec.Applicable, Program: dec.Program, Answer: answer, Outcome: audit.Success,
		Subject: q.req.Subject, Principal: q.principal(), Caller: q.caller.ID,
		Resource: audit.Resource{Type: q.firstText("resource_type"), ID: q.firstText("resource_id")},
	}
	e.Payload = audit.Object{
		{Name: "request", Value: q.request()},
		{Name: "context", Value: q.context(dec)},
	}
	add := func(name string, value any, has bool) {
		if has {
			e.Payload = append(e.Payload, audit.Member{Name: name, Value: value})
		}
	}
	classes := q.texts(dataFacts...)
	add("data_classes", classes, len(classes) > 0)
	conditions := conditionsOf(dec)
	add("conditions", conditions, len(conditions) > 0)
	flow := q.flow()
	add("flow", flow, len(flow) > 0)
	consent := q.consent()
	add("consent", consent, len(consent) > 0)
	until := retentionEnd(dec)
	add("retention_until", until, until != "")
	add("objections", q.objections, len(q.objections) > 0)
	if q.req.IdempotencyKey == "" {
		return e, nil
	}
	e.IdempotencyKey = q.req.IdempotencyKey
	if e.Request, err = canonicalRequest(q.asked); err != nil {
		return e, err
	}
	// A repetition gets this text back.
	whole, err := canonical(dec)
	add("decision", audit.Raw(whole), true)
	return e, err
}

// request is the question with its resolved facts, each with its origin.
func (q *question) request() audit.Object {
	out := audit.Object{}
	if q.req.Parts == nil {
		out = append(out, audit.Member{Name: "facts", Value: factsWithOrigin(q.req.Facts, q.origins[0])})
	} else {
		parts := make([]any, len(q.req.Parts))
		for i, p := range q.req.Parts {
			parts[i] = factsWithOrigin(p, q.origins[i])
		}
		out = append(out, audit.Member{Name: "parts", Value: parts})
	}
	text := func(name, value string) {
		if value != "" {
			out = append(out, audit.Member{Name: name, Value: value})
		}
	}
	text("principal", q.req.Principal)
	text("subject", q.req.Subject.ID)
	text("subject_home", q.req.Subject.Home)
	text("tenant", q.req.Tenant)
	return append(out, audit.Member{Name: "options", Value: q.options()})
}

func (q *question) options() audit.Object {
	o := audit.Object{{Name: "missing", Value: string(modeOf(q.req.Missing))}}
	if q.req.Explain {
		o = append(o, audit.Member{Name: "explain", Value: true})
	}
	if q.shed { // asked for, and left out because of load
		o = append(o, audit.Member{Name: "explain_shed", Value: true})
	}
	if !q.req.KnownAt.IsZero() {
		o = append(o, audit.Member{Name: "known_at", Value: q.req.KnownAt.UTC().Format(time.RFC3339Nano)})
	}
	if len(q.req.Want) > 0 {
		o = append(o, audit.Member{Name: "want", Value: q.req.Want})
	}
	if len(q.req.Candidates) > 0 {
		o = append(o, audit.Member{Name: "candidates", Value: q.req.Candidates})
	}
	return o
}

func modeOf(m comity.Mode) comity.Mode {
	if m == "" {
		return comity.MissingReview
	}
	return m
}

func factsWithOrigin(facts comity.Facts, origins map[string]string) audit.Object {
	out := make(audit.Object, 0, len(facts))
	for name, v := range facts {
		if t, ok := v.(time.Time); ok {
			v = t.Format(time.RFC3339Nano)
		}
		out = append(out, audit.Member{Name: name, Value: audit.Object{
			{Name: "origin", Value: originOf(origins, name)},
			{Name: "value", Value: v},
		}})
	}
	return out
}

// context is the regulatory context: the regimes with a requirement that applies, and the
// legal orders that they belong to.
func (q *question) context(dec *comity.Decision) audit.Object {
	regimes := make([]any, len(dec.Packs))
	for i, p := range dec.Packs {
		regimes[i] = audit.Object{{Name: "id", Value: p.ID}, {Name: "version", Value: p.Version}}
	}
	return audit.Object{{Name: "jurisdictions", Value: q.jurisdictions(dec)}, {Name: "regimes", Value: regimes}}
}

func (q *question) jurisdictions(dec *comity.Decision) []string {
	out := make([]string, 0, len(dec.Packs))
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

func (q *question) flow() audit.Object {
	var out audit.Object
	for _, f := range flowFacts {
		if places := q.texts(f[1]); len(places) > 0 {
			out = append(out, audit.Member{Name: f[0], Value: places})
		}
	}
	return out
}

// consent is what the facts say about consent, with its origin: for what, by whose word,
// and, from a ledger, by which receipt.
func (q *question) consent() audit.Object {
	if len(q.texts("consent")) == 0 {
		return nil
	}
	out := audit.Object{}
	for _, name := range consentFacts {
		if v := q.texts(name); len(v) > 0 {
			out = append(out, audit.Member{Name: name, Value: v})
		}
	}
	origins := []string{}
	for _, o := range q.origins {
		origins = append(origins, originOf(o, "consent"))
	}
	slices.Sort(origins)
	return append(out, audit.Member{Name: "origin", Value: slices.Compact(origins)})
}

// conditionsOf lists what the answer asks for, without its texts.
func conditionsOf(dec *comity.Decision) []any {
	var out []any
	for _, c := range dec.Conditions {
		o := audit.Object{{Name: "id", Value: c.ID}, {Name: "requirement", Value: c.Requirement}}
		if c.Due != "" {
			o = append(o, audit.Member{Name: "due", Value: c.Due})
		}
		out = append(out, o)
	}
	return out
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
	if v := q.texts(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// texts are the values of text facts over all parts, in their order, each once.
func (q *question) texts(names ...string) []string {
	var out []string
	add := func(s string) {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, strings.Clone(s))
		}
	}
	for i := range q.origins {
		facts := q.req.Facts
		if q.req.Parts != nil {
			facts = q.req.Parts[i]
		}
		for _, name := range names {
			switch v := facts[name].(type) {
			case string:
				add(v)
			case []string:
				for _, s := range v {
					add(s)
				}
			case []any:
				for _, x := range v {
					if s, ok := x.(string); ok {
						add(s)
					}
				}
			}
		}
	}
	return out
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
