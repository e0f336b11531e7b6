// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// The ways in which a batch can end (AuthZEN 1.0, evaluations semantics).
const (
	executeAll          = "execute_all"
	denyOnFirstDeny     = "deny_on_first_deny"
	permitOnFirstPermit = "permit_on_first_permit"
)

// entity is a subject or a resource.
type entity struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties"`
}

// act is the action.
type act struct {
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties"`
}

// evaluation is the 4-tuple of a question. Members that it does not have are ignored, as
// the standard demands.
type evaluation struct {
	Subject  *entity        `json:"subject"`
	Action   *act           `json:"action"`
	Resource *entity        `json:"resource"`
	Context  map[string]any `json:"context"`
}

// evaluationBatch has defaults and the questions that they are for, which are read one by
// one: a malformed one spoils only itself.
type evaluationBatch struct {
	evaluation
	Evaluations []jsontext.Value `json:"evaluations"`
	Options     struct {
		Semantic *string `json:"evaluations_semantic"`
	} `json:"options"`
}

// evaluation answers POST /access/v1/evaluation.
func (h *Handler) evaluation(x *exchange) error {
	if err := x.readAuthZEN(h.limits.Body); err != nil {
		return err
	}
	var e evaluation
	if err := json.Unmarshal(x.in, &e); err != nil {
		return decodeFault(x.in, err)
	}
	return h.evaluateOne(x, e)
}

func (h *Handler) evaluateOne(x *exchange, e evaluation) error {
	q, err := h.question(e)
	if err == nil {
		q.request.IdempotencyKey, err = headerKey(x.r, q.request.IdempotencyKey)
	}
	if err != nil {
		return err
	}
	d, err := h.o.Door.Decide(x.r.Context(), x.caller, q.request)
	if err != nil {
		return plainStatus(err)
	}
	if x.out, err = q.append(x.out, &d); err != nil {
		return err
	}
	x.out = append(x.out, '\n')
	return x.reply(http.StatusOK, typeJSON, x.out)
}

// evaluations answers POST /access/v1/evaluations.
func (h *Handler) evaluations(x *exchange) error {
	if err := x.readAuthZEN(h.limits.Stream); err != nil {
		return err
	}
	var b evaluationBatch
	if err := json.Unmarshal(x.in, &b); err != nil {
		return decodeFault(x.in, err)
	}
	if len(b.Evaluations) == 0 {
		return h.evaluateOne(x, b.evaluation)
	}
	if len(b.Evaluations) > h.limits.Batch {
		return fail(comity.CodeTooLarge, "read evaluations", fmt.Sprintf("more than %d evaluations", h.limits.Batch), "send several requests")
	}
	semantic := executeAll
	if b.Options.Semantic != nil {
		semantic = *b.Options.Semantic
	}
	if !slices.Contains([]string{executeAll, denyOnFirstDeny, permitOnFirstPermit}, semantic) {
		return fail(comity.CodeInvalid, "read options.evaluations_semantic", "there is no such semantic", "use execute_all, deny_on_first_deny or permit_on_first_permit")
	}
	if err := h.rates.take(x.caller.ID, len(b.Evaluations)-1, x.start); err != nil {
		return err
	}
	questions := make([]question, len(b.Evaluations))
	answers := make([]decide.Answer, len(b.Evaluations))
	for i, text := range b.Evaluations {
		questions[i], answers[i].Err = h.questionOf(text, b.evaluation)
	}
	n := len(answers)
	var err error
	if semantic == executeAll {
		err = h.askAll(x, questions, answers)
	} else {
		n, err = h.askInTurn(x, questions, answers, semantic)
	}
	if err != nil {
		return plainStatus(err)
	}
	if x.out, err = appendEvaluations(x.out, questions[:n], answers[:n]); err != nil {
		return err
	}
	return x.reply(http.StatusOK, typeJSON, x.out)
}

func appendEvaluations(dst []byte, questions []question, answers []decide.Answer) ([]byte, error) {
	dst = append(dst, `{"evaluations":`...)
	for i := range answers {
		dst = append(dst, "[,"[min(i, 1)])
		if err := answers[i].Err; err != nil {
			dst = appendEvaluationError(dst, plainStatus(err))
			continue
		}
		var err error
		if dst, err = questions[i].append(dst, &answers[i].Decision); err != nil {
			return dst, err
		}
	}
	return append(dst, "]}\n"...), nil
}

