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
// fact narrows its rules: here each alternative counts where one of its parts can hold.
// Like the index, it takes memberships at any time, so that it holds for later dates too.
type reachIndex struct {
	words int // of sets of packs
	// always are the packs with an alternative that nothing narrows.
	always []uint64
	facts  []reachFact
	// asking are the packs with rules that ask for a fact of their reach or scope; asked are
	// those facts.
	asking [][]uint64 // by fact
	asked  factSet
	rules  [][]ruleWord // by pack
	reads  factSet      // all facts that the index hangs on
	places []int        // of facts, those that are places asked for
}

// reachFact holds the packs with an alternative that can be true, or not be false, by the
// value of a fact; the last row is for none.
type reachFact struct {
	fact       pack.FactID
	met, could [][]uint64
}

// ruleWord are some rules of a pack.
type ruleWord struct {
	word uint32
	mask uint64
}

// buildReach fills the index of the packs; a program without a reach to narrow has none.
func (p *Program) buildReach() {
	x := &p.reaches
	words := (len(p.packs) + 63) / 64
	always := make([]uint64, words)
	facts := map[pack.FactID]*reachFact{}
	narrowed := false
	for no := range p.packs {
		reach := &p.packs[no].src.Reach
		parts := (&narrower{p: p, asked: reach.Ask}).parts(reach.When)
		if parts == nil {
			always[no>>6] |= 1 << (no & 63)
			continue
		}
		narrowed = true
		for _, m := range parts {
			f := facts[m.fact]
			if f == nil {
				f = newReachFact(m.fact, len(m.values), words)
				facts[m.fact] = f
			}
			f.add(m, no)
		}
	}
	if !narrowed {
		return
	}
	x.words, x.always = words, always
	for _, f := range facts {
		x.facts = append(x.facts, *f)
		x.reads.add(f.fact)
	}
	slices.SortFunc(x.facts, func(a, b reachFact) int { return int(a.fact) - int(b.fact) })
	for i := range x.facts {
		if f := x.facts[i].fact; f == p.toRegion || slices.ContainsFunc(p.places.kinds, func(k placeKind) bool { return k.fact == f }) {
			x.places = append(x.places, i)
		}
	}
	p.reachRules()
}

func newReachFact(f pack.FactID, size, words int) *reachFact {
	out := &reachFact{fact: f, met: make([][]uint64, size), could: make([][]uint64, size)}
	all := make([]uint64, 2*size*words)
	for v := range size {
		out.met[v], all = all[:words:words], all[words:]
		out.could[v], all = all[:words:words], all[words:]
	}
	return out
}

func (f *reachFact) add(m part, no int) {
	for v, o := range m.values {
		if o&isTrue != 0 {
			f.met[v][no>>6] |= 1 << (no & 63)
		}
		if o&(isTrue|isOpen) != 0 {
			f.could[v][no>>6] |= 1 << (no & 63)
		}
	}
}

// canReach tells that the values of a question leave the reach of a pack possible.
func (in *Input) canReach(no int) bool {
	return in.prog.reaches.words == 0 || in.packs[no>>6]>>(no&63)&1 != 0
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
					x.asking[f] = make([]uint64, x.words)
				}
				x.asking[f][no>>6] |= 1 << (no & 63)
			}
		}
	}
	x.reads.union(&x.asked)
}

// within fills the last index row of a question: the rules of the packs that can be within
// reach, for missing=review also of those that could be if what they ask for were known.
func (in *Input) within() {
	x := &in.prog.reaches
	if x.words == 0 {
		return
	}
	met, could := in.packs[:x.words], in.packs[x.words:]
	copy(met, x.always)
	copy(could, x.always)
	for i := range x.facts {
		f := &x.facts[i]
		items := in.items[f.fact]
		if !in.given.has(f.fact) || len(items) == 0 {
			last := len(f.met) - 1
			joinSets(met, f.met[last])
			joinSets(could, f.could[last])
			continue
		}
		for _, it := range items {
			joinSets(met, f.met[it])
			joinSets(could, f.could[it])
		}
	}
	row := in.rows[0][len(in.rows[0])-1]
	clear(row)
	in.addRules(row, met)
	in.askToo(met, could)
	more := in.rows[1][len(in.rows[1])-1]
	copy(more, row)
	in.addRules(more, could)
}

// withinAnywhere is the index row of within where the places of a question are any of those
// that are asked for.
func (in *Input) withinAnywhere(q *regionAsk) []uint64 {
	p := in.prog
	x := &p.reaches
	if x.words == 0 {
		return p.index.ones
	}
	if len(x.places) == 0 {
		return in.rows[0][len(in.rows[0])-1]
	}
	copy(q.packs, in.packs[:x.words])
	for _, i := range x.places {
		for _, it := range q.reps {
			joinSets(q.packs, x.facts[i].met[it])
		}
	}
	clear(q.within)
	in.addRules(q.within, q.packs)
	return q.within
}

func joinSets(dst, src []uint64) {
	for w, m := range src {
		dst[w] |= m
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
