// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Command report starts comity serve and opa run --server on this machine, asks both the
// same questions over loopback in turns, and prints rates, latencies and memory.
//
//	go run ./bench/http/report                     about five minutes, after building both
//	go run ./bench/http/report -o bench/results    also writes DATE-http.md there
package main

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	httpbench "github.com/comity-project/comity/bench/http"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	plan := httpbench.Plan{Sizes: []int{1, 1000}, Connections: []int{32, 64}, Batch: 100}
	flags.IntVar(&plan.Rounds, "rounds", 5, "turns of each server")
	flags.DurationVar(&plan.Load.Time, "turn", 3*time.Second, "time of one turn")
	flags.DurationVar(&plan.Load.Warmup, "warmup", time.Second, "time before a turn that does not count")
	flags.StringVar(&plan.Dir, "dir", "", "folder for the data, on the disk to be measured; default a temporary one")
	folder := flags.String("o", "", "also write the report into this folder, as DATE-http.md")
	var given httpbench.Binaries
	flags.StringVar(&given.Comity, "comity", "", "use this comity instead of building it")
	flags.StringVar(&given.OPA, "opa", "", "use this opa instead of building it")
	echo := flags.String("echo", "", "internal: serve only an answer, at this address")
	answer := flags.String("answer", "", "internal: that answer, in base64")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *echo != "" {
		return serveAnswer(*echo, *answer)
	}
	if plan.Dir == "" {
		dir, err := os.MkdirTemp("", "comity-bench")
		if err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		defer os.RemoveAll(dir)
		plan.Dir = dir
	}
	plan.Echo = func(ctx context.Context, answer []byte) (*httpbench.Server, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return httpbench.StartEcho(ctx, self, func(addr string) []string {
			return []string{"-echo", addr, "-answer", base64.StdEncoding.EncodeToString(answer)}
		})
	}
	var text strings.Builder
	out := io.MultiWriter(stdout, &text)
	now := time.Now()
	binaries, err := httpbench.Build(ctx, plan.Dir, given)
	if err != nil {
		return err
	}
	heading(out, now, plan, binaries)
	if err := plan.Run(ctx, binaries, out); err != nil {
		return err
	}
	if *folder == "" {
		return nil
	}
	name := filepath.Join(*folder, now.Format(time.DateOnly)+"-http.md")
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fmt.Fprintln(os.Stderr, "wrote", name)
	return nil
}

func heading(out io.Writer, now time.Time, p httpbench.Plan, b httpbench.Binaries) {
	fmt.Fprintf(out, "# Decision servers side by side, %s\n\n", now.Format(time.DateOnly))
	fmt.Fprintf(out, "%s %s/%s, %d processors, which the load generator shares; %d turns of %s for each server.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), p.Rounds, p.Load.Time)
	fmt.Fprintf(out, "Reproduce with: go run ./bench/http/report\n\n")
	fmt.Fprintf(out, `comity serve records every decision: sealed, in a signed tree, synced to disk before it
is answered; an answer carries effect, requirements, conditions with their texts, citations
and the signed receipt. opa run --server (%s) records nothing and logs nothing; its answer
is effect, requirements and conditions. Both have the same requirements and no others, and
are asked over HTTP/1.1 connections that are kept alive, each with one request under way.

`, b.OPAVersion)
}

// serveAnswer reads each request and answers the same.
func serveAnswer(addr, encoded string) error {
	answer, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	return http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
}
