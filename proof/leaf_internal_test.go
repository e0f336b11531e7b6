// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import "testing"

const sampleLeaf = `{"action":"transfer","answer":"rb-fuvBmNEg_vtDTbd3Zd8GwlAAuL26yUWmkGTNPxGw","cell":"local","effect":"allow","jurisdictions":["EU","US"],"outcome":"success","payload":"5LJ37MOjXCwHns8tZNf10c0F4cHgEYbHQnEZvQNnEiU","principal":"A4aySuq8E5FWYWNopc2tLQ","program":"sha256:23841434581ba0b0ff31c8f3afc2316782e552113b85581f27eb117abbd8548b","region":"DE","requirements":["EU-GDPR-25","EU-GDPR-30","EU-GDPR-6"],"schema":"comity/leaf/v1","subject":"JVbshyI5wvnSKWfQ5wKYgw","time":"2026-11-21T15:49:57.214Z","type":"decision"}`

// TestReadLeafAllocatesNothing keeps the inner loop of VerifyLog free of garbage.
func TestReadLeafAllocatesNothing(t *testing.T) {
	leaf := []byte(sampleLeaf)
	var f leafFields
	if n := testing.AllocsPerRun(100, func() {
		if err := f.read(leaf); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if string(f.typ) != "decision" || string(f.subject) != "JVbshyI5wvnSKWfQ5wKYgw" || len(f.payload) != hashLen {
		t.Errorf("%+v", f)
	}
}

func BenchmarkReadLeaf(b *testing.B) {
	leaf := []byte(sampleLeaf)
	var f leafFields
	b.SetBytes(int64(len(leaf)))
	for b.Loop() {
		if err := f.read(leaf); err != nil {
			b.Fatal(err)
		}
	}
}
