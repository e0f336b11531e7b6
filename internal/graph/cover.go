// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Measure is one change that a plan needs, with the requirements that ask for it: those that
// are broken or left open without it.
type Measure struct {
	Fact    string   `json:"fact"`
	Value   any      `json:"value"`
	Instead any      `json:"instead_of,omitempty"` // what the plan said
	Cost    int      `json:"cost"`
	For     []int    `json:"operations"` // numbers of operations, from 1
	Reasons []Reason `json:"reasons"`
}

// Cover is the cheapest set of measures that makes all planned operations lawful at once.
type Cover struct {
	Possible bool `json:"possible"`
	// Proven tells that no cheaper set exists; else Bound says why that is not known, and
	// AtLeast what each set costs at the least.
	Proven     bool              `json:"proven"`
	Bound      string            `json:"bound,omitempty"`
	AtLeast    int               `json:"at_least,omitempty"`
	Cost       int               `json:"cost"`
	Measures   []Measure         `json:"measures"`
	Operations []comity.Facts    `json:"operations,omitempty"` // with the measures
	Decisions  []comity.Decision `json:"decisions,omitempty"`
	Forbids    []Reason          `json:"forbids,omitempty"`
}

// The bounds of a plan.
const (
	maxPlan       = 50   // operations
	MaxCandidates = 2000 // sets of measures that are tried
)

// plan is a cover in the making: one question for each operation, whose measures they share.
type plan struct {
	g       *Graph
	f       *formula
	qs      []*question
	given   []comity.Facts
	number  []int // of the operation that a question comes from
	shared  map[pack.FactID]*variable
	costs   []lit
	weights []int
	of      map[lit]*pack.Fact
	guard   map[string]lit // by requirement: on, its constraints hold
	learned []string
	seen    map[string]bool // by requirement and operation
}

// Cover finds the cheapest measures: facts that the caller or its processes control and that
// are a ground, a safeguard or a place. A measure holds for all operations that do not say
// otherwise. After limit candidates the cheapest set that is known is given; it is then not
// proven that there is no cheaper one.
func (g *Graph) Cover(ops []comity.Facts, limit int) (*Cover, error) {
	if len(ops) == 0 || len(ops) > maxPlan {
		return nil, bound("cover", "a plan has 1 to %d operations, not %d", maxPlan, len(ops))
	}
	p := &plan{
		g: g, f: newFormula(), shared: map[pack.FactID]*variable{}, of: map[lit]*pack.Fact{},
		guard: map[string]lit{}, seen: map[string]bool{},
	}
	p.given = nil
	for i, facts := range ops {
		for _, one := range g.singles(facts) {
			q, err := p.operation(one)
			if err != nil {
				return nil, fmt.Errorf("operation %d: %w", i+1, err)
			}
			p.qs, p.given, p.number = append(p.qs, q), append(p.given, one), append(p.number, i+1)
		}
	}
	if len(p.qs) > maxPlan {
		return nil, bound("cover", "the lists of the plan make %d operations of single values, and at most %d are taken", len(p.qs), maxPlan)
	}
	return p.solve(limit)
}

// singles takes lists apart that are read one value at a time (SEMANTICS 1.6).
func (g *Graph) singles(facts comity.Facts) []comity.Facts {
	out := []comity.Facts{facts}
	for name, given := range facts {
		list, ok := given.([]any)
		if f := g.m.Vocab.MustFact(name); !ok || len(list) < 2 || f == nil || !f.List || f.Whole {
			continue
		}
		var next []comity.Facts
		for _, one := range out {
			for _, x := range list {
				next = append(next, with(one, comity.Facts{name: []any{x}}))
			}
		}
		if out = next; len(out) > maxPlan {
			break
		}
	}
	return out
}

// movable tells facts that are measures.
func (g *Graph) movable(f *pack.Fact) bool {
	return f.Changeable() && (f.Role == pack.RoleGround || f.Role == pack.RoleSafeguard || g.isPlace(f) && f.Name != "to_region")
}

