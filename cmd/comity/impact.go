// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/draw"
	"github.com/comity-project/comity/internal/graph"
	"github.com/comity-project/comity/internal/pack"
)

func newGraphImpact() *cobra.Command {
	var f lawFlags
	cmd := &cobra.Command{
		Use:   "impact REQUIREMENT | FACT | PACK",
		Short: "Show what hangs on a requirement, a fact or a pack",
		Long: `Shows what refers to a requirement, a fact or a pack, and which kinds of
operation change their answer without it: for each an example that the engine
decides with and without. Kinds of operation that are not listed never change.
For a fact, without it means: the same operation with that fact absent.`,
		Example: `  comity graph impact US-IL-BIPA-15B
  comity graph impact eu_us_dpf
  comity graph impact transfer_mechanism --json`,
		Args: checked(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, eng, err := f.graph()
			if err != nil {
				return err
			}
			i, err := impactOf(g, eng.Program().Model(), args[0])
			if err != nil {
				return err
			}
			if f.asJSON {
				printJSON(cmd.OutOrStdout(), i)
				return nil
			}
			printImpact(newScreen(cmd.OutOrStdout()), i)
			return nil
		},
	}
	f.bind(cmd)
	return cmd
}

func impactOf(g *graph.Graph, m *pack.Model, name string) (*graph.Impact, error) {
	p, q := draw.Find(m, name)
	if p == nil && q == nil {
		fact, ok := m.Vocab.Lookup(name)
		if !ok {
			names := slices.Concat(draw.Names(m), m.Vocab.FactNames())
			return nil, &comity.Error{
				Code: comity.CodeNotFound, Op: "graph impact", Err: fmt.Errorf("no pack, requirement or fact is called %q", name),
				Remedy: cmp.Or(pack.Suggest(name, names), "comity graph show PACK lists requirements"),
			}
		}
		return g.ImpactOfFact(fact)
	}
	if q != nil {
		p = nil
	}
	prog, err := engine.Compile(graph.Without(m, p, q))
	if err != nil {
		return nil, err
	}
	return g.ImpactOf(p, q, oracle(prog))
}

// oracle decides with a program that no engine holds.
func oracle(p *engine.Program) graph.Oracle {
	in, res := p.NewInput(), &engine.Result{}
	return func(facts comity.Facts) (comity.Decision, error) {
		if err := p.Encode(in, facts, time.Time{}); err != nil {
			return comity.Decision{}, err
		}
		if err := p.Evaluate(in, comity.MissingReview, res); err != nil {
			return comity.Decision{}, err
		}
		return p.Decision(in, res, false), nil
	}
}

func printImpact(s *screen, i *graph.Impact) {
	s.printf("%s (%s): %s\n", s.paint(strong, i.Name), i.Kind, i.Title)
	if i.Kind == "fact" {
		s.row("read by", plain, strings.Join(i.Requirements, ", "))
		s.row("reach of", plain, strings.Join(i.Reaches, ", "))
	} else if len(i.Requirements) > 0 {
		s.row("holds", plain, strings.Join(i.Requirements, ", "))
	}
	for _, x := range []struct {
		label string
		list  []string
	}{
		{"replaced by", i.ReplacedBy},
		{"used by", i.UsedBy},
		{"recognised", i.RecognisedBy},
		{"edges", i.Edges},
		{"reads", i.Facts},
	} {
		if len(x.list) > 0 {
			s.row(x.label, plain, strings.Join(x.list, ", "))
		}
	}
	if i.Replaces != "" {
		s.row("replaces", plain, i.Replaces)
	}
	s.printf("\n%s can change their answer without it:\n", count(len(i.Changes), "operation"))
	for _, c := range i.Changes {
		s.printf("  %s: %s, without it %s\n", s.paint(strong, c.Operation), c.With, c.Without)
		s.row("example", plain, facts(c.Facts))
	}
}
