// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/keyring"
	"github.com/comity-project/comity/internal/sqlite"
	"github.com/comity-project/comity/internal/translog"
	"github.com/comity-project/comity/internal/vfs"
	"github.com/comity-project/comity/proof"
)

const origin = "comity-0123456789abcdef/local"

// cell is a log, its keys and its index in a folder, which can be closed and opened again.
type cell struct {
	t      testing.TB
	dir    string
	signer note.Signer
	vkey   string
	clock  atomic.Int64 // Unix nanoseconds; 0 is the real one
	wrap   func(audit.Index) audit.Index

	anchor *translog.FileAnchor
	log    *translog.Log
	ring   *keyring.Keyring
	book   *audit.Book
}

func newCell(t testing.TB) *cell {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	must(t, err)
	signer, err := note.NewSigner(skey)
	must(t, err)
	c := &cell{t: t, dir: t.TempDir(), signer: signer, vkey: vkey}
	for _, d := range []string{"state", "data"} {
		must(t, os.Mkdir(filepath.Join(c.dir, d), 0o700))
	}
	c.open()
	t.Cleanup(c.close)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cell) path(parts ...string) string {
	return filepath.Join(append([]string{c.dir}, parts...)...)
}

func (c *cell) open() {
	c.t.Helper()
	var err error
	c.ring, err = keyring.Open(keyring.Options{FS: vfs.OS(), Path: c.path("state", "subjects.keys"), Cell: "local", Create: true})
	must(c.t, err)
	c.anchor, err = translog.OpenFileAnchor(vfs.OS(), c.path("state", "anchor"))
	must(c.t, err)
	verifier, err := note.NewVerifier(c.vkey)
	must(c.t, err)
	c.log, _, err = translog.Open(c.t.Context(), translog.Options{
		FS: vfs.OS(), Dir: c.path("data", "log"), Origin: origin, Name: "local", Signers: []note.Signer{c.signer},
		Verifiers: note.VerifierList(verifier), Anchor: c.anchor, SyncKeys: c.ring.Sync,
	})
	must(c.t, err)
	c.openBook()
}

func (c *cell) openBook() {
	c.t.Helper()
	index, err := sqlite.Open(c.t.Context(), c.path("data", "index.db"), nil)
	must(c.t, err)
	var x audit.Index = index
	if c.wrap != nil {
		x = c.wrap(x)
	}
	c.book, err = audit.Open(c.t.Context(), audit.Options{Cell: "local", Name: "local", Log: c.log, Sealer: c.ring, Index: x, Now: c.now})
	must(c.t, err)
}

func (c *cell) now() time.Time {
	if ns := c.clock.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Now()
}

func (c *cell) close() {
	if c.book == nil {
		return
	}
	if err := errors.Join(c.book.Close(), c.log.Close(), c.anchor.Close(), c.ring.Close()); err != nil {
		c.t.Error(err)
	}
	c.book = nil
}

func (c *cell) append(e audit.Event) comity.Record {
	c.t.Helper()
	r, err := c.book.Append(c.t.Context(), e)
	must(c.t, err)
	return r
}

