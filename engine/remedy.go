// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

const (
	maxRemedyFacts = 3
	maxWays        = 24
	maxAlike       = 4 // ways that change the same facts
	maxTries       = 4 // for each remedy wanted
	maxSatisfying  = 3 // values tried of a comparison with a set
	// forbiddenCost marks facts whose change would be another operation, not a remedy.
	forbiddenCost = 9
)

// fix gives one fact a value: an enum value or region, or a number.
type fix struct {
	fact pack.FactID
	item uint16
	num  int64
}

// way is one set of changes that would satisfy a condition, with the exception it uses.
type way struct {
	fixes  [maxRemedyFacts]fix
	n      int
	cost   int
	branch *pack.RuleBranch
}

func (w *way) set() []fix { return w.fixes[:w.n] }

// covers tells whether w does all that t does, or more.
func (p *Program) covers(w, t *way) bool {
	for _, f := range t.set() {
		if !slices.ContainsFunc(w.set(), func(g fix) bool { return g == f || g.fact == f.fact && p.implies(g, f.item) }) {
			return false
		}
	}
	return true
}

// implies tells whether a value says all that another does.
func (p *Program) implies(x fix, item uint16) bool {
	closure := p.facts[x.fact].closure
	return int(x.item) < len(closure) && slices.Contains(closure[x.item], item)
}

// alike tells whether both change the same facts.
func (w *way) alike(t *way) bool {
	for _, f := range t.set() {
		if !slices.ContainsFunc(w.set(), func(g fix) bool { return g.fact == f.fact }) {
			return false
		}
	}
	return w.n == t.n
}

// join merges two ways, unless they contradict or grow too large.
func (f *remedyFinder) join(a, b *way) (way, bool) {
	out := *a
	if out.branch == nil {
		out.branch = b.branch
	}
	for _, x := range b.set() {
		i := slices.IndexFunc(out.set(), func(g fix) bool { return g.fact == x.fact })
		switch {
		case i >= 0 && out.fixes[i] != x, i < 0 && out.n == maxRemedyFacts:
			return out, false
		case i < 0:
			out.fixes[out.n] = x
			out.n++
			out.cost += max(1, f.p.facts[x.fact].def.Cost)
		}
	}
	return out, true
}

// remedyFinder looks for what would have made an answer no denial.
type remedyFinder struct {
	p   *Program
	in  *Input
	res *Result
	// chunks gives, where the question has several, the one in which a rule is violated.
	chunks map[uint32]int
	// plain tells that nothing is demanded, so that each violation stands for itself.
	plain   bool
	changes []change
	room    [maxRemedyFacts]change
	scratch *Result
}

// remedies finds changes of at most three facts, whose control is the caller's or a
// process of his, that cure all violations; cheapest first, those that change other facts
// before those that change the same (SEMANTICS 5.2). Each is confirmed by asking the
// question again. most bounds how many are looked for.
func (f *remedyFinder) remedies(most int) []comity.Remedy {
	var rest []way
	var room [maxRemedies]way
	taken := room[:0]
	tries := 0
	ways := f.ways()
	for i := 0; i < len(ways) && tries < maxTries*most && len(taken) < most; i++ {
		w := &ways[i]
		same := func(t way) bool { return w.alike(&t) }
		switch {
		case slices.ContainsFunc(taken, func(t way) bool { return f.p.covers(w, &t) }):
		case i < len(ways)-len(rest) && slices.ContainsFunc(taken, same):
			rest = append(rest, *w)
			ways = append(ways, *w)
		default:
			tries++
			if f.cures(w) {
				taken = append(taken, *w)
			}
		}
	}
	slices.SortStableFunc(taken, func(a, b way) int { return a.cost - b.cost })
	if len(taken) == 0 {
		return nil
	}
	out := make([]comity.Remedy, 0, len(taken))
	for i := range taken {
		out = append(out, f.p.remedy(&taken[i]))
	}
	return out
}

// ways lists what might cure all violations, cheapest first.
func (f *remedyFinder) ways() []way {
	ways := f.in.ev.ways[:0]
	for n, v := range f.res.violated {
		if v >= declaredBase {
			return nil
		}
		first := len(ways)
		ways = f.waysOf(v, ways)
		if n > 0 {
			ways = f.cross(ways, 0, first)
		}
		f.in.ev.ways = ways
		if len(ways) == 0 {
			return nil
		}
	}
	return ways
}

