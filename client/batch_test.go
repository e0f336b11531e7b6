// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
)

func TestBatch(t *testing.T) {
	bad := `{"error":{"code":"unknown","message":"no operation \"fly\"","line":2}}`
	ask := func(answer string, opts client.Options) ([]client.Answer, int, error) {
		sent := 0
		c := server(t, opts, func(w http.ResponseWriter, r *http.Request) {
			sent++
			if got := r.Header.Get("Content-Type"); got != "application/x-ndjson" {
				t.Errorf("Content-Type %q", got)
			}
			fmt.Fprint(w, answer)
		})
		out, err := c.DecideBatch(t.Context(), []comity.Request{question(), question(), question()})
		return out, sent, err
	}
	third := strings.Replace(strings.Replace(allow, "allow", "deny", 1), "d-1", "d-3", 1)
	for _, end := range []string{"", "\n"} {
		out, _, err := ask(allow+"\n"+bad+"\n"+third+end, client.Options{})
		if err != nil || len(out) != 3 {
			t.Fatalf("%v, %v", out, err)
		}
		var e *comity.Error
		if out[0].Decision.ID != "d-1" || out[2].Decision.Effect != comity.Deny || !errors.As(out[1].Err, &e) || e.Code != comity.CodeUnknown || e.Line != 2 {
			t.Errorf("%+v", out)
		}
	}
	for name, tc := range map[string]struct {
		answer string
		want   comity.Code
		sent   int
	}{
		"a line is missing": {allow + "\n" + allow + "\n", comity.CodeUnavailable, 4},
		"a line too many":   {strings.Repeat(allow+"\n", 4), comity.CodeInternal, 1},
		"a bad line":        {allow + "\n{\n" + allow + "\n", comity.CodeInternal, 1},
		"no effect":         {allow + "\n{}\n" + allow + "\n", comity.CodeInternal, 1},
		"a long line":       {allow + "\n" + strings.Repeat(" ", 100_000) + allow + "\n" + allow + "\n", comity.CodeTooLarge, 1},
	} {
		out, sent, err := ask(tc.answer, client.Options{MaxAnswer: 80_000})
		if out != nil || comity.CodeOf(err) != tc.want || sent != tc.sent {
			t.Errorf("%s: %v, %v, sent %d times", name, out, err, sent)
		}
	}
	out, _, err := ask(allow+"\n"+strings.Repeat(" ", 100_000)+allow+"\n"+allow+"\n", client.Options{})
	if err != nil || out[1].Decision.ID != "d-1" {
		t.Errorf("a line longer than the buffer: %v, %v", out, err)
	}
	c := server(t, client.Options{}, func(http.ResponseWriter, *http.Request) { t.Error("sent") })
	if out, err := c.DecideBatch(t.Context(), nil); out != nil || err != nil {
		t.Errorf("nothing asked: %v, %v", out, err)
	}
}

func TestAppend(t *testing.T) {
	const receipt = `{"id":"e-1","at":"2024-05-01T10:00:00Z","record":{"log":"local","index":7,"checkpoint":"note"}}`
	var got []map[string]any
	c := server(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/events" {
			t.Errorf("path %s", r.URL.Path)
		}
		body, _ := io.ReadAll(r.Body)
		for line := range bytes.Lines(body) {
			var e map[string]any
			if err := json.Unmarshal(line, &e); err != nil {
				t.Error(err)
			}
			got = append(got, e)
			if e["type"] == "" {
				fmt.Fprintln(w, `{"error":{"code":"invalid","message":"no type"}}`)
				continue
			}
			fmt.Fprintln(w, receipt)
		}
	})
	e := client.Event{
		Type: "data_access", Actor: client.Actor{ID: "alice"}, Action: "read", Resource: client.Resource{Type: "file", ID: "42"}, Success: false,
		Tenant: "t", Region: "DE", Source: "192.0.2.1", Purpose: "support", Details: map[string]any{"rows": 3.0}, Subject: comity.Subject{ID: "bob"}, IdempotencyKey: "k",
	}
	r, err := c.Append(t.Context(), e)
	if err != nil || r.ID != "e-1" || r.Record.Log != "local" || *r.Record.Index != 7 {
		t.Errorf("%+v, %v", r, err)
	}
	want := map[string]any{
		"type": "data_access", "actor": map[string]any{"id": "alice"}, "action": "read", "resource": map[string]any{"type": "file", "id": "42"}, "success": false,
		"tenant": "t", "region": "DE", "source": "192.0.2.1", "purpose": "support", "details": map[string]any{"rows": 3.0}, "subject": map[string]any{"id": "bob"}, "idempotency_key": "k",
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	out, err := c.AppendBatch(t.Context(), []client.Event{e, {}})
	if err != nil || out[0].Receipt.ID != "e-1" || comity.CodeOf(out[1].Err) != comity.CodeInvalid {
		t.Errorf("%+v, %v", out, err)
	}
}
