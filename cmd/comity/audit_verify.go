// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity/proof"
)

func newAuditVerify() *cobra.Command {
	var flags logFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify DIR|URL",
		Short: "Check a whole log with nothing but its public key",
		Long: `Checks the signature of the checkpoint, every tile and every entry against the
signed root, every payload against its entry, and every part of a batch against
the batch. DIR is a data folder (all its logs), a cell's folder, a log's folder
or a bundle of audit export. For a URL whose log is not public, COMITY_API_KEY
is the key.

A payload whose key was destroyed still verifies; it is counted as erased, with
the entry that says so. Without --key the public key is the log.pub beside the
log: then the log is whole, but who wrote it is unproven. Entries that were
acknowledged after the last checkpoint are not covered: it has them after a clean
stop.

Exit code 3 if anything is wrong, with the index of the entry.`,
		Example: `  comity audit verify comity-data
  comity audit verify comity-data/local/log --key log.pub --json`,
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			logs, err := flags.open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer closeAll(logs)
			wrong := false
			for _, l := range logs {
				ok, err := verifyOne(cmd, l, asJSON)
				if err != nil {
					return err
				}
				wrong = wrong || !ok
			}
			return found(wrong)
		},
		ValidArgsFunction: completeDirs,
	}
	flags.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a log")
	return cmd
}

func verifyOne(cmd *cobra.Command, l *logSource, asJSON bool) (bool, error) {
	p := newProgress(cmd.ErrOrStderr(), "entries", 0)
	r, err := proof.VerifyLog(cmd.Context(), l.src, proof.Options{
		Keys: l.keys, Only: l.only,
		Progress: func(done, total uint64) {
			p.total = int(total)
			p.at(int(done))
		},
	})
	p.done()
	if err != nil {
		return false, fmt.Errorf("%s: %w", l.name, err)
	}
	if asJSON {
		printJSON(cmd.OutOrStdout(), verdictOf(l, r))
	} else {
		printReport(newScreen(cmd.OutOrStdout()), l, r)
	}
	return len(r.Findings) == 0, nil
}

// verdict is the JSON of one log.
type verdict struct {
	Log       string      `json:"log"`
	OK        bool        `json:"ok"`
	Origin    string      `json:"origin,omitempty"`
	Proven    bool        `json:"origin_proven"`
	Size      uint64      `json:"size"`
	Root      string      `json:"root,omitempty"`
	Signers   []string    `json:"signers,omitempty"`
	Unknown   []string    `json:"unknown_signers,omitempty"`
	Only      [][2]uint64 `json:"only,omitempty"`
	Entries   uint64      `json:"entries"`
	Parts     uint64      `json:"parts"`
	Payloads  uint64      `json:"payloads"`
	Erased    []erasure   `json:"erased,omitempty"`
	Findings  []flaw      `json:"findings,omitempty"`
	MoreFlaws int         `json:"more_findings,omitempty"`
}

// erasure is an entry that says that a subject's key was destroyed.
type erasure struct {
	By       uint64 `json:"by"`
	Subject  string `json:"subject"`
	Payloads uint64 `json:"payloads"`
	Gone     uint64 `json:"gone,omitempty"`
}

// flaw is the JSON of one finding. Index is absent where the whole log is concerned.
type flaw struct {
	Kind    string  `json:"kind"`
	Index   *uint64 `json:"index,omitempty"`
	Last    *uint64 `json:"last,omitempty"`
	Sub     *int    `json:"sub,omitempty"`
	Missing bool    `json:"missing,omitempty"`
	File    string  `json:"file"`
	Message string  `json:"message"`
}

