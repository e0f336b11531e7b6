// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/principal"
)

// memory is a recorder that keeps events in memory, so that a test can look at them, and
// can be told to fail. Everything else of these tests is real.
type memory struct {
	mu     sync.Mutex
	events []audit.Event
	leaves int64
	err    error
}

func (m *memory) Append(_ context.Context, e audit.Event) (comity.Record, error) {
	recs, err := m.AppendBatch(context.Background(), []audit.Event{e})
	if err != nil {
		return comity.Record{}, err
	}
	recs[0].Sub = nil
	return recs[0], nil
}

func (m *memory) AppendBatch(_ context.Context, events []audit.Event) ([]comity.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	index := m.leaves
	m.leaves++
	recs := make([]comity.Record, len(events))
	for i := range recs {
		recs[i] = comity.Record{Log: "local", Index: &index, Checkpoint: "comity-test/local\n", Sub: &i}
	}
	m.events = append(m.events, events...)
	return recs, nil
}

func (*memory) Check(e *audit.Event) error {
	if e.Type == "unheard_of" {
		return &comity.Error{Code: comity.CodeUnknown, Op: "check event", Err: errors.New("there is no such type")}
	}
	return nil
}

func (*memory) Replay(context.Context, string, string, []byte) (audit.Replayed, bool, error) {
	return audit.Replayed{}, false, nil
}

