// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// momentBits is the width of a moment's number in the order, below the second at which it
// begins.
const momentBits = 20

// soon is how far ahead moments are looked for first, in seconds: most answers to questions
// of long ago change soon after, and most of what comes later need not be looked at.
const soon = 366 * 86400

// fewDays is how many days on which anything changes are looked at all at once.
const fewDays = 64

// collectMoments fills ev.order with the next moments after the question's date at which a
// rule that takes part could change: those of the time that is soon or, if there are none,
// all. It reads what the evaluation remembered.
func (p *Program) collectMoments(in *Input, res *Result) {
	ev := &in.ev
	if in.combos > 64 {
		in.chunk(0)
		ev.next()
	}
	ev.foreign = in.isForeignOrder()
	ev.disputed = len(res.demanded)+len(in.rules) > 0 || ev.foreign
	ev.window(math.MinInt64, in.date.Sec+soon)
	if later, _ := slices.BinarySearch(p.times.days, in.date.Day(utc)); len(p.times.days)-later <= fewDays {
		ev.window(math.MinInt64, math.MaxInt64)
	}
	if p.collectWindow(in, res.review); len(ev.order) == 0 {
		p.collectLater(in, res.review)
	}
}

// collectLater fills ev.order with the moments after those of collectMoments.
func (p *Program) collectLater(in *Input, review bool) {
	ev := &in.ev
	if ev.until == math.MaxInt64 {
		return
	}
	ev.window(ev.until, math.MaxInt64)
	p.collectWindow(in, review)
}

// window bounds the seconds of the moments that are collected, and with them the days,
// which begin within two days of that in any zone.
func (ev *evaluation) window(before, until int64) {
	ev.before, ev.until = before, until
	ev.firstDay, ev.lastDay = pack.DayMin, pack.DayMax
	if before != math.MinInt64 {
		ev.firstDay = pack.Day(before/86400) - 2
	}
	if until != math.MaxInt64 {
		ev.lastDay = pack.Day(until/86400) + 2
	}
}

func (p *Program) collectWindow(in *Input, review bool) {
	ev := &in.ev
	ev.moments, ev.order = ev.moments[:0], ev.orders[:0]
	clear(ev.reaches)
	ev.reachDays = ev.reachDays[:0]
	days, ages := p.index.ones, p.index.ones
	if p.times.later != nil && !ev.foreign && len(in.days) > 0 {
		days, ages = p.times.after(max(slices.Min(in.days), ev.firstDay), &in.given)
	}
	for w, x := range in.candidateRules(review) {
		for x &= days[w] | ages[w]; x != 0; x &= x - 1 {
			p.ruleMoments(in, uint32(factAt(w, x)), review)
		}
	}
	if ev.disputed && len(in.rules) > 0 {
		p.declaredMoments(in)
	}
	ev.orders = ev.order
}

// orderDays are the days on which it can change which legal order belongs to which; that
// of a foreign authority may be any.
func (p *Program) orderDays(in *Input) []pack.Day {
	if in.ev.foreign {
		return p.model.Vocab.Regions().Breaks()
	}
	return p.times.orders
}

// declaredMoments adds those of declared retention laws, whose days are counted in UTC.
func (p *Program) declaredMoments(in *Input) {
	today := in.date.Day(utc)
	for _, d := range p.orderDays(in) {
		if d > today {
			at, sec := pack.Noon(d), int64(d)*86400
			if !in.date.Local {
				at = pack.Instant{Sec: sec}
			}
			in.ev.add(moment{at, none, true}, sec)
		}
	}
}

// reachState is what the reach of a pack leaves possible from now on, and when it moves.
type reachState struct {
	done bool
	// bind: not known never to bind; could: not known to be out of reach.
	bind, could uint64
	first, last int // of evaluation.reachDays
}

