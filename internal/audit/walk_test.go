// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// TestWalk: walking gives what Show gives, entry by entry and part by part, over sealed
// bundles and the tail, in ranges that begin anywhere, with the content of the erased gone.
func TestWalk(t *testing.T) {
	c := newCell(t)
	for n := range 300 {
		if n%50 == 7 {
			_, err := c.book.AppendBatch(t.Context(), []audit.Event{decision(n), decision(n + 1), decision(n + 2)})
			must(t, err)
			continue
		}
		c.append(decision(n))
	}
	_, err := c.book.Erase(t.Context(), comity.Subject{ID: "Erika-Mustermann-4", Home: "DE"}, audit.Erasure{By: "officer", Reason: "asked for it"})
	must(t, err)
	size := c.log.Head().Size
	decisions := func(l *audit.Leaf) bool { return l.Type == audit.TypeDecision }
	walked, erased := 0, 0
	var last audit.Place
	for _, span := range [][2]uint64{{0, 100}, {100, 257}, {257, size + 5}} {
		must(t, c.book.Walk(t.Context(), span[0], span[1], decisions, func(e *audit.Entry) error {
			if walked > 0 && last.Compare(e.Place) >= 0 {
				t.Errorf("%v after %v", e.Place, last)
			}
			last = e.Place
			walked++
			want, err := c.book.Show(t.Context(), e.Index, e.Sub)
			must(t, err)
			if e.Missing != want.Missing || !bytes.Equal(e.Payload, want.Payload) || !bytes.Equal(e.Bytes, want.Bytes) {
				t.Errorf("%v: got %q %s, want %q %s", e.Place, e.Missing, e.Payload, want.Missing, want.Payload)
			}
			if e.Missing == audit.MissingErased {
				erased++
			}
			return nil
		}))
	}
	if walked != 300+2*6 || erased < 25 {
		t.Errorf("%d decisions, %d of them erased", walked, erased)
	}
	stop := errors.New("stop")
	if err := c.book.Walk(t.Context(), 0, size, decisions, func(*audit.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}
