// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// served is the address of a whole server, with its listener and limits, before a real log.
func served(t *testing.T, limits Limits) (*testAPI, string) {
	t.Helper()
	a, _ := onDisk(t, "")
	a.handler.limits = limits.withDefaults()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(a.handler, nil)
	go func() { _ = s.Serve(a.handler.Listener(l, true)) }()
	t.Cleanup(func() { s.Close() })
	return a, l.Addr().String()
}

// raw sends bytes as they are and reads one answer.
func raw(t *testing.T, addr, text string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	go io.WriteString(c, text)
	req := &http.Request{Method: http.MethodGet}
	if strings.HasPrefix(text, "HEAD") {
		req.Method = http.MethodHead
	}
	res, err := http.ReadResponse(bufio.NewReader(c), req)
	if err != nil {
		t.Errorf("%.60q: %v", text, err)
		return &http.Response{Header: http.Header{}}, ""
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

// post is a request with a JSON body, byte for byte.
func rawPost(path, body string, headers ...string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", path, strings.Join(append(headers, ""), "\r\n"), len(body), body)
}

// TestAttacks: whatever is sent, the answer is a problem of the right status, and the server
// answers on.
func TestAttacks(t *testing.T) {
	a, addr := served(t, Limits{Read: 2 * time.Second})
	const host = " HTTP/1.1\r\nHost: localhost\r\n"
	nested := strings.Repeat(`{"facts":`, 50_000)
	event := `{"type":"authentication","actor":{"id":"a"},"success":true}`
	for name, c := range map[string]struct {
		text   string
		status int
		code   string
	}{
		"truncated JSON":               {rawPost("/v1/decisions", `{"operation":"sto`), 400, "invalid"},
		"truncated event":              {rawPost("/v1/events", event[:30]), 400, "invalid"},
		"truncated query":              {rawPost("/v1/log/query", `{"types":["dec`), 400, "invalid"},
		"truncated evaluation":         {rawPost("/access/v1/evaluation", `{"subject":{`), 400, "invalid"},
		"truncated erasure":            {rawPost("/v1/subjects/erase", `{"subject":{`), 400, "invalid"},
		"nested decision":              {rawPost("/v1/decisions", nested), 400, "invalid"},
		"nested lists":                 {rawPost("/v1/decisions", strings.Repeat("[", 500_000)), 400, "invalid"},
		"nested event":                 {rawPost("/v1/events", strings.Repeat(`{"details":`, 50_000)), 400, "invalid"},
		"nested evaluation":            {rawPost("/access/v1/evaluation", strings.Repeat(`{"context":`, 50_000)), 400, "invalid"},
		"nested evaluations":           {rawPost("/access/v1/evaluations", strings.Repeat(`{"evaluations":[`, 50_000)), 400, "invalid"},
		"nested query":                 {rawPost("/v1/log/query", strings.Repeat(`{"types":[`, 50_000)), 400, "invalid"},
		"nested erasure":               {rawPost("/v1/subjects/erase", strings.Repeat(`{"subject":`, 50_000)), 400, "invalid"},
		"invalid UTF-8 in an event":    {rawPost("/v1/events", `{"type":"authentication","actor":{"id":"`+"\xff\xfe"+`"},"success":true}`), 400, "invalid"},
		"lone surrogate in an event":   {rawPost("/v1/events", `{"type":"authentication","actor":{"id":"\ud800"},"success":true}`), 400, "invalid"},
		"lone surrogate in a decision": {rawPost("/v1/decisions", `{"operation":"\udfff"}`), 400, "invalid"},
		"invalid UTF-8 in a query":     {rawPost("/v1/log/query", `{"principal":"`+"\xff"+`"}`), 400, "invalid"},
		"invalid UTF-8 in an id":       {rawPost("/access/v1/evaluation", `{"subject":{"type":"user","id":"`+"\xff"+`"},"action":{"name":"x"},"resource":{"type":"x","id":"y"}}`), 400, "invalid"},
		"duplicate name in an event":   {rawPost("/v1/events", `{"type":"authentication","type":"data_access","actor":{"id":"a"},"success":true}`), 400, "invalid"},
		"duplicate name in a query":    {rawPost("/v1/log/query", `{"principal":"a","principal":"b"}`), 400, "invalid"},
		"duplicate name in an erasure": {rawPost("/v1/subjects/erase", `{"subject":{"id":"a"},"subject":{"id":"b"},"reason":"r"}`), 400, "invalid"},
		"duplicate in an evaluation":   {rawPost("/access/v1/evaluation", `{"subject":{"type":"user","id":"a"},"subject":{"type":"user","id":"b"},"action":{"name":"x"},"resource":{"type":"x","id":"y"}}`), 400, "invalid"},
		"null bytes":                   {rawPost("/v1/decisions", "\x00\x00\x00"), 400, "invalid"},
		"byte order mark":              {rawPost("/v1/decisions", "\ufeff{}"), 400, "invalid"},
		"huge number":                  {rawPost("/v1/decisions", `{"operation":1e999999}`), 400, "invalid"},
		"long number":                  {rawPost("/v1/events", `{"type":"authentication","success":`+strings.Repeat("9", 100_000)+`}`), 400, "invalid"},
		"100 MB declared":              {"POST /v1/decisions" + host + "Content-Type: application/json\r\nContent-Length: 104857600\r\n\r\n", 413, "too_large"},
		"huge length":                  {"POST /v1/events" + host + "Content-Type: application/json\r\nContent-Length: 9223372036854775807\r\n\r\n", 413, "too_large"},
		"slow body":                    {"POST /v1/events" + host + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{", 408, "invalid"},
		"bad chunk":                    {"POST /v1/events" + host + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n", 400, "invalid"},
		"compressed":                   {rawPost("/v1/decisions", "\x1f\x8b", "Content-Encoding: gzip"), 415, "invalid"},
		"two types":                    {rawPost("/v1/decisions", "{}", "Content-Type: text/plain"), 415, "invalid"},
		"malformed type":               {"POST /v1/decisions" + host + "Content-Type: ;;;\r\nContent-Length: 2\r\n\r\n{}", 415, "invalid"},
		"DELETE":                       {"DELETE /v1/decisions" + host + "\r\n", 405, "usage"},
		"PUT a log file":               {"PUT /log/local/checkpoint" + host + "Content-Length: 1\r\n\r\nx", 405, "usage"},
		"TRACE":                        {"TRACE /v1/decisions" + host + "\r\n", 405, "usage"},
		"an invented method":           {"ANNA /v1/decisions" + host + "\r\n", 405, "usage"},
		"OPTIONS *":                    {"OPTIONS *" + host + "\r\n", 404, "not_found"},
		"CONNECT":                      {"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", 404, "not_found"},
		"two slashes":                  {rawPost("//v1/decisions", "{}"), 404, "not_found"},
		"two slashes inside":           {rawPost("/v1//decisions", "{}"), 404, "not_found"},
		"a slash behind":               {rawPost("/v1/decisions/", "{}"), 404, "not_found"},
		"log without a file":           {"GET /log/local" + host + "\r\n", 404, "not_found"},
		"log with a slash":             {"GET /log/local/" + host + "\r\n", 404, "not_found"},
		"absolute form":                {"GET http://localhost/v1/nothing" + host + "\r\n", 404, "not_found"},
		"traversal":                    {"GET /log/local/../../etc/passwd" + host + "\r\n", 404, "not_found"},
		"traversal, encoded":           {"GET /log/local/%2e%2e/%2e%2e/format.json" + host + "\r\n", 404, "not_found"},
		"traversal, encoded twice":     {"GET /log/local/%252e%252e%252fformat.json" + host + "\r\n", 404, "not_found"},
		"traversal, backslash":         {"GET /log/local/..\\..\\format.json" + host + "\r\n", 404, "not_found"},
		"traversal in the name":        {"GET /log/..%2f..%2fdata/checkpoint" + host + "\r\n", 404, "not_found"},
		"traversal below tile":         {"GET /log/local/tile/entries/..%2f..%2fwal" + host + "\r\n", 404, "not_found"},
		"null in a path":               {"GET /log/local/tile/0/000%00" + host + "\r\n", 404, "not_found"},
		"entry below zero":             {"GET /v1/log/local/-1" + host + "\r\n", 404, "not_found"},
		"entry beyond":                 {"GET /v1/log/local/99999999999999999999" + host + "\r\n", 404, "not_found"},
		"entry in hex":                 {"GET /v1/log/local/0x1" + host + "\r\n", 404, "not_found"},
		"part beyond":                  {"GET /v1/log/local/1/2147483648" + host + "\r\n", 404, "not_found"},
		"an unknown voice":             {"GET /v1/log/local/1?voice=judge" + host + "\r\n", 400, "invalid"},
		"rebinding":                    {"GET /v1/log/local/1 HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "forbidden"},
		"an empty Host":                {"GET /v1/log/local/1 HTTP/1.1\r\nHost: \r\n\r\n", 403, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := raw(t, addr, c.text)
			if res.StatusCode != c.status || res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"code":"`+c.code+`"`) || !strings.Contains(body, `"request":"`) {
				t.Errorf("want %d %s, got %d %s %.300s", c.status, c.code, res.StatusCode, res.Header.Get("Content-Type"), body)
			}
		})
	}
	if got := a.post("/v1/decisions", denied); got.status != 200 {
		t.Errorf("afterwards: %d %s", got.status, got.body)
	}
	waitFor(t, "the memory of bodies is given back", func() bool { return a.handler.small.Load()+a.handler.large.Load() == 0 })
}

// TestNoHTTP: what is no HTTP is refused before it reaches a route.
func TestNoHTTP(t *testing.T) {
	_, addr := served(t, Limits{})
	for name, c := range map[string]struct {
		text   string
		status int
	}{
		"flood of headers":    {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-Flood: "+strings.Repeat("x", 100)+"\r\n", 1000) + "\r\n", 431},
		"one long header":     {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 200_000) + "\r\n\r\n", 431},
		"long path":           {"GET /" + strings.Repeat("x", 200_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431},
		"no Host":             {"GET /healthz HTTP/1.1\r\n\r\n", 400},
		"two Hosts":           {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"two lengths":         {"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400},
		"negative length":     {"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n{}", 400},
		"unknown coding":      {"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xyz\r\n\r\n{}", 501},
		"length and chunked":  {"POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 404},
		"header with a space": {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX Y: z\r\n\r\n", 400},
		"another version":     {"GET /healthz HTTP/7.0\r\nHost: localhost\r\n\r\n", 505},
		"another protocol":    {"HELO localhost\r\n\r\n", 400},
		"TLS to a plain port": {"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", 400},
		"HTTP/2 without TLS":  {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 403},
		"malformed escape":    {"GET /log/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
		"control in the path": {"GET /a\x01b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
		"an upgrade":          {"GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 404},
		"expect the unknown":  {"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nExpect: a miracle\r\nContent-Length: 2\r\n\r\n{}", 417},
	} {
		if res, body := raw(t, addr, c.text); res.StatusCode != c.status {
			t.Errorf("%s: %d %.200s, want %d", name, res.StatusCode, body, c.status)
		}
	}
}

// TestUnrouted: what knocks at doors that are not there is logged below the level of faults,
// with its request id and nothing that it said, and counted.
func TestUnrouted(t *testing.T) {
	a := start(t, setup{})
	got := a.get("/nothing/of/anna?who=anna")
	put := a.send("PUT", "/v1/decisions", "")
	a.send("ANNA", "/v1/decisions", "")
	waitFor(t, "all are logged", func() bool { return strings.Count(a.logs.String(), "\n") >= 3 })
	for _, want := range []string{
		`"level":"INFO","msg":"request","request":"` + got.problem().Request + `","method":"GET","route":"/","status":404,"code":"not_found"`,
		`"level":"INFO","msg":"request","request":"` + put.problem().Request + `","method":"PUT","route":"/","status":405,"code":"usage"`,
		`"method":"_OTHER","route":"/","status":405`,
	} {
		if !strings.Contains(a.logs.String(), want) {
			t.Errorf("no %q in %s", want, a.logs.String())
		}
	}
	if strings.Contains(strings.ToLower(a.logs.String()), "anna") {
		t.Errorf("the log says what was sent: %s", a.logs.String())
	}
	page := a.get("/metrics").body
	for _, want := range []string{`comity_http_requests_total{route="/",status="404"} 1`, `comity_http_requests_total{route="/",status="405"} 2`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestHTTP2: the same refusals on streams of one connection, which goes on.
func TestHTTP2(t *testing.T) {
	certFile, keyFile := certificate(t, t.TempDir(), "server", ecKey(t), nil)
	conf, err := TLSConfig(TLSOptions{CertFile: certFile, KeyFile: keyFile})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := onDisk(t, "")
	a.handler.limits = Limits{Read: 2 * time.Second}.withDefaults()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(a.handler, conf)
	go func() { _ = s.ServeTLS(a.handler.Listener(l, false), "", "") }()
	t.Cleanup(func() { s.Close() })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	t.Cleanup(client.CloseIdleConnections)
	send := func(method, path string, body io.Reader, length int64, headers ...string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "https://"+l.Addr().String()+path, body)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		req.ContentLength = length
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Add(headers[i], headers[i+1])
		}
		res, err := client.Do(req)
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		if res.ProtoMajor != 2 {
			t.Errorf("%s %s over %s", method, path, res.Proto)
		}
		return res.StatusCode, string(text)
	}
	kind := []string{"Content-Type", "application/json"}
	for name, c := range map[string]struct {
		method, path string
		body         io.Reader
		length       int64
		headers      []string
		want         int
	}{
		"a decision":      {"POST", "/v1/decisions", strings.NewReader(denied), -1, kind, 200},
		"a 100 MB body":   {"POST", "/v1/decisions", &counted{left: 100 << 20}, 100 << 20, kind, 413},
		"without length":  {"POST", "/v1/decisions", &counted{left: 100 << 20}, -1, kind, 413},
		"a slow body":     {"POST", "/v1/events", slowly{}, 100, kind, 408},
		"no type":         {"POST", "/v1/events", strings.NewReader("{}"), 2, nil, 415},
		"two slashes":     {"GET", "//healthz", nil, 0, nil, 404},
		"method":          {"DELETE", "/v1/decisions", nil, 0, nil, 405},
		"an odd method":   {"ANNA", "/v1/decisions", nil, 0, nil, 405},
		"many headers":    {"GET", "/healthz", nil, 0, flood(400, strings.Repeat("x", 200)), 431},
		"a body to a GET": {"GET", "/healthz", strings.NewReader("{}"), 2, nil, 200},
	} {
		status, text := send(c.method, c.path, c.body, c.length, c.headers...)
		if status != c.want && !strings.Contains(text, "larger than peer's advertised limit") { // a client that knows it does not send
			t.Errorf("%s: %d %.300s, want %d", name, status, text, c.want)
		}
	}
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Go(func() {
			if status, text := send("POST", "/v1/decisions?"+strconv.Itoa(i), strings.NewReader(`{"operation"`), -1, kind...); status != 400 {
				t.Errorf("stream %d: %d %s", i, status, text)
			}
		})
	}
	wg.Wait()
}

// slowly is a body that never comes.
type slowly struct{}

func (slowly) Read(p []byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	p[0] = ' '
	return 1, nil
}

// flood is many headers of the same name.
func flood(n int, value string) (headers []string) {
	for range n {
		headers = append(headers, "X-Flood", value)
	}
	return headers
}
