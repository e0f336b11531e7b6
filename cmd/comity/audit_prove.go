// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/proof"
)

// proveFlags are the flags of audit prove.
type proveFlags struct {
	logFlags
	log, out, leaf, check, record string
	asJSON                        bool
}

func newAuditProve() *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use:   "prove INDEX[/SUB] [--log DIR|URL] | prove --check FILE",
		Short: "Prove that an entry is in the log, or check such a proof offline",
		Long: `Writes the proof that an entry stands in the log, or a part of a batch, as a C2SP
tlog-proof file: the path from its leaf to the root of a signed checkpoint. The
leaf itself goes to the file of --leaf: who has both and the public key needs
neither the log nor its owner.

With --check it verifies a proof against the leaf in the file of --leaf (or, with
--log, the one in the log) and, with --record, against the receipt that came with
an answer. Exit code 3 if the proof does not hold.`,
		Example: `  comity audit prove 0 --out entry.tlog-proof --leaf entry.json
  comity audit prove --check first.tlog-proof --leaf first.json --key log.pub`,
		Args: checked(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.check != "" {
				return f.checkProof(cmd, args)
			}
			return f.prove(cmd, args)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f.bind(cmd)
	cmd.Flags().StringVar(&f.log, "log", "", "data folder, log's folder, bundle or URL of the log (default "+defaultLog+")")
	cmd.Flags().StringVar(&f.out, "out", "", "file for the proof instead of standard output")
	cmd.Flags().StringVar(&f.leaf, "leaf", "", "file of the leaf: written with the proof, read by --check")
	cmd.Flags().StringVar(&f.check, "check", "", "verify the proof in this file")
	cmd.Flags().StringVar(&f.record, "record", "", "with --check: file with the record of an answer, or the answer")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "with --check: print one JSON object")
	return cmd
}

// oneLog opens the log of a flag that names exactly one; of several, the newest.
func (f *logFlags) oneLog(ctx context.Context, where string) (*logSource, error) {
	logs, err := f.open(ctx, where)
	if err != nil {
		return nil, err
	}
	closeAll(logs[:len(logs)-1])
	return logs[len(logs)-1], nil
}

func (f *proveFlags) prove(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usageError("audit prove", "", "say which entry, such as 17 or 17/3")
	case f.record != "" || f.asJSON:
		return usageError("audit prove", "", "--record and --json go with --check")
	}
	at, err := parsePlace("audit prove", args[0])
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	l, err := f.oneLog(ctx, cmp.Or(f.log, defaultLog))
	if err != nil {
		return err
	}
	defer closeAll([]*logSource{l})
	p, leaf, err := l.prove(ctx, at)
	if err != nil {
		return err
	}
	if _, err := p.Verify(leaf, l.keys...); err != nil {
		return err
	}
	if f.leaf != "" {
		if err := os.WriteFile(f.leaf, leaf, 0o600); err != nil {
			return notFound("--leaf", err)
		}
	}
	if f.out == "" {
		_, err = cmd.OutOrStdout().Write(p.Marshal())
		return err
	}
	if err := os.WriteFile(f.out, p.Marshal(), 0o600); err != nil {
		return notFound("--out", err)
	}
	return nil
}

// prove gives the proof of an entry and the leaf that it is about.
func (l *logSource) prove(ctx context.Context, at entryAt) (proof.Proof, []byte, error) {
	if at.sub >= 0 {
		p, part, err := proof.ProveSub(ctx, l.src, at.index, uint64(at.sub))
		return p, part.Leaf, err
	}
	p, err := proof.Prove(ctx, l.src, at.index)
	if err != nil {
		return p, nil, err
	}
	c, err := proof.OpenCheckpoint(p.Checkpoint, l.keys...)
	if err != nil {
		return p, nil, err
	}
	leaf, err := proof.Leaf(ctx, l.src, c, at.index)
	return p, leaf, err
}

