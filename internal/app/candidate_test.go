// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// shopPack is a pack that forbids what a condition says.
const shopPack = `format: comity/v1
id: shop
name: Rules of the shop
version: %s
order: INT
weight: company
zone: Etc/UTC
reviewed: 2026-11-21
next_review: 2027-11-20
summary: Who may store.
sources: ["A test"]
instruments:
- {cite: Shop Rules, examples: [Shop Rules 1]}
reach:
  when: "operation in [store, collect]"
  cite: [Shop Rules 1]
requirements:
- id: SHOP-1
  kind: forbid
  absolute: true
  title: A rule
  text: {en: Something is forbidden.}
  cite: [Shop Rules 1]
  when: operation == %s
`

// shop writes a pack that forbids one operation.
func shop(t *testing.T, dir, version, forbids string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "shop"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "shop", "pack.yaml"), fmt.Sprintf(shopPack, version, forbids))
}

// proposing is a configuration whose base forbids to collect, and whose candidate to store.
func proposing(t *testing.T) (c config.Config, dir string) {
	t.Helper()
	c = folders(t)
	dir = t.TempDir()
	shop(t, filepath.Join(dir, "base"), "1.0.0", "collect")
	shop(t, filepath.Join(dir, "new"), "2.0.0", "store")
	c.Packs = config.Packs{Only: true, Dirs: []string{filepath.Join(dir, "base")}, Candidate: filepath.Join(dir, "new")}
	return c, dir
}

func storing(t *testing.T, a *app.App) comity.Effect {
	t.Helper()
	d, err := a.Door.Decide(t.Context(), principal.Local(), comity.Request{Facts: comity.Facts{"operation": "store"}, Missing: comity.MissingIgnore})
	if err != nil {
		t.Fatal(err)
	}
	return d.Effect
}

func program(t *testing.T, a *app.App, by decide.Caller) string {
	t.Helper()
	c, err := a.Candidate(by)
	if err != nil || c.Shadow == nil {
		t.Fatalf("no candidate: %+v, %v", c, err)
	}
	return c.Shadow.Program
}

var anna = decide.Caller{ID: "anna", Scopes: []decide.Scope{decide.ScopeAdminister}}

// TestActivation: what was activated is in force from its entry on and after restarts, also
// if its folder changes or the file of what decides is lost; without the folder in the
// configuration it is not, and with it again it is.
func TestActivation(t *testing.T) {
	c, dir := proposing(t)
	a := open(t, c)
	if e := storing(t, a); e != comity.Allow {
		t.Fatalf("the candidate decides: %s", e)
	}
	size := a.Log.Head().Size
	if _, err := a.Activate(t.Context(), principal.Local(), program(t, a, anna)); comity.CodeOf(err) != comity.CodeForbidden {
		t.Errorf("who started it activates it: %v", err)
	}
	if _, err := a.Activate(t.Context(), anna, "sha256:0"); comity.CodeOf(err) != comity.CodeConflict || a.Log.Head().Size != size {
		t.Errorf("another program: %v", err)
	}
	wanted := program(t, a, anna)
	rec, err := a.Activate(t.Context(), anna, wanted)
	if err != nil || uint64(*rec.Index) != size || storing(t, a) != comity.Deny || a.Door.Engine().Program().Hash() != wanted {
		t.Fatalf("%+v, %v", rec, err)
	}
	if _, err := a.Activate(t.Context(), anna, wanted); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("twice: %v", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := func(what string, c config.Config, want comity.Effect, entries uint64) {
		t.Helper()
		b := open(t, c)
		before := b.Log.Head().Size
		if e := storing(t, b); e != want {
			t.Errorf("%s: %s, want %s", what, e, want)
		}
		if before != size+entries {
			t.Errorf("%s: %d entries more, want %d", what, before-size, entries)
		}
		size = b.Log.Head().Size
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	size += 2
	again("a restart", c, comity.Deny, 0)
	remove(t, filepath.Join(c.Data, "local", "deciding.json"))
	again("without the file", c, comity.Deny, 0)
	shop(t, filepath.Join(dir, "new"), "3.0.0", "collect")
	again("with another candidate", c, comity.Deny, 1) // its proposal
	write(t, filepath.Join(dir, "new", "shop", "broken.yaml"), "x: [")
	again("with a broken candidate", c, comity.Deny, 0)
	if err := os.RemoveAll(filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	again("without the candidate's folder", c, comity.Deny, 0)
	shop(t, filepath.Join(dir, "new"), "3.0.0", "collect")
	bare := c
	bare.Packs.Candidate = ""
	again("without a candidate", bare, comity.Allow, 1)
	again("with it again", c, comity.Deny, 1)
	if err := os.RemoveAll(filepath.Join(c.Data, "packs")); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Open(t.Context(), c, nil); comity.CodeOf(err) != comity.CodeConflict {
		t.Errorf("what was activated is lost: %v", err)
	}
	shop(t, filepath.Join(dir, "new"), "2.0.0", "store")
	again("but put back as the candidate", c, comity.Deny, 0)
}

// TestBrokenCandidate: a candidate that cannot be read is told before anything is written,
// and by a reload, which changes nothing.
func TestBrokenCandidate(t *testing.T) {
	c, dir := proposing(t)
	broken := filepath.Join(dir, "new", "shop", "broken.yaml")
	write(t, broken, "x: [")
	if _, err := app.Open(t.Context(), c, nil); comity.CodeOf(err) != comity.CodePack {
		t.Errorf("the first start: %v", err)
	}
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("a data folder is left behind")
	}
	remove(t, broken)
	a := open(t, c)
	if _, err := a.Activate(t.Context(), anna, program(t, a, anna)); err != nil {
		t.Fatal(err)
	}
	write(t, broken, "x: [")
	size := a.Log.Head().Size
	if _, err := a.Reload(t.Context(), anna); comity.CodeOf(err) != comity.CodePack || a.Log.Head().Size != size || storing(t, a) != comity.Deny {
		t.Errorf("a reload: %v", err)
	}
}

// TestActivationFails: what cannot be recorded does not happen.
func TestActivationFails(t *testing.T) {
	c, _ := proposing(t)
	a := open(t, c)
	wanted := program(t, a, anna)
	file := filepath.Join(c.Data, "local", "deciding.json")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.Data, "packs"), "in the way")
	if _, err := a.Activate(t.Context(), anna, wanted); err == nil {
		t.Error("activated without keeping the files")
	}
	remove(t, filepath.Join(c.Data, "packs"))
	if err := a.Log.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Activate(t.Context(), anna, wanted); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("activated without a record: %v", err)
	}
	if got := a.Door.Engine().Program().Hash(); got == wanted || program(t, a, anna) != wanted {
		t.Error("it took effect all the same")
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("%s, %v", after, err)
	}
	_ = a.Close(context.Background())
}

// TestReloadProposes: whoever reloads a server into a candidate proposes it, for ever; the
// configuration is read anew, and what it cannot apply is named and recorded.
func TestReloadProposes(t *testing.T) {
	c, dir := proposing(t)
	file := filepath.Join(dir, "comity.yaml")
	head := "data: " + c.Data + "\nanchor: " + c.Anchor + "\n"
	write(t, file, head+"packs: {only: true, dirs: [base]}\n")
	read, err := config.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	a := open(t, read)
	write(t, file, head+"packs: {only: true, dirs: [base], candidate: new}\nlimits: {batch: 7}\n")
	done, err := a.Reload(t.Context(), anna)
	if err != nil || fmt.Sprint(done.Applied, done.Restart) != "[packs.candidate] [limits.batch]" || done.Candidate != program(t, a, anna) {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := last(t, a, 3); got != audit.TypeConfigChanged+" "+audit.TypePacksChanged+" "+audit.TypePacksProposed {
		t.Errorf("entries %s", got)
	}
	if _, err := a.Activate(t.Context(), anna, done.Candidate); comity.CodeOf(err) != comity.CodeForbidden {
		t.Errorf("who proposed it: %v", err)
	}
	size := a.Log.Head().Size
	if done, err = a.Reload(t.Context(), principal.Local()); err != nil || len(done.Applied) > 0 || len(done.Restart) != 1 || a.Log.Head().Size != size+1 {
		t.Errorf("again: %+v, %v", done, err)
	}
	write(t, file, head+"packs: {only: true, dirs: [nowhere]}\n")
	if _, err := a.Reload(t.Context(), anna); err == nil || a.Log.Head().Size != size+1 || storing(t, a) != comity.Allow {
		t.Errorf("a folder that is not there: %v", err)
	}
	write(t, file, head+"packs: {only: true, dirs: [base], candidate: new}\nlimits: {batch: 7}\n")
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if read, err = config.Read(file); err != nil {
		t.Fatal(err)
	}
	b := open(t, read)
	if got := last(t, b, 1); got != audit.TypeConfigChanged {
		t.Errorf("the start that applies it records %s", got)
	}
	if state, err := b.Candidate(anna); err != nil || state.ProposedBy != "anna" {
		t.Errorf("%+v, %v", state, err)
	}
	if _, err := b.Activate(t.Context(), anna, program(t, b, anna)); comity.CodeOf(err) != comity.CodeForbidden {
		t.Errorf("who proposed it, after a restart: %v", err)
	}
	bound := anna
	bound.ID, bound.Tenant = "bert", "acme"
	if _, err := b.Activate(t.Context(), bound, program(t, b, anna)); comity.CodeOf(err) != comity.CodeForbidden {
		t.Errorf("somebody of a tenant: %v", err)
	}
	if _, err := b.Activate(t.Context(), principal.Local(), program(t, b, anna)); err != nil || storing(t, b) != comity.Deny {
		t.Errorf("a second person: %v", err)
	}
}

// last are the types of the last entries.
func last(t *testing.T, a *app.App, n uint64) (out string) {
	t.Helper()
	size := a.Log.Head().Size
	for i := size - n; i < size; i++ {
		e, err := a.Book.Show(t.Context(), i, -1)
		if err != nil {
			t.Fatal(err)
		}
		if out != "" {
			out += " "
		}
		out += e.Leaf.Type
	}
	return out
}
