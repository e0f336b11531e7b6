// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package which

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

// Status says how a regime or framework concerns a business.
type Status string

// The statuses, in the order of an answer.
const (
	Law         Status = "law"          // required by law
	Contract    Status = "contract"     // required by contract
	Own         Status = "own"          // a rule of the company itself
	Recommended Status = "recommended"  // required by nobody, but it helps
	Depends     Status = "depends"      // on facts that were not given
	NotAtIssue  Status = "not_at_issue" // ruled out
	Uncovered   Status = "uncovered"    // not one of the activities that are asked about
)

var statuses = []Status{Law, Contract, Own, Recommended, Depends, NotAtIssue, Uncovered}

// Answer is what one regime or framework means to a business.
type Answer struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Start numbers what is required or recommended: where to start.
	Start int `json:"start,omitempty"`
	// From is the day from which it binds, if that is to come.
	From string `json:"from,omitempty"`
	// Reach says in plain words what links a business to it.
	Reach     string   `json:"reach,omitempty"`
	Citations []string `json:"citations,omitempty"`
	// Because lists the activities in which it binds.
	Because []Reason `json:"because,omitempty"`
	// Facts are those on which it depends or which rule it out: each by itself, or all of
	// them together.
	Facts    []Fork `json:"facts,omitempty"`
	Together bool   `json:"together,omitempty"`
	// Note says why where no fact does.
	Note      string   `json:"note,omitempty"`
	Penalties []string `json:"penalties,omitempty"`

	requirements int
}

// Reason is an activity of the business in which a regime binds.
type Reason struct {
	Activity     string   `json:"activity"`
	Places       []string `json:"places,omitempty"`
	Requirements []string `json:"requirements"`
}

// Fork is a fact on which an answer hangs: what was given, and what would make it bind.
type Fork struct {
	Fact  string `json:"fact"`
	Given any    `json:"given,omitempty"`
	Other any    `json:"other"`

	hard bool
}

// Report is the whole answer.
type Report struct {
	Date    string         `json:"date"`
	Facts   map[string]any `json:"facts"`
	Answers []Answer       `json:"answers"`
	// Warnings tell of packs past their review.
	Warnings []string `json:"warnings,omitempty"`
}

// ahead is how far law that is to come is looked for, in months.
const ahead = 24

// lang is the language of the texts.
const lang = "en"

// asking is one answer that is being made.
type asking struct {
	*asker
	b       *Business
	m       *pack.Model
	regions *pack.Regions
	on      pack.Day
	base    profile
	now     map[string][]hit
}

// Ask tells which of the packs and frameworks concern a business on a day.
func (b *Business) Ask(prog *engine.Program, on pack.Day) (*Report, error) {
	k := &asking{asker: newAsker(b.q, prog), b: b, m: prog.Model(), regions: prog.Model().Vocab.Regions(), on: on}
	k.base = b.base(k.everywhere())
	k.now = k.hits(k.base, on)
	rep := &Report{Date: on.String(), Facts: b.Given}
	if rep.Facts == nil {
		rep.Facts = map[string]any{}
	}
	for _, p := range k.m.Packs {
		if k.isFramework(p.ID) {
			continue
		}
		rep.Answers = append(rep.Answers, k.pack(p))
		if w := p.ReviewWarning(on); w != "" {
			rep.Warnings = append(rep.Warnings, w)
		}
	}
	for i := range b.q.frameworks {
		rep.Answers = append(rep.Answers, k.framework(&b.q.frameworks[i]))
	}
	if k.err != nil {
		return nil, k.err
	}
	rank(rep.Answers, b.q.frameworks)
	return rep, nil
}

func (k *asking) isFramework(id string) bool {
	return slices.ContainsFunc(k.b.q.frameworks, func(f framework) bool { return f.ID == id })
}

// places are those that a pack's reach reads: where a business must be, or look to, for
// the pack to concern it.
func (k *asking) places(p *pack.Pack) []string {
	return k.placesIn(p, p.Reach.When)
}

