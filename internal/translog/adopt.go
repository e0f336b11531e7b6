// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/comity-project/comity"
)

// Adopt closes the book on a log that cannot go on: what it has is sealed as far as its
// own signatures reach, its folder moves to moveTo, and a new log with next's origin
// starts in next.Dir with first as its first entry, which must name the old head. It can
// be called again after a crash, with a nil old if the folder has already moved.
func Adopt(ctx context.Context, old *Log, moveTo string, next Options, first Entry) (*Log, Ack, error) {
	if err := next.check(); err != nil {
		return nil, Ack{}, err
	}
	if old != nil {
		if err := old.bury(); err != nil {
			next.Logger.Warn("entries of the old log stay in its write-ahead log", "log", old.o.Name, "err", err)
		}
		if err := old.Close(); err != nil {
			next.Logger.Warn("close old log", "log", old.o.Name, "err", err)
		}
	}
	if err := moveFolder(next, moveTo); err != nil {
		return nil, Ack{}, &comity.Error{
			Code: comity.CodeUnavailable, Op: "adopt log " + next.Name, Err: err,
			Remedy: "give the service write access to the folder above the log's, then run the same command again",
		}
	}
	l, report, err := Open(ctx, next)
	if err != nil {
		return nil, Ack{}, err
	}
	if report.ReadOnly != nil {
		l.Close()
		return nil, Ack{}, report.ReadOnly
	}
	ack, err := l.Append(ctx, first)
	if err != nil {
		return nil, Ack{}, errors.Join(err, l.Close())
	}
	return l, ack, nil
}

// moveFolder moves the old log's folder away, unless it has already moved.
func moveFolder(next Options, moveTo string) error {
	_, err := next.FS.Stat(moveTo)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := next.FS.Rename(next.Dir, moveTo); err != nil {
		return err
	}
	return next.FS.SyncDir(path.Dir(next.Dir))
}

// bury seals what a read-only log has under the notes that it signed itself.
func (l *Log) bury() error {
	if l.readOnly == nil || l.wal != nil || l.Head().Note == nil {
		return nil
	}
	return newSealer(l, l.tailFile).cycle()
}
