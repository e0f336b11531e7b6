// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package app

import "time"

// clock is the machine's clock.
type clock struct{ start time.Time }

func newClock() clock { return clock{start: time.Now()} }

func (clock) Now() time.Time { return time.Now() }

// Steady stands still while the machine sleeps: a wake then looks like a jump.
func (c clock) Steady() time.Duration { return time.Since(c.start) }
