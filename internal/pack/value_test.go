// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// show prints what a value holds.
func valueText(v *Vocabulary, f *Fact, val *Value) string {
	switch f.Kind {
	case KindEnum, KindRegion:
		return strings.Join(v.setNames(f, val.Items), " ")
	case KindString:
		return strings.Join(val.Strs, "|")
	case KindInstant:
		if val.At.Local {
			return val.At.Time(time.UTC).Format("2006-01-02T15:04 local")
		}
		return val.At.Time(time.UTC).Format(time.RFC3339)
	case KindDay:
		return Day(val.Num).String()
	}
	return fmt.Sprint(val.Num)
}

// TestParseValue: what callers give becomes typed values, or a fault that says what to do.
func TestParseValue(t *testing.T) {
	v := testVocab(t)
	long := make([]any, MaxList+1)
	for i := range long {
		long[i] = "contact"
	}
	for _, c := range []struct {
		fact  string
		given any
		want  string // begins with "!" if it is the text of an error
	}{
		{"purpose", "marketing", "marketing"},
		{"purpose", "marketing.advertising", "marketing"},
		{"purpose", []any{"ads"}, "marketing"},
		{"purpose", []string{"ads", "analytics"}, "!fact purpose: 2 values where one is taken; ask in several parts"},
		{"purpose", []any{}, "!fact purpose: 0 values where one is taken"},
		{"purpose", "marketting", `!fact purpose: unknown value "marketting"; did you mean "marketing"?`},
		{"purpose", 5, "!fact purpose: 5 is not a text"},
		{"purpose", nil, "!fact purpose: no value; leave the fact out if it is not known"},
		{"purpose", map[string]any{"a": 1}, `!fact purpose: {"a":1} is not a text`},
		{"purpose", strings.NewReader, "!fact purpose: a value of type func(string) *strings.Reader is not a text"},
		{"data_categories", "health", "health"},
		{"data_categories", []any{"health", "contact", "health"}, "health contact"},
		{"data_categories", []any{}, "!fact data_categories: the list is empty; leave the fact out if it is not known"},
		{"data_categories", long, "!fact data_categories: 513 values, more than 512"},
		{"retention_rules", []any{}, ""},
		{"retention_rules", "AO s. 147", "AO s. 147"},
		{"retention_rules", []any{"a", 1}, "!fact retention_rules: 1 is not a text"},

		// lists are closed under what their values imply; some values stand alone
		{"consent", "explicit", "explicit opt_in"},
		{"consent", []any{"opt_in", "explicit"}, "opt_in explicit"},
		{"consent", "none", "none"},
		{"consent", []any{"none", "opt_in"}, `!fact consent: "none" stands beside other values; give it alone or leave it out`},

		{"to_region", "US-NY", "US-NY"},
		{"subject_location", []any{"DE", "EU", "DE"}, "DE EU"},
		{"to_region", "EUU", `!fact to_region: unknown region "EUU"; did you mean "EU"?`},
		{"to_region", true, "!fact to_region: true is not a region code"},

		{"notice_given", true, "1"},
		{"notice_given", "false", "0"},
		{"notice_given", "yes", `!fact notice_given: "yes" is not true or false`},
		{"notice_given", 1, "!fact notice_given: 1 is not true or false"},

		{"persons", 5, "5"},
		{"persons", int64(-5), "-5"},
		{"persons", uint64(7), "7"},
		{"persons", 5.0, "5"},
		{"persons", "12", "12"},
		{"persons", uint64(math.MaxUint64), "!fact persons: 18446744073709551615 is not a whole number"},
		{"persons", 5.5, "!fact persons: 5.5 is not a whole number"},
		{"persons", 1e300, "!fact persons: 1e+300 is not a whole number"},
		{"persons", math.NaN(), "!fact persons: a value of type float64 is not a whole number"},
		{"persons", math.Inf(1), "!fact persons: a value of type float64 is not a whole number"},
		{"persons", "1e3", `!fact persons: "1e3" is not a whole number`},
		{"retained_months", -1, "!fact retained_months: -1 is no possible age"},
		{"retained_months", 2_000_000, "!fact retained_months: 2000000 is no possible age"},

		{"date", "2024-05-01", "2024-05-01T12:00 local"},
		{"date", "2024-05-01T01:30:00+02:00", "2024-04-30T23:30:00Z"},
		{"date", time.Date(2024, 5, 1, 1, 30, 0, 0, time.UTC), "2024-05-01T01:30:00Z"},
		{"date", "2023-02-29", `!fact date: "2023-02-29" is not a date: write YYYY-MM-DD with a day that exists`},
		{"date", "May 2024", `!fact date: "May 2024" is neither a day (2024-05-01) nor an instant (2024-05-01T15:04:05Z)`},
		{"date", "2024-05-01T25:00:00Z", `!fact date: "2024-05-01T25:00:00Z" is neither a day`},
		{"date", 20240501, "!fact date: 20240501 is not a date"},
		{"collected_at", "2024-02-29", "2024-02-29"},
		{"collected_at", "2024-05-01T23:30:00Z", "2024-05-01"},
		{"collected_at", "soon", `!fact collected_at: "soon" is neither a day`},
		{"tenant", "a", "a"},
		{"tenant", 1, "!fact tenant: 1 is not a text"},
	} {
		f, _ := v.Lookup(c.fact)
		val, err := v.ParseValue(f, c.given)
		var ve *ValueError
		switch wantErr := strings.TrimPrefix(c.want, "!"); {
		case wantErr != c.want:
			if !errors.As(err, &ve) || !strings.HasPrefix(err.Error(), wantErr) || ve.Fact != c.fact || ve.Unknown != strings.Contains(wantErr, "unknown") {
				t.Errorf("%s %v: got %v, want %s", c.fact, c.given, err, wantErr)
			}
		case err != nil:
			t.Errorf("%s %v: %v", c.fact, c.given, err)
		default:
			if got := valueText(v, f, val); got != c.want {
				t.Errorf("%s %v is %s, want %s", c.fact, c.given, got, c.want)
			}
		}
	}
}

