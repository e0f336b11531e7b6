// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound what a client can make the server spend. Zero takes the default.
type Limits struct {
	// Body bounds a request's body in bytes; default 1 MiB.
	Body int64
	// Stream bounds the body of an NDJSON request and of an AuthZEN batch; default 16 MiB.
	Stream int64
	// Memory bounds the bodies that are held at one time: the small ones (up to 64 KiB) all
	// together, and the others all together. Default 64 MiB, and at least two Streams.
	Memory int64
	// Batch bounds the lines of one NDJSON request and the evaluations of one AuthZEN
	// batch; default 10,000.
	Batch int
	// Connections bounds open connections; default 10,000.
	Connections int
	// PerPrincipal and PerCell bound requests a second, each line of a batch counting as
	// one; zero is no limit.
	PerPrincipal, PerCell float64
	// Header, Read, Write and Idle are timeouts; default 5 s, 30 s, 60 s, 120 s.
	Header, Read, Write, Idle time.Duration
}

func (l Limits) withDefaults() Limits {
	l.Body = cmp.Or(l.Body, 1<<20)
	l.Stream = max(cmp.Or(l.Stream, 16<<20), l.Body)
	l.Memory = max(cmp.Or(l.Memory, 64<<20), 2*l.Stream)
	l.Batch = cmp.Or(l.Batch, 10_000)
	l.Connections = cmp.Or(l.Connections, 10_000)
	l.Header = cmp.Or(l.Header, 5*time.Second)
	l.Read = cmp.Or(l.Read, 30*time.Second)
	l.Write = cmp.Or(l.Write, 60*time.Second)
	l.Idle = cmp.Or(l.Idle, 2*time.Minute)
	return l
}

// maxHeader bounds the headers of a request in bytes.
const maxHeader = 32 << 10

// NewServer is an http.Server with the handler's limits. Its Serve takes a listener that
// Listener has wrapped; with a TLS configuration use ServeTLS with empty file names.
func NewServer(h *Handler, t *tls.Config) *http.Server {
	l := h.limits
	return &http.Server{
		Handler:           h,
		TLSConfig:         t,
		ReadHeaderTimeout: l.Header,
		ReadTimeout:       l.Read,
		WriteTimeout:      l.Write,
		IdleTimeout:       l.Idle,
		MaxHeaderBytes:    maxHeader,
		// OPTIONS * is answered and counted as anything else that is not here.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(&faultWriter{logger: h.logger}, "", 0),
	}
}

// faultWriter stands behind http.Server.ErrorLog, whose lines name addresses of clients:
// it passes on that something happened, not what.
type faultWriter struct {
	logger *slog.Logger
	last   atomic.Int64
}

func (w *faultWriter) Write(p []byte) (int, error) {
	kind := "connection fault"
	switch {
	case bytes.Contains(p, []byte("TLS handshake")):
		kind = "tls handshake refused"
	case bytes.Contains(p, []byte("Accept error")):
		kind = "cannot accept connections"
	}
	now := time.Now().Unix()
	if last := w.last.Load(); now != last && w.last.CompareAndSwap(last, now) {
		w.logger.Warn(kind)
	}
	return len(p), nil
}

// Listener bounds the open connections of l. One too many is told so, if it speaks plain
// HTTP, and closed.
func (h *Handler) Listener(l net.Listener, plain bool) net.Listener {
	return &listener{Listener: l, max: int64(h.limits.Connections), open: &h.open, plain: plain}
}

type listener struct {
	net.Listener
	max   int64
	open  *atomic.Int64
	plain bool
}

const tooManyConnections = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 125\r\n\r\n" +
	`{"type":"urn:comity:error:overloaded","title":"too many open connections","status":503,"code":"overloaded","remedy":"later"}` + "\n"

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.max {
			return &conn{Conn: c, open: l.open}, nil
		}
		l.open.Add(-1)
		if l.plain {
			// A fresh socket's send buffer takes these few bytes without waiting.
			_ = c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
			_, _ = c.Write([]byte(tooManyConnections))
		}
		_ = c.Close()
	}
}

type conn struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *conn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}
