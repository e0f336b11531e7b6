// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/flip"
)

// whatifReport is the JSON of comity whatif.
type whatifReport struct {
	Of         string          `json:"of"`
	Packs      []string        `json:"packs,omitempty"`
	At         string          `json:"at,omitempty"`
	Operations int             `json:"operations"`
	Flips      int             `json:"flips"`
	ByAnswer   []flip.Row      `json:"by_answer"`
	Examples   []whatifExample `json:"examples,omitempty"`
	// Unreadable are recorded operations whose content nobody can read, by the reason.
	Unreadable map[string]int `json:"unreadable,omitempty"`
	Errors     int            `json:"errors"`
}

// whatifExample is one operation with both answers, and where it stands: the entry of the
// log, or the line of the file.
type whatifExample struct {
	Entry string `json:"entry,omitempty"`
	Line  int64  `json:"line,omitempty"`
	flipExample
}

func (w *whatif) report() (*whatifReport, error) {
	rep := &whatifReport{
		Of: w.source, Packs: w.f.packs.dirs, At: w.f.at, Operations: w.tally.Operations, ByAnswer: w.tally.Rows(),
		Unreadable: w.missing, Errors: w.failed,
	}
	if rep.ByAnswer == nil {
		rep.ByAnswer = []flip.Row{}
	}
	for _, r := range rep.ByAnswer {
		rep.Flips += r.Count
	}
	for _, s := range w.tally.Examples(w.f.examples) {
		x := whatifExample{flipExample: flipExample{
			From: s.From, To: s.To, Cause: s.Cause, Facts: s.Request.Facts, Parts: s.Request.Parts, Missing: s.Request.Missing,
		}}
		var err error
		if x.Before, x.After, err = s.Decisions(s.Request); err != nil {
			return nil, err
		}
		switch {
		case w.f.input != "":
			x.Line = s.At[0]
		case s.At[1] >= 0:
			x.Entry = fmt.Sprintf("%d/%d", s.At[0], s.At[1])
		default:
			x.Entry = fmt.Sprint(s.At[0])
		}
		rep.Examples = append(rep.Examples, x)
	}
	return rep, nil
}

// exit is the code of the gravest that happened.
func (rep *whatifReport) exit() int {
	code := exitOK
	if rep.Errors > 0 {
		code = exitError
	}
	for _, r := range rep.ByAnswer {
		switch r.To {
		case flip.Deny:
			code = graver(code, exitDeny)
		case flip.Review:
			code = graver(code, exitReview)
		}
	}
	return code
}

func firstFaults(list []undecided) []undecided {
	slices.SortFunc(list, func(a, b undecided) int { return cmp.Or(cmp.Compare(a.at[0], b.at[0]), cmp.Compare(a.at[1], b.at[1])) })
	return list[:min(len(list), keptFaults)]
}

// complain tells the first operations that could not be decided.
func (w *whatif) complain(out io.Writer) {
	list := firstFaults(w.faults)
	for _, f := range list {
		text := f.err.Error()
		if w.f.input == "" {
			text = fmt.Sprintf("entry %d: %s", f.at[0], text)
		}
		fmt.Fprintf(out, "comity: %s\n", clean(text))
	}
	if w.failed > len(list) {
		fmt.Fprintf(out, "comity: and %d more that could not be decided\n", w.failed-len(list))
	}
}

func (rep *whatifReport) print(s *screen) {
	var how []string
	if len(rep.Packs) > 0 {
		how = append(how, "with "+strings.Join(rep.Packs, ", "))
	}
	if rep.At != "" {
		how = append(how, "on "+rep.At)
	}
	if len(how) == 0 {
		how = []string{"by the packs of this program"}
	}
	s.printf("%s of %s, decided again %s: %s\n", count(rep.Operations, "operation"), clean(rep.Of), clean(strings.Join(how, " ")), rep.share())
	for _, r := range rep.ByAnswer {
		head := fmt.Sprintf("%s -> %s", r.From, r.To)
		s.printf("\n  %s%s%9d\n", s.paint(answerStyle(r.To), head), strings.Repeat(" ", max(1, whatifColumn-len(head))), r.Count)
		for _, c := range r.Requirements {
			id := cmp.Or(c.ID, "facts that the operation needs")
			s.printf("    %s%9d\n", clean(id)+strings.Repeat(" ", max(1, whatifColumn-2-len(id))), c.Count)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(rep.Unreadable)) {
		s.printf("\n  not decided again: %s, %s\n", count(rep.Unreadable[why], "operation"), clean(why))
	}
	if rep.Errors > 0 {
		s.printf("\n  not decided: %s\n", count(rep.Errors, "error"))
	}
	for i := range rep.Examples {
		x := &rep.Examples[i]
		e := x.flipExample
		if e.Case = fmt.Sprintf("line %d", x.Line); x.Entry != "" {
			e.Case = "entry " + x.Entry
		}
		e.print(s)
	}
}

// whatifColumn is the width of the column before the counts.
const whatifColumn = 46

func (rep *whatifReport) share() string {
	text := count(rep.Flips, "answer") + " flip"
	if rep.Flips == 1 {
		text += "s"
	}
	if rep.Operations > 0 {
		text += fmt.Sprintf(" (%.1f %%)", 100*float64(rep.Flips)/float64(rep.Operations))
	}
	return text
}
