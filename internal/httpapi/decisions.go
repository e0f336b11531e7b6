// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/decide"
)

// decisions answers POST /v1/decisions: one request as JSON, or one a line as NDJSON.
func (h *Handler) decisions(x *exchange) error {
	f, err := x.form()
	if err != nil {
		return err
	}
	if f == formLines {
		return h.decisionLines(x)
	}
	if err := x.read(h.limits.Body); err != nil {
		return err
	}
	if x.decision, err = h.decideOne(x, x.in); err != nil {
		return err
	}
	if x.out, err = x.decision.AppendJSON(x.out); err != nil {
		return err
	}
	x.out = append(x.out, '\n')
	return x.reply(http.StatusOK, typeJSON, x.out)
}

func (h *Handler) decideOne(x *exchange, text []byte) (comity.Decision, error) {
	req, err := engine.DecodeRequest(text)
	if err == nil {
		req.IdempotencyKey, err = headerKey(x.r, req.IdempotencyKey)
	}
	if err != nil {
		return comity.Decision{}, err
	}
	return h.o.Door.Decide(x.r.Context(), x.caller, req)
}

// headerKey is the idempotency key of a request, which many clients send in a header,
// quoted or not (draft-ietf-httpapi-idempotency-key-header).
func headerKey(r *http.Request, given string) (string, error) {
	key := strings.Trim(r.Header.Get("Idempotency-Key"), `"`)
	switch {
	case key == "" || key == given:
		return given, nil
	case given == "":
		return key, nil
	}
	return "", fail(comity.CodeInvalid, "read request", "the header Idempotency-Key and idempotency_key differ", "give one of them")
}

// lineKey is the idempotency key of a line of several: its own, else that of the header
// with the number of the line.
func lineKey(r *http.Request, given string, number int) string {
	key := strings.Trim(r.Header.Get("Idempotency-Key"), `"`)
	if given != "" || key == "" {
		return given
	}
	return key + "-" + strconv.Itoa(number)
}

// decisionLines answers each line in its place; all share one leaf.
func (h *Handler) decisionLines(x *exchange) error {
	if err := x.read(h.limits.Stream); err != nil {
		return err
	}
	ls, err := lines(x.in, h.limits.Batch)
	if err != nil {
		return err
	}
	answers, err := h.decideLines(x, ls)
	if err != nil {
		return err
	}
	x.sheet()
	for i := range answers {
		if err := answers[i].Err; err != nil {
			x.out = appendLineError(x.out, err, ls[i].number)
			continue
		}
		if x.out, err = answers[i].Decision.AppendJSON(x.out); err != nil {
			return err
		}
		x.out = append(x.out, '\n')
	}
	return x.reply(http.StatusOK, typeNDJSON, x.out)
}

// decideLines answers lines, or says why none of them is.
func (h *Handler) decideLines(x *exchange, ls []line) ([]decide.Answer, error) {
	if len(ls) == 1 {
		d, err := h.decideOne(x, ls[0].text)
		if faulty(err) {
			return nil, err
		}
		return []decide.Answer{{Decision: d, Err: err}}, nil
	}
	if err := h.rates.take(x.caller.ID, len(ls)-1, x.start); err != nil {
		return nil, err
	}
	var answers []decide.Answer // with those that have no answer
	reqs := make([]comity.Request, 0, len(ls))
	places := make([]int, 0, len(ls))
	for i, l := range ls {
		req, err := decodeLine(l)
		if err != nil {
			if answers == nil {
				answers = make([]decide.Answer, len(ls))
			}
			answers[i].Err = err
			continue
		}
		req.IdempotencyKey = lineKey(x.r, req.IdempotencyKey, l.number)
		reqs, places = append(reqs, req), append(places, i)
	}
	if len(reqs) == 0 {
		return answers, nil
	}
	got, err := h.o.Door.DecideBatch(x.r.Context(), x.caller, reqs)
	if err != nil {
		return nil, err
	}
	if len(got) != len(reqs) {
		return nil, fail(comity.CodeInternal, "decide batch", "the door answered another number of requests", "")
	}
	if len(reqs) == len(ls) {
		return got, nil
	}
	for i := range got {
		answers[places[i]] = got[i]
	}
	return answers, nil
}

// decodeLine is engine.DecodeRequest for a line of a larger body: positions are those in
// the body.
func decodeLine(l line) (comity.Request, error) {
	req, err := engine.DecodeRequest(bytes.TrimSpace(l.text))
	var ce *comity.Error
	if errors.As(err, &ce) && ce.Line > 0 {
		moved := *ce
		moved.Line += l.number - 1
		moved.Op = "decode"
		return req, &moved
	}
	return req, err
}
