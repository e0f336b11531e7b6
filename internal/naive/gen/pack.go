// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"fmt"
	"strings"
)

var weights = []string{"constitution", "treaty", "federal", "state", "local", "industry", "company"}

var zones = []string{"UTC", "Europe/Brussels", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns"}

// plan decides which packs, edge sets and permits there are, before any text names them.
func (g *generator) plan() {
	for i := range 1 + g.r.IntN(3) {
		g.packIDs = append(g.packIDs, fmt.Sprintf("p%d", i))
	}
	for i := range g.r.IntN(3) {
		g.sets = append(g.sets, fmt.Sprintf("set%d", i))
	}
}

// pack writes pack i.
func (g *generator) pack(i int) string {
	var b strings.Builder
	order := pick(g.r, g.codes)
	if order == "WORLD" {
		order = "INT"
	}
	fmt.Fprintf(&b, "format: comity/v1\nid: %s\nname: x\nversion: 1.0.0\norder: %s\nweight: %s\nzone: %s\nreviewed: 2024-01-01\nnext_review: 2025-01-01\n",
		g.packIDs[i], order, pick(g.r, weights), pick(g.r, zones))
	if g.chance(40) {
		fmt.Fprintf(&b, "periods: {cite: Plain, end: working_day%s%s}\n", pick(g.r, []string{"", ", at_least: 2 working days"}),
			pick(g.r, []string{"", ", place: [" + strings.Join(some(g.r, g.codes, 2), ", ") + "]"}))
	}
	b.WriteString("instruments:\n- {cite: Plain}\n")
	for k := range 1 + g.r.IntN(2) {
		fmt.Fprintf(&b, "- {cite: Law%d%d, aliases: [Alias%d%d], mandatory: true", i, k, i, k)
		if g.chance(60) {
			fmt.Fprintf(&b, ", order: %s", pick(g.r, g.codes))
		}
		if g.chance(50) {
			fmt.Fprintf(&b, ", weight: %s", pick(g.r, weights))
		}
		if k > 0 {
			fmt.Fprintf(&b, ", from: %s", days[i%len(days)])
		}
		b.WriteString("}\n")
	}
	g.terms = 0
	if g.chance(30) {
		fmt.Fprintf(&b, "terms: {t0: %s}\n", g.when(1))
		g.terms = 1
	}
	g.used = nil
	reach := "\"true\""
	if g.chance(60) {
		reach = g.when(1)
	}
	fmt.Fprintf(&b, "reach: {when: %s, cite: Plain%s}\n", reach, g.asked(40))
	if g.chance(35) {
		b.WriteString("outside:\n")
		for k := range 1 + g.r.IntN(2) {
			fmt.Fprintf(&b, "- {id: o%d, when: %s, cite: Plain}\n", k, g.when(1+g.r.IntN(2)))
		}
	}
	g.edges(&b, i)
	b.WriteString("requirements:\n")
	for range 2 + g.r.IntN(4) {
		b.WriteString("- " + g.requirement() + "\n")
	}
	return b.String()
}

// edges writes the edges of pack i. The first pack has one of each set that is always
// known, so that no set is empty.
func (g *generator) edges(b *strings.Builder, i int) {
	if len(g.sets) == 0 {
		return
	}
	b.WriteString("edges:\n")
	for _, set := range g.sets {
		if i == 0 {
			fmt.Fprintf(b, "- %s\n", g.edge(set, ""))
		}
		for range g.r.IntN(2) {
			fmt.Fprintf(b, "- %s\n", g.edge(set, g.dates("known_from", "known_until", 25)))
		}
	}
	if i > 0 {
		fmt.Fprintf(b, "- %s\n", g.edge(pick(g.r, g.sets), ""))
	}
}

func (g *generator) edge(set, known string) string {
	g.n++
	out := []string{fmt.Sprintf("id: e%d, set: %s, origin: [%s], destination: [%s], cite: Plain", g.n, set,
		strings.Join(some(g.r, g.codes, 3), ", "), strings.Join(some(g.r, g.codes, 3), ", "))}
	if dates := g.dates("from", "until", 25); dates != "" {
		out = append(out, dates)
	}
	if known != "" {
		out = append(out, known)
	}
	if g.chance(40) {
		out = append(out, "when: \""+g.ground()+"\"")
	}
	if g.chance(25) {
		out = append(out, "claim: \""+g.ground()+"\"")
	}
	return "{" + strings.Join(out, ", ") + "}"
}

var kinds = []string{"forbid", "forbid", "forbid", "forbid", "oblige", "oblige", "oblige", "localise", "retain", "retain", "qualify", "review", "permit"}

// requirement writes one requirement of any kind.
func (g *generator) requirement() string {
	g.n++
	g.used = nil
	id, kind := fmt.Sprintf("R%d", g.n), pick(g.r, kinds)
	out := []string{fmt.Sprintf("id: %s, kind: %s, cite: Plain, text: {en: x}", id, kind)}
	if dates := g.dates("from", "until", 10); dates != "" {
		out = append(out, dates)
	}
	if dates := g.dates("known_from", "known_until", 5); dates != "" {
		out = append(out, dates)
	}
	if g.chance(65) {
		out = append(out, "when: "+g.when(1))
	}
	out = append(out, g.ofKind(kind)...)
	if kind != "qualify" && (kind == "permit" || g.chance(75)) {
		var branches []string
		for range 1 + g.r.IntN(3) {
			branches = append(branches, g.branch())
		}
		out = append(out, "unless: ["+strings.Join(branches, ", ")+"]")
	}
	if ask := g.asked(50); ask != "" {
		out = append(out, strings.TrimPrefix(ask, ", "))
	}
	if kind == "permit" {
		g.permits = append(g.permits, id)
	}
	return "{" + strings.Join(out, ", ") + "}"
}

const someConditions = "conditions: [{id: c, text: {en: x}}]"

// ofKind writes the keys that only this kind takes.
func (g *generator) ofKind(kind string) []string {
	var out []string
	demand := "demand: [" + strings.Join(some(g.r, []string{"use", "disclose", "delete", "retain", "store"}, 3), ", ") + "]"
	demanding := g.chance(12)
	switch kind {
	case "forbid":
		if g.chance(15) {
			out = append(out, "absolute: true")
		}
		if g.chance(25) {
			out = append(out, "silent: duty")
		}
	case "oblige":
		demanding = g.chance(55)
		if !demanding || g.chance(30) {
			out = append(out, "must: "+g.when(2))
		}
	case "localise":
		out = append(out, fmt.Sprintf("place: %s, allowed: [%s]", pick(g.r, []string{"storage", "processing", "model", "inference"}),
			strings.Join(some(g.r, g.codes, 3), ", ")))
		if g.chance(40) {
			out = append(out, "at_least_one: true")
		}
	case "retain":
		since := pick(g.r, []string{"day_a", "time_a", "time_b", "day_b"})
		g.used = append(g.used, since)
		out = append(out, fmt.Sprintf("%s: %d %s, since: %s", pick(g.r, []string{"keep_at_least", "keep_at_most"}), 1+g.r.IntN(3),
			pick(g.r, []string{"days", "months", "years", "hours"}), since))
	case "qualify":
		return append(out, someConditions)
	case "permit":
		return nil
	}
	if demanding {
		out = append(out, demand)
	}
	return out
}

// asked writes the facts that are asked for: mostly such as the conditions so far use.
func (g *generator) asked(percent int) string {
	if !g.chance(percent) {
		return ""
	}
	names := append([]string{pick(g.r, g.hot).Name}, g.used...)
	return ", ask: [" + strings.Join(some(g.r, names, 4), ", ") + "]"
}

// branch writes one exception.
func (g *generator) branch() string {
	if len(g.permits) > 0 && g.chance(20) {
		scope := ""
		if g.chance(30) {
			scope = ", when: " + g.when(0)
		}
		return "{permit: " + pick(g.r, g.permits) + scope + "}"
	}
	g.n++
	out := []string{fmt.Sprintf("id: b%d", g.n)}
	recognises, edges := g.chance(15), len(g.sets) > 0 && g.chance(25)
	if !recognises && !edges || g.chance(40) {
		out = append(out, "when: "+g.exception())
	}
	if edges {
		out = append(out, "edges: "+pick(g.r, g.sets))
		if g.chance(30) {
			out = append(out, "to: "+pick(g.r, []string{"stored_in", "place_b", "to_region"}))
		}
	}
	if g.chance(25) {
		out = append(out, "claim: \""+pick(g.r, []func() string{g.ground, g.ground, g.atom, func() string { return g.cond(2) }})()+"\"")
	}
	switch {
	case recognises && g.chance(30):
		out = append(out, "recognises: any")
	case recognises:
		out = append(out, "recognises: ["+strings.Join(some(g.r, g.codes, 3), ", ")+"]")
	case g.chance(50):
		out = append(out, "settled: true")
	default:
		out = append(out, someConditions)
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// exception writes the condition of a branch: mostly a ground with something else.
func (g *generator) exception() string {
	switch g.r.IntN(4) {
	case 0:
		return g.when(2)
	case 1:
		return "\"" + g.ground() + "\""
	case 2:
		return "\"" + g.ground() + " and " + g.cond(1) + "\""
	}
	return "\"" + g.cond(1) + " or (" + g.ground() + " and " + g.cond(1) + ")\""
}
