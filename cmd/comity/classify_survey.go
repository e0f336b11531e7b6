// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/objstore"
	"github.com/comity-project/comity/internal/postgres"
	"github.com/comity-project/comity/internal/sqlite"
	"github.com/comity-project/comity/internal/survey"
)

// surveyHelp is what the help of all three sources says.
const surveyHelp = `

Columns are judged by name, type and a sample of their values. Samples are shown
masked. With --state FILE the next run reads only what changed. Where numbers and
addresses point to a country, that is evidence with a confidence: a prefix is no
residence, and says nothing about which law binds.

Exit codes: 0 surveyed, 1 something could not be read, 3 a finding of the level of
--fail-on, 2 usage.`

// surveyFlags are those of all sources.
type surveyFlags struct {
	classifyFlags
	limits        survey.Limits
	bytes, rate   byteCount
	state, failOn string
	full          bool
}

func (f *surveyFlags) bind(cmd *cobra.Command) {
	f.limits, f.bytes = survey.DefaultLimits, byteCount(survey.DefaultLimits.Bytes)
	fl := cmd.Flags()
	fl.StringVar(&f.detectors, "detectors", "", "file with detectors of your own, in the form of internal/classify/detectors.yaml")
	fl.BoolVar(&f.withoutNames, "without-names", false, "leave out names, places, organisations and postal addresses")
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object for each table, then the summary")
	fl.Int64Var(&f.limits.Rows, "rows", f.limits.Rows, "most rows read of a table")
	fl.Var(&f.bytes, "bytes", "most bytes read of a table, such as 64M")
	fl.IntVar(&f.limits.Values, "values", f.limits.Values, "most values kept of a column")
	fl.Var(&f.rate, "rate", "most bytes a second, such as 2M; 0 is no limit")
	fl.DurationVar(&f.limits.Timeout, "timeout", f.limits.Timeout, "most time for a table")
	fl.StringVar(&f.state, "state", "", "file that remembers what was read")
	fl.BoolVar(&f.full, "full", false, "read also what did not change")
	fl.StringVar(&f.failOn, "fail-on", "", "end with exit code 3 on a finding of this sensitivity: low, medium or high")
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"low", "medium", "high"}, cobra.ShellCompDirectiveNoFileComp))
}

// byteCount is a flag for numbers of bytes: 512, 64K, 64M or 1G.
type byteCount int64

func (b *byteCount) String() string {
	n := int64(*b)
	for _, u := range []string{"", "K", "M"} {
		if n == 0 || n%1024 != 0 {
			return strconv.FormatInt(n, 10) + u
		}
		n /= 1024
	}
	return strconv.FormatInt(n, 10) + "G"
}

// Type implements pflag.Value.
func (*byteCount) Type() string { return "bytes" }

// Set implements pflag.Value.
func (b *byteCount) Set(text string) error {
	shift := 0
	if i := strings.IndexAny(text, "KMG"); i >= 0 && i == len(text)-1 {
		shift = map[byte]int{'K': 10, 'M': 20, 'G': 30}[text[i]]
		text = text[:i]
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return errors.New("give a number, with K, M or G behind it")
	}
	*b = byteCount(n << shift)
	return nil
}

func (f *surveyFlags) check() error {
	f.limits.Bytes, f.limits.Rate = int64(f.bytes), int64(f.rate)
	switch {
	case f.limits.Rows < 1 || f.limits.Rows > 10_000_000:
		return usageError("--rows", "give 1 to 10000000", "%d is out of range", f.limits.Rows)
	case f.limits.Values < 1 || f.limits.Values > 10_000:
		return usageError("--values", "give 1 to 10000", "%d is out of range", f.limits.Values)
	case f.limits.Bytes < 1:
		return usageError("--bytes", "give a number above 0", "%d is out of range", f.limits.Bytes)
	case f.limits.Timeout < time.Millisecond || f.limits.Timeout > 24*time.Hour:
		return usageError("--timeout", "give 1ms to 24h", "%s is out of range", f.limits.Timeout)
	case f.failOn != "" && survey.Level(f.failOn) == 0:
		return usageError("--fail-on", "use low, medium or high", "unknown sensitivity %q", f.failOn)
	}
	return nil
}

// open makes a source from the argument.
type openSource func(ctx context.Context, arg string) (survey.Source, error)

// survey runs a survey and prints it as it goes.
func (f *surveyFlags) survey(cmd *cobra.Command, arg string, open openSource) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	c, err := f.classifier()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what does not end by itself
	src, err := open(ctx, arg)
	if err != nil {
		return err
	}
	if closer, ok := src.(io.Closer); ok {
		defer closer.Close()
	}
	o := survey.Options{Classifier: c, Limits: f.limits, Full: f.full, Program: f.program()}
	if o.State, err = f.readState(src.Name()); err != nil {
		return err
	}
	out := newScreen(cmd.OutOrStdout())
	p := newProgress(cmd.ErrOrStderr(), "", 0)
	o.Progress = func(done, total int, table string, _ int64) {
		p.what, p.total = "reading "+clean(table)+", table", total
		p.at(done + 1)
	}
	saved := time.Now()
	o.Emit = func(r survey.Report) error {
		p.done()
		if f.asJSON {
			printJSON(out.w, r)
		} else {
			printSurvey(out, r)
		}
		if time.Since(saved) > saveEvery {
			saved = time.Now()
			return f.writeState(o.State)
		}
		return nil
	}
	sum, err := survey.Run(ctx, src, o)
	p.done()
	// What was read is kept and told, also where the rest could not be.
	err = errors.Join(err, f.writeState(o.State))
	if f.asJSON {
		printJSON(out.w, map[string]survey.Summary{"summary": sum})
	} else {
		printSummary(out, sum)
	}
	return f.outcome(sum, err)
}

