// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/binary"
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

const factWords = 4

// maxFacts bounds a vocabulary; fact sets are fixed-size bitsets.
const maxFacts = factWords * 64

// factSet is a set of facts.
type factSet [factWords]uint64

func (s *factSet) add(id pack.FactID)      { s[id>>6] |= 1 << (id & 63) }
func (s *factSet) has(id pack.FactID) bool { return s[id>>6%factWords]>>(id&63)&1 != 0 }
func (s *factSet) meets(o *factSet) bool {
	return s[0]&o[0]|s[1]&o[1]|s[2]&o[2]|s[3]&o[3] != 0
}

func (s *factSet) union(o *factSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

// atomKind selects the code that evaluates an atom.
type atomKind uint8

const (
	atomEnum atomKind = iota
	atomRegion
	atomNum
	atomTime
	atomRef
	atomString
	atomRule
)

// atom is one compiled comparison.
type atom struct {
	kind atomKind
	cmp  pack.Cmp
	fact pack.FactID
	ref  pack.FactID
	elem bool // read one element at a time
	// rests and refRests: an exception can rest on the fact, on the other fact.
	rests, refRests bool
	zone            uint8
	num             int64
	set             [2]uint64 // enum values below 128
	table           *regionTable
	src             *atomSource
}

// atomSource is what only rare comparisons and answers need.
type atomSource struct {
	*pack.Atom
	// orders are the legal orders of a recognised retention law.
	orders []pack.RegionID
	// breaks are the days on which such an order gains or loses members.
	breaks []pack.Day
	// more holds the enum values from 128 on.
	more map[uint16]bool
}

func (a *atom) accepts(item uint16) bool {
	if item < 128 {
		return a.set[item>>6]>>(item&63)&1 != 0
	}
	return a.src.more[item]
}

// regionTable answers "in this set of regions" per region and interval of constant
// membership.
type regionTable struct {
	number int
	breaks []pack.Day
	tri    [][]pack.Tri
}

func (t *regionTable) on(d pack.Day) []pack.Tri {
	i := len(t.breaks)
	for i > 0 && t.breaks[i-1] > d {
		i--
	}
	return t.tri[i]
}

// node is a compiled condition; kids are a range of Program.kids, in which atomBit marks
// the number of an atom instead of a node.
type node struct {
	op     pack.Op
	shared bool
	// choice tells that an any inside asks for facts that can be spoken to: only there
	// does the lenient reading of exceptions differ.
	choice bool
	// need is a fact without which it is not true, the one that fewest conditions read; 0 is
	// none.
	need        pack.FactID
	atom        uint32
	first, last uint32
}

const atomBit = 1 << 31

// none marks the absence of a condition.
const none = ^uint32(0)

// compiler turns a model's conditions into shared nodes and atoms.
type compiler struct {
	p      *Program
	zone   uint8
	nodes  map[string]uint32
	atoms  map[string]uint32
	tables map[string]*regionTable
	// countings are those of the packs, at most one each.
	countings []*pack.Counting
	buf       []byte
}

func (c *compiler) cond(k *pack.Cond) uint32 {
	if k == nil || k.Op == pack.OpTrue {
		return c.node(node{op: pack.OpTrue}, factSet{}, nil)
	}
	if k.Op == pack.OpAtom {
		a := c.atom(&k.Atom)
		var rests factSet
		for _, id := range [...]pack.FactID{k.Atom.Fact, k.Atom.Ref} {
			if id != 0 && c.p.facts[id].def.Rests() {
				rests.add(id)
			}
		}
		return c.node(node{op: pack.OpAtom, atom: a}, rests, nil)
	}
	kids := make([]uint32, len(k.Kids))
	n := node{op: k.Op}
	var rests factSet
	for i, kid := range k.Kids {
		id := c.cond(kid)
		k := &c.p.nodes[id]
		rests.union(&c.p.rests[id])
		n.choice = n.choice || k.choice
		kids[i] = id
		if k.op == pack.OpAtom {
			kids[i] = atomBit | k.atom
		}
	}
	n.choice = n.choice || k.Op == pack.OpAny && rests != factSet{}
	return c.node(n, rests, kids)
}

// node interns a node, so that equal conditions are evaluated once.
func (c *compiler) node(n node, rests factSet, kids []uint32) uint32 {
	b := append(c.buf[:0], byte(n.op))
	b = binary.LittleEndian.AppendUint32(b, n.atom)
	for _, k := range kids {
		b = binary.LittleEndian.AppendUint32(b, k)
	}
	c.buf = b
	if id, ok := c.nodes[string(b)]; ok {
		c.p.nodes[id].shared = true
		return id
	}
	n.first = uint32(len(c.p.kids))
	c.p.kids = append(c.p.kids, kids...)
	n.last = uint32(len(c.p.kids))
	id := uint32(len(c.p.nodes))
	c.p.nodes = append(c.p.nodes, n)
	c.p.rests = append(c.p.rests, rests)
	c.nodes[string(b)] = id
	return id
}

// counting numbers the ways in which packs count deadlines, from 1 on; 0 is the plain one.
func (c *compiler) counting(k *pack.Counting) uint16 {
	if k == nil {
		return 0
	}
	i := slices.Index(c.countings, k)
	if i < 0 {
		i = len(c.countings)
		c.countings = append(c.countings, k)
	}
	return uint16(i + 1)
}

func (c *compiler) atom(a *pack.Atom) uint32 {
	b := append(c.buf[:0], byte(a.Cmp), c.zone)
	b = binary.LittleEndian.AppendUint16(b, uint16(a.Fact))
	b = binary.LittleEndian.AppendUint16(b, uint16(a.Ref))
	b = binary.LittleEndian.AppendUint64(b, uint64(a.Num))
	b = binary.LittleEndian.AppendUint32(b, uint32(a.Plus.N))
	b = append(b, byte(a.Plus.Unit))
	b = binary.LittleEndian.AppendUint16(b, c.counting(a.Count))
	for _, s := range a.Set {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	for _, s := range a.Strs {
		b = append(append(b, s...), 0)
	}
	c.buf = b
	if id, ok := c.atoms[string(b)]; ok {
		return id
	}
	f := c.p.facts[a.Fact].def
	x := atom{
		cmp: a.Cmp, fact: a.Fact, ref: a.Ref, zone: c.zone, num: a.Num, src: &atomSource{Atom: a}, elem: f.List && !f.Whole,
		rests: f.Rests(), refRests: a.Ref != 0 && c.p.facts[a.Ref].def.Rests(),
	}
	switch {
	case a.Cmp == pack.RuleOf:
		x.kind = atomRule
		for _, s := range a.Set {
			x.src.orders = append(x.src.orders, pack.RegionID(s))
		}
	case a.Ref != 0:
		x.kind = atomRef
	case f.Kind == pack.KindEnum:
		x.kind = atomEnum
		for _, s := range a.Set {
			if s < 128 {
				x.set[s>>6] |= 1 << (s & 63)
				continue
			}
			if x.src.more == nil {
				x.src.more = map[uint16]bool{}
			}
			x.src.more[uint16(s)] = true
		}
	case f.Kind == pack.KindRegion:
		x.kind, x.table = atomRegion, c.table(a.Set)
	case f.Kind == pack.KindString:
		x.kind = atomString
	case f.Kind == pack.KindDay || f.Kind == pack.KindInstant:
		x.kind = atomTime
		x.num = int64(a.Plus.AddTo(pack.Day(a.Num)))
	default:
		x.kind = atomNum
	}
	id := uint32(len(c.p.atoms))
	c.p.atoms = append(c.p.atoms, x)
	c.p.reads = append(c.p.reads, uint32(a.Fact)|uint32(a.Ref)<<16)
	c.p.quickAtoms = append(c.p.quickAtoms, c.p.quickOf(&x))
	c.atoms[string(b)] = id
	return id
}

func (c *compiler) table(set []int) *regionTable {
	ids := make([]pack.RegionID, len(set))
	b := make([]byte, 0, 2*len(set))
	for i, s := range set {
		ids[i] = pack.RegionID(s)
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	if t, ok := c.tables[string(b)]; ok {
		return t
	}
	// Every region's membership matters, since a given value may be a group.
	regions := c.p.model.Vocab.Regions()
	all := regions.Breaks()
	t := &regionTable{number: len(c.tables)}
	t.tri = append(t.tri, regions.InAll(ids, pack.DayMin))
	for _, d := range all {
		if r := regions.InAll(ids, d); !slices.Equal(r, t.tri[len(t.tri)-1]) {
			t.breaks = append(t.breaks, d)
			t.tri = append(t.tri, r)
		}
	}
	c.tables[string(b)] = t
	return t
}
