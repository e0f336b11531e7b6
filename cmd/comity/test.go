// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

type testFlags struct {
	packs                        packFlags
	asJSON, robust, failing, own bool
}

func newTest() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [FILE...]",
		Short: "Decide scenario files and pack cases and score the answers",
		Long: `Decides every case of the given files (scenario files and pack cases; a folder
stands for the YAML files in it) and scores the answers: recall per effect and
its macro average (a review counts from 15 on), allows that are rightly plain or
conditional, and citations; cases in which no regime applies stand apart.
Without FILE it decides the cases of all embedded packs.

--robust asks for more: each denied case is decided again in missing=review
without each of its facts in turn, and each allowed one as it is. A denial that
turns into a plain allow is a hole.

Exit code 3 if a case fails.`,
		Example: `  comity test packs/eu_gdpr/cases
  comity test scenarios.yaml --json
  comity test --robust --loaded scenarios.yaml
  comity test --robust`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.packs.bind(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object")
	fl.BoolVar(&f.robust, "robust", false, "leave out one fact at a time in missing=review and report what opens")
	fl.BoolVar(&f.failing, "failures", false, "list failing cases only, without the scores")
	fl.BoolVar(&f.own, "loaded", false, "leave out cases of regimes that no loaded pack covers")
	return cmd
}

func (f *testFlags) run(cmd *cobra.Command, args []string) error {
	eng, err := f.packs.engine()
	if err != nil {
		return err
	}
	cases, err := f.cases(eng, args)
	if err != nil {
		return err
	}
	rep := &testReport{}
	if f.own {
		cases = rep.loadedOnly(eng, cases)
	}
	p := newProgress(cmd.ErrOrStderr(), "cases", len(cases))
	rep.score(eng, cases, p)
	if f.robust {
		r := harden(eng, cases, p)
		rep.Robust = &r
	}
	p.done()
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), rep)
	} else {
		rep.print(newScreen(cmd.OutOrStdout()), !f.failing)
	}
	return found(rep.Failed > 0)
}

// cases are those of the files, or without any those of the embedded packs.
func (f *testFlags) cases(eng *engine.Engine, files []string) ([]scenario.Case, error) {
	switch {
	case len(files) > 0:
		return readCases(files)
	case len(f.packs.dirs) > 0:
		return nil, usageError("test", "name scenario files, files of pack cases, or folders of them, such as packs/eu_gdpr/cases", "no file is given")
	}
	var ids []string
	for _, p := range eng.Program().Model().Packs {
		ids = append(ids, p.ID)
	}
	return scenario.Embedded(ids)
}

