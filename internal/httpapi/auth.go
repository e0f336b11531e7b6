// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/comity-project/comity"
)

// admit says who asks and whether he may, and takes the request off his allowance.
func (x *exchange) admit() error {
	h, rt := x.h, x.route
	local := h.o.Local
	if h.o.Configured != nil && h.o.Configured() {
		local = nil
	}
	if local != nil {
		if err := notFromPage(x.r); err != nil {
			return err
		}
	}
	if rt.access == anybody {
		return nil
	}
	if local != nil {
		x.caller = *local
	} else if err := x.authenticate(); err != nil {
		return err
	}
	if rt.access == scoped {
		if err := x.caller.Require(rt.scope); err != nil {
			return err
		}
	}
	return h.rates.take(x.caller.ID, 1, x.start)
}

func (x *exchange) authenticate() error {
	h := x.h
	c, err := credentials(x.r)
	if err == nil {
		if x.caller, err = h.o.Auth.Authenticate(x.r.Context(), c); err == nil {
			h.logins.succeeded(x.caller, source(x.r), x.start)
			return nil
		}
	}
	if comity.CodeOf(err) != comity.CodeUnauthenticated {
		return err
	}
	if wait := h.logins.failed(source(x.r), x.start); wait > 0 {
		return &httpError{error: fail(comity.CodeOverloaded, "authenticate", "too many failed attempts", "wait, then use a valid key"), after: wait}
	}
	return err
}

// credentials are the token and the client certificate of a request.
func credentials(r *http.Request) (Credentials, error) {
	const remedy = "send Authorization: Bearer KEY, or a client certificate"
	var c Credentials
	switch given := r.Header["Authorization"]; len(given) {
	case 0:
	case 1:
		scheme, token, _ := strings.Cut(given[0], " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 16<<10 {
			return c, fail(comity.CodeUnauthenticated, "authenticate", "the scheme is not Bearer, or the token is empty", remedy)
		}
		c.Token = token
	default:
		return c, fail(comity.CodeUnauthenticated, "authenticate", "several Authorization headers", remedy)
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		c.Certificates = r.TLS.VerifiedChains[0]
	}
	if c.Token == "" && c.Certificates == nil {
		return c, fail(comity.CodeUnauthenticated, "authenticate", "no key, token or certificate", remedy)
	}
	return c, nil
}

// source is the address that a request comes from, without the port.
func source(r *http.Request) string {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap().String()
	}
	return r.RemoteAddr
}

// notFromPage refuses what a web page in somebody's browser could have sent to the
// unconfigured server on his machine: another host's name that resolves to loopback
// (rebinding), or a request from another origin.
func notFromPage(r *http.Request) error {
	if !loopbackHost(r.Host) {
		return fail(comity.CodeForbidden, "check host", "the Host is not this machine's loopback address", "use http://127.0.0.1 or http://localhost, or configure principals")
	}
	if origin := r.Header["Origin"]; len(origin) > 0 {
		u, err := url.Parse(origin[0])
		if err != nil || len(origin) > 1 || u.Host != r.Host || u.Scheme != "http" {
			return fail(comity.CodeForbidden, "check origin", "the request comes from a page of another origin", "configure principals to call from pages")
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return nil
	}
	return fail(comity.CodeForbidden, "check origin", "the request comes from a page of another site", "configure principals to call from pages")
}

func loopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}
