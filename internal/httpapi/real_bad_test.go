// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/comity-project/comity"
)

// TestKeyReused: a key that was used for something else is 409 at every door, in the header
// and in the body.
func TestKeyReused(t *testing.T) {
	packs := "testdata/authzen/certification"
	a, _ := onDisk(t, "packs: {dirs: [\""+absolute(t, packs)+"\"]}\nattributes: \""+absolute(t, packs+"/principals.json")+"\"\n")
	event := `{"type":"data_access","actor":{"id":"a"},"action":"open","resource":{"type":"file","id":"f"},"success":true}`
	key := []string{"Idempotency-Key", `"k-1"`}
	first := a.post("/v1/events", event, key...)
	if again := a.post("/v1/events", event, key...); first.status != 200 || again.body != first.body {
		t.Errorf("an event again under its header: %d %s, %d %s", first.status, first.body, again.status, again.body)
	}
	question := members1(bob, record1, read)
	for _, c := range []struct {
		name, path, body string
		headers          []string
		status           int
	}{
		{"another event", "/v1/events", strings.Replace(event, "open", "close", 1), key, http.StatusConflict},
		{"another event, in the body", "/v1/events", strings.Replace(event, `"success"`, `"idempotency_key":"k-1","purpose":"x","success"`, 1), nil, http.StatusConflict},
		{"a decision", "/v1/decisions", denied, key, http.StatusConflict},
		{"a decision, in the body", "/v1/decisions", `{"facts":` + denied + `,"idempotency_key":"k-1"}`, nil, http.StatusConflict},
		{"an evaluation", "/access/v1/evaluation", question, key, http.StatusConflict},
		{"two keys", "/v1/events", strings.Replace(event, `"success"`, `"idempotency_key":"k-2","success"`, 1), key, http.StatusBadRequest},
	} {
		if got := a.post(c.path, c.body, c.headers...); got.status != c.status {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
	}
	lines := []string{"Content-Type", "application/x-ndjson", "Idempotency-Key", "batch-1"}
	one := a.post("/v1/events", event+"\n"+event, lines...)
	two := a.post("/v1/events", event+"\n"+event, lines...)
	if one.status != 200 || !strings.Contains(one.body, `"sub":1`) || ids(one.body) != ids(two.body) {
		t.Errorf("lines again under their header:\n%s%s", one.body, two.body)
	}
}

// TestBatchSentTwice: a batch that is sent again while its first attempt runs gets the same
// answers, and is recorded once.
func TestBatchSentTwice(t *testing.T) {
	a, open := onDisk(t, "")
	size := open.Log.Head().Size
	body := strings.Repeat(denied+"\n", 500)
	answers := make([]answer, 6)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i] = a.post("/v1/decisions", body, "Content-Type", "application/x-ndjson", "Idempotency-Key", "batch-2")
		})
	}
	wg.Wait()
	for i, got := range answers {
		if got.status != 200 || strings.Contains(got.body, `"error"`) || ids(got.body) != ids(answers[0].body) || strings.Count(got.body, "\n") != 500 {
			t.Errorf("attempt %d: %d %.300s", i, got.status, got.body)
		}
	}
	if now := open.Log.Head().Size; now != size+1 {
		t.Errorf("%d entries for one batch", now-size)
	}
}

// ids are the identifiers in an answer of lines.
func ids(body string) (out string) {
	for line := range strings.Lines(body) {
		out += strings.SplitN(line, ",", 2)[0]
	}
	return out
}

