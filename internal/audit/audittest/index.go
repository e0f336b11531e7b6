// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audittest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// epoch is where the rows of the suite begin.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Index runs the suite for audit.Index. open opens the same index again each time it is
// called in one test, after the one before was closed.
func Index(t *testing.T, open func(t *testing.T) func() audit.Index) {
	for name, test := range map[string]func(*testing.T, func() audit.Index){
		"finds what a plain search finds":    indexAgrees,
		"pages do not overlap":               indexPages,
		"keeps what it has":                  indexReopen,
		"starts over":                        indexReset,
		"finds idempotency keys for a day":   indexIdem,
		"answers while it is written":        indexConcurrent,
		"an empty index":                     indexEmpty,
		"fails when the context has ended":   indexCanceled,
		"a failed step leaves no trace":      indexAtomic,
		"rows of the erased stay unlinkable": indexSubject,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// randomRows draws n rows of few values each, with batches in between, and returns how
// many entries they cover.
func randomRows(r *rand.Rand, first uint64, n int) ([]audit.Row, uint64) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	rows := make([]audit.Row, 0, n)
	index, sub := first, -1
	for i := range n {
		row := audit.Row{
			Place: audit.Place{Index: index, Sub: sub}, Time: epoch.Add(time.Duration(int(index)*50+r.IntN(2000)) * time.Millisecond),
			Type: pick("decision", "data_access", "ai_inference"), Action: pick("transfer", "store", ""),
			Effect: comity.Effect(pick("allow", "deny", "")), Outcome: pick(audit.Success, audit.Failure),
			Region: pick("DE", "FR", "US"), Tenant: pick("acme", "globex", ""), Program: pick("sha256:1", "sha256:2"),
			Subject: mark("s", r.IntN(40)), Principal: mark("p", r.IntN(7)), Resource: mark("r", r.IntN(60)),
		}
		for range r.IntN(4) {
			row.Requirements = append(row.Requirements, fmt.Sprintf("EU-GDPR-%d", r.IntN(12)))
			row.Jurisdictions = append(row.Jurisdictions, pick("EU", "US", "UK"))
		}
		if r.IntN(5) == 0 {
			row.Regions = []string{pick("FR", "JP"), "DE"}
		}
		rows = append(rows, row)
		switch {
		case sub < 0 && r.IntN(20) == 0:
			index, sub = index+1, 0
		case sub >= 0 && r.IntN(3) > 0 && i+1 < n:
			sub++
		default:
			index, sub = index+1, -1
		}
	}
	return rows, rows[len(rows)-1].Index + 1
}

func mark(kind string, n int) (p audit.Pseudonym) {
	copy(p[:], fmt.Sprintf("%s-%013d!", kind, n))
	return p
}

func randomFilter(r *rand.Rand, span time.Duration) audit.Filter {
	f := audit.Filter{Limit: 1 + r.IntN(200), Newest: r.IntN(2) == 0}
	some := func() bool { return r.IntN(4) == 0 }
	if some() {
		f.Types = []string{"decision", "data_access"}
	}
	if some() {
		f.Actions = []string{"store"}
	}
	if some() {
		f.Effects = []string{"deny"}
	}
	if some() {
		f.Outcomes = []string{audit.Failure}
	}
	if some() {
		f.Regions = []string{"DE", "nowhere"}
	}
	if some() {
		f.Jurisdictions = []string{"EU"}
	}
	if some() {
		f.Requirements = []string{fmt.Sprintf("EU-GDPR-%d", r.IntN(14)), "EU-GDPR-3"}
	}
	if some() {
		f.Tenants = []string{"acme"}
	}
	if some() {
		f.Programs = []string{"sha256:2"}
	}
	if some() {
		f.Subjects = []audit.Pseudonym{mark("s", r.IntN(45))}
	}
	if some() {
		f.Principals = []audit.Pseudonym{mark("p", r.IntN(7))}
	}
	if some() {
		f.Resources = []audit.Pseudonym{mark("r", r.IntN(60)), mark("r", 5)}
	}
	if some() {
		f.From = epoch.Add(time.Duration(r.Int64N(int64(span))))
	}
	if some() {
		f.To = epoch.Add(time.Duration(r.Int64N(int64(span))))
	}
	return f
}

// plain is what an index must find.
func plain(rows []audit.Row, f audit.Filter) (out []audit.Place) {
	has := func(wanted []string, values ...string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(wanted, v) })
	}
	is := func(wanted []audit.Pseudonym, p audit.Pseudonym) bool {
		return len(wanted) == 0 || slices.Contains(wanted, p)
	}
	for _, r := range rows {
		if has(f.Types, r.Type) && has(f.Actions, r.Action) && has(f.Effects, string(r.Effect)) && has(f.Outcomes, r.Outcome) &&
			has(f.Regions, append([]string{r.Region}, r.Regions...)...) && has(f.Tenants, r.Tenant) && has(f.Programs, r.Program) && has(f.Requirements, r.Requirements...) &&
			has(f.Jurisdictions, r.Jurisdictions...) && is(f.Subjects, r.Subject) && is(f.Principals, r.Principal) && is(f.Resources, r.Resource) &&
			(f.From.IsZero() || !r.Time.Before(f.From)) && (f.To.IsZero() || r.Time.Before(f.To)) {
			out = append(out, r.Place)
		}
	}
	if f.Newest {
		slices.Reverse(out)
	}
	if f.After != nil {
		out = slices.DeleteFunc(out, func(p audit.Place) bool {
			c := p.Compare(*f.After)
			return c == 0 || (c < 0) != f.Newest
		})
	}
	return out[:min(len(out), f.Limit)]
}

