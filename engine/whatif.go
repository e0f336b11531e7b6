// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// change gives one fact another value for a what-if question.
type change struct {
	fact  pack.FactID
	items []uint16
	num   int64
	at    pack.Instant
	// implied tells that the items are one value and what it implies.
	implied bool
	// along moves the fact together with an earlier one of the same try.
	along pack.FactID
}

// try answers a what-if question on in without encoding it anew: it applies the changes,
// calls ask, and puts everything back.
func (in *Input) try(changes []change, ask func() error) error {
	type saved struct {
		items []uint16
		num   int64
		at    pack.Instant
		had   bool
	}
	var few [4]saved
	olds := few[:0]
	order := len(in.order)
	for i, c := range changes {
		olds = append(olds, saved{in.items[c.fact], in.num[c.fact], in.at[c.fact], in.given.has(c.fact)})
		if !olds[i].had {
			in.mark(c.fact)
		}
		in.items[c.fact], in.num[c.fact], in.at[c.fact] = c.items, c.num, c.at
	}
	var err error
	alone := in.standAlone(changes)
	if alone {
		in.rerow(changes)
	} else {
		err = in.recombine(changes)
	}
	if err == nil {
		err = ask()
	}
	in.order = in.order[:order]
	for i := len(changes) - 1; i >= 0; i-- {
		f := changes[i].fact
		in.items[f], in.num[f], in.at[f] = olds[i].items, olds[i].num, olds[i].at
		if !olds[i].had {
			in.given[f>>6] &^= 1 << (f & 63)
		}
	}
	if alone {
		in.rerow(changes)
	} else if again := in.recombine(nil); err == nil {
		err = again
	}
	in.ev.next() // what was remembered belongs to the other question
	return err
}

// standAlone tells that the changed facts, applied already, make no list, and that nothing
// but the index rows hangs on them. They made none before unless one is listed.
func (in *Input) standAlone(changes []change) bool {
	p := in.prog
	if in.varying || in.combos > 64 {
		return false
	}
	for i := range changes {
		c := &changes[i]
		if c.along != 0 || c.fact == p.mechanism || c.fact == p.toRegion || len(c.items) > 1 && !c.implied ||
			p.facts[c.fact].elem && (len(c.items) > 1 || in.list(c.fact) != nil) {
			return false
		}
	}
	return true
}

// rerow settles the index rows of changed facts.
func (in *Input) rerow(changes []change) {
	p, moved := in.prog, false
	for i := range changes {
		moved = moved || p.reaches.reads.has(changes[i].fact)
		k := p.facts[changes[i].fact].index
		if k < 0 {
			continue
		}
		x := &p.index.facts[k]
		if in.given.has(x.fact) {
			row := in.row(k, x)
			in.rows[0][k], in.rows[1][k] = row, row
		} else {
			in.rows[0][k], in.rows[1][k] = x.absent, x.absentAsk
		}
	}
	if moved {
		in.within()
	}
	in.settled = [2]bool{}
}

// recombine settles lists and index rows after a change; facts that move along another
// share its combinations.
func (in *Input) recombine(changes []change) error {
	in.lists = in.lists[:0]
	in.varying = false
	for _, c := range changes {
		if len(c.items) < 2 || c.implied || c.along != 0 || !in.variesWith(c.fact, changes) {
			continue
		}
		l := in.addList(c.fact)
		l.varied = true
		for _, d := range changes {
			if d.along == c.fact {
				l.linked = append(l.linked, d.fact)
			}
		}
		in.varying = true
	}
	return in.combine()
}

// variesWith tells a change that stands for alternatives from an ordinary list.
func (in *Input) variesWith(id pack.FactID, changes []change) bool {
	return slices.ContainsFunc(changes, func(c change) bool { return c.along == id }) || !in.prog.facts[id].def.List
}

// permitted tells for each candidate region whether the operation, with the fact of a kind
// of place and to_region set to it, is not denied. All candidates are judged at once, as
// if they were the elements of a list.
func (p *Program) permitted(in *Input, review bool, place pack.FactID, candidates []uint16, res *Result) ([]bool, error) {
	ok := make([]bool, len(candidates))
	changes := p.toPlace(place, candidates)
	if len(candidates) == 1 || in.isMechanismOrder() {
		return ok, p.permittedOneByOne(in, review, changes, candidates, res, ok)
	}
	err := in.try(changes, func() error {
		res.reset(p, review)
		for i := range ok {
			ok[i] = true
		}
		l := in.list(place)
		for base := 0; base < in.combos; base += in.span {
			if in.combos > 64 {
				in.chunk(base)
			}
			p.judgeChunk(in, review, res)
			for i := range ok {
				if l.mask[i]&in.ev.stays != 0 {
					ok[i] = false
				}
			}
		}
		return nil
	})
	return ok, err
}

// permittedOneByOne is the same by one question per candidate, for orders of foreign
// authorities, whose legal order follows the destination.
func (p *Program) permittedOneByOne(in *Input, review bool, changes []change, candidates []uint16, res *Result, ok []bool) error {
	for i, c := range candidates {
		for j := range changes {
			changes[j].items = []uint16{c}
		}
		err := in.try(changes, func() error {
			p.evaluate(in, review, res)
			ok[i] = res.effect != "deny"
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// isMechanismOrder tells that a foreign order is the mechanism, whatever the destination.
func (in *Input) isMechanismOrder() bool {
	p := in.prog
	return p.mechanism != 0 && p.foreignOrder >= 0 && slices.Contains(in.items[p.mechanism], uint16(p.foreignOrder))
}
