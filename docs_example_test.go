// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/scenario"
)

// example is the folder that docs/pack-format.md shows whole.
const example = "docs/example/"

// TestWorkedExample builds the pack that the blocks of docs/pack-format.md show: they are
// the files of the folder, the pack has no fault, and its cases are right and use all of it.
func TestWorkedExample(t *testing.T) {
	files := fstest.MapFS{}
	for _, b := range readBlocks(t, "docs/pack-format.md") {
		if b.lang != "yaml" || len(b.info) == 0 {
			continue
		}
		name := b.info[0]
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatalf("%s: %v", b.at(), err)
		}
		if string(data) != b.text {
			t.Errorf("%s: the block differs from %s", b.at(), name)
		}
		_, schema, ok := strings.Cut(strings.SplitN(b.text, "\n", 2)[0], "# yaml-language-server: $schema=")
		if _, err := os.Stat(filepath.Join(filepath.Dir(name), schema)); !ok || err != nil {
			t.Errorf("%s: the first line leads an editor to no schema: %v", b.at(), err)
		}
		files[strings.TrimPrefix(name, example)] = &fstest.MapFile{Data: []byte(b.text)}
	}
	onDisk := 0
	for _, pattern := range []string{"*.yaml", "*/*.yaml", "*/cases/*.yaml"} {
		list, err := filepath.Glob(example + pattern)
		if err != nil {
			t.Fatal(err)
		}
		onDisk += len(list)
	}
	if onDisk != len(files) {
		t.Errorf("%d files in %s, %d in the document", onDisk, example, len(files))
	}

	eng, err := engine.New(engine.Options{Folders: []engine.Folder{{Name: example, FS: files}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range eng.Findings() {
		t.Error(f)
	}
	var outcomes []scenario.Outcome
	for name, file := range files {
		if !strings.Contains(name, "/cases/") {
			continue
		}
		cases, err := scenario.Read(name, file.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			o := scenario.Run(eng, c)
			outcomes = append(outcomes, o)
			for _, f := range o.Faults {
				t.Errorf("%s:%d: %s: %s", c.File, c.Line, c.Name, f)
			}
		}
	}
	if len(outcomes) == 0 {
		t.Error("the example has no cases")
	}
	for _, u := range scenario.Cover(eng.Program().Model(), []string{"in_rbi_psd"}, outcomes).Uncovered {
		t.Error(u)
	}
}
