// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// warnings tells of deadlines whose holidays are not known, and of packs behind the answer
// whose legal review was due before the day of the question. The engine has no clock: a question about the past is none too late.
func (r *report) warnings() {
	r.warnOfDeadlines()
	last := -1
	for _, i := range r.res.bound {
		no := int(r.p.rules[i].pack)
		if no == last {
			continue
		}
		last = no
		if w := r.p.packs[no].src.ReviewWarning(r.today(i)); w != "" {
			r.d.Warnings = append(r.d.Warnings, w)
		}
	}
}

// explainPenalties says what the violated regimes can impose, each once.
func (r *report) explainPenalties() []string {
	var out []string
	var seen []uint16
	for _, i := range r.res.violated {
		if i >= declaredBase || len(r.rule(i).Pack.Penalties) == 0 || slices.Contains(seen, r.p.rules[i].pack) {
			continue
		}
		seen = append(seen, r.p.rules[i].pack)
		if text := r.costs(r.rule(i).Pack, r.today(i)); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// costs is what a breach of a pack can cost on a day, and the latest notable decision.
func (r *report) costs(src *pack.Pack, on pack.Day) string {
	var b strings.Builder
	b.Grow(512)
	lead := "A breach of " + src.Name + " can cost: "
	for i := range src.Penalties {
		if p := &src.Penalties[i]; p.InForce(on) {
			b.WriteString(lead)
			b.WriteString(p.Line())
			lead = "; "
		}
	}
	if b.Len() == 0 {
		return ""
	}
	b.WriteString(".")
	if list := src.RulingsUntil(on); len(list) > 0 {
		b.WriteString(" Decided, for example: ")
		b.WriteString(list[0].Line())
		b.WriteString(".")
	}
	return b.String()
}