// waysOf appends ways to make one violated rule hold.
func (f *remedyFinder) waysOf(i uint32, out []way) []way {
	r := &f.p.rules[i]
	if base, ok := f.chunks[i]; ok {
		f.in.chunk(base)
		f.in.ev.next()
	}
	base := len(out)
	for b := range r.branches {
		first := len(out)
		out = f.satisfy(r.branches[b].when, true, out)
		for k := first; k < len(out); k++ {
			out[k].branch = &r.src.Branches[b]
		}
	}
	if r.must != none {
		out = f.satisfy(r.must, true, out)
	}
	return trim(out, base)
}

// trim sorts the ways from base on by their cost and keeps the cheapest, of those that
// change the same facts only a few.
func trim(ways []way, base int) []way {
	list := ways[base:]
	if len(list) < 2 {
		return ways
	}
	slices.SortStableFunc(list, func(a, b way) int { return a.cost - b.cost })
	kept := 0
	for i := range list {
		same := 0
		for k := range list[:kept] {
			if list[k].alike(&list[i]) {
				same++
			}
		}
		if same < maxAlike && kept < maxWays {
			list[kept] = list[i]
			kept++
		}
	}
	return ways[:base+kept]
}

// cross replaces two neighbouring lists of ways, the second from middle on, by what
// combines a way of each.
func (f *remedyFinder) cross(ways []way, base, middle int) []way {
	end := len(ways)
	if end == middle+1 && ways[middle].n == 0 {
		return ways[:middle]
	}
	if middle == base+1 && ways[base] == (way{}) {
		n := copy(ways[base:], ways[middle:])
		return trim(ways[:base+n], base)
	}
	for i := base; i < middle; i++ {
		for k := middle; k < end; k++ {
			if w, ok := f.join(&ways[i], &ways[k]); ok {
				ways = append(ways, w)
			}
		}
	}
	n := copy(ways[base:], ways[end:])
	return trim(ways[:base+n], base)
}

// satisfy appends sets of changes that would give a condition the wanted truth value.
func (f *remedyFinder) satisfy(id uint32, want bool, out []way) []way {
	p := f.p
	t, no := f.in.kid(id)
	if want && t == f.in.full || !want && no == f.in.full {
		return append(out, way{})
	}
	if id&atomBit != 0 {
		return f.satisfyAtom(id&^atomBit, want, out)
	}
	if !p.canFix(id, want) {
		return out
	}
	n := &p.nodes[id]
	kids := p.kids[n.first:n.last]
	switch n.op {
	case pack.OpAtom:
		return f.satisfyAtom(n.atom, want, out)
	case pack.OpNot, pack.OpNotShown:
		return f.satisfy(kids[0], !want, out)
	case pack.OpTrue:
		return out
	}
	if (n.op == pack.OpAll) == want {
		return f.satisfyAll(kids, want, out)
	}
	base := len(out)
	for _, k := range kids {
		if p.canFix(k, want) {
			out = f.satisfy(k, want, out)
		}
	}
	return trim(out, base)
}

// satisfyAll gives all members the wanted truth value; first it looks at those that no
// change of facts can give it.
func (f *remedyFinder) satisfyAll(kids []uint32, want bool, out []way) []way {
	p, base := f.p, len(out)
	for _, k := range kids {
		if p.canFix(k, want) {
			continue
		}
		if t, no := f.in.kid(k); want && t != f.in.full || !want && no != f.in.full {
			return out
		}
	}
	out = append(out, way{})
	for _, k := range kids {
		if !p.canFix(k, want) {
			continue
		}
		middle := len(out)
		out = f.cross(f.satisfy(k, want, out), base, middle)
		if len(out) == base {
			break
		}
	}
	return out
}

func (p *Program) changeable(id pack.FactID) bool {
	def := p.facts[id].def
	return def.Changeable() && def.Cost < forbiddenCost
}

func (f *remedyFinder) satisfyAtom(id uint32, want bool, out []way) []way {
	p, in := f.p, f.in
	a := &p.atoms[id]
	add := func(x fix) {
		out = append(out, way{fixes: [maxRemedyFacts]fix{x}, n: 1, cost: max(1, p.facts[x.fact].def.Cost)})
	}
	if a.kind == atomRef {
		if a.fact == p.date && want && p.changeable(a.ref) && p.facts[a.ref].def.Kind == pack.KindDay {
			// The thing itself would have to be done now: a new audit, a new contract.
			add(fix{fact: a.ref, num: int64(in.date.Day(utc))})
		}
		return out
	}
	if !p.changeable(a.fact) {
		return out
	}
	switch def := p.facts[a.fact].def; a.kind {
	case atomNum:
		if def.Kind == pack.KindBool {
			add(fix{fact: a.fact, num: b2i((a.num == 1) == (a.cmp == pack.Eq) == want)})
		}
	case atomEnum, atomRegion:
		if (a.cmp == pack.In) != want {
			return out
		}
		first := len(out)
		for _, s := range a.src.Set {
			if def.Kind == pack.KindEnum && slices.Contains(def.Circumstances, s) {
				continue
			}
			item := uint16(s)
			if a.kind == atomRegion {
				item = p.commonName(s, in.days[a.zone])
			}
			if add(fix{fact: a.fact, item: item}); len(out)-first == maxSatisfying {
				break
			}
		}
		out = f.implying(a, out)
	}
	return out
}

