// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/proof"
)

// fsckLimit is for how long tessera's fsck may take over a small log: after a fault it can
// wait for ever.
const fsckLimit = 5 * time.Second

// tesseraAccepts runs tessera's fsck on a folder. It accepts only if Check returns without
// error and its own account says of every file that it is OK.
func tesseraAccepts(t *testing.T, dir string, key signer) error {
	t.Helper()
	v, err := note.NewVerifier(key.vkey)
	if err != nil {
		t.Fatal(err)
	}
	f := fsck.New(origin, v, client.FileFetcher{Root: dir}, func(bundle []byte) ([][]byte, error) {
		var b api.EntryBundle
		if err := b.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		var hashes [][]byte
		for _, e := range b.Entries {
			h := tlog.RecordHash(e)
			hashes = append(hashes, h[:])
		}
		return hashes, nil
	}, fsck.Opts{N: 2})
	ctx, cancel := context.WithTimeout(t.Context(), fsckLimit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		done <- f.Check(ctx)
	}()
	select {
	case err := <-done:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	status := f.Status()
	for _, r := range status.EntryRanges {
		if r.State != fsck.OK {
			return fmt.Errorf("entries %v", r.String())
		}
	}
	for _, level := range status.TileRanges {
		for _, r := range level {
			if r.State != fsck.OK {
				return fmt.Errorf("tiles %v", r.String())
			}
		}
	}
	return nil
}

func writeFolder(t testing.TB, f files) string {
	t.Helper()
	dir := t.TempDir()
	for path, data := range f {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestTesseraAgrees gives the same folders, whole and with one bit flipped, to tessera's fsck
// and to VerifyLog: both accept the whole ones, and both find each flip. Payloads are no
// part of tlog-tiles, so that only VerifyLog sees them.
func TestTesseraAgrees(t *testing.T) {
	key := newSigner(t, 1, origin)
	for _, n := range []int{1, 255, 256, 257, 700} {
		if err := tesseraAccepts(t, writeFolder(t, writeLog(t, key, origin, events(n))), key); err != nil {
			t.Errorf("%d entries: %v", n, err)
		}
	}
	f := writeLog(t, key, origin, events(700))
	dir := writeFolder(t, f)
	src := proof.FS(os.DirFS(dir))
	rng := rand.New(rand.NewPCG(1, 2))
	for _, path := range f.paths() {
		data := f[path]
		for range 4 {
			at, bit := rng.IntN(len(data)), rng.IntN(8)
			data[at] ^= 1 << bit
			if err := os.WriteFile(filepath.Join(dir, path), data, 0o600); err != nil {
				t.Fatal(err)
			}
			r := verify(t, src, proof.Options{Keys: []string{key.vkey}})
			if first, _ := owner(f.with(path, data, at, bit), path, at); len(r.Findings) != 1 || r.Findings[0].Index != first {
				t.Errorf("bit %d of byte %d of %s: found %+v", bit, at, path, r.Findings)
			}
			if err := tesseraAccepts(t, dir, key); err == nil && !strings.HasPrefix(path, "payload/") {
				t.Errorf("bit %d of byte %d of %s: tessera sees nothing", bit, at, path)
			}
			data[at] ^= 1 << bit
			if err := os.WriteFile(filepath.Join(dir, path), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// with is the log before a bit of it was flipped.
func (f files) with(path string, data []byte, at, bit int) files {
	before := append([]byte(nil), data...)
	before[at] ^= 1 << bit
	return files{path: before}
}
