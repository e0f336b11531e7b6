// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"
)

//go:embed columns.txt
var columnsFile string

// Column is what is known of a column without reading its table.
type Column struct {
	Table   string   `json:"table"`
	Column  string   `json:"column"`
	Type    string   `json:"type"`
	Samples []string `json:"samples"`
}

// ColumnAnswer says which category the values of a column are of; "none" if they are about
// nobody.
type ColumnAnswer struct {
	Category    string  `json:"category"`
	DPV         string  `json:"dpv,omitempty"`
	Sensitivity string  `json:"sensitivity,omitempty"`
	Score       float64 `json:"score"`
	Why         string  `json:"why"`
}

// None is the category of columns that are about nobody.
const None = "none"

// maxSamples bounds the values that are looked at.
const maxSamples = 200

// columnRule is one line of columns.txt.
type columnRule struct {
	category string
	// in is what the table or the path must be about: "", "person" or "address".
	in string
	// number tells that numbers may be such values; flag, that true and false may.
	number bool
}

// columnRules are those by phrase, and the words for people and for addresses.
type columnRules struct {
	byPhrase map[string]columnRule
	about    map[string]map[string]bool
}

// readColumnRules reads columns.txt: "[category in kind]" headings, then phrases.
func readColumnRules() (*columnRules, error) {
	r := &columnRules{byPhrase: map[string]columnRule{}, about: map[string]map[string]bool{}}
	var rule columnRule
	var about map[string]bool
	for line := range strings.Lines(columnsFile) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			head := strings.Fields(strings.Trim(line, "[]"))
			if len(head) == 0 {
				return nil, fmt.Errorf("read columns: empty heading")
			}
			rule, about = columnRule{category: head[0]}, nil
			if head[0] == "about" {
				about = map[string]bool{}
				r.about[head[1]] = about
			}
			for i := 1; i+1 < len(head); i++ {
				if head[i] == "in" {
					rule.in = head[i+1]
				}
			}
			rule.number = strings.Contains(line, " number")
		default:
			for phrase := range strings.SplitSeq(line, ",") {
				if phrase = strings.TrimSpace(phrase); about != nil {
					about[phrase] = true
				} else if phrase != "" {
					r.byPhrase[phrase] = rule
				}
			}
		}
	}
	return r, nil
}

// Column weighs the name of a column and its samples.
func (c *Classifier) Column(col Column) ColumnAnswer {
	byName, why := c.columns.byName(col)
	sampled, share := c.bySamples(col.Samples)
	switch {
	case sampled != nil && share >= 0.6 && (byName == "" || !strings.HasPrefix(byName, sampled.Category)):
		return ColumnAnswer{sampled.Category, sampled.DPV, sampled.Sensitivity, round(0.5 + share*0.45), "samples"}
	case byName != "":
		score := 0.8
		if sampled != nil {
			score, why = 0.95, why+", samples"
		}
		return ColumnAnswer{byName, dpvOf(byName), sensitivityOf(byName), score, why}
	}
	return ColumnAnswer{Category: None, Score: 0.7, Why: "nothing speaks for a person"}
}

// bySamples is the label that most samples carry, if they are little else.
func (c *Classifier) bySamples(samples []string) (*Label, float64) {
	if len(samples) > maxSamples {
		samples = samples[:maxSamples]
	}
	counts := map[*Label]int{}
	all := 0
	for _, s := range samples {
		if s = strings.TrimSpace(s); s == "" || len(s) > MaxValue {
			continue
		}
		all++
		for _, f := range c.findings(s, &scratch{}) {
			// Names and places are too common among names of things to say what a column is.
			if 10*(f.end-f.start) >= 8*len(s) && f.score >= 0.85 && f.order < 1000 {
				counts[f.label]++
				break
			}
		}
	}
	var best *Label
	for l, n := range counts {
		if best == nil || n > counts[best] || n == counts[best] && l.Name < best.Name {
			best = l
		}
	}
	if best == nil || all < 3 {
		return nil, 0
	}
	return best, float64(counts[best]) / float64(all)
}

