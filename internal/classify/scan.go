// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// class sorts bytes for the one pass over the text.
type class uint8

const (
	other class = iota
	letter
	digit
	beyond // part of a character that is not ASCII
	opener // begins something by itself
)

// classes is the class of each byte. Words of letters and what stands between them are
// most of any text; the pass leaves them in a few instructions a byte.
var classes = func() (t [256]class) {
	for c := range 256 {
		switch {
		case c >= '0' && c <= '9':
			t[c] = digit
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			t[c] = letter
		case c >= 0x80:
			t[c] = beyond
		case c == '@', c == ':', c == '+', c == '(', c == '-':
			t[c] = opener
		}
	}
	return t
}()

func isAlnum(c byte) bool { return classes[c] == letter || classes[c] == digit }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// scanner is one pass over one text.
type scanner struct {
	c     *Classifier
	s     string
	found []finding
	room  *scratch
	// done is where the last host name, URL or e-mail address ended.
	done int
	// hostTried is where the last run ended that was looked at as a host name.
	hostTried int
	// taken is where the last one of them that was found ended.
	taken int
	// phoneDone is where the last candidate of a telephone number ended.
	phoneDone int
}

func (s *scanner) add(f finding) { s.found = append(s.found, f) }

// covered tells whether a sure finding has just been made here.
func (s *scanner) covered(i int) bool {
	for k := len(s.found) - 1; k >= max(0, len(s.found)-3); k-- {
		if f := &s.found[k]; f.start <= i && i < f.end && f.score >= 0.9 {
			return true
		}
	}
	return false
}

// structured finds what can be told by its form.
func (s *scanner) structured() {
	text := s.s
	for i := 0; i < len(text); {
		switch classes[text[i]] {
		case letter, digit:
			j, digits := i, 0
			for j < len(text) {
				c := classes[text[j]]
				if c == digit {
					digits++
				} else if c != letter {
					break
				}
				j++
			}
			s.token(i, j, digits)
			i = j
		case opener:
			s.open(i)
			i++
		default:
			i++
		}
	}
}

// token looks at a run of ASCII letters and digits and at what joins it to the next.
func (s *scanner) token(i, j, digits int) {
	text := s.s
	var next, after byte
	if j < len(text) {
		next = text[j]
	}
	if j+1 < len(text) {
		after = text[j+1]
	}
	switch {
	case next == ':' && after == '/' && strings.HasPrefix(text[j:], "://"):
		s.url(i, j)
	case next == ':' && j-i <= 4 && (after == ':' || isHexDigit(after)):
		s.colons(i)
	case next == '-' && j-i == 2 && isHexDigit(after):
		s.mac(i, 2)
	case next == '.' && j-i == 4 && isHexDigit(after):
		s.mac(i, 4)
	}
	if next == '.' && (isAlnum(after) || after >= 0x80) && j > s.done {
		s.dotted(i, j, digits == j-i)
	}
	switch {
	case digits > 0:
		s.number(i, j)
		s.masked(j)
		if (digits == j-i || isDigit(text[i])) && !s.covered(i) {
			s.dateAt(i, j)
			s.phone(i)
		}
		if j-i >= 12 {
			s.longToken(i, j)
		}
	case j-i <= 5 && (next == ' ' || next == '-') && (isDigit(after) || digitSoon(text, j+1)):
		s.number(i, j)
		s.monthFirst(i, j)
	case j-i <= 9 && (next == ' ' || next == '-') && isDigit(after):
		s.monthFirst(i, j)
	case text[i] == 'p' || text[i] == 'P':
		s.passwordWord(i, j)
	}
}

// digitSoon tells whether a short word of letters and then digits follow, as in AB 12.
func digitSoon(text string, i int) bool {
	for n := 0; n < 4 && i < len(text); n++ {
		if isDigit(text[i]) {
			return true
		}
		if !isAlnum(text[i]) {
			return i+1 < len(text) && isDigit(text[i+1])
		}
		i++
	}
	return false
}

// open looks at a byte that begins something by itself.
func (s *scanner) open(i int) {
	text := s.s
	switch text[i] {
	case '@':
		s.email(i)
	case ':':
		if i+1 < len(text) && text[i+1] == ':' && (i == 0 || !isAlnum(text[i-1]) && text[i-1] != ':') {
			s.colons(i)
		}
	case '+':
		if i+1 < len(text) && isDigit(text[i+1]) {
			s.phone(i)
		}
	case '(':
		if i+2 < len(text) && (isDigit(text[i+1]) || text[i+1] == '+') {
			s.phone(i)
		}
	case '-':
		if strings.HasPrefix(text[i:], "-----BEGIN ") {
			s.pem(i)
		}
	}
}

