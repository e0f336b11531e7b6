// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/draw"
	"github.com/comity-project/comity/internal/graph"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/scenario"
)

// shownCases is how many cases are listed unless all are asked for.
const shownCases = 10

func newGraphImpact() *cobra.Command {
	var f lawFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "impact REQUIREMENT | FACT | PACK",
		Short: "Show what hangs on a requirement, a fact or a pack",
		Long: `Shows what refers to a requirement, a fact or a pack, and which kinds of
operation are lawful only with it, or only without it: for each an example that
the engine decides both ways. Kinds of operation that are not listed never are.
For a fact, without it means: the same operation with that fact absent.

As evidence, the cases of the packs are decided both ways, each on its own date and
as strictly as it says: those whose effect or conditions change are counted, and
the first ten are listed, all with --all.`,
		Example: `  comity graph impact US-IL-BIPA-15B
  comity graph impact eu_us_dpf
  comity graph impact transfer_mechanism --json --all`,
		Args: checked(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, eng, err := f.graph()
			if err != nil {
				return err
			}
			cases, err := f.cases(eng.Program().Model())
			if err != nil {
				return err
			}
			i, err := impactOf(g, eng, args[0], cases)
			if err != nil {
				return err
			}
			if list := i.Evidence; list != nil && !all {
				list.Cases = list.Cases[:min(len(list.Cases), shownCases)]
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
	cmd.Flags().BoolVar(&all, "all", false, "list all cases that change, not the first ten")
	return cmd
}

// cases are those of the loaded packs, of requests with parts each part. What was known on
// another day is left out: the graph is that of what is known now.
func (f *lawFlags) cases(m *pack.Model) ([]graph.Case, error) {
	own := map[string]bool{}
	var files []string
	for _, dir := range f.packs.dirs {
		found, err := app.PacksIn(dir)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			own[p.ID] = true
			list, err := yamlFiles(filepath.Join(p.Dir, "cases"))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, notFound("cases", err)
			}
			files = append(files, list...)
		}
	}
	var ids []string
	for _, p := range m.Packs {
		if !own[p.ID] {
			ids = append(ids, p.ID)
		}
	}
	embedded, err := scenario.Embedded(ids)
	if err != nil {
		return nil, err
	}
	theirs, err := readCases(files)
	if err != nil {
		return nil, err
	}
	var out []graph.Case
	for _, c := range append(theirs, embedded...) {
		if !c.KnownAt.IsZero() {
			continue
		}
		one := graph.Case{Name: c.Name, File: c.File, Line: c.Line, Facts: c.Facts, Mode: c.Missing}
		if c.Parts == nil {
			out = append(out, one)
		}
		for i, part := range c.Parts {
			one.Name = fmt.Sprintf("%s, part %d", c.Name, i)
			one.Facts = maps.Clone(c.Facts)
			if one.Facts == nil {
				one.Facts = comity.Facts{}
			}
			maps.Copy(one.Facts, part)
			out = append(out, one)
		}
	}
	return out, nil
}

func impactOf(g *graph.Graph, eng *engine.Engine, name string, cases []graph.Case) (*graph.Impact, error) {
	m := eng.Program().Model()
	with := judge(eng.Program())
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
		i, err := g.ImpactOfFact(fact)
		if without := g.Forget(fact, with); err == nil && without != nil {
			i.Evidence = graph.EvidenceOf(cases, with, without)
		}
		return i, err
	}
	if q != nil {
		p = nil
	}
	prog, err := engine.Compile(graph.Without(m, p, q))
	if err != nil {
		return nil, err
	}
	without := judge(prog)
	i, err := g.ImpactOf(p, q, func(facts comity.Facts) (comity.Decision, error) { return without(facts, comity.MissingReview) })
	if err == nil {
		i.Evidence = graph.EvidenceOf(cases, with, without)
	}
	return i, err
}

// judge decides with a program that no engine holds.
func judge(p *engine.Program) graph.Judge {
	in, res := p.NewInput(), &engine.Result{}
	return func(facts comity.Facts, mode comity.Mode) (comity.Decision, error) {
		if err := p.Encode(in, facts, time.Time{}); err != nil {
			return comity.Decision{}, err
		}
		if err := p.Evaluate(in, cmp.Or(mode, comity.MissingReview), res); err != nil {
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
	if i.Evidence != nil {
		printEvidence(s, i.Evidence)
	}
}

// printEvidence writes what the cases of the packs show.
func printEvidence(s *screen, e *graph.Evidence) {
	s.printf("\n%d of %s of the packs change without it", e.Count, count(e.Of, "case"))
	sep := ": "
	for _, op := range slices.SortedFunc(maps.Keys(e.Operations), func(a, b string) int {
		return cmp.Or(e.Operations[b]-e.Operations[a], strings.Compare(a, b))
	}) {
		s.printf("%s%s %d", sep, clean(cmp.Or(op, "(no operation)")), e.Operations[op])
		sep = ", "
	}
	s.printf("\n")
	for _, c := range e.Cases {
		s.printf("  %s:%d %s\n", clean(c.File), c.Line, clean(strings.TrimSpace(c.Name)))
		if c.With != c.Without {
			s.row("answer", plain, fmt.Sprintf("%s, without it %s", c.With, c.Without))
		} else {
			s.row("answer", plain, string(c.With)+" both ways")
		}
		if len(c.Drops) > 0 {
			s.row("conditions", plain, "without it not "+strings.Join(c.Drops, ", "))
		}
		if len(c.Adds) > 0 {
			s.row("conditions", plain, "without it also "+strings.Join(c.Adds, ", "))
		}
	}
	if rest := e.Count - len(e.Cases); rest > 0 {
		s.printf("  and %d more: --all lists them\n", rest)
	}
}
