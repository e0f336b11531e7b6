// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// keys are principals by API key.
type keys map[string]decide.Caller

func (k keys) Authenticate(_ context.Context, c Credentials) (decide.Caller, error) {
	if p, ok := k[c.Token]; ok {
		return p, nil
	}
	return decide.Caller{}, &comity.Error{Code: comity.CodeUnauthenticated, Op: "authenticate", Err: errors.New("the key is not known")}
}

// withKeys is a server with one principal for each scope.
func withKeys(t *testing.T, more ...func(*Options)) *testAPI {
	k := keys{"key-all": {ID: "all", Scopes: decide.Scopes()}, "key-acme": {ID: "acme-app", Tenant: "acme", Scopes: decide.Scopes()}}
	for _, s := range decide.Scopes() {
		k["key-"+string(s)] = decide.Caller{ID: "only-" + string(s), Scopes: []decide.Scope{s}}
	}
	return start(t, setup{options: func(o *Options) {
		o.Packs = noCandidate{}
		o.Local, o.Auth, o.Reloader, o.Logs = nil, k, &reloader{}, map[string]Log{"local": files{"checkpoint": "note\n"}}
		for _, m := range more {
			m(o)
		}
	}})
}

// noCandidate activates whatever is asked for.
type noCandidate struct{}

func (noCandidate) Candidate(decide.Caller) (decide.Candidate, error) {
	return decide.Candidate{InForce: "sha256:1"}, nil
}

func (noCandidate) Activate(context.Context, decide.Caller, string) (comity.Record, error) {
	index := int64(1)
	return comity.Record{Log: "local", Index: &index}, nil
}

// TestScopes asks each route with each single scope: only one opens it.
func TestScopes(t *testing.T) {
	a := withKeys(t)
	event := `{"type":"data_access","success":true}`
	for _, r := range []struct {
		method, path, body string
		scope              decide.Scope
	}{
		{"POST", "/v1/decisions", denied, decide.ScopeDecide},
		{"POST", "/v1/events", event, decide.ScopeAppend},
		{"POST", "/v1/reload", "", decide.ScopeAdminister},
		{"GET", "/v1/packs/candidate", "", decide.ScopeAdminister},
		{"POST", "/v1/packs/candidate/activate", `{"program":"sha256:0"}`, decide.ScopeAdminister},
		{"POST", "/access/v1/evaluation", members1(conditional), decide.ScopeDecide},
		{"POST", "/access/v1/evaluations", members1(conditional), decide.ScopeDecide},
		{"GET", "/log/local/checkpoint", "", decide.ScopeReadLog},
	} {
		for _, s := range decide.Scopes() {
			got := a.send(r.method, r.path, r.body, "Content-Type", "application/json", "Authorization", "Bearer key-"+string(s))
			want, code := 403, "forbidden"
			if s == r.scope {
				want, code = 200, ""
			}
			if got.status != want || got.problem().Code != code {
				t.Errorf("%s with %s: %d %s", r.path, s, got.status, got.body)
			}
		}
		got := a.send(r.method, r.path, r.body, "Content-Type", "application/json")
		if got.status != 401 || got.header.Get("Www-Authenticate") == "" || got.problem().Code != "unauthenticated" {
			t.Errorf("%s without a key: %d %s", r.path, got.status, got.body)
		}
	}
	for path, want := range map[string]int{"/metrics": 401, "/healthz": 200, "/readyz": 200, "/openapi.json": 200} {
		if got := a.get(path); got.status != want {
			t.Errorf("%s without a key: %d", path, got.status)
		}
	}
	if got := a.get("/metrics", "Authorization", "Bearer key-append"); got.status != 200 {
		t.Errorf("/metrics: %d", got.status)
	}
}

func TestTenants(t *testing.T) {
	a := withKeys(t)
	key := []string{"Authorization", "Bearer key-acme"}
	for path, body := range map[string]string{
		"/v1/decisions":         `{"facts":` + denied + `,"tenant":"other"}`,
		"/v1/events":            `{"type":"data_access","success":true,"tenant":"other"}`,
		"/access/v1/evaluation": members1(conditional, `"context":{"tenant":"other"}`),
	} {
		if got := a.post(path, body, key...); got.status != 403 || got.problem().Code != "forbidden" {
			t.Errorf("%s: another's tenant: %d %s", path, got.status, got.body)
		}
		if got := a.post(path, strings.Replace(body, `"other"`, `"acme"`, 1), key...); got.status != 200 {
			t.Errorf("%s: his own tenant: %d %s", path, got.status, got.body)
		}
	}
	for _, e := range a.memory.of("decision") {
		if e.Tenant != "acme" {
			t.Errorf("recorded for tenant %q", e.Tenant)
		}
	}
}

