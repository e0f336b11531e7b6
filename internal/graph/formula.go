// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/binary"
	"slices"
)

// lit is a literal: a variable, or with a minus its opposite.
type lit int

// The variable 1 is true.
const (
	yes lit = 1
	no  lit = -1
)

// formula is a circuit of gates as clauses, each gate once (Tseitin 1968).
type formula struct {
	clauses [][]lit
	vars    int
	gates   map[string]lit
	s       *sat // holds the first clauses, as many as sent
	sent    int
	key     []byte
}

func newFormula() *formula {
	return &formula{vars: 1, clauses: [][]lit{{yes}}, gates: map[string]lit{}}
}

func (f *formula) fresh() lit {
	f.vars++
	return lit(f.vars)
}

func (f *formula) clause(ls ...lit) {
	c := make([]lit, 0, len(ls))
	for _, l := range ls {
		switch l {
		case yes:
			return // it holds anyway
		case no:
		default:
			c = append(c, l)
		}
	}
	if len(c) == 0 {
		c = []lit{no}
	}
	f.clauses = append(f.clauses, c)
}

// and is the gate of a conjunction.
func (f *formula) and(ls ...lit) lit {
	in := slices.Clone(ls)
	slices.Sort(in)
	in = slices.Compact(in)
	in = slices.DeleteFunc(in, func(l lit) bool { return l == yes })
	for _, l := range in {
		if _, both := slices.BinarySearch(in, -l); both || l == no {
			return no
		}
	}
	switch len(in) {
	case 0:
		return yes
	case 1:
		return in[0]
	}
	f.key = f.key[:0]
	for _, l := range in {
		f.key = binary.LittleEndian.AppendUint32(f.key, uint32(int32(l)))
	}
	if g, ok := f.gates[string(f.key)]; ok {
		return g
	}
	g := f.fresh()
	f.gates[string(f.key)] = g
	back := []lit{g}
	for _, l := range in {
		f.clause(-g, l)
		back = append(back, -l)
	}
	f.clause(back...)
	return g
}

// or is the gate of a disjunction.
func (f *formula) or(ls ...lit) lit {
	opposite := make([]lit, len(ls))
	for i, l := range ls {
		opposite[i] = -l
	}
	return -f.and(opposite...)
}
