// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// outcome is what a rule makes of a question (SEMANTICS 3), as literals.
type outcome struct {
	// binds: reach and scope are met and nothing is outside. lifted: an exception holds.
	binds, lifted lit
	// violated, asks and open: it is broken, leaves facts missing, or leaves a question to
	// people. An open question or missing facts make a review of what would be allowed.
	violated, asks, open lit
	// broken: violated by what is known, not by silence.
	broken, demands lit
	// half: what lifts it is only claimed, not shown.
	half lit
}

// outcome applies a rule to a question with missing=review.
func (q *question) outcome(r *pack.Rule) outcome {
	if !q.g.inForce(r) {
		return outcome{no, no, no, no, no, no, no, no}
	}
	reach, scope := q.reach(r.Pack), q.cond(r.When)
	out := outcome{binds: q.f.and(reach.t, scope.t), violated: no, asks: no, open: no, broken: no, demands: no, half: no}
	full, open, asksOpen := q.lift(r)
	out.lifted, out.half = q.f.or(full, open), q.f.and(out.binds, open, -full)
	stands := q.f.and(out.binds, -out.lifted)
	out.demands = q.f.and(stands, q.demand(r))
	var stops lit
	switch {
	case r.Kind == pack.Qualify:
		return out
	case r.Kind == pack.Review:
		out.open, stops = stands, yes
	case r.Must != nil:
		stops = q.cond(r.Must).f
		out.violated = q.f.and(stands, stops)
		out.broken = out.violated
	case r.Kind == pack.Forbid || r.Kind == pack.Retain:
		stops = q.prohibit(r, stands, &out)
		out.asks = q.f.or(out.asks, q.f.and(out.binds, asksOpen))
	default:
		return out
	}
	out.asks = q.f.or(out.asks, q.f.and(-out.lifted, stops, q.unsure(r, reach, scope)))
	return out
}

// prohibit fills what an unlifted prohibition says, and returns where it is more than a duty.
func (q *question) prohibit(r *pack.Rule, stands lit, out *outcome) lit {
	spoke := yes
	if !r.Req.Absolute && len(r.Branches) > 0 {
		var ls []lit
		for i := range r.Branches {
			ls = append(ls, q.spokenTo(&r.Branches[i]))
		}
		spoke = q.f.or(ls...)
	}
	var absent []lit
	for i := range r.Branches {
		absent = append(absent, q.absent(r.Req.Ask, r.Branches[i].When))
	}
	missing := q.f.or(absent...)
	silent := q.f.and(stands, -spoke)
	out.asks = q.f.and(silent, missing)
	out.violated = q.f.and(stands, spoke)
	out.broken = out.violated
	if r.Req.SilentDuty {
		return spoke
	}
	out.violated = q.f.or(out.violated, q.f.and(silent, -missing))
	return yes
}

// unsure is where facts marked ask are missing without which it is not known whether the rule
// binds.
func (q *question) unsure(r *pack.Rule, reach, scope pair) lit {
	inReach := q.f.and(-reach.t, -reach.f, scope.t, q.absent(slices.Concat(r.Req.Ask, r.Pack.Reach.Ask), r.Pack.Reach.When))
	inScope := q.f.and(-reach.f, -scope.t, -scope.f, q.absent(r.Req.Ask, r.When))
	return q.f.or(inReach, inScope)
}

// absent is where some of the facts that a condition reads are not given.
func (q *question) absent(facts []pack.FactID, c *pack.Cond) lit {
	read := c.Facts()
	var ls []lit
	for _, id := range facts {
		if slices.Contains(read, id) && q.known(id) {
			ls = append(ls, -q.variable(id).given)
		}
	}
	return q.f.or(ls...)
}

// lift is where an exception holds in full, where one does although something is open, and where the one that does is open and lacks a fact that
// the rule asks for. Of several, full ones come before open ones, then settled ones.
func (q *question) lift(r *pack.Rule) (full, open, asks lit) {
	var fulls, opens, lacks []lit
	for _, settled := range [...]bool{true, false} {
		for i := range r.Branches {
			b := &r.Branches[i]
			if b.Settled() != settled {
				continue
			}
			whole, part := q.holds(r, b)
			fulls = append(fulls, whole)
			lacks = append(lacks, q.f.and(part, -q.f.or(opens...), q.openAsks(r, b.When)))
			opens = append(opens, part)
		}
	}
	full = q.f.or(fulls...)
	return full, q.f.or(opens...), q.f.and(-full, q.f.or(lacks...))
}

