// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// readers collects which packs and requirements read dates and groups in their conditions.
type readers struct {
	m    *pack.Model
	date pack.FactID
	// turns are the dates in the conditions of a pack, with who reads them.
	turns map[turn][]string
	// groups are the groups that are read, with who reads them.
	groups map[pack.RegionID][]string
}

type turn struct {
	pack string
	day  pack.Day
}

func newReaders(m *pack.Model) *readers {
	r := &readers{m: m, turns: map[turn][]string{}, groups: map[pack.RegionID][]string{}}
	if f := m.Vocab.MustFact("date"); f != nil {
		r.date = f.ID
	}
	return r
}

// pack reads every condition of a pack that is known in the span.
func (r *readers) pack(p *pack.Pack, span Span) {
	r.cond(p, "the reach of "+p.ID, p.Reach.When)
	for i := range p.Outside {
		r.cond(p, "outside "+p.Outside[i].ID, p.Outside[i].When)
	}
	for _, e := range p.Edges {
		if e.KnownUntil <= span.From || e.Until <= span.From {
			continue
		}
		who := e.Set + "/" + e.ID
		r.cond(p, who, e.When)
		r.cond(p, who, e.Claim)
		r.places(who, e.Origin)
		r.places(who, e.Destination)
	}
	for _, q := range p.Requirements {
		if q.KnownUntil <= span.From || q.Until <= span.From {
			continue
		}
		r.cond(p, q.ID, q.When)
		r.cond(p, q.ID, q.Must)
		r.places(q.ID, q.Allowed)
		for i := range q.Unless {
			r.cond(p, q.ID, q.Unless[i].When)
			r.cond(p, q.ID, q.Unless[i].Claim)
		}
	}
}

func (r *readers) cond(p *pack.Pack, who string, c *pack.Cond) {
	if c == nil {
		return
	}
	c.Walk(func(c *pack.Cond) {
		if c.Op != pack.OpAtom {
			return
		}
		a := &c.Atom
		switch {
		case r.m.Vocab.Facts[a.Fact].Kind == pack.KindRegion:
			ids := make([]pack.RegionID, len(a.Set))
			for i, id := range a.Set {
				ids[i] = pack.RegionID(id)
			}
			r.places(who, ids)
		case a.Fact == r.date && a.Ref == 0:
			for _, d := range turnsOf(a) {
				t := turn{p.ID, d}
				r.turns[t] = appendNew(r.turns[t], who)
			}
		}
	})
}

// turnsOf are the days from which a comparison of the date gives another answer.
func turnsOf(a *pack.Atom) []pack.Day {
	d := a.Plus.AddTo(pack.Day(a.Num))
	switch a.Cmp {
	case pack.Ge, pack.Lt:
		return []pack.Day{d}
	case pack.Gt, pack.Le:
		return []pack.Day{d + 1}
	}
	return []pack.Day{d, d + 1}
}

func (r *readers) places(who string, ids []pack.RegionID) {
	for _, id := range ids {
		if r.m.Vocab.Regions().IsGroup(id) {
			r.groups[id] = appendNew(r.groups[id], who)
		}
	}
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func (r *readers) events(span Span) []Event {
	var out []Event
	for _, t := range slices.SortedFunc(maps.Keys(r.turns), func(a, b turn) int { return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.pack, b.pack)) }) {
		if !span.holds(t.day) {
			continue
		}
		who := r.turns[t]
		out = append(out, Event{
			Date: t.day.String(), day: t.day, Kind: Condition, Pack: t.pack, UID: uid(string(Condition), t.pack, t.day.String()),
			Title: "a date in its conditions is reached", Text: "They stand in " + strings.Join(who, ", ") + ".", Requirements: who,
		})
	}
	for _, id := range slices.Sorted(maps.Keys(r.groups)) {
		out = append(out, r.memberships(id, span)...)
	}
	return out
}

// memberships lists the days on which places join or leave a group.
func (r *readers) memberships(id pack.RegionID, span Span) []Event {
	regions := r.m.Vocab.Regions()
	var out []Event
	for _, d := range regions.MembershipBreaks([]pack.RegionID{id}) {
		if !span.holds(d) {
			continue
		}
		var moves []string
		for _, code := range regions.Codes() {
			place, _ := regions.Lookup(code)
			if regions.IsGroup(place) {
				continue
			}
			before, after := regions.In(place, []pack.RegionID{id}, d-1) == pack.True, regions.In(place, []pack.RegionID{id}, d) == pack.True
			switch {
			case after && !before:
				moves = append(moves, code+" joins")
			case before && !after:
				moves = append(moves, code+" leaves")
			}
		}
		if len(moves) == 0 {
			continue
		}
		who := r.groups[id]
		out = append(out, Event{
			Date: d.String(), day: d, Kind: Membership, ID: regions.Code(id), UID: uid(string(Membership), regions.Code(id), d.String()),
			Title: regions.Name(id) + ": " + strings.Join(moves, ", "), Text: "Read by " + strings.Join(who, ", ") + ".", Requirements: who,
		})
	}
	return out
}
