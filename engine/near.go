// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// threshold is a number that some condition compares a fact with; the comparison turns
// between below and the number that follows it.
type threshold struct{ num, below int64 }

// near tells a number that lies within a tenth of the threshold, or next to a small one.
func (t threshold) near(n int64) bool {
	return max(n-t.num, t.num-n) <= max(1, t.num/10)
}

// findThresholds fills Program.thresholds for facts that somebody counts. Ages are not among
// them: they change by themselves, and valid_until says when.
func (p *Program) findThresholds() {
	p.thresholds = map[pack.FactID][]threshold{}
	add := func(f pack.FactID, num, below int64) {
		if t := (threshold{num, below}); below >= 0 && !slices.Contains(p.thresholds[f], t) {
			p.thresholds[f] = append(p.thresholds[f], t)
		}
	}
	for i := range p.atoms {
		a := &p.atoms[i]
		def := p.facts[a.fact].def
		if a.src == nil || def == nil || def.Kind != pack.KindInt || def.Ages != pack.NoUnit || a.src.Ref != 0 {
			continue
		}
		n := a.src.Num
		switch a.src.Cmp {
		case pack.Ge, pack.Lt:
			add(a.fact, n, n-1)
		case pack.Gt, pack.Le:
			add(a.fact, n, n)
		case pack.Eq, pack.Ne:
			add(a.fact, n, n-1)
			add(a.fact, n, n)
		}
	}
	for _, list := range p.thresholds {
		slices.SortFunc(list, func(a, b threshold) int { return cmp.Or(cmp.Compare(a.below, b.below), cmp.Compare(a.num, b.num)) })
	}
}

// maxNear bounds the thresholds of which one answer speaks.
const maxNear = 32

// near says which requirements begin or end at the thresholds next to which a given number
// lies.
func (r *report) near() {
	tried := 0
	for id := range r.p.facts {
		f := pack.FactID(id)
		if !r.in.given.has(f) {
			continue
		}
		given, last := r.in.num[f], int64(-1)
		for _, t := range r.p.thresholds[f] {
			if !t.near(given) || t.below == last || tried >= maxNear {
				continue
			}
			last = t.below
			tried++
			r.nearTo(f, given, t)
		}
	}
	for i := range r.d.Near {
		r.d.Explanation = append(r.d.Explanation, r.d.Near[i].Text)
	}
}

// nearTo asks on both sides of a threshold and tells what differs, pack by pack.
func (r *report) nearTo(f pack.FactID, given int64, t threshold) {
	here, there := t.below, t.below+1
	if given > t.below {
		here, there = there, here
	}
	var a, b Result
	if !r.asked(f, here, &a) || !r.asked(f, there, &b) || a.same(&b) {
		return
	}
	for no := range r.p.packs {
		begin := r.only(uint16(no), b.bound, a.bound)
		end := r.only(uint16(no), a.bound, b.bound)
		first, what := "", ""
		switch {
		case len(begin) > 0:
			first, what = r.lead(begin, &b), listed(begin)+plural(len(begin), " begins", " begin")+" to bind"
		case len(end) > 0:
			first, what = r.lead(end, &a), listed(end)+plural(len(end), " no longer binds", " no longer bind")
		default:
			changed := r.changed(uint16(no), &a, &b)
			if len(changed) == 0 {
				continue
			}
			first, what = r.lead(changed, &b), listed(changed)+plural(len(changed), " decides", " decide")+" otherwise"
		}
		name := r.p.facts[f].def.Name
		text := fmt.Sprintf("%s is %d: at %d, %s (%s)", name, given, there, what, r.p.packs[no].src.Name)
		if b.effect != r.res.effect {
			text += fmt.Sprintf(", and the answer is %s instead of %s", b.effect, r.res.effect)
		}
		r.d.Near = append(r.d.Near, comity.Near{Fact: name, Given: given, Threshold: t.num, Requirement: first, Text: text + "."})
	}
}

// asked answers the question with another number; false if it cannot be asked.
func (r *report) asked(f pack.FactID, n int64, res *Result) bool {
	return r.in.try([]change{{fact: f, num: n}}, func() error {
		r.p.evaluate(r.in, r.res.review, res)
		return nil
	}) == nil
}

// only lists the requirements of a pack that stand in one list of rules and not in another,
// the weightiest first.
func (r *report) only(no uint16, in, notIn []uint32) []string {
	var rules []uint32
	for _, i := range in {
		if i < declaredBase && r.p.rules[i].pack == no && !slices.Contains(notIn, i) {
			rules = append(rules, i)
		}
	}
	slices.SortFunc(rules, func(a, b uint32) int { return cmp.Compare(r.p.ranks[a], r.p.ranks[b]) })
	var ids []string
	for _, i := range rules {
		ids = appendNew(ids, r.p.rules[i].src.ID)
	}
	return ids
}

// changed lists the requirements of a pack that bind on both sides with another outcome.
func (r *report) changed(no uint16, a, b *Result) []string {
	var ids []string
	for _, side := range [][2]*Result{{a, b}, {b, a}} {
		x, y := side[0], side[1]
		for _, l := range [][2][]uint32{
			{x.violated, y.violated}, {x.applied, y.applied}, {x.duties, y.duties}, {x.met, y.met}, {x.questions, y.questions}, {heldRules(x, y), nil}, {askingRules(x, y), nil},
		} {
			for _, id := range r.only(no, l[0], l[1]) {
				ids = appendNew(ids, id)
			}
		}
	}
	return ids
}

// heldRules are those that x lifts by an exception by which y does not.
func heldRules(x, y *Result) (out []uint32) {
	for _, h := range x.held {
		if !slices.Contains(y.held, h) {
			out = append(out, h.rule)
		}
	}
	return out
}

// askingRules are those for which x lacks a fact that y does not lack for them.
func askingRules(x, y *Result) (out []uint32) {
	for _, m := range x.missing {
		if m.rule != none && !slices.Contains(y.missing, m) {
			out = append(out, m.rule)
		}
	}
	return out
}

// lead is the requirement that matters most: one that is violated, else the weightiest.
func (r *report) lead(ids []string, res *Result) string {
	for _, i := range res.violated {
		if i < declaredBase && slices.Contains(ids, r.p.rules[i].src.ID) {
			return r.p.rules[i].src.ID
		}
	}
	return ids[0]
}

// listed names requirements in a sentence: a few, and how many more.
func listed(ids []string) string {
	const most = 3
	switch n := len(ids); {
	case n == 1:
		return ids[0]
	case n == 2:
		return ids[0] + " and " + ids[1]
	case n <= most:
		return ids[0] + ", " + ids[1] + " and " + ids[2]
	default:
		return ids[0] + ", " + ids[1] + " and " + strconv.Itoa(n-2) + " other requirements"
	}
}

func plural(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
