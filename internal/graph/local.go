// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"github.com/comity-project/comity/internal/pack"
)

// local lists the values that a few conditions tell apart, of the facts that they read: a
// question about two rules is small.
func (g *Graph) local(conds []*pack.Cond) map[pack.FactID][]value {
	atoms := atomsOf(conds)
	l := &localiser{g: g, keys: map[pack.FactID][]string{}, pairs: map[pack.FactID]bool{}}
	for _, a := range atoms {
		l.atom(a)
	}
	date := g.m.Vocab.Date()
	out := map[pack.FactID][]value{date: g.values[date]}
	marks := g.marks(atoms)
	for id := range l.keys {
		f := g.m.Vocab.Facts[id]
		if f.Kind == pack.KindEnum || f.Kind == pack.KindRegion {
			out[id] = l.kinds(id)
		} else {
			out[id] = g.scalars(f, atoms, marks[id])
		}
	}
	return out
}

type localiser struct {
	g *Graph
	// keys holds, by fact and value, what the comparisons make of it.
	keys  map[pack.FactID][]string
	pairs map[pack.FactID]bool // compared with other facts
}

func (l *localiser) atom(a *pack.Atom) {
	v := l.g.m.Vocab
	for _, id := range [...]pack.FactID{a.Fact, a.Ref} {
		if id == 0 {
			continue
		}
		if f := v.Facts[id]; f.Ages != pack.NoUnit {
			id = f.Origin
		}
		if l.keys[id] == nil {
			l.keys[id] = make([]string, len(l.g.values[id]))
		}
		l.pairs[id] = l.pairs[id] || a.Ref != 0
	}
	f := v.Facts[a.Fact]
	if a.Ref != 0 || a.Cmp == pack.RuleOf || f.Kind != pack.KindEnum && f.Kind != pack.KindRegion {
		return
	}
	vector := l.g.vector(a)
	for i := range l.keys[a.Fact] {
		l.keys[a.Fact][i] += vector[i : i+1]
	}
}

// vector is what a comparison makes of each value of its fact.
func (g *Graph) vector(a *pack.Atom) string {
	if v, ok := g.vectors[a]; ok {
		return v
	}
	out := make([]byte, len(g.values[a.Fact]))
	for i, x := range g.values[a.Fact] {
		out[i] = '0' + byte(g.compare(a, x.read, nil))
	}
	g.vectors[a] = string(out)
	return string(out)
}

// kinds picks one value of each kind, two where facts are compared with each other. Sets keep
// all values that are told apart from those that nothing names.
func (l *localiser) kinds(id pack.FactID) (out []value) {
	most := 1
	if l.pairs[id] {
		most = 2
	}
	if f := l.g.m.Vocab.Facts[id]; id == l.g.m.Vocab.Op() || f.Whole && f.Kind == pack.KindEnum {
		return l.g.values[id]
	}
	seen := map[string]int{}
	for i, x := range l.g.values[id] {
		if key := l.keys[id][i]; seen[key] < most {
			seen[key]++
			out = append(out, x)
		}
	}
	return out
}
