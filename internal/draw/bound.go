// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"cmp"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// verdict is what a decision says of one requirement.
type verdict struct {
	state State
	text  string
	rank  int // the gravest first
}

// verdictOf reads a requirement's state from the decision.
func (b *operationBuilder) verdictOf(id string) verdict {
	d := b.d
	is := func(x string) bool { return x == id }
	switch {
	case slices.ContainsFunc(d.Violations, func(v comity.Violation) bool { return v.Requirement == id }):
		return verdict{Violated, "violated", 0}
	case slices.ContainsFunc(d.Conflicts, func(c comity.Conflict) bool { return slices.ContainsFunc(c.Requirements, is) }):
		return verdict{Open, "in conflict", 1}
	case slices.ContainsFunc(d.Questions, func(q comity.Question) bool { return q.Requirement == id }):
		return verdict{Open, "an open question", 2}
	case slices.ContainsFunc(d.Missing, func(m comity.Missing) bool { return slices.ContainsFunc(m.NeededBy, is) }):
		return verdict{Open, "needs more facts", 3}
	case slices.ContainsFunc(d.Duties, func(x comity.Duty) bool { return x.Requirement == id }):
		return verdict{NotShown, "neither shown nor denied", 7}
	}
	if gs := b.grounds(id); len(gs) > 0 {
		for _, h := range gs {
			if slices.ContainsFunc(d.Conditions, func(c comity.Condition) bool { return c.Requirement == h.ground.Requirement }) {
				return verdict{Holds, "lifted on conditions", 4}
			}
		}
		return verdict{Holds, "lifted", 4}
	}
	if q := b.byID[id]; q != nil {
		switch q.Kind {
		case pack.Qualify:
			return verdict{Holds, "adds conditions", 5}
		case pack.Forbid:
			return verdict{Holds, "not at issue", 6}
		}
	}
	return verdict{Holds, "met", 6}
}

// held is an exception that lifted a requirement.
type held struct {
	ground *comity.Ground
	branch *pack.RuleBranch
}

// grounds are the exceptions of the decision that belong to a requirement, directly or
// through a permit.
func (b *operationBuilder) grounds(id string) []held {
	var out []held
	for i := range b.d.Grounds {
		g := &b.d.Grounds[i]
		for _, r := range b.m.Rules {
			if r.ID != id {
				continue
			}
			for j := range r.Branches {
				br := &r.Branches[j]
				if br.Owner.ID == g.Requirement && br.ID == g.Branch && !slices.ContainsFunc(out, func(h held) bool { return h.ground == g }) {
					out = append(out, held{g, br})
				}
			}
		}
	}
	return out
}

// requirements draws what binds, by regime, the gravest first; then what is named by the
// answer from outside the packs, such as a retention law that the caller declared.
func (b *operationBuilder) requirements() {
	for _, p := range b.m.Packs {
		var ids []string
		for _, q := range p.Requirements {
			if slices.Contains(b.d.Applicable, q.ID) {
				ids = append(ids, q.ID)
			}
		}
		slices.SortStableFunc(ids, func(x, y string) int { return cmp.Compare(b.verdictOf(x).rank, b.verdictOf(y).rank) })
		if len(ids) == 0 {
			continue
		}
		group := "bound:" + p.ID
		b.g.Groups = append(b.g.Groups, Group{ID: group, Title: p.ID, Layer: boundLayer})
		for _, id := range ids {
			b.bound(id, group)
		}
		b.g.edge("pack:"+p.ID, group, "binds", b.worst(ids))
	}
	b.possible()
	b.foreign()
}

func (b *operationBuilder) worst(ids []string) State {
	s := b.verdictOf(ids[0]).state
	if s == NotShown {
		return Holds
	}
	return s
}

// bound is one requirement that binds; what holds or is merely a duty is kept short.
func (b *operationBuilder) bound(id, group string) {
	q, v := b.byID[id], b.verdictOf(id)
	n := Node{ID: "q:" + id, Kind: Kind(q.Kind), State: v.state, Name: id, Title: title(q), Layer: boundLayer, Group: group, Cites: q.Cites}
	if v.state != NotShown {
		n.line("state", v.text)
	}
	if len(q.Demand) > 0 && v.state != NotShown {
		n.line("demands", newWriter(b.m.Vocab, q.Pack).operations(q.Demand))
	}
	b.g.node(n)
}

// possible draws requirements that would bind if a missing fact were known.
func (b *operationBuilder) possible() {
	const group = "possible"
	for _, m := range b.d.Missing {
		for _, id := range m.NeededBy {
			if b.byID[id] == nil || b.g.has("q:"+id) {
				continue
			}
			if !slices.ContainsFunc(b.g.Groups, func(g Group) bool { return g.ID == group }) {
				b.g.Groups = append(b.g.Groups, Group{ID: group, Title: "Could bind", Layer: boundLayer})
			}
			b.bound(id, group)
			n := &b.g.Nodes[len(b.g.Nodes)-1]
			n.line("of", b.byID[id].Pack.ID)
		}
	}
}

// foreign draws what takes part in the answer and stands in no pack.
func (b *operationBuilder) foreign() {
	const group = "foreign"
	add := func(id string, cites []string, s State, text string) {
		if b.byID[id] != nil || b.g.has("q:"+id) {
			return
		}
		if !slices.ContainsFunc(b.g.Groups, func(g Group) bool { return g.ID == group }) {
			b.g.Groups = append(b.g.Groups, Group{ID: group, Title: "Named in the facts", Layer: boundLayer})
		}
		n := Node{ID: "q:" + id, Kind: Kind(pack.Retain), State: s, Name: id, Title: "A law that the facts name", Layer: boundLayer, Group: group, Cites: cites}
		if strings.HasPrefix(id, "order of ") {
			n.Kind, n.Title = KindScope, "An order of a foreign authority"
		}
		n.line("state", text)
		b.g.node(n)
	}
	for _, v := range b.d.Violations {
		add(v.Requirement, v.Citations, Violated, "violated")
	}
	for _, c := range b.d.Conflicts {
		for _, id := range c.Requirements {
			add(id, nil, Open, "in conflict")
		}
	}
}
