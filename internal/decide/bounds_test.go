// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// TestOverload: explanations go first, then requests; what was accepted is recorded.
func TestOverload(t *testing.T) {
	d, s := newDoor(t, func(s *setup) { s.o.MaxInFlight, s.rec.wait = 4, make(chan struct{}) })
	req := denied()
	req.Explain = true
	answers := make(chan comity.Decision, 4)
	for i := range 4 {
		go func() {
			dec, err := d.Decide(context.Background(), everybody, req)
			if err != nil {
				t.Error(err)
			}
			answers <- dec
		}()
		for d.Stats().InFlight <= i {
			time.Sleep(time.Millisecond)
		}
	}
	if _, err := d.Decide(t.Context(), everybody, denied()); comity.CodeOf(err) != comity.CodeOverloaded {
		t.Errorf("over the limit: %v", err)
	}
	if _, err := d.Event(t.Context(), everybody, access()); comity.CodeOf(err) != comity.CodeOverloaded {
		t.Errorf("over the limit: %v", err)
	}
	close(s.rec.wait)
	explained := 0
	for range 4 {
		if dec := <-answers; len(dec.Explanation) > 0 {
			explained++
		}
	}
	if explained != 2 {
		t.Errorf("%d of 4 answers are explained, want the 2 below half of the limit", explained)
	}
	if st := d.Stats(); st.Shed != 2 || st.ShedExplained != 2 || len(s.rec.recorded(audit.TypeDecision)) != 4 || st.Decisions[comity.Deny] != 4 {
		t.Errorf("stats %+v", st)
	}
	for _, e := range s.rec.recorded(audit.TypeDecision) {
		o := member(e, "request", "options").(audit.Object)
		if len(o) != 2 {
			t.Errorf("options %v tell neither explain nor explain_shed", o)
		}
	}
}

// TestCloseAnswersWhatItAccepted: requests under way are answered, later ones refused.
func TestCloseAnswersWhatItAccepted(t *testing.T) {
	d, s := newDoor(t, func(s *setup) { s.rec.wait = make(chan struct{}) })
	answered := make(chan error, 1)
	go func() {
		_, err := d.Decide(context.Background(), everybody, denied())
		answered <- err
	}()
	for d.Stats().InFlight == 0 {
		time.Sleep(time.Millisecond)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := d.Close(short); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("closed while a request was under way: %v", err)
	}
	if _, err := d.Decide(t.Context(), everybody, denied()); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("accepted after Close: %v", err)
	}
	close(s.rec.wait)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestRecordLater: answers say so, the queue is bounded and drained in order.
func TestRecordLater(t *testing.T) {
	d, s := newDoor(t, func(s *setup) { s.o.Later, s.rec.wait = 3, make(chan struct{}) })
	var ids []string
	for len(ids) < 20 {
		dec, err := d.Decide(t.Context(), everybody, denied())
		if comity.CodeOf(err) == comity.CodeOverloaded {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if r := dec.Record; !r.Later || r.Index != nil || r.Checkpoint != "" || r.Log != "local" {
			t.Fatalf("record %+v", r)
		}
		ids = append(ids, dec.ID)
		time.Sleep(time.Millisecond) // lets the queue take the first one off
	}
	// One is being recorded, three wait.
	if st := d.Stats(); len(ids) != 4 || st.Later != 3 || st.LaterRefused != 1 {
		t.Fatalf("%d answers, stats %+v", len(ids), st)
	}
	close(s.rec.wait)
	if err := d.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, e := range s.rec.recorded(audit.TypeDecision) {
		if e.ID != ids[i] {
			t.Errorf("record %d is of %s, want %s", i, e.ID, ids[i])
		}
	}
	if n := len(s.rec.recorded(audit.TypeDecision)); n != 4 {
		t.Errorf("%d records", n)
	}
}

// TestRecordLaterFaults: what cannot be recorded is tried again, shows, and at the end is
// counted as lost.
func TestRecordLaterFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDoor(t, func(s *setup) { s.o.Later = 3 })
		var broken atomic.Bool
		broken.Store(true)
		s.rec.setFail(func(string) error {
			if broken.Load() {
				return errDisk
			}
			return nil
		})
		decideOnce := func() {
			if _, err := d.Decide(t.Context(), everybody, denied()); err != nil {
				t.Fatal(err)
			}
		}
		decideOnce()
		time.Sleep(time.Minute)
		if comity.CodeOf(d.Ready()) != comity.CodeUnavailable {
			t.Errorf("ready while nothing is recorded: %v", d.Ready())
		}
		broken.Store(false)
		time.Sleep(time.Minute)
		if err := d.Ready(); err != nil || len(s.rec.recorded(audit.TypeDecision)) != 1 {
			t.Errorf("not recorded after the fault: %v", err)
		}
		broken.Store(true)
		decideOnce()
		decideOnce()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := d.Close(ctx); err == nil || !contains(err.Error(), "not recorded: 2") {
			t.Errorf("closed: %v", err)
		}
	})
}

