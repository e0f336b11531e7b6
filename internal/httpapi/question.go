// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// The facts in which AuthZEN's identifiers are given.
const (
	factOperation     = "operation"
	factPrincipalType = "principal_type"
	factPrincipalID   = "principal_id"
	factResourceType  = "resource_type"
	factResourceID    = "resource_id"
)

// question is an AuthZEN evaluation as a request, with what its answer depends on.
type question struct {
	request comity.Request
	// ignored are names that are no facts.
	ignored []string
	// supported are the types of actions that the caller carries out as obligations.
	supported []string
	// conditional tells that conditions that remain do not stand against a permit.
	conditional bool
}

// question maps an evaluation onto facts. The vocabulary says which names are facts.
func (h *Handler) question(e evaluation) (question, error) {
	if err := e.complete(); err != nil {
		return question{}, err
	}
	b := questionBuilder{
		vocab: h.o.Vocabulary(),
		q:     question{request: comity.Request{Facts: make(comity.Facts, 8), Principal: e.Subject.ID}, conditional: h.o.AuthZEN.AllowConditional},
	}
	b.operation(e.Action.Name)
	b.fact("subject.type", factPrincipalType, e.Subject.Type)
	b.fact("subject.id", factPrincipalID, e.Subject.ID)
	b.fact("resource.type", factResourceType, e.Resource.Type)
	b.fact("resource.id", factResourceID, e.Resource.ID)
	b.facts("action.properties", e.Action.Properties)
	b.facts("subject.properties", e.Subject.Properties)
	b.facts("resource.properties", e.Resource.Properties)
	b.context(e.Context)
	if b.err != nil {
		return question{}, b.err
	}
	slices.Sort(b.q.ignored)
	b.q.ignored = slices.Compact(b.q.ignored)
	return b.q, nil
}

// complete says what a question lacks.
func (e *evaluation) complete() error {
	for _, m := range []struct {
		name    string
		missing bool
	}{
		{"subject", e.Subject == nil},
		{"subject.type", e.Subject != nil && e.Subject.Type == ""},
		{"subject.id", e.Subject != nil && e.Subject.ID == ""},
		{"action", e.Action == nil},
		{"action.name", e.Action != nil && e.Action.Name == ""},
		{"resource", e.Resource == nil},
		{"resource.type", e.Resource != nil && e.Resource.Type == ""},
		{"resource.id", e.Resource != nil && e.Resource.ID == ""},
	} {
		if m.missing {
			return fail(comity.CodeInvalid, "read evaluation", m.name+" is missing", "give subject, action and resource with their identifiers")
		}
	}
	return nil
}

// questionBuilder collects facts and keeps the first error.
type questionBuilder struct {
	vocab *pack.Vocabulary
	q     question
	err   error
}

func (b *questionBuilder) fail(at, message, remedy string) {
	if b.err == nil {
		b.err = fail(comity.CodeInvalid, "read "+at, message, remedy)
	}
}

// operation takes the action's name for an operation that is about to happen.
func (b *questionBuilder) operation(name string) {
	op := b.vocab.Facts[b.vocab.Op()]
	i, ok := op.ValueIndex(name)
	if !ok {
		if b.err == nil {
			b.err = fail(comity.CodeUnknown, "read action.name", fmt.Sprintf("there is no operation %q", pack.Short(name)), "declare it in a vocabulary, or use one of its operations")
		}
		return
	}
	if slices.ContainsFunc(b.vocab.Operations, func(o *pack.Operation) bool { return o.Index == i && o.State }) {
		b.fail("action.name", "the operation asks about a state of affairs; there is nothing to permit", "ask /v1/decisions")
		return
	}
	b.q.request.Facts[factOperation] = op.Values[i].Name
}

func (b *questionBuilder) facts(at string, properties map[string]any) {
	for name, v := range properties {
		b.fact(at+"."+name, name, v)
	}
}

// fact adds a value under the fact's own name. A value that is null says nothing.
func (b *questionBuilder) fact(at, name string, v any) {
	f, ok := b.vocab.Lookup(name)
	if !ok {
		b.q.ignored = append(b.q.ignored, name)
		return
	}
	if v == nil {
		return
	}
	if old, dup := b.q.request.Facts[f.Name]; dup && !sameValue(old, v) {
		b.fail(at, "the fact "+f.Name+" is given twice with different values", "give it once")
		return
	}
	b.q.request.Facts[f.Name] = v
}

// sameValue takes a value for a list of one.
func sameValue(a, b any) bool {
	if l, ok := a.([]any); ok && len(l) == 1 {
		a = l[0]
	}
	if l, ok := b.([]any); ok && len(l) == 1 {
		b = l[0]
	}
	return reflect.DeepEqual(a, b)
}

