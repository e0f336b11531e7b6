// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/pack"
)

// namedFilter is a filter whose values are names, and the names that there are beside those
// that only the log knows.
type namedFilter struct {
	flag   string
	values []string
	in     func(*audit.Query, []string)
	known  func(*pack.Model) []string
}

func (f *queryFlags) named() []namedFilter {
	none := func(*pack.Model) []string { return nil }
	regions := func(m *pack.Model) []string { return m.Vocab.Regions().Codes() }
	return []namedFilter{
		{"--type", f.types, func(q *audit.Query, v []string) { q.Types = v }, func(*pack.Model) []string { return audit.TypeNames() }},
		{"--action", f.actions, func(q *audit.Query, v []string) { q.Actions = v }, operations},
		{"--outcome", f.outcomes, func(q *audit.Query, v []string) { q.Outcomes = v }, func(*pack.Model) []string { return []string{"success", "failure"} }},
		{"--region", f.regions, func(q *audit.Query, v []string) { q.Regions = v }, regions},
		{"--jurisdiction", f.jurisdictions, func(q *audit.Query, v []string) { q.Jurisdictions = v }, regions},
		{"--requirement", f.requirements, func(q *audit.Query, v []string) { q.Requirements = v }, requirementsOf},
		{"--tenant", f.tenants, func(q *audit.Query, v []string) { q.Tenants = v }, none},
		{"--program", f.programs, func(q *audit.Query, v []string) { q.Programs = v }, none},
	}
}

func operations(m *pack.Model) []string {
	var out []string
	for _, o := range m.Vocab.Operations {
		out = append(out, o.Name)
	}
	return out
}

// warnUnseen says which names of filters stand in no entry and are no names that Comity
// knows: a name that is misspelt finds nothing, as one does of which there is nothing. Events
// name things as they like, so it is no error.
func (f *queryFlags) warnUnseen(ctx context.Context, w io.Writer, find finder) error {
	var m *pack.Model
	for _, x := range f.named() {
		for _, v := range x.values {
			q := audit.Query{Limit: 1}
			x.in(&q, []string{v})
			page, err := find(ctx, q)
			if err != nil {
				return err
			}
			if len(page.Entries) > 0 {
				continue
			}
			if m == nil {
				eng, err := engine.New(engine.Options{})
				if err != nil {
					return err
				}
				m = eng.Program().Model()
			}
			known := x.known(m)
			if slices.Contains(known, v) {
				continue
			}
			text := fmt.Sprintf("%s %s: no entry has this name", x.flag, v)
			if remedy := pack.Suggest(v, known); remedy != "" {
				text += "; " + remedy
			}
			fmt.Fprintf(w, "warning: %s\n", clean(text))
		}
	}
	return nil
}
