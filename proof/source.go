// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package proof checks what a Comity log says, with nothing but the log's public key:
// checkpoints, inclusion and consistency proofs, receipts, and whole logs.
//
// The formats are those of C2SP (signed notes, tlog-checkpoint, tlog-tiles, tlog-proof), so
// that verifiers which share no code with this one accept the same files. What Comity adds,
// payloads beside the tiles and batches under one leaf, is described in docs/audit.md.
//
// The package is pure: it has no files, no network and no clock. What it reads comes from a
// Source, and nothing that a Source gives is believed before it leads to a signed root.
package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/comity-project/comity"
)

// Source gives the files of one log by their path below the log's folder or URL:
// "checkpoint", "tile/0/000", "tile/entries/x001/000.p/17", "payload/000". What does not
// exist is an error that is fs.ErrNotExist; any other error means that the file could not
// be read and says nothing about the log. Resource may be called by several goroutines.
type Source interface {
	Resource(ctx context.Context, path string) ([]byte, error)
}

// Appender is what a Source may have besides: it appends the file to dst, so that whoever
// reads many files reuses one buffer. Without it Resource is called.
type Appender interface {
	AppendResource(ctx context.Context, dst []byte, path string) ([]byte, error)
}

// SourceFunc is a Source that is one function.
type SourceFunc func(ctx context.Context, path string) ([]byte, error)

// Resource calls the function.
func (f SourceFunc) Resource(ctx context.Context, path string) ([]byte, error) { return f(ctx, path) }

// FS is the Source of a log's folder.
func FS(fsys fs.FS) Source { return folder{fsys} }

type folder struct{ fsys fs.FS }

func (f folder) Resource(ctx context.Context, path string) ([]byte, error) {
	return f.AppendResource(ctx, nil, path)
}

// AppendResource reads the file with one call where the file system tells its size.
func (f folder) AppendResource(ctx context.Context, dst []byte, path string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	// Whoever is audited chose what lies there: what is no plain file is a missing one, and
	// opening it could wait for ever.
	info, err := fs.Stat(f.fsys, path)
	if err != nil {
		return dst, missing(path, err)
	}
	if !info.Mode().IsRegular() {
		return dst, missing(path, errors.New("it is no plain file"))
	}
	file, err := f.fsys.Open(path)
	if err != nil {
		return dst, err
	}
	defer file.Close()
	return appendAll(dst, file)
}

// missing is the fault of a path with nothing that can be read, now or later; whether a
// file may be read is another question.
func missing(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%w: %w", fs.ErrNotExist, err)}
}

// appendTo reads a file of src, into dst where src can.
func appendTo(ctx context.Context, src Source, dst []byte, path string) ([]byte, error) {
	if a, ok := src.(Appender); ok {
		return a.AppendResource(ctx, dst, path)
	}
	data, err := src.Resource(ctx, path)
	return append(dst, data...), err
}

// appendAll reads a file to its end, with one allocation where its size is known.
func appendAll(dst []byte, file fs.File) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return dst, err
	}
	if size := info.Size(); size < maxFile {
		dst = slices.Grow(dst, int(size)+1)
	}
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, 4096)
		}
		n, err := file.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		case len(dst) > maxFile:
			return dst, fmt.Errorf("more than %d bytes", maxFile)
		}
	}
}

// maxFile is more than any file of a log has.
const maxFile = 1 << 30

// unreadable is the error of a file that a log ought to have.
func unreadable(path string, err error) error {
	code := comity.CodeInternal
	if errors.Is(err, fs.ErrNotExist) {
		code = comity.CodeNotFound
	}
	return &comity.Error{Code: code, Op: path, Err: err}
}
