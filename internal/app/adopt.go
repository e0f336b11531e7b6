// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/keyring"
	"github.com/comity-project/comity/internal/translog"
	"github.com/comity-project/comity/internal/vfs"
	"github.com/comity-project/comity/proof"
)

// Adopted says what took the place of a log.
type Adopted struct {
	// OldOrigin is the log that could not go on, because of Why; it is in OldDir now.
	OldOrigin, OldDir string
	Why               error
	// Origin is the log that continues it; Record is its first entry, which names the old
	// head.
	Origin, VerifierKey string
	Record              comity.Record
}

// Adopt closes the book on the log of a data folder that must not be written any more, and
// starts the next one, whose first entry names the old head and the reason. After a crash
// it can be called again: the old public key is replaced last.
func Adopt(ctx context.Context, c config.Config, by decide.Caller, reason string, logger *slog.Logger) (out Adopted, err error) {
	if err := by.Require(decide.ScopeAdminister); err != nil {
		return out, err
	}
	a, err := Open(ctx, c, logger)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, a.release()) }()
	if err := a.quiesce(ctx); err != nil {
		return out, err
	}
	out.OldOrigin, out.Why = a.Origin, cmp.Or(a.locked, a.Log.ReadOnly())
	if out.Why == nil {
		return out, &comity.Error{Code: comity.CodeConflict, Op: "adopt " + a.Origin, Err: errors.New("the log can go on"), Remedy: "adopt is for a log that must not be written any more"}
	}
	if e := (*comity.Error)(nil); errors.As(out.Why, &e) && e.Err != nil {
		out.Why = e.Err // without the remedy, which this is
	}
	s, err := a.successor()
	if err != nil {
		return out, err
	}
	out.Origin, out.OldDir, out.VerifierKey = s.origin, s.moveTo, s.public
	out.Record, err = a.adopt(ctx, s, by, reason, out.Why)
	return out, err
}

// quiesce ends all that uses the log.
func (a *App) quiesce(ctx context.Context) error {
	if a.stop != nil {
		a.stop()
		a.done.Wait()
		a.stop = nil
	}
	err := a.Door.Close(ctx)
	if closing := a.Book.Close(); err == nil {
		err = closing
	}
	a.Book = nil
	return err
}

// successor is the log that continues another.
type successor struct {
	origin         string
	moveTo, oldPub string // where the old log goes, and its public key
	moved          bool   // by a call before this one that did not come to its end
	anchor         string
	signer         note.Signer
	verifier       note.Verifier
	public         string
}

// successor prepares the next origin: its key, and a copy of the old public key beside
// where the old log goes.
func (a *App) successor() (s successor, err error) {
	base := a.folder.installation + "/" + cell
	old := 1
	if suffix, ok := strings.CutPrefix(strings.TrimPrefix(a.Origin, base), "."); ok {
		if old, err = strconv.Atoi(suffix); err != nil {
			return s, &comity.Error{Code: comity.CodeInvalid, Op: "adopt " + a.Origin, Err: errors.New("the origin does not end with a number")}
		}
	}
	dir, state := filepath.Join(a.folder.dir, cell), filepath.Dir(a.Paths.Anchor)
	s.origin = fmt.Sprintf("%s.%d", base, old+1)
	s.moveTo = filepath.Join(dir, fmt.Sprintf("log.%d", old))
	s.oldPub = s.moveTo + ".pub"
	s.anchor = filepath.Join(state, fmt.Sprintf("anchor.%d", old+1))
	_, err = os.Stat(s.moveTo)
	s.moved = err == nil
	if err := s.key(filepath.Join(state, fmt.Sprintf("log.%d.key", old+1))); err != nil {
		return s, err
	}
	text, err := os.ReadFile(a.Paths.PublicKey)
	if err == nil {
		err = replaceFile(s.oldPub, text, 0o644)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a lost key is no reason not to go on
		return s, folderError(dir, err)
	}
	return s, nil
}

// key reads the signing key of the successor, or makes it.
func (s *successor) key(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		var skey string
		if skey, _, err = note.GenerateKey(rand.Reader, s.origin); err == nil {
			text = []byte(skey + "\n")
			err = replaceFile(file, text, 0o600)
		}
	}
	if err == nil {
		s.signer, err = note.NewSigner(strings.TrimSpace(string(text)))
	}
	if err == nil {
		s.public, err = publicKey(strings.TrimSpace(string(text)))
	}
	if err == nil {
		s.verifier, err = note.NewVerifier(s.public)
	}
	if err != nil {
		return &comity.Error{Code: comity.CodeUnavailable, Op: "make signing key " + file, Err: err}
	}
	return nil
}

