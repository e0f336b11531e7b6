// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/proof"
)

// TestProve proves every entry of logs of many sizes, and every part of their batches, and
// no proof fits another leaf.
func TestProve(t *testing.T) {
	key := newSigner(t, 1, origin)
	for _, n := range []int{1, 2, 3, 7, 8, 255, 256, 257, 600} {
		list := events(n)
		f := writeLog(t, key, origin, list)
		for i, e := range list {
			p, err := proof.Prove(t.Context(), f, uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			holds(t, p, e.Leaf, key)
			if c, err := p.Verify(list[(i+1)%n].Leaf, key.vkey); err == nil && n > 1 {
				t.Errorf("entry %d of %d: proved another leaf, %+v", i, n, c)
			}
			if i%8 != 5 {
				continue
			}
			parts, err := proof.Parts(e.Payload)
			if err != nil {
				t.Fatal(err)
			}
			for j, part := range parts {
				p, _, err := proof.ProveSub(t.Context(), f, uint64(i), uint64(j))
				if err != nil {
					t.Fatal(err)
				}
				holds(t, p, part.Leaf, key)
				if _, err := p.Verify(e.Leaf, key.vkey); err == nil {
					t.Errorf("entry %d/%d: the leaf of the batch passes for a part", i, j)
				}
			}
		}
	}
}

// holds checks a proof and that its text is the same proof.
func holds(t *testing.T, p proof.Proof, leaf []byte, key signer) {
	t.Helper()
	text := p.Marshal()
	q, err := proof.ParseProof(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(p, q, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("read back: %s", diff)
	}
	if _, err := q.Verify(leaf, key.vkey); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// TestProveBatches proves parts of batches of every size up to 70.
func TestProveBatches(t *testing.T) {
	key := newSigner(t, 1, origin)
	for n := 1; n <= 70; n++ {
		var parts []entry
		for i := range n {
			parts = append(parts, event(fmt.Sprint(i), ""))
		}
		f := writeLog(t, key, origin, []entry{event("x", ""), batchOf(parts...)})
		for i := range n {
			p, _, err := proof.ProveSub(t.Context(), f, 1, uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			holds(t, p, parts[i].Leaf, key)
			if _, err := p.Verify(parts[(i+1)%n].Leaf, key.vkey); err == nil && n > 1 {
				t.Errorf("part %d of %d: proved another leaf", i, n)
			}
		}
	}
}

// TestProveTampered gives no proof from tiles that do not lead to the root.
func TestProveTampered(t *testing.T) {
	key := newSigner(t, 1, origin)
	f := writeLog(t, key, origin, events(600))
	f["tile/0/001"][7] ^= 1
	if _, err := proof.Prove(t.Context(), f, 300); comity.CodeOf(err) != comity.CodeInvalid {
		t.Errorf("%v", err)
	}
	if _, err := proof.Prove(t.Context(), f, 600); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("%v", err)
	}
	delete(f, "tile/0/000")
	if _, err := proof.Prove(t.Context(), f, 3); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("%v", err)
	}
	if _, _, err := proof.ProveSub(t.Context(), f, 550, 0); comity.CodeOf(err) != comity.CodeInvalid || !strings.Contains(err.Error(), "the entry is not a batch") {
		t.Errorf("a part of an entry that is no batch: %v", err)
	}
}

// TestParseProof refuses every other way to write a proof.
func TestParseProof(t *testing.T) {
	key := newSigner(t, 1, origin)
	f := writeLog(t, key, origin, events(9))
	p, _, err := proof.ProveSub(t.Context(), f, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	good := string(p.Marshal())
	extra := strings.Split(good, "\n")[1]
	for name, bad := range map[string]string{
		"empty":              "",
		"another version":    strings.Replace(good, "@v1", "@v2", 1),
		"carriage returns":   strings.ReplaceAll(good, "\n", "\r\n"),
		"leading zero":       strings.Replace(good, "\nindex 5\n", "\nindex 05\n", 1),
		"plus":               strings.Replace(good, "\nindex 5\n", "\nindex +5\n", 1),
		"two spaces":         strings.Replace(good, "\nindex 5\n", "\nindex  5\n", 1),
		"index too large":    strings.Replace(good, "\nindex 5\n", "\nindex 9\n", 1),
		"no index":           strings.Replace(good, "\nindex 5\n", "\n", 1),
		"two indexes":        strings.Replace(good, "\nindex 5\n", "\nindex 5\nindex 5\n", 1),
		"extra twice":        strings.Replace(good, extra+"\n", extra+"\n"+extra+"\n", 1),
		"extra of others":    strings.Replace(good, extra, "extra "+base64.StdEncoding.EncodeToString([]byte("hello")), 1),
		"extra empty":        strings.Replace(good, extra, "extra ", 1),
		"extra not base64":   strings.Replace(good, extra, extra+"!", 1),
		"no blank line":      strings.Replace(good, "\n\n", "\n", 1),
		"two blank lines":    strings.Replace(good, "\n\n", "\n\n\n", 1),
		"no checkpoint":      good[:strings.Index(good, "\n\n")+2],
		"text after it":      good + "x",
		"line after it":      good + "\n",
		"short hash":         strings.Replace(good, "=\n\n", "\n\n", 1),
		"space after a hash": strings.Replace(good, "=\n\n", "= \n\n", 1),
	} {
		if bad == good {
			t.Fatalf("%s: nothing changed", name)
		}
		q, err := proof.ParseProof([]byte(bad))
		if err == nil {
			parts, _ := proof.Parts(events(9)[5].Payload)
			_, err = q.Verify(parts[1].Leaf, key.vkey)
		}
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestOpenCheckpoint reads checkpoints as C2SP writes them and refuses all else.
func TestOpenCheckpoint(t *testing.T) {
	key, next, witness := newSigner(t, 1, origin), newSigner(t, 2, origin), newSigner(t, 3, "witness")
	root := tlog.RecordHash([]byte("x"))
	text := checkpointText(origin, 1, root)
	c, err := proof.OpenCheckpoint(key.sign(t, text, next, witness), next.vkey, next.vkey)
	if err != nil || c.Size != 1 || c.Root != root || c.Origin != origin || len(c.Signers) != 1 || len(c.Unknown) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := proof.OpenCheckpoint(key.sign(t, text+"extension\n"), key.vkey); err != nil {
		t.Error(err)
	}
	b64 := base64.StdEncoding.EncodeToString(root[:])
	for name, text := range map[string]string{
		"size with zero": origin + "\n01\n" + b64 + "\n",
		"negative":       origin + "\n-1\n" + b64 + "\n",
		"huge":           origin + "\n9223372036854775807\n" + b64 + "\n",
		"no root":        origin + "\n1\n",
		"blank line":     origin + "\n1\n" + b64 + "\n\nx\n",
		"no origin":      "\n1\n" + b64 + "\n",
		"url base64":     origin + "\n1\n" + base64.RawURLEncoding.EncodeToString(root[:]) + "\n",
		"short root":     origin + "\n1\n" + base64.StdEncoding.EncodeToString(root[:31]) + "\n",
		"loose root":     origin + "\n1\n" + b64[:len(b64)-2] + "h=\n",
		"empty tree":     origin + "\n0\n" + b64 + "\n",
	} {
		if c, err := proof.OpenCheckpoint(key.sign(t, text), key.vkey); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
	for name, keys := range map[string][]string{"none": nil, "empty": {""}, "no key": {"x"}, "other": {next.vkey}, "witness": {witness.vkey}} {
		if c, err := proof.OpenCheckpoint(key.sign(t, text, witness), keys...); err == nil || comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	// A signature that ends in bits which base64 ignores is another text of the same bytes.
	signed := key.sign(t, text)
	loose := bytes.Clone(signed)
	loose[len(loose)-3]++
	if _, err := note.Open(loose, note.VerifierList(mustVerifier(t, key))); err != nil {
		t.Fatalf("the test changes more than unused bits: %v", err)
	}
	if _, err := proof.OpenCheckpoint(loose, key.vkey); err == nil {
		t.Error("accepted loose base64")
	}
}

func mustVerifier(t *testing.T, s signer) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(s.vkey)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func open(t *testing.T, f files, s signer) proof.Checkpoint {
	t.Helper()
	c, err := proof.ReadCheckpoint(t.Context(), f, s.vkey)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestConsistency shows that a log grew, and finds one that was rewritten or cut.
func TestConsistency(t *testing.T) {
	key := newSigner(t, 1, origin)
	list := events(700)
	for _, n := range []int{0, 1, 255, 256, 257, 600, 700} {
		prev, f := open(t, writeLog(t, key, origin, list[:n]), key), writeLog(t, key, origin, list)
		next := open(t, f, key)
		hashes, err := proof.Consistency(t.Context(), f, prev, next)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.CheckConsistency(hashes, prev, next); err != nil {
			t.Error(err)
		}
		if n == 0 {
			continue
		}
		forged := bytesOf(list)
		forged[n-1] = event("forged", "")
		bad := open(t, writeLog(t, key, origin, forged[:n]), key)
		if _, err := proof.Consistency(t.Context(), f, bad, next); comity.CodeOf(err) != comity.CodeConflict {
			t.Errorf("%d: %v", n, err)
		}
		if n < 700 {
			if _, err := proof.Consistency(t.Context(), f, next, prev); comity.CodeOf(err) != comity.CodeConflict {
				t.Errorf("%d: shrunk: %v", n, err)
			}
		}
	}
}

func bytesOf(list []entry) []entry { return append([]entry(nil), list...) }

// TestReceipts checks receipts alone and with proofs.
func TestReceipts(t *testing.T) {
	key := newSigner(t, 1, origin)
	list := events(20)
	f := writeLog(t, key, origin, list)
	early := writeLog(t, key, origin, list[:6])
	index, sub := int64(5), 1
	record := comity.Record{Log: "local", Index: &index, Sub: &sub, Checkpoint: string(early["checkpoint"])}
	if c, err := proof.VerifyReceipt(record, key.vkey); err != nil || c.Size != 6 {
		t.Fatalf("%+v, %v", c, err)
	}
	parts, err := proof.Parts(list[5].Payload)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := proof.ProveSub(t.Context(), f, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := p.VerifyReceipt(record, parts[1].Leaf, key.vkey); err != nil || c.Size != 20 {
		t.Fatalf("%+v, %v", c, err)
	}

	change := func(do func(*comity.Record)) comity.Record {
		r := record
		do(&r)
		return r
	}
	other, zero, minus := int64(6), 0, int64(-1)
	bad := map[string]comity.Record{
		"later":    change(func(r *comity.Record) { r.Later = true }),
		"no index": change(func(r *comity.Record) { r.Index = nil }),
		"negative": change(func(r *comity.Record) { r.Index = &minus }),
		"not yet":  change(func(r *comity.Record) { r.Index = &other }),
		"no note":  change(func(r *comity.Record) { r.Checkpoint = "" }),
		"log":      change(func(r *comity.Record) { r.Log = "loca" }),
		"flipped":  change(func(r *comity.Record) { r.Checkpoint = strings.Replace(r.Checkpoint, "\n6\n", "\n7\n", 1) }),
	}
	for name, r := range bad {
		if c, err := proof.VerifyReceipt(r, key.vkey); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
	fork := events(20)
	fork[19] = event("other", "")
	bad["part"] = change(func(r *comity.Record) { r.Sub = &zero })
	bad["no part"] = change(func(r *comity.Record) { r.Sub = nil })
	bad["fork"] = change(func(r *comity.Record) { r.Checkpoint = string(writeLog(t, key, origin, fork)["checkpoint"]) })
	for name, r := range bad {
		if c, err := p.VerifyReceipt(r, parts[1].Leaf, key.vkey); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
	adopted := newSigner(t, 4, "comity-test/local.2")
	g := writeLog(t, adopted, "comity-test/local.2", list)
	if _, err := proof.VerifyReceipt(change(func(r *comity.Record) { r.Checkpoint = string(g["checkpoint"]) }), adopted.vkey); err != nil {
		t.Errorf("after the log was adopted: %v", err)
	}
}

// TestRead reads leaves and payloads that the tree confirms, and no others.
func TestRead(t *testing.T) {
	key := newSigner(t, 1, origin)
	list := events(300)
	f := writeLog(t, key, origin, list)
	c := open(t, f, key)
	for i, e := range list {
		leaf, err := proof.Leaf(t.Context(), f, c, uint64(i))
		if err != nil || !bytes.Equal(leaf, e.Leaf) {
			t.Fatalf("%d: %s, %v", i, leaf, err)
		}
		payload, err := proof.Payload(t.Context(), f, c, uint64(i), leaf)
		if err != nil || !bytes.Equal(payload, e.Payload) {
			t.Fatalf("%d: %s, %v", i, payload, err)
		}
	}
	f["payload/000"][5] ^= 1
	f["tile/entries/001.p/44"][5] ^= 1
	if _, err := proof.Payload(t.Context(), f, c, 0, list[0].Leaf); comity.CodeOf(err) != comity.CodeInvalid {
		t.Errorf("%v", err)
	}
	if _, err := proof.Leaf(t.Context(), f, c, 256); comity.CodeOf(err) != comity.CodeInvalid {
		t.Errorf("%v", err)
	}
	if _, err := proof.Leaf(t.Context(), f, c, 300); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("%v", err)
	}
}

// TestAfterGrowth reads by an earlier checkpoint from a log whose partial files are gone.
func TestAfterGrowth(t *testing.T) {
	key := newSigner(t, 1, origin)
	list := events(600)
	f := writeLog(t, key, origin, list)
	f["checkpoint"] = writeLog(t, key, origin, list[:300])["checkpoint"]
	if r := verify(t, f, proof.Options{Keys: []string{key.vkey}}); len(r.Findings) != 1 || r.Findings[0].Path != "tile/1/000.p/1" {
		t.Errorf("the narrower tile of a level without a full one is gone: %+v", r.Findings)
	}
	f["tile/1/000.p/1"] = f["tile/1/000.p/2"][:32]
	if r := verify(t, f, proof.Options{Keys: []string{key.vkey}}); len(r.Findings) != 0 || r.Entries != 300 {
		t.Errorf("%+v", r)
	}
	p, err := proof.Prove(t.Context(), f, 299)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, p, list[299].Leaf, key)
}