func contains(s, part string) bool {
	return len(s) >= len(part) && (s[:len(part)] == part || contains(s[1:], part))
}

// TestClock: while the clock jumps nothing is answered, and it says so.
func TestClock(t *testing.T) {
	for _, tt := range []struct {
		name string
		off  time.Duration
		stop bool
	}{
		{"as it was", 0, false},
		{"a little back", -3 * time.Second, false},
		{"a little forward", 3 * time.Second, false},
		{"back", -time.Minute, true},
		{"forward", time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, s := newDoor(t, nil)
				ask := func() error { _, err := d.Decide(t.Context(), everybody, denied()); return err }
				if err := ask(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(30 * time.Second)
				s.clock.set(tt.off)
				err := ask()
				if (err != nil) != tt.stop || err != nil && comity.CodeOf(err) != comity.CodeUnavailable || (d.Ready() != nil) != tt.stop {
					t.Fatalf("after the jump: %v, ready %v", err, d.Ready())
				}
				if tt.stop {
					s.clock.set(0)
					if err := ask(); err != nil {
						t.Errorf("the clock is right again: %v", err)
					}
					s.clock.set(tt.off)
					if err := d.AcceptClock(t.Context(), everybody); err != nil {
						t.Fatal(err)
					}
					if err := ask(); err != nil {
						t.Errorf("the clock was accepted: %v", err)
					}
					if n := len(s.rec.recorded(audit.TypeConfigChanged)); n != 1 {
						t.Errorf("%d events of the clock", n)
					}
				}
				times := s.rec.recorded(audit.TypeDecision)
				for i := 1; i < len(times) && !tt.stop; i++ {
					if times[i].Time.Before(times[i-1].Time) {
						t.Errorf("time went back from %v to %v", times[i-1].Time, times[i].Time)
					}
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		d, _ := newDoor(t, func(s *setup) { s.o.Since = time.Now().Add(time.Hour) })
		if comity.CodeOf(d.Ready()) != comity.CodeUnavailable {
			t.Errorf("the log's last entry lies in the future: %v", d.Ready())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d, s := newDoor(t, nil)
		for i := range 600 { // a clock that is slowly put right never stops the door
			time.Sleep(2 * time.Minute)
			s.clock.set(time.Duration(i) * 50 * time.Millisecond)
			if err := d.Ready(); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
	})
}

// TestLeases: reuse is counted, and the counts are recorded within a second.
func TestLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDoor(t, nil)
		ask := func() comity.Decision {
			t.Helper()
			dec, err := d.DecideLeased(t.Context(), everybody, denied())
			if err != nil {
				t.Fatal(err)
			}
			return dec
		}
		first := ask()
		for range 9 {
			if dec := ask(); dec.ID != first.ID {
				t.Fatalf("another answer: %s", dec.ID)
			}
		}
		if n := len(s.rec.recorded(audit.TypeDecision)); n != 1 {
			t.Fatalf("%d decisions", n)
		}
		time.Sleep(time.Second)
		used := s.rec.recorded(audit.TypeLeaseUsed)
		if len(used) != 1 || fmt.Sprint(member(used[0], "uses")) != "9" || member(used[0], "decision", "id") != first.ID || used[0].Subject.ID != "subject-1" {
			t.Fatalf("uses %+v", used)
		}
		time.Sleep(time.Minute)
		if n := len(s.rec.recorded(audit.TypeLeaseUsed)); n != 1 {
			t.Errorf("%d records of no uses", n)
		}
		// Other facts, another program, a source that changed: each ends it.
		d.SourceChanged()
		second := ask()
		if second.ID == first.ID {
			t.Error("reused after a source changed")
		}
		if _, err := d.Reload(t.Context(), everybody, packs(t), decide.Activation{}); err != nil {
			t.Fatal(err)
		}
		if third := ask(); third.ID == second.ID {
			t.Error("reused after a reload")
		}
		ask()
		if err := d.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(s.rec.recorded(audit.TypeLeaseUsed)); n != 2 {
			t.Errorf("%d records of uses after Close, want 2", n)
		}
		if st := d.Stats(); st.LeaseUses != 10 {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestLeaseEnds: an answer is not reused after its valid_until.
func TestLeaseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// In the bubble it is 2000-01-01; Safe Harbour begins on 2000-07-26.
		d, _ := newDoor(t, nil)
		req := denied()
		delete(req.Facts, "date")
		first, err := d.DecideLeased(t.Context(), everybody, req)
		if err != nil {
			t.Fatal(err)
		}
		if first.ValidUntil == nil {
			t.Fatal("the answer never ends: take other facts for this test")
		}
		time.Sleep(time.Until(*first.ValidUntil) - time.Second)
		if dec, err := d.DecideLeased(t.Context(), everybody, req); err != nil || dec.ID != first.ID {
			t.Errorf("not reused a second before its end: %v", err)
		}
		time.Sleep(time.Second)
		if dec, err := d.DecideLeased(t.Context(), everybody, req); err != nil || dec.ID == first.ID {
			t.Errorf("reused at its end: %v", err)
		}
	})
}

// TestLeaseWithoutRecord: while counts cannot be recorded, uses stop within a second and no
// lease is given; afterwards nothing is lost.
func TestLeaseWithoutRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDoor(t, nil)
		ask := func(req comity.Request) error { _, err := d.DecideLeased(t.Context(), everybody, req); return err }
		if err := ask(denied()); err != nil {
			t.Fatal(err)
		}
		s.rec.setFail(func(string) error { return errDisk })
		given := 0
		for range 100 {
			if ask(denied()) == nil {
				given++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if given == 0 || given > 11 {
			t.Errorf("%d uses in the ten seconds in which nothing was recorded", given)
		}
		other := denied()
		other.Facts["to_region"] = "JP"
		if err := ask(other); comity.CodeOf(err) != comity.CodeUnavailable {
			t.Errorf("a new lease: %v", err)
		}
		s.rec.setFail(nil)
		time.Sleep(time.Second)
		if err := ask(other); err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, e := range s.rec.recorded(audit.TypeLeaseUsed) {
			var n int
			if _, err := fmt.Sscan(fmt.Sprint(member(e, "uses")), &n); err != nil {
				t.Fatal(err)
			}
			total += n
		}
		if total != given {
			t.Errorf("%d uses are recorded, %d were given", total, given)
		}
	})
}

// TestLeaseBound: the number of leases is bounded; beyond it each answer is recorded.
func TestLeaseBound(t *testing.T) {
	d, s := newDoor(t, func(s *setup) { s.o.MaxLeases = 2 })
	for i := range 5 {
		for range 2 {
			req := denied()
			req.Subject.ID = fmt.Sprint(i)
			if _, err := d.DecideLeased(t.Context(), everybody, req); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(s.rec.recorded(audit.TypeDecision)); d.Stats().Leases != 2 || n != 8 {
		t.Errorf("%d leases, %d decisions", d.Stats().Leases, n)
	}
}

// BenchmarkDecide is the door without the log.
func BenchmarkDecide(b *testing.B) {
	d, s := newDoor(b, nil)
	s.rec.events = make([]audit.Event, 0, 1)
	drop := &dropper{recorder: s.rec}
	d2, err := decide.New(decide.Options{Engine: d.Engine(), Recorder: drop, Programs: s.keep, Clock: s.clock, Cell: "local", Log: "local"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d2.Close(context.Background()) })
	req := denied()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d2.Decide(b.Context(), everybody, req); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEngine is what the engine needs of it.
func BenchmarkEngine(b *testing.B) {
	var eng *engine.Engine = packs(b)
	req := denied()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := eng.Decide(req); err != nil {
			b.Fatal(err)
		}
	}
}

// dropper records nothing and says it did.
type dropper struct{ *recorder }

func (d *dropper) Append(context.Context, audit.Event) (comity.Record, error) {
	return comity.Record{Log: "local", Index: new(int64)}, nil
}
