// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Day is a calendar day, counted from 1970-01-01 in no particular zone.
type Day int32

const (
	// DayMin and DayMax stand for "always" at the two ends of a half-open interval.
	DayMin Day = -1 << 30
	DayMax Day = 1<<30 - 1
)

// DayOf is the calendar day on which t falls in its own location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Time is 00:00 of the day in loc.
func (d Day) Time(loc *time.Location) time.Time {
	y, m, dd := time.Unix(int64(d)*86400, 0).UTC().Date()
	return time.Date(y, m, dd, 0, 0, 0, 0, loc)
}

func (d Day) String() string {
	switch d {
	case DayMin:
		return "always"
	case DayMax:
		return "open"
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format("2006-01-02")
}

// ParseDay reads YYYY-MM-DD and refuses days that the calendar does not have.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date: write YYYY-MM-DD with a day that exists", Short(s))
	}
	return Day(t.Unix() / 86400), nil
}

// DayFrom is ParseDay for well-formed text, without allocation; false leaves the text to
// ParseDay, which says what is wrong.
func DayFrom(s string) (Day, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	num := func(s string) (n int) {
		for i := range len(s) {
			if s[i] < '0' || s[i] > '9' {
				return -1
			}
			n = 10*n + int(s[i]-'0')
		}
		return n
	}
	y, m, d := num(s[:4]), num(s[5:7]), num(s[8:])
	if y < 0 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return Day(t.Unix() / 86400), t.Day() == d && y >= 1970
}

// Unit is a calendar unit of a period.
type Unit uint8

// The units in which the law counts.
const (
	NoUnit Unit = iota
	Hours
	Days
	Months
	Years
	// WorkingDays are counted by a calendar (Counting.Deadline).
	WorkingDays
)

func parseUnit(s string) Unit {
	s = strings.TrimSuffix(s, "s")
	for u, n := range unitNames {
		if n != "" && s == n {
			return Unit(u)
		}
	}
	return NoUnit
}

// Period is a number of calendar units, as in "one month" of GDPR Art. 12(3).
type Period struct {
	N    int
	Unit Unit
}

func (p Period) String() string {
	n := p.N
	if n < 0 {
		n = -n
	}
	s := strconv.Itoa(n) + " " + unitNames[p.Unit]
	if n != 1 {
		s += "s"
	}
	return s
}

// AddTo is the day p after d by the plain calendar, in which working days are those from
// Monday to Friday. A month that lacks the day ends on its last day
// (Regulation (EEC, Euratom) 1182/71 Art. 3(2)(c)).
func (p Period) AddTo(d Day) Day {
	switch p.Unit {
	case Days:
		return d + Day(p.N)
	case Months:
		return addMonths(d, p.N)
	case Years:
		return addMonths(d, 12*p.N)
	case Hours:
		return d + Day(p.N/24)
	case WorkingDays:
		return (&Counting{}).Deadline(p, d, WorkDays{&weekends})
	}
	return d
}

func addMonths(d Day, n int) Day {
	y, m, dd := time.Unix(int64(d)*86400, 0).UTC().Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Day(first.Unix()/86400) + Day(min(dd, last)-1)
}

// MonthsBetween counts the whole calendar months from a to b.
func MonthsBetween(a, b Day) int {
	ya, ma, _ := time.Unix(int64(a)*86400, 0).UTC().Date()
	yb, mb, _ := time.Unix(int64(b)*86400, 0).UTC().Date()
	n := (yb-ya)*12 + int(mb) - int(ma)
	for n > 0 && addMonths(a, n) > b {
		n--
	}
	if n < 0 {
		return 0
	}
	return n
}
