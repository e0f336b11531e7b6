// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
)

// Reload reads configuration and packs anew; who asked for it is recorded before they take
// effect. It also accepts a clock that had jumped, and takes over changed signing keys and
// principals. Keys of the configuration that it cannot apply are named.
func (a *App) Reload(ctx context.Context, by decide.Caller) (decide.Reloaded, error) {
	if err := by.Require(decide.ScopeAdminister); err != nil {
		return decide.Reloaded{}, err
	}
	ctx = context.WithoutCancel(ctx) // what is recorded must be done, also if nobody waits for it
	a.changing.Lock()
	defer a.changing.Unlock()
	if err := a.Door.AcceptClock(ctx, by); err != nil {
		return decide.Reloaded{}, err
	}
	c, changes, err := a.config.Again()
	if err != nil {
		return decide.Reloaded{}, err
	}
	packs, err := load(c.Packs)
	if err == nil {
		err = packs.fault
	}
	if err != nil {
		return decide.Reloaded{}, err
	}
	r, err := a.rules(c.Packs, packs, a.known.Activated)
	if err != nil {
		return decide.Reloaded{}, err
	}
	out := decide.Reloaded{Applied: changes.Applied, Restart: changes.Restart}
	if out.Record, err = a.takeOver(ctx, by, c, changes, &r); err != nil {
		return decide.Reloaded{}, err
	}
	if a.proposed != nil {
		out.Candidate = a.proposed.engine.Program().Hash()
	}
	if err := a.takeOverKeys(ctx, by); err != nil {
		return decide.Reloaded{}, err
	}
	if err := a.writeDeciding(); err != nil {
		a.logger.Warn("the next start will record packs and keys once more", "error", err)
	}
	return out, a.Principals.Sync(ctx, journal{a})
}

// takeOver makes configuration and packs those that count, each after it is recorded.
func (a *App) takeOver(ctx context.Context, by decide.Caller, c config.Config, changes config.Changes, r *rules) (rec comity.Record, err error) {
	if hash := c.Hash(); hash != a.recorded {
		if err := a.recordConfig(ctx, by, hash, changes); err != nil {
			return rec, err
		}
		a.recorded = hash
	}
	before := a.Door.Engine().Program().Hash()
	if rec, err = a.Door.Reload(ctx, by, r.inForce, r.activation()); err != nil {
		return rec, err
	}
	a.config, a.active = c, r.active
	if len(changes.Restart) == 0 {
		a.known.Config = c.Hash() // else the start that applies it is a change of its own
	}
	return rec, a.propose(ctx, by, r, before != r.inForce.Program().Hash())
}

// recordConfig records that the configuration is another one now.
func (a *App) recordConfig(ctx context.Context, by decide.Caller, hash string, changes config.Changes) error {
	details := map[string]any{}
	if len(changes.Applied) > 0 {
		details["applied"] = changes.Applied
	}
	if len(changes.Restart) > 0 {
		details["restart"] = changes.Restart
	}
	_, err := a.Door.Changed(ctx, by, decide.Change{Type: audit.TypeConfigChanged, What: "configuration", Old: a.recorded, New: hash, Details: details})
	return err
}
