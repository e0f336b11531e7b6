// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package config is the configuration: one struct whose comments are its documentation,
// read from a YAML file. Without a file, the zero value is a server on loopback.
package config

import (
	"cmp"
	"time"
)

// Config is the whole configuration. A key that is not here is refused. Relative paths in
// a file count from its folder.
type Config struct {
	// Data is the data folder: the log, its index, the programs that decided and the
	// principals. Default: comity-data.
	Data string `yaml:"data"`
	// Anchor is the folder of what is trusted and secret: the last signed head, the signing
	// key and the keys of the subjects. A backup of the data folder must not hold it.
	// Default: $XDG_STATE_HOME/comity/ORIGIN, or ~/.local/state/comity/ORIGIN.
	Anchor string `yaml:"anchor"`
	// Listen is the address of the server, such as 0.0.0.0:8443; port 0 takes a free one.
	// Every address but loopback needs tls and a way to authenticate. Default:
	// 127.0.0.1:8080.
	Listen string `yaml:"listen"`
	// PublicURL is the https address under which clients reach the server. Without it there
	// is no AuthZEN metadata.
	PublicURL string  `yaml:"public_url"`
	TLS       TLS     `yaml:"tls"`
	Packs     Packs   `yaml:"packs"`
	OIDC      OIDC    `yaml:"oidc"`
	Limits    Limits  `yaml:"limits"`
	Record    Record  `yaml:"record"`
	Clock     Clock   `yaml:"clock"`
	AuthZEN   AuthZEN `yaml:"authzen"`
	// Certificates maps client certificates to principals; tls.client_ca verifies them.
	Certificates []Certificate `yaml:"certificates"`
	// EventTypes is a file that declares further types of events.
	EventTypes string `yaml:"event_types"`
	// Attributes is a file (JSON) of facts about the installation and about those who act,
	// which the door adds to requests: docs/deploy.md has its form. It is read at the start.
	Attributes string `yaml:"attributes"`
	// PublicLogs lets everybody read the log's tiles, which name nobody; otherwise that
	// needs the scope read_log. PublicMetrics lets everybody read /metrics.
	PublicLogs    bool `yaml:"public_logs"`
	PublicMetrics bool `yaml:"public_metrics"`
	// Traces is the OTLP/HTTP address of a collector, such as http://127.0.0.1:4318. Without
	// it nothing is sent.
	Traces string `yaml:"traces"`
	// LogLevel is debug, info, warn or error. Default: info.
	LogLevel string `yaml:"log_level"`

	// hash names the file's content, with that of Attributes, for the event of its change.
	hash       string
	attributes []byte
	// path is the file, source what it said: flags may have changed the rest.
	path   string
	source *Config
}

// TLS names the server's certificate, which is read again when it is renewed.
type TLS struct {
	// Cert and Key are files in PEM form.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	// ClientCA holds the authorities of client certificates, in PEM form. Without it there
	// is no mutual TLS.
	ClientCA string `yaml:"client_ca"`
	// Allow12 also takes TLS 1.2, with ECDHE and AEAD suites only.
	Allow12 bool `yaml:"allow_1_2"`
}

// Packs names folders of regulations.
type Packs struct {
	// Dirs add to the embedded packs; a pack with the same id replaces the earlier one.
	Dirs []string `yaml:"dirs"`
	// Only leaves the embedded packs out: what decides is in Dirs. Their vocabulary stays.
	Only bool `yaml:"only"`
	// Candidate is a folder of packs that decide in shadow: answers do not change, but
	// those that would are counted and listed, until a second person activates them
	// (docs/deploy.md). Once activated they are in force as if they stood in dirs; another
	// candidate then replaces them when it is activated.
	Candidate string `yaml:"candidate"`
}

// OIDC accepts the tokens of an identity provider.
type OIDC struct {
	// Issuer is the provider's URL, Audience what its tokens for this server name.
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
	// NameClaim holds the principal's name (default sub), TenantClaim the tenant that binds
	// him (default none), ScopeClaim his scopes as a list or a text with spaces (default
	// scope).
	NameClaim   string `yaml:"name_claim"`
	TenantClaim string `yaml:"tenant_claim"`
	ScopeClaim  string `yaml:"scope_claim"`
}

// Certificate maps one client certificate to a principal.
type Certificate struct {
	// Name is a URI, DNS name or mail address of the certificate, or its common name if it
	// has none of these.
	Name string `yaml:"name"`
	// Principal is who that is, with his tenant, if any, and scopes.
	Principal string   `yaml:"principal"`
	Tenant    string   `yaml:"tenant"`
	Scopes    []string `yaml:"scopes"`
}

// Limits bound what callers can make the server spend. Zero takes the default.
type Limits struct {
	// Body bounds a request's body in bytes (default 1 MiB), Stream that of an NDJSON
	// request (16 MiB), Memory all bodies that are held at one time (64 MiB).
	Body   int64 `yaml:"body"`
	Stream int64 `yaml:"stream"`
	Memory int64 `yaml:"memory"`
	// Batch bounds the lines of an NDJSON request. Default: 10000.
	Batch int `yaml:"batch"`
	// Connections bounds open connections (default 10000), InFlight the requests that are
	// decided at one time (4096); above half of it explanations are left out.
	Connections int `yaml:"connections"`
	InFlight    int `yaml:"in_flight"`
	// PerPrincipal and PerCell bound requests a second; zero is no limit.
	PerPrincipal float64 `yaml:"per_principal"`
	PerCell      float64 `yaml:"per_cell"`
	// Header, Read, Write and Idle bound the time of a request's parts. Defaults: 5s, 30s,
	// 60s, 2m.
	Header time.Duration `yaml:"header"`
	Read   time.Duration `yaml:"read"`
	Write  time.Duration `yaml:"write"`
	Idle   time.Duration `yaml:"idle"`
}

// Record says when answers are recorded.
type Record struct {
	// Later answers before the record is durable, and each answer says so. What waits is
	// lost if the process is killed. Requests with an idempotency key, batches and events
	// are always recorded first.
	Later bool `yaml:"later"`
	// Queue is how many answers may wait; beyond it requests are refused. Default: 1024.
	Queue int `yaml:"queue"`
}

// Clock says when the time of day is not trusted.
type Clock struct {
	// Bound is how far it may jump. Beyond it nothing is answered until the clock is right
	// again, or a reload accepts it. Default: 10s.
	Bound time.Duration `yaml:"bound"`
}

// AuthZEN sets what AuthZEN answers say.
type AuthZEN struct {
	// Conditional is what an allow becomes whose conditions the caller did not declare that
	// he supports: deny (the default) or allow.
	Conditional string `yaml:"conditional"`
}

// Defaults of what has one value here, and not in the package that uses it.
const (
	DefaultData   = "comity-data"
	DefaultListen = "127.0.0.1:8080"
	DefaultQueue  = 1024
)

// WithDefaults fills in the defaults that are known here.
func (c Config) WithDefaults() Config {
	c.Data = cmp.Or(c.Data, DefaultData)
	c.Listen = cmp.Or(c.Listen, DefaultListen)
	c.Record.Queue = cmp.Or(c.Record.Queue, DefaultQueue)
	c.LogLevel = cmp.Or(c.LogLevel, "info")
	return c
}

// Hash names the content of the file that was read; empty without one.
func (c Config) Hash() string { return c.hash }

// AttributesText is the content of the file Attributes, as it was when the configuration
// was read.
func (c Config) AttributesText() []byte { return c.attributes }
