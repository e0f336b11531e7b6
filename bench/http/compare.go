// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpbench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Plan says how long and how often to measure.
type Plan struct {
	Sizes       []int // numbers of requirements
	Connections []int
	Rounds      int
	Load        Load
	Batch       int
	// Dir holds the data folders; it should be on the disk that is to be measured.
	Dir string
	// Echo starts a server that only answers, to show what the generator can do.
	Echo func(ctx context.Context, answer []byte) (*Server, error)
}

// Run measures everything and writes the report.
func (p Plan) Run(ctx context.Context, b Binaries, out io.Writer) error {
	if err := p.disk(out); err != nil {
		return err
	}
	for _, n := range p.Sizes {
		if err := p.size(ctx, b, n, out); err != nil {
			return err
		}
	}
	return nil
}

// pair is the two servers of one case, and the answerer beside them.
type pair struct {
	comity, opa, echo *Server
	single, batch     *Target
	peer, bare        *Target
}

func (p Plan) size(ctx context.Context, b Binaries, n int, out io.Writer) error {
	c, err := NewCase(n)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n## %s\n\n", c.Name)
	var pr pair
	defer func() {
		for _, s := range []*Server{pr.comity, pr.opa, pr.echo} {
			if s != nil {
				_ = s.Stop() // a benchmark's process: the folder goes with it
			}
		}
	}()
	dir := filepath.Join(p.Dir, fmt.Sprint(n))
	if pr.comity, err = StartComity(ctx, b, c, filepath.Join(dir, "comity")); err != nil {
		return err
	}
	pr.single, pr.batch = comityTarget(c, pr.comity, 1), comityTarget(c, pr.comity, p.Batch)
	if pr.opa, pr.peer, err = p.bestOPA(ctx, b, c, dir, out); err != nil {
		return err
	}
	if err := p.atRest(&pr, "at rest, after the start", out); err != nil {
		return err
	}
	for _, t := range []*Target{pr.single, pr.batch, pr.peer} {
		if err := t.Check(); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "All %d questions are answered rightly by both.\n\n", len(c.facts))
	answer, err := pr.single.ask(0)
	if err != nil {
		return err
	}
	if pr.echo, err = p.Echo(ctx, answer); err != nil {
		return err
	}
	pr.bare = pr.single.at("net/http, no decision, no log", pr.echo)
	pr.bare.effects = slices.Repeat(pr.single.effects[:1], len(pr.bare.bodies))
	if err := p.tables(ctx, &pr, out); err != nil {
		return err
	}
	return p.atRest(&pr, "2 s after the load", out)
}

// tables prints rates and latencies: each row is the median of the rounds, in which the
// servers take turns.
func (p Plan) tables(ctx context.Context, pr *pair, out io.Writer) error {
	fmt.Fprint(out, "| server | connections | decisions/s | p50 | p99 | processor time of the server | beside opa |\n|---|--:|--:|--:|--:|--:|--:|\n")
	var slowest float64 // OPA's rate, for the table of due requests
	for _, conns := range p.Connections {
		load := p.Load
		load.Connections = conns
		targets := []*Target{pr.single, pr.peer, pr.batch, pr.bare}
		results, err := p.turns(ctx, targets, load)
		if err != nil {
			return err
		}
		slowest = results[1].PerSecond()
		for i, r := range results {
			fmt.Fprintf(out, "| %s | %d | %.0f | %s | %s | %.1f us | %.2f |\n", targets[i].Name, conns, r.PerSecond(), ms(r.P50), ms(r.P99), float64(r.CPU)/1000, r.PerSecond()/results[1].PerSecond())
		}
		fmt.Fprintf(out, "| batches beside single requests | %d | | | | | %.1f |\n", conns, results[2].PerSecond()/results[0].PerSecond())
	}
	load := p.Load
	load.Connections = slices.Max(p.Connections)
	load.Rate = slowest / 2
	targets := []*Target{pr.single, pr.peer}
	results, err := p.turns(ctx, targets, load)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nRequests that are due at %.0f a second, half of OPA's rate, answered or not; latency from the instant at which each was due:\n\n", load.Rate)
	fmt.Fprint(out, "| server | answered/s | p50 | p99 |\n|---|--:|--:|--:|\n")
	for i, r := range results {
		fmt.Fprintf(out, "| %s | %.0f | %s | %s |\n", targets[i].Name, r.PerSecond(), ms(r.P50), ms(r.P99))
	}
	fmt.Fprintln(out)
	return nil
}

