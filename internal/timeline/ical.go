// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"bufio"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// maxLine is the length of a line of a calendar in octets, without its end (RFC 5545,
// section 3.1).
const maxLine = 75

// ICal writes the events as a calendar of whole days (RFC 5545). Made is the time of
// making, which every event carries.
func ICal(w io.Writer, events []Event, made time.Time) error {
	c := &calendar{w: bufio.NewWriter(w)}
	c.line("BEGIN:VCALENDAR")
	c.line("VERSION:2.0")
	c.line("PRODID:-//Comity//Timeline of the law//EN")
	c.line("CALSCALE:GREGORIAN")
	c.line("X-WR-CALNAME:" + escape("Comity: timeline of the law"))
	stamp := made.UTC().Format("20060102T150405Z")
	for i := range events {
		c.event(&events[i], stamp)
	}
	c.line("END:VCALENDAR")
	return c.w.Flush()
}

// calendar writes content lines; the writer keeps the first error.
type calendar struct{ w *bufio.Writer }

func (c *calendar) event(e *Event, stamp string) {
	c.line("BEGIN:VEVENT")
	c.line("UID:" + escape(e.UID))
	c.line("DTSTAMP:" + stamp)
	c.line("DTSTART;VALUE=DATE:" + strings.ReplaceAll(e.Date, "-", ""))
	c.line("SUMMARY:" + escape(strings.Join(nonEmpty(e.Pack, e.ID, e.Kind.Words()), " ")+": "+e.Title))
	c.line("DESCRIPTION:" + escape(e.description()))
	c.line("CATEGORIES:" + escape(e.Kind.Words()))
	c.line("TRANSP:TRANSPARENT")
	c.line("END:VEVENT")
}

func (e *Event) description() string {
	text := nonEmpty(e.Text, strings.Join(e.Citations, "; "))
	if e.Unverified {
		text = append(text, "Not verified in a primary source.")
	}
	return strings.Join(text, "\n")
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// escape writes a value of type TEXT (RFC 5545, section 3.3.11).
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}

// line folds a line between characters; what follows a fold begins with a space.
func (c *calendar) line(s string) {
	room := maxLine
	for len(s) > room {
		cut := room
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		c.put(s[:cut] + "\r\n ")
		s = s[cut:]
		room = maxLine - 1
	}
	c.put(s + "\r\n")
}

func (c *calendar) put(s string) { _, _ = c.w.WriteString(s) } // Flush gives the error
