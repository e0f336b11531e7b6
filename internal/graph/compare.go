// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// compare is the value of one comparison for values of its facts; ages are counted from the
// values of their origins. Days are those of UTC, since the questions are asked at its noon.
func (g *Graph) compare(a *pack.Atom, left, right *pack.Value) pack.Tri {
	v := g.m.Vocab
	f := v.Facts[a.Fact]
	left = g.aged(f, left)
	if a.Ref != 0 {
		right = g.aged(v.Facts[a.Ref], right)
	}
	switch {
	case left == nil || a.Ref != 0 && right == nil:
		return pack.Unknown
	case f.Kind == pack.KindDay || f.Kind == pack.KindInstant:
		return g.compareTimes(a, f, left, right)
	case a.Ref != 0:
		return g.compareFacts(a, f, left, right)
	case f.Kind == pack.KindEnum:
		return isIn(a.Cmp, slices.ContainsFunc(left.Items, func(i int) bool { return slices.Contains(a.Set, i) }))
	case f.Kind == pack.KindRegion:
		set := make([]pack.RegionID, len(a.Set))
		for i, s := range a.Set {
			set[i] = pack.RegionID(s)
		}
		in := v.Regions().In(pack.RegionID(left.Items[0]), set, g.day)
		if a.Cmp == pack.NotIn {
			return in.Not()
		}
		return in
	case f.Kind == pack.KindString:
		return isIn(a.Cmp, slices.ContainsFunc(left.Strs, func(s string) bool { return slices.Contains(a.Strs, s) }))
	}
	return pack.TriOf(compareNumbers(a.Cmp, left.Num, a.Num))
}

// aged is the value of a fact, from that of its origin if it is an age.
func (g *Graph) aged(f *pack.Fact, v *pack.Value) *pack.Value {
	if f.Ages == pack.NoUnit {
		return v
	}
	n, ok := g.m.Vocab.AgeOn(f, v, pack.InstantOf(noon(g.day)))
	if !ok {
		return nil
	}
	return &pack.Value{Num: n}
}

func isIn(c pack.Cmp, found bool) pack.Tri { return pack.TriOf(found != (c == pack.NotIn)) }

func compareNumbers(c pack.Cmp, x, y int64) bool {
	switch c {
	case pack.Eq:
		return x == y
	case pack.Ne:
		return x != y
	case pack.Lt:
		return x < y
	case pack.Le:
		return x <= y
	case pack.Gt:
		return x > y
	}
	return x >= y
}

func (g *Graph) compareFacts(a *pack.Atom, f *pack.Fact, left, right *pack.Value) pack.Tri {
	other := g.m.Vocab.Facts[a.Ref]
	equal := false
	switch f.Kind {
	case pack.KindEnum:
		for _, i := range left.Items {
			for _, j := range right.Items {
				equal = equal || f.Values[i].Name == other.Values[j].Name
			}
		}
	case pack.KindRegion:
		equal = left.Items[0] == right.Items[0]
	case pack.KindString:
		equal = left.Strs[0] == right.Strs[0]
	default:
		return pack.TriOf(compareNumbers(a.Cmp, left.Num, right.Num))
	}
	return pack.TriOf(equal == (a.Cmp == pack.Eq))
}

func (g *Graph) compareTimes(a *pack.Atom, f *pack.Fact, left, right *pack.Value) pack.Tri {
	if a.Ref == 0 {
		return pack.TriOf(compareNumbers(a.Cmp, int64(dayOf(f, left)), int64(a.Plus.AddTo(pack.Day(a.Num)))))
	}
	other := g.m.Vocab.Facts[a.Ref]
	if a.Plus.Unit == pack.Hours || a.Plus.N == 0 && f.Kind == pack.KindInstant && other.Kind == pack.KindInstant {
		x, y := second(f, left), second(other, right)
		return pack.TriOf(compareNumbers(a.Cmp, x, y+int64(a.Plus.N)*3600))
	}
	return pack.TriOf(compareNumbers(a.Cmp, int64(dayOf(f, left)), int64(g.deadline(a, dayOf(other, right)))))
}

// deadline is the last day of a period after an event. Working days are those of the place
// where the law binds: by the days of an establishment it may be some days later.
func (g *Graph) deadline(a *pack.Atom, event pack.Day) pack.Day {
	if a.Count == nil {
		return a.Plus.AddTo(event)
	}
	return a.Count.Deadline(a.Plus, event, pack.WorkDays{a.Count.Around(g.m.Vocab)})
}

func dayOf(f *pack.Fact, v *pack.Value) pack.Day {
	if f.Kind == pack.KindDay {
		return pack.Day(v.Num)
	}
	return v.At.Day(time.UTC)
}

func second(f *pack.Fact, v *pack.Value) int64 {
	if f.Kind == pack.KindDay {
		return noon(pack.Day(v.Num)).Unix()
	}
	return v.At.Sec
}
