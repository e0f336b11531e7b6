// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity/packs"
)

// withCalendars is the embedded vocabulary with the embedded calendars, then those of texts.
func withCalendars(t *testing.T, texts ...string) *Vocabulary {
	t.Helper()
	var probs Problems
	data, err := fs.ReadFile(packs.FS, "calendars.yaml")
	if err != nil {
		t.Fatal(err)
	}
	v := embeddedVocab(t)
	for _, text := range append([]string{string(data)}, texts...) {
		v.ReadCalendars("calendars.yaml", []byte(text), &probs)
	}
	if err := probs.Err(); err != nil {
		t.Fatal(err)
	}
	return v
}

func calendarOf(t *testing.T, v *Vocabulary, code string) *Calendar {
	t.Helper()
	id, ok := v.Regions().Lookup(code)
	if !ok {
		t.Fatalf("no place %s", code)
	}
	return v.Calendar(id)
}

func TestEaster(t *testing.T) {
	for year, want := range map[int][2]string{
		1961: {"1961-04-02", "1961-04-09"}, 2008: {"2008-03-23", "2008-04-27"}, 2016: {"2016-03-27", "2016-05-01"}, 2019: {"2019-04-21", "2019-04-28"},
		2024: {"2024-03-31", "2024-05-05"}, 2025: {"2025-04-20", "2025-04-20"}, 2026: {"2026-04-05", "2026-04-12"}, 2038: {"2038-04-25", "2038-04-25"},
	} {
		if got := [2]string{easter(year).String(), orthodoxEaster(year).String()}; got != want {
			t.Errorf("%d: %v, want %v", year, got, want)
		}
	}
}

// TestHolidaysAreThoseOfTheLaw: days that were published by the states, with those that are
// moved, abolished, or kept once.
func TestHolidaysAreThoseOfTheLaw(t *testing.T) {
	v := withCalendars(t)
	for code, days := range map[string]struct{ free, work string }{
		"AR": {"2024-03-29 2024-06-17 2024-11-18 2025-06-16 2025-11-24 2023-08-21", "2024-03-28 2024-11-20 2025-06-17"},
		"AT": {"2026-10-26 2026-06-04", "2026-04-03"},
		"AU": {"2022-01-03 2022-09-22 2026-01-26 2026-12-28 2027-12-27 2027-12-28", "2026-06-08"},
		"BG": {"2023-01-02 2022-12-27 2022-12-28 2026-05-25", "2026-05-12"},
		"BR": {"2024-11-20 2026-04-03 2026-09-07", "2023-11-20 2026-02-17 2026-06-04"},
		"CN": {"2024-02-12 2025-10-08 2026-02-23", "2024-02-04 2024-04-28 2025-10-11 2026-10-10"},
		"CZ": {"2026-04-03 2026-09-28", "2026-12-31"},
		"DE": {"2017-10-31 2026-04-03 2026-05-14 2026-05-25", "2018-10-31 2026-06-04"},
		"DK": {"2023-05-05", "2024-04-26"},
		"ES": {"2026-10-12 2026-12-08", "2026-04-06"},
		"FI": {"2026-06-19 2026-12-24", "2026-12-31"},
		"FR": {"2026-05-08 2026-07-14 2026-11-11", "2026-04-03 2026-12-28"},
		"GB": {"2017-01-02 2020-05-08 2021-12-27 2021-12-28 2022-06-02 2022-06-03 2022-09-19 2022-12-27 2023-05-08 2026-12-28", "2020-05-04 2022-05-30 2026-04-06 2026-08-31 2026-12-29"},
		"GR": {"2026-02-23 2026-04-10 2026-04-13 2026-06-01", "2026-04-03"},
		"HR": {"2019-10-08 2020-11-18", "2019-11-18 2020-10-08"},
		"HU": {"2025-12-24 2026-10-23", "2023-12-22"},
		"IE": {"2022-03-18 2023-02-06 2030-02-01 2026-10-26", "2022-02-07 2030-02-04 2026-04-03"},
		"IS": {"2024-04-25 2026-08-03", "2024-04-18"},
		"IT": {"2026-04-25 2026-06-02", "2025-10-03"},
		"LU": {"2019-05-09 2026-06-23", "2018-05-09"},
		"LV": {"2024-05-06 2023-11-20", "2026-05-05"},
		"MX": {"2018-12-01 2024-02-05 2024-03-18 2024-10-01 2026-11-16", "2024-02-12 2025-10-01"},
		"NL": {"2026-04-03 2026-05-05 2026-04-27", "2025-04-28"},
		"NO": {"2026-04-02 2024-05-17", "2026-12-24"},
		"PL": {"2018-11-12 2025-12-24", "2024-12-24"},
		"PT": {"2026-04-03 2026-06-04", "2026-04-06"},
		"RO": {"2026-01-06 2026-04-13 2026-06-01", "2023-01-06"},
		"RU": {"2023-02-24 2024-04-29 2025-11-03 2026-01-09 2026-05-11", "2024-04-27 2025-11-01 2026-01-12"},
		"SE": {"2026-06-19 2025-12-31 2026-01-06", "2026-05-15"},
		"SK": {"2023-09-01 2024-11-01", "2025-09-02 2024-09-02"},
		"US": {"2026-01-19 2021-12-31 2026-07-03 2026-11-26 2021-06-18", "2020-06-19 2026-11-27 2026-07-02"},
	} {
		c := calendarOf(t, v, code)
		for _, d := range strings.Fields(days.free) {
			if c.Works(mustDay(t, d)) {
				t.Errorf("%s: %s is a day off", code, d)
			}
		}
		for _, d := range strings.Fields(days.work) {
			if !c.Works(mustDay(t, d)) {
				t.Errorf("%s: %s is a working day", code, d)
			}
		}
	}
}

