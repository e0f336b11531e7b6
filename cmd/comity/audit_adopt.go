// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/principal"
)

func newAuditAdopt() *cobra.Command {
	var f folderFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "adopt --reason TEXT",
		Short: "Start a new log where the old one cannot go on",
		Long: `A log whose anchor is lost, that was put back from a backup, or that is damaged
is only read: to sign on would make two histories. Adopt closes it for ever. The
old log moves beside the new one and can still be verified; the new one has the
next origin and a new key, and its first entry names the old head, who adopted it
and why.

Whoever trusts the old public key needs the new one. Try to bring back what is
missing first: adopting is the last resort. A log that can go on is refused.`,
		Example: `  comity audit adopt --reason "disk of the anchor failed on 2026-03-01"`,
		Args:    noArgs("did you mean: comity audit adopt --reason "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(reason) == "" {
				return usageError("audit adopt", "the reason stands in the log for ever", "say why with --reason")
			}
			c, err := f.config()
			if err != nil {
				return err
			}
			if err := mustHoldData(c.Data); err != nil {
				return err
			}
			by := principal.Local()
			by.ID = osUser()
			done, err := app.Adopt(cmd.Context(), c, by, reason, nil)
			if err != nil {
				return err
			}
			s := newScreen(cmd.OutOrStdout())
			s.row("closed", plain, done.OldOrigin+", now in "+done.OldDir)
			s.row("because", plain, done.Why.Error())
			s.row("log", strong, done.Origin)
			s.row("public key", plain, done.VerifierKey)
			s.row("entry", plain, fmt.Sprintf("%d names the old head", *done.Record.Index))
			return nil
		},
	}
	f.bind(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why the old log cannot go on")
	return cmd
}
