// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
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
	log, out string
	from, to uint64
}

func newAuditExport() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export --log DIR|URL --out FILE",
		Short: "Write a log, or a range of it, into one file that verifies by itself",
		Long: `Writes a ZIP file with the checkpoint, the tiles, the entries, the sealed payloads
and the public key. With --from and --to it holds the payloads of these entries
only, and of tiles and entries what leads from them to the signed root. Whoever
gets the file runs comity audit verify on it; payloads stay sealed.`,
		Example: `  comity audit export --log comity-data --out log.zip
  comity audit export --log comity-data --out part.zip --from 0 --to 1`,
		Args: noArgs("--log "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.export(cmd.Context(), cmd.Flags().Changed("from") || cmd.Flags().Changed("to"))
		},
	}
	f.bind(cmd)
	cmd.Flags().StringVar(&f.log, "log", "", "data folder, log's folder, bundle or URL of the log")
	cmd.Flags().StringVar(&f.out, "out", "", "the file to write")
	cmd.Flags().Uint64Var(&f.from, "from", 0, "the first entry whose payload is wanted")
	cmd.Flags().Uint64Var(&f.to, "to", 0, "the entry after the last one; the end of the log if left out")
	return cmd
}

func (f *exportFlags) export(ctx context.Context, part bool) (err error) {
	if f.log == "" || f.out == "" {
		return usageError("audit export", "", "say which log with --log and where to write with --out")
	}
	l, err := f.oneLog(ctx, f.log)
	if err != nil {
		return err
	}
	defer closeAll([]*logSource{l})
	c, err := proof.ReadCheckpoint(ctx, l.src, l.keys...)
	if err != nil {
		return err
	}
	only, err := f.selection(c.Size, part)
	if err != nil {
		return err
	}
	if l.only != nil {
		return usageError("audit export", "export from the log itself", "%s is a part of a log already", l.name)
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
	err = errors.Join(writeBundle(ctx, file, l, c, only), file.Close())
	return err
}

func (f *exportFlags) selection(size uint64, part bool) ([]proof.Range, error) {
	if !part {
		return nil, nil
	}
	to := f.to
	if to == 0 {
		to = size
	}
	if f.from >= to || to > size {
		return nil, usageError("audit export", "", "entries %d up to %d are not a part of a log with %d", f.from, to, size)
	}
	return []proof.Range{{From: f.from, To: to}}, nil
}
