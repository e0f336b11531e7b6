// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package auditbench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

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

// sealing is a log whose payloads are sealed under the keys of subjects.
type sealing struct {
	*store
	ring     *keyring.Keyring
	subjects atomic.Uint64
	count    atomic.Uint64
}

// openSealing opens log and keyring in a new folder and gives the known subjects their keys.
func openSealing(ctx context.Context, dir string) (*sealing, error) {
	if err := os.MkdirAll(filepath.Join(dir, "state"), 0o700); err != nil {
		return nil, err
	}
	s := &sealing{}
	var err error
	s.ring, err = keyring.Open(keyring.Options{FS: vfs.OS(), Path: filepath.Join(dir, "state", "subjects.keys"), Cell: "local", Create: true})
	if err != nil {
		return nil, err
	}
	var sealed []byte
	for range knownSubjects {
		if sealed, _, _, err = s.ring.Seal(sealed[:0], subject(s.subjects.Add(1)), []byte("{}")); err != nil {
			return nil, err
		}
	}
	if err := s.ring.Sync(); err != nil {
		return nil, err
	}
	s.store, err = openStore(ctx, dir, s.ring.Sync)
	return s, err
}

func subject(n uint64) comity.Subject {
	return comity.Subject{ID: "person-" + strconv.FormatUint(n, 10), Home: "DE"}
}

// next is the count of the event and its subject.
func (s *sealing) next() (n uint64, of comity.Subject) {
	n = s.count.Add(1)
	if n%newEvery == 0 {
		return n, subject(s.subjects.Add(1))
	}
	return n, subject(n*7919%knownSubjects + 1)
}

func (s *sealing) Settle(ctx context.Context) error { return s.log.Seal(ctx) }

func (s *sealing) close() error { return errors.Join(s.store.close(), s.ring.Close()) }

// Sealed is the log with its sealer: an event of 1 KB is sealed under its subject's key, the
// leaf has pseudonym and hash, and keys of new subjects are durable before the
// acknowledgement.
type Sealed struct {
	*sealing
	rooms [][2][]byte // of each writer: leaf and payload
}

// NewSealed opens Comity's log and keyring in a new folder under dir.
func NewSealed(ctx context.Context, dir string, writers int) (*Sealed, error) {
	s, err := openSealing(ctx, dir)
	return &Sealed{sealing: s, rooms: make([][2][]byte, writers)}, err
}

func (s *Sealed) Name() string { return "Comity, sealed" }

// Append seals an event and records it.
func (s *Sealed) Append(ctx context.Context, writer int, event []byte) error {
	_, who := s.next()
	room := &s.rooms[writer]
	leaf := audit.Leaf{
		Time: time.Now(), Type: audit.TypeDataAccess, Action: "read", Cell: "local", Tenant: "acme", Region: "DE", Outcome: audit.Success,
	}
	var fresh bool
	var err error
	if room[1], leaf.Subject, fresh, err = s.ring.Seal(room[1][:0], who, event); err != nil {
		return err
	}
	leaf.Payload = sha256.Sum256(room[1])
	room[0] = leaf.Append(room[0][:0])
	_, err = s.log.Append(ctx, translog.Entry{Leaf: room[0], Payload: room[1], NewKeys: fresh})
	return err
}

func (s *Sealed) Close() error { return s.close() }

// Recorded is the whole way of an application's event: checked, made canonical, sealed under
// its subject's key, principal and resource as pseudonyms, leaf, log.
type Recorded struct {
	*sealing
	book    *audit.Book
	indexed bool
	texts   string // random
}

// NewRecorded opens Comity's book in a new folder under dir, with or without its index.
func NewRecorded(ctx context.Context, dir string, indexed bool) (*Recorded, error) {
	s := &Recorded{indexed: indexed, texts: randomText(poolBytes + sealedDetail)}
	var err error
	if s.sealing, err = openSealing(ctx, dir); err != nil {
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

func (s *Recorded) Name() string {
	if s.indexed {
		return "Comity, recorded, index following"
	}
	return "Comity, recorded"
}

// Append records an application's event of about 1 KB with random text as its detail.
func (s *Recorded) Append(ctx context.Context, _ int, event []byte) error {
	n, who := s.next()
	text := s.texts[binary.BigEndian.Uint64(event)%poolBytes:][:sealedDetail]
	_, err := s.book.Append(ctx, audit.Event{
		Type: audit.TypeDataAccess, Action: "read", Tenant: "acme", Region: "DE", Outcome: audit.Success,
		Subject: who, Principal: "service-7", Resource: audit.Resource{Type: "record", ID: "record-" + strconv.FormatUint(n, 36)},
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

// Log is the log under the book, Key its public key, Dir its folder.
func (s *Recorded) Log() *translog.Log { return s.log }
func (s *Recorded) Key() string        { return s.vkey }
func (s *Recorded) Dir() string        { return s.dir }

// Indexed is how many entries the index covers.
func (s *Recorded) Indexed() uint64 { return s.book.Indexed() }

func (s *Recorded) Close() error { return errors.Join(s.book.Close(), s.close()) }
