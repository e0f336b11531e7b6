// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/embedded"
	"github.com/comity-project/comity/proof"
)

// demonstration is what the demo shows: cases that are recorded, the proof of one of the
// records, and what a verifier says of a copy of the log in which that one was changed.
type demonstration struct {
	stories []story
	chosen  *twin // proved, and changed in the copy
	proved  bool
	path    int // hashes from the leaf to the root
	size    uint64
	report  *proof.Report // of the changed copy
}

// demonstrate records the cases in a data folder of their own, which is gone afterwards.
func demonstrate(ctx context.Context, stories []story) (d *demonstration, err error) {
	dir, err := os.MkdirTemp("", "comity-demo-")
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeUnavailable, Op: "demo", Err: err, Remedy: "set TMPDIR to a folder that can be written"}
	}
	defer func() {
		if rerr := os.RemoveAll(dir); err == nil && rerr != nil {
			err = &comity.Error{Code: comity.CodeUnavailable, Op: "demo", Err: rerr}
		}
	}()
	d = &demonstration{stories: stories}
	data := filepath.Join(dir, "data")
	key, err := d.record(ctx, data, filepath.Join(dir, "anchor"))
	if err != nil {
		return nil, err
	}
	return d, d.tamper(ctx, filepath.Join(data, "local", "log"), filepath.Join(dir, "copy"), key)
}

// record decides and records all cases, and proves the first denied one.
func (d *demonstration) record(ctx context.Context, data, anchor string) (key string, err error) {
	c, err := embedded.Open(ctx, embedded.Options{Data: data, Anchor: anchor})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	if err := decideStories(ctx, c.Decide, d.stories); err != nil {
		return "", err
	}
	d.chosen = firstDenied(d.stories)
	if d.chosen == nil {
		return "", &comity.Error{Code: comity.CodeInternal, Op: "demo", Err: errors.New("no case is denied")}
	}
	receipt := d.chosen.decision.Record
	p, leaf, err := c.Prove(ctx, uint64(*receipt.Index))
	if err != nil {
		return "", err
	}
	head, err := p.VerifyReceipt(*receipt, leaf, c.VerifierKey())
	d.proved, d.path, d.size = err == nil, len(p.Hashes), head.Size
	return c.VerifierKey(), err
}

func firstDenied(stories []story) *twin {
	for i := range stories {
		for j := range stories[i].Twins {
			if t := &stories[i].Twins[j]; t.decision.Effect == comity.Deny {
				return t
			}
		}
	}
	return nil
}

// tamper changes the effect of the chosen record in a copy of the log, as someone would
// who can write the files, and verifies the copy with the public key alone.
func (d *demonstration) tamper(ctx context.Context, log, copied, key string) error {
	if err := os.CopyFS(copied, os.DirFS(log)); err != nil {
		return &comity.Error{Code: comity.CodeUnavailable, Op: "demo", Err: err}
	}
	index := uint64(*d.chosen.decision.Record.Index)
	head, err := proof.ReadCheckpoint(ctx, proof.FS(os.DirFS(copied)), key)
	if err != nil {
		return err
	}
	const bundle = 256
	n := index / bundle
	file := filepath.Join(copied, filepath.FromSlash(proof.EntriesPath(n, proof.Width(0, n, head.Size))))
	data, err := os.ReadFile(file)
	if err == nil {
		data, err = forge(data, int(index%bundle))
	}
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		return &comity.Error{Code: comity.CodeInternal, Op: "demo", Err: err}
	}
	d.report, err = proof.VerifyLog(ctx, proof.FS(os.DirFS(copied)), proof.Options{Keys: []string{key}})
	return err
}

// forge makes an allow of the deny in an entry of a bundle, length included.
func forge(bundle []byte, entry int) ([]byte, error) {
	at := 0
	for range entry {
		if at+2 > len(bundle) {
			return nil, fmt.Errorf("the bundle ends before entry %d", entry)
		}
		at += 2 + int(binary.BigEndian.Uint16(bundle[at:]))
	}
	end := at + 2 + int(binary.BigEndian.Uint16(bundle[at:]))
	leaf := bytes.Replace(bundle[at+2:end], []byte(`"effect":"deny"`), []byte(`"effect":"allow"`), 1)
	if len(leaf) == end-at-2 {
		return nil, fmt.Errorf("entry %d is no deny", entry)
	}
	changed := binary.BigEndian.AppendUint16(slices.Clone(bundle[:at]), uint16(len(leaf)))
	return append(append(changed, leaf...), bundle[end:]...), nil
}

// found tells whether the verifier named the entry that was changed.
func (d *demonstration) found() bool {
	return slices.ContainsFunc(d.report.Findings, func(f proof.Finding) bool {
		return f.Index == *d.chosen.decision.Record.Index
	})
}

// print shows the proof and what became of the change.
func (d *demonstration) print(s *screen) {
	index := *d.chosen.decision.Record.Index
	s.printf("%s\n", s.paint(strong, "The log"))
	s.row("recorded", plain, fmt.Sprintf("every answer above, in a log of %s, before it was given", entries(d.size)))
	s.row("proved", plain, fmt.Sprintf("entry %d, the first DENY: it and %d hashes give the signed root", index, d.path))
	s.row("changed", plain, fmt.Sprintf("deny to allow in entry %d of a copy", index))
	for _, f := range d.report.Findings {
		s.row("found", red, clean(whereIs(f)+": "+f.Text))
	}
	s.printf("\n")
}
