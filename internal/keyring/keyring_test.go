// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/audit/audittest"
	"github.com/comity-project/comity/internal/vfs"
)

func TestConformance(t *testing.T) {
	for name, where := range map[string]func(t *testing.T) Options{
		"files": func(t *testing.T) Options {
			return Options{FS: vfs.OS(), Path: filepath.Join(t.TempDir(), "subjects.keys")}
		},
		"memory": func(t *testing.T) Options { return memory(newMem(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			audittest.Sealer(t, func(t *testing.T) func() audittest.ClosableSealer {
				o := where(t)
				o.Cell, o.Create = "comity-1/local", true
				return func() audittest.ClosableSealer { return mustOpen(t, o) }
			})
		})
	}
}

func mustOpen(t testing.TB, o Options) *Keyring {
	t.Helper()
	k, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const memPath = "/state/subjects.keys"

func newMem(t testing.TB) *vfs.Mem {
	t.Helper()
	m := vfs.NewMem()
	if err := errors.Join(m.MkdirAll("/state"), m.SyncDir("/")); err != nil {
		t.Fatal(err)
	}
	return m
}

func memory(m *vfs.Mem) Options {
	return Options{FS: m, Path: memPath, Cell: "local", Create: true}
}

func person(n int) comity.Subject { return comity.Subject{ID: fmt.Sprintf("person-%d", n), Home: "DE"} }

func TestOpenRefuses(t *testing.T) {
	good := func() *vfs.Mem {
		m := newMem(t)
		k := mustOpen(t, memory(m))
		seal1(t, k, person(1))
		if err := errors.Join(k.Sync(), k.Close()); err != nil {
			t.Fatal(err)
		}
		return m
	}
	edit := func(change func(b []byte) []byte) func(*vfs.Mem, *Options) {
		return func(m *vfs.Mem, o *Options) {
			b, err := vfs.ReadFile(m, o.Path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, m, o.Path, change(b))
		}
	}
	for name, c := range map[string]struct {
		change func(*vfs.Mem, *Options)
		code   comity.Code
	}{
		"missing":           {func(m *vfs.Mem, o *Options) { o.Path, o.Create = "/state/nowhere.keys", false }, comity.CodeUnavailable},
		"another cell":      {func(m *vfs.Mem, o *Options) { o.Cell = "other" }, comity.CodeConflict},
		"empty":             {edit(func(b []byte) []byte { return nil }), comity.CodeInvalid},
		"not a keyring":     {edit(func(b []byte) []byte { return []byte(strings.Repeat("hello ", 2000)) }), comity.CodeInvalid},
		"a flipped header":  {edit(func(b []byte) []byte { b[70] ^= 1; return b }), comity.CodeInvalid},
		"a cut header":      {edit(func(b []byte) []byte { return b[:100] }), comity.CodeInvalid},
		"a newer version":   {edit(func(b []byte) []byte { b[16] = '9'; return b }), comity.CodeInvalid},
		"locked by another": {func(m *vfs.Mem, o *Options) { mustOpen(t, *o) }, comity.CodeUnavailable},
	} {
		m := good()
		o := memory(m)
		c.change(m, &o)
		if k, err := Open(o); err == nil {
			t.Errorf("%s: opened %+v", name, k.Stats())
		} else if comity.CodeOf(err) != c.code {
			t.Errorf("%s: %v has code %s, want %s", name, err, comity.CodeOf(err), c.code)
		}
	}
}

func write(t testing.TB, m vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := m.Create(name)
	if err == nil {
		_, err = f.WriteAt(b, 0)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func seal1(t testing.TB, k *Keyring, s comity.Subject) ([]byte, audit.Pseudonym) {
	t.Helper()
	sealed, p, _, err := k.Seal(nil, s, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	return sealed, p
}

// TestDamagedSlots: one damaged slot costs one key; a torn tail costs nothing.
func TestDamagedSlots(t *testing.T) {
	m := newMem(t)
	k := mustOpen(t, memory(m))
	var sealed [5][]byte
	var names [5]audit.Pseudonym
	for i := range sealed {
		sealed[i], names[i] = seal1(t, k, person(i))
	}
	if err := errors.Join(k.Sync(), k.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := vfs.ReadFile(m, memPath)
	if err != nil {
		t.Fatal(err)
	}
	b[slotOffset(1)+30] ^= 4
	clear(b[slotOffset(3) : slotOffset(3)+128]) // a write that a crash lost, before one that it kept
	copy(b[slotOffset(6):], "half of a slot")
	write(t, m, memPath, b[:slotOffset(7)+50])
	k = mustOpen(t, memory(m))
	if s := k.Stats(); s != (Stats{Live: 3, Damaged: 2}) {
		t.Errorf("%+v", s)
	}
	for i := range sealed {
		_, err := k.Open(names[i], sealed[i])
		if lost := i == 1 || i == 3; lost != errors.Is(err, audit.ErrUnknownKey) || !lost && err != nil {
			t.Errorf("key %d: %v", i, err)
		}
	}
	more, p := seal1(t, k, person(9))
	if err := errors.Join(k.Sync(), k.Close()); err != nil {
		t.Fatal(err)
	}
	k = mustOpen(t, memory(m))
	for i, c := range []struct {
		p      audit.Pseudonym
		sealed []byte
	}{{p, more}, {names[0], sealed[0]}, {names[4], sealed[4]}} {
		if _, err := k.Open(c.p, c.sealed); err != nil {
			t.Errorf("%d after writing on: %v", i, err)
		}
	}
}

// TestCrash crashes at every call of the file layer, keeps some of what was not synced,
// and checks what was promised: a key that Sync covered opens, a key that Forget covered
// is gone.
func TestCrash(t *testing.T) {
	for seed := uint64(0); seed < 4; seed++ {
		for at, ended := 1, false; !ended; at++ {
			m := newMem(t)
			calls := 0
			m.SetFault(func(vfs.Call) error {
				if calls++; calls >= at {
					return errors.New("power failure")
				}
				return nil
			})
			kept, gone, err := history(memory(m))
			ended = err == nil
			m.SetFault(nil)
			k, err := Open(memory(m.Crash(seed)))
			if err != nil {
				t.Fatalf("seed %d, call %d: %v", seed, at, err)
			}
			for p, sealed := range kept {
				if _, err := k.Open(p, sealed); err != nil {
					t.Fatalf("seed %d, call %d: a durable key is lost: %v", seed, at, err)
				}
			}
			for p, sealed := range gone {
				if _, err := k.Open(p, sealed); !errors.Is(err, audit.ErrErased) {
					t.Fatalf("seed %d, call %d: a destroyed key is back: %v", seed, at, err)
				}
			}
			k.Close()
		}
	}
}

// history is what TestCrash does; it returns what holds at the point of the crash.
func history(o Options) (kept, gone map[audit.Pseudonym][]byte, err error) {
	kept, gone = map[audit.Pseudonym][]byte{}, map[audit.Pseudonym][]byte{}
	k, err := Open(o)
	if err != nil {
		return kept, gone, err
	}
	defer k.Close()
	for round := range 4 {
		added := map[audit.Pseudonym][]byte{}
		for i := range 3 {
			sealed, p, _, err := k.Seal(nil, person(10*round+i), []byte("text"))
			if err != nil {
				return kept, gone, err
			}
			added[p] = sealed
		}
		if err := k.Sync(); err != nil {
			return kept, gone, err
		}
		for p, sealed := range added {
			kept[p] = sealed
		}
		p, _ := k.Pseudonym(person(10 * round))
		sealed := kept[p]
		delete(kept, p) // from here on it may be gone
		if _, err := k.Forget(noCancel{}, person(10*round)); err != nil {
			return kept, gone, err
		}
		gone[p] = sealed
	}
	return kept, gone, nil
}

// TestForgetLeavesNothing looks for the keys in the file.
func TestForgetLeavesNothing(t *testing.T) {
	m := newMem(t)
	k := mustOpen(t, memory(m))
	seal1(t, k, person(1))
	at := k.find(person(1))
	n, _ := k.finder.find(&k.slots, at)
	key := k.slots.at(n).data
	slot := func() []byte {
		b, err := vfs.ReadFile(m.Durable(), memPath)
		if err != nil {
			t.Fatal(err)
		}
		return b[slotOffset(n):slotOffset(n+1)]
	}
	if err := k.Sync(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(slot(), key[:]) {
		t.Fatal("the test looks at the wrong place")
	}
	pseudonymKey := bytes.Clone(slot()[52:84])
	p, err := k.Forget(t.Context(), person(1))
	if err != nil {
		t.Fatal(err)
	}
	left := slot()
	for name, secret := range map[string][]byte{"data key": key[:], "pseudonym key": pseudonymKey, "what finds the subject": at[:]} {
		if bytes.Contains(left, secret[:8]) {
			t.Errorf("%s is still on the disk", name)
		}
	}
	if !bytes.Contains(left, p[:]) {
		t.Error("the pseudonym is not kept: erased cannot be told from lost")
	}
	if e := k.slots.at(n); e.data != [32]byte{} || e.at != (finding{}) {
		t.Error("the key is still in memory")
	}
}

// gated is a file layer whose syncs wait for the gate, and are counted.
type gated struct {
	vfs.FS
	gate  chan struct{}
	syncs atomic.Int32
}

type gatedFile struct {
	vfs.File
	fs *gated
}

func (g *gated) OpenWrite(name string) (vfs.File, error) {
	f, err := g.FS.OpenWrite(name)
	return gatedFile{f, g}, err
}

func (f gatedFile) SyncData() error {
	<-f.fs.gate
	f.fs.syncs.Add(1)
	return f.File.SyncData()
}

// TestSyncIsShared: many that wait at once need few syncs.
func TestSyncIsShared(t *testing.T) {
	m := &gated{FS: newMem(t), gate: make(chan struct{}, 1)}
	m.gate <- struct{}{} // for Open
	k := mustOpen(t, Options{FS: m, Path: memPath, Cell: "local", Create: true})
	var writers sync.WaitGroup
	sealed := make(chan struct{}, 64)
	for i := range 64 {
		writers.Go(func() {
			seal1(t, k, person(i))
			sealed <- struct{}{}
			if err := k.Sync(); err != nil {
				t.Error(err)
			}
		})
	}
	for range 64 {
		<-sealed
	}
	m.syncs.Store(0)
	close(m.gate)
	writers.Wait()
	if n := m.syncs.Load(); n < 1 || n > 2 {
		t.Errorf("%d syncs for 64 keys written before the first ended", n)
	}
}

// TestSyncFails: after a failed sync nobody knows what is on the disk, so no key counts
// as durable any more.
func TestSyncFails(t *testing.T) {
	m := newMem(t)
	k := mustOpen(t, memory(m))
	seal1(t, k, person(1))
	m.SetFault(func(c vfs.Call) error {
		if c.Sync() {
			return errors.New("disk is gone")
		}
		return nil
	})
	if err := k.Sync(); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Fatalf("Sync: %v", err)
	}
	m.SetFault(nil)
	if err := k.Sync(); err == nil {
		t.Error("a later Sync says that all is well")
	}
	if _, _, fresh, err := k.Seal(nil, person(1), nil); err != nil || !fresh {
		t.Errorf("the key is said to be durable: %v", err)
	}
	if _, err := k.Forget(t.Context(), person(1)); err == nil {
		t.Error("Forget says that the key is gone")
	}
}

// TestFullDisk: a key that cannot be written is refused, and writing goes on later.
func TestFullDisk(t *testing.T) {
	m := newMem(t)
	k := mustOpen(t, memory(m))
	m.SetCapacity(m.Used() + 100)
	if _, _, _, err := k.Seal(nil, person(1), nil); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Fatalf("Seal on a full disk: %v", err)
	}
	if _, _, _, err := k.Seal(nil, comity.Subject{}, nil); err != nil {
		t.Errorf("the cell's own key needs no space: %v", err)
	}
	m.SetCapacity(1 << 30)
	sealed, p := seal1(t, k, person(1))
	if err := errors.Join(k.Sync(), k.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := mustOpen(t, memory(m)).Open(p, sealed); err != nil {
		t.Error(err)
	}
}

func TestFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "subjects.keys")
	k := mustOpen(t, Options{FS: vfs.OS(), Path: path, Cell: "local", Create: true})
	defer k.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a draft is left: %v", err)
	}
	if _, err := Open(Options{FS: vfs.OS(), Path: path, Cell: "local"}); !errors.Is(err, vfs.ErrLocked) {
		t.Errorf("opened twice: %v", err)
	}
}

// TestMemory: what 100,000 subjects cost.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 100,000 keys")
	}
	dir := t.TempDir()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	k := mustOpen(t, Options{FS: vfs.OS(), Path: filepath.Join(dir, "subjects.keys"), Cell: "local", Create: true})
	defer k.Close()
	buf := make([]byte, 0, 256)
	for i := range 100_000 {
		if _, _, _, err := k.Seal(buf, person(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d bytes for 100,000 subjects", used)
	if used > 15<<20 {
		t.Errorf("%d bytes for 100,000 subjects", used)
	}
	runtime.KeepAlive(k)
}

func TestSealAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs the short tests, allocates too")
	}
	k := mustOpen(t, memory(newMem(t)))
	text := make([]byte, 1024)
	dst := make([]byte, 0, 2048)
	s := person(1)
	n := testing.AllocsPerRun(100, func() {
		if _, _, _, err := k.Seal(dst, s, text); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2 {
		t.Errorf("%v allocations to seal", n)
	}
}

func BenchmarkSeal(b *testing.B) {
	k := mustOpen(b, memory(newMem(b)))
	const subjects = 100_000
	names := make([]comity.Subject, subjects)
	for i := range names {
		names[i] = person(i)
		seal1(b, k, names[i])
	}
	text := make([]byte, 1024)
	dst := make([]byte, 0, 2048)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, _, err := k.Seal(dst, names[i*7919%subjects], text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewKey(b *testing.B) {
	k := mustOpen(b, Options{FS: vfs.OS(), Path: filepath.Join(b.TempDir(), "subjects.keys"), Cell: "local", Create: true})
	defer k.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, _, err := k.Seal(nil, person(i), nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMark(b *testing.B) {
	k := mustOpen(b, memory(newMem(b)))
	b.ReportAllocs()
	for b.Loop() {
		k.Mark("principal", "alice@example.com")
	}
}
