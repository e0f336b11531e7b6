// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/principal"
)

// oneRule is a pack that costs the engine nearly nothing, so that the rest shows.
const oneRule = `format: comity/v1
id: one
name: One rule
version: 1.0.0
order: EU
weight: company
zone: Europe/Berlin
reviewed: 2026-01-01
next_review: 2029-01-01
instruments:
- cite: Acme Policy
reach:
  when: controller_establishment in EU
  cite: [Acme Policy s. 1]
  text: {en: Everything.}
requirements:
- id: ACME-1
  kind: forbid
  cite: [Acme Policy s. 2]
  text: {en: Data is sold only with consent.}
  when: operation == sell_or_share
`

func openOneRule(b *testing.B) *app.App {
	b.Helper()
	dir := b.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "packs", "one"), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "packs", "one", "pack.yaml"), []byte(oneRule), 0o600); err != nil {
		b.Fatal(err)
	}
	c := config.Config{Data: filepath.Join(dir, "data"), Anchor: filepath.Join(dir, "state")}
	c.Packs.Dirs, c.Packs.Only = []string{filepath.Join(dir, "packs")}, true
	a, err := app.Open(b.Context(), c.WithDefaults(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.Close(context.Background()) })
	return a
}

// cpu is what this process has used so far, with all that runs beside a request.
func cpu() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs do on many goroutines; each call records some entries.
func measure(b *testing.B, entries int, do func(n int) error) {
	b.ReportAllocs()
	b.SetParallelism(32)
	b.ResetTimer()
	before := cpu()
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			if err := do(n); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric((cpu()-before)/float64(b.N*entries), "cpu-ns/entry")
}

func sale(n int) comity.Request {
	return comity.Request{Facts: comity.Facts{
		"operation": "sell_or_share", "controller_establishment": "DE", "date": "2026-05-01", "subject_location": "DE",
		"data_categories": []any{"contact"},
	}, Subject: comity.Subject{ID: fmt.Sprintf("person-%d", n%1000)}}
}

func access(n int) audit.Event {
	return audit.Event{
		Type: audit.TypeDataAccess, Action: "read", Tenant: "acme", Region: "DE", Outcome: audit.Success,
		Subject:   comity.Subject{ID: fmt.Sprintf("person-%d", n%1000), Home: "DE"},
		Principal: "service-7", Resource: audit.Resource{Type: "record", ID: fmt.Sprintf("record-%d", n)},
		Details: map[string]any{"content": strings.Repeat("x", 800)},
	}
}

// BenchmarkRecorded is all that an entry costs on its way through the door to the disk
// and into the index.
func BenchmarkRecorded(b *testing.B) {
	who := principal.Local()
	b.Run("decision", func(b *testing.B) {
		a := openOneRule(b)
		measure(b, 1, func(n int) error {
			_, err := a.Door.Decide(context.Background(), who, sale(n))
			return err
		})
	})
	b.Run("batch", func(b *testing.B) {
		a := openOneRule(b)
		measure(b, 100, func(n int) error {
			reqs := make([]comity.Request, 100)
			for i := range reqs {
				reqs[i] = sale(100*n + i)
			}
			_, err := a.Door.DecideBatch(context.Background(), who, reqs)
			return err
		})
	})
	b.Run("event", func(b *testing.B) {
		a := openOneRule(b)
		measure(b, 1, func(n int) error {
			_, err := a.Door.Event(context.Background(), who, access(n))
			return err
		})
	})
	b.Run("events", func(b *testing.B) {
		a := openOneRule(b)
		measure(b, 100, func(n int) error {
			events := make([]audit.Event, 100)
			for i := range events {
				events[i] = access(100*n + i)
			}
			_, err := a.Door.EventBatch(context.Background(), who, events)
			return err
		})
	})
}
