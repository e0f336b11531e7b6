// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/decide"
)

// TestShadow: a candidate's other answers are counted and listed with what makes the
// difference, where they are recorded, and change nothing.
func TestShadow(t *testing.T) {
	none, err := engine.New(engine.Options{NoEmbedded: true})
	if err != nil {
		t.Fatal(err)
	}
	d, s := newDoor(t, nil)
	if _, ok := d.Shadow(); ok {
		t.Error("a shadow without a candidate")
	}
	d.SetCandidate(none, false)
	for range 3 {
		dec, err := d.Decide(t.Context(), everybody, denied())
		if err != nil || dec.Effect != comity.Deny || dec.Program != packs(t).Program().Hash() {
			t.Fatalf("%+v, %v", dec.Effect, err)
		}
	}
	list, err := d.DecideBatch(t.Context(), everybody, []comity.Request{denied(), {Facts: comity.Facts{"operation": "no such"}}, denied()})
	if err != nil || list[1].Err == nil {
		t.Fatal(err)
	}
	d.SetCandidate(none, false) // the same: it goes on counting
	sh := compared(t, d, 5)
	if sh.Different() != 5 || sh.Kinds[decide.KindEffect] != 5 || sh.Skipped != 0 || len(sh.Latest) != 5 || sh.Program != none.Program().Hash() {
		t.Fatalf("shadow %+v", sh)
	}
	if !slices.Equal(sh.Flips, []decide.Flip{{Effect: comity.Deny, Candidate: comity.Allow, Count: 5}}) {
		t.Errorf("flips %+v", sh.Flips)
	}
	l := sh.Latest[0]
	if l.ID != s.rec.events[0].ID || l.Index == nil || *l.Index != 0 || l.Sub != nil || l.Effect != comity.Deny || l.Candidate != comity.Allow || l.Operation != "transfer" {
		t.Errorf("difference %+v", l)
	}
	if !slices.Contains(l.Requirements, decide.Role{ID: "EU-GDPR-44", Before: "violated"}) {
		t.Errorf("requirements %+v", l.Requirements)
	}
	if l = sh.Latest[4]; *l.Index != 3 || *l.Sub != 1 {
		t.Errorf("of a batch: %+v", l)
	}
	if text, err := json.Marshal(sh); err != nil || bytes.Contains(text, []byte("subject-1")) {
		t.Errorf("it names somebody: %s, %v", text, err)
	}
	if st := d.Stats(); st.Candidate[decide.KindEffect] != 5 {
		t.Errorf("stats %+v", st.Candidate)
	}
	d.SetCandidate(packs(t), false)
	if _, err := d.Decide(t.Context(), everybody, denied()); err != nil {
		t.Fatal(err)
	}
	if sh := compared(t, d, 1); sh.Different() != 0 || len(sh.Latest) != 0 {
		t.Errorf("the same packs differ: %+v", sh)
	}
	d.SetCandidate(nil, false)
	if _, ok := d.Shadow(); ok {
		t.Error("a shadow that was taken away")
	}
}

// compared waits until a candidate has decided n times.
func compared(t *testing.T, d *decide.Door, n uint64) decide.Shadow {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if sh, ok := d.Shadow(); ok && sh.Decided() >= n || time.Now().After(end) {
			if sh.Decided() != n {
				t.Fatalf("%d decisions were compared, want %d", sh.Decided(), n)
			}
			return sh
		}
	}
}

// TestShadowBehind: what a candidate cannot keep up with is skipped and counted, and answers
// do not wait; it is bounded by memory.
func TestShadowBehind(t *testing.T) {
	d, _ := newDoor(t, func(s *setup) { s.o.Recorder = &dropper{s.rec} })
	d.SetCandidate(packs(t), false)
	req := denied()
	req.Facts["principal_type"] = strings.Repeat("x", 1<<20)
	const n = 200
	for range n {
		if _, err := d.Decide(t.Context(), everybody, req); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		sh, _ := d.Shadow()
		if sh.Decided()+sh.Skipped == n {
			if sh.Different() != 0 {
				t.Errorf("%+v", sh.Kinds)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d compared, %d skipped of %d", sh.Decided(), sh.Skipped, n)
		}
	}
}
