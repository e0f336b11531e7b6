// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package survey finds out which columns of a store hold personal data, from their names,
// their types and a sample of their values, and remembers what it looked at, so that the
// next survey reads only what changed.
//
// The rules of this package: no value leaves it unmasked; what was not read is said, so
// that silence never looks like an absence; and where numbers and addresses point to a
// country, that is evidence with a confidence, never a fact about law.
package survey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/classify"
)

// ErrGone marks an error after which nothing more can be read from a source.
var ErrGone = errors.New("the source is gone")

// Table is something with columns: a table, a file or an object.
type Table struct {
	Name string
	// Mark stands for the contents: as long as it is the same, so are they. Without one
	// the table is read each time.
	Mark string
	// Skip says why the table is not read, if it is not.
	Skip string
}

// Source is a store that can be surveyed. It is used by one goroutine.
type Source interface {
	// Name names the source, without any secret.
	Name() string
	// Tables lists what there is. Each Mark is taken before the table is read, so that a
	// change in between leads to a second reading, not to a missed one.
	Tables(ctx context.Context) ([]Table, error)
	// Read gives the sampler values of a table, within its limits. An error is about this
	// table, unless it is an ErrGone.
	Read(ctx context.Context, t Table, s *Sampler) error
}

// Limits bound the load on a source.
type Limits struct {
	Rows    int64         // of a table
	Bytes   int64         // of a table
	Values  int           // that are kept of a column
	Rate    int64         // bytes a second; none if zero
	Timeout time.Duration // for a table
}

// DefaultLimits are those without any flag.
var DefaultLimits = Limits{Rows: 10_000, Bytes: 64 << 20, Values: 100, Timeout: time.Minute}

// Options are what a survey is run with.
type Options struct {
	Classifier *classify.Classifier
	Limits     Limits
	// State, if any, is what is known from before; it is brought up to date.
	State *State
	// Program stands for the detectors: with others, everything is read again.
	Program string
	// Full reads also what did not change.
	Full bool
	// Progress is told of the table that is being read, and of the bytes read of it.
	Progress func(done, total int, table string, bytes int64)
	// Emit takes each report once it is complete.
	Emit func(Report) error
}

// What became of a table.
const (
	Scanned   = "scanned"
	Unchanged = "unchanged"
	Skipped   = "skipped"
	Failed    = "failed"
)

// Report is what was found in a table.
type Report struct {
	Table  string `json:"table"`
	Status string `json:"status"`
	// Error says why a table failed or was skipped.
	Error string `json:"error,omitempty"`
	Rows  int64  `json:"rows_read"`
	Bytes int64  `json:"bytes_read"`
	// Sampled tells that not all of the table was read.
	Sampled       bool       `json:"sampled"`
	Notes         []string   `json:"notes,omitempty"`
	Columns       []Column   `json:"columns"`
	Jurisdictions []Evidence `json:"jurisdictions,omitempty"`
}

// Column is a column and what it holds.
type Column struct {
	Name     string    `json:"name"`
	Type     string    `json:"type,omitempty"`
	Values   int       `json:"values_sampled"`
	Findings []Finding `json:"findings,omitempty"`
	// Samples are masked values.
	Samples []string `json:"samples,omitempty"`
}

// Finding is a category of personal data in a column.
type Finding struct {
	Category    string  `json:"category"`
	DPV         string  `json:"dpv"`
	Sensitivity string  `json:"sensitivity"`
	Confidence  float64 `json:"confidence"`
	Why         string  `json:"why"`
}

// Evidence is where the values of a table point to.
type Evidence struct {
	Country string `json:"country"`
	// Or lists the other countries to which the same values point as well.
	Or         []string `json:"or,omitempty"`
	Confidence float64  `json:"confidence"`
	Why        []string `json:"why"`
}

