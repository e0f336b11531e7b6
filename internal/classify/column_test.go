// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"os"
	"strings"
	"testing"
)

// Names in many languages, as schemas write them: with and without marks, in cases of all
// sorts, written together, with whose it is before or behind.
func TestColumnLanguages(t *testing.T) {
	file, err := os.ReadFile("testdata/columns_world.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := classifier(t)
	seen := map[string]int{}
	for line := range strings.Lines(string(file)) {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] == "#" {
			continue
		}
		seen[f[0]]++
		table := strings.TrimPrefix(f[1], "_")
		if got := c.Column(Column{Table: table, Column: f[2]}); got.Category != f[3] {
			t.Errorf("%s: %s.%s is %s (%s), want %s", f[0], f[1], f[2], got.Category, got.Why, f[3])
		}
	}
	if len(seen) < 23 {
		t.Errorf("%d languages, want 23: %v", len(seen), seen)
	}
}
