// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/graph"
	"github.com/comity-project/comity/internal/pack"
)

func newAsk() *cobra.Command {
	var f lawFlags
	var o graph.AskOptions
	cmd := &cobra.Command{
		Use:   "ask CONDITION",
		Short: "Ask whether any operation that fits a condition can be lawful",
		Long: `Asks whether any operation that fits a condition can be lawful under all packs
at once: yes with a witness (its facts, conditions and citations), or no with the
requirements that together forbid it, of which none could be left out. The
answer is exact over all facts, and confirmed by the engine. The language of
conditions is that of packs (docs/pack-format.md); a list is read one value at a
time.

Can biometric data of people in the EEA ever be processed in the US without
explicit consent? See the first example.

Exit codes: 0 yes, 3 no, 1 error.`,
		Example: `  comity ask "operation == process and data_categories == biometric and subject_location in EEA and processed_in in US and not shown consent == explicit"
  comity ask "operation == deploy_ai and ai_practice == social_scoring and targets in EU" --at 2026-03-01
  comity ask "operation == transfer and from_region in EEA and to_region == CN and data_categories == health" --ways 3 --plain`,
		Args: checked(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return f.ask(cmd, args[0], o) },
	}
	f.bind(cmd)
	cmd.Flags().BoolVar(&o.Plain, "plain", false, "count only answers without conditions")
	cmd.Flags().IntVar(&o.Ways, "ways", 1, "how many ways to look for that differ outside the condition")
	return cmd
}

func (f *lawFlags) ask(cmd *cobra.Command, src string, o graph.AskOptions) error {
	if o.Ways < 1 || o.Ways > 100 {
		return usageError("--ways", "give a number from 1 to 100", "%d ways", o.Ways)
	}
	g, eng, err := f.graph()
	if err != nil {
		return err
	}
	c, err := pack.ParseCond(eng.Program().Model().Vocab, nil, src)
	if err != nil {
		return conditionError("ask", err)
	}
	a, err := g.Ask(c, o)
	if err != nil {
		return err
	}
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), a)
	} else {
		printAnswer(newScreen(cmd.OutOrStdout()), a, o)
	}
	if !a.Possible {
		return exitStatus(exitDeny)
	}
	return nil
}

// conditionError is a fault in a condition of the command line, with its column.
func conditionError(op string, err error) error {
	out := &comity.Error{Code: comity.CodeInvalid, Op: op, Err: err}
	var pe *pack.ParseError
	if errors.As(err, &pe) {
		out.Err, out.Remedy = fmt.Errorf("column %d of the condition: %s", pe.Offset+1, pe.Msg), pe.Remedy
		out.Line, out.Column = 1, pe.Offset+1
	}
	return out
}

func printAnswer(s *screen, a *graph.Answer, o graph.AskOptions) {
	if !a.Possible {
		s.printf("%s: no operation that fits is lawful%s\n", s.paint(strong, "NO"), map[bool]string{true: " without conditions"}[o.Plain])
		printReasons(s, "forbidden by", a.Forbids)
		return
	}
	s.printf("%s, %s\n", s.paint(strong, "YES"), "for example:")
	for i := range a.Ways {
		d := &a.Ways[i].Decision
		s.row(numbered("way", i, len(a.Ways)), plain, facts(a.Ways[i].Facts))
		for _, x := range d.Grounds {
			s.row("ground", plain, x.Requirement+": "+x.Branch)
		}
		for _, x := range d.Outside {
			s.row("outside", plain, x.Pack+": "+x.ID)
		}
		printConditions(s, d)
		s.row("citations", faint, cites(d.Citations))
	}
	if len(a.Ways) < o.Ways {
		s.row("", faint, "There is no way that differs from these outside the condition.")
	}
}

func printReasons(s *screen, label string, list []graph.Reason) {
	for _, r := range list {
		s.row(label, strong, r.Requirement+"  "+r.Title)
		s.row("", faint, cites(r.Citations))
		label = ""
	}
}