func TestCredentials(t *testing.T) {
	a := withKeys(t)
	for _, value := range []string{"Basic a2V5OmFsbA==", "Bearer", "Bearer ", "Bearer wrong", "key-all"} {
		if got := a.post("/v1/decisions", denied, "Authorization", value); got.status != 401 {
			t.Errorf("%q: %d", value, got.status)
		}
	}
	if got := a.post("/v1/decisions", denied, "Authorization", "bearer key-all"); got.status != 200 {
		t.Errorf("the scheme in small letters: %d %s", got.status, got.body)
	}
}

// TestNoWebPage: an unconfigured server answers its own machine, not a page in a browser
// on it.
func TestNoWebPage(t *testing.T) {
	a := start(t, setup{options: func(o *Options) { o.Reloader = &reloader{} }})
	host := strings.TrimPrefix(a.server.URL, "http://")
	_, port, _ := net.SplitHostPort(host)
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{
		"plain":               {nil, 200},
		"localhost":           {[]string{"Host", "localhost:" + port}, 200},
		"IPv6":                {[]string{"Host", "[::1]:" + port}, 200},
		"rebound name":        {[]string{"Host", "evil.example:" + port}, 403},
		"another address":     {[]string{"Host", "192.0.2.1:" + port}, 403},
		"localhost.evil":      {[]string{"Host", "localhost.evil.example"}, 403},
		"own origin":          {[]string{"Origin", "http://" + host}, 200},
		"another origin":      {[]string{"Origin", "https://evil.example"}, 403},
		"another port":        {[]string{"Origin", "http://127.0.0.1:1"}, 403},
		"null origin":         {[]string{"Origin", "null"}, 403},
		"cross-site fetch":    {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"form":                {[]string{"Content-Type", "text/plain"}, 415},
		"rebound and forged":  {[]string{"Host", "evil.example", "Origin", "http://evil.example"}, 403},
		"local name, forged":  {[]string{"Origin", "http://localhost:" + port}, 403},
		"fetch of own origin": {[]string{"Sec-Fetch-Site", "same-origin"}, 200},
	} {
		if got := a.post("/v1/decisions", denied, c.headers...); got.status != c.want {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if name != "form" {
			for _, path := range []string{"/healthz", "/metrics"} {
				if got := a.get(path, c.headers...); got.status != c.want {
					t.Errorf("%s %s: %d %s", name, path, got.status, got.body)
				}
			}
		}
	}
	if got := a.send("POST", "/v1/reload", "", "Origin", "https://evil.example"); got.status != 403 {
		t.Errorf("reload from a page: %d", got.status)
	}
}

// TestLogins: successes are one event a minute for each principal and source, failures
// one a second, and too many are answered 429.
func TestLogins(t *testing.T) {
	a := withKeys(t)
	for range 5 {
		a.post("/v1/decisions", denied, "Authorization", "Bearer key-all")
	}
	a.post("/v1/decisions", denied, "Authorization", "Bearer key-acme")
	refused := map[int]int{}
	for range 40 {
		got := a.post("/v1/decisions", denied, "Authorization", "Bearer wrong")
		refused[got.status]++
		if got.status == 429 && got.header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	}
	if refused[401] < failureBurst || refused[429] < 20 || refused[401]+refused[429] != 40 {
		t.Errorf("refused with %v", refused)
	}
	if got := a.post("/v1/decisions", denied, "Authorization", "Bearer key-all"); got.status != 200 {
		t.Errorf("a valid key from the same source: %d", got.status)
	}
	if err := a.handler.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	events := 0
	for _, e := range a.memory.of("authentication") {
		events++
		n := e.Details["count"].(int)
		counts[e.Outcome+" "+e.Principal+" "+e.Tenant+" "+e.Source] += n
	}
	for key, want := range map[string]int{"success all  127.0.0.1": 6, "success acme-app acme 127.0.0.1": 1, "failure   127.0.0.1": 40} {
		if counts[key] != want {
			t.Errorf("%q is counted %d times, want %d; all: %v", key, counts[key], want, counts)
		}
	}
	if events > 6 {
		t.Errorf("%d events", events)
	}
}

// TestManySources: nobody without a key makes the server remember or record more than a
// bound.
func TestManySources(t *testing.T) {
	m := &memory{}
	l := newLogins(m, nil, time.Now)
	close(l.stop)
	<-l.stopped
	now := time.Now()
	for i := range 3 * maxSources {
		l.failed(fmt.Sprintf("2001:db8::%x", i), now)
	}
	if len(l.limits) > maxSources || len(l.failures) > maxSources+1 {
		t.Errorf("%d allowances and %d counts are kept", len(l.limits), len(l.failures))
	}
	l.recordFailures(context.Background())
	if len(m.events) != 1 || m.events[0].Details["count"] != 3*maxSources || len(m.events[0].Details["sources"].(map[string]any)) > maxNamedSources {
		t.Errorf("recorded as %d events", len(m.events))
	}
	if e := m.events[0]; e.Outcome != audit.Failure || e.Source != "" {
		t.Errorf("%+v", e)
	}
	l.forgive(now.Add(time.Minute))
	if len(l.limits) != 0 {
		t.Errorf("%d allowances are kept for ever", len(l.limits))
	}
}

// TestRates: what is above the rate is refused with the time to wait, and a batch costs as
// many as its lines.
func TestRates(t *testing.T) {
	a := withKeys(t, func(o *Options) { o.Limits.PerPrincipal, o.Limits.PerCell = 5, 8 })
	statuses := func(key string, n int) (ok, limited int) {
		for range n {
			got := a.post("/v1/decisions", denied, "Authorization", "Bearer "+key)
			switch got.status {
			case 200:
				ok++
			case 429:
				limited++
				if got.header.Get("Retry-After") == "" || got.problem().Code != "overloaded" {
					t.Errorf("429: %v %s", got.header, got.body)
				}
			}
		}
		return ok, limited
	}
	if ok, limited := statuses("key-all", 9); ok < 5 || ok > 7 || ok+limited != 9 {
		t.Errorf("one principal: %d answered, %d limited", ok, limited)
	}
	if ok, limited := statuses("key-acme", 9); ok < 1 || ok > 5 || ok+limited != 9 {
		t.Errorf("the cell: %d answered, %d limited", ok, limited)
	}
	b := withKeys(t, func(o *Options) { o.Limits.PerPrincipal = 10 })
	if got := b.post("/v1/decisions", strings.Repeat(denied+"\n", 8), "Content-Type", "application/x-ndjson", "Authorization", "Bearer key-all"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := b.post("/v1/decisions", strings.Repeat(denied+"\n", 8), "Content-Type", "application/x-ndjson", "Authorization", "Bearer key-all"); got.status != 429 {
		t.Errorf("a second batch: %d", got.status)
	}
}

// TestLargeBody: a body of 100 MB is refused without being read.
func TestLargeBody(t *testing.T) {
	a := start(t, setup{})
	const size = 100 << 20
	for _, kind := range []string{"application/json", "application/x-ndjson"} {
		for _, declared := range []int64{size, -1} {
			body := &counted{left: size}
			req, _ := http.NewRequestWithContext(t.Context(), "POST", a.server.URL+"/v1/decisions", body)
			req.ContentLength = declared
			req.Header.Set("Content-Type", kind)
			res, err := a.client.Do(req)
			if err != nil {
				// The server may have closed while the client still wrote.
				if body.sent() > 40<<20 {
					t.Errorf("%s: %v after %d bytes", kind, err, body.sent())
				}
				continue
			}
			text, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(text), `"too_large"`) || body.sent() > 40<<20 {
				t.Errorf("%s: %d %s after %d bytes", kind, res.StatusCode, text, body.sent())
			}
		}
	}
	waitFor(t, "the memory of bodies is given back", func() bool { return a.handler.small.Load()+a.handler.large.Load() == 0 })
}

type counted struct {
	mu   sync.Mutex
	left int64
	n    int64
}

func (c *counted) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), c.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	c.left -= n
	c.n += n
	return int(n), nil
}

