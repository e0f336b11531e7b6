// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/principal"
)

// eraseFlags are the flags of audit erase.
type eraseFlags struct {
	sourceFlags
	subject, home, reason string
	asJSON                bool
}

func newAuditErase() *cobra.Command {
	var f eraseFlags
	cmd := &cobra.Command{
		Use:   "erase --subject ID --reason TEXT",
		Short: "Destroy the key of a person: nobody can read his entries any more",
		Long: `Destroys the key under which the entries of a person are sealed, for ever. The
entries stay, every proof of them still holds, and the verifier tells them from
missing ones; their content cannot be read by anybody, nor can they be searched
for by the person's name. There is no way back, and copies of the folder of the
keys must be deleted, too.

That it is wanted, by whom and why, is an entry before it is done, and that it is
done another. The reason stays readable: name nobody in it. Give --home if the
person was recorded with one. What is recorded of the person later is sealed under
a new key.`,
		Example: `  comity audit erase --subject customer-17 --reason "request of 2026-03-01"
  comity audit erase --subject customer-17 --reason "end of contract" --server http://127.0.0.1:8080`,
		Args: noArgs("did you mean: comity audit erase --subject "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.subject == "" {
				return usageError("audit erase", "give the id with which the person was recorded", "say whose key with --subject")
			}
			if strings.TrimSpace(f.reason) == "" {
				return usageError("audit erase", "the reason stands in the log for ever", "say why with --reason")
			}
			s := comity.Subject{ID: f.subject, Home: f.home}
			return f.with(cmd, func(ctx context.Context, a *app.App) error {
				by := principal.Local()
				by.ID = osUser()
				done, err := a.Erase(ctx, by, s, f.reason)
				if err != nil {
					return err
				}
				return f.print(cmd, client.Erased{Pseudonym: done.Subject.String(), Ordered: *done.Ordered.Index, Record: done.Record})
			}, func(ctx context.Context, c *client.Client) error {
				done, err := c.Erase(ctx, s, f.reason)
				if err != nil {
					return err
				}
				return f.print(cmd, done)
			})
		},
	}
	f.bind(cmd)
	cmd.Flags().StringVar(&f.subject, "subject", "", "the person whose key is destroyed")
	cmd.Flags().StringVar(&f.home, "home", "", "the home of the person, if it was recorded with one")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why; it stays readable, so name nobody in it")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object")
	return cmd
}

func (f *eraseFlags) print(cmd *cobra.Command, e client.Erased) error {
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), e)
		return nil
	}
	s := newScreen(cmd.OutOrStdout())
	s.printf("%s\n", s.paint(green, "ERASED"))
	s.row("pseudonym", plain, clean(e.Pseudonym)+", as leaves have it")
	s.row("ordered", plain, fmt.Sprintf("%s, entry %d", clean(e.Record.Log), e.Ordered))
	if e.Record.Index != nil {
		s.row("record", plain, fmt.Sprintf("%s, entry %d", clean(e.Record.Log), *e.Record.Index))
	}
	s.row("copies", yellow, "the promise reaches as far as copies of the keys' folder are deleted")
	return nil
}
