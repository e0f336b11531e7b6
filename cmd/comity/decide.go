// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

type decideFlags struct {
	packs             packFlags
	file, at, knownAt string
	missing           string
	explain, asJSON   bool
	want, candidates  []string
	// data or server record the answers; anchor belongs to data.
	data, anchor, server string
}

func newDecide() *cobra.Command {
	var f decideFlags
	cmd := &cobra.Command{
		Use:   "decide",
		Short: "Answer questions: may this operation happen?",
		Long: `Reads a question (one YAML document, or JSON: one value, or one on each line) and
answers it: the effect first, then why, under which conditions, until when, and
by which provisions. A question is an object of facts, or an envelope:

  facts        an object, or a list of objects where the operation has several parts
  defaults     facts that all parts share; a part of a list may say otherwise, a
               single facts object may not
  missing      review (absent facts do not open the gate; the default) or ignore
  known_at     what was known on this date
  explain      true for the explanation and all citations
  want         regions: in which places the operation is not denied, per kind of place;
               regions_unsure: also in which of these the answer is review
  candidates   the regions to try

The names and values of facts are listed by comity facts.

With --data or --server each answer is recorded in the log before it is given, and
shows where; otherwise this is analysis. A server's key is read from COMITY_API_KEY.

Without a date the question is asked now. Of several questions each gets its
answer in its place; one that cannot be read gets an error object there.

Exit codes: 0 allow, 3 deny, 4 review, 1 error, 2 usage; of several answers the
gravest: 1, then 3, then 4, then 0.`,
		Example: `  comity decide -f question.yaml
  comity decide --at 2024-05-01 --explain < question.yaml
  comity decide --missing ignore --json < questions.jsonl
  comity decide -f question.yaml --want regions --candidates DE,JP,US
  comity decide -f question.yaml --known-at 2023-01-01 --packs packs/eu_gdpr
  comity decide -f question.yaml --data comity-data
  comity decide -f question.yaml --server http://127.0.0.1:8080`,
		Args: noArgs("did you mean: comity decide -f "),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.packs.bind(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "-", "file with the question; - is standard input")
	fl.StringVar(&f.at, "at", "", "date of the question: 2024-05-01 or an RFC 3339 instant")
	fl.StringVar(&f.knownAt, "known-at", "", "answer with what was known on this date")
	fl.StringVar(&f.missing, "missing", "", "how absent facts are read: review (enforcement, the default) or ignore (analysis)")
	fl.BoolVar(&f.explain, "explain", false, "explain the answer and show all citations")
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object a line")
	fl.StringSliceVar(&f.want, "want", nil, "extras: regions (where the operation is not denied), regions_unsure (and where it is review)")
	fl.StringSliceVar(&f.candidates, "candidates", nil, "regions to try for --want regions (default: all countries)")
	fl.StringVar(&f.data, "data", "", "record the answers in this data folder")
	fl.StringVar(&f.anchor, "anchor", "", "the data folder's anchor, if it is not the default one")
	fl.StringVar(&f.server, "server", "", "ask the server at this URL, which records the answers")
	_ = cmd.MarkFlagDirname("data")
	_ = cmd.MarkFlagDirname("anchor")
	_ = cmd.RegisterFlagCompletionFunc("missing", cobra.FixedCompletions([]string{"review", "ignore"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("want", cobra.FixedCompletions([]string{"regions", "regions_unsure"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *decideFlags) run(cmd *cobra.Command) error {
	s := &session{f: f, now: time.Now()}
	if err := f.check(cmd, s); err != nil {
		return err
	}
	in, name := cmd.InOrStdin(), "standard input"
	if f.file != "-" {
		file, err := os.Open(f.file)
		if err != nil {
			return notFound("decide", err)
		}
		defer file.Close()
		in, name = file, f.file
	}
	shut, err := s.open(cmd)
	if err != nil {
		return err
	}
	if _, ok := terminal(in); ok {
		fmt.Fprintln(cmd.ErrOrStderr(), "reading the question from the terminal; end it with Ctrl-D")
	}
	s.out = bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
	s.screen = newScreen(cmd.OutOrStdout())
	s.screen.w = s.out
	s.src = newSource(in, name)
	err = s.answerAll()
	s.out.Flush() // the sink below keeps the error
	err = errors.Join(err, shut())
	switch {
	case err != nil:
		return err
	case s.worst != exitOK:
		return exitStatus(s.worst)
	}
	return nil
}

// check refuses flags that no question could make right.
func (f *decideFlags) check(cmd *cobra.Command, s *session) error {
	if m := comity.Mode(f.missing); cmd.Flags().Changed("missing") && m != comity.MissingReview && m != comity.MissingIgnore {
		return usageError("--missing", "use review or ignore", "unknown mode %q", f.missing)
	}
	if cmd.Flags().Changed("at") {
		if _, err := engine.ParseTime(f.at); err != nil {
			return usageError("--at", "", "%w", cause(err))
		}
	}
	if cmd.Flags().Changed("known-at") {
		var err error
		if s.known, err = engine.ParseTime(f.knownAt); err != nil {
			return usageError("--known-at", "", "%w", cause(err))
		}
	}
	for _, w := range f.want {
		if w != "regions" && w != "regions_unsure" {
			return usageError("--want", "use regions or regions_unsure", "unknown extra %q", w)
		}
	}
	switch {
	case f.data != "" && f.server != "":
		return usageError("--data", "leave one of them out", "--data and --server exclude each other")
	case f.anchor != "" && f.data == "":
		return usageError("--anchor", "add --data DIR", "an anchor without a data folder")
	case f.server != "" && len(f.packs.dirs) > 0:
		return usageError("--packs", "configure the packs of the server", "a server decides by its own packs")
	}
	if cmd.Flags().Changed("candidates") && len(f.candidates) == 0 {
		return usageError("--candidates", "name regions, such as --candidates DE,JP, or leave it out for all countries", "no region is given")
	}
	if len(f.candidates) > 0 && len(f.want) == 0 {
		return usageError("--candidates", "add --want regions", "candidates without a question about regions")
	}
	return nil
}

// session answers the questions of one run.
type session struct {
	f *decideFlags
	// ask answers a question; recorded tells that it keeps a record.
	ask      func(context.Context, comity.Request) (comity.Decision, error)
	recorded bool
	// unrecorded is told, with the first answer, that there is no record; else nil.
	unrecorded io.Writer
	ctx        context.Context
	// vocab is what the questions are written in, nil where only a server knows.
	vocab  func() *pack.Vocabulary
	src    *source
	out    *bufio.Writer
	screen *screen
	known  time.Time
	now    time.Time
	worst  int
	// answers counts what was printed; several is set once there is more than one question.
	answers int
	several bool
	// regions is set where the last question asked for regions.
	regions bool
}

// decide answers one question. A fault of the program costs this question, not the rest.
func (s *session) decide(req comity.Request) (d comity.Decision, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &comity.Error{Code: comity.CodeInternal, Op: "decide", Err: fmt.Errorf("the program failed: %v", v), Remedy: "report it with the question"}
		}
	}()
	if err := s.options(&req); err != nil {
		return d, err
	}
	if err := s.date(&req); err != nil {
		return d, err
	}
	return s.ask(s.ctx, req)
}

// options joins the flags with what the envelope says. Nothing has silent precedence: a
// flag that says otherwise than the envelope is an error.
func (s *session) options(req *comity.Request) error {
	f := s.f
	if m := comity.Mode(f.missing); m != "" {
		if req.Missing != "" && req.Missing != m {
			return contradiction("--missing", "the question says missing: %s", req.Missing)
		}
		req.Missing = m
	}
	if !s.known.IsZero() {
		if !req.KnownAt.IsZero() && !req.KnownAt.Equal(s.known) {
			return contradiction("--known-at", "the question says known_at: %s", shortTime(req.KnownAt))
		}
		req.KnownAt = s.known
	}
	if len(f.candidates) > 0 {
		if len(req.Candidates) > 0 && !slices.Equal(req.Candidates, f.candidates) {
			return contradiction("--candidates", "the question has candidates of its own")
		}
		req.Candidates = f.candidates
	}
	req.Explain = req.Explain || f.explain
	s.regions = len(f.want)+len(req.Want) > 0
	for _, w := range f.want {
		if !slices.Contains(req.Want, w) {
			req.Want = append(req.Want, w)
		}
	}
	if s.regions && !f.asJSON && !s.recorded && !slices.Contains(req.Want, "regions_unsure") {
		req.Want = append(req.Want, "regions_unsure") // who reads it wants to know
	}
	return nil
}

func contradiction(op, format string, args ...any) error {
	return &comity.Error{Code: comity.CodeConflict, Op: op, Err: fmt.Errorf(format, args...), Remedy: "leave one of them out"}
}

// date settles --at, which a different date in the facts contradicts, and now.
func (s *session) date(req *comity.Request) error {
	parts := req.Parts
	if parts == nil {
		if req.Facts == nil {
			req.Facts = comity.Facts{}
		}
		parts = []comity.Facts{req.Facts}
	}
	shared, hasShared := req.Facts["date"]
	for _, facts := range parts {
		given, ok := facts["date"]
		if !ok && req.Parts != nil {
			given, ok = shared, hasShared
		}
		switch {
		case s.f.at == "" && !ok && !s.recorded:
			facts["date"] = s.now
		case s.f.at == "":
		case !ok:
			facts["date"] = s.f.at
		default:
			date, same := sameDate(s.f.at, given)
			if !same {
				return &comity.Error{Code: comity.CodeConflict, Err: &pack.ValueError{
					Fact: "date",
					Msg:  fmt.Sprintf("%v, but --at is %s", given, s.f.at), Remedy: "leave one of them out",
				}}
			}
			facts["date"] = date
		}
	}
	return nil
}

// sameDate tells whether two dates name the same time, and gives the one that says more:
// a day and an instant on that day agree. What is no date is left for the engine to refuse.
func sameDate(at string, given any) (any, bool) {
	text, ok := given.(string)
	if !ok {
		return given, true
	}
	a, errA := engine.ParseTime(at)
	b, errB := engine.ParseTime(text)
	if errA != nil || errB != nil {
		return given, true
	}
	dayA, dayB := len(at) == len(time.DateOnly), len(text) == len(time.DateOnly)
	switch {
	case dayA == dayB:
		return text, a.Equal(b)
	case dayA:
		return text, b.Format(time.DateOnly) == at
	}
	return at, a.Format(time.DateOnly) == text
}

// report prints an answer or an error in its place and keeps the gravest exit code. The
// error of the only question goes back to the caller, unless JSON was asked for.
func (s *session) report(d *comity.Decision, err error) error {
	if err != nil {
		if !s.f.asJSON && !s.several {
			return err
		}
		s.worst = graver(s.worst, exitError)
		printJSON(s.out, errorAnswer(err))
		return nil
	}
	if s.unrecorded != nil {
		fmt.Fprintln(s.unrecorded, "not recorded")
		s.unrecorded = nil
	}
	s.worst = graver(s.worst, effectExits[d.Effect])
	switch {
	case s.f.asJSON:
		printJSON(s.out, d)
	default:
		if s.answers > 0 {
			fmt.Fprintln(s.out)
		}
		printDecision(s.screen, d)
		if s.regions && len(d.Regions) == 0 {
			s.screen.row("regions", plain, "no place is excluded")
		}
	}
	s.answers++
	return nil
}

// flush sends what was answered unless more questions wait already: a pipe that asks one
// question at a time gets its answer at once. It tells whether anybody still listens.
func (s *session) flush() bool {
	if s.src.in.Buffered() > 0 {
		_, err := s.out.Write(nil)
		return err == nil
	}
	return s.out.Flush() == nil
}
