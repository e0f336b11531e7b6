// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/comity-project/comity"
)

//go:embed detectors.yaml
var builtin []byte

// Limits of a file of detectors.
const (
	maxDetectorFile = 4 << 20
	maxPattern      = 4 << 10
	maxDetectors    = 2000
)

// defaultScore is that of a detector whose entry has none.
const defaultScore = 0.7

// definition is one entry of a file of detectors.
type definition struct {
	Label   string   `yaml:"label"`
	Kind    string   `yaml:"kind"`
	Values  []string `yaml:"values"`
	Formats []string `yaml:"formats"`
	// Pattern is a regular expression for what formats cannot say; it costs a pass over
	// the text of its own.
	Pattern  string   `yaml:"pattern"`
	Check    string   `yaml:"check"`
	Context  []string `yaml:"context"`
	Score    float64  `yaml:"score"`
	Category string   `yaml:"category"`
	Valid    []string `yaml:"valid"`
	Invalid  []string `yaml:"invalid"`
	at       string   // file and line
}

// detector is a compiled definition.
type detector struct {
	label   *Label
	country string
	values  []ValueType
	shapes  []shape // as written, with separators
	compact map[int][]shape
	pattern *regexp.Regexp
	whole   *regexp.Regexp // the pattern, for a value
	check   check
	digit   bool // the check is one of a digit, not of ranges
	context *wordSet
	score   float64
	order   int
}

// ValueType names what a value is asked to be: a type and the country or variant.
type ValueType struct {
	Type    string `json:"type"`
	Country string `json:"country"`
}

// compile makes a detector; errors say which and what.
func (d *definition) compile(order int) (*detector, error) {
	out, err := d.compileParts()
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: d.at + ": compile detector " + d.Label, Err: err}
	}
	out.order = order
	return out, nil
}

func (d *definition) compileParts() (*detector, error) {
	if d.Label == "" {
		return nil, errors.New("a detector needs a label")
	}
	if (len(d.Formats) == 0) == (d.Pattern == "") {
		return nil, errors.New("give either formats or a pattern")
	}
	if !(d.Score >= 0 && d.Score <= 1) { // not a number is neither
		return nil, fmt.Errorf("score %v is not between 0 and 1", d.Score)
	}
	out := &detector{compact: map[int][]shape{}, score: d.Score}
	var err error
	if out.label, err = newLabel(d.Label, d.Kind, d.Category); err != nil {
		return nil, err
	}
	if out.check, err = parseCheck(d.Check); err != nil {
		return nil, err
	}
	out.digit = out.check != nil && !rangeChecks[d.Check]
	for _, v := range d.Values {
		out.values = append(out.values, valueTypeOf(v))
	}
	// Of what a company numbers, the first letters are its own.
	if i := strings.IndexByte(d.Label, '_'); i == 2 && d.Kind != "" && d.Kind != "id" && d.Kind != "secret" {
		out.country = countryOf(d.Label[:2])
	}
	if len(d.Context) > 0 {
		out.context = newWordSet(d.Context...)
	}
	if d.Pattern != "" {
		return out, out.compilePattern(d.Pattern)
	}
	return out, out.compileFormats(d.Formats)
}

