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
		t.days = append(t.days, pack.Day(a.num), pack.Day(a.num)+1)
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

// moment is a candidate for the end of an answer: the beginning of a day in a zone, or an
// instant, with the rules that can change then.
type moment struct {
	at    pack.Instant // as the question's date would be
	end   time.Time    // the instant at which it begins
	rules []uint32
}

// maxMoments bounds how many moments are tried; the answer is then said to hold only up to
// the last one tried.
const maxMoments = 256

// validUntil is the earliest instant after the question's date at which the answer
// changes by itself (SEMANTICS 5.5); zero if none is known. At each moment at which
// something that takes part, or would begin to, can change, the rules concerned are judged
// again; where one of them changed, the whole question is asked again.
func (p *Program) validUntil(in *Input, res *Result) time.Time {
	moments := p.moments(in, res.review)
	if len(moments) == 0 {
		return time.Time{}
	}
	now, only := in.date, in.only
	defer func() {
		in.only = only
		in.moveTo(now)
	}()
	ev := &in.ev
	if ev.mask == nil {
		ev.mask = make([]uint64, p.index.words)
	}
	for i := range moments {
		m := &moments[i]
		if i == maxMoments {
			return m.end
		}
		clear(ev.mask)
		for _, r := range m.rules {
			ev.mask[r>>6] |= 1 << (r & 63)
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
			return m.end
		}
	}
	return time.Time{}
}

