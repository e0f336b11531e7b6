// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
)

// decider answers every question the same.
type decider struct {
	answer comity.Decision
	err    error
	asked  []comity.Request
}

func (d *decider) Decide(_ context.Context, req comity.Request) (comity.Decision, error) {
	d.asked = append(d.asked, req)
	return d.answer, d.err
}

func TestMiddleware(t *testing.T) {
	conditional := comity.Decision{ID: "d-2", Effect: comity.Allow, Conditions: []comity.Condition{{ID: "mask"}, {ID: "log"}}}
	only := func(ids ...string) func(comity.Condition) bool {
		return func(c comity.Condition) bool { return slices.Contains(ids, c.ID) }
	}
	for name, tc := range map[string]struct {
		decider decider
		policy  client.Policy
		status  int
		ran     bool
		header  string
		body    []string
	}{
		"allow": {decider{answer: comity.Decision{ID: "d-1", Effect: comity.Allow}}, client.Policy{}, 200, true, "d-1", nil},
		"deny": {
			decider{answer: comity.Decision{
				ID: "d-3", Effect: comity.Deny, Citations: []string{"GDPR Art. 44"},
				Violations: []comity.Violation{{Requirement: "EU-GDPR-44", Facts: map[string]any{"subject_id": "secret"}}},
			}},
			client.Policy{FailOpen: true},
			403, false, "d-3",
			[]string{`"citations":["GDPR Art. 44"]`, `"EU-GDPR-44"`, `"effect":"deny"`},
		},
		"review": {
			decider{answer: comity.Decision{
				ID: "d-4", Effect: comity.Review, Missing: []comity.Missing{{Fact: "legal_basis"}}, Conflicts: []comity.Conflict{{Requirements: []string{"A", "B"}}},
			}},
			client.Policy{FailOpen: true},
			409, false, "d-4",
			[]string{`"missing":["legal_basis"]`, `"requirements":["A","B"]`},
		},
		"no effect":                {decider{answer: comity.Decision{}}, client.Policy{FailOpen: true}, 403, false, "", nil},
		"conditions":               {decider{answer: conditional}, client.Policy{}, 200, true, "d-2", nil},
		"conditions, all met":      {decider{answer: conditional}, client.Policy{Fulfils: only("mask", "log")}, 200, true, "d-2", nil},
		"conditions, not all met":  {decider{answer: conditional}, client.Policy{Fulfils: only("log")}, 403, false, "d-2", []string{`"conditions":[{"id":"mask"`}},
		"unavailable":              {decider{err: coded(comity.CodeUnavailable)}, client.Policy{}, 503, false, "unavailable", []string{`"code":"unavailable"`}},
		"overloaded":               {decider{err: coded(comity.CodeOverloaded)}, client.Policy{}, 503, false, "unavailable", nil},
		"a fault":                  {decider{err: errors.New("secret")}, client.Policy{}, 503, false, "unavailable", nil},
		"fail open":                {decider{err: coded(comity.CodeUnavailable)}, client.Policy{FailOpen: true}, 200, true, "unavailable", nil},
		"a refused key":            {decider{err: coded(comity.CodeForbidden)}, client.Policy{FailOpen: true}, 500, false, "", nil},
		"no known key":             {decider{err: coded(comity.CodeUnauthenticated)}, client.Policy{FailOpen: true}, 500, false, "", nil},
		"a question without sense": {decider{err: coded(comity.CodeUnknown)}, client.Policy{FailOpen: true}, 400, false, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			told := 0
			tc.policy.OnError = func(*http.Request, error) { told++ }
			ask := client.Operation("disclose", func(r *http.Request) comity.Facts {
				return comity.Facts{"operation": "store", "recipient": r.URL.Query().Get("to")}
			})
			ran := false
			h := client.Middleware(&tc.decider, ask, tc.policy)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ran = true
				d, ok := client.FromContext(r.Context())
				if ok != (tc.decider.err == nil) || d.ID != tc.decider.answer.ID || len(d.Conditions) != len(tc.decider.answer.Conditions) {
					t.Errorf("the handler sees %+v, %v", d, ok)
				}
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?to=clinic", nil))
			if w.Code != tc.status || ran != tc.ran || w.Header().Get(client.HeaderDecision) != tc.header {
				t.Errorf("status %d, ran %v, %s %q", w.Code, ran, client.HeaderDecision, w.Header().Get(client.HeaderDecision))
			}
			if got := tc.decider.asked; len(got) != 1 || got[0].Facts["operation"] != "disclose" || got[0].Facts["recipient"] != "clinic" {
				t.Errorf("asked %v", got)
			}
			if (told == 1) != (tc.decider.err != nil) {
				t.Errorf("OnError called %d times", told)
			}
			if !ran {
				checkProblem(t, w, tc.body)
			}
		})
	}
}

func checkProblem(t *testing.T, w *httptest.ResponseRecorder, parts []string) {
	t.Helper()
	body := w.Body.String()
	var p struct {
		Title, Detail string
		Status        int
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Title == "" || p.Detail == "" {
		t.Errorf("%s: %v", body, err)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	if strings.Contains(body, "secret") {
		t.Errorf("the answer has what is not for the caller: %s", body)
	}
	for _, part := range parts {
		if !strings.Contains(body, part) {
			t.Errorf("%s is not in %s", part, body)
		}
	}
}

func coded(c comity.Code) error {
	return fmt.Errorf("ask: %w", &comity.Error{Code: c, Err: errors.New("secret")})
}

func TestMiddlewareQuestionFails(t *testing.T) {
	d := &decider{}
	q := func(*http.Request) (comity.Request, error) { return comity.Request{}, errors.New("secret") }
	h := client.Middleware(d, q, client.Policy{FailOpen: true})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("ran") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusBadRequest || len(d.asked) != 0 {
		t.Errorf("status %d, asked %v", w.Code, d.asked)
	}
	checkProblem(t, w, nil)
}

// TestMiddlewareOverTheWire: with a client, and a server that goes away.
func TestMiddlewareOverTheWire(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, allow) }))
	h := client.Middleware(newClient(t, s.URL, client.Options{Attempts: 1}), client.Operation("store", nil), client.Policy{})(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "done") }))
	for _, want := range []int{200, 503} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != want || want == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("status %d, want %d", w.Code, want)
		}
		s.Close()
	}
}
