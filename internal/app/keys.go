// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/keyring"
	"github.com/comity-project/comity/internal/translog"
	"github.com/comity-project/comity/internal/vfs"
)

// findState settles the log's origin and where its secrets and its anchor lie. All logs of
// a cell, one after the other, share a folder and the keys of the subjects; the names of
// their own files end as their origin does.
func (a *App) findState(dir string) error {
	a.Origin = a.folder.installation + "/" + cell
	a.Paths.Data, a.Paths.PublicKey = a.folder.dir, filepath.Join(dir, "log.pub")
	public, err := os.ReadFile(a.Paths.PublicKey)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return folderError(a.folder.dir, err)
	default:
		v, err := note.NewVerifier(strings.TrimSpace(firstLine(string(public))))
		if err != nil || !strings.HasPrefix(v.Name(), a.Origin) {
			return &comity.Error{Code: comity.CodeInvalid, Op: "read " + a.Paths.PublicKey, Err: cmp.Or(err, errors.New("it is the key of another installation")), Remedy: "restore it from a backup"}
		}
		a.Origin = v.Name()
	}
	state, err := stateFolder(a.config.Anchor, a.folder)
	if err != nil {
		return err
	}
	suffix := strings.TrimPrefix(a.Origin, a.folder.installation+"/"+cell)
	a.Paths.Anchor = filepath.Join(state, "anchor"+suffix)
	a.Paths.LogKey = filepath.Join(state, "log"+suffix+".key")
	a.Paths.SubjectKeys = filepath.Join(state, "subjects.keys")
	if err := os.MkdirAll(dir, 0o700); err != nil && !errors.Is(err, fs.ErrPermission) {
		return folderError(a.folder.dir, err)
	}
	return nil
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// stateFolder is the folder outside the data folder: what is given, else one for the
// installation.
func stateFolder(given string, f *folder) (string, error) {
	dir := given
	if dir == "" {
		base := os.Getenv("XDG_STATE_HOME")
		if !filepath.IsAbs(base) { // as the XDG specification asks
			home, err := os.UserHomeDir()
			if err != nil {
				return "", &comity.Error{Code: comity.CodeUsage, Op: "find anchor", Err: err, Remedy: "give --anchor PATH"}
			}
			base = filepath.Join(home, ".local", "state")
		}
		dir = filepath.Join(base, "comity", f.installation, cell)
	}
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", &comity.Error{Code: comity.CodeUnavailable, Op: "open anchor " + dir, Err: err}
	}
	if rel, err := filepath.Rel(realPath(f.dir), realPath(dir)); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
		return "", &comity.Error{Code: comity.CodeUsage, Op: "open anchor " + dir, Err: errors.New("it lies in the data folder, whose backup could put an old head back"), Remedy: "give --anchor another folder"}
	}
	return dir, nil
}

func realPath(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// isNewLog tells whether a log folder has no entries.
func isNewLog(dir string) (bool, error) {
	for _, name := range []string{"checkpoint", "wal", "tile"} {
		switch _, err := os.Stat(filepath.Join(dir, name)); {
		case err == nil:
			return false, nil
		case !errors.Is(err, fs.ErrNotExist):
			return false, folderError(dir, err)
		}
	}
	return true, nil
}

// lock notes why the log must not be written; the first reason counts.
func (a *App) lock(format string, args ...any) {
	if a.locked == nil {
		a.locked = &comity.Error{
			Code: comity.CodeUnavailable, Op: "log " + a.Origin, Err: fmt.Errorf(format, args...),
			Remedy: "bring the file back, or give --anchor the folder where it is; else comity audit adopt starts a new log whose first entry names this one",
		}
	}
}

// openSigners gives the signing keys, the first one current, and the public keys of all. For a
// new log a key is made; a log that lost its key is only read.
func (a *App) openSigners(empty bool) ([]note.Signer, []string, error) {
	signers, keys, err := a.readSigners()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return a.newSigner(empty)
	case err != nil:
		return nil, nil, err
	}
	a.signing.Store(&keys)
	return signers, keys, a.publish(keys, nil)
}

func (a *App) newSigner(empty bool) ([]note.Signer, []string, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, a.Origin)
	if err != nil {
		return nil, nil, &comity.Error{Code: comity.CodeInternal, Op: "make signing key", Err: err}
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		return nil, nil, &comity.Error{Code: comity.CodeInternal, Op: "make signing key", Err: err}
	}
	if !empty {
		// The log needs some key to be opened at all; it signs nothing with this one.
		a.lock("the signing key %s is missing", a.Paths.LogKey)
		if public, err := os.ReadFile(a.Paths.PublicKey); err == nil {
			vkey = strings.TrimSpace(firstLine(string(public)))
		}
		a.signing.Store(&[]string{vkey})
		return []note.Signer{s}, nil, nil
	}
	if err := replaceFile(a.Paths.LogKey, []byte(skey+"\n"), 0o600); err != nil {
		return nil, nil, &comity.Error{Code: comity.CodeUnavailable, Op: "write signing key", Err: err}
	}
	keys := []string{vkey}
	a.signing.Store(&keys)
	return []note.Signer{s}, keys, a.publish(keys, nil)
}

