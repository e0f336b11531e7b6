// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package vfs is the file layer under the log: real files, and strict files in
// memory that keep only what was synced, so that a test can crash at every call.
package vfs

import (
	"io"
	"io/fs"
)

// FS is what the log needs of a file system. Names are slash-separated paths. A file
// that does not exist is fs.ErrNotExist. All methods may be called concurrently.
type FS interface {
	// Create makes an empty file or empties an existing one, opened for reading and writing.
	Create(name string) (File, error)
	// Open opens an existing file for reading.
	Open(name string) (File, error)
	// OpenWrite opens an existing file for reading and writing, or creates it.
	OpenWrite(name string) (File, error)
	// MkdirAll makes a folder and those above it; it is no error if they exist.
	MkdirAll(dir string) error
	// Rename replaces next by old in one step. Durable only after SyncDir.
	Rename(old, next string) error
	// Remove deletes a file or an empty folder. Durable only after SyncDir.
	Remove(name string) error
	// List names what a folder holds, sorted.
	List(dir string) ([]string, error)
	// Stat describes a file or folder.
	Stat(name string) (Info, error)
	// SyncDir makes the names in dir durable, not the contents of its files.
	SyncDir(dir string) error
	// OpenTree holds a folder open so that everything written under it since then can be
	// made durable at once, and no write error in between is missed.
	OpenTree(dir string) (Tree, error)
	// Lock takes an exclusive lock on a file, which it creates if it must. It does not
	// wait: a lock held by somebody else is ErrLocked.
	Lock(name string) (io.Closer, error)
}

// Info describes a file or folder.
type Info struct {
	Size int64
	Dir  bool
}

// File is an open file. WriteAt is not durable before a sync has returned nil. After a
// sync has failed, what was written before it may be lost even if a later sync succeeds.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Sync makes contents and length durable; SyncData may leave out what reading the
	// contents does not need, such as times.
	Sync() error
	SyncData() error
	// Flush begins to write to the disk and does not wait, so that a later sync of much
	// data is no burst that others wait behind. It promises nothing.
	Flush()
	// Preallocate makes the file size bytes long and zero, with blocks that are allocated
	// and written, so that later writes and syncs change no metadata.
	Preallocate(size int64) error
}

// Tree makes everything under a folder durable at once.
type Tree interface {
	Sync() error
	io.Closer
}

// ErrLocked is returned by Lock for a lock that another process or handle holds.
const ErrLocked = lockedError("locked by another process")

type lockedError string

func (e lockedError) Error() string { return string(e) }

// ReadFile reads a whole file.
func ReadFile(f FS, name string) ([]byte, error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	n, err := file.ReadAt(data, 0)
	if err == io.EOF {
		err = nil
	}
	return data[:n], err
}

// pathError says which call failed on which file, in the form that package os uses.
func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}
