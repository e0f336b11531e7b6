// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package naive

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// atom is the value of one comparison.
func (w *view) atom(a *pack.Atom) pack.Tri {
	f := w.m.Vocab.Facts[a.Fact]
	left := w.vals[a.Fact]
	if left == nil {
		return pack.Unknown
	}
	if a.Cmp == pack.RuleOf {
		return w.ruleOf(a, left)
	}
	var right *pack.Value
	if a.Ref != 0 {
		if right = w.vals[a.Ref]; right == nil {
			return pack.Unknown
		}
	}
	switch {
	case f.Kind == pack.KindDay || f.Kind == pack.KindInstant:
		return w.compareTime(a, f, left, right)
	case right != nil:
		return w.compareFacts(a, left, right)
	case f.Kind == pack.KindEnum:
		return w.inValues(a, left)
	case f.Kind == pack.KindRegion:
		return w.inRegions(a, left)
	case f.Kind == pack.KindString:
		return isIn(a.Cmp, slices.ContainsFunc(left.Strs, func(s string) bool { return slices.Contains(a.Strs, s) }))
	}
	return compare(a.Cmp, left.Num, a.Num)
}

// isIn reads "in" as found and "not in" as not found.
func isIn(c pack.Cmp, found bool) pack.Tri {
	if c == pack.NotIn {
		return pack.TriOf(!found)
	}
	return pack.TriOf(found)
}

func compare(c pack.Cmp, x, y int64) pack.Tri {
	switch c {
	case pack.Eq:
		return pack.TriOf(x == y)
	case pack.Ne:
		return pack.TriOf(x != y)
	case pack.Lt:
		return pack.TriOf(x < y)
	case pack.Le:
		return pack.TriOf(x <= y)
	case pack.Gt:
		return pack.TriOf(x > y)
	case pack.Ge:
		return pack.TriOf(x >= y)
	}
	panic("naive: " + c.String() + " is no comparison of numbers")
}

// picked is the element of this combination, or all elements of what is read whole.
func (w *view) picked(id pack.FactID, v *pack.Value) []int {
	if item, ok := w.pick[id]; ok {
		return []int{item}
	}
	return v.Items
}

func (w *view) inValues(a *pack.Atom, v *pack.Value) pack.Tri {
	items := w.picked(a.Fact, v)
	if a.Cmp == pack.NotIn {
		items = v.Items
	}
	return isIn(a.Cmp, slices.ContainsFunc(items, func(i int) bool { return slices.Contains(a.Set, i) }))
}

func (w *view) inRegions(a *pack.Atom, v *pack.Value) pack.Tri {
	items := w.picked(a.Fact, v)
	if a.Cmp == pack.NotIn {
		items = v.Items
	}
	var found []pack.Tri
	for _, i := range items {
		found = append(found, w.m.Vocab.Regions().In(pack.RegionID(i), regionIDs(a.Set), w.day))
	}
	if a.Cmp == pack.NotIn {
		return anyOf(found).Not()
	}
	return anyOf(found)
}

func regionIDs(set []int) []pack.RegionID {
	var out []pack.RegionID
	for _, i := range set {
		out = append(out, pack.RegionID(i))
	}
	return out
}

// compareFacts compares with another fact what is no time.
func (w *view) compareFacts(a *pack.Atom, left, right *pack.Value) pack.Tri {
	f, g := w.m.Vocab.Facts[a.Fact], w.m.Vocab.Facts[a.Ref]
	equal := false
	switch f.Kind {
	case pack.KindEnum:
		for _, i := range w.picked(a.Fact, left) {
			for _, j := range w.picked(a.Ref, right) {
				equal = equal || f.Values[i].Name == g.Values[j].Name
			}
		}
	case pack.KindRegion:
		for _, i := range w.picked(a.Fact, left) {
			equal = equal || slices.Contains(w.picked(a.Ref, right), i)
		}
	case pack.KindString:
		for _, s := range left.Strs {
			equal = equal || slices.Contains(right.Strs, s)
		}
	default:
		return compare(a.Cmp, left.Num, right.Num)
	}
	if a.Cmp == pack.Ne {
		return pack.TriOf(!equal)
	}
	return pack.TriOf(equal)
}