// placesIn are the pack's own place and those that conditions read.
func (k *asking) placesIn(p *pack.Pack, conds ...*pack.Cond) []string {
	ids := []pack.RegionID{p.Order}
	for _, c := range conds {
		c.Walk(func(c *pack.Cond) {
			if c.Op != pack.OpAtom || k.m.Vocab.Facts[c.Atom.Fact].Kind != pack.KindRegion {
				return
			}
			for _, id := range c.Atom.Set {
				ids = append(ids, pack.RegionID(id))
			}
		})
	}
	var out []string
	for _, id := range ids {
		code := k.regions.Code(id)
		if code != pack.World && code != "INT" && !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// everywhere is every place that some pack's reach reads.
func (k *asking) everywhere() []string {
	var out []string
	for _, p := range k.m.Packs {
		for _, code := range k.places(p) {
			if !slices.Contains(out, code) {
				out = append(out, code)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (k *asking) pack(p *pack.Pack) Answer {
	a := Answer{ID: p.ID, Name: p.Name, Reach: p.Reach.Text[lang], Citations: p.Reach.Cites}
	switch {
	case binding(p) == 0 || p.Reach.When.Op == pack.OpTrue && p.WeightName != "company":
		a.Status, a.Note = NotAtIssue, cmp.Or(a.Reach, "It permits, and binds nobody by itself.")
	case k.now[p.ID] != nil:
		a.bound(p, k.now[p.ID], "")
	case k.coming(p, &a):
	case k.over(p):
		a.Status, a.Note = NotAtIssue, "Nothing in it binds on this day any more."
	default:
		k.open(p, &a)
	}
	if a.Status != NotAtIssue {
		for _, x := range p.PenaltiesOn(k.on) {
			a.Penalties = append(a.Penalties, x.Line())
		}
		if list := p.RulingsUntil(k.on); len(list) > 0 {
			a.Penalties = append(a.Penalties, "for example "+list[0].Line())
		}
	}
	return a
}

// binding counts the requirements that are more than a permission.
func binding(p *pack.Pack) (n int) {
	for _, q := range p.Requirements {
		if q.Kind != pack.Permit {
			n++
		}
	}
	return n
}

// over tells a pack whose requirements have all ended.
func (k *asking) over(p *pack.Pack) bool {
	return !slices.ContainsFunc(p.Requirements, func(q *pack.Requirement) bool {
		return q.Kind != pack.Permit && q.Until > k.on && q.KnownUntil == pack.DayMax
	})
}

func (a *Answer) bound(p *pack.Pack, hits []hit, from string) {
	a.Status, a.From = Law, from
	switch p.WeightName {
	case "industry":
		a.Status = Contract
	case "company":
		a.Status = Own
	}
	for _, h := range hits {
		a.Because = append(a.Because, Reason{Activity: h.activity.Text, Places: h.places, Requirements: h.ids})
		a.requirements += len(h.ids)
	}
}

// days are those ahead on which a requirement of a pack begins to bind.
func (k *asking) days(p *pack.Pack) []pack.Day {
	var days []pack.Day
	until := pack.Period{N: ahead, Unit: pack.Months}.AddTo(k.on)
	for _, q := range p.Requirements {
		if q.From > k.on && q.From < until && !slices.Contains(days, q.From) {
			days = append(days, q.From)
		}
	}
	slices.Sort(days)
	return days
}

// coming looks for the first day ahead from which a pack binds.
func (k *asking) coming(p *pack.Pack, a *Answer) bool {
	for _, d := range k.days(p) {
		if hits := k.hits(k.base, d)[p.ID]; hits != nil {
			a.bound(p, hits, d.String())
			return true
		}
	}
	return false
}

// open finds the facts on which it hangs that a pack does not bind.
func (k *asking) open(p *pack.Pack, a *Answer) {
	conds := []*pack.Cond{p.Reach.When}
	for _, q := range p.Requirements {
		conds = append(conds, q.When)
	}
	// First with the places that the reach reads, then with those of the requirements, then
	// with one elsewhere, for law about what leaves a country.
	tries := [][]string{k.places(p), k.placesIn(p, conds...), append(k.places(p), k.elsewhere(p))}
	for _, d := range append([]pack.Day{k.on}, k.days(p)...) {
		for _, places := range tries {
			soft, hard := k.b.changes(k.regions, k.on, places)
			s := solve(func(x profile) bool { return k.binds(x, p.ID, d) }, k.near(places), soft, hard)
			if s.verdict == uncovered {
				continue
			}
			if d > k.on && s.verdict == hangs {
				a.From = d.String()
			}
			k.decide(a, s)
			return
		}
	}
	if p.WeightName == "company" {
		a.Status, a.Note = NotAtIssue, "A policy binds whom it names, which no fact about a business tells: "+a.Reach
		return
	}
	k.decide(a, solution{verdict: uncovered})
}

// elsewhere is a place outside a pack's legal order.
func (k *asking) elsewhere(p *pack.Pack) string {
	for _, code := range []string{"US", "DE"} {
		if id, ok := k.regions.Lookup(code); ok && k.regions.In(id, []pack.RegionID{p.Order}, k.on) == pack.False {
			return code
		}
	}
	return "JP"
}

// near is the base without the places that a pack's reach has nothing to do with: where
// many were given, asking about each of them again would take long.
func (k *asking) near(places []string) profile {
	var ids []pack.RegionID
	for _, code := range places {
		id, _ := k.regions.Lookup(code)
		ids = append(ids, id)
	}
	out := k.base.with()
	for _, f := range k.b.q.Facts {
		v := out[f.Name]
		if f.Type != typeRegions || len(v.places) < 3 {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(v.places), func(code string) bool {
			id, _ := k.regions.Lookup(code)
			return k.regions.In(id, ids, k.on) == pack.False
		})
		if len(kept) == 0 {
			kept = v.places[:1]
		}
		v.places = kept
		out[f.Name] = v
	}
	return out
}

// decide words a solution.
func (k *asking) decide(a *Answer, s solution) {
	switch s.verdict {
	case hangs:
		a.Status = Depends
	case excluded:
		a.Status = NotAtIssue
	default:
		a.Status, a.Note = Uncovered, "None of the activities that are asked about is its subject: ask comity decide about the operation itself."
		return
	}
	a.Together = s.together && len(s.changes) > 1
	for _, c := range s.changes {
		a.Facts = append(a.Facts, Fork{Fact: c.fact.Name, Given: k.b.Given[c.fact.Name], Other: c.to.shown(c.fact), hard: c.hard})
	}
}

// shown is a value as an answer names it.
func (v value) shown(f *Fact) any {
	switch f.Type {
	case typeBool:
		return v.yes
	case typeInt:
		return v.num
	}
	return v.places
}

func (k *asking) framework(f *framework) Answer {
	a := Answer{ID: f.ID, Name: f.Name}
	if f.Penalty != "" {
		a.Penalties = []string{f.Penalty}
	}
	for _, p := range k.m.Packs {
		if p.ID == f.ID {
			for _, x := range p.PenaltiesOn(k.on) {
				a.Penalties = append(a.Penalties, x.Line())
			}
		}
	}
	applies := func(r *frameworkRule) func(profile) bool {
		return func(p profile) bool {
			return !slices.ContainsFunc(r.When, func(name string) bool { return !p[name].yes })
		}
	}
	for i := range f.Rules {
		if r := &f.Rules[i]; applies(r)(k.base) {
			a.Status, a.Reach, a.Citations = r.Status, r.Text, []string{r.Cite}
			return a
		}
	}
	any := func(p profile) bool {
		return slices.ContainsFunc(f.Rules, func(r frameworkRule) bool { return applies(&r)(p) })
	}
	var soft, hard []change
	for _, x := range k.b.q.Facts {
		if x.Type != typeBool {
			continue
		}
		c := change{fact: x, to: x.wide(nil)}
		if said, ok := k.b.given[x.Name]; !ok {
			soft = append(soft, c)
		} else if !said.yes {
			hard = append(hard, c)
		}
	}
	a.Penalties = nil
	k.decide(&a, solve(any, k.base, soft, hard))
	return a
}

// rank orders the answers by status and numbers where to start: law in force before
// contracts, then law to come, then what helps; what binds most activities first.
func rank(list []Answer, fs []framework) {
	start := func(id string) int {
		for _, f := range fs {
			if f.ID == id {
				return f.Start
			}
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b Answer) int {
		return cmp.Or(cmp.Compare(slices.Index(statuses, a.Status), slices.Index(statuses, b.Status)), strings.Compare(a.From, b.From),
			cmp.Compare(len(b.Because), len(a.Because)), cmp.Compare(b.requirements, a.requirements), cmp.Compare(start(a.ID), start(b.ID)), strings.Compare(a.ID, b.ID))
	})
	n := 0
	for _, pick := range []func(a *Answer) bool{
		func(a *Answer) bool { return a.Status == Law && a.From == "" },
		func(a *Answer) bool { return (a.Status == Contract || a.Status == Own) && a.From == "" },
		func(a *Answer) bool { return a.From != "" && a.Status != Depends },
		func(a *Answer) bool { return a.Status == Recommended },
	} {
		for i := range list {
			if pick(&list[i]) {
				n++
				list[i].Start = n
			}
		}
	}
}

// maxGiven bounds the text of what was given.
const maxGiven = 40

// Text is a fork in words.
func (f Fork) Text() string {
	other := fmt.Sprint(f.Other)
	if list, ok := f.Other.([]string); ok {
		other = strings.Join(list, ", ")
	}
	if n, ok := f.Other.(int64); ok {
		other = fmt.Sprintf("%d or more", n)
	}
	given := strings.Join(words(f.Given), ", ")
	switch {
	case !f.hard:
		return f.Fact + " (" + other + ")"
	case f.Given == nil: // settled by another fact
		return f.Fact + " is not " + other
	case len(given) > maxGiven:
		return f.Fact + " lacks " + other
	}
	return f.Fact + " is " + given + ", not " + other
}
