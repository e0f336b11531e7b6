// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// lang is the language of the texts in answers.
const lang = "en"

// report builds the wire contract from a result.
type report struct {
	p   *Program
	in  *Input
	res *Result
	d   comity.Decision
	// full asks for the explanation.
	full    bool
	outside []outsideNode
	// failed are the exceptions of violated rules on which the caller relied.
	failed []failedClaim
	// chunks gives, for questions of several chunks of combinations, the first chunk in
	// which a rule is violated.
	chunks map[uint32]int
	// dues are the deadlines of the answer that were counted from an event.
	dues []countedDue
	// texts is what is left of the memory for copied lists of texts.
	texts []string
	// ordered serves byWeight.
	ordered [16]uint32
}

// copied copies a list of a pack, which the receiver of an answer may change; many lists
// share one piece of memory.
func (r *report) copied(list []string) []string {
	n := len(list)
	if n == 0 {
		return nil
	}
	if n > len(r.texts) {
		r.texts = make([]string, max(n, 16))
	}
	out := r.texts[:n:n]
	r.texts = r.texts[n:]
	copy(out, list)
	return out
}

type failedClaim struct {
	rule   uint32
	branch *pack.RuleBranch
}

// Decision turns a result into the wire contract, with all citations; explain adds the
// explanation, further remedies, and confirms what is missing. The input must be the one
// that res was evaluated from.
func (p *Program) Decision(in *Input, res *Result, explain bool) comity.Decision {
	r := &report{p: p, in: in, res: res, full: explain}
	r.d = comity.Decision{Effect: res.effect, About: "act", Mode: comity.MissingIgnore, At: in.date.Time(utc).UTC(), Program: p.hash}
	if res.review {
		r.d.Mode = comity.MissingReview
	}
	if in.given.has(p.op) && p.states>>in.items[p.op][0]&1 != 0 {
		r.d.About = "state"
	}
	r.outside = p.outsideNodes(in)
	if res.simple {
		in.ev.next() // the index alone answered; what is remembered is of another question
	}
	r.findFailed()
	r.applicable()
	r.violations()
	r.conflicts()
	r.lifted()
	r.dutiesAndQuestions()
	r.missing()
	r.notAtIssue()
	p.collectMoments(in, res)
	r.outsideNodes()
	r.d.Unbound = r.unbound()
	r.d.Citations = r.citations()
	r.warnings()
	if explain {
		r.d.Explanation = r.explain()
		p.confirmMissing(in, res, r.d.Missing)
		r.near()
	}
	r.remedies()
	if t := p.validUntil(in, res); !t.IsZero() {
		t = t.UTC()
		r.d.ValidUntil = &t
	}
	return r.d
}

// maxRemedies is how many remedies an explained answer offers.
const maxRemedies = 5

// remedies puts those that cure all violations beside the violations that they touch.
func (r *report) remedies() {
	if len(r.d.Violations) == 0 {
		return
	}
	most := 1
	if r.full {
		most = maxRemedies
	}
	f := &remedyFinder{p: r.p, in: r.in, res: r.res, chunks: r.chunks, scratch: &r.in.ev.after, plain: !r.in.ev.disputed && len(r.res.conflicts) == 0}
	list := f.remedies(most)
	for i := range r.d.Violations {
		r.d.Violations[i].Remedies = list
	}
}

func (r *report) rule(i uint32) *pack.Rule { return r.p.rules[i].src }

// cites are the citations of a rule or of a declared retention rule.
func (r *report) cites(i uint32) []string {
	if i >= declaredBase {
		return []string{r.in.rules[i-declaredBase].Cite}
	}
	return r.rule(i).Req.Cites
}

func (r *report) id(i uint32) string {
	switch {
	case i == foreignRule:
		return "order of " + r.p.model.Vocab.Regions().Code(pack.RegionID(r.in.items[r.p.toRegion][0]))
	case i >= declaredBase:
		return r.in.rules[i-declaredBase].Cite
	}
	return r.rule(i).ID
}

func (r *report) applicable() {
	if n := len(r.res.bound); n > 0 {
		r.d.Applicable = r.res.Applicable(make([]string, 0, n))
		r.d.Packs = make([]comity.PackRef, 0, min(n, 3))
	}
	last := -1
	for _, i := range r.res.bound {
		if no := int(r.p.rules[i].pack); no != last {
			src := r.p.packs[no].src
			r.d.Packs = append(r.d.Packs, comity.PackRef{ID: src.ID, Version: src.Version})
			last = no
		}
	}
}

