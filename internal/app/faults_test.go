// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// begun is a data folder with one decision, closed.
func begun(t *testing.T) config.Config {
	t.Helper()
	c := folders(t)
	a := open(t, c)
	if _, err := a.Door.Decide(t.Context(), principal.Local(), transfer()); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReadOnly: a log that must not sign is read, answers nothing, and says why.
func TestReadOnly(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, c *config.Config)
		want   string
	}{
		{"the state folder is missing", func(t *testing.T, c *config.Config) { c.Anchor = filepath.Join(t.TempDir(), "other") }, "missing"},
		{"the anchor is missing", func(t *testing.T, c *config.Config) { remove(t, filepath.Join(c.Anchor, "anchor")) }, "anchor"},
		{"the signing key is missing", func(t *testing.T, c *config.Config) { remove(t, filepath.Join(c.Anchor, "log.key")) }, "signing key"},
		{"the subjects' keys are missing", func(t *testing.T, c *config.Config) { remove(t, filepath.Join(c.Anchor, "subjects.keys")) }, "keys of the subjects"},
		{"a copy of the data folder was put back", func(t *testing.T, c *config.Config) {
			old := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(old, os.DirFS(c.Data)); err != nil {
				t.Fatal(err)
			}
			a := open(t, *c)
			if _, err := a.Door.Decide(t.Context(), principal.Local(), transfer()); err != nil {
				t.Fatal(err)
			}
			if err := a.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.Data = old
		}, "rolled back"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := begun(t)
			tt.change(t, &c)
			for range 2 { // looking at it does not heal it
				a := open(t, c)
				err := a.Ready()
				if comity.CodeOf(err) != comity.CodeUnavailable || !strings.Contains(strings.ReplaceAll(err.Error(), "_", " "), tt.want) || !strings.Contains(err.Error(), "adopt") {
					t.Errorf("ready: %v", err)
				}
				size := a.Log.Head().Size
				if dec, err := a.Door.Decide(t.Context(), principal.Local(), transfer()); comity.CodeOf(err) != comity.CodeUnavailable || dec.Effect != "" {
					t.Errorf("decided: %v, %v", dec.Effect, err)
				}
				if _, err := a.Log.Resource("checkpoint"); err != nil || size < 3 || a.Log.Head().Size != size {
					t.Errorf("the log is not readable: %v, size %d", err, size)
				}
				if err := a.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// TestRefused: what cannot be opened at all says what to do.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, c *config.Config)
		code   comity.Code
		want   string
	}{
		{"the anchor in the data folder", func(_ *testing.T, c *config.Config) { c.Anchor = filepath.Join(c.Data, "state") }, comity.CodeUsage, "lies in the data folder"},
		{"a newer format", func(t *testing.T, c *config.Config) {
			write(t, filepath.Join(c.Data, "format.json"), `{"format":"comity-data/v2","installation":"comity-0123456789abcdef"}`)
		}, comity.CodeInvalid, "newer version"},
		{"no installation", func(t *testing.T, c *config.Config) {
			write(t, filepath.Join(c.Data, "format.json"), `{"format":"comity-data/v1","installation":"../x"}`)
		}, comity.CodeInvalid, "no name of an installation"},
		{"a log without format.json", func(t *testing.T, c *config.Config) { remove(t, filepath.Join(c.Data, "format.json")) }, comity.CodeInvalid, "format.json"},
		{"another installation's public key", func(t *testing.T, c *config.Config) {
			other := begun(t)
			text, err := os.ReadFile(filepath.Join(other.Data, "local", "log.pub"))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(c.Data, "local", "log.pub"), string(text))
		}, comity.CodeInvalid, "another installation"},
		{"a broken signing key", func(t *testing.T, c *config.Config) { write(t, filepath.Join(c.Anchor, "log.key"), "x\n") }, comity.CodeInvalid, "signing key"},
		{"no such packs", func(_ *testing.T, c *config.Config) { c.Packs.Dirs = []string{"nowhere"} }, comity.CodeNotFound, "nowhere"},
		{"no such types of events", func(_ *testing.T, c *config.Config) { c.EventTypes = "nowhere" }, comity.CodeNotFound, "nowhere"},
		{"broken principals", func(t *testing.T, c *config.Config) { write(t, app.PrincipalsFile(c.Data), "{") }, comity.CodeInvalid, "principals.json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := begun(t)
			good := c
			tt.change(t, &c)
			a, err := app.Open(t.Context(), c, nil)
			if a != nil || comity.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %s with %q", err, tt.code, tt.want)
			}
			// The refusal left no lock behind.
			if tt.name == "no such packs" || tt.name == "the anchor in the data folder" {
				open(t, good)
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStartIsRecorded: other packs or another configuration than before are an entry
// before the first decision; the same ones are none.
func TestStartIsRecorded(t *testing.T) {
	c := begun(t)
	types := func(c config.Config) (out []string) {
		t.Helper()
		a := open(t, c)
		for i := range a.Log.Head().Size {
			e, err := a.Book.Show(t.Context(), i, -1)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, e.Leaf.Type)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := []string{audit.TypeLogCreated, audit.TypePacksChanged, audit.TypeDecision}
	same := func(got []string, more ...string) {
		t.Helper()
		if want := strings.Join(append(first, more...), " "); strings.Join(got, " ") != want {
			t.Errorf("entries %v, want %s", got, want)
		}
	}
	same(types(c))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "vocabulary.yaml"), "format: comity/v1\nfacts:\n  shelf: {type: string, role: act, text: \"Where it lies.\"}\n")
	c.Packs.Dirs = []string{dir}
	same(types(c), audit.TypePacksChanged)
	file := filepath.Join(dir, "comity.yaml")
	write(t, file, "data: "+c.Data+"\nanchor: "+c.Anchor+"\npacks: {dirs: [.]}\n")
	read, err := config.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	same(types(read), audit.TypePacksChanged, audit.TypeConfigChanged)
	same(types(read), audit.TypePacksChanged, audit.TypeConfigChanged)
}

// TestReloadNeedsScope: who may only ask does not change what decides.
func TestReloadNeedsScope(t *testing.T) {
	a := open(t, folders(t))
	size := a.Log.Head().Size
	if _, err := a.Reload(t.Context(), decide.Caller{ID: "x", Scopes: []decide.Scope{decide.ScopeDecide}}); comity.CodeOf(err) != comity.CodeForbidden {
		t.Errorf("reload: %v", err)
	}
	if a.Log.Head().Size != size {
		t.Error("something was recorded")
	}
	done, err := a.Reload(t.Context(), principal.Local())
	if err != nil || uint64(*done.Record.Index) != size {
		t.Errorf("reload: %+v, %v", done, err)
	}
}