// turns lets the targets take turns and returns for each the median of every figure.
func (p Plan) turns(ctx context.Context, targets []*Target, load Load) ([]Result, error) {
	all := make([][]Result, len(targets))
	for range p.Rounds {
		for i, t := range targets {
			r, err := t.Run(ctx, load)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], r)
		}
	}
	out := make([]Result, len(targets))
	for i, rs := range all {
		out[i] = Result{
			Requests: median(rs, func(r Result) int { return r.Requests }), Decisions: median(rs, func(r Result) int { return r.Decisions }), Seconds: load.Time.Seconds(),
			P50: median(rs, func(r Result) time.Duration { return r.P50 }), P99: median(rs, func(r Result) time.Duration { return r.P99 }), Max: median(rs, func(r Result) time.Duration { return r.Max }),
			CPU: median(rs, func(r Result) time.Duration { return r.CPU }),
		}
	}
	return out, nil
}

func median[T int | time.Duration](rs []Result, of func(Result) T) T {
	var l []T
	for _, r := range rs {
		l = append(l, of(r))
	}
	slices.Sort(l)
	return l[len(l)/2]
}

// bestOPA starts OPA with each form of the policy and keeps the fastest.
func (p Plan) bestOPA(ctx context.Context, b Binaries, c *Case, dir string, out io.Writer) (*Server, *Target, error) {
	var best *Server
	var target *Target
	var most float64
	for _, form := range c.set.Regos() {
		s, err := StartOPA(ctx, b, form, filepath.Join(dir, "opa-"+form.Name))
		if err != nil {
			return best, target, err
		}
		t := opaTarget(c, s, form.Name)
		r, err := t.Run(ctx, Load{Connections: slices.Min(p.Connections), Warmup: time.Second, Time: 2 * time.Second})
		if err != nil {
			_ = s.Stop()
			return best, target, err
		}
		fmt.Fprintf(out, "OPA with the policy as %s: %.0f decisions/s.\n", form.Name, r.PerSecond())
		if r.PerSecond() > most {
			s, best = best, s
			target, most = t, r.PerSecond()
		}
		if s != nil {
			if err := s.Stop(); err != nil {
				return best, target, err
			}
		}
	}
	fmt.Fprintf(out, "The fastest is measured below.\n\n")
	return best, target, nil
}

func (p Plan) atRest(pr *pair, when string, out io.Writer) error {
	time.Sleep(2 * time.Second)
	for _, s := range []*Server{pr.comity, pr.opa} {
		now, peak, err := s.Memory()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Resident memory of %s %s: %.1f MiB (peak so far %.1f).\n", s.Name, when, float64(now)/(1<<20), float64(peak)/(1<<20))
	}
	fmt.Fprintln(out)
	return nil
}

// disk measures what a durable write costs in the folder: append and fdatasync.
func (p Plan) disk(out io.Writer) error {
	f, err := os.CreateTemp(p.Dir, "sync")
	if err != nil {
		return fmt.Errorf("measure disk: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block, times := make([]byte, 4096), make([]time.Duration, 500)
	for i := range times {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return fmt.Errorf("measure disk: %w", err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return fmt.Errorf("measure disk: %w", err)
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	fmt.Fprintf(out, "The disk: 4 KiB appended and fdatasync, p50 %s, p99 %s.\n", ms(times[250]), ms(times[495]))
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }
