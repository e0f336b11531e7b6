// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"slices"
	"sort"
	"strings"
)

// Rule is one requirement ready to be judged: permits and edges are expanded into its
// branches, and localise and retain are reduced to a condition that must hold or an
// exception. A retain requirement with a minimum gives two rules with one ID.
type Rule struct {
	Index    int
	ID       string
	Req      *Requirement
	Pack     *Pack
	Kind     RuleKind
	When     *Cond
	From     Day
	Until    Day
	Branches []RuleBranch
	// Must has to hold where it is set: known false is a violation.
	Must   *Cond
	Demand []int
}

// RuleBranch is one exception of a rule, judged by itself.
type RuleBranch struct {
	ID string
	// Owner is the requirement that wrote it: a permit where one was taken over.
	Owner         *Requirement
	When, Claim   *Cond
	Cites         []string
	Conditions    []Condition
	Text          map[string]string
	Recognises    []RegionID
	RecognisesAny bool
	Edge          *Edge
	// Expired marks the implicit exception that a minimum period is over.
	Expired bool
}

// Settled tells a branch that lifts without conditions.
func (b *RuleBranch) Settled() bool { return len(b.Conditions) == 0 }

// RecognisesOrders tells a branch that stands for the retention laws of some orders.
func (b *RuleBranch) RecognisesOrders() bool { return b.RecognisesAny || len(b.Recognises) > 0 }

// Model is a linked set of packs as known at one time.
type Model struct {
	Vocab *Vocabulary
	Packs []*Pack
	Rules []*Rule
	// Mandatory lists the retention laws that callers may declare.
	Mandatory []*Instrument
	KnownAt   Day
}

// Link joins packs into a model as known on day knownAt (DayMax: all that the packs know).
// A pack replaces an earlier one of the same id.
func Link(v *Vocabulary, packs []*Pack, knownAt Day, probs *Problems) *Model {
	m := &Model{Vocab: v, KnownAt: knownAt}
	for _, p := range packs {
		if i := slices.IndexFunc(m.Packs, func(q *Pack) bool { return q.ID == p.ID }); i >= 0 {
			CheckReplaced(v, m.Packs[i], p, probs)
			m.Packs[i] = p
			continue
		}
		m.Packs = append(m.Packs, p)
	}
	sort.SliceStable(m.Packs, func(i, j int) bool { return m.Packs[i].ID < m.Packs[j].ID })
	l := &linker{m: m, probs: probs, permits: map[string]*Requirement{}, edges: map[string][]*Edge{}, sets: map[string]bool{}, ids: map[string]*Requirement{}}
	l.index()
	for _, p := range m.Packs {
		for _, q := range p.Requirements {
			if knownOn(knownAt, q.KnownFrom, q.KnownUntil) {
				l.rule(q)
			}
		}
		for _, in := range p.Instruments {
			if in.Mandatory {
				m.Mandatory = append(m.Mandatory, in)
			}
		}
	}
	return m
}

// knownOn tells whether a wording known in [from, until) was known on day at.
func knownOn(at, from, until Day) bool { return from <= at && (at < until || until == DayMax) }

type linker struct {
	m       *Model
	probs   *Problems
	permits map[string]*Requirement
	edges   map[string][]*Edge
	// sets names every edge set, also those of which no edge was known.
	sets  map[string]bool
	ids   map[string]*Requirement
	stack []string
	// left counts down the exceptions that one requirement may still expand to.
	left int
}

func (l *linker) index() {
	edgeIDs := map[string]bool{}
	for _, p := range l.m.Packs {
		for _, q := range p.Requirements {
			if old := l.ids[q.ID]; old != nil {
				l.probs.add(q.Pos, "ids are unique over all packs", "requirement %s stands also at %s", q.ID, old.Pos)
				continue
			}
			l.ids[q.ID] = q
			if q.Kind == Permit && knownOn(l.m.KnownAt, q.KnownFrom, q.KnownUntil) {
				l.permits[q.ID] = q
			}
		}
		for _, e := range p.Edges {
			if edgeIDs[e.Set+"/"+e.ID] {
				l.probs.add(e.Pos, "give it another id", "edge %s of set %s is defined twice", e.ID, e.Set)
			}
			edgeIDs[e.Set+"/"+e.ID] = true
			l.sets[e.Set] = true
			if knownOn(l.m.KnownAt, e.KnownFrom, e.KnownUntil) {
				l.edges[e.Set] = append(l.edges[e.Set], e)
			}
		}
	}
}

func (l *linker) rule(q *Requirement) {
	if q.Kind == Permit {
		return
	}
	r := &Rule{ID: q.ID, Req: q, Pack: q.Pack, Kind: q.Kind, When: q.When, From: q.From, Until: q.Until, Must: q.Must, Demand: q.Demand}
	v := l.m.Vocab
	switch q.Kind {
	case Localise:
		if v.Places[q.Place] == 0 {
			return // the reader has said so
		}
		set := regionInts(q.Allowed)
		in := &Cond{Op: OpAtom, Pos: q.Pos, Atom: Atom{Fact: v.Places[q.Place], Cmp: In, Set: set}}
		r.Must = in
		if q.AtLeastOne {
			in.Atom.Cmp = NotIn
			r.Must = &Cond{Op: OpNot, Kids: []*Cond{in}, Pos: q.Pos}
		}
	case Retain:
		if q.KeepMax.N > 0 {
			r.Must = dateAtom(v, Le, q.Since, q.KeepMax, q.Pos)
			break
		}
		over := l.periodOver(q)
		r.Branches = append(r.Branches, over)
		keep := &Rule{
			ID: q.ID, Req: q, Pack: q.Pack, Kind: Oblige, When: l.keepScope(q.When), From: q.From, Until: q.Until,
			Demand: l.operations("retain", "store"), Branches: []RuleBranch{over},
		}
		l.add(r, q)
		l.add(keep, q)
		return
	}
	l.add(r, q)
}

func (l *linker) add(r *Rule, q *Requirement) {
	l.left = maxBranches
	for i := range q.Unless {
		r.Branches = append(r.Branches, l.expand(q, &q.Unless[i], nil, 0)...)
	}
	if l.left < 0 {
		l.probs.add(q.Pos, "simplify the permits that it uses", "requirement %s has more than %d exceptions, permits and edges written out", q.ID, maxBranches)
		r.Branches = nil
	}
	r.Index = len(l.m.Rules)
	l.m.Rules = append(l.m.Rules, r)
}

func regionInts(ids []RegionID) []int {
	out := make([]int, len(ids))
	for i, id := range ids {
		out[i] = int(id)
	}
	return out
}

func dateAtom(v *Vocabulary, cmp Cmp, since FactID, p Period, pos Pos) *Cond {
	return &Cond{Op: OpAtom, Pos: pos, Atom: Atom{Fact: v.date, Cmp: cmp, Ref: since, Plus: p}}
}

func (l *linker) periodOver(q *Requirement) RuleBranch {
	v := l.m.Vocab
	c := dateAtom(v, Ge, q.Since, q.KeepMin, q.Pos)
	if f := v.MustFact("retention_elapsed"); f != nil {
		c = &Cond{Op: OpAny, Pos: q.Pos, Kids: []*Cond{c, {Op: OpAtom, Pos: q.Pos, Atom: Atom{Fact: f.ID, Cmp: Eq, Num: 1}}}}
	}
	return RuleBranch{
		ID: "elapsed", Owner: q, When: c, Cites: q.Cites, Expired: true,
		Text: map[string]string{"en": "The period of retention is over."},
	}
}

func (l *linker) operations(names ...string) []int {
	op := l.m.Vocab.Facts[l.m.Vocab.op]
	var out []int
	for _, n := range names {
		if i, ok := op.ValueIndex(n); ok {
			out = append(out, i)
		}
	}
	return out
}

// keepScope is the scope of a retention law read for keeping instead of deleting.
func (l *linker) keepScope(c *Cond) *Cond {
	if c.Op == OpAtom && c.Atom.Fact == l.m.Vocab.op && c.Atom.Cmp == In {
		k := *c
		k.Atom.Set = l.operations("retain", "store")
		return &k
	}
	k := *c
	k.Kids = make([]*Cond, len(c.Kids))
	for i := range c.Kids {
		k.Kids[i] = l.keepScope(c.Kids[i])
	}
	return &k
}

// expand turns a written branch into those that are judged: a permit's own branches, one
// for each edge of a set, or itself.
func (l *linker) expand(owner *Requirement, b *Branch, extra *Cond, to FactID) []RuleBranch {
	if b.To != 0 {
		to = b.To
	}
	if b.Permit != "" {
		return l.expandPermit(owner, b, extra, to)
	}
	one := RuleBranch{
		ID: b.ID, Owner: owner, When: AllOf(b.When, extra), Claim: b.Claim, Cites: b.Cites, Conditions: b.Conditions,
		Text: b.Text, Recognises: b.Recognises, RecognisesAny: b.RecognisesAny,
	}
	if b.recognisesOrders() {
		f := l.m.Vocab.MustFact("retention_rules")
		if f == nil {
			l.probs.add(b.Pos, "remove recognises", "the vocabulary has no fact retention_rules")
			return nil
		}
		rule := &Cond{Op: OpAtom, Pos: b.Pos, Atom: Atom{Fact: f.ID, Cmp: RuleOf, Set: regionInts(b.Recognises)}}
		one.When = AllOf(one.When, rule)
	}
	if b.EdgeSet == "" {
		l.left--
		return []RuleBranch{one}
	}
	edges := l.edges[b.EdgeSet]
	l.left -= len(edges)
	if l.left < 0 {
		return nil
	}
	if to == 0 && l.m.Vocab.MustFact("to_region") == nil {
		l.probs.add(b.Pos, "name the fact in to", "the vocabulary has no fact to_region")
		return nil
	}
	if !l.sets[b.EdgeSet] {
		l.probs.missing(b.Pos, absence{"edge set", b.EdgeSet, owner.ID, owner.Pack.ID}, "define an edge with this set", "no edge belongs to set %q", b.EdgeSet)
	}
	out := make([]RuleBranch, 0, len(edges))
	for _, e := range edges {
		out = append(out, l.edgeBranch(one, e, to))
	}
	return out
}

