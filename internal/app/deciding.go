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

func (a *App) writeDeciding() error {
	d := deciding{Program: a.Door.Engine().Program().Hash(), Config: a.config.Hash(), Keys: a.signers()}
	d.Sum = d.sum()
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return replaceFile(a.decidingFile(), append(text, '\n'), 0o600)
}

// decidedBefore is what decided until now, from its file, or from the log if that is missing
// or damaged: then the file has to be written anew.
func (a *App) decidedBefore(ctx context.Context) (before deciding, rebuilt bool) {
	text, err := os.ReadFile(a.decidingFile())
	if errors.Is(err, fs.ErrNotExist) && a.Recovery.Created {
		return before, false
	}
	if err == nil {
		err = json.Unmarshal(text, &before)
	}
	if err == nil && before.Sum != before.sum() {
		err = errors.New("its checksum is another")
	}
	if err == nil {
		return before, false
	}
	a.logger.Warn("what decided before is read from the log, since its file is damaged or missing", "path", a.decidingFile(), "error", err)
	before, err = a.decidedByLog(ctx)
	if err != nil {
		a.logger.Warn("what decided before is not known, so that it is recorded once more", "error", err)
	}
	return before, true
}

// rebuildWait is how long a start waits for the index to find what decided.
const rebuildWait = 30 * time.Second

// decidedByLog reads the entries that say what decides.
func (a *App) decidedByLog(ctx context.Context) (d deciding, err error) {
	a.AwaitIndex(ctx, rebuildWait)
	if indexed, size := a.Book.Indexed(), a.Log.Head().Size; indexed < size {
		return d, fmt.Errorf("the index covers %d of %d entries", indexed, size)
	}
	types := []string{audit.TypePacksChanged, audit.TypeConfigChanged, audit.TypeLogCreated, audit.TypeKeyRotated, audit.TypeKeyRetired}
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
			var p struct{ What, Old, New, Key string }
			if e.Payload == nil || json.Unmarshal(e.Payload, &p) != nil {
				return deciding{}, fmt.Errorf("entry %d cannot be opened: %s", e.Index, e.Missing)
			}
			d.follow(e.Leaf.Type, p.What, p.Old, p.New, p.Key)
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return d, nil
		}
	}
}

// follow takes over what an entry says.
func (d *deciding) follow(kind, what, old, now, key string) {
	switch kind {
	case audit.TypePacksChanged:
		d.Program = now
	case audit.TypeConfigChanged:
		if what == "configuration" { // not the clock
			d.Config = now
		}
	case audit.TypeLogCreated:
		d.Keys = []string{key}
	case audit.TypeKeyRotated:
		d.Keys = append([]string{now}, strings.Fields(old)...)
	case audit.TypeKeyRetired:
		d.Keys = slices.DeleteFunc(d.Keys, func(k string) bool { return k == old })
	}
}
