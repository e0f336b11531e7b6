// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// combine counts the combinations of the lists and picks the rows of the index.
func (in *Input) combine() error {
	p := in.prog
	in.ev.next() // what the index alone answers forgets nothing by itself
	for _, id := range in.order {
		if p.facts[id].elem && len(in.items[id]) > 1 && !(in.varying && in.list(id) != nil) {
			in.addList(id)
		}
	}
	slices.SortFunc(in.lists, func(a, b listFact) int {
		if x, y := a.isActor(p), b.isActor(p); x != y {
			return int(b2i(y)) - int(b2i(x))
		}
		return int(a.fact) - int(b.fact)
	})
	if err := in.count(); err != nil {
		return err
	}
	for i := range p.index.facts {
		x := &p.index.facts[i]
		if in.given.has(x.fact) {
			row := in.row(i, x)
			in.rows[0][i], in.rows[1][i] = row, row
		} else {
			in.rows[0][i], in.rows[1][i] = x.absent, x.absentAsk
		}
	}
	in.within()
	in.settled = [2]bool{}
	in.simple = p.index.dense && in.combos > 0 && !in.varying && !p.demanding && len(in.rules) == 0 && !in.isForeignOrder()
	return nil
}

// row is the index row of a given fact: of several values, the rules that accept any.
func (in *Input) row(i int, x *indexedFact) []uint64 {
	items := in.items[x.fact]
	switch len(items) {
	case 0:
		return x.absent
	case 1:
		return x.rows[items[0]]
	}
	if in.scratch[i] == nil {
		in.scratch[i] = make([]uint64, in.prog.index.words)
	}
	row := in.scratch[i]
	copy(row, x.rows[items[0]])
	for _, it := range items[1:] {
		for w, bits := range x.rows[it] {
			row[w] |= bits
		}
	}
	return row
}

// addList appends a list, keeping the mask that an earlier question left in its place.
func (in *Input) addList(id pack.FactID) *listFact {
	if len(in.lists) < cap(in.lists) {
		in.lists = in.lists[:len(in.lists)+1]
	} else {
		in.lists = append(in.lists, listFact{})
	}
	l := &in.lists[len(in.lists)-1]
	l.fact, l.linked, l.varied = id, l.linked[:0], false
	return l
}

func (in *Input) count() error {
	in.combos, in.actors, in.span = 1, 1, 64
	for i := range in.lists {
		in.combos *= len(in.items[in.lists[i].fact])
		if in.lists[i].isActor(in.prog) {
			in.actors = in.combos
		}
		if in.combos > maxCombinations {
			return &comity.Error{
				Code: comity.CodeTooLarge, Op: "encode", Remedy: "ask in several parts",
				Err: fmt.Errorf("the lists have more than %d combinations", maxCombinations),
			}
		}
	}
	if in.actors <= 64 {
		in.span -= 64 % in.actors
	} else {
		// No chunk reaches from one case into the next.
		for in.actors%in.span != 0 {
			in.span--
		}
	}
	if in.combos <= 64 {
		in.span = 64
	}
	in.chunk(0)
	return nil
}

// isActor tells the lists that describe one and the same actor; they vary fastest.
// Alternatives are different questions, also where they are about the actor.
func (l *listFact) isActor(p *Program) bool {
	return !l.varied && p.facts[l.fact].def.Role == pack.RoleActor
}

// anyActor widens a set of combinations to those that differ only in lists that describe
// the actor: a company in Ireland and the United States is one company, bound by both laws
// for the same data of the same person.
func (in *Input) anyActor(m uint64) (out uint64) {
	switch {
	case m == 0 || in.actors == 1:
		return m
	case in.actors > 64:
		return in.full // the whole chunk is one case
	}
	group := ^uint64(0) >> (64 - in.actors)
	for off := 0; off < 64; off += in.actors {
		if g := group << off; m&g != 0 {
			out |= g
		}
	}
	return out & in.full
}

// chunk marks, for the combinations from base on, which element each list has.
func (in *Input) chunk(base int) {
	n := min(in.combos-base, in.span)
	in.full = ^uint64(0) >> (64 - n)
	stride := 1
	for i := range in.lists {
		l := &in.lists[i]
		size := len(in.items[l.fact])
		if cap(l.mask) < size {
			l.mask = make([]uint64, size)
		}
		l.mask = l.mask[:size]
		clear(l.mask)
		for c := 0; c < n; c++ {
			l.mask[(base+c)/stride%size] |= 1 << c
		}
		stride *= size
	}
}

func (in *Input) list(id pack.FactID) *listFact {
	for i := range in.lists {
		l := &in.lists[i]
		if l.fact == id || slices.Contains(l.linked, id) {
			return l
		}
	}
	return nil
}
