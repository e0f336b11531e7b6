// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// What the log writes is for its own user: sealed payloads are still evidence.
const (
	fileMode = 0o600
	dirMode  = 0o700
)

// zeroChunk is how much Preallocate writes at a time.
const zeroChunk = 1 << 20

// OS is the operating system's files.
func OS() FS { return osFS{} }

type osFS struct{}

type osFile struct{ *os.File }

func (osFS) open(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (fs osFS) Create(name string) (File, error) {
	return fs.open(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (fs osFS) Open(name string) (File, error) { return fs.open(name, os.O_RDONLY) }

func (fs osFS) OpenWrite(name string) (File, error) {
	return fs.open(name, os.O_RDWR|os.O_CREATE)
}

// MkdirAll lets the folders under a new one lie apart on the disk, where the system can.
func (fs osFS) MkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if above := filepath.Dir(dir); above != dir {
		if err := fs.MkdirAll(above); err != nil {
			return err
		}
	}
	err := os.Mkdir(dir, dirMode)
	if errors.Is(err, os.ErrExist) { // somebody else was faster, or it is a file
		return os.MkdirAll(dir, dirMode)
	}
	if err == nil {
		spread(dir)
	}
	return err
}

func (osFS) Rename(old, next string) error   { return os.Rename(old, next) }
func (osFS) Remove(name string) error        { return os.Remove(name) }
func (osFS) OpenTree(d string) (Tree, error) { return openTree(d) }

func (osFS) List(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

func (osFS) Stat(name string) (Info, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Info{}, err
	}
	return Info{Size: info.Size(), Dir: info.IsDir()}, nil
}

func (osFS) SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, pathError("lock", name, err)
	}
	return f, nil
}

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f osFile) SyncData() error {
	if err := syncData(f.File); err != nil {
		return pathError("fdatasync", f.Name(), err)
	}
	return nil
}

func (f osFile) Flush() { flush(f.File) }

func (f osFile) Preallocate(size int64) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	if err := allocate(f.File, size); err != nil {
		return pathError("fallocate", f.Name(), err)
	}
	// Allocated blocks that were never written are marked so on disk, and the first sync
	// after writing one must change that mark; written zeros keep later syncs short.
	zeros := make([]byte, min(size, zeroChunk))
	for off := int64(0); off < size; off += zeroChunk {
		if _, err := f.WriteAt(zeros[:min(size-off, zeroChunk)], off); err != nil {
			return err
		}
		// In small portions: one large sync would hold up those of the log.
		if err := f.SyncData(); err != nil {
			return err
		}
	}
	return nil
}
