// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ReviewDays is how long a legal review holds where the pack does not say when the next
// one is due.
const ReviewDays = 90

// unverified reads a confidence: what is said by the law's own text, or only by others.
func (r reader) unverified(n *yaml.Node) bool {
	switch c := r.str(n); c {
	case "", "verified":
	case "unverified":
		return true
	default:
		r.fail(n, "use verified or unverified", "unknown confidence %q", c)
	}
	return false
}

func (r reader) penalty(n *yaml.Node) (Penalty, bool) {
	f := r.fields(n, penaltyKeys...)
	if !r.need(n, f, penaltyNeeds...) {
		return Penalty{}, false
	}
	p := Penalty{
		Maximum: r.text(f["maximum"]), Computed: r.text(f["computed"]), Cites: r.strs(f["cite"]),
		From: r.day(f["from"], DayMin), Until: r.day(f["until"], DayMax), Unverified: r.unverified(f["confidence"]), Pos: r.pos(n),
	}
	p.line = p.sentence()
	if p.From >= p.Until {
		r.fail(n, untilRemedy, "the penalty ends before it begins")
	}
	for _, c := range r.items(f["decisions"]) {
		f := r.fields(c, rulingKeys...)
		if !r.need(c, f, rulingNeeds...) {
			continue
		}
		x := Ruling{
			Date: r.day(f["date"], 0), By: r.str(f["by"]), Against: r.str(f["against"]), Amount: r.str(f["amount"]),
			Text: r.text(f["text"]), Source: r.str(f["source"]), Unverified: r.unverified(f["confidence"]), Pos: r.pos(c),
		}
		x.line = x.sentence()
		p.Decisions = append(p.Decisions, x)
	}
	return p, true
}

// Line is the penalty in one sentence, in English, with its citations.
func (p *Penalty) Line() string { return p.line }

func (p *Penalty) sentence() string {
	const lang = "en"
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(p.Maximum[lang], "."))
	if c := p.Computed[lang]; c != "" {
		b.WriteString(", " + strings.TrimSuffix(c, "."))
	}
	b.WriteString(" [" + strings.Join(p.Cites, "; ") + "]" + doubt(p.Unverified))
	return b.String()
}

// Line is the decision in one sentence.
func (r *Ruling) Line() string { return r.line }

func (r *Ruling) sentence() string {
	return r.Date.String() + " " + r.Against + ": " + r.Amount + ", " + r.By + doubt(r.Unverified)
}

func doubt(unverified bool) string {
	if unverified {
		return " (unverified)"
	}
	return ""
}

// PenaltiesOn lists what a breach on a day can cost.
func (p *Pack) PenaltiesOn(on Day) []*Penalty {
	var out []*Penalty
	for i := range p.Penalties {
		if p.Penalties[i].InForce(on) {
			out = append(out, &p.Penalties[i])
		}
	}
	return out
}

// RulingsUntil lists the notable decisions of the regime up to a day, the latest first.
func (p *Pack) RulingsUntil(on Day) []*Ruling {
	i := 0
	for i < len(p.rulings) && p.rulings[i].Date > on {
		i++
	}
	return p.rulings[i:]
}

// sortRulings puts the decisions of all penalties in order, the latest first.
func (p *Pack) sortRulings() {
	for i := range p.Penalties {
		for j := range p.Penalties[i].Decisions {
			p.rulings = append(p.rulings, &p.Penalties[i].Decisions[j])
		}
	}
	slices.SortStableFunc(p.rulings, func(a, b *Ruling) int { return cmp.Compare(b.Date, a.Date) })
}

// ReviewWarning says that the pack is past its legal review on a day; empty if it is not.
func (p *Pack) ReviewWarning(on Day) string {
	if p.NextReview == 0 || on <= p.NextReview {
		return ""
	}
	return "pack " + p.ID + " was to be reviewed by " + p.NextReview.String() + "; what changed in its law since " + p.Reviewed.String() + " is not in it"
}
