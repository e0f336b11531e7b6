// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package scenario reads scenario files (real cases with their right answers) and pack
// cases, decides them, and scores the answers: recall per effect, citations, conditions,
// coverage of packs, and how enforcement stands missing facts.
package scenario

import (
	"io/fs"

	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
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

// caseEntry is one element of a pack's cases file.
type caseEntry struct {
	Name    string      `yaml:"name"`
	Facts   yaml.Node   `yaml:"facts"`
	Parts   []yaml.Node `yaml:"parts"`
	Missing string      `yaml:"missing"`
	KnownAt string      `yaml:"known_at"`
	Stops   []string    `yaml:"stops"`
	Passes  []string    `yaml:"passes"`
	Expect  struct {
		Effect     string   `yaml:"effect"`
		Plain      *bool    `yaml:"plain"`
		Cite       []string `yaml:"cite"`
		Conditions []string `yaml:"conditions"`
		Grounds    []string `yaml:"grounds"`
		Outside    []string `yaml:"outside"`
		Duties     []string `yaml:"duties"`
	} `yaml:"expect"`
}

// maxFile bounds one file of cases, in bytes.
const maxFile = 16 << 20

// Read reads a scenario file or a list of pack cases, told apart by their shape. Every
// error names the file and line.
func Read(file string, data []byte) ([]Case, error) {
	fail := func(line int, format string, args ...any) ([]Case, error) {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: fmt.Sprintf("%s:%d", file, line), Line: line, Err: fmt.Errorf(format, args...)}
	}
	if len(data) > maxFile {
		return nil, &comity.Error{Code: comity.CodeTooLarge, Op: file, Err: fmt.Errorf("%d bytes, more than %d", len(data), maxFile), Remedy: "split the file"}
	}
	if !utf8.Valid(data) {
		return fail(1, "the file is not valid UTF-8")
	}
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil {
		return fail(1, "not valid YAML: %v", err)
	}
	if n := alias(&doc); n != nil {
		return fail(n.Line, "YAML anchors and aliases are not accepted; write the value out")
	}
	root := doc.Content[0]
	switch root.Kind {
	case yaml.SequenceNode:
		return readCases(file, root)
	case yaml.MappingNode:
		return readScenarios(file, root)
	}
	return fail(root.Line, "expected a list of cases or a mapping with scenarios")
}

func alias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return n
	}
	for _, c := range n.Content {
		if a := alias(c); a != nil {
			return a
		}
	}
	return nil
}

func lineError(file string, line int, err error) error {
	return &comity.Error{Code: comity.CodeInvalid, Op: fmt.Sprintf("%s:%d", file, line), Line: line, Err: err}
}

func readScenarios(file string, root *yaml.Node) ([]Case, error) {
	var f scenarioFile
	if err := root.Decode(&f); err != nil {
		return nil, lineError(file, root.Line, err)
	}
	var out []Case
	for i := range f.Scenarios {
		n := &f.Scenarios[i]
		var e scenarioEntry
		if err := n.Decode(&e); err != nil {
			return nil, lineError(file, n.Line, err)
		}
		facts, err := factsOf(&e.Facts)
		if err != nil {
			return nil, lineError(file, e.Facts.Line, err)
		}
		c := Case{ID: e.ID, Name: e.Source.Name, File: file, Line: n.Line, Facts: facts, Missing: comity.MissingIgnore,
			MustCite: e.Expected.MustCite, MayCite: e.Expected.MayCite, Regimes: e.Expected.Regimes,
			NoRegime: len(e.Expected.Regimes) == 0, Why: e.Expected.Why}
		plain := e.Expected.Effect == "allow"
		switch e.Expected.Effect {
		case "allow", "allow_with_conditions":
			c.Effect, c.Plain = comity.Allow, &plain
		case "deny", "review":
			c.Effect = comity.Effect(e.Expected.Effect)
		default:
			return nil, lineError(file, n.Line, fmt.Errorf("scenario %s expects the effect %q; use allow, allow_with_conditions, deny or review", e.ID, e.Expected.Effect))
		}
		out = append(out, c)
	}
	return out, nil
}

