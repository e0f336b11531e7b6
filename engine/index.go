// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/comity-project/comity/internal/pack"
)

var errTooManyFacts = errors.New("the vocabulary has more facts or operations than the engine takes")

// maxIndexed bounds the facts that have an index; each costs one row of words a question.
const maxIndexed = 12

// index narrows the rules to those that a question can bind: for each indexed fact and
// value one bitset over the rules, true where the rule does not mention the fact or
// accepts the value. The candidates are the AND of one row per fact.
type index struct {
	words int
	facts []indexedFact
	ones  []uint64
	// simple marks the rules that bind wherever the index finds them while they are in
	// force: no exceptions, nothing asked or demanded. Lists change nothing: a conjunction
	// over different facts holds for some combination of their elements exactly if each fact
	// has an element that it accepts, and the row of a list joins those of its elements.
	simple, simpleForbid []uint64
	// spans are the rules' times, apart so that they stay in the cache.
	spans []span
	// calendar is nil for rules that are always in force, and where it would be too large.
	calendar *calendar
	// dense tells that every rule is simple, loose that rules have to be asked one by one
	// whether they are in force.
	dense, loose bool
}

// span is when a rule is in force.
type span struct {
	from, until pack.Day
	zone        uint8
}

type indexedFact struct {
	fact pack.FactID
	rows [][]uint64 // by value
	// absent holds the rules that do not need the fact; absentAsk also those that ask for
	// any: without this fact they could bind.
	absent, absentAsk []uint64
	place             bool // to_region, or what regions are asked for
}

// constraint is the set of values that a condition needs of one fact to be true.
type constraint map[int]bool

// need is what a rule needs of one fact; scope tells that its own scope does, not only the
// reach of its pack.
type need struct {
	values constraint
	scope  bool
}

// constrain computes what c needs of fact f, nil if nothing: a superset is fine, since
// candidates are judged in full.
func (p *Program) constrain(c *pack.Cond, f pack.FactID) constraint {
	switch c.Op {
	case pack.OpAtom:
		if c.Atom.Fact == f && c.Atom.Cmp == pack.In && c.Atom.Ref == 0 {
			return p.accepted(&c.Atom)
		}
	case pack.OpAll:
		var out constraint
		for _, k := range c.Kids {
			kc := p.constrain(k, f)
			switch {
			case kc == nil:
			case out == nil:
				out = kc
			case p.severalAtOnce(f):
				// Each comparison may be met by another of the values: keep one.
			default:
				for v := range out {
					if !kc[v] {
						delete(out, v)
					}
				}
			}
		}
		return out
	case pack.OpAny:
		out := constraint{}
		for _, k := range c.Kids {
			kc := p.constrain(k, f)
			if kc == nil {
				return nil
			}
			for v := range kc {
				out[v] = true
			}
		}
		return out
	}
	return nil
}

// accepted lists the values of an atom; for regions those that lie inside, at least in
// part, at any time.
func (p *Program) accepted(a *pack.Atom) constraint {
	out := constraint{}
	if p.facts[a.Fact].def.Kind == pack.KindEnum {
		for _, s := range a.Set {
			out[s] = true
		}
		return out
	}
	for id, o := range p.insideAtTimes(a.Set) {
		if o&(isTrue|isOpen) != 0 {
			out[id] = true
		}
	}
	return out
}

// insideAtTimes tells, by region, whether it lies in a set at any time, and whether it does
// not. Few sets are used in many places: they are kept while a program is compiled.
func (p *Program) insideAtTimes(set []int) []outcomes {
	key := fmt.Sprint(set)
	if inside, ok := p.inside[key]; ok {
		return inside
	}
	regions := p.model.Vocab.Regions()
	ids := make([]pack.RegionID, len(set))
	for i, s := range set {
		ids[i] = pack.RegionID(s)
	}
	inside := make([]outcomes, regions.Len())
	for _, d := range append([]pack.Day{pack.DayMin}, regions.Breaks()...) {
		for id, in := range regions.InAll(ids, d) {
			switch in {
			case pack.True:
				inside[id] |= isTrue
			case pack.False:
				inside[id] |= isFalse
			default:
				inside[id] |= isOpen
			}
		}
	}
	inside[0] = isFalse // no region
	p.inside[key] = inside
	return inside
}

// severalAtOnce tells a fact that has several values in one combination: a list that is
// read whole, or values that imply others.
func (p *Program) severalAtOnce(id pack.FactID) bool {
	def := p.facts[id].def
	return def.Whole || len(def.Implies) > 0
}

func (p *Program) indexable(id pack.FactID) bool {
	k := p.facts[id].def.Kind
	return k == pack.KindEnum || k == pack.KindRegion
}

