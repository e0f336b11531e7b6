// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/proof"
)

// installation is a comity serve of its own, as a user starts it.
type installation struct {
	url, data, vkey string
}

// serve builds and starts the real server.
func serve(t *testing.T) installation {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the server, left out by -short")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "comity")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/comity-project/comity/cmd/comity").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in := installation{url: "http://" + l.Addr().String(), data: filepath.Join(dir, "data")}
	cmd := exec.Command(bin, "serve", "--listen", l.Addr().String(), "--data", in.data, "--anchor", filepath.Join(dir, "anchor"))
	l.Close()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("the server ended: %v\n%s", err, output.Bytes())
		}
	})
	c := newClient(t, in.url, client.Options{})
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = c.Ready(t.Context()); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("not ready: %v", err)
		}
	}
	key, err := os.ReadFile(filepath.Join(in.data, "local", "log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	in.vkey = strings.TrimSpace(string(key))
	return in
}

func transfer(to string) comity.Request {
	return comity.Request{
		Facts: comity.Facts{
			"operation": "transfer", "date": "2026-05-01", "subject_location": "DE", "controller_establishment": "DE",
			"data_categories": []string{"contact"}, "from_region": "DE", "to_region": to,
		},
		Subject: comity.Subject{ID: "alice"},
	}
}

// TestServer asks a real server, and proves its answers with the public key alone.
func TestServer(t *testing.T) {
	in := serve(t)
	c := newClient(t, in.url, client.Options{})
	t.Run("decide and prove", func(t *testing.T) { decideAndProve(t, in, c) })
	t.Run("batch", func(t *testing.T) { batchAndProve(t, in, c) })
	t.Run("errors", func(t *testing.T) { serverErrors(t, c) })
	t.Run("events", func(t *testing.T) { appendEvents(t, in, c) })
	t.Run("read and erase", func(t *testing.T) { readAndErase(t, c) })
	t.Run("no candidate", func(t *testing.T) { noCandidate(t, c) })
	t.Run("lost answers", func(t *testing.T) { lostAnswers(t, in) })
	t.Run("middleware", func(t *testing.T) { middlewareAndServer(t, c) })
	t.Run("another log's key", func(t *testing.T) { otherKey(t, c) })
}

func decide(t *testing.T, c *client.Client, req comity.Request) comity.Decision {
	t.Helper()
	d, err := c.Decide(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func decideAndProve(t *testing.T, in installation, c *client.Client) {
	for to, want := range map[string]comity.Effect{"JP": comity.Allow, "IN": comity.Deny} {
		d := decide(t, c, transfer(to))
		if d.Effect != want || d.Record == nil || len(d.Citations) == 0 {
			t.Fatalf("%s: %+v", to, d)
		}
		check, err := client.VerifyReceipt(d, nil, in.vkey)
		if err != nil || check.Size <= uint64(*d.Record.Index) {
			t.Errorf("receipt alone: %+v, %v", check, err)
		}
		e, err := c.FetchProof(t.Context(), *d.Record, in.vkey)
		if err != nil {
			t.Fatal(err)
		}
		if check, err = client.VerifyReceipt(d, &e, in.vkey); err != nil || string(check.Note) != d.Record.Checkpoint {
			t.Errorf("with evidence: %+v, %v", check, err)
		}
		again, err := proof.ParseProof(e.Proof.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.VerifyReceipt(d, &client.Evidence{Proof: again, Leaf: e.Leaf}, in.vkey); err != nil {
			t.Errorf("from a file: %v", err)
		}
		falsified(t, in, d, e)
	}
}

// falsified changes what was proved, in every way that would serve a liar.
func falsified(t *testing.T, in installation, d comity.Decision, e client.Evidence) {
	t.Helper()
	for name, change := range map[string]func(*comity.Decision, *client.Evidence){
		"effect":  func(d *comity.Decision, _ *client.Evidence) { d.Effect = comity.Review },
		"program": func(d *comity.Decision, _ *client.Evidence) { d.Program = "sha256:00" },
		"index":   func(d *comity.Decision, _ *client.Evidence) { n := *d.Record.Index - 1; d.Record.Index = &n },
		"beyond":  func(d *comity.Decision, _ *client.Evidence) { n := *d.Record.Index + 1000; d.Record.Index = &n },
		"log":     func(d *comity.Decision, _ *client.Evidence) { d.Record.Log = "other" },
		"part":    func(d *comity.Decision, _ *client.Evidence) { n := 0; d.Record.Sub = &n },
		"checkpoint": func(d *comity.Decision, _ *client.Evidence) {
			d.Record.Checkpoint = strings.Replace(d.Record.Checkpoint, "\n", "1\n", 1)
		},
		"no checkpoint":      func(d *comity.Decision, _ *client.Evidence) { d.Record.Checkpoint = "" },
		"later":              func(d *comity.Decision, _ *client.Evidence) { d.Record.Later = true },
		"no record":          func(d *comity.Decision, _ *client.Evidence) { d.Record = nil },
		"leaf":               func(_ *comity.Decision, e *client.Evidence) { e.Leaf = append(bytes.Clone(e.Leaf), ' ') },
		"proof's index":      func(_ *comity.Decision, e *client.Evidence) { e.Proof.Index++ },
		"proof's checkpoint": func(_ *comity.Decision, e *client.Evidence) { e.Proof.Checkpoint = bytes.ToUpper(e.Proof.Checkpoint) },
	} {
		claim, other := d, e
		record := *d.Record
		claim.Record = &record
		change(&claim, &other)
		if _, err := client.VerifyReceipt(claim, &other, in.vkey); err == nil {
			t.Errorf("another %s is accepted", name)
		}
	}
}

func batchAndProve(t *testing.T, in installation, c *client.Client) {
	reqs := []comity.Request{transfer("JP"), {Facts: comity.Facts{"operation": "fly"}}, transfer("IN"), transfer("EEA")}
	out, err := c.DecideBatch(t.Context(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	var effects []string
	for i, a := range out {
		if a.Err != nil {
			effects = append(effects, string(comity.CodeOf(a.Err)))
			continue
		}
		effects = append(effects, string(a.Decision.Effect))
		e, err := c.FetchProof(t.Context(), *a.Decision.Record, in.vkey)
		if err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		if _, err := client.VerifyReceipt(a.Decision, &e, in.vkey); err != nil {
			t.Errorf("line %d: %v", i, err)
		}
		if i != 0 {
			if _, err := client.VerifyReceipt(out[0].Decision, &e, in.vkey); err == nil {
				t.Errorf("the proof of line %d is accepted for line 0", i)
			}
		}
	}
	if diff := cmp.Diff([]string{"allow", "unknown", "deny", "allow"}, effects); diff != "" {
		t.Error(diff)
	}
	if a, b := out[0].Decision.Record, out[3].Decision.Record; *a.Index != *b.Index || a.Sub == nil || b.Sub == nil || *a.Sub == *b.Sub {
		t.Errorf("records %+v and %+v of one batch", a, b)
	}
}

func serverErrors(t *testing.T, c *client.Client) {
	key := transfer("JP")
	key.IdempotencyKey = "once"
	first := decide(t, c, key)
	again := decide(t, c, key)
	again.Record.Checkpoint = first.Record.Checkpoint // the latest, of a tree that covers the index, too
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same key, another answer: %s", diff)
	}
	other := transfer("IN")
	other.IdempotencyKey = "once"
	for name, tc := range map[string]struct {
		req  comity.Request
		want comity.Code
	}{
		"another question under the key": {other, comity.CodeConflict},
		"unknown fact":                   {comity.Request{Facts: comity.Facts{"operation": "store", "colour": "red"}}, comity.CodeUnknown},
		"impossible value":               {comity.Request{Facts: comity.Facts{"operation": "store", "date": "yesterday"}}, comity.CodeInvalid},
	} {
		if d, err := c.Decide(t.Context(), tc.req); comity.CodeOf(err) != tc.want {
			t.Errorf("%s: %+v, %v, want code %s", name, d, err, tc.want)
		}
	}
	if _, err := c.Log("other").Resource(t.Context(), proof.CheckpointPath); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("a log that is not there: %v", err)
	}
}

func appendEvents(t *testing.T, in installation, c *client.Client) {
	e := client.Event{
		Type: "data_access", Actor: client.Actor{ID: "clerk"}, Action: "read", Resource: client.Resource{Type: "file", ID: "42"}, Success: true,
		Region: "DE", Source: "192.0.2.1", Purpose: "support", Subject: comity.Subject{ID: "alice"},
	}
	r, err := c.Append(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proof.VerifyReceipt(r.Record, in.vkey); err != nil || r.ID == "" || r.At.IsZero() {
		t.Errorf("%+v: %v", r, err)
	}
	proved, err := c.FetchProof(t.Context(), r.Record, in.vkey)
	if err != nil || !bytes.Contains(proved.Leaf, []byte(`"type":"data_access"`)) || bytes.Contains(proved.Leaf, []byte("clerk")) {
		t.Errorf("leaf %s: %v", proved.Leaf, err)
	}
	out, err := c.AppendBatch(t.Context(), []client.Event{e, {Type: "no_such_type", Success: true}, e})
	if err != nil || out[0].Err != nil || out[2].Err != nil || out[1].Err == nil {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, err := c.FetchProof(t.Context(), out[2].Receipt.Record, in.vkey); err != nil {
		t.Error(err)
	}
}

func login(success bool) client.Event {
	return client.Event{Type: "system_access", Actor: client.Actor{ID: "clerk"}, Action: "login", Success: success}
}

// lostAnswers: the server records and answers, the answer gets lost, the client asks again.
func lostAnswers(t *testing.T, in installation) {
	target, err := url.Parse(in.url)
	if err != nil {
		t.Fatal(err)
	}
	var passed atomic.Int64
	forward := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && passed.Add(1)%3 != 0 {
			forward.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	direct, lossy := newClient(t, in.url, client.Options{}), newClient(t, proxy.URL, client.Options{MinWait: time.Millisecond})
	size := func() uint64 {
		d := decide(t, direct, transfer("JP"))
		check, err := client.VerifyReceipt(d, nil, in.vkey)
		if err != nil {
			t.Fatal(err)
		}
		return check.Size
	}
	before := size()
	decide(t, lossy, transfer("IN"))
	if _, err := lossy.Append(t.Context(), login(true)); err != nil {
		t.Fatal(err)
	}
	out, err := lossy.DecideBatch(t.Context(), []comity.Request{transfer("JP"), transfer("IN")})
	if err != nil || out[0].Err != nil || out[1].Err != nil {
		t.Fatalf("%+v, %v", out, err)
	}
	receipts, err := lossy.AppendBatch(t.Context(), []client.Event{login(true), login(false)})
	if err != nil || receipts[0].Err != nil || receipts[1].Err != nil {
		t.Fatalf("%+v, %v", receipts, err)
	}
	if got := size() - before; got != 5 {
		t.Errorf("one decision, one event, a batch of each, and the question that counts have made %d entries", got)
	}
	if passed.Load() != 12 {
		t.Errorf("%d calls went through the proxy", passed.Load())
	}
}

func middlewareAndServer(t *testing.T, c *client.Client) {
	ask := client.Operation("transfer", func(r *http.Request) comity.Facts { return transfer(r.URL.Query().Get("to")).Facts })
	h := client.Middleware(c, ask, client.Policy{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, ok := client.FromContext(r.Context())
		fmt.Fprint(w, ok, d.Record != nil)
	}))
	for to, want := range map[string]string{"JP": "200 true true", "IN": "403 "} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/?to="+to, nil))
		got := fmt.Sprint(w.Code, " ", w.Body)
		if !strings.HasPrefix(got, want) || want == "403 " && !strings.Contains(got, `"GDPR Art. 44"`) {
			t.Errorf("%s: %s", to, got)
		}
	}
}

func otherKey(t *testing.T, c *client.Client) {
	other := serve(t)
	d := decide(t, c, transfer("JP"))
	if _, err := client.VerifyReceipt(d, nil, other.vkey); err == nil {
		t.Error("accepted with the key of another log")
	}
	if _, err := c.FetchProof(t.Context(), *d.Record, other.vkey); err == nil {
		t.Error("fetched with the key of another log")
	}
}
