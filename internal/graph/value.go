// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// value is one that a fact can have, as a caller gives it and as conditions read it.
type value struct {
	given any
	read  *pack.Value
}

// allValues lists for each fact values of which at least one stands for any that a question
// could have: the conditions of the model cannot tell the others from these on the day.
func (g *Graph) allValues(more ...*pack.Cond) map[pack.FactID][]value {
	atoms := append(g.atoms(), atomsOf(more)...)
	out := map[pack.FactID][]value{}
	places := g.places(atoms)
	marks := g.marks(atoms)
	for _, f := range g.m.Vocab.Facts[1:] {
		if f == nil || f.Ages != pack.NoUnit || f.Name == "retention_rules" {
			continue // an age is read from its origin; declared laws are no values to choose from
		}
		switch {
		case f.Kind == pack.KindEnum:
			for i, d := range f.Values {
				out[f.ID] = append(out[f.ID], value{d.Name, &pack.Value{Items: closed(f, i)}})
			}
		case f.Kind == pack.KindRegion:
			out[f.ID] = places
		default:
			out[f.ID] = g.scalars(f, atoms, marks[f.ID])
		}
	}
	return out
}

// scalars are values of a fact that is neither an enum nor a place.
func (g *Graph) scalars(f *pack.Fact, atoms []*pack.Atom, marks []int64) (out []value) {
	switch {
	case f.ID == g.m.Vocab.Date():
		return []value{g.moment(f, noon(g.day))}
	case f.Kind == pack.KindBool:
		return []value{{true, &pack.Value{Num: 1}}, {false, &pack.Value{}}}
	case f.Kind == pack.KindString:
		return texts(f, atoms)
	case f.Kind == pack.KindInt:
		for _, n := range marks {
			out = append(out, value{n, &pack.Value{Num: n}})
		}
	default:
		for _, n := range marks {
			out = append(out, g.moment(f, time.Unix(n, 0)))
		}
	}
	return out
}

// closed is an enum value with all that it implies.
func closed(f *pack.Fact, i int) []int {
	items := []int{i}
	for k := 0; k < len(items); k++ {
		for _, j := range f.Implies[items[k]] {
			if !slices.Contains(items, j) {
				items = append(items, j)
			}
		}
	}
	return items
}

func noon(d pack.Day) time.Time { return d.Time(time.UTC).Add(12 * time.Hour) }

// moment is a value of a date or an instant.
func (g *Graph) moment(f *pack.Fact, t time.Time) value {
	t = t.UTC()
	if f.Kind == pack.KindDay {
		d := pack.DayOf(t)
		return value{d.String(), &pack.Value{Num: int64(d)}}
	}
	return value{t.Format(time.RFC3339), &pack.Value{At: pack.InstantOf(t)}}
}

// atoms lists the comparisons of all packs.
func (g *Graph) atoms() []*pack.Atom {
	var all []*pack.Cond
	for _, p := range g.m.Packs {
		all = append(all, packConds(p)...)
	}
	for _, r := range g.m.Rules {
		all = append(all, ruleConds(r)...)
	}
	return atomsOf(all)
}

func packConds(p *pack.Pack) []*pack.Cond {
	out := []*pack.Cond{p.Reach.When}
	for i := range p.Outside {
		out = append(out, p.Outside[i].When)
	}
	return out
}

func ruleConds(r *pack.Rule) []*pack.Cond {
	out := []*pack.Cond{r.When, r.Must}
	for i := range r.Branches {
		out = append(out, r.Branches[i].When, r.Branches[i].Claim)
	}
	return out
}

func atomsOf(conds []*pack.Cond) []*pack.Atom {
	var out []*pack.Atom
	seen := map[*pack.Cond]bool{}
	for _, c := range conds {
		c.Walk(func(n *pack.Cond) {
			if n.Op == pack.OpAtom && !seen[n] {
				seen[n] = true
				out = append(out, &n.Atom)
			}
		})
	}
	return out
}

