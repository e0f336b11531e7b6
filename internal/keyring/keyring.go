// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package keyring keeps one random key per subject in one file outside the data folder,
// so that destroying a key erases what was sealed under it, wherever copies of the data
// lie.
package keyring

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/vfs"
)

// Options say where the keys lie.
type Options struct {
	FS   vfs.FS
	Path string // its folder must exist
	// Cell is the lasting name of the cell. The file of another cell is refused, and what
	// was sealed for one cell does not open in another.
	Cell string
	// Create makes the file if there is none; without it a missing file is an error.
	Create bool
	Logger *slog.Logger
}

// Keyring is an open file of keys. It implements audit.Sealer.
type Keyring struct {
	file   vfs.File
	lock   interface{ Close() error }
	header header
	cell   string
	aad    []byte // what every payload of this cell is bound to

	finderKey, markKey macKey // the header's

	mu      sync.RWMutex // guards what follows
	slots   slotList
	finder  table // by what subjects are looked up with
	names   table // by pseudonym
	length  int64 // of the file; slots beyond it have no zeros yet
	durable int   // slots below are on the disk
	writes  uint64
	erased  int
	damaged int
	closed  bool

	syncMu sync.Mutex // held during a sync; guards what follows
	synced uint64     // the value of writes that the disk has
	broken error      // a sync failed: what is on the disk is unknown until it is read again
}

var _ audit.Sealer = (*Keyring)(nil)

// Open opens or creates a keyring and locks it against other processes.
func Open(o Options) (*Keyring, error) {
	lock, err := o.FS.Lock(o.Path + ".lock")
	if err != nil {
		if errors.Is(err, vfs.ErrLocked) {
			return nil, failure(comity.CodeUnavailable, "open keyring", fmt.Errorf("%s: %w", o.Path, err), "stop the other process")
		}
		return nil, failure(comity.CodeUnavailable, "open keyring", err, "")
	}
	k, err := open(o)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	k.lock = lock
	return k, nil
}

func open(o Options) (*Keyring, error) {
	if _, err := o.FS.Stat(o.Path); errors.Is(err, fs.ErrNotExist) {
		if !o.Create {
			return nil, failure(comity.CodeUnavailable, "open keyring", fmt.Errorf("%s does not exist", o.Path),
				"put back the file of keys: without it what was sealed cannot be read")
		}
		if err := create(o); err != nil {
			return nil, failure(comity.CodeUnavailable, "create keyring", err, "make its folder writable")
		}
	}
	file, err := o.FS.OpenWrite(o.Path)
	if err != nil {
		return nil, failure(comity.CodeUnavailable, "open keyring", err, "make the file readable and writable for this user")
	}
	k := &Keyring{file: file, cell: o.Cell, aad: []byte(payloadContext + o.Cell), finder: table{name: byFinder}, names: table{name: byPseudonym}}
	if err := k.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", o.Path, err), file.Close())
	}
	if k.damaged > 0 && o.Logger != nil {
		o.Logger.Warn("keyring has damaged slots", "path", o.Path, "damaged", k.damaged, "keys", k.slots.n)
	}
	return k, nil
}

// Close releases the file. The keys in memory are wiped.
func (k *Keyring) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil
	}
	k.closed = true
	k.slots.wipe()
	clear(k.header.data[:])
	return errors.Join(k.file.Close(), k.lock.Close())
}

// Stats counts what the file holds.
type Stats struct {
	Live, Erased, Damaged int
}

// Stats counts what the file holds.
func (k *Keyring) Stats() Stats {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return Stats{Live: k.names.n - k.erased, Erased: k.erased, Damaged: k.damaged}
}

// Seal implements audit.Sealer.
func (k *Keyring) Seal(dst []byte, s comity.Subject, plaintext []byte) ([]byte, audit.Pseudonym, bool, error) {
	key, p, fresh, err := k.key(s)
	if err != nil {
		return nil, audit.Pseudonym{}, false, err
	}
	sealed, err := seal(dst, &key, k.aad, plaintext)
	return sealed, p, fresh, err
}

// key is the data key of a subject, made if there is none.
func (k *Keyring) key(s comity.Subject) (key [32]byte, p audit.Pseudonym, fresh bool, err error) {
	if s.ID == "" {
		k.mu.RLock()
		defer k.mu.RUnlock()
		return k.header.data, p, false, k.usable()
	}
	at := k.find(s)
	k.mu.RLock()
	if err = k.usable(); err == nil {
		if n, ok := k.finder.find(&k.slots, at); ok {
			e := k.slots.at(n)
			key, p, fresh = e.data, e.pseudonym, n >= k.durable
			k.mu.RUnlock()
			return key, p, fresh, nil
		}
	}
	k.mu.RUnlock()
	if err != nil {
		return key, p, false, err
	}
	e, fresh, err := k.add(at, s)
	return e.data, e.pseudonym, fresh, err
}

// add writes the slot of a new subject. It is durable after the next Sync.
func (k *Keyring) add(at finding, s comity.Subject) (entry, bool, error) {
	var pseudonymKey [32]byte
	e := entry{at: at, live: true}
	rand.Read(e.data[:])
	rand.Read(pseudonymKey[:])
	e.pseudonym = k.pseudonym(&pseudonymKey, s)

	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.usable(); err != nil {
		return entry{}, false, err
	}
	if n, ok := k.finder.find(&k.slots, at); ok { // somebody else was faster
		return *k.slots.at(n), n >= k.durable, nil
	}
	n := k.slots.n
	if n >= maxSlots {
		return entry{}, false, failure(comity.CodeUnavailable, "write key", fmt.Errorf("the keyring is full with %d keys", n), "start another cell for new subjects")
	}
	if err := k.grow(n); err != nil {
		return entry{}, false, err
	}
	var buf [slotSize]byte
	e.encode(&buf, &pseudonymKey)
	if _, err := k.file.WriteAt(buf[:], slotOffset(n)); err != nil {
		return entry{}, false, failure(comity.CodeUnavailable, "write key", err, "make space on the disk of the keyring")
	}
	k.slots.append(e)
	k.finder.add(&k.slots, n)
	k.names.add(&k.slots, n)
	k.writes++
	return e, true, nil
}

