// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

func newTest() *cobra.Command {
	var packs packFlags
	var asJSON, robust, failuresOnly bool
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Decide scenario files and pack cases and score the answers",
		Long: `Decides every case of the given files (scenario files and pack cases) and
reports recall per effect with its macro average, plain or conditional allows,
and citations; cases in which no regime applies apart. Exit code 3 if a case
fails.`,
		Example: `  comity test packs/eu_gdpr/cases/*.yaml
  comity test scenarios.yaml --json
  comity test --robust scenarios.yaml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			eng, err := packs.engine()
			if err != nil {
				return err
			}
			cases, err := readCases(args)
			if err != nil {
				return err
			}
			if robust {
				return reportRobust(cmd.OutOrStdout(), scenario.Harden(eng, cases), asJSON)
			}
			return reportScore(cmd.OutOrStdout(), eng, cases, asJSON, failuresOnly)
		},
	}
	packs.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&robust, "robust", false, "leave out one fact at a time in missing=review and report what opens")
	cmd.Flags().BoolVar(&failuresOnly, "failures", false, "list failing cases only, without the scores")
	return cmd
}

// readCases reads files; a folder stands for the YAML files in it.
func readCases(args []string) ([]scenario.Case, error) {
	var out []scenario.Case
	for _, name := range args {
		files := []string{name}
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			files, _ = filepath.Glob(filepath.Join(name, "*.yaml"))
			sort.Strings(files)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				return nil, &comity.Error{Code: comity.CodeNotFound, Op: "test", Err: err}
			}
			cs, err := scenario.Read(f, data)
			if err != nil {
				return nil, err
			}
			out = append(out, cs...)
		}
	}
	return out, nil
}

// testReport is the JSON of comity test.
type testReport struct {
	All      scenario.Score `json:"all"`
	Regime   scenario.Score `json:"with_regime"`
	None     scenario.Score `json:"no_regime"`
	Passed   int            `json:"passed"`
	Failed   int            `json:"failed"`
	Failures []testFailure  `json:"failures,omitempty"`
}

type testFailure struct {
	ID     string   `json:"id"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Faults []string `json:"faults"`
	Cited  []string `json:"citations,omitempty"`
}

func reportScore(w io.Writer, eng *engine.Engine, cases []scenario.Case, asJSON, failuresOnly bool) error {
	var all, with, none []scenario.Outcome
	var rep testReport
	for _, c := range cases {
		o := scenario.Run(eng, c)
		all = append(all, o)
		if c.NoRegime {
			none = append(none, o)
		} else {
			with = append(with, o)
		}
		if len(o.Faults) > 0 {
			rep.Failures = append(rep.Failures, testFailure{c.ID, c.File, c.Line, o.Faults, o.Decision.Citations})
		}
	}
	rep.All, rep.Regime, rep.None = scenario.Measure(all), scenario.Measure(with), scenario.Measure(none)
	rep.Failed = len(rep.Failures)
	rep.Passed = len(all) - rep.Failed
	if asJSON {
		if err := json.NewEncoder(w).Encode(rep); err != nil {
			return err
		}
	} else {
		printScore(w, &rep, failuresOnly)
	}
	if rep.Failed > 0 {
		return exitStatus(exitDeny)
	}
	return nil
}

func printScore(w io.Writer, rep *testReport, failuresOnly bool) {
	for _, f := range rep.Failures {
		fmt.Fprintf(w, "FAIL %s:%d %s\n", f.File, f.Line, f.ID)
		for _, s := range f.Faults {
			fmt.Fprintf(w, "     %s\n", s)
		}
		if len(f.Cited) > 0 {
			fmt.Fprintf(w, "     cited: %s\n", strings.Join(f.Cited, "; "))
		}
	}
	if !failuresOnly {
		fmt.Fprintf(w, "%-24s %8s %12s %12s\n", "", "all", "with regime", "no regime")
		cols := []*scenario.Score{&rep.All, &rep.Regime, &rep.None}
		row := func(name string, f func(*scenario.Score) string) {
			fmt.Fprintf(w, "%-24s %8s %12s %12s\n", name, f(cols[0]), f(cols[1]), f(cols[2]))
		}
		row("cases", func(s *scenario.Score) string { return fmt.Sprint(s.Cases) })
		for _, e := range []string{"allow", "deny", "review"} {
			row("recall "+e, func(s *scenario.Score) string { return rate(s.Effects[e]) })
		}
		row("effect, macro average", func(s *scenario.Score) string { return percent(s.Macro, s.Cases) })
		row("plain or conditional", func(s *scenario.Score) string { return rate(s.Conditions) })
		row("plain allow", func(s *scenario.Score) string { return rate(s.Plain) })
		row("citations", func(s *scenario.Score) string { return rate(s.Citations) })
		row("if all denied, macro", func(s *scenario.Score) string { return percent(s.DenyAll, s.Cases) })
		row("if all allowed, macro", func(s *scenario.Score) string { return percent(s.AllowAll, s.Cases) })
	}
	fmt.Fprintf(w, "%d passed, %d failed\n", rep.Passed, rep.Failed)
}

func rate(r scenario.Rate) string {
	if r.Of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*r.Share)
}

func percent(f float64, n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*f)
}

func reportRobust(w io.Writer, r scenario.Robust, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	share := func(n, of int) string {
		if of == 0 {
			return "-"
		}
		return fmt.Sprintf("%d of %d (%.1f %%)", n, of, 100*float64(n)/float64(of))
	}
	fmt.Fprintf(w, "denials with a hole               %s\n", share(r.WithHoles, r.Denials))
	fmt.Fprintf(w, "denials not denied in enforcement %s\n", share(len(r.NotDenied), r.Denials))
	fmt.Fprintf(w, "allowed, complete, to review      %s\n", share(len(r.ToReview), r.Complete))
	fmt.Fprintf(w, "allowed, complete, to deny        %s\n", share(len(r.ToDeny), r.Complete))
	for _, h := range r.Holes {
		fmt.Fprintf(w, "HOLE %s without %s: %s\n", h.Case, h.Fact, strings.Join(h.Requirements, ", "))
	}
	for name, list := range map[string][]string{"not denied": r.NotDenied, "to review": r.ToReview, "to deny": r.ToDeny} {
		if len(list) > 0 {
			fmt.Fprintf(w, "%s: %s\n", name, strings.Join(list, " "))
		}
	}
	fmt.Fprintf(w, "behind it, facts: %s\n", strings.Join(counted(r.Facts), ", "))
	fmt.Fprintf(w, "behind it, requirements: %s\n", strings.Join(counted(r.Requirements), ", "))
	return nil
}

func counted(m map[string]int) []string {
	keys := scenario.Top(m, 10)
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %d", k, m[k])
	}
	return keys
}
