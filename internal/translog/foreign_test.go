// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/internal/vfs"
)

// checkFsck has a verifier that is not ours look at the folder. It may hang on a bad log.
func checkFsck(t testing.TB, dir string, v note.Verifier) {
	t.Helper()
	if err := runFsck(client.FileFetcher{Root: dir}, v, time.Minute); err != nil {
		t.Fatalf("fsck: %v", err)
	}
}

func runFsck(f fsck.Fetcher, v note.Verifier, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- fsck.New(testOrigin, v, f, bundleHashes, fsck.Opts{N: 2}).Check(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func bundleHashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var list [][]byte
	for _, leaf := range b.Entries {
		h := tlog.RecordHash(leaf)
		list = append(list, h[:])
	}
	return list, nil
}

// served fetches what a log serves at this moment, sealed or not.
type served struct{ l *Log }

func (s served) ReadCheckpoint(context.Context) ([]byte, error) { return s.l.Resource("checkpoint") }

func (s served) ReadTile(_ context.Context, level, i uint64, p uint8) ([]byte, error) {
	return s.l.Resource(layout.TilePath(level, i, p))
}

func (s served) ReadEntryBundle(_ context.Context, i uint64, p uint8) ([]byte, error) {
	return s.l.Resource(layout.EntriesPath(i, p))
}

// stored fetches what lies in a log's folder.
type stored struct {
	fs  vfs.FS
	dir string
}

func (s stored) ReadCheckpoint(context.Context) ([]byte, error) {
	return vfs.ReadFile(s.fs, s.dir+"/checkpoint")
}

func (s stored) ReadTile(_ context.Context, level, i uint64, p uint8) ([]byte, error) {
	return vfs.ReadFile(s.fs, s.dir+"/"+layout.TilePath(level, i, p))
}

func (s stored) ReadEntryBundle(_ context.Context, i uint64, p uint8) ([]byte, error) {
	return vfs.ReadFile(s.fs, s.dir+"/"+layout.EntriesPath(i, p))
}

// TestFsckAccepts: tessera's fsck accepts the folder of each size, and refuses a flipped
// bit.
func TestFsckAccepts(t *testing.T) {
	mem := vfs.NewMem()
	b := newBed(t, mem, "/data")
	b.change = func(o *Options) { o.SegmentBytes, o.SealEvery = 4<<20, time.Second }
	total := 0
	for _, n := range []int{1, 254, 1, 1, 255, 700, 65000} {
		l, _, end := b.open()
		fill(t, l, total, total+n, 32)
		total += n
		end()
		if err := runFsck(stored{mem, b.dir}, b.keys.verifier, time.Minute); err != nil {
			t.Fatalf("%d entries: %v", total, err)
		}
	}
	edit(t, b.fs, b.dir+"/tile/entries/100", flip(77))
	if err := runFsck(stored{mem, b.dir}, b.keys.verifier, 5*time.Second); err == nil {
		t.Error("fsck accepts a flipped bit")
	}
}

// TestServesEveryAcknowledgedEntry: while writers write and tiles are sealed, a reader
// that took a checkpoint gets all that belongs to it.
func TestServesEveryAcknowledgedEntry(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	l, _, _ := b.open()
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for at := 0; at < 5000; at += 50 {
			select {
			case <-stop:
				return
			default:
				fill(t, l, at, at+50, 5)
			}
		}
	}()
	for range 20 {
		if err := runFsck(served{l}, b.keys.verifier, time.Minute); err != nil {
			t.Error(err)
			break
		}
		checkAll(t, b, l, 0)
	}
	close(stop)
	<-done
}

// TestResourcePaths: partial tiles of every width are served, and nothing else is.
func TestResourcePaths(t *testing.T) {
	b := newBed(t, vfs.NewMem(), "/data")
	b.change = func(o *Options) { o.SealEvery = time.Hour }
	l, _, _ := b.open()
	fill(t, l, 0, 520, 1)
	for _, sealed := range []bool{false, true} {
		if sealed {
			if err := l.Seal(context.Background()); err != nil {
				t.Fatal(err)
			}
			fill(t, l, 520, 530, 1)
		}
		for w := 1; w < 256; w++ {
			for _, p := range []string{"tile/0/000.p/%d", "tile/0/001.p/%d", "tile/entries/001.p/%d"} {
				data, err := l.Resource(fmt.Sprintf(p, w))
				if err != nil || len(data) == 0 {
					t.Fatalf(p+": %d bytes, %v", w, len(data), err)
				}
				if p == "tile/entries/001.p/%d" {
					if list, err := bundleHashes(data); err != nil || len(list) != w {
						t.Fatalf("bundle of %d: %d, %v", w, len(list), err)
					}
				}
			}
		}
		for _, p := range []string{"tile/1/000.p/1", "tile/1/000.p/2", "payload/000", "payload/002", "tile/0/000", "tile/0/002.p/8", "checkpoint"} {
			if data, err := l.Resource(p); err != nil || len(data) == 0 {
				t.Errorf("%s: %v", p, err)
			}
		}
		for _, p := range []string{
			"", "tile", "tile/0/003", "tile/0/002", "tile/0/002.p/99", "tile/1/000.p/3", "tile/1/000", "tile/8/000.p/1", "payload/003",
			"payload/000.p/3", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/0", "tile/00/000", "tile/0/x000/000", "tile/entries/../../checkpoint",
			"checkpoint.tmp", "wal/000000000001.wal", "tile/0/000/", "/tile/0/000", "tile/-1/000",
		} {
			if data, err := l.Resource(p); err == nil || data != nil {
				t.Errorf("%s is served: %d bytes", p, len(data))
			} else if !isNotExist(err) {
				t.Errorf("%s: %v", p, err)
			}
		}
	}
}

func isNotExist(err error) bool {
	e, ok := err.(*fs.PathError)
	return ok && e.Err == fs.ErrNotExist
}
