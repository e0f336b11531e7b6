// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package sqlite is the adapter of SQLite. It keeps the index beside a log in a file, and
// reads the files of others as sources of surveys (survey.go).
//
// A row of the log has some ten terms: its type, its subject and so on. A table with an
// index for each would write as many pages all over the file for every row. Here the
// latest rows stand in a list, and each 65,536 of them become a segment: sorted posting
// lists in blobs, written once and from front to end. That takes some tens of bytes a
// row, and a query looks at one or two blobs a segment.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	driver "modernc.org/sqlite"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// Index implements audit.Index on one file. A damaged file is replaced by an empty one
// when that shows; the caller sees it by Size.
type Index struct {
	path   string
	logger *slog.Logger

	mu     sync.RWMutex // held for writing while the file is replaced
	writer *sql.DB      // one connection
	reader *sql.DB
	life   int     // counts replacements
	build  builder // used by Add only
}

var _ audit.Index = (*Index)(nil)

// errDamaged: a blob is not what was written.
var errDamaged = errors.New("index is damaged")

// Open opens the index in a file, or starts an empty one if the file is missing, damaged
// or of a newer version: an index is rebuilt from its log, so that is never an error.
func Open(ctx context.Context, path string, logger *slog.Logger) (*Index, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, openError(path, err)
	}
	x := &Index{path: path, logger: logger}
	err = x.open(ctx)
	if isDamage(err) || errors.Is(err, errNewer) {
		logger.Warn("index cannot be used and is rebuilt", "path", path, "err", err)
		err = x.replace(ctx)
	}
	if err != nil {
		return nil, openError(path, err)
	}
	return x, nil
}

func openError(path string, err error) error {
	return &comity.Error{Code: comity.CodeUnavailable, Op: "open index", Err: fmt.Errorf("%s: %w", path, err), Remedy: "make its folder writable, with space left"}
}

// open creates the file for its user only; SQLite gives the same mode to those beside it.
func (x *Index) open(ctx context.Context) error {
	f, err := os.OpenFile(x.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	// A commit does not sync: what a power failure takes from the end is read from the log
	// again, and the write-ahead log of SQLite keeps the file whole.
	x.writer, err = sql.Open("sqlite", dsn(x.path, "_txlock=immediate", "journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(10000)", "journal_size_limit(16777216)"))
	if err != nil {
		return err
	}
	x.writer.SetMaxOpenConns(1)
	if err := migrate(ctx, x.writer); err != nil {
		return errors.Join(err, x.writer.Close())
	}
	x.reader, err = sql.Open("sqlite", dsn(x.path, "mode=ro", "query_only(1)", "busy_timeout(10000)"))
	if err != nil {
		return errors.Join(err, x.writer.Close())
	}
	x.reader.SetMaxOpenConns(4)
	err = x.reader.QueryRowContext(ctx, "SELECT COALESCE(SUM(rows), 0), COALESCE(SUM(LENGTH(data)), 0) FROM recent, state").Scan(&x.build.rows, &x.build.bytes)
	if err != nil {
		return errors.Join(err, x.reader.Close(), x.writer.Close())
	}
	return nil
}

func dsn(path, option string, pragmas ...string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: option}
	for _, p := range pragmas {
		u.RawQuery += "&_pragma=" + url.QueryEscape(p)
	}
	return u.String()
}

// replace starts an empty file. The lock is held, or nobody else has x.
func (x *Index) replace(ctx context.Context) error {
	for _, name := range []string{x.path, x.path + "-wal", x.path + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	x.build = builder{}
	x.life++
	return x.open(ctx)
}

// isDamage tells a file that SQLite, or we, cannot make sense of.
func isDamage(err error) bool {
	var e *driver.Error
	if errors.As(err, &e) {
		const corrupt, notADatabase, schemaError = 11, 26, 1
		switch e.Code() & 0xff {
		case corrupt, notADatabase, schemaError: // a statement of ours fails only on another schema
			return true
		}
	}
	return errors.Is(err, errDamaged)
}

// mend replaces a file that showed damage in its given life. The error stays: the caller
// must look at Size again.
func (x *Index) mend(ctx context.Context, life int, err error) error {
	if !isDamage(err) || ctx.Err() != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.life != life {
		return err // somebody else was faster
	}
	x.logger.Warn("index is damaged and is rebuilt", "path", x.path, "err", err)
	_ = errors.Join(x.reader.Close(), x.writer.Close()) // nothing of theirs is needed
	return errors.Join(err, x.replace(ctx))
}

// Close implements audit.Index.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return errors.Join(x.reader.Close(), x.writer.Close())
}