func (p *Program) reachState(in *Input, no uint16) *reachState {
	ev := &in.ev
	s := &ev.reaches[no]
	if s.done {
		return s
	}
	t := &p.times.packs[no]
	*s = reachState{done: true, bind: in.full, could: in.full, first: len(ev.reachDays)}
	if in.combos <= 64 {
		picked := in.pick(p.packs[no].switches, ^uint64(0))
		for i := range t.outside {
			if n := t.nodes[i]; n < maxSwitched && picked>>n&1 == 0 {
				continue
			}
			if o := in.truth(t.outside[i].cond); o != 0 && !in.moves(t.outside[i].members) {
				s.bind &^= o
				s.could &^= o
			}
		}
		s.bind = in.lasting(t, s.bind, false)
		s.could = in.lasting(t, s.could, true)
	}
	if s.could != 0 {
		zone := p.packs[no].zone
		for _, a := range t.members {
			in.memberDays(a, func(d pack.Day) {
				ev.reachDays = append(ev.reachDays, dayStart{d, in.startOf(d, zone, p.zones[zone])})
			})
		}
	}
	s.last = len(ev.reachDays)
	return s
}

// lasting takes out of a set of combinations those in which a conjunct that time does not
// change keeps the whole from being true; with asks, from not being false.
func (in *Input) lasting(t *partTimes, alive uint64, asks bool) uint64 {
	for _, k := range t.still {
		if alive &= in.notYetFalse(k, asks); alive == 0 {
			return 0
		}
	}
	for i := range t.settling {
		s := &t.settling[i]
		if left := alive & in.notYetFalse(s.cond, asks); left != alive && !in.moves(s.members) {
			if alive = left; alive == 0 {
				return 0
			}
		}
	}
	return alive
}

// notYetFalse is where a condition is true, or with asks not false.
func (in *Input) notYetFalse(k uint32, asks bool) uint64 {
	if !asks {
		return in.truth(k)
	}
	_, f := in.kid(k)
	return in.full &^ f
}

// moves tells whether any of the comparisons has another value on a later day.
func (in *Input) moves(members []uint32) bool {
	for _, a := range members {
		moved := false
		if in.memberDays(a, func(pack.Day) { moved = true }); moved {
			return true
		}
	}
	return false
}

// memberDays calls note with the later days on which a comparison with groups changes for
// the places or laws of the question.
func (in *Input) memberDays(no uint32, note func(pack.Day)) {
	a := &in.prog.atoms[no]
	if !in.given.has(a.fact) {
		return
	}
	today := in.days[a.zone]
	if a.kind == atomRule {
		for _, d := range a.src.breaks {
			if d > today && len(in.rules) > 0 && in.running() {
				note(d)
			}
		}
		return
	}
	t := a.table
	for i := len(t.breaks) - 1; i >= 0 && t.breaks[i] > today; i-- {
		for _, it := range in.items[a.fact] {
			if t.tri[i][it] != t.tri[i+1][it] {
				note(t.breaks[i])
				break
			}
		}
	}
}

// add notes a moment of a rule if it lies after the question's date; sec orders it.
func (ev *evaluation) add(m moment, sec int64) {
	if sec > ev.before && sec <= ev.until && len(ev.moments) < 1<<momentBits {
		ev.order = append(ev.order, sec<<momentBits|int64(len(ev.moments)))
		ev.moments = append(ev.moments, m)
	}
}

// addDay notes the beginning of a day in the zone of the rule.
func (p *Program) addDay(in *Input, rule uint32, d pack.Day) {
	zone := p.rules[rule].zone
	if d > in.days[zone] {
		p.addStart(in, rule, dayStart{d, in.startOf(d, zone, p.zones[zone])})
	}
}

// addStart notes the beginning of a later day, unless the rule is not in force around it.
func (p *Program) addStart(in *Input, rule uint32, d dayStart) {
	r := &p.rules[rule]
	if d.day < r.from || d.day > r.until {
		return
	}
	at := pack.Noon(d.day)
	if !in.date.Local {
		at = pack.Instant{Sec: d.sec}
	}
	in.ev.add(moment{at, rule, true}, d.sec)
}

