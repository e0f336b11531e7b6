// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/audit/audittest"
)

func TestConformance(t *testing.T) {
	audittest.Index(t, func(t *testing.T) func() audit.Index {
		path := filepath.Join(t.TempDir(), "index.db")
		return func() audit.Index {
			x, err := Open(t.Context(), path, nil)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
	})
}
