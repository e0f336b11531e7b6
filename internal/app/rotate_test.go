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
	"github.com/comity-project/comity/internal/principal"
	"github.com/comity-project/comity/proof"
)

// verifies tells which of the keys alone verify the published checkpoint.
func verifies(t *testing.T, c config.Config, keys ...string) (out []bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.Data, "local", "log", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		_, err := proof.OpenCheckpoint(text, k)
		out = append(out, err == nil)
	}
	return out
}

// types are the types of the last entries of a log.
func types(t *testing.T, a *app.App, n int) (out []string) {
	t.Helper()
	size := a.Log.Head().Size
	for i := size - uint64(n); i < size; i++ {
		text, err := a.Log.Leaf(i)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := audit.ParseLeaf(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, leaf.Type)
	}
	return out
}

// TestRotate: a key has a successor, both sign, then only the successor; each step is an
// entry, and the log goes on under its origin.
func TestRotate(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	first := a.VerifierKey()
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Retire(t.Context(), c, nil); comity.CodeOf(err) != comity.CodeConflict {
		t.Errorf("the only key was retired: %v", err)
	}
	r, err := app.Rotate(t.Context(), c, nil)
	if err != nil || len(r.Keys) != 2 || r.Keys[1] != first || r.Waiting != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	second := r.Keys[0]
	if got := verifies(t, c, first, second); !got[0] || !got[1] {
		t.Errorf("during the overlap the old key verifies %v, the new one %v", got[0], got[1])
	}
	if _, err := app.Rotate(t.Context(), c, nil); comity.CodeOf(err) != comity.CodeConflict {
		t.Errorf("a third key: %v", err)
	}
	if _, err := app.Retire(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	if got := verifies(t, c, first, second); got[0] || !got[1] {
		t.Errorf("after it the old key verifies %v, the new one %v", got[0], got[1])
	}
	b := open(t, c)
	if b.Origin != a.Origin || b.VerifierKey() != second || b.Ready() != nil {
		t.Errorf("origin %s, key %s, %v", b.Origin, b.VerifierKey(), b.Ready())
	}
	if got := types(t, b, 2); got[0] != audit.TypeKeyRotated || got[1] != audit.TypeKeyRetired {
		t.Errorf("the last entries are %v", got)
	}
	public, err := os.ReadFile(b.Paths.PublicKey)
	if err != nil || string(public) != second+"\n" {
		t.Errorf("log.pub is %q, %v", public, err)
	}
	former, err := os.ReadFile(filepath.Join(filepath.Dir(b.Paths.PublicKey), "log.former.pub"))
	if err != nil || string(former) != first+"\n" {
		t.Errorf("log.former.pub is %q, %v", former, err)
	}
}

// TestRotateWhileOpen: a process that has the folder open takes the key over when it is
// told to, and goes on deciding.
func TestRotateWhileOpen(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	first := a.VerifierKey()
	r, err := app.Rotate(t.Context(), c, nil)
	if err != nil || r.Waiting == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	ask := func() string {
		t.Helper()
		d, err := a.Door.Decide(t.Context(), principal.Local(), transfer())
		if err != nil {
			t.Fatal(err)
		}
		return d.Record.Checkpoint
	}
	if n := strings.Count(ask(), "\n— "); n != 1 {
		t.Errorf("%d signatures before the reload", n)
	}
	if _, err := a.Reload(t.Context(), principal.Local()); err != nil {
		t.Fatal(err)
	}
	text := ask()
	for _, k := range []string{first, r.Keys[0]} {
		if _, err := proof.OpenCheckpoint([]byte(text), k); err != nil {
			t.Errorf("%s does not verify the answer's checkpoint: %v", k, err)
		}
	}
	if a.VerifierKey() != r.Keys[0] {
		t.Errorf("the current key is %s", a.VerifierKey())
	}
	if _, err := app.Rotate(t.Context(), config.Config{Data: t.TempDir()}, nil); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("a folder that is none: %v", err)
	}
}
