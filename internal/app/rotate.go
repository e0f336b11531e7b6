// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
)

// Rotated says which keys sign a log, the current one first. Waiting tells that another
// process has the folder open and takes them over at its next reload.
type Rotated struct {
	Origin  string
	Keys    []string
	Waiting error
}

// Rotate gives a log a new signing key. The old one signs beside it, so that whoever
// knows only that one can verify on, until Retire.
func Rotate(ctx context.Context, c config.Config, logger *slog.Logger) (Rotated, error) {
	return changeKeys(ctx, c, logger, func(origin string, lines []string) ([]string, error) {
		if len(lines) > 1 {
			return nil, &comity.Error{Code: comity.CodeConflict, Op: "rotate " + origin, Err: errors.New("two keys sign already"), Remedy: "retire the older one first: comity audit rotate --retire"}
		}
		skey, _, err := note.GenerateKey(rand.Reader, origin)
		if err != nil {
			return nil, &comity.Error{Code: comity.CodeInternal, Op: "make signing key", Err: err}
		}
		return append([]string{skey}, lines...), nil
	})
}

// Retire ends the overlap: from now on only the newest key signs. That is an entry under
// the successor's signature.
func Retire(ctx context.Context, c config.Config, logger *slog.Logger) (Rotated, error) {
	return changeKeys(ctx, c, logger, func(origin string, lines []string) ([]string, error) {
		if len(lines) < 2 {
			return nil, &comity.Error{Code: comity.CodeConflict, Op: "retire " + origin, Err: errors.New("only one key signs"), Remedy: "make its successor first: comity audit rotate"}
		}
		return lines[:1], nil
	})
}

func changeKeys(ctx context.Context, c config.Config, logger *slog.Logger, edit func(origin string, lines []string) ([]string, error)) (out Rotated, err error) {
	a := &App{config: c.WithDefaults(), logger: logger, LogName: cell}
	if a.logger == nil {
		a.logger = slog.New(slog.DiscardHandler)
	}
	if a.folder, err = knownFolder(a.config.Data); err != nil {
		return out, err
	}
	if err := a.findState(filepath.Join(a.folder.dir, cell)); err != nil {
		return out, err
	}
	text, err := os.ReadFile(a.Paths.LogKey)
	if err != nil {
		return out, &comity.Error{Code: comity.CodeNotFound, Op: "read signing key", Err: err, Remedy: "give --anchor the folder of the log's keys"}
	}
	lines, err := edit(a.Origin, strings.Fields(string(text)))
	if err != nil {
		return out, err
	}
	out.Origin = a.Origin
	for _, skey := range lines {
		vkey, err := publicKey(skey)
		if err != nil {
			return out, &comity.Error{Code: comity.CodeInvalid, Op: "read signing key " + a.Paths.LogKey, Err: err}
		}
		out.Keys = append(out.Keys, vkey)
	}
	if err := replaceFile(a.Paths.LogKey, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return out, &comity.Error{Code: comity.CodeUnavailable, Op: "write signing key", Err: err}
	}
	// Opening the folder records the change; a process that has it open does so when told.
	opened, err := Open(ctx, c, logger)
	if InUse(err) {
		out.Waiting = err
		return out, nil
	}
	if err != nil {
		return out, err
	}
	return out, opened.Close(ctx)
}

// takeOverKeys makes the keys of the key file those that sign. Each change is an entry
// before it takes effect.
func (a *App) takeOverKeys(ctx context.Context, by decide.Caller) error {
	before := a.signers()
	signers, keys, err := a.readSigners()
	if err != nil || slices.Equal(keys, before) {
		return err
	}
	if err := a.recordKeys(ctx, by, before, keys); err != nil {
		return err
	}
	if err := a.Log.Rotate(signers); err != nil {
		return err
	}
	a.signing.Store(&keys)
	return a.publish(keys, before)
}

// recordKeys records which keys sign from now on and which no more.
func (a *App) recordKeys(ctx context.Context, by decide.Caller, before, now []string) error {
	for _, k := range now {
		if !slices.Contains(before, k) {
			if _, err := a.Door.Changed(ctx, by, decide.Change{Type: audit.TypeKeyRotated, What: "signing key", Old: strings.Join(before, " "), New: k}); err != nil {
				return err
			}
		}
	}
	for _, k := range before {
		if !slices.Contains(now, k) {
			if _, err := a.Door.Changed(ctx, by, decide.Change{Type: audit.TypeKeyRetired, What: "signing key", Old: k, New: now[0]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// readSigners reads the signing keys, the current one first, and their public keys.
func (a *App) readSigners() (signers []note.Signer, keys []string, err error) {
	text, err := os.ReadFile(a.Paths.LogKey)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, &comity.Error{Code: comity.CodeUnavailable, Op: "read signing key", Err: err}
	}
	bad := func(err error) ([]note.Signer, []string, error) {
		return nil, nil, &comity.Error{Code: comity.CodeInvalid, Op: "read signing key " + a.Paths.LogKey, Err: err, Remedy: "restore it from a backup"}
	}
	for _, skey := range strings.Fields(string(text)) {
		s, err := note.NewSigner(skey)
		if err != nil {
			return bad(err)
		}
		k, err := publicKey(skey)
		if err != nil {
			return bad(err)
		}
		signers, keys = append(signers, s), append(keys, k)
	}
	if len(signers) == 0 {
		return bad(errors.New("the file has no key"))
	}
	return signers, keys, nil
}