// caughtUp waits until the index covers the log.
func (c *cell) caughtUp() {
	c.t.Helper()
	for range 2000 {
		if c.book.Indexed() >= c.log.Head().Size {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	c.t.Fatalf("index covers %d of %d", c.book.Indexed(), c.log.Head().Size)
}

// source lets the proofs read the log.
func (c *cell) source() proof.Source {
	return proof.SourceFunc(func(_ context.Context, path string) ([]byte, error) { return c.log.Resource(path) })
}

// decision is an event whose personal parts are recognisable in bytes.
func decision(n int) audit.Event {
	return audit.Event{
		ID: fmt.Sprintf("d-%d", n), Type: audit.TypeDecision, Action: "transfer", Tenant: []string{"acme", "globex"}[n%2],
		Region: "DE", Jurisdictions: []string{"EU", "DE"}, Effect: []comity.Effect{comity.Allow, comity.Deny, comity.Review}[n%3],
		Requirements: []string{"EU-GDPR-44", fmt.Sprintf("EU-GDPR-%d", n%7)}, Program: "sha256:abc", Answer: []byte(`{"effect":"deny"}`),
		Outcome: audit.Success, Subject: comity.Subject{ID: fmt.Sprintf("Erika-Mustermann-%d", n%10), Home: "DE"},
		Principal: "alice@example.com", Resource: audit.Resource{Type: "record", ID: "patient-file-4711"}, Source: "192.0.2.77",
		Purpose: "secret-purpose", Payload: audit.Object{{Name: "request", Value: comity.Facts{"diagnosis": "very-private-illness"}}},
	}
}

// identities are what must never show in the open.
var identities = []string{"Erika-Mustermann", "alice@example.com", "patient-file-4711", "192.0.2.77", "secret-purpose", "very-private-illness"}

func payloadOf(t testing.TB, e audit.Entry) map[string]any {
	t.Helper()
	var m map[string]any
	must(t, json.Unmarshal(e.Payload, &m))
	return m
}

func TestAppendShow(t *testing.T) {
	c := newCell(t)
	rec := c.append(decision(1))
	if rec.Log != "local" || rec.Index == nil || rec.Sub != nil {
		t.Fatalf("record %+v", rec)
	}
	if cp, err := proof.OpenCheckpoint([]byte(rec.Checkpoint), c.vkey); err != nil || cp.Size <= uint64(*rec.Index) {
		t.Errorf("checkpoint of the receipt: %+v, %v", cp, err)
	}
	e, err := c.book.Show(t.Context(), uint64(*rec.Index), -1)
	must(t, err)
	if e.Missing != "" || e.Leaf.Effect != comity.Deny || e.Leaf.Tenant != "globex" || e.Leaf.Cell != "local" {
		t.Errorf("%+v", e)
	}
	p := payloadOf(t, e)
	for name, want := range map[string]any{
		"schema": audit.PayloadSchema, "id": "d-1", "principal": "alice@example.com", "source": "192.0.2.77", "purpose": "secret-purpose",
		"answer": e.Leaf.Answer.String(), "subject": map[string]any{"id": "Erika-Mustermann-1", "home": "DE"},
		"resource": map[string]any{"id": "patient-file-4711", "type": "record"}, "request": map[string]any{"diagnosis": "very-private-illness"},
	} {
		if d := cmp.Diff(want, p[name]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if _, err := c.book.Show(t.Context(), 1e6, -1); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("an entry that is not there: %v", err)
	}
	if _, err := c.book.Show(t.Context(), 0, 3); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("a part of no batch: %v", err)
	}
}

func TestBatch(t *testing.T) {
	c := newCell(t)
	events := make([]audit.Event, 37)
	for i := range events {
		events[i] = decision(i)
	}
	recs, err := c.book.AppendBatch(t.Context(), events)
	must(t, err)
	for i, rec := range recs {
		if *rec.Index != *recs[0].Index || *rec.Sub != i {
			t.Fatalf("record %d: %+v", i, rec)
		}
		e, err := c.book.Show(t.Context(), uint64(*rec.Index), i)
		must(t, err)
		if p := payloadOf(t, e); p["id"] != fmt.Sprintf("d-%d", i) {
			t.Errorf("part %d: %v", i, p)
		}
		pr, _, err := proof.ProveSub(t.Context(), c.source(), uint64(*rec.Index), uint64(i))
		must(t, err)
		if _, err := pr.Verify(e.Bytes, c.vkey); err != nil {
			t.Errorf("proof of part %d: %v", i, err)
		}
	}
	whole, err := c.book.Show(t.Context(), uint64(*recs[0].Index), -1)
	must(t, err)
	if whole.Missing != audit.MissingBatch || whole.Leaf.Batch.Count != len(events) || whole.Leaf.Type != audit.TypeBatch {
		t.Errorf("batch: %+v", whole)
	}
	if _, err := c.book.Show(t.Context(), uint64(*recs[0].Index), 37); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("a part too many: %v", err)
	}
	events[20].Action = "mail bob@example.com"
	size := c.log.Head().Size
	if _, err := c.book.AppendBatch(t.Context(), events); comity.CodeOf(err) != comity.CodeInvalid || c.log.Head().Size != size {
		t.Errorf("a batch with a bad event: %v, size %d after %d", err, c.log.Head().Size, size)
	}
}

func TestQuery(t *testing.T) {
	c := newCell(t)
	start := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	clock := start
	set := func(t time.Time) { clock = t; c.clock.Store(t.UnixNano()) }
	set(start)
	var minutes, numbers []int // of each event
	for n := range 60 {
		set(start.Add(time.Duration(n) * time.Minute))
		if n%20 == 5 {
			_, err := c.book.AppendBatch(t.Context(), []audit.Event{decision(n), decision(n + 1)})
			must(t, err)
			minutes, numbers = append(minutes, n, n), append(numbers, n, n+1)
			continue
		}
		c.append(decision(n))
		minutes, numbers = append(minutes, n), append(numbers, n)
	}
	c.caughtUp()
	head := c.log.Head()
	count := func(q audit.Query) (n int) {
		t.Helper()
		for {
			page, err := c.book.Query(t.Context(), q)
			must(t, err)
			if got := page.Completeness; len(got) != 1 || got[0].Log != "local" || got[0].Size != head.Size || got[0].Indexed != head.Size || got[0].Checkpoint != string(head.Note) {
				t.Errorf("completeness %+v", got)
			}
			n += len(page.Entries)
			if page.Cursor == "" {
				return n
			}
			q.Cursor = page.Cursor
		}
	}
	all := func(int) bool { return true }
	none := func(int) bool { return false }
	for name, tc := range map[string]struct {
		q    audit.Query
		fits func(n int) bool
	}{
		"all":               {audit.Query{Limit: 7}, all},
		"newest":            {audit.Query{Limit: 7, Newest: true}, all},
		"subject":           {audit.Query{Subject: comity.Subject{ID: "Erika-Mustermann-3", Home: "DE"}}, func(n int) bool { return n%10 == 3 }},
		"subject from afar": {audit.Query{Subject: comity.Subject{ID: "Erika-Mustermann-3"}}, none},
		"principal":         {audit.Query{Principal: "alice@example.com"}, all},
		"another principal": {audit.Query{Principal: "bob@example.com"}, none},
		"resource":          {audit.Query{Resource: audit.Resource{Type: "record", ID: "patient-file-4711"}}, all},
		"effect":            {audit.Query{Effects: []comity.Effect{comity.Deny}}, func(n int) bool { return n%3 == 1 }},
		"two effects":       {audit.Query{Effects: []comity.Effect{comity.Deny, comity.Allow}}, func(n int) bool { return n%3 < 2 }},
		"requirement":       {audit.Query{Requirements: []string{"EU-GDPR-6"}}, func(n int) bool { return n%7 == 6 }},
		"tenant":            {audit.Query{Tenants: []string{"globex"}, Limit: 3}, func(n int) bool { return n%2 == 1 }},
		"tenant and effect": {audit.Query{Tenants: []string{"globex"}, Effects: []comity.Effect{comity.Deny}}, func(n int) bool { return n%6 == 1 }},
		"region":            {audit.Query{Regions: []string{"DE"}}, all},
		"jurisdiction":      {audit.Query{Jurisdictions: []string{"EU"}, Actions: []string{"transfer"}}, all},
		"type":              {audit.Query{Types: []string{"batch"}}, none},
		"nothing then":      {audit.Query{From: clock.Add(time.Hour)}, none},
	} {
		want := 0
		for _, n := range numbers {
			if tc.fits(n) {
				want++
			}
		}
		if got := count(tc.q); want != got {
			t.Errorf("%s: %d entries, want %d", name, got, want)
		}
	}
	want := 0
	for _, n := range minutes {
		if n >= 10 && n < 27 {
			want++
		}
	}
	if got := count(audit.Query{From: start.Add(10 * time.Minute), To: start.Add(27 * time.Minute), Limit: 4}); got != want {
		t.Errorf("time: %d entries, want %d", got, want)
	}
	for name, q := range map[string]audit.Query{"cursor": {Cursor: "yesterday"}, "limit": {Limit: audit.MaxLimit + 1}, "sub": {Cursor: "3.x"}} {
		if _, err := c.book.Query(t.Context(), q); comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("bad %s: %v", name, err)
		}
	}
}

