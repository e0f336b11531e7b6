// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"maps"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// pair holds where a condition is known true, and where known false.
type pair struct{ t, f lit }

// question is one operation whose facts are open: its variables and what conditions make of
// them. Several questions may share a formula.
type question struct {
	g       *Graph
	f       *formula
	vars    map[pack.FactID]*variable
	kleene  map[*pack.Cond]pair
	lenient map[*pack.Cond]pair
	packs   map[*pack.Pack]pair // reach, without what is outside
	values  map[pack.FactID][]value
	prefer  map[pack.FactID]string // the value to try first
	// share gives a variable of another question, nil for one of its own.
	share func(*pack.Fact) *variable
}

// variable is one fact: a literal for each value, and one for being given at all.
type variable struct {
	fact  *pack.Fact
	vals  []value
	lits  []lit
	given lit
	// whole tells a set of values rather than one.
	whole bool
	of    *question // that made it
}

func (g *Graph) question(f *formula) *question {
	return &question{
		g: g, f: f, values: g.values, vars: map[pack.FactID]*variable{}, packs: map[*pack.Pack]pair{},
		kleene: map[*pack.Cond]pair{}, lenient: map[*pack.Cond]pair{},
	}
}

// base is the fact from whose value that of a fact follows: ages follow from their origins.
func (q *question) base(id pack.FactID) pack.FactID {
	if f := q.g.m.Vocab.Facts[id]; f.Ages != pack.NoUnit {
		return f.Origin
	}
	return id
}

// variables are those that the question has so far, in the order of the vocabulary: what is
// found must not hang on the order of a map.
func (q *question) variables() []*variable {
	out := make([]*variable, 0, len(q.vars))
	for _, id := range slices.Sorted(maps.Keys(q.vars)) {
		out = append(out, q.vars[id])
	}
	return out
}

func (q *question) variable(id pack.FactID) *variable {
	id = q.base(id)
	if v := q.vars[id]; v != nil {
		return v
	}
	fact := q.g.m.Vocab.Facts[id]
	if q.share != nil {
		if v := q.share(fact); v != nil {
			q.vars[id] = v
			return v
		}
	}
	v := &variable{of: q, fact: fact, vals: q.values[id], whole: fact.Whole && fact.Kind == pack.KindEnum}
	q.vars[id] = v
	for range v.vals {
		v.lits = append(v.lits, q.f.fresh())
	}
	switch {
	case v.whole:
		q.set(v)
	case id == q.g.m.Vocab.Date():
		v.given = yes
		q.f.clause(v.lits[0])
	default:
		v.given = q.f.or(v.lits...)
		q.f.atMostOne(v.lits)
	}
	return v
}

// set lets the values of a list that is read whole stand together where they may.
func (q *question) set(v *variable) {
	v.given = q.f.fresh()
	for i, l := range v.lits {
		q.f.clause(-l, v.given)
		for _, j := range v.vals[i].read.Items[1:] {
			q.f.clause(-l, v.lits[j]) // a set has all values, in their order
		}
		if slices.Contains(v.fact.Alone, i) {
			for j, other := range v.lits {
				if j != i {
					q.f.clause(-l, -other)
				}
			}
		}
	}
}

// cond is the value of a condition in Kleene's logic.
func (q *question) cond(c *pack.Cond) pair {
	if c == nil {
		return pair{no, no}
	}
	if p, ok := q.kleene[c]; ok {
		return p
	}
	p := q.node(c, q.cond)
	q.kleene[c] = p
	return p
}

func (q *question) node(c *pack.Cond, kid func(*pack.Cond) pair) pair {
	switch c.Op {
	case pack.OpTrue:
		return pair{yes, no}
	case pack.OpAtom:
		return q.atom(&c.Atom)
	case pack.OpNot:
		k := kid(c.Kids[0])
		return pair{k.f, k.t}
	case pack.OpNotShown:
		k := kid(c.Kids[0])
		return pair{-k.t, k.t}
	}
	var ts, fs []lit
	for _, k := range c.Kids {
		p := kid(k)
		ts, fs = append(ts, p.t), append(fs, p.f)
	}
	if c.Op == pack.OpAny {
		return pair{q.f.or(ts...), q.f.and(fs...)}
	}
	return pair{q.f.and(ts...), q.f.or(fs...)}
}