// TestInstantDay: a day without time of day is that day everywhere; an instant falls on
// the day that its zone says.
func TestInstantDay(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	day := Noon(mustDay(t, "2024-05-01"))
	late := InstantOf(time.Date(2024, 5, 1, 2, 0, 0, 0, time.UTC))
	old := Noon(mustDay(t, "1969-12-31"))
	for want, got := range map[string]Day{
		"2024-05-01": day.Day(ny), "2024-04-30": late.Day(ny), "1969-12-31": old.Day(time.UTC),
	} {
		if got.String() != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if late.Day(time.UTC) != mustDay(t, "2024-05-01") || day.Time(ny).Hour() != 12 || old.Time(ny).Format("2006-01-02 15:04") != "1969-12-31 12:00" {
		t.Error("instants are not read in their zone")
	}
}

// values reads facts written as "name=value".
func values(t *testing.T, v *Vocabulary, facts string) Values {
	t.Helper()
	vals := make(Values, len(v.Facts))
	for _, kv := range strings.Fields(facts) {
		name, val, _ := strings.Cut(kv, "=")
		f, ok := v.Lookup(name)
		if !ok {
			t.Fatalf("no fact %s", name)
		}
		x, err := v.ParseValue(f, val)
		if err != nil {
			t.Fatal(err)
		}
		vals[f.ID] = x
	}
	return vals
}

// TestAge: ages follow from their origins by the calendar, and origins from ages that are
// given as numbers; both together must agree.
func TestAge(t *testing.T) {
	v := testVocab(t)
	for _, c := range []struct{ facts, fact, want string }{
		{"date=2024-02-29 collected_at=2024-01-31", "retained_months", "1"},
		{"date=2024-02-28 collected_at=2024-01-31", "retained_months", "0"},
		{"date=2024-02-28 subject_born_on=2008-02-29", "subject_age", "15"},
		{"date=2024-02-29 subject_born_on=2008-02-29", "subject_age", "16"},
		{"date=2025-02-28 subject_born_on=2008-02-29", "subject_age", "17"},
		{"date=2024-05-04T10:00:00Z breach_known_at=2024-05-01T10:00:01Z", "breach_hours", "71"},
		{"date=2024-05-04T10:00:00Z breach_known_at=2024-05-01T10:00:00Z", "breach_hours", "72"},
		{"date=2024-05-04 breach_known_at=2024-05-01", "breach_hours", "72"},
		{"date=2024-05-31 request_received_at=2024-05-01", "request_age_days", "30"},
		{"date=2024-05-31 request_received_at=2024-05-01 request_age_days=30", "request_age_days", "30"},

		{"date=2024-05-31 request_age_days=30", "request_received_at", "2024-05-01T12:00 local"},
		{"date=2024-05-04T10:00:00Z breach_hours=72", "breach_known_at", "2024-05-01T10:00:00Z"},
		{"date=2024-03-31 retained_months=1", "collected_at", "2024-02-29"},
		{"date=2024-02-29 subject_age=17", "subject_born_on", "2007-02-28"},
		{"date=2024-02-29 subject_age=0", "subject_born_on", "2024-02-29"},

		{"date=2024-05-31 request_received_at=2024-05-01 request_age_days=29", "", "fact request_age_days: 29 does not follow from request_received_at, which makes it 30; give only the origin"},
		{"date=2024-05-31 collected_at=2024-06-01", "", "fact collected_at: lies after the date of the question"},
		{"date=2024-05-01T10:00:00Z breach_known_at=2024-05-01T10:00:01Z", "", "fact breach_known_at: lies after the date of the question"},
		{"collected_at=2024-06-01", "", "fact date: the date of the question is missing"},
	} {
		vals := values(t, v, c.facts)
		err := v.Age(vals)
		if c.fact == "" {
			if err == nil || err.Error() != c.want {
				t.Errorf("%s: got %v, want %s", c.facts, err, c.want)
			}
			continue
		}
		f, _ := v.Lookup(c.fact)
		if err != nil || vals[f.ID] == nil {
			t.Errorf("%s: %v, no %s", c.facts, err, c.fact)
			continue
		}
		if got := valueText(v, f, vals[f.ID]); got != c.want || !vals[f.ID].Derived {
			t.Errorf("%s: %s is %s, want %s", c.facts, c.fact, got, c.want)
		}
		// Once more changes nothing: what was derived is derived again.
		if err := v.Age(vals); err != nil || valueText(v, f, vals[f.ID]) != c.want {
			t.Errorf("%s: aged twice: %v", c.facts, err)
		}
	}
	origin := &Value{Num: int64(mustDay(t, "2024-01-31"))}
	if n, ok := v.AgeOn(v.MustFact("retained_months"), origin, Noon(mustDay(t, "2025-01-30"))); n != 11 || !ok {
		t.Errorf("%d months", n)
	}
}
