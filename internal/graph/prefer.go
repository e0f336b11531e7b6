// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// What is found for a question should read like a case: few facts, and of each the value that
// people think of first.

// unusual marks the values by which packs say what is outside them: a household, data
// that names nobody. Examples prefer the others.
func (g *Graph) unusual() map[pack.FactID]map[int]bool {
	packs := map[pack.FactID]map[int]int{}
	for _, p := range g.m.Packs {
		seen := map[[2]int]bool{}
		for _, a := range atomsOf(packConds(p)[1:]) {
			f := g.m.Vocab.Facts[a.Fact]
			if a.Cmp != pack.In || f.Kind != pack.KindEnum && f.Kind != pack.KindBool || f.ID == g.m.Vocab.Op() {
				continue
			}
			if packs[f.ID] == nil {
				packs[f.ID] = map[int]int{}
			}
			for _, i := range a.Set {
				if key := [2]int{int(f.ID), i}; !seen[key] {
					seen[key] = true
					packs[f.ID][i]++
				}
			}
		}
	}
	out := map[pack.FactID]map[int]bool{}
	for id, values := range packs {
		out[id] = map[int]bool{}
		for i, n := range values {
			out[id][i] = n >= several || !g.m.Vocab.Facts[id].List
		}
	}
	return out
}

// several packs have to agree on a value of a list: single ones leave out common categories.
const several = 4

// usual leaves out the values that are unusual.
func (q *question) usual(but ...pack.FactID) []lit {
	var out []lit
	for _, v := range q.variables() {
		if slices.Contains(but, v.fact.ID) {
			continue
		}
		for i, x := range v.vals {
			if v.fact.Kind == pack.KindEnum && q.g.odd[v.fact.ID][x.read.Items[0]] || v.fact.Kind == pack.KindBool && q.g.odd[v.fact.ID][int(x.read.Num)] {
				out = append(out, -v.lits[i])
			}
		}
	}
	slices.Sort(out)
	return out
}

// plain leaves out all but who acts, on whom, on what, and where.
func (q *question) plain() []lit {
	out := q.usual()
	for _, v := range q.variables() {
		f := v.fact
		if v.given != yes && f.Role != pack.RolePerson && f.Role != pack.RoleActor && !q.g.isPlace(f) && f.ID != q.g.m.Vocab.Op() && f.Name != "data_categories" {
			out = append(out, -v.given)
		}
	}
	slices.Sort(out)
	return out
}

// actions is the order in which operations are tried as examples.
var actions = []string{"transfer", "delete", "store", "process", "collect", "disclose", "automated_decision", "retain"}

// ranked lists the values of a variable by preference: usual ones first, countries before
// their parts, and what a question prefers before all.
func (q *question) ranked(v *variable) []int {
	out := make([]int, len(v.vals))
	grade := make([]int, len(v.vals))
	for i, x := range v.vals {
		out[i] = i
		switch {
		case v.fact.ID == q.g.m.Vocab.Op():
			if grade[i] = slices.Index(actions, x.given.(string)); grade[i] < 0 {
				grade[i] = len(actions)
			}
		case v.fact.Kind == pack.KindEnum && q.g.odd[v.fact.ID][x.read.Items[0]]:
			grade[i] = 1
		case v.fact.Kind == pack.KindRegion && strings.Contains(x.given.(string), "-"):
			grade[i] = 1
		}
		if s, ok := x.given.(string); ok && s == q.prefer[v.fact.ID] {
			grade[i] = -1
		}
	}
	slices.SortStableFunc(out, func(i, j int) int { return cmp.Compare(grade[i], grade[j]) })
	return out
}

// readable finds a model under assumptions with few facts, each with the value that comes
// first; nil if there is none. The operation is chosen first, then places, then the rest.
func (f *formula) readable(assume []lit, qs ...*question) []bool {
	if !f.holds(assume) {
		return nil
	}
	var given []lit
	var vars []*variable
	for _, q := range qs {
		for _, v := range q.variables() {
			if v.given != yes && !slices.Contains(vars, v) {
				vars = append(vars, v)
			}
		}
	}
	slices.SortFunc(vars, func(a, b *variable) int {
		return cmp.Or(cmp.Compare(a.fact.ID, b.fact.ID), cmp.Compare(a.lits[0], b.lits[0]))
	})
	for _, v := range vars {
		given = append(given, v.given)
	}
	assume = slices.Clone(assume)
	for _, v := range vars {
		if v.fact.ID == v.of.g.m.Vocab.Op() {
			assume = append(assume, f.firstOf(v, assume)...)
		}
	}
	slices.Reverse(given) // the later facts are the more special ones
	best := f.lean(given, assume)
	if best == nil {
		return nil
	}
	fixed := slices.Clone(assume)
	for _, v := range vars {
		fixed = append(fixed, sign(v.given, is(best, v.given)))
	}
	for _, v := range vars {
		if v.whole || !is(best, v.given) {
			continue
		}
		for _, i := range v.of.ranked(v) {
			if is(best, v.lits[i]) || f.holds(append(fixed, v.lits[i])) {
				if !is(best, v.lits[i]) {
					best = f.model()
				}
				fixed = append(fixed, v.lits[i])
				break
			}
		}
	}
	return best
}

// firstOf fixes a variable to the first value that can be, if any can.
func (f *formula) firstOf(v *variable, assume []lit) []lit {
	for _, i := range v.of.ranked(v) {
		if f.holds(append(slices.Clone(assume), v.lits[i])) {
			return v.lits[i : i+1]
		}
	}
	return nil
}
