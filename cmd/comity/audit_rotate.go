// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"github.com/comity-project/comity/internal/app"
)

func newAuditRotate() *cobra.Command {
	var f folderFlags
	var retire bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Give the log a new signing key, or retire the old one",
		Long: `Makes a new signing key. From then on both keys sign each checkpoint, so that
whoever knows only the old one can verify on while the new one is handed out.
With --retire the old key signs no more. Each step is an entry of the log before
it takes effect. log.pub holds the current key, log.former.pub those before it.

While a server has the folder open, it takes the keys over at its next reload
(SIGHUP or POST /v1/reload).

A key that somebody else may have is retired at once: rotate, reload, rotate
--retire, reload.`,
		Example: `  comity audit rotate
  comity audit rotate --retire`,
		Args: noArgs("did you mean: comity audit rotate --data "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.config()
			if err != nil {
				return err
			}
			change := app.Rotate
			if retire {
				change = app.Retire
			}
			done, err := change(cmd.Context(), c, nil)
			if err != nil {
				return err
			}
			s := newScreen(cmd.OutOrStdout())
			s.row("log", strong, done.Origin)
			for i, k := range done.Keys {
				s.row([]string{"public key", "until retired"}[min(i, 1)], plain, k)
			}
			if done.Waiting != nil {
				s.row("waiting", yellow, "for the next reload of the server: "+done.Waiting.Error())
			}
			return nil
		},
	}
	f.bind(cmd)
	cmd.Flags().BoolVar(&retire, "retire", false, "end the overlap: only the newest key signs")
	return cmd
}