// grow writes zeros for the next slots, so that most syncs change no metadata.
func (k *Keyring) grow(n int) error {
	if slotOffset(n+1) <= k.length {
		return nil
	}
	zeros := make([]byte, growSlots*slotSize)
	if _, err := k.file.WriteAt(zeros, k.length); err != nil {
		return failure(comity.CodeUnavailable, "extend keyring", err, "make space on the disk of the keyring")
	}
	k.length += int64(len(zeros))
	return nil
}

// Open implements audit.Sealer.
func (k *Keyring) Open(p audit.Pseudonym, sealed []byte) ([]byte, error) {
	k.mu.RLock()
	key, err := k.keyOf(p)
	k.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	return unseal(&key, k.aad, sealed)
}

// keyOf is the key behind a pseudonym. The lock is held.
func (k *Keyring) keyOf(p audit.Pseudonym) (key [32]byte, err error) {
	if k.closed {
		return key, errClosed
	}
	if p.IsZero() {
		return k.header.data, nil
	}
	n, ok := k.names.find(&k.slots, finding(p))
	if !ok {
		return key, audit.ErrUnknownKey
	}
	e := k.slots.at(n)
	if !e.live {
		return key, audit.ErrErased
	}
	return e.data, nil
}

// Pseudonym implements audit.Sealer.
func (k *Keyring) Pseudonym(s comity.Subject) (audit.Pseudonym, bool) {
	if s.ID == "" {
		return audit.Pseudonym{}, false
	}
	at := k.find(s)
	k.mu.RLock()
	defer k.mu.RUnlock()
	n, ok := k.finder.find(&k.slots, at)
	if !ok {
		return audit.Pseudonym{}, false
	}
	return k.slots.at(n).pseudonym, true
}

// Forget implements audit.Sealer. The slot keeps the pseudonym, which leads nowhere any
// more, so that erased content can be told from lost keys.
func (k *Keyring) Forget(ctx context.Context, s comity.Subject) (audit.Pseudonym, error) {
	if err := ctx.Err(); err != nil {
		return audit.Pseudonym{}, err
	}
	if s.ID == "" {
		return audit.Pseudonym{}, audit.ErrUnknownKey
	}
	p, write, err := k.overwrite(k.find(s))
	if err != nil {
		return audit.Pseudonym{}, err
	}
	return p, k.flush(write)
}

func (k *Keyring) overwrite(at finding) (audit.Pseudonym, uint64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.usable(); err != nil {
		return audit.Pseudonym{}, 0, err
	}
	n, ok := k.finder.find(&k.slots, at)
	if !ok {
		return audit.Pseudonym{}, 0, audit.ErrUnknownKey
	}
	e := k.slots.at(n)
	gone := entry{pseudonym: e.pseudonym}
	var buf [slotSize]byte
	gone.encode(&buf, new([32]byte))
	if _, err := k.file.WriteAt(buf[:], slotOffset(n)); err != nil {
		return audit.Pseudonym{}, 0, failure(comity.CodeUnavailable, "overwrite key", err, "make the keyring writable")
	}
	*e = gone
	k.erased++
	k.writes++
	return gone.pseudonym, k.writes, nil
}

// Forgotten implements audit.Sealer.
func (k *Keyring) Forgotten() []audit.Pseudonym {
	k.mu.RLock()
	defer k.mu.RUnlock()
	out := make([]audit.Pseudonym, 0, k.erased)
	for n := range k.slots.n {
		if e := k.slots.at(n); !e.live && !e.pseudonym.IsZero() {
			out = append(out, e.pseudonym)
		}
	}
	return out
}

// Sync implements audit.Sealer.
func (k *Keyring) Sync() error {
	k.mu.RLock()
	want, err := k.writes, k.usable()
	k.mu.RUnlock()
	if err != nil {
		return err
	}
	return k.flush(want)
}

// flush returns when the first want writes are on the disk. Callers that wait for the
// lock while another syncs find their writes done, or share the next sync.
func (k *Keyring) flush(want uint64) error {
	k.syncMu.Lock()
	defer k.syncMu.Unlock()
	if k.broken != nil {
		return k.broken
	}
	if k.synced >= want {
		return nil
	}
	k.mu.RLock()
	writes, slots, closed := k.writes, k.slots.n, k.closed
	k.mu.RUnlock()
	if closed {
		return errClosed
	}
	if err := k.file.SyncData(); err != nil {
		k.broken = failure(comity.CodeUnavailable, "sync keyring", err, "restart when its disk works again")
		return k.broken
	}
	k.synced = writes
	k.mu.Lock()
	k.durable = max(k.durable, slots)
	k.mu.Unlock()
	return nil
}

// usable says whether keys can be handed out. The lock is held.
func (k *Keyring) usable() error {
	if k.closed {
		return errClosed
	}
	return nil
}

var errClosed = errors.New("keyring is closed")

func failure(code comity.Code, op string, err error, remedy string) error {
	return &comity.Error{Code: code, Op: op, Err: err, Remedy: remedy}
}
