// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// Bounds on what strangers can make the server remember and record.
const (
	failureRate     = 1    // failed attempts a second and source that are answered 401
	failureBurst    = 10   // and how many at once
	maxSources      = 4096 // sources whose attempts are told apart
	maxNamedSources = 16   // sources that one event of failures names
	maxLogins       = 8192 // principals and sources whose successes are told apart
)

type login struct{ principal, tenant, source string }

// logins counts authentications and records the counts: successes once a minute for each
// principal and source, failures once a second for all sources together. So nobody
// without a key can fill the disk.
type logins struct {
	recorder Recorder
	logger   *slog.Logger
	now      func() time.Time
	stop     chan struct{}
	stopped  chan struct{}

	mu        sync.Mutex
	successes map[login]int
	failures  map[string]int
	limits    map[string]*rate.Limiter
	strangers *rate.Limiter // of all sources beyond maxSources
}

func newLogins(rec Recorder, logger *slog.Logger, now func() time.Time) *logins {
	l := &logins{
		recorder: rec, logger: logger, now: now, stop: make(chan struct{}), stopped: make(chan struct{}),
		successes: map[login]int{}, failures: map[string]int{}, limits: map[string]*rate.Limiter{},
		strangers: rate.NewLimiter(failureRate, failureBurst),
	}
	if rec == nil {
		close(l.stopped)
		return l
	}
	go l.run()
	return l
}

// succeeded counts an authentication that worked.
func (l *logins) succeeded(c decide.Caller, source string, _ time.Time) {
	if l.recorder == nil {
		return
	}
	key := login{c.ID, c.Tenant, source}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.successes[key]; !known && len(l.successes) >= maxLogins {
		key.source = ""
	}
	l.successes[key]++
}

// failed counts one that did not, and says how long its source has to wait if there were
// too many.
func (l *logins) failed(source string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit := l.limits[source]
	switch {
	case limit != nil:
	case len(l.limits) < maxSources:
		limit = rate.NewLimiter(failureRate, failureBurst)
		l.limits[source] = limit
	default:
		limit, source = l.strangers, ""
	}
	if l.recorder != nil {
		l.failures[source]++
	}
	if limit.AllowN(now, 1) {
		return 0
	}
	return time.Second
}

func (l *logins) run() {
	defer close(l.stopped)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	seconds := 0
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
		}
		seconds++
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		l.recordFailures(ctx)
		if seconds%60 == 0 {
			l.recordSuccesses(ctx)
			l.forgive(l.now())
		}
		cancel()
	}
}

// forgive forgets sources whose allowance is whole again.
func (l *logins) forgive(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.limits, func(_ string, r *rate.Limiter) bool { return r.TokensAt(now) >= failureBurst })
}

func (l *logins) recordFailures(ctx context.Context) {
	l.mu.Lock()
	failures := l.failures
	l.failures = map[string]int{}
	l.mu.Unlock()
	if len(failures) == 0 {
		return
	}
	e := failureEvent(failures, l.now())
	if _, err := l.recorder.Append(ctx, e); err != nil {
		l.complain("record failed authentications", err)
		l.mu.Lock()
		for source, n := range failures {
			// What could not be recorded is counted on, not source by source for ever.
			if len(l.failures) >= maxSources {
				source = ""
			}
			l.failures[source] += n
		}
		l.mu.Unlock()
	}
}

// failureEvent names the sources with the most failures; the rest is a number.
func failureEvent(failures map[string]int, now time.Time) audit.Event {
	sources := slices.SortedFunc(maps.Keys(failures), func(a, b string) int {
		if d := failures[b] - failures[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	total := 0
	named := map[string]any{}
	for i, s := range sources {
		total += failures[s]
		if i < maxNamedSources && s != "" {
			named[s] = failures[s]
		}
	}
	e := audit.Event{Type: "authentication", Action: "authenticate", Time: now, Outcome: audit.Failure, Details: map[string]any{"count": total}}
	if len(sources) == 1 {
		e.Source = sources[0]
	} else {
		e.Details["sources"] = named
		e.Details["other_sources"] = len(sources) - len(named)
	}
	return e
}

func (l *logins) recordSuccesses(ctx context.Context) {
	l.mu.Lock()
	successes := l.successes
	l.successes = map[login]int{}
	l.mu.Unlock()
	for key, n := range successes {
		e := audit.Event{
			Type: "authentication", Action: "authenticate", Time: l.now(), Outcome: audit.Success,
			Principal: key.principal, Tenant: key.tenant, Source: key.source, Details: map[string]any{"count": n},
		}
		if _, err := l.recorder.Append(ctx, e); err != nil {
			l.complain("record authentications", err)
			l.mu.Lock()
			l.successes[key] += n
			l.mu.Unlock()
		}
	}
}

func (l *logins) complain(what string, err error) {
	l.logger.Error(what, slog.String("code", string(comity.CodeOf(err))))
}

// close records what is left.
func (l *logins) close(ctx context.Context) error {
	select {
	case <-l.stop:
		return nil
	default:
		close(l.stop)
	}
	<-l.stopped
	if l.recorder == nil {
		return nil
	}
	l.recordFailures(ctx)
	l.recordSuccesses(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.failures) + len(l.successes); n > 0 {
		return fail(comity.CodeUnavailable, "record authentications", "some counts could not be recorded", "")
	}
	return nil
}
