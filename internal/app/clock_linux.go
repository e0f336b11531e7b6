// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"time"

	"golang.org/x/sys/unix"
)

// clock is the machine's clock.
type clock struct{}

func newClock() clock { return clock{} }

func (clock) Now() time.Time { return time.Now() }

// Steady counts while the machine sleeps, as CLOCK_MONOTONIC does not.
func (clock) Steady() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(t.Nano())
}
