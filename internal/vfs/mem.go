// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Mem is a strict file system in memory: what was not synced can be lost, names as well
// as contents, and every call that changes something can fail or be the last.
type Mem struct {
	mu       sync.Mutex
	root     *node
	locks    map[string]bool
	fault    func(Call) error
	calls    int
	syncs    int
	capacity int64
	used     int64
	crashed  bool
}

// Call is one call that changes something or makes something durable.
type Call struct {
	N    int    // counts from 1
	Op   string // create, write, truncate, preallocate, sync, syncdata, syncdir, synctree, mkdir, rename, remove
	Name string
	Len  int
}

// Sync reports whether the call makes something durable.
func (c Call) Sync() bool { return strings.HasPrefix(c.Op, "sync") }

// ErrCrashed is what every call returns after the crash, and what a fault returns to
// crash.
const ErrCrashed = crashedError("file system crashed")

type crashedError string

func (e crashedError) Error() string { return string(e) }

// node is a file or a folder: what a process sees, what is durable, and the changes
// between them in order.
type node struct {
	dir     bool
	data    []byte
	durable []byte
	writes  []memWrite
	names   map[string]*node
	kept    map[string]*node
	changes []map[string]*node // each is one step; nil removes the name
}

// memWrite is a write, or with nil data a change of length to off.
type memWrite struct {
	off  int64
	data []byte
}

// NewMem is an empty file system.
func NewMem() *Mem {
	return &Mem{root: newDir(), locks: map[string]bool{}}
}

func newDir() *node {
	return &node{dir: true, names: map[string]*node{}, kept: map[string]*node{}}
}

// SetFault asks f before every call; an error fails the call, ErrCrashed ends the file
// system. f must not call the file system.
func (m *Mem) SetFault(f func(Call) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
}

// SetCapacity limits the bytes of all files; beyond it writes are cut and fail with
// ENOSPC. Zero is no limit.
func (m *Mem) SetCapacity(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.capacity = bytes
}

// Counts is how many calls were made, and how many of them were syncs.
func (m *Mem) Counts() (calls, syncs int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls, m.syncs
}

// Used is how many bytes all files have.
func (m *Mem) Used() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// begin counts a call and lets the fault decide. The lock is held.
func (m *Mem) begin(op, name string, length int) error {
	if m.crashed {
		return pathError(op, name, ErrCrashed)
	}
	m.calls++
	c := Call{N: m.calls, Op: op, Name: name, Len: length}
	if c.Sync() {
		m.syncs++
	}
	if m.fault == nil {
		return nil
	}
	err := m.fault(c)
	if err == nil {
		return nil
	}
	if err == ErrCrashed {
		m.crashed = true
	}
	return pathError(op, name, err)
}

func split(name string) []string {
	return strings.FieldsFunc(path.Clean(name), func(r rune) bool { return r == '/' })
}

// find returns the node of name, nil if there is none.
func (m *Mem) find(name string) *node {
	n := m.root
	for _, part := range split(name) {
		if n == nil || !n.dir || part == "." {
			return nil
		}
		n = n.names[part]
	}
	return n
}

// place returns the folder of name and its last part.
func (m *Mem) place(op, name string) (*node, string, error) {
	dir, base := path.Split(path.Clean(name))
	n := m.find(dir)
	if n == nil || !n.dir {
		return nil, "", pathError(op, name, fs.ErrNotExist)
	}
	return n, base, nil
}

func (n *node) change(step map[string]*node) {
	n.changes = append(n.changes, step)
	for name, to := range step {
		if to == nil {
			delete(n.names, name)
		} else {
			n.names[name] = to
		}
	}
}

func (m *Mem) open(name string, write, create, empty bool) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.crashed {
		return nil, pathError("open", name, ErrCrashed)
	}
	dir, base, err := m.place("open", name)
	if err != nil {
		return nil, err
	}
	n := dir.names[base]
	switch {
	case n != nil && n.dir:
		return nil, pathError("open", name, syscall.EISDIR)
	case n == nil && !create:
		return nil, pathError("open", name, fs.ErrNotExist)
	case n == nil:
		if err := m.begin("create", name, 0); err != nil {
			return nil, err
		}
		n = &node{}
		dir.change(map[string]*node{base: n})
	case empty:
		if err := m.begin("create", name, 0); err != nil {
			return nil, err
		}
		m.resize(n, 0)
	}
	return &memFile{m: m, n: n, name: name, write: write}, nil
}

// Create, Open and OpenWrite are as FS says.
func (m *Mem) Create(name string) (File, error)    { return m.open(name, true, true, true) }
func (m *Mem) Open(name string) (File, error)      { return m.open(name, false, false, false) }
func (m *Mem) OpenWrite(name string) (File, error) { return m.open(name, true, true, false) }

// MkdirAll is as FS says.
func (m *Mem) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.root
	for _, part := range split(dir) {
		next := n.names[part]
		if next == nil {
			if err := m.begin("mkdir", dir, 0); err != nil {
				return err
			}
			next = newDir()
			n.change(map[string]*node{part: next})
		}
		if !next.dir {
			return pathError("mkdir", dir, syscall.ENOTDIR)
		}
		n = next
	}
	return nil
}

// Rename is as FS says; both names must be in one folder, or the file system could be
// asked to show a file in two places after a crash.
func (m *Mem) Rename(old, next string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, a, err := m.place("rename", old)
	if err != nil {
		return err
	}
	to, b, err := m.place("rename", next)
	if err != nil {
		return err
	}
	if from.names[a] == nil {
		return pathError("rename", old, fs.ErrNotExist)
	}
	if from != to {
		return pathError("rename", old, syscall.EXDEV)
	}
	if err := m.begin("rename", next, 0); err != nil {
		return err
	}
	if gone := to.names[b]; gone != nil {
		m.used -= int64(len(gone.data))
	}
	from.change(map[string]*node{a: nil, b: from.names[a]})
	return nil
}

// Remove is as FS says.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.place("remove", name)
	if err != nil {
		return err
	}
	n := dir.names[base]
	if n == nil {
		return pathError("remove", name, fs.ErrNotExist)
	}
	if n.dir && len(n.names) > 0 {
		return pathError("remove", name, syscall.ENOTEMPTY)
	}
	if err := m.begin("remove", name, 0); err != nil {
		return err
	}
	m.used -= int64(len(n.data))
	dir.change(map[string]*node{base: nil})
	return nil
}

// List is as FS says.
func (m *Mem) List(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(dir)
	if m.crashed || n == nil || !n.dir {
		return nil, pathError("list", dir, fs.ErrNotExist)
	}
	return slices.Sorted(maps.Keys(n.names)), nil
}

// Stat is as FS says.
func (m *Mem) Stat(name string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(name)
	if m.crashed || n == nil {
		return Info{}, pathError("stat", name, fs.ErrNotExist)
	}
	return Info{Size: int64(len(n.data)), Dir: n.dir}, nil
}

// Lock is as FS says.
func (m *Mem) Lock(name string) (io.Closer, error) {
	f, err := m.OpenWrite(name)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := path.Clean(name)
	if m.locks[key] {
		return nil, pathError("lock", name, ErrLocked)
	}
	m.locks[key] = true
	return &memLock{m: m, key: key, f: f}, nil
}

type memLock struct {
	m   *Mem
	key string
	f   File
}

func (l *memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	delete(l.m.locks, l.key)
	return nil
}