func (l *linker) expandPermit(owner *Requirement, b *Branch, extra *Cond, to FactID) []RuleBranch {
	p := l.permits[b.Permit]
	if p == nil {
		if q := l.ids[b.Permit]; q == nil || q.Kind != Permit {
			l.probs.missing(b.Pos, absence{"permit", b.Permit, owner.ID, owner.Pack.ID}, "define it, or load its pack", "no permit %q", b.Permit)
		}
		return nil
	}
	if slices.Contains(l.stack, p.ID) {
		l.probs.add(b.Pos, "break the cycle", "permit %s uses itself", p.ID)
		return nil
	}
	l.stack = append(l.stack, p.ID)
	defer func() { l.stack = l.stack[:len(l.stack)-1] }()
	extra = AllOf(extra, b.When, p.When, between(l.m.Vocab, p.From, p.Until, p.Pos))
	var out []RuleBranch
	for i := range p.Unless {
		if l.left--; l.left < 0 {
			return nil
		}
		out = append(out, l.expand(p, &p.Unless[i], extra, to)...)
	}
	return out
}

func between(v *Vocabulary, from, until Day, pos Pos) *Cond {
	var cs []*Cond
	if from != DayMin {
		cs = append(cs, &Cond{Op: OpAtom, Pos: pos, Atom: Atom{Fact: v.date, Cmp: Ge, Num: int64(from)}})
	}
	if until != DayMax {
		cs = append(cs, &Cond{Op: OpAtom, Pos: pos, Atom: Atom{Fact: v.date, Cmp: Lt, Num: int64(until)}})
	}
	return AllOf(cs...)
}

func (l *linker) edgeBranch(one RuleBranch, e *Edge, to FactID) RuleBranch {
	v := l.m.Vocab
	place := func(f FactID, ids []RegionID) *Cond {
		return &Cond{Op: OpAtom, Pos: e.Pos, Atom: Atom{Fact: f, Cmp: In, Set: regionInts(ids)}}
	}
	var from *Cond
	if to == 0 {
		if f := v.MustFact("from_region"); f != nil {
			from = place(f.ID, e.Origin)
		}
		if f := v.MustFact("to_region"); f != nil {
			to = f.ID
		}
	}
	// The destination comes first: it is what most edges fail on.
	one.When = AllOf(place(to, e.Destination), from, between(v, e.From, e.Until, e.Pos), e.When, one.When)
	if e.Claim != nil {
		one.Claim = e.Claim
	}
	one.ID += ":" + e.ID
	one.Cites = append(slices.Clone(one.Cites), e.Cites...)
	one.Edge = e
	if e.Text != nil {
		one.Text = e.Text
	}
	return one
}

// Rests tells whether the branch asks for a fact that an exception can rest on; one that
// does not holds exactly when it is true.
func (b *RuleBranch) Rests(v *Vocabulary) bool {
	for _, c := range []*Cond{b.When, b.Claim} {
		for _, id := range c.Facts() {
			if v.Facts[id].Rests() {
				return true
			}
		}
	}
	return false
}

// Declared is a retention law named by the caller, matched to its instrument; Cite is its
// citation in the project's form. An unmatched name has no Instrument.
type Declared struct {
	Instrument *Instrument
	Cite       string
	Given      string
}

// MatchRule reads an entry of retention_rules: a cite or alias, a provision, and
// optionally a country in brackets.
func (m *Model) MatchRule(s string) Declared {
	d := Declared{Given: s}
	text := strings.TrimSpace(s)
	if i := strings.LastIndexByte(text, '('); i > 0 && text[len(text)-1] == ')' && text[i-1] == ' ' {
		text = strings.TrimSpace(text[:i])
	}
	best := 0
	for _, in := range m.Mandatory {
		for _, name := range append([]string{in.Cite}, in.Aliases...) {
			if len(name) > best && strings.HasPrefix(text, name) && (len(text) == len(name) || strings.IndexByte(" (", text[len(name)]) >= 0) {
				best = len(name)
				d.Instrument = in
				d.Cite = in.provision(text[len(name):])
			}
		}
	}
	return d
}

// provision cites rest of the instrument. An alias such as "SEC Rule 17a-4" already names
// the provision that stands in the instrument's first example.
func (in *Instrument) provision(rest string) string {
	if strings.HasPrefix(rest, " (") {
		rest = rest[1:]
	}
	if strings.HasPrefix(rest, " ") || len(in.Examples) == 0 {
		return in.Cite + rest
	}
	if rest == "" {
		return in.Examples[0]
	}
	base, _, _ := strings.Cut(in.Examples[0], "(")
	return base + rest
}
