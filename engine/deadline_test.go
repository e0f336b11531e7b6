// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/comity-project/comity"
)

// dues lists the deadlines of an answer.
func dues(d comity.Decision) []string {
	var out []string
	for _, c := range d.Conditions {
		if c.Due != "" {
			out = append(out, c.ID+" "+c.Due)
		}
	}
	for _, c := range d.Duties {
		if c.Due != "" {
			out = append(out, c.ID+" "+c.Due)
		}
	}
	return out
}

// TestDeadlinesAsTheLawCountsThem: each law that counts working days, or moves the end of a
// period, gives the day by the calendar of its place; the answer holds until the end of it.
func TestDeadlinesAsTheLawCountsThem(t *testing.T) {
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	const access = "operation=respond_request request_type=access data_categories=contact targets=- request_answered=false "
	for question, want := range map[string]struct{ due, until string }{
		access + "subject_location=DE controller_establishment=BE request_received_at=2024-03-05 date=2024-03-06":    {"answer_within_month 2024-04-05", "2024-04-05T22:00:00Z"},
		access + "subject_location=DE controller_establishment=BE request_received_at=2024-08-31 date=2024-09-01":    {"answer_within_month 2024-09-30", "2024-09-30T22:00:00Z"},
		access + "subject_location=DE controller_establishment=DE request_received_at=2026-04-01 date=2026-05-03":    {"answer_within_month 2026-05-04", "2026-05-04T22:00:00Z"},
		access + "subject_location=DE controller_establishment=NL request_received_at=2026-04-01 date=2026-05-01":    {"answer_within_month 2026-05-01", "2026-05-01T22:00:00Z"},
		access + "subject_location=DE controller_establishment=DE,NL request_received_at=2026-04-01 date=2026-05-01": {"answer_within_month 2026-05-01", "2026-05-01T22:00:00Z"},
		access + "subject_location=DE controller_establishment=US,DE request_received_at=2026-04-01 date=2026-05-01": {"answer_within_month 2026-05-04", "2026-05-04T22:00:00Z"},
		access + "subject_location=DE targets=DE request_received_at=2026-04-01 date=2026-05-01":                     {"answer_within_month 2026-05-01", "2026-05-01T22:00:00Z"},
		// ICO: 3 September, 31 March, and a public holiday in between.
		access + "subject_location=GB controller_establishment=GB request_received_at=2025-09-03 date=2025-09-04":                                                                                                 {"answer_in_a_month 2025-10-03", "2025-10-03T23:00:00Z"},
		access + "subject_location=GB controller_establishment=GB request_received_at=2025-03-31 date=2025-04-01":                                                                                                 {"answer_in_a_month 2025-04-30", "2025-04-30T23:00:00Z"},
		access + "subject_location=GB controller_establishment=GB request_received_at=2025-11-25 date=2025-11-26":                                                                                                 {"answer_in_a_month 2025-12-29", "2025-12-30T00:00:00Z"},
		"operation=respond_request request_type=access subject_location=MX controller_establishment=MX data_categories=contact request_received_at=2026-03-02 date=2026-03-03":                                    {"answer_in_20_days_2025 2026-03-31", "2026-04-01T06:00:00Z"},
		"operation=notify_breach breach_risk=high subject_location=BR controller_establishment=BR data_categories=contact breach_known_at=2026-09-03 date=2026-09-03":                                             {"report_incident 2026-09-09", "2026-09-10T03:00:00Z"},
		"operation=respond_request request_type=access subject_location=RU controller_establishment=RU data_categories=contact request_received_at=2025-04-25 date=2025-04-25":                                    {"answer_in_10_days 2025-05-15", "2025-05-15T21:00:00Z"},
		"operation=respond_request request_type=correction subject_location=AR controller_establishment=AR data_categories=contact request_received_at=2025-11-20 date=2025-11-20":                                {"act_in_5_days 2025-11-28", "2025-11-29T03:00:00Z"},
		"operation=respond_request request_type=access subject_location=CN controller_establishment=CN data_categories=contact request_received_at=2025-09-26 date=2025-09-26":                                    {"answer_in_time 2025-10-23", "2025-10-23T16:00:00Z"},
		"operation=respond_request request_type=opt_out subject_location=US-CA controller_establishment=US-CA annual_revenue_usd=60000000 data_categories=contact request_received_at=2026-11-20 date=2026-11-20": {"stop_selling_by 2026-12-14", "2026-12-15T08:00:00Z"},
		"operation=respond_request request_type=access subject_location=AU controller_establishment=AU annual_revenue_usd=60000000 data_categories=contact request_received_at=2025-11-26 date=2025-11-27":        {"access_in_30_days 2025-12-29", "2025-12-29T13:00:00Z"},
	} {
		d := decide(t, e, question)
		until := ""
		if d.ValidUntil != nil {
			until = d.ValidUntil.Format(time.RFC3339)
		}
		if got := dues(d); !slices.Contains(got, want.due) || until != want.until {
			t.Errorf("%s\n%v until %s, want %s until %s", question, got, until, want.due, want.until)
		}
	}
}

