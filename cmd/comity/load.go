// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
)

// packFlags are the folders given with --packs.
type packFlags struct{ dirs []string }

func (f *packFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "packs", nil, "folder of packs to add; a pack with the same id replaces the embedded one (repeatable)")
	_ = cmd.MarkFlagDirname("packs")
}

func (f *packFlags) engine() (*engine.Engine, error) { return app.LoadPacks(f.dirs) }

// notFound is a file that cannot be read, without the system call in its message.
func notFound(op string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return &comity.Error{Code: comity.CodeNotFound, Op: op, Err: err}
}
