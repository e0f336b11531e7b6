// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"github.com/comity-project/comity"
)

// statusOf is the one table from codes to HTTP.
func statusOf(code comity.Code) int {
	switch code {
	case comity.CodeInvalid, comity.CodeUnknown, comity.CodeUsage:
		return http.StatusBadRequest
	case comity.CodeUnauthenticated:
		return http.StatusUnauthorized
	case comity.CodeForbidden:
		return http.StatusForbidden
	case comity.CodeNotFound:
		return http.StatusNotFound
	case comity.CodeConflict:
		return http.StatusConflict
	case comity.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case comity.CodePack:
		return http.StatusUnprocessableEntity
	case comity.CodeOverloaded:
		return http.StatusTooManyRequests
	case comity.CodeUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// faulty tells an error that is the server's, or its load's: it is an answer to the whole
// request, also where only one line was asked.
func faulty(err error) bool {
	return err != nil && statusOf(comity.CodeOf(err)) >= http.StatusTooManyRequests
}

// httpError gives an error a status that its code alone does not have, or tells the
// client when to come back.
type httpError struct {
	error
	status int
	after  time.Duration
	allow  string
}

func (e *httpError) Unwrap() error { return e.error }

func fail(code comity.Code, op, message, remedy string) error {
	return &comity.Error{Code: code, Op: op, Err: errors.New(message), Remedy: remedy}
}

// problem is an RFC 9457 document.
type problem struct {
	status int
	code   comity.Code
	detail string
	remedy string
	line   int
	column int
	after  time.Duration
	allow  string
}

// problemOf says what a client learns of an error: all that is about his request, nothing
// of the inside.
func problemOf(err error) problem {
	var p problem
	var ce *comity.Error
	switch {
	case errors.As(err, &ce):
		p.code, p.remedy, p.line, p.column = ce.Code, ce.Remedy, ce.Line, ce.Column
	case errors.Is(err, fs.ErrNotExist):
		p.code = comity.CodeNotFound
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p.code = comity.CodeUnavailable
	default:
		p.code = comity.CodeInternal
	}
	p.status = statusOf(p.code)
	var he *httpError
	if errors.As(err, &he) {
		if he.status != 0 {
			p.status = he.status
		}
		p.after, p.allow = he.after, he.allow
	}
	switch {
	case p.status >= 500 && p.code != comity.CodeUnavailable:
		p.remedy = "tell the operator the request id"
	case errors.Is(err, fs.ErrNotExist) && ce == nil:
		p.detail = "nothing is here"
	case ce != nil:
		plain := *ce
		plain.Remedy = ""
		var file *fs.PathError
		if errors.As(ce.Err, &file) { // what went wrong, not where our files lie
			plain.Err = file.Err
		}
		p.detail = plain.Error()
	}
	if p.after == 0 && (p.code == comity.CodeOverloaded || p.code == comity.CodeUnavailable) {
		p.after = time.Second
	}
	return p
}

func (p problem) append(dst []byte, request string) []byte {
	m := object(dst)
	m.str("type", "urn:comity:error:"+string(p.code))
	m.str("title", http.StatusText(p.status))
	m.number("status", int64(p.status))
	m.str("code", string(p.code))
	m.text("detail", p.detail)
	m.text("remedy", p.remedy)
	if p.line > 0 {
		m.number("line", int64(p.line))
	}
	if p.column > 0 {
		m.number("column", int64(p.column))
	}
	m.str("request", request)
	return append(m.end(), '\n')
}

// message is what a batch says of an error in the place of an answer.
func (p problem) message() string {
	if p.detail == "" {
		return http.StatusText(p.status)
	}
	return p.detail
}

// appendLineError is an error in the place of an answer, in a batch.
func appendLineError(dst []byte, err error, line int) []byte {
	p := problemOf(err)
	m := object(dst)
	m.key("error")
	e := object(m.b)
	e.str("code", string(p.code))
	message := p.message()
	if p.remedy != "" {
		message += "; " + p.remedy
	}
	e.str("message", message)
	e.number("line", int64(line))
	m.b = e.end()
	return append(m.end(), '\n')
}
