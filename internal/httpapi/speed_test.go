// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/decide"
)

// oneAnswer is a door that always gives the same answer, so that only the way through this
// package is measured.
type oneAnswer struct {
	Door
	d comity.Decision
}

func (o *oneAnswer) Decide(context.Context, decide.Caller, comity.Request) (comity.Decision, error) {
	return o.d, nil
}

// discard is a response that is thrown away.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// onePost makes the same request again and again without a network.
func onePost(tb testing.TB) (ask func(), decode func()) {
	a := newAPI(tb, setup{})
	req, err := engine.DecodeRequest([]byte(denied))
	if err != nil {
		tb.Fatal(err)
	}
	d, err := a.door.Decide(tb.Context(), *local(), req)
	if err != nil {
		tb.Fatal(err)
	}
	h, err := New(Options{Door: &oneAnswer{Door: a.door, d: d}, Local: local(), Vocabulary: a.handler.o.Vocabulary})
	if err != nil {
		tb.Fatal(err)
	}
	body := bytes.NewReader(nil)
	r, _ := http.NewRequestWithContext(tb.Context(), http.MethodPost, "http://127.0.0.1/v1/decisions", nil)
	r.Header.Set("Content-Type", "application/json")
	r.Body, r.ContentLength = io.NopCloser(body), int64(len(denied))
	w := &discard{header: http.Header{}}
	text := []byte(denied)
	ask = func() {
		body.Reset(text)
		h.ServeHTTP(w, r)
		if w.status != http.StatusOK {
			tb.Fatalf("status %d", w.status)
		}
	}
	return ask, func() { _, _ = engine.DecodeRequest(text) }
}

// TestAllocations bounds what a request costs beside reading its facts and deciding.
func TestAllocations(t *testing.T) {
	ask, decode := onePost(t)
	all, facts := testing.AllocsPerRun(200, ask), testing.AllocsPerRun(200, decode)
	if extra := all - facts; extra > 10 {
		t.Errorf("a request allocates %v times, of which reading its facts %v", all, facts)
	}
}

func BenchmarkDecision(b *testing.B) {
	ask, decode := onePost(b)
	b.Run("http", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ask()
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			decode()
		}
	})
}
