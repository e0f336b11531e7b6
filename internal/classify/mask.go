// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

// Lengths of a card's number, and what of it may be left readable: six digits before and
// four behind what is hidden.
const (
	minCard, maxCard = 12, 24 // marks are seldom counted
	maskedBefore     = 6
	maskedAfter      = 4
)

// masked looks at the last four digits of a number whose other digits are hidden: a card
// of which the issuer can be read, too, 4111********1111, or a social security number,
// ***-**-1111, whose last digits are asked for to tell people apart. The last four digits
// of a card alone are how a hidden number is shown, and no finding.
func (s *scanner) masked(j int) {
	text := s.s
	at, hidden, groups := j-maskedAfter, 0, 0
	if at < 2 || !hides(text[at-1]) && !hides(text[at-2]) || !freeAfter(text, j) || !allDigits(text[at:j]) {
		return
	}
	for at > 0 && j-at < 2*maxCard {
		c := text[at-1]
		if hides(c) {
			hidden++
		} else if (c == '-' || c == ' ') && at > 1 && (hides(text[at-2]) || hidden > 0 && isDigit(text[at-2])) {
			groups++
		} else {
			break
		}
		at--
	}
	if hidden < 5 {
		return
	}
	shown := 0
	for at > 0 && shown < maskedBefore && (isDigit(text[at-1]) || text[at-1] == '-' && shown > 0) {
		if at--; isDigit(text[at]) {
			shown++
		}
	}
	f := finding{start: at, end: j, label: s.c.labels.card, score: 0.7, why: "form, masked"}
	switch {
	case !freeBefore(text, at):
		return
	case hidden == 5 && shown == 0 && groups == 2 && j-at == len("***-**-1111"):
		f.label = s.c.labels.ssn
	case shown < 4, hidden+shown+maskedAfter < minCard,
		hidden+shown+maskedAfter > maxCard:
		return
	}
	s.add(f)
}

// hides tells of a mark that stands for a digit.
func hides(c byte) bool { return c == '*' || c == 'x' || c == 'X' }
