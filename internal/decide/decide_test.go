// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// TestNoAnswerWithoutRecord: whichever call to the recorder or to the store of programs
// fails, the caller gets an error that says so, and no answer.
func TestNoAnswerWithoutRecord(t *testing.T) {
	keyed := denied()
	keyed.IdempotencyKey = "k"
	ways := map[string]func(*decide.Door) (any, error){
		"decide": func(d *decide.Door) (any, error) { return d.Decide(t.Context(), everybody, denied()) },
		"keyed":  func(d *decide.Door) (any, error) { return d.Decide(t.Context(), everybody, keyed) },
		"leased": func(d *decide.Door) (any, error) { return d.DecideLeased(t.Context(), everybody, denied()) },
		"batch": func(d *decide.Door) (any, error) {
			return d.DecideBatch(t.Context(), everybody, []comity.Request{denied(), denied()})
		},
		"event": func(d *decide.Door) (any, error) { return d.Event(t.Context(), everybody, access()) },
		"events": func(d *decide.Door) (any, error) {
			return d.EventBatch(t.Context(), everybody, []audit.Event{access()})
		},
		"reload": func(d *decide.Door) (any, error) {
			return d.Reload(t.Context(), everybody, packs(t), decide.Activation{})
		},
	}
	for name, ask := range ways {
		// How many calls does it take? Each of them fails once.
		calls := 0
		d, s := newDoor(t, nil)
		s.rec.fail = func(string) error { calls++; return nil }
		if _, err := ask(d); err != nil || calls == 0 {
			t.Fatalf("%s: %v after %d calls", name, err, calls)
		}
		for n := 1; n <= calls; n++ {
			d, s := newDoor(t, nil)
			seen := 0
			s.rec.fail = func(string) error {
				if seen++; seen == n {
					return errDisk
				}
				return nil
			}
			checkNoAnswer(t, fmt.Sprintf("%s, call %d", name, n), ask, d)
		}
		if name != "event" && name != "events" {
			d, _ := newDoor(t, func(s *setup) { s.keep.err = errDisk })
			if name == "batch" { // each question has its error in its place
				list, err := d.DecideBatch(t.Context(), everybody, []comity.Request{denied()})
				if err != nil || comity.CodeOf(list[0].Err) != comity.CodeUnavailable || list[0].Decision.Effect != "" {
					t.Errorf("batch, keep: %v, %+v", err, list)
				}
				continue
			}
			checkNoAnswer(t, name+", keep", ask, d)
		}
	}
	// A full disk is named, with what to do.
	full, _ := newDoor(t, func(s *setup) { s.keep.err = fmt.Errorf("write program: %w", syscall.ENOSPC) })
	_, err := full.Decide(t.Context(), everybody, denied())
	if e := (*comity.Error)(nil); !errors.As(err, &e) || e.Code != comity.CodeUnavailable || !strings.Contains(e.Remedy, "free space") {
		t.Errorf("full disk: %v", err)
	}
	// A repetition that cannot be read is no answer either.
	d, s := newDoor(t, nil)
	if _, err := d.Decide(t.Context(), everybody, keyed); err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"replay", "show"} {
		s.rec.setFail(func(c string) error {
			if c == call {
				return errDisk
			}
			return nil
		})
		checkNoAnswer(t, "repetition, "+call, ways["keyed"], d)
	}
	if n := len(s.rec.recorded(audit.TypeDecision)); n != 1 {
		t.Errorf("%d decisions are recorded, 1 was given", n)
	}
}

func checkNoAnswer(t *testing.T, name string, ask func(*decide.Door) (any, error), d *decide.Door) {
	t.Helper()
	program := d.Engine()
	got, err := ask(d)
	if comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("%s: error %v", name, err)
	}
	if text, _ := json.Marshal(got); strings.Contains(string(text), "local") || strings.Contains(string(text), `"deny"`) {
		t.Errorf("%s: an answer in spite of the error: %s", name, text)
	}
	if d.Engine() != program {
		t.Errorf("%s: the program changed", name)
	}
}

