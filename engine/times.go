// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// timeline says when rules can change by themselves.
type timeline struct {
	rules []partTimes
	packs []partTimes // reach and outside nodes, which all rules of a pack share
	// orders are the days on which the legal orders that can meet in a conflict, or are
	// recognised in one, change their members, and on which retention laws begin.
	orders []pack.Day
	// days are all days on which anything changes, and later, for each of them, the rules
	// for which something does then or after; nil where that would be too large.
	days  []pack.Day
	later [][]uint64
	// aged are the rules with origins, and origins those of all.
	aged    []uint64
	origins factSet
}

// partTimes are the moments at which a rule, its pack or one of its exceptions can change.
type partTimes struct {
	days []dayStart // from, until, date constants; in order
	// members compare a place with groups that change their members, or a declared
	// retention law with legal orders that do.
	members []uint32
	// aged compare the date or an age with another date of the question.
	aged []uint32
	// still are the conjuncts that do not depend on time, and settling those that do only
	// where a place of the question changes its groups: where one of them is not true, the
	// rule will not bind later either.
	still    []uint32
	settling []settling
	// outside are nodes of a pack that keep its rules from binding, as settling.
	outside []settling
	nodes   []uint16 // their numbers
	// branches holds the same of each exception, moving names those that have any.
	branches []partTimes
	moving   []uint16
	// all are these days, those on which members move included, and for a rule those of its
	// pack and exceptions; origins are the facts whose comparisons with the date are in
	// aged. With none of both in play nothing moves.
	all     []pack.Day
	origins factSet
}

// quiet tells that nothing can move in a span of days, the last included.
func (t *partTimes) quiet(after, last pack.Day, given *factSet) bool {
	if t.origins.meets(given) {
		return false
	}
	for i := len(t.all) - 1; i >= 0 && t.all[i] > after; i-- {
		if t.all[i] <= last {
			return false
		}
	}
	return true
}

// settling is a condition that can change only by the given members.
type settling struct {
	cond    uint32
	members []uint32
}

// dayStart is a day with the second at which it begins in the zone of the rule.
type dayStart struct {
	day pack.Day
	sec int64
}

// timesOf computes the times of every rule once.
func (p *Program) timesOf() timeline {
	out := timeline{rules: make([]partTimes, len(p.rules)), packs: make([]partTimes, len(p.packs)), orders: p.orderBreaks()}
	starts := zoneStarts{}
	for no := range p.packs {
		t, info := &out.packs[no], &p.packs[no]
		c := p.begin(t, info.zone, starts)
		for k, id := range info.outside {
			if m := c.cond(id); m.by != byTime {
				t.outside = append(t.outside, settling{id, m.members})
				t.nodes = append(t.nodes, uint16(k))
			}
		}
		c.conjuncts(info.reach)
		c.finish()
	}
	for i := range p.rules {
		r := &p.rules[i]
		c := p.begin(&out.rules[i], r.zone, starts)
		c.conjuncts(r.when)
		if !r.asksWhen {
			c.t.still = slices.DeleteFunc(c.t.still, p.provedByIndex) // every candidate meets them
		}
		if r.must != none {
			c.cond(r.must)
		}
		for b := range r.branches {
			if claim := r.branches[b].claim; claim != none {
				c.cond(claim)
			}
		}
		c.days = append(c.days, r.from, r.until)
		c.finish()
		t := &out.rules[i]
		t.include(&out.packs[r.pack])
		if r.collides || r.demand != 0 {
			t.all = append(t.all, out.orders...)
		}
		t.branches = make([]partTimes, len(r.branches))
		for b := range r.branches {
			c := p.begin(&t.branches[b], r.zone, starts)
			c.conjuncts(r.branches[b].when)
			c.finish()
			t.include(&t.branches[b])
			if bt := &t.branches[b]; len(bt.all) > 0 || bt.origins != (factSet{}) {
				t.moving = append(t.moving, uint16(b))
			}
		}
		slices.Sort(t.all)
		t.all = slices.Clip(slices.Compact(t.all))
		out.days = append(out.days, t.all...)
	}
	slices.Sort(out.days)
	out.days = slices.Clip(slices.Compact(out.days))
	out.buildLater(p.index.words)
	return out
}

// buildLater fills later and aged.
func (l *timeline) buildLater(words int) {
	if len(l.days)*words > maxCalendar {
		return
	}
	l.aged = make([]uint64, words)
	l.later = make([][]uint64, len(l.days)+1)
	for k := range l.later {
		l.later[k] = make([]uint64, words)
	}
	for i := range l.rules {
		t, bit := &l.rules[i], uint64(1)<<(i&63)
		if t.origins != (factSet{}) {
			l.aged[i>>6] |= bit
			l.origins.union(&t.origins)
		}
		if len(t.all) == 0 {
			continue
		}
		last, _ := slices.BinarySearch(l.days, t.all[len(t.all)-1])
		for k := range l.later[:last+1] {
			l.later[k][i>>6] |= bit
		}
	}
}

// after is the rules for which something changes after a day; ages are those that follow
// the dates of a question.
func (l *timeline) after(d pack.Day, given *factSet) (days, ages []uint64) {
	k, found := slices.BinarySearch(l.days, d)
	if found {
		k++
	}
	if l.origins.meets(given) {
		return l.later[k], l.aged
	}
	return l.later[k], l.later[len(l.days)]
}