// union is a law that ends periods on working days, beside one that counts them.
var union = []string{
	strings.Replace(law("p EU treaty Europe/Brussels", `
instruments: [{cite: Act}]
requirements:
- {id: ANSWER, kind: oblige, ~, when: request_received_at >= 2020-01-01, must: proof == true or date <= $request_received_at + 1 month and not shown proof == true}
- {id: LATE, kind: forbid, ~, when: request_received_at >= 2020-01-01 and date > $request_received_at + 1 month}
- {id: EVER, kind: oblige, ~, when: request_received_at >= 2020-01-01, must: badge == true or date < $request_received_at + 1 month}
`[1:]), "instruments:", "periods: {end: working_day, at_least: 2 working days, cite: Act 3}\ninstruments:", 1),
	law("w DE federal Europe/Berlin", `
requirements:
- {id: WORK, kind: oblige, ~, when: breach_known_at >= 2020-01-01, must: badge == true or date <= $breach_known_at + 3 working days}
`),
}

// TestDeadlineIsTheSameInConditions: what is due on a day is not late before its end, and a
// comparison that is no deadline keeps the plain day.
func TestDeadlineIsTheSameInConditions(t *testing.T) {
	e := engineWith(t, union...)
	for question, want := range map[string]string{
		"request_received_at=2026-04-01 controller_establishment=DE date=2026-05-04": "allow ANSWER 2026-05-04",
		"request_received_at=2026-04-01 controller_establishment=DE date=2026-05-05": "deny ANSWER 2026-05-04",
		"request_received_at=2026-04-01 controller_establishment=NL date=2026-05-02": "deny ANSWER 2026-05-01",
		"request_received_at=2026-04-01 controller_establishment=NL date=2026-05-01": "allow ANSWER 2026-05-01",
		"breach_known_at=2026-04-02 date=2026-04-08":                                 "allow WORK 2026-04-09",
		"breach_known_at=2026-04-02 date=2026-04-10 badge=false":                     "deny",
	} {
		d := decide(t, e, "ignore badge=true "+question)
		if strings.Contains(question, "breach") {
			d = decide(t, e, "ignore "+question)
		}
		if got := strings.Join(append([]string{string(d.Effect)}, dues(d)...), " "); got != want {
			t.Errorf("%s: %s, want %s", question, got, want)
		}
	}
}

// TestDeadlineIsExplained: the explanation says how the day was found, and answers warn where
// public holidays are not known.
func TestDeadlineIsExplained(t *testing.T) {
	e := engineWith(t, union...)
	for _, c := range []struct{ question, want, warning string }{
		{"request_received_at=2026-04-01 controller_establishment=DE date=2026-04-02", "ANSWER is due on 2026-05-04: 1 month from 2026-04-01 (request_received_at), ending on 2026-05-01, a public holiday, so on the next working day [Act 3]; weekends and public holidays of DE.", ""},
		{"request_received_at=2026-04-11 controller_establishment=DE,FR date=2026-04-12", "ANSWER is due on 2026-05-11: 1 month from 2026-04-11 (request_received_at), ending on a working day [Act 3]; weekends and public holidays of DE, FR.", ""},
		{"request_received_at=2025-03-05 controller_establishment=DE date=2025-03-06", "ANSWER is due on 2025-04-07: 1 month from 2025-03-05 (request_received_at), ending on 2025-04-05, a Saturday, so on the next working day [Act 3]; weekends and public holidays of DE.", ""},
		{"request_received_at=2026-04-01 date=2026-04-02", "no establishment in EU with known public holidays was given", "The deadline of ANSWER may be another day: no establishment in EU"},
		{"request_received_at=2035-12-15 controller_establishment=DE date=2035-12-16", "public holidays of DE are known from 2016-01-01 to 2035-12-31 only", "may be another day: the public holidays of DE"},
		// Late only by the weekends that are known.
		{"request_received_at=2026-04-01 date=2026-05-04 proof=true", "", "The deadline of LATE may be another day: no establishment in EU"},
		{"breach_known_at=2026-04-02 date=2026-04-03", "WORK is due on 2026-04-09: 3 working days from 2026-04-02 (breach_known_at), the day itself not counted; weekends and public holidays of DE.", ""},
	} {
		d := decide(t, e, "ignore explain "+c.question)
		if !strings.Contains(strings.Join(d.Explanation, "\n"), c.want) {
			t.Errorf("%s\n%s\nwant %s", c.question, strings.Join(d.Explanation, "\n"), c.want)
		}
		if got := strings.Join(d.Warnings, "\n"); !strings.Contains(got, c.warning) || c.warning == "" && got != "" {
			t.Errorf("%s warns %q, want %q", c.question, got, c.warning)
		}
	}
}

