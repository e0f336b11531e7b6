// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

// TestRests: what Rests names is what the decision in full names, for the cases of all packs
// in both modes.
func TestRests(t *testing.T) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := eng.Program()
	var ids []string
	for _, x := range p.Model().Packs {
		ids = append(ids, x.ID)
	}
	cases, err := scenario.Embedded(ids)
	if err != nil {
		t.Fatal(err)
	}
	in := p.NewInput()
	var res engine.Result
	for i := range cases {
		c := &cases[i]
		if c.Parts != nil || testing.Short() && i%5 > 0 {
			continue
		}
		for _, mode := range []comity.Mode{comity.MissingIgnore, comity.MissingReview} {
			if err := p.Encode(in, c.Facts, time.Time{}); err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			if err := p.Evaluate(in, mode, &res); err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			got, want := sorted(p.Rests(in, &res, nil)), sorted(restsOf(p.Decision(in, &res, false)))
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s, %s: rests on %v, the decision on %v", c.Name, mode, res.Effect(), got, want)
			}
		}
	}
}

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

func restsOf(d comity.Decision) (out []string) {
	switch d.Effect {
	case comity.Deny:
		for _, x := range d.Violations {
			out = append(out, x.Requirement)
		}
	case comity.Review:
		for _, x := range d.Conflicts {
			out = append(out, x.Requirements...)
		}
		for _, x := range d.Questions {
			out = append(out, x.Requirement)
		}
		for _, x := range d.Missing {
			out = append(out, x.NeededBy...)
		}
	default:
		for _, x := range d.Conditions {
			out = append(out, x.Requirement)
		}
	}
	return out
}
