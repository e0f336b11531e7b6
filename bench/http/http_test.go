// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpbench

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	enginebench "github.com/comity-project/comity/bench/engine"
	"github.com/comity-project/comity/engine"
)

// TestCase: the files that comity serve gets mean what the naive evaluator says.
func TestCase(t *testing.T) {
	for _, n := range []int{1, 200} {
		c, err := NewCase(n)
		if err != nil {
			t.Fatal(err)
		}
		eng, err := engine.New(engine.Options{NoEmbedded: true, Folders: []engine.Folder{{Name: "packs", FS: fstest.MapFS{
			"vocabulary.yaml":     {Data: []byte(c.vocabulary())},
			"generated/pack.yaml": {Data: []byte(c.set.Pack())},
		}}}})
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range c.facts {
			req, err := engine.DecodeRequest(text)
			if err != nil {
				t.Fatal(err)
			}
			req.Facts["date"] = "2026-05-01"
			d, err := eng.Decide(req)
			if err != nil {
				t.Fatal(err)
			}
			w := wireAnswer{effect: string(d.Effect), applicable: d.Applicable}
			for _, cond := range d.Conditions {
				w.conditions = append(w.conditions, cond.ID)
			}
			if !w.is(c.want[i]) {
				t.Fatalf("question %d: got %+v, want %+v", i, w, c.want[i])
			}
		}
	}
}

// right answers as OPA would, chunked or with a length; wrong answers one question wrongly.
func right(c *Case, asked *atomic.Int64, wrong int, chunked bool) http.Handler {
	place := map[string]int{}
	for i, f := range c.facts {
		if _, ok := place[string(f)]; !ok {
			place[string(f)] = i
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		i := place[strings.TrimSuffix(strings.TrimPrefix(string(body), `{"input":`), "}")]
		a := c.want[i]
		if i == wrong {
			a.Deny = !a.Deny
		}
		effect := "allow"
		if a.Deny {
			effect = "deny"
		}
		quote := func(l []int, id func(int) string) string {
			var out []string
			for _, n := range l {
				out = append(out, `"`+id(n)+`"`)
			}
			return "[" + strings.Join(out, ",") + "]"
		}
		if chunked {
			w.(http.Flusher).Flush()
		}
		fmt.Fprintf(w, `{"result":{"applicable":%s,"conditions":%s,"effect":"%s"}}`, quote(a.Applicable, enginebench.ID), quote(a.Conditions, enginebench.ConditionID), effect)
	})
}

// here is a server in this process.
func here(url string) *Server {
	return &Server{Name: "test", URL: url, cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}}
}

func TestMemory(t *testing.T) {
	now, peak, err := here("").Memory()
	if err != nil || now < 1<<20 || peak < now {
		t.Errorf("%d, %d, %v", now, peak, err)
	}
}

func TestLoad(t *testing.T) {
	c, err := NewCase(50)
	if err != nil {
		t.Fatal(err)
	}
	for _, chunked := range []bool{false, true} {
		var asked atomic.Int64
		s := httptest.NewServer(right(c, &asked, -1, chunked))
		target := opaTarget(c, here(s.URL), "test")
		if err := target.Check(); err != nil {
			t.Fatal(err)
		}
		asked.Store(0)
		r, err := target.Run(t.Context(), Load{Connections: 4, Warmup: 20 * time.Millisecond, Time: 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if r.Requests == 0 || int64(r.Requests) > asked.Load() || r.P50 <= 0 || r.P50 > r.P99 || r.P99 > r.Max || r.CPU <= 0 || r.PerSecond() != float64(r.Requests)/0.2 {
			t.Errorf("%+v, asked %d times", r, asked.Load())
		}
		asked.Store(0)
		r, err = target.Run(t.Context(), Load{Connections: 4, Time: 500 * time.Millisecond, Rate: 200})
		if err != nil || asked.Load() < 90 || asked.Load() > 110 {
			t.Errorf("%d requests where 100 were due: %+v, %v", asked.Load(), r, err)
		}
		s.Close()
	}
}

// TestLoadFindsWrongAnswers: a wrong effect or status ends the run with an error.
func TestLoadFindsWrongAnswers(t *testing.T) {
	c, err := NewCase(50)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	s := httptest.NewServer(right(c, &asked, 17, false))
	defer s.Close()
	wrong := opaTarget(c, here(s.URL), "test")
	bad := httptest.NewServer(http.NotFoundHandler())
	defer bad.Close()
	for _, target := range []*Target{wrong, wrong.at("missing", here(bad.URL))} {
		if err := target.Check(); err == nil {
			t.Errorf("%s: Check finds nothing", target.Name)
		}
		if _, err := target.Run(t.Context(), Load{Connections: 2, Time: 5 * time.Second}); err == nil {
			t.Errorf("%s: Run finds nothing", target.Name)
		}
	}
}
