// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
)

// todoCases is the public interoperability scenario as data.
type todoCases struct {
	Questions []struct{ Action, Resource, Of, Owner string }
	Users     []struct {
		ID, Own, Other string
		Answers        []bool
	}
	Batches []struct {
		User    int
		Action  string
		Owners  []string
		Answers []bool
	}
}

const todoID = "7240d0db-8ff0-41ec-98b2-34a096273b9f"

type object1 = map[string]any

// TestTodoScenario asks the 40 questions and 3 batches of the todo scenario. The packs are
// a user's: nothing in the program knows them.
func TestTodoScenario(t *testing.T) {
	a := start(t, setup{packs: "testdata/authzen/todo"})
	data, err := os.ReadFile("testdata/authzen/todo/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases todoCases
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, u := range cases.Users {
		for i, q := range cases.Questions {
			resource := object1{"type": q.Resource, "id": "todo-1"}
			if q.Resource == "user" {
				resource["id"] = map[string]string{"own": u.Own}[q.Of]
				if q.Of != "own" {
					resource["id"] = q.Of
				}
			}
			if owner := q.Owner; owner != "" {
				if owner == "other" {
					owner = u.Other
				}
				resource["id"], resource["properties"] = todoID, object1{"ownerID": owner}
			}
			body := text(t, object1{"subject": object1{"type": "user", "id": u.ID}, "action": object1{"name": q.Action}, "resource": resource})
			got := a.post("/access/v1/evaluation", body)
			var res struct{ Decision *bool }
			if err := json.Unmarshal([]byte(got.body), &res); err != nil || got.status != http.StatusOK || res.Decision == nil || *res.Decision != u.Answers[i] {
				t.Errorf("%s: want %v, got %d %s", body, u.Answers[i], got.status, got.body)
			}
			asked++
		}
	}
	for _, b := range cases.Batches {
		var list []any
		for _, owner := range b.Owners {
			list = append(list, object1{"resource": object1{"type": "todo", "id": todoID, "properties": object1{"ownerID": owner}}})
		}
		got := a.post("/access/v1/evaluations", text(t, object1{
			"subject": object1{"type": "user", "id": cases.Users[b.User].ID}, "action": object1{"name": b.Action}, "resource": object1{}, "context": object1{}, "evaluations": list,
		}))
		if diff := cmp.Diff(b.Answers, decisionsOf(t, got)); diff != "" {
			t.Errorf("batch %v: -want +got\n%s", b, diff)
		}
	}
	if asked != 40 || len(cases.Batches) != 3 {
		t.Errorf("%d evaluations and %d batches, want 40 and 3", asked, len(cases.Batches))
	}
	if n := len(a.memory.of("decision")); n != asked+6 || a.memory.leaves != int64(asked+3) {
		t.Errorf("%d decisions under %d leaves are recorded, want %d under %d", n, a.memory.leaves, asked+6, asked+3)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// decisionsOf are the booleans of a batch.
func decisionsOf(t *testing.T, got answer) []bool {
	t.Helper()
	var res struct {
		Evaluations []struct{ Decision *bool }
		Decision    *bool
	}
	if err := json.Unmarshal([]byte(got.body), &res); err != nil || got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if res.Decision != nil {
		return []bool{*res.Decision}
	}
	out := []bool{}
	for _, e := range res.Evaluations {
		if e.Decision == nil {
			t.Fatalf("an evaluation without a decision: %s", got.body)
		}
		out = append(out, *e.Decision)
	}
	return out
}

const (
	alice   = `"subject":{"type":"user","id":"alice"}`
	bob     = `"subject":{"type":"user","id":"bob"}`
	admin   = `"subject":{"type":"user","id":"bob","properties":{"role":"admin"}}`
	read    = `"action":{"name":"read"}`
	write   = `"action":{"name":"write"}`
	record1 = `"resource":{"type":"record","id":"record-1"}`
	record2 = `"resource":{"type":"record","id":"record-2","properties":{"status":"archived"}}`
)

func members1(m ...string) string { return "{" + strings.Join(m, ",") + "}" }

// TestCertification runs the certification scenario, levels Basic and Batch, core and
// properties.
func TestCertification(t *testing.T) {
	a := start(t, setup{packs: "testdata/authzen/certification"})
	context := `"context":{"time":"2025-06-27T18:03-07:00"}`
	for _, c := range []struct {
		name, body string
		want       []bool
	}{
		{"2.2.1 permit", members1(alice, read, record1), []bool{true}},
		{"rule 2", members1(alice, write, record1), []bool{true}},
		{"rule 3", members1(bob, read, record1), []bool{true}},
		{"2.2.2 deny", members1(bob, write, record1), []bool{false}},
		{"2.2.3 context", members1(alice, read, record1, `"context":{"time":"2025-06-27T18:03-07:00","ip":"192.168.1.1"}`), []bool{true}},
		{"2.2.4 resource properties", members1(alice, write, record2), []bool{false}},
		{"2.2.5 subject properties", members1(admin, write, record2), []bool{true}},
		{"2.2.6 action properties", members1(alice, `"action":{"name":"delete","properties":{"soft":true}}`, record1), []bool{true}},
		{"2.2.7 action properties", members1(alice, `"action":{"name":"delete","properties":{"soft":false}}`, record1), []bool{false}},
		{"2.2.8 additional properties", `{"subject":{"type":"user","id":"alice","properties":{"department":"Sales","role":"manager"}},"action":{"name":"read","properties":{"method":"GET"}},"resource":{"type":"record","id":"record-1","properties":{"status":"active","owner":"bob"}}}`, []bool{true}},
		{"2.2.9 unknown fields", members1(alice, read, record1, `"foo":"bar","futureField":{"nested":true}`), []bool{true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// 2.6: the same question, the same answer; 3.4.2: the plural path takes it, too.
			for _, path := range []string{"/access/v1/evaluation", "/access/v1/evaluation", "/access/v1/evaluations"} {
				if diff := cmp.Diff(c.want, decisionsOf(t, a.post(path, c.body))); diff != "" {
					t.Errorf("%s: -want +got\n%s", path, diff)
				}
			}
		})
	}
	for _, c := range []struct {
		name, body string
		want       []bool
	}{
		{"3.2.1 array", members1(alice, read, `"evaluations":[{"resource":{"type":"record","id":"record-1"}},{"resource":{"type":"record","id":"record-2"}}]`), []bool{true, true}},
		{"3.2.2 validated", members1(bob, record1, `"evaluations":[{`+read+`},{`+write+`}]`), []bool{true, false}},
		{"3.2.3 properties", members1(alice, write, `"evaluations":[{"resource":{"type":"record","id":"record-1","properties":{"status":"active"}}},{`+record2+`}]`), []bool{true, false}},
		{"3.2.4 subject properties", members1(write, record2, `"evaluations":[{`+alice+`},{`+admin+`}]`), []bool{false, true}},
		{"3.2.5 no defaults", members1(`"evaluations":[` + members1(alice, read, record1) + `,` + members1(bob, write, record1) + `]`), []bool{true, false}},
		{"3.2.6 context", members1(alice, read, context, `"evaluations":[{`+record1+`},{`+record2+`,"context":{"time":"2025-06-27T19:00-07:00","source":"batch-override"}}]`), []bool{true, true}},
		{"3.2.7 merging", members1(alice, write, `"resource":{"type":"record"}`, `"evaluations":[{"resource":{"id":"record-1","properties":{"status":"active"}}},{`+record2+`}]`), []bool{true, false}},
		{"3.4.1 one fails", members1(alice, read, `"evaluations":[{`+record1+`},{}]`), []bool{true, false}},
		{"one is malformed", members1(alice, read, `"evaluations":[{"resource":"record-1"},{`+record1+`}]`), []bool{false, true}},
		{"3.4.3 empty array", members1(alice, read, record1, `"evaluations":[]`), []bool{true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, decisionsOf(t, a.post("/access/v1/evaluations", c.body))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestCertificationErrors: 2.4 and 2.5 of the certification scenario.
func TestCertificationErrors(t *testing.T) {
	a := start(t, setup{packs: "testdata/authzen/certification"})
	ok := members1(alice, read, record1)
	for name, body := range map[string]string{
		"no subject":        members1(read, record1),
		"no action":         members1(alice, record1),
		"no resource":       members1(alice, read),
		"no subject type":   members1(`"subject":{"id":"alice"}`, read, record1),
		"no subject id":     members1(`"subject":{"type":"user"}`, read, record1),
		"no action name":    members1(alice, `"action":{}`, record1),
		"no resource type":  members1(alice, read, `"resource":{"id":"record-1"}`),
		"no resource id":    members1(alice, read, `"resource":{"type":"record"}`),
		"null subject":      members1(`"subject":null`, read, record1),
		"malformed":         `{"subject":`,
		"empty":             "",
		"subject is text":   members1(`"subject":"alice"`, read, record1),
		"name is number":    members1(alice, `"action":{"name":123}`, record1),
		"given twice":       members1(alice, alice, read, record1),
		"two values":        members1(alice, read, `"resource":{"type":"record","id":"record-1","properties":{"status":"active"}}`, `"context":{"status":"archived"}`),
		"invalid UTF-8":     members1(alice, read, "\"resource\":{\"type\":\"record\",\"id\":\"\xff\"}"),
		"unknown operation": members1(alice, `"action":{"name":"fly"}`, record1),
		"state of affairs":  members1(alice, `"action":{"name":"retain"}`, record1),
		"wrong value":       members1(alice, read, record1, `"context":{"soft":"maybe"}`),
		"wrong option":      members1(alice, read, record1, `"context":{"accept_conditions":"yes"}`),
	} {
		t.Run(name, func(t *testing.T) {
			got := a.post("/access/v1/evaluation", body)
			if p := got.problem(); got.status != http.StatusBadRequest || p.Code == "" || p.Detail == "" {
				t.Errorf("want 400 and what is wrong, got %d %s", got.status, got.body)
			}
		})
	}
	t.Run("content type", func(t *testing.T) {
		for _, kind := range []string{"", "text/plain", "application/x-ndjson", "application/x-www-form-urlencoded"} {
			if got := a.post("/access/v1/evaluation", ok, "Content-Type", kind); got.status != http.StatusBadRequest {
				t.Errorf("%q: %d %s", kind, got.status, got.body)
			}
		}
	})
	t.Run("request id", func(t *testing.T) {
		for _, id := range []string{"bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "some id of mine"} {
			if got := a.post("/access/v1/evaluation", ok, "X-Request-ID", id); got.header.Get("X-Request-Id") != id {
				t.Errorf("%q came back as %q", id, got.header.Get("X-Request-Id"))
			}
		}
		if got := a.post("/access/v1/evaluation", ok); got.header.Get("X-Request-Id") == "" {
			t.Error("an answer without request id")
		}
	})
	if n := len(a.memory.of("decision")); n != 3 {
		t.Errorf("%d decisions are recorded, want the 3 that were answered", n)
	}
}

// TestEvaluationsSemantics: what comes after the answer that settles the batch is not
// asked, and not recorded.
func TestEvaluationsSemantics(t *testing.T) {
	list := `"evaluations":[{` + read + `},{` + write + `},{},{` + read + `}]`
	for _, c := range []struct {
		semantic string
		want     []bool
		recorded int
	}{
		{`"execute_all"`, []bool{true, false, false, true}, 3},
		{`"deny_on_first_deny"`, []bool{true, false}, 2},
		{`"permit_on_first_permit"`, []bool{true}, 1},
	} {
		a := start(t, setup{packs: "testdata/authzen/certification"})
		got := a.post("/access/v1/evaluations", members1(bob, record1, `"options":{"evaluations_semantic":`+c.semantic+`}`, list))
		if diff := cmp.Diff(c.want, decisionsOf(t, got)); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.semantic, diff)
		}
		if n := len(a.memory.of("decision")); n != c.recorded {
			t.Errorf("%s: %d decisions are recorded, want %d", c.semantic, n, c.recorded)
		}
	}
	a := start(t, setup{packs: "testdata/authzen/certification"})
	for _, semantic := range []string{`"whatever"`, `7`} {
		if got := a.post("/access/v1/evaluations", members1(bob, record1, `"options":{"evaluations_semantic":`+semantic+`}`, list)); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", semantic, got.status, got.body)
		}
	}
}

// TestEvaluationContext: facts by name, names that are none, the person whose data it is,
// and who is recorded as acting on what.
func TestEvaluationContext(t *testing.T) {
	a := start(t, setup{packs: "testdata/authzen/certification"})
	got := a.post("/access/v1/evaluation", members1(alice, read, record1, `"context":{"weather":"fine","role":"clerk","subject":{"id":"person-1","home":"DE"},"tenant":"acme","nothing":null}`))
	var res struct {
		Context struct {
			Ignored []string
			Effect  comity.Effect
			Record  *comity.Record
		}
	}
	if err := json.Unmarshal([]byte(got.body), &res); err != nil || got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if diff := cmp.Diff([]string{"nothing", "weather"}, res.Context.Ignored); diff != "" {
		t.Errorf("ignored: -want +got\n%s", diff)
	}
	if res.Context.Effect != comity.Allow || res.Context.Record == nil || res.Context.Record.Index == nil {
		t.Errorf("no decision in the context: %s", got.body)
	}
	e := a.memory.of("decision")[0]
	if e.Subject != (comity.Subject{ID: "person-1", Home: "DE"}) || e.Principal != "alice" || e.Tenant != "acme" || e.Resource.Type != "record" || e.Resource.ID != "record-1" {
		t.Errorf("recorded as %+v", e)
	}
}

// conditional is a transfer that the law allows with conditions.
const conditional = `"subject":{"type":"service","id":"exporter"},"action":{"name":"transfer"},"resource":{"type":"dataset","id":"d1","properties":{
	"date":"2025-10-01","subject_location":"DE","controller_establishment":"IE","data_categories":["contact"],"from_region":"DE","to_region":"US",
	"transfer_mechanism":"scc_2021","tia":"adequate","legal_basis":"contract","purpose":"contract_performance"}}`

// TestConditions: a conditional allow is a permit only if the caller carries the
// conditions out, accepts them, or the installation says so.
func TestConditions(t *testing.T) {
	strict := start(t, setup{})
	lenient := start(t, setup{options: func(o *Options) { o.AuthZEN.AllowConditional = true }})
	types := conditionTypes(t, strict)
	all, _ := json.Marshal(types)
	for _, c := range []struct {
		name, context string
		api           *testAPI
		want          bool
		obligations   bool
	}{
		{"nothing said", ``, strict, false, false},
		{"accepted", `"accept_conditions":true`, strict, true, false},
		{"not accepted", `"accept_conditions":false`, strict, false, false},
		{"all supported", `"supported_obligations":` + string(all), strict, true, true},
		{"another supported", `"supported_obligations":["mask"]`, strict, false, false},
		{"installation accepts", ``, lenient, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.api.post("/access/v1/evaluation", members1(conditional, `"context":{`+c.context+`}`))
			var res struct {
				Decision bool
				Context  struct {
					Effect      comity.Effect
					Conditions  []comity.Condition
					Obligations []struct{ ID, Type, Text string }
				}
			}
			if err := json.Unmarshal([]byte(got.body), &res); err != nil || got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if res.Decision != c.want || res.Context.Effect != comity.Allow {
				t.Errorf("decision %v, want %v: %s", res.Decision, c.want, got.body)
			}
			if (len(res.Context.Obligations) > 0) != c.obligations || (len(res.Context.Conditions) > 0) == c.obligations {
				t.Errorf("obligations %v, conditions %v", res.Context.Obligations, res.Context.Conditions)
			}
		})
	}
}

// conditionTypes are the types of actions that the conditional transfer asks for.
func conditionTypes(t *testing.T, a *testAPI) []string {
	t.Helper()
	got := a.post("/access/v1/evaluation", members1(conditional))
	var res struct{ Context comity.Decision }
	if err := json.Unmarshal([]byte(got.body), &res); err != nil || len(res.Context.Conditions) == 0 {
		t.Fatalf("the transfer has no conditions: %s", got.body)
	}
	var types []string
	for _, c := range res.Context.Conditions {
		if c.Action == nil {
			t.Fatalf("condition %s has no action", c.ID)
		}
		types = append(types, c.Action.Type)
	}
	return types
}

func TestAuthZENConfiguration(t *testing.T) {
	if got := start(t, setup{}).get("/.well-known/authzen-configuration"); got.status != http.StatusNotFound || got.problem().Code != "not_found" {
		t.Errorf("without a public URL: %d %s", got.status, got.body)
	}
	a := start(t, setup{options: func(o *Options) { o.PublicURL = "https://pdp.example.com/" }})
	got := a.get("/.well-known/authzen-configuration")
	want := `{"policy_decision_point":"https://pdp.example.com","access_evaluation_endpoint":"https://pdp.example.com/access/v1/evaluation","access_evaluations_endpoint":"https://pdp.example.com/access/v1/evaluations"}` + "\n"
	if got.body != want {
		t.Errorf("got %s", got.body)
	}
	if _, err := New(Options{Door: a.door, Vocabulary: a.handler.o.Vocabulary, Local: local(), PublicURL: "http://pdp.example.com"}); comity.CodeOf(err) != comity.CodeInvalid {
		t.Errorf("a public URL without TLS: %v", err)
	}
}

// TestBatchIsOneLeaf: all evaluations of a batch share an index and differ in sub.
func TestBatchIsOneLeaf(t *testing.T) {
	a := start(t, setup{packs: "testdata/authzen/certification"})
	got := a.post("/access/v1/evaluations", members1(bob, record1, `"evaluations":[{`+read+`},{`+write+`}]`))
	var res struct {
		Evaluations []struct {
			Context struct{ Record comity.Record }
		}
	}
	if err := json.Unmarshal([]byte(got.body), &res); err != nil {
		t.Fatal(err)
	}
	for i, e := range res.Evaluations {
		if r := e.Context.Record; r.Index == nil || *r.Index != 0 || r.Sub == nil || *r.Sub != i {
			t.Errorf("evaluation %d: record %s", i, fmt.Sprint(r))
		}
	}
}
