// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

// TestEveryCodeHasAnExitCode reads the codes from their source, so that a new one cannot
// be forgotten in the table.
func TestEveryCodeHasAnExitCode(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		n++
		if exitCodes[comity.Code(code)] == exitOK {
			t.Errorf("%s has no exit code", spec.Names[0].Name)
		}
		return true
	})
	if n == 0 || n != len(exitCodes) {
		t.Errorf("%d codes, %d exit codes", n, len(exitCodes))
	}
}

func TestGraver(t *testing.T) {
	order := []int{exitOK, exitReview, exitDeny, exitError}
	for i, a := range order {
		for j, b := range order {
			if want := order[max(i, j)]; graver(a, b) != want {
				t.Errorf("of %d and %d the graver is %d, got %d", a, b, want, graver(a, b))
			}
		}
	}
}

func TestSameDate(t *testing.T) {
	for _, c := range []struct {
		at, given string
		want      string // empty: a contradiction
	}{
		{"2024-05-01", "2024-05-01", "2024-05-01"},
		{"2024-05-01", "2024-05-02", ""},
		{"2024-05-01T10:00:00Z", "2024-05-01T12:00:00+02:00", "2024-05-01T12:00:00+02:00"},
		{"2024-05-01T10:00:00Z", "2024-05-01T10:00:01Z", ""},
		{"2024-05-01", "2024-05-01T23:59:59-08:00", "2024-05-01T23:59:59-08:00"},
		{"2024-05-01", "2024-05-02T00:00:00+02:00", ""},
		{"2024-05-01T10:00:00Z", "2024-05-01", "2024-05-01T10:00:00Z"},
		{"2024-05-01T10:00:00Z", "2024-05-02", ""},
		{"2024-05-01", "no date", "no date"}, // for the engine to refuse
	} {
		got, same := sameDate(c.at, c.given)
		if same != (c.want != "") || same && got != c.want {
			t.Errorf("--at %s, date %s: %v, %v", c.at, c.given, got, same)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"  \n ", nil},
		{"one two three", []string{"one two", "three"}},
		{"averylongword two", []string{"averylongword", "two"}},
		{"é é é é é é é", []string{"é é é é", "é é é"}},
		{"GDPR\u00a0Art. 6", []string{"GDPR\u00a0Art.", "6"}},
		{"\x1b[2J\a", []string{"\ufffd[2J\ufffd"}},
	} {
		if got := wrap(c.text, 8); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, expected %q", c.text, got, c.want)
		}
	}
}

func TestCount(t *testing.T) {
	for want, got := range map[string]string{"1 error": count(1, "error"), "0 errors": count(0, "error"), "2 stories": count(2, "story")} {
		if got != want {
			t.Errorf("got %q, expected %q", got, want)
		}
	}
}

// brokenWriter fails after n bytes.
type brokenWriter struct {
	n   int
	err error
}

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		return w.n, w.err
	}
	w.n -= len(p)
	return len(p), nil
}

// TestBrokenOutput loses no error of a write, says nothing to a reader that went away, and
// stops reading.
func TestBrokenOutput(t *testing.T) {
	line := `{"operation":"process","date":"2024-05-01"}` + "\n"
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("no space left"), "not recorded\ncomity: standard output: no space left\n"},
		{io.ErrClosedPipe, "not recorded\n"},
	} {
		in := strings.NewReader(strings.Repeat(line, 200_000))
		var errOut bytes.Buffer
		code := run([]string{"decide", "--missing", "ignore", "--json"}, in, &brokenWriter{n: 1000, err: c.err}, &errOut)
		if code != exitError || errOut.String() != c.want {
			t.Errorf("%v: exit code %d, %q", c.err, code, &errOut)
		}
		if in.Len() < len(line)*100_000 {
			t.Errorf("%v: read on until %d bytes were left", c.err, in.Len())
		}
	}
}

// failingReader gives an error of its own.
type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("the disk is on fire") }

func TestBrokenInput(t *testing.T) {
	for _, start := range []string{"", "operation: process\n", `{"operation":"process","date":"2024-05-01"}` + "\n", "{\n"} {
		var out, errOut bytes.Buffer
		code := run([]string{"decide", "--missing", "ignore"}, io.MultiReader(strings.NewReader(start), failingReader{}), &out, &errOut)
		if code != exitError || !strings.Contains(errOut.String(), "standard input: the disk is on fire") {
			t.Errorf("after %q: exit code %d, %q", start, code, &errOut)
		}
	}
}

// TestAnswersAtOnce asks one question at a time and waits for each answer.
func TestAnswersAtOnce(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	var errOut bytes.Buffer
	code := make(chan int, 1)
	go func() {
		c := run([]string{"decide", "--missing", "ignore", "--json"}, inR, outW, &errOut)
		// Should it end early, nobody below waits for ever.
		inR.Close()
		outW.Close()
		code <- c
	}()
	dec := json.NewDecoder(outR)
	for day := 1; day <= 3; day++ {
		if _, err := fmt.Fprintf(inW, "{\"operation\":\"process\",\"date\":\"2024-05-0%d\"}\n", day); err != nil {
			t.Fatalf("exit code %d, %s", <-code, &errOut)
		}
		var d comity.Decision
		if err := dec.Decode(&d); err != nil || d.At.Day() != day {
			t.Fatalf("question %d: answer of %v, %v", day, d.At, err)
		}
	}
	inW.Close()
	if c := <-code; c != exitOK {
		t.Errorf("exit code %d", c)
	}
}

// FuzzDecide gives decide any bytes: it never panics, ends with a code of the contract,
// and every line of its answer is an answer or an error.
func FuzzDecide(f *testing.F) {
	for _, s := range []string{
		"", "{", "{}", "[]", "operation: process\ndate: 2024-05-01\n", `{"operation":"process","date":"2024-05-01"}`,
		"{\"operation\":\"process\",\"date\":\"2024-05-01\"}\n{bad\n\n{\"x\":1}\n", "{\n\"facts\": [{\"date\":\"2024-05-01\"}, {}]\n}\n",
		"facts: {operation: process}\ndefaults: {date: 2024-05-01}\nmissing: ignore\n", "a: &a [*a]", "\ufeff{}", "{\"\\u0000\":[[[]]]}", "? [a]\n: b\n",
	} {
		f.Add([]byte(s))
	}
	eng, err := engine.New(engine.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		s := &session{f: &decideFlags{asJSON: true}, ask: analyse(eng), vocab: func() *pack.Vocabulary { return eng.Program().Model().Vocab }, src: newSource(bytes.NewReader(data), "input"), out: bufio.NewWriter(&out)}
		if err := s.answerAll(); err != nil {
			t.Fatal(err)
		}
		if err := s.out.Flush(); err != nil || out.Len() == 0 {
			t.Fatalf("no answer, %v", err)
		}
		for _, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			var answer struct {
				Effect comity.Effect `json:"effect"`
				Error  *struct {
					Code comity.Code `json:"code"`
					Line int         `json:"line"`
				} `json:"error"`
			}
			if err := json.Unmarshal([]byte(line), &answer); err != nil || (answer.Effect == "") == (answer.Error == nil) {
				t.Fatalf("no answer: %s", line)
			}
			if e := answer.Error; e != nil && (e.Line < 1 || e.Code == comity.CodeInternal || e.Code == comity.CodeUsage) {
				t.Fatalf("an error without its place: %s", line)
			}
		}
	})
}
