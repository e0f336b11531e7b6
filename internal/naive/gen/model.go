// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing/fstest"

	"github.com/comity-project/comity/internal/pack"
)

// Sources is a model as written, to be shown where a property fails.
type Sources struct {
	Regions, Vocabulary, Calendars string
	// Packs holds the text of each pack by its id.
	Packs   map[string]string
	KnownAt pack.Day
}

// Model is a random model of one to three packs.
func Model(r *rand.Rand) (*pack.Model, error) {
	m, _, err := ModelFrom(r)
	return m, err
}

// ModelFrom is Model with its text.
func ModelFrom(r *rand.Rand) (*pack.Model, Sources, error) {
	g := &generator{r: r}
	var probs pack.Problems
	src := Sources{Regions: g.regions(), Packs: map[string]string{}, KnownAt: pack.DayMax - 1}
	v := pack.NewVocabulary(pack.ReadRegions("regions.yaml", []byte(src.Regions), &probs))
	src.Vocabulary = g.vocabulary()
	v.Read("vocabulary.yaml", []byte(src.Vocabulary), &probs)
	if err := probs.Err(); err != nil {
		return nil, src, err
	}
	g.learn(v)
	src.Calendars = g.calendars()
	v.ReadCalendars("calendars.yaml", []byte(src.Calendars), &probs)
	if g.chance(15) {
		src.KnownAt = must(pack.ParseDay(pick(r, days)))
	}
	g.plan()
	var packs []*pack.Pack
	for i, id := range g.packIDs {
		src.Packs[id] = g.pack(i)
		fsys := fstest.MapFS{id + "/pack.yaml": {Data: []byte(src.Packs[id])}}
		if p := pack.ReadPack(fsys, id, "", v, &probs); p != nil {
			packs = append(packs, p)
		}
	}
	m := pack.Link(v, packs, src.KnownAt, &probs)
	return m, src, probs.Err()
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// generator writes one model.
type generator struct {
	r *rand.Rand
	v *pack.Vocabulary
	// hot are the facts that most conditions of this model are about.
	hot     []*pack.Fact
	codes   []string
	packIDs []string
	// sets and permits may be used by every pack; permits come in the order in which
	// they may use each other.
	sets    []string
	permits []string
	terms   int
	// used are the facts of the requirement that is being written.
	used []string
	n    int
}

// days are all days that occur, close to each other and around the ends of months, the
// changes of clocks, and a leap day.
var days = []string{
	"2023-03-25", "2023-03-26", "2023-12-31", "2024-01-01", "2024-01-30", "2024-01-31", "2024-02-01", "2024-02-28",
	"2024-02-29", "2024-03-01", "2024-03-30", "2024-03-31", "2024-04-01", "2024-04-30", "2024-05-31", "2024-10-27", "2025-02-28",
}

// chance is true in that many of a hundred cases.
func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// some picks one to n different elements of list.
func some[T any](r *rand.Rand, list []T, n int) []T {
	var out []T
	for _, i := range r.Perm(len(list))[:min(len(list), 1+r.IntN(n))] {
		out = append(out, list[i])
	}
	return out
}

// learn notes what the vocabulary offers and chooses the hot facts.
func (g *generator) learn(v *pack.Vocabulary) {
	g.v = v
	g.codes = v.Regions().Codes()
	var all []*pack.Fact
	for _, f := range v.Facts[1:] {
		if f.ID != v.Op() && f.ID != v.Date() {
			all = append(all, f)
		}
	}
	g.hot = append(some(g.r, all, 9), some(g.r, all, 4)...)
	if g.chance(20) {
		// Comparisons of times with each other need two of them.
		g.hot = append(g.hot, v.MustFact("time_a"), v.MustFact("time_b"), v.MustFact("time_a"))
	}
}

// calendars writes those of some places, with holidays on the days that occur and after them.
func (g *generator) calendars() string {
	var b strings.Builder
	b.WriteString("format: comity/v1\ncalendars:\n")
	for id := 1; id < g.v.Regions().Len(); id++ {
		if g.v.Regions().IsGroup(pack.RegionID(id)) || !g.chance(60) && id > 1 {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n    rest: [%s]\n", g.v.Regions().Code(pack.RegionID(id)), strings.Join(some(g.r, []string{"saturday", "sunday", "friday"}, 2), ", "))
		if g.chance(20) {
			continue
		}
		var free []string
		for _, d := range some(g.r, days, 8) {
			free = append(free, d, (must(pack.ParseDay(d)) + pack.Day(1+g.r.IntN(3))).String(), "{on: "+d[5:]+", except: [2023], moved: {saturday: next, sunday: next, friday: previous}}")
		}
		fmt.Fprintf(&b, "    known: {from: 2023-01-01, until: 2025-04-01}\n    holidays: [%s]\n    working: [%s]\n", strings.Join(free, ", "), strings.Join(some(g.r, days, 2), ", "))
	}
	return b.String()
}

// regions writes six places, some of them within others, and dated, nested groups.
func (g *generator) regions() string {
	var b strings.Builder
	b.WriteString("format: comity/v1\nplaces:\n  INT: standards\n")
	for i := range 6 {
		if i > 3 && g.chance(60) {
			fmt.Fprintf(&b, "  P%d: {name: x, within: P%d}\n", i, g.r.IntN(3))
			continue
		}
		fmt.Fprintf(&b, "  P%d: x\n", i)
	}
	b.WriteString("groups:\n")
	for i := range 3 {
		fmt.Fprintf(&b, "  G%d: {name: x, members: {", i)
		for _, k := range some(g.r, []int{0, 1, 2, 3, 4, 5}, 4) {
			fmt.Fprintf(&b, "P%d: {%s}, ", k, g.dates("from", "until", 20))
		}
		if i > 0 && g.chance(40) {
			fmt.Fprintf(&b, "G%d: {%s}, ", i-1, g.dates("from", "until", 20))
		}
		b.WriteString("}}\n")
	}
	return b.String()
}

// dates writes none, one or both ends of an interval; each stands in percent of all cases.
func (g *generator) dates(from, until string, percent int) string {
	i, j := g.r.IntN(len(days)-1), 0
	j = i + 1 + g.r.IntN(len(days)-1-i)
	var out []string
	if g.chance(percent) {
		out = append(out, from+": "+days[i])
	}
	if g.chance(percent) {
		out = append(out, until+": "+days[j])
	}
	return strings.Join(out, ", ")
}

var roles = []string{"act", "act", "person", "actor", "ground", "ground", "safeguard", "safeguard", "age"}

// vocabulary writes the facts that the program relies on, a few of them missing now and
// then, and random ones of every type.
func (g *generator) vocabulary() string {
	var b strings.Builder
	b.WriteString("format: comity/v1\nfacts:\n  date: {type: instant, role: act}\n  operation: {type: enum, role: act}\n")
	fact := func(name, typ, more string) {
		role := pick(g.r, roles)
		fmt.Fprintf(&b, "  %s: {type: %q, role: %s%s}\n", name, typ, role, more)
	}
	fixed := func(name, typ, role, more string) {
		if g.chance(96) {
			fmt.Fprintf(&b, "  %s: {type: %q, role: %s%s}\n", name, typ, role, more)
		}
	}
	fixed("controller_establishment", "[region]", "actor", "")
	fixed("targets", "[region]", "actor", "")
	fixed("transfer_mechanism", "enum", "ground", ", values: [none, clauses, foreign_order]")
	fixed("retention_elapsed", "bool", "ground", "")
	b.WriteString("  retention_rules: {type: \"[string]\", role: ground, whole: true}\n")
	b.WriteString("  from_region: {type: region, role: act}\n  to_region: {type: region, role: act}\n")
	b.WriteString("  stored_in: {type: \"[region]\", role: act}\n  processed_in: {type: region, role: act}\n")
	fact("list_a", "[enum]", ", values: [v0, v1, v2, v3]"+g.implied(25))
	fact("list_b", "[enum]", ", values_of: list_a")
	fact("list_c", "[enum]", ", values: [v2, u0, u1, v0]"+g.alone("u0", 30))
	fact("scalar_a", "enum", ", values: [v1, v0, v2]"+g.implied(40))
	fact("scalar_b", "enum", ", values_of: list_a")
	fact("whole_a", "[enum]", ", whole: true, values: [v0, v1, v2, v3]"+g.implied(60)+g.alone("v3", 50))
	fact("whole_b", "[enum]", ", whole: true, values: [u0, v0, u1]")
	for i := range 5 {
		fact(fmt.Sprintf("bool_%d", i), "bool", "")
	}
	fact("int_a", "int", "")
	fact("int_b", "int", "")
	fact("text_a", "string", "")
	fact("text_b", "[string]", "")
	fact("place_a", "[region]", "")
	fact("place_b", "region", "")
	fact("day_a", "date", "")
	fact("day_b", "date", "")
	fact("time_a", "instant", "")
	fact("time_b", "instant", "")
	fact("day_age", "int", ", ages: "+pick(g.r, []string{"day", "month", "year"})+", origin: day_b")
	fact("time_age", "int", ", ages: "+pick(g.r, []string{"hour", "day", "month"})+", origin: time_b")
	b.WriteString("places: {storage: stored_in, processing: processed_in, model: place_a, inference: place_b}\noperations:\n")
	names := []string{"bool_0", "int_a", "list_a", "place_a", "to_region", "day_a"}
	for _, op := range []string{"use", "disclose", "delete", "retain", "store"} {
		needs := ""
		if g.chance(40) {
			needs = ", needs: [" + strings.Join(some(g.r, names, 2), ", ") + "]"
		}
		fmt.Fprintf(&b, "  %s: {mode: %s%s}\n", op, pick(g.r, []string{"act", "state"}), needs)
	}
	return b.String()
}

func (g *generator) implied(percent int) string {
	if !g.chance(percent) {
		return ""
	}
	return pick(g.r, []string{", implies: {v0: [v1]}", ", implies: {v0: [v1], v1: [v2]}", ", implies: {v2: [v0, v1]}"})
}

func (g *generator) alone(value string, percent int) string {
	if !g.chance(percent) {
		return ""
	}
	return ", alone: [" + value + "]"
}
