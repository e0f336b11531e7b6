// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity/client"
)

// serverFlags name a running server.
type serverFlags struct {
	server string
	asJSON bool
}

func (f *serverFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.server, "server", "http://127.0.0.1:8080", "the server's URL; the key is in COMITY_API_KEY")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object")
}

func (f *serverFlags) client() (*client.Client, error) {
	return client.New(f.server, client.Options{APIKey: os.Getenv("COMITY_API_KEY")})
}

func newPackCandidate() *cobra.Command {
	var f serverFlags
	cmd := &cobra.Command{
		Use:   "candidate",
		Short: "Show what packs that decide in shadow would answer otherwise",
		Long: `Asks a server which packs decide in shadow (packs.candidate in its configuration),
who proposed them, how many decisions they would have made otherwise, and which, by
the entries of the log. comity audit show INDEX opens such an entry.

Nothing that they decide is given to anybody. comity pack activate brings them
into force.`,
		Example: `  comity pack candidate --server http://127.0.0.1:8080`,
		Args:    noArgs("did you mean: comity pack candidate --server "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			got, err := c.Candidate(cmd.Context())
			if err != nil {
				return err
			}
			if f.asJSON {
				printJSON(cmd.OutOrStdout(), got)
				return nil
			}
			printCandidate(newScreen(cmd.OutOrStdout()), &got)
			return nil
		},
	}
	f.bind(cmd)
	return cmd
}

func printCandidate(s *screen, c *client.Candidate) {
	if c.State == "none" {
		s.printf("%s\n", s.paint(strong, "no candidate"))
	} else {
		s.printf("%s\n", s.paint(strong, "candidate "+clean(c.Program)))
		s.row("proposed by", plain, clean(c.ProposedBy))
		s.row("compared", plain, fmt.Sprintf("%s, %d otherwise, %d skipped", count(int(c.Decided), "decision"), c.Different, c.Skipped))
		for _, kind := range []string{"effect", "conditions", "requirements", "error"} {
			if n := c.Kinds[kind]; n > 0 {
				s.row(kind, plain, fmt.Sprint(n)+flips(kind, c.Flips))
			}
		}
	}
	s.row("in force", plain, clean(c.InForce))
	for i := range c.Latest {
		printDifference(s, &c.Latest[i])
	}
}

// flips are the effects behind the kind effect.
func flips(kind string, list []client.Flip) string {
	if kind != "effect" {
		return ""
	}
	var out []string
	for _, f := range list {
		out = append(out, fmt.Sprintf("%s to %s %d", f.Effect, f.Candidate, f.Count))
	}
	return ": " + strings.Join(out, ", ")
}

func printDifference(s *screen, d *client.Difference) {
	where := "not indexed"
	if d.Index != nil {
		where = fmt.Sprintf("entry %d", *d.Index)
		if d.Sub != nil {
			where += fmt.Sprintf("/%d", *d.Sub)
		}
	}
	text := []string{clean(d.Operation), string(d.Effect) + " to " + string(d.Candidate)}
	if d.Error != "" {
		text[1] = string(d.Effect) + ", the candidate fails: " + string(d.Error)
	}
	for _, r := range d.Requirements {
		text = append(text, fmt.Sprintf("%s (%s to %s)", clean(r.ID), orNothing(clean(r.Before)), orNothing(clean(r.After))))
	}
	if d.More > 0 {
		text = append(text, fmt.Sprintf("and %d more", d.More))
	}
	s.row(where, plain, strings.Join(text, ", "))
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func newPackActivate() *cobra.Command {
	var f serverFlags
	cmd := &cobra.Command{
		Use:   "activate PROGRAM",
		Short: "Bring packs that decide in shadow into force, as a second person",
		Long: `Brings the candidate of a server into force. It takes the scope administer, and
somebody else than the one who proposed it: whoever reloaded the server when it
became the candidate, or "local" where the server started with it.

PROGRAM is what comity pack candidate shows: if the candidate is another one by
now, nothing happens. Who activates what is an entry of the log before it takes
effect.`,
		Example: `  comity pack activate sha256:... --server http://127.0.0.1:8080`,
		Args:    oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			done, err := c.Activate(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if f.asJSON {
				printJSON(cmd.OutOrStdout(), done)
				return nil
			}
			s := newScreen(cmd.OutOrStdout())
			s.printf("%s\n", s.paint(green, "ACTIVATED"))
			s.row("in force", plain, clean(done.Program))
			if done.Record.Index != nil {
				s.row("record", plain, fmt.Sprintf("%s, entry %d", clean(done.Record.Log), *done.Record.Index))
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f.bind(cmd)
	return cmd
}
