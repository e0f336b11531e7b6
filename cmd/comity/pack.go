// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/scenario"
)

func newPack() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pack",
		Short: "Write, check, test and activate packs of law",
		Example: `  comity pack new in_rbi_psd
  comity pack lint packs/eu_gdpr
  comity pack test packs/eu_gdpr`,
	}
	cmd.AddCommand(newPackNew(), newPackLint(), newPackTest(), newPackDiff(), newPackCandidate(), newPackActivate())
	group(cmd)
	return cmd
}

func newPackLint() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lint [DIR | ID...]",
		Short: "Report every fault of packs with file, line, column and remedy",
		Long: `Reads the packs of the given folders beside the embedded ones, which they replace
by id, or the embedded packs of the given ids (a folder of that name goes first), and
reports faults: unknown facts and values, undeclared instruments, scopes that
fail open, exceptions that can never apply, gaps and overlaps of dates. Without
arguments it checks the embedded packs. Warnings (a legal review that is due) do not
change the exit code; errors make it 3.`,
		Example: `  comity pack lint
  comity pack lint us_il_bipa
  comity pack lint packs/eu_gdpr packs/uk_gdpr --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := lint(args)
			if err != nil {
				return err
			}
			return printFindings(newScreen(cmd.OutOrStdout()), list, asJSON)
		},
		ValidArgsFunction: completePacks,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a finding")
	return cmd
}

func completeDirs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completePacks offers the ids of embedded packs, else folders.
func completePacks(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	eng, err := app.LoadPacks(nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	var out []string
	for _, p := range eng.Program().Model().Packs {
		if strings.HasPrefix(p.ID, prefix) {
			out = append(out, p.ID+"\t"+p.Name)
		}
	}
	if len(out) > 0 && prefix != "" {
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// dirsAndIDs tells folders that hold packs from ids of embedded packs.
func dirsAndIDs(op string, args []string) (dirs, ids []string, err error) {
	for _, arg := range args {
		if _, err := os.Stat(arg); err == nil || strings.ContainsRune(filepath.ToSlash(arg), '/') {
			if err := mustHold(arg); err != nil {
				return nil, nil, err
			}
			dirs = append(dirs, arg)
			continue
		}
		if err := embeddedID(op, arg); err != nil {
			return nil, nil, err
		}
		ids = append(ids, arg)
	}
	return dirs, ids, nil
}

// lint gives the findings in folders and embedded packs, and the errors anywhere: a fault
// of another pack may be one of these two, such as an id that stands in both.
func lint(args []string) (pack.Problems, error) {
	dirs, ids, err := dirsAndIDs("pack lint", args)
	if err != nil {
		return nil, err
	}
	places := slices.Clone(dirs)
	for _, id := range ids {
		places = append(places, "packs/"+id)
	}
	var list pack.Problems
	eng, err := app.LoadPacks(dirs)
	switch {
	case err == nil:
		list = eng.Findings()
		pack.Undated(eng.Program().Model(), &list)
		pack.Overdue(eng.Program().Model(), pack.DayOf(time.Now().UTC()), &list)
	case !errors.As(err, &list):
		return nil, err
	}
	list.Sort()
	list = slices.Compact(slices.Clone(list))
	return slices.DeleteFunc(list, func(p pack.Problem) bool {
		return p.Severity == pack.Warning && len(places) > 0 && !slices.ContainsFunc(places, func(dir string) bool { return below(p.Pos.File, dir) })
	}), nil
}

func below(file, dir string) bool {
	dir = path.Clean(filepath.ToSlash(dir))
	return dir == "." || strings.HasPrefix(path.Clean(file), dir+"/")
}

// mustHold refuses a folder without a pack.
func mustHold(dir string) error {
	found, err := app.PacksIn(dir)
	if err == nil && len(found) == 0 {
		err = &comity.Error{Code: comity.CodeNotFound, Op: dir, Err: errors.New("no pack here"), Remedy: "a pack is a folder with a pack.yaml"}
	}
	return err
}

// finding is the JSON of one finding.
type finding struct {
	Level   string `json:"level"`
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

func printFindings(s *screen, list pack.Problems, asJSON bool) error {
	faults, warnings := 0, 0
	for _, p := range list {
		level, st := "error", red
		if p.Severity == pack.Warning {
			level, st = "warning", yellow
			warnings++
		} else {
			faults++
		}
		if asJSON {
			printJSON(s.w, finding{level, p.Pos.File, p.Pos.Line, p.Pos.Col, p.Msg, p.Remedy})
			continue
		}
		s.printf("%s: %s: %s\n", clean(p.Pos.String()), s.paint(st, level), clean(p.Msg))
		if p.Remedy != "" {
			s.printf("    %s\n", clean(p.Remedy))
		}
	}
	if !asJSON {
		s.printf("%s, %s\n", count(faults, "error"), count(warnings, "warning"))
	}
	return found(faults > 0)
}

func newPackTest() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test [DIR | ID...]",
		Short: "Decide the cases of packs and print their coverage",
		Long: `Decides cases/*.yaml of the packs of the given folders, or of the embedded packs of
the given ids (a folder of that name goes first; without arguments: of all embedded
packs), and prints which requirements, exceptions, conditions, outside nodes and
edges no case uses. Exit code 3 if a case fails or something is uncovered.`,
		Example: `  comity pack test packs/eu_gdpr
  comity pack test us_il_bipa
  comity pack test --json`,
		ValidArgsFunction: completePacks,
		RunE: func(cmd *cobra.Command, args []string) error {
			rep, err := testPacks(args, newProgress(cmd.ErrOrStderr(), "cases", 0))
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(cmd.OutOrStdout(), rep)
			} else {
				rep.print(newScreen(cmd.OutOrStdout()))
			}
			return found(rep.Failed > 0 || len(rep.Coverage.Uncovered) > 0)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// packReport is the JSON of comity pack test.
type packReport struct {
	Packs    []string          `json:"packs"`
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	Failures []testFailure     `json:"failures,omitempty"`
	Coverage scenario.Coverage `json:"coverage"`
}

func testPacks(args []string, p *progress) (*packReport, error) {
	dirs, ids, err := dirsAndIDs("pack test", args)
	if err != nil {
		return nil, err
	}
	rep := &packReport{}
	var files []string
	for _, dir := range dirs {
		inDir, err := app.PacksIn(dir)
		if err != nil {
			return nil, err
		}
		for _, f := range inDir {
			rep.Packs = append(rep.Packs, f.ID)
			list, err := yamlFiles(filepath.Join(f.Dir, "cases"))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, notFound("pack test", err)
			}
			files = append(files, list...)
		}
	}
	eng, err := app.LoadPacks(dirs)
	if err != nil {
		return nil, err
	}
	m := eng.Program().Model()
	if len(args) == 0 {
		for _, q := range m.Packs {
			ids = append(ids, q.ID)
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(rep.Packs, id) }) // a folder's goes first
	cases, err := readCases(files)
	if err != nil {
		return nil, err
	}
	embedded, err := scenario.Embedded(ids)
	if err != nil {
		return nil, err
	}
	cases, rep.Packs = append(cases, embedded...), append(rep.Packs, ids...)
	p.total = len(cases)
	outcomes, failures := decideCases(eng, cases, p)
	p.done()
	rep.Failures, rep.Failed = failures, len(failures)
	rep.Passed = len(outcomes) - rep.Failed
	rep.Coverage = scenario.Cover(m, rep.Packs, outcomes)
	return rep, nil
}

func (rep *packReport) print(s *screen) {
	printFailures(s, rep.Failures)
	for _, u := range rep.Coverage.Uncovered {
		s.printf("%s %s\n", s.paint(yellow, "UNCOVERED"), clean(u))
	}
	s.printf("coverage of %s\n", cmp.Or(strings.Join(rep.Packs, ", "), "no pack"))
	c := &rep.Coverage
	for _, x := range []struct {
		name string
		r    scenario.Rate
	}{{"requirements", c.Requirements}, {"exceptions", c.Branches}, {"conditions", c.Conditions}, {"outside", c.Outside}, {"edges", c.Edges}} {
		s.printf("  %-14s %20s\n", x.name, rate(x.r))
	}
	s.printf("%s\n", fmt.Sprintf("%d passed, %d failed, %d uncovered", rep.Passed, rep.Failed, len(c.Uncovered)))
}
