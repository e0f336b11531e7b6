// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name of a column.
const maxName = 128

// table reads CSV. It is written here because encoding/csv keeps a record whole: here a
// line of a gigabyte needs as much memory as its values are allowed to have.
func (s *stream) table(in *bufio.Reader, head []byte) error {
	c := &cells{in: in, sep: separator(head), limit: s.limits.Value + utf8.UTFMax, most: s.limits.Columns}
	first, err := c.record()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	names := s.header(first)
	columns := make([]int, len(names))
	for i, n := range names {
		columns[i] = s.sink.Column(n, "")
	}
	row := first
	if names == nil {
		for i := range first {
			columns = append(columns, s.sink.Column(fmt.Sprintf("column_%d", i+1), ""))
		}
		s.out.note("the first line holds values, not names")
	} else {
		row, err = c.next(err)
	}
	for ; err == nil; row, err = c.record() {
		if s.out.Rows >= s.limits.Rows {
			_ = in.UnreadByte() // this row was not looked at
			break
		}
		s.out.Rows++
		for i, v := range row[:min(len(row), len(columns))] {
			if err := s.put(columns[i], v); err != nil {
				return err
			}
		}
	}
	if c.dropped {
		s.out.note("more than %d columns; the others were not looked at", s.limits.Columns)
	}
	if c.ragged(len(columns)) {
		s.out.note("some lines have more values than the first; they were not looked at")
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// next is record, unless the one before was the last.
func (c *cells) next(err error) ([][]byte, error) {
	if err != nil {
		return nil, err
	}
	return c.record()
}

// header is the first line if it holds names, else nil. Values in the place of names would
// be printed; a line with a number or a value that the sink knows is no header.
func (s *stream) header(first [][]byte) []string {
	names := make([]string, 0, len(first))
	for i, cell := range first {
		name := strings.TrimSpace(strings.ToValidUTF8(string(cell), "\ufffd"))
		digits := strings.Trim(name, "0123456789.,+-:/ ") == ""
		switch {
		case name == "":
			name = fmt.Sprintf("column_%d", i+1)
		case digits, utf8.RuneCountInString(name) > maxName, strings.ContainsFunc(name, unicode.IsControl), s.sink.IsData(name):
			return nil
		}
		names = append(names, name)
	}
	return names
}

// separator is the one that is most frequent in the first line, outside of quotes.
func separator(head []byte) byte {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := byte(','), 0
	for _, sep := range []byte(",;\t|") {
		quoted, n := false, 0
		for _, c := range line {
			switch {
			case c == '"':
				quoted = !quoted
			case c == sep && !quoted:
				n++
			}
		}
		if n > most {
			best, most = sep, n
		}
	}
	return best
}

// cells reads records; what is longer than the limits is dropped while it is read.
type cells struct {
	in      *bufio.Reader
	sep     byte
	limit   int // of a cell
	most    int // cells of a record
	buf     []byte
	ends    []int
	row     [][]byte
	dropped bool
	widest  int
}

func (c *cells) ragged(columns int) bool { return c.widest > columns && !c.dropped }

// record reads one record; the cells are valid until the next. Blank lines are skipped.
func (c *cells) record() ([][]byte, error) {
	for {
		c.buf, c.ends = c.buf[:0], c.ends[:0]
		err := c.fill()
		if err != nil && (!errors.Is(err, io.EOF) || len(c.buf) == 0 && len(c.ends) == 0) {
			return nil, err
		}
		c.end()
		if len(c.ends) == 1 && c.ends[0] == 0 {
			continue
		}
		c.row = c.row[:0]
		from := 0
		for _, to := range c.ends {
			c.row = append(c.row, c.buf[from:to])
			from = to
		}
		c.widest = max(c.widest, len(c.row))
		return c.row, nil
	}
}

// fill reads up to the end of a record. A quotation mark is one only at the beginning of
// a cell.
func (c *cells) fill() error {
	quoted, start := false, true
	for {
		b, err := c.in.ReadByte()
		if err != nil {
			return err
		}
		switch {
		case quoted && b == '"':
			if next, err := c.in.Peek(1); err != nil || next[0] != '"' {
				quoted = false
				continue
			}
			_, _ = c.in.ReadByte()
			c.put('"')
		case quoted:
			c.put(b)
		case b == '"' && start:
			quoted, start = true, false
		case b == c.sep:
			c.end()
			start = true
		case b == '\n':
			return nil
		case b != '\r':
			c.put(b)
			start = false
		}
	}
}

func (c *cells) put(b byte) {
	from := 0
	if n := len(c.ends); n > 0 {
		from = c.ends[n-1]
	}
	if len(c.buf)-from < c.limit && len(c.ends) < c.most {
		c.buf = append(c.buf, b)
	}
}

func (c *cells) end() {
	if len(c.ends) >= c.most {
		c.dropped = true
		return
	}
	c.ends = append(c.ends, len(c.buf))
}
