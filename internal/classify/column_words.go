// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// words takes a name apart: first_name, firstName and FIRST-NAME are first and name. Words
// come in lower case and, in Latin script, without marks.
func words(name string) []string {
	if !isASCII(name) {
		name = norm.NFKC.String(name)
	}
	var out []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, fold(b.String()))
			b.Reset()
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case unicode.IsMark(r):
			// Vowel signs and tones belong to the word they stand in.
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			flush()
		}
		b.WriteRune(r)
	}
	flush()
	return out
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// letters are those of Latin script that do not decompose, and spellings of Arabic letters
// that names of columns mix.
var letters = strings.NewReplacer("ß", "ss", "ø", "o", "đ", "d", "ł", "l", "ı", "i", "æ", "ae", "œ", "oe", "ð", "d", "þ", "th",
	"أ", "ا", "إ", "ا", "آ", "ا", "ى", "ي", "ة", "ه", "ـ", "", "ё", "е")

// fold makes a word lower case and takes the marks off Latin letters and Arabic ones.
// Marks of other scripts make another letter.
func fold(word string) string {
	word = strings.ToLower(word)
	if isASCII(word) {
		return word
	}
	word = letters.Replace(word)
	var b strings.Builder
	var base rune
	for _, r := range norm.NFD.String(word) {
		switch {
		case !unicode.IsMark(r):
			base = r
		case base < 0x250 || unicode.Is(unicode.Arabic, base):
			continue
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// spelt are the ways to write letters of German and the Nordic languages in ASCII.
var spelt = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ø", "oe", "å", "aa")

// spellings are a phrase and, if it has such letters, the phrase in ASCII.
func spellings(phrase string) []string {
	if phrase == "" {
		return nil
	}
	if other := spelt.Replace(phrase); other != phrase {
		return []string{phrase, other}
	}
	return []string{phrase}
}

func singular(word string) string {
	switch {
	case strings.HasSuffix(word, "addresses"):
		return strings.TrimSuffix(word, "es")
	case strings.HasSuffix(word, "ies"):
		return strings.TrimSuffix(word, "ies") + "y"
	case strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss"):
		return strings.TrimSuffix(word, "s")
	}
	return word
}

// shortestPart is how many letters a word has at least to be found inside another: fewer
// where each letter is a syllable or a word.
func shortestPart(word string) int {
	if r, _ := utf8.DecodeRuneInString(word); ideographic(r) {
		return 2
	}
	return 3
}

func ideographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// apart takes words apart that are written together: kundenname, contactemail, 客户姓名.
func (r *columnRules) apart(own []string) []string {
	out := make([]string, 0, len(own)+1)
	for _, w := range own {
		out = append(out, r.split(w)...)
	}
	return out
}

// maxCompound bounds the words that are taken apart.
const maxCompound = 40

// split finds words of the vocabulary of which a word consists. In scripts without spaces
// and in Thai the beginning may be unknown.
func (r *columnRules) split(word string) []string {
	letters := []rune(word)
	if len(letters) < 4 || len(letters) > maxCompound || r.vocabulary[word] || r.vocabulary[singular(word)] {
		return []string{word}
	}
	free := !unicode.In(letters[0], unicode.Latin, unicode.Cyrillic, unicode.Digit) && !unicode.Is(unicode.Arabic, letters[0])
	// at[i] is where the last word of the best way to take the first i letters apart begins.
	at := make([]int, len(letters)+1)
	for end := 1; end <= len(letters); end++ {
		at[end] = -1
		for begin := max(0, end-r.longest); begin < end; begin++ {
			if at[begin] < 0 || !r.part(letters[begin:end], begin > 0 && end == len(letters)) {
				continue
			}
			at[end] = begin
			break
		}
	}
	if at[len(letters)] < 0 {
		if free {
			return r.tail(letters)
		}
		return []string{word}
	}
	var parts []string
	for end := len(letters); end > 0; end = at[end] {
		parts = append([]string{string(letters[at[end]:end])}, parts...)
	}
	return parts
}

// part tells whether letters are a word of the vocabulary. Short last words would find an
// age in postage.
func (r *columnRules) part(letters []rune, last bool) bool {
	w := string(letters)
	if last && len(letters) < 4 && !ideographic(letters[0]) {
		return w == "id" || w == "ip"
	}
	return r.vocabulary[w]
}

// tail splits off the longest known word at the end.
func (r *columnRules) tail(letters []rune) []string {
	for i := 1; i < len(letters)-1; i++ {
		if r.part(letters[i:], true) {
			return []string{string(letters[:i]), string(letters[i:])}
		}
	}
	return []string{string(letters)}
}