// byName looks for the longest phrase at the end of the name that the rules know.
func (r *columnRules) byName(col Column) (category, why string) {
	segments := strings.Split(col.Column, ".")
	var path []string
	for _, s := range segments {
		path = append(path, words(s)...)
	}
	own := words(segments[len(segments)-1])
	if len(own) == 0 {
		return "", ""
	}
	// "value" and the like say nothing; what they are the value of does.
	if len(segments) > 1 && len(own) == 1 && r.about["nothing"][own[0]] {
		own = words(segments[len(segments)-2])
	}
	if len(own) == 0 {
		return "", ""
	}
	if k := len(own) - 1; k > 0 && (own[k] == "normalized" || own[k] == "encrypted") {
		own = own[:k]
	}
	if _, ok := r.lookup(strings.Join(own, " "), true); !ok {
		own = r.bare(own)
	}
	context := append(r.tableNoun(col.Table), path...)
	for from := range own {
		phrase := strings.Join(own[from:], " ")
		rule, ok := r.lookup(phrase, from == 0)
		if !ok {
			continue
		}
		if r.speaksOf(own[:from], "state") {
			return "", ""
		}
		// What only the table says holds for its own columns alone.
		if rule.in == "entity" || rule.in == "bill" || rule.in == "message" {
			if noun := r.tableNoun(col.Table); len(segments) > 1 || !rule.fits(col.Type) || !r.speaksOf(noun[len(noun)-1:], rule.in) {
				return "", ""
			}
			return rule.category, "name " + phrase
		}
		if strings.HasPrefix(rule.category, "user.contact") && r.facility(col.Table, path) || rule.category == None || !rule.fits(col.Type) || rule.in != "" && !r.speaksOf(context, rule.in) || rule.in != "" && r.speaksOf(context, "thing") {
			return "", ""
		}
		return rule.category, "name " + phrase
	}
	return "", ""
}

// lookup finds a phrase or its singular; exact ones only if the phrase is the whole name.
func (r *columnRules) lookup(phrase string, whole bool) (columnRule, bool) {
	for _, p := range []string{phrase, singular(phrase)} {
		if rule, ok := r.byPhrase["="+p]; ok && whole {
			return rule, true
		}
		if rule, ok := r.byPhrase[p]; ok {
			return rule, true
		}
	}
	return columnRule{}, false
}

// tableNoun is what a table is about: the last word of its name, and more only while that
// says nothing.
func (r *columnRules) tableNoun(table string) []string {
	all := words(lastSegment(table))
	if len(all) == 0 {
		return []string{""}
	}
	for i := len(all) - 1; i >= 0; i-- {
		if !r.speaksOf(all[i:i+1], "generic") {
			return all[i:]
		}
	}
	return all
}

// facility tells whether a table is about places of business and the path is not about a
// person: their addresses are nobody's.
func (r *columnRules) facility(table string, path []string) bool {
	noun := r.tableNoun(table)
	return len(noun) > 0 && r.speaksOf(noun[:1], "facility") && !r.speaksOf(path[:len(path)-1], "person")
}

// bare drops the digits behind the last word.
func (r *columnRules) bare(own []string) []string {
	last := len(own) - 1
	if t := strings.TrimRight(own[last], "0123456789"); t != "" {
		own[last] = t
	} else if last > 0 {
		return own[:last]
	}
	return own
}

func (r *columnRules) speaksOf(words []string, what string) bool {
	for _, w := range words {
		if r.about[what][w] || r.about[what][singular(w)] {
			return true
		}
	}
	return false
}

// fits tells whether a type of column can hold such values.
func (c columnRule) fits(typ string) bool {
	t := strings.ToLower(typ)
	switch {
	case strings.Contains(t, "bool"):
		return false
	case strings.Contains(t, "date"), strings.Contains(t, "timestamp"):
		return strings.Contains(c.category, "birth") || c.number
	case strings.Contains(t, "int"), strings.Contains(t, "float"), strings.Contains(t, "double"), strings.Contains(t, "decimal"):
		return c.number
	}
	return true
}

// words takes a name apart: first_name, firstName and FIRST-NAME are first and name.
func words(name string) []string {
	var out []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, strings.ToLower(b.String()))
			b.Reset()
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
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

func lastSegment(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }

// dpvOf and sensitivityOf are those of the kind whose category is nearest.
func dpvOf(category string) string {
	if k := nearest(category); k.dpv != "" {
		return dpvBase + k.dpv
	}
	return dpvBase + "PersonalData"
}

func sensitivityOf(category string) string {
	switch {
	case strings.HasPrefix(category, "user.health"), strings.HasPrefix(category, "user.demographic.race"), strings.HasPrefix(category, "user.authorization"), strings.HasPrefix(category, "user.government_id"):
		return high
	}
	if k := nearest(category); k.sensitivity != "" {
		return k.sensitivity
	}
	return medium
}

func nearest(category string) kind {
	var best kind
	for _, k := range kinds {
		if (k.category == category || strings.HasPrefix(category, k.category+".")) && (len(k.category) > len(best.category) || len(k.category) == len(best.category) && k.dpv < best.dpv) {
			best = k
		}
	}
	return best
}
