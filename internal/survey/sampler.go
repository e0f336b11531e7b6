// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/comity-project/comity/internal/classify"
)

// Limits of what is kept of a table while it is read.
const (
	maxKept      = 200_000  // values
	maxKeptBytes = 64 << 20 // above which values are cut
	shortValue   = 64
	fewValues    = 5 // that are kept of each of very many columns
	maxNotes     = 50
)

// ErrEnough tells a source that the limits of a table are reached. It is no error.
var ErrEnough = errors.New("enough was read")

// Sampler keeps a sample of the values of each column of a table: one of a fixed size, in
// which each value that was read has the same chance to be. The same table gives the same
// sample.
type Sampler struct {
	ctx     context.Context
	run     *run
	index   int
	table   string
	columns []*sampled
	byName  map[string]int
	random  *rand.Rand
	kept    int // bytes
	started time.Time
	out     Report
}

// sampled is a column while it is read.
type sampled struct {
	name, typ string
	seen      int64
	values    []string
}

func newSampler(ctx context.Context, r *run, index int, table string) *Sampler {
	h := fnv.New64a()
	_, _ = h.Write([]byte(table)) // never fails
	return &Sampler{
		ctx: ctx, run: r, index: index, table: table, byName: map[string]int{}, started: time.Now(),
		random: rand.New(rand.NewPCG(h.Sum64(), 1)), //nolint:gosec // a sample, not a secret
		out:    Report{Table: table, Status: Scanned},
	}
}

// newNames is a classifier for names: it looks for what no name is. It does not change, and
// takes a while to make.
var newNames = sync.OnceValues(func() (*classify.Classifier, error) {
	return classify.New(classify.Options{WithoutNames: true, Threshold: 0.6})
})

// Limits are those of the table.
func (s *Sampler) Limits() Limits { return s.run.o.Limits }

// Column implements datafile.Sink.
func (s *Sampler) Column(name, typ string) int {
	if i, ok := s.byName[name]; ok {
		return i
	}
	shown := name
	if s.IsData(name) {
		shown = fmt.Sprintf("column_%d", len(s.columns)+1)
		s.Note("the name of column %d is a value and is not shown", len(s.columns)+1)
	}
	s.byName[name] = len(s.columns)
	s.columns = append(s.columns, &sampled{name: shown, typ: typ})
	return len(s.columns) - 1
}

// surelyName is the score of what reads as the name of a column whatever table it is of.
const surelyName = 0.8

// IsData implements datafile.Sink: e-mail addresses, numbers and names of people are no
// names of columns.
func (s *Sampler) IsData(cell string) bool {
	runes := len([]rune(cell))
	for _, f := range s.run.names.Text(cell) {
		if f.Label != "DOMAIN_NAME" && 2*(f.End-f.Start) >= runes {
			return true
		}
	}
	if !strings.Contains(cell, " ") {
		return false
	}
	if a := s.run.o.Classifier.Column(classify.Column{Column: cell}); a.Category != classify.None && a.Score >= surelyName {
		return false
	}
	for _, f := range s.run.o.Classifier.Text(cell) {
		if f.Label == "PERSON" && f.Score >= 0.8 && f.End-f.Start == runes {
			return true
		}
	}
	return false
}

// Value implements datafile.Sink.
func (s *Sampler) Value(column int, value string) error {
	c := s.columns[column]
	c.seen++
	if most := min(s.Limits().Values, max(fewValues, maxKept/len(s.columns))); len(c.values) < most {
		c.values = append(c.values, s.keep(value))
		return nil
	}
	if at := s.random.Int64N(c.seen); at < int64(len(c.values)) {
		s.kept -= len(c.values[at])
		c.values[at] = s.keep(value)
	}
	return nil
}

func (s *Sampler) keep(value string) string {
	if s.kept > maxKeptBytes && len(value) > shortValue {
		value = strings.ToValidUTF8(value[:shortValue], "")
	}
	s.kept += len(value)
	return strings.Clone(value)
}

// Read implements datafile.Sink: it keeps to the rate, and ends what was cancelled.
func (s *Sampler) Read(n int64) error {
	s.out.Bytes += n
	if p := s.run.o.Progress; p != nil {
		p(s.index, s.run.sum.Tables, s.table, s.out.Bytes)
	}
	if rate := s.Limits().Rate; rate > 0 {
		ahead := time.Duration(float64(s.out.Bytes)/float64(rate)*float64(time.Second)) - time.Since(s.started)
		if ahead > 0 {
			t := time.NewTimer(ahead)
			defer t.Stop()
			select {
			case <-s.ctx.Done():
			case <-t.C:
			}
		}
	}
	return s.ctx.Err()
}

// Row counts a row, before its values are given; ErrEnough tells that it is one too many.
func (s *Sampler) Row(bytes int64) error {
	if l := s.Limits(); s.out.Rows >= l.Rows || s.out.Bytes >= l.Bytes {
		s.out.Sampled = true
		return ErrEnough
	}
	s.out.Rows++
	return s.Read(bytes)
}

// Rows sets how many rows were read, by a source that counts them itself.
func (s *Sampler) Rows(n int64) { s.out.Rows = n }

// Sampled tells that not everything was read.
func (s *Sampler) Sampled() { s.out.Sampled = true }

// Note adds what a person has to know about the table. It must hold no values.
func (s *Sampler) Note(format string, args ...any) {
	if len(s.out.Notes) < maxNotes {
		s.out.Notes = append(s.out.Notes, fmt.Sprintf(format, args...))
	}
}
