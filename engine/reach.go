// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/bits"
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// reachIndex narrows the packs to those whose reach the values of a question leave possible.
// A reach is mostly a choice (established there, or aimed at people there), so that no one
// fact narrows its rules: here each alternative is looked up by itself. Like the index, it
// takes memberships at any time, so that it holds for later dates too.
type reachIndex struct {
	words int // of sets of alternatives; 0 if no pack can be out of reach
	facts []reachFact
	packs []uint16 // by alternative
	// asking are the packs with rules that ask for a fact of their reach or scope; asked are
	// those facts.
	asking [][]uint64 // by fact
	asked  factSet
	rules  [][]ruleWord // by pack
	reads  factSet      // all facts that the index hangs on
}

// reachFact holds the alternatives that can be true, or not be false, by the value of a fact;
// the last row is for none.
type reachFact struct {
	fact       pack.FactID
	met, could [][]uint64
	place      bool // to_region, or what regions are asked for
}

// ruleWord are some rules of a pack.
type ruleWord struct {
	word uint32
	mask uint64
}

// buildReach fills the index of the packs.
func (p *Program) buildReach() {
	x := &p.reaches
	var all []alternative
	narrowed := false
	for no := range p.packs {
		for _, a := range (&narrower{p: p}).alternatives(p.packs[no].src.Reach.When) {
			narrowed = narrowed || len(a) > 0
			all = append(all, a)
			x.packs = append(x.packs, uint16(no))
		}
	}
	if !narrowed {
		return
	}
	x.words = (len(all) + 63) / 64
	for _, a := range all {
		for _, m := range a {
			x.reads.add(m.fact)
		}
	}
	for w := range x.reads {
		for rest := x.reads[w]; rest != 0; rest &= rest - 1 {
			x.facts = append(x.facts, p.reachFact(factAt(w, rest), all))
		}
	}
	p.reachRules()
}

func (p *Program) reachFact(f pack.FactID, all []alternative) reachFact {
	size, words := p.valueCount(f)+1, p.reaches.words
	out := reachFact{fact: f, met: make([][]uint64, size), could: make([][]uint64, size)}
	out.place = f == p.toRegion || slices.ContainsFunc(p.places.kinds, func(k placeKind) bool { return k.fact == f })
	memory := make([]uint64, 2*size*words)
	for v := range size {
		out.met[v], memory = memory[:words:words], memory[words:]
		out.could[v], memory = memory[:words:words], memory[words:]
		for i, a := range all {
			o := a.outcomes(f, v)
			if o&isTrue != 0 {
				out.met[v][i>>6] |= 1 << (i & 63)
			}
			if o&(isTrue|isOpen) != 0 {
				out.could[v][i>>6] |= 1 << (i & 63)
			}
		}
	}
	return out
}

// valueCount is the number of values of an enum, or of regions.
func (p *Program) valueCount(f pack.FactID) int {
	if p.facts[f].def.Kind == pack.KindRegion {
		return p.model.Vocab.Regions().Len()
	}
	return len(p.facts[f].def.Values)
}

// reachRules lists the rules of the packs and what they ask for.
func (p *Program) reachRules() {
	x := &p.reaches
	x.rules, x.asking = make([][]ruleWord, len(p.packs)), make([][]uint64, len(p.facts))
	for i := range p.rules {
		list := &x.rules[p.rules[i].pack]
		if n := len(*list); n == 0 || (*list)[n-1].word != uint32(i>>6) {
			*list = append(*list, ruleWord{word: uint32(i >> 6)})
		}
		(*list)[len(*list)-1].mask |= 1 << (i & 63)
	}
	for no := range p.packs {
		asks := &p.packs[no].asks
		x.asked.union(asks)
		for w := range asks {
			for rest := asks[w]; rest != 0; rest &= rest - 1 {
				f := factAt(w, rest)
				if x.asking[f] == nil {
					x.asking[f] = make([]uint64, p.packWords())
				}
				x.asking[f][no>>6] |= 1 << (no & 63)
			}
		}
	}
	x.reads.union(&x.asked)
}

func (p *Program) packWords() int { return (len(p.packs) + 63) / 64 }

// reachMemory is the working memory of within.
type reachMemory struct {
	met, could, row []uint64 // sets of alternatives
	packs, more     []uint64 // sets of packs: within reach, and those that ask for facts besides
}

