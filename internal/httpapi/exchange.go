// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// The types of bodies that are sent, in the form that a header takes without allocating.
var (
	typeJSON    = []string{"application/json"}
	typeNDJSON  = []string{"application/x-ndjson"}
	typeProblem = []string{"application/problem+json"}
	typeText    = []string{"text/plain; charset=utf-8"}
	typeOctets  = []string{"application/octet-stream"}
	noSniff     = []string{"nosniff"}
	noStore     = []string{"no-store"}
)

// keptBuffer bounds the buffers that wait in the pool, so that a few large requests do not
// keep their memory for ever.
const keptBuffer = 64 << 10

// keptSheet bounds the buffers for the answers of a batch, of which a pool of their own has
// as many as there are batches at one time.
const keptSheet = 1 << 20

// sheet makes x.out one of these.
func (x *exchange) sheet() {
	if b, ok := x.h.sheets.Get().(*[]byte); ok {
		x.out = (*b)[:0]
	}
}

// exchange is one request and its answer.
type exchange struct {
	h      *Handler
	route  *route
	w      http.ResponseWriter
	r      *http.Request
	caller decide.Caller
	start  time.Time
	id     string
	status int
	code   comity.Code
	held   int64 // bytes counted in budget
	budget *atomic.Int64
	span   trace.Span // nil: no traces
	in     []byte
	out    []byte
	// decision is the answer, here so that it takes no memory of its own.
	decision comity.Decision
}

func (x *exchange) begin(h *Handler, rt *route, w http.ResponseWriter, r *http.Request) {
	in, out := x.in[:0], x.out[:0]
	*x = exchange{h: h, route: rt, w: w, r: r, start: h.now(), in: in, out: out}
	x.id = h.requestID()
	header := w.Header()
	if theirs := r.Header["X-Request-Id"]; len(theirs) == 1 {
		header["X-Request-Id"] = theirs
		if traceable(theirs[0]) {
			x.id = theirs[0]
		}
	} else {
		header["X-Request-Id"] = []string{x.id}
	}
	header["X-Content-Type-Options"] = noSniff
	header["Cache-Control"] = noStore
}

// traceable tells whether a client's request id may stand in logs: hexadecimal groups, as
// UUIDs and trace ids have. Other texts could name a person.
func traceable(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') && c != '-' {
			return false
		}
	}
	return true
}

// end counts and logs the exchange, and gives its memory back. It turns a panic into a 500.
func (x *exchange) end() {
	if v := recover(); v != nil {
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			x.release()
			panic(v)
		}
		x.panicked(v)
	}
	h := x.h
	took := h.now().Sub(x.start)
	x.route.metrics.observe(x.status, took)
	if x.span != nil {
		x.endTrace()
	}
	level := slog.LevelDebug
	switch {
	case x.status >= 500:
		level = slog.LevelError
	case x.status >= 400 && x.route.method == "":
		level = slog.LevelInfo // whoever knocks at doors that are not there must not raise alarms
	case x.status >= 400:
		level = slog.LevelWarn
	}
	if ctx := x.r.Context(); h.logger.Enabled(ctx, level) {
		h.logger.LogAttrs(ctx, level, "request", slog.String("request", x.id), slog.String("method", x.method()),
			slog.String("route", x.route.pattern), slog.Int("status", x.status), slog.String("code", string(x.code)),
			slog.Duration("took", took), slog.Int("bytes_in", len(x.in)), slog.Int("bytes_out", len(x.out)))
	}
	x.release()
}

// method is that of the route, else the request's if it is one that everybody knows.
func (x *exchange) method() string {
	if x.route.method != "" {
		return x.route.method
	}
	return knownMethod(x.r.Method)
}

func (x *exchange) release() {
	h := x.h
	if x.budget != nil {
		x.budget.Add(-x.held)
	}
	in, out := x.in, x.out
	if cap(out) > keptBuffer && cap(out) <= keptSheet {
		h.sheets.Put(&out)
		out = nil
	}
	*x = exchange{}
	if cap(in) <= keptBuffer && cap(out) <= keptBuffer {
		x.in, x.out = in, out
		h.pool.Put(x)
	}
}

// panicked answers 500. The log gets the place and the kind, not the value, which may
// quote a request.
func (x *exchange) panicked(v any) {
	kind := fmt.Sprintf("%T", v)
	if err, ok := v.(runtime.Error); ok {
		kind = err.Error()
	}
	x.h.logger.LogAttrs(x.r.Context(), slog.LevelError, "panic", slog.String("request", x.id), slog.String("kind", kind), slog.String("stack", string(debug.Stack())))
	if x.status == 0 {
		x.answer(problem{status: http.StatusInternalServerError, code: comity.CodeInternal, remedy: "tell the operator the request id"})
	}
}

// refuse answers an error as problem details.
func (x *exchange) refuse(err error) {
	p := problemOf(err)
	if p.status >= 500 {
		x.h.logger.LogAttrs(x.r.Context(), slog.LevelError, "fault", slog.String("request", x.id), slog.String("code", string(p.code)), slog.String("error", err.Error()))
	}
	if x.status == 0 {
		x.answer(p)
	}
}

func (x *exchange) answer(p problem) {
	x.code = p.code
	header := x.w.Header()
	switch {
	case p.status == http.StatusUnauthorized:
		header["Www-Authenticate"] = []string{`Bearer realm="comity"`}
	case p.status == http.StatusRequestEntityTooLarge, p.status == http.StatusRequestTimeout:
		// The rest of the body is not read.
		header["Connection"] = []string{"close"}
	}
	if p.allow != "" {
		header["Allow"] = []string{p.allow}
	}
	if p.after > 0 {
		header["Retry-After"] = []string{retryAfter(p.after)}
	}
	x.out = p.append(x.out[:0], x.id)
	_ = x.reply(p.status, typeProblem, x.out)
}

// reply writes the answer. A client that has gone away is no fault.
func (x *exchange) reply(status int, kind []string, body []byte) error {
	header := x.w.Header()
	header["Content-Type"] = kind
	if len(body) > 1024 {
		// Above its own buffer net/http would send chunks.
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	x.status = status
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(body)
	}
	return nil
}