// operation is the question of one planned operation.
func (p *plan) operation(facts comity.Facts) (*question, error) {
	v := p.g.m.Vocab
	q := p.g.question(p.f)
	q.values = map[pack.FactID][]value{v.Date(): p.g.values[v.Date()]}
	for _, f := range v.Facts[1:] {
		if f != nil && p.g.movable(f) {
			q.values[f.ID] = slices.DeleteFunc(slices.Clone(p.g.values[f.ID]), func(x value) bool {
				return f.Kind == pack.KindEnum && !f.Whole && slices.Contains(f.Circumstances, x.read.Items[0])
			})
		}
	}
	vals, err := p.read(facts)
	if err != nil {
		return nil, err
	}
	for _, f := range v.Facts[1:] {
		if f == nil || vals[f.ID] == nil || f.ID == v.Date() || f.Ages != pack.NoUnit {
			continue
		}
		p.fix(q, f, vals[f.ID], facts[f.Name])
	}
	q.share = func(f *pack.Fact) *variable {
		if vals[f.ID] == nil {
			return p.shared[f.ID]
		}
		return nil
	}
	for _, f := range v.Facts[1:] {
		if f == nil || !p.g.movable(f) || vals[f.ID] != nil || len(q.values[f.ID]) == 0 {
			continue
		}
		x := q.variable(f.ID)
		if p.shared[f.ID] == nil {
			p.shared[f.ID] = x
			p.cost(x.given, f)
		}
	}
	return q, nil
}

func (p *plan) cost(l lit, f *pack.Fact) {
	p.costs, p.weights = append(p.costs, l), append(p.weights, max(1, f.Cost))
	p.of[l] = f
}

// read parses the facts of an operation; ages become their origins.
func (p *plan) read(facts comity.Facts) (pack.Values, error) {
	v := p.g.m.Vocab
	vals := make(pack.Values, len(v.Facts))
	vals[v.Date()] = p.g.values[v.Date()][0].read
	for name, given := range facts {
		f, ok := v.Lookup(name)
		if !ok {
			return nil, &comity.Error{Code: comity.CodeUnknown, Op: "cover", Err: fmt.Errorf("unknown fact %q", name), Remedy: pack.Suggest(name, v.FactNames())}
		}
		x, err := v.ParseValue(f, given)
		if err != nil {
			return nil, &comity.Error{Code: comity.CodeInvalid, Op: "cover", Err: err}
		}
		switch {
		case f.ID == v.Date():
			return nil, &comity.Error{Code: comity.CodeInvalid, Op: "cover", Err: errors.New("the plan has one day for all its operations"), Remedy: "give the day with --at and leave date out"}
		}
		vals[f.ID] = x
	}
	if err := v.Age(vals); err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "cover", Err: err}
	}
	return vals, nil
}

// fix gives a fact the value of the plan; another may be chosen for it at its cost where it is
// a measure.
func (p *plan) fix(q *question, f *pack.Fact, x *pack.Value, given any) {
	same := func(y value) bool {
		return slices.Equal(y.read.Items, x.Items) && slices.Equal(y.read.Strs, x.Strs) && y.read.Num == x.Num && y.read.At == x.At
	}
	others := slices.DeleteFunc(slices.Clone(q.values[f.ID]), same)
	if !p.g.movable(f) || f.Whole {
		others = nil
	}
	if f.Whole && f.Kind == pack.KindEnum {
		q.values[f.ID] = p.g.values[f.ID]
		v := q.variable(f.ID)
		p.f.clause(v.given)
		for i, l := range v.lits {
			p.f.clause(sign(l, slices.Contains(x.Items, i)))
		}
		return
	}
	if list, ok := given.([]any); ok && len(list) == 1 {
		given = list[0]
	}
	q.values[f.ID] = append([]value{{given, x}}, others...)
	v := q.variable(f.ID)
	p.f.clause(v.given)
	if len(others) == 0 {
		p.f.clause(v.lits[0])
		return
	}
	p.cost(-v.lits[0], f)
}

