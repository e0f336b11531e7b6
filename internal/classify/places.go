// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// weighPlace weighs a row of capitalised words as a place.
func (r *reader) weighPlace(row stretch, c *candidate) {
	to, found := r.phrase(row.from, isCity|isTown|isState|isCountry)
	named := false
	for i := row.from; i < row.to; i++ {
		named = named || r.t[i].is(isFirst|isLast)
	}
	switch {
	case to == row.to && found&isCountry != 0:
		c.place = 0.8
	case to == row.to && found&(isCity|isState) != 0:
		c.place = 0.56
	case to == row.to:
		c.place = 0.42
	case to > 0:
		c.place = 0.3
	case !r.t[row.to-1].is(anyName) && r.placeSuffix(row.to-1):
		c.place = 0.4
	default:
		c.place = 0.15
	}
	if named {
		c.place -= 0.16
	}
	if r.t[row.from].is(isFrequent) && row.to-row.from == 1 {
		c.place -= 0.25
	}
	left := r.at(row.from - 1)
	if (r.isMark(row.from-1, ":") || r.fold(row.from-1) == "is") && placeNouns[r.fold(row.from-2)] {
		c.place += 0.36
		c.person -= 0.2
		c.why[1] = "place, context"
		return
	}
	if left.form != lower || !left.is(isPlaceLeft) {
		return
	}
	c.why[1] = "place, context"
	switch r.fold(row.from - 1) {
	case "in", "from", "near", "visiting", "visit", "visited", "into", "southern", "northern", "eastern", "western":
		c.place += 0.36
	case "to":
		if r.motion(row.from - 2) {
			c.place += 0.36
		} else {
			c.place += 0.15
		}
	case "of":
		if k := r.fold(row.from - 2); k == "university" || k == "city" || k == "town" || k == "state" || k == "capital" || k == "north" || k == "south" || k == "west" || k == "east" {
			c.place += 0.4
		} else {
			c.place += 0.1
		}
	case "at":
		if r.motion(row.from - 2) {
			c.place += 0.4
		} else if !r.at(row.from - 2).is(isSaying) {
			c.place += 0.1
		}
	default:
		c.place += 0.2
	}
}

// placeNouns say of what stands behind them that it is a place.
var placeNouns = newWordList("city", "town", "hometown", "village", "country", "state", "region", "province", "county", "birthplace", "birth", "capital", "destination", "ort", "stadt", "ville", "pays", "ciudad", "país", "città", "paese")

// placeSuffix tells whether a word ends as the names of places do.
func (r *reader) placeSuffix(i int) bool {
	w := r.fold(i)
	for _, e := range []string{"town", "ville", "burg", "bury", "mouth", "ton", "ham", "shire", "stad", "borg", "dorf", "heim", "hausen", "hof", "kirchen", "vik", "pur", "abad", "grad", "ovice", "haven", "port", "land", "chester", "stead", "worth", "field"} {
		if len(w) > len(e)+2 && strings.HasSuffix(w, e) {
			return true
		}
	}
	return false
}

// motion tells whether a word is about going somewhere.
func (r *reader) motion(i int) bool {
	switch r.fold(i) {
	case "go", "going", "goes", "went", "move", "moved", "moving", "travel", "travelled", "traveled", "coming", "come", "came", "back", "fly", "flew", "return", "returned", "trip", "drive", "drove", "welcome", "invites", "way", "flight", "train", "bus", "arrived", "arrive", "arrives", "landed", "stayed", "staying", "world":
		return true
	}
	return false
}
