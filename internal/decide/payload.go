// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// fragments is room for the members of a payload: each is JSON in one buffer, written by
// hand because every decision needs it. A test holds it against the same as values.
type fragments struct {
	members [8]audit.Member
	raw     [8]audit.Raw
	ends    [8]int
}

// payload lists the members of the payload, written behind what c already has.
func (q *question) payload(dec *comity.Decision, orders []string, c *canon) (audit.Object, error) {
	f, out, start := &q.room.fragments, q.room.members[:0], len(c.b)
	add := func(name string, write func(*canon) bool) {
		before := len(c.b)
		if !write(c) {
			c.b = c.b[:before]
			return
		}
		f.ends[len(out)] = len(c.b)
		out = append(out, audit.Member{Name: name, Value: &f.raw[len(out)]})
	}
	add("request", q.request)
	add("context", func(c *canon) bool { return regulatory(c, dec, orders) })
	add("data_classes", func(c *canon) bool { return c.strictTexts(q.texts("data_categories")) })
	add("conditions", func(c *canon) bool { return conditions(c, dec) })
	add("flow", q.flow)
	add("consent", q.consent)
	add("retention_until", func(c *canon) bool { s := retentionEnd(dec); c.strict(s); return s != "" })
	for i := range out { // only now does the buffer stay where it is
		f.raw[i] = c.b[start:f.ends[i]:f.ends[i]]
		start = f.ends[i]
	}
	if c.err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "write payload", Err: c.err}
	}
	if len(q.objections) > 0 {
		out = append(out, audit.Member{Name: "objections", Value: q.objections})
	}
	return out, nil
}

// strict is string for what must not be changed: text that is no UTF-8 is an error.
func (c *canon) strict(s string) {
	b, err := audit.AppendText(c.b, s)
	if c.err == nil {
		c.err = err
	}
	c.b = b
}

func (c *canon) strictText(name, s string) {
	if s != "" {
		c.name(name)
		c.strict(s)
	}
}

// strictTexts writes a list, and tells that it has something.
func (c *canon) strictTexts(list []string) bool {
	c.b = append(c.b, '[')
	for i, s := range list {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.strict(s)
	}
	c.b = append(c.b, ']')
	return len(list) > 0
}

// value writes what an application or a source gave, which stands depth levels deep.
func (c *canon) value(v any, depth int) {
	if t, ok := v.(time.Time); ok {
		c.b = append(c.b, '"')
		c.b = append(t.AppendFormat(c.b, time.RFC3339Nano), '"')
		return
	}
	b, err := audit.AppendNested(c.b, v, depth)
	if c.err == nil {
		c.err = err
	}
	c.b = b
}

// request is the question with its resolved facts, each with its origin.
func (q *question) request(c *canon) bool {
	c.open()
	if q.req.Parts == nil {
		c.name("facts")
		q.known(c, 0, 4)
	}
	c.name("options")
	q.options(c)
	if q.req.Parts != nil {
		c.name("parts")
		c.b = append(c.b, '[')
		for i := range q.req.Parts {
			if i > 0 {
				c.b = append(c.b, ',')
			}
			q.known(c, i, 5)
		}
		c.b = append(c.b, ']')
	}
	c.strictText("principal", q.req.Principal)
	c.strictText("subject", q.req.Subject.ID)
	c.strictText("subject_home", q.req.Subject.Home)
	c.strictText("tenant", q.req.Tenant)
	c.shut()
	return true
}

// known writes the facts of a part, whose values stand depth levels deep.
func (q *question) known(c *canon, part, depth int) {
	facts, names := q.facts(part), q.room.names[:0]
	for name := range facts {
		names = append(names, name)
	}
	slices.SortFunc(names, audit.CompareNames)
	c.open()
	for i, name := range names {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.strict(name)
		c.b = append(c.b, `:{"origin":`...)
		c.strict(originOf(q.origins[part], name))
		c.b = append(c.b, `,"value":`...)
		c.value(facts[name], depth)
		c.shut()
	}
	c.shut()
}

func (q *question) options(c *canon) {
	c.open()
	if len(q.req.Candidates) > 0 {
		c.name("candidates")
		c.value(q.req.Candidates, 3)
	}
	c.flag("explain", q.req.Explain)
	c.flag("explain_shed", q.shed) // asked for, and left out because of load
	if !q.req.KnownAt.IsZero() {
		c.name("known_at")
		c.value(q.req.KnownAt.UTC(), 3)
	}
	c.strictText("missing", string(modeOf(q.req.Missing)))
	if len(q.req.Want) > 0 {
		c.name("want")
		c.value(q.req.Want, 3)
	}
	c.shut()
}

// regulatory is the member context: the regimes with a requirement that applies, and the
// legal orders that they belong to.
func regulatory(c *canon, dec *comity.Decision, orders []string) bool {
	c.open()
	c.name("jurisdictions")
	c.strictTexts(orders)
	c.name("regimes")
	c.b = append(c.b, '[')
	for i := range dec.Packs {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.b = append(c.b, `{"id":`...)
		c.strict(dec.Packs[i].ID)
		c.b = append(c.b, `,"version":`...)
		c.strict(dec.Packs[i].Version)
		c.shut()
	}
	c.b = append(c.b, ']')
	c.shut()
	return true
}

// conditions lists what the answer asks for, without its texts.
func conditions(c *canon, dec *comity.Decision) bool {
	c.b = append(c.b, '[')
	for i := range dec.Conditions {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		x := &dec.Conditions[i]
		c.open()
		c.strictText("due", x.Due)
		c.name("id")
		c.strict(x.ID)
		c.name("requirement")
		c.strict(x.Requirement)
		c.shut()
	}
	c.b = append(c.b, ']')
	return len(dec.Conditions) > 0
}

// flow is from where to where data goes. Each member has the values of a fact.
func (q *question) flow(c *canon) bool {
	start := len(c.b)
	c.open()
	for _, f := range [...][2]string{
		{"accessed_from", "accessor_location"},
		{"collected", "collected_in"},
		{"from", "from_region"},
		{"inference", "inferred_in"},
		{"model", "model_in"},
		{"processing", "processed_in"},
		{"storage", "stored_in"},
		{"to", "to_region"},
	} {
		q.list(c, f[0], f[1])
	}
	c.shut()
	return len(c.b) > start+2
}

// list writes a member with the values of a fact, if it has any.
func (q *question) list(c *canon, name, fact string) {
	if l := q.texts(fact); len(l) > 0 {
		c.name(name)
		c.strictTexts(l)
	}
}

// consent is what the facts say about consent, with its origin: for what, by whose word,
// and, from a ledger, by which receipt.
func (q *question) consent(c *canon) bool {
	if q.firstText("consent") == "" {
		return false
	}
	c.open()
	q.list(c, "collected_for", "collected_for")
	q.list(c, "consent", "consent")
	q.list(c, "consent_defects", "consent_defects")
	origins := q.room.texts[:0]
	for _, o := range q.origins {
		origins = append(origins, originOf(o, "consent"))
	}
	slices.Sort(origins)
	c.name("origin")
	c.strictTexts(slices.Compact(origins))
	q.list(c, "purpose", "purpose")
	c.shut()
	return true
}