// TestRecord: what an auditor asks for is in the event, and nothing personal in what
// becomes the leaf.
func TestRecord(t *testing.T) {
	d, s := newDoor(t, nil)
	req := denied()
	req.Principal = "carla"
	dec, err := d.Decide(t.Context(), everybody, req)
	if err != nil {
		t.Fatal(err)
	}
	e := s.rec.events[0]
	if e.ID != dec.ID || len(dec.ID) != len("local-")+26 || e.Type != audit.TypeDecision || e.Action != "transfer" || e.Region != "DE" || e.Effect != comity.Deny {
		t.Errorf("leaf of %s: %+v", dec.ID, e)
	}
	if diff := cmp.Diff([]string{"EU", "US"}, e.Jurisdictions); diff != "" && !slices.Contains(e.Jurisdictions, "EU") {
		t.Error(diff)
	}
	if e.Principal != "carla" || e.Caller != "anna" || e.Subject.ID != "subject-1" || e.Program != dec.Program {
		t.Errorf("event %+v", e)
	}
	for want, names := range map[string][]string{
		"privacy_shield [caller]": {"request", "facts", "transfer_mechanism"},
		"[contact health]":        {"data_classes"},
		"[DE]":                    {"flow", "from"},
		"[US]":                    {"flow", "to"},
	} {
		got := fmt.Sprint(member(e, names...))
		if o, ok := member(e, names...).(audit.Object); ok {
			got = fmt.Sprintf("%v [%v]", o[1].Value, o[0].Value)
		}
		if got != want {
			t.Errorf("%v is %s, want %s", names, got, want)
		}
	}
	// The digest in the log is over the answer as it is sent, without id and record.
	wire, err := json.Marshal(dec)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(wire, &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "id")
	delete(fields, "record")
	bare, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	v := jsontext.Value(bare)
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(v) != sha256.Sum256(e.Answer) {
		t.Errorf("the recorded answer differs from the sent one:\n%s\n%s", e.Answer, v)
	}
	if diff := cmp.Diff([]string{dec.Program}, s.keep.kept); diff != "" {
		t.Error(diff)
	}
}

// TestDate: without a date the question is asked now, and the record says by which clock.
func TestDate(t *testing.T) {
	d, s := newDoor(t, nil)
	req := denied()
	delete(req.Facts, "date")
	dec, err := d.Decide(t.Context(), everybody, req)
	if err != nil {
		t.Fatal(err)
	}
	if off := time.Since(dec.At); off < 0 || off > time.Minute {
		t.Errorf("asked at %v", dec.At)
	}
	if o, _ := member(s.rec.events[0], "request", "facts", "date").(audit.Object); o == nil || o[0].Value != "clock" {
		t.Errorf("origin of the date: %v", o)
	}
	if _, ok := req.Facts["date"]; ok {
		t.Error("the caller's facts were changed")
	}
}

// source is a source of facts for tests.
type source struct {
	name   string
	strong bool
	facts  comity.Facts
	err    error
	asked  []comity.Facts
}

func (s *source) Name() string              { return s.name }
func (s *source) Authoritative(string) bool { return s.strong }
func (s *source) Facts(_ context.Context, _ decide.Caller, req comity.Request) (comity.Facts, error) {
	s.asked = append(s.asked, req.Facts)
	return s.facts, s.err
}

