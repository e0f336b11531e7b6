// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestTraces: one span for each request, below the caller's, that names nobody.
func TestTraces(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	a := start(t, setup{options: func(o *Options) { o.Tracer = sdk.NewTracerProvider(sdk.WithSyncer(spans)) }})
	const parent = "0af7651916cd43dd8448eb211c80319c"
	a.post("/v1/decisions", denied, "Traceparent", "00-"+parent+"-b7ad6b7169203331-01", "User-Agent", "jane.doe")
	a.post("/v1/decisions", `{`)
	waitFor(t, "both spans have ended", func() bool { return len(spans.GetSpans()) == 2 })
	got := spans.GetSpans()
	if got[0].Name != "POST /v1/decisions" || got[0].SpanContext.TraceID().String() != parent {
		t.Errorf("%s in trace %s", got[0].Name, got[0].SpanContext.TraceID())
	}
	text := fmt.Sprint(got[0].Attributes, got[1].Attributes)
	for _, want := range []string{"{200", "{400", "invalid", "/v1/decisions"} {
		if !strings.Contains(text, strings.TrimPrefix(want, "{")) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	for _, word := range []string{"127.0.0.1", "jane"} {
		if strings.Contains(text, word) {
			t.Errorf("%q in %s", word, text)
		}
	}
}
