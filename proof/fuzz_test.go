// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity/proof"
)

// FuzzProof changes proofs: none that differs proves anything, but for signatures of keys
// that nobody knows, which say nothing.
func FuzzProof(f *testing.F) {
	key := newSigner(f, 1, origin)
	list := events(300)
	log := writeLog(f, key, origin, list)
	parts, err := proof.Parts(list[5].Payload)
	if err != nil {
		f.Fatal(err)
	}
	plain, err := proof.Prove(f.Context(), log, 262)
	if err != nil {
		f.Fatal(err)
	}
	sub, _, err := proof.ProveSub(f.Context(), log, 5, 1)
	if err != nil {
		f.Fatal(err)
	}
	texts := []string{string(plain.Marshal()), string(sub.Marshal())}
	leaves := [][]byte{list[262].Leaf, parts[1].Leaf}
	for which := range texts {
		f.Add(which == 1, 0, "", 0)
		for at := range len(texts[which]) {
			f.Add(which == 1, at, string(texts[which][at]^1), 1)
		}
	}
	f.Fuzz(func(t *testing.T, isSub bool, at int, insert string, remove int) {
		which := 0
		if isSub {
			which = 1
		}
		good := texts[which]
		at = min(max(at, 0), len(good))
		text := good[:at] + insert + good[min(len(good), at+max(remove, 0)):]
		p, err := proof.ParseProof([]byte(text))
		if err != nil {
			return
		}
		if again := p.Marshal(); string(again) != text {
			t.Fatalf("two texts of one proof:\n%s\n%s", text, again)
		}
		if _, err := p.Verify(leaves[which], key.vkey); err == nil && known(text) != known(good) {
			t.Fatalf("proved by\n%s", text)
		}
	})
}

// known is a proof without the signatures of keys that nobody knows, and without the second
// of two equal ones.
func known(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "— ") && (!strings.HasPrefix(line, "— "+origin+" ") || slices.Contains(lines, line)) {
			continue
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

// FuzzLeaf holds the reader of leaves against the JSON library: both say the same of what
// is canonical.
func FuzzLeaf(f *testing.F) {
	for _, e := range events(9) {
		f.Add(e.Leaf)
	}
	for _, s := range []string{"", "{}", "[]", `{"a":1.5}`, `{"a":{"b":[1,true,null,"x"]}}`, `{"a":9007199254740993}`, `{"a":"\u000b\n"}`, "{\"\U0001F600\":1,\"\uFB33\":2}"} {
		f.Add([]byte(s))
	}
	key := newSigner(f, 1, origin)
	f.Fuzz(func(t *testing.T, leaf []byte) {
		if len(leaf) > proof.MaxLeaf {
			return
		}
		canonical := jsontext.Value(bytes.Clone(leaf))
		want := canonical.Canonicalize() == nil && bytes.Equal(canonical, leaf) && leaf[0] == '{'
		for _, name := range []string{`"payload"`, `"batch"`, `"type"`, `"subject"`} {
			if bytes.Contains(leaf, []byte(name)) {
				return // what these may be is more than JSON
			}
		}
		r := verify(t, writeLog(t, key, origin, []entry{{Leaf: leaf}}), proof.Options{Keys: []string{key.vkey}, Workers: 1})
		if want != (len(r.Findings) == 0) {
			t.Fatalf("%q: canonical %v, found %+v", leaf, want, r.Findings)
		}
	})
}

// FuzzFiles gives VerifyLog any bytes in place of a file: it neither panics nor accepts.
func FuzzFiles(f *testing.F) {
	key := newSigner(f, 1, origin)
	log := writeLog(f, key, origin, events(260))
	paths := log.paths()
	for i, path := range paths {
		f.Add(uint8(i), []byte("x"))
		f.Add(uint8(i), log[path][:len(log[path])/2])
		f.Add(uint8(i), slices.Concat(log[path][:9], log[path]))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		path := paths[int(which)%len(paths)]
		g := log.clone()
		g[path] = data
		r := verify(t, g, proof.Options{Keys: []string{key.vkey}, Workers: 1})
		same := bytes.Equal(data, log[path]) || path == "payload/001" && bytes.HasPrefix(data, log[path])
		if path == "checkpoint" && r.Checkpoint.Size == 260 {
			return
		}
		if same != (len(r.Findings) == 0) {
			t.Fatalf("%s with %d bytes: %+v", path, len(data), r.Findings)
		}
	})
}

// FuzzParts takes batches apart: what can be read is written back as it was.
func FuzzParts(f *testing.F) {
	f.Add(events(9)[5].Payload)
	f.Add([]byte("CMTB1\n\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		parts, err := proof.Parts(payload)
		if err == nil && !bytes.Equal(proof.AppendBatch(nil, parts), payload) {
			t.Fatalf("%d parts of %q", len(parts), payload)
		}
	})
}
