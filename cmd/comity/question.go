// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// cause is the message behind an error with a code, without its operation.
func cause(err error) error {
	var e *comity.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err
	}
	return err
}

// locate gives the error of a question its file, line and column. The engine reads facts
// from a map and knows no places: they are searched again, in the order of the text.
func locate(file string, start int, v *pack.Vocabulary, facts func() []factAt, err error) error {
	out := &comity.Error{Code: comity.CodeInternal, Err: err}
	var e *comity.Error
	if errors.As(err, &e) {
		*out = *e
		// What the engine adds in front is kept ("part 1"), its operation is not.
		prefix := strings.TrimSuffix(err.Error(), e.Error())
		if strings.HasPrefix(e.Op, "-") || strings.HasPrefix(e.Op, "envelope") {
			prefix += e.Op + ": "
		}
		if prefix != "" && e.Err != nil {
			out.Err = fmt.Errorf("%s%w", prefix, e.Err)
		}
	}
	// A wrong word in a question is no fault of the command line.
	if out.Code == comity.CodeUsage {
		out.Code = comity.CodeInvalid
	}
	if out.Line == 0 && facts != nil && v != nil && out.Code != comity.CodeInternal {
		blame(out, v, facts())
	}
	if out.Line > 0 {
		out.Line += start - 1
		out.Op = fmt.Sprintf("%s:%d", file, out.Line)
		if out.Column > 0 {
			out.Op += fmt.Sprintf(":%d", out.Column)
		}
	} else {
		out.Line = start
		out.Op = file
	}
	return out
}

// envelopeFields are the fields of an envelope that are likely to be put beside facts.
var envelopeFields = []string{"missing", "known_at", "explain", "want", "candidates", "defaults", "subject", "principal", "idempotency_key"}

// blame finds the first fact that the vocabulary refuses, else the one that err names.
func blame(err *comity.Error, v *pack.Vocabulary, facts []factAt) {
	type seen struct {
		part int
		id   pack.FactID
	}
	have := map[seen]string{}
	for _, f := range facts {
		def, ok := v.Lookup(f.name)
		if !ok {
			remedy := v.SuggestFact(f.name)
			if slices.Contains(envelopeFields, f.name) {
				remedy = "it belongs to an envelope: put the facts under facts"
			}
			*err = comity.Error{Code: comity.CodeUnknown, Line: f.key.line, Column: f.key.col, Remedy: remedy, Err: fmt.Errorf("unknown fact %q", f.name)}
			return
		}
		if old := have[seen{f.part, def.ID}]; old != "" && old != f.name {
			*err = comity.Error{
				Code: comity.CodeConflict, Line: f.key.line, Column: f.key.col, Remedy: "give it once",
				Err: fmt.Errorf("fact %s is given twice, as %q and as %q", def.Name, old, f.name),
			}
			return
		}
		have[seen{f.part, def.ID}] = f.name
		var ve *pack.ValueError
		if _, bad := v.ParseValue(def, f.value); errors.As(bad, &ve) {
			code := comity.CodeInvalid
			if ve.Unknown {
				code = comity.CodeUnknown
			}
			at := f.badItem(v, def)
			*err = comity.Error{Code: code, Line: at.line, Column: at.col, Err: ve}
			return
		}
	}
	var ve *pack.ValueError
	if !errors.As(err.Err, &ve) {
		return
	}
	for _, f := range facts {
		if def, ok := v.Lookup(f.name); ok && def.Name == ve.Fact {
			err.Line, err.Column = f.val.line, f.val.col
			return
		}
	}
}

// badItem is the place of the first element of a list that the vocabulary refuses by
// itself; the place of the value if none is.
func (f *factAt) badItem(v *pack.Vocabulary, def *pack.Fact) place {
	list, ok := f.value.([]any)
	if !ok || len(list) != len(f.items) {
		return f.val
	}
	for i, it := range list {
		if _, err := v.ParseValue(def, it); err != nil {
			return f.items[i]
		}
	}
	return f.val
}
