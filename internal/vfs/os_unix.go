// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func syncData(f *os.File) error { return f.Sync() }

func flush(*os.File) {}

func spread(string) {}

// allocate leaves the work to the zeros that follow.
func allocate(*os.File, int64) error { return nil }

func lockFile(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// openTree has no call to lean on; callers then sync each file.
func openTree(string) (Tree, error) { return nil, errors.ErrUnsupported }
