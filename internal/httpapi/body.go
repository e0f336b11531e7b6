// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
)

// form is how a body is to be read.
type form uint8

const (
	formJSON form = iota
	formLines
)

// form of the body by its declared type. Only these two types are taken: a web page cannot
// send them to another origin without asking first.
func (x *exchange) form() (form, error) {
	declared := x.r.Header["Content-Type"]
	if len(declared) != 1 {
		return 0, unsupported("the body declares no type, or several")
	}
	kind := declared[0]
	if kind == "application/json" {
		return formJSON, nil
	}
	kind, params, err := mime.ParseMediaType(kind)
	if charset, ok := params["charset"]; err != nil || ok && charset != "utf-8" && charset != "UTF-8" {
		return 0, unsupported("the declared type is malformed or not UTF-8")
	}
	switch kind {
	case "application/json":
		return formJSON, nil
	case "application/x-ndjson", "application/ndjson", "application/jsonl":
		return formLines, nil
	}
	return 0, unsupported("the body is neither JSON nor NDJSON")
}

func unsupported(what string) error {
	const remedy = "send Content-Type: application/json, or application/x-ndjson for one request a line"
	return &httpError{error: fail(comity.CodeInvalid, "read content type", what, remedy), status: http.StatusUnsupportedMediaType}
}

// firstBuffer is room for a common request.
const firstBuffer = 4 << 10

// read reads the whole body into x.in, at most limit bytes.
func (x *exchange) read(limit int64) error {
	body, declared := x.r.Body, x.r.ContentLength
	if declared > limit {
		return tooLarge(limit)
	}
	if coding := x.r.Header["Content-Encoding"]; len(coding) > 0 && coding[0] != "identity" {
		return &httpError{error: fail(comity.CodeInvalid, "read body", "the body is compressed", "send it as it is"), status: http.StatusUnsupportedMediaType}
	}
	// A byte more than declared lets the end be seen without growing. What was declared is
	// only believed up to a point: it costs a client nothing, and slow ones must not crowd
	// out the others.
	if err := x.grow(min(max(declared, 0)+1, firstBuffer)); err != nil {
		return err
	}
	for {
		if len(x.in) == cap(x.in) {
			if err := x.grow(int64(len(x.in))); err != nil {
				return err
			}
		}
		n, err := body.Read(x.in[len(x.in):min(int64(cap(x.in)), limit+1)])
		x.in = x.in[:len(x.in)+n]
		switch {
		case int64(len(x.in)) > limit:
			return tooLarge(limit)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return readFault(err)
		}
	}
}

// grow makes room for n more bytes, out of the memory that all bodies share.
func (x *exchange) grow(n int64) error {
	need := max(int64(len(x.in))+n, int64(cap(x.in)), firstBuffer)
	if err := x.hold(need); err != nil {
		return err
	}
	if need > int64(cap(x.in)) {
		x.in = append(make([]byte, 0, need), x.in...)
	}
	return nil
}

// hold counts n bytes in all for this body. Small and large bodies have a bound each.
func (x *exchange) hold(n int64) error {
	budget := &x.h.small
	if n > keptBuffer {
		budget = &x.h.large
	}
	before := x.held
	if budget != x.budget {
		before = 0
	}
	if budget.Add(n-before) > x.h.limits.Memory {
		budget.Add(before - n)
		return fail(comity.CodeOverloaded, "read body", "the bodies of other requests fill the memory", "send it again later")
	}
	if budget != x.budget && x.budget != nil {
		x.budget.Add(-x.held)
	}
	x.budget, x.held = budget, n
	return nil
}

func tooLarge(limit int64) error {
	return fail(comity.CodeTooLarge, "read body", fmt.Sprintf("the body has more than %d bytes", limit), "send less at once")
}

func readFault(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &httpError{error: fail(comity.CodeInvalid, "read body", "the body came too slowly", "send it faster, or in parts"), status: http.StatusRequestTimeout}
	}
	return fail(comity.CodeInvalid, "read body", "the body ends early or is malformed", "send it again")
}

// readEmpty takes a body that says nothing: none, or an empty object.
func (x *exchange) readEmpty() error {
	if x.r.ContentLength != 0 {
		if _, err := x.form(); err != nil {
			return err
		}
	}
	if err := x.read(1024); err != nil {
		return err
	}
	if b := bytes.TrimSpace(x.in); len(b) > 0 && !bytes.Equal(b, []byte("{}")) {
		return fail(comity.CodeInvalid, "read body", "this path takes no body", "send none")
	}
	return nil
}

// line is one value of a body and where it begins.
type line struct {
	number int
	text   []byte
}

// lines splits NDJSON. A single value may stretch over several lines.
func lines(body []byte, most int) ([]line, error) {
	var out []line
	number := 1
	for len(body) > 0 {
		text, rest, _ := bytes.Cut(body, []byte{'\n'})
		if text = bytes.TrimSpace(text); len(text) > 0 {
			if len(out) == 0 && len(bytes.TrimSpace(rest)) > 0 && !jsontext.Value(text).IsValid() && jsontext.Value(body).IsValid() {
				return []line{{number, body}}, nil
			}
			if len(out) == most {
				return nil, fail(comity.CodeTooLarge, "read body", fmt.Sprintf("the body has more than %d lines", most), "send several requests")
			}
			out = append(out, line{number, text})
		}
		body = rest
		number++
	}
	if len(out) == 0 {
		return nil, fail(comity.CodeInvalid, "read body", "the body is empty", "send a JSON value")
	}
	return out, nil
}

// readJSON reads a body that is one JSON value into a struct; members that it does not have
// are refused.
func (x *exchange) readJSON(limit int64, into any) error {
	if f, err := x.form(); err != nil {
		return err
	} else if f != formJSON {
		return unsupported("the request is not JSON")
	}
	if err := x.read(limit); err != nil {
		return err
	}
	if err := json.Unmarshal(x.in, into, json.RejectUnknownMembers(true)); err != nil {
		return decodeFault(x.in, err)
	}
	return nil
}
