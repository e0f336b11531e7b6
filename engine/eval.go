// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/comity-project/comity/internal/pack"

// evaluation is the working memory of one question: three-valued results as two masks
// over up to 64 combinations of list elements at once, t where true and f where false.
type evaluation struct {
	epoch uint32
	atoms []memo
	nodes []memo
	// truths is for nodes of which only the truth was asked.
	truths []truthMemo
	packs  []packMemo
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

type truthMemo struct {
	epoch uint32
	t     uint64
}

type packMemo struct {
	epoch uint32
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
	ev.nodes = make([]memo, len(p.nodes))
	ev.truths = make([]truthMemo, len(p.nodes))
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
		clear(ev.truths)
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
		return in.join(n)
	}
	m := &in.ev.nodes[id]
	if m.epoch != in.ev.epoch {
		t, f = in.join(n)
		*m = memo{in.ev.epoch, t, f}
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

// join is the value of a node from those of its kids.
func (in *Input) join(n *node) (t, f uint64) {
	kids := in.prog.kids[n.first:n.last]
	switch n.op {
	case pack.OpAll:
		t = in.full
		for _, k := range kids {
			kt, kf := in.kid(k)
			t &= kt
			f |= kf
			if f == in.full {
				return 0, f
			}
		}
	case pack.OpAny:
		f = in.full
		for _, k := range kids {
			kt, kf := in.kid(k)
			t |= kt
			f &= kf
			if t == in.full {
				return t, 0
			}
		}
	case pack.OpNot:
		f, t = in.kid(kids[0])
	case pack.OpNotShown:
		f = in.truth(kids[0])
		t = in.full &^ f
	}
	return t, f
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

// truth is the first value of cond alone: an unknown member ends a conjunction, so it is
// much cheaper where nobody asks what is false.
func (in *Input) truth(id uint32) uint64 {
	if id&atomBit != 0 {
		return in.holds(id &^ atomBit)
	}
	n := &in.prog.nodes[id]
	if n.need != 0 && !in.given.has(n.need) {
		return 0
	}
	switch n.op {
	case pack.OpAtom:
		return in.holds(n.atom)
	case pack.OpTrue:
		return in.full
	}
	if !n.shared {
		return in.joinTruth(n)
	}
	m := &in.ev.nodes[id]
	if m.epoch == in.ev.epoch {
		return m.t
	}
	x := &in.ev.truths[id]
	if x.epoch != in.ev.epoch {
		*x = truthMemo{in.ev.epoch, in.joinTruth(n)}
	}
	return x.t
}

func (in *Input) joinTruth(n *node) (t uint64) {
	kids := in.prog.quick[n.first:n.last]
	switch n.op {
	case pack.OpAll:
		t = in.full
		for _, k := range kids {
			if k&atomBit != 0 {
				t &= in.holds(k &^ atomBit)
			} else {
				t &= in.truth(k)
			}
			if t == 0 {
				break
			}
		}
	case pack.OpAny:
		for _, k := range kids {
			if k&atomBit != 0 {
				t |= in.holds(k &^ atomBit)
			} else {
				t |= in.truth(k)
			}
			if t == in.full {
				break
			}
		}
	case pack.OpNot:
		_, t = in.kid(kids[0])
	case pack.OpNotShown:
		t = in.full &^ in.truth(kids[0])
	}
	return t
}
