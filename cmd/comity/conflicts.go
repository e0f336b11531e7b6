// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/graph"
	"github.com/comity-project/comity/internal/pack"
)

// lawFlags are those of questions about the law.
type lawFlags struct {
	packs  packFlags
	at     string
	asJSON bool
}

func (f *lawFlags) bind(cmd *cobra.Command) {
	f.packs.bind(cmd)
	cmd.Flags().StringVar(&f.at, "at", "", "day of the question, such as 2024-05-01; today without it")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print the answer as JSON")
}

// graph prepares the questions; the engine confirms each answer.
func (f *lawFlags) graph() (*graph.Graph, *engine.Engine, error) {
	at := time.Now()
	if f.at != "" {
		var err error
		if at, err = engine.ParseTime(f.at); err != nil {
			return nil, nil, usageError("--at", "", "%w", cause(err))
		}
	}
	eng, err := f.packs.engine()
	if err != nil {
		return nil, nil, err
	}
	g, err := graphOn(eng, pack.DayOf(at.UTC()))
	return g, eng, err
}

// graphOn is the graph of an engine's law on a day.
func graphOn(eng *engine.Engine, day pack.Day) (*graph.Graph, error) {
	return graph.New(eng.Program().Model(), day, func(facts comity.Facts) (comity.Decision, error) {
		return eng.Decide(comity.Request{Facts: facts})
	})
}

func newGraphConflicts() *cobra.Command {
	var f lawFlags
	var explain bool
	cmd := &cobra.Command{
		Use:   "conflicts [REQUIREMENT REQUIREMENT]",
		Short: "List the requirements of different legal orders that can contradict each other",
		Long: `Lists every pair of requirements of different legal orders that can contradict
each other: one demands what the other forbids, one keeps at home what the other
does not let move there, one takes an operation that the other forbids, or each
forbids to obey the other's authorities. Pairs that begin on a day to come are
listed with that day.

With --explain each comes with the smallest context in which it happens, why
neither gives way, and what to do meanwhile. With two requirements it says what
there is to say of that pair, also why it is no contradiction.`,
		Example: `  comity graph conflicts
  comity graph conflicts EU-GDPR-17 US-TAX-6001
  comity graph conflicts EU-GDPR-5-1-C EU-AIA-26-6 --json`,
		Args: checked(cobra.MaximumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return usageError("graph conflicts", "give two requirements, or none for all pairs", "%q alone is no pair", args[0])
			}
			g, eng, err := f.graph()
			if err != nil {
				return err
			}
			if len(args) == 2 {
				return f.pair(cmd, g, eng.Program().Model(), args)
			}
			all, err := g.Conflicts(share(cmd.ErrOrStderr(), "looking at pairs"))
			if err != nil {
				return err
			}
			if f.asJSON {
				printJSON(cmd.OutOrStdout(), map[string]any{"conflicts": all})
				return nil
			}
			printConflicts(newScreen(cmd.OutOrStdout()), all, explain)
			return nil
		},
	}
	f.bind(cmd)
	cmd.Flags().BoolVar(&explain, "explain", false, "show context, reason and what to do for each pair")
	return cmd
}

// share reports on a terminal how far a long question is; nil elsewhere.
func share(w io.Writer, what string) func(done, of int) {
	if _, ok := terminal(w); !ok {
		return nil
	}
	return func(done, of int) {
		end := "\r"
		if done >= of {
			end = "\r\x1b[K"
		}
		fmt.Fprintf(w, "%s: %d of %d%s", what, done, of, end)
	}
}

// requirementsOf are the ids that a name may have.
func requirementsOf(m *pack.Model) []string {
	var out []string
	for _, p := range m.Packs {
		for _, q := range p.Requirements {
			out = append(out, q.ID)
		}
	}
	return out
}

// requirement refuses names that are none of a rule.
func requirement(op string, m *pack.Model, id string) error {
	if slices.ContainsFunc(m.Rules, func(r *pack.Rule) bool { return r.ID == id }) {
		return nil
	}
	if slices.Contains(requirementsOf(m), id) {
		return &comity.Error{Code: comity.CodeInvalid, Op: op, Remedy: "name the requirement that it is an exception of", Err: fmt.Errorf("%s is a permit, which forbids and demands nothing", id)}
	}
	return &comity.Error{Code: comity.CodeNotFound, Op: op, Remedy: cmp.Or(pack.Suggest(id, requirementsOf(m)), "comity graph show PACK lists requirements"), Err: fmt.Errorf("no requirement is called %q", id)}
}