// branch is the value of an exception's condition: inside "any", members that nobody spoke to
// count as false once one was spoken to.
func (q *question) branch(c *pack.Cond) pair {
	if p, ok := q.lenient[c]; ok {
		return p
	}
	p := q.node(c, q.branch)
	if c.Op == pack.OpAny {
		var said, fs []lit
		for _, k := range c.Kids {
			kp, spoke := q.branch(k), q.spoken(k)
			said = append(said, spoke)
			fs = append(fs, q.f.or(kp.f, q.f.and(-spoke, -kp.t)))
		}
		p.f = q.f.or(p.f, q.f.and(q.f.or(said...), -p.t, q.f.and(fs...)))
	}
	q.lenient[c] = p
	return p
}

// spoken is where a fact on which exceptions can rest was given.
func (q *question) spoken(c *pack.Cond) lit {
	var ls []lit
	for _, id := range c.Facts() {
		if q.g.m.Vocab.Facts[id].Rests() && q.known(id) {
			ls = append(ls, q.variable(id).given)
		}
	}
	return q.f.or(ls...)
}

// known tells a fact that questions here can give.
func (q *question) known(id pack.FactID) bool { return len(q.values[q.base(id)]) > 0 }

func (q *question) atom(a *pack.Atom) pair {
	if a.Cmp == pack.RuleOf || !q.known(a.Fact) || a.Ref != 0 && !q.known(a.Ref) {
		return pair{no, no}
	}
	left := q.variable(a.Fact)
	switch {
	case left.whole && a.Ref == 0:
		return q.wholeAtom(a, left)
	case a.Ref == 0 || q.variable(a.Ref) == left:
		var t, f []lit
		for i, x := range left.vals {
			q.sort(q.g.compare(a, x.read, x.read), left.lits[i], &t, &f)
		}
		return pair{q.f.or(t...), q.f.or(f...)}
	}
	right := q.variable(a.Ref)
	var t, f []lit
	for i, x := range left.vals {
		var rt, rf []lit
		for j, y := range right.vals {
			q.sort(q.g.compare(a, x.read, y.read), right.lits[j], &rt, &rf)
		}
		t = append(t, q.f.and(left.lits[i], q.f.or(rt...)))
		f = append(f, q.f.and(left.lits[i], q.f.or(rf...)))
	}
	return pair{q.f.or(t...), q.f.or(f...)}
}

func (q *question) sort(v pack.Tri, l lit, t, f *[]lit) {
	switch v {
	case pack.True:
		*t = append(*t, l)
	case pack.False:
		*f = append(*f, l)
	}
}

func (q *question) wholeAtom(a *pack.Atom, v *variable) pair {
	var in []lit
	for _, i := range a.Set {
		in = append(in, v.lits[i])
	}
	found := q.f.or(in...)
	p := pair{found, q.f.and(v.given, -found)}
	if a.Cmp == pack.NotIn {
		return pair{p.f, p.t}
	}
	return p
}

// facts reads the question off a model of the formula.
func (q *question) facts(model []bool) comity.Facts {
	holds := func(l lit) bool { return is(model, l) }
	out := comity.Facts{}
	date := q.values[q.g.m.Vocab.Date()][0]
	out[q.g.m.Vocab.Facts[q.g.m.Vocab.Date()].Name] = date.given
	for _, v := range q.variables() {
		if !holds(v.given) {
			continue
		}
		list := []any{}
		for i, l := range v.lits {
			if holds(l) {
				list = append(list, v.vals[i].given)
			}
		}
		switch {
		case v.whole:
			out[v.fact.Name] = list
		case v.fact.List:
			out[v.fact.Name] = list[:1]
		default:
			out[v.fact.Name] = list[0]
		}
	}
	return out
}

func abs(l lit) int {
	if l < 0 {
		return int(-l)
	}
	return int(l)
}
