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
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/principal"
)

// TestAttributes: what the file says completes a question, with its origin in the record,
// and another content of the file is another configuration.
func TestAttributes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() config.Config {
		c, err := config.Read(filepath.Join(dir, "comity.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	write("comity.yaml", "data: data\nanchor: state\nattributes: people.json\n")
	write("people.json", `{"format":"comity-principals/v1","facts":{"controller_establishment":["DE"]},"principals":{}}`)
	c := read()
	a := open(t, c)
	req := transfer()
	delete(req.Facts, "controller_establishment")
	dec, err := a.Door.Decide(t.Context(), principal.Local(), req)
	if err != nil || dec.Effect != comity.Deny {
		t.Fatalf("%v %+v", err, dec)
	}
	entry, err := a.Book.Show(t.Context(), uint64(*dec.Record.Index), -1)
	if err != nil || !strings.Contains(string(entry.Payload), `"controller_establishment":{"origin":"principals"`) {
		t.Errorf("%v: payload %s", err, entry.Payload)
	}
	write("people.json", `{"format":"comity-principals/v1","facts":{},"principals":{}}`)
	if read().Hash() == c.Hash() {
		t.Error("the hash does not cover the file")
	}
	write("people.json", `{}`)
	other := read()
	other.Data = filepath.Join(dir, "other")
	if _, err := app.Open(t.Context(), other, nil); comity.CodeOf(err) != comity.CodeInvalid {
		t.Errorf("a malformed file: %v", err)
	}
	if _, err := os.Stat(other.Data); err == nil {
		t.Error("a data folder was made")
	}
	if err := os.Remove(filepath.Join(dir, "people.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Read(filepath.Join(dir, "comity.yaml")); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("no file: %v", err)
	}
}
