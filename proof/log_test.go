// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/proof"
)

// files is a log in memory, by path.
type files map[string][]byte

func (f files) Resource(_ context.Context, path string) ([]byte, error) {
	data, ok := f[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return data, nil
}

func (f files) clone() files {
	out := files{}
	for path, data := range f {
		out[path] = bytes.Clone(data)
	}
	return out
}

const origin = "comity-test/local"

// signer is a key pair that is the same in every run.
type signer struct{ skey, vkey string }

func newSigner(t testing.TB, seed byte, name string) signer {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.NewChaCha8([32]byte{seed}), name)
	if err != nil {
		t.Fatal(err)
	}
	return signer{skey, vkey}
}

func (s signer) sign(t testing.TB, text string, more ...signer) []byte {
	t.Helper()
	var list []note.Signer
	for _, k := range append([]signer{s}, more...) {
		n, err := note.NewSigner(k.skey)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	b, err := note.Sign(&note.Note{Text: text}, list...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func checkpointText(origin string, size int, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
}

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// entry is what an entry of a test's log is made of.
type entry = proof.Part

// event is a leaf with a payload; extra fields come sorted between payload and type.
func event(payload, fields string) entry {
	if fields != "" {
		fields += ","
	}
	return entry{Leaf: fmt.Appendf(nil, `{"payload":"%s",%s"type":"decision"}`, digest([]byte(payload)), fields), Payload: []byte(payload)}
}

// batchOf is a leaf over parts.
func batchOf(parts ...entry) entry {
	var leaves [][]byte
	for _, p := range parts {
		leaves = append(leaves, p.Leaf)
	}
	root := proof.BatchRoot(leaves)
	payload := proof.AppendBatch(nil, parts)
	return entry{Leaf: fmt.Appendf(nil, `{"batch":{"count":%d,"root":"%s"},"payload":"%s","type":"batch"}`,
		len(parts), base64.RawURLEncoding.EncodeToString(root[:]), digest(payload)), Payload: payload}
}

// events are n entries of all kinds.
func events(n int) []entry {
	var list []entry
	for i := range n {
		switch i % 8 {
		case 3:
			list = append(list, entry{Leaf: fmt.Appendf(nil, `{"action":"%d","type":"log.created"}`, i)})
		case 5:
			list = append(list, batchOf(event(fmt.Sprint("a", i), ""), event(fmt.Sprint("b", i), ""), entry{Leaf: []byte(`{"type":"key_use"}`)}))
		case 6:
			list = append(list, event(fmt.Sprint("größer", i), fmt.Sprintf(`"resource":"größer\\n%d"`, i)))
		default:
			list = append(list, event(fmt.Sprint("payload ", i), fmt.Sprintf(`"subject":"s%d"`, i%8)))
		}
	}
	return list
}

// writeLog writes a log by the book: each file from its definition in tlog-tiles, with the
// functions of tlog, which share nothing with the verifier.
func writeLog(t testing.TB, key signer, origin string, entries []entry) files {
	t.Helper()
	f := files{}
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	size := uint64(len(entries))
	for i, e := range entries {
		more, err := tlog.StoredHashes(int64(i), e.Leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
		path := layout.EntriesPathForLogIndex(uint64(i), size)
		f[path] = append(binary.BigEndian.AppendUint16(f[path], uint16(len(e.Leaf))), e.Leaf...)
		path = strings.Replace(layout.EntriesPath(uint64(i)/256, 0), "tile/entries/", "payload/", 1)
		f[path] = append(binary.BigEndian.AppendUint32(f[path], uint32(len(e.Payload))), e.Payload...)
	}
	for _, tile := range tlog.NewTiles(8, 0, int64(size)) {
		data, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			t.Fatal(err)
		}
		f[layout.TilePath(uint64(tile.L), uint64(tile.N), uint8(tile.W%256))] = data
	}
	root, err := tlog.TreeHash(int64(size), reader)
	if err != nil {
		t.Fatal(err)
	}
	f["checkpoint"] = key.sign(t, checkpointText(origin, len(entries), root))
	return f
}

func verify(t testing.TB, src proof.Source, o proof.Options) *proof.Report {
	t.Helper()
	r, err := proof.VerifyLog(t.Context(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// paths lists the files of a log in order.
func (f files) paths() []string {
	return slices.Sorted(maps.Keys(f))
}
