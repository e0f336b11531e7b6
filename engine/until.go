// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// moment is a candidate for the end of an answer, with the rule that can change then: the
// beginning of a day in the zone of the rule, or an instant. Declared laws have no rule.
type moment struct {
	at   pack.Instant // as the question's date would be
	rule uint32
	day  bool
}

func (p *Program) zoneOf(m *moment) *time.Location {
	if m.rule == none {
		return utc
	}
	return p.zones[p.rules[m.rule].zone]
}

// maxMoments bounds how many moments are tried; the answer is then said to hold only up to
// the last one tried.
const maxMoments = 256

// validUntil is the earliest instant after the question's date at which the answer
// changes by itself (SEMANTICS 5.5); zero if none is known. At each moment at which
// something that takes part, or would begin to, can change, the rules concerned are judged
// again; only where that does not settle it the whole question is asked again.
func (p *Program) validUntil(in *Input, res *Result) time.Time {
	ev := &in.ev
	if len(ev.order) == 0 {
		return time.Time{}
	}
	now, only := in.date, in.only
	defer func() {
		in.only = only
		in.moveTo(now)
		ev.next()
	}()
	tried, sorted := 0, false
	for {
		for ; len(ev.order) > 0; tried++ {
			m, sec := p.nextMoment(in, sorted)
			if tried == maxMoments || p.changesAt(in, res, m, only) {
				return time.Unix(sec, 0)
			}
			if !sorted {
				sorted = true // the first, which often is the last, is found without
				slices.Sort(ev.order)
			}
		}
		in.only = only
		in.moveTo(now)
		ev.next()
		if p.collectLater(in, res.review); len(ev.order) == 0 {
			return time.Time{}
		}
		sorted = false
	}
}

// changesAt tells whether the answer is another from a moment on, which ev.mask's rules
// can change at.
func (p *Program) changesAt(in *Input, res *Result, m *moment, only []uint64) bool {
	ev := &in.ev
	in.only = ev.mask
	in.moveTo(m.at)
	p.judgeChunks(in, res.review, &ev.after)
	if !res.sameWithin(&ev.after, ev.mask) {
		return true
	}
	disputed := ev.disputed || len(ev.after.demanded) > 0
	if same := res.sameProhibited(&ev.after, ev.mask); !disputed || same && !p.movesOrders(m) {
		return !same
	}
	in.only = only
	p.evaluate(in, res.review, &ev.after)
	return !ev.after.same(res)
}

// nextMoment takes the next moment from the order, with the rules that change at it or
// within the same second, which it returns, in ev.mask.
func (p *Program) nextMoment(in *Input, sorted bool) (m *moment, sec int64) {
	ev := &in.ev
	if ev.mask == nil {
		ev.mask = make([]uint64, p.index.words)
	}
	clear(ev.mask)
	first := ev.order[0]
	if !sorted {
		first = slices.Min(ev.order)
	}
	n := 0
	for i, x := range ev.order {
		if x>>momentBits == first>>momentBits {
			if r := ev.moments[x&(1<<momentBits-1)].rule; r != none {
				ev.mask[r>>6] |= 1 << (r & 63)
			}
			ev.order[i], ev.order[n] = ev.order[n], x
			n++
		} else if sorted {
			break
		}
	}
	ev.order = ev.order[n:]
	return &ev.moments[first&(1<<momentBits-1)], first >> momentBits
}

// movesOrders tells a moment at which orders change members, or retention laws begin, on
// which a dispute hangs.
func (p *Program) movesOrders(m *moment) bool {
	day := m.at.Day(p.zoneOf(m))
	return slices.Contains(p.model.Vocab.Regions().Breaks(), day) || slices.Contains(p.times.orders, day)
}

// moveTo sets the question's date and lets its ages follow.
func (in *Input) moveTo(at pack.Instant) {
	p := in.prog
	for _, f := range p.ages {
		if in.given.has(f.Origin) && in.given.has(f.ID) {
			origin := &pack.Value{Num: in.num[f.Origin], At: in.at[f.Origin]}
			if n, ok := p.model.Vocab.AgeOn(f, origin, at); ok {
				in.num[f.ID] = n
			}
		}
	}
	in.setDate(at)
}
