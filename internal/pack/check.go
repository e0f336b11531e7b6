// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"slices"
	"strings"
)

// Check reports what makes a linked model wrong although each file could be read:
// citations of undeclared instruments, scopes that fail open, exceptions that can never
// apply, gaps and overlaps between wordings, and rules of a company that would lift law.
func Check(m *Model, probs *Problems) {
	c := &checker{m: m, probs: probs, v: m.Vocab, reqs: map[string]*Requirement{}}
	for _, p := range m.Packs {
		for _, in := range p.Instruments {
			c.cites = append(c.cites, in.Cite)
		}
		for _, q := range p.Requirements {
			c.reqs[q.ID] = q
		}
	}
	for _, p := range m.Packs {
		c.pack(p)
	}
	c.loosening()
	c.exceptions()
}

// exceptions reports those that can apply in none of the rules that use them.
func (c *checker) exceptions() {
	type fault struct {
		pos         Pos
		msg, remedy string
	}
	alive := map[*Requirement]map[string]bool{}
	dead := map[*Requirement]map[string]fault{}
	for _, r := range c.m.Rules {
		for i := range r.Branches {
			b := &r.Branches[i]
			if alive[b.Owner] == nil {
				alive[b.Owner], dead[b.Owner] = map[string]bool{}, map[string]fault{}
			}
			if msg, remedy := c.unreachable(r, b); msg != "" {
				dead[b.Owner][b.ID] = fault{b.When.Pos, msg, remedy}
			} else {
				alive[b.Owner][b.ID] = true
			}
		}
	}
	for owner, list := range dead {
		for id, f := range list {
			if !alive[owner][id] {
				c.probs.add(f.pos, f.remedy, "%s", f.msg)
			}
		}
	}
}

type checker struct {
	m     *Model
	v     *Vocabulary
	probs *Problems
	cites []string
	reqs  map[string]*Requirement
	id    string // of the pack that is looked at
}

func (c *checker) pack(p *Pack) {
	c.id = p.ID
	if p.NextReview != 0 && p.NextReview <= p.Reviewed {
		c.probs.add(p.Pos, "set the day by which the law is to be read again", "pack %s: next_review is not after reviewed", p.ID)
	}
	c.scope(p.Reach.When, p.Reach.Pos, "reach")
	c.cited(p.Reach.Cites, p.Reach.Pos, "the reach of "+p.ID)
	if p.Counting != nil && len(p.Counting.Cites) > 0 {
		c.cited(p.Counting.Cites, p.Counting.Pos, "the periods of "+p.ID)
	}
	seen := map[string]bool{}
	for _, n := range p.Outside {
		if seen[n.ID] {
			c.probs.add(n.Pos, "give each its own id", "outside %q stands twice in %s", n.ID, p.ID)
		}
		seen[n.ID] = true
		c.scope(n.When, n.Pos, "outside")
		c.cited(n.Cites, n.Pos, "outside "+n.ID)
	}
	for _, e := range p.Edges {
		c.cited(append(slices.Clone(e.Cites), e.EndedBy...), e.Pos, "edge "+e.ID)
		if e.When != nil {
			c.scope(e.When, e.Pos, "edge")
		}
	}
	for _, q := range p.Requirements {
		c.requirement(q)
	}
	for i := range p.Penalties {
		c.cited(p.Penalties[i].Cites, p.Penalties[i].Pos, "a penalty of "+p.ID)
	}
}

func (c *checker) requirement(q *Requirement) {
	c.cited(q.Cites, q.Pos, q.ID)
	c.scope(q.When, q.Pos, "when")
	branches := map[string]bool{}
	for _, b := range q.Unless {
		if b.Permit != "" {
			continue
		}
		if branches[b.ID] {
			c.probs.add(b.Pos, "give each its own id", "branch %q stands twice in %s", b.ID, q.ID)
		}
		branches[b.ID] = true
		c.cited(b.Cites, b.Pos, q.ID+"/"+b.ID)
		c.conditions(b.Conditions, q.ID+"/"+b.ID)
	}
	c.conditions(q.Conditions, q.ID)
	if len(q.WhoCites) > 0 {
		c.cited(q.WhoCites, q.Pos, q.ID+" meanwhile")
	}
	if q.Replaces != "" {
		c.sequence(q)
	}
}

func (c *checker) conditions(list []Condition, of string) {
	for _, k := range list {
		if len(k.Cites) > 0 {
			c.cited(k.Cites, k.Pos, "condition "+k.ID+" of "+of)
		}
	}
}

// sequence finds gaps and overlaps between a wording and the one that it replaces.
func (c *checker) sequence(q *Requirement) {
	old := c.reqs[q.Replaces]
	if old == nil {
		c.probs.missing(q.Pos, absence{"requirement", q.Replaces, q.ID, q.Pack.ID}, "name the requirement that it follows", "%s replaces %s, which does not exist", q.ID, q.Replaces)
		return
	}
	// Wordings that were never known together follow each other in known time.
	if old.KnownUntil != DayMax {
		if old.KnownUntil != q.KnownFrom {
			c.probs.add(q.Pos, "let known_from be the known_until of the earlier wording", "%s is known from %s and %s until %s", q.ID, q.KnownFrom, old.ID, old.KnownUntil)
		}
		return
	}
	switch {
	case old.Until < q.From:
		c.probs.add(q.Pos, "until is the first day on which it no longer binds", "a gap: %s ends %s, %s begins %s", old.ID, old.Until, q.ID, q.From)
	case old.Until > q.From:
		c.probs.add(q.Pos, "let until be the first day of the next wording", "an overlap: %s ends %s, %s begins %s", old.ID, old.Until, q.ID, q.From)
	}
}

