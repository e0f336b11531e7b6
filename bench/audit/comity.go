// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package auditbench

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/keyring"
	"github.com/comity-project/comity/internal/sqlite"
	"github.com/comity-project/comity/internal/translog"
	"github.com/comity-project/comity/internal/vfs"
)

const origin = "comity-0123456789abcdef/bench"

const (
	// leafBytes is about what a decision's leaf has.
	leafBytes = 300
	// knownSubjects have keys before the measurement begins; of the events, one in
	// newEvery is about somebody new.
	knownSubjects = 100_000
	newEvery      = 100
)

// store is a log in a folder.
type store struct {
	dir    string
	vkey   string
	log    *translog.Log
	anchor *translog.FileAnchor
}

func openStore(ctx context.Context, dir string, syncKeys func() error) (*store, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	s := &store{dir: filepath.Join(dir, "log"), vkey: vkey}
	if s.anchor, err = translog.OpenFileAnchor(vfs.OS(), filepath.Join(dir, "state", "anchor")); err != nil {
		return nil, err
	}
	s.log, _, err = translog.Open(ctx, translog.Options{
		FS: vfs.OS(), Dir: s.dir, Origin: origin, Anchor: s.anchor, SyncKeys: syncKeys,
		Signers: []note.Signer{signer}, Verifiers: note.VerifierList(verifier),
	})
	if err != nil {
		return nil, errors.Join(err, s.anchor.Close())
	}
	return s, nil
}

func (s *store) close() error { return errors.Join(s.log.Close(), s.anchor.Close()) }

// Unsealed is the log alone: a leaf of usual size, and the event as its payload.
type Unsealed struct{ *store }

// NewUnsealed opens Comity's log in a new folder under dir.
func NewUnsealed(ctx context.Context, dir string) (*Unsealed, error) {
	s, err := openStore(ctx, dir, nil)
	if err != nil {
		return nil, err
	}
	return &Unsealed{s}, nil
}

func (u *Unsealed) Name() string { return "Comity, unsealed" }

func (u *Unsealed) Append(ctx context.Context, _ int, event []byte) error {
	_, err := u.log.Append(ctx, translog.Entry{Leaf: event[:leafBytes], Payload: event})
	return err
}

func (u *Unsealed) Settle(ctx context.Context) error { return u.log.Seal(ctx) }

// Log, Dir and Key let the report look closer.
func (u *Unsealed) Log() *translog.Log { return u.log }

func (u *Unsealed) Close() error { return u.close() }

// Sealed is the whole way of an event: payload, sealing under its subject's key, hashing,
// leaf, log; keys of new subjects are durable before the acknowledgement.
type Sealed struct {
	*store
	ring     *keyring.Keyring
	book     *audit.Book
	indexed  bool
	subjects atomic.Uint64
	count    atomic.Uint64
	texts    string // random
}

// NewSealed opens Comity's book in a new folder under dir, with or without its index, and
// gives the known subjects their keys.
func NewSealed(ctx context.Context, dir string, indexed bool) (*Sealed, error) {
	s := &Sealed{indexed: indexed, texts: randomText(poolBytes + sealedDetail)}
	if err := os.MkdirAll(filepath.Join(dir, "state"), 0o700); err != nil {
		return nil, err
	}
	var err error
	s.ring, err = keyring.Open(keyring.Options{FS: vfs.OS(), Path: filepath.Join(dir, "state", "subjects.keys"), Cell: "local", Create: true})
	if err != nil {
		return nil, err
	}
	var sealed []byte
	for range knownSubjects {
		if sealed, _, _, err = s.ring.Seal(sealed[:0], s.subject(s.subjects.Add(1)), []byte("{}")); err != nil {
			return nil, err
		}
	}
	if err := s.ring.Sync(); err != nil {
		return nil, err
	}
	if s.store, err = openStore(ctx, dir, s.ring.Sync); err != nil {
		return nil, err
	}
	var index audit.Index = noIndex{}
	if indexed {
		if index, err = sqlite.Open(ctx, filepath.Join(dir, "index.db"), nil); err != nil {
			return nil, err
		}
	}
	s.book, err = audit.Open(ctx, audit.Options{Cell: "local", Name: "local", Log: s.log, Sealer: s.ring, Index: index})
	return s, err
}

func (s *Sealed) subject(n uint64) comity.Subject {
	return comity.Subject{ID: "person-" + strconv.FormatUint(n, 10), Home: "DE"}
}

func (s *Sealed) Name() string {
	if s.indexed {
		return "Comity, sealed, index following"
	}
	return "Comity, sealed"
}

// Append records an application's event of about 1 KB with random text as its detail.
func (s *Sealed) Append(ctx context.Context, _ int, event []byte) error {
	n := s.count.Add(1)
	subject := n*7919%knownSubjects + 1
	if n%newEvery == 0 {
		subject = s.subjects.Add(1)
	}
	text := s.texts[binary.BigEndian.Uint64(event)%poolBytes:][:sealedDetail]
	_, err := s.book.Append(ctx, audit.Event{
		Type: audit.TypeDataAccess, Action: "read", Tenant: "acme", Region: "DE", Outcome: audit.Success,
		Subject: s.subject(subject), Principal: "service-7", Resource: audit.Resource{Type: "record", ID: "record-" + strconv.FormatUint(n, 36)},
		Details: map[string]any{"content": text},
	})
	return err
}

// sealedDetail makes the payload about EventBytes long. It is cut out of as much random
// text as events are cut out of random bytes, so that it costs as little.
const (
	sealedDetail = 734
	poolBytes    = 1 << 16
)

func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

func (s *Sealed) Settle(ctx context.Context) error { return s.log.Seal(ctx) }

// Log is the log under the book, Key its public key, Dir its folder.
func (s *Sealed) Log() *translog.Log { return s.log }
func (s *Sealed) Key() string        { return s.vkey }
func (s *Sealed) Dir() string        { return s.dir }

// Indexed is how many entries the index covers.
func (s *Sealed) Indexed() uint64 { return s.book.Indexed() }

func (s *Sealed) Close() error {
	return errors.Join(s.book.Close(), s.close(), s.ring.Close())
}
