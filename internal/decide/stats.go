// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"sync/atomic"

	"github.com/comity-project/comity"
)

// Stats are counters since the start, and what is under way.
type Stats struct {
	Decisions     map[comity.Effect]uint64
	Errors        uint64 // requests that got an error
	Events        uint64
	Shed          uint64 // of these, refused because of load
	ShedExplained uint64 // explanations left out because of load
	Replayed      uint64 // answers that an idempotency key found again
	LeaseUses     uint64
	Leases        int
	InFlight      int
	Later         int    // answers that wait to be recorded
	LaterRefused  uint64 // requests refused because too many wait
	// Candidate counts what a candidate decided in shadow, by kind of difference; nil without
	// one. CandidateSkipped were not compared.
	Candidate        map[Kind]uint64
	CandidateSkipped uint64
}

type counters struct {
	allow, deny, review, errors, events, shedExplained, replayed, leaseUses atomic.Uint64
}

func (c *counters) decided(e comity.Effect) {
	switch e {
	case comity.Allow:
		c.allow.Add(1)
	case comity.Deny:
		c.deny.Add(1)
	case comity.Review:
		c.review.Add(1)
	}
}

func (d *Door) failed(err error) error {
	d.count.errors.Add(1)
	return err
}

// Stats are the door's counters, for metrics.
func (d *Door) Stats() Stats {
	c := &d.count
	s := Stats{
		Decisions: map[comity.Effect]uint64{comity.Allow: c.allow.Load(), comity.Deny: c.deny.Load(), comity.Review: c.review.Load()},
		Errors:    c.errors.Load(), Events: c.events.Load(), Shed: d.load.shed.Load(), ShedExplained: c.shedExplained.Load(),
		Replayed: c.replayed.Load(), LeaseUses: c.leaseUses.Load(), Leases: d.leases.len(), InFlight: int(d.load.now.Load()),
	}
	if sh, ok := d.Shadow(); ok {
		s.Candidate, s.CandidateSkipped = sh.Kinds, sh.Skipped
	}
	if d.queue != nil {
		s.Later, s.LaterRefused = len(d.queue.ch), d.queue.refused.Load()
	}
	return s
}