// TestNothingPersonalOnDisk looks for the identities in every byte outside the keyring.
func TestNothingPersonalOnDisk(t *testing.T) {
	c := newCell(t)
	for n := range 50 {
		e := decision(n)
		e.IdempotencyKey, e.Request = "secret-key-"+e.ID, []byte(`{"diagnosis":"very-private-illness"}`)
		c.append(e)
	}
	_, err := c.book.AppendBatch(t.Context(), []audit.Event{decision(1), decision(2)})
	must(t, err)
	c.caughtUp()
	look := func() {
		files := 0
		must(t, filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			for _, s := range append([]string{"secret-key-"}, identities...) {
				if bytes.Contains(b, []byte(s)) {
					t.Errorf("%s has %q", path, s)
				}
			}
			return err
		}))
		if files < 5 {
			t.Errorf("looked at %d files only", files)
		}
	}
	look()
	c.close()
	look()
}

func TestErase(t *testing.T) {
	c := newCell(t)
	var mine []uint64
	for n := range 40 {
		rec := c.append(decision(n))
		if n%10 == 3 {
			mine = append(mine, uint64(*rec.Index))
		}
	}
	_, err := c.book.AppendBatch(t.Context(), []audit.Event{decision(3), decision(4)})
	must(t, err)
	subject := comity.Subject{ID: "Erika-Mustermann-3", Home: "DE"}
	erased, err := c.book.Erase(t.Context(), subject, audit.Erasure{By: "bob@example.com", Reason: "asked for it"})
	must(t, err)
	rec := erased.Record
	mine = append(mine, uint64(*erased.Ordered.Index)) // the order is sealed under the same key
	check := func() {
		t.Helper()
		for _, i := range mine {
			e, err := c.book.Show(t.Context(), i, -1)
			must(t, err)
			if e.Missing != audit.MissingErased || e.Payload != nil || e.ErasedBy == nil || *e.ErasedBy != uint64(*rec.Index) {
				t.Errorf("entry %d: %q, erased by %v", i, e.Missing, e.ErasedBy)
			}
			pr, err := proof.Prove(t.Context(), c.source(), i)
			must(t, err)
			if _, err := pr.Verify(e.Bytes, c.vkey); err != nil {
				t.Errorf("proof of an erased entry: %v", err)
			}
		}
		for sub, want := range []audit.Missing{audit.MissingErased, ""} {
			if e, err := c.book.Show(t.Context(), 40, sub); err != nil || e.Missing != want {
				t.Errorf("part %d: %q, %v", sub, e.Missing, err)
			}
		}
		by, err := c.book.Show(t.Context(), uint64(*rec.Index), -1)
		must(t, err)
		if by.Leaf.Type != audit.TypeSubjectErased || payloadOf(t, by)["principal"] != "bob@example.com" || bytes.Contains(by.Payload, []byte("Erika")) {
			t.Errorf("entry of the erasure: %s %s", by.Bytes, by.Payload)
		}
		if p := payloadOf(t, by); p["reason"] != "asked for it" || p["ordered"] != float64(*erased.Ordered.Index) || *erased.Ordered.Index >= *rec.Index {
			t.Errorf("entry of the erasure: %s, ordered by %d", by.Payload, *erased.Ordered.Index)
		}
	}
	check() // before the index knows
	c.caughtUp()
	check()
	page, err := c.book.Query(t.Context(), audit.Query{Subject: subject})
	must(t, err)
	if len(page.Entries) != 0 {
		t.Error("the erased can be searched for")
	}
	first, err := c.book.Show(t.Context(), mine[0], -1)
	must(t, err)
	page, err = c.book.Query(t.Context(), audit.Query{Pseudonyms: []audit.Pseudonym{first.Leaf.Subject}, Types: []string{audit.TypeDecision}})
	must(t, err)
	if len(page.Entries) != len(mine) { // less the order, and the part of the batch
		t.Errorf("%d rows of the erased are left, want %d", len(page.Entries), len(mine))
	}
	c.close()
	c.open()
	c.caughtUp()
	check()
	size := c.log.Head().Size
	if _, err := c.book.Erase(t.Context(), subject, audit.Erasure{By: "bob"}); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("erased twice: %v", err)
	}
	if now := c.log.Head().Size; now != size {
		t.Errorf("%d entries for nothing", now-size)
	}
	c.close()
	report, err := proof.VerifyLog(t.Context(), proof.FS(os.DirFS(c.path("data", "log"))), proof.Options{Keys: []string{c.vkey}})
	must(t, err)
	if len(report.Findings) != 0 {
		t.Errorf("findings after an erasure: %v", report.Findings)
	}
}

