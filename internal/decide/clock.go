// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"sync"
	"time"

	"github.com/comity-project/comity"
)

// Clock is the time of day, and a steady time that nobody sets: where the two drift apart,
// somebody set the time of day.
type Clock interface {
	Now() time.Time
	// Steady is the time since some start; it goes on while the machine sleeps.
	Steady() time.Duration
}

// timeGuard gives times that never go back, and none while the clock cannot be trusted.
type timeGuard struct {
	clock Clock
	bound time.Duration

	mu     sync.Mutex
	base   time.Time // the time of day when steady was at since
	since  time.Duration
	latest time.Time // the last time that was given, or that the log has
}

// rebase is how often the guard takes the time of day as right while the two agree, so
// that the small errors of a steady clock do not add up.
const rebase = time.Minute

func newTimeGuard(c Clock, bound time.Duration, latest time.Time) *timeGuard {
	return &timeGuard{clock: c, bound: bound, base: c.Now(), since: c.Steady(), latest: latest}
}

// now is the time of day, to the millisecond, as records have it.
func (g *timeGuard) now() (time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, steady := g.clock.Now(), g.clock.Steady()
	drift := t.Sub(g.base) - (steady - g.since)
	switch {
	case drift > g.bound || drift < -g.bound:
		return time.Time{}, clockError("the clock of this machine jumped by %v", drift.Round(time.Millisecond))
	case t.Before(g.latest.Add(-g.bound)):
		return time.Time{}, clockError("the clock of this machine is %v before the last entry of the log", g.latest.Sub(t).Round(time.Millisecond))
	}
	if steady-g.since > rebase {
		g.base, g.since = t, steady
	}
	if t = t.UTC().Truncate(time.Millisecond); t.Before(g.latest) {
		t = g.latest
	}
	g.latest = t
	return t, nil
}

// jump is the time of day that the guard expects and the one that the clock shows.
func (g *timeGuard) jump() (expected, shown time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	expected = g.base.Add(g.clock.Steady() - g.since)
	if expected.Before(g.latest) {
		expected = g.latest
	}
	return expected.UTC(), g.clock.Now().UTC()
}

// accept takes the time of day as right from now on.
func (g *timeGuard) accept() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.base, g.since = g.clock.Now(), g.clock.Steady()
	g.latest = g.base.UTC().Truncate(time.Millisecond)
}

func clockError(format string, args ...any) error {
	return &comity.Error{
		Code: comity.CodeUnavailable, Op: "clock", Err: fmt.Errorf(format, args...),
		Remedy: "set the clock right; if it is right now, reload to accept it",
	}
}
