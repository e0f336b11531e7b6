// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// places says which rules can judge an operation otherwise in another place, and which
// regions are alike to all of them.
type places struct {
	kinds []placeKind
	// direct marks the rules that read to_region, dependent those that read it, or any place,
	// themselves or through reach and outside of their pack.
	direct, dependent []uint64
	// violable marks rules that can be violated; demands, per operation, those that demand it.
	violable []uint64
	demands  [][]uint64
	// breaks begin the intervals of classes: per region the number of its class. Regions of
	// one class lie in the same sets that rules compare places with.
	breaks  []pack.Day
	classes [][]uint16
	// refs are the facts that places are compared with: regions that they hold are no longer
	// like the others of their class.
	refs   []pack.FactID
	tables int // number of tables of regions
}

// placeKind is one kind of place that regions are asked for.
type placeKind struct {
	name string
	fact pack.FactID
	// direct marks the rules that read the fact, reached those of packs whose reach or
	// outside reads it and that read no place themselves.
	direct, reached []uint64
	// packs, atoms and nodes read the fact; refs are atoms that compare another with it.
	packs              []uint16
	atoms, refs, nodes []uint32
}

// buildPlaces needs compiled rules and packs.
func (p *Program) buildPlaces() {
	x := &p.places
	words := p.index.words
	x.direct, x.dependent, x.violable = make([]uint64, words), make([]uint64, words), make([]uint64, words)
	x.demands = make([][]uint64, len(p.needs))
	for _, name := range p.PlaceKinds() {
		if f, ok := p.model.Vocab.Places[name]; ok {
			x.kinds = append(x.kinds, p.placeKind(name, f))
		}
	}
	for i := range p.rules {
		r := &p.rules[i]
		w, bit := i>>6, uint64(1)<<(i&63)
		p.placeRule(r, w, bit)
		if r.kind == ruleForbid || r.kind == ruleMust {
			x.violable[w] |= bit
		}
		for op := range x.demands {
			if r.demand>>op&1 == 0 {
				continue
			}
			if x.demands[op] == nil {
				x.demands[op] = make([]uint64, words)
			}
			x.demands[op][w] |= bit
		}
	}
	for i := range p.index.facts {
		f := p.index.facts[i].fact
		p.index.facts[i].place = f == p.toRegion || slices.ContainsFunc(x.kinds, func(k placeKind) bool { return k.fact == f })
	}
	p.classify()
}

// placeRule marks what a rule reads, itself or through its pack.
func (p *Program) placeRule(r *rule, w int, bit uint64) {
	x := &p.places
	own, byPack := p.ruleFacts(r), p.packFacts(r.pack)
	p.markPlaced(r)
	reads := p.toRegion != 0 && (own.has(p.toRegion) || byPack.has(p.toRegion))
	if reads {
		x.direct[w] |= bit
	}
	for k := range x.kinds {
		reads = reads || own.has(x.kinds[k].fact)
	}
	for k := range x.kinds {
		kind := &x.kinds[k]
		switch {
		case own.has(kind.fact) || reads && byPack.has(kind.fact):
			kind.direct[w] |= bit
		case byPack.has(kind.fact):
			kind.reached[w] |= bit
		}
		x.dependent[w] |= (kind.direct[w] | kind.reached[w]) & bit
	}
	x.dependent[w] |= x.direct[w] & bit
}

// markPlaced fills the exceptions of a rule that read a kind of place.
func (p *Program) markPlaced(r *rule) {
	if len(r.branches) > maxSwitched {
		r.placed = allBranches
		return
	}
	for b := range r.branches {
		var reads factSet
		for _, id := range [...]uint32{r.branches[b].when, r.branches[b].claim} {
			if id != none {
				p.addFacts(id, &reads)
			}
		}
		if slices.ContainsFunc(p.places.kinds, func(k placeKind) bool { return reads.has(k.fact) }) {
			r.placed |= 1 << b
		}
	}
}

// placeKind lists what reads the fact of a kind of place.
func (p *Program) placeKind(name string, f pack.FactID) placeKind {
	words := p.index.words
	k := placeKind{name: name, fact: f, direct: make([]uint64, words), reached: make([]uint64, words)}
	for i := range p.packs {
		if s := p.packFacts(uint16(i)); s.has(f) {
			k.packs = append(k.packs, uint16(i))
		}
	}
	for i := range p.atoms {
		switch f {
		case p.atoms[i].ref:
			k.refs = append(k.refs, uint32(i))
		case p.atoms[i].fact:
			k.atoms = append(k.atoms, uint32(i))
		}
	}
	for i := range p.nodes {
		var s factSet
		if p.addFacts(uint32(i), &s); p.nodes[i].shared && s.has(f) {
			k.nodes = append(k.nodes, uint32(i))
		}
	}
	return k
}

