// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
)

// migrations are applied in the order of their numbers, each once.
//
//go:embed migrations/*.sql
var migrations embed.FS

var errNewer = errors.New("file is of a newer version")

// migrate brings a file to the latest version, which user_version holds.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(files) {
		return errNewer
	}
	for n := version; n < len(files); n++ {
		if err := apply(ctx, db, files[n], n+1); err != nil {
			return fmt.Errorf("%s: %w", files[n], err)
		}
	}
	return nil
}

func apply(ctx context.Context, db *sql.DB, file string, version int) error {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	return inTx(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(version))
		return err
	})
}

// inTx commits what fn did, or undoes it.
func inTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
