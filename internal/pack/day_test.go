// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"testing"
	"time"
)

// TestParseDay: a day is read, printed and converted; one that the calendar lacks is not.
func TestParseDay(t *testing.T) {
	for _, s := range []string{"1970-01-01", "1969-12-31", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"} {
		d := mustDay(t, s)
		if d.String() != s || DayOf(d.Time(time.UTC)) != d {
			t.Errorf("%s: printed %s, back %s", s, d, DayOf(d.Time(time.UTC)))
		}
	}
	for _, s := range []string{"", "2023-02-29", "1900-02-29", "2024-13-01", "2024-04-31", "2024-1-1", "24-01-01", "2024-01-01T00:00:00Z", "2024/01/01"} {
		if d, err := ParseDay(s); err == nil {
			t.Errorf("%q was read as %s", s, d)
		}
	}
	if DayMin.String() != "always" || DayMax.String() != "open" {
		t.Error("the open ends of an interval print as days")
	}
}

// TestPeriods: periods end as Regulation (EEC, Euratom) 1182/71 Art. 3(2) says: on the day
// with the same number, or on the last day of a month that lacks it.
func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		from, plus, want string
	}{
		{"2024-01-31", "1 month", "2024-02-29"},
		{"2023-01-31", "1 month", "2023-02-28"},
		{"2024-01-31", "3 months", "2024-04-30"}, // one month plus two is not 90 days
		{"2024-01-31", "90 days", "2024-04-30"},
		{"2023-01-31", "90 days", "2023-05-01"},
		{"2024-02-29", "1 year", "2025-02-28"},
		{"2024-02-29", "4 years", "2028-02-29"},
		{"2024-02-28", "1 month", "2024-03-28"},
		{"2023-12-31", "2 months", "2024-02-29"},
		{"2024-11-30", "14 months", "2026-01-30"},
		{"2024-12-31", "1 day", "2025-01-01"},
		{"2024-03-31", "-1 month", "2024-02-29"},
		{"2024-03-31", "-13 months", "2023-02-28"},
		{"2024-02-29", "-1 year", "2023-02-28"},
		{"2024-03-01", "-1 day", "2024-02-29"},
		{"2024-03-01", "72 hours", "2024-03-04"},
		{"2024-03-01", "71 hours", "2024-03-03"},
		{"2024-03-01", "0 ", "2024-03-01"},
	} {
		var n int
		var unit string
		if _, err := fmt.Sscan(c.plus, &n, &unit); err != nil && n != 0 {
			t.Fatal(err)
		}
		if got := (Period{n, parseUnit(unit)}).AddTo(mustDay(t, c.from)).String(); got != c.want {
			t.Errorf("%s + %s = %s, want %s", c.from, c.plus, got, c.want)
		}
	}
}

// TestMonthsBetween counts whole months, and agrees with adding them.
func TestMonthsBetween(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"2024-01-31", "2024-02-28", 0},
		{"2024-01-31", "2024-02-29", 1},
		{"2024-01-15", "2024-02-14", 0},
		{"2024-01-15", "2024-02-15", 1},
		{"2020-02-29", "2024-02-28", 47},
		{"2020-02-29", "2021-02-28", 12},
		{"2024-05-01", "2024-05-01", 0},
		{"2024-05-01", "2024-04-01", 0},
	} {
		if got := MonthsBetween(mustDay(t, c.a), mustDay(t, c.b)); got != c.want {
			t.Errorf("%s to %s: %d months, want %d", c.a, c.b, got, c.want)
		}
	}
	start := mustDay(t, "2019-12-29")
	for a := start; a < start+70; a++ {
		for b := a; b < a+800; b += 7 {
			n := MonthsBetween(a, b)
			if addMonths(a, n) > b || addMonths(a, n+1) <= b {
				t.Fatalf("%s to %s: %d months", a, b, n)
			}
		}
	}
}

// TestUnits: units are read in singular and plural, and printed as they are read.
func TestUnits(t *testing.T) {
	for s, want := range map[string]Unit{
		"hour": Hours, "hours": Hours, "days": Days, "month": Months, "years": Years,
		"": NoUnit, "s": NoUnit, "weeks": NoUnit, "dayss": NoUnit,
	} {
		if got := parseUnit(s); got != want {
			t.Errorf("%q is unit %d, want %d", s, got, want)
		}
	}
	if got := (Period{-2, Months}).String() + ", " + (Period{1, Years}).String(); got != "2 months, 1 year" {
		t.Errorf("printed %s", got)
	}
}
