// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/comity-project/comity/proof"
)

// TestLeaves: every leaf comes in order, and none that is not of the signed tree.
func TestLeaves(t *testing.T) {
	const size = 600
	key := newSigner(t, 1, origin)
	log := writeLog(t, key, origin, events(size))
	c, err := proof.ReadCheckpoint(t.Context(), log, key.vkey)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range [][2]uint64{{0, size}, {0, 1}, {255, 257}, {300, 300}, {511, size}} {
		next := r[0]
		err := proof.Leaves(t.Context(), log, c, r[0], r[1], func(i uint64, leaf []byte) error {
			if want, err := proof.Leaf(t.Context(), log, c, i); i != next || err != nil || string(want) != string(leaf) {
				t.Fatalf("entry %d for %d: %s, %v", i, next, leaf, err)
			}
			next++
			return nil
		})
		if err != nil || next != r[1] {
			t.Errorf("%v: ended at %d: %v", r, next, err)
		}
	}
	none := func(uint64, []byte) error { return nil }
	if err := proof.Leaves(t.Context(), log, c, 0, size+1, none); err == nil {
		t.Error("beyond the end")
	}
	stop := errors.New("enough")
	if err := proof.Leaves(t.Context(), log, c, 0, size, func(uint64, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("stopped with %v", err)
	}
	forged := log.clone()
	forged["tile/entries/001"][5] ^= 1
	if err := proof.Leaves(t.Context(), forged, c, 0, size, none); err == nil || !strings.Contains(err.Error(), "entry 256") {
		t.Errorf("a forged leaf: %v", err)
	}
}
