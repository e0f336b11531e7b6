// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// source is the input of decide, read once and never held as a whole: only what a single
// question may have is ever buffered.
type source struct {
	in   *bufio.Reader
	name string
	// line is the number of the line that is read next, from 1.
	line int
}

func newSource(in io.Reader, name string) *source {
	return &source{in: bufio.NewReaderSize(in, 64<<10), name: name, line: 1}
}

// blanks skips a byte order mark, spaces and empty lines, and gives the spaces that stand
// before the first other byte on its line. The error is io.EOF at the end.
func (s *source) blanks() (indent []byte, first byte, err error) {
	if mark, err := s.in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = s.in.Discard(3)
	}
	for {
		b, err := s.in.ReadByte()
		switch {
		case err != nil:
			return nil, 0, err
		case b == '\n':
			s.line++
			indent = indent[:0]
		case b == ' ' || b == '\t' || b == '\r':
			if indent = append(indent, b); len(indent) > engine.MaxRequest {
				return nil, 0, s.tooLarge("give the question in UTF-8 text")
			}
		default:
			return indent, b, s.in.UnreadByte()
		}
	}
}

// next reads one line. A line over the limit is skipped to its end and is an error with a
// code; any other error is the reader's.
func (s *source) next() ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := s.in.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > engine.MaxRequest+1; !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !tooLong):
			return nil, err
		}
		break
	}
	s.line++
	if tooLong {
		return nil, &comity.Error{Code: comity.CodeTooLarge, Err: fmt.Errorf("the line has more than %d bytes", engine.MaxRequest), Remedy: "one question a line"}
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func (s *source) tooLarge(remedy string) error {
	return &comity.Error{Code: comity.CodeTooLarge, Err: fmt.Errorf("the input has more than %d bytes", engine.MaxRequest), Remedy: remedy}
}

// rest reads what is left, up to limit bytes; more is reported by full.
func (s *source) rest(limit int) (data []byte, full bool, err error) {
	data, err = io.ReadAll(io.LimitReader(s.in, int64(limit)+1))
	return data, len(data) > limit, err
}

// back puts text in front of what is still to be read.
func (s *source) back(data []byte) {
	s.in = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(data), s.in), 64<<10)
}

// failed is an error of the reader itself.
func (s *source) failed(err error) error {
	if comity.CodeOf(err) != comity.CodeInternal {
		return locate(s.name, s.line, nil, nil, err)
	}
	var pe *fs.PathError
	e := &comity.Error{Code: comity.CodeNotFound, Op: s.name, Err: err}
	if errors.As(err, &pe) {
		e.Err = pe.Err
	}
	if errors.Is(err, syscall.EISDIR) {
		e.Remedy = "name a file with the question in it"
	}
	return e
}

// answerAll tells YAML from JSON by the first byte, and one JSON value from one a line.
func (s *session) answerAll() error {
	indent, first, err := s.src.blanks()
	switch {
	case errors.Is(err, io.EOF):
		return s.report(nil, &comity.Error{
			Code: comity.CodeInvalid, Op: s.src.name, Line: s.src.line, Err: errors.New("the input is empty"),
			Remedy: "give facts, such as operation: transfer",
		})
	case err != nil:
		return s.src.failed(err)
	case first != '{':
		return s.answerYAML(indent)
	}
	return s.answerJSON(indent)
}

func (s *session) answerYAML(indent []byte) error {
	start := s.src.line
	data, full, err := s.src.rest(engine.MaxRequest)
	switch {
	case err != nil:
		return s.src.failed(err)
	case full:
		return s.report(nil, locate(s.src.name, start, nil, nil, s.src.tooLarge("for many questions write JSON, one a line")))
	}
	req, facts, err := readYAML(append(indent, data...))
	return s.answer(start, req, facts, err)
}

// answerJSON answers the first line at once if it is a whole value. If it is not, the
// input may be one value on many lines.
func (s *session) answerJSON(indent []byte) error {
	start := s.src.line
	line, err := s.src.next()
	line = append(indent, line...)
	if err == nil && !json.Valid(line) {
		whole, one, err := s.whole(line)
		if err != nil {
			return s.src.failed(err)
		}
		if one {
			return s.answerText(start, whole)
		}
		s.several = true
	}
	for ; ; start = s.src.line - 1 {
		switch {
		case err == nil && len(bytes.TrimSpace(line)) > 0:
			err = s.answerText(start, line)
		case err != nil && comity.CodeOf(err) == comity.CodeTooLarge:
			s.several = s.several || s.answers > 0 || s.follows()
			err = s.report(nil, locate(s.src.name, start, nil, nil, err))
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return s.src.failed(err)
		}
		if err != nil || !s.flush() {
			return err
		}
		line, err = s.src.next()
	}
}

// follows tells whether anything but blanks is left.
func (s *session) follows() bool {
	_, _, err := s.src.blanks()
	return err == nil
}

// whole reads on from a first line that is no value of its own. If the input is one value,
// or broken but meant as one (no further line begins an object), it gives all of it; else
// what was read goes back, to be read line by line.
func (s *session) whole(line []byte) (data []byte, one bool, err error) {
	rest, full, err := s.src.rest(max(0, engine.MaxRequest-len(line)-1))
	if err != nil {
		return nil, false, err
	}
	data = append(append(line, '\n'), rest...)
	if !full && json.Valid(data) || !bytes.HasPrefix(rest, []byte("{")) && !bytes.Contains(rest, []byte("\n{")) {
		return data, true, nil
	}
	s.src.back(rest)
	return nil, false, nil
}

// answerText answers one question in JSON that begins on line start.
func (s *session) answerText(start int, text []byte) error {
	if len(text) > engine.MaxRequest {
		return s.report(nil, locate(s.src.name, start, nil, nil, s.src.tooLarge("write one question a line")))
	}
	req, err := engine.DecodeRequest(text)
	return s.answer(start, req, func() []factAt { return jsonFacts(text) }, err)
}

// answer decides a question that could be read; start is the line on which it begins, and
// facts tells where its facts stand.
func (s *session) answer(start int, req comity.Request, facts func() []factAt, err error) error {
	var d comity.Decision
	if err == nil {
		d, err = s.decide(req)
	}
	if err != nil {
		// Only now does it matter whether this is the only question.
		s.several = s.several || s.answers > 0 || s.follows()
		err = locate(s.src.name, start, s.vocab(), facts, err)
	}
	return s.report(&d, err)
}

// errorAnswer is the object that stands in the place of an answer.
func errorAnswer(err error) any {
	type body struct {
		Code    comity.Code `json:"code"`
		Message string      `json:"message"`
		Line    int         `json:"line"`
		Column  int         `json:"column,omitempty"`
	}
	b := body{Code: comity.CodeOf(err), Message: err.Error(), Line: 1}
	var e *comity.Error
	if errors.As(err, &e) {
		b.Message = (&comity.Error{Code: e.Code, Err: e.Err, Remedy: e.Remedy}).Error()
		b.Line, b.Column = max(1, e.Line), e.Column
	}
	return map[string]body{"error": b}
}

func printJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the sink keeps the error of a failed write
}