func TestSources(t *testing.T) {
	for _, tt := range []struct {
		name       string
		sources    []*source
		code       comity.Code
		overridden []comity.Override
		origin     string // of transfer_mechanism
	}{
		{name: "a source adds a fact", sources: []*source{{name: "register", facts: comity.Facts{"tia": "adequate"}}}, origin: "caller"},
		{
			name: "the same fact is no difference, also as a list and by an alias of its value", origin: "caller",
			sources: []*source{{name: "register", facts: comity.Facts{"data_categories": []string{"health", "contact"}, "transfer_mechanism": "privacy_shield"}}},
		},
		{name: "a difference is a conflict", code: comity.CodeConflict, sources: []*source{{name: "register", facts: comity.Facts{"transfer_mechanism": "scc_2021"}}}},
		{
			name: "an authoritative source overrides, and the answer says so", origin: "ledger",
			sources:    []*source{{name: "ledger", strong: true, facts: comity.Facts{"transfer_mechanism": "scc_2021"}}},
			overridden: []comity.Override{{Fact: "transfer_mechanism", Given: "privacy_shield", Used: "scc_2021", Source: "ledger"}},
		},
		{
			name: "sources are asked in their order, and may contradict each other", code: comity.CodeConflict,
			sources: []*source{{name: "a", facts: comity.Facts{"tia": "adequate"}}, {name: "b", facts: comity.Facts{"tia": "insufficient"}}},
		},
		{name: "a source that fails leaves no answer", code: comity.CodeUnavailable, sources: []*source{{name: "a", err: errDisk}}},
		{name: "a source that gives no fact of the vocabulary", code: comity.CodeInternal, sources: []*source{{name: "a", facts: comity.Facts{"nothing": true}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, s := newDoor(t, func(s *setup) {
				for _, src := range tt.sources {
					s.o.Sources = append(s.o.Sources, src)
				}
			})
			dec, err := d.Decide(t.Context(), everybody, denied())
			if comity.CodeOf(err) != tt.code {
				t.Fatalf("error %v, want %q", err, tt.code)
			}
			if err != nil {
				if len(s.rec.events) > 0 {
					t.Error("something was recorded")
				}
				return
			}
			if diff := cmp.Diff(tt.overridden, dec.Overridden); diff != "" {
				t.Error(diff)
			}
			o, _ := member(s.rec.events[0], "request", "facts", "transfer_mechanism").(audit.Object)
			if o == nil || o[0].Value != tt.origin {
				t.Errorf("origin %v, want %s", o, tt.origin)
			}
		})
	}
}

// TestParts: each part is resolved by itself, and the record tells defaults from what the
// part says.
func TestParts(t *testing.T) {
	src := &source{name: "ledger", strong: true, facts: comity.Facts{"tia": "adequate"}}
	d, s := newDoor(t, func(s *setup) { s.o.Sources = []decide.FactSource{src} })
	req := denied()
	req.Parts = []comity.Facts{{"subject_location": "FR"}, {}}
	dec, err := d.Decide(t.Context(), everybody, req)
	if err != nil {
		t.Fatal(err)
	}
	if len(dec.Violations) == 0 || len(dec.Violations[0].Parts) != 2 || len(src.asked) != 2 || src.asked[0]["subject_location"] != "FR" {
		t.Errorf("violations %+v, asked %v", dec.Violations, src.asked)
	}
	parts, _ := member(s.rec.events[0], "request", "parts").([]any)
	if len(parts) != 2 {
		t.Fatalf("parts %v", parts)
	}
	origin := func(part int, fact string) any {
		for _, m := range parts[part].(audit.Object) {
			if m.Name == fact {
				return m.Value.(audit.Object)[0].Value
			}
		}
		return nil
	}
	if origin(0, "subject_location") != "caller" || origin(1, "subject_location") != "default" || origin(1, "tia") != "ledger" {
		t.Errorf("origins %v, %v, %v", origin(0, "subject_location"), origin(1, "subject_location"), origin(1, "tia"))
	}
}

// holdAll turns every allow into a review.
type holdAll struct{}

func (holdAll) Name() string { return "hold" }
func (holdAll) Object(_ context.Context, _ comity.Request, d *comity.Decision) error {
	d.Effect = comity.Review
	return nil
}

func TestGuards(t *testing.T) {
	d, s := newDoor(t, func(s *setup) { s.o.Guards = []decide.Guard{holdAll{}} })
	dec, err := d.Decide(t.Context(), everybody, denied())
	if err != nil {
		t.Fatal(err)
	}
	if dec.Effect != comity.Review || s.rec.events[0].Effect != comity.Review || member(s.rec.events[0], "objections") == nil {
		t.Errorf("%s, recorded %+v", dec.Effect, s.rec.events[0])
	}
}

// TestScopesAndTenants: who may not ask, or asks for another tenant, is refused before
// anything happens.
func TestScopesAndTenants(t *testing.T) {
	d, s := newDoor(t, nil)
	acme := decide.Caller{ID: "acme-app", Tenant: "acme", Scopes: []decide.Scope{decide.ScopeDecide, decide.ScopeAppend}}
	named := func(envelope, fact string) comity.Request {
		r := denied()
		r.Tenant = envelope
		if fact != "" {
			r.Facts["tenant"] = fact
		}
		return r
	}
	for _, tt := range []struct {
		name   string
		caller decide.Caller
		req    comity.Request
		code   comity.Code
		tenant string
	}{
		{"without the scope", decide.Caller{ID: "x", Scopes: []decide.Scope{decide.ScopeAppend}}, denied(), comity.CodeForbidden, ""},
		{"his own tenant by default", acme, denied(), "", "acme"},
		{"his own tenant by name", acme, named("acme", ""), "", "acme"},
		{"another tenant", acme, named("globex", ""), comity.CodeForbidden, ""},
		{"another tenant as a fact", acme, named("", "globex"), comity.CodeForbidden, ""},
		{"two tenants", everybody, named("acme", "globex"), comity.CodeConflict, ""},
		{"any tenant for who is not bound", everybody, named("", "globex"), "", "globex"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(s.rec.events)
			_, err := d.Decide(t.Context(), tt.caller, tt.req)
			if comity.CodeOf(err) != tt.code {
				t.Fatalf("error %v, want %q", err, tt.code)
			}
			if err == nil && s.rec.events[before].Tenant != tt.tenant {
				t.Errorf("tenant %q, want %q", s.rec.events[before].Tenant, tt.tenant)
			}
			if err != nil && len(s.rec.events) != before {
				t.Error("something was recorded")
			}
		})
	}
	e := access()
	e.Tenant = "globex"
	if _, err := d.Event(t.Context(), acme, e); comity.CodeOf(err) != comity.CodeForbidden {
		t.Errorf("event of another tenant: %v", err)
	}
	if _, err := d.Changed(t.Context(), acme, decide.Change{Type: audit.TypeConfigChanged}); comity.CodeOf(err) != comity.CodeForbidden {
		t.Errorf("a change without the scope: %v", err)
	}
}

