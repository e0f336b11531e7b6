// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"github.com/comity-project/comity/internal/pack"
)

var utc = time.UTC

// atom is the value of one comparison. Most comparisons of a question are over facts that
// it does not give: those are told from a small table, before any memory of theirs.
func (in *Input) atom(id uint32) (t, f uint64) {
	if !in.given.has(pack.FactID(in.prog.quickAtoms[id].fact)) {
		return 0, 0
	}
	return in.knownBoth(id)
}

// knownBoth is the value of a comparison whose fact is given.
func (in *Input) knownBoth(id uint32) (t, f uint64) {
	q := &in.prog.quickAtoms[id]
	if q.enum {
		if items := in.items[q.fact]; len(items) == 1 {
			v := items[0]
			t = in.full & -(q.set[v>>6&1]>>(v&63)&1 ^ q.not)
			return t, in.full &^ t
		}
	}
	m := &in.ev.atoms[id]
	if m.epoch != in.ev.epoch {
		in.remember(id, m)
	}
	return m.t, m.f
}

// quickAtom is what a comparison of one value of an enum needs: with a value at hand it is
// cheaper to look than to remember.
type quickAtom struct {
	fact uint16
	// enum tells that set is all; not flips it.
	enum bool
	not  uint64
	set  [2]uint64
}

// quickOf is the quick form of a comparison, if it has one.
func (p *Program) quickOf(a *atom) quickAtom {
	q := quickAtom{fact: uint16(a.fact), set: a.set}
	q.enum = a.kind == atomEnum && len(p.facts[a.fact].def.Values) <= 128
	if a.cmp != pack.In {
		q.not = 1
	}
	return q
}

// holds is where a comparison is true.
func (in *Input) holds(id uint32) uint64 {
	if !in.given.has(pack.FactID(in.prog.quickAtoms[id].fact)) {
		return 0
	}
	return in.known(id)
}

// known is where a comparison is true whose fact is given.
func (in *Input) known(id uint32) uint64 {
	q := &in.prog.quickAtoms[id]
	if q.enum {
		if items := in.items[q.fact]; len(items) == 1 {
			v := items[0]
			return in.full & -(q.set[v>>6&1]>>(v&63)&1 ^ q.not)
		}
	}
	m := &in.ev.atoms[id]
	if m.epoch != in.ev.epoch {
		in.remember(id, m)
	}
	return m.t
}

// remember compares.
func (in *Input) remember(id uint32, m *memo) {
	m.epoch, m.t, m.f = in.ev.epoch, 0, 0
	if ref := pack.FactID(in.prog.reads[id] >> 16); ref == 0 || in.given.has(ref) {
		m.t, m.f = in.compare(&in.prog.atoms[id])
	}
}

func (in *Input) compare(a *atom) (t, f uint64) {
	switch a.kind {
	case atomEnum:
		return in.enumAtom(a)
	case atomRegion:
		return in.regionAtom(a)
	case atomNum:
		return in.split(compare(in.num[a.fact], a.num, a.cmp))
	case atomTime:
		return in.split(compare(int64(in.dayOf(a.fact, a.zone)), a.num, a.cmp))
	case atomRef:
		return in.refAtom(a)
	case atomString:
		return in.split(in.stringAtom(a))
	}
	return in.split(in.ruleAtom(a))
}

func (in *Input) split(b bool) (t, f uint64) {
	if b {
		return in.full, 0
	}
	return 0, in.full
}

func compare(a, b int64, c pack.Cmp) bool {
	switch c {
	case pack.Eq:
		return a == b
	case pack.Ne:
		return a != b
	case pack.Lt:
		return a < b
	case pack.Le:
		return a <= b
	case pack.Gt:
		return a > b
	case pack.Ge:
		return a >= b
	}
	return false
}

func (in *Input) enumAtom(a *atom) (t, f uint64) {
	items := in.items[a.fact]
	if len(items) == 1 {
		return in.split(a.accepts(items[0]) == (a.cmp == pack.In))
	}
	if !a.elem && !in.varying {
		return in.wholeEnum(a, items)
	}
	l := in.list(a.fact)
	if l == nil {
		return in.wholeEnum(a, items)
	}
	for i, it := range items {
		if a.accepts(it) {
			t |= l.mask[i]
		}
	}
	if a.cmp == pack.NotIn {
		if l.varied {
			return in.full &^ t, t
		}
		// Reads the whole list, of which a chunk may show only some elements.
		for _, it := range items {
			if a.accepts(it) {
				return 0, in.full
			}
		}
		return in.full, 0
	}
	return t, in.full &^ t
}

func (in *Input) wholeEnum(a *atom, items []uint16) (t, f uint64) {
	for _, it := range items {
		if a.accepts(it) {
			return in.split(a.cmp == pack.In)
		}
	}
	return in.split(a.cmp != pack.In)
}

func (in *Input) regionAtom(a *atom) (t, f uint64) {
	items := in.items[a.fact]
	tri := a.table.on(in.days[a.zone])
	if len(items) == 1 || !a.elem && !in.varying {
		return in.wholeRegion(a, items, tri)
	}
	l := in.list(a.fact)
	switch {
	case l == nil:
		return in.wholeRegion(a, items, tri)
	case a.cmp == pack.NotIn && !l.varied:
		return in.regionNotIn(items, tri)
	case l.varied:
		t, f = in.variedRegion(a.table, l, items, tri)
	default:
		t, f = l.split(items, tri)
	}
	if a.cmp == pack.NotIn {
		return f, t
	}
	return t, f
}