// openAsks is where a fact that the rule asks for keeps a condition open.
func (q *question) openAsks(r *pack.Rule, c *pack.Cond) lit {
	p := q.branch(c)
	switch c.Op {
	case pack.OpTrue, pack.OpNotShown:
		return no
	case pack.OpAtom:
		return q.f.and(-p.t, -p.f, q.absent(r.Req.Ask, c))
	case pack.OpNot:
		return q.openAsks(r, c.Kids[0])
	}
	said := make([]lit, len(c.Kids))
	for i, k := range c.Kids {
		said[i] = q.spoken(k)
	}
	anySaid := q.f.or(said...)
	var ls []lit
	for i, k := range c.Kids {
		kp, counts := q.branch(k), yes
		if c.Op == pack.OpAny {
			counts = q.f.or(said[i], -anySaid)
		}
		ls = append(ls, q.f.and(-kp.t, -kp.f, counts, q.openAsks(r, k)))
	}
	return q.f.or(ls...)
}

// reach is where a pack reaches, and where it is known not to bind.
func (q *question) reach(p *pack.Pack) pair {
	if s, ok := q.packs[p]; ok {
		return s
	}
	s := q.cond(p.Reach.When)
	var outside []lit
	for i := range p.Outside {
		outside = append(outside, q.cond(p.Outside[i].When).t)
	}
	out := q.f.or(outside...)
	s = pair{q.f.and(s.t, -out), q.f.or(s.f, out)}
	q.packs[p] = s
	return s
}

// holds is where an exception holds in full, and where it does although something is open.
func (q *question) holds(r *pack.Rule, b *pack.RuleBranch) (full, open lit) {
	p := q.branch(b.When)
	if !b.Rests(q.g.m.Vocab) || r.Req.Absolute {
		return p.t, no
	}
	relied := q.spokenTo(b)
	if b.Claim != nil {
		relied = q.cond(b.Claim).t
	}
	return p.t, q.f.and(-p.t, -p.f, relied)
}

func (q *question) spokenTo(b *pack.RuleBranch) lit {
	if b.Claim != nil {
		c := q.cond(b.Claim)
		return q.f.or(c.t, c.f)
	}
	return q.spoken(b.When)
}

// demand is where the operation is one that the rule demands.
func (q *question) demand(r *pack.Rule) lit {
	if len(r.Demand) == 0 {
		return no
	}
	v := q.variable(q.g.m.Vocab.Op())
	var ls []lit
	for i, x := range v.vals {
		if slices.Contains(r.Demand, x.read.Items[0]) {
			ls = append(ls, v.lits[i])
		}
	}
	return q.f.or(ls...)
}

// kept are the conditions under which a rule is kept for certain.
func (o *outcome) kept() []lit { return []lit{-o.violated, -o.asks, -o.half} }

// dropped is where a demand makes the engine drop a violation of a rule: a heavier one of its
// own legal order, or any of a law where the rule is a promise (SEMANTICS 3.3).
func (q *question) dropped(r *pack.Rule) lit {
	if r.Kind != pack.Forbid && r.Kind != pack.Localise && r.Kind != pack.Retain {
		return no // an unmet duty stays one
	}
	g := q.g
	var ls []lit
	for _, d := range g.rules(func(d *pack.Rule) bool { return len(d.Demand) > 0 && d.ID != r.ID }) {
		heavier := g.nested(r, d) && d.Pack.Weight > r.Pack.Weight && !g.yields(d)
		if (g.yields(r) || heavier) && g.recognises(d, r) == nil {
			ls = append(ls, q.outcome(d).demands)
		}
	}
	return q.f.or(append(ls, q.ordered(r))...)
}

// orderWeight is the weight of an order of a foreign authority.
const orderWeight = 40

// ordered is where an authority of the rule's own order, or for a promise any, demands the
// operation.
func (q *question) ordered(r *pack.Rule) lit {
	v := q.g.m.Vocab
	mechanism, to := v.MustFact("transfer_mechanism"), v.MustFact("to_region")
	if mechanism == nil || to == nil || !q.known(mechanism.ID) || !q.known(to.ID) {
		return no
	}
	order, ok := mechanism.ValueIndex("foreign_order")
	if !ok || !q.g.yields(r) && r.Pack.Weight >= orderWeight {
		return no
	}
	var places []lit
	at := q.variable(to.ID)
	for i, x := range at.vals {
		place := pack.RegionID(x.read.Items[0])
		if q.g.yields(r) || q.g.oneOrder(place, r.Pack.Order) {
			places = append(places, at.lits[i])
		}
	}
	by := q.variable(mechanism.ID)
	for i, x := range by.vals {
		if x.read.Items[0] == order {
			return q.f.and(by.lits[i], q.f.or(places...))
		}
	}
	return no
}

// conditional is where a rule binds and adds conditions: its own, or those of the exception
// that lifts it.
func (q *question) conditional(r *pack.Rule) lit {
	if !q.g.inForce(r) {
		return no
	}
	binds := q.f.and(q.reach(r.Pack).t, q.cond(r.When).t)
	if r.Kind == pack.Qualify {
		return binds
	}
	var settled, all []lit
	for i := range r.Branches {
		b := &r.Branches[i]
		full, open := q.holds(r, b)
		if all = append(all, full, open); b.Settled() {
			settled = append(settled, full)
		}
	}
	return q.f.and(binds, q.f.or(all...), -q.f.or(settled...))
}
