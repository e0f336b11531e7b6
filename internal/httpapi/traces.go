// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/comity-project/comity"
)

// Tracer sends spans to an OTLP collector, or nowhere if there is no address. The
// function sends what is left.
func Tracer(ctx context.Context, endpoint string) (trace.TracerProvider, func(context.Context) error, error) {
	if endpoint == "" {
		return nil, func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, nil, &comity.Error{Code: comity.CodeInvalid, Op: "traces", Err: err, Remedy: "give an address such as http://127.0.0.1:4318"}
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
	return p, p.Shutdown, nil
}

// trace begins the span of an exchange, under the caller's span if he names one. It has
// the route and the outcome; addresses, user agents and full paths, which common
// instrumentation adds, would carry personal data out of the installation.
func (x *exchange) trace() {
	ctx := propagation.TraceContext{}.Extract(x.r.Context(), propagation.HeaderCarrier(x.r.Header))
	name := x.route.metrics.route
	ctx, x.span = x.h.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", knownMethod(x.r.Method)), attribute.String("http.route", x.route.pattern), attribute.String("comity.request", x.id)))
	x.r = x.r.WithContext(ctx)
}

func (x *exchange) endTrace() {
	x.span.SetAttributes(attribute.Int("http.response.status_code", x.status))
	if x.code != "" {
		x.span.SetAttributes(attribute.String("error.type", string(x.code)))
	}
	if x.status >= http.StatusInternalServerError {
		x.span.SetStatus(codes.Error, string(x.code))
	}
	x.span.End()
}

// knownMethod is the method of a request as the semantic conventions of OpenTelemetry ask:
// any other text is the caller's own and stays here.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return m
	}
	return "_OTHER"
}