// solve adds the rules that a cheapest candidate breaks until the engine allows all of it: no
// candidate that was passed over is lawful, so the first that is lawful is a cheapest one.
func (p *plan) solve(limit int) (*Cover, error) {
	least := 0
	for round := range limit {
		on := p.on()
		model, cost := p.f.minimise(p.costs, p.weights, on...)
		if model == nil {
			return p.impossible(), nil
		}
		least = cost
		c, err := p.try(p.spare(model, on), round)
		if c != nil || err != nil {
			return c, err
		}
	}
	return p.known(least, limit)
}

// known finds a lawful set of measures without need of the cheapest: of each candidate only
// those are left out without which the rules so far still hold, the dearest first.
func (p *plan) known(least, limit int) (*Cover, error) {
	var dear []lit
	for n := range p.costs {
		dear = append(dear, lit(n))
	}
	slices.SortStableFunc(dear, func(a, b lit) int { return p.weights[b] - p.weights[a] })
	for i, n := range dear {
		dear[i] = p.costs[n]
	}
	for round := range MaxCandidates {
		on := p.on()
		model := p.f.lean(dear, on)
		if model == nil && !p.f.s.tired {
			return p.impossible(), nil
		}
		if model == nil {
			break
		}
		c, err := p.try(p.spare(model, on), round)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		if limit > 0 { // the rules that were learned since may prove it after all
			_, least = p.f.minimise(p.costs, p.weights, p.on()...)
		}
		if c.Proven = c.Cost == least; !c.Proven {
			c.AtLeast = least
			c.Bound = fmt.Sprintf("none of the %d cheapest candidates is lawful, and no more were tried", limit)
			if limit == 0 {
				c.Bound = "the optimum was not looked for"
			}
		}
		return c, nil
	}
	return nil, bound("cover", "no set of measures was lawful among %d candidates", limit+MaxCandidates)
}

// on assumes all rules so far.
func (p *plan) on() []lit {
	var out []lit
	for _, id := range p.learned {
		out = append(out, p.guard[id])
	}
	return out
}

// try asks the engine about a candidate: nil if it is not lawful, and its rules are learned.
func (p *plan) try(model []bool, round int) (*Cover, error) {
	ops := p.facts(model)
	ds, news, err := p.judge(ops)
	switch {
	case err != nil:
		return nil, err
	case ds != nil:
		cost := 0
		for n, l := range p.costs {
			if is(model, l) {
				cost += p.weights[n]
			}
		}
		return p.report(model, cost, ops, ds)
	case !news:
		return nil, bound("cover", "the engine turned down what the analysis takes as lawful, in round %d", round+1)
	}
	return nil, nil
}

// spare leaves out of lists what no rule so far asks for, with the same measures.
func (p *plan) spare(model []bool, assume []lit) []bool {
	fixed := slices.Clone(assume)
	for _, l := range p.costs {
		fixed = append(fixed, sign(l, is(model, l) == (l > 0)))
	}
	var items []lit
	for _, v := range p.shared {
		if v.whole {
			items = append(items, v.lits...)
		}
	}
	slices.Sort(items)
	slices.Reverse(items)
	if less := p.f.lean(items, fixed); less != nil {
		return less
	}
	return model
}

// facts are the operations with their measures.
func (p *plan) facts(model []bool) []comity.Facts {
	out := make([]comity.Facts, len(p.qs))
	for i, q := range p.qs {
		out[i] = q.facts(model)
	}
	return out
}

