// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// TestReadOnlyFolder: a folder that cannot be written is read, and says why it answers
// nothing.
func TestReadOnlyFolder(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	d, err := a.Door.Decide(t.Context(), principal.Local(), transfer())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Data = readOnly(t, c.Data)
	b, err := app.Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	b.AwaitIndex(t.Context(), 5*time.Second)
	page, err := b.Query(t.Context(), principal.Local(), audit.Query{Subject: comity.Subject{ID: "anna"}})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Index != uint64(*d.Record.Index) {
		t.Errorf("%+v, %v", page.Entries, err)
	}
	view := decide.View{Voice: decide.VoiceAuditor}
	e, err := b.Show(t.Context(), principal.Local(), uint64(*d.Record.Index), -1, view)
	if comity.CodeOf(err) != comity.CodeUnavailable || !strings.Contains(err.Error(), "cannot be written") || !strings.Contains(err.Error(), "--without-payload") || e.Payload != nil {
		t.Errorf("opened without a record: %+v, %v", e, err)
	}
	view.LeafOnly = true
	if e, err := b.Show(t.Context(), principal.Local(), uint64(*d.Record.Index), -1, view); err != nil || e.Payload != nil || e.Leaf.Effect != comity.Deny {
		t.Errorf("the leaf alone: %+v, %v", e, err)
	}
	_, asked := b.Door.Decide(t.Context(), principal.Local(), transfer())
	_, erased := b.Erase(t.Context(), principal.Local(), comity.Subject{ID: "anna"}, "why")
	for what, err := range map[string]error{"ready": b.Ready(), "decide": asked, "erase": erased} {
		if comity.CodeOf(err) != comity.CodeUnavailable || !strings.Contains(err.Error(), "cannot be written") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// readOnly makes a folder one that this process cannot write: by its mode, or for root by
// a mount.
func readOnly(t *testing.T, dir string) string {
	t.Helper()
	if os.Getuid() == 0 {
		at := t.TempDir()
		if err := syscall.Mount(dir, at, "", syscall.MS_BIND, ""); err != nil {
			t.Skipf("root writes everywhere, and may not mount here: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
		if err := syscall.Mount("", at, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Skipf("root writes everywhere, and may not mount here: %v", err)
		}
		return at
	}
	mode := func(files, folders os.FileMode) {
		_ = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			if info.IsDir() {
				return os.Chmod(path, folders)
			}
			return os.Chmod(path, files)
		})
	}
	mode(0o400, 0o500)
	t.Cleanup(func() { mode(0o600, 0o700) })
	return dir
}

// TestProgramMended: the sources of a program that were damaged are written anew while the
// program is known, since nobody could explain its decisions afterwards.
func TestProgramMended(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	hash := a.Door.Engine().Program().Hash()
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.Data, "programs", strings.TrimPrefix(hash, "sha256:")+".json")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, config.Config{Data: c.Data, Anchor: c.Anchor})
	if _, err := b.Door.Decide(t.Context(), principal.Local(), transfer()); err != nil {
		t.Fatal(err)
	}
	if _, err := app.LoadProgram(c.Data, hash); err != nil {
		t.Error(err)
	}
}
