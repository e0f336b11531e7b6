// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package principal_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// journal records changes in memory, as a door does in the log.
type journal struct {
	err     error
	changes []decide.Change
	by      []string
}

func (j *journal) Changed(_ context.Context, by decide.Caller, ch decide.Change) (comity.Record, error) {
	if j.err != nil {
		return comity.Record{}, j.err
	}
	j.changes, j.by = append(j.changes, ch), append(j.by, by.ID)
	index := int64(len(j.changes) - 1)
	return comity.Record{Index: &index}, nil
}

func (j *journal) Recorded(_ context.Context, index int64) (string, error) {
	if index >= int64(len(j.changes)) {
		return "", errors.New("no such entry")
	}
	return j.changes[index].New, nil
}

var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func add(t *testing.T, file, name string) string {
	t.Helper()
	key, err := principal.Add(file, principal.Principal{Name: name, Scopes: []decide.Scope{decide.ScopeDecide}, Created: created, Expires: created.AddDate(1, 0, 0), AddedBy: "os:root"})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestStore: a key counts once its event is recorded, and until it expires or is revoked.
func TestStore(t *testing.T) {
	file, now, j := filepath.Join(t.TempDir(), "principals.json"), created, &journal{}
	s := principal.NewStore(file, func() time.Time { return now })
	sync := func(want error) {
		t.Helper()
		if err := s.Sync(t.Context(), j); !errors.Is(err, want) {
			t.Fatalf("sync: %v, want %v", err, want)
		}
	}
	valid := func(key string, want bool) {
		t.Helper()
		p, err := s.Authenticate(key)
		if (err == nil) != want || err != nil && (comity.CodeOf(err) != comity.CodeUnauthenticated || p.Name != "") {
			t.Errorf("authenticate: %+v, %v, want %v", p, err, want)
		}
	}
	sync(nil)
	if s.Configured() {
		t.Error("configured without a file")
	}
	key := add(t, file, "anna")
	valid(key, false)
	j.err = errors.New("disk full")
	sync(j.err)
	valid(key, false)
	j.err = nil
	sync(nil)
	valid(key, true)
	valid(key+"x", false)
	valid("", false)
	sync(nil)
	other := add(t, file, "bob")
	if other == key || len(key) < 52 {
		t.Error("keys are not random")
	}
	sync(nil)
	valid(other, true)
	if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), key) {
		t.Errorf("the file has the key: %v", err)
	}
	now = created.AddDate(1, 0, 0)
	valid(key, false)
	now = created
	// Another process begins with the same file: nothing has changed, nothing is recorded.
	again := principal.NewStore(file, func() time.Time { return now })
	if err := again.Sync(t.Context(), j); err != nil || len(again.List()) != 2 {
		t.Errorf("again: %v, %v", err, again.List())
	}
	if err := principal.Revoke(file, "anna", "os:eve", now); err != nil {
		t.Fatal(err)
	}
	valid(key, true) // the event is not recorded yet
	sync(nil)
	valid(key, false)
	if err := principal.Revoke(file, "bob", "os:eve", now); err != nil {
		t.Fatal(err)
	}
	sync(nil)
	if !s.Configured() {
		t.Error("revoking the last key opened the server")
	}
	var got []string
	for i, ch := range j.changes {
		got = append(got, ch.Type+" "+ch.What+" by "+j.by[i])
	}
	want := []string{"principal.added anna by os:root", "principal.added bob by os:root", "principal.revoked anna by os:eve", "principal.revoked bob by os:eve"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i := 1; i < len(j.changes); i++ {
		if j.changes[i].Old != j.changes[i-1].New {
			t.Errorf("change %d does not follow from the one before", i)
		}
	}
}

// TestHandEdits: a file that was changed by hand is recorded as a change; a broken one
// changes nothing.
func TestHandEdits(t *testing.T) {
	file, j := filepath.Join(t.TempDir(), "principals.json"), &journal{}
	s := principal.NewStore(file, time.Now)
	key := add(t, file, "anna")
	if err := s.Sync(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range []string{"", "{", `{"format":"comity-principals/v9"}`, strings.Replace(string(text), `"anna"`, `"admin"`, 1)} {
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Sync(t.Context(), j); comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%.20q: %v", broken, err)
		}
		if len(s.List()) != 1 {
			t.Errorf("%.20q: the principals changed", broken)
		}
	}
	wider := strings.Replace(string(text), `"decide"`, `"administer"`, 1)
	if err := os.WriteFile(file, []byte(wider), 0o600); err != nil {
		t.Fatal(err)
	}
	// The mark of the entry that names the file is of no help to who widens a scope.
	fresh := principal.NewStore(file, func() time.Time { return created })
	if err := fresh.Sync(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if len(j.changes) != 2 || j.changes[1].Type != "principal.added" {
		t.Errorf("a widened scope is not recorded: %+v", j.changes)
	}
	if p, err := fresh.Authenticate(key); err != nil || p.Scopes[0] != decide.ScopeAdminister {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "principals.json")
	for _, name := range []string{"", "admin", "admin2", "root", "Anna", "test", "shared", "support", "team-1", "a b", "é", strings.Repeat("a", 64), "-a", "local"} {
		if _, err := principal.Add(file, principal.Principal{Name: name, Scopes: decide.Scopes(), Created: created}); comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"anna.schmidt", "billing-api", "support-portal", "a", "mary@example.org"} {
		add(t, file, name)
		if _, err := principal.Add(file, principal.Principal{Name: name, Scopes: decide.Scopes(), Created: created}); comity.CodeOf(err) != comity.CodeConflict {
			t.Errorf("%q twice: %v", name, err)
		}
	}
	if _, err := principal.ParseScopes([]string{"read-log", "read_log"}); err != nil {
		t.Error(err)
	}
	if _, err := principal.ParseScopes([]string{"all"}); comity.CodeOf(err) != comity.CodeUnknown {
		t.Errorf("unknown scope: %v", err)
	}
}

// provider is an identity provider whose keys rotate.
type provider struct {
	*httptest.Server
	mu   sync.Mutex
	keys []jose.JSONWebKey // the last one signs
}

func newProvider(t *testing.T) *provider {
	p := &provider{}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL, "token_endpoint": p.URL,
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		set := jose.JSONWebKeySet{}
		for _, k := range p.keys {
			set.Keys = append(set.Keys, k.Public())
		}
		_ = json.NewEncoder(w).Encode(set)
	})
	p.rotate(t, "one")
	return p
}

