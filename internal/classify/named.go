// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// named finds what can be told by its words. Places and addresses are marked first; what
// remains of capitalised words in a row is weighed as a person, an organisation or a
// place, by the lists, by its form and by the words beside it.
func (s *scanner) named() {
	r := reader{scanner: s, l: s.c.words}
	r.t, r.lowerCase = s.c.words.tokens(s.s, s.room.tokens[:0])
	s.room.tokens = r.t
	r.countries()
	r.addresses()
	r.people()
	r.ages()
}

// reader is the pass over the words of one text.
type reader struct {
	*scanner
	l         *lexicon
	t         []token
	lowerCase bool
	// streets are the addresses found, by token.
	streets []stretch
	// hints and known help to weigh names, see people.go.
	hints map[int]hint
	known map[uint64]bool
}

// stretch is a row of tokens, the end exclusive.
type stretch struct{ from, to int }

func (r *reader) text(i int) string { return r.s[r.t[i].start:r.t[i].end] }

func (r *reader) fold(i int) string {
	if i < 0 || i >= len(r.t) {
		return ""
	}
	return strings.ToLower(r.text(i))
}

// at is the token, or an empty mark outside of the text.
func (r *reader) at(i int) *token {
	if i < 0 || i >= len(r.t) {
		return &token{form: newline}
	}
	return &r.t[i]
}

func (r *reader) isMark(i int, c string) bool {
	return i >= 0 && i < len(r.t) && r.t[i].form == mark && r.text(i) == c
}

// adjacent tells whether a token follows the one before it after one space.
func (r *reader) adjacent(i int) bool {
	return i > 0 && i < len(r.t) && r.t[i].start-r.t[i-1].end == 1 && r.s[r.t[i-1].end] == ' '
}

func (r *reader) put(from, to int, label *Label, score float64, why string) {
	r.add(finding{start: r.t[from].start, end: r.t[to-1].end, label: label, score: min(score, 0.97), why: why, order: 1000})
}

// phrase is the longest entry of the lists that begins at a token and has one of the
// traits, as the token behind it.
func (r *reader) phrase(i int, want traits) (to int, found traits) {
	h := r.t[i].hash
	if r.t[i].is(want) {
		to, found = i+1, r.t[i].traits
	}
	last := r.t[i].traits
	for j := i + 1; j < len(r.t) && j < i+6 && last&startsPhrase != 0; j++ {
		t := &r.t[j]
		if t.form == mark || t.form == newline || t.form == number || t.start-r.t[j-1].end != 1 {
			break
		}
		h = hashWord(hashByte(h, ' '), strings.TrimSuffix(r.text(j), "."))
		if last = r.l.traits(h); last&want != 0 {
			to, found = j+1, last
		}
	}
	return to, found
}

// countries marks countries and nationalities, which need no context.
func (r *reader) countries() {
	for i := 0; i < len(r.t); i++ {
		t := &r.t[i]
		if t.form < lower || !t.is(isCountry|isNation|startsPhrase) || !t.cased() && !r.lowerCase && !t.is(isNation) {
			continue
		}
		to, found := r.phrase(i, isCountry|isNation)
		if to == 0 {
			continue
		}
		short := to == i+1 && t.end-t.start <= 3
		switch {
		case found&isCountry != 0 && short && t.form != upper:
		case found&isCountry != 0 && (found&(isFirst|isLast) == 0 || to > i+1) && (found&isWord == 0 || t.cased() && r.at(i-1).is(isPlaceLeft)):
			if r.isMark(to, "(") && r.isMark(to+2, ")") {
				to += 3
			}
			r.put(i, to, r.c.labels.place, 0.82, "list of countries")
			for k := i; k < to; k++ {
				r.t[k].used = true
			}
			i = to - 1
		case found&isNation != 0 && (t.cased() || r.proudly(i)) && !r.at(i+1).cased():
			r.put(i, to, r.c.labels.group, 0.7, "list of nationalities")
			t.used = true
		}
	}
}

// proudly tells whether a nationality in small letters is said of somebody.
func (r *reader) proudly(i int) bool {
	return !r.t[i].is(isWord) || r.at(i-1).form == lower && (r.fold(i-1) == "am" || r.fold(i-1) == "proud" || r.fold(i-1) == "great" || r.fold(i-1) == "are" || r.fold(i-1) == "the")
}

// postalWord tells whether a number is said to be a postal code.
func (r *reader) postalWord(i int) bool {
	if n := r.t[i].end - r.t[i].start; n < 3 || n > 7 {
		return false
	}
	for k := i - 1; k >= max(0, i-4) && r.t[k].form != newline; k-- {
		switch r.fold(k) {
		case "zip", "zipcode", "postcode", "plz", "postal", "postleitzahl":
			return true
		}
	}
	return false
}

// ages finds "53 years old", "aged 53" and "turned 53".
func (r *reader) ages() {
	for i := range r.t {
		t := &r.t[i]
		if t.form == number && r.postalWord(i) {
			r.put(i, i+1, r.c.labels.zip, 0.85, "context")
			continue
		}
		if t.form != number || t.end-t.start > 3 {
			continue
		}
		n := num(r.text(i))
		if n < 1 || n > 120 {
			continue
		}
		after, before := r.fold(i+1), r.fold(i-1)
		old := (after == "year" || after == "years") && r.fold(i+2) == "old" || after == "yo" || after == "y" && r.fold(i+3) == "o"
		if r.isMark(i+1, "-") {
			old = old || strings.HasPrefix(r.fold(i+2), "year")
		}
		if old || before == "aged" || before == "turned" || before == "turns" || before == "age" {
			r.put(i, i+1, r.c.labels.age, 0.8, "context")
		}
	}
}
