// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/classify"
	"github.com/comity-project/comity/internal/survey"
	"github.com/comity-project/comity/internal/testenv"
)

func exec(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s[:min(len(s), 200)], err)
		}
	}
}

func classifier(t *testing.T) *classify.Classifier {
	t.Helper()
	c, err := classify.New(classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// run surveys and returns the reports by table.
func run(t *testing.T, dsn string, o survey.Options) (map[string]survey.Report, survey.Summary, error) {
	t.Helper()
	src, err := OpenSurvey(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	out := map[string]survey.Report{}
	emit := o.Emit
	o.Emit = func(r survey.Report) error {
		out[r.Table] = r
		if emit != nil {
			return emit(r)
		}
		return nil
	}
	sum, err := survey.Run(t.Context(), src, o)
	return out, sum, err
}

func category(r survey.Report, column string) string {
	for _, c := range r.Columns {
		if c.Name == column && len(c.Findings) > 0 {
			return c.Findings[0].Category
		}
	}
	return ""
}

func TestSurvey(t *testing.T) {
	server := testenv.Postgres(t)
	conn, err := pgx.Connect(t.Context(), server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var wide []string
	for i := range 1500 {
		wide = append(wide, fmt.Sprintf("field_%d text", i))
	}
	exec(
		t, conn,
		`CREATE TABLE customers (id bigserial PRIMARY KEY, email text, phone text, photo bytea, "odd ""name" text)`,
		`INSERT INTO customers (email, phone, photo) SELECT 'anna' || i || '@example.org', '+44 20 7946 0' || 100 + i, '\x00ff' FROM generate_series(1, 500) i`,
		`CREATE TABLE products (id int, title text)`,
		`INSERT INTO products SELECT i, 'thing ' || i FROM generate_series(1, 100000) i`,
		`ANALYZE`,
		`CREATE TABLE wide (`+strings.Join(wide, ", ")+`)`,
		`INSERT INTO wide (field_7) VALUES ('x'), ('y')`,
		`CREATE TABLE huge (v text)`,
		`INSERT INTO huge SELECT repeat('x', 10000000)`,
		`CREATE TABLE gone (v text)`,
		`CREATE TABLE parts (v text, d date) PARTITION BY RANGE (d)`,
		`CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')`,
		`CREATE VIEW seen AS SELECT email FROM customers`,
	)
	o := survey.Options{Classifier: classifier(t), Limits: survey.DefaultLimits, State: survey.NewState()}
	o.Limits.Rows = 1000
	got, sum, err := run(t, server.DSN, o)
	if err != nil || !sum.Complete || sum.Tables != 6 {
		t.Fatalf("%+v, %v", sum, err)
	}
	c := got["public.customers"]
	if c.Status != survey.Scanned || c.Sampled || c.Rows != 500 || category(c, "email") != "user.contact.email" || len(c.Columns) != 5 {
		t.Errorf("%+v", c)
	}
	if len(c.Jurisdictions) != 1 || c.Jurisdictions[0].Country != "GB" || c.Jurisdictions[0].Confidence > 0.5 || len(c.Jurisdictions[0].Or) != 3 {
		t.Errorf("%+v", c.Jurisdictions)
	}
	if p := got["public.products"]; !p.Sampled || p.Rows < 500 || p.Rows > 1000 || category(p, "title") != "" {
		t.Errorf("rows %d, %+v", p.Rows, p)
	}
	if h := got["public.huge"]; h.Bytes > 4096 || len(got["public.wide"].Columns) != 1500 {
		t.Errorf("%d bytes, %d columns", h.Bytes, len(got["public.wide"].Columns))
	}
	t.Run("only what changed", func(t *testing.T) { changed(t, conn, server.DSN, o) })
	t.Run("a table is locked", func(t *testing.T) { locked(t, conn, server.DSN, o) })
	t.Run("what may not be read", func(t *testing.T) { denied(t, conn, server.DSN, o) })
	t.Run("an error repeats no value", func(t *testing.T) { wordy(t, conn, server.DSN, o) })
	t.Run("the database goes away", func(t *testing.T) { goesAway(t, server, o) })
}

// settle waits until the counters of changed rows have arrived.
func settle(t *testing.T, conn *pgx.Conn, table string, want int64) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var n int64
		if err := conn.QueryRow(t.Context(), "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname = $1", table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n >= want {
			return
		}
	}
	t.Fatal("the counters do not arrive")
}

func changed(t *testing.T, conn *pgx.Conn, dsn string, o survey.Options) {
	settle(t, conn, "products", 100000)
	settle(t, conn, "customers", 500)
	if _, _, err := run(t, dsn, o); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ statement, table string }{
		{"UPDATE customers SET phone = phone WHERE id = 1", "public.customers"},
		{"ALTER TABLE products ADD COLUMN note text", "public.products"},
		{"TRUNCATE gone", "public.gone"},
		{"DELETE FROM huge", "public.huge"},
	} {
		exec(t, conn, c.statement)
		var got map[string]survey.Report
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			var err error
			if got, _, err = run(t, dsn, o); err != nil {
				t.Fatal(err)
			}
			if got[c.table].Status == survey.Scanned {
				break
			}
		}
		for name, r := range got {
			if want := map[bool]string{true: survey.Scanned, false: survey.Unchanged}[name == c.table]; r.Status != want {
				t.Errorf("after %s: %s is %s", c.statement, name, r.Status)
			}
		}
	}
	o.Full = true
	if got, _, err := run(t, dsn, o); err != nil || got["public.customers"].Status != survey.Scanned {
		t.Errorf("%v, %s", err, got["public.customers"].Status)
	}
}

func locked(t *testing.T, conn *pgx.Conn, dsn string, o survey.Options) {
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), "LOCK TABLE products IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	o.Full, o.Limits.Timeout = true, 500*time.Millisecond
	got, sum, err := run(t, dsn, o)
	if err != nil || sum.Failed != 1 || sum.Complete || got["public.products"].Status != survey.Failed || got["public.wide"].Status != survey.Scanned {
		t.Errorf("%+v, %v, %+v", sum, err, got["public.products"])
	}
}

