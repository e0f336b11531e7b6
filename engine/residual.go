// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Residual is what remains of a program once some facts are known and others will follow
// for each row: the rules that can still matter, and the condition under which a row is
// denied (SEMANTICS 6.2). It is not safe for concurrent use.
type Residual struct {
	prog   *Program
	in     *Input
	review bool
	free   []pack.FactID
	known  int // facts known, the first of in.order
	keep   []uint64
	deny   *pack.Cond
}

// Residual evaluates everything that the known facts settle and leaves the free ones open.
// All free facts have to be given for each row. Known lists may have at most 64
// combinations, and the destination of a foreign order cannot be free. Errors are those of
// Encode, and CodeUsage.
func (p *Program) Residual(known comity.Facts, free []string, mode comity.Mode, at time.Time) (*Residual, error) {
	r := &Residual{prog: p, in: p.NewInput(), review: mode != comity.MissingIgnore}
	if err := p.Encode(r.in, known, at); err != nil {
		return nil, err
	}
	for _, name := range free {
		id, ok := p.names[name]
		switch {
		case !ok:
			return nil, p.unknownFact(name)
		case slices.Contains(r.free, id):
			return nil, usageError("residual", fmt.Errorf("fact %s is named twice as free", p.facts[id].def.Name), "name it once")
		case r.in.given.has(id):
			return nil, usageError("residual", fmt.Errorf("fact %s is both known and free", name), "name it once")
		case id == p.op || id == p.date || id == p.retention || p.facts[id].def.Ages != pack.NoUnit || p.facts[id].def.AgedBy != 0:
			return nil, usageError("residual", fmt.Errorf("fact %s cannot be free", name), "know operation, date, retention_rules, ages and their origins before")
		case id == p.elapsed && len(r.in.rules) > 0:
			return nil, usageError("residual", fmt.Errorf("fact %s cannot be free where retention_rules is known", name), "know both")
		}
		r.free = append(r.free, id)
	}
	if r.in.combos > 64 {
		return nil, usageError("residual", errors.New("the known lists have more than 64 combinations"), "ask in several parts")
	}
	if r.in.isMechanismOrder() && slices.Contains(r.free, p.toRegion) || slices.Contains(r.free, p.mechanism) && p.mechanism != 0 {
		return nil, usageError("residual", errors.New("transfer_mechanism cannot be free, nor the destination of a foreign order"), "know it before")
	}
	r.known = len(r.in.order)
	r.narrow()
	if err := r.deadlines(); err != nil {
		return nil, err
	}
	r.deny = r.predicate()
	return r, nil
}

// Deny is the condition, in the condition language, under which a row is denied: "true" if
// every row is, "false" if none. It reads the free facts, and a known one only where a rule
// compares it with a free one. It is exact for rows of single values that are no region
// groups; Evaluate is for all.
func (r *Residual) Deny() string {
	switch {
	case r.deny == nil:
		return "false"
	case r.deny.Op == pack.OpTrue:
		return "true"
	}
	return r.prog.model.Vocab.Text(r.deny)
}

// Rules is the number of rules that can still matter.
func (r *Residual) Rules() int {
	n := 0
	for _, w := range r.keep {
		n += bits.OnesCount64(w)
	}
	return n
}

// Evaluate answers for one row: the known facts together with its free ones.
func (r *Residual) Evaluate(row comity.Facts, res *Result) error {
	in := r.in
	for _, id := range in.order[r.known:] {
		in.given[id>>6] &^= 1 << (id & 63)
		in.items[id], in.strs[id] = in.items[id][:0], in.strs[id][:0]
	}
	in.order = in.order[:r.known]
	for name, v := range row {
		id, ok := r.prog.names[name]
		if !ok {
			return r.prog.unknownFact(name)
		}
		if !slices.Contains(r.free, id) {
			return usageError("residual", fmt.Errorf("fact %s was not named as free", name), "make a new residual")
		}
		if err := in.put(name, v); err != nil {
			return err
		}
	}
	if len(in.order)-r.known != len(r.free) {
		return usageError("residual", errors.New("a row lacks some of the free facts"), "give all of them")
	}
	in.lists = in.lists[:0]
	if err := in.combine(); err != nil {
		return err
	}
	in.only = r.keep
	r.prog.evaluate(in, r.review, res)
	return nil
}

