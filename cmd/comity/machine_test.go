// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

// TestMemoryFollowsLoad: under load the heap may grow further, and at rest it is as the
// runtime has it.
func TestMemoryFollowsLoad(t *testing.T) {
	before := debug.SetGCPercent(plainPercent)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	c := &collector{samples: []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}, percent: plainPercent}
	c.step() // all that was allocated so far
	var kept []byte
	for range 2 * underLoad / (1 << 20) {
		kept = make([]byte, 1<<20)
	}
	_ = kept[len(kept)-1]
	c.step()
	metrics.Read(c.samples)
	if want := percentFor(c.samples[1].Value.Uint64()); c.percent < want/2 || c.percent > 2*want {
		t.Errorf("under load the percentage is %d, want about %d", c.percent, want)
	}
	c.step()
	if now := debug.SetGCPercent(plainPercent); c.percent != plainPercent || now != plainPercent {
		t.Errorf("at rest the percentage is %d and was set to %d", c.percent, now)
	}
	for live, want := range map[uint64]int{0: 1600, 32 << 20: 200, 64 << 20: 100, 1 << 30: 100} {
		if got := percentFor(live); got != want {
			t.Errorf("percentFor(%d) = %d, want %d", live, got, want)
		}
	}
}