// cited checks citations: each names a declared instrument and one provision of it.
func (c *checker) cited(cites []string, pos Pos, what string) {
	if len(cites) == 0 {
		c.probs.add(pos, "cite the provision", "%s cites nothing", what)
	}
	for _, s := range cites {
		provision, ok := s, false
		for _, in := range c.cites {
			if rest, found := strings.CutPrefix(s, in); found && (rest == "" || rest[0] == ' ') && len(rest) <= len(provision) {
				provision, ok = rest, true // of the longest name that fits; names may hold an "and"
			}
		}
		if !ok {
			c.probs.missing(pos, absence{"instrument", s, what, c.id}, "declare the instrument in the pack's header", "%s cites %q, which belongs to no declared instrument", what, s)
		}
		if strings.Contains(provision, ";") || strings.Contains(provision, " and ") {
			c.probs.add(pos, "write one citation per provision", "%s cites several provisions in %q", what, s)
		}
	}
}

// scope refuses negations over facts that may be absent: an absent fact would make them
// unknown, and an unknown scope does not bind.
func (c *checker) scope(k *Cond, pos Pos, what string) {
	if k == nil {
		return
	}
	switch k.Op {
	case OpNotShown:
		return
	case OpNot:
		if c.maybeAbsent(k.Kids[0]) {
			c.probs.add(at(k, pos), "write: not shown ...", "%s negates a fact that may be absent", what)
		}
	case OpAtom:
		if (k.Atom.Cmp == NotIn || k.Atom.Cmp == Ne) && c.maybeAbsent(k) {
			c.probs.add(at(k, pos), "write: not shown ...", "%s uses %s over a fact that may be absent", what, k.Atom.Cmp)
		}
	}
	for _, kid := range k.Kids {
		c.scope(kid, pos, what)
	}
}

func (c *checker) maybeAbsent(k *Cond) bool {
	return slices.ContainsFunc(k.Facts(), func(id FactID) bool { return id != c.v.date && id != c.v.op })
}

func at(k *Cond, pos Pos) Pos {
	if k.Pos.Line != 0 {
		return k.Pos
	}
	return pos
}

// unreachable says why an exception cannot be true together with the rule's scope; empty
// if it can.
func (c *checker) unreachable(r *Rule, b *RuleBranch) (msg, remedy string) {
	if b.Edge != nil {
		return "", "" // an edge that ended stays, to say what ended it
	}
	sets := map[FactID]map[int]bool{}
	var walk func(k *Cond) string
	walk = func(k *Cond) string {
		switch k.Op {
		case OpAll:
			for _, kid := range k.Kids {
				if s := walk(kid); s != "" {
					return s
				}
			}
		case OpAtom:
			f := c.v.Facts[k.Atom.Fact]
			if f.Kind != KindEnum || f.List || k.Atom.Cmp != In || k.Atom.Ref != 0 {
				return ""
			}
			next := map[int]bool{}
			for _, x := range k.Atom.Set {
				if sets[f.ID] == nil || sets[f.ID][x] {
					next[x] = true
				}
			}
			sets[f.ID] = next
			if len(next) == 0 {
				return f.Name
			}
		}
		return ""
	}
	for _, k := range []*Cond{r.When, b.When} {
		if name := walk(k); name != "" {
			return fmt.Sprintf("exception %s of %s can never apply: its %s is outside the scope", b.ID, r.ID, name), "compare with the scope of " + r.ID
		}
	}
	if lo, hi := c.window(b.When); lo >= r.Until || hi <= r.From {
		return fmt.Sprintf("exception %s of %s can never apply: it ends before the rule begins, or begins after it ends", b.ID, r.ID), "compare the dates"
	}
	return "", ""
}

// window is the interval of dates that the top of a condition demands.
func (c *checker) window(k *Cond) (lo, hi Day) {
	lo, hi = DayMin, DayMax
	kids := []*Cond{k}
	if k.Op == OpAll {
		kids = k.Kids
	}
	for _, x := range kids {
		if x.Op == OpAll {
			l, h := c.window(x)
			lo, hi = max(lo, l), min(hi, h)
		}
		if x.Op != OpAtom || x.Atom.Fact != c.v.date || x.Atom.Ref != 0 {
			continue
		}
		d := x.Atom.Plus.AddTo(Day(x.Atom.Num))
		switch x.Atom.Cmp {
		case Ge:
			lo = max(lo, d)
		case Gt:
			lo = max(lo, d+1)
		case Lt:
			hi = min(hi, d)
		case Le:
			hi = min(hi, d+1)
		}
	}
	return lo, hi
}

// Undated reports requirements without a first day: they bind at all times, before they were
// law, too. A permit has the days of what it lifts.
func Undated(m *Model, probs *Problems) {
	for _, p := range m.Packs {
		for _, q := range p.Requirements {
			if q.From == DayMin && q.Kind != Permit {
				probs.warn(q.Pos, "set from: the day from which compliance is owed", "%s has no first day, so it binds at all times", q.ID)
			}
		}
	}
}

// Overdue reports packs whose next legal review lies before the day.
func Overdue(m *Model, today Day, probs *Problems) {
	for _, p := range m.Packs {
		if p.NextReview < today {
			probs.warn(p.Pos, "review the law and set reviewed and next_review", "pack %s was to be reviewed by %s", p.ID, p.NextReview)
		}
	}
}