func denied(t *testing.T, conn *pgx.Conn, dsn string, o survey.Options) {
	exec(t, conn, `CREATE ROLE reader LOGIN`, `GRANT SELECT (id, phone) ON customers TO reader`)
	o.State = nil
	got, sum, err := run(t, strings.Replace(dsn, "postgres@", "reader@", 1), o)
	if err != nil || sum.Complete || sum.Failed != 5 {
		t.Errorf("%+v, %v", sum, err)
	}
	if r := got["public.products"]; r.Status != survey.Failed || !strings.Contains(r.Error, "no permission") || len(r.Columns) == 0 {
		t.Errorf("%+v", r)
	}
	if r := got["public.customers"]; r.Status != survey.Scanned || r.Rows == 0 || category(r, "email") != "user.contact.email" ||
		!slices.Contains(r.Notes, "no permission to read 3 columns; they were judged by their names alone") {
		t.Errorf("%+v", r)
	}
}

// A function that a policy calls may put the value into its error, as a cast does.
func wordy(t *testing.T, conn *pgx.Conn, dsn string, o survey.Options) {
	exec(
		t, conn,
		`CREATE TABLE secured (v text)`, `INSERT INTO secured VALUES ('anna@example.org')`,
		`ALTER TABLE secured ENABLE ROW LEVEL SECURITY`, `CREATE POLICY p ON secured USING (v::int > 0)`,
		`GRANT SELECT ON secured TO reader`,
	)
	defer exec(t, conn, `DROP TABLE secured`)
	o.State = nil
	got, _, err := run(t, strings.Replace(dsn, "postgres@", "reader@", 1), o)
	r := got["public.secured"]
	if err != nil || r.Status != survey.Failed || !strings.Contains(r.Error, "22P02") || strings.Contains(fmt.Sprint(r), "anna") {
		t.Errorf("%v, %+v", err, r)
	}
}

func goesAway(t *testing.T, server *testenv.Database, o survey.Options) {
	o.Full = true
	n := 0
	o.Emit = func(survey.Report) error {
		if n++; n == 2 {
			return server.Stop()
		}
		return nil
	}
	got, sum, err := run(t, server.DSN, o)
	if !errors.Is(err, survey.ErrGone) || comity.CodeOf(err) != comity.CodeUnavailable || !strings.Contains(err.Error(), "3 of 6") || len(got) != 2 || sum.Complete {
		t.Errorf("%d reports, %+v, %v", len(got), sum, err)
	}
}

func TestOpenSurvey(t *testing.T) {
	for dsn, want := range map[string]comity.Code{
		"postgres://u:hunter2@127.0.0.1:bad/db":                  comity.CodeInvalid,
		"postgres://u:hunter2@127.0.0.1:1/db?connect_timeout=2":  comity.CodeUnavailable,
		"host=127.0.0.1 port=1 password=hunter2 dbname=x user=u": comity.CodeUnavailable,
	} {
		_, err := OpenSurvey(t.Context(), dsn)
		if comity.CodeOf(err) != want || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}
