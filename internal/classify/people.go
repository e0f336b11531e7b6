// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"strings"
	"unicode/utf8"
)

// hint is what the place on a page says of a name.
type hint uint8

const (
	noHint hint = iota
	hintPerson
	hintOrg
)

func (r *reader) setHint(row stretch, h hint) {
	if r.hints == nil {
		r.hints = map[int]hint{}
	}
	for i := row.from; i < row.to; i++ {
		r.hints[i] = h
	}
}

// people weighs each row of capitalised words.
func (r *reader) people() {
	lastPerson := -2
	for i := 0; i < len(r.t); i++ {
		t := &r.t[i]
		if t.used || t.form < lower {
			continue
		}
		if r.title(i) {
			continue
		}
		if !t.cased() {
			continue
		}
		if t.is(isFrequent) && !t.is(anyName) && r.fold(i) == "the" {
			continue
		}
		if to := r.partners(i); to > 0 {
			r.put(i, to, r.c.labels.org, 0.72, "names of partners")
			i = to - 1
			continue
		}
		from, to := r.trim(i, r.rowEnd(i))
		if to <= from {
			i = max(i, r.rowEnd(i)-1)
			continue
		}
		if r.weigh(stretch{from, to}, lastPerson) {
			lastPerson = to
		}
		i = max(to, r.rowEnd(i)) - 1
	}
}

// title adds Mr. and the like.
func (r *reader) title(i int) bool {
	t := &r.t[i]
	if !t.is(isTitle) || !t.cased() && !t.dotted || !r.adjacent(i+1) || !r.t[i+1].cased() {
		return false
	}
	switch strings.TrimSuffix(r.fold(i), ".") {
	case "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "herr", "frau", "mx":
		r.put(i, i+1, r.c.labels.title, 0.75, "list of titles")
	}
	return true
}

// rowEnd is the end of capitalised words in a row, with particles and initials between.
func (r *reader) rowEnd(i int) int {
	to := i + 1
	for to < len(r.t) {
		t := &r.t[to]
		switch {
		case t.used || !r.adjacent(to):
			return to
		case t.cased():
			to++
		case t.form == lower && t.is(isParticle) && r.adjacent(to+1) && r.t[to+1].cased() && !r.t[to+1].used:
			to += 2
		case t.form == lower && t.is(isParticle) && r.adjacent(to+1) && r.t[to+1].is(isParticle) && r.adjacent(to+2) && r.t[to+2].cased():
			to += 3
		case r.lowerCase && t.form == lower && t.is(anyName) && !t.is(isFrequent):
			to++
		default:
			return to
		}
	}
	return to
}

// sentenceStart tells whether a token begins a sentence, where any word has a capital.
func (r *reader) sentenceStart(i int) bool {
	if i == 0 || r.t[i-1].form == newline {
		return true
	}
	if r.t[i-1].form == mark {
		switch r.text(i - 1) {
		case ".", "?", "!", "\"", ":", "“", "\\", ">", "-", "*", "'", "(", "…", "•":
			return true
		}
	}
	return false
}

// trim drops words from the ends of a row that are no names.
func (r *reader) trim(from, to int) (int, int) {
	if r.hints[from] != noHint || r.at(from-1).is(isTitle) {
		return from, to
	}
	for from < to && r.plainWord(from, to) {
		from++
	}
	for to > from && (r.t[to-1].is(isParticle) && r.t[to-1].form == lower || r.t[to-1].is(isCalendar) && to-from > 1) {
		to--
	}
	return from, to
}

// plainWord tells whether the first word of a row is there for the grammar.
func (r *reader) plainWord(from, to int) bool {
	t := &r.t[from]
	if to-from == 1 && t.form == upper && t.end-t.start <= 3 && !t.is(isFirst|isOrg) && r.at(to).is(isKin) {
		return true
	}
	if t.is(isTitle) && to-from > 1 && (t.dotted || t.is(isWord)) || t.is(isCalendar) && !(t.is(isFirst) && to-from > 1) {
		return true
	}
	name := t.is(isFirst | isLast)
	switch {
	case t.end-t.start == 1 && !t.dotted:
		return true
	case !t.is(isWord):
		return false
	case !r.sentenceStart(from):
		return t.is(isFrequent) && !name && to-from == 1 && !r.orgRow(from, to)
	case r.orgRow(from, to) && to-from > 1 && r.t[from].cased() && !t.is(isPlaceLeft|isAddressCue) && r.words(from, to):
		return false
	case !name || t.is(isFrequent) && to-from == 1:
		return !r.at(to).is(isSaying) && !(r.at(to).form == mark && r.text(to) == "'") || !name
	}
	return t.is(isFrequent) && to-from > 1 && !r.t[from+1].is(anyName)
}

