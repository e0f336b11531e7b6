// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/classify"
)

func newClassify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "classify",
		Short: "Find personal data in text, values, columns, files, databases and buckets",
		Long: `Finds personal data: numbers by form, check digit and context, names and places
by lists and context. Nothing leaves the machine. A finding is evidence with a
score, not a fact; the country of a number or prefix says where it points, not
where its owner lives.

text, values and columns read one JSON object a line, or plain text, as lines;
file, db and bucket survey a store.`,
		Example: `  echo 'Call Anna Schmidt on +49 30 901820' | comity classify text
  comity classify detectors --json`,
	}
	cmd.AddCommand(newClassifyText(), newClassifyValues(), newClassifyColumns(), newClassifyDetectors(), newClassifyFile(), newClassifyDB(), newClassifyBucket())
	group(cmd)
	return cmd
}

// classifyFlags are those of all kinds of input.
type classifyFlags struct {
	file, detectors string
	threshold       float64
	withoutNames    bool
	asJSON          bool
}

func (f *classifyFlags) bind(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "-", "file to read; - is standard input")
	fl.StringVar(&f.detectors, "detectors", "", "file with detectors of your own, in the form of internal/classify/detectors.yaml")
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object a line, also for plain text")
}

// classifier makes the Classifier that the flags ask for.
func (f *classifyFlags) classifier() (*classify.Classifier, error) {
	if f.threshold < 0 || f.threshold > 1 {
		return nil, usageError("--threshold", "give a number between 0 and 1", "%v is out of range", f.threshold)
	}
	o := classify.Options{WithoutNames: f.withoutNames, Threshold: f.threshold}
	if f.detectors != "" {
		data, err := os.ReadFile(f.detectors)
		if err != nil {
			return nil, &comity.Error{Code: comity.CodeNotFound, Op: "read detectors", Err: err}
		}
		o.Detectors, o.DetectorsName = data, f.detectors
	}
	return classify.New(o)
}

// classifyLine answers one line: as a value to print as JSON, and as text.
type classifyLine func(line string, isJSON bool) (answer any, text string, err error)

// run answers each line of the input in order. A bad line has its error in its place and
// the rest goes on.
func (f *classifyFlags) run(cmd *cobra.Command, answer classifyLine) error {
	in, err := f.open(cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer in.Close()
	lines := &lineReader{in: bufio.NewReaderSize(in, 64<<10), limit: classify.MaxLine}
	isJSON, err := lines.startsJSON()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
	exit := exitOK
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && strings.TrimSpace(line) == "" {
			if !isJSON && !f.asJSON {
				fmt.Fprintln(out)
			}
			continue
		}
		var reply any
		text := ""
		if err == nil {
			reply, text, err = answer(line, isJSON)
		}
		if err != nil {
			if comity.CodeOf(err) == comity.CodeInternal {
				return err
			}
			exit = exitError
			reply = lineError(err, lines.line)
			text = fmt.Sprintf("line %d: %v", lines.line, err)
		}
		if err := f.print(out, cmd.ErrOrStderr(), reply, text, isJSON, err != nil); err != nil {
			return err
		}
		if lines.in.Buffered() == 0 { // whoever writes the next line may wait for this answer
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if exit != exitOK {
		return exitStatus(exit)
	}
	return nil
}

func (f *classifyFlags) print(out, errOut io.Writer, reply any, text string, isJSON, failed bool) error {
	if isJSON || f.asJSON {
		data, err := json.Marshal(reply)
		if err != nil {
			return &comity.Error{Code: comity.CodeInternal, Op: "print", Err: err}
		}
		_, err = fmt.Fprintf(out, "%s\n", data)
		return err
	}
	if failed {
		_, err := fmt.Fprintln(errOut, text)
		return err
	}
	_, err := fmt.Fprintln(out, text)
	return err
}

func (f *classifyFlags) open(stdin io.Reader) (io.ReadCloser, error) {
	if f.file == "-" {
		return io.NopCloser(stdin), nil
	}
	file, err := os.Open(f.file)
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeNotFound, Op: "read " + f.file, Err: err}
	}
	return file, nil
}

// lineError is what stands in the place of an answer.
func lineError(err error, line int) any {
	type message struct {
		Code    comity.Code `json:"code"`
		Message string      `json:"message"`
		Line    int         `json:"line"`
	}
	return struct {
		Error message `json:"error"`
	}{message{comity.CodeOf(err), err.Error(), line}}
}

