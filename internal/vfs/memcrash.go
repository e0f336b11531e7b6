// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// Durable is what a crash leaves that loses everything which was not synced.
func (m *Mem) Durable() *Mem { return m.after(loss{}) }

// Crash is what a crash leaves. The seed decides what of the things that were not synced
// survives: nothing, all, or some, in any order and torn at sectors.
func (m *Mem) Crash(seed uint64) *Mem {
	r := rand.New(rand.NewPCG(seed, 0x636f6d697479))
	keep := []float64{0, 1, 0.5, 0.9}[r.IntN(4)]
	return m.after(loss{r, keep})
}

// Copy is the state as a process sees it, as a copy of the folder would be.
func (m *Mem) Copy() *Mem { return m.after(loss{nil, 1}) }

// loss decides which changes survive; without r all or none of them do.
type loss struct {
	r    *rand.Rand
	keep float64
}

func (l loss) survives() bool {
	if l.r == nil {
		return l.keep == 1
	}
	return l.r.Float64() < l.keep
}

func (m *Mem) after(l loss) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := &Mem{locks: map[string]bool{}, capacity: m.capacity}
	next.root = m.root.survive(l, map[*node]*node{}, &next.used)
	return next
}

// survive copies what is left of n. A file that a lost rename leaves under two names is
// one file, as it is on a disk.
func (n *node) survive(l loss, seen map[*node]*node, used *int64) *node {
	if done := seen[n]; done != nil {
		return done
	}
	if !n.dir {
		left := &node{data: n.left(l)}
		left.durable = slices.Clone(left.data)
		seen[n] = left
		*used += int64(len(left.data))
		return left
	}
	names := maps.Clone(n.kept)
	for _, step := range n.changes {
		if !l.survives() {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(step)) {
			if step[name] == nil {
				delete(names, name)
			} else {
				names[name] = step[name]
			}
		}
	}
	left := newDir()
	seen[n] = left
	for _, name := range slices.Sorted(maps.Keys(names)) {
		left.names[name] = names[name].survive(l, seen, used)
	}
	left.kept = maps.Clone(left.names)
	return left
}

// left is what a file holds after the crash.
func (n *node) left(l loss) []byte {
	data := slices.Clone(n.durable)
	writes := slices.Clone(n.writes)
	if l.r != nil && l.keep < 1 && l.r.IntN(2) == 0 {
		l.r.Shuffle(len(writes), func(i, j int) { writes[i], writes[j] = writes[j], writes[i] })
	}
	for _, w := range writes {
		if l.r == nil || l.keep == 0 || l.keep == 1 || w.data == nil {
			if l.survives() {
				data = w.apply(data)
			}
			continue
		}
		data = w.tear(l, data)
	}
	return data
}

// tear applies each sector of a write or not.
func (w memWrite) tear(l loss, data []byte) []byte {
	for at := int64(0); at < int64(len(w.data)); {
		end := min(int64(len(w.data)), (w.off+at)/sector*sector+sector-w.off)
		if l.survives() {
			data = memWrite{off: w.off + at, data: w.data[at:end]}.apply(data)
		}
		at = end
	}
	return data
}
