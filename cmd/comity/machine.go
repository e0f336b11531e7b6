// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A server at rest has a small heap, which the collector would walk a dozen times a second
// under load. So under load the heap may grow by loadRoom before the next collection, and
// when the load is over the memory goes back to the system.
const (
	loadRoom     = 64 << 20
	underLoad    = 16 << 20 // bytes a second that are allocated
	atRest       = 1 << 20
	plainPercent = 100 // what the runtime does by itself
)

// useProcessors has the runtime run one thread more than there are processors, unless
// GOMAXPROCS is set: while the log waits for the disk, the thread that does so keeps its
// place for a while, and a processor would have nothing to do.
func useProcessors() {
	if _, own := os.LookupEnv("GOMAXPROCS"); !own {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

// collector sets how far the heap may grow.
type collector struct {
	samples []metrics.Sample // allocated so far, live after the last collection
	before  uint64
	percent int
}

// manageMemory adjusts the collector until ctx ends, unless GOGC is set.
func manageMemory(ctx context.Context) {
	if _, own := os.LookupEnv("GOGC"); own {
		return
	}
	c := &collector{
		samples: []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}},
		percent: plainPercent,
	}
	metrics.Read(c.samples)
	c.before = c.samples[0].Value.Uint64() // to start is no load
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	defer debug.SetGCPercent(plainPercent)
	for {
		select {
		case <-tick.C:
			c.step()
		case <-ctx.Done():
			return
		}
	}
}

// step is called once a second.
func (c *collector) step() {
	metrics.Read(c.samples)
	total, live := c.samples[0].Value.Uint64(), c.samples[1].Value.Uint64()
	allocated := total - c.before
	c.before = total
	switch {
	case allocated >= underLoad:
		// A small change is not worth to stop the world for.
		if p := percentFor(live); p > c.percent*5/4 || p < c.percent*4/5 {
			c.percent = p
			debug.SetGCPercent(p)
		}
	case allocated < atRest && c.percent != plainPercent:
		c.percent = plainPercent
		debug.SetGCPercent(plainPercent)
		debug.FreeOSMemory()
	}
}

// percentFor lets a heap grow by loadRoom, and a large one as the runtime would.
func percentFor(live uint64) int {
	return int(max(plainPercent, 100*loadRoom/max(live, 4<<20)))
}
