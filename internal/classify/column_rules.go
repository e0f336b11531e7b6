// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed columns.txt
var columnsFile string

//go:embed columns_world.txt
var columnsWorldFile string

// columnRule says what a phrase at the end of a name means.
type columnRule struct {
	category string
	// in is what the table or the path must be about: "", "person", "address" or another
	// of the "about" headings.
	in string
	// whole tells that nothing but whose it is may stand before the phrase.
	whole bool
	// head tells that whose it is may stand behind the phrase: nombre_cliente.
	head bool
	// number tells that numbers may be such values; flag, that true and false may.
	number, flag bool
}

// columnRules are those by phrase, and the words that say what tables and paths are about.
type columnRules struct {
	byPhrase map[string][]columnRule
	about    map[string]map[string]bool
	// vocabulary holds the single words of all of them, by which words that are written
	// together are taken apart; longest is the length of the longest one.
	vocabulary map[string]bool
	longest    int
}

// readColumnRules reads columns.txt and columns_world.txt.
func readColumnRules() (*columnRules, error) {
	r := &columnRules{byPhrase: map[string][]columnRule{}, about: map[string]map[string]bool{}, vocabulary: map[string]bool{}}
	if err := r.read("columns.txt", columnsFile, false); err != nil {
		return nil, err
	}
	return r, r.read("columns_world.txt", columnsWorldFile, true)
}

// read takes a file of "[category in kind]" headings with phrases below. In the file of
// the world each line begins with its languages.
func (r *columnRules) read(name, file string, world bool) error {
	var add func(phrase string)
	number := 0
	for line := range strings.Lines(file) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			var err error
			if add, err = r.heading(strings.Fields(strings.Trim(line, "[]")), world); err != nil {
				return fmt.Errorf("read %s, line %d: %w", name, number, err)
			}
			continue
		}
		if world {
			_, phrases, ok := strings.Cut(line, ":")
			if !ok {
				return fmt.Errorf("read %s, line %d: no language before a colon", name, number)
			}
			line = phrases
		}
		if add == nil {
			return fmt.Errorf("read %s, line %d: no heading above", name, number)
		}
		for phrase := range strings.SplitSeq(line, ",") {
			for _, spelt := range spellings(strings.TrimSpace(phrase)) {
				add(spelt)
			}
		}
	}
	return nil
}

// heading says what is done with the phrases below it.
func (r *columnRules) heading(head []string, world bool) (func(string), error) {
	if len(head) == 0 || head[0] == "about" && len(head) != 2 {
		return nil, fmt.Errorf("heading %v has no category", head)
	}
	if head[0] == "about" {
		about := r.about[head[1]]
		if about == nil {
			about = map[string]bool{}
			r.about[head[1]] = about
		}
		return func(phrase string) {
			about[strings.Join(words(phrase), " ")] = true
			r.learn(words(phrase))
		}, nil
	}
	rule := columnRule{category: head[0], number: slices.Contains(head, "number"), flag: slices.Contains(head, "flag"), head: world}
	if i := slices.Index(head, "in"); i > 0 && i+1 < len(head) {
		rule.in = head[i+1]
	}
	return func(phrase string) {
		one := rule
		phrase, one.whole = strings.CutPrefix(phrase, "=")
		own := words(phrase)
		if len(own) == 0 {
			return
		}
		key := strings.Join(own, " ")
		if one.category == None { // exceptions come before what they are from
			r.byPhrase[key] = slices.Insert(r.byPhrase[key], 0, one)
		} else {
			r.byPhrase[key] = append(r.byPhrase[key], one)
		}
		r.learn(own)
	}, nil
}

// learn adds words to the vocabulary. Short ones begin and end too many others.
func (r *columnRules) learn(own []string) {
	for _, w := range own {
		if n := len([]rune(w)); n >= shortestPart(w) {
			r.vocabulary[w] = true
			r.longest = max(r.longest, n)
		}
	}
}

// rulesOf are those of a phrase or of its singular. Lists of keys are references to other
// records, not the number of somebody.
func (r *columnRules) rulesOf(phrase string) []columnRule {
	if rules, ok := r.byPhrase[phrase]; ok {
		return rules
	}
	if strings.HasSuffix(phrase, " ids") {
		return nil
	}
	return r.byPhrase[singular(phrase)]
}

// speaksOf tells whether one of the words is about something.
func (r *columnRules) speaksOf(words []string, what string) bool {
	about := r.about[what]
	for _, w := range words {
		if about[w] || about[singular(w)] {
			return true
		}
	}
	return false
}

// onlyOf tells whether each of the words is about one of some things.
func (r *columnRules) onlyOf(words []string, what ...string) bool {
	for _, w := range words {
		if !slices.ContainsFunc(what, func(about string) bool { return r.speaksOf([]string{w}, about) }) {
			return false
		}
	}
	return true
}

// fits tells whether a type of column can hold such values.
func (c columnRule) fits(typ string) bool {
	t := strings.ToLower(typ)
	switch {
	case strings.Contains(t, "bool"):
		return c.flag
	case strings.Contains(t, "date"), strings.Contains(t, "timestamp"):
		return strings.Contains(c.category, "birth") || c.number
	case strings.Contains(t, "int"), strings.Contains(t, "float"), strings.Contains(t, "double"), strings.Contains(t, "decimal"):
		return c.number
	}
	return true
}
