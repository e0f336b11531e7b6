// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"unicode"
	"unicode/utf8"
)

// form is how a token is written.
type form uint8

const (
	mark    form = iota // punctuation, one character
	newline             // end of a line
	number              // digits, perhaps with a letter behind: 12b, 184th
	lower               // lower-case word
	capital             // word with a capital first
	upper               // word of capitals only, two at least
)

// token is a word, a number or a mark.
type token struct {
	start, end int
	form       form
	traits     traits
	hash       uint64
	// dotted: an abbreviation or initial with its dot, which is part of the token.
	dotted bool
	// hyphen: both parts of a word with a hyphen are names.
	hyphen bool
	// used: part of a place or an address that has been found.
	used bool
}

func (t *token) is(w traits) bool { return t.traits&w != 0 }

// cased tells whether a word is written as a name is.
func (t *token) cased() bool { return t.form == capital || t.form == upper }

// maxTokens bounds the words that are looked at in one text.
const maxTokens = 1 << 18

// tokens splits a text. lowerCase tells that it has no capitals at all, so that words that
// are only known as names count as capitalised.
func (l *lexicon) tokens(text string, list []token) (out []token, lowerCase bool) {
	lowerCase = true
	for i := 0; i < len(text) && len(list) < maxTokens; {
		c := text[i]
		switch {
		case c == '\n':
			list = append(list, token{start: i, end: i + 1, form: newline})
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case isDigit(c):
			j := i
			for j < len(text) && isAlnum(text[j]) {
				j++
			}
			list = append(list, token{start: i, end: j, form: number})
			i = j
		default:
			j, f := word(text, i)
			if j == i {
				_, n := utf8.DecodeRuneInString(text[i:])
				list = append(list, token{start: i, end: i + n})
				i += n
				continue
			}
			t := token{start: i, end: j, form: f}
			lowerCase = lowerCase && f == lower
			if technical(text, &t) {
				list = append(list, t)
				i = t.end
				continue
			}
			l.describe(text, &t)
			list = append(list, t)
			i = t.end
		}
	}
	if lowerCase {
		for i := range list {
			t := &list[i]
			if t.form == lower && t.is(anyName|isCity|isTown|isCountry|isOrg) && !t.is(isWord|isParticle) && (t.end-t.start > 4 || t.is(isFirst|isLast|isCountry) && t.end-t.start > 2) {
				t.form = capital
			}
		}
	}
	return list, lowerCase
}

// technical tells whether a word is part of what no name is: the name of a file or a
// variable, or a code of letters and digits, which becomes one token.
func technical(text string, t *token) bool {
	i, j := t.start, t.end
	if j < len(text) && isDigit(text[j]) {
		for j < len(text) && isAlnum(text[j]) {
			j++
		}
		if t.end = j; t.form != capital {
			t.form = lower
		}
		return true
	}
	if j-i == 1 {
		return false
	}
	joins := func(c byte) bool { return c == '_' || c == '.' || c == '\\' || c == '@' || c == '=' }
	if i > 1 && joins(text[i-1]) && isAlnum(text[i-2]) && (text[i-1] != '.' || t.form == lower) || j+1 < len(text) && joins(text[j]) && isAlnum(text[j+1]) && (text[j] != '.' || classes[text[j+1]] == letter && text[j+1] >= 'a') {
		t.form = lower
		return true
	}
	return false
}

// word reads letters with apostrophes and hyphens between them.
func word(text string, i int) (end int, f form) {
	capitals, letters, first := 0, 0, false
	for end = i; end < len(text); {
		c := text[end]
		if c < utf8.RuneSelf {
			switch {
			case c >= 'a' && c <= 'z':
				letters++
			case c >= 'A' && c <= 'Z':
				if letters == 0 {
					first = true
				}
				letters++
				capitals++
			case (c == '\'' || c == '-') && letters > 0 && end+1 < len(text) && letterAt(text, end+1) && !possessive(text, end):
			default:
				return end, formOf(letters, capitals, first)
			}
			end++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[end:])
		if !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) {
			break
		}
		if unicode.IsUpper(r) || !unicode.IsLower(r) && unicode.IsLetter(r) && letters == 0 {
			if letters == 0 {
				first = true
			}
			capitals++
		}
		letters++
		end += n
	}
	return end, formOf(letters, capitals, first)
}

func formOf(letters, capitals int, first bool) form {
	switch {
	case first && capitals == letters && letters > 1:
		return upper
	case first:
		return capital
	}
	return lower
}

func letterAt(text string, i int) bool {
	if text[i] < utf8.RuneSelf {
		return classes[text[i]] == letter
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	return unicode.IsLetter(r)
}

// possessive tells whether 's follows and nothing more.
func possessive(text string, i int) bool {
	return text[i] == '\'' && (text[i+1] == 's' || text[i+1] == 'S') && (i+2 >= len(text) || !isAlnum(text[i+2]) && text[i+2] < utf8.RuneSelf)
}

// describe looks a word up; a word with a hyphen is what its parts are.
func (l *lexicon) describe(text string, t *token) {
	w := text[t.start:t.end]
	t.hash = hashWord(hashSeed, w)
	t.traits = l.traits(t.hash)
	if k := indexHyphen(w); t.traits == 0 && k > 0 {
		a, b := l.lookup(w[:k]), l.lookup(w[k+1:])
		t.traits = a & b
		if a&anyName != 0 && b&anyName != 0 {
			t.hyphen = true
			t.traits |= isName
			t.traits &^= isWord | isFrequent
		}
	}
	if t.end < len(text) && text[t.end] == '.' && (t.end-t.start == 1 && t.form != lower || t.is(isAbbreviation)) {
		t.dotted = true
		t.end++
	}
}

func indexHyphen(w string) int {
	for i := 1; i+1 < len(w); i++ {
		if w[i] == '-' {
			return i
		}
	}
	return -1
}