// startOf is the second at which a day begins in a zone; the offset of the zone in a
// winter or summer is looked up once.
func (in *Input) startOf(d pack.Day, zone uint8, loc *time.Location) int64 {
	c := &in.ev.starts[zone]
	local := int64(d) * 86400
	if sec := local - c.offset; sec >= c.from && sec < c.until {
		return sec
	}
	t := d.Time(loc)
	_, off := t.Zone()
	c.offset, c.from, c.until = int64(off), t.Unix(), t.Unix()+1
	if start, end := t.ZoneBounds(); !start.IsZero() && !end.IsZero() {
		c.from, c.until = start.Unix(), end.Unix()
	}
	return t.Unix()
}

// addInstant notes an instant.
func (p *Program) addInstant(in *Input, rule uint32, at pack.Instant) {
	loc := p.zones[p.rules[rule].zone]
	t := at.Time(loc)
	if t.After(in.date.Time(loc)) {
		in.ev.add(moment{at, rule, false}, t.Unix())
	}
}

// ruleMoments adds the moments of a rule, unless it can neither bind nor ask later. What
// most rules fail at is looked at first.
func (p *Program) ruleMoments(in *Input, i uint32, review bool) {
	r := &p.rules[i]
	t := &p.times.rules[i]
	ev := &in.ev
	today := in.days[r.zone]
	after := max(today, ev.firstDay)
	if today >= r.until || !ev.foreign && t.quiet(after, ev.lastDay, &in.given) {
		return
	}
	alive := p.mayBind(in, i, review)
	if alive == 0 {
		return
	}
	reach := p.reachState(in, r.pack)
	if review && r.hasAsk {
		alive &= reach.could
	} else {
		alive &= reach.bind
	}
	if alive == 0 {
		return
	}
	for _, d := range ev.reachDays[reach.first:reach.last] {
		p.addStart(in, i, d)
	}
	if ev.disputed && (r.collides || r.demand != 0) {
		for _, d := range p.orderDays(in) {
			p.addDay(in, i, d)
		}
	}
	p.partMoments(in, &p.times.packs[r.pack], i)
	p.partMoments(in, t, i)
	p.memberMoments(in, t, i)
	if len(t.moving) > 0 {
		p.branchMoments(in, i, alive, after)
	}
}

// mayBind is where nothing but the reach keeps a rule from binding or asking later: facts
// do not come with time, so that one without which it cannot bind keeps it off for good.
func (p *Program) mayBind(in *Input, i uint32, review bool) uint64 {
	g := &p.gates[i]
	asks := review && g.hasAsk && g.asks.lacks(&in.given)
	if (!asks || !g.asksWhen) && g.needs.lacks(&in.given) {
		return 0
	}
	if in.combos > 64 {
		return in.full
	}
	// Facts of the reach are asked only where the scope is met.
	return in.lasting(&p.times.rules[i], in.full, review && g.asksWhen)
}

// branchMoments adds the moments of those exceptions of a rule that can hold later.
func (p *Program) branchMoments(in *Input, i uint32, alive uint64, after pack.Day) {
	r, t, ev := &p.rules[i], &p.times.rules[i], &in.ev
	picked := ^uint64(0)
	if len(r.switches) > 0 {
		picked = p.picked(in, r)
	}
	for _, b := range t.moving {
		bt := &t.branches[b]
		if b < maxSwitched && picked>>b&1 == 0 || bt.quiet(after, ev.lastDay, &in.given) {
			continue
		}
		first := len(ev.order)
		p.partMoments(in, bt, i)
		p.memberMoments(in, bt, i)
		if len(ev.order) > first && in.combos <= 64 && in.lasting(bt, alive, true) == 0 {
			ev.order = ev.order[:first]
		}
	}
}

// partMoments adds the moments of a part but for those of its members.
func (p *Program) partMoments(in *Input, t *partTimes, rule uint32) {
	today := in.days[p.rules[rule].zone]
	for i := len(t.days) - 1; i >= 0 && t.days[i].day > today; i-- {
		if sec := t.days[i].sec; sec > in.ev.before && sec <= in.ev.until {
			p.addStart(in, rule, t.days[i])
		}
	}
	for _, a := range t.aged {
		p.atomMoments(in, &p.atoms[a], rule)
	}
}

