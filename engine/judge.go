// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

var errForeignInput = &comity.Error{Code: comity.CodeUsage, Op: "evaluate",
	Remedy: "encode the facts with this program", Err: errors.New("the input belongs to another program")}

// Evaluate judges an encoded question (SEMANTICS 3) into res, which is reused. The only
// error is an input that belongs to another program.
func (p *Program) Evaluate(in *Input, mode comity.Mode, res *Result) error {
	if in.prog != p {
		return errForeignInput
	}
	review := mode != comity.MissingIgnore
	res.reset(p, review)
	for base := 0; base < in.combos; base += 64 {
		if in.combos > 64 {
			in.chunk(base)
		}
		p.judgeChunk(in, review, res)
	}
	if in.combos > 64 {
		res.normalise()
	}
	if review {
		p.needsOf(in, res)
	}
	switch {
	case len(res.violated) > 0:
		res.effect = comity.Deny
	case len(res.conflicts)+len(res.missing)+len(res.questions)+len(res.undeclared) > 0:
		res.effect = comity.Review
	}
	return nil
}

// normalise sorts and dedupes what several chunks reported.
func (r *Result) normalise() {
	for _, s := range []*[]uint32{&r.bound, &r.violated, &r.applied, &r.duties, &r.met, &r.questions, &r.demanded} {
		slices.Sort(*s)
		*s = slices.Compact(*s)
	}
}

func (p *Program) judgeChunk(in *Input, review bool, res *Result) {
	ev := &in.ev
	ev.next()
	ev.prohibited, ev.demands = ev.prohibited[:0], ev.demands[:0]
	var op uint64
	if in.given.has(p.op) {
		op = 1 << in.items[p.op][0]
	}
	words := p.index.words
	var rows [maxIndexed][]uint64
	n := in.indexRows(&rows, review)
	tail := lastWord(len(p.rules))
	for w := 0; w < words; w++ {
		x := rows[0][w]
		for _, row := range rows[1:n] {
			x &= row[w]
		}
		if w == words-1 {
			x &= tail
		}
		if x != 0 {
			p.judgeWord(in, res, w, x, op, review)
		}
	}
	p.declared(in, res, op)
	if len(ev.prohibited) > 0 {
		p.contradictions(in, res, op)
	}
}

// judge handles one rule that the index left.
func (p *Program) judge(in *Input, res *Result, i uint32, op uint64, review bool) {
	r := &p.rules[i]
	day := in.days[r.zone]
	if day < r.from || day >= r.until {
		return
	}
	var bound uint64
	if r.exact && in.combos == 1 {
		bound = 1
	} else {
		bound = p.binds(in, res, r, i, review)
		if bound == 0 {
			return
		}
	}
	res.bound = append(res.bound, i)
	if len(r.branches) == 0 {
		switch r.kind {
		case ruleForbid:
			in.ev.prohibited = append(in.ev.prohibited, prohibition{i, bound})
			return
		case ruleQualify:
			res.applied = append(res.applied, i)
			return
		case ruleReview:
			res.questions = append(res.questions, i)
			return
		}
	}
	rest, spoken := p.branchesOf(in, res, r, i, bound)
	if rest == 0 {
		return
	}
	p.unlifted(in, res, r, i, rest, spoken, review)
	if r.demand&op != 0 {
		in.ev.demands = append(in.ev.demands, demander{i, rest})
		res.demanded = append(res.demanded, i)
	}
}

// binds is the set of combinations in which the rule's scope is met.
func (p *Program) binds(in *Input, res *Result, r *rule, i uint32, review bool) uint64 {
	pm := p.packState(in, res, r.pack)
	if pm.could == 0 {
		return 0
	}
	t, f := in.cond(r.when)
	bound := t & pm.bind
	if review && r.hasAsk {
		if open := pm.could &^ f &^ bound; open != 0 {
			p.couldBind(in, res, r, i, open, pm.could&^pm.bind, in.full&^t&^f)
		}
	}
	return bound
}

func (p *Program) packState(in *Input, res *Result, no uint16) *packMemo {
	m := &in.ev.packs[no]
	if m.epoch == in.ev.epoch {
		return m
	}
	info := &p.packs[no]
	t, f := in.cond(info.reach)
	*m = packMemo{epoch: in.ev.epoch, bind: t, could: in.full &^ f}
	if m.could != 0 {
		for j, id := range info.outside {
			ot, _ := in.cond(id)
			if ot&t != 0 {
				res.outside = appendNew(res.outside, outsideNode{no, uint16(j)})
			}
			m.outside |= ot
		}
		m.bind &^= m.outside
		m.could &^= m.outside
	}
	return m
}

// branchesOf lifts what exceptions lift and returns the combinations that remain, and
// those among all in which an exception was spoken to.
func (p *Program) branchesOf(in *Input, res *Result, r *rule, i uint32, bound uint64) (rest, spoken uint64) {
	rest = bound
	ev := &in.ev
	for b := range r.branches {
		br := &r.branches[b]
		t, f := in.lenient(br.when)
		ev.full[b], ev.open[b] = t&bound, 0
		var said uint64
		if br.claim != none {
			ct, cf := in.cond(br.claim)
			said = ct | cf
			ev.open[b] = bound &^ t &^ f & ct
		} else if br.spoken.meets(&in.given) {
			said = in.full
			ev.open[b] = bound &^ t &^ f
		}
		spoken |= said
		if !br.rests || r.absolute {
			ev.open[b] = 0
		}
		if br.settled && ev.full[b]&rest != 0 {
			rest &^= ev.full[b]
			res.held = appendNew(res.held, heldBranch{i, uint32(b), false})
			if rest == 0 {
				return 0, spoken
			}
		}
	}
	for pass := 0; pass < 3; pass++ {
		for b := range r.branches {
			m := ev.open[b]
			if pass == 0 {
				m = ev.full[b]
			} else if r.branches[b].settled != (pass == 1) {
				continue
			}
			if m&rest != 0 {
				rest &^= m
				p.hold(in, res, r, i, b, pass > 0)
			}
		}
	}
	return rest, spoken
}

