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

// topDir is ext4's flag for a folder whose subfolders have nothing to do with each other.
const topDir = 0x00020000

// spread asks ext4 to place the subfolders of dir in block groups of their own, where few
// files were deleted lately: without a journal it walks past each inode of the group that
// was freed in the last minutes before it takes one, which costs 5 to 40 times the rest of
// the call where many were. Other file systems do not know the flag and need no such help.
func spread(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer f.Close()
	if flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS); err == nil {
		_ = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags|topDir))
	}
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
