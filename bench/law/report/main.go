// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Command report measures the model of the law as a whole and holds the figures against
// their bounds.
//
//	go run ./bench/law/report                                 the seven real cases
//	go run ./bench/law/report -scenarios scenarios.yaml       and a sample of scenarios
//	go run ./bench/law/report -o bench/results                also writes DATE-law.md there
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	lawbench "github.com/comity-project/comity/bench/law"
	"github.com/comity-project/comity/engine"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// part is one section of the report.
type part struct {
	name  string
	write func(io.Writer, *options) error
}

var parts = []part{
	{"load", load},
	{"decide", decide},
	{"decide again", again},
	{"conflicts", conflicts},
	{"ask", ask},
}

type options struct {
	rounds, step int
	scenarios    string
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	o := &options{}
	flags.IntVar(&o.rounds, "rounds", 15, "turns of each measurement")
	flags.StringVar(&o.scenarios, "scenarios", "", "file of scenarios to take a sample of")
	flags.IntVar(&o.step, "step", 5, "take every so manyth scenario")
	folder := flags.String("o", "", "also write the report into this folder, as DATE-law.md")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var text strings.Builder
	out := io.MultiWriter(stdout, &text)
	now := time.Now()
	fmt.Fprintf(out, "# The law as a whole, %s\n\n%s %s/%s, %d processors; least and median of %d turns.\nThe least is held against the bound: what else the machine does disturbs it least.\nReproduce with: go run ./bench/law/report [-scenarios FILE]\n\n",
		now.Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.rounds)
	for _, p := range parts {
		if err := p.write(out, o); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if *folder == "" {
		return nil
	}
	if err := os.MkdirAll(*folder, 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	name := filepath.Join(*folder, now.Format(time.DateOnly)+"-law.md")
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fmt.Fprintln(os.Stderr, "wrote", name)
	return nil
}

// load times loading and compiling, as a new process does it.
func load(out io.Writer, o *options) error {
	times, err := lawbench.Loads(o.rounds)
	if err != nil {
		return err
	}
	eng, err := lawbench.Load()
	if err != nil {
		return err
	}
	slices.Sort(times)
	fmt.Fprintf(out, "### Load\n\nAll embedded packs, from their files to the program: %d packs, %d requirements.\n\n| | least | median | bound | |\n|---|--:|--:|--:|---|\n| load and compile | %s | %s | %s | %s |\n\n",
		len(eng.Program().Model().Packs), eng.Program().Len(), millis(times[0]), millis(times[len(times)/2]), millis(lawbench.LoadBound), verdict(times[0] <= lawbench.LoadBound))
	return nil
}

// decide times decisions on all packs from encoded facts into a result that is used again.
func decide(out io.Writer, o *options) error {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		return err
	}
	questions, err := lawbench.Questions(o.scenarios, o.step)
	if err != nil {
		return err
	}
	timings, err := lawbench.Decisions(eng, questions, o.rounds)
	if err != nil {
		return err
	}
	over, allocs := 0, 0.0
	for _, t := range timings {
		if t.Least > lawbench.DecideBound {
			over++
		}
		allocs += t.Allocs
	}
	fmt.Fprintf(out, "### Decide\n\nOne decision on all packs: effect, all that applies, conditions and conflicts, from encoded facts; %d questions in both modes, the least of %d turns.\n\n", len(questions), o.rounds)
	fmt.Fprintf(out, "| | least | median | slowest | bound | over it | allocations |\n|---|--:|--:|--:|--:|--:|--:|\n| all questions | %v | %v | %v | %v | %d of %d | %v |\n\n",
		timings[len(timings)-1].Least, timings[len(timings)/2].Least, timings[0].Least, lawbench.DecideBound, over, len(timings), allocs)
	fmt.Fprint(out, "The slowest:\n\n| question | missing | decision | |\n|---|---|--:|---|\n")
	for _, t := range timings[:min(len(timings), 14)] {
		fmt.Fprintf(out, "| %s | %s | %v | %s |\n", t.Name, t.Mode, t.Least, verdict(t.Least <= lawbench.DecideBound && t.Allocs == 0))
	}
	fmt.Fprintln(out)
	return nil
}

// again times what comity whatif does with questions, without reading its input.
func again(out io.Writer, o *options) error {
	eng, err := lawbench.Load()
	if err != nil {
		return err
	}
	questions, err := lawbench.Questions(o.scenarios, o.step)
	if err != nil {
		return err
	}
	const date = "2015-05-01"
	least, flips := time.Hour, 0
	for range 3 {
		took, n, err := lawbench.Again(eng, questions, lawbench.AgainCount, date)
		if err != nil {
			return err
		}
		least, flips = min(least, took), n
	}
	fmt.Fprintf(out, "### Decide again\n\n%d operations, read from JSON, decided for their own date and for %s on all processors, with the requirements that cause each flip; the least of three turns.\n\n", lawbench.AgainCount, date)
	fmt.Fprintf(out, "| flips | time | bound | |\n|--:|--:|--:|---|\n| %d | %s | %s | %s |\n\n", flips, millis(least), millis(lawbench.AgainBound), verdict(least <= lawbench.AgainBound))
	return nil
}

// conflicts times the look at all pairs of requirements.
func conflicts(out io.Writer, _ *options) error {
	eng, err := lawbench.Load()
	if err != nil {
		return err
	}
	least, pairs := time.Hour, 0
	for range 3 {
		took, n, err := lawbench.Conflicts(eng)
		if err != nil {
			return err
		}
		least, pairs = min(least, took), n
	}
	fmt.Fprintf(out, "### Conflicts\n\nEvery pair of requirements of different legal orders, on %s and on each day to come, each context confirmed by the engine, on all processors; the least of three turns.\n\n", lawbench.AnalysisDay)
	fmt.Fprintf(out, "| pairs that can contradict | time | bound | |\n|--:|--:|--:|---|\n| %d | %s | %s | %s |\n\n", pairs, millis(least), millis(lawbench.ConflictsBound), verdict(least <= lawbench.ConflictsBound))
	return nil
}

// ask times single questions about the law, after the packs are loaded.
func ask(out io.Writer, o *options) error {
	eng, err := lawbench.Load()
	if err != nil {
		return err
	}
	asked, err := lawbench.AskAll(eng, lawbench.Conditions(), min(o.rounds, 5))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "### Ask\n\nCan it ever be lawful, with the witness or the requirements that forbid it; the least of %d turns, bound %s.\n\n| condition | answer | time | |\n|---|---|--:|---|\n", min(o.rounds, 5), millis(lawbench.AskBound))
	for _, a := range asked {
		answer := "no"
		if a.Possible {
			answer = "yes"
		}
		fmt.Fprintf(out, "| `%s` | %s | %s | %s |\n", a.Condition, answer, millis(a.Least), verdict(a.Least <= lawbench.AskBound))
	}
	fmt.Fprintln(out)
	return nil
}

func verdict(ok bool) string {
	if ok {
		return "met"
	}
	return "NOT met"
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
}
