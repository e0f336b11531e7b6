// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity/internal/audit"
)

// deciding is what decided last, so that a start with something else is an event. The log
// has the truth; the file spares every start to look for it there.
type deciding struct {
	Program string `json:"program"`
	Config  string `json:"config,omitempty"`
	// Keys are the public keys of those that sign.
	Keys []string `json:"keys,omitempty"`
	// Candidate is the hash of the files that were proposed last, and Proposer who did.
	Candidate string `json:"candidate,omitempty"`
	Proposer  string `json:"proposer,omitempty"`
	// Activated is the hash of the candidate's files that were brought into force last.
	Activated string `json:"activated,omitempty"`
	// Pending tells that a change is being recorded: the log knows how it ended.
	Pending bool `json:"pending,omitempty"`
	// Sum is the hash of the rest, so that a damaged file is not believed.
	Sum string `json:"sum"`
}

func (d deciding) sum() string {
	d.Sum = ""
	text, err := json.Marshal(d)
	if err != nil {
		return ""
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}

func (a *App) decidingFile() string { return filepath.Join(a.folder.dir, cell, "deciding.json") }

// writeDeciding writes what decides now.
func (a *App) writeDeciding() error {
	a.known.Program, a.known.Keys = a.Door.Engine().Program().Hash(), a.signers()
	return a.store(a.known)
}

func (a *App) store(d deciding) error {
	d.Sum = d.sum()
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return replaceFile(a.decidingFile(), append(text, '\n'), 0o600)
}

// decidedBefore is what decided until now, from its file, or from the log if that is missing
// or damaged: then the file has to be written anew. A log that is only read is not searched.
func (a *App) decidedBefore(ctx context.Context) (before deciding, rebuilt bool) {
	before, err := a.readDeciding()
	if err == nil || errors.Is(err, fs.ErrNotExist) && a.Recovery.Created || a.locked != nil || a.Log.ReadOnly() != nil {
		return before, false
	}
	a.logger.Warn("what decided before is read from the log, since its file is damaged or missing", "path", a.decidingFile(), "error", err)
	before, err = a.decidedByLog(ctx)
	if err != nil {
		a.logger.Warn("what decided before is not known, so that it is recorded once more", "error", err)
	}
	return before, true
}

func (a *App) readDeciding() (d deciding, err error) {
	text, err := os.ReadFile(a.decidingFile())
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	switch {
	case err != nil:
	case d.Sum != d.sum():
		err = errors.New("its checksum is another")
	case d.Pending:
		err = errors.New("a change was being recorded")
	default:
		return d, nil
	}
	return deciding{}, err
}

// rebuildWait is how long a start waits for the index to find what decided.
const rebuildWait = 30 * time.Second

// decidedByLog reads the entries that say what decides.
func (a *App) decidedByLog(ctx context.Context) (d deciding, err error) {
	a.AwaitIndex(ctx, rebuildWait)
	if indexed, size := a.Book.Indexed(), a.Log.Head().Size; indexed < size {
		return d, fmt.Errorf("the index covers %d of %d entries", indexed, size)
	}
	types := []string{audit.TypePacksChanged, audit.TypePacksProposed, audit.TypeConfigChanged, audit.TypeLogCreated, audit.TypeKeyRotated, audit.TypeKeyRetired}
	for q := (audit.Query{Types: types, Limit: audit.MaxLimit}); ; {
		page, err := a.Book.Query(ctx, q)
		if err != nil {
			return deciding{}, err
		}
		for i := range page.Entries {
			e, err := a.Book.Show(ctx, page.Entries[i].Index, page.Entries[i].Sub)
			if err != nil {
				return deciding{}, err
			}
			var p changePayload
			if e.Payload == nil || json.Unmarshal(e.Payload, &p) != nil {
				return deciding{}, fmt.Errorf("entry %d cannot be opened: %s", e.Index, e.Missing)
			}
			d.follow(e.Leaf.Type, &p)
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return d, nil
		}
	}
}

// changePayload is what an entry says of a change.
type changePayload struct{ What, Old, New, Key, Principal string }

// follow takes over what an entry says.
func (d *deciding) follow(kind string, p *changePayload) {
	switch kind {
	case audit.TypePacksProposed:
		d.Candidate, d.Proposer = p.What, p.Principal
	case audit.TypePacksChanged:
		d.Program = p.New
		if p.What != "" { // the files of a candidate
			d.Activated = p.What
		}
	case audit.TypeConfigChanged:
		if p.What == "configuration" { // not the clock
			d.Config = p.New
		}
	case audit.TypeLogCreated:
		d.Keys = []string{p.Key}
	case audit.TypeKeyRotated:
		d.Keys = append([]string{p.New}, strings.Fields(p.Old)...)
	case audit.TypeKeyRetired:
		d.Keys = slices.DeleteFunc(d.Keys, func(k string) bool { return k == p.Old })
	}
}
