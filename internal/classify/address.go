// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// addresses finds postal addresses: parts first, then parts that follow each other. In
// running text an address goes on over commas and lines as one finding; written as lines
// of its own, as on a letter, each line is one.
func (r *reader) addresses() {
	var parts []stretch
	for i := 0; i < len(r.t); i++ {
		to := r.addressPart(i)
		if to == 0 {
			continue
		}
		from := i
		// A number of its own before the street belongs to the address.
		if from > 0 && r.t[from-1].form == number && r.adjacent(from) && r.t[from-1].end-r.t[from-1].start <= 6 && (len(parts) == 0 || parts[len(parts)-1].to < from) {
			from--
			parts = append(parts, stretch{from, i})
		}
		parts = append(parts, stretch{i, to})
		for k := from; k < to; k++ {
			r.t[k].used = true
		}
		i = to - 1
	}
	r.joinAddresses(parts)
}

// addressPart is where the part of an address that begins at a token ends; 0 for none.
func (r *reader) addressPart(i int) int {
	t := &r.t[i]
	switch {
	case t.form == number && t.end-t.start <= 6:
		return r.numberedStreet(i)
	case t.form < lower:
		return 0
	}
	if to := r.box(i); to > 0 {
		return to
	}
	if t.is(isUnit) && r.at(i+1).form == number && r.adjacent(i+1) && (t.cased() || r.lowerCase || t.dotted) {
		return i + 2
	}
	if !t.cased() && !r.lowerCase && !t.is(isStreetFirst) {
		return 0
	}
	if r.compound(i) && r.at(i+1).form == number && r.adjacent(i+1) {
		return r.houseNumber(i + 1)
	}
	return r.streetName(i)
}

// numberedStreet reads 217 Lovers Lane, and 184th Street.
func (r *reader) numberedStreet(i int) int {
	if r.adjacent(i+1) && r.t[i+1].form == number && allDigits(r.text(i+1)) {
		return 0 // the second number is the street's
	}
	for j := i + 1; j <= i+6 && r.adjacent(j); j++ {
		t := &r.t[j]
		if t.form == mark || t.form == newline || t.form == number && j > i+2 {
			return 0
		}
		if t.is(isStreet) && j > i+1 && (t.cased() || r.lowerCase) && r.casedBetween(i+1, j) {
			return r.houseNumber(j + 1)
		}
		if t.is(isStreetFirst) && j == i+1 && (r.at(j+1).form >= capital || r.at(j+1).is(isParticle)) && !r.lowerCase {
			if to := r.untilNumber(j+1, 6); to > 0 {
				return to
			}
			return r.runEnd(j + 1)
		}
		if !t.cased() && !t.is(isParticle) && !r.lowerCase && t.form != number {
			return 0
		}
	}
	return 0
}

// casedBetween tells whether a word in a row is a name's: capital, or an ordinal.
func (r *reader) casedBetween(from, to int) bool {
	for k := from; k < to; k++ {
		if r.t[k].cased() || r.t[k].form == number || r.lowerCase && !r.t[k].is(isFrequent) {
			return true
		}
	}
	return false
}

// runEnd is the end of the capitalised words that begin at a token.
func (r *reader) runEnd(i int) int {
	for i < len(r.t) && r.adjacent(i) && (r.t[i].cased() || r.t[i].is(isParticle) || r.at(i-1).is(isParticle) && !r.t[i].is(isFrequent) && r.t[i].form == lower) {
		i++
	}
	return i
}

// houseNumber takes the number that stands behind a street.
func (r *reader) houseNumber(i int) int {
	if i < len(r.t) && r.adjacent(i) && r.t[i].form == number && r.t[i].end-r.t[i].start <= 5 {
		if r.isMark(i+1, ".") && r.foreignStreet(i-1) {
			return i + 2
		}
		return i + 1
	}
	return i
}

// untilNumber is the end of the words up to a house number.
func (r *reader) untilNumber(i, most int) int {
	for k := i; k < i+most && k < len(r.t) && r.adjacent(k); k++ {
		switch t := &r.t[k]; {
		case t.form == number && t.end-t.start <= 5 && k > i:
			return r.houseNumber(k)
		case t.form == mark || t.form == newline || t.form == lower && !t.is(isParticle) && !r.lowerCase && k == i:
			return 0
		}
	}
	return 0
}

// streetEndings end the names of streets that are written in one word.
var streetEndings = []string{
	"strasse", "straße", "straat", "str", "weg", "gasse", "allee", "platz", "ring", "damm", "ufer", "laan", "plein", "gracht", "dreef", "singel", "steenweg", "kade", "baan",
	"gatan", "gata", "vägen", "vagen", "väg", "vej", "vejen", "gade", "veien", "vegen", "veg", "gate", "gaten", "stræti", "braut", "hagen", "hlíð", "stígur", "vegur", "gränd", "backen", "bakken", "sund", "lund",
	"katu", "tie", "kuja", "polku", "tänav", "tee", "iela", "gatvė", "utca", "útja", "körút", "tér", "sokak", "caddesi",
}

// compound tells whether a word is the name of a street by its end.
func (r *reader) compound(i int) bool {
	w := r.fold(i)
	w = strings.TrimSuffix(w, ".")
	for _, e := range streetEndings {
		if len(w) > len(e)+2 && strings.HasSuffix(w, e) {
			return true
		}
	}
	return false
}

