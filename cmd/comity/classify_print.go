// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/comity-project/comity/internal/survey"
)

// sensitivityStyles paint what deserves a look.
var sensitivityStyles = map[string]style{"high": red, "medium": yellow}

const longestCell = 44

// printSurvey prints a table: what became of it, then a line for each finding.
func printSurvey(s *screen, r survey.Report) {
	read := ""
	switch {
	case r.Status == survey.Skipped || r.Status == survey.Failed:
		read = r.Status + ": " + r.Error
	case r.Sampled:
		read = fmt.Sprintf("%s, sample of %s", r.Status, count(int(r.Rows), "row"))
	default:
		read = fmt.Sprintf("%s, %s", r.Status, count(int(r.Rows), "row"))
	}
	s.printf("%s  %s\n", s.paint(strong, clean(r.Table)), clean(read))
	var rows [][]string
	rest := 0
	for _, c := range r.Columns {
		if len(c.Findings) == 0 {
			rest++
		}
		for i, f := range c.Findings {
			name, sample := "", ""
			if i == 0 {
				name = c.Name
				if len(c.Samples) > 0 {
					sample = c.Samples[0]
				}
			}
			rows = append(rows, []string{name, f.Category, f.Sensitivity, fmt.Sprintf("%.2f", f.Confidence), f.Why, sample})
		}
	}
	printAligned(s, rows)
	if rest > 0 {
		s.printf("  %s\n", s.paint(faint, count(rest, "column")+" without findings"))
	}
	for _, e := range r.Jurisdictions {
		or := ""
		if len(e.Or) > 0 {
			or = " or " + strings.Join(e.Or, ", ")
		}
		s.row("points to", plain, fmt.Sprintf("%s%s (%.2f): %s", e.Country, or, e.Confidence, strings.Join(e.Why, ", ")))
	}
	for _, n := range r.Notes {
		s.row("note", plain, n)
	}
	s.printf("\n")
}

// printAligned prints rows as columns; the third is painted.
func printAligned(s *screen, rows [][]string) {
	var widths [6]int
	for _, row := range rows {
		for i := range row {
			row[i] = strings.ReplaceAll(clean(row[i]), "\n", " ")
			if r := []rune(row[i]); len(r) > longestCell {
				row[i] = string(r[:longestCell-1]) + "…"
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range rows {
		line := " "
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 2 {
				cell = s.paint(sensitivityStyles[cell], cell)
			}
			line += " " + cell + pad
			if i < 5 {
				line += " "
			}
		}
		s.printf("%s\n", strings.TrimRight(line, " "))
	}
}

func printSummary(s *screen, sum survey.Summary) {
	parts := []string{fmt.Sprintf("%d scanned", sum.Scanned)}
	for _, p := range []struct {
		n    int
		text string
	}{{sum.Unchanged, "unchanged"}, {sum.Skipped, "skipped"}, {sum.Failed, "failed"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	if rest := sum.Tables - sum.Scanned - sum.Unchanged - sum.Skipped - sum.Failed; rest > 0 {
		parts = append(parts, fmt.Sprintf("%d not looked at", rest))
	}
	s.printf("%s: %s; personal data in %d of %s\n", count(sum.Tables, "table"), strings.Join(parts, ", "), sum.Personal, count(sum.Columns, "column"))
}
