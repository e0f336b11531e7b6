// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package principal

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// Authenticator tells who asks, by whatever the installation accepts.
type Authenticator struct {
	Keys         *Store
	Tokens       *Tokens
	Certificates *Certificates
}

// Configured tells whether there is anybody to authenticate.
func (a *Authenticator) Configured() bool {
	return a.Tokens != nil || a.Certificates != nil || a.Keys.Configured()
}

// Authenticate finds the caller behind a bearer token, which may be empty, and the chain
// of certificates that TLS has verified. Errors have CodeUnauthenticated,
// or CodeUnavailable where an identity provider cannot be asked.
func (a *Authenticator) Authenticate(ctx context.Context, token string, chain []*x509.Certificate) (decide.Caller, error) {
	var p Principal
	var err error
	switch {
	case a.Tokens != nil && strings.Count(token, ".") == 2:
		p, err = a.Tokens.Verify(ctx, token)
		if err == nil && (p.Name == Local().ID || a.Keys.Has(p.Name)) {
			p, err = Principal{}, unauthenticated("the token's name is that of another principal")
		}
	case token != "":
		p, err = a.Keys.Authenticate(token)
	case a.Certificates != nil && len(chain) > 0:
		p, err = a.Certificates.Verify(chain[0])
	default:
		err = unauthenticated("no key was sent")
	}
	return p.Caller(), err
}

// TokenOptions say whose tokens are accepted, and what their claims mean.
type TokenOptions struct {
	Issuer, Audience string
	// NameClaim, TenantClaim and ScopeClaim default to sub, none, and scope.
	NameClaim, TenantClaim, ScopeClaim string
	Now                                func() time.Time
}

// Tokens verifies the tokens of an identity provider (OpenID Connect). Its keys are
// fetched when they are needed, and again when a token names one that is not known.
type Tokens struct {
	o TokenOptions

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
	failed   error
	again    time.Time
}

// retryProvider is how long a provider that did not answer is left alone.
const retryProvider = 5 * time.Second

// providerTimeout bounds each request to a provider: others wait for it.
const providerTimeout = 10 * time.Second

// NewTokens does not contact the provider yet: a server starts without it.
func NewTokens(o TokenOptions) *Tokens {
	o.NameClaim, o.ScopeClaim = cmp.Or(o.NameClaim, "sub"), cmp.Or(o.ScopeClaim, "scope")
	return &Tokens{o: o}
}

// Verify checks a token and maps its claims to a principal.
func (t *Tokens) Verify(ctx context.Context, token string) (Principal, error) {
	v, err := t.provider(ctx)
	if err != nil {
		return Principal{}, &comity.Error{
			Code: comity.CodeUnavailable, Op: "authenticate", Err: fmt.Errorf("the identity provider cannot be reached: %w", err), Remedy: "send the request again later",
		}
	}
	id, err := v.Verify(ctx, token)
	if err != nil {
		return Principal{}, unauthenticated("the token is not valid: %w", err)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return Principal{}, unauthenticated("the token cannot be read: %w", err)
	}
	name, _ := claims[t.o.NameClaim].(string)
	if name == "" {
		return Principal{}, unauthenticated("the token has no claim %s", t.o.NameClaim)
	}
	p := Principal{Name: name, Expires: id.Expiry, Scopes: knownScopes(claims[t.o.ScopeClaim])}
	if t.o.TenantClaim != "" {
		if p.Tenant, _ = claims[t.o.TenantClaim].(string); p.Tenant == "" {
			return Principal{}, unauthenticated("the token has no claim %s", t.o.TenantClaim)
		}
	}
	return p, nil
}

func (t *Tokens) provider(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.verifier != nil {
		return t.verifier, nil
	}
	if t.o.Now().Before(t.again) {
		return nil, t.failed
	}
	// The provider outlives the request: its key set fetches with this context.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), &http.Client{Timeout: providerTimeout})
	p, err := oidc.NewProvider(ctx, t.o.Issuer)
	if err != nil {
		t.failed, t.again = err, t.o.Now().Add(retryProvider)
		return nil, err
	}
	t.verifier = p.Verifier(&oidc.Config{ClientID: t.o.Audience, Now: t.o.Now})
	return t.verifier, nil
}

// knownScopes are our scopes among those of a claim, a text with spaces or a list.
func knownScopes(claim any) []decide.Scope {
	var names []string
	switch c := claim.(type) {
	case string:
		names = strings.Fields(c)
	case []any:
		for _, x := range c {
			names = append(names, fmt.Sprint(x))
		}
	}
	var out []decide.Scope
	for _, n := range names {
		if s := decide.Scope(strings.TrimPrefix(n, "comity:")); slices.Contains(decide.Scopes(), s) {
			out = append(out, s)
		}
	}
	return out
}

// Certificates maps client certificates, which TLS has verified, to principals: by URI,
// by DNS name or mail address, or else by common name.
type Certificates struct{ byName map[string]Principal }

// NewCertificates maps names in certificates to principals.
func NewCertificates(byName map[string]Principal) *Certificates { return &Certificates{byName: byName} }

// Verify finds the principal of a certificate.
func (c *Certificates) Verify(cert *x509.Certificate) (Principal, error) {
	var names []string
	for _, u := range cert.URIs {
		names = append(names, u.String())
	}
	names = append(append(names, cert.DNSNames...), cert.EmailAddresses...)
	if len(names) == 0 {
		names = []string{cert.Subject.CommonName}
	}
	for _, n := range names {
		if p, ok := c.byName[n]; ok {
			return p, nil
		}
	}
	return Principal{}, unauthenticated("the client certificate belongs to no principal")
}
