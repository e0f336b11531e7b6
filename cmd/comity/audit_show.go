// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// entryFlags are the flags of audit show.
type entryFlags struct {
	sourceFlags
	voice  string
	asJSON bool
}

func newAuditShow() *cobra.Command {
	var f entryFlags
	cmd := &cobra.Command{
		Use:   "show INDEX[/SUB]",
		Short: "Show an entry, what was sealed in it, and why it was decided so",
		Long: `Opens the payload of an entry with the keys of the installation. A decision is
computed again from its facts and from the program that decided then, and held
against the digest in the log: the explanation is that of the recorded answer.

The voice auditor names requirements, articles and facts; the voice person tells
the person concerned in plain words what was decided and why. If the key of the
person was destroyed, the entry that says so is named. While a server has the
folder open, ask it with --server.`,
		Example: `  comity audit show 2
  comity audit show 2 --voice person --data comity-data
  comity audit show 2 --server http://127.0.0.1:8080`,
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := parsePlace("audit show", args[0])
			if err != nil {
				return err
			}
			if f.voice != decide.VoiceAuditor && f.voice != decide.VoicePerson {
				return usageError("--voice", "use auditor or person", "unknown voice %q", f.voice)
			}
			return f.with(cmd, func(ctx context.Context, a *app.App) error {
				e, err := a.Show(ctx, principal.Local(), at.index, int(at.sub), f.voice)
				if err != nil {
					return err
				}
				return f.print(newScreen(cmd.OutOrStdout()), &e)
			}, func(ctx context.Context, c *client.Client) error {
				e, err := showAt(ctx, c, at, f.voice)
				if err != nil {
					return err
				}
				return f.print(newScreen(cmd.OutOrStdout()), &e)
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f.bind(cmd)
	cmd.Flags().StringVar(&f.voice, "voice", decide.VoiceAuditor, "for whom it is explained: auditor or person")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object")
	return cmd
}

// showAt opens an entry at a server.
func showAt(ctx context.Context, c *client.Client, at entryAt, voice string) (decide.Shown, error) {
	got, err := c.Show(ctx, placeRecord(at), voice)
	if err != nil {
		return decide.Shown{}, err
	}
	out := decide.Shown{Log: got.Log, Tree: audit.Completeness(got.Tree)}
	out.Payload, out.Missing, out.ErasedBy = got.Payload, audit.Missing(got.Missing), got.ErasedBy
	if got.Recomputed != nil {
		again := decide.Recomputed(*got.Recomputed)
		out.Recomputed = &again
	}
	out.Found, err = foundOf(&got.Found)
	return out, err
}

func (f *entryFlags) print(s *screen, e *decide.Shown) error {
	out := entryOf(e.Log, &e.Found)
	out.Payload, out.Missing, out.ErasedBy, out.Recomputed, out.Tree = e.Payload, string(e.Missing), e.ErasedBy, e.Recomputed, &e.Tree
	if f.asJSON {
		printJSON(s.w, out)
		return nil
	}
	l := &e.Leaf
	s.printf("%s  %s\n", s.paint(strong, fmt.Sprintf("entry %s of %s", placeText(&e.Found), clean(originOf(&e.Tree)))), l.Time.UTC().Format(time.RFC3339))
	if f.voice == decide.VoicePerson && out.Recomputed != nil {
		for _, line := range out.Recomputed.Explanation {
			s.row("", plain, line)
		}
		return nil
	}
	printMembers(s, "leaf", e.Bytes)
	switch {
	case e.ErasedBy != nil:
		s.row("payload", yellow, fmt.Sprintf("erased, by entry %d: the key was destroyed, nobody can read it", *e.ErasedBy))
	case e.Missing != "":
		s.row("payload", yellow, missingText(e.Missing))
	default:
		printMembers(s, "payload", e.Payload)
	}
	if r := out.Recomputed; r != nil {
		same := "the same answer as recorded, by its digest"
		if !r.Same {
			same = r.Note
		}
		s.row("recomputed", strong, fmt.Sprintf("%s: %s", r.Effect, same))
		for _, line := range r.Explanation {
			s.row("", plain, line)
		}
	}
	s.row("tree", plain, fmt.Sprintf("%s, root %s", entries(e.Tree.Size), clean(e.Tree.Root)))
	return nil
}

// originOf is the log's name in its checkpoints, else that in records.
func originOf(c *audit.Completeness) string {
	if origin, _, ok := strings.Cut(c.Checkpoint, "\n"); ok {
		return origin
	}
	return c.Log
}

func placeText(e *audit.Found) string {
	if e.Sub >= 0 {
		return fmt.Sprintf("%d/%d", e.Index, e.Sub)
	}
	return fmt.Sprint(e.Index)
}

func missingText(m audit.Missing) string {
	switch m {
	case audit.MissingErased:
		return "erased: the key was destroyed, nobody can read it"
	case audit.MissingKey:
		return "the key is not among those of this installation"
	case audit.MissingDamaged:
		return "not the bytes that the leaf names; comity audit verify tells more"
	case audit.MissingBatch:
		return "a batch: its parts are shown by INDEX/0 and so on"
	}
	return string(m)
}

// printMembers writes the members of a JSON object, one a line.
func printMembers(s *screen, label string, text []byte) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if _, err := dec.ReadToken(); err != nil {
		s.row(label, plain, string(text))
		return
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return
		}
		var plainText string
		if json.Unmarshal(value, &plainText) != nil {
			plainText = string(value)
		}
		s.row(label, plain, key+": "+plainText)
		label = ""
	}
}
