// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// maxConfirm bounds the values of a missing fact that are tried.
const maxConfirm = 40

// confirmMissing tries the values of each missing fact and marks those for which no value
// within the bound changed the effect, or that could not be tried, as possible.
func (p *Program) confirmMissing(in *Input, res *Result, list []comity.Missing) {
	t := trial{p: p, in: in, res: res, scratch: &in.ev.after, plain: !in.ev.disputed && len(res.conflicts) == 0}
	for i := range list {
		list[i].Possible = true
		id := p.names[list[i].Fact]
		if in.given.has(id) || t.settledWithout(id) {
			continue
		}
		for _, c := range p.someValues(id) {
			if effect, ok := t.effect(c); ok && effect != res.effect {
				list[i].Possible = false
				break
			}
		}
	}
}

func (p *Program) someValues(id pack.FactID) []change {
	def := p.facts[id].def
	var out []change
	switch def.Kind {
	case pack.KindBool:
		out = []change{{fact: id, num: 0}, {fact: id, num: 1}}
	case pack.KindEnum:
		for v := range min(len(def.Values), maxConfirm) {
			out = append(out, p.changeTo(fix{fact: id, item: uint16(v)}))
		}
	case pack.KindRegion:
		for _, code := range []string{"DE", "GB", "CN", "US-CA", "US-IL", "US-NY-NYC", "JP", "IN", "BR"} {
			if v, ok := p.model.Vocab.Regions().Lookup(code); ok {
				out = append(out, change{fact: id, items: []uint16{uint16(v)}})
			}
		}
	case pack.KindInt:
		for _, n := range []int64{0, 1, 15, 100, 1_000_000, 1_000_000_000} {
			out = append(out, change{fact: id, num: n})
		}
	}
	return out
}

// trial asks a question again with one more fact.
type trial struct {
	p   *Program
	in  *Input
	res *Result
	// plain tells that nothing is demanded, so that each violation stands for itself.
	plain   bool
	scratch *Result
}

// reads tells whether a rule reads a fact.
func (t *trial) reads(rule uint32, id pack.FactID) bool {
	return rule != none && rule < declaredBase && t.p.uses[rule].reads.has(id)
}

// local tells that a fact matters only to the rules that read it.
func (t *trial) local(id pack.FactID) bool {
	p := t.p
	return t.plain && id != p.op && id != p.mechanism && id != p.toRegion && id != p.retention && id != p.elapsed
}

// settledWithout tells that no value of a fact can change the effect: a denial stays one
// as long as a violated rule does not read the fact, or only in a reach that is met.
func (t *trial) settledWithout(id pack.FactID) bool {
	if !t.local(id) {
		return false
	}
	for _, v := range t.res.violated {
		r := &t.p.rules[v]
		if !t.reads(v, id) || !t.p.uses[v].fleeting.has(id) && t.in.combos <= 64 && t.in.truth(t.p.packs[r.pack].reach) == t.in.full {
			return true
		}
	}
	return false
}

// effect is the effect with a change; false if the question cannot be asked.
func (t *trial) effect(c change) (comity.Effect, bool) {
	p, in := t.p, t.in
	effect := t.res.effect
	err := in.try([]change{c}, func() error {
		if t.local(c.fact) {
			if effect = t.localEffect(c.fact); effect != "" {
				return nil
			}
		}
		p.evaluate(in, t.res.review, t.scratch)
		effect = t.scratch.effect
		return nil
	})
	return effect, err == nil
}

// localEffect judges only the rules that read the changed fact; what the others said
// stays. It is empty where a demand came in, which other rules can answer to.
func (t *trial) localEffect(id pack.FactID) comity.Effect {
	p, in, s := t.p, t.in, t.scratch
	only := in.only
	if in.only = p.readers[id]; in.only == nil {
		in.only = in.ev.noRules
	}
	p.judgeChunks(in, t.res.review, s)
	in.only = only
	if len(s.conflicts)+len(s.demanded) > 0 {
		return ""
	}
	if t.res.review {
		p.needsOf(in, s)
	}
	open := len(s.missing) + len(s.questions) + len(s.undeclared)
	for _, m := range t.res.missing {
		if m.rule != none && !t.reads(m.rule, id) {
			open++
		}
	}
	for _, q := range t.res.questions {
		if !t.reads(q, id) {
			open++
		}
	}
	switch {
	case len(s.violated) > 0:
		return comity.Deny
	case open > 0:
		return comity.Review
	}
	return comity.Allow
}