func (c *counted) sent() int64 { c.mu.Lock(); defer c.mu.Unlock(); return c.n }

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Errorf("it never came that %s", what)
}

// TestMemory: bodies that come at the same time share a bound.
func TestMemory(t *testing.T) {
	a := start(t, setup{options: func(o *Options) { o.Limits = Limits{Body: 1 << 20, Stream: 1 << 20, Memory: 1} }})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", strings.TrimPrefix(a.server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var slow []net.Conn
	for range 2 {
		c := dial()
		slow = append(slow, c)
		fmt.Fprintf(c, "POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n%s", strings.Repeat(" ", 900_000))
	}
	waitFor(t, "the first bodies are held", func() bool { return a.handler.large.Load() > 1_900_000 })
	got := a.post("/v1/decisions", `{"x":"`+strings.Repeat("x", 300_000)+`"}`)
	if got.status != 429 || got.problem().Code != "overloaded" {
		t.Errorf("a third large body: %d %s", got.status, got.body)
	}
	if got := a.post("/v1/decisions", denied); got.status != 200 {
		t.Errorf("a small body: %d %s", got.status, got.body)
	}
	for _, c := range slow {
		c.Close()
	}
	waitFor(t, "the memory is given back", func() bool { return a.handler.small.Load()+a.handler.large.Load() == 0 })
}

