// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// celSet is one compiled program per requirement, evaluated in turn. One large
// expression, a list of all conditions, was measured too: 100 or 1,000 of them
// in one program take as long or longer (a list of 1,000 booleans is built for
// three that are true), and a list of optional elements longer still. `in` over
// constants, which the optimizer turns into a set, beats `==` joined by `||`.
type celSet struct {
	programs []cel.Program
	forbids  []bool
	text     []string
	inputs   []*celInput
	deny     bool
	applies  []int
}

// celInput is a context with its values already converted. It answers faster
// than the map that most callers pass.
type celInput struct {
	names  []string
	values []ref.Val
}

func (c *celInput) ResolveName(name string) (any, bool) {
	for i, n := range c.names {
		if n == name {
			return c.values[i], true
		}
	}
	return nil, false
}

func (c *celInput) Parent() cel.Activation { return nil }

// newCEL compiles the programs and converts the inputs.
func newCEL(s *Set) (Engine, error) {
	var names []string
	variables := []cel.EnvOption{cel.Variable("date", cel.IntType)}
	for _, dim := range s.Dimensions {
		kind := cel.StringType
		if dim.Values > 1 {
			kind = cel.ListType(cel.StringType)
		}
		names = append(names, dim.Name)
		variables = append(variables, cel.Variable(dim.Name, kind))
	}
	env, err := cel.NewEnv(variables...)
	if err != nil {
		return nil, fmt.Errorf("prepare cel: %w", err)
	}
	e := &celSet{}
	for i, r := range s.Requirements {
		text := celExpression(s, r)
		ast, issues := env.Compile(text)
		if issues.Err() != nil {
			return nil, fmt.Errorf("compile cel %s: %w", ID(i), issues.Err())
		}
		program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			return nil, fmt.Errorf("compile cel %s: %w", ID(i), err)
		}
		e.programs = append(e.programs, program)
		e.forbids = append(e.forbids, r.Forbid)
		e.text = append(e.text, text)
	}
	names = append(names, "date")
	for _, c := range s.Contexts {
		e.inputs = append(e.inputs, &celInput{names, celValues(s, c)})
	}
	return e, nil
}

func celExpression(s *Set, r Requirement) string {
	var terms []string
	for d, named := range r.Values {
		if named == nil {
			continue
		}
		dim := s.Dimensions[d]
		values := quoted(dim, named)
		switch {
		case dim.Values > 1:
			for i, v := range values {
				values[i] = v + " in " + dim.Name
			}
			terms = append(terms, "("+strings.Join(values, " || ")+")")
		case len(values) == 1:
			terms = append(terms, dim.Name+" == "+values[0])
		default:
			terms = append(terms, dim.Name+" in ["+strings.Join(values, ", ")+"]")
		}
	}
	if r.From != 0 {
		terms = append(terms, fmt.Sprintf("date >= %d", r.From))
	}
	if r.Until != 0 {
		terms = append(terms, fmt.Sprintf("date < %d", r.Until))
	}
	return strings.Join(terms, " && ")
}

func celValues(s *Set, c Context) []ref.Val {
	var values []ref.Val
	for d, dim := range s.Dimensions {
		if dim.Values == 1 {
			values = append(values, types.String(dim.Value(c.Values[d][0])))
			continue
		}
		var list []ref.Val
		for _, v := range c.Values[d] {
			list = append(list, types.String(dim.Value(v)))
		}
		values = append(values, types.NewRefValList(types.DefaultTypeAdapter, list))
	}
	return append(values, types.Int(c.Date))
}

func (e *celSet) Name() string { return "cel" }

func (e *celSet) Describe() string {
	return strings.Join(e.text[:min(2, len(e.text))], "\n") + "\n"
}

func (e *celSet) Sweep(n int) error {
	for k := range n {
		if err := e.decide(k % len(e.inputs)); err != nil {
			return err
		}
	}
	return nil
}

// decide leaves the answer in e.deny and e.applies.
func (e *celSet) decide(i int) error {
	e.deny, e.applies = false, e.applies[:0]
	for r, program := range e.programs {
		value, _, err := program.Eval(e.inputs[i])
		if err != nil {
			return fmt.Errorf("evaluate cel %s: %w", ID(r), err)
		}
		if value == types.True {
			e.applies = append(e.applies, r)
			e.deny = e.deny || e.forbids[r]
		}
	}
	return nil
}

func (e *celSet) Answer(i int) (Answer, error) {
	if err := e.decide(i); err != nil {
		return Answer{}, err
	}
	a := Answer{Deny: e.deny}
	for _, r := range e.applies {
		a.Applicable = append(a.Applicable, r)
		if !e.forbids[r] {
			a.Conditions = append(a.Conditions, r)
		}
	}
	return a, nil
}
