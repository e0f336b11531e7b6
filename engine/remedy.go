// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

const (
	maxRemedyFacts = 3
	maxWays        = 24
	maxTries       = 4 // for each remedy wanted
	// forbiddenCost marks facts whose change would be another operation, not a remedy.
	forbiddenCost = 9
)

// way is one set of changes that would satisfy a condition, with the exception it uses.
type way struct {
	set    []change
	branch *pack.RuleBranch
}

// remedies finds changes of at most three facts, whose control is the caller's or a
// process of his, that cure all violations; cheapest first (SEMANTICS 5.2). Each is
// confirmed by asking the question again. most bounds how many are looked for.
func (p *Program) remedies(in *Input, res *Result, most int) []comity.Remedy {
	var ways []way
	for n, v := range res.violated {
		if v >= declaredBase {
			return nil
		}
		next := p.cures(in, &p.rules[v])
		if n == 0 {
			ways = next
		} else {
			ways = p.cross(ways, next)
		}
		if len(ways) == 0 {
			return nil
		}
	}
	sort.SliceStable(ways, func(i, j int) bool { return p.cost(ways[i].set) < p.cost(ways[j].set) })
	var out []comity.Remedy
	var taken [][]change
	var scratch Result
	for i, w := range ways {
		if i == maxTries*most || len(out) == most {
			break
		}
		if slices.ContainsFunc(taken, func(t []change) bool { return covers(w.set, t) }) {
			continue
		}
		cured := false
		err := in.try(w.set, func() error {
			p.evaluate(in, res.review, &scratch)
			cured = scratch.effect != comity.Deny
			return nil
		})
		if err == nil && cured {
			taken = append(taken, w.set)
			out = append(out, p.remedy(w))
		}
	}
	return out
}

// covers tells whether w contains every change of t.
func covers(w, t []change) bool {
	for _, c := range t {
		if !slices.ContainsFunc(w, func(d change) bool { return d.fact == c.fact && slices.Equal(d.items, c.items) && d.num == c.num }) {
			return false
		}
	}
	return true
}

func (p *Program) cost(set []change) int {
	total := 0
	for _, c := range set {
		total += max(1, p.facts[c.fact].def.Cost)
	}
	return total
}

// cures lists ways to make one violated rule hold.
func (p *Program) cures(in *Input, r *rule) []way {
	var out []way
	for b := range r.branches {
		for _, w := range p.satisfy(in, r.branches[b].when, true) {
			out = append(out, way{w, &r.src.Branches[b]})
		}
	}
	if r.must != none {
		for _, w := range p.satisfy(in, r.must, true) {
			out = append(out, way{w, nil})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return p.cost(out[i].set) < p.cost(out[j].set) })
	return out[:min(len(out), maxWays)]
}