// buildIndex picks the facts that most rules mention and fills their rows.
func (p *Program) buildIndex() {
	n := len(p.rules)
	p.index.words = (n + 63) / 64
	p.index.ones = make([]uint64, p.index.words)
	for i := range p.rules {
		p.index.ones[i>>6] |= 1 << (i & 63)
	}
	needs := p.scopeConstraints()
	type use struct {
		fact pack.FactID
		n    int
	}
	var uses []use
	for f, byRule := range needs {
		uses = append(uses, use{f, len(byRule)})
	}
	sort.Slice(uses, func(i, j int) bool {
		if uses[i].n != uses[j].n {
			return uses[i].n > uses[j].n
		}
		return uses[i].fact < uses[j].fact
	})
	uses = uses[:min(len(uses), maxIndexed)]
	for _, u := range uses {
		p.index.facts = append(p.index.facts, p.indexFact(u.fact, needs[u.fact]))
		p.facts[u.fact].index = len(p.index.facts) - 1
	}
	for i := range p.rules {
		r := &p.rules[i]
		info := &p.packs[r.pack]
		r.exact = p.nodes[info.reach].op == pack.OpTrue && len(info.outside) == 0 && p.exactScope(r.src.When)
	}
	p.markSimple()
}

func (p *Program) markSimple() {
	x := &p.index
	x.spans = make([]span, len(p.rules))
	x.simple, x.simpleForbid = make([]uint64, x.words), make([]uint64, x.words)
	x.dense = true
	dated := false
	for i := range p.rules {
		r := &p.rules[i]
		p.demanding = p.demanding || r.demand != 0
		x.spans[i] = span{r.from, r.until, r.zone}
		dated = dated || r.from != pack.DayMin || r.until != pack.DayMax
		simple := r.exact && len(r.branches) == 0 && r.demand == 0 && !r.hasAsk &&
			(r.kind == ruleForbid || r.kind == ruleQualify)
		if !simple {
			x.dense = false
			continue
		}
		x.simple[i>>6] |= 1 << (i & 63)
		if r.kind == ruleForbid {
			x.simpleForbid[i>>6] |= 1 << (i & 63)
		}
	}
	if dated {
		x.calendar = p.buildCalendar()
		x.loose = x.calendar == nil
	}
}

// scopeConstraints maps each indexable fact to the rules that need values of it.
func (p *Program) scopeConstraints() map[pack.FactID]map[int]need {
	needs := map[pack.FactID]map[int]need{}
	cache := map[*pack.Cond]map[pack.FactID]constraint{}
	of := func(c *pack.Cond) map[pack.FactID]constraint {
		if got, ok := cache[c]; ok {
			return got
		}
		out := map[pack.FactID]constraint{}
		for _, f := range c.Facts() {
			if p.indexable(f) {
				if k := p.constrain(c, f); k != nil {
					out[f] = k
				}
			}
		}
		cache[c] = out
		return out
	}
	for i := range p.rules {
		r := &p.rules[i]
		for n, c := range []*pack.Cond{r.src.When, p.packs[r.pack].src.Reach.When} {
			for f, k := range of(c) {
				if needs[f] == nil {
					needs[f] = map[int]need{}
				}
				old, had := needs[f][i]
				if had && p.severalAtOnce(f) {
					k = old.values
				} else if had {
					both := constraint{}
					for v := range old.values {
						if k[v] {
							both[v] = true
						}
					}
					k = both
				}
				needs[f][i] = need{k, old.scope || n == 0}
			}
		}
	}
	return needs
}

func (p *Program) indexFact(f pack.FactID, byRule map[int]need) indexedFact {
	size := p.valueCount(f)
	words := p.index.words
	x := indexedFact{fact: f, rows: make([][]uint64, size), absent: make([]uint64, words), absentAsk: make([]uint64, words)}
	for i := range p.rules {
		if n, bound := byRule[i]; bound {
			// Facts of the reach are asked only where the scope is met.
			if p.rules[i].asksWhen || p.rules[i].hasAsk && !n.scope {
				x.absentAsk[i>>6] |= 1 << (i & 63)
			}
			continue
		}
		x.absent[i>>6] |= 1 << (i & 63)
		x.absentAsk[i>>6] |= 1 << (i & 63)
	}
	// Values that no rule names share one row.
	for v := range x.rows {
		x.rows[v] = x.absent
	}
	for i, n := range byRule {
		for v := range n.values {
			if v >= size {
				continue
			}
			if &x.rows[v][0] == &x.absent[0] {
				x.rows[v] = slices.Clone(x.absent)
			}
			x.rows[v][i>>6] |= 1 << (i & 63)
		}
	}
	return x
}

// exactScope tells whether the index alone decides the scope of a single-valued question:
// a conjunction of plain enum memberships over distinct indexed facts.
func (p *Program) exactScope(c *pack.Cond) bool {
	kids := []*pack.Cond{c}
	switch c.Op {
	case pack.OpTrue:
		return true
	case pack.OpAll:
		kids = c.Kids
	}
	var seen factSet
	for _, k := range kids {
		if k.Op != pack.OpAtom || k.Atom.Cmp != pack.In || k.Atom.Ref != 0 || seen.has(k.Atom.Fact) {
			return false
		}
		f := p.facts[k.Atom.Fact]
		if f.def.Kind != pack.KindEnum || f.index < 0 {
			return false
		}
		seen.add(k.Atom.Fact)
	}
	return true
}

// IndexBytes is the memory of the index in bytes, each row counted once.
func (p *Program) IndexBytes() int {
	seen := map[*uint64]bool{}
	total := 0
	for _, f := range p.index.facts {
		for _, row := range append([][]uint64{f.absent, f.absentAsk}, f.rows...) {
			if len(row) > 0 && !seen[&row[0]] {
				seen[&row[0]] = true
				total += 8 * len(row)
			}
		}
	}
	return total
}
