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

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// entryFlags are the flags of audit show.
type entryFlags struct {
	sourceFlags
	voice    string
	leafOnly bool
	asJSON   bool
}

func newAuditShow() *cobra.Command {
	var f entryFlags
	cmd := &cobra.Command{
		Use:   "show INDEX[/SUB]",
		Short: "Show an entry, what was sealed in it, and why it was decided so",
		Long: `Opens the payload of an entry with the keys of the installation. A decision is
computed again from its facts and from the program that decided then, and held
against the digest in the log: the explanation is that of the recorded answer.
That it is opened, and by whom, is an entry of the log before anything is shown;
--without-payload shows the leaf alone and records nothing.

The voice auditor names requirements, articles and facts; the voice person tells
the person concerned in plain words what was decided and why. If the key of the
person was destroyed, the entry that says so is named. While a server has the
folder open, ask it with --server.`,
		Example: `  comity audit show 2
  comity audit show 2 --voice person --data comity-data
  comity audit show 2 --without-payload
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
			if f.leafOnly && cmd.Flags().Changed("voice") {
				return usageError("--voice", "leave out --without-payload", "nothing can be explained without the payload")
			}
			return f.with(cmd, func(ctx context.Context, a *app.App) error {
				by := principal.Local()
				by.ID = osUser()
				e, err := a.Show(ctx, by, at.index, int(at.sub), decide.View{Voice: f.voice, LeafOnly: f.leafOnly})
				if err != nil {
					return err
				}
				return f.print(newScreen(cmd.OutOrStdout()), &e)
			}, func(ctx context.Context, c *client.Client) error {
				e, err := f.showAt(ctx, c, at)
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
	cmd.Flags().BoolVar(&f.leafOnly, "without-payload", false, "show the leaf alone: nothing is opened, and nothing recorded")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object")
	return cmd
}

// showAt opens an entry at a server.
func (f *entryFlags) showAt(ctx context.Context, c *client.Client, at entryAt) (out decide.Shown, err error) {
	var got client.Entry
	if f.leafOnly {
		got, err = c.ShowLeaf(ctx, placeRecord(at))
	} else {
		got, err = c.Show(ctx, placeRecord(at), f.voice)
	}
	if err != nil {
		return out, err
	}
	out = decide.Shown{Log: got.Log, Tree: audit.Completeness(got.Tree)}
	if o := got.Opening; o != nil {
		index := int64(o.Index)
		out.Opening = &comity.Record{Log: got.Log, Index: &index}
	}
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
	if o := e.Opening; o != nil {
		out.Opening = &client.Opening{Index: uint64(*o.Index)}
	}
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
	case f.leafOnly:
		s.row("payload", plain, "sealed: not opened")
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
	if e.Opening != nil {
		s.row("opened", plain, fmt.Sprintf("by you; entry %d says so", *e.Opening.Index))
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
