// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// when writes a condition of at most that many levels as a YAML value: mostly as text,
// sometimes as a list or mapping.
func (g *generator) when(depth int) string {
	if depth > 0 && g.chance(12) {
		a, b := g.when(depth-1), g.when(depth-1)
		return fmt.Sprintf(pick(g.r, []string{"[%s, %s]", "{all: [%s, %s]}", "{any: [%s, %s]}"}), a, b)
	}
	if depth > 0 && g.chance(4) {
		return fmt.Sprintf(pick(g.r, []string{"{not: %s}", "{\"not shown\": %s}"}), g.when(depth-1))
	}
	return "\"" + g.cond(depth) + "\""
}

// cond writes a condition as text.
func (g *generator) cond(depth int) string {
	if depth == 0 || g.chance(25) {
		return g.atom()
	}
	a, b := g.cond(depth-1), g.cond(depth-1)
	switch g.r.IntN(12) {
	case 0, 1, 2:
		return "(" + a + " and " + b + ")"
	case 3, 4, 5, 6:
		return "(" + a + " or " + b + ")"
	case 7:
		return "any(" + a + ", " + b + ", " + g.atom() + ")"
	case 8:
		return "all(" + a + ", " + b + ")"
	case 9:
		return "not (" + pick(g.r, []string{a, b + " or " + g.ground()}) + ")"
	case 10:
		return "not shown " + pick(g.r, []string{"(" + a + ")", "not (" + b + " or " + g.ground() + ")"})
	}
	if g.terms > 0 {
		return fmt.Sprintf("(%s and @t%d)", a, g.r.IntN(g.terms))
	}
	return "true"
}

// atom writes one comparison, mostly about a hot fact.
func (g *generator) atom() string {
	f := pick(g.r, g.hot)
	switch {
	case g.chance(8):
		f = g.v.Facts[g.v.Date()]
	case g.chance(8):
		f = g.v.Facts[g.v.Op()]
	case g.chance(10):
		f = pick(g.r, g.v.Facts[1:])
	}
	return g.compare(f)
}

// ground writes a comparison of a fact on which an exception can rest.
func (g *generator) ground() string {
	var list []*pack.Fact
	for _, f := range g.hot {
		if f.Rests() {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return g.atom()
	}
	return g.compare(pick(g.r, list))
}

func (g *generator) compare(f *pack.Fact) string {
	g.used = append(g.used, f.Name)
	timed := f.Kind == pack.KindDay || f.Kind == pack.KindInstant
	if g.chance(20) || timed && g.chance(50) {
		if s := g.against(f); s != "" {
			return s
		}
	}
	order := pick(g.r, []string{"==", "!=", "<", "<=", ">", ">=", "<=", ">="})
	switch f.Kind {
	case pack.KindEnum:
		return g.membership(f.Name, f.ValueNames())
	case pack.KindRegion:
		return g.membership(f.Name, g.codes)
	case pack.KindString:
		return g.membership(f.Name, []string{"'a'", "'b'", "'c'"})
	case pack.KindBool:
		return f.Name + pick(g.r, []string{" == true", " == true", " == false", " != true"})
	case pack.KindInt:
		return fmt.Sprintf("%s %s %d", f.Name, order, g.r.IntN(4))
	}
	return fmt.Sprintf("%s %s %s%s", f.Name, order, pick(g.r, days), g.period(30))
}

func (g *generator) membership(name string, values []string) string {
	if g.chance(55) {
		return name + pick(g.r, []string{" == ", " == ", " == ", " != "}) + pick(g.r, values)
	}
	return name + pick(g.r, []string{" in [", " in [", " not in ["}) + strings.Join(some(g.r, values, 3), ", ") + "]"
}

// period writes a period to add or subtract; a period of zero would say nothing.
func (g *generator) period(percent int) string {
	if !g.chance(percent) {
		return ""
	}
	return fmt.Sprintf(" %s %d %s", pick(g.r, []string{"+", "+", "-"}), pick(g.r, []int{1, 1, 2, 3, 24, 48}),
		pick(g.r, []string{"hours", "hour", "days", "months", "month", "years"}))
}

// against compares f with another fact that fits, or is empty.
func (g *generator) against(f *pack.Fact) string {
	timed := func(k pack.Kind) bool { return k == pack.KindDay || k == pack.KindInstant }
	if f.ID == g.v.Op() {
		return ""
	}
	var fit []*pack.Fact
	for _, o := range g.v.Facts[1:] {
		if (f.Kind == o.Kind || timed(f.Kind) && timed(o.Kind)) && o.ID != g.v.Op() {
			fit = append(fit, o)
			if slices.Contains(g.hot, o) {
				fit = append(fit, o, o, o)
			}
		}
	}
	o := pick(g.r, fit)
	g.used = append(g.used, o.Name)
	cmp := pick(g.r, []string{"==", "!="})
	switch {
	case timed(f.Kind) && o.ID != g.v.Date() && g.chance(15):
		return fmt.Sprintf("%s %s $%s + %d working days", f.Name, pick(g.r, []string{"<", "<=", ">", ">=", "==", "!="}), o.Name, g.r.IntN(6))
	case timed(f.Kind):
		return fmt.Sprintf("%s %s $%s%s", f.Name, pick(g.r, []string{"<", "<=", ">", ">=", "==", "!="}), o.Name, g.period(55))
	case f.Kind == pack.KindInt:
		cmp = pick(g.r, []string{"<", "<=", ">", ">=", "==", "!="})
	}
	return fmt.Sprintf("%s %s $%s", f.Name, cmp, o.Name)
}
