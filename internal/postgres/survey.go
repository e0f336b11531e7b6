// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package postgres is the adapter of PostgreSQL: so far, as a source of surveys.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/survey"
)

const (
	connectTimeout = 10 * time.Second
	lockTimeout    = 2 * time.Second
	longestValue   = 1024    // characters of a value that the server sends
	fetchBytes     = 1 << 20 // the most that one step is meant to send
	overSample     = 1.5     // pages are sampled, whose rows are not equally many
	fewRows        = 4       // up to which multiple of the limit a table is read from its start
	maxTables      = 100_000
)

// Survey reads a database as a source. Each table is read in a transaction of its own that
// is read-only, ends by itself, waits for no lock and holds nothing back for longer than a
// table takes.
type Survey struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn
	tables map[string]table
}

type table struct {
	oid   uint32
	name  string // quoted
	rows  float64
	notes []string
}

// OpenSurvey connects. A password may be in PGPASSWORD or the password file, so that the
// DSN need not hold it.
func OpenSurvey(ctx context.Context, dsn string) (*Survey, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "read the DSN", Err: errors.New("it is no PostgreSQL URL or list of key=value"), Remedy: "write postgres://user@host:5432/database"}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.RuntimeParams["application_name"] = "comity classify"
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // prepares nothing, as poolers like it
	s := &Survey{config: config}
	return s, s.connect(ctx)
}

func (s *Survey) connect(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.config)
	if err != nil {
		return &comity.Error{Code: comity.CodeUnavailable, Op: "connect to " + s.Name(), Err: plain(err)}
	}
	s.conn = conn
	return nil
}

// wordless are the classes of errors whose text names things of the server: connections,
// rights, tables, locks, resources. Those of data, and of functions that policies call, may
// repeat a value.
const wordless = " 08 25 28 3D 3F 42 53 54 55 57 58 "

// plain is an error without the parts that may repeat what was sent, or what was read.
func plain(err error) error {
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &pg):
		return err
	case len(pg.Code) != 5 || !strings.Contains(wordless, " "+pg.Code[:2]+" "):
		return fmt.Errorf("the server reports an error whose text may repeat a value; its log has it (SQLSTATE %s)", pg.Code)
	}
	return fmt.Errorf("%s (SQLSTATE %s)", pg.Message, pg.Code)
}

// Close ends the connection.
func (s *Survey) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.conn.Close(ctx)
}

// Name is the server and the database.
func (s *Survey) Name() string {
	return "postgres://" + net.JoinHostPort(s.config.Host, strconv.Itoa(int(s.config.Port))) + "/" + s.config.Database
}

// listTables has a line for each table. What the mark is made of changes with every
// committed change of the contents: the counters of changed rows, which survive a restart
// and begin anew with another stats_reset after a crash, and the file, which TRUNCATE and
// rewrites replace. Where the counters are not kept (track_counts off, a standby) there is
// no mark.
const listTables = `
SELECT n.nspname, c.relname, c.oid, c.relkind::text, c.reltuples::float8, c.relrowsecurity,
  CASE WHEN c.relkind IN ('r', 'm') AND current_setting('track_counts')::bool AND NOT pg_is_in_recovery() AND s.relid IS NOT NULL
    THEN concat_ws(' ', c.oid, pg_relation_filenode(c.oid), s.n_tup_ins, s.n_tup_upd, s.n_tup_del, d.stats_reset, current_user, c.relacl::text,
      (SELECT md5(string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod, a.attacl::text), ',' ORDER BY a.attnum))
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
    ELSE '' END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
LEFT JOIN pg_stat_database d ON d.datname = current_database()
WHERE c.relkind IN ('r', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1, 2
LIMIT $1`

// Tables lists tables, partitions and materialised views. Views show what tables hold.
func (s *Survey) Tables(ctx context.Context) ([]survey.Table, error) {
	rows, err := s.conn.Query(ctx, listTables, maxTables+1)
	if err != nil {
		return nil, plain(err)
	}
	defer rows.Close()
	s.tables = map[string]table{}
	var out []survey.Table
	for rows.Next() {
		var schema, name, kind, mark string
		var t table
		var secured bool
		if err := rows.Scan(&schema, &name, &t.oid, &kind, &t.rows, &secured, &mark); err != nil {
			return nil, plain(err)
		}
		t.name = pgx.Identifier{schema, name}.Sanitize()
		if secured {
			t.notes = []string{"row security is on: only the rows that this role may see were read"}
		}
		entry := survey.Table{Name: schema + "." + name, Mark: mark}
		if kind == "f" {
			entry.Skip = "a foreign table: survey the server that holds it"
		}
		s.tables[entry.Name] = t
		out = append(out, entry)
	}
	if len(out) > maxTables {
		return nil, &comity.Error{Code: comity.CodeTooLarge, Err: fmt.Errorf("more than %d tables", maxTables)}
	}
	return out, plain(rows.Err())
}

