// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

func (p *Program) asksInBranches(in *Input, res *Result, r *rule, i uint32) bool {
	if r.ask == nil {
		return false
	}
	var absent factSet
	if !in.absent(&r.ask.branch, &absent) {
		return false
	}
	res.miss(i, &absent)
	return true
}

// couldBind reports facts marked ask without which a rule that nothing lifts might bind:
// those of the reach where the reach is unknown, those of the scope where the scope is.
func (p *Program) couldBind(in *Input, res *Result, r *rule, i uint32, open, reachOpen, whenOpen uint64) {
	if r.kind == ruleQualify {
		return
	}
	var inReach, inWhen factSet
	relevant := uint64(0)
	if reachOpen &^= whenOpen; reachOpen&open != 0 && in.absent(&r.ask.reach, &inReach) {
		relevant = reachOpen
	}
	if whenOpen&open != 0 && in.absent(&r.ask.when, &inWhen) {
		relevant |= whenOpen
	}
	if open &= relevant; open == 0 {
		return
	}
	// What would be a duty if it bound does not need an answer first.
	switch {
	case r.must != none:
		_, f := in.cond(r.must)
		open &= f
	case r.kind == ruleDemand:
		return
	}
	if open == 0 || r.silent && (len(r.branches) == 0 || p.spoken(in, r) == 0) {
		return
	}
	if p.takeLifted(in, r, &open); open == 0 {
		return
	}
	if open&reachOpen != 0 {
		res.miss(i, &inReach)
	}
	if open&whenOpen != 0 {
		res.miss(i, &inWhen)
	}
}

// absent puts those of the asked facts that were not given into out.
func (in *Input) absent(asked, out *factSet) bool {
	any := uint64(0)
	for w := range out {
		out[w] = asked[w] &^ in.given[w]
		any |= out[w]
	}
	return any != 0
}

// takeLifted takes the combinations that an exception lifts out of open.
func (p *Program) takeLifted(in *Input, r *rule, open *uint64) {
	if len(r.branches) == 0 {
		return
	}
	for _, b := range p.possible(in, r, allBranches) {
		br := &r.branches[b]
		relied := p.relied(in, r, br)
		if relied&*open == 0 && br.needs.lacks(&in.given) {
			continue
		}
		t, f := in.lenient(br.when)
		*open &^= t | relied&^f
		if *open == 0 {
			return
		}
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
