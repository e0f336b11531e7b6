// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package scenario reads scenario files (real cases with their right answers) and pack
// cases, decides them, and scores the answers: recall per effect, citations, conditions,
// coverage of packs, and how enforcement stands missing facts.
package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/packs"
	"go.yaml.in/yaml/v3"
)

// Case is one question with its expected answer, from a scenario file or a pack.
type Case struct {
	ID      string
	Name    string
	File    string
	Line    int
	Facts   comity.Facts
	Parts   []comity.Facts
	Missing comity.Mode
	KnownAt time.Time
	// Effect is allow, deny or review; Plain says whether an allow has no conditions,
	// nil where the case does not say.
	Effect comity.Effect
	Plain  *bool
	// MustCite holds alternatives "A | B"; MayCite is never demanded.
	MustCite, MayCite []string
	// Regimes are the packs at issue; NoRegime marks a case in which none applies.
	Regimes  []string
	NoRegime bool
	Why      string

	// What pack cases add: requirement ids, condition ids, REQUIREMENT/branch, outside ids.
	Pack                              string
	Stops, Passes                     []string
	Conditions, Grounds, Outside, Due []string
}

// scenarioFile is the format of law/scenarios.yaml.
type scenarioFile struct {
	Version   int         `yaml:"version"`
	Note      string      `yaml:"note"`
	Effects   []string    `yaml:"effects"`
	Count     int         `yaml:"count"`
	Scenarios []yaml.Node `yaml:"scenarios"`
}

type scenarioEntry struct {
	ID     string `yaml:"id"`
	Source struct {
		Name string `yaml:"name"`
	} `yaml:"source"`
	Facts    yaml.Node `yaml:"facts"`
	Expected struct {
		Effect   string   `yaml:"effect"`
		MustCite []string `yaml:"must_cite"`
		MayCite  []string `yaml:"may_cite"`
		Why      string   `yaml:"why"`
		Regimes  []string `yaml:"regimes"`
	} `yaml:"expected"`
}

// Read reads a scenario file or a list of pack cases, told apart by their shape. Every
// error names the file and the line.
func Read(file string, data []byte) ([]Case, error) {
	root, p := pack.Document(file, data)
	if p != nil {
		e := &comity.Error{Code: comity.CodeInvalid, Op: p.Pos.String(), Line: p.Pos.Line, Column: p.Pos.Col, Remedy: p.Remedy, Err: errors.New(p.Msg)}
		if len(data) > pack.MaxFileSize {
			e.Code = comity.CodeTooLarge
		}
		return nil, e
	}
	switch root.Kind {
	case yaml.SequenceNode:
		return readCases(file, root)
	case yaml.MappingNode:
		return readScenarios(file, root)
	}
	return nil, fault(file, root, "write one - item for each case", "expected a list of cases or a mapping with scenarios")
}

func readScenarios(file string, root *yaml.Node) ([]Case, error) {
	var f scenarioFile
	if err := root.Decode(&f); err != nil {
		return nil, decodeError(file, root, err)
	}
	if len(f.Scenarios) == 0 {
		return nil, fault(file, root, "write a list of cases, or scenarios: and a list", "the file has no scenarios")
	}
	var out []Case
	for i := range f.Scenarios {
		n := &f.Scenarios[i]
		var e scenarioEntry
		if err := n.Decode(&e); err != nil {
			return nil, decodeError(file, n, err)
		}
		if e.Facts.Kind == 0 {
			return nil, fault(file, n, "write facts", "scenario %s has no facts", e.ID)
		}
		facts, err := factsOf(file, &e.Facts)
		if err != nil {
			return nil, err
		}
		c := Case{
			ID: e.ID, Name: e.Source.Name, File: file, Line: n.Line, Facts: facts, Missing: comity.MissingIgnore,
			MustCite: e.Expected.MustCite, MayCite: e.Expected.MayCite, Regimes: e.Expected.Regimes,
			NoRegime: len(e.Expected.Regimes) == 0, Why: e.Expected.Why,
		}
		plain := e.Expected.Effect == "allow"
		switch e.Expected.Effect {
		case "allow", "allow_with_conditions":
			c.Effect, c.Plain = comity.Allow, &plain
		case "deny", "review":
			c.Effect = comity.Effect(e.Expected.Effect)
		default:
			return nil, fault(file, n, "use allow, allow_with_conditions, deny or review", "scenario %s expects the effect %q", e.ID, e.Expected.Effect)
		}
		out = append(out, c)
	}
	return out, nil
}

// factsOf reads a mapping of facts; dates stay texts.
func factsOf(file string, n *yaml.Node) (comity.Facts, error) {
	if n.Kind != yaml.MappingNode {
		return nil, fault(file, n, "write name: value", "facts are a mapping of names to values")
	}
	out := comity.Facts{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		val, err := Scalar(v)
		if err != nil {
			return nil, fault(file, v, "", "fact %s: %w", k.Value, err)
		}
		if old, dup := out[k.Value]; dup && fmt.Sprint(old) != fmt.Sprint(val) {
			return nil, fault(file, k, "remove one", "fact %s is given twice with different values", k.Value)
		}
		out[k.Value] = val
	}
	return out, nil
}

// Scalar is the value of a YAML node as facts take it: text, bool, int, or a list; dates
// keep the text that stands in the file.
func Scalar(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!bool":
			return n.Value == "true" || n.Value == "True" || n.Value == "TRUE", nil
		case "!!int":
			var i int64
			err := n.Decode(&i)
			return i, err
		case "!!float":
			var f float64
			err := n.Decode(&f)
			return f, err
		case "!!null":
			return nil, fmt.Errorf("no value; leave the fact out if it is not known")
		}
		return n.Value, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := Scalar(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return nil, fmt.Errorf("expected a value or a list of values")
}

// Embedded reads the cases of embedded packs.
func Embedded(ids []string) ([]Case, error) {
	var out []Case
	for _, id := range ids {
		files, err := fs.Glob(packs.FS, id+"/cases/*.yaml")
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			data, err := fs.ReadFile(packs.FS, f)
			if err != nil {
				return nil, err
			}
			cs, err := Read("packs/"+f, data)
			if err != nil {
				return nil, err
			}
			out = append(out, cs...)
		}
	}
	return out, nil
}
