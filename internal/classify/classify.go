// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package classify finds personal data in text, values and columns. It has no network, no
// files and no clock: the same input gives the same findings.
//
// Text goes through one pass that looks at bytes (numbers, addresses of machines, keys)
// and, unless it is switched off, one over words (names, places, organisations, postal
// addresses). Both only propose; resolve.go decides between findings that overlap. A
// finding is evidence with a score, never a fact.
package classify

import (
	"cmp"
	"sync"
	"unicode/utf8"
)

// MaxLine is the longest text that is looked at as one.
const MaxLine = 1 << 20

// Options choose what a Classifier looks for.
type Options struct {
	// WithoutNames leaves out names, places, organisations and postal addresses.
	WithoutNames bool
	// Detectors is a file of further detectors, in the form of detectors.yaml.
	Detectors []byte
	// DetectorsName is what errors call that file; "detectors" if empty.
	DetectorsName string
	// Threshold is the least score of a finding; 0.5 if zero.
	Threshold float64
}

// Span is a finding; Start and End count Unicode code points.
type Span struct {
	Start       int     `json:"start"`
	End         int     `json:"end"`
	Label       string  `json:"label"`
	Category    string  `json:"category"`
	DPV         string  `json:"dpv"`
	Sensitivity string  `json:"sensitivity"`
	Score       float64 `json:"score"`
	Why         string  `json:"why"`
	// Country is where the form of a number, a prefix or a name points: evidence of
	// jurisdiction, never proof of it.
	Country string `json:"country,omitempty"`
	// Or lists the other countries that share a calling code.
	Or []string `json:"or,omitempty"`
	// CountryConfidence is what this evidence of a country is worth; Score is about the label.
	CountryConfidence float64 `json:"country_confidence,omitempty"`
}

// Classifier finds personal data. It does not change after New; any number of goroutines
// may use it.
type Classifier struct {
	labels    *labels
	detectors []*detector
	patterns  []*detector
	index     *index
	plans     *plans
	words     *lexicon
	columns   *columnRules
	threshold float64
	scratch   sync.Pool // of *scratch
}

// scratch is what one text needs and the next can use again: most lines have few words and
// fewer findings, and making room for them would cost more than looking.
type scratch struct {
	found, kept []finding
	tokens      []token
}

// New makes a Classifier. Errors are those of the file of detectors.
func New(o Options) (*Classifier, error) {
	c := &Classifier{labels: newLabels(), threshold: o.Threshold, plans: newPlans()}
	if c.threshold == 0 {
		c.threshold = 0.5
	}
	for _, file := range []struct {
		name string
		data []byte
	}{{"detectors.yaml", builtin}, {cmp.Or(o.DetectorsName, "detectors"), o.Detectors}} {
		own := len(c.detectors) > 0
		defs, err := readDefinitions(file.name, file.data)
		if err != nil {
			return nil, err
		}
		for i := range defs {
			if own && defs[i].Values == nil {
				defs[i].Values = []string{defs[i].Label}
			}
			d, err := defs[i].compile(len(c.detectors))
			if err == nil && own {
				err = defs[i].try(d)
			}
			if err != nil {
				return nil, err
			}
			c.detectors = append(c.detectors, d)
			if d.pattern != nil {
				c.patterns = append(c.patterns, d)
			}
		}
	}
	c.index = newIndex(c.detectors)
	var err error
	if c.columns, err = readColumnRules(); err != nil {
		return nil, err
	}
	if !o.WithoutNames {
		words, err := loadLexicon()
		if err != nil {
			return nil, err
		}
		c.words = words
	}
	return c, nil
}

// Text finds personal data in a text of at most MaxLine bytes; what is beyond is not
// looked at.
func (c *Classifier) Text(text string) []Span {
	if len(text) > MaxLine {
		text = text[:MaxLine]
	}
	plain, offsets := plainText(text)
	room, _ := c.scratch.Get().(*scratch)
	if room == nil {
		room = &scratch{}
	}
	defer c.scratch.Put(room)
	found := c.findings(plain, room)
	spans := make([]Span, 0, len(found))
	at := counter{text: text}
	for _, f := range found {
		start, end := f.start, f.end
		if offsets != nil {
			start, end = offsets[start], offsets[end-1]
			_, n := utf8.DecodeRuneInString(text[end:])
			end += n // not the next offset: what shows nothing may stand in between
		}
		spans = append(spans, Span{
			Start: at.count(start), End: at.count(end), Label: f.label.Name, Category: f.label.Category,
			DPV: f.label.DPV, Sensitivity: f.label.Sensitivity, Score: round(f.score), Why: f.why, Country: f.country,
		})
		spans[len(spans)-1].point()
	}
	return spans
}

// findings are those of a plain text that remain, in order; they are in the room that is
// lent.
func (c *Classifier) findings(text string, room *scratch) []finding {
	s := scanner{c: c, s: text, found: room.found[:0], room: room}
	s.structured()
	for _, d := range c.patterns {
		d.matches(text, func(start, end int) { s.detected(d, start, end) })
	}
	if c.words != nil {
		s.named()
	}
	room.found = s.found
	room.kept = resolve(s.found, room.kept[:0], c.threshold)
	return room.kept
}

// counter turns byte offsets, asked for in rising order, into code points.
type counter struct {
	text         string
	bytes, runes int
}

func (c *counter) count(offset int) int {
	if offset < c.bytes {
		c.bytes, c.runes = 0, 0
	}
	c.runes += utf8.RuneCountInString(c.text[c.bytes:offset])
	c.bytes = offset
	return c.runes
}

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }
