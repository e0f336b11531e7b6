// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// clock is the machine's clock.
type clock struct {
	last atomic.Pointer[reading]
}

// reading is what CLOCK_BOOTTIME showed at an instant.
type reading struct {
	at   time.Time
	boot time.Duration
}

// A reading counts for readAgain, since to read costs a system call, unless the time of day
// and the monotonic clock went apart by more than slewed: then the machine slept, or
// somebody set its clock.
const (
	readAgain = 100 * time.Millisecond
	slewed    = time.Millisecond
)

func newClock() *clock { return &clock{} }

func (*clock) Now() time.Time { return time.Now() }

// Steady counts while the machine sleeps, as CLOCK_MONOTONIC does not.
func (c *clock) Steady() time.Duration {
	now := time.Now()
	if r := c.last.Load(); r != nil {
		awake, passed := now.Sub(r.at), now.Round(0).Sub(r.at.Round(0))
		if awake < readAgain && (passed-awake).Abs() < slewed {
			return r.boot + awake
		}
	}
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return time.Duration(now.UnixNano())
	}
	boot := time.Duration(t.Nano())
	c.last.Store(&reading{at: now, boot: boot})
	return boot
}
