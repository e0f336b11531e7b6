// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Command report measures durable appends of Comity's log, Tessera's POSIX driver and
// PostgreSQL with grouped COPY in turns in one process, on one disk.
//
//	go run ./bench/audit/report                     all, about twenty minutes
//	go run ./bench/audit/report -systems 'Comity'   some of them
//	go run ./bench/audit/report -dir /mnt/disk      on another disk than that of the working folder
//	go run ./bench/audit/report -o bench/results    also writes DATE-audit.md there
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// settings are what the command line chooses.
type settings struct {
	dir     string
	rounds  int
	turn    time.Duration
	pause   time.Duration
	writers []int
	only    *regexp.Regexp
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	s := settings{}
	flags.StringVar(&s.dir, "dir", ".", "folder on the disk to measure")
	flags.IntVar(&s.rounds, "rounds", 3, "turns of each system; the median counts")
	flags.DurationVar(&s.turn, "turn", 5*time.Second, "time of one turn")
	flags.DurationVar(&s.pause, "pause", 2*time.Second, "after each turn, for the disk to come to rest")
	writers := flags.String("writers", "1,16,256", "numbers of writers")
	systems := flags.String("systems", "", "regular expression: only these systems")
	folder := flags.String("o", "", "also write the report into this folder, as DATE-audit.md")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if s.only, err = regexp.Compile(*systems); err != nil {
		return fmt.Errorf("read -systems: %w", err)
	}
	for _, w := range strings.Split(*writers, ",") {
		var n int
		if _, err := fmt.Sscan(w, &n); err != nil || n < 1 {
			return fmt.Errorf("read -writers: %q is no number of writers", w)
		}
		s.writers = append(s.writers, n)
	}
	scratch, err := os.MkdirTemp(s.dir, "audit-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	// Some database servers run as a user of their own.
	if err := os.Chmod(scratch, 0o711); err != nil {
		return err
	}
	if s.dir, err = filepath.Abs(scratch); err != nil {
		return err
	}
	var text strings.Builder
	out := io.MultiWriter(stdout, &text)
	now := time.Now()
	heading(out, now, s)
	if err := tables(ctx, out, s); err != nil {
		return err
	}
	if err := closer(ctx, out, s); err != nil {
		return err
	}
	if *folder == "" {
		return nil
	}
	name := filepath.Join(*folder, now.Format(time.DateOnly)+"-audit.md")
	if err := os.MkdirAll(*folder, 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fmt.Fprintln(os.Stderr, "wrote", name)
	return nil
}

func heading(out io.Writer, now time.Time, s settings) {
	fmt.Fprintf(out, "# Durable appends side by side, %s\n\n", now.Format(time.DateOnly))
	fmt.Fprintf(out, "%s %s/%s, %d processors; %d turns of %s for each system, in turns, in one process; the median turn by rate.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), s.rounds, s.turn)
	fmt.Fprint(out, `Reproduce with: go run ./bench/audit/report

Events are 1 KB and cannot be compressed; each writer waits for its acknowledgement before
it sends the next. Comity acknowledges with index and signed tree head, all synced.
Unsealed: a 300-byte leaf and the event as payload. Sealed: the event is sealed for one of
100,000 known subjects, 1 % of them new with a key that is durable before the
acknowledgement, and the leaf has pseudonym and hash. Recorded: the same for an
application's event of 1 KB through the whole recorded path, from checks and canonical form
on; the index is off unless said. Tessera acknowledges with an index, before a checkpoint. PostgreSQL: one COPY and commit for all
that queued up during the last. The writers run on the same processors.
`)
	fmt.Fprintf(out, "Load before the first turn: %s\n", load())
}

// load is the system's load, so that a reader sees whether the machine was quiet.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], ", ")
}
