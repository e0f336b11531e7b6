// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/comity-project/comity/internal/classify"
	"github.com/comity-project/comity/internal/mask"
)

const (
	shownSamples = 3
	shownLength  = 40

	// surely is the score from which a single value inside a text is worth a finding.
	surely = 0.85
	// maxConfidence: a sample never proves anything.
	maxConfidence = 0.95
)

// form masks samples: what stays is which characters are letters, digits and marks.
var form = func() *mask.Mask {
	m, err := mask.New(mask.Rule{How: mask.Form, KeepLength: true})
	if err != nil {
		panic(err) // the rule is a constant
	}
	return m
}()

// report judges the columns.
func (s *Sampler) report() Report {
	out := s.out
	out.Columns = make([]Column, 0, len(s.columns))
	e := evidence{}
	for _, c := range s.columns {
		out.Columns = append(out.Columns, s.column(c, e))
	}
	out.Jurisdictions = e.list()
	return out
}

// column weighs the name and the sample, and then what stands inside the values.
func (s *Sampler) column(c *sampled, e evidence) Column {
	out := Column{Name: c.name, Type: c.typ, Values: len(c.values)}
	a := s.run.o.Classifier.Column(classify.Column{Table: subject(s.table), Column: c.name, Type: c.typ, Samples: c.values})
	if a.Category != classify.None {
		out.Findings = append(out.Findings, Finding{a.Category, a.DPV, a.Sensitivity, min(a.Score, maxConfidence), a.Why})
	}
	in := s.inside(c)
	for _, label := range slices.Sorted(maps.Keys(in.labels)) {
		f, ok := in.labels[label].finding(len(c.values))
		if ok && !slices.ContainsFunc(out.Findings, func(g Finding) bool { return related(f.Category, g.Category) }) {
			out.Findings = append(out.Findings, f)
		}
	}
	if len(out.Findings) > 0 {
		e.add(c, a.Category, in)
		out.Samples = MaskedSamples(c.values)
	}
	return out
}

// MaskedSamples shows the first values of a column as reports do.
func MaskedSamples(values []string) []string {
	var out []string
	for _, v := range values[:min(len(values), shownSamples)] {
		out = append(out, form.Apply(cut(v)))
	}
	return out
}

// subject is what the name of a table says it is about: of a path, the file without its
// suffixes.
func subject(table string) string {
	if !IsDataFile(table) {
		return table
	}
	name, _, _ := strings.Cut(path.Base(filepath.ToSlash(table)), ".")
	return name
}

// related tells whether one category is the other or a part of it.
func related(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}

func cut(v string) string {
	if r := []rune(v); len(r) > shownLength {
		return string(r[:shownLength])
	}
	return v
}

// content is what stands inside the values of a column.
type content struct {
	labels map[string]*tally
	// countries counts, by the kind of evidence and the country, the values that point there.
	countries map[string]map[string]int
}

// tally counts the values in which a label was found.
type tally struct {
	span   classify.Span
	values int
	digits int // of which nothing but digits
	sum    float64
}

// inside looks into the values. Numbers have no text in them, and a column of numbers has
// some with a right check digit by chance.
func (s *Sampler) inside(c *sampled) content {
	out := content{labels: map[string]*tally{}, countries: map[string]map[string]int{}}
	for _, v := range c.values {
		seen := map[string]bool{}
		for _, span := range s.run.o.Classifier.Text(v) {
			if kind := span.Evidence(); tells(span) && !seen[kind+span.Country] {
				seen[kind+span.Country] = true
				if out.countries[kind] == nil {
					out.countries[kind] = map[string]int{}
				}
				out.countries[kind][span.Country]++
			}
			if seen[span.Label] || !worthIt(c, v, span) {
				continue
			}
			seen[span.Label] = true
			t := out.labels[span.Label]
			if t == nil {
				t = &tally{span: span}
				out.labels[span.Label] = t
			}
			t.values++
			t.sum += span.Score
			if strings.Trim(v, "0123456789") == "" {
				t.digits++
			}
		}
	}
	return out
}