// implying appends values that say more than those that a comparison asks for.
func (f *remedyFinder) implying(a *atom, out []way) []way {
	info := &f.p.facts[a.fact]
	n := 0
	for v, implied := range info.closure {
		if n == maxSatisfying {
			break
		}
		if !a.accepts(uint16(v)) && slices.ContainsFunc(implied, a.accepts) && !slices.Contains(info.def.Circumstances, v) {
			out = append(out, way{fixes: [maxRemedyFacts]fix{{fact: a.fact, item: uint16(v)}}, n: 1, cost: max(1, info.def.Cost)})
			n++
		}
	}
	return out
}

// cures asks the question again with a set of changes.
func (f *remedyFinder) cures(w *way) bool {
	if !f.lawfulWith(w, false) {
		return false
	}
	return !f.dates(w) || f.lawfulWith(w, true)
}

// dates adds to the changes that what is done now is done on the date of the question, as
// far as the violated rules read such facts; false if they read none.
func (f *remedyFinder) dates(*way) bool {
	p := f.p
	found := false
	for _, v := range f.res.violated {
		for w := range p.events {
			for x := p.events[w] & p.uses[v].reads[w] &^ f.in.given[w]; x != 0; x &= x - 1 {
				id := factAt(w, x)
				if !slices.ContainsFunc(f.changes, func(c change) bool { return c.fact == id }) {
					f.changes = append(f.changes, change{fact: id, at: f.in.date, num: int64(f.in.date.Day(utc))})
					found = true
				}
			}
		}
	}
	return found
}

// lawfulWith tells whether the operation, changed, is no longer denied. Where nothing is
// demanded only the rules that read a changed fact can answer differently.
func (f *remedyFinder) lawfulWith(w *way, dated bool) bool {
	p, in := f.p, f.in
	if !dated {
		f.changes = f.room[:0]
		for _, x := range w.set() {
			f.changes = append(f.changes, p.changeTo(x))
		}
	}
	lawful := false
	err := in.try(f.changes, func() error {
		if f.plain {
			only := in.only
			in.only = f.touched()
			p.judgeChunks(in, f.res.review, f.scratch)
			in.only = only
			if len(f.scratch.conflicts)+len(f.scratch.demanded) == 0 {
				lawful = len(f.scratch.violated) == 0
				return nil
			}
		}
		p.evaluate(in, f.res.review, f.scratch)
		lawful = f.scratch.effect != comity.Deny
		return nil
	})
	return err == nil && lawful
}

// touched are the violated rules and those that read a changed fact.
func (f *remedyFinder) touched() []uint64 {
	ev := &f.in.ev
	clear(ev.touched)
	for _, v := range f.res.violated {
		ev.touched[v>>6] |= 1 << (v & 63)
	}
	for _, c := range f.changes {
		for w, bits := range f.p.readers[c.fact] {
			ev.touched[w] |= bits
		}
	}
	return ev.touched
}

// changeTo is the change of a fix, with what its value implies.
func (p *Program) changeTo(x fix) change {
	info := &p.facts[x.fact]
	c := change{fact: x.fact, num: x.num}
	if info.values != nil {
		c.items = []uint16{x.item}
		if int(x.item) < len(info.closure) {
			c.items = append(c.items, info.closure[x.item]...)
			c.implied = true
		}
	}
	return c
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// commonName is the group with the shortest code that has the same places on the day: a
// caller says EEA where a rule says where Union law applies.
func (p *Program) commonName(id int, day pack.Day) uint16 {
	regions := p.model.Vocab.Regions()
	best := pack.RegionID(id)
	if !regions.IsGroup(best) {
		return uint16(id)
	}
	set := *regions.Set(best, day)
	for other := 1; other < regions.Len(); other++ {
		o := pack.RegionID(other)
		if regions.IsGroup(o) && len(regions.Code(o)) < len(regions.Code(best)) && *regions.Set(o, day) == set {
			best = o
		}
	}
	return uint16(best)
}
