// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	auditbench "github.com/comity-project/comity/bench/audit"
	"github.com/comity-project/comity/internal/translog"
	"github.com/comity-project/comity/proof"
)

// closer looks at Comity alone: where the time goes, what a long run leaves on the disk,
// and how fast the whole log is verified.
func closer(ctx context.Context, out io.Writer, s settings) error {
	if !s.only.MatchString("Comity") {
		return nil
	}
	const writers = 256
	dir := filepath.Join(s.dir, "long")
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	system, err := auditbench.NewRecorded(ctx, dir, false)
	if err != nil {
		return err
	}
	before := system.Log().Stats()
	run, err := auditbench.Measure(ctx, system, writers, 4*s.turn)
	if err != nil {
		return errors.Join(err, system.Close())
	}
	fmt.Fprintf(out, "\n## A longer run: %d recorded events from %d writers, %.0f/s\n\n", run.Events, writers, run.Rate())
	spent(out, before, system.Log().Stats())
	wal, err := auditbench.DiskBytes(filepath.Join(system.Dir(), "wal"))
	if err := errors.Join(err, system.Close()); err != nil {
		return err
	}
	total, err := auditbench.DiskBytes(system.Dir())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nOn disk: %d bytes per event (leaves, payloads, tiles, checkpoint, as allocated). While it ran, the\nwrite-ahead log had %d MiB, however long the run.\n", total/int64(run.Events), wal>>20)
	return verify(ctx, out, system)
}

// spent says where the committer's time went.
func spent(out io.Writer, a, b translog.Stats) {
	groups := float64(b.Groups - a.Groups)
	steps := []struct {
		name string
		d    time.Duration
	}{
		{"waiting for entries or for room in the tail", b.Wait - a.Wait},
		{"tree, signature and frame", b.Build - a.Build},
		{"write", b.Write - a.Write},
		{"sync", b.Sync - a.Sync},
		{"anchor", b.Anchor - a.Anchor},
	}
	sum := time.Duration(0)
	for _, step := range steps {
		sum += step.d
	}
	fmt.Fprintf(out, "Groups have %.0f events on average. The committer's time:\n\n", float64(b.Entries-a.Entries)/groups)
	for _, step := range steps {
		fmt.Fprintf(out, "- %s: %.0f %%, %s per group\n", step.name, 100*step.d.Seconds()/sum.Seconds(), short(time.Duration(float64(step.d)/groups)))
	}
}

func verify(ctx context.Context, out io.Writer, system *auditbench.Recorded) error {
	begin := time.Now()
	report, err := proof.VerifyLog(ctx, proof.FS(os.DirFS(system.Dir())), proof.Options{Keys: []string{system.Key()}})
	if err != nil {
		return err
	}
	if len(report.Findings) > 0 {
		return fmt.Errorf("verify log: %v", report.Findings[0])
	}
	elapsed := time.Since(begin)
	fmt.Fprintf(out, "\nThe whole log (%d entries with payloads) is verified in %s: %.0f events/s.\n",
		report.Entries, elapsed.Round(time.Millisecond), float64(report.Entries)/elapsed.Seconds())
	return nil
}
