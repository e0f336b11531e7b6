// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

func mustOpen(t testing.TB, path string) *Index {
	t.Helper()
	x, err := Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// someRows are decisions as they come: one of 100,000 subjects, some requirements.
func someRows(r *rand.Rand, first uint64, n int) []audit.Row {
	rows := make([]audit.Row, n)
	for i := range rows {
		row := audit.Row{
			Place: audit.Place{Index: first + uint64(i), Sub: -1}, Time: time.UnixMilli(1_770_000_000_000 + int64(first) + int64(i)).UTC(),
			Type: "decision", Action: []string{"transfer", "store", "use", "disclose"}[r.IntN(4)], Effect: []comity.Effect{comity.Allow, comity.Deny, comity.Review}[r.IntN(3)],
			Outcome: audit.Success, Region: []string{"DE", "FR", "US", "CN", "BR"}[r.IntN(5)], Tenant: fmt.Sprintf("tenant-%d", r.IntN(20)), Program: "sha256:1",
			Jurisdictions: []string{"EU", "DE"},
		}
		for range 3 + r.IntN(6) {
			row.Requirements = append(row.Requirements, fmt.Sprintf("EU-GDPR-%d", r.IntN(90)))
		}
		for _, p := range []struct {
			of *audit.Pseudonym
			n  int
		}{{&row.Subject, r.IntN(100_000)}, {&row.Principal, 1_000_000 + r.IntN(500)}, {&row.Resource, 2_000_000 + r.IntN(1_000_000)}} {
			s := rand.NewChaCha8([32]byte{byte(p.n), byte(p.n >> 8), byte(p.n >> 16)})
			_, _ = s.Read(p.of[:])
		}
		rows[i] = row
	}
	return rows
}

// TestUnusableFiles: whatever lies there, the index opens empty and works.
func TestUnusableFiles(t *testing.T) {
	good := filepath.Join(t.TempDir(), "index.db")
	x := mustOpen(t, good)
	if err := errors.Join(x.Add(t.Context(), someRows(rand.New(rand.NewPCG(1, 1)), 0, 100), 0, 100), x.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(t.TempDir(), "newer.db")
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 9999; CREATE TABLE other (x)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	later, err := os.ReadFile(newer)
	if err != nil {
		t.Fatal(err)
	}
	scrambled := append([]byte(nil), b...)
	for i := 100; i < len(scrambled); i++ {
		scrambled[i] ^= 0xa5
	}
	for name, c := range map[string]struct {
		data []byte
		size uint64
	}{
		"as it was":       {b, 100},
		"empty":           {nil, 0},
		"text":            {[]byte("this is no database, but it is long enough to look at, and has more than a hundred bytes of text in it."), 0},
		"half":            {b[:len(b)/2], 0},
		"scrambled":       {scrambled, 0},
		"a newer version": {later, 0},
	} {
		path := filepath.Join(t.TempDir(), "index.db")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		x := mustOpen(t, path)
		size, err := x.Size(t.Context())
		if err != nil {
			size, err = x.Size(t.Context()) // damage that showed only now
		}
		if err != nil || size != c.size {
			t.Errorf("%s: size %d (%v), want %d", name, size, err, c.size)
		}
		rows := someRows(rand.New(rand.NewPCG(1, 1)), size, 10)
		if err := errors.Join(x.Add(t.Context(), rows, size, size+10), x.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDamageShowsLater: a flipped bit in a list of rows is found when it is read, and the
// index starts anew.
func TestDamageShowsLater(t *testing.T) {
	for _, table := range []string{"recent", "posting", "segment"} {
		path := filepath.Join(t.TempDir(), "index.db")
		x := mustOpen(t, path)
		r := rand.New(rand.NewPCG(1, 1))
		n := segmentRows + 100
		if err := x.Add(t.Context(), someRows(r, 0, n), 0, uint64(n)); err != nil {
			t.Fatal(err)
		}
		column := map[string]string{"segment": "fences"}[table]
		if column == "" {
			column = "data"
		}
		_, err := x.writer.Exec("UPDATE " + table + " SET " + column + " = CAST(x'f7' || SUBSTR(" + column + ", 2) AS BLOB)")
		if err != nil {
			t.Fatal(err)
		}
		f := audit.Filter{Effects: []string{"deny"}, Actions: []string{"use"}, Limit: n}
		if _, _, err := x.Query(t.Context(), f); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", table, err)
		}
		if size, err := x.Size(t.Context()); err != nil || size != 0 {
			t.Errorf("%s: size %d (%v) after damage", table, size, err)
		}
		if err := errors.Join(x.Add(t.Context(), someRows(r, 0, 50), 0, 50), x.Close()); err != nil {
			t.Errorf("%s: %v", table, err)
		}
	}
}

// TestMigrations: numbers without a gap, and what they make is what the code works with.
func TestMigrations(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^migrations/(\d{4})_[a-z_]+\.sql$`)
	for i, f := range files {
		m := form.FindStringSubmatch(f)
		if m == nil {
			t.Errorf("%s is not named like 0001_what.sql", f)
			continue
		}
		if n, _ := strconv.Atoi(m[1]); n != i+1 {
			t.Errorf("%s stands where number %d belongs", f, i+1)
		}
	}
	x := mustOpen(t, filepath.Join(t.TempDir(), "index.db"))
	defer x.Close()
	var version int
	if err := x.reader.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != len(files) {
		t.Errorf("version %d (%v), want %d", version, err, len(files))
	}
	if err := migrate(t.Context(), x.writer); err != nil {
		t.Errorf("applied twice: %v", err)
	}
	rows, err := x.reader.Query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	if d := cmp.Diff([]string{"idem", "posting", "recent", "segment", "state"}, names); d != "" {
		t.Error(d)
	}
	if _, err := x.reader.Exec("UPDATE state SET size = 1"); err == nil {
		t.Error("queries can write")
	}
}

func TestFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder with ? and % and #", "index.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	x := mustOpen(t, path)
	defer x.Close()
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "folder"), nil); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestBytes: what a row costs on the disk, with everything.
func TestBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("adds 200,000 rows")
	}
	path := filepath.Join(t.TempDir(), "index.db")
	x := mustOpen(t, path)
	r := rand.New(rand.NewPCG(1, 1))
	const n = 200_000
	for at := 0; at < n; at += 4000 {
		if err := x.Add(t.Context(), someRows(r, uint64(at), 4000), uint64(at), uint64(at+4000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes a row", info.Size()/n)
	if info.Size()/n > 100 {
		t.Errorf("%d bytes a row", info.Size()/n)
	}
}

func BenchmarkAdd(b *testing.B) {
	x := mustOpen(b, filepath.Join(b.TempDir(), "index.db"))
	defer x.Close()
	r := rand.New(rand.NewPCG(1, 1))
	const step = 4096
	rows := someRows(r, 0, step)
	at := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		for i := range rows {
			rows[i].Index = at + uint64(i)
			rows[i].Subject[0], rows[i].Subject[1] = byte(r.Uint32()), byte(r.Uint32())
		}
		if err := x.Add(b.Context(), rows, at, at+step); err != nil {
			b.Fatal(err)
		}
		at += step
	}
	b.ReportMetric(float64(at)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkQuery(b *testing.B) {
	x := mustOpen(b, filepath.Join(b.TempDir(), "index.db"))
	defer x.Close()
	r := rand.New(rand.NewPCG(1, 1))
	const n = 300_000
	var rows []audit.Row
	for at := 0; at < n; at += 10_000 {
		rows = someRows(r, uint64(at), 10_000)
		if err := x.Add(b.Context(), rows, uint64(at), uint64(at+10_000)); err != nil {
			b.Fatal(err)
		}
	}
	for name, f := range map[string]audit.Filter{
		"subject":     {Subjects: []audit.Pseudonym{rows[7].Subject}},
		"requirement": {Requirements: []string{"EU-GDPR-7"}, Effects: []string{"deny"}},
		"days":        {Actions: []string{"use"}, Jurisdictions: []string{"EU"}, From: rows[0].Time, Newest: true},
	} {
		f.Limit = 100
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := x.Query(b.Context(), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