func (p *Program) reachMemory() reachMemory {
	words, n := p.reaches.words, p.packWords()
	all := make([]uint64, 3*words+2*n)
	return reachMemory{
		met: all[:words], could: all[words : 2*words], row: all[2*words : 3*words],
		packs: all[3*words : 3*words+n], more: all[3*words+n:],
	}
}

// canReach tells that the values of a question leave the reach of a pack possible.
func (in *Input) canReach(no int) bool {
	return in.prog.reaches.words == 0 || in.reach.packs[no>>6]>>(no&63)&1 != 0
}

// within fills the last index row of a question: the rules of the packs that can be within
// reach, for missing=review also of those that could be if what they ask for were known.
func (in *Input) within() {
	x, m := &in.prog.reaches, &in.reach
	if x.words == 0 {
		return
	}
	fill(m.met, ^uint64(0))
	fill(m.could, ^uint64(0))
	for i := range x.facts {
		f := &x.facts[i]
		items := in.items[f.fact]
		switch {
		case !in.given.has(f.fact) || len(items) == 0:
			intersect(m.met, f.met[len(f.met)-1])
			intersect(m.could, f.could[len(f.could)-1])
		case len(items) == 1:
			intersect(m.met, f.met[items[0]])
			intersect(m.could, f.could[items[0]])
		default:
			intersect(m.met, m.anyOf(f.met, items))
			intersect(m.could, m.anyOf(f.could, items))
		}
	}
	in.packsOf(m.met, m.packs)
	in.packsOf(m.could, m.more)
	row := in.rows[0][len(in.rows[0])-1]
	clear(row)
	in.addRules(row, m.packs)
	in.askToo(m.packs, m.more)
	more := in.rows[1][len(in.rows[1])-1]
	copy(more, row)
	in.addRules(more, m.more)
}

// withinAnywhere fills row as within does, where the places of a question are any of those
// that are asked for.
func (in *Input) withinAnywhere(reps []uint16, row []uint64) {
	x, m := &in.prog.reaches, &in.reach
	if x.words == 0 {
		copy(row, in.prog.index.ones)
		return
	}
	fill(m.met, ^uint64(0))
	for i := range x.facts {
		f := &x.facts[i]
		items := in.items[f.fact]
		if !in.given.has(f.fact) || len(items) == 0 {
			items = nil
		}
		any := m.anyOf(f.met, items)
		if items == nil {
			joinSets(any, f.met[len(f.met)-1])
		}
		if f.place {
			for _, it := range reps {
				joinSets(any, f.met[it])
			}
		}
		intersect(m.met, any)
	}
	in.packsOf(m.met, m.more)
	clear(row)
	in.addRules(row, m.more)
}

// anyOf joins the rows of some values.
func (m *reachMemory) anyOf(rows [][]uint64, items []uint16) []uint64 {
	clear(m.row)
	for _, it := range items {
		joinSets(m.row, rows[it])
	}
	return m.row
}

func fill(set []uint64, x uint64) {
	for w := range set {
		set[w] = x
	}
}

func intersect(dst, src []uint64) {
	for w, x := range src {
		dst[w] &= x
	}
}

func joinSets(dst, src []uint64) {
	for w, x := range src {
		dst[w] |= x
	}
}

// packsOf fills a set with the packs of some alternatives.
func (in *Input) packsOf(alternatives, packs []uint64) {
	x := &in.prog.reaches
	clear(packs)
	for w, rest := range alternatives {
		for ; rest != 0; rest &= rest - 1 {
			i := w<<6 + bits.TrailingZeros64(rest)
			if i >= len(x.packs) {
				return
			}
			no := x.packs[i]
			packs[no>>6] |= 1 << (no & 63)
		}
	}
}

// askToo keeps of could the packs that met lacks and that ask for a fact not given.
func (in *Input) askToo(met, could []uint64) {
	x := &in.prog.reaches
	var missing factSet
	in.absent(&x.asked, &missing)
	for pw := range could {
		open := could[pw] &^ met[pw]
		could[pw] = 0
		if open == 0 {
			continue
		}
		for w := range missing {
			for rest := missing[w]; rest != 0 && could[pw] != open; rest &= rest - 1 {
				could[pw] |= open & x.asking[factAt(w, rest)][pw]
			}
		}
	}
}

func (in *Input) addRules(row, packs []uint64) {
	x := &in.prog.reaches
	for w := range packs {
		for rest := packs[w]; rest != 0; rest &= rest - 1 {
			for _, r := range x.rules[w<<6+bits.TrailingZeros64(rest)] {
				row[r.word] |= r.mask
			}
		}
	}
}