// worthIt tells whether a span says something of its column.
func worthIt(c *sampled, value string, span classify.Span) bool {
	switch span.Label {
	case "PERSON", "STREET_ADDRESS":
		return span.Score >= 0.8 && len(strings.Fields(value)) > 4
	case "URL", "DOMAIN_NAME", "LOCATION", "ORGANIZATION", "DATE_TIME", "NRP", "AGE", "TITLE", "ZIP_CODE":
		return false
	}
	return span.Score >= surely && !numeric(c.typ)
}

func numeric(typ string) bool {
	for _, t := range []string{"int", "float", "double", "decimal", "numeric", "real", "number", "serial", "bool", "date", "time"} {
		if strings.Contains(strings.ToLower(typ), t) {
			return true
		}
	}
	return false
}

// finding tells whether enough values hold a label. Names in texts are too uncertain for
// one to count, and digits alone may have a right check digit by chance.
func (t *tally) finding(of int) (Finding, bool) {
	share := float64(t.values) / float64(of)
	name := t.span.Label == "PERSON" || t.span.Label == "STREET_ADDRESS"
	if name && share < 0.2 || 2*t.digits > t.values && share < 0.3 {
		return Finding{}, false
	}
	confidence := min(maxConfidence, t.sum/float64(t.values), 0.6+share)
	return Finding{t.span.Category, t.span.DPV, t.span.Sensitivity, round(confidence), fmt.Sprintf("%s in %d of %d values", t.span.Label, t.values, of)}, true
}

func round(f float64) float64 { return math.Round(f*100) / 100 }

// maxEvidence is the most that kinds that agree are worth.
const maxEvidence = 0.8

// tells are the kinds of evidence that count; what else has a country tells too little.
func tells(span classify.Span) bool {
	switch span.Evidence() {
	case classify.ByPrefix, classify.ByIBAN, classify.ByNationalID, classify.ByAddress:
		return mask.IsCountry(span.Country)
	}
	return false
}

// evidence gathers, by country, what the columns of a table say.
type evidence map[string]*pointer

type pointer struct {
	doubt float64
	why   []string
	phone bool
	other bool
}

// add takes what a column with findings says. One value alone says nothing.
func (e evidence) add(c *sampled, category string, in content) {
	if strings.HasSuffix(category, "address.country") {
		codes := map[string]int{}
		for _, v := range c.values {
			if code := strings.ToUpper(strings.TrimSpace(v)); utf8.RuneCountInString(code) == 2 && mask.IsCountry(code) {
				codes[code]++
			}
		}
		in.countries[classify.ByCountry] = codes
	}
	for _, kind := range slices.Sorted(maps.Keys(in.countries)) {
		for _, country := range slices.Sorted(maps.Keys(in.countries[kind])) {
			n := in.countries[kind][country]
			if n < 2 {
				continue
			}
			p := e[country]
			if p == nil {
				p = &pointer{doubt: 1}
				e[country] = p
			}
			p.doubt *= 1 - classify.Worth(kind)*float64(n)/float64(len(c.values))
			p.why = append(p.why, fmt.Sprintf("%s in %d of %d values of %s", kind, n, len(c.values), c.name))
			p.phone = p.phone || kind == classify.ByPrefix
			p.other = p.other || kind != classify.ByPrefix
		}
	}
}

// list orders the evidence by its weight.
func (e evidence) list() []Evidence {
	var out []Evidence
	for country, p := range e {
		v := Evidence{Country: country, Confidence: round(min(maxEvidence, 1-p.doubt)), Why: p.why}
		if p.phone && !p.other {
			v.Or = classify.SharedCode(country)
		}
		if v.Confidence > 0 {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Country, b.Country))
	})
	return out
}
