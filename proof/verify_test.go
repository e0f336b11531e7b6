// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/proof"
)

// TestVerifyLog accepts whole logs of every shape and counts what it verified.
func TestVerifyLog(t *testing.T) {
	key := newSigner(t, 1, origin)
	for _, n := range []int{0, 1, 2, 3, 9, 255, 256, 257, 511, 512, 513, 1000, 65535, 65536, 65537, 66_000} {
		list := events(n)
		parts, payloads := 0, 0
		for i := range list {
			switch i % 8 {
			case 5:
				parts += 3
				payloads += 3
			case 3:
			default:
				payloads++
			}
		}
		r := verify(t, writeLog(t, key, origin, list), proof.Options{Keys: []string{key.vkey}})
		if len(r.Findings) > 0 || r.More > 0 || r.Entries != uint64(n) || r.Parts != uint64(parts) || r.Payloads != uint64(payloads) || r.Checkpoint.Size != uint64(n) {
			t.Errorf("%d entries: %+v", n, r)
		}
	}
}

// owner gives the entries that a byte of a file belongs to.
func owner(f files, path string, at int) (first, last int64) {
	level, n, width := 0, 0, 0
	switch {
	case path == "checkpoint":
		return -1, -1
	case strings.HasPrefix(path, "tile/entries/"):
		return place(f[path], at, 2, number(path, "tile/entries/"))
	case strings.HasPrefix(path, "payload/"):
		return place(f[path], at, 4, number(path, "payload/"))
	}
	if _, err := fmt.Sscanf(path, "tile/%d/%d", &level, &n); err != nil {
		panic(path)
	}
	_ = width
	span := int64(1) << (8 * level)
	first = (int64(n)*256 + int64(at/tlog.HashSize)) * span
	return first, first + span - 1
}

func number(path, prefix string) int {
	n := 0
	if _, err := fmt.Sscanf(strings.TrimPrefix(path, prefix), "%d", &n); err != nil {
		panic(path)
	}
	return n
}

func place(data []byte, at, prefix, n int) (first, last int64) {
	pos := 0
	for i := n * 256; ; i++ {
		size := int(binary.BigEndian.Uint16(data[pos+prefix-2:]))
		pos += prefix + size
		if at < pos {
			return int64(i), int64(i)
		}
	}
}

// flip holds that a flipped bit gives one finding, at the entry that the bit belongs to.
func flip(t *testing.T, f files, key signer, path string, at, bit int) {
	t.Helper()
	first, last := owner(f, path, at)
	f[path][at] ^= 1 << bit
	defer func() { f[path][at] ^= 1 << bit }()
	r := verify(t, f, proof.Options{Keys: []string{key.vkey}, Workers: 1})
	if len(r.Findings) != 1 || r.Findings[0].Index != first || r.Findings[0].Last != last || r.Findings[0].Path != path {
		t.Fatalf("bit %d of byte %d of %s: %d..%d expected, found %+v", bit, at, path, first, last, r.Findings)
	}
}

// TestEveryBit flips every bit of a small log.
func TestEveryBit(t *testing.T) {
	key := newSigner(t, 1, origin)
	f := writeLog(t, key, origin, events(11))
	for path, data := range f {
		for at := range data {
			for bit := range 8 {
				flip(t, f, key, path, at, bit)
			}
		}
	}
}

// TestEveryByte flips a bit of every byte of a log with full and partial tiles on two
// levels.
func TestEveryByte(t *testing.T) {
	key := newSigner(t, 1, origin)
	f := writeLog(t, key, origin, events(260))
	step := 11
	if testing.Short() {
		step = 53
	}
	for path, data := range f {
		for at := 0; at < len(data); at += step {
			flip(t, f, key, path, at, (at*5+at/8)%8)
		}
	}
}

// TestHigherTiles flips bits of tiles on three levels.
func TestHigherTiles(t *testing.T) {
	key := newSigner(t, 1, origin)
	f := writeLog(t, key, origin, events(65536+2*256+1))
	for path, data := range f {
		if !strings.HasPrefix(path, "tile/1/") && !strings.HasPrefix(path, "tile/2/") {
			continue
		}
		for at := 0; at < len(data); at += 797 {
			flip(t, f, key, path, at, at%8)
		}
	}
}

