// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"crypto/x509"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/pack"
)

// Options are the parts of a Handler. Door, Vocabulary and one of Auth and Local must be
// set; what else is left out has its routes answer 404, or takes its default.
type Options struct {
	Door Door
	// Auth tells who asks. Local, if set, is who everybody on an unconfigured loopback
	// server is; requests that could come from a web page are then refused.
	Auth  Authenticator
	Local *decide.Caller
	// Configured, where both are set, tells whether there are principals by now: then Auth
	// counts, until then Local.
	Configured func() bool
	// Vocabulary is the one that decides now.
	Vocabulary func() *pack.Vocabulary
	Reloader   Reloader
	Packs      Packs
	Reader     Reader
	Eraser     Eraser
	// Logs are readable under /log/{name}/.
	Logs map[string]Log
	// PublicLogs and PublicMetrics need no authentication. Otherwise a log needs the scope
	// read_log, and the metrics any principal.
	PublicLogs, PublicMetrics bool
	// Ready says why decisions cannot be given now; nil if they can. A nil Ready means
	// always.
	Ready func() error
	// Recorder takes events about authentication; nil leaves them out.
	Recorder Recorder
	// PublicURL is the base URL (https) that AuthZEN metadata names.
	PublicURL string
	AuthZEN   AuthZEN
	Limits    Limits
	// Registry receives the metrics and is what /metrics shows; nil makes an own one.
	Registry *prometheus.Registry
	// Tracer, if set, gets a span for each request.
	Tracer trace.TracerProvider
	// Logger gets failed requests as warnings and errors, and the others at level debug.
	Logger *slog.Logger
	Now    func() time.Time
}

// AuthZEN is what installations choose about /access/v1.
type AuthZEN struct {
	// AllowConditional answers true also where conditions remain that the caller did not
	// declare as supported obligations.
	AllowConditional bool
}

// Door decides and records; *decide.Door is one. Its errors are *comity.Error.
type Door interface {
	// Decide answers one request under a leaf of its own.
	Decide(ctx context.Context, by decide.Caller, req comity.Request) (comity.Decision, error)
	// DecideBatch answers all requests under one leaf. An answer is a decision or the error
	// of that request; the error of the call means that nothing was recorded.
	DecideBatch(ctx context.Context, by decide.Caller, reqs []comity.Request) ([]decide.Answer, error)
	// Event records an application's event.
	Event(ctx context.Context, by decide.Caller, e audit.Event) (decide.Recorded, error)
	// EventBatch records events under one leaf. An answer is a receipt or the error of that
	// event; the error of the call means that nothing was recorded.
	EventBatch(ctx context.Context, by decide.Caller, events []audit.Event) ([]decide.RecordedOrErr, error)
	// Stats are counters for the metrics.
	Stats() decide.Stats
}

// Log serves the files of a log by their path: checkpoint, tile/..., payload/...
// What is not there is fs.ErrNotExist. *translog.Log is one.
type Log interface {
	Resource(path string) ([]byte, error)
}

// Credentials are what a request shows of who sends it. Both may be there.
type Credentials struct {
	// Token is what stands behind Bearer: an API key or a token of an identity provider.
	Token string
	// Certificates are the verified chain of the client, leaf first.
	Certificates []*x509.Certificate
}

// Authenticator tells who asks. An error with CodeUnauthenticated is nobody known. It runs
// for every request, so it must be quick.
type Authenticator interface {
	Authenticate(ctx context.Context, c Credentials) (decide.Caller, error)
}

// Reloader loads configuration and packs anew, and records that before it takes effect.
type Reloader interface {
	Reload(ctx context.Context, by decide.Caller) (decide.Reloaded, error)
}

// Recorder appends the server's own events; *audit.Book is one.
type Recorder interface {
	Append(ctx context.Context, e audit.Event) (comity.Record, error)
}
