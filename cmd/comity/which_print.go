// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/comity-project/comity/internal/which"
)

func printQuestions(s *screen, q *which.Questions) {
	name, kind := 0, 0
	for _, f := range q.Facts {
		name, kind = max(name, len(f.Name)), max(kind, len(f.Type))
	}
	for _, f := range q.Facts {
		lead := fmt.Sprintf("%-*s  %-*s  ", name, f.Name, kind, f.Type)
		for _, line := range wrap(f.Text, max(s.width-len(lead), minWidth)) {
			s.printf("%s%s\n", lead, line)
			lead = strings.Repeat(" ", len(lead))
		}
	}
}

// sections are the headings of the statuses, in order.
var sections = []struct {
	status which.Status
	title  string
}{
	{which.Law, "Required by law"},
	{which.Contract, "Required by contract"},
	{which.Own, "Rules of your own"},
	{which.Recommended, "Recommended"},
	{which.Depends, "Depends on a fact that was not given"},
	{which.NotAtIssue, "Not at issue"},
	{which.Uncovered, "Not covered by these facts"},
}

func printWhich(s *screen, rep *which.Report, full bool) {
	for _, w := range rep.Warnings {
		s.printf("%s: %s\n", s.paint(yellow, "warning"), clean(w))
	}
	ids := 0
	for i := range rep.Answers {
		ids = max(ids, len(rep.Answers[i].ID))
	}
	for _, sec := range sections {
		n := 0
		for i := range rep.Answers {
			if rep.Answers[i].Status == sec.status {
				n++
			}
		}
		if n == 0 {
			continue
		}
		s.printf("%s\n", s.paint(strong, fmt.Sprintf("%s (%d)", sec.title, n)))
		for i := range rep.Answers {
			if a := &rep.Answers[i]; a.Status == sec.status {
				printRegimes(s, a, ids, full)
			}
		}
		s.printf("\n")
	}
	s.printf("on %s; no legal advice: what counts is the law, and what you say of yourself\n", rep.Date)
}

// printRegimes writes what is required or recommended in full, the rest in short.
func printRegimes(s *screen, a *which.Answer, ids int, full bool) {
	if a.Start == 0 {
		printOther(s, a, ids, full)
		return
	}
	head := a.Name
	if a.From != "" {
		head += ", from " + a.From
	}
	s.printf("%3d %s  %s\n", a.Start, a.ID, s.paint(strong, clean(head)))
	s.row("reach", plain, strings.TrimSuffix(a.Reach, ".")+cited(a.Citations))
	for i, r := range a.Because {
		if i == maxReasons && !full {
			s.row("", plain, fmt.Sprintf("and %s", count(len(a.Because)-i, "further activity")))
			break
		}
		s.row(onFirst("because", i), plain, "it "+r.Activity+in(r.Places, full)+": "+few(r.Requirements, full))
	}
	for i, p := range a.Penalties {
		if full || i == 0 || i == len(a.Penalties)-1 {
			s.row(onFirst("penalties", i), plain, p)
		}
	}
}

// printOther writes what is not required, in one row and its reach.
func printOther(s *screen, a *which.Answer, ids int, full bool) {
	lead := fmt.Sprintf("    %-*s  ", ids, a.ID)
	text := why(a)
	if a.From != "" {
		text += ", from " + a.From
	}
	reach := a.Note == "" && a.Reach != "" && (full || a.Status == which.Depends)
	if reach {
		text += ". Reach: " + strings.TrimSuffix(a.Reach, ".") + cited(a.Citations)
	}
	for _, line := range wrap(text, max(s.width-len(lead), minWidth)) {
		s.printf("%s%s\n", lead, strings.ReplaceAll(line, hardSpace, " "))
		lead = strings.Repeat(" ", len(lead))
	}
}

func onFirst(label string, i int) string {
	if i > 0 {
		return ""
	}
	return label
}

// How many reasons, places and requirements stand in an answer that is not asked in full.
const (
	maxReasons = 3
	maxNames   = 4
)

func in(places []string, full bool) string {
	if len(places) == 0 {
		return ""
	}
	return " (" + few(places, full) + ")"
}

func few(names []string, full bool) string {
	if len(names) <= maxNames || full {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames], ", "), len(names)-maxNames)
}

// why says on which facts an answer hangs.
func why(a *which.Answer) string {
	if a.Note != "" {
		return a.Note
	}
	var names []string
	for _, f := range a.Facts {
		names = append(names, f.Text())
	}
	word := ", or "
	switch {
	case a.Together:
		word = ", and "
	case a.Status == which.NotAtIssue:
		word = "; "
	}
	return strings.Join(names, word)
}