// hold notes an exception that lifts; an open one that asks for a fact marked ask is
// missing it in enforcement.
func (p *Program) hold(in *Input, res *Result, r *rule, i uint32, b int, open bool) {
	res.held = appendNew(res.held, heldBranch{i, uint32(b), open})
	if !open || !res.review || r.ask == (factSet{}) {
		return
	}
	for _, a := range p.openAtoms(in, r.branches[b].when, nil) {
		id := p.atoms[a].fact
		if r.ask.has(id) && !in.given.has(id) {
			res.missing = appendNew(res.missing, missingFact{i, id})
		}
	}
}

// unlifted judges a bound rule where no exception holds.
func (p *Program) unlifted(in *Input, res *Result, r *rule, i uint32, rest, spoken uint64, review bool) {
	switch r.kind {
	case ruleForbid:
		p.forbidden(in, res, r, i, rest, spoken, review)
	case ruleMust:
		t, f := in.cond(r.must)
		if f&rest != 0 {
			in.ev.prohibited = append(in.ev.prohibited, prohibition{i, f & rest})
		}
		if t&rest != 0 {
			res.met = append(res.met, i)
		}
		if rest&^t&^f != 0 {
			res.duties = append(res.duties, i)
		}
	case ruleQualify:
		res.applied = append(res.applied, i)
	case ruleReview:
		res.questions = append(res.questions, i)
	}
}

func (p *Program) forbidden(in *Input, res *Result, r *rule, i uint32, rest, spoken uint64, review bool) {
	viol := rest
	if !r.absolute && len(r.branches) > 0 {
		viol &= spoken
	}
	if silent := rest &^ viol; silent != 0 && review {
		switch {
		case p.asksInBranches(in, res, r, i):
		case r.silent:
			res.duties = append(res.duties, i)
		default:
			viol |= silent
		}
	}
	if viol != 0 {
		in.ev.prohibited = append(in.ev.prohibited, prohibition{i, viol})
	}
}

func (p *Program) asksInBranches(in *Input, res *Result, r *rule, i uint32) bool {
	var absent factSet
	for w := range absent {
		absent[w] = r.branchAsk[w] &^ in.given[w]
	}
	res.miss(i, &absent)
	return absent != factSet{}
}

// couldBind reports facts marked ask without which a rule that nothing lifts might bind:
// those of the reach where the reach is unknown, those of the scope where the scope is.
func (p *Program) couldBind(in *Input, res *Result, r *rule, i uint32, open, reachOpen, whenOpen uint64) {
	absent := func(asked *factSet) (out factSet) {
		for w := range out {
			out[w] = asked[w] &^ in.given[w]
		}
		return out
	}
	inReach, inWhen := absent(&r.reachAsk), absent(&r.whenAsk)
	if inReach == (factSet{}) && inWhen == (factSet{}) || r.kind == ruleQualify {
		return
	}
	for b := range r.branches {
		br := &r.branches[b]
		t, f := in.lenient(br.when)
		open &^= t
		if br.rests && !r.absolute {
			said := uint64(0)
			if br.claim != none {
				said, _ = in.cond(br.claim)
			} else if br.spoken.meets(&in.given) {
				said = in.full
			}
			open &^= said &^ f
		}
	}
	if r.must != none {
		t, _ := in.cond(r.must)
		open &^= t
	} else if r.kind == ruleDemand {
		return
	}
	if open&reachOpen != 0 {
		res.miss(i, &inReach)
	}
	if open&whenOpen != 0 {
		res.miss(i, &inWhen)
	}
}

func (r *Result) miss(i uint32, facts *factSet) {
	for w := range facts {
		for x := facts[w]; x != 0; x &= x - 1 {
			r.missing = appendNew(r.missing, missingFact{i, factAt(w, x)})
		}
	}
}

// needsOf reports facts without which the operation is not judged in enforcement.
func (p *Program) needsOf(in *Input, res *Result) {
	if !in.given.has(p.op) {
		res.missing = append(res.missing, missingFact{none, p.op})
		return
	}
	needs := &p.needs[in.items[p.op][0]]
	for w := range needs {
		for x := needs[w] &^ in.given[w]; x != 0; x &= x - 1 {
			res.missing = append(res.missing, missingFact{none, factAt(w, x)})
		}
	}
	if p.establishment != 0 && !in.given.has(p.establishment) && (p.targets == 0 || !in.given.has(p.targets)) {
		res.missing = append(res.missing, missingFact{none, p.establishment})
	}
}

// openAtoms lists the unknown comparisons that still stand between a condition and truth.
func (p *Program) openAtoms(in *Input, id uint32, dst []uint32) []uint32 {
	n := &p.nodes[id]
	t, f := in.lenient(id)
	if in.full&^t&^f == 0 {
		return dst
	}
	kids := p.kids[n.first:n.last]
	switch n.op {
	case pack.OpAtom:
		if !slices.Contains(dst, n.atom) {
			dst = append(dst, n.atom)
		}
	case pack.OpAny:
		said := slices.ContainsFunc(kids, func(k uint32) bool { return p.nodes[k].rests.meets(&in.given) })
		for _, k := range kids {
			if !said || p.nodes[k].rests.meets(&in.given) {
				dst = p.openAtoms(in, k, dst)
			}
		}
	default:
		for _, k := range kids {
			dst = p.openAtoms(in, k, dst)
		}
	}
	return dst
}
