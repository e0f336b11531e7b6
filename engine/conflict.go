// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/bits"

	"github.com/comity-project/comity/internal/pack"
)

func factAt(word int, x uint64) pack.FactID {
	return pack.FactID(word<<6 + bits.TrailingZeros64(x))
}

// indexRows are the rows whose AND leaves the candidates; there are always four or more.
func (in *Input) indexRows(review bool) [][]uint64 {
	if review {
		return in.rows[1]
	}
	return in.rows[0]
}

// candidateRules are the rules that the index leaves; those not in force are among them.
func (in *Input) candidateRules(review bool) []uint64 {
	k := b2i(review)
	out := in.candidates[k]
	if in.settled[k] {
		return out
	}
	in.settled[k] = true
	rows := in.indexRows(review)
	first := rows[len(rows)-1] // the rules within reach, of which there are few
	r0, r1, r2 := rows[0][:len(out)], rows[1][:len(out)], rows[2][:len(out)]
	for w, x := range first[:len(out)] {
		if x &= r0[w] & r1[w] & r2[w]; x != 0 {
			for _, row := range rows[3 : len(rows)-1] {
				x &= row[w]
			}
		}
		out[w] = x
	}
	return out
}

// judgeWord judges the rules of one word that the index left; simple ones at once.
func (p *Program) judgeWord(in *Input, res *Result, w int, x, op uint64, review bool) {
	simple, forbid, loose := p.index.simple[w], p.index.simpleForbid[w], p.index.loose
	if in.varying {
		simple = 0
	}
	for ; x != 0; x &= x - 1 {
		i := uint32(w<<6 + bits.TrailingZeros64(x))
		bit := x & -x
		switch {
		case loose && !in.inForce(i):
		case simple&bit == 0 || forbid&bit != 0 && in.combos > 1:
			p.judge(in, res, i, op, review)
		case forbid&bit != 0:
			res.bound = append(res.bound, i)
			in.ev.prohibited = append(in.ev.prohibited, prohibition{i, 1})
		default:
			res.bound = append(res.bound, i)
			res.applied = append(res.applied, i)
		}
	}
}

// declared judges the retention rules that the caller named (SEMANTICS 2.7).
func (p *Program) declared(in *Input, res *Result, op uint64) {
	if len(in.rules) == 0 {
		return
	}
	is := func(i int) bool { return i >= 0 && op == 1<<i }
	running, today := in.running(), in.date.Day(utc)
	for i := range in.rules {
		known := in.rules[i].Instrument != nil
		switch {
		case !running && known:
			res.expired = appendNew(res.expired, uint32(i))
		case !running || known && in.rules[i].Instrument.From > today:
		case !known:
			if is(p.opDelete) || is(p.opRetain) || is(p.opStore) {
				res.undeclared = appendNew(res.undeclared, uint32(i))
			}
		case is(p.opDelete):
			in.ev.prohibited = append(in.ev.prohibited, prohibition{declaredBase + uint32(i), in.full})
		case is(p.opRetain) || is(p.opStore):
			in.ev.demands = append(in.ev.demands, demander{declaredBase + uint32(i), in.full})
		}
	}
}

// standing is the legal order and weight of a rule, declared rule or foreign order.
type standing struct {
	order  pack.RegionID
	weight int32
}

func (p *Program) standing(in *Input, id uint32) standing {
	switch {
	case id == foreignRule:
		return standing{pack.RegionID(in.items[p.toRegion][0]), 40}
	case id >= declaredBase:
		ins := in.rules[id-declaredBase].Instrument
		return standing{ins.Order, int32(ins.Weight)}
	}
	return standing{p.rules[id].order, p.rules[id].weight}
}

// contradictions takes out of the violations what collides with a demand of another order
// that does not yield (SEMANTICS 3.3).
func (p *Program) contradictions(in *Input, res *Result, op uint64) {
	ev := &in.ev
	if in.isForeignOrder() && op != 0 {
		ev.demands = append(ev.demands, demander{foreignRule, in.full})
	}
	for _, v := range ev.prohibited {
		stays := v.mask
		if v.rule >= declaredBase || p.rules[v.rule].collides {
			stays = p.collide(in, res, v)
		}
		ev.stays |= stays
		if stays != 0 {
			res.violated = appendOnce(res.violated, v.rule)
		}
	}
}

func (in *Input) isForeignOrder() bool {
	p := in.prog
	if p.mechanism == 0 || p.foreignOrder < 0 || p.toRegion == 0 || !in.given.has(p.toRegion) {
		return false
	}
	for _, it := range in.items[p.mechanism] {
		if int(it) == p.foreignOrder {
			return true
		}
	}
	return false
}

// collide is the part of a violation that stays one.
func (p *Program) collide(in *Input, res *Result, v prohibition) uint64 {
	var clash, dropped uint64
	for _, d := range in.ev.demands {
		both := v.mask & in.anyActor(d.mask)
		if both == 0 || d.rule == v.rule || p.sameLaw(v.rule, d.rule) {
			continue
		}
		switch p.verdict(in, v.rule, d.rule) {
		case verdictClash:
			clash |= both
			res.conflicts = appendNew(res.conflicts, conflict{v.rule, d.rule})
		case verdictDrop:
			dropped |= both
		}
	}
	return v.mask &^ clash &^ dropped
}

func (p *Program) sameLaw(a, b uint32) bool {
	return a < declaredBase && b < declaredBase && p.rules[a].src.ID == p.rules[b].src.ID
}

type verdict uint8

const (
	verdictStays verdict = iota
	verdictDrop
	verdictClash
)

// verdict says what a demand makes of a violation.
func (p *Program) verdict(in *Input, vi, di uint32) verdict {
	v, d := p.standing(in, vi), p.standing(in, di)
	var day pack.Day
	if vi < declaredBase {
		day = in.days[p.rules[vi].zone]
	} else {
		day = in.date.Day(utc)
	}
	regions := p.model.Vocab.Regions()
	if di < declaredBase && p.recognises(&p.rules[di], v.order, day) {
		return verdictStays
	}
	if p.yields(d) { // also to other rules that are no law: only law lifts
		return verdictStays
	}
	if p.yields(v) {
		return verdictDrop
	}
	one := func(a, b pack.RegionID) bool { return regions.In(a, []pack.RegionID{b}, day) == pack.True }
	if one(v.order, d.order) || one(d.order, v.order) {
		if d.weight > v.weight {
			return verdictDrop
		}
		return verdictStays
	}
	return verdictClash
}

// industryWeight is the weight of the rules of an industry, which like those of a company
// and like standards yield to law.
const industryWeight = 20

func (p *Program) yields(s standing) bool {
	return s.weight <= industryWeight || p.pseudoOrder != 0 && s.order == p.pseudoOrder
}

// recognises tells whether the rule's own exceptions give way to laws of an order.
func (p *Program) recognises(r *rule, order pack.RegionID, day pack.Day) bool {
	for i := range r.branches {
		if !r.branches[i].recognises {
			continue
		}
		b := &r.src.Branches[i]
		if b.RecognisesAny || p.model.Vocab.Regions().In(order, b.Recognises, day) == pack.True {
			return true
		}
	}
	return false
}
