// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/comity-project/comity/internal/pack"

// simplifier rewrites conditions over the free facts of a residual. A result is a
// two-valued condition: nil is false, OpTrue is true. Free facts will be given, so each
// three-valued condition splits into where it is true and where it is false.
type simplifier struct {
	p      *Program
	in     *Input
	review bool
	combo  uint64
	free   factSet
	given  factSet // known and free
}

func allOf(cs ...*pack.Cond) *pack.Cond {
	for _, c := range cs {
		if c == nil {
			return nil
		}
	}
	return pack.AllOf(cs...)
}

func anyOf(cs []*pack.Cond) *pack.Cond {
	var kids []*pack.Cond
	for _, c := range cs {
		switch {
		case c == nil:
		case c.Op == pack.OpTrue:
			return c
		default:
			kids = append(kids, c)
		}
	}
	switch len(kids) {
	case 0:
		return nil
	case 1:
		return kids[0]
	}
	return &pack.Cond{Op: pack.OpAny, Kids: kids}
}

func negate(c *pack.Cond) *pack.Cond {
	switch {
	case c == nil:
		return pack.Always()
	case c.Op == pack.OpTrue:
		return nil
	case c.Op == pack.OpNotShown:
		return c.Kids[0]
	}
	return &pack.Cond{Op: pack.OpNotShown, Kids: []*pack.Cond{c}}
}

func constant(b bool) *pack.Cond {
	if b {
		return pack.Always()
	}
	return nil
}

// split gives where a condition is true and where it is false.
func (s *simplifier) split(id uint32, lenient bool) (t, f *pack.Cond) {
	if id&atomBit != 0 {
		return s.splitAtom(id &^ atomBit)
	}
	n := &s.p.nodes[id]
	kids := s.p.kids[n.first:n.last]
	switch n.op {
	case pack.OpTrue:
		return pack.Always(), nil
	case pack.OpAtom:
		return s.splitAtom(n.atom)
	case pack.OpNot:
		f, t = s.split(kids[0], lenient)
		return t, f
	case pack.OpNotShown:
		f, _ = s.split(kids[0], lenient)
		return negate(f), f
	}
	ts, fs := make([]*pack.Cond, len(kids)), make([]*pack.Cond, len(kids))
	for i, k := range kids {
		ts[i], fs[i] = s.split(k, lenient)
	}
	if n.op == pack.OpAll {
		return allOf(ts...), anyOf(fs)
	}
	if lenient {
		s.unspokenFalse(kids, ts, fs)
	}
	return anyOf(ts), allOf(fs...)
}

func (s *simplifier) splitAtom(id uint32) (t, f *pack.Cond) {
	a := &s.p.atoms[id]
	if s.free.has(a.fact) || a.ref != 0 && s.free.has(a.ref) {
		if !s.given.has(a.fact) || a.ref != 0 && !s.given.has(a.ref) {
			return nil, nil
		}
		atom := &pack.Cond{Op: pack.OpAtom, Atom: *a.src.Atom}
		if a.src.Count != nil {
			event := s.in.dayOf(a.ref, a.zone)
			atom.Atom.Num, atom.Atom.Ref, atom.Atom.Plus, atom.Atom.Count = int64(s.in.deadline(a.src.Atom, event)), 0, pack.Period{}, nil
		}
		return atom, &pack.Cond{Op: pack.OpNot, Kids: []*pack.Cond{atom}}
	}
	at, af := s.in.atom(id)
	return constant(at&s.combo != 0), constant(af&s.combo != 0)
}

// said tells whether a member mentions a fact, known or free, on which exceptions rest.
func (s *simplifier) said(k uint32) bool {
	if k&atomBit == 0 {
		return s.p.rests[k].meets(&s.given)
	}
	a := &s.p.atoms[k&^atomBit]
	return a.rests && s.given.has(a.fact) || a.refRests && s.given.has(a.ref)
}

// unspokenFalse lets members of an any that nobody spoke to count as false once one was.
func (s *simplifier) unspokenFalse(kids []uint32, ts, fs []*pack.Cond) {
	said := false
	for _, k := range kids {
		said = said || s.said(k)
	}
	if !said {
		return
	}
	for i, k := range kids {
		if !s.said(k) {
			fs[i] = negate(ts[i])
		}
	}
}

func (s *simplifier) truth(id uint32) *pack.Cond {
	t, _ := s.split(id, false)
	return t
}

// bound is where the rule binds.
func (s *simplifier) bound(r *rule) *pack.Cond {
	info := &s.p.packs[r.pack]
	c := allOf(s.truth(info.reach), s.truth(r.when))
	for _, o := range info.outside {
		c = allOf(c, negate(s.truth(o)))
	}
	return c
}

// holds is where some exception lifts the rule, and where someone spoke to one.
func (s *simplifier) holds(r *rule) (holds, spoken *pack.Cond) {
	var hs, ss []*pack.Cond
	for i := range r.branches {
		b := &r.branches[i]
		t, f := s.split(b.when, true)
		hs = append(hs, t)
		relied := constant(s.p.rests[b.said].meets(&s.given))
		said := relied
		if b.claim != none {
			ct, cf := s.split(b.claim, false)
			relied, said = ct, anyOf([]*pack.Cond{ct, cf})
		}
		ss = append(ss, said)
		if b.rests && !r.absolute {
			hs = append(hs, allOf(relied, negate(f)))
		}
	}
	return anyOf(hs), anyOf(ss)
}

// violated is where a bound rule stops the operation.
func (s *simplifier) violated(r *rule, bound, holds, spoken *pack.Cond) *pack.Cond {
	rest := allOf(bound, negate(holds))
	switch r.kind {
	case ruleMust:
		_, f := s.split(r.must, false)
		return allOf(rest, f)
	case ruleForbid:
		if r.absolute || len(r.branches) == 0 {
			return rest
		}
		asks := false
		for w := range s.given {
			asks = asks || r.ask != nil && r.ask.branch[w]&^s.given[w] != 0
		}
		if s.review && !asks && !r.silent {
			return rest
		}
		return allOf(rest, spoken)
	}
	return nil
}
