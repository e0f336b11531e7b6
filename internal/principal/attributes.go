// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package principal

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// Attributes are facts that an installation keeps about itself and about those who act,
// by their principal_id. They come from a file and are a source of facts for the door.
// What it says about somebody overrides what a caller says; what it says about the
// installation holds where the caller says nothing.
type Attributes struct {
	facts      comity.Facts
	principals map[string]comity.Facts
	known      map[string]bool
}

// attributesFormat is the version of the file.
const attributesFormat = "comity-principals/v1"

// ParseAttributes reads {"format":"comity-principals/v1", "facts":{...},
// "principals":{ID:{...}}}. Whether the names are facts is for the vocabulary to say, when
// they are used.
func ParseAttributes(file string, data []byte) (*Attributes, error) {
	var in struct {
		Format     string                  `json:"format"`
		Facts      comity.Facts            `json:"facts"`
		Principals map[string]comity.Facts `json:"principals"`
	}
	wrong := func(err error, remedy string) error {
		return &comity.Error{Code: comity.CodeInvalid, Op: "read " + file, Err: err, Remedy: remedy}
	}
	if err := json.Unmarshal(data, &in, json.RejectUnknownMembers(true)); err != nil {
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) {
			line := bytes.Count(data[:min(int(syntax.ByteOffset), len(data))], []byte{'\n'}) + 1
			return nil, wrong(fmt.Errorf("line %d is not valid JSON: %w", line, syntax.Err), "")
		}
		return nil, wrong(err, "")
	}
	if in.Format != attributesFormat {
		return nil, wrong(fmt.Errorf("the format is %q", in.Format), "use "+attributesFormat)
	}
	a := &Attributes{facts: in.Facts, principals: in.Principals, known: map[string]bool{}}
	for _, facts := range in.Principals {
		for name := range facts {
			a.known[name] = true
		}
	}
	return a, nil
}

// Name is the origin of these facts in records.
func (*Attributes) Name() string { return "principals" }

// Authoritative tells the facts that the file gives about somebody.
func (a *Attributes) Authoritative(fact string) bool { return a.known[fact] }

// Facts implements decide.FactSource.
func (a *Attributes) Facts(_ context.Context, _ decide.Caller, req comity.Request) (comity.Facts, error) {
	out := comity.Facts{}
	for name, v := range a.facts {
		if _, given := req.Facts[name]; !given {
			out[name] = v
		}
	}
	if id, ok := req.Facts["principal_id"].(string); ok {
		for name, v := range a.principals[id] {
			out[name] = v
		}
	}
	return out, nil
}

var _ decide.FactSource = (*Attributes)(nil)