// streetName reads what begins with a word: Via Garibaldi 3, Barbosa Street, Školní 645,
// Carry van Bruggenweg 77, Erzsébet tér 19.
func (r *reader) streetName(i int) int {
	t := &r.t[i]
	if t.is(isStreetFirst) && !t.is(isFrequent) && r.at(i+1).form >= lower {
		if to := r.untilNumber(i+1, 7); to > 0 && (t.cased() || t.dotted || r.t[i+1].cased()) {
			return to
		}
	}
	if t.used || !t.cased() {
		return 0
	}
	for j := i + 1; j <= i+4 && r.adjacent(j); j++ {
		u := &r.t[j]
		switch {
		case u.form == number:
			return r.placeNumber(i, j)
		case u.form == mark || u.form == newline:
			return 0
		case r.compound(j) && r.at(j+1).form == number && r.adjacent(j+1):
			return r.houseNumber(j + 1)
		case u.is(isStreet) && (u.cased() || r.lowerCase) && r.plainStreet(i, j):
			return r.houseNumber(j + 1)
		case !u.cased() && !u.is(isParticle) && !r.foreignStreet(j):
			return 0
		}
	}
	return 0
}

// plainStreet tells whether a name ends in a word for streets that is not, more often,
// something else.
func (r *reader) plainStreet(i, j int) bool {
	switch r.fold(j) {
	case "street", "road", "avenue", "lane", "boulevard", "crescent", "drive", "rd", "ave", "blvd", "st", "st.", "ln", "dr":
		return !r.t[i].is(isFrequent) || r.t[i].is(anyName)
	}
	return r.at(j+1).form == number && r.adjacent(j+1) && r.lineEnds(j+2)
}

// foreignStreet is a word for street in small letters behind the name.
func (r *reader) foreignStreet(j int) bool {
	switch r.fold(j) {
	case "út", "utca", "útja", "tér", "köz", "sokak", "cesta", "ulica", "mnt", "tn", "sor", "gt", "vei", "gate", "katu":
		return true
	}
	return false
}

// placeNumber decides on a name and a number: an address if the words beside it say so.
func (r *reader) placeNumber(i, j int) int {
	n := r.t[j].end - r.t[j].start
	if n > 5 || r.t[i].is(isCalendar|isTitle|isUnit) || r.at(j+1).is(isUnit) && r.t[j].end-r.t[j].start > 4 {
		return 0
	}
	end := r.houseNumber(j)
	prev := r.at(i - 1)
	foreign := r.foreignStreet(j - 1)
	switch {
	case foreign, prev.form == number && r.adjacent(i) && prev.end-prev.start <= 5:
		return end
	case r.at(end).is(isUnit) && r.at(end+1).form == number:
		return end
	case (prev.form == newline || r.lineStart(i)) && r.lineEnds(end) && n <= 4 && r.addressNear(i):
		return end
	case prev.is(isAddressCue) && prev.form == lower && (!r.t[i].is(isFrequent) || r.t[i].is(anyName)) && n <= 4 && r.addressWords(i):
		return end
	}
	return 0
}

// addressWords tells whether one of the words just before speaks of an address.
func (r *reader) addressWords(i int) bool {
	for k := max(0, i-8); k < i; k++ {
		switch r.fold(k) {
		case "address", "located", "live", "lives", "lived", "moved", "return", "meet", "corner", "station", "street", "home", "house", "side", "drops", "deliver", "residence", "office", "restaurant", "ship", "visit":
			return true
		}
	}
	return false
}

// lineStart tells whether only marks stand before a token on its line.
func (r *reader) lineStart(i int) bool {
	for k := i - 1; k >= 0; k-- {
		if r.t[k].form == newline {
			return true
		}
		if r.t[k].form != mark {
			return false
		}
	}
	return true
}

func (r *reader) lineEnds(i int) bool {
	return i >= len(r.t) || r.t[i].form == newline || r.t[i].form == mark && (i+1 >= len(r.t) || r.t[i+1].form == newline)
}

// addressNear tells whether the lines beside one have a unit, a postal code or a country.
func (r *reader) addressNear(i int) bool {
	lines := 0
	for k := i; k < len(r.t) && lines < 4; k++ {
		switch t := &r.t[k]; {
		case t.form == newline:
			lines++
		case t.is(isUnit) && r.at(k+1).form == number, t.is(isCountry) && lines > 0:
			return true
		case t.form == number && lines > 0 && t.end-t.start >= 4 && t.end-t.start <= 6 && r.lineEnds(k+1):
			return true
		}
	}
	return false
}

// box reads P.O. Box 104, PSC 12, Box 34, Unit 5022 Box 1225, APO AA 66791, USNS Bergman.
func (r *reader) box(i int) int {
	switch w := r.fold(i); w {
	case "p.", "po", "post":
		k := i + 1
		if r.fold(k) == "o." || r.fold(k) == "office" {
			k++
		}
		if r.fold(k) == "box" && r.at(k+1).form == number {
			return k + 2
		}
	case "psc", "cmr":
		if r.at(i+1).form == number && r.isMark(i+2, ",") && r.fold(i+3) == "box" {
			return i + 5
		}
	case "unit":
		if r.at(i+1).form == number && r.fold(i+2) == "box" && r.at(i+3).form == number {
			return i + 4
		}
	case "apo", "fpo", "dpo":
		if k := r.fold(i + 1); (k == "aa" || k == "ae" || k == "ap") && r.at(i+2).form == number {
			return i + 3
		}
	case "uss", "usns", "uscgc", "usnv", "uss.":
		if r.at(i+1).form >= lower && r.at(i+2).form == newline {
			return i + 2
		}
	case "postbox", "postfach", "postboks", "boks":
		if r.at(i+1).form == number {
			return i + 2
		}
	}
	return 0
}
