// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/comity-project/comity"
)

// rates are the allowances of the cell and of each principal, in requests a second.
type rates struct {
	cell *rate.Limiter
	each float64

	mu         sync.RWMutex
	principals map[string]*rate.Limiter
}

func newRates(l Limits) *rates {
	r := &rates{each: l.PerPrincipal, principals: map[string]*rate.Limiter{}}
	if l.PerCell > 0 {
		r.cell = newRate(l.PerCell)
	}
	return r
}

// newRate allows bursts of a second's worth.
func newRate(perSecond float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))
}

// take takes n requests off the allowances, or says when to come back.
func (r *rates) take(principal string, n int, now time.Time) error {
	if r.each > 0 {
		if err := takeFrom(r.of(principal), n, now, "the principal has used up his rate"); err != nil {
			return err
		}
	}
	if r.cell == nil {
		return nil
	}
	return takeFrom(r.cell, n, now, "the rate of this installation is used up")
}

// maxAllowances bounds the principals whose allowances are remembered: an identity
// provider may name any number.
const maxAllowances = 1 << 16

// of finds a principal's allowance.
func (r *rates) of(principal string) *rate.Limiter {
	r.mu.RLock()
	l := r.principals[principal]
	r.mu.RUnlock()
	if l != nil {
		return l
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if l = r.principals[principal]; l == nil {
		if len(r.principals) >= maxAllowances {
			// A second's worth is given twice at most; that is cheaper than keeping their order.
			clear(r.principals)
		}
		l = newRate(r.each)
		r.principals[principal] = l
	}
	return l
}

func takeFrom(l *rate.Limiter, n int, now time.Time, message string) error {
	// A batch above the burst costs the whole burst: it could never be paid for.
	res := l.ReserveN(now, min(n, l.Burst()))
	wait := res.DelayFrom(now)
	if wait <= 0 {
		return nil
	}
	res.CancelAt(now)
	return &httpError{error: fail(comity.CodeOverloaded, "admit", message, "send it again after the time in Retry-After"), after: wait}
}
