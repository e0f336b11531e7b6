// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"slices"
	"strings"
)

// columnName is the name of a column in its table, in words.
type columnName struct {
	typ string
	// table is all of the table's name, noun what it is about.
	table, noun []string
	schema      []string // in catalogues of several products, the product
	path        []string // what stands above the column
	above       []string // the last part of path
	own         []string // the column itself
	hidden      bool     // begins with a low line: a field of the system
}

// Names of columns come from files that may be hostile: of a name only the end is looked
// at, and no phrase has more words.
const (
	maxName   = 1 << 10
	maxPhrase = 8
)

func ending(name string) string { return strings.ToValidUTF8(name[max(0, len(name)-maxName):], "") }

// parse takes the name of a column apart; false if nothing remains.
func (r *columnRules) parse(col Column) (columnName, bool) {
	col.Column, col.Table = ending(col.Column), ending(col.Table)
	segments := strings.Split(col.Column, ".")
	leaf := segments[len(segments)-1]
	n := columnName{typ: col.Type, own: r.apart(words(leaf)), hidden: strings.HasPrefix(leaf, "_")}
	segments = segments[:len(segments)-1]
	// "value" and the like say nothing; what they are the value of does.
	if len(segments) > 0 && len(n.own) == 1 && r.about["nothing"][n.own[0]] {
		n.own = r.apart(words(segments[len(segments)-1]))
	}
	for _, s := range segments {
		n.above = r.apart(words(s))
		n.path = append(n.path, n.above...)
	}
	if k := len(n.own) - 1; k > 0 && r.about["spelling"][n.own[k]] {
		n.own = n.own[:k]
	}
	if k := len(n.own) - 1; k > 0 && n.own[0] == "id" { // id_customer
		n.own = append(n.own[1:k+1:k+1], "id")
	}
	n.table = r.apart(words(lastSegment(col.Table)))
	n.noun = r.noun(n.table)
	if schema, _, ok := strings.Cut(col.Table, "."); ok {
		n.schema = words(schema)
	}
	return n, len(n.own) > 0
}

// noun is what a table is about: the last word of its name, and more only while that says
// nothing.
func (r *columnRules) noun(table []string) []string {
	for i := len(table) - 1; i >= 0; i-- {
		if !r.speaksOf(table[i:i+1], "generic") {
			return table[i:]
		}
	}
	return table
}

// byName looks for the longest phrase at the end of the name that the rules know: as it
// is written, and without the digits behind the last word.
func (r *columnRules) byName(col Column) (category, why string, score float64) {
	n, ok := r.parse(col)
	if !ok {
		return "", "", 0
	}
	category, why, score, known := r.find(n)
	if !known {
		n.own = bare(n.own)
		category, why, score, known = r.find(n)
	}
	if !known && r.vendorID(n) {
		return "user.unique_id", "name " + strings.Join(n.own, " "), scoreByName
	}
	return category, why, score
}

// Scores of answers by name, and of those that need a table which is not known.
const (
	scoreByName       = 0.8
	scoreWithoutTable = 0.5
)

// find looks for the longest phrase that says something. Known is true if there is one,
// even if it says that the column is about nobody.
func (r *columnRules) find(n columnName) (category, why string, score float64, known bool) {
	for from := range n.own {
		for to := min(len(n.own), from+maxPhrase); to > from; to-- {
			phrase := strings.Join(n.own[from:to], " ")
			found := false
			rules := r.rulesOf(phrase)
			if len(rules) == 0 && to-from > 1 { // GeburtsDatum
				rules = r.rulesOf(strings.Join(n.own[from:to], ""))
			}
			for _, rule := range rules {
				if to < len(n.own) && !r.heads(rule, n.own[to:]) || !r.qualified(rule, n, from) {
					continue
				}
				found = found || rule.category != None
				if score := r.holds(rule, n, from); score > 0 {
					if rule.category == None {
						return "", "", 0, true
					}
					return rule.category, "name " + phrase, score, true
				}
			}
			if found {
				return "", "", 0, true
			}
		}
	}
	return "", "", 0, false
}

// heads tells whether what stands behind a phrase only says whose or which it is:
// phone_work, nombre_cliente.
func (r *columnRules) heads(rule columnRule, behind []string) bool {
	if rule.head {
		return r.onlyOf(behind, "person", "place", "particle")
	}
	return strings.HasPrefix(rule.category, "user.contact") && !rule.whole && r.onlyOf(behind, "place")
}

// qualified tells whether what stands before a phrase leaves it what it is.
func (r *columnRules) qualified(rule columnRule, n columnName, from int) bool {
	before := n.own[:from]
	for len(before) > 0 && len(n.noun) > 0 && singular(before[0]) == singular(n.noun[0]) && rule.in != "entity" {
		before = before[1:] // comment_content in comments
	}
	from = len(before)
	switch {
	case !rule.whole || from == 0:
		return true
	case rule.in == "entity":
		return false
	case strings.HasPrefix(rule.category, "user.contact.address"):
		return r.onlyOf(before, "place")
	}
	whose := []string{"person", "place"}
	if strings.HasPrefix(rule.category, "user.name") {
		whose = whose[:1]
	}
	return r.onlyOf(before, whose...) || from == 1 && acronym(before[0], n.table)
}