func (f *lawFlags) pair(cmd *cobra.Command, g *graph.Graph, m *pack.Model, args []string) error {
	for _, id := range args {
		if err := requirement("graph conflicts", m, id); err != nil {
			return err
		}
	}
	r, err := g.Pair(args[0], args[1])
	if err != nil {
		return err
	}
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), r)
		return nil
	}
	s := newScreen(cmd.OutOrStdout())
	s.printf("%s and %s: %s\n", r.A, r.B, s.paint(strong, strings.ToUpper(string(r.Verdict))))
	if r.Conflict != nil {
		printConflict(s, r.Conflict)
		return nil
	}
	s.row("because", plain, r.Reason)
	if r.Facts != nil {
		s.row("for example", plain, facts(r.Facts))
	}
	if r.FactsB != nil {
		s.row("and beside it", plain, facts(r.FactsB))
	}
	s.row("citations", faint, cites(r.Citations))
	return nil
}

// kindTitles head the groups of conflicts.
var kindTitles = []struct {
	kind  graph.Kind
	title string
}{
	{graph.Demanded, "ONE DEMANDS WHAT THE OTHER FORBIDS"},
	{graph.Apart, "ONE KEEPS AT HOME WHAT THE OTHER DOES NOT LET GO THERE"},
	{graph.Entailed, "ONE TAKES WHAT THE OTHER FORBIDS"},
	{graph.Mirrored, "EACH FORBIDS TO OBEY AUTHORITIES OF THE OTHER SIDE"},
}

// printConflicts groups by kind and verdict, then by the requirement that most pairs share.
func printConflicts(s *screen, all []graph.Conflict, explain bool) {
	s.printf("%s can contradict each other.\n", count(len(all), "pair"))
	for _, k := range kindTitles {
		for _, v := range []graph.Verdict{graph.Contradict, graph.Depends} {
			groups := map[string][]graph.Conflict{}
			n := 0
			for _, c := range all {
				if c.Kind == k.kind && c.Verdict == v {
					groups[c.B] = append(groups[c.B], c)
					n++
				}
			}
			if n == 0 {
				continue
			}
			head := "nothing that the caller controls helps"
			if v == graph.Depends {
				head = "a ground or a duty that is met settles it"
			}
			s.printf("\n%s\n", s.paint(strong, fmt.Sprintf("%s: %s (%d)", k.title, head, n)))
			for _, b := range slices.Sorted(maps.Keys(groups)) {
				printGroup(s, b, groups[b], explain)
			}
		}
	}
	if !explain {
		s.printf("\nWith --explain, or two of the names, comes why and what to do.\n")
	}
}

func printGroup(s *screen, b string, group []graph.Conflict, explain bool) {
	if explain {
		for i := range group {
			s.printf("\n%s and %s\n", group[i].A, b)
			printConflict(s, &group[i])
		}
		return
	}
	names := make([]string, len(group))
	for i, c := range group {
		if names[i] = c.A; c.From != "" {
			names[i] += " (from " + c.From + ")"
		}
		names[i] = strings.ReplaceAll(names[i], " ", hardSpace)
	}
	s.printf("  %s\n", s.paint(strong, b))
	s.row("", plain, strings.Join(names, ", "))
}

// printConflict is one pair, without its names.
func printConflict(s *screen, c *graph.Conflict) {
	if c.From != "" {
		s.row("from", plain, c.From)
	}
	if len(c.FactsB) == 0 {
		s.row("context", plain, facts(c.Facts))
	} else {
		s.row("context", plain, c.A+": "+facts(c.Facts))
		s.row("", plain, c.B+": "+facts(c.FactsB))
	}
	s.row("why", plain, c.Why)
	switch {
	case len(c.Settles) > 0:
		s.row("settled by", plain, facts(c.Settles))
	case c.Means == "duty":
		s.row("settled by", plain, "the duty of "+c.A+" being met, as long as it can be")
	}
	s.row("meanwhile", plain, c.Do)
	s.row("citations", faint, cites(c.Cites))
}
