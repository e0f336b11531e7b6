// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/packs"
)

// TestRestore: sources that went through their stored form give the same program and the
// same answers; changed ones are refused.
func TestRestore(t *testing.T) {
	extra := fstest.MapFS{"vocabulary.yaml": {Data: []byte("format: comity/v1\nfacts:\n  shelf: {type: string, role: act, text: \"Where it lies.\"}\n")}}
	dpf, err := fs.Sub(packs.FS, "eu_us_dpf")
	if err != nil {
		t.Fatal(err)
	}
	eng, err := engine.New(engine.Options{Folders: []engine.Folder{{Name: "extra", FS: extra}, {Name: "again", FS: dpf}}})
	if err != nil {
		t.Fatal(err)
	}
	req := comity.Request{Explain: true, Facts: comity.Facts{
		"operation": "transfer", "date": "2021-03-01", "subject_location": "DE", "from_region": "DE", "to_region": "US",
		"data_categories": "contact", "controller_establishment": "DE", "transfer_mechanism": "privacy_shield", "shelf": "b",
	}}
	for _, known := range []time.Time{{}, time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)} {
		req.KnownAt = known
		want, err := eng.Decide(req)
		if err != nil {
			t.Fatal(err)
		}
		src, ok := eng.Sources(want.Program)
		if !ok {
			t.Fatalf("no sources of %s", want.Program)
		}
		text, err := json.Marshal(src)
		if err != nil {
			t.Fatal(err)
		}
		var back engine.Sources
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		restored, err := engine.Restore(back)
		if err != nil {
			t.Fatal(err)
		}
		got, err := restored.Decide(req)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("known at %v: %s", known, diff)
		}
		back.Files[1].Data += "# more\n"
		if _, err := engine.Restore(back); comity.CodeOf(err) != comity.CodeConflict {
			t.Errorf("changed sources: %v", err)
		}
	}
	if _, ok := eng.Sources("sha256:00"); ok {
		t.Error("sources of a program that never was")
	}
}
