// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func syncData(f *os.File) error {
	return retry(func() error { return unix.Fdatasync(int(f.Fd())) })
}

func flush(f *os.File) {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}

// allocate reserves blocks at once, so that a full disk shows before anything is written.
func allocate(f *os.File, size int64) error {
	err := retry(func() error { return unix.Fallocate(int(f.Fd()), 0, 0, size) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil // the zeros that follow allocate
	}
	return err
}

func lockFile(f *os.File) error {
	err := retry(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

type osTree struct{ *os.File }

// openTree keeps the handle: syncfs reports a write error to handles opened before it.
func openTree(dir string) (Tree, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	return osTree{f}, nil
}

func (t osTree) Sync() error {
	err := retry(func() error { return unix.Syncfs(int(t.Fd())) })
	if err != nil {
		return pathError("syncfs", t.Name(), err)
	}
	return nil
}