// TestLongFields: what names somebody or something is bounded, with a clear error.
func TestLongFields(t *testing.T) {
	a, open := onDisk(t, "")
	size := open.Log.Head().Size
	long := strings.Repeat("x", 1025)
	const event = `{"type":"data_access","actor":{"id":"a"},"action":"open","resource":{"type":"file","id":"f"},"source":"s","purpose":"p","subject":{"id":"u","home":"h"},"success":true}`
	for field, old := range map[string]string{
		"actor.id": `"a"`, "resource.type": `"file"`, "resource.id": `"f"`, "source": `"s"`, "purpose": `"p"`, "subject.id": `"u"`, "subject.home": `"h"`,
	} {
		got := a.post("/v1/events", strings.Replace(event, old, `"`+long+`"`, 1))
		if p := got.problem(); got.status != 400 || !strings.Contains(p.Detail, field+" has 1025 bytes, more than 1024") {
			t.Errorf("%s: %d %s", field, got.status, got.body)
		}
	}
	for field, old := range map[string]string{"type": `"data_access"`, "action": `"open"`, "tenant": `"t"`, "region": `"DE"`} {
		body := strings.Replace(event, `"success"`, `"tenant":"t","region":"DE","success"`, 1)
		got := a.post("/v1/events", strings.Replace(body, old, `"`+long[:129]+`"`, 1))
		if p := got.problem(); got.status != 400 || field != "type" && !strings.Contains(p.Detail, field+" has 129 bytes, more than 128") {
			t.Errorf("%s: %d %s", field, got.status, got.body)
		}
	}
	for details, want := range map[string]string{
		`{"x":"` + strings.Repeat("x", 64<<10) + `"}`:                           "details have more than 65536 bytes",
		`{"x":[` + strings.Repeat("1,", 9000) + `1]}`:                           "details have more than 65536 bytes",
		`{"` + strings.Repeat("x", 64<<10) + `":1}`:                             "details have more than 65536 bytes",
		strings.Repeat(`{"x":`, 17) + "1" + strings.Repeat(`}`, 17):             "details are nested deeper than 16",
		`{"x":` + strings.Repeat("[", 16) + "1" + strings.Repeat(`]`, 16) + `}`: "details are nested deeper than 16",
		strings.Repeat(`{"x":`, 9000) + "1" + strings.Repeat(`}`, 9000):         "details are nested deeper than 16",
		strings.Repeat(`{"x":`, 100_000) + "1" + strings.Repeat(`}`, 100_000):   "not valid JSON: exceeded max depth",
	} {
		got := a.post("/v1/events", strings.Replace(event, `"success"`, `"details":`+details+`,"success"`, 1))
		if p := got.problem(); got.status != 400 || !strings.Contains(p.Detail, want) || p.Remedy == "" {
			t.Errorf("details %.20s of %d bytes: %d %s", details, len(details), got.status, got.body)
		}
	}
	if got := a.post("/v1/decisions", `{"facts":`+denied+`,"subject":{"id":"`+long+`"}}`); got.status != 400 || !strings.Contains(got.body, "subject.id has 1025 bytes") {
		t.Errorf("a decision: %d %s", got.status, got.body)
	}
	if got := a.post("/v1/events", strings.Replace(event, `"success"`, `"idempotency_key":"`+long+`","success"`, 1)); got.status != 400 || !strings.Contains(got.body, "more than 256 bytes") {
		t.Errorf("a key: %d %s", got.status, got.body)
	}
	if now := open.Log.Head().Size; now != size {
		t.Errorf("%d entries for what was refused", now-size)
	}
	whole := strings.Replace(event, `"success"`, `"details":{"x":"`+strings.Repeat("x", 64<<10-9)+`"},"success"`, 1)
	if got := a.post("/v1/events", strings.Replace(whole, `"a"`, `"`+long[1:]+`"`, 1)); got.status != 200 {
		t.Errorf("at the limit: %d %s", got.status, got.body)
	}
}

// TestNoPathsInAnswers: what a client learns of a fault says nothing of where files lie.
func TestNoPathsInAnswers(t *testing.T) {
	a := start(t, setup{})
	a.memory.fail(&comity.Error{
		Code: comity.CodeUnavailable, Op: "record", Remedy: "free space",
		Err: fmt.Errorf("prepare: %w", &fs.PathError{Op: "fallocate", Path: "/var/lib/secret/wal", Err: syscall.ENOSPC}),
	})
	got := a.post("/v1/decisions", denied)
	if p := got.problem(); got.status != 503 || p.Detail != "record: no space left on device" || p.Remedy != "free space" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if !strings.Contains(a.logs.String(), "/var/lib/secret/wal") {
		t.Error("the operator does not learn it either")
	}
}
