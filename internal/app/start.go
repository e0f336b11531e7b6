// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// recordStart records that the log began or was recovered, and that other packs or
// another configuration decide than before.
func (a *App) recordStart(ctx context.Context, r *rules, rebuilt bool) error {
	by := principal.Local()
	if a.Recovery.Created {
		if err := a.own(ctx, audit.TypeLogCreated, audit.Object{{Name: "origin", Value: a.Origin}, {Name: "key", Value: a.VerifierKey()}}); err != nil {
			return err
		}
	} else if len(a.Recovery.Findings) > 0 {
		var list []any
		for _, f := range a.Recovery.Findings {
			list = append(list, f.String())
			a.logger.Warn("the log was recovered", "finding", f.String())
		}
		if err := a.own(ctx, audit.TypeLogRecovered, audit.Object{{Name: "findings", Value: list}}); err != nil {
			return err
		}
	}
	if !a.decides {
		return nil
	}
	return a.recordDeciding(ctx, by, r, rebuilt)
}

// recordDeciding records that something else decides, is proposed, or signs than before;
// changed tells that the file of that must be written in any case.
func (a *App) recordDeciding(ctx context.Context, by decide.Caller, r *rules, changed bool) error {
	before := a.known
	if hash := r.inForce.Program().Hash(); hash != before.Program {
		changed = true
		if err := a.Door.Begin(ctx, by, before.Program, r.activation()); err != nil {
			return err
		}
	}
	a.recorded = before.Config
	if hash := a.config.Hash(); hash != before.Config {
		changed = true
		if err := a.recordConfig(ctx, by, hash, config.Changes{}); err != nil {
			return err
		}
		a.recorded, a.known.Config = hash, hash
	}
	if err := a.propose(ctx, by, r, true); err != nil {
		return err
	}
	changed = changed || a.known.Candidate != before.Candidate
	// After adopt, those known are of the log before.
	before.Keys = slices.DeleteFunc(before.Keys, func(k string) bool { return !strings.HasPrefix(k, a.Origin+"+") })
	if len(before.Keys) > 0 && !slices.Equal(before.Keys, a.signers()) {
		changed = true
		if err := a.recordKeys(ctx, by, before.Keys, a.signers()); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	if err := a.writeDeciding(); err != nil {
		return folderError(a.folder.dir, err)
	}
	return nil
}

// own records an event of the log itself.
func (a *App) own(ctx context.Context, kind string, payload audit.Object) error {
	_, err := a.Book.Append(ctx, audit.Event{Type: kind, Outcome: audit.Success, Payload: payload})
	return err
}

// changedTo is the hash that an entry of one of the given types names as new.
func (a *App) changedTo(ctx context.Context, index uint64, types ...string) (string, error) {
	e, err := a.Book.Show(ctx, index, -1)
	if err != nil {
		return "", err
	}
	var payload struct{ New string }
	if !slices.Contains(types, e.Leaf.Type) || e.Payload == nil {
		return "", &comity.Error{Code: comity.CodeNotFound, Op: "read change", Err: fmt.Errorf("entry %d is none", index)}
	}
	err = json.Unmarshal(e.Payload, &payload)
	return payload.New, err
}
