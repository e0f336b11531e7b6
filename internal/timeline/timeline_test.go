// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

const law = `format: comity/v1
id: law
name: The Law
version: 1.0.0
order: EU
weight: federal
zone: UTC
reviewed: 2020-01-01
next_review: 2020-06-01
instruments: [{cite: Law}]
reach: {when: controller_establishment in EU, cite: Law}
penalties:
- {maximum: {en: EUR 5}, cite: Law, from: 2020-07-01}
edges:
- {id: x, set: s, origin: EU, destination: US, from: 2019-01-01, until: 2020-08-01, cite: Law 7, ended_by: Law 8}
requirements:
- {id: OLD, kind: forbid, cite: Law 1, text: {en: Old.}, when: purpose == tax, until: 2020-03-01}
- {id: NEW, kind: forbid, title: The new one, cite: Law 1, text: {en: New.}, when: purpose == tax, from: 2020-03-01, replaces: OLD, enforced_from: 2020-04-01, confidence: unverified}
- {id: GONE, kind: forbid, cite: Law 2, text: {en: Gone.}, when: purpose == tax, from: 2020-05-01, known_from: 2018-01-01, known_until: 2019-06-01}
- {id: TURN, kind: forbid, cite: Law 3, text: {en: Turn.}, when: date > 2020-09-01, until: 2020-12-01}
`

