// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// Handler serves the routes of the API.
type Handler struct {
	o      Options
	limits Limits
	logger *slog.Logger
	now    func() time.Time

	mux *http.ServeMux
	// unrouted answers for what is no path of ours.
	unrouted *route
	tracer   trace.Tracer // nil: no traces
	paths    map[string][]string
	metrics  *metrics
	rates    *rates
	logins   *logins

	open   atomic.Int64 // connections
	small  atomic.Int64 // bytes of small bodies in memory
	large  atomic.Int64 // and of large ones, which cannot crowd those out
	pool   sync.Pool
	sheets sync.Pool // of *[]byte
	prefix string
	serial atomic.Uint64
}

// New builds the handler. Close must be called when the server has stopped.
func New(o Options) (*Handler, error) {
	if o.Door == nil || o.Vocabulary == nil || (o.Auth == nil) == (o.Local == nil) && o.Configured == nil {
		return nil, fail(comity.CodeInternal, "build http api", "door, vocabulary, and one of authenticator and local principal are needed", "")
	}
	if o.PublicURL != "" && !strings.HasPrefix(o.PublicURL, "https://") {
		return nil, fail(comity.CodeInvalid, "read public_url", "the URL is not https", "give the https address under which clients reach the server")
	}
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	h := &Handler{o: o, limits: o.Limits.withDefaults(), logger: o.Logger, now: o.Now, mux: http.NewServeMux(), paths: map[string][]string{}}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	if h.now == nil {
		h.now = time.Now
	}
	h.pool.New = func() any { return &exchange{} }
	var id [6]byte
	_, _ = rand.Read(id[:])
	h.prefix = hex.EncodeToString(id[:])
	h.rates = newRates(h.limits)
	h.logins = newLogins(o.Recorder, h.logger, h.now)
	h.metrics = newMetrics(o.Registry, h)
	for _, rt := range h.routes() {
		h.mount(rt)
		if rt.pattern == "/" {
			h.unrouted = rt
		}
	}
	if o.Tracer != nil {
		h.tracer = o.Tracer.Tracer("github.com/comity-project/comity/internal/httpapi")
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !plainPath(r.URL.Path) {
		// The mux would answer these itself: a redirect, or a 400 without a body.
		h.unrouted.ServeHTTP(w, r)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// plainPath tells a path that no cleaning changes.
func plainPath(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.Contains(p, "//") && !strings.Contains(p, "/./") && !strings.Contains(p, "/../") &&
		!strings.HasSuffix(p, "/.") && !strings.HasSuffix(p, "/..")
}

// Close records the authentications that were counted but not yet recorded.
func (h *Handler) Close(ctx context.Context) error { return h.logins.close(ctx) }

// access says who may use a route.
type access uint8

const (
	anybody access = iota
	anyPrincipal
	scoped
)

// route is one line of the API.
type route struct {
	method, pattern string
	access          access
	scope           decide.Scope
	serve           func(*exchange) error

	h       *Handler
	metrics *routeMetrics
}

func (h *Handler) routes() []*route {
	logs, metricsFor := scoped, anyPrincipal
	if h.o.PublicLogs {
		logs = anybody
	}
	if h.o.PublicMetrics {
		metricsFor = anybody
	}
	return []*route{
		{method: "POST", pattern: "/v1/decisions", access: scoped, scope: decide.ScopeDecide, serve: h.decisions},
		{method: "POST", pattern: "/v1/events", access: scoped, scope: decide.ScopeAppend, serve: h.events},
		{method: "POST", pattern: "/v1/reload", access: scoped, scope: decide.ScopeAdminister, serve: h.reload},
		{method: "GET", pattern: "/v1/packs/candidate", access: scoped, scope: decide.ScopeAdminister, serve: h.candidate},
		{method: "POST", pattern: "/v1/packs/candidate/activate", access: scoped, scope: decide.ScopeAdminister, serve: h.activate},
		{method: "POST", pattern: "/v1/subjects/erase", access: scoped, scope: decide.ScopeAdminister, serve: h.erase},
		{method: "POST", pattern: "/v1/log/query", access: scoped, scope: decide.ScopeReadLog, serve: h.query},
		{method: "GET", pattern: "/v1/log/{log}/{index}", access: scoped, scope: decide.ScopeReadLog, serve: h.entry},
		{method: "GET", pattern: "/v1/log/{log}/{index}/{sub}", access: scoped, scope: decide.ScopeReadLog, serve: h.entry},
		{method: "POST", pattern: "/access/v1/evaluation", access: scoped, scope: decide.ScopeDecide, serve: h.evaluation},
		{method: "POST", pattern: "/access/v1/evaluations", access: scoped, scope: decide.ScopeDecide, serve: h.evaluations},
		{method: "GET", pattern: "/.well-known/authzen-configuration", serve: h.authzenConfiguration},
		{method: "GET", pattern: "/log/{log}/{path...}", access: logs, scope: decide.ScopeReadLog, serve: h.logFile},
		{method: "GET", pattern: "/healthz", serve: h.healthz},
		{method: "GET", pattern: "/readyz", serve: h.readyz},
		{method: "GET", pattern: "/metrics", access: metricsFor, serve: h.showMetrics},
		{method: "GET", pattern: "/openapi.json", serve: h.openAPI},
		{pattern: "/log/{log}", serve: h.nothing}, // else the mux would redirect
		{pattern: "/", serve: h.nothing},
	}
}

func (h *Handler) mount(rt *route) {
	rt.h, rt.metrics = h, h.metrics.route(rt)
	h.mux.Handle(strings.TrimSpace(rt.method+" "+rt.pattern), rt)
	if rt.method != "" {
		h.paths[rt.pattern] = append(h.paths[rt.pattern], rt.method)
	}
}

// ServeHTTP runs one exchange: who asks, may he, answer, count.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := rt.h
	x := h.pool.Get().(*exchange)
	x.begin(h, rt, w, r)
	defer x.end()
	if h.tracer != nil {
		x.trace()
	}
	if err := x.admit(); err != nil {
		x.refuse(err)
		return
	}
	if err := rt.serve(x); err != nil {
		x.refuse(err)
	}
}

// nothing answers for paths and methods that do not exist.
func (h *Handler) nothing(x *exchange) error {
	if !plainPath(x.r.URL.Path) {
		return fail(comity.CodeNotFound, "find route", "there is no such path", "see /openapi.json")
	}
	_, pattern := h.mux.Handler(&http.Request{Method: "GET", URL: x.r.URL, Host: x.r.Host})
	if pattern == "/" {
		_, pattern = h.mux.Handler(&http.Request{Method: "POST", URL: x.r.URL, Host: x.r.Host})
	}
	if _, path, ok := strings.Cut(pattern, " "); ok && len(h.paths[path]) > 0 {
		allow := strings.Join(h.paths[path], ", ")
		return &httpError{error: fail(comity.CodeUsage, "find route", "this path does not take the method", "use "+allow), status: http.StatusMethodNotAllowed, allow: allow}
	}
	return fail(comity.CodeNotFound, "find route", "there is no such path", "see /openapi.json")
}

func (h *Handler) healthz(x *exchange) error {
	return x.reply(http.StatusOK, typeText, []byte("ok\n"))
}

func (h *Handler) readyz(x *exchange) error {
	if h.o.Ready != nil {
		if err := h.o.Ready(); err != nil {
			// What is wrong is for the operator: the log says it, and so does this, since it
			// is about the installation and nobody's data.
			var ce *comity.Error
			if !errors.As(err, &ce) || ce.Code != comity.CodeUnavailable {
				err = &comity.Error{Code: comity.CodeUnavailable, Op: "ready", Err: err}
			}
			return err
		}
	}
	return x.reply(http.StatusOK, typeText, []byte("ready\n"))
}

func (h *Handler) reload(x *exchange) error {
	if h.o.Reloader == nil {
		return fail(comity.CodeNotFound, "reload", "this server cannot reload", "start it anew")
	}
	if err := x.readEmpty(); err != nil {
		return err
	}
	done, err := h.o.Reloader.Reload(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	m := object(x.out)
	m.record(&done.Record)
	m.texts("applied", done.Applied)
	m.texts("restart", done.Restart)
	m.text("candidate", done.Candidate)
	x.out = append(m.end(), '\n')
	return x.reply(http.StatusOK, typeJSON, x.out)
}

func (h *Handler) requestID() string {
	var b [24]byte
	out := append(append(b[:0], h.prefix...), '-')
	return string(strconv.AppendUint(out, h.serial.Add(1), 16))
}

// retryAfter is whole seconds, rounded up.
func retryAfter(d time.Duration) string {
	return strconv.FormatInt(cmp.Or(int64((d+time.Second-1)/time.Second), 1), 10)
}
