// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// ruleTimes are the moments at which a rule can change by itself.
type ruleTimes struct {
	days []pack.Day // from, until, date constants, memberships; in order
	// atoms compare the date or an age with another date of the question.
	atoms []uint32
	// still are the parts of reach and scope that do not depend on time: where one of them
	// is not true now, the rule will not bind later either.
	still []uint32
	// branches holds the same of each exception.
	branches []ruleTimes
}

// sort orders the days and drops repeats.
func (t *ruleTimes) sort() {
	slices.Sort(t.days)
	t.days = slices.Compact(t.days)
}

// timesOf computes the times of every rule once.
func (p *Program) timesOf() []ruleTimes {
	out := make([]ruleTimes, len(p.rules))
	orders := p.orderBreaks()
	for i := range p.rules {
		r := &p.rules[i]
		t := &out[i]
		info := &p.packs[r.pack]
		seen := map[uint32]bool{}
		for _, id := range info.outside {
			p.addTimes(t, id, seen)
		}
		for _, id := range []uint32{r.when, info.reach} {
			for _, k := range p.conjuncts(id) {
				if !p.addTimes(t, k, seen) {
					t.still = append(t.still, k)
				}
			}
		}
		if r.must != none {
			p.addTimes(t, r.must, seen)
		}
		t.branches = make([]ruleTimes, len(r.branches))
		for b := range r.branches {
			p.branchTimes(&t.branches[b], &r.branches[b])
		}
		if r.collides || r.demand != 0 {
			t.days = append(t.days, orders...)
		}
		for _, d := range []pack.Day{r.from, r.until} {
			if d != pack.DayMin && d != pack.DayMax {
				t.days = append(t.days, d)
			}
		}
		t.sort()
	}
	return out
}

func (p *Program) branchTimes(t *ruleTimes, b *branch) {
	seen := map[uint32]bool{}
	for _, k := range p.conjuncts(b.when) {
		if !p.addTimes(t, k, seen) {
			t.still = append(t.still, k)
		}
	}
	if b.claim != none {
		p.addTimes(t, b.claim, seen)
	}
	t.sort()
}

// orderBreaks lists the days on which the legal orders that can meet in a conflict, or are
// recognised in one, change their members; none where nothing can be demanded.
func (p *Program) orderBreaks() []pack.Day {
	if !p.demanding && len(p.model.Mandatory) == 0 {
		return nil
	}
	var orders []pack.RegionID
	for i := range p.rules {
		r := &p.rules[i]
		if r.collides || r.demand != 0 {
			orders = append(orders, r.order)
			for b := range r.src.Branches {
				orders = append(orders, r.src.Branches[b].Recognises...)
			}
		}
	}
	for _, in := range p.model.Mandatory {
		orders = append(orders, in.Order)
	}
	slices.Sort(orders)
	return p.model.Vocab.Regions().MembershipBreaks(slices.Compact(orders))
}

// conjuncts are the members of a conjunction, or the condition itself.
func (p *Program) conjuncts(id uint32) []uint32 {
	if n := &p.nodes[id]; n.op == pack.OpAll {
		return p.kids[n.first:n.last]
	}
	return []uint32{id}
}

// addTimes notes the moments at which a condition can change and tells whether there are
// any.
func (p *Program) addTimes(t *ruleTimes, id uint32, seen map[uint32]bool) bool {
	no := id &^ atomBit
	if id&atomBit == 0 {
		n := &p.nodes[id]
		if n.op != pack.OpAtom {
			moves := false
			for _, k := range p.kids[n.first:n.last] {
				moves = p.addTimes(t, k, seen) || moves
			}
			return moves
		}
		no = n.atom
	}
	a := &p.atoms[no]
	timed := a.kind == atomTime && a.fact == p.date
	aged := a.kind == atomNum && p.isAge(a.fact) || a.kind == atomRef && (a.fact == p.date || a.ref == p.date || p.isAge(a.fact) || p.isAge(a.ref))
	var breaks []pack.Day
	switch a.kind {
	case atomRegion:
		breaks = a.table.breaks
	case atomRule:
		breaks = p.ruleBreaks(a)
	}
	member := len(breaks) > 0
	if seen[no] {
		return timed || aged || member
	}
	seen[no] = true
	switch {
	case timed:
		if d := pack.Day(a.num); a.cmp != pack.Le && a.cmp != pack.Gt {
			t.days = append(t.days, d)
		}
		if d := pack.Day(a.num) + 1; a.cmp != pack.Lt && a.cmp != pack.Ge {
			t.days = append(t.days, d)
		}
	case aged:
		t.atoms = append(t.atoms, no)
	case member:
		t.days = append(t.days, breaks...)
	}
	return timed || aged || member
}

func (p *Program) isAge(id pack.FactID) bool { return id != 0 && p.facts[id].def.Ages != pack.NoUnit }

// ruleBreaks are the days on which a recognised order gains or loses the order of some
// retention law.
func (p *Program) ruleBreaks(a *atom) []pack.Day {
	ids := slices.Clone(a.src.orders)
	for _, in := range p.model.Mandatory {
		ids = append(ids, in.Order)
	}
	return p.model.Vocab.Regions().MembershipBreaks(ids)
}

// moment is a candidate for the end of an answer, with the rule that can change then: the
// beginning of a day in the zone of the rule, or an instant.
type moment struct {
	at   pack.Instant // as the question's date would be
	rule uint32
	day  bool
}

