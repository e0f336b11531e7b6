// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package naive

import (
	"slices"
	"time"

	"github.com/comity-project/comity/internal/pack"
)

// combination picks one element of each list that is read one element at a time.
type combination map[pack.FactID]int

// combinations lists every choice of single elements; without such lists it is the one
// empty choice.
func combinations(v *pack.Vocabulary, vals pack.Values) []combination {
	all := []combination{{}}
	for _, f := range v.Facts[1:] {
		if !elementwise(f) || vals[f.ID] == nil {
			continue
		}
		var longer []combination
		for _, c := range all {
			for _, item := range vals[f.ID].Items {
				next := combination{f.ID: item}
				for id, other := range c {
					next[id] = other
				}
				longer = append(longer, next)
			}
		}
		all = longer
	}
	return all
}

// elementwise tells the lists that are read one element at a time. Lists of texts are
// compared as a whole.
func elementwise(f *pack.Fact) bool {
	return f.List && !f.Whole && (f.Kind == pack.KindEnum || f.Kind == pack.KindRegion)
}

// view is what conditions see: the facts at one combination, with the calendar of a zone.
type view struct {
	m    *pack.Model
	vals pack.Values
	pick combination
	zone *time.Location
	// day is the day of the question in zone.
	day pack.Day
}

func newView(m *pack.Model, vals pack.Values, c combination, zone *time.Location) *view {
	return &view{m: m, vals: vals, pick: c, zone: zone, day: vals[m.Vocab.Date()].At.Day(zone)}
}

func allOf(ts []pack.Tri) pack.Tri {
	switch {
	case slices.Contains(ts, pack.False):
		return pack.False
	case slices.Contains(ts, pack.Unknown):
		return pack.Unknown
	}
	return pack.True
}

func anyOf(ts []pack.Tri) pack.Tri {
	switch {
	case slices.Contains(ts, pack.True):
		return pack.True
	case slices.Contains(ts, pack.Unknown):
		return pack.Unknown
	}
	return pack.False
}

// kleene is the value of c in Kleene's logic; "not shown" is never unknown.
func (w *view) kleene(c *pack.Cond) pack.Tri {
	var kids []pack.Tri
	for _, k := range c.Kids {
		kids = append(kids, w.kleene(k))
	}
	switch c.Op {
	case pack.OpAll:
		return allOf(kids)
	case pack.OpAny:
		return anyOf(kids)
	case pack.OpNot:
		return kids[0].Not()
	case pack.OpNotShown:
		return pack.TriOf(kids[0] != pack.True)
	case pack.OpAtom:
		return w.atom(&c.Atom)
	}
	return pack.True
}

// lenient is the value of a branch's condition: inside an "any" that stays unknown, what
// nobody spoke to counts as false once somebody spoke to another member.
func (w *view) lenient(c *pack.Cond) pack.Tri {
	switch c.Op {
	case pack.OpAll:
		return allOf(w.members(c))
	case pack.OpAny:
		return anyOf(w.members(c))
	case pack.OpNot:
		return w.lenient(c.Kids[0]).Not()
	case pack.OpNotShown:
		return pack.TriOf(w.lenient(c.Kids[0]) != pack.True)
	}
	return w.kleene(c)
}

// members lists the lenient values of the members of an "all" or "any", those of an "any"
// already with the false ones that nobody spoke to.
func (w *view) members(c *pack.Cond) []pack.Tri {
	var kids []pack.Tri
	for _, k := range c.Kids {
		kids = append(kids, w.lenient(k))
	}
	if c.Op != pack.OpAny || anyOf(kids) != pack.Unknown || !slices.ContainsFunc(c.Kids, w.spokenTo) {
		return kids
	}
	for i, k := range c.Kids {
		if kids[i] == pack.Unknown && !w.spokenTo(k) {
			kids[i] = pack.False
		}
	}
	return kids
}

// spokenTo tells whether c mentions a ground, safeguard or age fact that was given.
func (w *view) spokenTo(c *pack.Cond) bool {
	for _, id := range c.Facts() {
		if w.m.Vocab.Facts[id].Rests() && w.vals[id] != nil {
			return true
		}
	}
	return false
}

// asks lists the absent facts that keep c, which is unknown, from being known: those of
// unknown atoms under nodes that are themselves unknown.
func (w *view) asks(c *pack.Cond) []pack.FactID {
	if c.Op == pack.OpAtom {
		var absent []pack.FactID
		for _, id := range c.Facts() {
			if w.vals[id] == nil {
				absent = append(absent, id)
			}
		}
		return absent
	}
	if c.Op == pack.OpNot {
		return w.asks(c.Kids[0])
	}
	var out []pack.FactID
	for i, t := range w.members(c) {
		if t == pack.Unknown {
			out = append(out, w.asks(c.Kids[i])...)
		}
	}
	return out
}
