// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/survey"
)

const (
	longestValue = 1024
	// strides is from how many places of a large table rows are read.
	strides = 16
	// settled is how old a write-ahead log must be for its time to tell a later change.
	settled = 2 * time.Second
	// maxMemory bounds what SQLite allocates, whatever a hostile file makes it do.
	maxMemory = 256 << 20
)

// Survey reads a database file as a source: read-only, and with the functions off that a
// hostile file could name in its schema.
type Survey struct {
	path string
	db   *sql.DB
}

// OpenSurvey opens a file.
func OpenSurvey(ctx context.Context, path string) (*Survey, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "open database", Err: fmt.Errorf("%s is no regular file", path)}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeNotFound, Op: "open database", Err: err}
	}
	head := make([]byte, 16)
	_, err = io.ReadFull(file, head)
	file.Close()
	if err != nil || string(head) != "SQLite format 3\x00" {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "open database", Err: fmt.Errorf("%s is no SQLite file", path), Remedy: "a CSV, JSON lines or Parquet file is read by comity classify file"}
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{
		"mode":    {"ro"},
		"_pragma": {"query_only(1)", "busy_timeout(2000)", "trusted_schema(0)", "cell_size_check(1)", fmt.Sprintf("hard_heap_limit(%d)", maxMemory)},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, surveyError(err)
	}
	db.SetMaxOpenConns(1)
	s := &Survey{path, db}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(surveyError(err), db.Close())
	}
	return s, nil
}

func surveyError(err error) error {
	remedy := ""
	if e := (*driver.Error)(nil); errors.As(err, &e) {
		switch e.Code() & 0xFF {
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			remedy = "a database with a write-ahead log needs a folder in which its -shm file can be made"
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			remedy = "another program writes to it; try again later"
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			remedy = "the file is damaged, or not all of it is there"
		}
	}
	return &comity.Error{Code: comity.CodeUnavailable, Op: "open database", Err: err, Remedy: remedy}
}

// Close closes the file.
func (s *Survey) Close() error { return s.db.Close() }

// Name is the path.
func (s *Survey) Name() string { return "sqlite:" + s.path }

// Tables lists the tables. SQLite counts changes of the file and not of a table, so that
// all have the mark of the file.
func (s *Survey) Tables(ctx context.Context) ([]survey.Table, error) {
	mark := s.mark(time.Now())
	rows, err := s.db.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	defer rows.Close()
	var out []survey.Table
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, fmt.Errorf("read the schema: %w", err)
		}
		t := survey.Table{Name: name, Mark: mark}
		if strings.HasPrefix(strings.ToUpper(strings.Join(strings.Fields(text[:min(len(text), 64)]), " ")), "CREATE VIRTUAL") {
			t.Skip = "a virtual table: the tables that it keeps its rows in are read"
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// mark is made of the file's header, which counts its changes, and of the write-ahead log,
// which holds those that the header does not count yet.
func (s *Survey) mark(now time.Time) string {
	h := sha256.New()
	for _, name := range []string{s.path, s.path + "-wal"} {
		file, err := os.Open(name)
		if err != nil {
			fmt.Fprint(h, "none;")
			continue
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil || name != s.path && info.Size() > 0 && now.Sub(info.ModTime()) < settled {
			return ""
		}
		fmt.Fprintf(h, "%d %d;", info.Size(), info.ModTime().UnixNano())
		if _, err := io.CopyN(h, file, 100); err != nil && !errors.Is(err, io.EOF) {
			return ""
		}
	}
	return fmt.Sprintf("file %x", h.Sum(nil))
}

// Read samples a table.
func (s *Survey) Read(ctx context.Context, t survey.Table, out *survey.Sampler) error {
	limits := out.Limits()
	if limits.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limits.Timeout)
		defer cancel()
	}
	err := s.read(ctx, t.Name, out)
	var e *driver.Error
	switch {
	case err == nil, errors.Is(err, survey.ErrEnough):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &e) && slices.Contains([]int{sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB}, e.Code()&0xff):
		return fmt.Errorf("%w: %w", survey.ErrGone, err)
	}
	return err
}

func (s *Survey) read(ctx context.Context, table string, out *survey.Sampler) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it was read-only
	numbers, list, err := surveyColumns(ctx, tx, table, out)
	if err != nil || len(list) == 0 {
		return err
	}
	query := "SELECT " + strings.Join(list, ", ") + " FROM " + quote(table)
	low, high, ok := rowids(ctx, tx, table)
	limits := out.Limits()
	if !ok || high-low < 2*limits.Rows {
		_, err := surveyRows(ctx, tx, query, limits.Rows+1, numbers, out)
		return err
	}
	out.Sampled()
	out.Note("up to %d rows; rows from all over the table were read", high-low+1)
	each := (limits.Rows + strides - 1) / strides
	for i := range int64(strides) {
		// In this order, or the product could leave the range.
		from := low + (high-low)/strides*i
		if _, err := surveyRows(ctx, tx, fmt.Sprintf("%s WHERE _rowid_ >= %d ORDER BY _rowid_", query, from), each, numbers, out); err != nil {
			return err
		}
	}
	return nil
}

// rowids are the first and the last number of a row; not all tables have them.
func rowids(ctx context.Context, tx *sql.Tx, table string) (low, high int64, ok bool) {
	var least, most sql.NullInt64
	err := tx.QueryRowContext(ctx, "SELECT (SELECT min(_rowid_) FROM "+quote(table)+"), (SELECT max(_rowid_) FROM "+quote(table)+")").Scan(&least, &most)
	// Numbers that far apart are no count; their difference would not fit, either.
	const far = 1 << 61
	return least.Int64, most.Int64, err == nil && least.Valid && most.Valid && least.Int64 > -far && most.Int64 < far
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// surveyColumns tells the sampler of the columns and makes what is read of each.
func surveyColumns(ctx context.Context, tx *sql.Tx, table string, out *survey.Sampler) (numbers []int, list []string, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT name, type, hidden FROM pragma_table_xinfo(?)", table)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, typ string
		var hidden int
		if err := rows.Scan(&name, &typ, &hidden); err != nil {
			return nil, nil, err
		}
		number := out.Column(name, typ)
		if hidden != 0 { // computed from the others, or of a virtual table
			continue
		}
		q := quote(name)
		numbers = append(numbers, number)
		list = append(list, fmt.Sprintf("CASE typeof(%s) WHEN 'blob' THEN NULL ELSE substr(CAST(%s AS TEXT), 1, %d) END", q, q, longestValue))
	}
	return numbers, list, rows.Err()
}

// surveyRows gives the sampler at most so many rows of a query.
func surveyRows(ctx context.Context, tx *sql.Tx, query string, most int64, numbers []int, out *survey.Sampler) (int64, error) {
	rows, err := tx.QueryContext(ctx, fmt.Sprintf("%s LIMIT %d", query, most))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	values := make([]sql.NullString, len(numbers))
	targets := make([]any, len(numbers))
	for i := range values {
		targets[i] = &values[i]
	}
	n := int64(0)
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return n, err
		}
		n++
		size := int64(0)
		for _, v := range values {
			size += int64(len(v.String))
		}
		if err := out.Row(size); err != nil {
			return n, err
		}
		for i, v := range values {
			if v.String == "" {
				continue
			}
			if err := out.Value(numbers[i], strings.ToValidUTF8(v.String, "\ufffd")); err != nil {
				return n, err
			}
		}
	}
	return n, rows.Err()
}
