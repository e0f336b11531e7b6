// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// months by their first three letters.
var months = map[string]int{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}

var monthNames = []string{
	"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
}

// monthOf is the number of a month's name or short form; 0 for other words.
func monthOf(word string) int {
	if len(word) < 3 || len(word) > 9 {
		return 0
	}
	w := strings.ToLower(word)
	m := months[w[:3]]
	if m == 0 || w != w[:3] && w != monthNames[m-1] && w != "sept" {
		return 0
	}
	return m
}

// birthWords make a date one of birth.
var birthWords = newWordSet("born", "birth", "dob", "d.o.b", "birthday", "geboren", "né le", "née le", "nacido", "nacida", "nato", "nata", "geburtsdatum")

func (s *scanner) dateFound(start, end int, score float64) {
	label, why := s.c.labels.date, "form"
	if s.near(start, end, birthWords) {
		label, why, score = s.c.labels.birth, "form, context", score+0.2
	}
	s.add(finding{start: start, end: end, label: label, score: score, why: why})
}

// dateAt looks at a token of digits that may begin a date.
func (s *scanner) dateAt(i, j int) {
	text := s.s
	if j-i > 4 || j+2 >= len(text) || !freeBefore(text, i) {
		return
	}
	switch sep := text[j]; {
	case sep == '-' && j-i == 4 && s.isoDate(i, j):
	case sep == '.' || sep == '/' || sep == '-':
		s.numericDate(i, j, sep)
	case sep == ' ' || sep == 's' || sep == 't':
		s.writtenDate(i, j)
	}
}

// readNum reads up to most digits.
func readNum(text string, i, most int) (n, end int) {
	end = i
	for end < len(text) && isDigit(text[end]) && end-i < most {
		end++
	}
	if end == i || end < len(text) && isDigit(text[end]) {
		return -1, i
	}
	return num(text[i:end]), end
}

// isoDate reads 2024-06-05 and the time behind it.
func (s *scanner) isoDate(i, j int) bool {
	text := s.s
	y := num(text[i:j])
	m, k := readNum(text, j+1, 2)
	if y < 1800 || y > 2200 || m < 1 || m > 12 || k >= len(text) || text[k] != '-' {
		return false
	}
	d, end := readNum(text, k+1, 2)
	if d < 0 || !day(y, m, d) {
		return false
	}
	if t := clockEnd(text, end); t > end {
		end = t
	}
	if end < len(text) && isAlnum(text[end]) {
		return false
	}
	s.dateFound(i, end, 0.9)
	return true
}

// clockEnd is where the time behind a date ends.
func clockEnd(text string, i int) int {
	if i+5 > len(text) || text[i] != 'T' && text[i] != ' ' {
		return i
	}
	h, k := readNum(text, i+1, 2)
	if h < 0 || h > 24 || k >= len(text) || text[k] != ':' {
		return i
	}
	m, k := readNum(text, k+1, 2)
	if m < 0 || m > 59 {
		return i
	}
	if k < len(text) && text[k] == ':' {
		if _, e := readNum(text, k+1, 2); e > k+1 {
			k = e
		}
		if k < len(text) && text[k] == '.' {
			if _, e := readNum(text, k+1, 9); e > k+1 {
				k = e
			}
		}
	}
	switch {
	case k < len(text) && text[k] == 'Z':
		return k + 1
	case k+6 <= len(text) && (text[k] == '+' || text[k] == '-') && isDigit(text[k+1]) && text[k+3] == ':':
		return k + 6
	}
	return k
}

// numericDate reads day, month and year in either order, or month and year.
func (s *scanner) numericDate(i, j int, sep byte) {
	text := s.s
	if j-i > 2 {
		if j-i == 4 {
			s.yearFirst(i, j, sep)
		}
		return
	}
	a := num(text[i:j])
	if m, end := s.monthWord(j + 1); m > 0 && sep == '-' {
		s.dayMonth(i, end, a)
		return
	}
	b, k := readNum(text, j+1, 4)
	if b < 0 {
		return
	}
	if k < len(text) && text[k] == sep && k-j <= 3 {
		y, end := readNum(text, k+1, 4)
		if y >= 0 && (end-k == 3 || end-k == 5 && y > 1800 && y < 2200) && freeAfter(text, end) && (day(y, b, a) || day(y, a, b)) {
			score := 0.75
			if end-k == 3 {
				score = 0.55
			}
			s.dateFound(i, end, score)
		}
		return
	}
	if k-j == 5 && b > 1800 && b < 2200 && a >= 1 && a <= 12 && sep == '/' && freeAfter(text, k) {
		s.dateFound(i, k, 0.55)
	}
}

func (s *scanner) yearFirst(i, j int, sep byte) {
	text := s.s
	y := num(text[i:j])
	m, k := readNum(text, j+1, 2)
	if y < 1800 || y > 2200 || m < 0 || k >= len(text) || text[k] != sep {
		return
	}
	if d, end := readNum(text, k+1, 2); d > 0 && day(y, m, d) && freeAfter(text, end) {
		s.dateFound(i, end, 0.75)
	}
}

// monthWord reads the name of a month.
func (s *scanner) monthWord(i int) (month, end int) {
	end = i
	for end < len(s.s) && classes[s.s[end]] == letter && end-i < 10 {
		end++
	}
	return monthOf(s.s[i:end]), end
}

// dayMonth reads the year behind 05-May, if there is one.
func (s *scanner) dayMonth(i, end, d int) {
	if d < 1 || d > 31 {
		return
	}
	if end < len(s.s) && (s.s[end] == '-' || s.s[end] == ' ') {
		if y, e := readNum(s.s, end+1, 4); y >= 0 && (e-end == 3 || e-end == 5) {
			end = e
		}
	}
	s.dateFound(i, end, 0.6)
}

// writtenDate reads 29 March 2017 and 5th of May.
func (s *scanner) writtenDate(i, j int) {
	text := s.s
	d := num(text[i:j])
	if d < 1 || d > 31 {
		return
	}
	k := j + 1
	if strings.HasPrefix(text[k:], "of ") {
		k += 3
	}
	m, end := s.monthWord(k)
	if m == 0 || end < len(text) && classes[text[end]] == letter {
		return
	}
	if end < len(text) && text[end] == ',' {
		if y, e := readNum(text, end+2, 4); y > 1800 && text[end+1] == ' ' {
			s.dateFound(i, e, 0.8)
			return
		}
	}
	if end+1 < len(text) && text[end] == ' ' {
		if y, e := readNum(text, end+1, 4); y > 1800 && y < 2200 {
			s.dateFound(i, e, 0.85)
			return
		}
	}
	s.dateFound(i, end, 0.6)
}

// monthFirst reads March 29, 2017 and May-2021.
func (s *scanner) monthFirst(i, j int) {
	text := s.s
	if monthOf(text[i:j]) == 0 {
		return
	}
	n, end := readNum(text, j+1, 4)
	switch {
	case n > 1800 && n < 2200:
		s.dateFound(i, end, 0.6)
	case n >= 1 && n <= 31 && end+2 < len(text) && text[end] == ',' && text[end+1] == ' ':
		if y, e := readNum(text, end+2, 4); y > 1800 && y < 2200 {
			end = e
		}
		s.dateFound(i, end, 0.7)
	case n >= 1 && n <= 31 && freeAfter(text, end):
		s.dateFound(i, end, 0.55)
	}
}