// publish writes log.pub, the current key alone. Those that signed before stay beside it:
// they verify older checkpoints.
func (a *App) publish(keys, before []string) error {
	current, err := os.ReadFile(a.Paths.PublicKey)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return folderError(a.folder.dir, err)
	}
	if string(current) == keys[0]+"\n" {
		return nil
	}
	older, err := os.ReadFile(a.formerKeys())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return folderError(a.folder.dir, err)
	}
	former := strings.Fields(string(older))
	for _, k := range append(strings.Fields(string(current)), before...) {
		if k != keys[0] && !slices.Contains(former, k) {
			former = append(former, k)
		}
	}
	if len(former) > 0 {
		err = replaceFile(a.formerKeys(), []byte(strings.Join(former, "\n")+"\n"), 0o644)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = replaceFile(a.Paths.PublicKey, []byte(keys[0]+"\n"), 0o644)
	}
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return folderError(a.folder.dir, err)
	}
	return nil
}

// formerKeys is the file of the public keys that no longer sign.
func (a *App) formerKeys() string {
	return filepath.Join(filepath.Dir(a.Paths.PublicKey), "log.former.pub")
}

// verifiers holds the public keys of the log's own notes: those of its signers, that of
// log.pub, and the former ones.
func (a *App) verifiers(keys []string) (note.Verifiers, error) {
	former, err := os.ReadFile(a.formerKeys())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, folderError(a.folder.dir, err)
	}
	public, err := os.ReadFile(a.Paths.PublicKey)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, folderError(a.folder.dir, err)
	}
	known := append(slices.Clone(keys), strings.Fields(string(public))...)
	for _, k := range strings.Fields(string(former)) {
		if strings.HasPrefix(k, a.Origin+"+") { // others are of logs before this one
			known = append(known, k)
		}
	}
	var list []note.Verifier
	for _, k := range known {
		v, err := note.NewVerifier(k)
		if err != nil || v.Name() != a.Origin {
			return nil, &comity.Error{Code: comity.CodeInvalid, Op: "read public key", Err: fmt.Errorf("%.80q is no key of %s", k, a.Origin), Remedy: "bring back " + a.Paths.LogKey + ", log.pub and log.former.pub of this installation"}
		}
		if !slices.ContainsFunc(list, func(w note.Verifier) bool { return w.KeyHash() == v.KeyHash() }) {
			list = append(list, v)
		}
	}
	return note.VerifierList(list...), nil
}

// publicKey derives the verifier key of a note.Signer's text, whose last field is
// base64(algorithm || seed).
func publicKey(skey string) (string, error) {
	fields := strings.SplitN(skey, "+", 5) // base64 has the sign, too
	if len(fields) != 5 {
		return "", errors.New("not the text of a signing key")
	}
	raw, err := base64.StdEncoding.DecodeString(fields[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", errors.New("not an Ed25519 key")
	}
	return note.NewEd25519VerifierKey(fields[2], ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
}

// openKeyring opens the keys of the subjects. If a log has lost them it is only read, with
// an empty keyring that is in memory only.
func (a *App) openKeyring(empty bool) error {
	o := keyring.Options{FS: vfs.OS(), Path: a.Paths.SubjectKeys, Cell: a.folder.installation + "/" + cell, Create: empty, Logger: a.logger}
	if _, err := os.Stat(o.Path); errors.Is(err, fs.ErrNotExist) && !empty {
		a.lock("the keys of the subjects %s are missing", o.Path)
		mem := vfs.NewMem()
		if err := mem.MkdirAll("keys"); err != nil {
			return folderError(a.folder.dir, err)
		}
		o.FS, o.Path, o.Create = mem, "keys/subjects.keys", true
	}
	var err error
	a.keys, err = keyring.Open(o)
	return err
}

// Pseudonym looks up the pseudonym of a subject in a data folder that no process has open.
// Nothing is written.
func Pseudonym(c config.Config, s comity.Subject) (p audit.Pseudonym, ok bool, err error) {
	a := &App{config: c.WithDefaults()}
	if a.folder, err = knownFolder(a.config.Data); err != nil {
		return p, false, err
	}
	if err := a.findState(filepath.Join(a.folder.dir, cell)); err != nil {
		return p, false, err
	}
	k, err := keyring.Open(keyring.Options{FS: vfs.OS(), Path: a.Paths.SubjectKeys, Cell: a.folder.installation + "/" + cell})
	if err != nil {
		return p, false, err
	}
	p, ok = k.Pseudonym(s)
	return p, ok, k.Close()
}

// openAnchor opens the anchor file. A locked log gets one that knows nothing, with which
// it opens read-only.
func (a *App) openAnchor(empty bool) (translog.Anchor, error) {
	if _, err := os.Stat(a.Paths.Anchor); errors.Is(err, fs.ErrNotExist) && !empty {
		a.lock("the anchor %s is missing, so nothing tells whether this is the latest state", a.Paths.Anchor)
	}
	if a.locked != nil {
		return noAnchor{}, nil
	}
	var err error
	a.anchor, err = translog.OpenFileAnchor(vfs.OS(), a.Paths.Anchor)
	return a.anchor, err
}

// noAnchor is the anchor of a log that must not be written.
type noAnchor struct{}

func (noAnchor) Load() (translog.AnchorState, bool, error) { return translog.AnchorState{}, false, nil }
func (noAnchor) Swap(_, _ translog.AnchorState) error      { return translog.ErrAnchorMoved }
func (noAnchor) Close() error                              { return nil }