// context holds facts, the person whose data it is, and how the caller wants to be
// answered.
func (b *questionBuilder) context(c map[string]any) {
	for name, v := range c {
		var ok bool
		switch name {
		case "subject":
			ok = b.dataSubject(v)
		case "supported_obligations":
			b.q.supported, ok = textList(v)
		case "accept_conditions":
			var accept bool
			accept, ok = v.(bool)
			b.q.conditional = b.q.conditional || accept
		case "explain":
			b.q.request.Explain, ok = v.(bool)
		case "idempotency_key":
			b.q.request.IdempotencyKey, ok = v.(string)
		case "tenant":
			b.q.request.Tenant, ok = v.(string)
		default:
			b.fact("context."+name, name, v)
			continue
		}
		if !ok && v != nil {
			b.fail("context."+name, "the value is of another type", "see /openapi.json")
		}
	}
}

func (b *questionBuilder) dataSubject(v any) bool {
	m, ok := v.(map[string]any)
	for name, x := range m {
		s, isText := x.(string)
		switch {
		case !isText:
			return false
		case name == "id":
			b.q.request.Subject.ID = s
		case name == "home":
			b.q.request.Subject.Home = s
		default:
			b.q.ignored = append(b.q.ignored, "subject."+name)
		}
	}
	return ok
}

func textList(v any) ([]string, bool) {
	l, ok := v.([]any)
	out := make([]string, 0, len(l))
	for _, e := range l {
		s, isText := e.(string)
		if !isText {
			return nil, false
		}
		out = append(out, s)
	}
	return out, ok
}

// obligation tells whether the caller said that it carries this condition out.
func (q *question) obligation(c *comity.Condition) bool {
	return c.Action != nil && slices.Contains(q.supported, c.Action.Type)
}

// permits is the decision as AuthZEN's boolean: an allow without conditions, or with those
// only that the caller carries out, or whose conditions do not stand against it.
func (q *question) permits(d *comity.Decision) bool {
	if d.Effect != comity.Allow {
		return false
	}
	return q.conditional || !slices.ContainsFunc(d.Conditions, func(c comity.Condition) bool { return !q.obligation(&c) })
}

// append writes the answer: the boolean, and the whole decision as its context, with the
// conditions that became obligations moved.
func (q *question) append(dst []byte, d *comity.Decision) ([]byte, error) {
	rest, obligations := *d, []comity.Condition(nil)
	if len(q.supported) > 0 {
		rest.Conditions = nil
		for i := range d.Conditions {
			if q.obligation(&d.Conditions[i]) {
				obligations = append(obligations, d.Conditions[i])
			} else {
				rest.Conditions = append(rest.Conditions, d.Conditions[i])
			}
		}
	}
	m := object(dst)
	m.flag("decision", q.permits(d))
	m.key("context")
	text, err := rest.AppendJSON(m.b)
	if err != nil {
		return dst, err
	}
	// The context goes on where the decision ends.
	c := members{b: text[:len(text)-1]}
	if err := writeObligations(&c, obligations); err != nil {
		return dst, err
	}
	c.texts("ignored", q.ignored)
	m.b = c.end()
	return m.end(), nil
}

// writeObligations has each action's type and parameters in front: they are what the
// caller carries out.
func writeObligations(m *members, list []comity.Condition) error {
	if len(list) == 0 {
		return nil
	}
	m.key("obligations")
	for i := range list {
		c := &list[i]
		o := object(append(m.b, "[,"[min(i, 1)]))
		o.str("id", c.ID)
		o.str("type", c.Action.Type)
		if len(c.Action.Params) > 0 {
			if err := o.value("params", c.Action.Params); err != nil {
				return err
			}
		}
		o.str("text", c.Text)
		o.str("requirement", c.Requirement)
		o.texts("citations", c.Citations)
		o.text("due", c.Due)
		if c.Standing {
			o.flag("standing", true)
		}
		m.b = o.end()
	}
	m.b = append(m.b, ']')
	return nil
}

// appendEvaluationError is an evaluation that could not be decided: closed.
func appendEvaluationError(dst []byte, err error) []byte {
	p := problemOf(err)
	m := object(dst)
	m.flag("decision", false)
	m.key("context")
	c := object(m.b)
	c.key("error")
	e := object(c.b)
	e.number("status", int64(p.status))
	e.str("code", string(p.code))
	e.str("message", p.message())
	e.text("remedy", p.remedy)
	c.b = e.end()
	m.b = c.end()
	return m.end()
}