// forget drops what was remembered of conditions that read the fact of a kind. Comparisons
// with a fact that the question lacks are not remembered.
func (ev *evaluation) forget(k *placeKind, given bool) {
	if given {
		for _, i := range k.atoms {
			ev.atoms[i].epoch = 0
		}
	}
	for _, i := range k.refs {
		ev.atoms[i].epoch = 0
	}
	for _, i := range k.nodes {
		ev.nodes[i].truth, ev.nodes[i].full = 0, 0
	}
	for _, i := range k.packs {
		ev.packs[i].epoch = 0
	}
}

// packFacts are the facts that the reach and outside of a pack read.
func (p *Program) packFacts(no uint16) (s factSet) {
	info := &p.packs[no]
	p.addFacts(info.reach, &s)
	for _, id := range info.outside {
		p.addFacts(id, &s)
	}
	return s
}

// ruleFacts are the facts that the scope of a rule, what has to hold and its exceptions read.
func (p *Program) ruleFacts(r *rule) (s factSet) {
	conds := []uint32{r.when, r.must}
	for b := range r.branches {
		conds = append(conds, r.branches[b].when, r.branches[b].claim)
	}
	for _, id := range conds {
		if id != none {
			p.addFacts(id, &s)
		}
	}
	return s
}

func (p *Program) addFacts(k uint32, s *factSet) {
	if k&atomBit == 0 {
		n := &p.nodes[k]
		if n.op != pack.OpAtom {
			for _, kid := range p.kids[n.first:n.last] {
				p.addFacts(kid, s)
			}
			return
		}
		k = n.atom
	}
	facts := p.atomFacts(k &^ atomBit)
	s.union(&facts)
}

// classify sorts the regions into classes, per interval of constant membership.
func (p *Program) classify() {
	x := &p.places
	var placeFacts factSet
	placeFacts.add(p.toRegion)
	for k := range x.kinds {
		placeFacts.add(x.kinds[k].fact)
	}
	var tables []*regionTable
	for i := range p.atoms {
		if a := &p.atoms[i]; a.kind == atomRegion {
			x.tables = max(x.tables, a.table.number+1)
		}
	}
	for i := range p.atoms {
		a := &p.atoms[i]
		switch {
		case a.kind == atomRegion && placeFacts.has(a.fact) && !slices.Contains(tables, a.table):
			tables = append(tables, a.table)
			x.breaks = append(x.breaks, a.table.breaks...)
		case a.kind == atomRef && (placeFacts.has(a.fact) || placeFacts.has(a.ref)):
			// Where both are places, either may vary while the other stays.
			x.refs = append(x.refs, a.fact, a.ref)
		}
	}
	slices.Sort(x.breaks)
	x.breaks = slices.Compact(x.breaks)
	for k := range len(x.breaks) + 1 {
		day := pack.DayMin
		if k > 0 {
			day = x.breaks[k-1]
		}
		x.classes = append(x.classes, classesOn(tables, p.model.Vocab.Regions().Len(), day))
	}
}

// classesOn refines one class of all regions by each table.
func classesOn(tables []*regionTable, n int, day pack.Day) []uint16 {
	class := make([]uint16, n)
	count := 1
	for _, t := range tables {
		tri := t.on(day)
		next := make([]uint16, 3*count) // new number, plus one, per old class and value
		count = 0
		for id := range class {
			slot := &next[3*int(class[id])+triIndex(tri[id])]
			if *slot == 0 {
				count++
				*slot = uint16(count)
			}
			class[id] = *slot - 1
		}
	}
	return class
}

func triIndex(t pack.Tri) int {
	switch t {
	case pack.True:
		return 0
	case pack.False:
		return 1
	}
	return 2
}

// classesNow are the classes on the days of the question; nil where the days of two zones
// lie in different intervals.
func (in *Input) classesNow() []uint16 {
	x := &in.prog.places
	if len(in.days) == 0 {
		return x.classes[0]
	}
	interval := func(d pack.Day) int {
		k, found := slices.BinarySearch(x.breaks, d)
		return k + int(b2i(found))
	}
	k := interval(in.days[0])
	for _, d := range in.days[1:] {
		if d != in.days[0] && interval(d) != k {
			return nil
		}
	}
	return x.classes[k]
}