// words tells whether a row has a word that is more than grammar before its last.
func (r *reader) words(from, to int) bool {
	return to-from > 2 || !r.t[from].is(isFrequent)
}

func (r *reader) orgRow(from, to int) bool { return to-from > 1 && r.t[to-1].is(isOrgEnd) }

// partners reads "Jones, Smith and Davis" and "Butler-Peters": surnames that name a firm.
func (r *reader) partners(i int) int {
	if !r.surname(i) || r.at(i-1).cased() && r.adjacent(i) && r.fold(i-1) != "the" || r.isMark(i-1, ",") {
		return 0
	}
	if !r.isMark(i+1, ",") || !r.surname(i+2) || r.fold(i+3) != "and" || !r.surname(i+4) || r.at(i+5).cased() && r.adjacent(i+5) && !r.at(i+5).is(isOrgEnd|isOrgRight) {
		return 0
	}
	return i + 5
}

func (r *reader) surname(i int) bool {
	if i < 0 || i >= len(r.t) {
		return false
	}
	return r.t[i].cased() && r.t[i].is(isLast|isName)
}

// suffixes of surnames in many languages.
var surnameSuffixes = []string{
	"dottir", "dóttir", "sson", "sen", "ova", "ová", "eva", "evá", "ina", "ski", "ska", "sky", "cki", "cka", "wicz", "czyk", "enko", "chuk", "yuk",
	"ić", "ovic", "vić", "escu", "eanu", "opoulos", "idis", "akis", "ov", "ev", "ić", "oglu", "oğlu", "yan", "ian", "shvili", "dze", "nen", "berg", "strom", "ström", "quist", "lund", "mann", "stein",
	"elli", "etti", "ini", "ucci", "eau", "ault", "ard", "son", "sdottir", "ström", "gren", "dahl", "vik", "aas", "stad", "huis", "stra", "sma", "aitis", "auskas", "iūtė", "ienė", "kova", "ková",
}

func (r *reader) suffixed(i int) bool {
	w := r.fold(i)
	for _, e := range surnameSuffixes {
		if len(w) > len(e)+3 && strings.HasSuffix(w, e) {
			return true
		}
	}
	return false
}

// nameness is how much a word is a name, by itself.
func (r *reader) nameness(i int) float64 {
	t := &r.t[i]
	n := 0.0
	switch {
	case t.dotted && t.end-t.start <= 3:
		return 0.5
	case t.is(isFirst):
		n = 1
	case t.is(isLast):
		n = 0.9
	case t.hyphen:
		n = 0.8
	case t.is(isName):
		n = 0.75
	case t.form == lower && t.is(isParticle):
		return 0.6
	case t.is(isFrequent):
		return -0.8
	case t.is(isWord):
		return -0.4
	case r.suffixed(i):
		return 0.7
	case t.is(isCity | isTown | isCountry):
		return -0.2
	default:
		return 0.25
	}
	if t.is(isFrequent) {
		n *= 0.5
	}
	return n
}

// candidate is the weighing of one row.
type candidate struct {
	person, place, org float64
	why                [3]string
}

// weigh decides on a row; it tells whether it is a person.
func (r *reader) weigh(row stretch, lastPerson int) bool {
	c := candidate{why: [3]string{"names", "place", "organisation"}}
	r.weighPerson(row, lastPerson, &c)
	r.weighPlace(row, &c)
	r.weighOrg(row, lastPerson, &c)
	switch r.hints[row.from] {
	case hintPerson:
		c.person += 0.35
	case hintOrg:
		c.org += 0.45
	}
	switch {
	case c.person >= c.place && c.person >= c.org:
		if c.person >= 0.5 {
			r.put(row.from, row.to, r.c.labels.person, c.person, c.why[0])
			r.remember(row, c.person)
			return true
		}
	case c.place >= c.org:
		r.put(row.from, row.to, r.c.labels.place, c.place, c.why[1])
	default:
		r.put(row.from, row.to, r.c.labels.org, c.org, c.why[2])
	}
	return false
}

