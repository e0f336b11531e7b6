// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/comity-project/comity"
)

// VerifyReceipt checks the record that came with an answer: a checkpoint of the log that it
// names, signed by one of the public keys, of a tree that covers its index. With it, the log
// cannot deny having had so many entries; Proof.VerifyReceipt shows which entry it is.
func VerifyReceipt(r comity.Record, vkeys ...string) (Checkpoint, error) {
	switch {
	case r.Later:
		return Checkpoint{}, invalid("receipt", "ask the log for the entry later", errors.New("the answer was to be recorded later"))
	case r.Index == nil || *r.Index < 0 || r.Checkpoint == "":
		return Checkpoint{}, invalid("receipt", "", errors.New("no index or no checkpoint"))
	}
	c, err := OpenCheckpoint([]byte(r.Checkpoint), vkeys...)
	switch {
	case err != nil:
		return Checkpoint{}, err
	case uint64(*r.Index) >= c.Size:
		err = fmt.Errorf("the checkpoint covers %d entries, not index %d", c.Size, *r.Index)
	case !isLog(c.Origin, r.Log):
		err = fmt.Errorf("the checkpoint is of %s, not of log %q", c.Origin, r.Log)
	}
	if err != nil {
		return Checkpoint{}, invalid("receipt", "", err)
	}
	return c, nil
}

// VerifyReceipt checks a receipt and that leaf is the entry, or the part of a batch, that it
// stands for. It returns the checkpoint of the proof.
func (p Proof) VerifyReceipt(r comity.Record, leaf []byte, vkeys ...string) (Checkpoint, error) {
	receipt, err := VerifyReceipt(r, vkeys...)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := p.Verify(leaf, vkeys...)
	if err != nil {
		return Checkpoint{}, err
	}
	switch {
	case uint64(*r.Index) != p.Index:
		err = fmt.Errorf("the receipt is for entry %d, the proof for %d", *r.Index, p.Index)
	case (r.Sub == nil) != (p.Sub == nil) || r.Sub != nil && (*r.Sub < 0 || uint64(*r.Sub) != p.Sub.Index):
		err = errors.New("the receipt and the proof are not for the same part of the batch")
	case receipt.Origin != c.Origin:
		err = fmt.Errorf("the receipt is of %s, the proof of %s", receipt.Origin, c.Origin)
	case receipt.Size == c.Size && receipt.Root != c.Root:
		err = fmt.Errorf("the log has signed two trees of %d entries: one of them is forged", c.Size)
	}
	if err != nil {
		return Checkpoint{}, invalid("receipt", "", err)
	}
	return c, nil
}

// isLog tells whether an origin is that of a log: installation/log, or installation/log.2
// and so on after the log was adopted.
func isLog(origin, log string) bool {
	name := origin[strings.LastIndexByte(origin, '/')+1:]
	after, ok := strings.CutPrefix(name, log)
	if !ok || log == "" {
		return origin == log
	}
	if after == "" {
		return true
	}
	n, err := strconv.Atoi(strings.TrimPrefix(after, "."))
	return err == nil && after == "."+strconv.Itoa(n) && n >= 2
}
