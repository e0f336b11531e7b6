// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/comity-project/comity"
)

// FuzzBodies sends any body of any declared type to each path that takes one: there is
// always an answer of the described form, and never a fault.
func FuzzBodies(f *testing.F) {
	paths := []string{"/v1/decisions", "/v1/events", "/access/v1/evaluation", "/access/v1/evaluations", "/v1/reload", "/v1/log/query", "/v1/subjects/erase"}
	kinds := []string{"application/json", "application/x-ndjson", "application/json;charset=utf-8", "text/plain"}
	for i, body := range []string{
		denied, denied + "\n" + allowed, `{"type":"data_access","success":true,"details":{"a":[1,{"b":null}]}}`,
		members1(conditional), members1(conditional, `"evaluations":[{},{"resource":{"id":"x"}}],"options":{"evaluations_semantic":"deny_on_first_deny"}`),
		`{"facts":[` + denied + `,{}],"explain":true}`, "{}\n{\n}", "\xff", `{"context":{"subject":{"id":7}}}`, "", "[[[[[[[[[[[[",
	} {
		f.Add(body, byte(i), byte(i))
	}
	a := newAPI(f, setup{packs: "testdata/authzen/certification", options: func(o *Options) {
		o.Reloader, o.Logger, o.Recorder = &reloader{}, nil, nil
		o.Limits = Limits{Body: 16 << 10, Stream: 32 << 10, Batch: 50}
	}})
	f.Fuzz(func(t *testing.T, body string, path, kind byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+paths[int(path)%len(paths)], strings.NewReader(body))
		r.Header.Set("Content-Type", kinds[int(kind)%len(kinds)])
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		got := answer{w.Code, w.Header(), w.Body.String()}
		if err := description().check(r.Method, r.URL.Path, got); err != nil {
			t.Errorf("%s: %v\n%s", r.URL.Path, err, got.body)
		}
		if w.Code >= 500 || !utf8.ValidString(got.body) {
			t.Errorf("%s: %d %s", r.URL.Path, w.Code, got.body)
		}
		if n := a.handler.small.Load() + a.handler.large.Load(); n != 0 {
			t.Errorf("%d bytes are counted for ever", n)
		}
		a.memory.mu.Lock()
		a.memory.events = a.memory.events[:0]
		a.memory.mu.Unlock()
	})
}

// FuzzEvents: an event that is read says what was written.
func FuzzEvents(f *testing.F) {
	f.Add(`{"type":"data_access","actor":{"id":"a"},"success":false,"details":{"n":1.5}}`)
	f.Add(`{"type":"x","success":true,"subject":{"id":"s","home":"DE"},"idempotency_key":"k"}`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := DecodeEvent([]byte(text))
		if err != nil {
			return
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatalf("it is no JSON to others: %v", err)
		}
		if m["type"] != e.Type || (m["success"] == true) != (e.Outcome == "success") {
			t.Errorf("%q became %+v", text, e)
		}
	})
}

// FuzzLogPath: a path that is let through cannot leave the folder of a log.
func FuzzLogPath(f *testing.F) {
	for _, p := range []string{"checkpoint", "tile/0/x001/234.p/5", "tile/entries/x000/001", "payload/000", "../x", "tile/../../x", "tile/..", "payload/.", "tile//0", "payload/x", "payload/.p"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if logPath(p) && p != "checkpoint" && (strings.Contains(p, "..") || strings.Contains(p, "//") || strings.Contains(p, `\`) || strings.ContainsRune(p, 0) || !strings.HasPrefix(p, "tile/") && !strings.HasPrefix(p, "payload/")) {
			t.Errorf("%q is let through", p)
		}
	})
}

// FuzzQuery: no question to the index is taken for another, and none panics.
func FuzzQuery(f *testing.F) {
	f.Add([]byte(`{"types":["decision"],"effects":["deny"],"from":"2026-01-01","to":"2026-02-01T10:00:00Z","limit":5,"cursor":"3.1"}`))
	f.Add([]byte(`{"subject":{"id":"a","home":"DE"},"resource":{"type":"file","id":"7"},"pseudonyms":["AAAAAAAAAAAAAAAAAAAAAA"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := decodeQuery(data)
		if err != nil {
			if code := comity.CodeOf(err); code != comity.CodeInvalid && code != comity.CodeTooLarge {
				t.Errorf("%q: %v", data, err)
			}
			return
		}
		if !json.Valid(data) {
			t.Errorf("%q is no JSON, and gives %+v", data, q)
		}
	})
}