// lineReader reads lines of at most limit bytes; it never holds more than one.
type lineReader struct {
	in    *bufio.Reader
	limit int
	line  int
}

// startsJSON looks at what comes first: text, JSON or what is neither.
func (l *lineReader) startsJSON() (bool, error) {
	invalid := func(err error, remedy string) (bool, error) {
		return false, &comity.Error{Code: comity.CodeInvalid, Op: "read", Err: err, Remedy: remedy}
	}
	head, err := l.head()
	if err != nil && !errors.Is(err, io.EOF) {
		return invalid(err, "")
	}
	if strings.IndexByte(head, 0) >= 0 {
		return invalid(errors.New("this is a binary file"), "give text or JSON lines in UTF-8")
	}
	head = strings.TrimLeft(strings.TrimPrefix(head, "\ufeff"), white)
	rest, object := strings.CutPrefix(head, "{")
	if list, ok := strings.CutPrefix(head, "["); ok && startsObject(strings.TrimLeft(list, white)) {
		return invalid(errors.New("this is one JSON array"), "write one object a line, as jq -c '.[]' does")
	}
	return object && (strings.Trim(rest, white) == "" || startsObject(head)), nil
}

const white = " \t\r\n"

// startsObject tells an object from a text that starts with a brace, such as "{user} left".
func startsObject(text string) bool {
	rest, ok := strings.CutPrefix(text, "{")
	rest = strings.TrimLeft(rest, white)
	return ok && (strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, "}"))
}

// head is the start of the input as far as it is there, without waiting for more than what
// is not white space.
func (l *lineReader) head() (string, error) {
	for want := 1; ; want = l.in.Buffered() + 1 {
		_, err := l.in.Peek(want)
		head, _ := l.in.Peek(min(l.in.Buffered(), 8<<10))
		if err != nil || len(head) >= 8<<10 || strings.Trim(string(head), white+"\ufeff[{") != "" {
			return string(head), err
		}
	}
}

// next is the next line without its end. A longer one is skipped and is an error.
func (l *lineReader) next() (string, error) {
	var line []byte
	n := 0
	for {
		part, err := l.in.ReadSlice('\n')
		if n += len(part); n <= l.limit+2 {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || n == 0) {
			if errors.Is(err, io.EOF) {
				return "", io.EOF
			}
			return "", &comity.Error{Code: comity.CodeInternal, Op: "read", Err: err}
		}
		break
	}
	l.line++
	if n > l.limit+2 {
		return "", &comity.Error{Code: comity.CodeTooLarge, Op: "read", Err: fmt.Errorf("the line has more than %d bytes", l.limit), Remedy: "divide it"}
	}
	text := strings.TrimRight(string(line), "\r\n")
	if l.line == 1 {
		text = strings.TrimPrefix(text, "\ufeff")
	}
	return text, nil
}

// decodeLine reads the JSON of one line.
func decodeLine(line string, into any) error {
	if !utf8.ValidString(line) {
		return &comity.Error{Code: comity.CodeInvalid, Op: "read JSON", Err: errors.New("not UTF-8")}
	}
	err := json.Unmarshal([]byte(line), into)
	if t := (*json.UnmarshalTypeError)(nil); errors.As(err, &t) {
		if t.Field == "" {
			return &comity.Error{Code: comity.CodeInvalid, Op: "read JSON", Err: fmt.Errorf("the line is no object but %s", t.Value), Remedy: "write one object a line, as jq -c does"}
		}
		want := "a text"
		if t.Type.Kind() == reflect.Slice {
			want = "a list of texts"
		}
		return &comity.Error{Code: comity.CodeInvalid, Op: "read JSON", Err: fmt.Errorf("%q is %s; give %s", strings.ToLower(t.Field), t.Value, want)}
	}
	if err != nil {
		return &comity.Error{Code: comity.CodeInvalid, Op: "read JSON", Err: err, Remedy: "write one object a line, as jq -c does"}
	}
	return nil
}

// lacks is the error of an object without what is asked about.
func lacks(name string) error {
	return &comity.Error{Code: comity.CodeInvalid, Op: "read JSON", Err: fmt.Errorf("the object has no %q", name)}
}