// acronym tells whether a word has the first letters of the last words of a table: eec in
// emp_emergency_contacts.
func acronym(word string, table []string) bool {
	if len(word) < 2 || len(word) > len(table) {
		return false
	}
	for i, t := range table[len(table)-len(word):] {
		if t[0] != word[i] {
			return false
		}
	}
	return true
}

// holds is the score of a rule for a name that ends in its phrase; 0 if it does not hold.
func (r *columnRules) holds(rule columnRule, n columnName, from int) float64 {
	if rule.category != None && (!rule.fits(n.typ) || r.voided(rule, n, n.own[:from])) {
		return 0
	}
	if rule.in == "" {
		return scoreByName
	}
	if len(n.table)+len(n.path) == 0 && (rule.in == "person" || rule.in == "address") && !r.speaksOf(n.own[:from], "thing") {
		if r.speaksOf(n.own[:from], rule.in) {
			return scoreByName
		}
		return scoreWithoutTable
	}
	if !r.isAbout(rule.in, n, from) {
		return 0
	}
	return scoreByName
}

// isAbout tells whether table and path are about what a rule asks for.
func (r *columnRules) isAbout(what string, n columnName, from int) bool {
	head := n.noun
	switch what {
	// What only the table says holds for its own columns alone.
	case "entity":
		for len(head) > 1 && r.speaksOf(head[len(head)-1:], "same") {
			head = head[:len(head)-1]
		}
		return len(n.path) == 0 && len(head) > 0 && r.speaksOf(head[len(head)-1:], what)
	case "message":
		return len(n.path) == 0 && len(head) > 0 && r.speaksOf(head[:1], what)
	case "bill", "host":
		return len(n.path) == 0 && r.speaksOf(n.table, what)
	case "account":
		return len(n.path) == 0 && len(n.schema) > 0 && len(head) > 0 && r.speaksOf(head[:1], what) && !r.speaksOf(n.schema, "bank") && !r.speaksOf(n.table, "bank")
	case "card":
		return len(n.path) == 0 && len(head) > 0 && r.speaksOf(head[len(head)-1:], what)
	case "clinical", "machine":
		return r.speaksOf(n.table, what) || r.speaksOf(n.path, what)
	}
	before := n.own[:from]
	thing := r.speaksOf(head, "thing") || r.speaksOf(n.path, "thing") || r.speaksOf(before, "thing")
	return !thing && (r.speaksOf(head, what) || r.speaksOf(n.path, what) || r.speaksOf(n.own, what))
}

// voided tells whether what stands around a phrase makes it something about nobody: a
// setting, an address of a business, who changed a row.
func (r *columnRules) voided(rule columnRule, n columnName, before []string) bool {
	place := strings.HasPrefix(rule.category, "user.contact.address") || strings.HasPrefix(rule.category, "user.location")
	name := strings.HasPrefix(rule.category, "user.name")
	switch {
	case !rule.flag && r.speaksOf(before, "state"):
		return true
	case n.hidden && rule.category == "user.unique_id":
		return true
	case (name || rule.category == "user.unique_id") && r.speaksOf(before, "audit"):
		return true
	case (name || place) && r.speaksOf(before, "company"):
		return true
	case place && (r.speaksOf(n.above, "state") || r.speaksOf(n.above, "consent")):
		return true
	}
	return (place || strings.HasPrefix(rule.category, "user.contact")) && r.facility(n)
}

// facility tells whether a table is about places of business and neither it nor the path
// is about a person: their addresses are nobody's.
func (r *columnRules) facility(n columnName) bool {
	return len(n.noun) > 0 && r.speaksOf(n.noun[:1], "facility") && !r.speaksOf(n.table, "entity") && !r.speaksOf(n.path, "person")
}

// vendorID tells whether a column is the key that the vendor of a product gives a person:
// braze_id in braze.users.
func (r *columnRules) vendorID(n columnName) bool {
	k := len(n.own) - 1
	return k > 0 && n.own[k] == "id" && len(n.path) == 0 && len(n.noun) > 0 &&
		slices.Equal(n.own[:k], n.schema) && r.speaksOf(n.noun[len(n.noun)-1:], "entity")
}

// bare drops the digits behind the last word.
func bare(own []string) []string {
	last := len(own) - 1
	if t := strings.TrimRight(own[last], "0123456789"); t != "" {
		return append(own[:last:last], t)
	} else if last > 0 {
		return own[:last]
	}
	return own
}

func lastSegment(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }
