// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/principal"
)

func open(t *testing.T, c config.Config) *app.App {
	t.Helper()
	a, err := app.Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(context.Background()) })
	return a
}

func folders(t *testing.T) config.Config {
	dir := t.TempDir()
	return config.Config{Data: filepath.Join(dir, "data"), Anchor: filepath.Join(dir, "state")}
}

func transfer() comity.Request {
	return comity.Request{Facts: comity.Facts{
		"operation": "transfer", "date": "2021-03-01", "subject_location": "DE", "from_region": "DE", "to_region": "US",
		"data_categories": "contact", "controller_establishment": "DE", "transfer_mechanism": "privacy_shield",
	}, Subject: comity.Subject{ID: "anna"}}
}

// TestStartDecideRestart: what was recorded is there after a restart, under the same
// origin, and the second start adds nothing to the log by itself.
func TestStartDecideRestart(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	if err := a.Ready(); err != nil {
		t.Fatal(err)
	}
	dec, err := a.Door.Decide(t.Context(), principal.Local(), transfer())
	if err != nil {
		t.Fatal(err)
	}
	if dec.Effect != comity.Deny || dec.Record == nil || dec.Record.Index == nil || dec.Record.Log != "local" || !strings.HasPrefix(dec.Record.Checkpoint, a.Origin+"\n") {
		t.Fatalf("decision %+v, record %+v", dec.Effect, dec.Record)
	}
	size, origin := a.Log.Head().Size, a.Origin
	if _, err := app.Open(t.Context(), c, nil); !app.InUse(err) || !strings.Contains(err.Error(), "process") {
		t.Errorf("a second process: %v", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := open(t, c)
	if b.Origin != origin || b.Log.Head().Size != size {
		t.Errorf("origin %s, size %d after a restart, before %s, %d", b.Origin, b.Log.Head().Size, origin, size)
	}
	entry, err := b.Book.Show(t.Context(), uint64(*dec.Record.Index), -1)
	if err != nil {
		t.Fatal(err)
	}
	if entry.Leaf.Type != audit.TypeDecision || entry.Leaf.Effect != comity.Deny || !strings.Contains(string(entry.Payload), `"transfer_mechanism"`) {
		t.Errorf("entry %+v, payload %s", entry.Leaf, entry.Payload)
	}
	for _, secret := range []string{"anna", "privacy_shield"} {
		if strings.Contains(string(entry.Bytes), secret) {
			t.Errorf("the leaf tells %s: %s", secret, entry.Bytes)
		}
	}
	eng, err := b.Program(dec.Program)
	if err != nil {
		t.Fatal(err)
	}
	again, err := eng.Decide(transfer())
	if err != nil {
		t.Fatal(err)
	}
	again.ID, again.Record = dec.ID, dec.Record
	if diff := cmp.Diff(dec, again); diff != "" {
		t.Errorf("the stored program decides otherwise: %s", diff)
	}
	if _, err := app.LoadProgram(c.Data, dec.Program); err != nil {
		t.Error(err)
	}
}

// TestIdempotentAcrossRestart: the same key gets the same answer and record, also after a
// restart; another body is a conflict.
func TestIdempotentAcrossRestart(t *testing.T) {
	c := folders(t)
	a := open(t, c)
	req := transfer()
	req.IdempotencyKey = "k1"
	first, err := a.Door.Decide(t.Context(), principal.Local(), req)
	if err != nil {
		t.Fatal(err)
	}
	check := func(a *app.App) {
		t.Helper()
		size := a.Log.Head().Size
		second, err := a.Door.Decide(t.Context(), principal.Local(), req)
		if err != nil {
			t.Fatal(err)
		}
		second.Record.Checkpoint = first.Record.Checkpoint
		if diff := cmp.Diff(first, second); diff != "" {
			t.Error(diff)
		}
		other := req
		other.Facts = comity.Facts{"operation": "store", "date": "2021-03-01"}
		if _, err := a.Door.Decide(t.Context(), principal.Local(), other); comity.CodeOf(err) != comity.CodeConflict {
			t.Errorf("another body: %v", err)
		}
		if a.Log.Head().Size != size {
			t.Error("a repetition was recorded")
		}
	}
	check(a)
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(c.Data, "local", "index.db")); err != nil {
		t.Fatal(err)
	}
	check(open(t, c))
}
