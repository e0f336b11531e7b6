// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/config"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "comity.yaml")
	text := `
data: store
listen: 0.0.0.0:8443
tls: {cert: /etc/c.pem, key: k.pem, client_ca: ca.pem}
packs:
  dirs: [mine, /opt/packs]
limits:
  read: 90s
  per_principal: 2.5
  batch: 100
record:
  later: true
certificates:
- name: spiffe://example.org/billing
  principal: billing
  scopes: [decide, append]
`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithDefaults()
	switch {
	case c.Data != filepath.Join(dir, "store"), c.TLS.Cert != "/etc/c.pem", c.TLS.Key != filepath.Join(dir, "k.pem"):
		t.Errorf("paths do not count from the file's folder: %+v", c)
	case c.Packs.Dirs[0] != filepath.Join(dir, "mine"), c.Packs.Dirs[1] != "/opt/packs":
		t.Errorf("packs: %q", c.Packs.Dirs)
	case c.Limits.Read != 90*time.Second, c.Limits.PerPrincipal != 2.5, c.Limits.Batch != 100:
		t.Errorf("limits: %+v", c.Limits)
	case !c.Record.Later, c.Record.Queue != config.DefaultQueue:
		t.Errorf("record: %+v", c.Record)
	case len(c.Certificates) != 1, c.Certificates[0].Scopes[1] != "append":
		t.Errorf("certificates: %+v", c.Certificates)
	case !strings.HasPrefix(c.Hash(), "sha256:"):
		t.Errorf("hash %q", c.Hash())
	}
}

func TestEmpty(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "data:\n", "{}"} {
		c, err := config.Parse("c.yaml", []byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if c = c.WithDefaults(); c.Data != config.DefaultData || c.Listen != config.DefaultListen {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key with a suggestion", "lisen: x", `c.yaml:1:1: unknown key "lisen"; did you mean "listen"?`},
		{"unknown key inside", "limits:\n  boddy: 1", `c.yaml:2:3: unknown key "boddy"; did you mean "body"?`},
		{"twice", "data: a\ndata: b", "given twice"},
		{"no number", "limits: {batch: many}", "c.yaml:1:17: batch is a whole number"},
		{"negative", "limits: {batch: -1}", "whole number, zero or more"},
		{"no duration", "limits: {read: 30}", "no length of time"},
		{"no list", "packs: {dirs: x}", "dirs is a list"},
		{"no bool", "record: {later: 1}", "true or false"},
		{"not a mapping", "- a", "keys with values"},
		{"a mapping for a text", "data: {a: b}", "data is one value"},
		{"half of TLS", "tls: {cert: a}", "only one of cert and key"},
		{"half of OIDC", "oidc: {issuer: https://a}", "only one of issuer and audience"},
		{"http", "public_url: http://a", "no https address"},
		{"certificates that nothing verifies", "certificates: [{name: a, principal: b, scopes: [decide]}]", "nothing verifies"},
		{"authzen", "authzen: {conditional: maybe}", "use allow or deny"},
		{"level", "log_level: loud", "unknown level"},
		{"alias", "data: &a x\nanchor: *a", "aliases"},
		{"two documents", "data: a\n---\ndata: b", "more than one document"},
		{"several faults at once", "lisen: x\nrecord: {later: 1}", "c.yaml:2:17"},
		{"no YAML", "data: [", "c.yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("c.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if comity.CodeOf(err) == comity.CodeInternal {
				t.Errorf("no code: %v", err)
			}
		})
	}
	if _, err := config.Read(filepath.Join(t.TempDir(), "no.yaml")); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("missing file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("data: a\nlimits: {read: 3s}\ncertificates: [{name: a}]")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := config.Parse("c", []byte(text)); err != nil && comity.CodeOf(err) == comity.CodeInternal {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// TestAgain: a file that was changed is told apart into what a reload applies and what waits
// for a restart; both are named again until then.
func TestAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "comity.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("data: d\nlimits: {body: 1000}\npacks: {dirs: [a]}\n")
	c, err := config.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	c.Data = "from a flag"
	if next, ch, err := c.Again(); err != nil || len(ch.Applied)+len(ch.Restart) > 0 || next.Data != "from a flag" || next.Hash() != c.Hash() {
		t.Errorf("unchanged: %+v, %v", ch, err)
	}
	write("data: d\nlimits: {body: 2000}\npacks: {dirs: [a, b], candidate: c}\ncertificates: []\n")
	next, ch, err := c.Again()
	if err != nil || !slices.Equal(ch.Applied, []string{"packs.dirs", "packs.candidate"}) || !slices.Equal(ch.Restart, []string{"limits.body"}) {
		t.Fatalf("%+v, %v", ch, err)
	}
	if next.Limits.Body != 1000 || len(next.Packs.Dirs) != 2 || next.Packs.Candidate != filepath.Join(filepath.Dir(file), "c") || next.Hash() == c.Hash() || next.Data != "from a flag" {
		t.Errorf("%+v", next)
	}
	if _, ch, err := next.Again(); err != nil || len(ch.Applied) > 0 || !slices.Equal(ch.Restart, []string{"limits.body"}) {
		t.Errorf("a second time: %+v, %v", ch, err)
	}
	write("limits: {bodi: 1}\n")
	if kept, _, err := next.Again(); err == nil || kept.Limits.Body != 1000 {
		t.Errorf("a bad file: %v", err)
	}
	if _, ch, err := (config.Config{}).Again(); err != nil || len(ch.Applied)+len(ch.Restart) > 0 {
		t.Errorf("no file: %+v, %v", ch, err)
	}
}
