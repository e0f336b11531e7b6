// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/comity-project/comity"
)

// TLSOptions name the files of a server's certificate.
type TLSOptions struct {
	CertFile, KeyFile string
	// ClientCAFile verifies client certificates; without it none is asked for.
	ClientCAFile string
	// AllowTLS12 also takes TLS 1.2, with ECDHE and AEAD suites only. Otherwise it is
	// TLS 1.3.
	AllowTLS12 bool
}

// TLSConfig reads the files and makes the server's configuration. A certificate that is
// renewed in place is noticed within a minute.
func TLSConfig(o TLSOptions) (*tls.Config, error) {
	pair := &keyPair{certFile: o.CertFile, keyFile: o.KeyFile}
	if err := pair.load(time.Now()); err != nil {
		return nil, tlsError("load certificate", err, "name a certificate and its key in PEM form")
	}
	c := &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: pair.get}
	if o.AllowTLS12 {
		c.MinVersion = tls.VersionTLS12
		c.CipherSuites = []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		}
	}
	if o.ClientCAFile != "" {
		pem, err := os.ReadFile(o.ClientCAFile)
		if err != nil {
			return nil, tlsError("load client CA", err, "name a file of certificates in PEM form")
		}
		c.ClientCAs = x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, tlsError("load client CA", errors.New("the file holds no certificate"), "name a file of certificates in PEM form")
		}
		// Without a certificate a client can still show a key or a token.
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return c, nil
}

func tlsError(op string, err error, remedy string) error {
	return &comity.Error{Code: comity.CodeInvalid, Op: op, Err: err, Remedy: remedy}
}

// keyPair is a certificate that is read again when its file changes.
type keyPair struct {
	certFile, keyFile string

	mu      sync.Mutex
	cert    *tls.Certificate
	modtime time.Time
	checked time.Time
}

func (p *keyPair) load(now time.Time) error {
	info, err := os.Stat(p.certFile)
	if err != nil {
		return err
	}
	cert, err := tls.LoadX509KeyPair(p.certFile, p.keyFile)
	if err != nil {
		return err
	}
	p.cert, p.modtime, p.checked = &cert, info.ModTime(), now
	return nil
}

func (p *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.checked) >= time.Minute {
		p.checked = now
		if info, err := os.Stat(p.certFile); err == nil && !info.ModTime().Equal(p.modtime) {
			// A pair that is only half renewed does not load: the old one stays in use, and the
			// next minute tries again.
			_ = p.load(now)
		}
	}
	return p.cert, nil
}