// movesOrders tells a moment at which orders change members while a violation or conflict
// hangs on who belongs to whom.
func (p *Program) movesOrders(m *moment, res *Result) bool {
	if len(res.violated)+len(res.conflicts) == 0 {
		return false
	}
	day := pack.DayOf(m.end.In(p.zones[p.rules[m.rules[0]].zone]))
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

// moments lists, in order, the moments after the question's date at which a rule that
// takes part could change.
func (p *Program) moments(in *Input, review bool) []moment {
	in.ev.next()
	if in.combos > 64 {
		in.chunk(0)
	}
	rows := in.indexRows(review)
	out := in.ev.moments[:0]
	rule := uint32(0)
	add := func(at pack.Instant, end time.Time) {
		// A day as date means noon in the zone of the rule at hand.
		if !end.After(in.date.Time(p.zones[p.rules[rule].zone])) {
			return
		}
		for i := range out {
			if out[i].end.Equal(end) {
				if l := out[i].rules; l[len(l)-1] != rule {
					out[i].rules = append(l, rule)
				}
				return
			}
		}
		if len(out) < cap(out) {
			out = out[:len(out)+1]
		} else {
			out = append(out, moment{})
		}
		m := &out[len(out)-1]
		m.at, m.end, m.rules = at, end, append(m.rules[:0], rule)
	}
	for w := 0; w < p.index.words; w++ {
		x := rows[0][w]
		for _, row := range rows[1:] {
			x &= row[w]
		}
		for ; x != 0; x &= x - 1 {
			rule = uint32(factAt(w, x))
			p.ruleMoments(in, int(rule), review, add)
		}
	}
	in.ev.moments = out
	slices.SortFunc(out, func(a, b moment) int { return a.end.Compare(b.end) })
	return out
}

func (p *Program) ruleMoments(in *Input, i int, review bool, add func(pack.Instant, time.Time)) {
	t := &p.times[i]
	r := &p.rules[i]
	today := in.days[r.zone]
	if in.combos <= 64 {
		for _, k := range t.still {
			kt, kf := in.kid(k)
			if kf == in.full || kt == 0 && !(review && r.hasAsk) {
				return
			}
		}
	}
	loc := p.zones[r.zone]
	p.partMoments(in, t, today, loc, add)
	if len(r.branches) == 0 {
		return
	}
	for _, b := range p.possible(in, r) {
		bt := &t.branches[b]
		if len(bt.days) == 0 && len(bt.atoms) == 0 || in.combos <= 64 && in.fails(bt.still) {
			continue
		}
		p.partMoments(in, bt, today, loc, add)
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

func (p *Program) partMoments(in *Input, t *ruleTimes, today pack.Day, loc *time.Location, add func(pack.Instant, time.Time)) {
	j, _ := slices.BinarySearch(t.days, today+1)
	for _, d := range t.days[j:] {
		add(in.dayMoment(d, loc))
	}
	for _, a := range t.atoms {
		p.atomMoments(in, &p.atoms[a], loc, add)
	}
}

// dayMoment is the beginning of a day, read as the question's date was given.
func (in *Input) dayMoment(d pack.Day, loc *time.Location) (pack.Instant, time.Time) {
	end := d.Time(loc)
	if in.date.Local {
		return pack.Noon(d), end
	}
	return pack.InstantOf(end), end
}

// atomMoments adds the moments at which a comparison with a date of the question flips.
func (p *Program) atomMoments(in *Input, a *atom, loc *time.Location, add func(pack.Instant, time.Time)) {
	switch {
	case a.kind == atomNum:
		p.ageMoments(in, a.fact, a.num, loc, add)
		return
	case p.isAge(a.fact):
		if in.given.has(a.ref) {
			p.ageMoments(in, a.fact, in.num[a.ref], loc, add)
		}
		return
	case p.isAge(a.ref):
		if in.given.has(a.fact) {
			p.ageMoments(in, a.ref, in.num[a.fact], loc, add)
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
		in.exactMoments(at, int64(period.N)*3600, loc, add)
		if period.Unit == pack.Hours {
			return
		}
	}
	// A month back from the end of a month is the same day for up to three dates.
	d := period.AddTo(at.Day(loc))
	for x := d; x <= d+3; x++ {
		add(in.dayMoment(x, loc))
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
func (in *Input) exactMoments(at pack.Instant, seconds int64, loc *time.Location, add func(pack.Instant, time.Time)) {
	for extra := range int64(2) {
		if at.Local && in.date.Local {
			x := pack.Instant{Sec: at.Sec + seconds + extra, Local: true}
			add(x, x.Time(loc))
			continue
		}
		x := pack.Instant{Sec: at.Time(loc).Unix() + seconds + extra}
		if in.date.Local {
			x = pack.Instant{Sec: x.Sec + offsetAt(x.Sec, loc), Local: true}
		}
		add(x, x.Time(loc))
	}
}

func offsetAt(sec int64, loc *time.Location) int64 {
	_, off := time.Unix(sec, 0).In(loc).Zone()
	return int64(off)
}

// ageMoments adds the moments at which an age reaches n and n+1; ages follow the calendar
// of UTC, as Vocabulary.Age counts them.
func (p *Program) ageMoments(in *Input, f pack.FactID, n int64, loc *time.Location, add func(pack.Instant, time.Time)) {
	def := p.facts[f].def
	if !in.given.has(def.Origin) {
		return
	}
	at := in.instantOf(def.Origin)
	for k := n; k <= n+1; k++ {
		if def.Ages == pack.Hours {
			x := pack.Instant{Sec: at.Time(utc).Unix() + k*3600}
			if !in.date.Local {
				add(x, x.Time(utc))
				continue
			}
			// A question of a day is asked at its noon: the age is reached that day or the next.
			add(in.dayMoment(x.Day(utc), loc))
			add(in.dayMoment(x.Day(utc)+1, loc))
			continue
		}
		d := pack.Period{N: int(k), Unit: def.Ages}.AddTo(at.Day(utc))
		if in.date.Local {
			add(in.dayMoment(d, loc))
		} else {
			add(pack.InstantOf(d.Time(utc)), d.Time(utc))
		}
	}
}

// sameWithin tells whether o, judged for the rules of mask only, agrees with r on them.
// Whether a violation stays one depends on other rules, so both count as one here.
func (r *Result) sameWithin(o *Result, mask []uint64) bool {
	in := func(i uint32) bool { return i < declaredBase && mask[i>>6]>>(i&63)&1 != 0 }
	return sameRules(r.bound, o.bound, in) && sameRules(r.applied, o.applied, in) && sameRules(r.duties, o.duties, in) &&
		sameRules(r.met, o.met, in) && sameRules(r.questions, o.questions, in) && sameRules(r.demanded, o.demanded, in) &&
		r.prohibits(o, in) && o.prohibits(r, in) && sameHeld(r.held, o.held, in) && sameMissing(r.missing, o.missing, in)
}

func sameRules(all, some []uint32, in func(uint32) bool) bool {
	n := 0
	for _, i := range all {
		if in(i) {
			if n == len(some) || some[n] != i {
				return false
			}
			n++
		}
	}
	return n == len(some)
}

// prohibits tells whether every rule of mask that r found violated or in conflict is so in
// o as well.
func (r *Result) prohibits(o *Result, in func(uint32) bool) bool {
	has := func(i uint32) bool {
		return !in(i) || slices.Contains(o.violated, i) || slices.ContainsFunc(o.conflicts, func(c conflict) bool { return c.rule == i })
	}
	for _, i := range r.violated {
		if !has(i) {
			return false
		}
	}
	for _, c := range r.conflicts {
		if !has(c.rule) {
			return false
		}
	}
	return true
}

func sameHeld(all, some []heldBranch, in func(uint32) bool) bool {
	n := 0
	for _, h := range all {
		if in(h.rule) {
			if n == len(some) || some[n] != h {
				return false
			}
			n++
		}
	}
	return n == len(some)
}

func sameMissing(all, some []missingFact, in func(uint32) bool) bool {
	n := 0
	for _, m := range all {
		if m.rule != none && in(m.rule) {
			if n == len(some) || some[n] != m {
				return false
			}
			n++
		}
	}
	return n == len(some)
}

// same tells whether two results of one question give the same answer.
func (r *Result) same(o *Result) bool {
	return r.effect == o.effect && slices.Equal(r.bound, o.bound) && slices.Equal(r.violated, o.violated) &&
		slices.Equal(r.conflicts, o.conflicts) && slices.Equal(r.held, o.held) && slices.Equal(r.applied, o.applied) &&
		slices.Equal(r.duties, o.duties) && slices.Equal(r.met, o.met) && slices.Equal(r.questions, o.questions) &&
		slices.Equal(r.missing, o.missing) && slices.Equal(r.expired, o.expired)
}