// Read samples a table.
func (s *Survey) Read(ctx context.Context, t survey.Table, out *survey.Sampler) error {
	if s.conn.IsClosed() { // after a table whose time was over
		if err := s.connect(ctx); err != nil {
			return fmt.Errorf("%w: %w", survey.ErrGone, err)
		}
	}
	err := s.read(ctx, s.tables[t.Name], out)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case s.conn.IsClosed(), shutdown(err):
		return fmt.Errorf("%w: %w", survey.ErrGone, plain(err))
	}
	return plain(err)
}

// shutdown tells whether the server ends the connection, or all.
func shutdown(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08"))
}

func (s *Survey) read(ctx context.Context, t table, out *survey.Sampler) error {
	tx, err := s.conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = tx.Rollback(ctx) // it was read-only
	}()
	limits := out.Limits()
	for _, set := range []string{
		fmt.Sprintf("SET LOCAL statement_timeout = %d", limits.Timeout.Milliseconds()),
		fmt.Sprintf("SET LOCAL lock_timeout = %d", lockTimeout.Milliseconds()),
		fmt.Sprintf("SET LOCAL idle_in_transaction_session_timeout = %d", (2 * limits.Timeout).Milliseconds()),
	} {
		if _, err := tx.Exec(ctx, set); err != nil {
			return err
		}
	}
	columns, err := s.columns(ctx, tx, t, out)
	if err != nil || len(columns) == 0 {
		return err
	}
	for _, n := range t.notes {
		out.Note("%s", n)
	}
	if _, err := tx.Exec(ctx, "DECLARE sample NO SCROLL CURSOR FOR "+s.query(t, columns, limits, out)); err != nil {
		return err
	}
	return fetch(ctx, tx, columns, out)
}

// errDenied is the error of a table of which nothing may be read.
var errDenied = errors.New("no permission to read it; its columns were judged by their names alone")

// column is a column that is read.
type column struct {
	number     int // of the sampler
	expression string
}

// columns tells the sampler of all, and returns those whose values are looked at.
func (s *Survey) columns(ctx context.Context, tx pgx.Tx, t table, out *survey.Sampler) ([]column, error) {
	rows, err := tx.Query(ctx, `SELECT attname, format_type(atttypid, atttypmod), has_column_privilege(attrelid, attnum, 'SELECT')
FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, t.oid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []column
	denied, bytes := 0, 0
	for rows.Next() {
		var name, typ string
		var allowed bool
		if err := rows.Scan(&name, &typ, &allowed); err != nil {
			return nil, err
		}
		number := out.Column(name, typ)
		switch {
		case !allowed:
			denied++
		case typ == "bytea": // bytes are no text
			bytes++
		default:
			list = append(list, column{number, fmt.Sprintf("left(%s::text, %d)", pgx.Identifier{name}.Sanitize(), longestValue)})
		}
	}
	switch total := denied + len(list) + bytes; {
	case rows.Err() == nil && denied == total && total > 0:
		return nil, errDenied
	case denied > 0:
		out.Note("no permission to read %d columns; they were judged by their names alone", denied)
	}
	return list, rows.Err()
}

// query reads a large table by pages from all over it, and a small one from its start.
func (s *Survey) query(t table, columns []column, limits survey.Limits, out *survey.Sampler) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.expression
	}
	sample := ""
	if t.rows > float64(fewRows*limits.Rows) {
		sample = fmt.Sprintf(" TABLESAMPLE SYSTEM (%g) REPEATABLE (1)", min(100, 100*overSample*float64(limits.Rows)/t.rows))
		out.Sampled()
		out.Note("about %.0f rows; pages from all over the table were read", t.rows)
	}
	// One more than wanted, to know whether there are more.
	return fmt.Sprintf("SELECT %s FROM ONLY %s%s LIMIT %d", strings.Join(list, ", "), t.name, sample, limits.Rows+1)
}

// fetch reads in steps, so that the server does no more than is looked at.
func fetch(ctx context.Context, tx pgx.Tx, columns []column, out *survey.Sampler) error {
	step := min(1000, max(10, fetchBytes/(len(columns)*longestValue)))
	deadline := time.Now().Add(out.Limits().Timeout)
	values := make([]*string, len(columns))
	targets := make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for n := 0; ; n = 0 {
		if out.Limits().Timeout > 0 && time.Now().After(deadline) {
			return context.DeadlineExceeded
		}
		rows, err := tx.Query(ctx, fmt.Sprintf("FETCH %d FROM sample", step))
		if err != nil {
			return err
		}
		var told error
		for rows.Next() {
			if n++; told != nil {
				continue // the rest of the step, so that the connection stays
			}
			if told = rows.Scan(targets...); told == nil {
				told = row(columns, values, out)
			}
		}
		switch {
		case rows.Err() != nil:
			return rows.Err()
		case errors.Is(told, survey.ErrEnough):
			return nil
		case told != nil:
			return told
		case n < step:
			return nil
		}
	}
}

// row gives the sampler a row.
func row(columns []column, values []*string, out *survey.Sampler) error {
	size := int64(0)
	for _, v := range values {
		if v != nil {
			size += int64(len(*v))
		}
	}
	if err := out.Row(size); err != nil {
		return err
	}
	for i, v := range values {
		if v == nil || *v == "" {
			continue
		}
		if err := out.Value(columns[i].number, *v); err != nil {
			return err
		}
	}
	return nil
}
