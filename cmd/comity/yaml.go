// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

// Limits of a question in YAML: what nests deeper is no question.
const maxNesting = 16

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// readYAML reads one question from a YAML document: a mapping of facts, or an envelope
// with facts. Nothing is expanded, so a small text never stands for a large one.
func readYAML(data []byte) (req comity.Request, facts func() []factAt, err error) {
	if i := invalidUTF8(data); i >= 0 {
		return req, nil, faultAt(placeIn(data, i), comity.CodeInvalid, "save the file as UTF-8", "not valid UTF-8")
	}
	root, err := parseYAML(data)
	if err != nil {
		return req, nil, err
	}
	if root.Kind != yaml.MappingNode {
		return req, nil, fault(root, comity.CodeInvalid, "write operation: transfer and so on; a list of parts belongs under facts:", "expected facts, as names with values")
	}
	m, err := mapping(root, 0)
	if err != nil {
		return req, nil, err
	}
	facts = func() []factAt { return yamlFacts(root) }
	req, err = engine.RequestOf(m)
	return req, facts, err
}

// parseYAML gives the root of the only document in data.
func parseYAML(data []byte) (root *yaml.Node, err error) {
	defer func() {
		if v := recover(); v != nil { // the library panics on some malformed text
			err = faultAt(place{1, 1}, comity.CodeInvalid, "", "not valid YAML: %v", v)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, faultAt(place{1, 1}, comity.CodeInvalid, "give facts, such as operation: transfer", "the document is empty")
		}
		return nil, yamlError(err)
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		return nil, fault(&more, comity.CodeInvalid, "ask each in a run of its own, or write JSON, one question a line", "a question is one YAML document, but after --- a second one begins here")
	case !errors.Is(err, io.EOF):
		return nil, yamlError(err)
	}
	return doc.Content[0], nil
}

// yamlError gives the library's error a place. The library leaves out the first line,
// knows no column, and in this group of messages counts lines from 0.
func yamlError(err error) error {
	at, text := place{line: 1}, err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		text = strings.TrimPrefix(text, m[0])
		if n, err := strconv.Atoi(m[1]); err == nil {
			at.line = n
			if strings.HasPrefix(text, "did not find expected") {
				at.line++
			}
		}
	}
	return faultAt(at, comity.CodeInvalid, "", "not valid YAML: %s", text)
}

func fault(n *yaml.Node, code comity.Code, remedy, format string, args ...any) error {
	return faultAt(place{n.Line, n.Column}, code, remedy, format, args...)
}

func faultAt(p place, code comity.Code, remedy, format string, args ...any) error {
	return &comity.Error{Code: code, Line: p.line, Column: p.col, Remedy: remedy, Err: fmt.Errorf(format, args...)}
}

func mapping(n *yaml.Node, depth int) (map[string]any, error) {
	out := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.Anchor != "" {
			return nil, fault(k, comity.CodeInvalid, "", "a name is plain text")
		}
		val, err := nested(v, depth+1)
		if err != nil {
			return nil, err
		}
		if old, dup := out[k.Value]; dup && !reflect.DeepEqual(old, val) {
			return nil, fault(k, comity.CodeConflict, "give it once", "%q is given twice with different values", k.Value)
		}
		out[k.Value] = val
	}
	return out, nil
}

func nested(n *yaml.Node, depth int) (any, error) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return nil, fault(n, comity.CodeInvalid, "write the value out", "YAML anchors and aliases are not accepted")
	case depth > maxNesting:
		return nil, fault(n, comity.CodeInvalid, "", "nested deeper than %d levels", maxNesting)
	case n.Kind == yaml.MappingNode:
		return mapping(n, depth)
	case n.Kind == yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := nested(c, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	v, err := scenario.Scalar(n)
	if err != nil {
		return nil, fault(n, comity.CodeInvalid, "", "%w", err)
	}
	return v, nil
}
