// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// kilobyte is an application's event with a payload of about 1 KB.
func kilobyte(n int) audit.Event {
	return audit.Event{
		Type: audit.TypeDataAccess, Action: "read", Tenant: "acme", Region: "DE", Outcome: audit.Success,
		Subject:   comity.Subject{ID: fmt.Sprintf("person-%d", n%100_000), Home: "DE"},
		Principal: "service-7", Resource: audit.Resource{Type: "record", ID: fmt.Sprintf("record-%d", n)},
		Details: map[string]any{"content": strings.Repeat("x", 800)},
	}
}

// BenchmarkCompose is all that happens to an event before it goes into the log: payload,
// sealing, hashing, leaf.
func BenchmarkCompose(b *testing.B) {
	c := newCell(b)
	b.ReportAllocs()
	n, now := 0, time.Now()
	for b.Loop() {
		n++
		if _, err := audit.Compose("local", c.ring, kilobyte(n%1000), now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			c := newCell(b)
			b.ReportAllocs()
			b.SetParallelism((writers + 1) / 2)
			b.RunParallel(func(pb *testing.PB) {
				for n := 0; pb.Next(); n++ {
					if _, err := c.book.Append(b.Context(), kilobyte(n)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(c.book.Indexed())/float64(c.log.Head().Size), "indexed")
		})
	}
}