// TestManyFaults finds every fault of several at once.
func TestManyFaults(t *testing.T) {
	key := newSigner(t, 1, origin)
	f := writeLog(t, key, origin, events(65536+2*256+1))
	f["tile/entries/000"][2] ^= 1 // entry 0
	f["tile/entries/000"][1] ^= 4 // and its length
	f["tile/1/000"][7*32] ^= 1    // entries 7*256...
	f["tile/0/009"][5*32] ^= 8    // entry 9*256+5
	f["payload/009"][8] ^= 1      // entry 9*256
	f["tile/1/001.p/2"][0] ^= 1   // entries 65536...
	f["tile/0/258.p/1"][1] ^= 1   // the last entry
	delete(f, "payload/011")      // payloads of 11*256...
	delete(f, "tile/entries/012") // entries 12*256...
	f["payload/013"] = f["payload/013"][:3000]
	r := verify(t, f, proof.Options{Keys: []string{key.vkey}, MaxFindings: 5000})
	var got []string
	for _, x := range r.Findings {
		got = append(got, fmt.Sprint(x.Kind, " ", x.Index, "-", x.Last, " ", x.Missing))
	}
	for _, want := range []string{
		"entry 0-0 false", "tile 1792-2047 false", "tile 2309-2309 false", "payload 2304-2304 false",
		"tile 65536-65791 false", "tile 66048-66048 false", "payload 2816-2818 true", "entry 3072-3327 true",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing among %q", want, got)
		}
	}
	for _, x := range r.Findings {
		if x.Index >= 13*256 && x.Index < 14*256 && x.Kind != proof.FindingPayload {
			t.Errorf("found %+v", x)
		}
		if n := x.Index / 256; x.Index >= 0 && !slices.Contains([]int64{0, 7, 9, 11, 12, 13, 256, 258}, n) {
			t.Errorf("found %+v", x)
		}
	}
	if r.Findings[0].Kind == proof.FindingTree {
		t.Errorf("the tree is whole but for single faults: %+v", r.Findings[0])
	}
}

// TestRewritten finds the entry in a log that was changed with all its tiles by somebody
// who cannot sign: the tree leads to another root.
func TestRewritten(t *testing.T) {
	key := newSigner(t, 1, origin)
	list := events(1000)
	f := writeLog(t, key, origin, list)
	list[300] = event("another", "")
	g := writeLog(t, key, origin, list)
	g["checkpoint"] = f["checkpoint"]
	r := verify(t, g, proof.Options{Keys: []string{key.vkey}})
	if len(r.Findings) != 1 || r.Findings[0].Kind != proof.FindingTree || r.Findings[0].Index != -1 {
		t.Errorf("found %+v", r.Findings)
	}
	// With one tile of the old tree the place shows.
	g["tile/1/000.p/3"] = f["tile/1/000.p/3"]
	r = verify(t, g, proof.Options{Keys: []string{key.vkey}})
	if len(r.Findings) != 1 || r.Findings[0].Kind != proof.FindingTree || r.Findings[0].Index != 256 || r.Findings[0].Last != 511 {
		t.Errorf("found %+v", r.Findings)
	}
	g["tile/0/001"] = f["tile/0/001"]
	r = verify(t, g, proof.Options{Keys: []string{key.vkey}})
	if len(r.Findings) != 1 || r.Findings[0].Kind != proof.FindingEntry || r.Findings[0].Index != 300 || r.Findings[0].Last != 300 {
		t.Errorf("found %+v", r.Findings)
	}
}

// TestSwapped finds files that were exchanged, cut, emptied or deleted.
func TestSwapped(t *testing.T) {
	key := newSigner(t, 1, origin)
	whole := writeLog(t, key, origin, events(1000))
	for _, a := range whole.paths() {
		for _, b := range whole.paths() {
			if a >= b {
				continue
			}
			f := whole.clone()
			f[a], f[b] = f[b], f[a]
			if r := verify(t, f, proof.Options{Keys: []string{key.vkey}}); len(r.Findings) == 0 {
				t.Errorf("%s and %s exchanged, nothing found", a, b)
			}
		}
		for _, n := range []int{0, 1, len(whole[a]) / 2, len(whole[a]) - 1, -1, len(whole[a]) + 1} {
			f := whole.clone()
			switch {
			case n < 0:
				delete(f, a)
			case n > len(f[a]):
				f[a] = append(f[a], 0)
			default:
				f[a] = f[a][:n]
			}
			r := verify(t, f, proof.Options{Keys: []string{key.vkey}})
			live := a == "payload/003" && n > len(whole[a]) // the last file grows
			if live != (len(r.Findings) == 0) {
				t.Errorf("%s with %d of %d bytes: found %+v", a, n, len(whole[a]), r.Findings)
			}
			for _, x := range r.Findings {
				if x.Path != a && a != "checkpoint" {
					t.Errorf("%s with %d of %d bytes: found %+v", a, n, len(whole[a]), x)
				}
			}
		}
	}
}