func (h *Handler) questionOf(text jsontext.Value, defaults evaluation) (question, error) {
	var e evaluation
	if err := json.Unmarshal(text, &e); err != nil {
		return question{}, decodeFault(text, err)
	}
	return h.question(e.over(defaults))
}

// over lays an evaluation over the defaults: an entity that it has replaces the default
// whole, but for the identifying members that it leaves out.
func (e evaluation) over(d evaluation) evaluation {
	e.Subject = e.Subject.over(d.Subject)
	e.Resource = e.Resource.over(d.Resource)
	switch {
	case e.Action == nil:
		e.Action = d.Action
	case e.Action.Name == "" && d.Action != nil:
		e.Action.Name = d.Action.Name
	}
	if e.Context == nil {
		e.Context = d.Context
	}
	return e
}

func (e *entity) over(d *entity) *entity {
	if e == nil {
		return d
	}
	if d != nil && e.Type == "" {
		e.Type = d.Type
	}
	if d != nil && e.ID == "" {
		e.ID = d.ID
	}
	return e
}

// askAll decides all questions that are well-formed under one leaf.
func (h *Handler) askAll(x *exchange, questions []question, answers []decide.Answer) error {
	var reqs []comity.Request
	var places []int
	for i := range questions {
		if answers[i].Err == nil {
			reqs, places = append(reqs, questions[i].request), append(places, i)
		}
	}
	if len(reqs) == 0 {
		return nil
	}
	got, err := h.o.Door.DecideBatch(x.r.Context(), x.caller, reqs)
	if err != nil {
		return err
	}
	if len(got) != len(reqs) {
		return fail(comity.CodeInternal, "decide batch", "the door answered another number of requests", "")
	}
	for i, a := range got {
		answers[places[i]] = a
	}
	return nil
}

// askInTurn decides one question after the other, and none after the one that settles the
// batch: what was not asked is not decided and not recorded. It returns how many were.
func (h *Handler) askInTurn(x *exchange, questions []question, answers []decide.Answer, semantic string) (int, error) {
	for i := range questions {
		a := &answers[i]
		if a.Err == nil {
			a.Decision, a.Err = h.o.Door.Decide(x.r.Context(), x.caller, questions[i].request)
			if faulty(a.Err) {
				return 0, a.Err
			}
		}
		permit := a.Err == nil && questions[i].permits(&a.Decision)
		if permit == (semantic == permitOnFirstPermit) {
			return i + 1, nil
		}
	}
	return len(answers), nil
}

// readAuthZEN reads a body, which is JSON only. AuthZEN has no status but 400 for one that
// is not.
func (x *exchange) readAuthZEN(limit int64) error {
	f, err := x.form()
	if err != nil {
		return &httpError{error: err, status: http.StatusBadRequest}
	}
	if f != formJSON {
		return fail(comity.CodeInvalid, "read content type", "the body is not JSON", "send Content-Type: application/json")
	}
	return x.read(limit)
}

// plainStatus makes a contradiction in a question a bad request: AuthZEN has no 409. An
// idempotency key that was used for something else is one at every door.
func plainStatus(err error) error {
	if decide.KeyReused(err) {
		return err
	}
	if comity.CodeOf(err) == comity.CodeConflict {
		return &httpError{error: err, status: http.StatusBadRequest}
	}
	return err
}

// authzenConfiguration answers GET /.well-known/authzen-configuration.
func (h *Handler) authzenConfiguration(x *exchange) error {
	base := h.o.PublicURL
	if base == "" {
		return fail(comity.CodeNotFound, "read metadata", "this server has no public https address", "set public_url in its configuration")
	}
	m := object(x.out)
	m.str("policy_decision_point", base)
	m.str("access_evaluation_endpoint", base+"/access/v1/evaluation")
	m.str("access_evaluations_endpoint", base+"/access/v1/evaluations")
	x.out = append(m.end(), '\n')
	x.w.Header()["Cache-Control"] = []string{"max-age=3600"}
	return x.reply(http.StatusOK, typeJSON, x.out)
}