// TestWorkingDaysOfAYear: the states that exchange days publish how many remain.
func TestWorkingDaysOfAYear(t *testing.T) {
	v := withCalendars(t)
	for _, c := range []struct {
		code, from, until string
		want              int
	}{
		{"RU", "2022-01-01", "2023-01-01", 247},
		{"RU", "2023-01-01", "2024-01-01", 247},
		{"RU", "2024-01-01", "2025-01-01", 248},
		{"RU", "2025-01-01", "2026-01-01", 247},
		{"RU", "2026-01-01", "2027-01-01", 247},
		{"CN", "2023-01-01", "2024-01-01", 249},
		{"CN", "2024-01-01", "2025-01-01", 251},
		{"CN", "2025-01-01", "2026-01-01", 248},
		{"CN", "2026-01-01", "2027-01-01", 248},
		{"DE", "2026-01-01", "2027-01-01", 254},
	} {
		n := 0
		for d := mustDay(t, c.from); d < mustDay(t, c.until); d++ {
			if calendarOf(t, v, c.code).Works(d) {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%s from %s: %d working days, want %d", c.code, c.from, n, c.want)
		}
	}
}

// TestCalendarOfAPlace: a place has its own calendar, that of the place around it, or
// Saturdays and Sundays; a later file replaces the whole calendar of a place.
func TestCalendarOfAPlace(t *testing.T) {
	v := withCalendars(t)
	for code, want := range map[string]string{"US-CA": "US", "DE": "DE", "JP": "", "EU": "", "WORLD": ""} {
		if got := calendarOf(t, v, code).Place; got != want {
			t.Errorf("the calendar of %s is that of %q, want %q", code, got, want)
		}
	}
	for _, c := range []struct {
		code, day string
		works     bool
	}{
		{"SA", "2026-11-20", false},
		{"SA", "2026-11-21", false},
		{"SA", "2026-11-22", true},
		{"AE", "2021-12-31", false},
		{"AE", "2022-01-02", false},
		{"AE", "2022-01-07", true},
		{"AE", "2021-12-26", true},
		{"JP", "2026-01-01", true},
		{"JP", "2026-11-22", false},
	} {
		if calendarOf(t, v, c.code).Works(mustDay(t, c.day)) != c.works {
			t.Errorf("%s in %s: a working day is %t", c.day, c.code, c.works)
		}
	}
	v = withCalendars(t, "format: comity/v1\ncalendars: {DE: {known: {from: 2026-01-01, until: 2027-01-01}, holidays: [easter + 60]}}\n")
	c := calendarOf(t, v, "DE")
	if c.Works(mustDay(t, "2026-06-04")) || !c.Works(mustDay(t, "2026-05-14")) || c.Knows(mustDay(t, "2026-12-01"), mustDay(t, "2027-01-01")) {
		t.Error("a calendar of one's own does not replace the embedded one")
	}
	if !c.Knows(mustDay(t, "2025-12-31"), mustDay(t, "2026-12-31")) || c.Knows(mustDay(t, "2025-12-30"), mustDay(t, "2026-01-02")) {
		t.Error("known days are those after the event, up to the last")
	}
}

// TestDeadlines: Regulation 1182/71 Art. 3 with weekends and the holidays of some states.
func TestDeadlines(t *testing.T) {
	v := withCalendars(t)
	plain, union := &Counting{}, &Counting{EndsWorking: true, Least: 2}
	for _, c := range []struct {
		law            *Counting
		period, places string
		event, want    string
	}{
		// EDPB, Guidelines 01/2022 on the right of access: 5 March and 31 August.
		{union, "1 months", "BE", "2024-03-05", "2024-04-05"},
		{union, "1 months", "BE", "2024-08-31", "2024-09-30"},
		{union, "1 months", "BE", "2025-03-05", "2025-04-07"}, // a Saturday
		{union, "1 months", "DE", "2026-04-01", "2026-05-04"}, // Labour Day, a Friday
		{union, "1 months", "NL", "2026-04-01", "2026-05-01"},
		{union, "1 months", "DE NL", "2026-04-01", "2026-05-01"}, // in one of them work is done
		{union, "1 months", "DE FR", "2026-04-01", "2026-05-04"},
		{union, "1 months", "AT", "2026-11-25", "2026-12-28"},
		{union, "3 months", "FI", "2026-03-19", "2026-06-22"}, // Midsummer Eve
		{union, "1 months", "GB", "2026-11-25", "2026-12-29"}, // Boxing Day, a Saturday, is made up on Monday
		{union, "1 months", "GB", "2022-08-19", "2022-09-20"}, // the funeral of the Queen
		{union, "1 years", "DE", "2024-02-29", "2025-02-28"},
		{plain, "1 months", "DE", "2026-04-01", "2026-05-01"},
		// Art. 3(5): two working days at least, here over Easter, which ends on Tuesday.
		{union, "2 days", "DE", "2026-04-02", "2026-04-08"},
		{union, "3 days", "DE", "2026-04-02", "2026-04-08"},
		{union, "1 days", "DE", "2026-04-02", "2026-04-07"},
		{union, "15 days", "DE", "2026-04-02", "2026-04-17"},
		// Working days.
		{plain, "3 working days", "BR", "2026-09-03", "2026-09-09"},
		{plain, "5 working days", "AR", "2025-11-20", "2025-11-28"},
		{plain, "20 working days", "MX", "2026-03-02", "2026-03-31"},
		{plain, "10 working days", "RU", "2025-04-25", "2025-05-15"},
		{plain, "10 working days", "CN", "2025-09-26", "2025-10-16"},
		{plain, "15 working days", "US", "2026-11-20", "2026-12-14"},
		{plain, "0 working days", "US", "2026-11-21", "2026-11-21"},
	} {
		var w WorkDays
		for _, code := range strings.Fields(c.places) {
			w = append(w, calendarOf(t, v, code))
		}
		n, unit, _ := strings.Cut(c.period, " ")
		p := Period{atoi(t, n), parseUnit(unit)}
		if got := c.law.Deadline(p, mustDay(t, c.event), w).String(); got != c.want {
			t.Errorf("%s from %s in %s: %s, want %s", p, c.event, c.places, got, c.want)
		}
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n := 0
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}

// TestDeadlinesNeverEndEarly: whatever the place, the day and the period, a deadline is not
// before the plain day, ends on a working day, holds two of them, and no earlier day does.
func TestDeadlinesNeverEndEarly(t *testing.T) {
	v := withCalendars(t)
	union := &Counting{EndsWorking: true, Least: 2}
	for _, c := range append(v.Calendars(), &weekends) {
		w := WorkDays{c}
		for event := mustDay(t, "2023-12-20"); event < mustDay(t, "2027-01-10"); event++ {
			for _, p := range []Period{{1, Days}, {2, Days}, {3, Days}, {15, Days}, {1, Months}, {3, Months}, {1, Years}} {
				plain, end := p.AddTo(event), union.Deadline(p, event, w)
				working := func(until Day) (n int) {
					for d := event + 1; d <= until; d++ {
						if c.Works(d) {
							n++
						}
					}
					return n
				}
				enough := func(d Day) bool { return d >= plain && c.Works(d) && (plain-event < 2 || working(d) >= 2) }
				if !enough(end) || slices.ContainsFunc([]Day{end - 1, end - 2, end - 3}, enough) {
					t.Fatalf("%s: %s from %s: %s, plain %s", c.Place, p, event, end, plain)
				}
			}
			for n := range 12 {
				end := union.Deadline(Period{n, WorkingDays}, event, w)
				got := 0
				for d := event + 1; d <= end; d++ {
					if c.Works(d) {
						got++
					}
				}
				if got != n || n > 0 && !c.Works(end) {
					t.Fatalf("%s: %d working days from %s: %s, which are %d", c.Place, n, event, end, got)
				}
			}
		}
	}
}

// TestBadCalendars: each fault is told with its place.
func TestBadCalendars(t *testing.T) {
	known := "known: {from: 2024-01-01, until: 2025-01-01}, "
	for text, want := range map[string]string{
		"calendars: {}":                                                 `key "format" is missing`,
		"format: comity/v2\ncalendars: {}":                              "format",
		"format: comity/v1\ncalendars: {XX: {}}":                        `unknown region "XX"`,
		"format: comity/v1\ncalendars: {EU: {}}":                        "EU is a group",
		"format: comity/v1\ncalendars: {DE: {rest: [monday, someday]}}": "no day of the week",
		"format: comity/v1\ncalendars: {DE: {rest: [sunday, monday, tuesday, wednesday, thursday, friday, saturday]}}": "no day is left to work",
		"format: comity/v1\ncalendars: {DE: {rest: [{from: 2024-01-01, days: sunday}, {days: friday}]}}":               "in no order",
		"format: comity/v1\ncalendars: {DE: {holidays: [01-01]}}":                                                      "belong together",
		"format: comity/v1\ncalendars: {DE: {known: {from: 2024-01-01}, holidays: [01-01]}}":                           `key "until" is missing`,
		"format: comity/v1\ncalendars: {DE: {known: {from: 2024-01-01, until: 2024-01-01}, holidays: [01-01]}}":        "known for no day",
		"format: comity/v1\ncalendars: {DE: {known: {from: 1000-01-01, until: 2024-01-01}, holidays: [01-01]}}":        "more than 100 years",
		"format: comity/v1\ncalendars: {DE: {" + known + "holidays: [13-01]}}":                                         "no rule for a public holiday",
		"format: comity/v1\ncalendars: {DE: {" + known + "holidays: [easter * 2]}}":                                    "no rule for a public holiday",
		"format: comity/v1\ncalendars: {DE: {" + known + "holidays: [orthodox 01-01]}}":                                "no rule for a public holiday",
		"format: comity/v1\ncalendars: {DE: {" + known + "holidays: [someday from 01-01]}}":                            "no rule for a public holiday",
		"format: comity/v1\ncalendars: {DE: {" + known + "holidays: [2024-02-30]}}":                                    "is not a date",
		"format: comity/v1\ncalendars: {DE: {" + known + "holidays: [{from: 2024}]}}":                                  `key "on" is missing`,
		"format: comity/v1\ncalendars: {DE: {" + known + "holidays: [{on: 01-01, moved: {sunday: away}}]}}":            "unknown way to move",
	} {
		var probs Problems
		embeddedVocab(t).ReadCalendars("calendars.yaml", []byte(text), &probs)
		if err := probs.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %q", text, err, want)
		}
	}
}