// TestNoErasureWithoutOrder: what cannot be recorded is not carried out.
func TestNoErasureWithoutOrder(t *testing.T) {
	c := newCell(t)
	rec := c.append(decision(3))
	s := comity.Subject{ID: "Erika-Mustermann-3", Home: "DE"}
	must(t, c.log.Close())
	if _, err := c.book.Erase(t.Context(), s, audit.Erasure{By: "bob", Reason: "why"}); err == nil {
		t.Error("erased without a log")
	}
	if _, ok := c.ring.Pseudonym(s); !ok {
		t.Error("the key is gone, and nothing was recorded")
	}
	c.close()
	c.open()
	if e, err := c.book.Show(t.Context(), uint64(*rec.Index), -1); err != nil || e.Missing != "" {
		t.Errorf("%q, %v", e.Missing, err)
	}
}

// TestErasureIsMadeUpFor: a crash between destroying a key and recording it.
func TestErasureIsMadeUpFor(t *testing.T) {
	c := newCell(t)
	rec := c.append(decision(3))
	_, err := c.ring.Forget(t.Context(), comity.Subject{ID: "Erika-Mustermann-3", Home: "DE"})
	must(t, err)
	for range 2 { // the second start must not record it again
		c.close()
		c.open()
		c.caughtUp()
		time.Sleep(50 * time.Millisecond)
	}
	c.caughtUp()
	e, err := c.book.Show(t.Context(), uint64(*rec.Index), -1)
	must(t, err)
	if e.ErasedBy == nil || *e.ErasedBy != 1 || c.log.Head().Size != 2 {
		t.Errorf("erased by %v, size %d", e.ErasedBy, c.log.Head().Size)
	}
}