func (a *App) adopt(ctx context.Context, s successor, by decide.Caller, reason string, why error) (comity.Record, error) {
	if err := a.durableKeys(); err != nil {
		return comity.Record{}, err
	}
	entry, err := audit.Compose(cell, a.keys, a.oldHead(s, by, reason, why), time.Now().UTC())
	if err != nil {
		return comity.Record{}, err
	}
	anchor, err := translog.OpenFileAnchor(vfs.OS(), s.anchor)
	if err != nil {
		return comity.Record{}, err
	}
	defer anchor.Close()
	old := a.Log
	if a.Log = nil; s.moved {
		err, old = old.Close(), nil
	}
	if err != nil {
		return comity.Record{}, err
	}
	l, ack, err := translog.Adopt(ctx, old, s.moveTo, translog.Options{
		FS: vfs.OS(), Dir: filepath.Join(a.folder.dir, cell, "log"), Origin: s.origin, Name: cell, Signers: []note.Signer{s.signer},
		Verifiers: note.VerifierList(s.verifier), Anchor: anchor, SyncKeys: a.keys.Sync, Logger: a.logger,
	}, entry)
	if err != nil {
		return comity.Record{}, err
	}
	if err := l.Close(); err != nil {
		return comity.Record{}, err
	}
	if err := a.handOver(s); err != nil {
		return comity.Record{}, err
	}
	index := int64(ack.Index)
	return comity.Record{Log: cell, Index: &index, Checkpoint: ack.Note}, nil
}

// durableKeys opens the keyring on the disk where Open made do with one in memory.
func (a *App) durableKeys() error {
	_, err := os.Stat(a.Paths.SubjectKeys)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return folderError(a.folder.dir, err)
	}
	if err := a.keys.Close(); err != nil {
		return err
	}
	a.keys, err = keyring.Open(keyring.Options{FS: vfs.OS(), Path: a.Paths.SubjectKeys, Cell: a.folder.installation + "/" + cell, Create: true, Logger: a.logger})
	return err
}

// oldHead is the event that names the head of the log that ends: what is there, and what
// was acknowledged last where the anchor tells.
func (a *App) oldHead(s successor, by decide.Caller, reason string, why error) audit.Event {
	signed := a.Log.Head().Note
	if s.moved {
		signed, _ = os.ReadFile(filepath.Join(s.moveTo, proof.CheckpointPath)) // what is unreadable is not named
	}
	details := map[string]any{"origin": a.Origin, "reason": reason, "why": why.Error()}
	e := audit.Event{Type: audit.TypeLogAdopted, Action: "adopt", Outcome: audit.Success, Principal: by.ID, Caller: by.ID, Details: details}
	if a.anchor != nil { // what was acknowledged may be more than what is there
		if last, ok, err := a.anchor.Load(); err == nil && ok && last.Note != nil {
			details["acknowledged"] = string(last.Note)
			e.Previous = sha256.Sum256(last.Note)
		}
	}
	if signed == nil {
		return e
	}
	details["checkpoint"] = string(signed)
	if e.Previous == (audit.Digest{}) {
		e.Previous = sha256.Sum256(signed)
	}
	if text, err := os.ReadFile(s.oldPub); err == nil {
		if c, err := proof.OpenCheckpoint(signed, strings.Fields(string(text))...); err == nil {
			details["size"], details["root"] = c.Size, base64.StdEncoding.EncodeToString(c.Root[:])
		}
	}
	return e
}

// handOver makes the successor the log of the folder. The index is built anew.
func (a *App) handOver(s successor) error {
	dir := filepath.Join(a.folder.dir, cell)
	for _, name := range []string{"index.db", "index.db-wal", "index.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return folderError(dir, err)
		}
	}
	if err := replaceFile(a.Paths.PublicKey, []byte(s.public+"\n"), 0o644); err != nil {
		return folderError(dir, err)
	}
	if err := syncDir(dir); err != nil {
		return folderError(dir, err)
	}
	return nil
}
