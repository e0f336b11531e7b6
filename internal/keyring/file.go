// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// The file is a header of one page, then slots:
//
//	header: magic 32, data key 32, finder key 32, mark key 32, SHA-256 of the cell 32, CRC-32C 4
//	slot:   state 1, zero 3, finder 16, data key 32, pseudonym key 32, pseudonym 16, zero 24, CRC-32C 4
//
// A slot never crosses a sector, so a crash leaves it whole or as it was on disks that
// write sectors whole; the checksum finds the others. A slot of zeros is free.
const (
	magic      = "comity-keyring/v1\n"
	headerSize = 4096
	slotSize   = 128
	growSlots  = 2048 // slots that are filled with zeros at once: 256 KiB

	stateLive   = 1
	stateErased = 2

	// maxSlots bounds what Open reads: 8 million subjects.
	maxSlots = 1 << 23
)

type header struct {
	data   [32]byte // the cell's own data key
	finder [32]byte // makes what subjects are looked up with
	mark   [32]byte // makes the pseudonyms of principals, resources, sources
}

func slotOffset(n int) int64 { return headerSize + int64(n)*slotSize }

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func (h *header) encode(cell string) []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	copy(b[32:], h.data[:])
	copy(b[64:], h.finder[:])
	copy(b[96:], h.mark[:])
	sum := sha256.Sum256([]byte(cell))
	copy(b[128:], sum[:])
	binary.BigEndian.PutUint32(b[160:], castagnoli(b[:160]))
	return b
}

func (h *header) decode(b []byte, cell string) error {
	if len(b) < headerSize || !bytes.HasPrefix(b, []byte("comity-keyring/")) {
		return failure(comity.CodeInvalid, "read keyring", errors.New("not a keyring"), "name the file subjects.keys that belongs to this data")
	}
	if !bytes.HasPrefix(b, []byte(magic)) {
		return failure(comity.CodeInvalid, "read keyring", errors.New("written by a newer version"), "use that version")
	}
	if binary.BigEndian.Uint32(b[160:]) != castagnoli(b[:160]) {
		return failure(comity.CodeInvalid, "read keyring", errors.New("header is damaged"), "put back a copy of the file")
	}
	if sum := sha256.Sum256([]byte(cell)); !bytes.Equal(b[128:160], sum[:]) {
		return failure(comity.CodeConflict, "read keyring", fmt.Errorf("keys are not those of cell %s", cell), "name the file that belongs to this data")
	}
	copy(h.data[:], b[32:])
	copy(h.finder[:], b[64:])
	copy(h.mark[:], b[96:])
	return nil
}

// create makes the file beside its place, so that no half one is ever found there.
func create(o Options) error {
	var h header
	rand.Read(h.data[:])
	rand.Read(h.finder[:])
	rand.Read(h.mark[:])
	next := o.Path + ".new"
	file, err := o.FS.Create(next)
	if err != nil {
		return err
	}
	if _, err := file.WriteAt(h.encode(o.Cell), 0); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := o.FS.Rename(next, o.Path); err != nil {
		return err
	}
	return o.FS.SyncDir(path.Dir(o.Path))
}

// load reads the file. Slots that a crash left half written, or that are damaged, are
// counted and skipped; nothing is put over them.
func (k *Keyring) load() error {
	size, err := k.file.Size()
	if err != nil {
		return failure(comity.CodeUnavailable, "read keyring", err, "")
	}
	if size > slotOffset(maxSlots) {
		return failure(comity.CodeTooLarge, "read keyring", fmt.Errorf("%d bytes are more than %d", size, slotOffset(maxSlots)), "")
	}
	head := make([]byte, headerSize)
	if err := readFull(k.file, head, 0); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return failure(comity.CodeUnavailable, "read keyring", err, "")
	}
	if err := k.header.decode(head, k.cell); err != nil {
		return err
	}
	k.finderKey, k.markKey = newMACKey(&k.header.finder), newMACKey(&k.header.mark)
	chunk := make([]byte, growSlots*slotSize)
	last := -1
	for n := 0; slotOffset(n) < size; {
		piece := chunk[:min(int64(len(chunk)), size-slotOffset(n))]
		if err := readFull(k.file, piece, slotOffset(n)); err != nil {
			return failure(comity.CodeUnavailable, "read keyring", err, "")
		}
		for len(piece) >= slotSize {
			if k.loadSlot(n, (*[slotSize]byte)(piece), last) {
				last = n
			}
			piece, n = piece[slotSize:], n+1
		}
		if len(piece) > 0 { // a file that was cut within a slot
			break
		}
	}
	clear(chunk)
	for n := range k.slots.n {
		k.index(n)
	}
	k.length = slotOffset(max(k.slots.n, int((size-headerSize)/slotSize)))
	// What an earlier process wrote may be in the cache of the system only.
	if err := k.file.SyncData(); err != nil {
		return failure(comity.CodeUnavailable, "sync keyring", err, "")
	}
	k.durable = k.slots.n
	return nil
}

// loadSlot reports whether slot n is in use.
func (k *Keyring) loadSlot(n int, b *[slotSize]byte, last int) bool {
	if *b == [slotSize]byte{} {
		return false
	}
	for range n - last - 1 { // a crash may have kept later slots and lost earlier ones
		k.slots.append(entry{})
	}
	e, ok := decodeEntry(b)
	if !ok {
		k.damaged++
		e = entry{}
	}
	k.slots.append(e)
	return true
}

func (k *Keyring) index(n int) {
	e := k.slots.at(n)
	if e.live {
		k.finder.add(&k.slots, n)
	}
	if !e.pseudonym.IsZero() {
		k.names.add(&k.slots, n)
		if !e.live {
			k.erased++
		}
	}
}

func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// entry is a slot in memory. The pseudonym key is needed once only.
type entry struct {
	at        finding
	pseudonym audit.Pseudonym
	data      [32]byte
	live      bool
}

func (e *entry) encode(b *[slotSize]byte, pseudonymKey *[32]byte) {
	b[0] = stateErased
	if e.live {
		b[0] = stateLive
	}
	copy(b[4:], e.at[:])
	copy(b[20:], e.data[:])
	copy(b[52:], pseudonymKey[:])
	copy(b[84:], e.pseudonym[:])
	binary.BigEndian.PutUint32(b[124:], castagnoli(b[:124]))
}

func decodeEntry(b *[slotSize]byte) (entry, bool) {
	e := entry{live: b[0] == stateLive}
	if binary.BigEndian.Uint32(b[124:]) != castagnoli(b[:124]) || b[0] != stateLive && b[0] != stateErased {
		return entry{}, false
	}
	copy(e.at[:], b[4:])
	copy(e.data[:], b[20:])
	copy(e.pseudonym[:], b[84:])
	return e, true
}