// Size implements audit.Index.
func (x *Index) Size(ctx context.Context) (uint64, error) {
	var size uint64
	err := x.read(ctx, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, "SELECT size FROM state").Scan(&size)
	})
	return size, err
}

// read runs fn while the file stays.
func (x *Index) read(ctx context.Context, fn func(*sql.DB) error) error {
	x.mu.RLock()
	life, err := x.life, fn(x.reader)
	x.mu.RUnlock()
	if err != nil {
		return x.mend(ctx, life, err)
	}
	return nil
}

// Add implements audit.Index.
func (x *Index) Add(ctx context.Context, rows []audit.Row, from, to uint64) error {
	return x.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "UPDATE state SET size = ? WHERE size = ?", int64(to), int64(from))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(audit.ErrGap, err)
		}
		for rest := rows; len(rest) > 0; {
			n := min(len(rest), pieceRows)
			if err := x.build.add(ctx, tx, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return addIdem(ctx, tx, rows)
	})
}

// Reset implements audit.Index.
func (x *Index) Reset(ctx context.Context) error {
	return x.write(ctx, func(tx *sql.Tx) error {
		x.build.rows, x.build.bytes = 0, 0
		_, err := tx.ExecContext(ctx, "DELETE FROM recent; DELETE FROM segment; DELETE FROM posting; UPDATE state SET size = 0")
		return err
	})
}

// write runs fn in a transaction. What the builder knows of the file is undone with it.
func (x *Index) write(ctx context.Context, fn func(*sql.Tx) error) error {
	x.mu.RLock()
	life, rows, bytes := x.life, x.build.rows, x.build.bytes
	err := inTx(ctx, x.writer, fn)
	if err != nil {
		x.build.rows, x.build.bytes = rows, bytes
	}
	x.mu.RUnlock()
	if err != nil {
		return x.mend(ctx, life, err)
	}
	return nil
}

const msPerDay = int64(24 * time.Hour / time.Millisecond)

// addIdem records idempotency keys, and drops those of days that no longer count.
func addIdem(ctx context.Context, tx *sql.Tx, rows []audit.Row) error {
	latest := int64(-1)
	for i := range rows {
		r := &rows[i]
		if r.Idem == (audit.Pseudonym{}) {
			continue
		}
		ms := r.Time.UnixMilli()
		latest = max(latest, ms/msPerDay)
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO idem VALUES (?, ?, ?, ?, ?, ?)", ms/msPerDay, r.Idem[:], r.Body[:], int64(r.Index), r.Sub, ms)
		if err != nil {
			return err
		}
	}
	if latest < 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM idem WHERE day < ?", latest-1-int64(audit.IdemKept/(24*time.Hour)))
	return err
}

// Idem implements audit.Index.
func (x *Index) Idem(ctx context.Context, idem audit.Pseudonym, since time.Time) (s audit.Seen, ok bool, err error) {
	err = x.read(ctx, func(db *sql.DB) error {
		var body []byte
		var ms int64
		from := since.UnixMilli()
		err := db.QueryRowContext(ctx,
			"SELECT body, log_index, sub, time FROM idem WHERE day >= ? AND idem = ? AND time >= ? ORDER BY log_index DESC LIMIT 1",
			from/msPerDay, idem[:], from).Scan(&body, &s.Index, &s.Sub, &ms)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		case copy(s.Body[:], body) != len(s.Body):
			return errDamaged
		}
		s.Time, ok = time.UnixMilli(ms).UTC(), true
		return nil
	})
	return s, ok, err
}
