// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// TypesSchema is the version of files that declare types of events:
//
//	schema: comity/events/v1
//	types:
//	  loan_offer:
//	    text: A loan was offered.
//	    needs: [actor, subject, success]
//	    open: false                         # whether details may have other fields
//	    fields:
//	      amount: {type: number, required: true, min: 0}
//	      currency: {type: string, required: true, values: [EUR, USD]}
//	      reasons: {type: "[string]"}
const TypesSchema = "comity/events/v1"

var typeName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// ParseTypes reads a file that declares types of events, in YAML or JSON, and adds them
// to the built-in ones, which cannot be declared anew.
func ParseTypes(file string, data []byte) (*Types, error) {
	doc, prob := pack.Document(file, data)
	if prob != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "read event types", Line: prob.Pos.Line, Column: prob.Pos.Col, Err: errors.New(prob.String())}
	}
	// The document's nodes are decoded by the reader's own library, which keeps the value
	// of every scalar as text or as what YAML makes of it.
	var top map[string]any
	if err := doc.Decode(&top); err != nil {
		return nil, declareError(file, "", errors.New("not a mapping of names to values"))
	}
	t := BuiltinTypes()
	if err := keys(top, "schema", "types"); err != nil {
		return nil, declareError(file, "", err)
	}
	if s, _ := top["schema"].(string); s != TypesSchema {
		return nil, declareError(file, "schema", fmt.Errorf("%q is not %s", s, TypesSchema))
	}
	types, ok := top["types"].(map[string]any)
	if !ok || len(types) == 0 {
		return nil, declareError(file, "types", errors.New("declares nothing"))
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		d, err := declared(name, types[name])
		if err == nil && (ownType(name) || t.byName[name].Name != "") {
			err = errors.New("is a type that exists already")
		}
		if err != nil {
			return nil, declareError(file, "types."+name, err)
		}
		t.byName[name] = d
	}
	return t, nil
}

func declareError(file, where string, err error) error {
	if where != "" {
		err = fmt.Errorf("%s: %w", where, err)
	}
	return &comity.Error{Code: comity.CodeInvalid, Op: "read event types", Err: fmt.Errorf("%s: %w", file, err)}
}

// keys refuses members that nobody reads.
func keys(m map[string]any, known ...string) error {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, k) {
			return fmt.Errorf("unknown key %q; %s", k, pack.Suggest(k, known))
		}
	}
	return nil
}

func declared(name string, v any) (Type, error) {
	d := Type{Name: name}
	m, ok := v.(map[string]any)
	if !ok {
		return d, errors.New("is not a mapping")
	}
	if !typeName.MatchString(name) {
		return d, errors.New("is no name: use lower-case letters, digits and _, and begin with a letter")
	}
	if err := keys(m, "text", "needs", "fields", "open"); err != nil {
		return d, err
	}
	var err error
	if d.Text, err = optional[string](m, "text"); err != nil {
		return d, err
	}
	if d.Open, err = optional[bool](m, "open"); err != nil {
		return d, err
	}
	if d.Needs, err = texts(m, "needs"); err != nil {
		return d, err
	}
	for _, n := range d.Needs {
		if !slices.Contains(eventMembers(), n) {
			return d, fmt.Errorf("needs %q, which no event has; %s", n, pack.Suggest(n, eventMembers()))
		}
	}
	fields, err := optional[map[string]any](m, "fields")
	if err != nil {
		return d, err
	}
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		field, err := declaredField(f, fields[f])
		if err != nil {
			return d, fmt.Errorf("fields.%s: %w", f, err)
		}
		d.Fields = append(d.Fields, field)
	}
	return d, nil
}

func declaredField(name string, v any) (Field, error) {
	f := Field{Name: name}
	m, ok := v.(map[string]any)
	if !ok {
		return f, errors.New("is not a mapping: write {type: string, required: true}")
	}
	if err := keys(m, "type", "required", "text", "values", "min", "max"); err != nil {
		return f, err
	}
	var err error
	if f.Kind, err = kind(m["type"]); err != nil {
		return f, err
	}
	if f.Required, err = optional[bool](m, "required"); err != nil {
		return f, err
	}
	if f.Text, err = optional[string](m, "text"); err != nil {
		return f, err
	}
	if f.Values, err = texts(m, "values"); err != nil {
		return f, err
	}
	if f.Min, err = bound(m, "min"); err != nil {
		return f, err
	}
	if f.Max, err = bound(m, "max"); err != nil {
		return f, err
	}
	plain := strings.Trim(f.Kind, "[]")
	if len(f.Values) > 0 && plain != "string" || (f.Min != nil || f.Max != nil) && plain != "number" && plain != "integer" {
		return f, fmt.Errorf("values are for strings, min and max for numbers, not for %s", f.Kind)
	}
	return f, nil
}

// kind reads "string" or "[string]"; in YAML the second may also be a list of one.
func kind(v any) (string, error) {
	known := []string{"string", "number", "integer", "bool", "instant", "object", "any"}
	s, ok := v.(string)
	if list, isList := v.([]any); isList && len(list) == 1 {
		if s, ok = list[0].(string); ok {
			s = "[" + s + "]"
		}
	}
	if !ok {
		return "", errors.New("type is missing: one of " + strings.Join(known, ", ") + ", in brackets for a list")
	}
	plain := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		plain = s[1 : len(s)-1]
	}
	if !slices.Contains(known, plain) {
		return "", fmt.Errorf("type %q is unknown; %s", s, pack.Suggest(plain, known))
	}
	return s, nil
}

func optional[T any](m map[string]any, key string) (v T, err error) {
	x, ok := m[key]
	if !ok {
		return v, nil
	}
	if v, ok = x.(T); !ok {
		return v, fmt.Errorf("%s has a value of the wrong type", key)
	}
	return v, nil
}

func texts(m map[string]any, key string) (out []string, err error) {
	list, err := optional[[]any](m, key)
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("%s: %v is not text", key, v)
		}
		out = append(out, s)
	}
	return out, err
}

func bound(m map[string]any, key string) (*float64, error) {
	v, ok := m[key]
	if !ok {
		return nil, nil
	}
	x, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil {
		return nil, fmt.Errorf("%s: %v is not a number", key, v)
	}
	return &x, nil
}
