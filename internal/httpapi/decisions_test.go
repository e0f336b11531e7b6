// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// denied and allowed are facts of real questions.
const (
	denied  = `{"operation":"transfer","date":"2020-07-16","subject_location":"EEA","controller_establishment":"IE","data_categories":["contact"],"from_region":"EEA","to_region":"US","transfer_mechanism":"privacy_shield","importer_certified":true}`
	allowed = `{"operation":"transfer","date":"2020-07-15","subject_location":"EEA","controller_establishment":"IE","data_categories":["contact"],"from_region":"EEA","to_region":"US","transfer_mechanism":"privacy_shield","importer_certified":true}`
)

func decisionOf(t *testing.T, text string) comity.Decision {
	t.Helper()
	var d comity.Decision
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return d
}

func TestDecisions(t *testing.T) {
	a := start(t, setup{})
	got := a.post("/v1/decisions", denied)
	d := decisionOf(t, got.body)
	if got.status != http.StatusOK || d.Effect != comity.Deny || d.Record == nil || *d.Record.Index != 0 || d.Record.Sub != nil {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := a.post("/v1/decisions", allowed, "Content-Type", "application/json; charset=utf-8"); decisionOf(t, got.body).Effect == comity.Deny {
		t.Errorf("the day before: %s", got.body)
	}
	got = a.post("/v1/decisions", `{"facts": `+denied+`, "explain": true, "subject": {"id":"s1"}, "tenant":"acme"}`)
	if d := decisionOf(t, got.body); len(d.Explanation) == 0 {
		t.Errorf("explained: %s", got.body)
	}
	events := a.memory.of("decision")
	if len(events) != 3 || events[2].Subject.ID != "s1" || events[2].Tenant != "acme" {
		t.Errorf("recorded: %+v", events)
	}
}

// TestDecisionLines: one answer a line, in order; a bad line spoils only itself; the good
// ones share a leaf.
func TestDecisionLines(t *testing.T) {
	a := start(t, setup{})
	body := denied + "\n\n" + `{"operation": "fly"}` + "\n" + `{"operation": ` + "\n" + allowed + "\r\n" + `{"facts":{},"a":1,"a":2}` + "\n"
	got := a.post("/v1/decisions", body, "Content-Type", "application/x-ndjson")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	type place struct {
		Effect comity.Effect
		Sub    int
		Code   string
		Line   int
	}
	var places []place
	for line := range strings.Lines(got.body) {
		var res struct {
			comity.Decision
			Error *struct {
				Code, Message string
				Line          int
			}
		}
		if err := json.Unmarshal([]byte(line), &res); err != nil {
			t.Fatal(err)
		}
		switch {
		case res.Error != nil:
			places = append(places, place{Code: res.Error.Code, Line: res.Error.Line})
		default:
			places = append(places, place{Effect: res.Effect, Sub: *res.Record.Sub})
		}
	}
	want := []place{{Effect: comity.Deny}, {Code: "unknown", Line: 3}, {Code: "invalid", Line: 4}, {Effect: places[3].Effect, Sub: 1}, {Code: "conflict", Line: 6}}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if a.memory.leaves != 1 {
		t.Errorf("%d leaves, want 1", a.memory.leaves)
	}
	if !strings.Contains(got.body, "line 4, column") && !strings.Contains(got.body, `"line":4`) {
		t.Errorf("the fault has no position in the body: %s", got.body)
	}
}

// TestOneLine: one JSON value, on however many lines, is one request with its own leaf.
func TestOneLine(t *testing.T) {
	a := start(t, setup{})
	for _, body := range []string{denied, strings.ReplaceAll(denied, ",", ",\n"), "\n" + denied + "\n"} {
		got := a.post("/v1/decisions", body, "Content-Type", "application/x-ndjson")
		if d := decisionOf(t, got.body); got.status != http.StatusOK || d.Record == nil || d.Record.Sub != nil {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	got := a.post("/v1/decisions", `{"operation":`, "Content-Type", "application/x-ndjson")
	if got.status != http.StatusOK || !strings.HasPrefix(got.body, `{"error":{"code":"invalid"`) {
		t.Errorf("a bad line alone: %d %s", got.status, got.body)
	}
}

// TestNothingWithoutRecord: what cannot be recorded is not answered.
func TestNothingWithoutRecord(t *testing.T) {
	a := start(t, setup{})
	a.memory.fail(&comity.Error{Code: comity.CodeUnavailable, Op: "record", Err: errors.New("the disk is full"), Remedy: "make space"})
	for path, body := range map[string]string{
		"/v1/decisions":          denied,
		"/v1/events":             `{"type":"data_access","success":true}`,
		"/access/v1/evaluation":  members1(conditional),
		"/access/v1/evaluations": members1(conditional, `"evaluations":[{},{}]`),
	} {
		got := a.post(path, body)
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || strings.Contains(got.body, "effect") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/v1/decisions", "/v1/events"} {
		line := map[string]string{"/v1/decisions": denied, "/v1/events": `{"type":"data_access","success":true}`}[path]
		for _, n := range []int{1, 3} {
			got := a.post(path, strings.Repeat(line+"\n", n), "Content-Type", "application/x-ndjson")
			if got.status != http.StatusServiceUnavailable {
				t.Errorf("%s, %d lines: %d %s", path, n, got.status, got.body)
			}
		}
	}
	a.memory.fail(nil)
	if got := a.post("/v1/decisions", denied); got.status != http.StatusOK {
		t.Errorf("after it could be recorded again: %d %s", got.status, got.body)
	}
}

func TestEvents(t *testing.T) {
	a := start(t, setup{})
	got := a.post("/v1/events", `{"type":"data_access","actor":{"id":"nurse-7"},"action":"open","resource":{"type":"file","id":"f1"},"success":false,
		"tenant":"acme","region":"DE","source":"192.0.2.7","purpose":"treatment","details":{"rows":3},"subject":{"id":"patient-1"}}`)
	var res struct {
		ID, At string
		Record comity.Record
	}
	if err := json.Unmarshal([]byte(got.body), &res); err != nil || got.status != http.StatusOK || res.ID == "" || res.At == "" || res.Record.Index == nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	e := a.memory.of("data_access")[0]
	want := [...]any{"nurse-7", "open", "file", "f1", "failure", "acme", "DE", "192.0.2.7", "treatment", "patient-1", "local"}
	have := [...]any{e.Principal, e.Action, e.Resource.Type, e.Resource.ID, e.Outcome, e.Tenant, e.Region, e.Source, e.Purpose, e.Subject.ID, e.Caller}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for name, body := range map[string]string{
		"no type":         `{"success":true}`,
		"no success":      `{"type":"data_access"}`,
		"unknown member":  `{"type":"data_access","success":true,"actr":{"id":"x"}}`,
		"twice":           `{"type":"data_access","type":"data_access","success":true}`,
		"unknown type":    `{"type":"unheard_of","success":true}`,
		"type is number":  `{"type":7,"success":true}`,
		"invalid UTF-8":   "{\"type\":\"data_access\",\"success\":true,\"action\":\"\xff\"}",
		"not an object":   `[]`,
		"something after": `{"type":"data_access","success":true}{}`,
	} {
		if got := a.post("/v1/events", body); got.status != http.StatusBadRequest || got.problem().Detail == "" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	lines := `{"type":"data_access","success":true}` + "\n" + `{"type":"data_access"}` + "\n" + `{"type":"unheard_of","success":true}` + "\n" + `{"type":"key_use","success":true}`
	leaves := a.memory.leaves
	got = a.post("/v1/events", lines, "Content-Type", "application/x-ndjson")
	parts := strings.Split(strings.TrimSpace(got.body), "\n")
	if len(parts) != 4 || !strings.Contains(parts[0], `"sub":0`) || !strings.Contains(parts[1], `"line":2`) || !strings.Contains(parts[2], `"code":"unknown"`) || !strings.Contains(parts[3], `"sub":1`) {
		t.Errorf("lines: %s", got.body)
	}
	if a.memory.leaves != leaves+1 {
		t.Errorf("the lines have %d leaves", a.memory.leaves-leaves)
	}
}

// TestBadRequests: each has its status, code, position where there is one, and remedy.
func TestBadRequests(t *testing.T) {
	a := start(t, setup{options: func(o *Options) { o.Limits = Limits{Body: 4096, Stream: 8192, Batch: 3} }})
	for _, c := range []struct {
		name, path, body, kind string
		status                 int
		code                   string
		line, column           int
	}{
		{"malformed", "/v1/decisions", "{\n  \"operation\" 7}", "", 400, "invalid", 2, 15},
		{"duplicate name", "/v1/decisions", "{\"operation\":\"store\",\n\"operation\":\"collect\"}", "", 409, "conflict", 2, 22},
		{"invalid UTF-8", "/v1/decisions", "{\"operation\":\n\"\xff\"}", "", 400, "invalid", 2, 2},
		{"unknown fact", "/v1/decisions", `{"operatoin":"store"}`, "", 400, "unknown", 0, 0},
		{"unknown region", "/v1/decisions", `{"operation":"store","date":"2025-01-01","stored_in":"ZZ"}`, "", 400, "unknown", 0, 0},
		{"two values", "/v1/decisions", denied + denied, "", 400, "invalid", 1, 0},
		{"empty", "/v1/decisions", "", "", 400, "invalid", 0, 0},
		{"empty lines", "/v1/decisions", "\n\n", "application/x-ndjson", 400, "invalid", 0, 0},
		{"no type", "/v1/decisions", denied, "none", 415, "invalid", 0, 0},
		{"form", "/v1/decisions", denied, "application/x-www-form-urlencoded", 415, "invalid", 0, 0},
		{"plain text", "/v1/decisions", denied, "text/plain", 415, "invalid", 0, 0},
		{"Latin-1", "/v1/decisions", denied, "application/json; charset=iso-8859-1", 415, "invalid", 0, 0},
		{"too large", "/v1/decisions", `{"x":"` + strings.Repeat("x", 5000) + `"}`, "", 413, "too_large", 0, 0},
		{"too many bytes in lines", "/v1/decisions", strings.Repeat("x", 9000), "application/x-ndjson", 413, "too_large", 0, 0},
		{"too many lines", "/v1/decisions", strings.Repeat("{}\n", 4), "application/x-ndjson", 413, "too_large", 0, 0},
		{"too many evaluations", "/access/v1/evaluations", `{"evaluations":[{},{},{},{}]}`, "", 413, "too_large", 0, 0},
		{"no such path", "/v2/decisions", denied, "", 404, "not_found", 0, 0},
		{"method", "/healthz", "{}", "", 405, "usage", 0, 0},
		{"reload with a body", "/v1/reload", `{"now":true}`, "", 404, "not_found", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind := c.kind
			switch kind {
			case "":
				kind = "application/json"
			case "none":
				kind = ""
			}
			got := a.post(c.path, c.body, "Content-Type", kind)
			p := got.problem()
			if got.status != c.status || p.Code != c.code || p.Status != c.status || p.Type != "urn:comity:error:"+c.code || p.Line != c.line && c.line != 0 || p.Column != c.column && c.column != 0 {
				t.Errorf("want %d %s at %d:%d, got %d %s", c.status, c.code, c.line, c.column, got.status, got.body)
			}
			if p.Detail == "" {
				t.Errorf("nothing is said: %s", got.body)
			}
		})
	}
	if got := a.send("PUT", "/v1/decisions", ""); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "POST" {
		t.Errorf("PUT: %d, allow %q", got.status, got.header.Get("Allow"))
	}
	if n := len(a.memory.of("decision")); n != 0 {
		t.Errorf("%d decisions are recorded of what was refused", n)
	}
}

// brokenDoor fails in the ways that a door must not.
type brokenDoor struct {
	Door
	err   error
	panic any
}

func (b *brokenDoor) Decide(context.Context, decide.Caller, comity.Request) (comity.Decision, error) {
	if b.panic != nil {
		panic(b.panic)
	}
	return comity.Decision{}, b.err
}

// TestFaults: the inside of a fault stays inside; a panic ends one request.
func TestFaults(t *testing.T) {
	b := &brokenDoor{}
	a := start(t, setup{options: func(o *Options) { b.Door = o.Door; o.Door = b }})
	for _, err := range []error{
		errors.New("open /var/lib/comity/secret: permission denied"),
		&comity.Error{Code: comity.CodeInternal, Op: "evaluate", Err: errors.New("secret state")},
		fmt.Errorf("wrapped: %w", errors.New("secret")),
	} {
		b.err = err
		got := a.post("/v1/decisions", denied)
		if got.status != 500 || got.problem().Code != "internal" || strings.Contains(got.body, "secret") {
			t.Errorf("%v: %d %s", err, got.status, got.body)
		}
		if p := got.problem(); p.Request == "" || !strings.Contains(a.logs.String(), p.Request) {
			t.Errorf("the log does not have request %q", p.Request)
		}
	}
	for _, v := range []any{"secret person@example.com", errors.New("person@example.com")} {
		b.panic = v
		got := a.post("/v1/decisions", denied)
		if got.status != 500 || got.problem().Code != "internal" {
			t.Errorf("panic: %d %s", got.status, got.body)
		}
	}
	if strings.Contains(a.logs.String(), "person@") || !strings.Contains(a.logs.String(), "panic") {
		t.Errorf("the log of a panic: %s", a.logs)
	}
	b.panic, b.err = nil, &comity.Error{Code: comity.CodePack, Op: "load", Err: errors.New("x")}
	if got := a.post("/v1/decisions", denied); got.status != http.StatusUnprocessableEntity {
		t.Errorf("%d", got.status)
	}
}
