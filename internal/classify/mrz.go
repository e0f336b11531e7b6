// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

// travelLine is the line of a machine-readable zone (ICAO 9303) that holds the numbers: how
// long it is, and where document number, birth and expiry begin. Each of the
// three has its check digit behind it.
type travelLine struct {
	length, document, birth, expiry int
}

var travelLines = []travelLine{
	{44, 0, 13, 21}, // TD3, passports
	{36, 0, 13, 21}, // TD2, and visas of that size
}

// travelDocument looks for the second line of a passport or a visa; its three check digits
// make a chance find one in a thousand before its form is looked at.
func (s *scanner) travelDocument(i int) bool {
	text := s.s
	end := i
	for end < len(text) && end <= i+44 && (text[end] == '<' || isDigit(text[end]) || text[end] >= 'A' && text[end] <= 'Z') {
		end++
	}
	for _, l := range travelLines {
		if end-i != l.length || end < len(text) && isAlnum(text[end]) {
			continue
		}
		line := text[i:end]
		if !checkedField(line, l.document, 9) || !checkedField(line, l.birth, 6) || !checkedField(line, l.expiry, 6) || !ymd(line[l.birth:]) {
			continue
		}
		s.add(finding{start: i, end: end, label: s.c.labels.passport, score: 0.99, why: "machine-readable zone, check digits"})
		return true
	}
	return false
}

// checkedField tells whether the digit behind a field is its check digit: 7, 3, 1 in turns,
// letters from 10, < as nothing.
func checkedField(line string, from, n int) bool {
	sum := 0
	for k := range n {
		sum += max(0, value(line[from+k])) * []int{7, 3, 1}[k%3]
	}
	return sum%10 == value(line[from+n])
}
