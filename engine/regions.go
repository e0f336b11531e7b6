// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/bits"
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// regionAsk is the working memory of a question for permitted regions.
type regionAsk struct {
	codes []string // as asked last, with what they mean
	names []string
	ids   []uint16
	// reps holds one candidate of each class, class the class of each candidate.
	reps, class []uint16
	number      []uint16 // by class of the program: the index in reps, plus one
	uniform     bool     // the same memberships hold in all zones
	// open marks the rules that could be violated somewhere; within those whose packs can be
	// within reach of some place.
	open, within []uint64
	// there holds what is violated where only the destination varies, bound, per pack, what
	// would be wherever its reach is met.
	there []prohibition
	bound []uint64
	// unlifted remembers, per rule, what its exceptions leave that read no kind of place.
	unlifted []memo
	// ok tells, per kind of place and class, whether the operation is not denied.
	ok    [][]bool
	res   Result
	place [1]uint16 // that is tried
}

// PlaceKinds lists the kinds of places that regions are computed for.
func (p *Program) PlaceKinds() []string {
	return []string{"storage", "processing", "model", "inference"}
}

// regions computes Decision.Regions (SEMANTICS 5.4): per kind of place the candidates that
// are not denied; a kind that nothing restricts is left out.
func (p *Program) regions(in *Input, review bool, codes []string) (map[string][]string, error) {
	var res Result
	p.evaluate(in, review, &res)
	return p.regionsOf(in, &res, codes)
}

// regionsOf is regions for a question that is judged already. Most of that judgement holds
// in every place: only rules that read a place are judged again, for one candidate of each
// class of regions, all at once as if they were the elements of a list.
func (p *Program) regionsOf(in *Input, res *Result, codes []string) (map[string][]string, error) {
	q := &in.ev.regions
	if err := q.candidates(p, codes); err != nil {
		return nil, err
	}
	q.classes(in)
	q.begin(p)
	if in.isMechanismOrder() || !p.onlyPlaces(in, res, q) {
		if err := p.whatIf(in, res.review, q); err != nil {
			return nil, err
		}
	}
	return q.lists(p), nil
}

// lists names the permitted candidates of each kind that is restricted; neighbours with the
// same ones share a list.
func (q *regionAsk) lists(p *Program) map[string][]string {
	total := 0
	for k := range q.ok {
		if slices.Contains(q.ok[k], false) && (k == 0 || !slices.Equal(q.ok[k], q.ok[k-1])) {
			for _, c := range q.class {
				total += int(b2i(q.ok[k][c]))
			}
		}
	}
	out := make(map[string][]string, len(q.ok))
	all := make([]string, 0, total)
	for k := range q.ok {
		if !slices.Contains(q.ok[k], false) {
			continue
		}
		if k > 0 && slices.Equal(q.ok[k], q.ok[k-1]) {
			out[p.places.kinds[k].name] = out[p.places.kinds[k-1].name]
			continue
		}
		first := len(all)
		for i, c := range q.class {
			if q.ok[k][c] {
				all = append(all, q.names[i])
			}
		}
		out[p.places.kinds[k].name] = all[first:len(all):len(all)]
	}
	return out
}

// candidates looks the codes up, unless they are those of the last question.
func (q *regionAsk) candidates(p *Program, codes []string) error {
	regions := p.model.Vocab.Regions()
	if len(codes) == 0 {
		codes = regions.Countries()
	}
	if slices.Equal(codes, q.codes) && len(q.ids) > 0 {
		return nil
	}
	q.codes, q.ids, q.names = q.codes[:0], q.ids[:0], nil
	seen := make([]bool, regions.Len())
	for _, c := range codes {
		id, ok := regions.Lookup(c)
		if !ok {
			q.ids = q.ids[:0]
			return valueError(&pack.ValueError{
				Fact: "candidates", Unknown: true, Msg: "unknown region " + c, Remedy: regions.Suggest(c),
			})
		}
		if !seen[id] {
			seen[id] = true
			q.ids, q.names = append(q.ids, uint16(id)), append(q.names, regions.Code(id))
		}
	}
	q.codes = append(q.codes, codes...)
	return nil
}