// Summary counts what a survey did.
type Summary struct {
	Source    string `json:"source"`
	Tables    int    `json:"tables"`
	Scanned   int    `json:"scanned"`
	Unchanged int    `json:"unchanged"`
	Skipped   int    `json:"skipped"`
	Failed    int    `json:"failed"`
	Columns   int    `json:"columns"`
	Personal  int    `json:"personal_columns"`
	// Complete tells that every table that was not skipped was surveyed.
	Complete bool `json:"complete"`
	// Highest is the gravest sensitivity found.
	Highest string `json:"highest_sensitivity,omitempty"`
}

// Run surveys a source. An error of one table is in its report; an error of Run means
// that there is more which was not looked at, and the summary says how much was.
func Run(ctx context.Context, src Source, o Options) (Summary, error) {
	r := &run{o: o, src: src, sum: Summary{Source: src.Name()}}
	tables, err := src.Tables(ctx)
	if err != nil {
		return r.sum, fmt.Errorf("list the tables of %s: %w", src.Name(), err)
	}
	r.sum.Tables = len(tables)
	if r.names, err = newNames(); err != nil {
		return r.sum, err
	}
	if o.State != nil {
		o.State.begin(src.Name(), o, tables)
	}
	for i, t := range tables {
		if err := ctx.Err(); err != nil {
			return r.sum, &comity.Error{Code: comity.CodeUnavailable, Op: "survey", Err: fmt.Errorf("stopped after %d of %d tables: %w", i, len(tables), err), Remedy: r.remedy()}
		}
		report, err := r.table(ctx, i, t)
		if errors.Is(err, ErrGone) {
			return r.sum, &comity.Error{Code: comity.CodeUnavailable, Op: "survey", Err: fmt.Errorf("stopped at table %s, %d of %d: %w", t.Name, i+1, len(tables), err), Remedy: r.remedy()}
		}
		r.count(report)
		if err := o.Emit(report); err != nil {
			return r.sum, err
		}
	}
	r.sum.Complete = r.sum.Failed == 0
	return r.sum, nil
}

type run struct {
	o     Options
	src   Source
	sum   Summary
	names *classify.Classifier
}

func (r *run) remedy() string {
	if r.o.State == nil {
		return "with --state FILE the next run goes on from here"
	}
	return "run it again: what was read is in the state"
}

// table surveys one table, or takes what is known of it.
func (r *run) table(ctx context.Context, i int, t Table) (Report, error) {
	if t.Skip != "" {
		return Report{Table: t.Name, Status: Skipped, Error: t.Skip, Columns: []Column{}}, nil
	}
	if known, ok := r.o.State.lookup(t); ok && !r.o.Full {
		known.Status = Unchanged
		return known, nil
	}
	if r.o.Limits.Timeout > 0 {
		// The source ends a statement in time itself; this is for one that does not.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.o.Limits.Timeout+r.o.Limits.Timeout/4)
		defer cancel()
	}
	s := newSampler(ctx, r, i, t.Name)
	err := r.src.Read(ctx, t, s)
	if errors.Is(err, ErrGone) {
		return Report{}, err
	}
	report := s.report()
	if err != nil {
		report.Status, report.Error = Failed, tableError(err)
		return report, nil
	}
	r.o.State.keep(t, report)
	return report, nil
}

func tableError(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "the time for one table is over; raise --timeout"
	}
	return err.Error()
}

func (r *run) count(report Report) {
	switch report.Status {
	case Scanned:
		r.sum.Scanned++
	case Unchanged:
		r.sum.Unchanged++
	case Skipped:
		r.sum.Skipped++
	case Failed:
		r.sum.Failed++
	}
	r.sum.Columns += len(report.Columns)
	for _, c := range report.Columns {
		if len(c.Findings) > 0 {
			r.sum.Personal++
		}
		for _, f := range c.Findings {
			if cmp.Compare(Level(f.Sensitivity), Level(r.sum.Highest)) > 0 {
				r.sum.Highest = f.Sensitivity
			}
		}
	}
}

// Level orders sensitivities; 0 is none.
func Level(sensitivity string) int {
	switch sensitivity {
	case "low":
		return 1
	case "medium":
		return 2
	case "high":
		return 3
	}
	return 0
}
