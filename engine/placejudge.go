// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/bits"
	"slices"
)

// judgePlaces judges the classes of a chunk for each kind of place; false if some rule is
// violated.
func (p *Program) judgePlaces(in *Input, review bool, q *regionAsk, first, n int) bool {
	lawful := true
	in.ev.next()
	q.res.reset(p, false)
	q.there = q.there[:0]
	for w, x := range q.open {
		for x &= p.places.direct[w]; x != 0; x &= x - 1 {
			i := uint32(w<<6 + bits.TrailingZeros64(x))
			g := &p.gates[i]
			if m := p.violation(in, q, i, p.packState(in, g.pack, false).bind, review); m != 0 {
				q.there = append(q.there, prohibition{i, m})
			}
		}
	}
	p.judgeReached(in, review, q)
	for k := range p.places.kinds {
		ok := q.ok[k][first : first+n]
		if !slices.Contains(ok, true) {
			continue
		}
		alive := p.judgeKind(in, review, q, &p.places.kinds[k])
		lawful = lawful && alive == in.full
		for j := range ok {
			ok[j] = ok[j] && alive&in.lists[len(in.lists)-1].mask[j] != 0
		}
	}
	return lawful
}

// judgeReached fills q.bound from rules that hang on places only through their packs: what
// they say where they bind is the same for all kinds of place.
func (p *Program) judgeReached(in *Input, review bool, q *regionAsk) {
	clear(q.bound)
	for w, x := range q.open {
		reached := uint64(0)
		for k := range p.places.kinds {
			reached |= p.places.kinds[k].reached[w]
		}
		for x &= reached; x != 0; x &= x - 1 {
			i := uint32(w<<6 + bits.TrailingZeros64(x))
			if m := &q.bound[p.gates[i].pack]; *m != in.full {
				*m |= p.violation(in, q, i, in.full&^*m, review)
			}
		}
	}
}

// judgeKind is the combinations of the classes that are not denied for one kind of place.
func (p *Program) judgeKind(in *Input, review bool, q *regionAsk, kind *placeKind) uint64 {
	l := &in.lists[len(in.lists)-1]
	alive := in.full
	for _, v := range q.there {
		if kind.direct[v.rule>>6]>>(v.rule&63)&1 == 0 {
			alive = l.without(alive, v.mask)
		}
	}
	if !q.reads(kind) {
		return alive
	}
	f := kind.fact
	had, old := in.given.has(f), in.items[f]
	in.given.add(f)
	in.items[f] = in.items[p.toRegion]
	in.rename(f, f|hidden)
	l.linked = append(l.linked[:0], f)
	in.ev.forget(kind, had)
	q.res.reset(p, false)
	for _, no := range kind.packs {
		if m := q.bound[no] & alive; m != 0 {
			alive = l.without(alive, m&p.packState(in, no, false).bind)
		}
	}
	for w, x := range q.open {
		for x &= kind.direct[w]; x != 0 && alive != 0; x &= x - 1 {
			i := uint32(w<<6 + bits.TrailingZeros64(x))
			if bind := p.packState(in, p.gates[i].pack, false).bind; bind&alive != 0 {
				alive = l.without(alive, p.violation(in, q, i, bind&alive, review))
			}
		}
	}
	in.items[f] = old
	in.rename(f|hidden, f)
	l.linked = l.linked[:0]
	if !had {
		in.given[f>>6] &^= 1 << (f & 63)
	}
	in.ev.forget(kind, had)
	return alive
}

// reads tells whether any open rule reads a kind of place.
func (q *regionAsk) reads(kind *placeKind) bool {
	any := uint64(0)
	for w, x := range q.open {
		any |= x & (kind.direct[w] | kind.reached[w])
	}
	return any != 0
}

// without takes the elements of a list that m touches out of alive.
func (l *listFact) without(alive, m uint64) uint64 {
	if m &= alive; m == 0 {
		return alive
	}
	for _, mask := range l.mask {
		if mask&m != 0 {
			alive &^= mask
		}
	}
	return alive
}

// violation is where a rule is violated, within m, in which its pack binds. Exceptions that
// read no kind of place are looked at once for all kinds.
func (p *Program) violation(in *Input, q *regionAsk, i uint32, m uint64, review bool) uint64 {
	g := &p.gates[i]
	if g.needs.lacks(&in.given) {
		return 0
	}
	rest := p.scope(in, g, m)
	if rest == 0 {
		return 0
	}
	r := &p.rules[i]
	if r.kind == ruleForbid && len(r.branches) == 0 {
		return rest
	}
	if r.placed != allBranches {
		memo := &q.unlifted[i]
		if memo.epoch != in.ev.epoch {
			memo.epoch, memo.t = in.ev.epoch, p.branchesOf(in, &q.res, r, i, in.full, ^r.placed)
		}
		rest &= memo.t
	}
	if rest != 0 && r.placed != 0 {
		rest = p.branchesOf(in, &q.res, r, i, rest, r.placed)
	}
	if rest == 0 {
		return 0
	}
	ev := &in.ev
	ev.prohibited = ev.prohibited[:0]
	p.unlifted(in, &q.res, r, i, rest, review)
	if len(ev.prohibited) == 0 {
		return 0
	}
	return ev.prohibited[0].mask
}
