// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package lawbench measures the model of the law as a whole: how long all embedded packs
// take to load and compile, and how long a decision on all of them takes.
package lawbench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/comity-project/comity"
	enginebench "github.com/comity-project/comity/bench/engine"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

// The bounds that the report holds the figures against.
const (
	LoadBound   = 300 * time.Millisecond
	DecideBound = 2 * time.Microsecond
)

// Load loads and compiles all embedded packs.
func Load() (*engine.Engine, error) { return engine.New(engine.Options{}) }

// Loads times Load so many times.
func Loads(rounds int) ([]time.Duration, error) {
	out := make([]time.Duration, 0, rounds)
	for range rounds {
		start := time.Now()
		if _, err := Load(); err != nil {
			return nil, err
		}
		out = append(out, time.Since(start))
	}
	return out, nil
}

// Question is an operation to decide.
type Question struct {
	Name  string
	Facts comity.Facts
}

// Questions are the real cases of bench/engine, then every step-th scenario of a file that
// has no parts; a file that is not there has none.
func Questions(file string, step int) ([]Question, error) {
	var out []Question
	for _, c := range enginebench.RealCases() {
		req, err := engine.DecodeRequest([]byte(c.JSON))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		out = append(out, Question{c.Name, req.Facts})
	}
	data, err := os.ReadFile(file)
	if file == "" || errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read scenarios: %w", err)
	}
	cases, err := scenario.Read(file, data)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(cases); i += step {
		if c := &cases[i]; c.Parts == nil {
			out = append(out, Question{c.ID, c.Facts})
		}
	}
	return out, nil
}

// Asked is a question encoded for a program, with a result that is used again.
type Asked struct {
	Question
	Mode    comity.Mode
	program *engine.Program
	input   *engine.Input
	result  engine.Result
}

// Ask encodes a question.
func Ask(e *engine.Engine, q Question, mode comity.Mode) (*Asked, error) {
	a := &Asked{Question: q, Mode: mode, program: e.Program()}
	a.input = a.program.NewInput()
	if err := a.program.Encode(a.input, q.Facts, time.Time{}); err != nil {
		return nil, fmt.Errorf("%s: %w", q.Name, err)
	}
	return a, a.Decide(1)
}

// Decide decides n times: effect, all that applies, conditions, conflicts.
func (a *Asked) Decide(n int) error {
	for range n {
		if err := a.program.Evaluate(a.input, a.Mode, &a.result); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return nil
}

// Timing is what decisions on one question take.
type Timing struct {
	*Asked
	Least  time.Duration // the least time of a decision over all rounds
	Allocs float64       // for each decision
}

// perRound is how many decisions a round has: about a millisecond.
const perRound = 1000

// Decisions times all questions in turns, in both modes, the slowest first.
func Decisions(e *engine.Engine, questions []Question, rounds int) ([]Timing, error) {
	var out []Timing
	for _, q := range questions {
		for _, mode := range []comity.Mode{comity.MissingReview, comity.MissingIgnore} {
			a, err := Ask(e, q, mode)
			if err != nil {
				return nil, err
			}
			out = append(out, Timing{Asked: a, Least: time.Hour})
		}
	}
	for range rounds {
		for i := range out {
			start := time.Now()
			if err := out[i].Decide(perRound); err != nil {
				return nil, err
			}
			out[i].Least = min(out[i].Least, time.Since(start)/perRound)
		}
	}
	for i := range out {
		var failed error
		out[i].Allocs = testing.AllocsPerRun(10, func() { failed = errors.Join(failed, out[i].Decide(1)) })
		if failed != nil {
			return nil, failed
		}
	}
	slices.SortStableFunc(out, func(a, b Timing) int { return int(b.Least - a.Least) })
	return out, nil
}
