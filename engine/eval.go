// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/comity-project/comity/internal/pack"

// evaluation is the working memory of one question: three-valued results as two masks
// over up to 64 combinations of list elements at once, t where true and f where false.
type evaluation struct {
	epoch uint32
	atoms []memo
	nodes []nodeMemo
	packs []packMemo
	// full and open hold the branches' results of the rule at hand.
	full, open []uint64
	every      []uint16 // 0, 1, 2 ...: all branches of a rule
	possible   []uint16

	// after, moments and mask serve validUntil.
	after   Result
	moments []moment
	order   []int64 // what remains of orders
	orders  []int64
	starts  []zoneSpan
	reaches []reachState // by pack
	// reachDays are the days on which places of the question change groups that reaches
	// name; disputed tells that it matters which legal order belongs to which.
	reachDays []dayStart
	disputed  bool
	foreign   bool // the order of a foreign authority is at issue
	// before and until bound the seconds of the moments that are collected.
	before, until     int64
	firstDay, lastDay pack.Day
	mask              []uint64
	ways              []way
	touched, noRules  []uint64 // rules that a remedy could change, and none
	// regions serves permitted regions; oldTo is the destination that it replaced.
	regions regionAsk
	oldTo   []uint16
	// tables holds, per table of regions, which of the varied places lie inside; tableEpoch
	// is 0 while none vary, or zones disagree about the day.
	tables                []memo
	tableEpoch, lastTable uint32
	hadTo                 bool
	// stays marks the combinations of the chunk that are violated after all.
	stays      uint64
	prohibited []prohibition
	demands    []demander
}

type memo struct {
	epoch uint32
	t, f  uint64
}

// nodeMemo is remembered in full, or only its truth.
type nodeMemo struct {
	truth, full uint32 // epochs
	t, f        uint64
}

type packMemo struct {
	epoch uint32
	// settled tells that outside is taken out: it is looked up only once some scope is met.
	settled bool
	// bind: reach true and not outside; could: reach not false and not outside.
	bind, could uint64
}

// prohibition is a violated rule that may turn into a conflict; declared retention rules
// are counted from declaredBase.
type prohibition struct {
	rule uint32
	mask uint64
}

// demander demands the operation: a rule, a declared retention rule, or a foreign order.
type demander struct {
	rule uint32
	mask uint64
}

const (
	declaredBase = 1 << 30
	foreignRule  = ^uint32(0)
)

func (ev *evaluation) init(p *Program) {
	ev.atoms = make([]memo, len(p.atoms))
	ev.nodes = make([]nodeMemo, len(p.nodes))
	ev.packs = make([]packMemo, len(p.packs))
	most := 0
	for i := range p.rules {
		most = max(most, len(p.rules[i].branches))
	}
	ev.noRules = make([]uint64, p.index.words)
	ev.touched = make([]uint64, p.index.words)
	ev.starts = make([]zoneSpan, len(p.zones))
	ev.reaches = make([]reachState, len(p.packs))
	ev.full, ev.open = make([]uint64, most), make([]uint64, most)
	ev.every, ev.possible = make([]uint16, most), make([]uint16, 0, most)
	for i := range ev.every {
		ev.every[i] = uint16(i)
	}
}

// next forgets all memos.
func (ev *evaluation) next() {
	ev.epoch++
	if ev.epoch == 0 {
		clear(ev.atoms)
		clear(ev.nodes)
		clear(ev.packs)
		ev.epoch = 1
	}
}

// cond is the strict (Kleene) value of a condition.
func (in *Input) cond(id uint32) (t, f uint64) {
	n := &in.prog.nodes[id]
	switch n.op {
	case pack.OpAtom:
		return in.atom(n.atom)
	case pack.OpTrue:
		return in.full, 0
	}
	if !n.shared {
		return in.join(id)
	}
	m := &in.ev.nodes[id]
	if m.full != in.ev.epoch {
		t, f = in.join(id)
		*m = nodeMemo{in.ev.epoch, in.ev.epoch, t, f}
	}
	return m.t, m.f
}

// kid is the strict value of an entry of Program.kids.
func (in *Input) kid(k uint32) (t, f uint64) {
	if k&atomBit == 0 {
		return in.cond(k)
	}
	return in.atom(k &^ atomBit)
}

// lenient is cond for exceptions: inside any, members that nobody spoke to count as false
// once one member was spoken to.
func (in *Input) lenient(id uint32) (t, f uint64) {
	n := &in.prog.nodes[id]
	if !n.choice {
		return in.cond(id)
	}
	kids := in.prog.kids[n.first:n.last]
	switch n.op {
	case pack.OpAll:
		t = in.full
		for _, k := range kids {
			kt, kf := in.lenientKid(k)
			t &= kt
			f |= kf
			if f == in.full {
				break
			}
		}
	case pack.OpAny:
		return in.lenientAny(kids)
	case pack.OpNot:
		f, t = in.lenientKid(kids[0])
	case pack.OpNotShown:
		f, _ = in.lenientKid(kids[0])
		t = in.full &^ f
	}
	return t, f
}

func (in *Input) lenientKid(k uint32) (t, f uint64) {
	if k&atomBit == 0 {
		return in.lenient(k)
	}
	return in.atom(k &^ atomBit)
}

func (in *Input) lenientAny(kids []uint32) (t, f uint64) {
	f = in.full
	spokenFalse := in.full // false, counting unspoken members as false where unknown
	anySpoken := false
	for _, k := range kids {
		kt, kf := in.lenientKid(k)
		t |= kt
		f &= kf
		if in.said(k) {
			anySpoken = true
			spokenFalse &= kf
		} else {
			spokenFalse &= in.full &^ kt
		}
	}
	if anySpoken {
		f |= spokenFalse &^ t
	}
	return t, f
}

// said tells whether a member mentions a given fact on which exceptions can rest.
func (in *Input) said(k uint32) bool {
	if k&atomBit == 0 {
		return in.prog.rests[k].meets(&in.given)
	}
	a := &in.prog.atoms[k&^atomBit]
	return a.rests && in.given.has(a.fact) || a.refRests && in.given.has(a.ref)
}
