// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// TestAdoptInterrupted: a log that adopt has moved away, and no more, is not begun again
// under its origin; adopt can be called again.
func TestAdoptInterrupted(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	if _, err := a.Door.Decide(t.Context(), principal.Local(), transfer()); err != nil {
		t.Fatal(err)
	}
	p := a.Paths
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.Anchor); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(p.Data, "local", "log"), filepath.Join(p.Data, "local", "log.1")); err != nil {
		t.Fatal(err)
	}
	b := open(t, c)
	if _, err := b.Door.Decide(t.Context(), principal.Local(), transfer()); err == nil || b.Ready() == nil {
		t.Errorf("a second history began under %s: %v", b.Origin, err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	done, err := app.Adopt(t.Context(), c, principal.Local(), "the anchor was lost", nil)
	if err != nil || done.Origin != a.Origin+".2" {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestLockedStaysClosed: principals count also while nothing can be recorded.
func TestLockedStaysClosed(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	if _, err := principal.Add(app.PrincipalsFile(c.Data), principal.Principal{Name: "billing", Scopes: []decide.Scope{decide.ScopeDecide}, Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := a.SyncPrincipals(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := a.Paths
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.SubjectKeys); err != nil {
		t.Fatal(err)
	}
	if b := open(t, c); b.Ready() == nil || !b.Principals.Configured() {
		t.Errorf("ready %v, principals count %v", b.Ready(), b.Principals.Configured())
	}
}

// TestTenantOfAList: a tenant written as a list is a tenant.
func TestTenantOfAList(t *testing.T) {
	a := open(t, folders(t))
	bound := decide.Caller{ID: "x", Tenant: "a", Scopes: decide.Scopes()}
	for _, v := range []any{"b", []any{"b"}, []string{"b"}, []any{"a", "b"}, []any{7.0}} {
		r := transfer()
		r.Facts["tenant"] = v
		_, err := a.Door.Decide(t.Context(), bound, r)
		if code := comity.CodeOf(err); code != comity.CodeForbidden && code != comity.CodeInvalid {
			t.Errorf("%T %v: %v", v, v, err)
		}
	}
}

// TestLaterFits: what could never be recorded is not answered in the mode "record later".
func TestLaterFits(t *testing.T) {
	c := folders(t)
	c.Record.Later, c.Record.Queue = true, 100
	a := open(t, c)
	named := transfer()
	named.Tenant = "anna@example.org"
	if _, err := a.Door.Decide(t.Context(), principal.Local(), named); comity.CodeOf(err) != comity.CodeInvalid {
		t.Errorf("a tenant that no leaf may have: %v", err)
	}
	big := transfer()
	big.Facts["principal_type"] = strings.Repeat("r", 1_200_000)
	if _, err := a.Door.Decide(t.Context(), principal.Local(), big); comity.CodeOf(err) != comity.CodeTooLarge {
		t.Errorf("a payload over the limit: %v", err)
	}
	if d, err := a.Door.Decide(t.Context(), principal.Local(), transfer()); err != nil || d.Record == nil || !d.Record.Later {
		t.Errorf("%+v, %v", d.Record, err)
	}
}
