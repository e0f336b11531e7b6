// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/comity-project/comity"
)

var (
	errForeign = errors.New("belongs to another log")
	errClosed  = errors.New("log is closed")
	// errGone: a segment was recycled while it was read; the tiles have its entries now.
	errGone = errors.New("segment was recycled")
)

// unavailable is the error of an entry that cannot be recorded now.
func (l *Log) unavailable(err error) error {
	return &comity.Error{
		Code: comity.CodeUnavailable, Op: "record in log " + l.o.Name, Err: err, Remedy: remedy(err),
	}
}

func remedy(err error) string {
	switch {
	case errors.Is(err, errClosed):
		return "send it again when the service has started"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return "free space on the log's disk; nothing acknowledged is lost, and recording goes on by itself"
	case errors.Is(err, ErrAnchorMoved):
		return "stop the other process that uses this anchor, then restart"
	}
	return "look at the disk and the service's log, then send it again"
}

func tooLarge(what string, size, limit int) error {
	return &comity.Error{
		Code: comity.CodeTooLarge, Op: "record",
		Err:    fmt.Errorf("%s has %d bytes, the limit is %d", what, size, limit),
		Remedy: "make it shorter or split it into several entries",
	}
}

func notThere(path string) error {
	return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}