// readCases reads files of cases; a folder stands for the YAML files in it.
func readCases(names []string) ([]scenario.Case, error) {
	var out []scenario.Case
	for _, name := range names {
		files, err := caseFiles(name)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				return nil, notFound("test", err)
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

// caseFiles is the file itself, or the YAML files of a folder in the order of their names.
func caseFiles(name string) ([]string, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, notFound("test", err)
	case !info.IsDir():
		return []string{name}, nil
	}
	list, err := yamlFiles(name)
	if err != nil {
		return nil, notFound("test", err)
	}
	if len(list) == 0 {
		return nil, &comity.Error{Code: comity.CodeNotFound, Op: name, Err: fmt.Errorf("the folder has no YAML files"), Remedy: "give files, or the cases folder of a pack"}
	}
	return list, nil
}

// yamlFiles lists the YAML files of a folder in the order of their names.
func yamlFiles(dir string) ([]string, error) {
	list, err := fs.Glob(os.DirFS(dir), "*.yaml")
	if err == nil && len(list) == 0 {
		_, err = os.Stat(dir)
	}
	slices.Sort(list)
	for i := range list {
		list[i] = filepath.Join(dir, list[i])
	}
	return list, err
}

// testReport is the JSON of comity test.
type testReport struct {
	All      scenario.Score   `json:"all"`
	Regime   scenario.Score   `json:"with_regime"`
	None     scenario.Score   `json:"no_regime"`
	Passed   int              `json:"passed"`
	Failed   int              `json:"failed"`
	Skipped  int              `json:"skipped,omitempty"`
	Failures []testFailure    `json:"failures,omitempty"`
	Robust   *scenario.Robust `json:"robust,omitempty"`
}

type testFailure struct {
	ID     string   `json:"id"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Faults []string `json:"faults"`
	Cited  []string `json:"citations,omitempty"`
}

// loadedOnly leaves out what no loaded pack can answer, and counts it.
func (rep *testReport) loadedOnly(eng *engine.Engine, cases []scenario.Case) []scenario.Case {
	loaded := map[string]bool{}
	for _, p := range eng.Program().Model().Packs {
		loaded[p.ID] = true
	}
	n := len(cases)
	cases = slices.DeleteFunc(cases, func(c scenario.Case) bool {
		return slices.ContainsFunc(c.Regimes, func(id string) bool { return !loaded[id] })
	})
	rep.Skipped = n - len(cases)
	return cases
}

// decideCases decides cases and lists those that fail.
func decideCases(eng *engine.Engine, cases []scenario.Case, p *progress) (outcomes []scenario.Outcome, failures []testFailure) {
	outcomes = make([]scenario.Outcome, len(cases))
	inParallel(len(cases), p, func(i int) { outcomes[i] = scenario.Run(eng, cases[i]) })
	for i, c := range cases {
		if o := &outcomes[i]; len(o.Faults) > 0 {
			failures = append(failures, testFailure{c.ID, c.File, c.Line, o.Faults, o.Decision.Citations})
		}
	}
	return outcomes, failures
}

func (rep *testReport) score(eng *engine.Engine, cases []scenario.Case, p *progress) {
	all, failures := decideCases(eng, cases, p)
	var with, none []scenario.Outcome
	for _, o := range all {
		if o.Case.NoRegime {
			none = append(none, o)
		} else {
			with = append(with, o)
		}
	}
	rep.All, rep.Regime, rep.None = scenario.Measure(all), scenario.Measure(with), scenario.Measure(none)
	rep.Failures, rep.Failed = failures, len(failures)
	rep.Passed = len(all) - rep.Failed
}

func (rep *testReport) print(s *screen, scores bool) {
	printFailures(s, rep.Failures)
	if scores {
		rep.printScores(s)
	}
	if rep.Robust != nil {
		printRobust(s, rep.Robust)
	}
	st, tail := green, ""
	if rep.Failed > 0 {
		st = red
	}
	if rep.Skipped > 0 {
		tail = fmt.Sprintf(", %d left out", rep.Skipped)
	}
	s.printf("%s\n", s.paint(st, fmt.Sprintf("%d passed, %d failed%s", rep.Passed, rep.Failed, tail)))
}

func printFailures(s *screen, list []testFailure) {
	for _, f := range list {
		s.printf("%s %s:%d %s\n", s.paint(red, "FAIL"), clean(f.File), f.Line, clean(f.ID))
		for _, fault := range f.Faults {
			s.printf("     %s\n", clean(fault))
		}
		if len(f.Cited) > 0 {
			s.printf("     cited: %s\n", clean(strings.Join(f.Cited, "; ")))
		}
	}
}

func (rep *testReport) printScores(s *screen) {
	cols := []*scenario.Score{&rep.All, &rep.Regime, &rep.None}
	row := func(name string, cell func(*scenario.Score) string) {
		s.printf("%-24s", name)
		for _, c := range cols {
			s.printf(" %18s", cell(c))
		}
		s.printf("\n")
	}
	s.printf("%s\n", s.paint(faint, fmt.Sprintf("%-24s %18s %18s %18s", "", "all", "with regime", "no regime")))
	row("cases", func(c *scenario.Score) string { return fmt.Sprint(c.Cases) })
	for _, e := range []comity.Effect{comity.Allow, comity.Deny, comity.Review} {
		row("recall "+string(e), func(c *scenario.Score) string { return rate(c.Effects[string(e)]) })
	}
	row("macro average", func(c *scenario.Score) string { return percent(c.Macro, c.Cases) })
	row("plain or conditional", func(c *scenario.Score) string { return rate(c.Conditions) })
	row("citations", func(c *scenario.Score) string { return rate(c.Citations) })
	row("plain allow", func(c *scenario.Score) string { return rate(c.Plain) })
	row("if all were denied", func(c *scenario.Score) string { return percent(c.DenyAll, c.Cases) })
	row("if all were allowed", func(c *scenario.Score) string { return percent(c.AllowAll, c.Cases) })
}

// rate is a share with its counts, so that 100 % of two cases is seen for what it is.
func rate(r scenario.Rate) string {
	if r.Of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d %7s", r.Right, r.Of, percent(r.Share, r.Of))
}

func percent(share float64, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*share)
}