// proofVerdict is the JSON of audit prove --check.
type proofVerdict struct {
	Verified bool   `json:"verified"`
	Origin   string `json:"origin,omitempty"`
	Proven   bool   `json:"origin_proven"`
	Index    uint64 `json:"index"`
	Sub      *int64 `json:"sub,omitempty"`
	Size     uint64 `json:"size,omitempty"`
	Message  string `json:"message,omitempty"`
}

func (f *proveFlags) checkProof(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) > 0:
		return usageError("audit prove", "", "--check takes the entry from the proof, not %q from the command line", args[0])
	case f.out != "":
		return usageError("audit prove", "", "--check writes no proof: leave out --out")
	case f.leaf == "" && f.log == "":
		return usageError("audit prove", "", "a proof is about a leaf: give its file with --leaf, or the log with --log")
	case f.keyFile == "" && f.log == "":
		return usageError("audit prove", "", "give the log's public key with --key FILE")
	}
	text, err := os.ReadFile(f.check)
	if err != nil {
		return notFound("--check", err)
	}
	p, err := proof.ParseProof(text)
	if err != nil {
		return f.verdict(cmd, proofVerdict{}, err)
	}
	v := proofVerdict{Index: p.Index, Proven: f.keyFile != ""}
	if p.Sub != nil {
		sub := int64(p.Sub.Index)
		v.Sub = &sub
	}
	leaf, keys, err := f.leafOf(cmd.Context(), p)
	if err != nil {
		return err
	}
	var c proof.Checkpoint
	if f.record == "" {
		c, err = p.Verify(leaf, keys...)
	} else {
		var r comity.Record
		if r, err = readRecord(f.record); err != nil {
			return err
		}
		c, err = p.VerifyReceipt(r, leaf, keys...)
	}
	v.Origin, v.Size = c.Origin, c.Size
	return f.verdict(cmd, v, err)
}

// leafOf reads the leaf that a proof is to be about, and the keys that are trusted.
func (f *proveFlags) leafOf(ctx context.Context, p proof.Proof) (leaf []byte, keys []string, err error) {
	if keys, err = f.keys(); err != nil {
		return nil, nil, err
	}
	if f.log != "" {
		l, err := f.oneLog(ctx, f.log)
		if err != nil {
			return nil, nil, err
		}
		defer closeAll([]*logSource{l})
		keys = l.keys
		if f.leaf == "" {
			at := entryAt{index: p.Index, sub: -1}
			if p.Sub != nil {
				at.sub = int64(p.Sub.Index)
			}
			_, leaf, err = l.prove(ctx, at)
			return leaf, keys, err
		}
	}
	if leaf, err = os.ReadFile(f.leaf); err != nil {
		return nil, nil, notFound("--leaf", err)
	}
	return leaf, keys, nil
}

// readRecord reads a record, or a decision that has one.
func readRecord(name string) (comity.Record, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return comity.Record{}, notFound("--record", err)
	}
	var answer struct {
		comity.Record
		Inner *comity.Record `json:"record"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return comity.Record{}, &comity.Error{Code: comity.CodeInvalid, Op: name, Err: err}
	}
	if answer.Inner != nil {
		return *answer.Inner, nil
	}
	return answer.Record, nil
}

func (f *proveFlags) verdict(cmd *cobra.Command, v proofVerdict, err error) error {
	v.Verified = err == nil
	if err != nil {
		v.Message = err.Error()
		var e *comity.Error
		if errors.As(err, &e) && e.Code != comity.CodeInvalid {
			return err
		}
	}
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), v)
		return found(!v.Verified)
	}
	s := newScreen(cmd.OutOrStdout())
	if !v.Verified {
		s.printf("%s  %s\n", s.paint(red, "NOT PROVED"), clean(v.Message))
		return found(true)
	}
	where := fmt.Sprint(v.Index)
	if v.Sub != nil {
		where = fmt.Sprintf("%d/%d", v.Index, *v.Sub)
	}
	s.printf("%s  entry %s of %s, which has %s\n", s.paint(green, "PROVED"), where, clean(v.Origin), entries(v.Size))
	if !v.Proven {
		s.row("origin", yellow, "unproven: the public key was found beside the log. Give the one that you trust with --key FILE")
	}
	return nil
}