func (r *report) violations() {
	if n := len(r.res.violated); n > 0 {
		r.d.Violations = make([]comity.Violation, 0, n)
	}
	for _, i := range r.byWeight(r.res.violated) {
		v := comity.Violation{Requirement: r.id(i), Citations: r.copied(r.cites(i))}
		if i >= declaredBase {
			v.Why = "The caller declared that this retention law covers the records and it still runs."
			v.Facts = r.facts(factSet{}, r.p.retention, r.p.elapsed)
		} else {
			src := r.rule(i)
			v.Why = src.Req.Text[lang]
			v.Facts = r.facts(r.p.uses[i].decisive)
			for _, b := range r.failedClaims(i) {
				v.Citations = merge(v.Citations, r.failedCites(i, b))
			}
		}
		r.d.Violations = append(r.d.Violations, v)
	}
}

// facts are those given facts of a set that are not the date.
func (r *report) facts(s factSet, more ...pack.FactID) map[string]any {
	for _, f := range more {
		s.add(f)
	}
	out := map[string]any{}
	for _, id := range r.in.order {
		if id != 0 && s.has(id) && id != r.p.date {
			out[r.p.facts[id].def.Name] = r.in.value(id)
		}
	}
	return out
}

// value is a fact's value as a caller would write it.
func (in *Input) value(id pack.FactID) any {
	def := in.prog.facts[id].def
	var names []string
	if n := len(in.items[id]); n > 1 {
		names = make([]string, 0, n)
	}
	switch def.Kind {
	case pack.KindBool:
		return in.num[id] == 1
	case pack.KindInt:
		return in.num[id]
	case pack.KindDay:
		return pack.Day(in.num[id]).String()
	case pack.KindInstant:
		if in.at[id].Local && (in.at[id].Sec-43200)%86400 == 0 {
			return in.at[id].Day(utc).String()
		}
		return in.at[id].Time(utc).UTC().Format(time.RFC3339)
	case pack.KindString:
		names = append([]string{}, in.strs[id]...) // not nil, whatever the input was used for before
	case pack.KindEnum, pack.KindRegion:
		known := in.prog.valueNames[id]
		if len(in.items[id]) == 1 {
			return known[in.items[id][0]]
		}
		for _, it := range in.items[id] {
			names = append(names, known[it].(string))
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	return names
}

// edgeMeant tells an edge between the places of the question from all others of its set.
func (r *report) edgeMeant(i uint32, e *pack.Edge) bool {
	if r.p.toRegion == 0 || !r.in.given.has(r.p.toRegion) {
		return true
	}
	to := pack.RegionID(r.in.items[r.p.toRegion][0])
	return r.p.model.Vocab.Regions().In(to, e.Destination, r.today(i)) != pack.False
}

// today is the day of the question in the zone of a rule's pack.
func (r *report) today(i uint32) pack.Day { return r.in.days[r.p.rules[i].zone] }

func (r *report) failedCites(i uint32, b *pack.RuleBranch) []string {
	out := r.copied(b.Cites)
	if b.Edge != nil && r.today(i) >= b.Edge.Until {
		out = append(out, b.Edge.EndedBy...)
	}
	return out
}

func (r *report) conflicts() {
	for _, c := range r.byOrder() {
		v, d := r.id(c.rule), r.id(c.demand)
		out := comity.Conflict{
			Requirements: []string{v, d},
			Citations:    r.conflictCites(c),
			Why:          v + " forbids what " + d + " demands, they belong to different legal orders, and neither recognises the other.",
			Who:          "Counsel for both legal orders.",
		}
		for _, i := range []uint32{c.demand, c.rule} {
			if i >= declaredBase {
				continue
			}
			q := r.rule(i).Req
			if len(q.Restrict) > 0 {
				out.Restrict = make([]comity.Action, 0, len(q.Restrict))
				for _, a := range q.Restrict {
					out.Restrict = append(out.Restrict, comity.Action{Type: a.Type, Params: maps.Clone(a.Params)})
				}
			}
			if q.Who[lang] != "" {
				out.Who = q.Who[lang]
			}
		}
		if out.Restrict == nil {
			out.Restrict = []comity.Action{{Type: "restrict", Params: map[string]any{"operations": []any{"process", "disclose", "transfer"}}}}
		}
		r.d.Conflicts = append(r.d.Conflicts, out)
	}
}

// byOrder lists the conflicts by the weight of what is violated, then its id.
func (r *report) byOrder() []conflict {
	out := slices.Clone(r.res.conflicts)
	slices.SortStableFunc(out, func(a, b conflict) int {
		if d := r.p.standing(r.in, b.rule).weight - r.p.standing(r.in, a.rule).weight; d != 0 {
			return int(d)
		}
		return strings.Compare(r.id(a.rule), r.id(b.rule))
	})
	return out
}

func (r *report) conflictCites(c conflict) []string {
	var out []string
	for _, i := range []uint32{c.demand, c.rule} {
		if i == foreignRule {
			continue
		}
		out = merge(out, r.cites(i))
		if i < declaredBase {
			for _, b := range r.rule(i).Branches {
				if b.RecognisesOrders() {
					out = merge(out, b.Cites)
				}
			}
			out = merge(out, r.rule(i).Req.WhoCites)
		}
	}
	return out
}

func (r *report) lifted() {
	for _, h := range r.res.held {
		b := &r.rule(h.rule).Branches[h.branch]
		r.ground(b)
		for i := range b.Conditions {
			r.condition(&b.Conditions[i], b.Owner.ID, b.Cites, h.rule)
		}
		if h.open {
			r.openConditions(h, b)
		}
	}
	for _, i := range r.res.applied {
		q := r.rule(i).Req
		for j := range q.Conditions {
			r.condition(&q.Conditions[j], q.ID, q.Cites, i)
		}
	}
}

// ground names an exception once, also where a permit lifted several rules.
func (r *report) ground(b *pack.RuleBranch) {
	for _, g := range r.d.Grounds {
		if g.Requirement == b.Owner.ID && g.Branch == b.ID {
			return
		}
	}
	r.d.Grounds = append(r.d.Grounds, comity.Ground{Requirement: b.Owner.ID, Branch: b.ID, Citations: r.copied(b.Cites)})
}

func (r *report) condition(c *pack.Condition, id string, cites []string, rule uint32) {
	if len(c.Cites) > 0 {
		cites = c.Cites
	}
	out := comity.Condition{ID: c.ID, Text: c.Text[lang], Requirement: id, Citations: r.copied(cites), Standing: c.Standing}
	if c.Action != nil {
		out.Action = &comity.Action{Type: c.Action.Type, Params: maps.Clone(c.Action.Params)}
	}
	if c.Due != nil {
		out.Due = r.in.due(c.Due, r.p.zones[r.p.rules[rule].zone])
	}
	for _, have := range r.d.Conditions {
		if have.ID == out.ID && have.Requirement == out.Requirement {
			return
		}
	}
	if out.Due != "" {
		r.notedDue(id+"/"+c.ID, c.Due, r.p.rules[rule].zone, out.Due)
	}
	r.d.Conditions = append(r.d.Conditions, out)
}

// openConditions are what an exception that was claimed still asks for; alternatives are
// one condition.
func (r *report) openConditions(h heldBranch, b *pack.RuleBranch) {
	var parts []openPart
	r.in.eachChunk(func(int) {
		for _, o := range r.p.openParts(r.in, r.p.rules[h.rule].branches[h.branch].when, r.in.full) {
			parts = appendNew(parts, o)
		}
	})
	for _, o := range parts {
		r.d.Conditions = append(r.d.Conditions, comity.Condition{
			ID: o.fact, Text: "Show that " + o.text + ".",
			Requirement: b.Owner.ID, Citations: r.copied(b.Cites),
		})
	}
}

func (r *report) dutiesAndQuestions() {
	duties := r.res.duties
	if pending := r.pending(); len(pending) > 0 {
		duties = append(slices.Clone(duties), pending...)
	}
	if n := len(duties); n > 0 {
		r.d.Duties = make([]comity.Duty, 0, n)
	}
	for _, i := range r.byWeight(duties) {
		q := r.rule(i).Req
		title := q.Title
		if title == "" {
			title = q.Text[lang]
		}
		r.d.Duties = append(r.d.Duties, comity.Duty{ID: q.ID, Text: title, Requirement: q.ID, Citations: r.copied(q.Cites), Due: r.dueOf(i)})
	}
	for _, i := range r.byWeight(r.res.questions) {
		q := r.rule(i).Req
		r.d.Questions = append(r.d.Questions, comity.Question{Requirement: q.ID, Text: q.Text[lang], Citations: r.copied(q.Cites), Who: q.Who[lang]})
	}
}

func (r *report) outsideNodes() {
	r.outside = slices.DeleteFunc(r.outside, func(o outsideNode) bool { return !r.p.packs[o.pack].inForce(r.in.days) })
	for _, o := range r.outside {
		n := &r.p.packs[o.pack].src.Outside[o.node]
		r.d.Outside = append(r.d.Outside, comity.OutsideNode{Pack: r.p.packs[o.pack].src.ID, ID: n.ID, Text: n.Text[lang], Citations: r.copied(n.Cites)})
	}
}

func merge(dst, src []string) []string {
	for _, s := range src {
		if !slices.Contains(dst, s) {
			dst = append(dst, s)
		}
	}
	return dst
}