// classes picks one candidate of each class.
func (q *regionAsk) classes(in *Input) {
	p := in.prog
	now := in.classesNow()
	q.uniform = now != nil
	if in.isMechanismOrder() {
		now = nil // a demand has the order of the destination itself
	}
	q.reps, q.class = q.reps[:0], q.class[:0]
	if q.number == nil {
		q.number = make([]uint16, p.model.Vocab.Regions().Len())
	}
	clear(q.number)
	for _, id := range q.ids {
		if now == nil || in.comparesPlace(id) {
			q.class = append(q.class, uint16(len(q.reps)))
			q.reps = append(q.reps, id)
			continue
		}
		n := &q.number[now[id]]
		if *n == 0 {
			q.reps = append(q.reps, id)
			*n = uint16(len(q.reps))
		}
		q.class = append(q.class, *n-1)
	}
}

// comparesPlace tells a region that a fact has which places are compared with.
func (in *Input) comparesPlace(id uint16) bool {
	for _, f := range in.prog.places.refs {
		if slices.Contains(in.items[f], id) {
			return true
		}
	}
	return false
}

// begin takes every place as permitted.
func (q *regionAsk) begin(p *Program) {
	if q.ok == nil {
		q.ok = make([][]bool, len(p.places.kinds))
		q.open, q.within = make([]uint64, p.index.words), make([]uint64, p.index.words)
		q.unlifted = make([]memo, len(p.rules))
		q.bound = make([]uint64, len(p.packs))
	}
	for k := range q.ok {
		q.ok[k] = slices.Grow(q.ok[k][:0], len(q.reps))[:len(q.reps)]
		for i := range q.ok[k] {
			q.ok[k][i] = true
		}
	}
}

// onlyPlaces fills q.ok by judging the rules that read places; false where demands could
// dispute what it finds.
func (p *Program) onlyPlaces(in *Input, res *Result, q *regionAsk) bool {
	demanded, moves := p.placeRules(in, q)
	for _, i := range res.demanded {
		if p.places.dependent[i>>6]>>(i&63)&1 != 0 {
			return false // elsewhere it may demand no longer what it disputes here
		}
	}
	left := false
	for k := range p.places.kinds {
		if !p.deniedAnyway(res, &p.places.kinds[k]) {
			left = true
			continue
		}
		if moves {
			return false
		}
		clear(q.ok[k])
	}
	if !left {
		return true
	}
	combos := in.combos
	in.startPlaces()
	defer in.endPlaces(combos)
	for base := 0; base < combos; base += in.span {
		for first := 0; first < len(q.reps); {
			n := in.placeChunk(q, combos, base, first)
			if !p.judgePlaces(in, res.review, q, first, n) && demanded {
				return false
			}
			first += n
		}
	}
	return true
}

// placeRules fills q.open. It tells whether anything demands the operation, and whether a
// rule that does hangs on the place.
func (p *Program) placeRules(in *Input, q *regionAsk) (demanded, moves bool) {
	x := &p.places
	var demands []uint64
	if in.given.has(p.op) {
		op := int(in.items[p.op][0])
		demands = x.demands[op]
		demanded = len(in.rules) > 0 && in.running() && (op == p.opRetain || op == p.opStore)
	}
	rows := in.rows[0]
	in.withinAnywhere(q.reps, q.within)
	for w := range q.open {
		m := in.force[w] & q.within[w]
		if in.only != nil {
			m &= in.only[w]
		}
		for i, row := range rows[:len(p.index.facts)] {
			if !p.index.facts[i].place {
				m &= row[w]
			}
		}
		if demands != nil {
			demanded = demanded || m&demands[w] != 0
			moves = moves || m&demands[w]&x.dependent[w] != 0
		}
		q.open[w] = m & x.violable[w]
	}
	return demanded, moves
}