// TestIdempotency: one answer and one record for a key, however many ask at once.
func TestIdempotency(t *testing.T) {
	d, s := newDoor(t, nil)
	req := denied()
	req.IdempotencyKey = "k"
	answers := make([]comity.Decision, 32)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			var err error
			if answers[i], err = d.Decide(t.Context(), everybody, req); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(s.rec.recorded(audit.TypeDecision)); n != 1 {
		t.Fatalf("%d records", n)
	}
	for _, a := range answers[1:] {
		a.Record.Checkpoint = answers[0].Record.Checkpoint
		if diff := cmp.Diff(answers[0], a); diff != "" {
			t.Fatal(diff)
		}
	}
	other := denied()
	other.IdempotencyKey, other.Explain = "k", true
	if _, err := d.Decide(t.Context(), everybody, other); comity.CodeOf(err) != comity.CodeConflict {
		t.Errorf("another body: %v", err)
	}
	bob := decide.Caller{ID: "bob", Scopes: decide.Scopes()}
	if dec, err := d.Decide(t.Context(), bob, req); err != nil || dec.ID == answers[0].ID {
		t.Errorf("another principal's key: %v, %s", err, dec.ID)
	}
	e := access()
	e.IdempotencyKey = "e"
	first, err := d.Event(t.Context(), everybody, e)
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.Event(t.Context(), everybody, e)
	if err != nil || second.ID != first.ID || *second.Record.Index != *first.Record.Index || !second.At.Equal(first.At) {
		t.Errorf("event again: %+v, %+v, %v", first, second, err)
	}
	e.Action = "write"
	if _, err := d.Event(t.Context(), everybody, e); comity.CodeOf(err) != comity.CodeConflict {
		t.Errorf("another event: %v", err)
	}
}

