// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed words/names.gz
var namesFile []byte

//go:embed words/cues.txt
var cuesFile string

// traits are what the lists know of a word.
type traits uint32

const (
	isFirst        traits = 1 << iota // given name
	isLast                            // surname
	isName                            // one or the other
	isCity                            // place of 30,000 people or more
	isTown                            // smaller place
	isCountry                         // country
	isWord                            // word of English
	isFrequent                        // frequent word of English
	startsPhrase                      // first word of a longer entry
	isNation                          // nationality, religion or political group
	isStreet                          // ends the name of a street: Road
	isStreetFirst                     // begins the name of a street: Rua
	isUnit                            // part of a building: Suite
	isOrgEnd                          // ends the name of an organisation: Ltd
	isOrg                             // well-known organisation
	isTitle                           // Mr
	isParticle                        // van, de
	isSaying                          // verb of people: said
	isKin                             // my brother, our manager
	isPersonLeft                      // what stands before a name: by, dear
	isPlaceLeft                       // what stands before a place: in, from
	isOrgLeft                         // what stands before an organisation: joined
	isCalendar                        // Monday, March
	isAddressCue                      // lives, address, located
	isOrgRight                        // what organisations do: invested
	isState                           // code or name of a state or province
	isAbbreviation                    // has a dot behind it
)

const anyName = isFirst | isLast | isName

// traitOf is the letter of each list in names.gz.
var traitOf = map[byte]traits{
	'F': isFirst, 'L': isLast, 'N': isName, 'P': isCity, 'p': isTown, 'K': isCountry, 'C': isWord, 'c': isFrequent | isWord,
}

// cueOf is the heading of each list in cues.txt.
var cueOf = map[string]traits{
	"nation": isNation, "street": isStreet, "street-first": isStreetFirst, "unit": isUnit, "org-end": isOrgEnd, "org": isOrg,
	"title": isTitle, "particle": isParticle, "saying": isSaying, "kin": isKin, "person-left": isPersonLeft,
	"place-left": isPlaceLeft, "org-left": isOrgLeft, "calendar": isCalendar, "address-cue": isAddressCue,
	"org-right": isOrgRight, "abbreviation": isAbbreviation, "stop": isFrequent | isWord, "state": isState, "country": isCountry,
}

// lexicon is a hash table from folded words and phrases to traits. It keeps 64 bits of
// each entry instead of its text: a third of a million of them fit into six megabytes,
// and a lookup makes no string.
type lexicon struct {
	keys []uint64
	vals []traits
	mask uint64
}

func newLexicon(bits int) *lexicon {
	return &lexicon{make([]uint64, 1<<bits), make([]traits, 1<<bits), 1<<bits - 1}
}

func (l *lexicon) slot(key uint64) uint64 {
	i := key & l.mask
	for l.keys[i] != key && l.keys[i] != 0 {
		i = (i + 1) & l.mask
	}
	return i
}

func (l *lexicon) add(text string, t traits) {
	h := uint64(hashSeed)
	if strings.IndexByte(text, ' ') < 0 {
		h = hashWord(h, text)
		i := l.slot(h)
		l.keys[i] = h
		l.vals[i] |= t
		return
	}
	for i, word := range strings.Fields(text) {
		if i > 0 {
			first := l.slot(h)
			l.keys[first] = h
			l.vals[first] |= startsPhrase
			h = hashByte(h, ' ')
		}
		h = hashWord(h, word)
	}
	i := l.slot(h)
	l.keys[i] = h
	l.vals[i] |= t
}

func (l *lexicon) traits(h uint64) traits { return l.vals[l.slot(h)] }

func (l *lexicon) lookup(text string) traits {
	h := uint64(hashSeed)
	for i, word := range strings.Fields(text) {
		if i > 0 {
			h = hashByte(h, ' ')
		}
		h = hashWord(h, word)
	}
	return l.traits(h)
}

// FNV-1a; it can be continued from word to phrase.
const hashSeed = 14695981039346656037

func hashByte(h uint64, c byte) uint64 { return (h ^ uint64(c)) * 1099511628211 }

// hashWord hashes a word as if it were in lower case and without accents.
func hashWord(h uint64, word string) uint64 {
	for i := 0; i < len(word); {
		c := word[i]
		if c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 32
			}
			h = hashByte(h, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(word[i:])
		h = hashFolded(h, r, word[i:i+n])
		i += n
	}
	return h
}

func hashFolded(h uint64, r rune, text string) uint64 {
	if s, ok := folded[r]; ok {
		return hashWord(h, s)
	}
	if d := norm.NFD.PropertiesString(text).Decomposition(); d != nil {
		r, _ = utf8.DecodeRune(d)
	}
	if unicode.Is(unicode.Mn, r) {
		return h
	}
	r = unicode.ToLower(r)
	if r == 'ς' {
		r = 'σ'
	}
	var buf [4]byte
	for _, c := range buf[:utf8.EncodeRune(buf[:], r)] {
		h = hashByte(h, c)
	}
	return h
}

// folded are letters whose accent Unicode does not take apart.
var folded = map[rune]string{
	'ø': "o", 'Ø': "o", 'đ': "d", 'Đ': "d", 'ł': "l", 'Ł': "l", 'þ': "th", 'Þ': "th", 'ß': "ss", 'æ': "ae", 'Æ': "ae",
	'œ': "oe", 'Œ': "oe", 'ð': "d", 'Ð': "d", 'ı': "i", 'ŋ': "n", 'ħ': "h", 'ə': "e", '’': "'", 'ʻ': "'",
}

// loadLexicon reads the lists that are part of the program.
func loadLexicon() (*lexicon, error) {
	z, err := gzip.NewReader(bytes.NewReader(namesFile))
	if err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	l := newLexicon(20)
	sc := bufio.NewScanner(z)
	var t traits
	prev := ""
	for sc.Scan() {
		line := sc.Text()
		if line[0] == '=' {
			t, prev = 0, ""
			for i := 1; i < len(line); i++ {
				t |= traitOf[line[i]]
			}
			continue
		}
		shared := strings.IndexByte("0123456789abcdefghijklmnopqrstuvwxyz", line[0])
		prev = utf16Prefix(prev, shared) + line[1:]
		l.add(prev, t)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	return l, l.addCues()
}

// utf16Prefix is the first n UTF-16 units of a word, in which the lists count.
func utf16Prefix(s string, n int) string {
	for i, r := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
		if r > 0xFFFF {
			n--
		}
	}
	return s
}

// addCues reads cues.txt: headings in brackets, then words or phrases divided by commas.
func (l *lexicon) addCues() error {
	var t traits
	for line := range strings.Lines(cuesFile) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			if t = cueOf[strings.Trim(line, "[]")]; t == 0 {
				return fmt.Errorf("read cues: unknown heading %s", line)
			}
		default:
			for entry := range strings.SplitSeq(line, ",") {
				if entry = strings.TrimSpace(entry); entry != "" {
					if l.add(entry, t); t == cueOf["stop"] {
						l.vals[l.slot(hashWord(hashSeed, entry))] = t
					}
				}
			}
		}
	}
	return nil
}