// TestCheckpointOfOthers refuses what is signed, but not by the log's key for the log.
func TestCheckpointOfOthers(t *testing.T) {
	key, other := newSigner(t, 1, origin), newSigner(t, 2, origin)
	elsewhere := newSigner(t, 3, "comity-test/other")
	list := events(300)
	for name, c := range map[string]struct {
		f    files
		keys []string
	}{
		"wrong key":                         {writeLog(t, key, origin, list), []string{other.vkey}},
		"forged":                            {writeLog(t, other, origin, list), []string{key.vkey}},
		"another origin":                    {writeLog(t, elsewhere, "comity-test/other", list), []string{key.vkey}},
		"another origin, signed by our key": {writeLog(t, key, "comity-test/other", list), []string{key.vkey}},
		"our origin, signed by another of our keys": {writeLog(t, elsewhere, origin, list), []string{key.vkey, elsewhere.vkey}},
	} {
		r := verify(t, c.f, proof.Options{Keys: c.keys})
		if len(r.Findings) != 1 || r.Findings[0].Kind != proof.FindingCheckpoint || r.Checkpoint.Size != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := verify(t, writeLog(t, key, origin, list), proof.Options{Keys: []string{other.vkey, key.vkey}}); len(r.Findings) != 0 {
		t.Errorf("one of two keys: %+v", r.Findings)
	}
}

// TestErased tells what nobody can read any more from what is missing.
func TestErased(t *testing.T) {
	key := newSigner(t, 1, origin)
	list := events(600)
	list = append(list, entry{Leaf: []byte(`{"subject":"s2","type":"subject.erased"}`)})
	inBatch := event("x", `"subject":"s2"`)
	list = append(list, batchOf(inBatch, event("y", `"subject":"s9"`)))
	f := writeLog(t, key, origin, list)
	r := verify(t, f, proof.Options{Keys: []string{key.vkey}})
	if len(r.Findings) != 0 || len(r.Erased) != 1 || r.Erased[0] != (proof.Erasure{By: 600, Subject: "s2", Payloads: 76}) {
		t.Fatalf("%+v", r)
	}

	// Entry 2 is of the subject, entry 4 is not; both payloads are taken away.
	list[2].Payload, list[4].Payload = nil, nil
	g := writeLog(t, key, origin, list)
	r = verify(t, g, proof.Options{Keys: []string{key.vkey}})
	if len(r.Findings) != 1 || r.Findings[0].Index != 4 || !r.Findings[0].Missing || r.Erased[0].Gone != 1 {
		t.Errorf("%+v", r)
	}

	// A flipped bit of an erased payload is found all the same.
	f["payload/000"][len(list[0].Leaf)/8] ^= 1
	if r := verify(t, f, proof.Options{Keys: []string{key.vkey}}); len(r.Findings) != 1 || len(r.Erased) != 1 {
		t.Errorf("%+v", r)
	}
}

// TestBadLeaves finds what a faulty writer put into a log and signed.
func TestBadLeaves(t *testing.T) {
	key := newSigner(t, 1, origin)
	good := event("p", "")
	swapped := batchOf(event("a", ""), event("b", ""))
	swapped.Leaf = []byte(strings.Replace(string(swapped.Leaf), `"root":"`, `"root":"A`, 1))
	badPart := batchOf(event("a", ""), entry{Leaf: event("b", "").Leaf, Payload: []byte("c")})
	for name, c := range map[string]struct {
		e    entry
		kind string
		sub  int
	}{
		"spaces":           {entry{Leaf: []byte(`{"type": "x"}`)}, proof.FindingEntry, -1},
		"order":            {entry{Leaf: []byte(`{"type":"x","a":1}`)}, proof.FindingEntry, -1},
		"twice":            {entry{Leaf: []byte(`{"a":1,"a":1}`)}, proof.FindingEntry, -1},
		"escape":           {entry{Leaf: []byte(`{"a":"\u0041"}`)}, proof.FindingEntry, -1},
		"number":           {entry{Leaf: []byte(`{"a":1.0}`)}, proof.FindingEntry, -1},
		"leading zero":     {entry{Leaf: []byte(`{"a":01}`)}, proof.FindingEntry, -1},
		"no object":        {entry{Leaf: []byte(`[1]`)}, proof.FindingEntry, -1},
		"no JSON":          {entry{Leaf: []byte("hello")}, proof.FindingEntry, -1},
		"empty":            {entry{Leaf: nil}, proof.FindingEntry, -1},
		"bad UTF-8":        {entry{Leaf: []byte("{\"a\":\"\xff\"}")}, proof.FindingEntry, -1},
		"payload a number": {entry{Leaf: []byte(`{"payload":1}`)}, proof.FindingEntry, -1},
		"other payload":    {entry{Leaf: good.Leaf, Payload: []byte("q")}, proof.FindingPayload, -1},
		"unnamed payload":  {entry{Leaf: []byte(`{"type":"x"}`), Payload: []byte("q")}, proof.FindingPayload, -1},
		"no payload":       {entry{Leaf: good.Leaf}, proof.FindingPayload, -1},
		"padded hash":      {entry{Leaf: []byte(strings.Replace(string(good.Leaf), `","type`, `=","type`, 1)), Payload: good.Payload}, proof.FindingPayload, -1},
		"batch root":       {swapped, proof.FindingBatch, -1},
		"part of a batch":  {badPart, proof.FindingBatch, 1},
	} {
		list := events(300)
		list[7] = c.e
		r := verify(t, writeLog(t, key, origin, list), proof.Options{Keys: []string{key.vkey}})
		if len(r.Findings) != 1 || r.Findings[0].Index != 7 || r.Findings[0].Kind != c.kind || r.Findings[0].Sub != c.sub {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

// TestOnly verifies a part of a log from the files that it needs.
func TestOnly(t *testing.T) {
	key := newSigner(t, 1, origin)
	whole := writeLog(t, key, origin, events(65536+3*256+10))
	f := files{}
	for _, path := range []string{
		"checkpoint", "tile/0/259.p/10", "tile/1/001.p/3", "tile/2/000.p/1", "tile/1/000",
		"tile/0/002", "tile/entries/002", "payload/002", "tile/0/257", "tile/entries/257", "payload/257",
	} {
		f[path] = whole[path]
	}
	o := proof.Options{Keys: []string{key.vkey}, Only: []proof.Range{{From: 600, To: 610}, {From: 257 * 256, To: 258 * 256}}}
	r := verify(t, f, o)
	if len(r.Findings) != 0 || r.Entries != 512 {
		t.Fatalf("%+v", r)
	}
	for path := range f {
		if path == "tile/2/000.p/1" {
			continue
		}
		g := f.clone()
		delete(g, path)
		if r := verify(t, g, o); len(r.Findings) == 0 {
			t.Errorf("without %s: nothing found", path)
		}
	}
	// Payloads outside of the ranges are not looked at, those inside are.
	g := f.clone()
	copy(g["payload/002"][4:], "PAYLOAD")
	if r := verify(t, g, o); len(r.Findings) != 0 {
		t.Errorf("found %+v", r.Findings)
	}
	g["payload/257"][4] ^= 1
	if r := verify(t, g, o); len(r.Findings) != 1 || r.Findings[0].Index != 257*256 {
		t.Errorf("found %+v", r.Findings)
	}
}

// TestCopy copies parts of logs, which verify by themselves and hold no other payload.
func TestCopy(t *testing.T) {
	key := newSigner(t, 1, origin)
	whole := writeLog(t, key, origin, events(65536+3*256+10))
	for _, only := range [][]proof.Range{nil, {}, {{From: 0, To: 1}}, {{From: 300, To: 302}, {From: 65536, To: 66000}, {From: 66300, To: 66314}}} {
		copied := files{}
		c, err := proof.Copy(t.Context(), whole, only, func(path string, data []byte) error {
			copied[path] = data
			return nil
		})
		if err != nil || c.Size != 65536+3*256+10 {
			t.Fatal(c, err)
		}
		if r := verify(t, copied, proof.Options{Keys: []string{key.vkey}, Only: only}); len(r.Findings) != 0 {
			t.Errorf("%v: %+v", only, r.Findings)
		}
		for path := range copied {
			g := copied.clone()
			delete(g, path)
			r := verify(t, g, proof.Options{Keys: []string{key.vkey}, Only: only})
			if needed := path != "tile/2/000.p/1"; needed && len(r.Findings) == 0 {
				t.Errorf("%v: %s is not needed", only, path)
			}
			if len(copied) > 100 {
				break
			}
		}
		for i, e := range events(512) {
			if in := slices.ContainsFunc(only, func(r proof.Range) bool { return uint64(i) >= r.From && uint64(i) < r.To }); only == nil || e.Payload == nil {
				continue
			} else if has := strings.Contains(string(copied[fmt.Sprintf("payload/%03d", i/256)]), string(e.Payload)); has && !in && i > 100 {
				t.Errorf("%v: holds the payload of entry %d", only, i)
			}
		}
	}
}