func readCases(file string, root *yaml.Node) ([]Case, error) {
	var out []Case
	for _, n := range root.Content {
		var e caseEntry
		if err := strict(n, &e); err != nil {
			return nil, lineError(file, n.Line, err)
		}
		c := Case{ID: e.Name, Name: e.Name, File: file, Line: n.Line, Missing: comity.MissingIgnore, Plain: e.Expect.Plain,
			Effect: comity.Effect(e.Expect.Effect), MustCite: e.Expect.Cite, Stops: e.Stops, Passes: e.Passes,
			Conditions: e.Expect.Conditions, Grounds: e.Expect.Grounds, Outside: e.Expect.Outside, Due: e.Expect.Duties}
		if e.Missing != "" {
			c.Missing = comity.Mode(e.Missing)
		}
		if e.KnownAt != "" {
			t, err := time.Parse("2006-01-02", e.KnownAt)
			if err != nil {
				return nil, lineError(file, n.Line, fmt.Errorf("known_at %q is not a date", e.KnownAt))
			}
			c.KnownAt = t
		}
		var err error
		if e.Facts.Kind != 0 {
			if c.Facts, err = factsOf(&e.Facts); err != nil {
				return nil, lineError(file, e.Facts.Line, err)
			}
		}
		for i := range e.Parts {
			p, err := factsOf(&e.Parts[i])
			if err != nil {
				return nil, lineError(file, e.Parts[i].Line, err)
			}
			c.Parts = append(c.Parts, p)
		}
		out = append(out, c)
	}
	return out, nil
}

// strict decodes a node and refuses keys that the target does not know.
func strict(n *yaml.Node, into any) error {
	data, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return nil
}

// factsOf reads a mapping of facts; dates stay texts.
func factsOf(n *yaml.Node) (comity.Facts, error) {
	if n.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("facts are a mapping of names to values")
	}
	out := comity.Facts{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		val, err := Scalar(v)
		if err != nil {
			return nil, fmt.Errorf("line %d: fact %s: %w", v.Line, k.Value, err)
		}
		if old, dup := out[k.Value]; dup && fmt.Sprint(old) != fmt.Sprint(val) {
			return nil, fmt.Errorf("line %d: fact %s is given twice with different values", k.Line, k.Value)
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

// ReadRequest reads one request from a YAML document: a mapping of facts, or an envelope
// with `facts`.
func ReadRequest(file string, data []byte) (comity.Request, error) {
	if len(data) > engine.MaxRequest {
		return comity.Request{}, &comity.Error{Code: comity.CodeTooLarge, Op: file, Err: fmt.Errorf("%d bytes, more than %d", len(data), engine.MaxRequest)}
	}
	if !utf8.Valid(data) {
		return comity.Request{}, lineError(file, 1, fmt.Errorf("the file is not valid UTF-8"))
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		return comity.Request{}, lineError(file, 1, fmt.Errorf("not valid YAML: %w", err))
	}
	if n := alias(&doc); n != nil {
		return comity.Request{}, lineError(file, n.Line, fmt.Errorf("YAML anchors and aliases are not accepted; write the value out"))
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		return comity.Request{}, lineError(file, more.Line, fmt.Errorf("one document a question; for several write JSON, one a line"))
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return comity.Request{}, lineError(file, root.Line, fmt.Errorf("expected a mapping of facts"))
	}
	m, err := mapping(root)
	if err != nil {
		return comity.Request{}, lineError(file, root.Line, err)
	}
	return engine.RequestOf(m)
}

// mapping reads a mapping with nested ones, as envelopes have.
func mapping(n *yaml.Node) (map[string]any, error) {
	out := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		val, err := nested(v)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", v.Line, k.Value, err)
		}
		if old, dup := out[k.Value]; dup && fmt.Sprint(old) != fmt.Sprint(val) {
			return nil, fmt.Errorf("line %d: %s is given twice with different values", k.Line, k.Value)
		}
		out[k.Value] = val
	}
	return out, nil
}

func nested(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		return mapping(n)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := nested(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return Scalar(n)
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