func (t *partTimes) include(o *partTimes) {
	t.all = append(t.all, o.all...)
	t.origins.union(&o.origins)
}

// orderBreaks lists the days of timeline.orders, and those on which retention laws begin;
// none where nothing can be demanded.
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
	return p.withStarts(p.model.Vocab.Regions().MembershipBreaks(slices.Compact(orders)))
}

// zoneStarts remembers when days begin, since many rules change on the same ones.
type zoneStarts map[zoneDay]int64

type zoneDay struct {
	zone uint8
	day  pack.Day
}

// timesCollector gathers the times of one part.
type timesCollector struct {
	p      *Program
	t      *partTimes
	zone   uint8
	starts zoneStarts
	days   []pack.Day
}

// movedBy says what makes a condition change by itself.
type movedBy uint8

const (
	byNothing movedBy = iota
	byMembers
	byTime
)

type movement struct {
	by      movedBy
	members []uint32
}

func (m *movement) add(o movement) {
	m.by = max(m.by, o.by)
	m.members = append(m.members, o.members...)
}

// conjuncts collects a condition, telling apart the members of a conjunction.
func (c *timesCollector) conjuncts(id uint32) {
	kids := []uint32{id}
	if n := &c.p.nodes[id]; n.op == pack.OpAll {
		kids = c.p.kids[n.first:n.last]
	}
	for _, k := range kids {
		switch m := c.cond(k); m.by {
		case byNothing:
			c.t.still = append(c.t.still, k)
		case byMembers:
			c.t.settling = append(c.t.settling, settling{k, m.members})
		}
	}
}

// cond notes the moments at which a condition can change and tells what moves it.
func (c *timesCollector) cond(id uint32) (out movement) {
	if id&atomBit != 0 {
		return c.atom(id &^ atomBit)
	}
	n := &c.p.nodes[id]
	if n.op == pack.OpAtom {
		return c.atom(n.atom)
	}
	for _, k := range c.p.kids[n.first:n.last] {
		out.add(c.cond(k))
	}
	return out
}

func (c *timesCollector) atom(no uint32) movement {
	p, a := c.p, &c.p.atoms[no]
	switch {
	case a.kind == atomTime && a.fact == p.date:
		if a.cmp != pack.Le && a.cmp != pack.Gt {
			c.days = append(c.days, pack.Day(a.num))
		}
		if a.cmp != pack.Lt && a.cmp != pack.Ge {
			c.days = append(c.days, pack.Day(a.num)+1)
		}
		return movement{by: byTime}
	case a.kind == atomNum && p.isAge(a.fact), a.kind == atomRef && (a.fact == p.date || a.ref == p.date || p.isAge(a.fact) || p.isAge(a.ref)):
		c.t.aged = appendNew(c.t.aged, no)
		c.origins(a)
		return movement{by: byTime}
	case a.kind == atomRule:
		a.src.breaks = p.ruleBreaks(a)
	}
	if a.kind == atomRegion && len(a.table.breaks) > 0 || a.kind == atomRule && len(a.src.breaks) > 0 {
		c.t.members = appendNew(c.t.members, no)
		if a.kind == atomRegion {
			c.t.all = append(c.t.all, a.table.breaks...)
		} else {
			c.t.all = append(c.t.all, a.src.breaks...)
		}
		return movement{byMembers, []uint32{no}}
	}
	return movement{}
}

// origins notes the facts without which a comparison with the date never moves.
func (c *timesCollector) origins(a *atom) {
	for _, f := range [...]pack.FactID{a.fact, a.ref} {
		switch {
		case f == 0 || f == c.p.date:
		case c.p.isAge(f):
			c.t.origins.add(c.p.facts[f].def.Origin)
		case a.ref == c.p.date || a.fact == c.p.date:
			c.t.origins.add(f)
		}
	}
}

// begin makes a collector of a part.
func (p *Program) begin(t *partTimes, zone uint8, starts zoneStarts) timesCollector {
	return timesCollector{p: p, t: t, zone: zone, starts: starts}
}

// finish sorts the days and looks up when they begin.
func (c *timesCollector) finish() {
	slices.Sort(c.days)
	loc := c.p.zones[c.zone]
	for _, d := range slices.Compact(c.days) {
		if d == pack.DayMin || d == pack.DayMax {
			continue
		}
		sec, ok := c.starts[zoneDay{c.zone, d}]
		if !ok {
			sec = d.Time(loc).Unix()
			c.starts[zoneDay{c.zone, d}] = sec
		}
		c.t.days = append(c.t.days, dayStart{d, sec})
		c.t.all = append(c.t.all, d)
	}
	slices.Sort(c.t.all)
}

func (p *Program) isAge(id pack.FactID) bool { return id != 0 && p.facts[id].def.Ages != pack.NoUnit }

// ruleBreaks are the days on which a recognised order gains or loses the order of some
// retention law.
func (p *Program) ruleBreaks(a *atom) []pack.Day {
	ids := slices.Clone(a.src.orders)
	for _, in := range p.model.Mandatory {
		ids = append(ids, in.Order)
	}
	return p.withStarts(p.model.Vocab.Regions().MembershipBreaks(ids))
}

// withStarts adds the days on which retention laws begin to bind.
func (p *Program) withStarts(days []pack.Day) []pack.Day {
	for _, in := range p.model.Mandatory {
		if in.From != pack.DayMin {
			days = append(days, in.From)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}
