// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// both runs a test on real files and on those in memory.
func both(t *testing.T, test func(t *testing.T, f FS, dir string)) {
	t.Run("disk", func(t *testing.T) { test(t, OS(), t.TempDir()) })
	t.Run("memory", func(t *testing.T) {
		m := NewMem()
		check(t, m.MkdirAll("/data"))
		test(t, m, "/data")
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, f FS, name, text string) File {
	t.Helper()
	file, err := f.Create(name)
	check(t, err)
	_, err = file.WriteAt([]byte(text), 0)
	check(t, err)
	return file
}

func content(t *testing.T, f FS, name string) string {
	t.Helper()
	data, err := ReadFile(f, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	check(t, err)
	return string(data)
}

// TestFS: both file systems do the same.
func TestFS(t *testing.T) {
	both(t, func(t *testing.T, f FS, dir string) {
		check(t, f.MkdirAll(path.Join(dir, "a/b")))
		check(t, f.MkdirAll(path.Join(dir, "a/b")))
		name := path.Join(dir, "a/one")
		file := create(t, f, name, "hello")
		_, err := file.WriteAt([]byte("p!"), 3)
		check(t, err)
		_, err = file.WriteAt([]byte("z"), 8)
		check(t, err)
		check(t, file.Sync())
		check(t, file.SyncData())
		file.Flush()
		if got := content(t, f, name); got != "help!\x00\x00\x00z" {
			t.Errorf("content %q", got)
		}
		if info, err := f.Stat(name); err != nil || info != (Info{Size: 9}) {
			t.Errorf("stat: %+v, %v", info, err)
		}
		if info, err := f.Stat(path.Join(dir, "a")); err != nil || !info.Dir {
			t.Errorf("stat: %+v, %v", info, err)
		}
		check(t, file.Truncate(2))
		check(t, file.Close())
		if err := file.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("second close: %v", err)
		}
		check(t, f.Rename(name, path.Join(dir, "a/two")))
		check(t, f.SyncDir(path.Join(dir, "a")))
		names, err := f.List(path.Join(dir, "a"))
		if err != nil || !cmp.Equal(names, []string{"b", "two"}) {
			t.Errorf("list: %v, %v", names, err)
		}
		if got := content(t, f, path.Join(dir, "a/two")); got != "he" {
			t.Errorf("content %q", got)
		}
		file, err = f.OpenWrite(path.Join(dir, "a/two"))
		check(t, err)
		check(t, file.Preallocate(3<<20))
		if size, err := file.Size(); err != nil || size != 3<<20 {
			t.Errorf("size %d, %v", size, err)
		}
		check(t, file.Close())
		if got := content(t, f, path.Join(dir, "a/two")); got != string(make([]byte, 3<<20)) {
			t.Error("preallocated file is not zero")
		}
		if tree, err := f.OpenTree(dir); err == nil {
			check(t, tree.Sync())
			check(t, tree.Close())
		} else if !errors.Is(err, errors.ErrUnsupported) {
			t.Error(err)
		}
		if err := f.Remove(path.Join(dir, "a")); err == nil {
			t.Error("removed a folder that is not empty")
		}
		check(t, f.Remove(path.Join(dir, "a/two")))
		check(t, f.Remove(path.Join(dir, "a/b")))
		check(t, f.Remove(path.Join(dir, "a")))
	})
}

func TestMissing(t *testing.T) {
	both(t, func(t *testing.T, f FS, dir string) {
		no := path.Join(dir, "no/file")
		for _, call := range []func() error{
			func() error { _, err := f.Open(no); return err },
			func() error { _, err := f.OpenWrite(no); return err },
			func() error { _, err := f.Create(no); return err },
			func() error { _, err := f.Stat(no); return err },
			func() error { _, err := f.List(no); return err },
			func() error { return f.Remove(no) },
			func() error { return f.Rename(no, no+"2") },
			func() error { return f.SyncDir(no) },
		} {
			if err := call(); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestLock(t *testing.T) {
	both(t, func(t *testing.T, f FS, dir string) {
		name := path.Join(dir, "lock")
		lock, err := f.Lock(name)
		check(t, err)
		if _, err := f.Lock(name); !errors.Is(err, ErrLocked) {
			t.Errorf("second lock: %v", err)
		}
		check(t, lock.Close())
		lock, err = f.Lock(name)
		check(t, err)
		check(t, lock.Close())
	})
}

// TestUnsyncedIsLost: contents and names survive a crash only if each was synced.
func TestUnsyncedIsLost(t *testing.T) {
	m := NewMem()
	check(t, m.MkdirAll("/d"))
	if _, err := m.Durable().Stat("/d"); err == nil {
		t.Error("a folder survived whose name was not synced")
	}
	check(t, m.SyncDir("/"))
	both := create(t, m, "/d/both", "one")
	check(t, both.Sync())
	create(t, m, "/d/name", "one")
	check(t, m.SyncDir("/d"))
	check(t, create(t, m, "/d/data", "one").Sync())
	_, err := both.WriteAt([]byte("two"), 0)
	check(t, err)
	left := m.Durable()
	got := []string{content(t, left, "/d/both"), content(t, left, "/d/name"), content(t, left, "/d/data")}
	if want := []string{"one", "", "-"}; !cmp.Equal(got, want) {
		t.Errorf("survived %q, want %q", got, want)
	}
	check(t, m.Rename("/d/both", "/d/moved"))
	if got := content(t, m.Durable(), "/d/both"); got != "one" {
		t.Errorf("a rename that was not synced survived: %q", got)
	}
	tree, err := m.OpenTree("/")
	check(t, err)
	check(t, tree.Sync())
	left = m.Durable()
	got = []string{content(t, left, "/d/both"), content(t, left, "/d/moved"), content(t, left, "/d/data")}
	if want := []string{"-", "two", "one"}; !cmp.Equal(got, want) {
		t.Errorf("after syncing all survived %q, want %q", got, want)
	}
}

// TestCrashKeepsAnyPart: over many seeds each of two writes survives alone, together, not
// at all, and torn at a sector.
func TestCrashKeepsAnyPart(t *testing.T) {
	m := NewMem()
	file := create(t, m, "/f", string(make([]byte, 3*sector)))
	check(t, file.Sync())
	check(t, m.SyncDir("/"))
	_, err := file.WriteAt(bytes.Repeat([]byte{1}, sector), 0)
	check(t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{2}, 2*sector), sector)
	check(t, err)
	seen := map[[3]byte]bool{}
	for seed := range uint64(200) {
		data := content(t, m.Crash(seed), "/f")
		if len(data) != 3*sector {
			t.Fatalf("length %d", len(data))
		}
		seen[[3]byte{data[0], data[sector], data[2*sector]}] = true
		again := content(t, m.Crash(seed), "/f")
		if again != data {
			t.Fatal("one seed gives two outcomes")
		}
	}
	if len(seen) != 8 {
		t.Errorf("seen %v", seen)
	}
}

// TestFailedSync: what was written before a failed sync is lost even if the next succeeds.
func TestFailedSync(t *testing.T) {
	m := NewMem()
	file := create(t, m, "/f", "one")
	check(t, file.Sync())
	check(t, m.SyncDir("/"))
	_, err := file.WriteAt([]byte("two"), 0)
	check(t, err)
	m.SetFault(func(c Call) error {
		if c.Sync() {
			return syscall.EIO
		}
		return nil
	})
	if err := file.SyncData(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("sync: %v", err)
	}
	m.SetFault(nil)
	check(t, file.SyncData())
	if got := content(t, m.Durable(), "/f"); got != "one" || content(t, m, "/f") != "two" {
		t.Errorf("survived %q, live %q", got, content(t, m, "/f"))
	}
}

func TestCrashEndsEverything(t *testing.T) {
	m := NewMem()
	file := create(t, m, "/f", "one")
	m.SetFault(func(Call) error { return ErrCrashed })
	if _, err := file.WriteAt([]byte("two"), 0); !errors.Is(err, ErrCrashed) {
		t.Errorf("write: %v", err)
	}
	m.SetFault(nil)
	for _, err := range []error{file.Sync(), file.Truncate(0), file.Close(), m.MkdirAll("/x"), m.Remove("/f"), m.SyncDir("/")} {
		if !errors.Is(err, ErrCrashed) && err != nil {
			t.Errorf("after the crash: %v", err)
		}
	}
	if _, err := m.Open("/f"); !errors.Is(err, ErrCrashed) {
		t.Errorf("open: %v", err)
	}
}

func TestCapacity(t *testing.T) {
	m := NewMem()
	m.SetCapacity(10)
	file := create(t, m, "/f", "12345678")
	if n, err := file.WriteAt([]byte("abcd"), 8); n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write: %d, %v", n, err)
	}
	other, err := m.Create("/g")
	check(t, err)
	if err := other.Preallocate(1); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("preallocate: %v", err)
	}
	check(t, m.Remove("/f"))
	check(t, other.Preallocate(10))
	if m.Used() != 10 {
		t.Errorf("used %d", m.Used())
	}
}