func (p *provider) rotate(t *testing.T, id string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, jose.JSONWebKey{Key: key, KeyID: id, Algorithm: "ES256", Use: "sig"})
}

func (p *provider) token(t *testing.T, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"iss": p.URL, "aud": "comity", "sub": "anna", "exp": time.Now().Add(time.Hour).Unix(), "scope": "openid comity:decide append"}
	for k, v := range claims {
		all[k] = v
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.keys[len(p.keys)-1]}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sig.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTokens(t *testing.T) {
	p, stranger := newProvider(t), newProvider(t)
	auth := &principal.Authenticator{
		Keys:   principal.NewStore(filepath.Join(t.TempDir(), "p.json"), time.Now),
		Tokens: principal.NewTokens(principal.TokenOptions{Issuer: p.URL, Audience: "comity", TenantClaim: "org", Now: time.Now}),
	}
	org := func(more map[string]any) map[string]any {
		out := map[string]any{"org": "acme"}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	caller, err := auth.Authenticate(t.Context(), p.token(t, org(nil)), nil)
	want := decide.Caller{ID: "anna", Tenant: "acme", Scopes: []decide.Scope{decide.ScopeDecide, decide.ScopeAppend}}
	if diff := cmp.Diff(want, caller); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	// A key that the provider began to use is fetched when a token names it. For a moment
	// after a fetch, go-oidc answers others with what that one found.
	p.rotate(t, "two")
	_, err = auth.Authenticate(t.Context(), p.token(t, org(nil)), nil)
	for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		_, err = auth.Authenticate(t.Context(), p.token(t, org(nil)), nil)
	}
	if err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	none := strings.Split(p.token(t, org(nil)), ".")
	for name, token := range map[string]string{
		"expired":          p.token(t, org(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})),
		"another audience": p.token(t, org(map[string]any{"aud": "other"})),
		"another issuer":   stranger.token(t, org(nil)),
		"forged issuer":    stranger.token(t, org(map[string]any{"iss": p.URL})),
		"no name":          p.token(t, org(map[string]any{"sub": ""})),
		"no tenant":        p.token(t, nil),
		"no signature":     "eyJhbGciOiJub25lIn0." + none[1] + ".",
		"cut":              none[0] + "." + none[1] + "." + none[2][:10],
		"a key":            "comity_key_x",
		"nothing":          "",
	} {
		if c, err := auth.Authenticate(t.Context(), token, nil); comity.CodeOf(err) != comity.CodeUnauthenticated || c.ID != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	// A provider that is away leaves nobody in, and is asked again later.
	now := time.Now()
	gone := principal.NewTokens(principal.TokenOptions{Issuer: "http://127.0.0.1:1", Audience: "comity", Now: func() time.Time { return now }})
	if _, err := gone.Verify(t.Context(), p.token(t, nil)); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("no provider: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	billing := principal.Principal{Name: "billing", Scopes: []decide.Scope{decide.ScopeDecide}}
	auth := &principal.Authenticator{
		Keys:         principal.NewStore(filepath.Join(t.TempDir(), "p.json"), time.Now),
		Certificates: principal.NewCertificates(map[string]principal.Principal{"spiffe://example.org/billing": billing, "billing.example.org": billing, "Billing": billing}),
	}
	id, err := url.Parse("spiffe://example.org/billing")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cert *x509.Certificate
		want string
	}{
		{"by URI", &x509.Certificate{URIs: []*url.URL{id}}, "billing"},
		{"by DNS name", &x509.Certificate{DNSNames: []string{"x", "billing.example.org"}}, "billing"},
		{"by common name, if there is no other", &x509.Certificate{Subject: pkix.Name{CommonName: "Billing"}}, "billing"},
		{"a common name beside other names does not count", &x509.Certificate{Subject: pkix.Name{CommonName: "Billing"}, DNSNames: []string{"x"}}, ""},
		{"unknown", &x509.Certificate{DNSNames: []string{"x"}}, ""},
	} {
		caller, err := auth.Authenticate(t.Context(), "", []*x509.Certificate{tt.cert})
		if caller.ID != tt.want || (tt.want == "") != (comity.CodeOf(err) == comity.CodeUnauthenticated) {
			t.Errorf("%s: %+v, %v", tt.name, caller, err)
		}
	}
	if !auth.Configured() {
		t.Error("not configured")
	}
}