func (*memory) Show(context.Context, uint64, int) (audit.Entry, error) {
	return audit.Entry{}, errors.New("not in these tests")
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// of lists the events of a type.
func (m *memory) of(kind string) []audit.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []audit.Event
	for _, e := range m.events {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

// compiled is the engine with a folder of packs, made once for all tests: nothing of an
// engine changes but by a reload.
func compiled(packs string) (*engine.Engine, error) {
	engines.Lock()
	defer engines.Unlock()
	if e := engines.of[packs]; e != nil {
		return e, nil
	}
	var o engine.Options
	if packs != "" {
		o.Folders = []engine.Folder{{Name: packs, FS: os.DirFS(packs)}}
	}
	e, err := engine.New(o)
	if err == nil {
		engines.of[packs] = e
	}
	return e, err
}

var engines = struct {
	sync.Mutex
	of map[string]*engine.Engine
}{of: map[string]*engine.Engine{}}

type noPrograms struct{}

func (noPrograms) Keep(engine.Sources) error { return nil }

type wallClock struct{ start time.Time }

func (wallClock) Now() time.Time          { return time.Now() }
func (c wallClock) Steady() time.Duration { return time.Since(c.start) }

// testAPI is a handler on a real server, before a real door and engine.
type testAPI struct {
	t       testing.TB
	handler *Handler
	server  *httptest.Server
	memory  *memory
	door    *decide.Door
	logs    *lockedBuffer
	client  *http.Client
}

// local is the principal of an unconfigured server.
func local() *decide.Caller { return &decide.Caller{ID: "local", Scopes: decide.Scopes()} }

// setup says what a test needs beyond the default: packs from a folder, facts about
// principals, other options.
type setup struct {
	packs   string
	options func(*Options)
	door    func(*decide.Options)
}

func start(t testing.TB, s setup) *testAPI {
	t.Helper()
	a := newAPI(t, s)
	a.server = httptest.NewUnstartedServer(a.handler)
	a.server.Listener = a.handler.Listener(a.server.Listener, true)
	a.server.Config = NewServer(a.handler, nil)
	a.server.Start()
	a.client = a.server.Client()
	t.Cleanup(a.server.Close)
	return a
}

func newAPI(t testing.TB, s setup) *testAPI {
	t.Helper()
	a := &testAPI{t: t, memory: &memory{}, logs: &lockedBuffer{}}
	d := decide.Options{Recorder: a.memory, Programs: noPrograms{}, Clock: wallClock{time.Now()}, Cell: "local", Log: "local"}
	if s.packs != "" {
		if data, err := os.ReadFile(s.packs + "/principals.json"); err == nil {
			attributes, err := principal.ParseAttributes("principals.json", data)
			if err != nil {
				t.Fatal(err)
			}
			d.Sources = append(d.Sources, attributes)
		}
	}
	var err error
	if d.Engine, err = compiled(s.packs); err != nil {
		t.Fatal(err)
	}
	if s.door != nil {
		s.door(&d)
	}
	if a.door, err = decide.New(d); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Door: a.door, Local: local(), Vocabulary: func() *pack.Vocabulary { return a.door.Engine().Program().Model().Vocab },
		Recorder: a.memory, Ready: a.door.Ready, Logger: slog.New(slog.NewJSONHandler(a.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if s.options != nil {
		s.options(&o)
	}
	if a.handler, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.handler.Close(context.Background()); err != nil && a.memory.err == nil {
			t.Error(err)
		}
	})
	return a
}

// lockedBuffer is written by the server while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// problem is the code of a refusal.
func (a answer) problem() problemJSON {
	var p problemJSON
	_ = json.Unmarshal([]byte(a.body), &p)
	return p
}

type problemJSON struct {
	Status, Line, Column                int
	Code, Detail, Remedy, Type, Request string
}

// post sends a JSON body and holds the answer against the published description.
func (a *testAPI) post(path, body string, headers ...string) answer {
	a.t.Helper()
	return a.send(http.MethodPost, path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

func (a *testAPI) get(path string, headers ...string) answer {
	a.t.Helper()
	return a.send(http.MethodGet, path, "", headers...)
}

func (a *testAPI) send(method, path, body string, headers ...string) answer {
	a.t.Helper()
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.server.URL+path, rd)
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		} else if headers[i+1] == "" {
			req.Header.Del(headers[i])
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := a.client.Do(req)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	got := answer{res.StatusCode, res.Header, string(text)}
	a.described(method, path, got)
	return got
}

// described fails the test if the description does not know an answer like this.
func (a *testAPI) described(method, path string, got answer) {
	a.t.Helper()
	if method == http.MethodHead {
		return
	}
	if err := description().check(method, path, got); err != nil {
		a.t.Errorf("%s %s: the answer is not as openapi.json says: %v\n%s", method, path, err, got.body)
	}
}

// openAPIDoc is the published description, read once.
type openAPIDoc struct {
	doc     map[string]any
	mu      sync.Mutex // the compiler is for one goroutine
	schemas *jsonschema.Compiler
}

var description = sync.OnceValue(func() *openAPIDoc {
	d := &openAPIDoc{schemas: jsonschema.NewCompiler()}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPIDocument))
	if err != nil {
		panic(err)
	}
	d.doc = v.(map[string]any)
	d.schemas.DefaultDraft(jsonschema.Draft2020)
	if err := d.schemas.AddResource("openapi.json", v); err != nil {
		panic(err)
	}
	return d
})

// at follows a path of member names.
func at(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

func (d *openAPIDoc) check(method, path string, got answer) error {
	route := path
	if strings.HasPrefix(path, "/log/") {
		route = "/log/{log}/{path}"
	}
	if rest, ok := strings.CutPrefix(path, "/v1/log/local/"); ok {
		route = "/v1/log/{log}/{index}"
		if strings.Contains(rest, "/") {
			route += "/{sub}"
		}
	}
	code := strings.TrimSpace(strings.Split(got.header.Get("Content-Type"), ";")[0])
	pointer := "/paths/" + escape(route) + "/" + strings.ToLower(method) + "/responses/" + itoa(got.status)
	response := at(d.doc, "paths", route, strings.ToLower(method), "responses", itoa(got.status))
	if got.status == http.StatusNotFound || got.status == http.StatusMethodNotAllowed || at(response, "$ref") != nil {
		// Every path may answer these two.
		pointer, response = "/components/responses/"+itoa(got.status), at(d.doc, "components", "responses", itoa(got.status))
	}
	if response == nil {
		return errors.New("no answer " + itoa(got.status))
	}
	content := at(response, "content", code)
	if content == nil {
		return errors.New("no content of type " + code)
	}
	if at(content, "schema") == nil || !strings.Contains(code, "json") {
		return nil
	}
	d.mu.Lock()
	schema, err := d.schemas.Compile("openapi.json#" + pointer + "/content/" + escape(code) + "/schema")
	d.mu.Unlock()
	if err != nil {
		return err
	}
	texts := []string{got.body}
	if code == "application/x-ndjson" {
		texts = strings.Split(strings.TrimSpace(got.body), "\n")
	}
	for _, text := range texts {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return err
		}
		if err := schema.Validate(v); err != nil {
			return err
		}
	}
	return nil
}

func itoa(n int) string { return string(appendInt(n)) }

func appendInt(n int) []byte { b, _ := json.Marshal(n); return b }

func (m *memory) Fits(audit.Event) error { return nil }
