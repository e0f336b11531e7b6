// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/proof"
)

// onDisk is a server before an open data folder, configured as a user would.
func onDisk(t *testing.T, settings string) (*testAPI, *app.App) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "comity.yaml")
	if err := os.WriteFile(file, []byte("data: data\nanchor: state\n"+settings), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	open, err := app.Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &testAPI{t: t, door: open.Door}
	a.handler, err = New(Options{
		Door: open.Door, Local: local(), Vocabulary: func() *pack.Vocabulary { return open.Door.Engine().Program().Model().Vocab },
		Reloader: open, Packs: open, Reader: open, Eraser: open, Logs: map[string]Log{open.LogName: open.Log}, Ready: open.Ready, Recorder: open.Book,
	})
	if err != nil {
		t.Fatal(err)
	}
	a.server = httptest.NewServer(a.handler)
	a.client = a.server.Client()
	t.Cleanup(func() {
		a.server.Close()
		if err := errors.Join(a.handler.Close(context.Background()), open.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	return a, open
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	name, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestRealLog: what the service answered is in the log that it serves, and verifies with
// the public key alone while the service goes on.
func TestRealLog(t *testing.T) {
	a, open := onDisk(t, "")
	var mu sync.Mutex
	var records []comity.Record
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 5 {
				got := a.post("/v1/decisions", fmt.Sprintf(`{"facts":%s,"subject":{"id":"person-%d"}}`, denied, i))
				var d comity.Decision
				if err := json.Unmarshal([]byte(got.body), &d); err != nil || got.status != http.StatusOK {
					t.Errorf("%d %s", got.status, got.body)
					return
				}
				mu.Lock()
				records = append(records, *d.Record)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	lines := a.post("/v1/decisions", denied+"\n"+allowed+"\n", "Content-Type", "application/x-ndjson")
	event := a.post("/v1/events", `{"type":"data_access","actor":{"id":"nurse-7"},"action":"open","resource":{"type":"file","id":"f1"},"success":true,"subject":{"id":"person-1"}}`)
	for _, got := range []answer{lines, event} {
		if got.status != http.StatusOK || strings.Contains(got.body, `"error"`) {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	indexes := map[int64]bool{}
	for _, r := range records {
		if _, err := proof.VerifyReceipt(r, open.VerifierKey()); err != nil {
			t.Errorf("receipt of entry %d: %v", *r.Index, err)
		}
		indexes[*r.Index] = true
	}
	if len(indexes) != 40 {
		t.Errorf("%d leaves for 40 requests", len(indexes))
	}
	source := proof.SourceFunc(func(_ context.Context, path string) ([]byte, error) {
		got := a.get("/log/local/" + path)
		if got.status == http.StatusNotFound {
			return nil, fs.ErrNotExist
		}
		if got.status != http.StatusOK {
			return nil, fmt.Errorf("%d %s", got.status, got.body)
		}
		return []byte(got.body), nil
	})
	report, err := proof.VerifyLog(t.Context(), source, proof.Options{Keys: []string{open.VerifierKey()}})
	if err != nil || len(report.Findings) > 0 || report.Checkpoint.Size < 42 {
		t.Errorf("verification: %v, %+v", err, report)
	}
	if p, err := proof.Prove(t.Context(), source, uint64(*records[0].Index)); err != nil {
		t.Errorf("proof of entry %d: %v", *records[0].Index, err)
	} else if _, err := proof.ParseProof(p.Marshal()); err != nil {
		t.Error(err)
	}
	for i := range report.Checkpoint.Size {
		leaf, err := proof.Leaf(t.Context(), source, report.Checkpoint, i)
		if err != nil || strings.Contains(string(leaf), "person-") || strings.Contains(string(leaf), "nurse") {
			t.Fatalf("leaf %d is %s: %v", i, leaf, err)
		}
	}
}

// TestRealRepeat: an idempotency key gets the same answer and record, and with another
// body a conflict.
func TestRealRepeat(t *testing.T) {
	a, _ := onDisk(t, "")
	body := `{"facts":` + denied + `,"idempotency_key":"k-1"}`
	first := a.post("/v1/decisions", body)
	if again := a.post("/v1/decisions", body); first.status != 200 || again.body != first.body {
		t.Errorf("first  %d %s\nsecond %d %s", first.status, first.body, again.status, again.body)
	}
	if got := a.post("/v1/decisions", strings.Replace(body, "2020-07-16", "2020-07-15", 1)); got.status != http.StatusConflict || got.problem().Code != "conflict" {
		t.Errorf("another body: %d %s", got.status, got.body)
	}
	event := `{"type":"data_access","actor":{"id":"a"},"action":"open","resource":{"type":"file","id":"f"},"success":true,"idempotency_key":"k-2"}`
	one := a.post("/v1/events", event)
	if two := a.post("/v1/events", event); one.status != 200 || two.body != one.body {
		t.Errorf("events: %d %s, %d %s", one.status, one.body, two.status, two.body)
	}
}

// TestRealAuthZEN: the certification scenario with a configuration file, as a user sets it
// up, and a reload that changes nothing.
func TestRealAuthZEN(t *testing.T) {
	packs, err := filepath.Abs("testdata/authzen/certification")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := onDisk(t, fmt.Sprintf("packs: {dirs: [%q]}\nattributes: %q\n", packs, filepath.Join(packs, "principals.json")))
	ask := func() {
		t.Helper()
		got := a.post("/access/v1/evaluations", members1(bob, record1, `"evaluations":[{`+read+`},{`+write+`}]`))
		if d := decisionsOf(t, got); len(d) != 2 || !d[0] || d[1] {
			t.Errorf("%s", got.body)
		}
	}
	ask()
	if got := a.post("/v1/reload", ""); got.status != 200 {
		t.Errorf("reload: %d %s", got.status, got.body)
	}
	ask()
}
