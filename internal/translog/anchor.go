// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"sync"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/vfs"
)

// An anchor file has slots of one page, each with a number that grows and a checksum; the
// valid slot with the greatest number is the state. One slot is durable, one may be under
// way to the disk, and one is written: with only two, a power loss could tear the one
// while the other is years old, because under load no sync ever sees its slot at rest.
const (
	anchorMagic = "CMTANC1\n"
	anchorSlots = 3
	// anchorPause is between two syncs of the anchor: each costs the disk as much as a
	// group's.
	anchorPause = 20 * time.Millisecond
)

// FileAnchor is an anchor in a file of its own, which it holds locked.
type FileAnchor struct {
	lock io.Closer
	file vfs.File

	mu     sync.Mutex
	state  AnchorState
	some   bool
	number uint64
	slot   int  // being written
	dirty  bool // slot has what no sync covers
	err    error
	closed bool
	wake   chan struct{}
	done   chan struct{}
}

// OpenFileAnchor opens or creates the anchor file and locks it. A second process is
// refused.
func OpenFileAnchor(f vfs.FS, name string) (*FileAnchor, error) {
	a, err := openAnchor(f, name)
	if err == nil {
		return a, nil
	}
	e := &comity.Error{Code: comity.CodeUnavailable, Op: "open anchor " + name, Err: err}
	if errors.Is(err, vfs.ErrLocked) {
		e.Remedy = "stop the other process that uses this log"
	}
	return nil, e
}

func openAnchor(f vfs.FS, name string) (*FileAnchor, error) {
	if err := f.MkdirAll(path.Dir(name)); err != nil {
		return nil, err
	}
	lock, err := f.Lock(name)
	if err != nil {
		return nil, err
	}
	a := &FileAnchor{lock: lock, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if a.file, err = f.OpenWrite(name); err == nil {
		err = a.load()
	}
	if err == nil && !a.some {
		err = f.SyncDir(path.Dir(name))
	}
	if err != nil {
		if a.file != nil {
			a.file.Close()
		}
		lock.Close()
		return nil, err
	}
	go a.syncLoop()
	return a, nil
}

// load reads the newest valid slot. A file with bytes but no valid slot is damaged, which
// is not the same as an anchor that never was.
func (a *FileAnchor) load() error {
	size, err := a.file.Size()
	if err != nil {
		return err
	}
	data := make([]byte, anchorSlots*pageSize)
	if _, err := a.file.ReadAt(data, 0); err != nil && err != io.EOF {
		return err
	}
	if size == 0 {
		return a.format()
	}
	for i := range anchorSlots {
		number, state, ok := parseSlot(data[i*pageSize : (i+1)*pageSize])
		if ok && (!a.some || number > a.number) {
			a.number, a.state, a.some, a.slot = number, state, true, i
		}
	}
	if !a.some && !bytes.Equal(data, make([]byte, len(data))) {
		return errors.New("no slot of the file has a valid checksum; restore it from the machine's backup, or start a new origin with: comity audit adopt")
	}
	// The slot found may be durable only in the page cache.
	a.slot = (a.slot + 1) % anchorSlots
	return a.file.SyncData()
}

// format reserves the slots, so that a full disk never keeps the anchor from moving.
func (a *FileAnchor) format() error {
	if err := a.file.Preallocate(anchorSlots * pageSize); err != nil {
		a.file.Truncate(0)
		return err
	}
	return a.file.Sync()
}

// Load is the state, or false if there never was one.
func (a *FileAnchor) Load() (AnchorState, bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state, a.some, nil
}

func sameState(a, b AnchorState) bool {
	return a.Origin == b.Origin && a.Size == b.Size && a.Root == b.Root
}

// Swap writes next before it returns and leaves the sync to the background: a second sync
// in the path of an acknowledgement would double it.
func (a *FileAnchor) Swap(old, next AnchorState) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return errors.New("anchor is closed")
	case a.err != nil:
		return a.err
	case a.some != (old.Origin != "") || a.some && !sameState(a.state, old):
		return fmt.Errorf("%w: size %d, not %d", ErrAnchorMoved, a.state.Size, old.Size)
	}
	page, err := appendSlot(make([]byte, 0, 1024), a.number+1, next)
	if err != nil {
		return err
	}
	if _, err := a.file.WriteAt(page, int64(a.slot)*pageSize); err != nil {
		return err
	}
	a.number++
	a.state, a.some, a.dirty = next, true, true
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return nil
}

// syncLoop makes slots durable. While one is under way, writers use the next.
func (a *FileAnchor) syncLoop() {
	defer close(a.done)
	for range a.wake {
		a.mu.Lock()
		dirty := a.dirty
		if dirty {
			a.slot, a.dirty = (a.slot+1)%anchorSlots, false
		}
		a.mu.Unlock()
		if !dirty {
			continue
		}
		if err := a.file.SyncData(); err != nil {
			a.mu.Lock()
			a.err = fmt.Errorf("sync anchor: %w", err)
			a.mu.Unlock()
			return
		}
		time.Sleep(anchorPause)
	}
}

// Close makes the state durable and gives the lock back.
func (a *FileAnchor) Close() error {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil
	}
	a.closed = true
	close(a.wake)
	a.mu.Unlock()
	<-a.done
	err := a.err
	if err == nil {
		err = a.file.SyncData()
	}
	return errors.Join(err, a.file.Close(), a.lock.Close())
}

// appendSlot encodes: magic, number, size, root, lengths of origin and note, these, CRC.
func appendSlot(b []byte, number uint64, s AnchorState) ([]byte, error) {
	b = append(b, anchorMagic...)
	b = binary.BigEndian.AppendUint64(b, number)
	b = binary.BigEndian.AppendUint64(b, s.Size)
	b = append(b, s.Root[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Origin)))
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Note)))
	if len(b)+len(s.Origin)+len(s.Note)+4 > pageSize {
		return nil, fmt.Errorf("write anchor: origin and note have %d bytes, more than a slot", len(s.Origin)+len(s.Note))
	}
	b = append(b, s.Origin...)
	b = append(b, s.Note...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

func parseSlot(b []byte) (uint64, AnchorState, bool) {
	const fixed = 8 + 8 + 8 + hashSize + 4
	if !bytes.Equal(b[:8], []byte(anchorMagic)) {
		return 0, AnchorState{}, false
	}
	origin := int(binary.BigEndian.Uint16(b[fixed-4:]))
	end := fixed + origin + int(binary.BigEndian.Uint16(b[fixed-2:]))
	if end+4 > len(b) || binary.BigEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return 0, AnchorState{}, false
	}
	s := AnchorState{Size: binary.BigEndian.Uint64(b[16:])}
	copy(s.Root[:], b[24:])
	s.Origin = string(b[fixed : fixed+origin])
	s.Note = bytes.Clone(b[fixed+origin : end])
	return binary.BigEndian.Uint64(b[8:]), s, true
}