func verdictOf(l *logSource, r *proof.Report) verdict {
	v := verdict{
		Log: l.name, OK: len(r.Findings) == 0, Origin: r.Checkpoint.Origin, Proven: l.given && r.Checkpoint.Origin != "", Size: r.Checkpoint.Size,
		Signers: r.Checkpoint.Signers, Unknown: r.Checkpoint.Unknown, Entries: r.Entries, Parts: r.Parts, Payloads: r.Payloads, MoreFlaws: r.More,
	}
	if v.Origin != "" {
		v.Root = base64.StdEncoding.EncodeToString(r.Checkpoint.Root[:])
	}
	for _, o := range l.only {
		v.Only = append(v.Only, [2]uint64{o.From, o.To})
	}
	for _, e := range r.Erased {
		v.Erased = append(v.Erased, erasure{e.By, e.Subject, e.Payloads, e.Gone})
	}
	for _, f := range r.Findings {
		x := flaw{Kind: f.Kind, Missing: f.Missing, File: f.Path, Message: f.Text}
		if f.Index >= 0 {
			first, last := uint64(f.Index), uint64(f.Last)
			x.Index, x.Last = &first, &last
		}
		if f.Sub >= 0 {
			x.Sub = &f.Sub
		}
		v.Findings = append(v.Findings, x)
	}
	return v
}

func printReport(s *screen, l *logSource, r *proof.Report) {
	c := r.Checkpoint
	head := s.paint(green, "OK")
	if n := len(r.Findings) + r.More; n > 0 {
		head = s.paint(red, strings.ToUpper(count(n, "finding")))
	}
	s.printf("%s  %s\n", head, clean(l.name))
	if c.Origin != "" {
		s.row("log", strong, c.Origin)
		s.row("checkpoint", plain, fmt.Sprintf("%s, root %s", entries(c.Size), base64.StdEncoding.EncodeToString(c.Root[:])))
		s.row("signed by", plain, strings.Join(c.Signers, " "))
		if len(c.Unknown) > 0 {
			s.row("", faint, "and by unknown keys: "+strings.Join(c.Unknown, " "))
		}
		s.row("verified", plain, fmt.Sprintf("%s, %s, %s", entries(r.Entries), count(int(r.Payloads), "payload"), count(int(r.Parts), "part")+" of batches"))
		if len(l.only) > 0 {
			s.row("only", plain, "the payloads of "+rangesText(l.only))
		}
	}
	for _, e := range r.Erased {
		text := fmt.Sprintf("%s of subject %s, by entry %d", count(int(e.Payloads), "payload"), e.Subject, e.By)
		if e.Gone > 0 {
			text += fmt.Sprintf("; the bytes of %d are gone, too", e.Gone)
		}
		s.row("erased", plain, text)
	}
	if !l.given {
		s.row("origin", yellow, "unproven: the public key was found beside the log. Give the one that you trust with --key FILE")
	}
	for _, f := range r.Findings {
		s.printf("%s: %s\n", s.paint(red, clean(whereIs(f))), clean(f.Text+" ("+f.Path+")"))
	}
	if r.More > 0 {
		s.printf("and %s more\n", count(r.More, "finding"))
	}
}

func entries(n uint64) string { return count(int(n), "entry") }

// whereIs names the entries of a finding.
func whereIs(f proof.Finding) string {
	switch {
	case f.Index < 0:
		return f.Kind
	case f.Sub >= 0:
		return fmt.Sprintf("entry %d/%d", f.Index, f.Sub)
	case f.Last > f.Index:
		return fmt.Sprintf("entries %d to %d", f.Index, f.Last)
	}
	return fmt.Sprintf("entry %d", f.Index)
}

// shownRanges bounds the ranges that are listed.
const shownRanges = 8

// rangesText lists the entries of a part of a log.
func rangesText(list []proof.Range) string {
	var out []string
	total := uint64(0)
	for i, r := range list {
		total += r.To - r.From
		switch {
		case i >= shownRanges:
		case r.To-r.From == 1:
			out = append(out, fmt.Sprint(r.From))
		default:
			out = append(out, fmt.Sprintf("%d to %d", r.From, r.To-1))
		}
	}
	if len(list) > shownRanges {
		return fmt.Sprintf("%s: %s and others up to %d", entries(total), strings.Join(out, ", "), list[len(list)-1].To-1)
	}
	noun := "entries "
	if total == 1 {
		noun = "entry "
	}
	if n := len(out); n > 1 {
		return noun + strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return noun + out[0]
}
