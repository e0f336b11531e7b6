// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// explain words the answer: which regimes apply and why, what each requirement did, and
// where nothing applies, what the nearest regimes lack. The same program and facts always
// give the same words.
func (r *report) explain() []string {
	var out []string
	for no := range r.p.packs {
		if s := r.explainPack(uint16(no)); s != "" {
			out = append(out, s)
		}
	}
	if len(r.res.bound) == 0 {
		out = append(out, r.nothingApplies()...)
	}
	seen := map[string]bool{}
	for _, i := range r.res.bound {
		s := r.explainRule(i)
		if s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, i := range r.res.violated {
		if i >= declaredBase {
			out = append(out, r.id(i)+" forbids deletion: the caller declared it for these records and it still runs.")
		}
	}
	for _, c := range r.res.conflicts {
		out = append(out, r.explainConflict(c))
	}
	out = append(out, r.explainDeadlines()...)
	return append(append(out, r.explainMissing()...), r.explainPenalties()...)
}

// explainPack tells of a regime that binds, or is left by status.
func (r *report) explainPack(no uint16) string {
	src := r.p.packs[no].src
	for _, o := range r.outside {
		if o.pack == no {
			n := &src.Outside[o.node]
			return src.Name + ": within its reach, but outside it" + clause(": ", n.Text[lang]) + bracketed(n.Cites) + fromFile(src, n.Pos)
		}
	}
	for _, i := range r.res.bound {
		if r.p.rules[i].pack == no && src.Reach.When.Op != pack.OpTrue {
			return src.Name + " applies" + clause(": ", src.Reach.Text[lang]) + bracketed(src.Reach.Cites) + fromFile(src, src.Pos)
		}
	}
	return ""
}

// clause is a text of a pack as the end of a sentence, after what leads to it; empty if
// there is none.
func clause(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + strings.TrimSuffix(text, ".")
}

func bracketed(cites []string) string {
	if len(cites) == 0 {
		return ""
	}
	return " [" + strings.Join(cites, "; ") + "]"
}

// explainRule says what a requirement did: what an auditor checks against the text of the
// law, with the facts that settled it.
func (r *report) explainRule(i uint32) string {
	src := r.rule(i)
	q := src.Req
	var b strings.Builder
	b.Grow(256)
	b.WriteString(q.ID)
	if q.Title != "" {
		b.WriteString(" (" + q.Title + ")")
	}
	b.WriteString(bracketed(q.Cites))
	if q.Unverified {
		b.WriteString(" (unverified)")
	}
	b.WriteString(" ")
	b.WriteString(r.did(i))
	b.WriteString(".")
	if day := r.today(i); q.Enforced != pack.DayMin && day < q.Enforced {
		b.WriteString(" Enforcement begins on " + q.Enforced.String() + ".")
	}
	b.WriteString(fromFile(src.Pack, q.Pos))
	return b.String()
}

// fromFile names the place of what does not come with the program: a user's pack may
// replace an embedded one, or add an exception or a link between places to it.
func fromFile(p *pack.Pack, pos pack.Pos) string {
	if p == nil || p.Source == embeddedName {
		return ""
	}
	return " (from " + pos.String() + ")"
}

// branchFile names the place of an exception that another pack than the rule's gives.
func branchFile(rule *pack.Rule, b *pack.RuleBranch) string {
	switch {
	case b.Edge != nil && b.Edge.Pack != rule.Pack:
		return fromFile(b.Edge.Pack, b.Edge.Pos)
	case b.Owner != nil && b.Owner.Pack != rule.Pack:
		return fromFile(b.Owner.Pack, b.Owner.Pos)
	}
	return ""
}

func (r *report) did(i uint32) string {
	src := r.rule(i)
	held := r.heldBy(i)
	switch {
	case slices.Contains(r.res.violated, i):
		return "is violated: " + r.whyViolated(i)
	case slices.ContainsFunc(r.res.conflicts, func(c conflict) bool { return c.rule == i }):
		return "would be violated, but collides with another legal order"
	case held != "":
		return "does not stop it: " + held
	case slices.Contains(r.res.applied, i):
		return "adds conditions"
	case slices.Contains(r.res.questions, i):
		return "is an open question of law" + clause(": ", src.Req.Text[lang])
	case slices.Contains(r.res.demanded, i):
		return "demands this operation"
	case slices.Contains(r.res.duties, i):
		return "is a duty that was neither shown nor denied"
	case slices.Contains(r.res.met, i):
		return "is met" + r.given(", as ", src.Must)
	case r.p.rules[i].kind == ruleForbid:
		return "is not at issue: nothing was said about its exceptions"
	}
	return "binds"
}

// given lists the given facts that a condition reads, with their values.
func (r *report) given(lead string, c *pack.Cond) string {
	var b strings.Builder
	var seen factSet
	for _, id := range c.Facts() {
		if seen.has(id) || !r.in.given.has(id) || id == r.p.date || id == r.p.op {
			continue
		}
		seen.add(id)
		if b.Len() == 0 {
			b.WriteString(lead)
		} else {
			b.WriteString(", ")
		}
		b.WriteString(r.p.facts[id].def.Name + " is " + textOf(r.in.value(id)))
	}
	return b.String()
}

func (r *report) whyViolated(i uint32) string {
	src := r.rule(i)
	if src.Must != nil {
		return lowered(strings.TrimSuffix(src.Req.Text[lang], ".")) + r.given("; but ", src.Must)
	}
	if len(src.Branches) == 0 {
		return "it has no exception"
	}
	var names []string
	for _, b := range r.failedClaims(i) {
		s := b.ID + clause(", ", b.Text[lang]) + branchFile(src, b)
		if b.Edge != nil && r.today(i) >= b.Edge.Until {
			s += " (ended on " + b.Edge.Until.String()
			if len(b.Edge.EndedBy) > 0 {
				s += ", " + strings.Join(b.Edge.EndedBy, "; ")
			}
			s += ")"
		}
		if b.Edge != nil && r.today(i) < b.Edge.From {
			s += " (begins on " + b.Edge.From.String() + ")"
		}
		names = append(names, s)
	}
	if len(names) > 0 {
		return "the exception relied on does not hold: " + strings.Join(names, "; ")
	}
	return "no exception holds"
}

// lowered begins a sentence within a sentence, unless it begins with a name in capitals.
func lowered(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && (s[1] == ' ' || s[1] >= 'a' && s[1] <= 'z') {
		return string(s[0]|0x20) + s[1:]
	}
	return s
}

func (r *report) heldBy(i uint32) string {
	out := ""
	for _, h := range r.res.held {
		if h.rule != i {
			continue
		}
		b := &r.rule(i).Branches[h.branch]
		if out != "" {
			out += "; "
		}
		out += b.ID + clause(", ", b.Text[lang]) + branchFile(r.rule(i), b)
		if h.open {
			out += " (claimed; what it still asks for is a condition)"
		}
	}
	return out
}

func (r *report) explainConflict(c conflict) string {
	regions := r.p.model.Vocab.Regions()
	v, d := r.p.standing(r.in, c.rule), r.p.standing(r.in, c.demand)
	return r.id(c.rule) + " (order " + regions.Code(v.order) + ") and " + r.id(c.demand) + " (order " + regions.Code(d.order) +
		") collide: neither order lies within the other and the demand does not recognise the other's law."
}

func (r *report) explainMissing() []string {
	var out []string
	for _, m := range r.d.Missing {
		s := "Fact " + m.Fact + " is missing"
		if len(m.NeededBy) > 0 {
			s += "; it is needed by " + strings.Join(m.NeededBy, ", ")
		} else {
			s += "; this operation is not judged without it"
		}
		out = append(out, s+".")
	}
	return out
}
