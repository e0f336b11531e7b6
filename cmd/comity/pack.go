// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/scenario"
)

func newPack() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pack",
		Short: "Check and test packs of law",
		Example: `  comity pack lint packs/eu_gdpr
  comity pack test packs/eu_gdpr`,
	}
	cmd.AddCommand(newPackLint(), newPackTest())
	return cmd
}

func newPackLint() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lint [DIR...]",
		Short: "Report every fault of packs with file, line, column and remedy",
		Long: `Reads the given packs beside the embedded ones and reports faults: unknown facts
and values, undeclared instruments, scopes that fail open, exceptions that can
never apply, gaps and overlaps of dates. Without DIR it checks the embedded
packs. Exit code 3 if there is an error.`,
		Example: `  comity pack lint
  comity pack lint packs/eu_gdpr packs/uk_gdpr --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			probs, err := lint(args)
			if err != nil {
				return err
			}
			return printProblems(cmd.OutOrStdout(), probs, asJSON)
		},
		ValidArgsFunction: completeDirs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a finding")
	return cmd
}

func completeDirs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func lint(dirs []string) (pack.Problems, error) {
	f := packFlags{dirs: dirs}
	eng, err := f.engine()
	var probs pack.Problems
	if err != nil {
		if !errors.As(err, &probs) {
			return nil, err
		}
	} else {
		probs = eng.Findings()
		pack.Overdue(eng.Program().Model(), pack.DayOf(time.Now().UTC()), &probs)
	}
	probs.Sort()
	return probs, nil
}

func printProblems(w io.Writer, probs pack.Problems, asJSON bool) error {
	worst := 0
	for _, p := range probs {
		level := "warning"
		if p.Severity == pack.Error {
			level, worst = "error", exitDeny
		}
		if asJSON {
			err := json.NewEncoder(w).Encode(map[string]any{"level": level, "file": p.Pos.File, "line": p.Pos.Line, "column": p.Pos.Col, "message": p.Msg, "remedy": p.Remedy})
			if err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s: %s\n", level, p)
	}
	if worst != 0 {
		return exitStatus(worst)
	}
	if !asJSON {
		fmt.Fprintln(w, "no errors")
	}
	return nil
}

func newPackTest() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test [DIR...]",
		Short: "Decide the cases of packs and print their coverage",
		Long: `Decides cases/*.yaml of the given packs (without DIR: of all embedded packs) and
prints which requirements, exceptions, conditions, outside nodes and edges no
case uses. Exit code 3 if a case fails or something is uncovered.`,
		Example:           `  comity pack test packs/eu_gdpr`,
		ValidArgsFunction: completeDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			rep, err := testPacks(args)
			if err != nil {
				return err
			}
			return rep.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

type packReport struct {
	Packs    []string          `json:"packs"`
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	Failures []testFailure     `json:"failures,omitempty"`
	Coverage scenario.Coverage `json:"coverage"`
}

func testPacks(dirs []string) (*packReport, error) {
	f := packFlags{dirs: dirs}
	eng, err := f.engine()
	if err != nil {
		return nil, err
	}
	m := eng.Program().Model()
	rep := &packReport{}
	var cases []scenario.Case
	if len(dirs) == 0 {
		for _, p := range m.Packs {
			rep.Packs = append(rep.Packs, p.ID)
		}
		cases, err = scenario.Embedded(rep.Packs)
	} else {
		for _, dir := range dirs {
			ids, files, ferr := packFiles(dir)
			if ferr != nil {
				return nil, ferr
			}
			rep.Packs = append(rep.Packs, ids...)
			cs, rerr := readCases(files)
			if rerr != nil {
				return nil, rerr
			}
			cases = append(cases, cs...)
		}
	}
	if err != nil {
		return nil, err
	}
	var outcomes []scenario.Outcome
	for _, c := range cases {
		o := scenario.Run(eng, c)
		outcomes = append(outcomes, o)
		if len(o.Faults) > 0 {
			rep.Failures = append(rep.Failures, testFailure{c.ID, c.File, c.Line, o.Faults, o.Decision.Citations})
		}
	}
	rep.Failed = len(rep.Failures)
	rep.Passed = len(outcomes) - rep.Failed
	rep.Coverage = scenario.Cover(m, rep.Packs, outcomes)
	return rep, nil
}

// packFiles lists the packs below a folder and their case files.
func packFiles(dir string) (ids, files []string, err error) {
	for _, d := range pack.PackDirs(os.DirFS(dir)) {
		abs, err := filepath.Abs(filepath.Join(dir, d))
		if err != nil {
			return nil, nil, err
		}
		ids = append(ids, filepath.Base(abs))
		m, err := filepath.Glob(filepath.Join(dir, d, "cases", "*.yaml"))
		if err != nil {
			return nil, nil, err
		}
		sort.Strings(m)
		files = append(files, m...)
	}
	if len(ids) == 0 {
		return nil, nil, &comity.Error{Code: comity.CodeNotFound, Op: dir, Err: fmt.Errorf("no pack here"), Remedy: "a pack is a folder with a pack.yaml"}
	}
	return ids, files, nil
}

func (rep *packReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(w).Encode(rep); err != nil {
			return err
		}
	} else {
		printScore(w, &testReport{Failures: rep.Failures, Passed: rep.Passed, Failed: rep.Failed}, true)
		c := &rep.Coverage
		fmt.Fprintf(w, "coverage of %s:\n", strings.Join(rep.Packs, ", "))
		for _, x := range []struct {
			name string
			r    scenario.Rate
		}{{"requirements", c.Requirements}, {"exceptions", c.Branches}, {"conditions", c.Conditions}, {"outside", c.Outside}, {"edges", c.Edges}} {
			fmt.Fprintf(w, "  %-14s %4d of %4d  %s\n", x.name, x.r.Right, x.r.Of, rate(x.r))
		}
		for _, u := range c.Uncovered {
			fmt.Fprintf(w, "UNCOVERED %s\n", u)
		}
	}
	if rep.Failed > 0 || len(rep.Coverage.Uncovered) > 0 {
		return exitStatus(exitDeny)
	}
	return nil
}