func (p *Program) memberMoments(in *Input, t *partTimes, rule uint32) {
	for _, a := range t.members {
		in.memberDays(a, func(d pack.Day) { p.addDay(in, rule, d) })
	}
}

// atomMoments adds the moments at which a comparison with a date of the question flips.
func (p *Program) atomMoments(in *Input, a *atom, rule uint32) {
	switch {
	case a.kind == atomNum:
		p.ageMoments(in, a.fact, a.num, rule)
		return
	case p.isAge(a.fact):
		if in.given.has(a.ref) {
			p.ageMoments(in, a.fact, in.num[a.ref], rule)
		}
		return
	case p.isAge(a.ref):
		if in.given.has(a.fact) {
			p.ageMoments(in, a.ref, in.num[a.fact], rule)
		}
		return
	}
	origin, period := a.ref, a.src.Plus
	if a.fact != p.date {
		origin, period = a.fact, pack.Period{N: -a.src.Plus.N, Unit: a.src.Plus.Unit}
	}
	if !in.given.has(origin) {
		return
	}
	at := in.instantOf(origin)
	if period.Unit == pack.Hours || period.N == 0 {
		p.exactMoments(in, at, int64(period.N)*3600, rule)
		if period.Unit == pack.Hours {
			return
		}
	}
	// A month back from the end of a month is the same day for up to three dates.
	d := period.AddTo(at.Day(p.zones[p.rules[rule].zone]))
	if a.src.Count != nil && a.fact == p.date {
		d = in.deadline(a.src.Atom, at.Day(p.zones[p.rules[rule].zone]))
	}
	for x := d; x <= d+3; x++ {
		p.addDay(in, rule, x)
	}
}

// instantOf is a date fact of the question as an instant.
func (in *Input) instantOf(id pack.FactID) pack.Instant {
	if in.prog.facts[id].def.Kind == pack.KindDay {
		return pack.Noon(pack.Day(in.num[id]))
	}
	return in.at[id]
}

// exactMoments adds the second at which a span has passed, and the one after.
func (p *Program) exactMoments(in *Input, at pack.Instant, seconds int64, rule uint32) {
	loc := p.zones[p.rules[rule].zone]
	for extra := range int64(2) {
		if at.Local && in.date.Local {
			p.addInstant(in, rule, pack.Instant{Sec: at.Sec + seconds + extra, Local: true})
			continue
		}
		x := pack.Instant{Sec: at.Time(loc).Unix() + seconds + extra}
		if in.date.Local {
			x = pack.Instant{Sec: x.Sec + offsetAt(x.Sec, loc), Local: true}
		}
		p.addInstant(in, rule, x)
	}
}

func offsetAt(sec int64, loc *time.Location) int64 {
	_, off := time.Unix(sec, 0).In(loc).Zone()
	return int64(off)
}

// ageMoments adds the moments at which an age reaches n and n+1; ages follow the calendar
// of UTC, as Vocabulary.Age counts them.
func (p *Program) ageMoments(in *Input, f pack.FactID, n int64, rule uint32) {
	def := p.facts[f].def
	if !in.given.has(def.Origin) {
		return
	}
	at := in.instantOf(def.Origin)
	for k := n; k <= n+1; k++ {
		if def.Ages == pack.Hours {
			x := pack.Instant{Sec: at.Time(utc).Unix() + k*3600}
			if !in.date.Local {
				p.addInstant(in, rule, x)
				continue
			}
			// A question of a day is asked at its noon: the age is reached that day or the next.
			p.addDay(in, rule, x.Day(utc))
			p.addDay(in, rule, x.Day(utc)+1)
			continue
		}
		d := pack.Period{N: int(k), Unit: def.Ages}.AddTo(at.Day(utc))
		if in.date.Local {
			p.addDay(in, rule, d)
		} else {
			p.addInstant(in, rule, pack.InstantOf(d.Time(utc)))
		}
	}
}
