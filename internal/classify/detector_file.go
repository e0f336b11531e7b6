// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity"
)

// remedyDetectors says what a file of detectors is.
const remedyDetectors = "a file is a list of detectors, each behind a dash, with label, kind or category, formats or pattern, and if need be check, context, score, values, valid and invalid"

// What the fields of a detector hold.
const (
	oneText   = "one text"
	textList  = "a list of texts"
	oneNumber = "a number between 0 and 1"
)

func detectorFields() map[string]string {
	return map[string]string{
		"label": oneText, "kind": oneText, "category": oneText, "pattern": oneText, "check": oneText, "score": oneNumber,
		"values": textList, "formats": textList, "context": textList, "valid": textList, "invalid": textList,
	}
}

// readDefinitions reads a file of detectors; name is what errors call it.
func readDefinitions(name string, data []byte) ([]definition, error) {
	refuse := func(code comity.Code, remedy, format string, args ...any) error {
		return &comity.Error{Code: code, Op: "read detectors", Err: fmt.Errorf(format, args...), Remedy: remedy}
	}
	if len(data) > maxDetectorFile {
		return nil, refuse(comity.CodeTooLarge, "", "%s: more than %d bytes", name, maxDetectorFile)
	}
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return nil, nil
	} else if err != nil {
		return nil, refuse(comity.CodeInvalid, remedyDetectors, "%s:%s", name, firstReason(err))
	}
	list := resolved(doc.Content[0])
	if list.Kind == yaml.ScalarNode && list.Tag == "!!null" {
		return nil, nil
	}
	if list.Kind != yaml.SequenceNode {
		return nil, refuse(comity.CodeInvalid, remedyDetectors, "%s:%d: this is %s, not a list of detectors", name, list.Line, nodeKind(list))
	}
	if len(list.Content) > maxDetectors {
		return nil, refuse(comity.CodeTooLarge, "", "%s: more than %d detectors", name, maxDetectors)
	}
	defs := make([]definition, len(list.Content))
	for i, item := range list.Content {
		if remedy, err := checkFields(resolved(item)); err != nil {
			return nil, refuse(comity.CodeInvalid, remedy, "%s:%w", name, err)
		}
		defs[i].Score = defaultScore
		if err := item.Decode(&defs[i]); err != nil {
			return nil, refuse(comity.CodeInvalid, "", "%s:%s", name, firstReason(err))
		}
		defs[i].at = fmt.Sprintf("%s:%d", name, item.Line)
	}
	return defs, nil
}

// checkFields says, with its line, what of an entry is no field of a detector or holds what
// the field does not, and what to do.
func checkFields(item *yaml.Node) (remedy string, err error) {
	if item.Kind != yaml.MappingNode {
		return remedyDetectors, fmt.Errorf("%d: this is %s, not a detector", item.Line, nodeKind(item))
	}
	fields := detectorFields()
	for i := 0; i+1 < len(item.Content); i += 2 {
		key, value := item.Content[i], resolved(item.Content[i+1])
		want, ok := fields[key.Value]
		if !ok {
			return remedyDetectors, fmt.Errorf("%d: a detector has no field %q", key.Line, key.Value)
		}
		if !holds(value, want) {
			return "give " + want, fmt.Errorf("%d: %s is %s", value.Line, key.Value, nodeKind(value))
		}
	}
	return "", nil
}

func holds(value *yaml.Node, want string) bool {
	switch want {
	case textList:
		return value.Kind == yaml.SequenceNode && !slices.ContainsFunc(value.Content, func(n *yaml.Node) bool { return resolved(n).Kind != yaml.ScalarNode })
	case oneNumber:
		return value.Tag == "!!float" || value.Tag == "!!int"
	}
	return value.Kind == yaml.ScalarNode && value.Tag != "!!null"
}

// nodeKind is what a part of a file is, in words.
func nodeKind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "empty"
	case n.Tag == "!!int", n.Tag == "!!float":
		return "a number"
	case n.Tag == "!!bool":
		return "yes or no"
	}
	return "a text"
}

// resolved is what an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// firstReason is the line and what the reader of YAML found wrong there, without its own
// words around it.
func firstReason(err error) string {
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	var t *yaml.TypeError
	if errors.As(err, &t) && len(t.Errors) > 0 {
		reason = t.Errors[0]
	}
	if line, ok := strings.CutPrefix(reason, "line "); ok {
		return line
	}
	return " " + reason
}
