// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/packs"
)

// vocabulary writes the dimensions as a Comity vocabulary; `operation` is the
// operation of that name, so its values are operations.
func (s *Set) vocabulary() string {
	var b strings.Builder
	b.WriteString("format: comity/v1\noperations:\n")
	for _, dim := range s.Dimensions {
		if dim.Name == "operation" {
			for v := range dim.Size {
				fmt.Fprintf(&b, "  %s: {mode: act, text: generated}\n", dim.Value(v))
			}
		}
	}
	b.WriteString("facts:\n  date: {type: instant, role: act}\n  operation: {type: enum, role: act}\n")
	for _, dim := range s.Dimensions {
		if dim.Name == "operation" {
			continue
		}
		kind := "enum"
		if dim.Values > 1 {
			kind = "[enum]"
		}
		values := make([]string, dim.Size)
		for v := range values {
			values[v] = dim.Value(v)
		}
		fmt.Fprintf(&b, "  %s: {type: %q, role: act, values: [%s]}\n", dim.Name, kind, strings.Join(values, ", "))
	}
	return b.String()
}

const packHeader = `format: comity/v1
id: generated
name: Generated
version: 1.0.0
order: EU
weight: federal
zone: Europe/Brussels
reviewed: 2026-01-01
next_review: 2027-01-01
instruments:
- cite: Generated Act
  examples: [Generated Act Art. 1]
reach:
  when: "true"
  cite: [Generated Act Art. 1]
  text: {en: Everything.}
requirements:
`

// pack writes the requirements as a Comity pack.
func (s *Set) pack() string {
	var b strings.Builder
	b.WriteString(packHeader)
	for i, r := range s.Requirements {
		kind := "qualify"
		if r.Forbid {
			kind = "forbid"
		}
		fmt.Fprintf(&b, "- id: %s\n  kind: %s\n  title: Generated\n  text: {en: Generated.}\n  cite: [Generated Act Art. %d]\n", ID(i), kind, i+1)
		fmt.Fprintf(&b, "  when: %q\n", s.condition(r))
		if r.From != 0 {
			fmt.Fprintf(&b, "  from: %s\n", Day(r.From))
		}
		if r.Until != 0 {
			fmt.Fprintf(&b, "  until: %s\n", Day(r.Until))
		}
		if !r.Forbid {
			fmt.Fprintf(&b, "  conditions:\n  - id: %s\n    text: {en: Generated.}\n", ConditionID(i))
		}
	}
	return b.String()
}

func (s *Set) condition(r Requirement) string {
	var terms []string
	for d, named := range r.Values {
		if named == nil {
			continue
		}
		values := make([]string, len(named))
		for i, v := range named {
			values[i] = s.Dimensions[d].Value(v)
		}
		terms = append(terms, fmt.Sprintf("%s in [%s]", s.Dimensions[d].Name, strings.Join(values, ", ")))
	}
	return strings.Join(terms, " and ")
}

// model reads and links the pack.
func (s *Set) model() (*pack.Model, error) {
	regions, err := fs.ReadFile(packs.FS, "regions.yaml")
	if err != nil {
		return nil, fmt.Errorf("read regions: %w", err)
	}
	var probs pack.Problems
	vocabulary := pack.NewVocabulary(pack.ReadRegions("regions.yaml", regions, &probs))
	vocabulary.Read("vocabulary.yaml", []byte(s.vocabulary()), &probs)
	files := fstest.MapFS{"generated/pack.yaml": {Data: []byte(s.pack())}}
	p := pack.ReadPack(files, "generated", "generated", vocabulary, &probs)
	if err := probs.Err(); err != nil {
		return nil, fmt.Errorf("read generated pack: %w", err)
	}
	m := pack.Link(vocabulary, []*pack.Pack{p}, pack.DayMax, &probs)
	if err := probs.Err(); err != nil {
		return nil, fmt.Errorf("link generated pack: %w", err)
	}
	return m, nil
}