// places are countries and their parts, two of each kind that conditions can tell apart: two,
// since some compare one place with another.
func (g *Graph) places(atoms []*pack.Atom) []value {
	regions := g.m.Vocab.Regions()
	var sets [][]pack.RegionID
	seen := map[string]bool{}
	for _, a := range atoms {
		if g.m.Vocab.Facts[a.Fact].Kind != pack.KindRegion || a.Ref != 0 {
			continue
		}
		if key := fmt.Sprint(a.Set); !seen[key] {
			seen[key] = true
			set := make([]pack.RegionID, len(a.Set))
			for i, s := range a.Set {
				set[i] = pack.RegionID(s)
			}
			sets = append(sets, set)
		}
	}
	kinds := map[string]int{}
	var out []value
	for _, id := range g.byFame() {
		if regions.IsGroup(id) || regions.Code(id) == "INT" {
			continue
		}
		key := make([]byte, len(sets))
		for i, set := range sets {
			key[i] = byte(regions.In(id, set, g.day))
		}
		if kinds[string(key)]++; kinds[string(key)] <= 2 {
			out = append(out, value{regions.Code(id), &pack.Value{Items: []int{int(id)}}})
		}
	}
	return out
}

// byFame lists the regions in the order in which they make good examples: countries before
// their parts, and first those that the packs name most as legal orders.
func (g *Graph) byFame() []pack.RegionID {
	regions := g.m.Vocab.Regions()
	fame := make([]int, regions.Len())
	for _, p := range g.m.Packs {
		fame[p.Order]++
		for _, in := range p.Instruments {
			fame[in.Order]++
		}
	}
	out := make([]pack.RegionID, 0, regions.Len())
	for id := pack.RegionID(1); int(id) < regions.Len(); id++ {
		if out = append(out, id); strings.Contains(regions.Code(id), "-") {
			fame[id] = -1
		}
	}
	slices.SortStableFunc(out, func(a, b pack.RegionID) int { return cmp.Compare(fame[b], fame[a]) })
	return out
}

// texts are the constants that a text is compared with, and one that is none of them.
func texts(f *pack.Fact, atoms []*pack.Atom) []value {
	names := []string{"another"}
	for _, a := range atoms {
		if a.Fact == f.ID && a.Cmp != pack.RuleOf {
			for _, s := range a.Strs {
				if !slices.Contains(names, s) {
					names = append(names, s)
				}
			}
		}
	}
	out := make([]value, len(names))
	for i, s := range names {
		out[i] = value{s, &pack.Value{Strs: []string{s}}}
	}
	return out
}

// marks lists, for numbers and times, the values around each at which a comparison flips:
// numbers as such, times in seconds.
func (g *Graph) marks(atoms []*pack.Atom) map[pack.FactID][]int64 {
	m := &marker{g: g, at: map[pack.FactID][]int64{}}
	for _, a := range atoms {
		m.atom(a)
	}
	// A comparison of two facts, neither of which is the date, needs the marks of each around
	// those of the other.
	for _, a := range atoms {
		m.pair(a)
	}
	out := map[pack.FactID][]int64{}
	for f, list := range m.at {
		slices.Sort(list)
		out[f] = slices.Compact(list)
	}
	for _, f := range g.m.Vocab.Facts[1:] {
		if f != nil && len(out[f.ID]) == 0 && (f.Kind == pack.KindDay || f.Kind == pack.KindInstant) {
			out[f.ID] = []int64{noon(g.day).Unix()}
		}
		if f != nil && len(out[f.ID]) == 0 && f.Kind == pack.KindInt {
			out[f.ID] = []int64{0, 1}
		}
	}
	return out
}

type marker struct {
	g  *Graph
	at map[pack.FactID][]int64
}

const day = 86400

// add notes a second or number at which something flips, with its neighbours.
func (m *marker) add(f pack.FactID, n, step int64) {
	def := m.g.m.Vocab.Facts[f]
	for _, x := range [...]int64{n - step, n, n + step} {
		switch {
		case def.Kind == pack.KindInt && x < 0:
		case def.AgedBy != 0 && x > noon(m.g.day).Unix():
			// What ages are counted from lies before the date of the question.
		default:
			m.at[f] = append(m.at[f], x)
		}
	}
}

