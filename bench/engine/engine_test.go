// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"testing"
)

// Every engine answers every context of every set as the reference does. What takes OPA
// ten seconds and more to compile is checked here on one of the largest sets, and on the
// others by the benchmark, before it times them.
func TestEnginesAgree(t *testing.T) {
	for _, size := range Sizes() {
		t.Run(size.String(), func(t *testing.T) {
			s := Generate(size.Shape, size.Requirements)
			for _, m := range Makers() {
				if m.Heavy && size.Requirements > 1000 && (testing.Short() || size.Shape != Plain) {
					continue
				}
				e, err := m.Make(s)
				if err != nil {
					t.Fatal(err)
				}
				if err := Check(s, e, m.Checked(size)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