// TestReindexWhileWriting rebuilds the index while writers go on.
func TestReindexWhileWriting(t *testing.T) {
	c := newCell(t)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := range 150 {
				if _, err := c.book.Append(t.Context(), decision(4*n+w)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		time.Sleep(20 * time.Millisecond)
		must(t, c.book.Reindex(t.Context()))
	}
	writers.Wait()
	c.caughtUp()
	checkIndex(t, c, 600)
	// A lost file is rebuilt, too.
	must(t, c.book.Close())
	for _, name := range []string{"index.db", "index.db-wal", "index.db-shm"} {
		if err := os.Remove(c.path("data", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	c.openBook()
	c.caughtUp()
	checkIndex(t, c, 600)
}

func checkIndex(t *testing.T, c *cell, want int) {
	t.Helper()
	for _, newest := range []bool{false, true} {
		q, seen := audit.Query{Types: []string{audit.TypeDecision}, Limit: 130, Newest: newest}, []uint64(nil)
		for more := true; more; more = q.Cursor != "" {
			page, err := c.book.Query(t.Context(), q)
			must(t, err)
			for _, e := range page.Entries {
				seen = append(seen, e.Index)
			}
			q.Cursor = page.Cursor
		}
		if newest {
			slices.Reverse(seen)
		}
		if len(seen) != want || !slices.IsSorted(seen) || len(slices.Compact(seen)) != want {
			t.Errorf("index has %d rows, want %d", len(seen), want)
		}
	}
}

// losing is an index that loses everything once, in a query.
type losing struct {
	audit.Index
	t    *testing.T
	lose atomic.Bool
}

func (x *losing) Query(ctx context.Context, f audit.Filter) ([]audit.Place, uint64, error) {
	if x.lose.CompareAndSwap(true, false) {
		if err := x.Index.Reset(ctx); err != nil {
			x.t.Error(err)
		}
		return nil, 0, errors.New("index is damaged")
	}
	return x.Index.Query(ctx, f)
}

// TestIndexLostWhileRunning: nothing is appended any more, and still it is rebuilt.
func TestIndexLostWhileRunning(t *testing.T) {
	c := newCell(t)
	c.close()
	var x *losing
	c.wrap = func(i audit.Index) audit.Index { x = &losing{Index: i, t: t}; return x }
	c.open()
	for n := range 300 {
		c.append(decision(n))
	}
	c.caughtUp()
	x.lose.Store(true)
	if _, err := c.book.Query(t.Context(), audit.Query{}); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Fatalf("query of a damaged index: %v", err)
	}
	for range 500 {
		page, err := c.book.Query(t.Context(), audit.Query{Limit: 1})
		must(t, err)
		if page.Completeness[0].Indexed == 300 {
			checkIndex(t, c, 300)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the index did not recover: %d of %d", c.book.Indexed(), c.log.Head().Size)
}

// TestForeignIndex: an index that knows more entries than the log is not of this log.
func TestForeignIndex(t *testing.T) {
	c := newCell(t)
	c.append(decision(1))
	c.caughtUp()
	must(t, c.book.Close())
	index, err := sqlite.Open(t.Context(), c.path("data", "index.db"), nil)
	must(t, err)
	must(t, index.Add(t.Context(), []audit.Row{{Place: audit.Place{Index: 99, Sub: -1}, Type: audit.TypeDecision}}, 1, 100))
	must(t, index.Close())
	c.openBook()
	c.caughtUp()
	checkIndex(t, c, 1)
}

// TestReplay finds idempotency keys at once, after restarts and after losing the index.
func TestReplay(t *testing.T) {
	c := newCell(t)
	start := time.Now()
	c.clock.Store(start.UnixNano())
	keyed := func(n int) audit.Event {
		e := decision(n)
		e.IdempotencyKey, e.Request = fmt.Sprintf("key-%d", n), fmt.Appendf(nil, `{"n":%d}`, n)
		return e
	}
	single := c.append(keyed(1))
	batch, err := c.book.AppendBatch(t.Context(), []audit.Event{keyed(2), keyed(3)})
	must(t, err)
	check := func(when string) {
		t.Helper()
		for n, want := range map[int]audit.Place{1: {Index: uint64(*single.Index), Sub: -1}, 3: {Index: uint64(*batch[1].Index), Sub: 1}} {
			e := keyed(n)
			r, ok, err := c.book.Replay(t.Context(), e.Principal, e.IdempotencyKey, e.Request)
			must(t, err)
			if !ok || r.Place != want || !r.SameRequest {
				t.Errorf("%s, key %d: %+v, %v", when, n, r, ok)
			}
			if r, ok, err := c.book.Replay(t.Context(), e.Principal, e.IdempotencyKey, []byte("another")); err != nil || !ok || r.SameRequest {
				t.Errorf("%s, key %d, another body: %+v, %v, %v", when, n, r, ok, err)
			}
			if _, ok, err := c.book.Replay(t.Context(), "mallory", e.IdempotencyKey, e.Request); err != nil || ok {
				t.Errorf("%s, key %d of another principal: %v, %v", when, n, ok, err)
			}
		}
	}
	check("at once")
	c.caughtUp()
	check("indexed")
	must(t, c.book.Reindex(t.Context()))
	check("while the index is rebuilt")
	c.close()
	c.open()
	check("after a restart")
	c.close()
	must(t, os.Remove(c.path("data", "index.db")))
	c.open()
	check("without an index")
	c.clock.Store(start.Add(audit.IdemKept + time.Minute).UnixNano())
	e := keyed(1)
	if _, ok, err := c.book.Replay(t.Context(), e.Principal, e.IdempotencyKey, e.Request); err != nil || ok {
		t.Errorf("after a day: %v, %v", ok, err)
	}
}

// TestAppendRefuses: what is refused leaves no trace in the log.
func TestAppendRefuses(t *testing.T) {
	c := newCell(t)
	many := make([]string, 4000)
	for i := range many {
		many[i] = fmt.Sprintf("A-REQUIREMENT-%d", i)
	}
	for name, tc := range map[string]struct {
		change func(*audit.Event)
		code   comity.Code
	}{
		"no type":                  {func(e *audit.Event) { e.Type = "" }, comity.CodeInvalid},
		"an address in the action": {func(e *audit.Event) { e.Action = "mail to bob@example.com" }, comity.CodeInvalid},
		"a number in the action":   {func(e *audit.Event) { e.Action = "call +4930123456" }, comity.CodeInvalid},
		"a long tenant":            {func(e *audit.Event) { e.Tenant = strings.Repeat("x", 129) }, comity.CodeInvalid},
		"a line in the region":     {func(e *audit.Event) { e.Region = "DE\nFR" }, comity.CodeInvalid},
		"invalid UTF-8 in clear":   {func(e *audit.Event) { e.Region = "D\xff" }, comity.CodeInvalid},
		"invalid UTF-8 inside":     {func(e *audit.Event) { e.Purpose = "\xc3\x28" }, comity.CodeInvalid},
		"an unknown effect":        {func(e *audit.Event) { e.Effect = "maybe" }, comity.CodeInvalid},
		"an unknown outcome":       {func(e *audit.Event) { e.Outcome = "ok" }, comity.CodeInvalid},
		"an empty requirement":     {func(e *audit.Event) { e.Requirements = []string{""} }, comity.CodeInvalid},
		"a member twice":           {func(e *audit.Event) { e.Payload = append(e.Payload, audit.Member{Name: "salt", Value: 1}) }, comity.CodeInvalid},
		"a value of no JSON":       {func(e *audit.Event) { e.Details = map[string]any{"f": func() {}} }, comity.CodeInvalid},
		"a leaf over 64 KiB":       {func(e *audit.Event) { e.Requirements = many }, comity.CodeTooLarge},
		"a payload over 1 MiB":     {func(e *audit.Event) { e.Details = map[string]any{"x": strings.Repeat("x", audit.MaxPayload)} }, comity.CodeTooLarge},
	} {
		e := decision(1)
		tc.change(&e)
		if _, err := c.book.Append(t.Context(), e); comity.CodeOf(err) != tc.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.book.AppendBatch(t.Context(), make([]audit.Event, audit.MaxBatch+1)); comity.CodeOf(err) != comity.CodeTooLarge {
		t.Errorf("a batch of too many: %v", err)
	}
	if n := c.log.Head().Size; n != 0 {
		t.Errorf("%d entries were written", n)
	}
}

// TestUnknownKey: an entry whose key another keyring has.
func TestUnknownKey(t *testing.T) {
	c := newCell(t)
	c.append(decision(1))
	must(t, c.book.Close())
	ring, err := keyring.Open(keyring.Options{FS: vfs.OS(), Path: c.path("state", "other.keys"), Cell: "local", Create: true})
	must(t, err)
	defer ring.Close()
	index, err := sqlite.Open(t.Context(), c.path("data", "index.db"), nil)
	must(t, err)
	c.book, err = audit.Open(t.Context(), audit.Options{Cell: "local", Name: "local", Log: c.log, Sealer: ring, Index: index})
	must(t, err)
	if e, err := c.book.Show(t.Context(), 0, -1); err != nil || e.Missing != audit.MissingKey || e.Payload != nil {
		t.Errorf("%q, %v", e.Missing, err)
	}
}