func TestBatch(t *testing.T) {
	d, s := newDoor(t, nil)
	keyed := denied()
	keyed.IdempotencyKey = "k"
	first, err := d.Decide(t.Context(), everybody, keyed)
	if err != nil {
		t.Fatal(err)
	}
	again := denied()
	again.IdempotencyKey = "twice"
	list, err := d.DecideBatch(t.Context(), everybody, []comity.Request{denied(), {Facts: comity.Facts{"operation": "fly"}}, keyed, again, again, denied()})
	if err != nil {
		t.Fatal(err)
	}
	codes := []comity.Code{"", comity.CodeUnknown, "", "", comity.CodeConflict, ""}
	if comity.CodeOf(list[3].Err) != "" { // which of the two comes first is open
		codes[3], codes[4] = codes[4], codes[3]
	}
	sub := 0
	for i, a := range list {
		switch {
		case comity.CodeOf(a.Err) != codes[i]:
			t.Errorf("answer %d: %v", i, a.Err)
		case a.Err != nil:
			if a.Decision.Effect != "" {
				t.Errorf("answer %d: an answer with its error", i)
			}
		case i == 2:
			if a.Decision.ID != first.ID || *a.Decision.Record.Index != *first.Record.Index {
				t.Errorf("the key did not find the first answer: %+v", a.Decision.Record)
			}
		default:
			if *a.Decision.Record.Sub != sub || *a.Decision.Record.Index != 1 {
				t.Errorf("answer %d: %+v", i, a.Decision.Record)
			}
			sub++
		}
	}
	if s.rec.calls["batch"] != 1 {
		t.Errorf("%d leaves", s.rec.calls["batch"])
	}
	// After the batch its keys are free again.
	if _, err := d.Decide(t.Context(), everybody, again); err != nil {
		t.Error(err)
	}
	if list, err := d.DecideBatch(t.Context(), everybody, nil); err != nil || len(list) != 0 {
		t.Errorf("an empty batch: %v, %v", list, err)
	}
}

// TestReload: the new program is stored and its event recorded before it decides.
func TestReload(t *testing.T) {
	d, s := newDoor(t, nil)
	before := d.Engine().Program().Hash()
	next, err := engine.New(engine.Options{NoEmbedded: true})
	if err != nil {
		t.Fatal(err)
	}
	s.rec.setFail(func(string) error { return errDisk })
	if _, err := d.Reload(t.Context(), everybody, next, decide.Activation{}); err == nil || d.Engine().Program().Hash() != before {
		t.Fatalf("reloaded without a record: %v", err)
	}
	s.rec.setFail(nil)
	if _, err := d.Reload(t.Context(), everybody, next, decide.Activation{}); err != nil {
		t.Fatal(err)
	}
	e := s.rec.recorded(audit.TypePacksChanged)
	if len(e) != 1 || member(e[0], "old") != before || member(e[0], "new") != next.Program().Hash() || e[0].Principal != "anna" || e[0].Program != before {
		t.Errorf("events %+v", e)
	}
	if d.Engine() != next || !slices.Contains(s.keep.kept, next.Program().Hash()) {
		t.Error("the new program does not decide, or is not stored")
	}
}