// TestSlowClients: slow headers and slow bodies are cut off, each with its answer.
func TestSlowClients(t *testing.T) {
	a := start(t, setup{options: func(o *Options) {
		o.Limits = Limits{Header: 200 * time.Millisecond, Read: 400 * time.Millisecond, Idle: 200 * time.Millisecond}
	}})
	for name, c := range map[string]struct{ send, want string }{
		"nothing":     {"", ""},
		"half a line": {"POST /v1/deci", ""},
		"headers":     {"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\n", ""},
		"body":        {"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", "HTTP/1.1 408"},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		io.WriteString(conn, c.send)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.HasPrefix(line, c.want) || c.want != "" && line == "" || time.Since(began) > 3*time.Second {
			t.Errorf("%s: %q after %v", name, line, time.Since(began))
		}
		conn.Close()
	}
}

// TestConnections: one connection too many is told so and closed, and there is room again
// when another ends.
func TestConnections(t *testing.T) {
	const most = 20
	a := start(t, setup{options: func(o *Options) { o.Limits.Connections = most }})
	addr := strings.TrimPrefix(a.server.URL, "http://")
	var conns []net.Conn
	for range most {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	waitFor(t, "all are open", func() bool { return a.handler.open.Load() == most })
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("the one too many: %v", err)
	}
	text, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.Contains(string(text), `"overloaded"`) {
		t.Errorf("the one too many: %v %d %s", err, res.StatusCode, text)
	}
	conns[0].Close()
	waitFor(t, "there is room", func() bool { return a.handler.open.Load() < most })
	if got := a.post("/v1/decisions", denied); got.status != 200 {
		t.Errorf("after one ended: %d", got.status)
	}
}

// TestLogsNamePersons: whatever is sent, nothing of it is in the log.
func TestLogsNameNobody(t *testing.T) {
	a := withKeys(t)
	const person = "jane.doe@example.com"
	key := []string{"Authorization", "Bearer key-all", "X-Request-ID", person, "User-Agent", person, "Referer", "https://x/" + person, "Origin", "https://" + person}
	for path, body := range map[string]string{
		"/v1/decisions":                         `{"facts":` + denied + `,"subject":{"id":"` + person + `"},"principal":"` + person + `"}`,
		"/v1/decisions?who=" + person:           `{"operation":"` + person + `"}`,
		"/v1/events":                            `{"type":"data_access","success":true,"actor":{"id":"` + person + `"}}`,
		"/v1/" + person:                         `{}`,
		"/access/v1/evaluation":                 `{"subject":{"type":"user","id":"` + person + `"},"action":{"name":"` + person + `"},"resource":{"type":"x","id":"y"}}`,
		"/access/v1/evaluations":                `{"evaluations":[{"` + person + `":1},"` + person + `"]}`,
		"/log/" + person + "/checkpoint":        `{}`,
		"/log/local/tile/entries/" + "jane.doe": `{}`,
	} {
		for _, kind := range []string{"application/json", "application/x-ndjson", person} {
			if strings.Contains(path, "?") || strings.Contains(path, person) || strings.HasPrefix(path, "/log/") {
				// The description has no such path: only what is logged is looked at.
				req, _ := http.NewRequestWithContext(t.Context(), "POST", a.server.URL+path, strings.NewReader(body))
				for i := 0; i < len(key); i += 2 {
					req.Header.Set(key[i], key[i+1])
				}
				req.Header.Set("Content-Type", kind)
				if res, err := a.client.Do(req); err == nil {
					res.Body.Close()
				}
				continue
			}
			a.post(path, body, append([]string{"Content-Type", kind}, key...)...)
		}
	}
	a.post("/v1/decisions", denied, "Authorization", "Bearer "+person)
	waitFor(t, "the requests are logged", func() bool { return strings.Count(a.logs.String(), "\n") >= 20 })
	for _, word := range []string{"jane", "key-all", "127.0.0.1"} {
		if i := strings.Index(a.logs.String(), word); i >= 0 {
			t.Errorf("the log has %q: %s", word, a.logs.String()[max(0, i-200):i+50])
		}
	}
}
