// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// caseEntry is one element of a pack's cases file.
type caseEntry struct {
	Name    string      `yaml:"name"`
	Facts   yaml.Node   `yaml:"facts"`
	Parts   []yaml.Node `yaml:"parts"`
	Missing string      `yaml:"missing"`
	KnownAt string      `yaml:"known_at"`
	Stops   []string    `yaml:"stops"`
	Passes  []string    `yaml:"passes"`
	Expect  expectEntry `yaml:"expect"`
}

type expectEntry struct {
	Effect     string   `yaml:"effect"`
	Plain      *bool    `yaml:"plain"`
	Cite       []string `yaml:"cite"`
	Conditions []string `yaml:"conditions"`
	Grounds    []string `yaml:"grounds"`
	Outside    []string `yaml:"outside"`
	Duties     []string `yaml:"duties"`
}

// The keys of both, as docs/cases.schema.json lists them.
var (
	caseKeys   = []string{"name", "facts", "parts", "missing", "known_at", "stops", "passes", "expect"}
	expectKeys = []string{"effect", "plain", "cite", "conditions", "grounds", "outside", "duties"}
	missings   = []string{string(comity.MissingIgnore), string(comity.MissingReview)}
	effects    = []string{string(comity.Allow), string(comity.Deny), string(comity.Review)}
)

func readCases(file string, root *yaml.Node) ([]Case, error) {
	names := map[string]int{}
	var out []Case
	for _, n := range root.Content {
		c, err := readCase(file, n)
		if err != nil {
			return nil, err
		}
		if line := names[c.Name]; line > 0 {
			return nil, fault(file, n, "give each its own name", "the case %q stands also in line %d", c.Name, line)
		}
		names[c.Name] = n.Line
		out = append(out, c)
	}
	return out, nil
}

func readCase(file string, n *yaml.Node) (Case, error) {
	if err := knownKeys(file, n, caseKeys); err != nil {
		return Case{}, err
	}
	if x := valueOf(n, "expect"); x != nil {
		if err := knownKeys(file, x, expectKeys); err != nil {
			return Case{}, err
		}
	}
	var e caseEntry
	if err := n.Decode(&e); err != nil {
		return Case{}, decodeError(file, n, err)
	}
	c := Case{
		ID: e.Name, Name: e.Name, File: file, Line: n.Line, Missing: comity.Mode(cmp.Or(e.Missing, missings[0])), Plain: e.Expect.Plain,
		Effect: comity.Effect(e.Expect.Effect), MustCite: e.Expect.Cite, Stops: e.Stops, Passes: e.Passes,
		Conditions: e.Expect.Conditions, Grounds: e.Expect.Grounds, Outside: e.Expect.Outside, Due: e.Expect.Duties,
	}
	switch {
	case e.Name == "":
		return c, fault(file, n, "say what it proves", "the case has no name")
	case e.Facts.Kind == 0 && e.Parts == nil:
		return c, fault(file, n, "write facts, or parts with facts of several", "the case has no facts")
	case !slices.Contains(missings, string(c.Missing)):
		return c, fault(file, valueOf(n, "missing"), pack.Suggest(e.Missing, missings), "unknown mode %q", e.Missing)
	case valueOf(n, "expect") == nil && e.Stops == nil && e.Passes == nil:
		return c, fault(file, n, "write expect: {effect: allow}, deny or review", "the case expects nothing")
	case e.Expect.Effect != "" && !slices.Contains(effects, e.Expect.Effect):
		return c, fault(file, valueOf(valueOf(n, "expect"), "effect"), pack.Suggest(e.Expect.Effect, effects), "unknown effect %q", e.Expect.Effect)
	}
	if e.KnownAt != "" {
		t, err := time.Parse("2006-01-02", e.KnownAt)
		if err != nil {
			return c, fault(file, valueOf(n, "known_at"), "write YYYY-MM-DD with a day that exists", "%q is not a date", e.KnownAt)
		}
		c.KnownAt = t
	}
	return c, c.readFacts(file, &e)
}

func (c *Case) readFacts(file string, e *caseEntry) error {
	var err error
	if e.Facts.Kind != 0 {
		if c.Facts, err = factsOf(file, &e.Facts); err != nil {
			return err
		}
	}
	for i := range e.Parts {
		p, err := factsOf(file, &e.Parts[i])
		if err != nil {
			return err
		}
		c.Parts = append(c.Parts, p)
	}
	return nil
}

// knownKeys refuses what is no mapping, and keys that are unknown or stand twice.
func knownKeys(file string, n *yaml.Node, known []string) error {
	if n.Kind != yaml.MappingNode {
		return fault(file, n, "write key: value", "expected a mapping")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case !slices.Contains(known, k.Value):
			return fault(file, k, pack.Suggest(k.Value, known), "unknown key %q", k.Value)
		case seen[k.Value]:
			return fault(file, k, "remove one", "key %q stands twice", k.Value)
		}
		seen[k.Value] = true
	}
	return nil
}

// valueOf is the value of a key of a mapping, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

var decodeLine = regexp.MustCompile(`line (\d+): (.*)`)

// decodeError is the first fault that the YAML library found in a node.
func decodeError(file string, n *yaml.Node, err error) error {
	line, msg := n.Line, err.Error()
	if m := decodeLine.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits
		msg = m[2]
	}
	return &comity.Error{
		Code: comity.CodeInvalid, Op: fmt.Sprintf("%s:%d", file, line), Line: line,
		Remedy: "compare with docs/pack-format.md, section 6", Err: errors.New(msg),
	}
}

// fault is an error at a node, with what to do about it.
func fault(file string, n *yaml.Node, remedy, format string, args ...any) error {
	return &comity.Error{
		Code: comity.CodeInvalid, Op: fmt.Sprintf("%s:%d:%d", file, n.Line, n.Column), Line: n.Line, Column: n.Column,
		Remedy: remedy, Err: fmt.Errorf(format, args...),
	}
}
