// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/engine"
)

const allow = `{"id":"d-1","effect":"allow","about":"act","mode":"review","at":"2024-05-01T10:00:00Z","program":"sha256:0"}`

// server answers with h and returns a client of it.
func server(t *testing.T, opts client.Options, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	if opts.MinWait == 0 {
		opts.MinWait = time.Millisecond
	}
	return newClient(t, s.URL, opts)
}

func newClient(t *testing.T, url string, opts client.Options) *client.Client {
	t.Helper()
	c, err := client.New(url, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func question() comity.Request {
	return comity.Request{Facts: comity.Facts{"operation": "store"}}
}

func keyOf(t *testing.T, body []byte) string {
	t.Helper()
	var e struct {
		Key string `json:"idempotency_key"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Error(err)
	}
	return e.Key
}

// TestEncodingMeansTheSame decides requests in-process and as the server reads them.
func TestEncodingMeansTheSame(t *testing.T) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2024, 5, 1, 10, 30, 0, 123_000_000, time.FixedZone("", 2*60*60))
	transfer := comity.Facts{
		"operation": "transfer", "date": day, "subject_location": "DE", "controller_establishment": "DE",
		"data_categories": []string{"contact", "behavioural"}, "from_region": "DE", "to_region": "IN", "transfer_mechanism": "none",
	}
	for name, req := range map[string]comity.Request{
		"facts": {Facts: transfer},
		"all options": {
			Facts: transfer, Subject: comity.Subject{ID: "a\"b\u2028<é>", Home: "DE"}, Principal: "p", Tenant: "t", IdempotencyKey: "k",
			Explain: true, Missing: comity.MissingIgnore, KnownAt: day, Want: []string{"regions"}, Candidates: []string{"DE", "US"},
		},
		"parts": {
			Facts: comity.Facts{"date": "2024-05-01", "subject_location": "DE", "controller_establishment": "DE"},
			Parts: []comity.Facts{
				{"operation": "transfer", "from_region": "DE", "to_region": "JP", "data_categories": []any{"contact"}},
				{"operation": "collect", "subject_age": 12, "purpose": "marketing", "data_subjects": 3.0},
			},
		},
		"no parts at all": {Facts: comity.Facts{"operation": "store", "date": "2024-05-01"}, Parts: []comity.Facts{}},
		"nothing":         {},
	} {
		t.Run(name, func(t *testing.T) {
			var got comity.Request
			var wantErr error
			c := server(t, client.Options{Attempts: 1}, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got, wantErr = engine.DecodeRequest(body)
				fmt.Fprint(w, allow)
			})
			if _, err := c.Decide(t.Context(), req); err != nil || wantErr != nil {
				t.Fatal(err, wantErr)
			}
			want, wantErr := eng.Decide(req)
			have, haveErr := eng.Decide(got)
			if diff := cmp.Diff(want, have); diff != "" || fmt.Sprint(wantErr) != fmt.Sprint(haveErr) {
				t.Errorf("in-process and over the wire differ: %v, %v\n%s", wantErr, haveErr, diff)
			}
			got.Facts, got.Parts, req.Facts, req.Parts = nil, nil, nil, nil
			if diff := cmp.Diff(req, got); diff != "" {
				t.Errorf("options (-sent +read):\n%s", diff)
			}
		})
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	c := server(t, client.Options{}, func(http.ResponseWriter, *http.Request) { t.Error("sent") })
	for name, tc := range map[string]struct {
		facts comity.Facts
		want  comity.Code
	}{
		"too large":     {comity.Facts{"operation": strings.Repeat("x", engine.MaxRequest)}, comity.CodeTooLarge},
		"invalid UTF-8": {comity.Facts{"operation": "\xff"}, comity.CodeInvalid},
		"no JSON":       {comity.Facts{"operation": make(chan int)}, comity.CodeInvalid},
	} {
		if _, err := c.Decide(t.Context(), comity.Request{Facts: tc.facts}); comity.CodeOf(err) != tc.want {
			t.Errorf("%s: %v, want code %s", name, err, tc.want)
		}
		if _, err := c.DecideBatch(t.Context(), []comity.Request{question(), {Facts: tc.facts}}); comity.CodeOf(err) != tc.want || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s in a batch: %v, want code %s and line 2", name, err, tc.want)
		}
	}
}

func TestNew(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://comity.example.org": true, "https://h/base/": true, "http://127.0.0.1:1": true, "http://[::1]:1": true, "http://localhost": true,
		"http://comity.example.org": false, "http://127.0.0.1.example.org": false, "ftp://h": false, "h:80": false, "": false,
		"https://user:secret@h": false, "https://h?x=1": false, "http://%zz": false,
	} {
		_, err := client.New(url, client.Options{APIKey: "k"})
		if (err == nil) != ok || err != nil && comity.CodeOf(err) != comity.CodeUsage {
			t.Errorf("New(%q) with a key: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error has the password: %v", err)
		}
	}
}

// TestRetries: what is repeated is the same bytes under one key, until it succeeds.
func TestRetries(t *testing.T) {
	cut := func(w http.ResponseWriter) { // ends in the middle of the answer
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, allow[:20])
	}
	hang := func(w http.ResponseWriter) { // not even a status line
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	for name, fault := range map[string]func(http.ResponseWriter){
		"429": status(429), "502": status(502), "503": status(503), "504": status(504), "cut": cut, "hang up": hang,
		"slow": func(http.ResponseWriter) { time.Sleep(300 * time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var bodies [][]byte
			c := server(t, client.Options{Timeout: 100 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				bodies = append(bodies, body)
				n := len(bodies)
				mu.Unlock()
				if n < 3 {
					fault(w)
					return
				}
				fmt.Fprint(w, allow)
			})
			d, err := c.Decide(t.Context(), question())
			if err != nil || d.ID != "d-1" {
				t.Fatalf("%+v, %v", d, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(bodies) != 3 || !bytes.Equal(bodies[0], bodies[1]) || !bytes.Equal(bodies[0], bodies[2]) {
				t.Errorf("sent %q", bodies)
			}
			if len(keyOf(t, bodies[0])) < 20 {
				t.Errorf("no key in %s", bodies[0])
			}
		})
	}
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func TestKeys(t *testing.T) {
	var got []string
	h := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for line := range bytes.Lines(body) {
			got = append(got, keyOf(t, line))
			fmt.Fprintln(w, allow)
		}
	}
	own := question()
	own.IdempotencyKey = "mine"
	c := server(t, client.Options{}, h)
	for range 2 {
		if _, err := c.Decide(t.Context(), question()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.DecideBatch(t.Context(), []comity.Request{question(), own, question()}); err != nil {
		t.Fatal(err)
	}
	if got[0] == got[1] || got[2] == got[4] || got[2] == "" || got[3] != "mine" {
		t.Errorf("keys %q", got)
	}
	got = nil
	once := server(t, client.Options{Attempts: 1}, h)
	if _, err := once.Decide(t.Context(), question()); err != nil || got[0] != "" {
		t.Errorf("without retries: key %q, %v", got, err)
	}
}

// TestNotRepeated: answers that would be the same again.
func TestNotRepeated(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		want   comity.Error
		text   string
	}{
		"problem": {
			400, `{"type":"about:blank","status":400,"title":"Bad Request","code":"unknown","detail":"no fact \"colour\"","op":"line 1, column 9","line":1,"column":9,"remedy":"did you mean \"country\"?","later":[1]}`,
			comity.Error{Code: comity.CodeUnknown, Line: 1, Column: 9, Remedy: `did you mean "country"?`},
			`line 1, column 9: no fact "colour"; did you mean "country"?`,
		},
		"plain 401":       {401, "no", comity.Error{Code: comity.CodeUnauthenticated}, "decide: the server answered 401 Unauthorized"},
		"403":             {403, "", comity.Error{Code: comity.CodeForbidden}, ""},
		"404":             {404, "<html>", comity.Error{Code: comity.CodeNotFound}, ""},
		"409":             {409, `{"detail":"the key was used for another question"}`, comity.Error{Code: comity.CodeConflict}, ""},
		"413":             {413, "", comity.Error{Code: comity.CodeTooLarge}, ""},
		"415":             {415, "", comity.Error{Code: comity.CodeInvalid}, ""},
		"500":             {500, `{"code":"internal"}`, comity.Error{Code: comity.CodeInternal}, ""},
		"302":             {302, "", comity.Error{Code: comity.CodeInternal}, ""},
		"not JSON":        {200, "<html>", comity.Error{Code: comity.CodeInternal}, ""},
		"empty":           {200, "", comity.Error{Code: comity.CodeInternal}, ""},
		"no effect":       {200, "{}", comity.Error{Code: comity.CodeInternal}, ""},
		"unknown effect":  {200, `{"effect":"allowed"}`, comity.Error{Code: comity.CodeInternal}, ""},
		"two effects":     {200, `{"effect":"deny","effect":"allow"}`, comity.Error{Code: comity.CodeInternal}, ""},
		"two answers":     {200, allow + allow, comity.Error{Code: comity.CodeInternal}, ""},
		"too much":        {200, allow + strings.Repeat(" ", 2000), comity.Error{Code: comity.CodeTooLarge}, ""},
		"a huge refusal":  {400, strings.Repeat(" ", 1<<20), comity.Error{Code: comity.CodeInvalid}, ""},
		"another's words": {400, `{"code":7}`, comity.Error{Code: comity.CodeInvalid}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			sent := 0
			c := server(t, client.Options{MaxAnswer: 1000}, func(w http.ResponseWriter, r *http.Request) {
				sent++
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			})
			d, err := c.Decide(t.Context(), question())
			var e *comity.Error
			if !errors.As(err, &e) || e.Code != tc.want.Code || e.Line != tc.want.Line || e.Column != tc.want.Column ||
				tc.want.Remedy != "" && e.Remedy != tc.want.Remedy || tc.text != "" && err.Error() != tc.text {
				t.Errorf("error %q (%#v)", err, err)
			}
			if d.Effect != "" {
				t.Errorf("an answer beside the error: %+v", d)
			}
			if sent != 1 {
				t.Errorf("sent %d times", sent)
			}
		})
	}
}

// TestRedirectKeepsTheKey: neither key nor question goes to a host that was not configured.
func TestRedirectKeepsTheKey(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer other.Close()
	c := server(t, client.Options{APIKey: "k"}, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer k" {
			t.Errorf("Authorization %q", got)
		}
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if _, err := c.Decide(t.Context(), question()); err == nil {
		t.Error("no error")
	}
}

// answers is a transport without a network, for tests of time.
type answers func(n int) (status int, header http.Header)

type script struct {
	next answers
	at   []time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.at = append(s.at, time.Now())
	status, header := s.next(len(s.at))
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(allow)), Request: r}, nil
}

func TestWaits(t *testing.T) {
	busy := func(after string) answers {
		return func(int) (int, http.Header) { return 429, http.Header{"Retry-After": {after}} }
	}
	for name, tc := range map[string]struct {
		next     answers
		deadline time.Duration
		sent     int
		min, max time.Duration
	}{
		"doubling with jitter":       {busy(""), 0, 4, (50 + 100 + 200) * time.Millisecond, (100 + 200 + 400) * time.Millisecond},
		"the server asks for longer": {busy("2"), 0, 4, 6 * time.Second, 6 * time.Second},
		"too long":                   {busy("60"), 0, 1, 0, 0},
		"longer than the deadline":   {busy("2"), time.Second, 1, 0, 0},
		"a deadline between":         {busy("2"), 3 * time.Second, 2, 2 * time.Second, 2 * time.Second},
		"no sense":                   {busy("soon"), 0, 4, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{next: tc.next}
				c := newClient(t, "http://127.0.0.1:1", client.Options{HTTPClient: &http.Client{Transport: s}, MinWait: 100 * time.Millisecond})
				ctx := t.Context()
				if tc.deadline != 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tc.deadline)
					defer cancel()
				}
				_, err := c.Decide(ctx, question())
				if comity.CodeOf(err) != comity.CodeOverloaded {
					t.Errorf("error %v", err)
				}
				took := s.at[len(s.at)-1].Sub(s.at[0])
				if len(s.at) != tc.sent || took < tc.min || took > tc.max {
					t.Errorf("sent %d times in %s, want %d in %s to %s", len(s.at), took, tc.sent, tc.min, tc.max)
				}
			})
		})
	}
	t.Run("a date", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &script{next: func(n int) (int, http.Header) {
				if n > 1 {
					return 200, nil
				}
				return 503, http.Header{"Retry-After": {time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat)}}
			}}
			c := newClient(t, "http://127.0.0.1:1", client.Options{HTTPClient: &http.Client{Transport: s}})
			if _, err := c.Decide(t.Context(), question()); err != nil {
				t.Fatal(err)
			}
			if took := s.at[1].Sub(s.at[0]); took < 2*time.Second || took > 3*time.Second {
				t.Errorf("waited %s", took)
			}
		})
	})
	t.Run("cancelled while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &script{next: busy("4")}
			c := newClient(t, "http://127.0.0.1:1", client.Options{HTTPClient: &http.Client{Transport: s}})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			if _, err := c.Decide(ctx, question()); err == nil || time.Since(start) != time.Second || len(s.at) != 1 {
				t.Errorf("%v after %s, sent %d times", err, time.Since(start), len(s.at))
			}
		})
	})
}

func TestDeadline(t *testing.T) {
	free := make(chan struct{})
	c := server(t, client.Options{}, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-free:
		case <-r.Context().Done():
		}
	})
	defer close(free)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := c.Decide(ctx, question())
	if !errors.Is(err, context.DeadlineExceeded) || comity.CodeOf(err) != comity.CodeUnavailable || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}

func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	c := newClient(t, s.URL, client.Options{MinWait: time.Millisecond})
	_, err := c.Decide(t.Context(), question())
	if e := (*comity.Error)(nil); !errors.As(err, &e) || e.Code != comity.CodeUnavailable || !strings.Contains(e.Remedy, "start the server") {
		t.Errorf("error %v", err)
	}
	if err := c.Ready(t.Context()); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("ready: %v", err)
	}
}

// TestUnknownAuthority: a server that cannot prove who it is gets nothing, once.
func TestUnknownAuthority(t *testing.T) {
	tries := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			tries++
		}
	}
	s.StartTLS()
	defer s.Close()
	c := newClient(t, s.URL, client.Options{APIKey: "k", MinWait: time.Millisecond})
	if _, err := c.Decide(t.Context(), question()); comity.CodeOf(err) != comity.CodeUnavailable || tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := server(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, strings.Replace(allow, "d-1", keyOf(t, body), 1))
	})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			req := question()
			req.IdempotencyKey = fmt.Sprint("key-", i)
			if d, err := c.Decide(t.Context(), req); err != nil || d.ID != req.IdempotencyKey {
				t.Errorf("%d: %+v, %v", i, d, err)
			}
		})
	}
	wg.Wait()
}