// fill adds rows in steps of uneven size, and returns all of them.
func fill(t *testing.T, x audit.Index, r *rand.Rand, steps ...int) (all []audit.Row, size uint64) {
	t.Helper()
	for _, n := range steps {
		rows, next := randomRows(r, size, n)
		must(t, x.Add(t.Context(), rows, size, next))
		all, size = append(all, rows...), next
	}
	return all, size
}

func indexAgrees(t *testing.T, open func() audit.Index) {
	r := rand.New(rand.NewPCG(1, 2))
	x := open()
	all, size := fill(t, x, r, 1, 1, 2, 3, 5000, 40, 70000, 1, 9000, 1, 200)
	span := time.Duration(size) * 50 * time.Millisecond
	for range 150 {
		f := randomFilter(r, span)
		if r.IntN(2) == 0 {
			f.After = &all[r.IntN(len(all))].Place
		}
		got, covered, err := x.Query(t.Context(), f)
		must(t, err)
		if want := plain(all, f); !slices.Equal(got, want) {
			t.Fatalf("filter %+v:\ngot  %d %v\nwant %d %v", f, len(got), got, len(want), want)
		}
		if covered != size {
			t.Fatalf("covered %d, want %d", covered, size)
		}
	}
	must(t, x.Close())
}

func indexPages(t *testing.T, open func() audit.Index) {
	r := rand.New(rand.NewPCG(3, 4))
	x := open()
	all, _ := fill(t, x, r, 66000, 700)
	for _, newest := range []bool{false, true} {
		f := audit.Filter{Effects: []string{"deny"}, Regions: []string{"FR"}, Limit: 997, Newest: newest}
		whole := f
		whole.Limit = len(all)
		want := plain(all, whole)
		var got []audit.Place
		for {
			page, _, err := x.Query(t.Context(), f)
			must(t, err)
			got = append(got, page...)
			if len(page) < f.Limit {
				break
			}
			f.After = &page[len(page)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("newest %v: %d places in pages, want %d", newest, len(got), len(want))
		}
	}
	must(t, x.Close())
}

func indexReopen(t *testing.T, open func() audit.Index) {
	r := rand.New(rand.NewPCG(5, 6))
	x := open()
	all, size := fill(t, x, r, 66000, 10)
	for range 3 {
		must(t, x.Close())
		x = open()
		got, err := x.Size(t.Context())
		must(t, err)
		if got != size {
			t.Fatalf("size %d after opening again, want %d", got, size)
		}
		rows, next := randomRows(r, size, 30)
		must(t, x.Add(t.Context(), rows, size, next))
		all, size = append(all, rows...), next
	}
	f := audit.Filter{Subjects: []audit.Pseudonym{mark("s", 3)}, Limit: len(all)}
	got, _, err := x.Query(t.Context(), f)
	must(t, err)
	if want := plain(all, f); !slices.Equal(got, want) {
		t.Errorf("found %d, want %d", len(got), len(want))
	}
	must(t, x.Close())
}

func indexReset(t *testing.T, open func() audit.Index) {
	r := rand.New(rand.NewPCG(7, 8))
	x := open()
	key := audit.Row{Place: audit.Place{Index: 0, Sub: -1}, Time: epoch, Type: "decision", Idem: mark("i", 1), Body: mark("b", 1)}
	must(t, x.Add(t.Context(), []audit.Row{key}, 0, 1))
	rows, next := randomRows(r, 1, 67000)
	must(t, x.Add(t.Context(), rows, 1, next))
	must(t, x.Reset(t.Context()))
	size, err := x.Size(t.Context())
	must(t, err)
	got, covered, err := x.Query(t.Context(), audit.Filter{Limit: 10})
	must(t, err)
	if size != 0 || covered != 0 || len(got) != 0 {
		t.Fatalf("size %d, covered %d, found %v after Reset", size, covered, got)
	}
	if _, ok, err := x.Idem(t.Context(), key.Idem, epoch.Add(-time.Hour)); err != nil || !ok {
		t.Errorf("idempotency key is lost: %v, %v", ok, err)
	}
	all, _ := fill(t, x, r, 100)
	got, _, err = x.Query(t.Context(), audit.Filter{Limit: 1000})
	must(t, err)
	if len(got) != len(all) {
		t.Errorf("found %d after the rebuild, want %d", len(got), len(all))
	}
	must(t, x.Close())
}

func indexIdem(t *testing.T, open func() audit.Index) {
	x := open()
	now := epoch
	row := func(index uint64, key int, at time.Time) audit.Row {
		return audit.Row{Place: audit.Place{Index: index, Sub: int(index%3) - 1}, Time: at, Type: "decision", Idem: mark("i", key), Body: mark("b", int(index))}
	}
	must(t, x.Add(t.Context(), []audit.Row{row(0, 1, now), row(1, 2, now.Add(time.Minute))}, 0, 2))
	must(t, x.Add(t.Context(), []audit.Row{row(2, 3, now.Add(23*time.Hour)), row(3, 1, now.Add(25*time.Hour))}, 2, 4))
	for _, c := range []struct {
		key   int
		at    time.Time // of the question
		index int       // -1: not there
	}{
		{2, now.Add(24 * time.Hour), 1},
		{2, now.Add(24*time.Hour + 2*time.Minute), -1},
		{3, now.Add(25 * time.Hour), 2},
		{1, now.Add(26 * time.Hour), 3},
		{9, now, -1},
	} {
		s, ok, err := x.Idem(t.Context(), mark("i", c.key), c.at.Add(-audit.IdemKept))
		must(t, err)
		switch {
		case ok != (c.index >= 0):
			t.Errorf("key %d at %v: found %v", c.key, c.at, ok)
		case ok && (s.Index != uint64(c.index) || s.Sub != c.index%3-1 || s.Body != mark("b", c.index) || s.Time.Before(now)):
			t.Errorf("key %d at %v: %+v", c.key, c.at, s)
		}
	}
	// A week later the old keys are gone, whatever is asked.
	must(t, x.Add(t.Context(), []audit.Row{row(4, 4, now.Add(7*24*time.Hour))}, 4, 5))
	if _, ok, err := x.Idem(t.Context(), mark("i", 2), now.Add(-time.Hour)); err != nil || ok {
		t.Errorf("an old key was kept: %v, %v", ok, err)
	}
	must(t, x.Close())
}

func indexConcurrent(t *testing.T, open func() audit.Index) {
	r := rand.New(rand.NewPCG(9, 10))
	x := open()
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for last := uint64(0); ; {
				places, covered, err := x.Query(t.Context(), audit.Filter{Types: []string{"decision"}, Limit: 50, Newest: true})
				if err != nil {
					t.Error(err)
					return
				}
				if covered < last || len(places) > 0 && places[0].Index >= covered {
					t.Errorf("covered %d after %d, found %v", covered, last, places[0])
				}
				last = covered
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	fill(t, x, r, 10, 20000, 30000, 1, 1, 1, 30000, 5)
	close(done)
	readers.Wait()
	must(t, x.Close())
}

func indexEmpty(t *testing.T, open func() audit.Index) {
	x := open()
	size, err := x.Size(t.Context())
	must(t, err)
	places, covered, err := x.Query(t.Context(), audit.Filter{Limit: 5, Newest: true})
	must(t, err)
	if size != 0 || covered != 0 || len(places) != 0 {
		t.Errorf("size %d, covered %d, places %v", size, covered, places)
	}
	must(t, x.Add(t.Context(), nil, 0, 7)) // entries that could not be read
	if size, err = x.Size(t.Context()); err != nil || size != 7 {
		t.Errorf("size %d (%v), want 7", size, err)
	}
	for _, from := range []uint64{0, 6, 8} {
		if err := x.Add(t.Context(), nil, from, 9); !errors.Is(err, audit.ErrGap) {
			t.Errorf("rows from %d were added to an index of 7: %v", from, err)
		}
	}
	must(t, x.Close())
}

func indexCanceled(t *testing.T, open func() audit.Index) {
	x := open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Add(ctx, nil, 0, 1); err == nil {
		t.Error("Add went on")
	}
	if _, _, err := x.Query(ctx, audit.Filter{Limit: 1}); err == nil {
		t.Error("Query went on")
	}
	if size, err := x.Size(t.Context()); err != nil || size != 0 {
		t.Errorf("size %d (%v), want 0", size, err)
	}
	must(t, x.Close())
}

// indexAtomic cancels steps in the middle: size and rows stay together.
func indexAtomic(t *testing.T, open func() audit.Index) {
	r := rand.New(rand.NewPCG(11, 12))
	x := open()
	all, size := fill(t, x, r, 60000)
	for i := range 6 {
		rows, next := randomRows(r, size, 9000)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+8*i)*time.Millisecond)
		err := x.Add(ctx, rows, size, next)
		cancel()
		now, sizeErr := x.Size(t.Context())
		must(t, sizeErr)
		if (err == nil) != (now == next) || err != nil && now != size {
			t.Fatalf("size %d after %v, before %d, asked for %d", now, err, size, next)
		}
		if err == nil {
			all, size = append(all, rows...), next
		}
	}
	rows, next := randomRows(r, size, 10)
	must(t, x.Add(t.Context(), rows, size, next))
	all = append(all, rows...)
	got, _, err := x.Query(t.Context(), audit.Filter{Limit: len(all) + 1})
	must(t, err)
	if want := plain(all, audit.Filter{Limit: len(all)}); !slices.Equal(got, want) {
		t.Errorf("found %d rows, want %d", len(got), len(want))
	}
	must(t, x.Close())
}

// indexSubject: only who has the pseudonym finds the rows.
func indexSubject(t *testing.T, open func() audit.Index) {
	x := open()
	row := audit.Row{Place: audit.Place{Index: 0, Sub: -1}, Time: epoch, Type: "decision", Subject: mark("s", 1)}
	must(t, x.Add(t.Context(), []audit.Row{row}, 0, 1))
	for _, c := range []struct{ n, want int }{{1, 1}, {2, 0}} {
		got, _, err := x.Query(t.Context(), audit.Filter{Subjects: []audit.Pseudonym{mark("s", c.n)}, Limit: 5})
		must(t, err)
		if len(got) != c.want {
			t.Errorf("subject %d: found %v", c.n, got)
		}
	}
	must(t, x.Close())
}