// TestCalendarsOfOnesOwn: a folder may bring a calendar, which is part of what a program is
// named by and restored from.
func TestCalendarsOfOnesOwn(t *testing.T) {
	const question = "ignore request_received_at=2026-05-04 controller_establishment=DE date=2026-05-05"
	plain := engineWith(t, union...)
	own := Folder{Name: "own", FS: fstest.MapFS{"calendars.yaml": {Data: []byte("format: comity/v1\ncalendars: {DE: {known: {from: 2026-01-01, until: 2027-01-01}, holidays: [easter + 60]}}\n")}}}
	e, err := New(Options{NoEmbedded: true, Folders: []Folder{folder(union...), own}})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := dues(decide(t, plain, question)), dues(decide(t, e, question)); !slices.Equal(a, []string{"ANSWER 2026-06-04"}) || !slices.Equal(b, []string{"ANSWER 2026-06-05"}) {
		t.Errorf("%v with the embedded calendar, %v with one's own", a, b)
	}
	hash := e.Program().Hash()
	if hash == plain.Program().Hash() {
		t.Error("the calendar is no part of the program's name")
	}
	s, ok := e.Sources(hash)
	if !ok {
		t.Fatal("no sources")
	}
	again, err := Restore(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := dues(decide(t, again, question)); !slices.Equal(got, []string{"ANSWER 2026-06-05"}) {
		t.Errorf("restored: %v", got)
	}
}

// TestResidualOfADeadline: a deadline with known beginning becomes a day in the condition of
// denial; what it hangs on cannot be free.
func TestResidualOfADeadline(t *testing.T) {
	p := engineWith(t, strings.Replace(law("p EU treaty UTC", `
requirements:
- {id: LATE, kind: forbid, ~, when: breach_notified_at > $breach_known_at + 1 month}
`), "instruments:", "periods: {end: working_day, cite: Act 3}\ninstruments:", 1)).Program()
	known := comity.Facts{"operation": "use", "date": "2026-06-15", "breach_known_at": "2026-04-01", "controller_establishment": "DE"}
	r, err := p.Residual(known, []string{"breach_notified_at"}, comity.MissingIgnore, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Deny(); got != "breach_notified_at > 2026-05-04" {
		t.Errorf("denied where %s", got)
	}
	delete(known, "controller_establishment")
	if _, err := p.Residual(known, []string{"breach_notified_at", "controller_establishment"}, comity.MissingIgnore, time.Time{}); comity.CodeOf(err) != comity.CodeUsage {
		t.Errorf("a free establishment: %v", err)
	}
}

// TestDeadlinesAllocateNothing: encoded questions are answered without memory.
func TestDeadlinesAllocateNothing(t *testing.T) {
	p := engineWith(t, union...).Program()
	in, res := p.NewInput(), &Result{}
	facts := comity.Facts{"operation": "use", "date": "2026-05-01", "targets": "FR", "request_received_at": "2026-04-01", "breach_known_at": "2026-04-28", "controller_establishment": []any{"DE", "FR"}}
	if err := p.Encode(in, facts, time.Time{}); err != nil {
		t.Fatal(err)
	}
	evaluate := func() { p.Evaluate(in, comity.MissingIgnore, res) }
	evaluate()
	if n := testing.AllocsPerRun(100, evaluate); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
