// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package lawbench

import (
	"fmt"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/graph"
	"github.com/comity-project/comity/internal/pack"
)

// The bounds of questions about the law as a whole: all pairs, as comity graph conflicts
// looks at them, and one question, as comity ask does.
const (
	ConflictsBound = 10 * time.Second
	AskBound       = 2 * time.Second
)

// AnalysisDay is the day of these questions: the same law at every run.
const AnalysisDay = "2026-11-21"

// Conditions are questions of which three have a way that is lawful, and one none.
func Conditions() []string {
	return []string{
		"operation == process and data_categories == biometric and subject_location in EEA and processed_in in US and not shown consent == explicit",
		"operation == transfer and from_region in EEA and to_region == CN and data_categories == health",
		"operation == deploy_ai and ai_practice == social_scoring and targets in EU",
		"operation == collect and data_categories == biometric and subject_location in US-IL and controller_establishment in US-IL and controller_type == company and consent == none and data_state == plaintext and purpose == advertising and not shown transfer_mechanism == foreign_order and not shown glba_institution == true",
	}
}

// Graph prepares questions about the law, which the engine confirms.
func Graph(e *engine.Engine) (*graph.Graph, error) {
	day, err := pack.ParseDay(AnalysisDay)
	if err != nil {
		return nil, err
	}
	return graph.New(e.Program().Model(), day, func(f comity.Facts) (comity.Decision, error) {
		return e.Decide(comity.Request{Facts: f})
	})
}

// Conflicts looks at all pairs once, on all processors. It gives the time and how many can
// contradict each other.
func Conflicts(e *engine.Engine) (time.Duration, int, error) {
	g, err := Graph(e)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	found, err := g.Conflicts(nil)
	return time.Since(start), len(found), err
}

// Asking is what one question took.
type Asking struct {
	Condition string
	Possible  bool
	Least     time.Duration
}

// AskAll asks each condition in turns and keeps the least time of each.
func AskAll(e *engine.Engine, conditions []string, rounds int) ([]Asking, error) {
	g, err := Graph(e)
	if err != nil {
		return nil, err
	}
	out := make([]Asking, len(conditions))
	for range rounds {
		for i, src := range conditions {
			c, err := pack.ParseCond(e.Program().Model().Vocab, nil, src)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", src, err)
			}
			start := time.Now()
			a, err := g.Ask(c, graph.AskOptions{})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", src, err)
			}
			took := time.Since(start)
			if out[i].Condition == "" || took < out[i].Least {
				out[i] = Asking{src, a.Possible, took}
			}
		}
	}
	return out, nil
}
