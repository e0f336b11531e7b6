// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import "encoding/binary"

// finding is what an entry is found by: 16 bytes that look random to everybody else, so
// that their first eight serve as a hash.
type finding [16]byte

const chunkSlots = 4096

// slotList holds entries in pieces that never move, so that growing copies no keys.
type slotList struct {
	chunks []*[chunkSlots]entry
	n      int
}

func (l *slotList) at(n int) *entry { return &l.chunks[n/chunkSlots][n%chunkSlots] }

func (l *slotList) append(e entry) {
	if l.n == len(l.chunks)*chunkSlots {
		l.chunks = append(l.chunks, new([chunkSlots]entry))
	}
	*l.at(l.n) = e
	l.n++
}

func (l *slotList) wipe() {
	for _, c := range l.chunks {
		clear(c[:])
	}
	*l = slotList{}
}

// table finds slots by one of their two names. It holds slot numbers only (a map would
// hold every name a second time): open addressing, a power of two, at most 3/4 full.
// An entry that was forgotten stays in the table and is found under its pseudonym only.
type table struct {
	cells []uint32 // slot number + 1; 0 is free
	n     int
	name  func(*entry) finding
}

func byFinder(e *entry) finding    { return e.at }
func byPseudonym(e *entry) finding { return finding(e.pseudonym) }

func (t *table) find(l *slotList, f finding) (int, bool) {
	if t.n == 0 {
		return 0, false
	}
	mask := uint64(len(t.cells) - 1)
	for i := hash(f) & mask; ; i = (i + 1) & mask {
		c := t.cells[i]
		if c == 0 {
			return 0, false
		}
		if n := int(c - 1); t.name(l.at(n)) == f {
			return n, true
		}
	}
}

func (t *table) add(l *slotList, n int) {
	if 4*(t.n+1) > 3*len(t.cells) {
		old := t.cells
		t.cells, t.n = make([]uint32, max(64, 2*len(old))), 0
		for _, c := range old {
			if c != 0 && t.name(l.at(int(c-1))) != (finding{}) { // not the forgotten
				t.put(l, c)
			}
		}
	}
	t.put(l, uint32(n+1))
}

func (t *table) put(l *slotList, c uint32) {
	mask := uint64(len(t.cells) - 1)
	i := hash(t.name(l.at(int(c-1)))) & mask
	for t.cells[i] != 0 {
		i = (i + 1) & mask
	}
	t.cells[i] = c
	t.n++
}

func hash(f finding) uint64 { return binary.LittleEndian.Uint64(f[:]) }
