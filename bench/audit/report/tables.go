// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	auditbench "github.com/comity-project/comity/bench/audit"
)

// contender makes a system in an empty folder.
type contender struct {
	name string
	one  bool // takes one writer only
	open func(ctx context.Context, dir string, writers int) (auditbench.System, error)
}

func contenders() []contender {
	return []contender{
		{"bare fdatasync", true, func(ctx context.Context, dir string, _ int) (auditbench.System, error) {
			return auditbench.NewBare(ctx, dir)
		}},
		{"Comity, unsealed", false, func(ctx context.Context, dir string, _ int) (auditbench.System, error) {
			return auditbench.NewUnsealed(ctx, dir)
		}},
		{"Comity, sealed", false, func(ctx context.Context, dir string, writers int) (auditbench.System, error) {
			return auditbench.NewSealed(ctx, dir, writers)
		}},
		{"Comity, recorded", false, func(ctx context.Context, dir string, _ int) (auditbench.System, error) {
			return auditbench.NewRecorded(ctx, dir, false)
		}},
		{"Comity, recorded, index", false, func(ctx context.Context, dir string, _ int) (auditbench.System, error) {
			return auditbench.NewRecorded(ctx, dir, true)
		}},
		{"Tessera, default", false, tessera(func(int) auditbench.TesseraTuning { return auditbench.TesseraTuning{} })},
		{"Tessera, tuned small", false, tessera(func(w int) auditbench.TesseraTuning {
			return auditbench.TesseraTuning{Batch: w, Age: time.Millisecond}
		})},
		{"Tessera, tuned half", false, tessera(func(w int) auditbench.TesseraTuning {
			return auditbench.TesseraTuning{Batch: max(1, w/2), Age: 2 * time.Millisecond}
		})},
		{"Tessera, tuned large", false, tessera(func(int) auditbench.TesseraTuning {
			return auditbench.TesseraTuning{Batch: 1024, Age: 5 * time.Millisecond}
		})},
		{"PostgreSQL", false, func(ctx context.Context, dir string, _ int) (auditbench.System, error) {
			return auditbench.NewPostgres(ctx, dir)
		}},
	}
}

func tessera(tuning func(writers int) auditbench.TesseraTuning) func(context.Context, string, int) (auditbench.System, error) {
	return func(ctx context.Context, dir string, writers int) (auditbench.System, error) {
		return auditbench.NewTessera(ctx, dir, tuning(writers))
	}
}

// tables measures all systems for each number of writers, in turns.
func tables(ctx context.Context, out io.Writer, s settings) error {
	missing := map[string]error{}
	for _, writers := range s.writers {
		runs := map[string][]auditbench.Run{}
		var names []string
		for round := range s.rounds {
			for i, c := range contenders() {
				if !s.only.MatchString(c.name) || c.one && writers > 1 || missing[c.name] != nil {
					continue
				}
				dir := filepath.Join(s.dir, fmt.Sprintf("%d-%d-%d", writers, round, i))
				r, err := turn(ctx, c, dir, writers, s)
				if errors.Is(err, auditbench.ErrNoPostgres) {
					missing[c.name] = err
					continue
				}
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				if runs[r.System] == nil {
					names = append(names, r.System)
				}
				runs[r.System] = append(runs[r.System], r)
			}
		}
		table(out, writers, names, runs)
	}
	for name, err := range missing {
		fmt.Fprintf(out, "\n%s was not measured: %v.\n", name, err)
	}
	return nil
}

func turn(ctx context.Context, c contender, dir string, writers int, s settings) (auditbench.Run, error) {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return auditbench.Run{}, err
	}
	defer func() {
		if err := auditbench.Empty(dir); err != nil {
			fmt.Fprintln(os.Stderr, "report: empty folder:", err)
		}
		time.Sleep(s.pause)
	}()
	system, err := c.open(ctx, dir, writers)
	if err != nil {
		return auditbench.Run{}, err
	}
	// A short run first: segments, caches and connections are warm then.
	_, err = auditbench.Measure(ctx, system, writers, s.turn/5)
	var r auditbench.Run
	if err == nil {
		r, err = auditbench.Measure(ctx, system, writers, s.turn)
	}
	return r, errors.Join(err, system.Close())
}

func table(out io.Writer, writers int, names []string, runs map[string][]auditbench.Run) {
	fmt.Fprintf(out, "\n## %d writers\n\n", writers)
	fmt.Fprint(out, "| system | events/s | least to most | p50 | p99 | processor time per event | of Tessera's best |\n|---|---|---|---|---|---|---|\n")
	best := 0.0
	median := map[string]auditbench.Run{}
	for _, name := range names {
		list := runs[name]
		slices.SortFunc(list, func(a, b auditbench.Run) int { return cmp.Compare(a.Rate(), b.Rate()) })
		median[name] = list[len(list)/2]
		if strings.HasPrefix(name, "Tessera") {
			best = max(best, median[name].Rate())
		}
	}
	for _, name := range names {
		list, m := runs[name], median[name]
		ratio := ""
		if best > 0 {
			ratio = fmt.Sprintf("%.1f", m.Rate()/best)
		}
		fmt.Fprintf(out, "| %s | %.0f | %.0f to %.0f | %s | %s | %s | %s |\n", name, m.Rate(), list[0].Rate(), list[len(list)-1].Rate(),
			short(m.P50), short(m.P99), short(m.CPU/time.Duration(m.Events)), ratio)
	}
}

func short(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(100 * time.Nanosecond).String()
}
