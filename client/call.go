// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
)

const ndjson = "application/x-ndjson"

// message is what one call sends, as often as it is repeated.
type message struct {
	method, path, contentType string
	body                      []byte
}

func post(path, contentType string, body []byte) message {
	return message{http.MethodPost, path, contentType, body}
}

// attempt is the failure of one attempt, with what it says about the next one.
type attempt struct {
	err   error
	again bool
	after time.Duration // asked for by the server
}

func (a *attempt) Error() string { return a.err.Error() }
func (a *attempt) Unwrap() error { return a.err }

// call sends m until read accepts an answer, a failure is final or the attempts are used
// up. read may run several times.
func (c *Client) call(ctx context.Context, op string, m message, read func(*http.Response) error) error {
	wait := c.opts.MinWait
	for n := 1; ; n++ {
		err := c.once(ctx, op, m, read)
		var a *attempt
		if !errors.As(err, &a) {
			return err
		}
		if !a.again || n >= c.opts.Attempts || a.after > c.opts.MaxWait || ctx.Err() != nil {
			return a.err
		}
		pause := max(a.after, wait/2+rand.N(wait/2+1))
		if end, ok := ctx.Deadline(); ok && time.Until(end) <= pause {
			return a.err
		}
		if !sleep(ctx, pause) {
			return a.err
		}
		wait = min(2*wait, c.opts.MaxWait)
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// once sends m one time. What may be repeated comes back as *attempt.
func (c *Client) once(ctx context.Context, op string, m message, read func(*http.Response) error) error {
	limited, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, m.method, c.base.String()+m.path, bytes.NewReader(m.body))
	if err != nil {
		return &comity.Error{Code: comity.CodeUsage, Op: op, Err: err}
	}
	if m.contentType != "" {
		req.Header.Set("Content-Type", m.contentType)
	}
	if c.opts.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+c.opts.APIKey)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return broken(op, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return c.refused(op, resp)
	}
	err = read(resp)
	var cut *cutError
	if errors.As(err, &cut) {
		return broken(op, cut.err)
	}
	if err != nil {
		if e := (*comity.Error)(nil); errors.As(err, &e) {
			return err
		}
		return &comity.Error{Code: comity.CodeInternal, Op: op, Err: fmt.Errorf("read the answer: %w", err)}
	}
	return nil
}

// broken is the error of a connection that failed. A server that cannot prove who it is
// will not do so a moment later.
func broken(op string, err error) error {
	out := &comity.Error{Code: comity.CodeUnavailable, Op: op, Err: err}
	if dial := (*net.OpError)(nil); errors.As(err, &dial) && dial.Op == "dial" {
		out.Remedy = "start the server (comity serve), or give the URL at which it listens"
	}
	var cert *tls.CertificateVerificationError
	return &attempt{err: out, again: !errors.As(err, &cert)}
}

// refused turns an answer that is not 200 into an error.
func (c *Client) refused(op string, resp *http.Response) error {
	var p problem
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err == nil {
		// What is no problem document, as from a proxy, leaves the status to speak.
		_ = json.Unmarshal(text, &p)
	}
	again := false
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	return &attempt{err: p.error(op, resp.StatusCode), again: again, after: retryAfter(resp.Header.Get("Retry-After"))}
}

// retryAfter reads seconds or a date; zero if neither.
func retryAfter(s string) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}

// problem is a problem document (RFC 9457) with our members, or the error of a line.
type problem struct {
	Title   string      `json:"title"`
	Detail  string      `json:"detail"`
	Message string      `json:"message"`
	Code    comity.Code `json:"code"`
	Op      string      `json:"op"`
	Remedy  string      `json:"remedy"`
	Line    int         `json:"line"`
	Column  int         `json:"column"`
}

func (p *problem) error(op string, status int) error {
	e := &comity.Error{Code: p.Code, Op: op, Line: p.Line, Column: p.Column, Remedy: p.Remedy}
	if p.Op != "" {
		e.Op = p.Op
	}
	if e.Code == "" {
		e.Code = codeOf(status)
	}
	for _, text := range []string{p.Detail, p.Message, p.Title} {
		if text != "" {
			e.Err = errors.New(strings.TrimPrefix(text, e.Op+": "))
			return e
		}
	}
	e.Err = fmt.Errorf("the server answered %d %s", status, http.StatusText(status))
	return e
}

// codeOf is the code for an answer that names none.
func codeOf(status int) comity.Code {
	switch status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return comity.CodeInvalid
	case http.StatusUnauthorized:
		return comity.CodeUnauthenticated
	case http.StatusForbidden:
		return comity.CodeForbidden
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return comity.CodeNotFound
	case http.StatusConflict:
		return comity.CodeConflict
	case http.StatusRequestEntityTooLarge:
		return comity.CodeTooLarge
	case http.StatusTooManyRequests:
		return comity.CodeOverloaded
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return comity.CodeUnavailable
	}
	return comity.CodeInternal
}

// cutError marks an answer that ended early: its sender may be asked again.
type cutError struct{ err error }

func (e *cutError) Error() string { return e.err.Error() }

// bytes reads a whole answer within the limit.
func (c *Client) bytes(resp *http.Response) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(resp.Body, c.opts.MaxAnswer+1))
	if err != nil {
		return nil, &cutError{err}
	}
	if int64(len(text)) > c.opts.MaxAnswer {
		return nil, c.tooLarge("the answer")
	}
	return text, nil
}

func (c *Client) tooLarge(what string) error {
	return &comity.Error{
		Code: comity.CodeTooLarge, Op: "read", Err: fmt.Errorf("%s has more than %d bytes", what, c.opts.MaxAnswer),
		Remedy: "raise Options.MaxAnswer",
	}
}

// one reads an answer of one JSON value, which it overwrites.
func (c *Client) one(value any) func(*http.Response) error {
	return func(resp *http.Response) error {
		text, err := c.bytes(resp)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, value)
	}
}

// lines reads an answer of exactly n lines of JSON.
func (c *Client) lines(n int, each func(i int, line []byte) error) func(*http.Response) error {
	return func(resp *http.Response) error {
		r := bufio.NewReaderSize(resp.Body, 64<<10)
		for i := range n {
			line, err := c.line(r)
			if errors.Is(err, io.EOF) {
				return &cutError{fmt.Errorf("the answer ends after %d of %d lines: %w", i, n, io.ErrUnexpectedEOF)}
			}
			if err != nil {
				return err
			}
			if err := each(i, line); err != nil {
				return inLine(err, i)
			}
		}
		rest, err := r.ReadByte()
		if err == nil {
			return fmt.Errorf("the answer goes on after %d lines (%q)", n, rest)
		}
		return nil
	}
}

// line reads one line, without its end, within the limit. It is valid until the next one.
func (c *Client) line(r *bufio.Reader) ([]byte, error) {
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		if int64(len(long)+len(part)) > c.opts.MaxAnswer {
			return nil, c.tooLarge("a line of the answer")
		}
		switch {
		case err == nil && long == nil:
			return bytes.TrimSuffix(part, []byte("\n")), nil
		case err == nil:
			return bytes.TrimSuffix(append(long, part...), []byte("\n")), nil
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
		case errors.Is(err, io.EOF):
			if len(long)+len(part) == 0 {
				return nil, io.EOF
			}
			return append(long, part...), nil
		default:
			return nil, &cutError{err}
		}
	}
}