// remember keeps the words of a sure name, so that one of them alone is known later.
func (r *reader) remember(row stretch, score float64) {
	if score < 0.65 {
		return
	}
	if r.known == nil {
		r.known = map[uint64]bool{}
	}
	for i := row.from; i < row.to; i++ {
		if r.t[i].end-r.t[i].start > 2 && !r.t[i].is(isFrequent) {
			r.known[r.t[i].hash] = true
		}
	}
}

func (r *reader) weighPerson(row stretch, lastPerson int, c *candidate) {
	n := row.to - row.from
	sum, given := 0.0, false
	for i := row.from; i < row.to; i++ {
		sum += r.nameness(i)
		given = given || r.t[i].is(isFirst)
	}
	avg := sum / float64(n)
	if n == 1 {
		c.person = 0.28 + 0.3*avg
		if t := &r.t[row.from]; t.form == upper && t.end-t.start <= 5 && !t.dotted {
			c.person -= 0.25 // more often an abbreviation
		}
		if r.known[r.t[row.from].hash] {
			c.person += 0.3
		}
	} else {
		c.person = 0.3 + 0.45*avg
		if n > 5 {
			c.person -= 0.2
		}
	}
	if r.t[row.to-1].is(isOrgEnd|isStreet) && !r.t[row.to-1].is(isLast|isName) {
		c.person -= 0.3
	}
	switch r.fold(row.from - 1) {
	case "in", "near", "visiting":
		c.person -= 0.2
	case "at":
		if r.at(row.from-2).is(isSaying) && !r.works(row.from-2) {
			c.person += 0.25 // shouted at
		} else {
			c.person -= 0.1
		}
	}
	if bonus := r.personContext(row, lastPerson); bonus > 0 {
		c.person += bonus
		c.why[0] = "names, context"
	}
}

// personContext is what the words beside a row say for a person.
func (r *reader) personContext(row stretch, lastPerson int) float64 {
	left, right := r.at(row.from-1), r.at(row.to)
	bonus := 0.0
	switch {
	case left.is(isTitle) && left.end > left.start && left.form >= lower:
		bonus = 0.5
	case r.isMark(row.from-1, ":") && (r.at(row.from-2).is(isKin|isPersonLeft) || r.fold(row.from-3) == "name" || r.fold(row.from-2) == "by"):
		bonus = 0.3
	case left.is(isKin) && left.form == lower:
		bonus = 0.28
	case left.form == lower && left.is(isPersonLeft):
		bonus = 0.2
	case (left.form == lower && left.is(isSaying)):
		bonus = 0.2
	case r.nameIs(row.from):
		bonus = 0.35
	}
	if lastPerson >= 0 && row.from-lastPerson <= 2 && row.from > lastPerson && (r.isMark(row.from-1, ",") || r.fold(row.from-1) == "and") {
		bonus += 0.15
	}
	switch {
	case right.form == lower && right.is(isSaying):
		bonus += 0.22
	case (r.fold(row.to) == "and" || r.isMark(row.to, ",")) && r.at(row.to+1).cased() && r.nameness(row.to+1) >= 0.5 && bonus < 0.3:
		bonus += 0.12
	case r.isMark(row.to, "'") && r.fold(row.to+1) == "s" && !r.at(row.to+2).is(isOrgRight):
		bonus += 0.12
	case r.isMark(row.to, ":") && r.lineStart(row.from) && r.speaks(row):
		bonus += 0.15
	case r.fold(row.to) == "is" && (r.fold(row.to+1) == "a" || r.fold(row.to+1) == "an"), r.fold(row.to) == "had", r.fold(row.to) == "will", r.fold(row.to) == "was", r.fold(row.to) == "has", r.fold(row.to) == "were":
		bonus += 0.1
	}
	return bonus
}

// speaks tells whether what stands before a colon may be who says what follows: a number
// follows the name of a field.
func (r *reader) speaks(row stretch) bool {
	first, _ := utf8.DecodeRuneInString(r.text(row.from))
	return r.at(row.to+1).form != number && !r.isMark(row.to+1, "+") && !r.isMark(row.to+1, "(") && !ideograph(first)
}

// nameIs looks for "name is", "name: " and "name?" before a row.
func (r *reader) nameIs(i int) bool {
	for k := i - 1; k >= max(0, i-4); k-- {
		switch r.fold(k) {
		case "name":
			return true
		case "is", "'", "s", ":", "?", "\"", "-", "=", "\\":
		default:
			return false
		}
	}
	return false
}