func (p *Program) cross(a, b []way) []way {
	var out []way
	for _, x := range a {
		for _, y := range b {
			if set, ok := join(x.set, y.set); ok {
				br := x.branch
				if br == nil {
					br = y.branch
				}
				out = append(out, way{set, br})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return p.cost(out[i].set) < p.cost(out[j].set) })
	return out[:min(len(out), maxWays)]
}

// join merges two sets of changes, unless they contradict or grow too large.
func join(a, b []change) ([]change, bool) {
	out := slices.Clone(a)
	for _, c := range b {
		i := slices.IndexFunc(out, func(d change) bool { return d.fact == c.fact })
		switch {
		case i < 0:
			out = append(out, c)
		case !slices.Equal(out[i].items, c.items) || out[i].num != c.num:
			return nil, false
		}
	}
	return out, len(out) <= maxRemedyFacts
}

// satisfy lists sets of changes that would give a condition the wanted truth value.
func (p *Program) satisfy(in *Input, id uint32, want bool) [][]change {
	t, f := in.kid(id)
	if want && t == in.full || !want && f == in.full {
		return [][]change{nil}
	}
	if id&atomBit != 0 {
		return p.satisfyAtom(in, id&^atomBit, want)
	}
	n := &p.nodes[id]
	kids := p.kids[n.first:n.last]
	switch n.op {
	case pack.OpAtom:
		return p.satisfyAtom(in, n.atom, want)
	case pack.OpNot:
		return p.satisfy(in, kids[0], !want)
	case pack.OpNotShown:
		if want && t == in.full {
			return [][]change{nil}
		}
		return p.satisfy(in, kids[0], !want)
	case pack.OpTrue:
		return nil
	}
	if (n.op == pack.OpAll) == want {
		ways := [][]change{nil}
		for _, k := range kids {
			var next [][]change
			for _, w := range p.satisfy(in, k, want) {
				for _, have := range ways {
					if set, ok := join(have, w); ok && len(next) < maxWays {
						next = append(next, set)
					}
				}
			}
			ways = next
		}
		return ways
	}
	var ways [][]change
	for _, k := range kids {
		ways = append(ways, p.satisfy(in, k, want)...)
	}
	return ways[:min(len(ways), maxWays)]
}

func (p *Program) changeable(id pack.FactID) bool {
	def := p.facts[id].def
	return (def.Control == "caller" || def.Control == "process") && def.Cost < forbiddenCost
}

func (p *Program) satisfyAtom(in *Input, id uint32, want bool) [][]change {
	a := &p.atoms[id]
	if a.kind == atomRef && a.fact == p.date && want && p.changeable(a.ref) && p.facts[a.ref].def.Kind == pack.KindDay {
		// The thing itself would have to be done now: a new audit, a new contract.
		return [][]change{{{fact: a.ref, num: int64(in.date.Day(utc))}}}
	}
	if a.kind == atomRef || !p.changeable(a.fact) {
		return nil
	}
	switch a.kind {
	case atomNum:
		if p.facts[a.fact].def.Kind == pack.KindBool {
			v := (a.num == 1) == (a.cmp == pack.Eq) == want
			return [][]change{{{fact: a.fact, num: b2i(v)}}}
		}
	case atomEnum, atomRegion:
		if (a.cmp == pack.In) == want {
			var out [][]change
			for _, s := range a.src.Set {
				if p.facts[a.fact].def.Kind == pack.KindEnum && slices.Contains(p.facts[a.fact].def.Circumstances, s) {
					continue
				}
				if a.kind == atomRegion {
					s = int(p.commonName(s, in.days[a.zone]))
				}
				out = append(out, []change{{fact: a.fact, items: []uint16{uint16(s)}}})
				if len(out) == 3 {
					break
				}
			}
			return out
		}
	}
	return nil
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// remedy words a way: what the caller sets himself, and what a process has to obtain.
func (p *Program) remedy(w way) comity.Remedy {
	r := comity.Remedy{Set: map[string]any{}}
	var parts []string
	for _, c := range w.set {
		def := p.facts[c.fact].def
		val := p.changeValue(c)
		if def.Control == "process" {
			if r.Obtain == nil {
				r.Obtain = map[string]any{}
			}
			r.Obtain[def.Name] = val
			parts = append(parts, fmt.Sprintf("obtain %s: %v", def.Name, val))
		} else {
			r.Set[def.Name] = val
			parts = append(parts, fmt.Sprintf("set %s to %v", def.Name, val))
		}
	}
	r.Text = strings.Join(parts, "; ")
	if w.branch != nil {
		if t := w.branch.Text[lang]; t != "" {
			r.Text += " (" + strings.TrimSuffix(t, ".") + ")"
		}
		r.Citations = w.branch.Cites
	}
	return r
}

func (p *Program) changeValue(c change) any {
	def := p.facts[c.fact].def
	switch def.Kind {
	case pack.KindBool:
		return c.num == 1
	case pack.KindEnum:
		return def.Values[c.items[0]].Name
	case pack.KindRegion:
		return p.model.Vocab.Regions().Code(pack.RegionID(c.items[0]))
	case pack.KindDay:
		return pack.Day(c.num).String()
	}
	return c.num
}

// commonName is the group with the shortest code that has the same places on the day: a
// caller says EEA where a rule says where Union law applies.
func (p *Program) commonName(id int, day pack.Day) uint16 {
	regions := p.model.Vocab.Regions()
	best := pack.RegionID(id)
	if !regions.IsGroup(best) {
		return uint16(id)
	}
	set := *regions.Set(best, day)
	for other := 1; other < regions.Len(); other++ {
		o := pack.RegionID(other)
		if regions.IsGroup(o) && len(regions.Code(o)) < len(regions.Code(best)) && *regions.Set(o, day) == set {
			best = o
		}
	}
	return uint16(best)
}