// compilePattern refuses what RE2 would compile into a machine of unreasonable size: the
// time per byte grows with it.
func (d *detector) compilePattern(pattern string) error {
	if len(pattern) > maxPattern {
		return fmt.Errorf("the pattern has more than %d characters", maxPattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	if re.MatchString("") {
		return errors.New("the pattern matches the empty text")
	}
	d.pattern = re
	d.whole, err = regexp.Compile(`\A(?:` + pattern + `)\z`)
	return err
}

// A search for all matches may look at the rest of the text for each of them, so that a
// pattern is tried on blocks and has a bounded number of matches in one.
const (
	patternBlock   = 2 << 10
	patternBefore  = 64      // bytes before the block, for what ^ and \b look at
	patternBehind  = 1 << 10 // bytes behind it: the length that a match surely may have
	patternMatches = 512
)

// matches finds those of the pattern that pass the check.
func (d *detector) matches(text string, found func(start, end int)) {
	last := 0
	for block := 0; block < len(text); block += patternBlock {
		if last >= min(block+patternBlock, len(text)) {
			continue
		}
		from := runeStart(text, max(block-patternBefore, last-1, 0))
		to := runeStart(text, min(block+patternBlock+patternBehind, len(text)))
		for _, m := range d.pattern.FindAllStringIndex(text[from:to], patternMatches) {
			start, end := from+m[0], from+m[1]
			if start < max(block, last) || start >= block+patternBlock {
				continue
			}
			if last = end; d.check == nil || d.check(squeeze(text[start:end])) {
				found(start, end)
			}
		}
	}
}

// runeStart is at, or the start of the character that at is inside of.
func runeStart(text string, at int) int {
	for k := at; k < len(text) && k > max(at-utf8.UTFMax, 0); k-- {
		if utf8.RuneStart(text[k]) {
			return k
		}
	}
	return at
}

func (d *detector) compileFormats(formats []string) error {
	for _, f := range formats {
		shapes, err := compileFormat(f)
		if err != nil {
			return err
		}
		for _, s := range shapes {
			d.shapes = append(d.shapes, s)
			c := s.compact()
			d.compact[len(c)] = append(d.compact[len(c)], c)
		}
		if len(d.shapes) > maxShapes {
			return fmt.Errorf("more than %d shapes", maxShapes)
		}
	}
	return nil
}

// valueTypeOf reads "NATIONAL_ID/PL" or "stdnum:pl.pesel", whose country is before the dot.
func valueTypeOf(text string) ValueType {
	if t, c, ok := strings.Cut(text, "/"); ok {
		return ValueType{t, c}
	}
	if rest, ok := strings.CutPrefix(text, "stdnum:"); ok {
		if c, _, ok := strings.Cut(rest, "."); ok {
			return ValueType{text, c}
		}
	}
	return ValueType{Type: text}
}

// countryOf is the country of which a label's prefix is evidence.
func countryOf(prefix string) string {
	if prefix == "UK" {
		return "GB"
	}
	return prefix
}

// squeeze removes separators and spaces and makes letters upper case.
func squeeze(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case isSeparator(c), c == '\t', c == ',', c == '+':
		case c >= 'a' && c <= 'z':
			b.WriteByte(c - 32)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// try holds a detector against the test values that its entry has.
func (d *definition) try(made *detector) error {
	for _, list := range []struct {
		values []string
		valid  bool
		does   string
	}{{d.Valid, true, "refuses"}, {d.Invalid, false, "accepts"}} {
		for i, v := range list.values {
			if made.accepts(v) != list.valid {
				field := map[bool]string{true: "valid", false: "invalid"}[list.valid]
				return &comity.Error{
					Code: comity.CodeInvalid, Op: d.at + ": try detector " + d.Label,
					Err: fmt.Errorf("it %s value %d of %s", list.does, i+1, field), Remedy: "correct the detector or its test value",
				}
			}
		}
	}
	return nil
}

// accepts tells whether a number written in one of the detector's formats passes its check.
func (d *detector) accepts(text string) bool {
	if d.whole != nil {
		return d.whole.MatchString(text) && (d.check == nil || d.check(squeeze(text)))
	}
	for _, s := range d.shapes {
		if len(s) == len(text) && s.matches(text) {
			return d.check == nil || d.check(squeeze(text))
		}
	}
	return false
}

// writtenAs tells whether a number has separators in the places of one of the formats, and
// passes the check.
func (d *detector) writtenAs(text string) (as, ok bool) {
	for _, s := range d.shapes {
		if len(s) == len(text) && s.key().seps != 0 && s.matches(text) {
			return true, d.check == nil || d.check(squeeze(text))
		}
	}
	return false, false
}

// acceptsCompact is accepts for a number whose separators do not matter.
func (d *detector) acceptsCompact(compact string) bool {
	for _, s := range d.compact[len(compact)] {
		if s.matches(compact) {
			return d.check == nil || d.check(compact)
		}
	}
	return false
}

// index finds the detectors for a candidate by length and places of separators.
type index struct {
	byLen  [maxShapeLen + 1][]entry
	maxLen int
}

type entry struct {
	seps uint64
	list []indexed
}

type indexed struct {
	shape shape
	d     *detector
}

// leastScore keeps out of the text what no context could make worth saying.
const leastScore = 0.1

func newIndex(detectors []*detector) *index {
	x := &index{}
	for _, d := range detectors {
		if d.score < leastScore {
			continue
		}
		for _, s := range d.shapes {
			x.add(s.key(), indexed{s, d})
		}
	}
	return x
}

func (x *index) add(k shapeKey, one indexed) {
	x.maxLen = max(x.maxLen, k.n)
	for i := range x.byLen[k.n] {
		if e := &x.byLen[k.n][i]; e.seps == k.seps {
			e.list = append(e.list, one)
			return
		}
	}
	x.byLen[k.n] = append(x.byLen[k.n], entry{k.seps, []indexed{one}})
}

// find is the list for a candidate.
func (x *index) find(k shapeKey) []indexed {
	for i := range x.byLen[k.n] {
		if e := &x.byLen[k.n][i]; e.seps == k.seps {
			return e.list
		}
	}
	return nil
}