// saveEvery is how often the state of a long survey is saved.
const saveEvery = 30 * time.Second

func (f *surveyFlags) outcome(sum survey.Summary, err error) error {
	switch {
	case err != nil:
		return err
	case sum.Failed > 0:
		return &comity.Error{Code: comity.CodeUnavailable, Op: "survey", Err: fmt.Errorf("%s could not be read", count(sum.Failed, "table"))}
	case f.failOn != "" && survey.Level(sum.Highest) >= survey.Level(f.failOn):
		return exitStatus(exitDeny)
	}
	return nil
}

// program stands for the detectors: this program and the user's.
func (f *surveyFlags) program() string {
	h := sha256.New()
	if path, err := os.Executable(); err == nil {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintln(h, info.Size(), info.ModTime().UnixNano())
		}
	}
	user, _ := os.ReadFile(f.detectors) // classifier read it, or failed
	fmt.Fprintln(h, f.withoutNames, len(user))
	h.Write(user)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// readState reads the state, or begins one; it is nil without --state.
func (f *surveyFlags) readState(source string) (*survey.State, error) {
	if f.state == "" {
		return nil, nil
	}
	file, err := os.Open(f.state)
	if errors.Is(err, fs.ErrNotExist) {
		// Better now than after hours: the state is of use only if it can be written.
		probe, err := os.CreateTemp(filepath.Dir(f.state), ".comity-state-*")
		if err != nil {
			return nil, notFound("--state", err)
		}
		return survey.NewState(), errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return nil, notFound("--state", err)
	}
	defer file.Close()
	s, err := survey.ReadState(file)
	if err != nil {
		return nil, err
	}
	return s, s.Check(source)
}

// writeState replaces the file as a whole.
func (f *surveyFlags) writeState(s *survey.State) error {
	if s == nil {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(f.state), ".comity-state-*")
	if err != nil {
		return notFound("--state", err)
	}
	defer os.Remove(file.Name())
	err = errors.Join(s.Write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), f.state)
	}
	if err != nil {
		return &comity.Error{Code: comity.CodeUnavailable, Op: "--state", Err: err}
	}
	return nil
}

func newClassifyFile() *cobra.Command {
	var f surveyFlags
	cmd := &cobra.Command{
		Use:   "file PATH",
		Short: "Find the personal data in a file or in the data files of a folder",
		Long: `Reads CSV, JSON lines (both also as .gz) and Parquet. A file's form is told by its
contents and its name; of a folder, the files that are named like data are read.` + surveyHelp,
		Example: `  comity classify file people.csv
  comity classify file exports --state state.json --json
  comity classify file people.csv --rows 1000 --fail-on high`,
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.survey(cmd, args[0], func(_ context.Context, path string) (survey.Source, error) { return survey.NewFiles(path), nil })
		},
	}
	f.bind(cmd)
	return cmd
}

func newClassifyDB() *cobra.Command {
	var f surveyFlags
	cmd := &cobra.Command{
		Use:   "db DSN",
		Short: "Find the personal data in a PostgreSQL or SQLite database",
		Long: `Reads postgres://user@host/database, or the file of a SQLite database. A password
is better in PGPASSWORD or the password file than in the DSN. Each table is read
in a transaction of its own that is read-only, ends by itself and waits for no
lock; of a large table, rows from all over it.` + surveyHelp,
		Example: `  comity classify db shop.db
  comity classify db shop.db --state state.json --rate 2M --timeout 10s`,
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error { return f.survey(cmd, args[0], openDatabase) },
	}
	f.bind(cmd)
	return cmd
}

// openDatabase tells PostgreSQL from a file.
func openDatabase(ctx context.Context, dsn string) (survey.Source, error) {
	scheme, rest, ok := strings.Cut(dsn, ":")
	switch {
	case ok && (scheme == "postgres" || scheme == "postgresql"), strings.Contains(dsn, "host=") || strings.Contains(dsn, "dbname="):
		return postgres.OpenSurvey(ctx, dsn)
	case ok && (scheme == "sqlite" || scheme == "sqlite3" || scheme == "file"):
		dsn = strings.TrimPrefix(rest, "//")
	case strings.Contains(dsn, "://"):
		return nil, usageError("DSN", "use postgres://user@host/database, or the path of a SQLite file", "databases of the kind %q are not read", scheme)
	}
	return sqlite.OpenSurvey(ctx, dsn)
}

func newClassifyBucket() *cobra.Command {
	var f surveyFlags
	var o objstore.Options
	cmd := &cobra.Command{
		Use:   "bucket URL",
		Short: "Find the personal data in the data files of a bucket",
		Long: `Reads the objects of s3://bucket/prefix that are named like data files, over the
S3 protocol. The keys are in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
AWS_SESSION_TOKEN. It lists and gets, and of an object no more than is looked at.` + surveyHelp,
		Example: `  comity classify bucket s3://exports/2026 --endpoint http://127.0.0.1:7070
  comity classify bucket s3://exports --endpoint http://127.0.0.1:7070 --state state.json`,
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Endpoint = cmp.Or(o.Endpoint, os.Getenv("AWS_ENDPOINT_URL"))
			return f.survey(cmd, args[0], func(_ context.Context, url string) (survey.Source, error) { return objstore.OpenSurvey(url, o) })
		},
	}
	f.bind(cmd)
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "", "URL of a store that is not Amazon's (AWS_ENDPOINT_URL)")
	cmd.Flags().StringVar(&o.Region, "region", "", "region of the bucket (AWS_REGION)")
	return cmd
}
