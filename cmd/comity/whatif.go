// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/flip"
)

// whatifFlags are the flags of whatif.
type whatifFlags struct {
	folderFlags
	packs       packFlags
	input       string
	at, missing string
	examples    int
	asJSON      bool
}

func newWhatif() *cobra.Command {
	var f whatifFlags
	cmd := &cobra.Command{
		Use:   "whatif",
		Short: "Decide recorded or given operations again under other packs or another date",
		Long: `Decides operations in two ways and counts the answers that flip, by what they were
and became and by the requirements that cause it, with examples.

With --data the operations are the decisions in the log of a data folder: each is
decided by the program that decided it then, and by the packs of today with those
of --packs. What was erased cannot be decided again and is counted. With --file
they are questions as comity decide reads them, decided by the embedded packs and
by those with --packs. With --at the second answer is that for another date. An
allow with conditions is another answer than a plain one. Nothing is recorded.

Exit code 3 if an answer flips to deny, else 4 if one flips to review, else 0; 1
if a question could not be decided.`,
		Example: `  comity whatif --packs packs/eu_gdpr --data comity-data
  comity whatif --at 2027-01-01 -f questions.jsonl
  comity whatif --packs packs/us_il_bipa -f questions.jsonl --json`,
		Args: noArgs("comity whatif -f "),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.folderFlags.bind(cmd)
	cmd.Flags().Lookup("data").Usage = "data folder whose recorded decisions are decided again"
	f.packs.bind(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.input, "file", "f", "", "file with the questions; - is standard input")
	fl.StringVar(&f.at, "at", "", "date of the second answer: 2024-05-01 or an RFC 3339 instant")
	fl.StringVar(&f.missing, "missing", "", "with --file: how absent facts are read: review (enforcement, the default) or ignore (analysis)")
	fl.IntVar(&f.examples, "examples", 5, "how many operations whose answer flips to show at most")
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object")
	return cmd
}

func (f *whatifFlags) check(cmd *cobra.Command) error {
	data := cmd.Flags().Changed("data") || f.file != ""
	switch {
	case data && f.input != "":
		return usageError("whatif", "leave one of them out", "--data and --file exclude each other")
	case !data && f.input == "":
		return usageError("whatif", "name a data folder with --data, or a file of questions with --file", "there is nothing to decide again")
	case f.input != "" && len(f.packs.dirs) == 0 && f.at == "":
		return usageError("whatif", "give --packs DIR, --at DATE or both", "both answers would be the same")
	case f.anchor != "" && !data:
		return usageError("--anchor", "add --data DIR", "an anchor without a data folder")
	case f.missing != "" && data:
		return usageError("--missing", "leave it out", "recorded operations say how they were read")
	case f.missing != "" && f.missing != string(comity.MissingReview) && f.missing != string(comity.MissingIgnore):
		return usageError("--missing", "use review or ignore", "unknown mode %q", f.missing)
	case f.examples < 0:
		return usageError("--examples", "give 0 for none", "%d is less than none", f.examples)
	}
	if f.at != "" {
		if _, err := engine.ParseTime(f.at); err != nil {
			return usageError("--at", "", "%w", cause(err))
		}
	}
	return nil
}

func (f *whatifFlags) run(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	next, err := f.nextEngine()
	if err != nil {
		return err
	}
	w := &whatif{f: f, next: flip.Way{Engine: next}, before: map[string]*engine.Engine{}, missing: map[string]int{}}
	if f.at != "" {
		w.next.At = f.at
	}
	w.progress = newProgress(cmd.ErrOrStderr(), "operations", 0)
	if f.input != "" {
		err = w.questions(cmd)
	} else {
		err = w.recorded(cmd)
	}
	w.progress.done()
	if err != nil {
		return err
	}
	w.complain(cmd.ErrOrStderr())
	rep, err := w.report()
	if err != nil {
		return err
	}
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), rep)
	} else {
		rep.print(newScreen(cmd.OutOrStdout()))
	}
	if code := rep.exit(); code != exitOK {
		return exitStatus(code)
	}
	return nil
}

// nextEngine loads the packs of the second answer. Packs of the configuration stay.
func (f *whatifFlags) nextEngine() (*engine.Engine, error) {
	c, err := f.config()
	if err != nil {
		return nil, err
	}
	return app.LoadPacks(append(c.Packs.Dirs, f.packs.dirs...))
}

// whatif decides operations in two ways, on all processors.
type whatif struct {
	f        *whatifFlags
	next     flip.Way
	progress *progress
	decided  atomic.Int64

	mu      sync.Mutex
	tally   flip.Tally
	before  map[string]*engine.Engine // of recorded decisions, by program
	missing map[string]int            // recorded operations that nobody can read, by why
	faults  []undecided
	failed  int
	source  string
}

// undecided is an operation that could not be decided, at its place.
type undecided struct {
	at  [2]int64
	err error
}

// keptFaults is how many are told one by one.
const keptFaults = 5

// worker decides operations in one goroutine.
type worker struct {
	w         *whatif
	tally     flip.Tally
	comparers map[*engine.Engine]*flip.Comparer
}

func (k *worker) decide(at [2]int64, before *engine.Engine, req comity.Request) error {
	// Extras cost time and flip no answer.
	req.Want, req.Candidates, req.Explain = nil, nil, false
	c := k.comparers[before]
	if c == nil {
		c = flip.NewComparer(flip.Way{Engine: before}, k.w.next)
		k.comparers[before] = c
	}
	_, x, err := c.Compare(req)
	k.w.decided.Add(1)
	if err == nil {
		k.tally.Count(at, req, x)
	}
	return err
}

// fail counts an operation that could not be decided, and keeps the first ones.
func (w *whatif) fail(at [2]int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed++
	w.faults = append(w.faults, undecided{at, err})
	if len(w.faults) > 100*keptFaults {
		w.faults = firstFaults(w.faults)
	}
}

// each runs do in one goroutine for each processor, and shows the progress meanwhile.
func (w *whatif) each(ctx context.Context, do func(context.Context, *worker) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	var once sync.Once
	var failed error
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			k := &worker{w: w, comparers: map[*engine.Engine]*flip.Comparer{}}
			if err := do(ctx, k); err != nil {
				once.Do(func() { failed = err })
				cancel()
			}
			w.mu.Lock()
			w.tally.Add(&k.tally)
			w.mu.Unlock()
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.progress.at(int(w.decided.Load()))
		case <-done:
			return failed
		}
	}
}

// unreadable counts a recorded operation whose content is gone.
func (w *whatif) unreadable(why string) {
	w.mu.Lock()
	w.missing[why]++
	w.mu.Unlock()
}

// inUse says what to do where a server has the data folder open.
func inUse(err error) error {
	if !app.InUse(err) {
		return err
	}
	var e *comity.Error
	if errors.As(err, &e) {
		out := *e
		out.Remedy = "stop it while whatif runs, or give the operations with --file"
		return &out
	}
	return fmt.Errorf("%w; stop it while whatif runs, or give the operations with --file", err)
}
