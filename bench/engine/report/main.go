// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Command report runs all engines of bench/engine in turns in one process and
// prints the least and the median time of each, and the ratio to Comity.
//
//	go run ./bench/engine/report                          all sets, about ten minutes
//	go run ./bench/engine/report -sets 'plain-(10|100)$'  some of them; real and compile are Comity's own
//	go run ./bench/engine/report -o bench/results         also writes DATE-engine.md there
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	enginebench "github.com/comity-project/comity/bench/engine"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	rounds := flags.Int("rounds", 9, "turns of each engine")
	length := flags.Duration("turn", 50*time.Millisecond, "time of one turn")
	sets := flags.String("sets", "", "regular expression: only these sets, such as plain-1000")
	engines := flags.String("engines", "", "regular expression: only these engines")
	folder := flags.String("o", "", "also write the report into this folder, as DATE-engine.md")
	if err := flags.Parse(args); err != nil {
		return err
	}
	onlySets, err := regexp.Compile(*sets)
	if err != nil {
		return fmt.Errorf("read -sets: %w", err)
	}
	onlyEngines, err := regexp.Compile(*engines)
	if err != nil {
		return fmt.Errorf("read -engines: %w", err)
	}
	var text strings.Builder
	out := io.MultiWriter(stdout, &text)
	now := time.Now()
	heading(out, now, *rounds, *length)
	options := enginebench.Options{Rounds: *rounds, Turn: *length, Engines: onlyEngines.MatchString}
	if err := tables(out, onlySets, options); err != nil {
		return err
	}
	if err := own(out, onlySets, options); err != nil {
		return err
	}
	if *folder == "" {
		return nil
	}
	name := filepath.Join(*folder, now.Format(time.DateOnly)+"-engine.md")
	if err := os.MkdirAll(*folder, 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fmt.Fprintln(os.Stderr, "wrote", name)
	return nil
}

func heading(out io.Writer, now time.Time, rounds int, length time.Duration) {
	fmt.Fprintf(out, "# Engines side by side, %s\n\n", now.Format(time.DateOnly))
	fmt.Fprintf(out, "%s %s/%s, %d processors; %d turns of about %s for each engine, in one process.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), rounds, length)
	fmt.Fprint(out, `Reproduce with: go run ./bench/engine/report

Every engine gave the same answers as a naive evaluator on the same contexts
before it was timed. Policies are prepared and inputs are in the form that each
engine likes best. A time is for one decision: effect, all applicable ids and
conditions. "prepare" is the time from text to the first decision.

`)
}

func tables(out io.Writer, only *regexp.Regexp, options enginebench.Options) error {
	texts := map[string]string{}
	var names []string
	for _, size := range enginebench.Sizes() {
		if !only.MatchString(size.String()) {
			continue
		}
		timings, err := enginebench.Measure(size, options)
		if err != nil {
			return err
		}
		fmt.Fprint(out, enginebench.Table(size, timings))
		for _, t := range timings {
			if _, seen := texts[t.Engine]; !seen && t.Text != "" {
				texts[t.Engine] = t.Text
				names = append(names, t.Engine)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	fmt.Fprint(out, "### Queries and policies\n\nThe beginning of each, for the first set above.\n")
	for _, name := range names {
		fmt.Fprintf(out, "\n%s:\n\n```\n%s```\n", name, texts[name])
	}
	return nil
}

// own is what only Comity is timed on: the sets "real" and "compile".
func own(out io.Writer, only *regexp.Regexp, options enginebench.Options) error {
	if only.MatchString("real") {
		table, err := enginebench.RealTable(options)
		if err != nil {
			return err
		}
		fmt.Fprint(out, "\n", table)
	}
	if only.MatchString("compile") {
		table, err := enginebench.CompileTable()
		if err != nil {
			return err
		}
		fmt.Fprint(out, table)
	}
	return nil
}