// narrow keeps the rules that the known facts leave possible.
func (r *Residual) narrow() {
	p, in := r.prog, r.in
	rows := in.indexRows(r.review)
	r.keep = slices.Clone(p.index.ones)
	for i := range p.index.facts {
		if slices.Contains(r.free, p.index.facts[i].fact) {
			continue
		}
		for w := range r.keep {
			r.keep[w] &= rows[i][w]
		}
	}
	for i := range p.rules {
		rl := &p.rules[i]
		day := in.days[rl.zone]
		if day < rl.from || day >= rl.until {
			r.keep[i>>6] &^= 1 << (i & 63)
		}
	}
}

// deadlines refuses free facts on which it hangs when a deadline ends that the law counts by
// its own calendar: no comparison of the condition language says that.
func (r *Residual) deadlines() error {
	var err error
	p := r.prog
	for w := range r.keep {
		for x := r.keep[w]; x != 0; x &= x - 1 {
			conditions(p.rules[factAt(w, x)].src, func(c *pack.Cond) {
				counted(c, func(a *pack.Atom) {
					known := func(id pack.FactID) bool { return r.in.given.has(id) || slices.Contains(r.free, id) }
					if !known(a.Fact) || !known(a.Ref) {
						return
					}
					if slices.Contains(r.free, a.Ref) || slices.Contains(r.free, p.establishment) && p.variesBy(a.Count) {
						err = usageError("residual", fmt.Errorf("a deadline from %s hangs on a free fact", p.facts[a.Ref].def.Name), "know that fact and controller_establishment before")
					}
				})
			})
		}
	}
	return err
}

// predicate builds the condition of denial: some rule is violated in some combination and
// no demand of another order takes the violation away.
func (r *Residual) predicate() *pack.Cond {
	p, in := r.prog, r.in
	in.ev.next()
	s := &simplifier{p: p, in: in, review: r.review}
	s.given = in.given
	for _, id := range r.free {
		s.free.add(id)
		s.given.add(id)
	}
	var all []*pack.Cond
	op := uint64(0)
	if in.given.has(p.op) {
		op = 1 << in.items[p.op][0]
	}
	for group := 0; group < in.combos; group += in.actors {
		var found findings
		for c := group; c < group+in.actors; c++ {
			s.combo = 1 << c
			s.find(r, op, &found)
			s.findDeclared(op, &found)
		}
		all = append(all, s.denied(&found)...)
	}
	return anyOf(all)
}

// finding is a rule, declared retention law or foreign order with the condition under
// which it is violated or demands the operation.
type finding struct {
	rule uint32
	when *pack.Cond
}

// findings are those of the combinations that differ only in what describes the actor.
type findings struct{ violations, demands []finding }

// find collects what the rules say of one combination.
func (s *simplifier) find(r *Residual, op uint64, out *findings) {
	for i := range s.p.rules {
		if r.keep[i>>6]>>(i&63)&1 == 0 {
			continue
		}
		rl := &s.p.rules[i]
		bound := s.bound(rl)
		if bound == nil {
			continue
		}
		holds, spoken := s.holds(rl)
		if rl.demand&op != 0 {
			if d := allOf(bound, negate(holds)); d != nil {
				out.demands = append(out.demands, finding{uint32(i), d})
			}
		}
		if v := s.violated(rl, bound, holds, spoken); v != nil {
			out.violations = append(out.violations, finding{uint32(i), v})
		}
	}
}

// findDeclared collects what declared retention laws and foreign orders say.
func (s *simplifier) findDeclared(op uint64, out *findings) {
	p, in := s.p, s.in
	is := func(o int) bool { return o >= 0 && op == 1<<o }
	for i := range in.rules {
		if ins := in.rules[i].Instrument; ins == nil || ins.From > in.date.Day(utc) || !in.running() {
			continue
		}
		f := finding{declaredBase + uint32(i), pack.Always()}
		if is(p.opDelete) {
			out.violations = append(out.violations, f)
		} else if is(p.opRetain) || is(p.opStore) {
			out.demands = append(out.demands, f)
		}
	}
	if in.isForeignOrder() && op != 0 {
		out.demands = append(out.demands, finding{foreignRule, pack.Always()})
	}
}

// denied lists the conditions under which a violation stays one, whatever is demanded.
func (s *simplifier) denied(f *findings) []*pack.Cond {
	p, in := s.p, s.in
	var out []*pack.Cond
	for _, v := range f.violations {
		when := v.when
		if v.rule >= declaredBase || p.rules[v.rule].collides {
			for _, d := range f.demands {
				if d.rule == v.rule || p.sameLaw(v.rule, d.rule) || p.verdict(in, v.rule, d.rule) == verdictStays {
					continue
				}
				when = allOf(when, negate(d.when))
			}
		}
		if when != nil {
			out = append(out, when)
		}
	}
	return out
}
