// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package enginebench compares deciding engines side by side: Comity, OPA,
// cedar-go and cel-go answer the same generated questions in one process.
//
// A set is a list of requirements and a list of contexts. Every engine gives,
// for each context, the effect, the ids of all requirements that apply and the
// conditions of those that carry one; Check asserts that the answers are the
// same before anything is timed. What is timed is the decision alone: the
// policy is prepared and the inputs are in the form that the engine likes best.
package enginebench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/comity-project/comity/engine"
)

// Dimension is one fact by which requirements are chosen.
type Dimension struct {
	Name   string
	Size   int // number of values
	Values int // how many values a context has; 1 unless the set has lists
}

// Value is the name of the i-th value: short, as codes of countries are, since
// that favours the engines that compare text.
func (d Dimension) Value(i int) string {
	return fmt.Sprintf("%s%02d", d.Name[:1], i)
}

// Requirement applies to a context if, for each dimension that it names, one of
// the context's values is among its own, and it is in force on the date.
type Requirement struct {
	Forbid bool    // else it qualifies: allowed, with one condition
	Values [][]int // per dimension, sorted; nil where it names none
	From   int     // first day in force; 0 without one
	Until  int     // first day no longer in force; 0 without one
}

// Context is one question: the values of each dimension, and the day.
type Context struct {
	Values [][]int
	Date   int
}

// Answer is what every engine must agree on. The condition of requirement i is
// named by i, so Conditions is the part of Applicable that does not forbid.
type Answer struct {
	Deny       bool
	Applicable []int
	Conditions []int
}

// Equal says whether two answers are the same, order included.
func (a Answer) Equal(b Answer) bool {
	return a.Deny == b.Deny && slices.Equal(a.Applicable, b.Applicable) &&
		slices.Equal(a.Conditions, b.Conditions)
}

// Set is one benchmark input.
type Set struct {
	Name         string
	Dimensions   []Dimension
	Dated        bool
	Requirements []Requirement
	Contexts     []Context

	compiled    map[string]compiledRego // by policy; see regoCompiler
	program     *engine.Program
	programTook time.Duration
}

// ID is the id of requirement i in every engine; ids sort as their numbers do.
func ID(i int) string { return fmt.Sprintf("R-%05d", i) }

// ConditionID is the id of the condition that requirement i adds.
func ConditionID(i int) string { return fmt.Sprintf("C-%05d", i) }

// Number reads the number of an ID or a ConditionID.
func Number(id string) int {
	n := 0
	for _, c := range id[2:] {
		n = n*10 + int(c-'0')
	}
	return n
}

// Shape says what kind of set Generate makes.
type Shape string

// The shapes of sets.
const (
	Plain  Shape = "plain"  // four facts; 1 to 3 values in 2 to 4 of them
	Sparse Shape = "sparse" // four facts; 1 value in each of them: few apply
	Dated  Shape = "dated"  // eight facts and dates
	Lists  Shape = "lists"  // as plain; two jurisdictions and three categories
)

const (
	contexts = 256
	// firstDay and lastDay bound the dates of contexts, in days since 1970.
	firstDay = 16436 // 2015-01-01
	lastDay  = 21915 // 2030-01-01
)

// Generate makes the set of a shape with n requirements: always the same one.
func Generate(shape Shape, n int) *Set {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(len(shape))))
	s := &Set{
		Name:  Size{shape, n}.String(),
		Dated: shape == Dated,
		Dimensions: []Dimension{
			{"jurisdiction", 60, 1}, {"category", 30, 1}, {"purpose", 20, 1}, {"operation", 12, 1},
		},
	}
	switch shape {
	case Lists:
		s.Dimensions[0].Values, s.Dimensions[1].Values = 2, 3
	case Dated:
		for _, name := range []string{"actor", "basis", "sector", "channel"} {
			s.Dimensions = append(s.Dimensions, Dimension{name, 10, 1})
		}
	}
	for i := range n {
		r := s.requirement(rng, shape)
		r.Forbid = i%5 == 0
		s.Requirements = append(s.Requirements, r)
	}
	for i := range contexts {
		s.Contexts = append(s.Contexts, s.context(rng, i%2 == 1))
	}
	return s
}

func (s *Set) requirement(rng *rand.Rand, shape Shape) Requirement {
	r := Requirement{Values: make([][]int, len(s.Dimensions))}
	named := 2 + rng.IntN(3)
	if shape == Sparse {
		named = 4
	}
	for _, d := range rng.Perm(4)[:named] {
		values := 1 + rng.IntN(3)
		if shape == Sparse {
			values = 1
		}
		r.Values[d] = some(rng, s.Dimensions[d].Size, values)
	}
	for d := 4; d < len(s.Dimensions); d++ {
		if rng.IntN(3) == 0 {
			r.Values[d] = some(rng, s.Dimensions[d].Size, 1+rng.IntN(3))
		}
	}
	if s.Dated {
		r.From = firstDay + rng.IntN((lastDay-firstDay)/2)
		if rng.IntN(3) == 0 {
			r.Until = r.From + 1 + rng.IntN(lastDay-r.From)
		}
	}
	return r
}

// context draws every value evenly or, if aimed, takes those of one requirement
// where it names any, so that half of the questions have something to find.
func (s *Set) context(rng *rand.Rand, aimed bool) Context {
	c := Context{Values: make([][]int, len(s.Dimensions)), Date: firstDay + rng.IntN(lastDay-firstDay)}
	target := s.Requirements[rng.IntN(len(s.Requirements))]
	for d, dim := range s.Dimensions {
		values := some(rng, dim.Size, dim.Values)
		if named := target.Values[d]; aimed && named != nil {
			hit := named[rng.IntN(len(named))]
			if !slices.Contains(values, hit) {
				values[rng.IntN(len(values))] = hit
				slices.Sort(values)
			}
		}
		c.Values[d] = values
	}
	return c
}

// some draws n different numbers below size, sorted.
func some(rng *rand.Rand, size, n int) []int {
	values := rng.Perm(size)[:n]
	slices.Sort(values)
	return values
}

// Day is the date of a day number, as packs and facts write it.
func Day(n int) string {
	return time.Unix(int64(n)*24*60*60, 0).UTC().Format(time.DateOnly)
}
