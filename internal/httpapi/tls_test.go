// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// certificate writes a certificate for 127.0.0.1 and its key, signed by itself or parent.
func certificate(t *testing.T, dir, name string, key crypto.Signer, parent *tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<60))
	cert := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: parent == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	issuer, signer := cert, key
	if parent != nil {
		issuer, signer = parent.Leaf, parent.PrivateKey.(crypto.Signer)
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func ecKey(t *testing.T) crypto.Signer {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rsaKey(t *testing.T) crypto.Signer {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// serveTLS answers handshakes.
func serveTLS(t *testing.T, o TLSOptions) string {
	t.Helper()
	c, err := TLSConfig(o)
	if err != nil {
		t.Fatal(err)
	}
	h := newAPI(t, setup{}).handler
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(h, c)
	go func() { _ = s.ServeTLS(h.Listener(l, false), "", "") }()
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// TestHandshakes shakes hands with every version and every suite that Go can offer, the
// insecure ones too. Only TLS 1.3, and where it was chosen TLS 1.2 with ECDHE and AEAD,
// gets through.
func TestHandshakes(t *testing.T) {
	suites := append(slices.Clone(tls.CipherSuites()), tls.InsecureCipherSuites()...)
	versions := []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}
	for _, kind := range []string{"ecdsa", "rsa"} {
		key := ecKey(t)
		if kind == "rsa" {
			key = rsaKey(t)
		}
		certFile, keyFile := certificate(t, t.TempDir(), "server", key, nil)
		for _, allow12 := range []bool{false, true} {
			addr := serveTLS(t, TLSOptions{CertFile: certFile, KeyFile: keyFile, AllowTLS12: allow12})
			accepted := 0
			for _, v := range versions {
				for _, s := range suites {
					if v == tls.VersionTLS13 && !slices.Contains(s.SupportedVersions, v) || v != tls.VersionTLS13 && slices.Equal(s.SupportedVersions, []uint16{tls.VersionTLS13}) {
						continue
					}
					good := v == tls.VersionTLS13 ||
						allow12 && v == tls.VersionTLS12 && strings.Contains(s.Name, "_ECDHE_"+strings.ToUpper(kind)) && (strings.Contains(s.Name, "_GCM_") || strings.Contains(s.Name, "CHACHA20"))
					conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MinVersion: v, MaxVersion: v, CipherSuites: []uint16{s.ID}})
					if err == nil {
						accepted++
						conn.Close()
					}
					if (err == nil) != good {
						t.Errorf("%s, TLS 1.2 allowed %v: %s with %s: %v", kind, allow12, tls.VersionName(v), s.Name, err)
					}
				}
			}
			if want := map[bool]int{false: 3, true: 6}[allow12]; accepted != want {
				t.Errorf("%s, TLS 1.2 allowed %v: %d handshakes, want %d", kind, allow12, accepted, want)
			}
		}
	}
}

// byName takes client certificates for principals by their common name.
type byName struct{}

func (byName) Authenticate(_ context.Context, c Credentials) (decide.Caller, error) {
	if len(c.Certificates) == 0 {
		return decide.Caller{}, &comity.Error{Code: comity.CodeUnauthenticated, Op: "authenticate"}
	}
	return decide.Caller{ID: c.Certificates[0].Subject.CommonName, Scopes: decide.Scopes()}, nil
}

func TestMutualTLS(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := certificate(t, dir, "server", ecKey(t), nil)
	caFile, caKey := certificate(t, dir, "ca", ecKey(t), nil)
	ca, err := tls.LoadX509KeyPair(caFile, caKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := TLSConfig(TLSOptions{CertFile: certFile, KeyFile: keyFile, ClientCAFile: caFile})
	if err != nil {
		t.Fatal(err)
	}
	a := newAPI(t, setup{options: func(o *Options) { o.Local, o.Auth = nil, byName{} }})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(a.handler, c)
	go func() { _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { s.Close() })

	ask := func(client *tls.Certificate) (int, error) {
		conf := &tls.Config{InsecureSkipVerify: true}
		if client != nil {
			// Shown also where the server does not name its issuer.
			conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return client, nil }
		}
		tr := &http.Transport{TLSClientConfig: conf, ForceAttemptHTTP2: true}
		defer tr.CloseIdleConnections()
		req, _ := http.NewRequestWithContext(t.Context(), "POST", fmt.Sprintf("https://%s/v1/decisions", l.Addr()), strings.NewReader(denied))
		req.Header.Set("Content-Type", "application/json")
		res, err := (&http.Client{Transport: tr}).Do(req)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		return res.StatusCode, nil
	}
	load := func(name string, parent *tls.Certificate) *tls.Certificate {
		certFile, keyFile := certificate(t, dir, name, ecKey(t), parent)
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		return &pair
	}
	if status, err := ask(load("app-1", &ca)); status != 200 {
		t.Errorf("a client of the CA: %d %v", status, err)
	}
	if status, err := ask(nil); status != 401 {
		t.Errorf("no certificate: %d %v", status, err)
	}
	if status, err := ask(load("stranger", nil)); err == nil {
		t.Errorf("a certificate that it signed itself: %d", status)
	}
	if e := a.memory.of("decision"); len(e) != 1 || e[0].Caller != "app-1" {
		t.Errorf("recorded: %+v", e)
	}
}

// TestCertificateRenewed: a renewed certificate is used without a restart, and one that is
// only half written is not.
func TestCertificateRenewed(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := certificate(t, dir, "server", ecKey(t), nil)
	p := &keyPair{certFile: certFile, keyFile: keyFile}
	if err := p.load(time.Now()); err != nil {
		t.Fatal(err)
	}
	first, _ := p.get(nil)
	certificate(t, dir, "server", ecKey(t), nil)
	later := time.Now().Add(time.Second)
	_ = os.Chtimes(certFile, later, later)
	if same, _ := p.get(nil); same != first {
		t.Error("the file is looked at with every handshake")
	}
	p.checked = time.Now().Add(-2 * time.Minute)
	second, _ := p.get(nil)
	if second == first {
		t.Error("the renewed certificate is not used")
	}
	_ = os.WriteFile(keyFile, []byte("half"), 0o600)
	_ = os.Chtimes(certFile, later.Add(time.Minute), later.Add(time.Minute))
	p.checked = time.Now().Add(-2 * time.Minute)
	if got, err := p.get(nil); got != second || err != nil {
		t.Errorf("a half written pair: %v", err)
	}
	for _, o := range []TLSOptions{{}, {CertFile: certFile, KeyFile: certFile}} {
		if _, err := TLSConfig(o); comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