// number compares what begins at a token with the shapes of the detectors.
func (s *scanner) number(i, j int) {
	text := s.s
	if !freeBefore(text, i) {
		return
	}
	s.iban(i, j)
	if j-i > s.c.index.maxLen {
		return
	}
	key := shapeKey{}
	limit := min(len(text), i+s.c.index.maxLen)
	for end := j; ; {
		key.n = end - i
		if list := s.c.index.find(key); list != nil && freeAfter(text, end) {
			s.match(list, i, end)
		}
		if end >= limit || !isSeparator(text[end]) {
			return
		}
		key.seps |= 1 << (end - i)
		end++
		// One number has single separators, but for " - ".
		if end+1 < limit && text[end] == '-' && text[end+1] == ' ' {
			key.seps |= 3 << (end - i)
			end += 2
		}
		from := end
		for end < limit && isAlnum(text[end]) {
			end++
		}
		if end == from || end == limit && end < len(text) && isAlnum(text[end]) {
			return
		}
	}
}

func (s *scanner) match(list []indexed, start, end int) {
	text := s.s[start:end]
	compact := ""
	for _, x := range list {
		if !x.shape.matches(text) {
			continue
		}
		if x.d.check != nil {
			if compact == "" {
				compact = squeeze(text)
			}
			if !x.d.check(compact) {
				continue
			}
		}
		s.detected(x.d, start, end)
	}
}

// What surrounds a finding adds to its score.
const (
	contextBonus = 0.45
	aloneBonus   = 0.25
)

// detected adds what a detector accepted, with what its surroundings add.
func (s *scanner) detected(d *detector, start, end int) {
	f := finding{start: start, end: end, label: d.label, score: d.score, why: "form", country: d.country, order: d.order}
	if d.digit {
		f.why = "check digit"
	}
	if d.context != nil && s.near(start, end, d.context) {
		f.score += contextBonus
		f.why += ", context"
	}
	if alone(s.s, start, end) {
		f.score += aloneBonus
		f.why += ", alone"
	}
	f.score = min(f.score, 0.99)
	if f.score >= s.c.threshold {
		s.add(f)
	}
}

// alone tells whether nothing else is in the text.
func alone(text string, start, end int) bool {
	return (start == 0 || strings.TrimSpace(text[:start]) == "") && (end == len(text) || strings.Trim(text[end:], " .\r\n") == "")
}

// How far before and after a finding its context reaches.
const (
	contextBefore = 64
	contextAfter  = 32
)

// wordSet is a list of context words in the form that a look at the surroundings can
// afford: by what they begin with.
type wordSet struct {
	by    [64][]string
	first [256]bool // whether a word begins with a byte
}

// bucket is the same for both cases of a letter, and never that of a byte beyond ASCII.
func bucket(c byte) byte { return c&31 | c>>7<<5 }

func newWordSet(words ...string) *wordSet {
	w := &wordSet{}
	for _, word := range words {
		word = strings.ToLower(word)
		forms := []string{word}
		// Comparing folds the case of ASCII letters only.
		if r, n := utf8.DecodeRuneInString(word); n > 1 && unicode.ToUpper(r) != r {
			forms = append(forms, string(unicode.ToUpper(r))+word[n:], strings.ToUpper(word))
		}
		for _, f := range forms {
			if f != "" {
				w.by[bucket(f[0])] = append(w.by[bucket(f[0])], f)
				w.first[f[0]] = true
				if classes[f[0]] == letter {
					w.first[f[0]&^32] = true
				}
			}
		}
	}
	return w
}

// near tells whether one of the words stands near a finding, at the beginning of a word;
// short ones must be words of their own.
func (s *scanner) near(start, end int, words *wordSet) bool {
	return words.in(s.s[max(0, start-contextBefore):start]) || words.in(s.s[end:min(len(s.s), end+contextAfter)])
}

func (w *wordSet) in(text string) bool {
	before := other
	for i := range len(text) {
		c := text[i]
		inside := before == letter && c < 0x80
		if before = classes[c]; inside || !w.first[c] {
			continue
		}
		for _, word := range w.by[bucket(c)] {
			end := i + len(word)
			if end > len(text) || !foldEqual(text[i:end], word) {
				continue
			}
			if len(word) > 4 || end == len(text) || classes[text[end]] != letter {
				return true
			}
		}
	}
	return false
}

// foldEqual compares with a lower-case word, ASCII letters of either case being alike.
func foldEqual(text, lower string) bool {
	for i := range len(lower) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c += 32
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// freeBefore tells whether something may begin here: not within a word, and not joined by
// a dash, dot or slash to digits before.
func freeBefore(text string, i int) bool {
	if i == 0 {
		return true
	}
	c := text[i-1]
	if isAlnum(c) || c == '_' {
		return false
	}
	if i > 1 && (c == '-' || c == '.' || c == '/' || c == '+' || c == ',') {
		return !isDigit(text[i-2])
	}
	return true
}

// freeAfter is freeBefore for the end.
func freeAfter(text string, i int) bool {
	if i == len(text) {
		return true
	}
	c := text[i]
	if isAlnum(c) || c == '_' || c == '@' {
		return false
	}
	if i+1 < len(text) && (c == '-' || c == '.' || c == '/' || c == '+' || c == ',') {
		return !isDigit(text[i+1])
	}
	return true
}

func isHexDigit(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