func day(t *testing.T, s string) pack.Day {
	t.Helper()
	d, err := pack.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func model(t *testing.T, text string) *pack.Model {
	t.Helper()
	o := engine.Options{}
	if text != "" {
		o = engine.Options{NoEmbedded: true, Folders: []engine.Folder{{Name: "t", FS: fstest.MapFS{"law/pack.yaml": {Data: []byte(text)}}}}}
	}
	eng, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return eng.Program().Model()
}

// Each boundary is listed once, under its kind; a wording that was given up before is not.
func TestEvents(t *testing.T) {
	var got []string
	for _, e := range Events(model(t, law), nil, Span{day(t, "2020-01-01"), day(t, "2020-12-02")}) {
		got = append(got, strings.Join([]string{e.Date, string(e.Kind), e.ID, e.Title}, " | "))
	}
	want := []string{
		"2020-02-01 | membership | EU | European Union (member States): GB leaves, GI leaves",
		"2020-03-01 | changes | NEW | The new one",
		"2020-04-01 | enforced | NEW | The new one",
		"2020-06-01 | review |  | The Law: its review is due",
		"2020-07-01 | penalty_begins |  | EUR 5",
		"2020-08-01 | edge_ends | s/x | EU to US",
		"2020-09-02 | condition |  | a date in its conditions is reached",
		"2020-12-01 | ends | TURN | Turn.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The first day belongs to the span, the last does not; a pack that was not asked for is
// left out.
func TestSpan(t *testing.T) {
	m := model(t, law)
	for _, c := range []struct {
		from, until string
		n           int
	}{{"2020-03-01", "2020-03-02", 1}, {"2020-02-02", "2020-03-01", 0}, {"2020-03-02", "2020-04-01", 0}} {
		if got := Events(m, []string{"law"}, Span{day(t, c.from), day(t, c.until)}); len(got) != c.n {
			t.Errorf("%s to %s: %d events, want %d", c.from, c.until, len(got), c.n)
		}
	}
	if got := Events(m, []string{"other"}, Span{day(t, "2020-01-01"), day(t, "2021-01-01")}); len(got) != 0 {
		t.Errorf("%d events of another pack", len(got))
	}
	if w := Warnings(m, nil, day(t, "2020-06-02")); len(w) != 1 || len(Warnings(m, nil, day(t, "2020-06-01"))) != 0 {
		t.Errorf("warnings %q", w)
	}
}

// UIDs are unique over all that the packs know, and do not depend on the span.
func TestUIDs(t *testing.T) {
	m := model(t, "")
	all := Events(m, nil, Span{day(t, "1950-01-01"), day(t, "2060-01-01")})
	seen := map[string]string{}
	for _, e := range all {
		if at := e.Date + " " + e.Title; seen[e.UID] != "" {
			t.Errorf("%s stands for %s and %s", e.UID, seen[e.UID], at)
		} else {
			seen[e.UID] = at
		}
	}
	if len(all) < 100 {
		t.Errorf("%d events", len(all))
	}
	later := strings.ReplaceAll(law, "from: 2020-03-01, replaces", "from: 2020-03-05, replaces")
	later = strings.ReplaceAll(later, "until: 2020-03-01}", "until: 2020-03-05}")
	uidOf := func(text string) string {
		for _, e := range Events(model(t, text), nil, Span{day(t, "2020-01-01"), day(t, "2021-01-01")}) {
			if e.Kind == Changes {
				return e.UID
			}
		}
		return ""
	}
	if a, b := uidOf(law), uidOf(later); a == "" || a != b {
		t.Errorf("a boundary that was put off is %q and %q", a, b)
	}
}

// contentLines unfolds a calendar (RFC 5545, section 3.1) and holds its form.
func contentLines(t *testing.T, text string) []string {
	t.Helper()
	if !strings.HasSuffix(text, "\r\n") || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Error("lines do not end with CRLF")
	}
	for _, line := range strings.Split(text, "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
		if strings.ToValidUTF8(line, "") != line {
			t.Errorf("a character is cut: %q", line)
		}
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n ", ""), "\r\n"), "\r\n")
}

// The calendar holds the form of RFC 5545, and nothing of the texts is lost.
func TestICal(t *testing.T) {
	long := strings.Repeat("Gänsefüßchen; ein, zwei \\ drei\n", 9)
	events := []Event{
		{Date: "2026-12-02", Kind: EdgeEnds, Pack: "p", ID: "s/x", Title: long, Citations: []string{"Law 1", "Law 2"}, UID: "u1"},
		{Date: "2027-01-01", Kind: Review, Pack: "p", Title: "short", Text: "why", Unverified: true, UID: "u2"},
	}
	var b bytes.Buffer
	if err := ICal(&b, events, time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))); err != nil {
		t.Fatal(err)
	}
	got := contentLines(t, b.String())
	want := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Comity//Timeline of the law//EN", "CALSCALE:GREGORIAN", "X-WR-CALNAME:Comity: timeline of the law",
		"BEGIN:VEVENT", "UID:u1", "DTSTAMP:20260102T020405Z", "DTSTART;VALUE=DATE:20261202",
		"SUMMARY:p s/x edge ends: " + strings.Repeat(`Gänsefüßchen\; ein\, zwei \\ drei\n`, 9), `DESCRIPTION:Law 1\; Law 2`, "CATEGORIES:edge ends", "TRANSP:TRANSPARENT", "END:VEVENT",
		"BEGIN:VEVENT", "UID:u2", "DTSTAMP:20260102T020405Z", "DTSTART;VALUE=DATE:20270101",
		"SUMMARY:p review: short", `DESCRIPTION:why\nNot verified in a primary source.`, "CATEGORIES:review", "TRANSP:TRANSPARENT", "END:VEVENT",
		"END:VCALENDAR",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// All that the embedded packs know is a well-formed calendar.
func TestICalOfAll(t *testing.T) {
	events := Events(model(t, ""), nil, Span{day(t, "1950-01-01"), day(t, "2060-01-01")})
	var b bytes.Buffer
	if err := ICal(&b, events, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, line := range contentLines(t, b.String()) {
		name, _, ok := strings.Cut(line, ":")
		if !ok || strings.ToUpper(name) != name {
			t.Errorf("no content line: %q", line)
		}
		if line == "BEGIN:VEVENT" {
			n++
		}
	}
	if n != len(events) {
		t.Errorf("%d of %d events", n, len(events))
	}
}

// A failed write is an error.
func TestICalFails(t *testing.T) {
	if err := ICal(fails{}, nil, time.Unix(0, 0)); err == nil {
		t.Error("no error")
	}
}

type fails struct{}

func (fails) Write([]byte) (int, error) { return 0, fmt.Errorf("full") }
