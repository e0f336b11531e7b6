// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"fmt"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// comityForm is one way to ask Comity.
type comityForm int

const (
	// comityEncoded takes inputs that are encoded already and leaves the answer
	// in the program's own numbers.
	comityEncoded comityForm = iota
	// comityNamed also lists the ids of requirements and conditions as text.
	comityNamed
	// comityMap starts from a map of strings, which is what callers have.
	comityMap
)

func (f comityForm) String() string {
	return [...]string{"comity", "comity/ids", "comity/map"}[f]
}

type comityEngine struct {
	form     comityForm
	set      *Set
	program  *engine.Program
	facts    []comity.Facts
	inputs   []*engine.Input // per context if encoded, else one
	result   engine.Result
	effect   comity.Effect
	ids      []string
	at       time.Time
	compiled time.Duration
}

// newComity compiles the set as a pack and prepares inputs in a form.
func newComity(s *Set, form comityForm) (Engine, error) {
	e := &comityEngine{form: form, set: s, at: time.Unix(firstDay*24*60*60, 0).UTC()}
	if s.program == nil {
		start := time.Now()
		m, err := s.model()
		if err != nil {
			return nil, err
		}
		if s.program, err = engine.Compile(m); err != nil {
			return nil, fmt.Errorf("compile generated pack: %w", err)
		}
		s.programTook = time.Since(start)
	} else {
		e.compiled = s.programTook
	}
	e.program = s.program
	for _, c := range s.Contexts {
		e.facts = append(e.facts, s.facts(c))
	}
	for i := range e.facts {
		if i > 0 && form == comityMap {
			break
		}
		in := e.program.NewInput()
		if err := e.program.Encode(in, e.facts[i], e.at); err != nil {
			return nil, fmt.Errorf("encode context %d: %w", i, err)
		}
		e.inputs = append(e.inputs, in)
	}
	return e, nil
}

// facts is a context as the map that a caller of Comity has.
func (s *Set) facts(c Context) comity.Facts {
	facts := comity.Facts{}
	for d, dim := range s.Dimensions {
		if dim.Values == 1 {
			facts[dim.Name] = dim.Value(c.Values[d][0])
			continue
		}
		var values []string
		for _, v := range c.Values[d] {
			values = append(values, dim.Value(v))
		}
		facts[dim.Name] = values
	}
	if s.Dated {
		facts["date"] = Day(c.Date)
	}
	return facts
}

func (e *comityEngine) Name() string { return e.form.String() }

// Describe shows the beginning of the pack.
func (e *comityEngine) Describe() string {
	_, requirements, _ := strings.Cut(e.set.pack(), "requirements:\n")
	lines := strings.SplitAfterN(requirements, "\n", 17)
	return strings.Join(lines[:min(16, len(lines))], "")
}

// Prepared is how much of the preparation was done for an earlier engine.
func (e *comityEngine) Prepared() time.Duration { return e.compiled }

func (e *comityEngine) Sweep(n int) error {
	if e.form == comityEncoded {
		return e.sweepEncoded(n)
	}
	k := 0
	for range n {
		if err := e.decide(k); err != nil {
			return err
		}
		if k++; k == len(e.facts) {
			k = 0
		}
	}
	return nil
}

// sweepEncoded is Sweep without the choice of a form, which would be a good part
// of what is measured.
func (e *comityEngine) sweepEncoded(n int) error {
	for n > 0 {
		for _, in := range e.inputs[:min(n, len(e.inputs))] {
			if err := e.program.Evaluate(in, comity.MissingIgnore, &e.result); err != nil {
				return err
			}
			e.effect = e.result.Effect()
		}
		n -= len(e.inputs)
	}
	return nil
}

// decide leaves the answer in e.result, and for comityNamed the ids in e.ids.
func (e *comityEngine) decide(i int) error {
	in := e.inputs[0]
	if e.form == comityMap {
		if err := e.program.Encode(in, e.facts[i], e.at); err != nil {
			return err
		}
	} else {
		in = e.inputs[i]
	}
	if err := e.program.Evaluate(in, comity.MissingIgnore, &e.result); err != nil {
		return err
	}
	e.effect = e.result.Effect()
	if e.form == comityNamed {
		e.ids = e.result.Conditions(e.result.Applicable(e.ids[:0]))
	}
	return nil
}

func (e *comityEngine) Answer(i int) (Answer, error) {
	if err := e.decide(i); err != nil {
		return Answer{}, err
	}
	a := Answer{Deny: e.effect == comity.Deny}
	for _, id := range e.result.Applicable(nil) {
		a.Applicable = append(a.Applicable, Number(id))
	}
	for _, id := range e.result.Conditions(nil) {
		a.Conditions = append(a.Conditions, Number(id))
	}
	return a, nil
}
