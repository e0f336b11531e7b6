// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
)

// Options of a Client; the zero value fits a server on loopback without keys.
type Options struct {
	// APIKey is sent as a bearer token.
	APIKey string
	// TLS configures the connection, such as roots and a client certificate for mutual
	// TLS; nil is the system's roots. Not together with HTTPClient.
	TLS *tls.Config
	// HTTPClient replaces the client's own, which keeps up to 256 connections and follows
	// no redirect.
	HTTPClient *http.Client
	// Attempts bounds how often one call is sent; 0 means 4. With 1 there is no retry, and
	// no idempotency key is generated.
	Attempts int
	// MinWait and MaxWait bound the pause before a retry, which doubles from one to the
	// next and is drawn at random below that; 0 means 50 ms and 5 s. A server that asks for
	// a longer pause than MaxWait ends the call.
	MinWait, MaxWait time.Duration
	// Timeout bounds one attempt; 0 means 30 s. The context bounds the whole call.
	Timeout time.Duration
	// MaxAnswer bounds one answer, or one line of a batch's answer, in bytes; 0 means 8 MiB.
	MaxAnswer int64
}

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	base *url.URL
	http *http.Client
	opts Options
}

// New makes a client of the server at baseURL, such as https://comity.example.org. It
// refuses to send an API key in clear to another machine.
func New(baseURL string, opts Options) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(baseURL, "/"))
	switch {
	case err != nil:
		return nil, &comity.Error{Code: comity.CodeUsage, Op: "new client", Err: err}
	case base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, &comity.Error{
			Code: comity.CodeUsage, Op: "new client", Err: fmt.Errorf("%q is not the URL of a server", base.Redacted()),
			Remedy: "give scheme and host, such as https://comity.example.org",
		}
	case opts.APIKey != "" && base.Scheme == "http" && !loopback(base.Hostname()):
		return nil, &comity.Error{
			Code: comity.CodeUsage, Op: "new client", Err: errors.New("send the API key in clear to another machine"),
			Remedy: "use https",
		}
	case opts.TLS != nil && opts.HTTPClient != nil:
		return nil, &comity.Error{
			Code: comity.CodeUsage, Op: "new client", Err: errors.New("TLS is given, and an HTTP client, which has its own"),
			Remedy: "configure TLS in the HTTP client's transport",
		}
	}
	opts.Attempts = cmp.Or(max(opts.Attempts, 0), 4)
	opts.MinWait = cmp.Or(opts.MinWait, 50*time.Millisecond)
	opts.MaxWait = max(cmp.Or(opts.MaxWait, 5*time.Second), opts.MinWait)
	opts.Timeout = cmp.Or(opts.Timeout, 30*time.Second)
	opts.MaxAnswer = cmp.Or(opts.MaxAnswer, 8<<20)
	c := &Client{base: base, http: opts.HTTPClient, opts: opts}
	if c.http == nil {
		c.http = &http.Client{Transport: transport(opts.TLS), CheckRedirect: noRedirect}
	}
	return c, nil
}

// noRedirect keeps key and question from a host that was not configured.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func transport(conf *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     conf,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        256,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Decide asks whether an operation may happen. A deny is a decision, not an error. The
// call is repeated after network errors, 429 and 502 to 504 under one idempotency key, that
// of the request or a generated one, so that a retry never records twice.
func (c *Client) Decide(ctx context.Context, req comity.Request) (comity.Decision, error) {
	req.IdempotencyKey = c.key(req.IdempotencyKey)
	body, err := encodeRequest(nil, req)
	if err != nil {
		return comity.Decision{}, err
	}
	var d comity.Decision
	err = c.call(ctx, "decide", post("/v1/decisions", "application/json", body), c.one(&d))
	if err == nil {
		err = effectOf(&d)
	}
	if err != nil {
		return comity.Decision{}, err
	}
	return d, nil
}

// Answer is one decision of a batch, or why there is none.
type Answer struct {
	Decision comity.Decision
	Err      error
}

// DecideBatch asks several questions in one call, which shares one entry of the log. The
// answers stand in the order of the requests; a request that cannot be answered has its
// error in its place. It is repeated as Decide is.
func (c *Client) DecideBatch(ctx context.Context, reqs []comity.Request) ([]Answer, error) {
	if len(reqs) == 0 {
		return nil, nil
	}
	key := c.key("")
	var body []byte
	for i, req := range reqs {
		req.IdempotencyKey = lineKey(req.IdempotencyKey, key, i)
		var err error
		if body, err = encodeRequest(body, req); err != nil {
			return nil, inLine(err, i)
		}
		body = append(body, '\n')
	}
	out := make([]Answer, len(reqs))
	err := c.call(ctx, "decide", post("/v1/decisions", ndjson, body), c.lines(len(reqs), func(i int, line []byte) error {
		out[i] = Answer{}
		if err := decodeLine(line, &out[i].Decision, &out[i].Err); err != nil || out[i].Err != nil {
			return err
		}
		return effectOf(&out[i].Decision)
	}))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// effectOf refuses an answer without one of the three effects: nobody shall take it for an
// allow.
func effectOf(d *comity.Decision) error {
	switch d.Effect {
	case comity.Allow, comity.Deny, comity.Review:
		return nil
	}
	return &comity.Error{Code: comity.CodeInternal, Op: "decide", Err: fmt.Errorf("the server's answer has the effect %q", d.Effect)}
}

// Ready reports whether the server answers and records: nil, or why it does not. It is
// asked once.
func (c *Client) Ready(ctx context.Context) error {
	err := c.once(ctx, "ready", message{method: http.MethodGet, path: "/readyz"}, func(*http.Response) error { return nil })
	if a := (*attempt)(nil); errors.As(err, &a) {
		return a.err
	}
	return err
}

// key is the idempotency key of a call: the caller's, or a new one if it may be repeated.
func (c *Client) key(given string) string {
	if given != "" || c.opts.Attempts == 1 {
		return given
	}
	return rand.Text()
}

// lineKey is the key of one line of a batch.
func lineKey(given, call string, i int) string {
	if given != "" || call == "" {
		return given
	}
	return call + "-" + strconv.Itoa(i)
}

func inLine(err error, i int) error {
	return fmt.Errorf("line %d: %w", i+1, err)
}

// decodeLine reads a line of a batch's answer: a value, or {"error": {...}} in its place.
func decodeLine(line []byte, value any, fault *error) error {
	if bytes.HasPrefix(line, []byte(`{"error":`)) {
		var e struct {
			Error problem `json:"error"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		*fault = e.Error.error("", 0)
		return nil
	}
	return json.Unmarshal(line, value)
}