// compareTime compares days, or seconds where hours are counted or two instants stand
// side by side.
func (w *view) compareTime(a *pack.Atom, f *pack.Fact, left, right *pack.Value) pack.Tri {
	if right == nil {
		return compare(a.Cmp, int64(w.dayOf(f, left)), int64(a.Plus.AddTo(pack.Day(a.Num))))
	}
	g := w.m.Vocab.Facts[a.Ref]
	x, y := instantOf(f, left), instantOf(g, right)
	instants := f.Kind == pack.KindInstant && g.Kind == pack.KindInstant
	if a.Plus.Unit == pack.Hours || a.Plus.N == 0 && instants && !x.Local && !y.Local {
		shift := int64(a.Plus.N) * 3600
		if x.Local && y.Local {
			return compare(a.Cmp, x.Sec, y.Sec+shift)
		}
		return compare(a.Cmp, x.Time(w.zone).Unix(), y.Time(w.zone).Unix()+shift)
	}
	return compare(a.Cmp, int64(w.dayOf(f, left)), int64(w.ends(a, w.dayOf(g, right))))
}

// ends is the last day of the period of a comparison that began on a day.
func (w *view) ends(a *pack.Atom, event pack.Day) pack.Day {
	end := a.Plus.AddTo(event)
	if a.Count == nil {
		return end
	}
	working := func(after, last pack.Day) int {
		n := 0
		for d := after + 1; d <= last; d++ {
			if w.working(a.Count, event, d) {
				n++
			}
		}
		return n
	}
	if a.Plus.Unit == pack.WorkingDays {
		for end = event; working(event, end) < a.Plus.N; {
			end++
		}
		return end
	}
	for end-event >= 2 && working(event, end) < a.Count.Least || working(end-1, end) == 0 {
		end++
	}
	return end
}

// working tells whether a day is one for somebody whose establishments are given, where the
// law binds on the day of the event.
func (w *view) working(c *pack.Counting, event, d pack.Day) bool {
	v := w.m.Vocab
	if f := v.MustFact("controller_establishment"); f != nil && w.vals[f.ID] != nil {
		inside := false
		for _, i := range w.vals[f.ID].Items {
			if v.Regions().In(pack.RegionID(i), c.Place, event) == pack.True {
				inside = true
				if v.Calendar(pack.RegionID(i)).Works(d) {
					return true
				}
			}
		}
		if inside {
			return false
		}
	}
	if len(c.Place) != 1 {
		return v.Calendar(0).Works(d)
	}
	return v.Calendar(c.Place[0]).Works(d)
}

func instantOf(f *pack.Fact, v *pack.Value) pack.Instant {
	if f.Kind == pack.KindDay {
		return pack.Noon(pack.Day(v.Num))
	}
	return v.At
}

func (w *view) dayOf(f *pack.Fact, v *pack.Value) pack.Day {
	if f.Kind == pack.KindDay {
		return pack.Day(v.Num)
	}
	return v.At.Day(w.zone)
}

// ruleOf tells whether a declared retention law of one of the atom's orders runs.
func (w *view) ruleOf(a *pack.Atom, v *pack.Value) pack.Tri {
	if elapsed(w.m.Vocab, w.vals) {
		return pack.False
	}
	for _, s := range v.Strs {
		in := w.m.MatchRule(s).Instrument
		if in == nil || w.day < in.From {
			continue
		}
		if len(a.Set) == 0 || w.m.Vocab.Regions().In(in.Order, regionIDs(a.Set), w.day) == pack.True {
			return pack.True
		}
	}
	return pack.False
}

// elapsed tells whether the periods of the declared retention laws are known to be over.
func elapsed(v *pack.Vocabulary, vals pack.Values) bool {
	f := v.MustFact("retention_elapsed")
	return f != nil && vals[f.ID] != nil && vals[f.ID].Num == 1
}
