// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

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

// Column weighs the name of a column and its samples.
func (c *Classifier) Column(col Column) ColumnAnswer {
	category, why, score := c.columns.byName(col)
	found := c.bySamples(col.Samples)
	switch {
	// Few samples complete what the name says, but do not overrule it.
	case found.label != nil && (category == "" || found.enough() && !strings.HasPrefix(category, found.label.Category)):
		l := found.label
		return ColumnAnswer{l.Category, l.DPV, l.Sensitivity, round(found.score()), "samples"}
	case category != "":
		if found.label != nil && strings.HasPrefix(category, found.label.Category) {
			score, why = 0.95, why+", samples"
		}
		return ColumnAnswer{category, dpvOf(category), sensitivityOf(category), score, why}
	}
	return ColumnAnswer{Category: None, Score: 0.7, Why: "nothing speaks for a person"}
}

// sampling is what the samples say: so many of all are of a label.
type sampling struct {
	label  *Label
	of, in int
}

// enoughSamples is how many it takes until a part of them decides. One number in ten has a
// right check digit by chance: of fewer samples all must be found, and by more than that.
const enoughSamples = 3

func (s sampling) enough() bool { return s.in >= enoughSamples }

func (s sampling) score() float64 {
	share := float64(s.of) / float64(s.in)
	if !s.enough() {
		share *= float64(s.in) / float64(s.in+1)
	}
	return 0.5 + share*0.45
}

// bySamples is the label that most samples carry, if they are little else.
func (c *Classifier) bySamples(samples []string) sampling {
	if len(samples) > maxSamples {
		samples = samples[:maxSamples]
	}
	counts := map[*Label]int{}
	all, sure := 0, 0
	for _, s := range samples {
		if s = strings.TrimSpace(s); s == "" || len(s) > MaxValue {
			continue
		}
		all++
		for _, f := range c.findings(s, &scratch{}) {
			if f.tellsColumn(s) {
				counts[f.label]++
				if f.score >= sureSample && f.start == 0 && f.end == len(s) {
					sure++
				}
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
	if best == nil || 10*counts[best] < 6*all || all < enoughSamples && (counts[best] < all || sure < all) {
		return sampling{}
	}
	return sampling{best, counts[best], all}
}

// sureSample is the score from which one value alone says what its column holds.
const sureSample = 0.9

// tellsColumn tells whether a finding in a sample says what the column holds. Names and
// places are too common among names of things for that, and dates and addresses of pages
// are those of anything.
func (f finding) tellsColumn(sample string) bool {
	return 10*(f.end-f.start) >= 8*len(sample) && f.score >= 0.85 && f.order < 1000 &&
		f.label.Category != "user.behavior" && f.label.Category != "user.contact.url"
}
