// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"math/bits"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

var errForeignInput = &comity.Error{
	Code: comity.CodeUsage, Op: "evaluate",
	Remedy: "encode the facts with this program", Err: errors.New("the input belongs to another program"),
}

// Evaluate judges an encoded question (SEMANTICS 3) into res, which is reused. The only
// error is an input that belongs to another program.
func (p *Program) Evaluate(in *Input, mode comity.Mode, res *Result) error {
	if in.prog != p {
		return errForeignInput
	}
	p.evaluate(in, mode != comity.MissingIgnore, res)
	return nil
}

func (p *Program) evaluate(in *Input, review bool, res *Result) {
	if in.simple && in.only == nil {
		res.resetSimple(p, review)
		p.judgeSimple(in, in.indexRows(review), res)
		if len(res.violated) > 0 {
			res.effect = comity.Deny
		}
		if !review {
			return
		}
	} else {
		p.judgeChunks(in, review, res)
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
}

func (p *Program) judgeChunks(in *Input, review bool, res *Result) {
	res.reset(p, review)
	for base := 0; base < in.combos; base += in.span {
		if in.combos > 64 {
			in.chunk(base)
		}
		p.judgeChunk(in, review, res)
	}
	if in.combos > 64 {
		res.normalise()
	}
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
	ev.prohibited, ev.demands, ev.stays = ev.prohibited[:0], ev.demands[:0], 0
	var op uint64
	if in.given.has(p.op) {
		op = 1 << in.items[p.op][0]
	}
	rows := in.indexRows(review)
	for w, x := range rows[0][:p.index.words] {
		if x &= rows[1][w] & rows[2][w] & rows[3][w]; x == 0 {
			continue
		}
		x &= in.force[w]
		for _, row := range rows[4:] {
			x &= row[w]
		}
		if in.only != nil {
			x &= in.only[w]
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

// judgeSimple answers from the index alone, where all rules are simple and nothing can
// dispute a violation. The first four rows, which say most, are joined without an inner
// loop; there are always four.
func (p *Program) judgeSimple(in *Input, rows [][]uint64, res *Result) {
	n := p.index.words
	first, forbid, force := rows[0][:n], p.index.simpleForbid[:n], in.force[:n]
	r1, r2, r3 := rows[1][:n], rows[2][:n], rows[3][:n]
	bound, violated, applied := res.bound, res.violated, res.applied
	for w, x := range first {
		if x &= r1[w] & r2[w] & r3[w]; x == 0 {
			continue
		}
		x &= force[w]
		for _, row := range rows[4:] {
			x &= row[w]
		}
		for ; x != 0; x &= x - 1 {
			i := uint32(w<<6 + bits.TrailingZeros64(x))
			if p.index.loose && !in.inForce(i) {
				continue
			}
			bound = append(bound, i)
			if x&-x&forbid[w] != 0 {
				violated = append(violated, i)
			} else {
				applied = append(applied, i)
			}
		}
	}
	res.bound, res.violated, res.applied = bound, violated, applied
}

// inForce tells whether a rule binds on the day of the question.
func (in *Input) inForce(i uint32) bool {
	s := &in.prog.index.spans[i]
	day := in.days[s.zone]
	return day >= s.from && day < s.until
}

// judge handles one rule that the index left.
func (p *Program) judge(in *Input, res *Result, i uint32, op uint64, review bool) {
	bound := p.binds(in, res, i, review)
	if bound == 0 {
		return
	}
	r := &p.rules[i]
	res.bound = append(res.bound, i)
	if len(r.branches) == 0 && r.demand&op == 0 {
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
	rest := p.branchesOf(in, res, r, i, bound, allBranches)
	if rest == 0 {
		return
	}
	p.unlifted(in, res, r, i, rest, review)
	if r.demand&op != 0 {
		in.ev.demands = append(in.ev.demands, demander{i, rest})
		res.demanded = append(res.demanded, i)
	}
}

// binds is the set of combinations in which the rule's scope is met. Facts marked ask
// matter only while one of them is absent.
func (p *Program) binds(in *Input, res *Result, i uint32, review bool) uint64 {
	g := &p.gates[i]
	if !g.asksWhen || !review {
		// A rule that asks is a candidate also without the other facts of its scope.
		if g.needs.lacks(&in.given) {
			return 0
		}
		if g.exact && in.combos == 1 && !(g.hasAsk && review) {
			return 1
		}
	}
	pm := &in.ev.packs[g.pack]
	if pm.epoch != in.ev.epoch {
		p.reach(in, pm, g.pack, review)
	}
	switch {
	case pm.could == 0:
		return 0
	case review && g.hasAsk && g.asks.lacks(&in.given) && !p.askNeeds[i].lacks(&in.given):
		return p.bindsOrAsks(in, res, i, pm)
	case pm.bind == 0:
		return 0
	}
	t := p.scope(in, g, pm.bind)
	if t != 0 && !pm.settled {
		p.settle(in, pm, g.pack)
	}
	return t & pm.bind
}

// bindsOrAsks is binds for a rule that may have to ask for facts to know whether it binds.
func (p *Program) bindsOrAsks(in *Input, res *Result, i uint32, pm *packMemo) uint64 {
	g, r := &p.gates[i], &p.rules[i]
	if !g.asksWhen || !r.ask.when.lacks(&in.given) {
		// Facts of the reach are asked only where the scope is met.
		t := p.scope(in, g, pm.could)
		if t == 0 {
			return 0
		}
		p.settle(in, pm, g.pack)
		if open := t & pm.could &^ pm.bind; open != 0 {
			p.couldBind(in, res, r, i, open, open, 0)
		}
		return t & pm.bind
	}
	t, f := in.cond(r.when)
	if pm.could&^f == 0 {
		return 0
	}
	p.settle(in, pm, g.pack)
	could := pm.could
	bound := t & pm.bind
	if open := could &^ f &^ bound; open != 0 {
		p.couldBind(in, res, r, i, open, could&^pm.bind, in.full&^t&^f)
	}
	return bound
}

// scope is where the scope of a candidate is true, within m.
func (p *Program) scope(in *Input, g *gate, m uint64) uint64 {
	if m == 0 {
		return 0
	}
	return in.allOf(g.first, g.last, m)
}

// packState tells where the pack binds, and in enforcement, while facts of the reach can be
// asked for, where it could.
func (p *Program) packState(in *Input, no uint16, review bool) *packMemo {
	m := &in.ev.packs[no]
	if m.epoch != in.ev.epoch {
		p.reach(in, m, no, review)
	}
	p.settle(in, m, no)
	return m
}

// settle takes what lies outside of a pack out of where its reach is met.
func (p *Program) settle(in *Input, m *packMemo, no uint16) {
	if m.settled {
		return
	}
	m.settled = true
	if m.bind|m.could != 0 {
		out := p.isOutside(in, &p.packs[no])
		m.bind &^= out
		m.could &^= out
	}
}

// reach fills the state of a pack, still with what lies outside.
func (p *Program) reach(in *Input, m *packMemo, no uint16, review bool) {
	info := &p.packs[no]
	*m = packMemo{epoch: in.ev.epoch, settled: len(info.outside) == 0}
	asks := review && info.asks.lacks(&in.given)
	if asks {
		t, f := in.cond(info.reach)
		m.bind, m.could = t, in.full&^f
	} else if !info.needs.lacks(&in.given) {
		m.bind = in.circuit(info.reach)
	}
	if !asks {
		m.could = m.bind
	}
}

func (p *Program) isOutside(in *Input, info *packInfo) (m uint64) {
	if len(info.outside) > maxSwitched {
		for _, id := range info.outside {
			m |= in.circuit(id)
		}
		return m
	}
	for x := in.pick(info.switches, ^uint64(0)>>(maxSwitched-len(info.outside))); x != 0; x &= x - 1 {
		i := bits.TrailingZeros64(x)
		if !info.outsideNeeds[i].lacks(&in.given) {
			m |= in.circuit(info.outside[i])
		}
	}
	return m
}

// outsideNodes lists the nodes that keep a regime whose reach is met from binding, for
// some combination. They are looked up only for answers, since no effect hangs on them.
func (p *Program) outsideNodes(in *Input) []outsideNode {
	var out []outsideNode
	for base := 0; base < in.combos; base += in.span {
		if in.combos > 64 {
			in.chunk(base)
			in.ev.next()
		}
		for no := range p.packs {
			info := &p.packs[no]
			if len(info.outside) == 0 || !in.canReach(no) || info.needs.lacks(&in.given) {
				continue
			}
			picked := in.pick(info.switches, ^uint64(0))
			if n := len(info.outside); n <= maxSwitched && picked<<(maxSwitched-n) == 0 {
				continue
			}
			reach := in.circuit(info.reach)
			if reach == 0 {
				continue
			}
			for j, id := range info.outside {
				if (j >= maxSwitched || picked>>j&1 != 0) && !info.outsideNeeds[j].lacks(&in.given) && in.circuit(id)&reach != 0 {
					out = appendNew(out, outsideNode{uint16(no), uint16(j)})
				}
			}
		}
	}
	return out
}

// spoken is the set of combinations in which anyone spoke to any branch.
func (p *Program) spoken(in *Input, r *rule) (m uint64) {
	if r.spoken.facts.meets(&in.given) {
		return in.full
	}
	for _, c := range r.spoken.claims {
		t, f := in.cond(c)
		if m |= t | f; m == in.full {
			break
		}
	}
	return m
}

// hold notes an exception that lifts the combinations m; an open one that asks for a fact
// marked ask is missing it in enforcement.
func (p *Program) hold(in *Input, res *Result, r *rule, i uint32, b int, open bool, m uint64) {
	res.held = appendNew(res.held, heldBranch{i, uint32(b), open})
	if !open || !res.review || r.kind != ruleForbid || r.ask == nil {
		return
	}
	for _, a := range p.openAtoms(in, r.branches[b].when, m, nil) {
		for _, id := range [...]pack.FactID{p.atoms[a].fact, p.atoms[a].ref} {
			if id != 0 && r.ask.all.has(id) && !in.given.has(id) {
				res.missing = appendNew(res.missing, missingFact{i, id})
			}
		}
	}
}

// unlifted judges a bound rule where no exception holds.
func (p *Program) unlifted(in *Input, res *Result, r *rule, i uint32, rest uint64, review bool) {
	switch r.kind {
	case ruleForbid:
		p.forbidden(in, res, r, i, rest, review)
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

func (p *Program) forbidden(in *Input, res *Result, r *rule, i uint32, rest uint64, review bool) {
	viol := rest
	if !r.absolute && len(r.branches) > 0 {
		viol &= p.spoken(in, r)
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

// openAtoms lists the comparisons that, unknown in some of the combinations m, still stand
// between a condition and truth.
func (p *Program) openAtoms(in *Input, id uint32, m uint64, dst []uint32) []uint32 {
	n := &p.nodes[id]
	t, f := in.lenient(id)
	if m &^= t | f; m == 0 {
		return dst
	}
	if n.op == pack.OpAtom {
		return p.openKid(in, atomBit|n.atom, m, dst)
	}
	kids := p.kids[n.first:n.last]
	said := n.op == pack.OpAny && slices.ContainsFunc(kids, in.said)
	for _, k := range kids {
		if !said || in.said(k) {
			dst = p.openKid(in, k, m, dst)
		}
	}
	return dst
}

func (p *Program) openKid(in *Input, k uint32, m uint64, dst []uint32) []uint32 {
	if k&atomBit == 0 {
		return p.openAtoms(in, k, m, dst)
	}
	a := k &^ atomBit
	if t, f := in.atom(a); m&^t&^f != 0 && !slices.Contains(dst, a) {
		dst = append(dst, a)
	}
	return dst
}

// openPart is one thing that an exception still asks for: a comparison, or alternatives of
// which any suffices.
type openPart struct{ fact, text string }

// openParts words what still stands between a condition and truth.
func (p *Program) openParts(in *Input, id uint32, m uint64) []openPart {
	if id&atomBit == 0 && p.nodes[id].op != pack.OpAtom {
		n := &p.nodes[id]
		t, f := in.lenient(id)
		if m &^= t | f; m == 0 {
			return nil
		}
		kids := p.kids[n.first:n.last]
		said := n.op == pack.OpAny && slices.ContainsFunc(kids, in.said)
		var parts []openPart
		for _, k := range kids {
			if !said || in.said(k) {
				parts = append(parts, p.openParts(in, k, m)...)
			}
		}
		if n.op != pack.OpAny || len(parts) < 2 {
			return parts
		}
		one := openPart{fact: parts[0].fact, text: parts[0].text}
		for _, x := range parts[1:] {
			one.text += ", or " + x.text
		}
		return []openPart{one}
	}
	var out []openPart
	for _, a := range p.openKid(in, p.atomOf(id), m, nil) {
		out = append(out, openPart{p.facts[p.atoms[a].fact].def.Name, p.model.Vocab.AtomText(p.atoms[a].src.Atom)})
	}
	return out
}

// atomOf is the entry of Program.kids for an atom given as entry or as node.
func (p *Program) atomOf(id uint32) uint32 {
	if id&atomBit != 0 {
		return id
	}
	return atomBit | p.nodes[id].atom
}
