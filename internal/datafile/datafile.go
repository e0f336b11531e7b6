// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package datafile reads the values of CSV, JSON lines and Parquet files, column by column,
// from files that may be hostile: the memory that it needs does not depend on what a file
// says of itself. It has no files of its own: it reads an io.ReaderAt.
package datafile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/comity-project/comity"
)

// Format is the form of a file.
type Format string

// The forms that are read.
const (
	CSV     Format = "csv"
	JSONL   Format = "jsonl"
	Parquet Format = "parquet"
)

// Limits bound what is read of one file, and what is kept of it at a time.
type Limits struct {
	Rows    int64 // 10,000 if zero
	Bytes   int64 // 64 MiB if zero; of a compressed file, what comes out of it
	Columns int   // 20,000 if zero; further ones are not looked at
	Line    int   // of a JSON line: 1 MiB if zero; a longer one is left out
	Value   int   // 1 KiB if zero; the rest of a longer value is left out
	Page    int64 // of Parquet, unpacked: 64 MiB if zero; a column with a larger one is left out
}

func (l Limits) filled() Limits {
	fill := func(v *int64, def int64) {
		if *v <= 0 {
			*v = def
		}
	}
	fillInt := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	fill(&l.Rows, 10_000)
	fill(&l.Bytes, 64<<20)
	fill(&l.Page, 64<<20)
	fillInt(&l.Columns, 20_000)
	fillInt(&l.Line, 1<<20)
	fillInt(&l.Value, 1<<10)
	return l
}

// Sink takes what is read. It may end the reading at any time by an error, which Read
// returns as it is.
type Sink interface {
	// Column is told of a column before the first of its values. The sink may give names
	// that are data, such as those of a map's keys, another name; columns that then share
	// a name are one, and get the same number.
	Column(name, typ string) (number int)
	// Value takes a value of valid UTF-8 that is not empty.
	Value(column int, value string) error
	// Read is told of the bytes that were read since the last time.
	Read(bytes int64) error
	// IsData tells whether a cell of the first line is a value rather than a name.
	IsData(cell string) bool
}

// Result says what was read.
type Result struct {
	Format Format
	Rows   int64
	Bytes  int64
	// Complete tells that the whole file was read.
	Complete bool
	// Notes are what a person has to know about the answer; they hold no values.
	Notes []string
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Read reads a file. Its name helps to tell the form.
func Read(file io.ReaderAt, size int64, name string, limits Limits, sink Sink) (Result, error) {
	limits = limits.filled()
	head := make([]byte, min(size, 8<<10))
	if n, err := file.ReadAt(head, 0); err != nil && (!errors.Is(err, io.EOF) || n < len(head)) {
		return Result{}, fmt.Errorf("read: %w", err)
	}
	switch {
	case size == 0:
		return Result{Complete: true, Notes: []string{"the file is empty"}}, nil
	case bytes.HasPrefix(head, []byte("PAR1")), bytes.HasPrefix(head, []byte("PARE")):
		return readParquet(file, size, limits, sink)
	}
	s := &stream{limits: limits, sink: sink, left: limits.Bytes}
	s.in = io.NewSectionReader(file, 0, size)
	if bytes.HasPrefix(head, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(s.in)
		if err != nil {
			return Result{}, invalid("the gzip file is damaged", "")
		}
		s.in, name = z, strings.TrimSuffix(strings.ToLower(name), ".gz")
	}
	return s.read(name)
}

// stream reads a text file up to the limit of bytes.
type stream struct {
	in     io.Reader
	limits Limits
	sink   Sink
	left   int64
	ended  bool
	out    Result
	broken int64 // values that are no UTF-8
}

// Read implements io.Reader, and tells the sink.
func (s *stream) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	n, err := s.in.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	s.out.Bytes += int64(n)
	if n > 0 {
		if told := s.sink.Read(int64(n)); told != nil {
			return n, told
		}
	}
	s.ended = errors.Is(err, io.EOF)
	switch {
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.Is(err, io.ErrUnexpectedEOF):
		err = invalid("the gzip file is damaged", "")
	}
	return n, err
}

func (s *stream) read(name string) (Result, error) {
	in := bufio.NewReaderSize(s, 64<<10)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	head, err := in.Peek(8 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return s.out, err
	}
	if s.out.Format, err = formOf(name, head); err != nil {
		return s.out, err
	}
	if s.out.Format == JSONL {
		err = s.lines(in)
	} else {
		err = s.table(in, head)
	}
	s.out.Complete = s.ended && in.Buffered() == 0 && err == nil
	if s.broken > 0 {
		s.out.note("invalid UTF-8 in %d values was replaced", s.broken)
	}
	if err == nil && !s.out.Complete {
		s.out.note("read %d rows, %d bytes, not the whole file", s.out.Rows, s.out.Bytes)
	}
	return s.out, err
}

// formOf tells CSV from JSON lines, and refuses what is neither.
func formOf(name string, head []byte) (Format, error) {
	if i := bytes.IndexByte(head, 0); i >= 0 {
		if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || i < 2 && len(head) > 3 && head[i+2] == 0 && head[1-i] >= ' ' {
			return "", invalid("the file seems to be in UTF-16", "convert it to UTF-8")
		}
		return "", invalid("the file is binary", "CSV, JSON lines and Parquet are read, the first two also as .gz")
	}
	bad := 0
	for _, c := range head {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7F {
			bad++
		}
	}
	if 50*bad > len(head) {
		return "", invalid("the file is binary", "CSV, JSON lines and Parquet are read, the first two also as .gz")
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	lower := strings.ToLower(name)
	table := strings.HasSuffix(lower, ".csv") || strings.HasSuffix(lower, ".tsv")
	switch {
	case table:
		return CSV, nil
	case bytes.HasPrefix(text, []byte("{")):
		return JSONL, nil
	case bytes.HasPrefix(text, []byte("[")) && strings.HasSuffix(lower, ".json"):
		return "", invalid("the file is one JSON array", "write one object a line, as jq -c '.[]' does")
	case strings.HasSuffix(lower, ".jsonl"), strings.HasSuffix(lower, ".ndjson"):
		return JSONL, nil
	}
	return CSV, nil
}

// put gives the sink a value, made valid.
func (s *stream) put(column int, value []byte) error {
	if len(value) > s.limits.Value {
		value = value[:s.limits.Value]
		for i := 0; i < utf8.UTFMax && len(value) > 0 && !utf8.Valid(value[max(0, len(value)-utf8.UTFMax):]); i++ {
			value = value[:len(value)-1]
		}
	}
	if !utf8.Valid(value) {
		s.broken++
		value = bytes.ToValidUTF8(value, []byte("\ufffd"))
	}
	if len(value) == 0 {
		return nil
	}
	return s.sink.Value(column, string(value))
}

func invalid(text, remedy string) error {
	return &comity.Error{Code: comity.CodeInvalid, Err: errors.New(text), Remedy: remedy}
}
