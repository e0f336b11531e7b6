// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/classify"
	"github.com/comity-project/comity/internal/survey"
)

func surveyed(t *testing.T, path string, o survey.Options) (map[string]survey.Report, survey.Summary) {
	t.Helper()
	src, err := OpenSurvey(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	out := map[string]survey.Report{}
	o.Emit = func(r survey.Report) error { out[r.Table] = r; return nil }
	sum, err := survey.Run(t.Context(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	return out, sum
}

func TestSurvey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a ?#%.db")
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	var wide []string
	for i := range 1900 {
		wide = append(wide, fmt.Sprintf("f%d", i))
	}
	exec(
		"CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, photo BLOB, upper_email TEXT AS (upper(email)))",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO people (email, photo) SELECT 'anna' || i || '@example.org', x'00ff' FROM n",
		`CREATE TABLE "odd ""name" (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID`,
		`INSERT INTO "odd ""name" VALUES ('a', CAST(x'ff41' AS TEXT))`,
		"CREATE TABLE wide ("+strings.Join(wide, ", ")+")",
		"CREATE VIRTUAL TABLE texts USING fts5(body)",
		"CREATE TABLE far (id INTEGER PRIMARY KEY, v TEXT)",
		"INSERT INTO far VALUES (-9223372036854775808, 'x'), (9223372036854775807, 'y')",
		"CREATE VIEW seen AS SELECT * FROM people",
	)
	c, err := classify.New(classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := survey.Options{Classifier: c, Limits: survey.DefaultLimits, State: survey.NewState()}
	o.Limits.Rows = 1000
	got, sum := surveyed(t, path, o)
	if !sum.Complete || sum.Skipped != 1 || got["texts"].Status != survey.Skipped {
		t.Errorf("%+v", sum)
	}
	p := got["people"]
	if !p.Sampled || p.Rows != 1000 || len(p.Columns) != 4 || len(p.Columns[1].Findings) != 1 || p.Columns[2].Values != 0 {
		t.Errorf("%+v", p)
	}
	if len(got["wide"].Columns) != 1900 || got[`odd "name`].Rows != 1 || got["far"].Rows != 2 {
		t.Errorf("%d columns, %+v, %+v", len(got["wide"].Columns), got[`odd "name`], got["far"])
	}

	if got, sum = surveyed(t, path, o); sum.Scanned != 0 || got["people"].Status != survey.Unchanged {
		t.Errorf("again: %+v", sum)
	}
	exec("UPDATE far SET v = 'z' WHERE v = 'x'")
	if got, sum = surveyed(t, path, o); sum.Unchanged != 0 || got["far"].Status != survey.Scanned {
		t.Errorf("after a change: %+v", sum)
	}
	exec("PRAGMA journal_mode = WAL", "UPDATE far SET v = 'q' WHERE v = 'z'")
	if got, sum = surveyed(t, path, o); sum.Unchanged != 0 || got["far"].Status != survey.Scanned {
		t.Errorf("after a change in the log: %+v", sum)
	}
	// A log that was written just now may be written again within the same tick.
	if got, sum = surveyed(t, path, o); sum.Unchanged != 0 || got["far"].Status != survey.Scanned {
		t.Errorf("soon after a change: %+v", sum)
	}
	o.Limits.Timeout = time.Nanosecond
	if got, sum = surveyed(t, path, o); sum.Failed == 0 || sum.Complete || !strings.Contains(got["people"].Error, "--timeout") {
		t.Errorf("no time: %+v %+v", sum, got["people"])
	}
}

func TestOpenSurvey(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		code comity.Code
	}{
		"text": {"hello world, I am no database", comity.CodeInvalid},
		"none": {"", comity.CodeNotFound},
		"cut":  {"SQLite format 3\x00" + strings.Repeat("\xff", 2000), ""},
	} {
		path := filepath.Join(dir, name)
		if c.text != "" {
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		src, err := OpenSurvey(t.Context(), path)
		if c.code != "" {
			if comity.CodeOf(err) != c.code {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil {
			_, err = src.Tables(t.Context())
			_ = src.Close()
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
