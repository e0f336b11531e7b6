// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// TestEveryRouteIsDescribed: the description has the routes that are served, and no others.
func TestEveryRouteIsDescribed(t *testing.T) {
	h := newAPI(t, setup{}).handler
	served := map[string]bool{}
	for path, methods := range h.paths {
		for _, m := range methods {
			served[m+" "+strings.Replace(path, "...", "", 1)] = true
		}
	}
	paths := at(description().doc, "paths").(map[string]any)
	for path, item := range paths {
		for method := range item.(map[string]any) {
			key := strings.ToUpper(method) + " " + path
			if !served[key] {
				t.Errorf("%s is described and not served", key)
			}
			delete(served, key)
		}
	}
	for key := range served {
		t.Errorf("%s is served and not described", key)
	}
	if got := start(t, setup{}).get("/openapi.json"); got.status != http.StatusOK || !strings.Contains(got.body, `"openapi": "3.1.0"`) {
		t.Errorf("%d", got.status)
	}
}

// TestDescriptionRefuses: the check of answers can fail.
func TestDescriptionRefuses(t *testing.T) {
	header := http.Header{"Content-Type": {"application/json"}}
	for name, got := range map[string]answer{
		"no effect":      {200, header, `{"id":"x","about":"act","mode":"review","at":"2025-01-01T00:00:00Z","program":"p","record":{"log":"l"}}`},
		"unknown status": {201, header, `{}`},
		"content type":   {200, http.Header{"Content-Type": {"text/html"}}, ``},
		"not JSON":       {200, header, `{`},
	} {
		if description().check("POST", "/v1/decisions", got) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestHealth(t *testing.T) {
	var broken error
	a := start(t, setup{options: func(o *Options) { o.Ready = func() error { return broken } }})
	if got := a.get("/healthz"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := a.get("/readyz"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	broken = errors.New("the log is being recovered")
	if got := a.get("/readyz"); got.status != 503 || !strings.Contains(got.body, "recovered") || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := a.get("/healthz"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestMetrics(t *testing.T) {
	a := start(t, setup{})
	a.post("/v1/decisions", denied)
	a.post("/v1/decisions", `{`)
	got := a.get("/metrics")
	for _, want := range []string{
		`comity_http_requests_total{route="POST /v1/decisions",status="200"} 1`,
		`comity_http_requests_total{route="POST /v1/decisions",status="400"} 1`,
		`comity_decisions_total{effect="deny"} 1`,
		`comity_http_request_seconds_count{route="POST /v1/decisions"} 2`,
		"go_goroutines", "comity_http_connections 1",
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %q", want)
		}
	}
}

type files map[string]string

func (f files) Resource(path string) ([]byte, error) {
	if text, ok := f[path]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

func TestLog(t *testing.T) {
	log := files{"checkpoint": "note\n", "tile/0/x001/234.p/5": "hashes", "tile/entries/000": "entries", "payload/000": "sealed", "../log.key": "secret", "wal/1": "secret"}
	a := start(t, setup{options: func(o *Options) { o.Logs = map[string]Log{"local": log} }})
	for _, c := range []struct {
		path   string
		status int
		body   string
		kind   string
		cache  string
	}{
		{"/log/local/checkpoint", 200, "note\n", "text/plain; charset=utf-8", "no-cache"},
		{"/log/local/tile/0/x001/234.p/5", 200, "hashes", "application/octet-stream", "private, max-age=31536000, immutable"},
		{"/log/local/tile/entries/000", 200, "entries", "application/octet-stream", "private, max-age=31536000, immutable"},
		{"/log/local/payload/000", 200, "sealed", "application/octet-stream", "no-store"},
		{"/log/local/tile/0/001", 404, "", "", ""},
		{"/log/other/checkpoint", 404, "", "", ""},
		{"/log/local/wal/1", 404, "", "", ""},
		{"/log/local/..%2Flog.key", 404, "", "", ""},
		{"/log/local/tile/..%2F..%2Flog.key", 404, "", "", ""},
		{"/log/local/%2e%2e%2flog.key", 404, "", "", ""},
	} {
		got := a.get(c.path)
		if got.status != c.status || c.status == 200 && (got.body != c.body || got.header.Get("Content-Type") != c.kind || got.header.Get("Cache-Control") != c.cache) {
			t.Errorf("%s: %d %q %v", c.path, got.status, got.body, got.header)
		}
		if strings.Contains(got.body, "secret") {
			t.Errorf("%s leaks", c.path)
		}
	}
	if got := a.send("HEAD", "/log/local/checkpoint", "", "X", "Y"); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
	public := start(t, setup{options: func(o *Options) {
		o.Local, o.Auth, o.PublicLogs, o.Logs = nil, keys{}, true, map[string]Log{"local": log}
	}})
	if got := public.get("/log/local/tile/entries/000"); got.status != 200 || got.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("public: %d %v", got.status, got.header)
	}
}

type reloader struct {
	by  decide.Caller
	err error
}

func (r *reloader) Reload(_ context.Context, by decide.Caller) (decide.Reloaded, error) {
	r.by = by
	index := int64(7)
	return decide.Reloaded{Record: comity.Record{Log: "local", Index: &index, Checkpoint: "note\n"}}, r.err
}

func TestReload(t *testing.T) {
	r := &reloader{}
	a := start(t, setup{options: func(o *Options) { o.Reloader = r }})
	for _, body := range []string{"", "{}"} {
		if got := a.post("/v1/reload", body); got.status != 200 || got.body != `{"record":{"log":"local","index":7,"checkpoint":"note\n"}}`+"\n" || r.by.ID != "local" {
			t.Errorf("%d %s by %q", got.status, got.body, r.by.ID)
		}
	}
	if got := a.send("POST", "/v1/reload", ""); got.status != 200 {
		t.Errorf("without a type: %d %s", got.status, got.body)
	}
	if got := a.post("/v1/reload", `{"now":true}`); got.status != 400 {
		t.Errorf("with a body: %d %s", got.status, got.body)
	}
	r.err = &comity.Error{Code: comity.CodePack, Op: "load packs", Err: errors.New("a.yaml:3:1: unknown fact"), Remedy: "mend it"}
	if got := a.post("/v1/reload", ""); got.status != 422 || !strings.Contains(got.body, "a.yaml:3:1") {
		t.Errorf("bad packs: %d %s", got.status, got.body)
	}
}
