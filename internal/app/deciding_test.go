// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
)

// TestDecidingDamaged: what decided before is found in the log if its file is damaged in
// whatever way, and that is said; the log gets no entry for it.
func TestDecidingDamaged(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	want, err := os.ReadFile(filepath.Join(c.Data, "local", "deciding.json"))
	if err != nil {
		t.Fatal(err)
	}
	size := a.Log.Head().Size
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.Data, "local", "deciding.json")
	flipped := bytes.Clone(want)
	flipped[len(`{"program":"sha256:`)+3] ^= 1
	for name, text := range map[string][]byte{
		"empty": {}, "cut": want[:len(want)/2], "not JSON": []byte("x"), "another hash": flipped, "no checksum": []byte(`{"program":"x"}`), "missing": nil,
	} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if text != nil {
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var said bytes.Buffer
		b, err := app.Open(t.Context(), c, slog.New(slog.NewTextHandler(&said, nil)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		now := b.Log.Head().Size
		if err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if now != size {
			t.Errorf("%s: %d entries more", name, now-size)
		}
		if !strings.Contains(said.String(), "what decided before is read from the log") {
			t.Errorf("%s: nothing was said: %s", name, said.String())
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: not mended: %s, %v", name, got, err)
		}
	}
	// A change that comes together with the damage is still an entry.
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(t.TempDir(), "comity.yaml")
	if err := os.WriteFile(settings, []byte("public_logs: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	changed, err := config.Read(settings)
	if err != nil {
		t.Fatal(err)
	}
	changed.Data, changed.Anchor = c.Data, c.Anchor
	b := open(t, changed)
	if b.Log.Head().Size != size+1 {
		t.Fatalf("%d entries more, want one", b.Log.Head().Size-size)
	}
	if e, err := b.Book.Show(t.Context(), size, -1); err != nil || e.Leaf.Type != audit.TypeConfigChanged {
		t.Errorf("%+v, %v", e.Leaf, err)
	}
}