// end is the instant at which the moment begins.
func (p *Program) end(m *moment) time.Time {
	loc := p.zones[p.rules[m.rule].zone]
	if m.day {
		return m.at.Day(loc).Time(loc)
	}
	return m.at.Time(loc)
}

// maxMoments bounds how many moments are tried; the answer is then said to hold only up to
// the last one tried.
const maxMoments = 256

// validUntil is the earliest instant after the question's date at which the answer
// changes by itself (SEMANTICS 5.5); zero if none is known. At each moment at which
// something that takes part, or would begin to, can change, the rules concerned are judged
// again; where one of them changed, the whole question is asked again.
func (p *Program) validUntil(in *Input, res *Result) time.Time {
	p.collectMoments(in, res.review)
	ev := &in.ev
	if len(ev.order) == 0 {
		return time.Time{}
	}
	now, only := in.date, in.only
	defer func() {
		in.only = only
		in.moveTo(now)
	}()
	if ev.mask == nil {
		ev.mask = make([]uint64, p.index.words)
	}
	for tried := 0; len(ev.order) > 0; tried++ {
		m := p.nextMoment(in)
		if tried == maxMoments {
			return p.end(m)
		}
		in.only = ev.mask
		in.moveTo(m.at)
		p.judgeChunks(in, res.review, &ev.after)
		if res.sameWithin(&ev.after, ev.mask) && !p.movesOrders(m, res) {
			continue
		}
		in.only = only
		p.evaluate(in, res.review, &ev.after)
		if !ev.after.same(res) {
			return p.end(m)
		}
	}
	return time.Time{}
}

// nextMoment takes the next moment from the order, with the rules that change at it or
// within the same second in ev.mask.
func (p *Program) nextMoment(in *Input) *moment {
	ev := &in.ev
	clear(ev.mask)
	first := ev.order[0]
	n := 0
	for n < len(ev.order) && ev.order[n]>>momentBits == first>>momentBits {
		r := ev.moments[ev.order[n]&(1<<momentBits-1)].rule
		ev.mask[r>>6] |= 1 << (r & 63)
		n++
	}
	ev.order = ev.order[n:]
	return &ev.moments[first&(1<<momentBits-1)]
}

// movesOrders tells a moment at which orders change members while a violation or conflict
// hangs on who belongs to whom.
func (p *Program) movesOrders(m *moment, res *Result) bool {
	if len(res.violated)+len(res.conflicts) == 0 {
		return false
	}
	day := m.at.Day(p.zones[p.rules[m.rule].zone])
	return slices.Contains(p.model.Vocab.Regions().Breaks(), day)
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

// momentBits is the width of a moment's number in the order, below the second at which it
// begins.
const momentBits = 20

// collectMoments fills ev.order, by time, with the moments after the question's date at
// which a rule that takes part could change.
func (p *Program) collectMoments(in *Input, review bool) {
	ev := &in.ev
	ev.next()
	if in.combos > 64 {
		in.chunk(0)
	}
	ev.moments, ev.order = ev.moments[:0], ev.orders[:0]
	rows := in.indexRows(review)
	for w := 0; w < p.index.words; w++ {
		x := rows[0][w]
		for _, row := range rows[1:] {
			x &= row[w]
		}
		for ; x != 0; x &= x - 1 {
			p.ruleMoments(in, uint32(factAt(w, x)), review)
		}
	}
	slices.Sort(ev.order)
	ev.orders = ev.order
}

// add notes a moment of a rule if it lies after the question's date; sec orders it.
func (ev *evaluation) add(m moment, sec int64) {
	if len(ev.moments) < 1<<momentBits {
		ev.order = append(ev.order, sec<<momentBits|int64(len(ev.moments)))
		ev.moments = append(ev.moments, m)
	}
}

// addDay notes the beginning of a day in the zone of the rule.
func (p *Program) addDay(in *Input, rule uint32, d pack.Day) {
	r := &p.rules[rule]
	if d <= in.days[r.zone] {
		return
	}
	loc := p.zones[r.zone]
	start := in.startOf(d, r.zone, loc)
	at := pack.Noon(d)
	if !in.date.Local {
		at = pack.Instant{Sec: start}
	}
	in.ev.add(moment{at, rule, true}, start)
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

func (p *Program) ruleMoments(in *Input, i uint32, review bool) {
	t := &p.times[i]
	r := &p.rules[i]
	if in.combos <= 64 {
		for _, k := range t.still {
			kt, kf := in.kid(k)
			if kf == in.full || kt == 0 && !(review && r.hasAsk) {
				return
			}
		}
	}
	p.partMoments(in, t, i)
	if len(r.branches) == 0 {
		return
	}
	for _, b := range p.possible(in, r) {
		bt := &t.branches[b]
		if len(bt.days) == 0 && len(bt.atoms) == 0 || in.combos <= 64 && in.fails(bt.still) {
			continue
		}
		p.partMoments(in, bt, i)
	}
}

// fails tells that one of the conditions is false in every combination.
func (in *Input) fails(conds []uint32) bool {
	for _, k := range conds {
		if _, f := in.kid(k); f == in.full {
			return true
		}
	}
	return false
}

func (p *Program) partMoments(in *Input, t *ruleTimes, rule uint32) {
	j, _ := slices.BinarySearch(t.days, in.days[p.rules[rule].zone]+1)
	for _, d := range t.days[j:] {
		p.addDay(in, rule, d)
	}
	for _, a := range t.atoms {
		p.atomMoments(in, &p.atoms[a], rule)
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
