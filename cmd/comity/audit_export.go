// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/proof"
)

// exportFlags are the flags of audit export.
type exportFlags struct {
	logFlags
	selection
	log, out string
}

func newAuditExport() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export [--log DIR|URL] --out FILE",
		Short: "Write a log, or a part of it, into one file that verifies by itself",
		Long: `Writes a ZIP file with the checkpoint, the tiles, the entries, the sealed payloads
and the public key. Whoever gets the file runs comity audit verify on it; payloads
stay sealed.

With a filter it holds the payloads of the entries that fit all of them, and of
tiles and entries what leads from them to the signed root. The entries are chosen
from the leaves themselves, each checked against the signed root, without an index.
Leaves stand in bundles of 256, so that those beside a chosen one are in the file,
too; a batch is chosen whole. The entry that says that a chosen person's key was
destroyed is always with his entries.

A person is found by the pseudonym in his leaves: --subject needs the keys of the
folder (which no server may have open), or a log's URL and a key with the scope
read_log; --pseudonym needs neither.`,
		Example: `  comity audit export --log comity-data --out log.zip
  comity audit export --log comity-data --out part.zip --from 0 --to 1
  comity audit export --out decisions.zip --type decision --region EU --since 2026-01-01`,
		Args: noArgs("--log "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFilters(cmd); err != nil {
				return err
			}
			return f.export(cmd.Context())
		},
	}
	f.logFlags.bind(cmd)
	f.selection.bind(cmd)
	cmd.Flags().StringVar(&f.log, "log", "", "data folder, log's folder, bundle or URL of the log (default "+defaultLog+")")
	cmd.Flags().StringVar(&f.out, "out", "", "the file to write")
	return cmd
}

func (f *exportFlags) export(ctx context.Context) (err error) {
	if f.out == "" {
		return usageError("audit export", "", "say where to write with --out")
	}
	where := cmp.Or(f.log, defaultLog)
	l, err := f.oneLog(ctx, where)
	if err != nil {
		return err
	}
	defer closeAll([]*logSource{l})
	c, err := proof.ReadCheckpoint(ctx, l.src, l.keys...)
	if err != nil {
		return err
	}
	if l.only != nil {
		return usageError("audit export", "export from the log itself", "%s is a part of a log already", l.name)
	}
	only, filter, err := f.choose(ctx, where, l, c)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &comity.Error{Code: comity.CodeConflict, Op: f.out, Err: errors.New("the file is there already"), Remedy: "choose another name"}
	}
	if err != nil {
		return notFound("--out", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.out) // half a bundle would look like one of a damaged log
		}
	}()
	err = errors.Join(writeBundle(ctx, file, l, c, only, filter), file.Close())
	return err
}
