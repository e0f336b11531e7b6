// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// eventJSON is an application's event on the wire.
type eventJSON struct {
	Type  string `json:"type"`
	Actor *struct {
		ID string `json:"id"`
	} `json:"actor"`
	Action   string `json:"action"`
	Resource *struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"resource"`
	Success        *bool           `json:"success"`
	Tenant         string          `json:"tenant"`
	Region         string          `json:"region"`
	Source         string          `json:"source"`
	Purpose        string          `json:"purpose"`
	Details        map[string]any  `json:"details"`
	Subject        *comity.Subject `json:"subject"`
	IdempotencyKey string          `json:"idempotency_key"`
}

// DecodeEvent reads an application's event from JSON: the form of POST /v1/events. What
// its type demands is checked by the door. Unknown members are an error, since what was
// meant to be proved later must not be dropped.
func DecodeEvent(data []byte) (audit.Event, error) {
	var in eventJSON
	if err := json.Unmarshal(data, &in, json.RejectUnknownMembers(true)); err != nil {
		return audit.Event{}, decodeFault(data, err)
	}
	switch {
	case in.Type == "":
		return audit.Event{}, fail(comity.CodeInvalid, "decode event", "the event has no type", "name one, such as data_access")
	case in.Success == nil:
		return audit.Event{}, fail(comity.CodeInvalid, "decode event", "the event does not say whether it succeeded", "set success to true or false")
	}
	e := audit.Event{
		Type: in.Type, Action: in.Action, Tenant: in.Tenant, Region: in.Region, Source: in.Source,
		Purpose: in.Purpose, Details: in.Details, IdempotencyKey: in.IdempotencyKey, Outcome: audit.Failure,
	}
	if *in.Success {
		e.Outcome = audit.Success
	}
	if in.Actor != nil {
		e.Principal = in.Actor.ID
	}
	if in.Resource != nil {
		e.Resource = audit.Resource{Type: in.Resource.Type, ID: in.Resource.ID}
	}
	if in.Subject != nil {
		e.Subject = *in.Subject
	}
	return e, nil
}

// decodeFault says where a JSON text is wrong, and in its own words only what cannot quote
// a value.
func decodeFault(data []byte, err error) error {
	e := &comity.Error{Code: comity.CodeInvalid, Op: "decode", Err: errors.New("the body is not valid JSON, or not of the form that is asked for")}
	var syn *jsontext.SyntacticError
	var sem *json.SemanticError
	offset := int64(-1)
	switch {
	case errors.As(err, &sem):
		offset = sem.ByteOffset
		place := string(sem.JSONPointer)
		switch {
		case errors.Is(err, json.ErrUnknownName):
			e.Err = fmt.Errorf("unknown member at %s", place)
			e.Remedy = "remove it; /openapi.json has the members"
		case sem.JSONKind != 0 && sem.GoType != nil:
			e.Err = fmt.Errorf("a value of another type is expected at %s", cmp.Or(strings.TrimPrefix(place, "/"), "the top"))
			e.Remedy = "/openapi.json has the types"
		}
	case errors.As(err, &syn):
		offset = syn.ByteOffset
		e.Err = fmt.Errorf("not valid JSON: %w", syn.Err)
		e.Remedy = "write JSON, in UTF-8"
	}
	if offset >= 0 {
		before := data[:min(int(offset), len(data))]
		e.Line = bytes.Count(before, []byte{'\n'}) + 1
		e.Column = len(before) - bytes.LastIndexByte(before, '\n')
		e.Op = fmt.Sprintf("line %d, column %d", e.Line, e.Column)
	}
	return e
}

// events answers POST /v1/events: one event, or one a line.
func (h *Handler) events(x *exchange) error {
	f, err := x.form()
	if err != nil {
		return err
	}
	if f == formLines {
		return h.eventLines(x)
	}
	if err := x.read(h.limits.Body); err != nil {
		return err
	}
	rec, err := h.recordOne(x, x.in)
	if err != nil {
		return err
	}
	x.out = appendRecorded(x.out, &rec)
	return x.reply(http.StatusOK, typeJSON, x.out)
}

func appendRecorded(dst []byte, r *decide.Recorded) []byte {
	m := object(dst)
	m.str("id", r.ID)
	m.str("at", r.At.UTC().Format(time.RFC3339Nano))
	m.record(&r.Record)
	return append(m.end(), '\n')
}

func (h *Handler) recordOne(x *exchange, text []byte) (decide.Recorded, error) {
	e, err := DecodeEvent(text)
	if err == nil {
		e.IdempotencyKey, err = headerKey(x.r, e.IdempotencyKey)
	}
	if err != nil {
		return decide.Recorded{}, err
	}
	return h.o.Door.Event(x.r.Context(), x.caller, e)
}

func (h *Handler) eventLines(x *exchange) error {
	if err := x.read(h.limits.Stream); err != nil {
		return err
	}
	ls, err := lines(x.in, h.limits.Batch)
	if err != nil {
		return err
	}
	answers := make([]decide.RecordedOrErr, len(ls))
	if len(ls) == 1 {
		answers[0].Recorded, answers[0].Err = h.recordOne(x, ls[0].text)
		if faulty(answers[0].Err) {
			return answers[0].Err
		}
	} else if err := h.recordLines(x, ls, answers); err != nil {
		return err
	}
	for i := range answers {
		if err := answers[i].Err; err != nil {
			x.out = appendLineError(x.out, err, ls[i].number)
			continue
		}
		x.out = appendRecorded(x.out, &answers[i].Recorded)
	}
	return x.reply(http.StatusOK, typeNDJSON, x.out)
}

// recordLines records the lines that are right under one leaf.
func (h *Handler) recordLines(x *exchange, ls []line, answers []decide.RecordedOrErr) error {
	if err := h.rates.take(x.caller.ID, len(ls)-1, x.start); err != nil {
		return err
	}
	events := make([]audit.Event, 0, len(ls))
	places := make([]int, 0, len(ls))
	for i, l := range ls {
		e, err := DecodeEvent(l.text)
		if err != nil {
			answers[i].Err = err
			continue
		}
		e.IdempotencyKey = lineKey(x.r, e.IdempotencyKey, l.number)
		events, places = append(events, e), append(places, i)
	}
	if len(events) == 0 {
		return nil
	}
	got, err := h.o.Door.EventBatch(x.r.Context(), x.caller, events)
	if err != nil {
		return err
	}
	if len(got) != len(events) {
		return fail(comity.CodeInternal, "record batch", "the door answered another number of events", "")
	}
	for i, a := range got {
		answers[places[i]] = a
	}
	return nil
}
