// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"fmt"
)

// Engine answers the contexts of the one set that it was made for.
type Engine interface {
	// Name says which engine and which way of using it, such as "opa/indexed".
	Name() string
	// Sweep decides n contexts, in order and from the first again after the
	// last. It is what is timed.
	Sweep(n int) error
	// Answer decides context i by the same code that Sweep uses, and reports it
	// in the common form.
	Answer(i int) (Answer, error)
}

// Describer is an Engine that can show the policy or query that it runs.
type Describer interface {
	Describe() string
}

// Check asserts that an engine answers the first n contexts as the reference does.
func Check(s *Set, e Engine, n int) error {
	for i, c := range s.Contexts[:min(n, len(s.Contexts))] {
		got, err := e.Answer(i)
		if err != nil {
			return fmt.Errorf("%s: %s: context %d: %w", s.Name, e.Name(), i, err)
		}
		if want := s.Decide(c); !got.Equal(want) {
			return fmt.Errorf("%s: %s: context %d: got %+v, want %+v", s.Name, e.Name(), i, got, want)
		}
	}
	return nil
}

// Maker makes an engine for a set.
type Maker struct {
	Name string
	Make func(*Set) (Engine, error)
	// Slow engines take tens of milliseconds for each context at 10,000.
	Slow bool
	// Heavy engines take ten seconds and more to prepare 10,000.
	Heavy bool
}

// Makers lists every engine, Comity first.
func Makers() []Maker {
	var makers []Maker
	for _, form := range []comityForm{comityEncoded, comityNamed, comityMap} {
		makers = append(makers, Maker{
			Name: form.String(),
			Make: func(s *Set) (Engine, error) { return newComity(s, form) },
		})
	}
	for _, form := range opaForms() {
		makers = append(makers, Maker{
			Name: form.name, Slow: form.data, Heavy: form.expand,
			Make: func(s *Set) (Engine, error) { return newOPA(s, form) },
		})
	}
	return append(makers, Maker{Name: "cedar", Make: newCedar}, Maker{Name: "cel", Make: newCEL, Slow: true})
}

// Checked is how many contexts of a set are compared with the reference before
// anything is timed: all, or fewer of the largest sets with slow engines.
func (m Maker) Checked(s Size) int {
	if m.Slow && s.Requirements > 1000 {
		return contexts / 8
	}
	return contexts
}

// Size names a set of the benchmark.
type Size struct {
	Shape        Shape
	Requirements int
}

func (s Size) String() string { return fmt.Sprintf("%s-%d", s.Shape, s.Requirements) }

// Sizes lists the sets of the benchmark.
func Sizes() []Size {
	var sizes []Size
	for _, shape := range []Shape{Plain, Sparse, Dated, Lists} {
		for _, n := range []int{10, 100, 1000, 10000} {
			sizes = append(sizes, Size{shape, n})
		}
	}
	return sizes
}