// variedRegion is the value for places that vary; it is the same for all facts that vary
// together, so it is remembered by table.
func (in *Input) variedRegion(table *regionTable, l *listFact, items []uint16, tri []pack.Tri) (t, f uint64) {
	if in.ev.tableEpoch == 0 {
		return l.split(items, tri)
	}
	m := &in.ev.tables[table.number]
	if m.epoch != in.ev.tableEpoch {
		t, f = l.split(items, tri)
		*m = memo{in.ev.tableEpoch, t, f}
	}
	return m.t, m.f
}

// split marks the elements that lie inside, and outside.
func (l *listFact) split(items []uint16, tri []pack.Tri) (t, f uint64) {
	var by [3]uint64
	for i, it := range items {
		by[tri[it]%3] |= l.mask[i]
	}
	return by[pack.True], by[pack.False]
}

// wholeRegion reads a single place, or a list of places as one thing.
func (in *Input) wholeRegion(a *atom, items []uint16, tri []pack.Tri) (t, f uint64) {
	any, unknown := false, false
	for _, it := range items {
		any = any || tri[it] == pack.True
		unknown = unknown || tri[it] == pack.Unknown
	}
	switch {
	case any:
		return in.split(a.cmp == pack.In)
	case unknown:
		return 0, 0
	}
	return in.split(a.cmp != pack.In)
}

func (in *Input) regionNotIn(items []uint16, tri []pack.Tri) (t, f uint64) {
	unknown := false
	for _, it := range items {
		switch tri[it] {
		case pack.True:
			return 0, in.full
		case pack.Unknown:
			unknown = true
		}
	}
	if unknown {
		return 0, 0
	}
	return in.full, 0
}

func (in *Input) dayOf(id pack.FactID, zone uint8) pack.Day {
	switch {
	case id == in.prog.date:
		return in.days[zone]
	case in.prog.facts[id].def.Kind == pack.KindDay:
		return pack.Day(in.num[id])
	}
	return in.at[id].Day(in.prog.zones[zone])
}

func (in *Input) stringAtom(a *atom) bool {
	for _, s := range in.strs[a.fact] {
		for _, want := range a.src.Strs {
			if s == want {
				return a.cmp == pack.In
			}
		}
	}
	return a.cmp != pack.In
}

// ruleAtom: does a declared retention rule of one of the orders run?
func (in *Input) ruleAtom(a *atom) bool {
	if !in.running() {
		return false
	}
	regions := in.prog.model.Vocab.Regions()
	for _, d := range in.rules {
		if d.Instrument == nil || d.Instrument.From > in.days[a.zone] {
			continue
		}
		if len(a.src.Set) == 0 {
			return true
		}
		if regions.In(d.Instrument.Order, a.src.orders, in.days[a.zone]) == pack.True {
			return true
		}
	}
	return false
}

// running tells that the declared retention rules have not expired.
func (in *Input) running() bool {
	e := in.prog.elapsed
	return e == 0 || !in.given.has(e) || in.num[e] == 0
}

// refAtom compares two facts.
func (in *Input) refAtom(a *atom) (t, f uint64) {
	p := in.prog
	switch p.facts[a.fact].def.Kind {
	case pack.KindDay, pack.KindInstant:
		return in.split(in.timeRef(a))
	case pack.KindBool, pack.KindInt:
		return in.split(compare(in.num[a.fact], in.num[a.ref], a.cmp))
	case pack.KindString:
		eq := false
		for _, x := range in.strs[a.fact] {
			for _, y := range in.strs[a.ref] {
				eq = eq || x == y
			}
		}
		return in.split(eq == (a.cmp == pack.Eq))
	}
	for i, x := range in.items[a.fact] {
		for j, y := range in.items[a.ref] {
			if in.sameItem(a, x, y) {
				t |= in.elementMask(a.fact, i) & in.elementMask(a.ref, j)
			}
		}
	}
	if a.cmp == pack.Ne {
		return in.full &^ t, t
	}
	return t, in.full &^ t
}

func (in *Input) sameItem(a *atom, x, y uint16) bool {
	l, r := in.prog.facts[a.fact].def, in.prog.facts[a.ref].def
	if l.Kind == pack.KindRegion {
		return x == y
	}
	return l.Values[x].Name == r.Values[y].Name
}

// elementMask marks the combinations in which a fact has its i-th element.
func (in *Input) elementMask(id pack.FactID, i int) uint64 {
	if l := in.list(id); l != nil {
		return l.mask[i]
	}
	return in.full
}

// timeRef compares instants where hours matter, else days of the pack's zone.
func (in *Input) timeRef(a *atom) bool {
	p := in.prog
	l, r := in.at[a.fact], in.at[a.ref]
	lk, rk := p.facts[a.fact].def.Kind, p.facts[a.ref].def.Kind
	if lk == pack.KindDay {
		l = pack.Noon(pack.Day(in.num[a.fact]))
	}
	if rk == pack.KindDay {
		r = pack.Noon(pack.Day(in.num[a.ref]))
	}
	exact := a.src.Plus.Unit == pack.Hours || a.src.Plus.N == 0 && lk == pack.KindInstant && rk == pack.KindInstant && !l.Local && !r.Local
	if !exact {
		return compare(int64(in.dayOf(a.fact, a.zone)), int64(in.deadline(a.src.Atom, in.dayOf(a.ref, a.zone))), a.cmp)
	}
	ls, rs := l.Sec, r.Sec
	if !l.Local || !r.Local {
		ls, rs = l.Time(p.zones[a.zone]).Unix(), r.Time(p.zones[a.zone]).Unix()
	}
	return compare(ls, rs+int64(a.src.Plus.N)*3600, a.cmp)
}
