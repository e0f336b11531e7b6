// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "strings"

// warnings tells of packs behind the answer whose legal review was due before the day of
// the question. The engine has no clock: a question about the past is none too late.
func (r *report) warnings() {
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
	seen := map[uint16]bool{}
	for _, i := range r.byWeight(r.res.violated) {
		if i >= declaredBase || seen[r.p.rules[i].pack] {
			continue
		}
		seen[r.p.rules[i].pack] = true
		src := r.rule(i).Pack
		var costs []string
		for _, p := range src.PenaltiesOn(r.today(i)) {
			costs = append(costs, p.Line(lang))
		}
		if len(costs) == 0 {
			continue
		}
		s := "A breach of " + src.Name + " can cost: " + strings.Join(costs, "; ") + "."
		if list := src.RulingsUntil(r.today(i)); len(list) > 0 {
			s += " Decided, for example: " + list[0].Line() + "."
		}
		out = append(out, s)
	}
	return out
}
