// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package auditbench

import (
	"context"
	"path/filepath"

	"github.com/comity-project/comity/internal/vfs"
)

// bare is what one writer cannot be faster than: one page written to a file that has its
// blocks, then fdatasync.
type bare struct {
	file vfs.File
	page [4096]byte
	at   int64
}

const bareBytes = 64 << 20

// NewBare prepares a file in dir. It takes one writer.
func NewBare(_ context.Context, dir string) (System, error) {
	file, err := vfs.OS().Create(filepath.Join(dir, "bare"))
	if err != nil {
		return nil, err
	}
	if err := file.Preallocate(bareBytes); err != nil {
		return nil, err
	}
	return &bare{file: file}, file.Sync()
}

func (b *bare) Name() string { return "bare fdatasync of 4 KiB" }

func (b *bare) Append(_ context.Context, _ int, event []byte) error {
	copy(b.page[:], event)
	if _, err := b.file.WriteAt(b.page[:], b.at); err != nil {
		return err
	}
	b.at = (b.at + int64(len(b.page))) % bareBytes
	return b.file.SyncData()
}

func (b *bare) Settle(context.Context) error { return nil }
func (b *bare) Close() error                 { return b.file.Close() }
