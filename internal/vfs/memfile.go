// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"io"
	"io/fs"
	"maps"
	"slices"
	"syscall"
)

type memFile struct {
	m      *Mem
	n      *node
	name   string
	write  bool
	closed bool
}

func (f *memFile) check(op string) error {
	switch {
	case f.m.crashed:
		return pathError(op, f.name, ErrCrashed)
	case f.closed:
		return pathError(op, f.name, fs.ErrClosed)
	}
	return nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check("read"); err != nil {
		return 0, err
	}
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt applies a write that fails in part, as a disk does; a crash may keep any part.
func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check("write"); err != nil {
		return 0, err
	}
	if !f.write {
		return 0, pathError("write", f.name, fs.ErrPermission)
	}
	err := f.m.begin("write", f.name, len(p))
	if err != nil {
		if f.m.crashed {
			f.m.store(f.n, off, p)
		} else {
			p = p[:len(p)/2]
			f.m.store(f.n, off, p)
		}
		return len(p), err
	}
	grow := off + int64(len(p)) - int64(len(f.n.data))
	if c := f.m.capacity; c > 0 && grow > 0 && f.m.used+grow > c {
		p = p[:max(0, int64(len(p))-(f.m.used+grow-c))]
		f.m.store(f.n, off, p)
		return len(p), pathError("write", f.name, syscall.ENOSPC)
	}
	f.m.store(f.n, off, p)
	return len(p), nil
}

func (m *Mem) store(n *node, off int64, p []byte) {
	if len(p) == 0 {
		return
	}
	w := memWrite{off: off, data: slices.Clone(p)}
	before := len(n.data)
	n.data = w.apply(n.data)
	m.used += int64(len(n.data) - before)
	n.writes = append(n.writes, w)
}

func (m *Mem) resize(n *node, size int64) {
	w := memWrite{off: size}
	before := len(n.data)
	n.data = w.apply(n.data)
	m.used += int64(len(n.data) - before)
	n.writes = append(n.writes, w)
}

func (w memWrite) apply(data []byte) []byte {
	end := w.off + int64(len(w.data))
	if w.data == nil && end < int64(len(data)) {
		return slices.Clone(data[:end])
	}
	if grow := end - int64(len(data)); grow > 0 {
		data = append(data, make([]byte, grow)...)
	}
	copy(data[w.off:], w.data)
	return data
}

func (f *memFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check("truncate"); err != nil {
		return err
	}
	if err := f.m.begin("truncate", f.name, int(size)); err != nil {
		return err
	}
	f.m.resize(f.n, size)
	return nil
}

func (f *memFile) Preallocate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check("preallocate"); err != nil {
		return err
	}
	if err := f.m.begin("preallocate", f.name, int(size)); err != nil {
		return err
	}
	if c := f.m.capacity; c > 0 && f.m.used+size-int64(len(f.n.data)) > c {
		return pathError("fallocate", f.name, syscall.ENOSPC)
	}
	f.m.resize(f.n, 0)
	f.m.store(f.n, 0, make([]byte, size))
	return nil
}

func (f *memFile) Flush() {}

func (f *memFile) Sync() error     { return f.sync("sync") }
func (f *memFile) SyncData() error { return f.sync("syncdata") }

// sync forgets what was written when it fails: the kernel marks such pages clean, and no
// later sync writes them.
func (f *memFile) sync(op string) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check(op); err != nil {
		return err
	}
	if err := f.m.begin(op, f.name, 0); err != nil {
		if !f.m.crashed {
			f.n.writes = nil
		}
		return err
	}
	f.n.settle()
	return nil
}

func (n *node) settle() {
	if n.dir {
		n.kept, n.changes = maps.Clone(n.names), nil
		return
	}
	for _, w := range n.writes {
		n.durable = w.apply(n.durable)
	}
	n.writes = nil
}

func (f *memFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return int64(len(f.n.data)), f.check("stat")
}

func (f *memFile) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return pathError("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	return nil
}

// SyncDir is as FS says.
func (m *Mem) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(dir)
	if n == nil || !n.dir {
		return pathError("syncdir", dir, fs.ErrNotExist)
	}
	if err := m.begin("syncdir", dir, 0); err != nil {
		return err
	}
	n.settle()
	return nil
}

type memTree struct {
	m   *Mem
	dir string
}

// OpenTree is as FS says.
func (m *Mem) OpenTree(dir string) (Tree, error) { return memTree{m, dir}, nil }

func (t memTree) Close() error { return nil }

func (t memTree) Sync() error {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	n := t.m.find(t.dir)
	if n == nil || !n.dir {
		return pathError("synctree", t.dir, fs.ErrNotExist)
	}
	if err := t.m.begin("synctree", t.dir, 0); err != nil {
		return err
	}
	n.settleAll()
	return nil
}

func (n *node) settleAll() {
	n.settle()
	for _, child := range n.names {
		child.settleAll()
	}
}
