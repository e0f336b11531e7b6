// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import "slices"

// Calendar tells the working days of a place.
type Calendar struct {
	// Place is the code of the place; empty for the calendar of places that have none.
	Place string
	// From and Until bound the days whose public holidays are known; equal if none are.
	From, Until Day
	rests       []restSpan
	// holidays and working are in order; the second are days of rest on which work is done.
	holidays, working []Day
	pos               Pos
}

// restSpan are the days of the week without work from a day on, bit 0 for Sunday.
type restSpan struct {
	from Day
	days uint8
}

// weekends is the calendar of places that have none.
var weekends = Calendar{rests: []restSpan{{DayMin, 1<<0 | 1<<6}}}

// weekday is 0 on Sundays.
func (d Day) weekday() int {
	n := (int(d) + 4) % 7 // 1970-01-01 was a Thursday
	if n < 0 {
		n += 7
	}
	return n
}

// Works tells whether a day is a working day.
func (c *Calendar) Works(d Day) bool {
	if _, on := slices.BinarySearch(c.working, d); on {
		return true
	}
	return !c.Rests(d) && !c.Holiday(d)
}

// Rests tells whether a day lies in the weekend.
func (c *Calendar) Rests(d Day) bool {
	i := len(c.rests) - 1
	for i > 0 && d < c.rests[i].from {
		i--
	}
	return c.rests[i].days>>d.weekday()&1 != 0
}

// Holiday tells whether a day is a known public holiday.
func (c *Calendar) Holiday(d Day) bool {
	_, found := slices.BinarySearch(c.holidays, d)
	return found
}

// Knows tells whether the public holidays of all days after one, up to another, are known.
func (c *Calendar) Knows(after, last Day) bool { return c.From <= after+1 && last < c.Until }

// Calendar is that of a place, or of the nearest place around it that has one, else one of
// Saturdays and Sundays alone.
func (v *Vocabulary) Calendar(id RegionID) *Calendar {
	for ; id != 0; id = v.regions.list[id].within {
		if c := v.calendars[id]; c != nil {
			return c
		}
	}
	return &weekends
}

// Calendars lists the places that have a calendar of their own, by code.
func (v *Vocabulary) Calendars() []*Calendar {
	out := make([]*Calendar, 0, len(v.calendars))
	for _, code := range v.regions.Codes() {
		if c := v.calendars[v.regions.byCode[code]]; c != nil {
			out = append(out, c)
		}
	}
	return out
}

// WorkDays are the calendars of the places where somebody may act: a day is free only if it
// is so in each.
type WorkDays []*Calendar

// Works tells whether a day is a working day.
func (w WorkDays) Works(d Day) bool {
	for _, c := range w {
		if c.Works(d) {
			return true
		}
	}
	return false
}

// Counting says how the law of a pack counts periods.
type Counting struct {
	// Place is where the action is taken: what counts are the establishments in it, or it.
	Place []RegionID
	// EndsWorking moves the end of a deadline to the next working day; Least is how many
	// working days a deadline of two days or more holds at least.
	EndsWorking bool
	Least       int
	Cites       []string
	Pos         Pos
}

// Around are the calendars of what may be the place of an action: where the law binds in
// one place, that of the place.
func (c *Counting) Around(v *Vocabulary) *Calendar {
	if len(c.Place) == 1 {
		return v.Calendar(c.Place[0])
	}
	return &weekends
}

// counts tells whether an atom is a deadline that the law counts otherwise than by the
// plain calendar.
func (c *Counting) counts(a *Atom) bool {
	if c == nil {
		return false
	}
	if a.Plus.Unit == WorkingDays {
		return true
	}
	return c.EndsWorking && a.Ref != 0 && a.Plus.N > 0 && a.Plus.Unit != Hours && (a.Cmp == Le || a.Cmp == Gt)
}

// Deadline is the last day of a period that began with an event on a day, which itself is
// not counted (Regulation (EEC, Euratom) 1182/71 Art. 3).
func (c *Counting) Deadline(p Period, event Day, w WorkDays) Day {
	if p.Unit == WorkingDays {
		d := event
		for n := 0; n < p.N; {
			if d++; w.Works(d) {
				n++
			}
		}
		return d
	}
	end := p.AddTo(event)
	if !c.EndsWorking {
		return end
	}
	if end-event >= 2 {
		for d, n := event, 0; n < c.Least; end = max(end, d) {
			if d++; w.Works(d) {
				n++
			}
		}
	}
	for !w.Works(end) {
		end++
	}
	return end
}
