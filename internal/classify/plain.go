// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"strings"
	"unicode/utf8"
)

// plainText is the text as a reader sees it where that differs from its bytes: full-width
// letters and digits become plain ones, the many dashes and spaces one of each, and
// characters that only steer the direction or show nothing disappear. offsets gives, for
// each byte of the plain text and its end, the byte of the text; it is nil if nothing
// changed, which costs one look at the bytes.
func plainText(text string) (plain string, offsets []int) {
	if !needsPlain(text) {
		return text, nil
	}
	var b strings.Builder
	b.Grow(len(text))
	offsets = make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch to := plainRune(r); {
		case to == 0:
		case to == r:
			b.WriteString(text[i : i+n])
			for k := range n {
				offsets = append(offsets, i+k)
			}
		default:
			b.WriteByte(byte(to))
			offsets = append(offsets, i)
		}
		i += n
	}
	return b.String(), append(offsets, len(text))
}

// needsPlain looks for the leading bytes of the characters that plainRune changes.
func needsPlain(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case 0xC2, 0xE2, 0xEF, 0xE3:
			if r, _ := utf8.DecodeRuneInString(text[i:]); r != utf8.RuneError && plainRune(r) != r {
				return true
			}
		}
	}
	return false
}

// plainRune is what a character looks like; 0 if like nothing.
func plainRune(r rune) rune {
	switch {
	case r < 0x80:
		return r
	case r >= 0xFF01 && r <= 0xFF5E:
		return r - 0xFF01 + '!'
	case r == 0xA0, r >= 0x2000 && r <= 0x200A, r == 0x202F, r == 0x205F, r == 0x3000:
		return ' '
	case r >= 0x2010 && r <= 0x2015, r == 0x2212:
		return '-'
	case r == 0x2018, r == 0x2019:
		return '\''
	case r == 0xAD, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2069, r == 0xFEFF:
		return 0
	}
	return r
}

// latinCapitals writes the capitals of Cyrillic and Greek that look like Latin ones as
// those: prefixes of numbers are typed with either.
func latinCapitals(text string) string {
	ascii := true
	for i := range len(text) {
		ascii = ascii && text[i] < utf8.RuneSelf
	}
	if ascii {
		return text
	}
	return strings.Map(func(r rune) rune {
		const alike, latin = "АВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXIJSABEZHIKMNOPTYX"
		if i := strings.IndexRune(alike, r); i >= 0 {
			return rune(latin[utf8.RuneCountInString(alike[:i])])
		}
		return r
	}, text)
}