func (m *marker) atom(a *pack.Atom) {
	v := m.g.m.Vocab
	f := v.Facts[a.Fact]
	switch {
	case f.Ages != pack.NoUnit && a.Ref == 0:
		m.add(f.Origin, m.back(pack.Period{N: int(a.Num), Unit: f.Ages}), step(f.Ages))
	case a.Ref == 0 && f.Kind == pack.KindInt:
		m.add(a.Fact, a.Num, 1)
	case a.Ref == 0 && (f.Kind == pack.KindDay || f.Kind == pack.KindInstant) && a.Fact != v.Date():
		m.add(a.Fact, noon(a.Plus.AddTo(pack.Day(a.Num))).Unix(), day)
	case a.Ref != 0 && a.Fact == v.Date() && a.Count != nil:
		m.add(a.Ref, noon(m.g.lastEvent(a)).Unix(), day)
	case a.Ref != 0 && a.Fact == v.Date():
		m.add(a.Ref, m.back(a.Plus), step(a.Plus.Unit))
	case a.Ref == v.Date():
		m.add(a.Fact, m.ahead(a.Plus), step(a.Plus.Unit))
	}
}

func (m *marker) pair(a *pack.Atom) {
	v := m.g.m.Vocab
	if a.Ref == 0 || a.Fact == v.Date() || a.Ref == v.Date() {
		return
	}
	switch f := v.Facts[a.Fact]; f.Kind {
	case pack.KindInt:
		for _, n := range slices.Clone(m.at[a.Ref]) {
			m.add(a.Fact, n, 1)
		}
	case pack.KindDay, pack.KindInstant:
		if len(m.at[a.Ref]) == 0 {
			m.add(a.Ref, noon(m.g.day).Unix(), day)
		}
		for _, n := range slices.Clone(m.at[a.Ref]) {
			if a.Count != nil {
				m.add(a.Fact, noon(m.g.deadline(a, pack.DayOf(time.Unix(n, 0).UTC()))).Unix(), day)
				continue
			}
			m.add(a.Fact, shift(n, a.Plus), step(a.Plus.Unit))
		}
	}
}

// lastEvent is the last day from which the period of an atom ends before the date of the
// question: an event after it is still in time.
func (g *Graph) lastEvent(a *pack.Atom) pack.Day {
	d := g.day
	if a.Plus.Unit != pack.WorkingDays {
		d = pack.Period{N: -a.Plus.N, Unit: a.Plus.Unit}.AddTo(d) + 4 // months differ by up to three days
	}
	for g.deadline(a, d) >= g.day {
		d--
	}
	return d
}

// back and ahead are the seconds a period before and after the date of the question.
func (m *marker) back(p pack.Period) int64 {
	return shift(noon(m.g.day).Unix(), pack.Period{N: -p.N, Unit: p.Unit})
}

func (m *marker) ahead(p pack.Period) int64 { return shift(noon(m.g.day).Unix(), p) }

func shift(sec int64, p pack.Period) int64 {
	if p.Unit == pack.Hours {
		return sec + int64(p.N)*3600
	}
	t := time.Unix(sec, 0).UTC()
	d := pack.DayOf(t)
	return sec + int64(p.AddTo(d)-d)*day
}

func step(u pack.Unit) int64 {
	if u == pack.Hours {
		return 3600
	}
	return day
}

// Readers lists, by fact, the packs whose conditions read it; of a date from which an age
// counts, also those that read the age.
func Readers(m *pack.Model) map[pack.FactID][]string {
	out := map[pack.FactID][]string{}
	add := func(p *pack.Pack, conds []*pack.Cond) {
		for _, c := range conds {
			for _, id := range c.Facts() {
				ids := []pack.FactID{id}
				if f := m.Vocab.Facts[id]; f.Ages != pack.NoUnit {
					ids = append(ids, f.Origin)
				}
				for _, id := range ids {
					if !slices.Contains(out[id], p.ID) {
						out[id] = append(out[id], p.ID)
					}
				}
			}
		}
	}
	for _, p := range m.Packs {
		add(p, packConds(p))
	}
	for _, r := range m.Rules {
		add(r.Pack, ruleConds(r))
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}
