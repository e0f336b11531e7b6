// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// slow makes the members of a payload as values, in the form that is easy to read: the
// text written by hand is held against it.
type slow struct{ *question }

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

func (q slow) payload(dec *comity.Decision) audit.Object {
	var e audit.Event
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
	return e.Payload
}

// request is the question with its resolved facts, each with its origin.
func (q slow) request() audit.Object {
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

func (q slow) options() audit.Object {
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
func (q slow) context(dec *comity.Decision) audit.Object {
	regimes := make([]any, len(dec.Packs))
	for i, p := range dec.Packs {
		regimes[i] = audit.Object{{Name: "id", Value: p.ID}, {Name: "version", Value: p.Version}}
	}
	return audit.Object{{Name: "jurisdictions", Value: q.jurisdictions(dec)}, {Name: "regimes", Value: regimes}}
}

func (q slow) jurisdictions(dec *comity.Decision) []string {
	out := make([]string, 0, len(dec.Packs))
	for _, p := range dec.Packs {
		out = append(out, q.state.orders[p.ID])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (q slow) flow() audit.Object {
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
func (q slow) consent() audit.Object {
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

// texts are the values of text facts over all parts, in their order, each once.
func (q slow) texts(names ...string) []string {
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

// someFacts are facts of all kinds, some of which stand in members of their own.
func someFacts(r *rand.Rand) comity.Facts {
	texts := []string{"DE", "", `quote " back \\`, "Löschung 消去 \u2028", "<b>", "tab\t", "\U0001F600"}
	text := func() string { return texts[r.IntN(len(texts))] }
	facts := comity.Facts{}
	for _, name := range []string{
		"data_categories", "consent", "consent_defects", "purpose", "collected_for", "accessor_location", "from_region", "stored_in",
		"to_region", "date", "tenant", "ä", "\U0001F600", "\uFFFD", "z z",
	} {
		switch r.IntN(9) {
		case 0:
			facts[name] = text()
		case 1:
			facts[name] = []string{text(), text(), "DE"}
		case 2:
			facts[name] = []any{text(), 7.5, text(), nil, true}
		case 3:
			facts[name] = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).In(time.FixedZone("", 3600*r.IntN(12)))
		case 4:
			facts[name] = []any{int64(1) << 60, math.Copysign(0, -1), 1e30, map[string]any{"b": text(), "a": text()}, time.Unix(5, 5)}
		case 5:
			facts[name] = r.IntN(2) == 0
		case 6:
			facts[name] = nil
		}
	}
	return facts
}

// TestPayload: the text written by hand is that of the same as values.
func TestPayload(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 3000 {
		q := &question{shed: r.IntN(2) == 0, state: &state{orders: map[string]string{}}}
		fill(r, reflect.ValueOf(&q.req.Subject).Elem(), 2)
		q.req.Principal, q.req.Tenant, q.req.Explain = []string{"", "p\""}[r.IntN(2)], []string{"", "<t>"}[r.IntN(2)], r.IntN(2) == 0
		if r.IntN(2) == 0 {
			q.req.KnownAt, q.req.Want = time.Unix(r.Int64N(4e9), 0), []string{"a", "b"}
			q.req.Missing = comity.MissingIgnore
		}
		for range 1 + r.IntN(3) {
			q.req.Parts = append(q.req.Parts, someFacts(r))
			q.origins = append(q.origins, []map[string]string{nil, {"consent": "ledger", "date": originClock}}[r.IntN(2)])
		}
		if len(q.req.Parts) == 1 {
			q.req.Facts, q.req.Parts = q.req.Parts[0], nil
		}
		var dec comity.Decision
		fill(r, reflect.ValueOf(&dec).Elem(), i%4)
		for j := range dec.Packs {
			q.state.orders[dec.Packs[j].ID] = []string{"EU", "US", "<CN>"}[r.IntN(3)]
		}
		if r.IntN(4) == 0 {
			q.objections = []audit.Object{{{Name: "guard", Value: "g"}}}
		}
		want, wrong := audit.AppendCanonical(nil, slow{q}.payload(&dec))
		e, err := q.event(&dec)
		var got []byte
		if err == nil {
			got, err = audit.AppendCanonical(nil, e.Payload)
		}
		if (err != nil) != (wrong != nil) || err == nil && string(got) != string(want) {
			t.Fatalf("got  %s, %v\nwant %s, %v", got, err, want, wrong)
		}
		if answer, err := canonicalAnswer(&dec); err == nil && string(answer) != string(e.Answer) && wrong == nil {
			t.Fatalf("answer %s, want %s", e.Answer, answer)
		}
	}
}