// judge asks the engine: decisions if all are allowed, else whether there was a rule to learn.
func (p *plan) judge(ops []comity.Facts) (ds []comity.Decision, news bool, err error) {
	lawful := true
	for i, facts := range ops {
		d, err := p.g.decide(facts)
		if err != nil {
			return nil, false, err
		}
		ds = append(ds, d)
		if d.Effect == comity.Allow {
			continue
		}
		lawful = false
		for _, m := range d.Missing {
			if f := p.g.m.Vocab.MustFact(m.Fact); len(m.NeededBy) == 0 && f != nil && !p.g.movable(f) {
				return nil, false, &comity.Error{Code: comity.CodeInvalid, Op: "cover", Err: fmt.Errorf("operation %d does not say %s", p.number[i], m.Fact), Remedy: "add it to the plan"}
			}
		}
		news = p.learn(i, &d) || news
	}
	if !lawful {
		return nil, news, nil
	}
	return ds, false, nil
}

// learn adds the rules that a decision on an operation names, for all operations.
func (p *plan) learn(i int, d *comity.Decision) bool {
	before := len(p.seen)
	for _, id := range named(d) {
		key := fmt.Sprint(id, " ", i)
		if p.seen[key] || len(p.g.byID[id]) == 0 {
			continue
		}
		p.seen[key] = true
		if p.guard[id] == 0 {
			p.guard[id] = p.f.fresh()
			p.learned = append(p.learned, id)
		}
		q := p.qs[i]
		for _, r := range p.g.byID[id] {
			o := q.outcome(r)
			for _, l := range []lit{p.f.and(o.violated, -q.dropped(r)), o.asks, o.open} {
				p.f.clause(-p.guard[id], -l)
			}
		}
	}
	for _, m := range d.Missing {
		if f := p.g.m.Vocab.MustFact(m.Fact); len(m.NeededBy) == 0 && f != nil && p.qs[i].known(f.ID) && !p.seen[fmt.Sprint(m.Fact, " ", i)] {
			p.seen[fmt.Sprint(m.Fact, " ", i)] = true
			p.f.clause(p.qs[i].variable(f.ID).given)
		}
	}
	return len(p.seen) > before
}

// impossible names requirements that no measure satisfies together, each needed for that.
func (p *plan) impossible() *Cover {
	ids := slices.Clone(p.learned)
	for i := 0; i < len(ids); {
		var on []lit
		for j, id := range ids {
			if j != i {
				on = append(on, p.guard[id])
			}
		}
		if p.f.holds(on) || p.f.s.tired {
			i++
		} else {
			ids = slices.Delete(ids, i, i+1)
		}
	}
	out := &Cover{Proven: true, Measures: []Measure{}}
	slices.Sort(ids)
	for _, id := range ids {
		out.Forbids = append(out.Forbids, p.g.reasonOf(id))
	}
	return out
}

// report names the measures of an optimum and why each is there.
func (p *plan) report(model []bool, cost int, ops []comity.Facts, ds []comity.Decision) (*Cover, error) {
	out := &Cover{Possible: true, Proven: true, Cost: cost, Measures: []Measure{}, Operations: ops, Decisions: ds}
	for n, l := range p.costs {
		if !is(model, l) {
			continue
		}
		f := p.of[l]
		m := Measure{Fact: f.Name, Cost: p.weights[n]}
		ids := []string{}
		for i, facts := range ops {
			planned, said := p.given[i][f.Name]
			if v := p.qs[i].vars[f.ID]; facts[f.Name] == nil || v == nil || v.given != l && (len(v.lits) == 0 || -v.lits[0] != l) {
				continue
			}
			without := with(facts, nil)
			delete(without, f.Name)
			if said {
				without[f.Name], m.Instead = planned, planned
			}
			d, err := p.g.decide(without)
			if err != nil {
				return nil, err
			}
			if d.Effect == comity.Allow {
				continue
			}
			m.Value = facts[f.Name]
			if m.For = append(m.For, p.number[i]); len(m.For) > 1 && m.For[len(m.For)-2] == p.number[i] {
				m.For = m.For[:len(m.For)-1]
			}
			ids = append(ids, named(&d)...)
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			if len(p.g.byID[id]) > 0 {
				m.Reasons = append(m.Reasons, p.g.reasonOf(id))
			}
		}
		out.Measures = append(out.Measures, m)
	}
	return out, nil
}