// deniedAnyway tells that a rule is violated wherever a kind of place lies.
func (p *Program) deniedAnyway(res *Result, kind *placeKind) bool {
	for _, i := range res.violated {
		if i >= declaredBase {
			return true
		}
		if w, b := i>>6, i&63; (kind.direct[w]|kind.reached[w]|p.places.direct[w])>>b&1 == 0 {
			return true
		}
	}
	return false
}

// startPlaces lets the destination vary, apart from all lists.
func (in *Input) startPlaces() {
	p := in.prog
	l := in.addList(p.toRegion)
	l.varied = true
	in.varying = true
	in.ev.hadTo, in.ev.oldTo = in.given.has(p.toRegion), in.items[p.toRegion]
	if p.toRegion != 0 {
		in.given.add(p.toRegion)
	}
}

func (in *Input) endPlaces(combos int) {
	p := in.prog
	to := p.toRegion
	in.items[to] = in.ev.oldTo
	if !in.ev.hadTo {
		in.given[to>>6] &^= 1 << (to & 63)
	}
	in.lists = in.lists[:len(in.lists)-1]
	in.rename(to|hidden, to)
	in.varying = false
	in.combos = combos
	in.ev.tableEpoch = 0
	in.chunk(0)
	in.ev.next()
}

// nextTables forgets what is remembered by table.
func (ev *evaluation) nextTables(p *Program) {
	if ev.tables == nil {
		ev.tables = make([]memo, p.places.tables)
	}
	ev.lastTable++
	if ev.lastTable == 0 {
		clear(ev.tables)
		ev.lastTable = 1
	}
	ev.tableEpoch = ev.lastTable
}

// placeChunk lets the combinations of a chunk of the lists stand beside each other, once
// for each of the next classes, and returns the number of these.
func (in *Input) placeChunk(q *regionAsk, combos, base, first int) int {
	to := in.prog.toRegion
	own := in.lists
	in.lists, in.combos, in.items[to] = own[:len(own)-1], combos, in.ev.oldTo
	in.rename(to|hidden, to)
	in.chunk(base)
	in.rename(to, to|hidden) // a list of destinations says nothing where another one is tried
	in.lists = own
	width := bits.OnesCount64(in.full)
	n := min(64/width, len(q.reps)-first)
	group, copies := in.full, uint64(0)
	l := &in.lists[len(in.lists)-1]
	l.mask = slices.Grow(l.mask[:0], n)[:n]
	for j := range n {
		l.mask[j] = group << (j * width)
		copies |= 1 << (j * width)
	}
	for i := range len(in.lists) - 1 {
		for k := range in.lists[i].mask {
			in.lists[i].mask[k] *= copies
		}
	}
	in.full = group * copies
	in.combos = n * width
	if q.uniform {
		in.ev.nextTables(in.prog)
	}
	in.items[to] = q.reps[first : first+n]
	return n
}

// hidden marks, in a list, a fact that has another value for now.
const hidden = 1 << 15

// rename lets the list of one fact be that of another.
func (in *Input) rename(from, to pack.FactID) {
	for i := range in.lists {
		if l := &in.lists[i]; l.fact == from && !l.varied {
			l.fact = to
		}
	}
}

// whatIf fills q.ok by asking the whole question with the places of each class.
func (p *Program) whatIf(in *Input, review bool, q *regionAsk) error {
	batch := max(1, min(maxCombinations/max(in.combos, 1), len(q.reps)))
	for k := range p.places.kinds {
		for first := 0; first < len(q.reps); first += batch {
			reps := q.reps[first:min(first+batch, len(q.reps))]
			ok, err := p.permitted(in, review, p.places.kinds[k].fact, reps, &q.res)
			if err != nil {
				return err
			}
			copy(q.ok[k][first:], ok)
		}
	}
	return nil
}
