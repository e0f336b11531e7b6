// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

// maxBuffered bounds what is read before it is known whether the input is one value.
const maxBuffered = 16 << 20

type decideFlags struct {
	packs             packFlags
	file, at, knownAt string
	missing           string
	explain, asJSON   bool
	want, candidates  []string
}

func newDecide() *cobra.Command {
	var f decideFlags
	cmd := &cobra.Command{
		Use:   "decide",
		Short: "Answer questions: may this operation happen?",
		Long: `Reads a question (one YAML document, or JSON: one value, or one a line) and
answers it: the effect first, then why, under which conditions, until when, and
by which provisions. A question is an object of facts, or an envelope with
facts, explain, missing, known_at and want. Without a date it is asked now.

Exit codes: 0 allow, 3 deny, 4 review, 1 error, 2 usage; of several answers the
gravest.`,
		Example: `  comity decide -f question.yaml
  comity decide --at 2024-05-01 --explain < question.yaml
  comity decide --missing ignore --json < questions.jsonl`,
		Args: cobra.NoArgs,
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
	fl.StringSliceVar(&f.want, "want", nil, "extras: regions (where the operation would be permitted)")
	fl.StringSliceVar(&f.candidates, "candidates", nil, "regions to try for --want regions (default: all countries)")
	_ = cmd.RegisterFlagCompletionFunc("missing", cobra.FixedCompletions([]string{"review", "ignore"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("want", cobra.FixedCompletions([]string{"regions"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// session answers the questions of one run.
type session struct {
	f       *decideFlags
	eng     *engine.Engine
	known   time.Time
	now     time.Time
	out     io.Writer
	worst   int
	several bool
}

func (f *decideFlags) run(cmd *cobra.Command) error {
	s := &session{f: f, out: cmd.OutOrStdout(), now: time.Now()}
	if f.missing != "" && f.missing != string(comity.MissingReview) && f.missing != string(comity.MissingIgnore) {
		return &comity.Error{Code: comity.CodeUsage, Op: "--missing", Err: fmt.Errorf("unknown mode %q", f.missing), Remedy: "use review or ignore"}
	}
	if f.at != "" {
		if _, err := engine.ParseTime(f.at); err != nil {
			return &comity.Error{Code: comity.CodeUsage, Op: "--at", Err: err}
		}
	}
	if f.knownAt != "" {
		var err error
		if s.known, err = engine.ParseTime(f.knownAt); err != nil {
			return &comity.Error{Code: comity.CodeUsage, Op: "--known-at", Err: err}
		}
	}
	var err error
	if s.eng, err = f.packs.engine(); err != nil {
		return err
	}
	in := cmd.InOrStdin()
	name := "standard input"
	if f.file != "-" {
		file, err := os.Open(f.file)
		if err != nil {
			return &comity.Error{Code: comity.CodeNotFound, Op: "decide", Err: err}
		}
		defer file.Close()
		in, name = file, f.file
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "not recorded")
	if err := s.read(bufio.NewReaderSize(in, 64<<10), name); err != nil {
		return err
	}
	if s.worst != exitOK {
		return exitStatus(s.worst)
	}
	return nil
}

// read tells YAML from JSON by the first byte, and one JSON value from one a line by
// whether the first line is a value of its own.
func (s *session) read(in *bufio.Reader, name string) error {
	first, err := firstByte(in)
	if err != nil {
		return &comity.Error{Code: comity.CodeInvalid, Op: name, Err: errors.New("the input is empty"), Remedy: "give facts such as operation: transfer"}
	}
	if first != '{' {
		data, err := readAll(in, name)
		if err != nil {
			return err
		}
		req, err := scenario.ReadRequest(name, data)
		if err != nil {
			return err
		}
		return s.single(req)
	}
	line, rest := readLine(in)
	if json.Valid(line) {
		if next, err := firstByte(in); err == nil && next != 0 {
			s.several = true
			s.answerLine(line, 1)
			return s.lines(in, 2)
		}
		return s.oneJSON(line)
	}
	if rest != nil {
		s.several = true
		s.report(nil, rest, 1)
		return s.lines(in, 2)
	}
	more, err := readAll(in, name)
	if err != nil {
		return err
	}
	all := append(append(bytes.Clone(line), '\n'), more...)
	if json.Valid(all) || len(bytes.TrimSpace(more)) == 0 {
		return s.oneJSON(all)
	}
	// Neither one value nor, on its first line, a value: lines, unless nothing but the
	// whole could be meant.
	s.several = true
	return s.lines(bufio.NewReader(bytes.NewReader(all)), 1)
}

func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\t' && b != '\n' && b != '\r' {
			return b, in.UnreadByte()
		}
	}
}

func readAll(in io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxBuffered+1))
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: name, Err: err}
	}
	if len(data) > maxBuffered {
		return nil, &comity.Error{Code: comity.CodeTooLarge, Op: name, Err: fmt.Errorf("the input has more than %d bytes", maxBuffered), Remedy: "write one JSON object a line"}
	}
	return data, nil
}

// readLine reads one line; a line over the limit is skipped and given back as an error.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, more, err := in.ReadLine()
		if err != nil {
			break
		}
		if len(line)+len(part) > engine.MaxRequest {
			tooLong = true
			line = line[:0]
		}
		if !tooLong {
			line = append(line, part...)
		}
		if !more {
			break
		}
	}
	if tooLong {
		return nil, &comity.Error{Code: comity.CodeTooLarge, Op: "decode", Err: fmt.Errorf("the line has more than %d bytes", engine.MaxRequest)}
	}
	return line, nil
}

func (s *session) lines(in *bufio.Reader, n int) error {
	for ; ; n++ {
		if _, err := in.Peek(1); err != nil {
			return nil
		}
		line, err := readLine(in)
		if err != nil {
			s.report(nil, err, n)
			continue
		}
		if len(bytes.TrimSpace(line)) > 0 {
			s.answerLine(line, n)
		}
	}
}

func (s *session) answerLine(line []byte, n int) {
	req, err := engine.DecodeRequest(line)
	if err != nil {
		s.report(nil, err, n)
		return
	}
	d, err := s.decide(req)
	s.report(&d, err, n)
}

func (s *session) oneJSON(data []byte) error {
	req, err := engine.DecodeRequest(data)
	if err == nil {
		return s.single(req)
	}
	return s.fail(err)
}

func (s *session) single(req comity.Request) error {
	d, err := s.decide(req)
	if err != nil {
		return s.fail(err)
	}
	s.report(&d, nil, 0)
	return nil
}

// fail reports the error of the only question: as JSON where JSON was asked for.
func (s *session) fail(err error) error {
	if s.f.asJSON {
		s.report(nil, err, 1)
		return nil
	}
	return err
}

func (s *session) decide(req comity.Request) (comity.Decision, error) {
	f := s.f
	if f.explain {
		req.Explain = true
	}
	if f.missing != "" {
		req.Missing = comity.Mode(f.missing)
	}
	if !s.known.IsZero() {
		req.KnownAt = s.known
	}
	if len(f.want) > 0 {
		req.Want = f.want
	}
	if len(f.candidates) > 0 {
		req.Candidates = f.candidates
	}
	if err := s.date(&req); err != nil {
		return comity.Decision{}, err
	}
	d, err := s.eng.Decide(req)
	d.ID = "analysis-" + rand.Text()
	return d, err
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
	for _, facts := range parts {
		given, ok := facts["date"]
		if !ok && req.Parts != nil {
			given, ok = req.Facts["date"]
		}
		switch {
		case s.f.at != "" && ok && fmt.Sprint(given) != s.f.at:
			return &comity.Error{Code: comity.CodeConflict, Op: "--at", Err: fmt.Errorf("the facts give the date %v", given), Remedy: "leave one of them out"}
		case s.f.at != "":
			facts["date"] = s.f.at
		case !ok:
			facts["date"] = s.now
		}
	}
	return nil
}

// report prints an answer or an error in its place and keeps the gravest exit code.
func (s *session) report(d *comity.Decision, err error, line int) {
	if err != nil {
		s.grave(exitError)
		if s.f.asJSON || s.several {
			printJSON(s.out, map[string]any{"error": map[string]any{"code": comity.CodeOf(err), "message": err.Error(), "line": line}})
		}
		return
	}
	s.grave(effectExit(d.Effect))
	if s.f.asJSON {
		printJSON(s.out, d)
		return
	}
	printDecision(s.out, d)
}

func effectExit(e comity.Effect) int {
	switch e {
	case comity.Deny:
		return exitDeny
	case comity.Review:
		return exitReview
	}
	return exitOK
}

// grave keeps the gravest code: 1, then 3, then 4, then 0.
func (s *session) grave(code int) {
	rank := func(c int) int {
		switch c {
		case exitError:
			return 3
		case exitDeny:
			return 2
		case exitReview:
			return 1
		}
		return 0
	}
	if rank(code) > rank(s.worst) {
		s.worst = code
	}
}

func printJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
