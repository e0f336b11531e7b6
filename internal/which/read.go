// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package which tells a business which regimes bind it: it turns what the business says of
// itself into operations, asks the packs about them, and says for every other regime which
// fact rules it out or is still open. It holds no legal rule: those are in the packs, and
// what is asked is in the data of package frameworks.
package which

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity/internal/pack"
)

// The types of facts about a business.
const (
	typeBool    = "bool"
	typeInt     = "int"
	typeRegions = "regions"
)

// Fact is one question about a business.
type Fact struct {
	Name string `yaml:"-" json:"name"`
	Type string `yaml:"type" json:"type"`
	Text string `yaml:"text" json:"text"`
	// Everywhere names the list of regions that is every place where this fact is true.
	Everywhere string `yaml:"everywhere" json:"everywhere,omitempty"`
	// Wide is the value that brings the most regimes.
	Wide any `yaml:"wide" json:"-"`
}

// activity is an operation that a business performs.
type activity struct {
	ID    string         `yaml:"id"`
	Text  string         `yaml:"text"`
	When  []string       `yaml:"when"`
	Each  []string       `yaml:"each"`
	Facts map[string]any `yaml:"facts"`
}

// framework is what no law requires.
type framework struct {
	ID      string          `yaml:"id"`
	Name    string          `yaml:"name"`
	Start   int             `yaml:"start"`
	Penalty string          `yaml:"penalty"`
	Rules   []frameworkRule `yaml:"rules"`
}

type frameworkRule struct {
	Status Status   `yaml:"status"`
	When   []string `yaml:"when"`
	Text   string   `yaml:"text"`
	Cite   string   `yaml:"cite"`
}

// Questions is what can be asked, and what follows from the answers.
type Questions struct {
	Facts      []*Fact
	always     map[string]any
	activities []activity
	frameworks []framework
}

// Read reads business.yaml and frameworks.yaml.
func Read(fsys fs.FS) (*Questions, error) {
	var business struct {
		Format     string         `yaml:"format"`
		Facts      yaml.Node      `yaml:"facts"`
		Always     map[string]any `yaml:"always"`
		Activities []activity     `yaml:"activities"`
	}
	var other struct {
		Format     string      `yaml:"format"`
		Frameworks []framework `yaml:"frameworks"`
	}
	if err := errors.Join(decode(fsys, "business.yaml", &business), decode(fsys, "frameworks.yaml", &other)); err != nil {
		return nil, err
	}
	q := &Questions{always: business.Always, activities: business.Activities, frameworks: other.Frameworks}
	for i := 0; i+1 < len(business.Facts.Content); i += 2 {
		f := &Fact{Name: business.Facts.Content[i].Value}
		if err := business.Facts.Content[i+1].Decode(f); err != nil {
			return nil, fmt.Errorf("business.yaml: fact %s: %w", f.Name, err)
		}
		q.Facts = append(q.Facts, f)
	}
	if business.Format != pack.Format || other.Format != pack.Format {
		return nil, fmt.Errorf("format %q and %q are not %s", business.Format, other.Format, pack.Format)
	}
	return q, q.check()
}

func decode(fsys fs.FS, name string, into any) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// check refuses names that stand for nothing.
func (q *Questions) check() error {
	var errs []error
	of := func(where, name, kind string) {
		if f := q.fact(name); f == nil || kind != "" && f.Type != kind {
			errs = append(errs, fmt.Errorf("%s: no fact %s of type %s", where, name, kind))
		}
	}
	for _, f := range q.Facts {
		if !slices.Contains([]string{typeBool, typeInt, typeRegions}, f.Type) || f.Text == "" || (f.Type == typeInt) && f.Wide == nil {
			errs = append(errs, fmt.Errorf("fact %s: type %q, text %q", f.Name, f.Type, f.Text))
		}
		if f.Everywhere != "" {
			of(f.Name, f.Everywhere, typeRegions)
		}
	}
	refs := func(where string, facts map[string]any) {
		for _, v := range facts {
			if name, ok := reference(v); ok {
				of(where, name, "")
			}
		}
	}
	refs("always", q.always)
	for _, a := range q.activities {
		for _, name := range a.When {
			of(a.ID, name, typeBool)
		}
		for _, name := range a.Each {
			of(a.ID, name, typeRegions)
		}
		refs(a.ID, a.Facts)
	}
	for _, w := range q.frameworks {
		for _, r := range w.Rules {
			for _, name := range r.When {
				of(w.ID, name, typeBool)
			}
			if r.Status != Contract && r.Status != Recommended {
				errs = append(errs, fmt.Errorf("%s: status %q", w.ID, r.Status))
			}
		}
	}
	return errors.Join(errs...)
}

func (q *Questions) fact(name string) *Fact {
	for _, f := range q.Facts {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Names lists the facts.
func (q *Questions) Names() []string {
	out := make([]string, len(q.Facts))
	for i, f := range q.Facts {
		out[i] = f.Name
	}
	return out
}

// reference is the fact that stands for a value, written $name.
func reference(v any) (string, bool) {
	s, ok := v.(string)
	if !ok {
		return "", false
	}
	return strings.CutPrefix(s, "$")
}
