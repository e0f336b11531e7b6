// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/comity-project/comity"
)

// sink is standard output. It remembers the first write that failed, so that a full disk
// is an error at the end and not a short answer that looks whole.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

// failure is the error of a failed write. A reader that went away wants no message.
func (s *sink) failure() error {
	if errors.Is(s.err, syscall.EPIPE) || errors.Is(s.err, io.ErrClosedPipe) {
		return exitStatus(exitError)
	}
	return &comity.Error{Code: comity.CodeInternal, Op: "standard output", Err: s.err}
}

// terminal is the file behind a stream, of input or output, if it is a terminal.
func terminal(stream any) (*os.File, bool) {
	if s, ok := stream.(*sink); ok {
		stream = s.w
	}
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// Widths of text: plainWidth is for what is no terminal and does not tell its own.
const (
	plainWidth = 100
	minWidth   = 40
	maxWidth   = 120
)

// screen writes text for people: wrapped at the width of a terminal, with colours where
// they are wanted.
type screen struct {
	w      io.Writer
	width  int
	colour bool
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w, width: plainWidth}
	f, isTerm := terminal(w)
	if isTerm {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			s.width = n
		}
		s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		s.width = n
	}
	s.width = min(max(s.width, minWidth), maxWidth)
	return s
}

// style is how a piece of text is painted.
type style string

const (
	plain  style = ""
	strong style = "1"
	faint  style = "2"
	red    style = "1;31"
	green  style = "1;32"
	yellow style = "1;33"
)

// effectStyles paints the effects like traffic lights.
var effectStyles = map[comity.Effect]style{comity.Allow: green, comity.Deny: red, comity.Review: yellow}

func (s *screen) paint(st style, text string) string {
	if !s.colour || st == plain || text == "" {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

func (s *screen) printf(format string, args ...any) { fmt.Fprintf(s.w, format, args...) }

// labels is the width of the column in front of a row's text.
const labels = 12

// row writes a label and wrapped text beside it; an empty label continues the row above.
func (s *screen) row(label string, st style, text string) {
	for i, line := range wrap(text, s.width-2-labels) {
		if i > 0 {
			label = ""
		}
		line = strings.ReplaceAll(line, hardSpace, " ")
		s.printf("  %s%s%s\n", s.paint(faint, label), strings.Repeat(" ", max(1, labels-len(label))), s.paint(st, line))
	}
}

// hardSpace keeps two words on one line.
const hardSpace = "\u00a0"

// cites joins citations, none of which is broken over two lines.
func cites(list []string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.Join(list, ";\n"), " ", hardSpace), "\n", " ")
}

// wrap breaks text between words into lines of at most width runes; a longer word stands
// on a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.FieldsFunc(clean(text), func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }) {
		n := utf8.RuneCountInString(word)
		switch {
		case line == "":
			line, used = word, n
		case used+1+n > width:
			lines = append(lines, line)
			line, used = word, n
		default:
			line, used = line+" "+word, used+1+n
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// clean keeps text from steering the terminal: values of the caller stand in answers and
// errors, and an escape sequence among them must not be obeyed.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsGraphic(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// progress tells on a terminal how far a long run is; elsewhere it is silent.
type progress struct {
	w       io.Writer
	what    string
	total   int
	started time.Time
	last    time.Time
}

// quiet is for how long a run may take without progress being shown.
const quiet = 700 * time.Millisecond

func newProgress(w io.Writer, what string, total int) *progress {
	p := &progress{what: what, total: total, started: time.Now()}
	if _, ok := terminal(w); ok {
		p.w = w
	}
	return p
}

func (p *progress) at(n int) {
	now := time.Now()
	if p.w == nil || now.Sub(p.started) < quiet || now.Sub(p.last) < quiet/7 {
		return
	}
	p.last = now
	fmt.Fprintf(p.w, "\r%s: %d of %d\x1b[K", p.what, n, p.total)
}

func (p *progress) done() {
	if !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
