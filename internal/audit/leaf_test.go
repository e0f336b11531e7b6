// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/comity-project/comity"
)

func bytes16(t *rapid.T, label string) (p Pseudonym) {
	copy(p[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
	return p
}

func bytes32(t *rapid.T, label string) (d Digest) {
	copy(d[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, label))
	return d
}

// anyLeaf draws leaves with and without each member.
func anyLeaf() *rapid.Generator[Leaf] {
	return rapid.Custom(func(t *rapid.T) Leaf {
		some := func(label string) bool { return rapid.Bool().Draw(t, "has "+label) }
		var l Leaf
		ms := rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, "time")
		l.Time = time.UnixMilli(ms).UTC()
		l.Type = rapid.StringN(1, 20, -1).Draw(t, "type")
		for label, s := range map[string]*string{"action": &l.Action, "cell": &l.Cell, "tenant": &l.Tenant, "region": &l.Region, "program": &l.Program} {
			if some(label) {
				*s = rapid.String().Draw(t, label)
			}
		}
		l.Effect = rapid.SampledFrom([]comity.Effect{"", comity.Allow, comity.Deny, comity.Review}).Draw(t, "effect")
		l.Outcome = rapid.SampledFrom([]string{"", Success, Failure}).Draw(t, "outcome")
		if some("lists") {
			l.Regions = rapid.SliceOfN(rapid.StringN(1, 8, -1), 1, 3).Draw(t, "regions")
			l.Jurisdictions = rapid.SliceOfN(rapid.StringN(1, 8, -1), 1, 4).Draw(t, "jurisdictions")
			l.Requirements = rapid.SliceOfN(rapid.StringN(1, 20, -1), 1, 8).Draw(t, "requirements")
		}
		for label, p := range map[string]*Pseudonym{"subject": &l.Subject, "principal": &l.Principal, "resource": &l.Resource, "source": &l.Source, "idem": &l.Idem, "body": &l.Body} {
			if some(label) {
				*p = bytes16(t, label)
			}
		}
		l.Answer, l.Payload = bytes32(t, "answer"), bytes32(t, "payload")
		if some("previous") {
			l.Previous = bytes32(t, "previous")
		}
		if some("batch") {
			l.Batch = &Batch{Count: rapid.IntRange(1, 1<<20).Draw(t, "count"), Root: bytes32(t, "root")}
			l.Batch.Root[0] |= 1 // a root of zeros does not occur
		}
		return l
	})
}

// TestLeafRoundTrip: the bytes are what the library calls canonical, and mean the leaf.
func TestLeafRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyLeaf().Draw(t, "leaf")
		b := want.Append(nil)
		if c := canonical(t, b); !bytes.Equal(b, c) {
			t.Fatalf("not canonical:\n%s\n%s", b, c)
		}
		got, err := ParseLeaf(b)
		if err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func sampleLeaf() Leaf {
	l := Leaf{
		Time: time.Date(2026, 3, 1, 9, 5, 7, 40e6, time.UTC), Type: TypeDecision, Action: "transfer", Cell: "local",
		Tenant: "acme", Region: "DE", Jurisdictions: []string{"DE", "EU"}, Requirements: []string{"EU-GDPR-44", "EU-GDPR-6"},
		Effect: comity.Deny, Outcome: Success, Program: "sha256:" + strings.Repeat("ab", 32),
	}
	for i := range 32 {
		l.Answer[i], l.Payload[i] = byte(i), byte(255-i)
	}
	l.Subject, l.Principal = Pseudonym{1}, Pseudonym{2, 3}
	return l
}

// TestLeafBytes pins the form: a change breaks every log that exists.
func TestLeafBytes(t *testing.T) {
	l := sampleLeaf()
	want := `{"action":"transfer","answer":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","cell":"local","effect":"deny",` +
		`"jurisdictions":["DE","EU"],"outcome":"success","payload":"__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA",` +
		`"principal":"AgMAAAAAAAAAAAAAAAAAAA","program":"sha256:` + strings.Repeat("ab", 32) + `","region":"DE",` +
		`"requirements":["EU-GDPR-44","EU-GDPR-6"],"schema":"comity/leaf/v1","subject":"AQAAAAAAAAAAAAAAAAAAAA",` +
		`"tenant":"acme","time":"2026-03-01T09:05:07.040Z","type":"decision"}`
	if d := cmp.Diff(want, string(l.Append(nil))); d != "" {
		t.Error(d)
	}
}

func TestParseLeafRefuses(t *testing.T) {
	l := sampleLeaf()
	good := string(l.Append(nil))
	for name, c := range map[string]string{
		"nothing":              ``,
		"a list":               `[]`,
		"an empty object":      `{}`,
		"a space":              strings.Replace(good, `,"cell"`, `, "cell"`, 1),
		"a space at the end":   good + " ",
		"a second leaf":        good + good,
		"cut":                  good[:len(good)-1],
		"another order":        strings.Replace(strings.Replace(good, `"action":"transfer",`, ``, 1), `"cell":"local",`, `"cell":"local","action":"transfer",`, 1),
		"a member twice":       strings.Replace(good, `"cell":"local",`, `"cell":"local","cell":"local",`, 1),
		"an empty member":      strings.Replace(good, `"cell":"local"`, `"cell":""`, 1),
		"an empty list":        strings.Replace(good, `["DE","EU"]`, `[]`, 1),
		"a needless escape":    strings.Replace(good, `"local"`, `"loc\u0061l"`, 1),
		"an escaped slash":     strings.Replace(good, `"local"`, `"a\/b"`, 1),
		"a control character":  strings.Replace(good, `"local"`, "\"a\nb\"", 1),
		"invalid UTF-8":        strings.Replace(good, `"local"`, "\"a\xff\"", 1),
		"half a surrogate":     strings.Replace(good, `"local"`, `"\ud800"`, 1),
		"padded base64":        strings.Replace(good, `"AQAAAAAAAAAAAAAAAAAAAA"`, `"AQAAAAAAAAAAAAAAAAAAAA=="`, 1),
		"loose base64":         strings.Replace(good, `"AQAAAAAAAAAAAAAAAAAAAA"`, `"AQAAAAAAAAAAAAAAAAAAAB"`, 1),
		"short base64":         strings.Replace(good, `"AQAAAAAAAAAAAAAAAAAAAA"`, `"AQAA"`, 1),
		"another effect":       strings.Replace(good, `"deny"`, `"maybe"`, 1),
		"another outcome":      strings.Replace(good, `"success"`, `"ok"`, 1),
		"another schema":       strings.Replace(good, `leaf/v1`, `leaf/v2`, 1),
		"time without ms":      strings.Replace(good, `.040Z`, `Z`, 1),
		"time with offset":     strings.Replace(good, `.040Z`, `.040+00:00`, 1),
		"a day that is not":    strings.Replace(good, `2026-03-01`, `2026-02-30`, 1),
		"no type":              strings.Replace(good, `,"type":"decision"`, ``, 1),
		"no schema":            strings.Replace(good, `"schema":"comity/leaf/v1",`, ``, 1),
		"a batch of none":      strings.Replace(good, `"cell"`, `"batch":{"count":0,"root":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},"cell"`, 1),
		"a batch, zero padded": strings.Replace(good, `"cell"`, `"batch":{"count":07,"root":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},"cell"`, 1),
		"unknown, with spaces": strings.Replace(good, `"cell"`, `"board":{"a": 1},"cell"`, 1),
		"unknown, number form": strings.Replace(good, `"cell"`, `"board":1.0,"cell"`, 1),
	} {
		if c == good {
			t.Fatalf("%s: the case changes nothing", name)
		}
		if l, err := ParseLeaf([]byte(c)); err == nil {
			t.Errorf("%s: accepted as %+v", name, l)
		} else if comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%s: code of %v", name, err)
		}
	}
}

// TestParseLeafNewer: a later version may add members.
func TestParseLeafNewer(t *testing.T) {
	l := sampleLeaf()
	b := strings.Replace(string(l.Append(nil)), `"cell"`, `"board":[1,{"a":"b"}],"cell"`, 1)
	got, err := ParseLeaf([]byte(b))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(l, got); d != "" {
		t.Error(d)
	}
}

// FuzzParseLeaf: what is accepted is canonical, and nothing panics.
func FuzzParseLeaf(f *testing.F) {
	l := sampleLeaf()
	f.Add(l.Append(nil))
	f.Add([]byte(`{"batch":{"count":2,"root":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},"new":{"b":1e2},"schema":"comity/leaf/v1","time":"2026-03-01T09:05:07.040Z","type":"b\"\u001f"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLeaf(b)
		if err != nil {
			return
		}
		if c := canonical(t, b); !bytes.Equal(c, b) {
			t.Fatalf("accepted %q, canonical is %q", b, c)
		}
		again, err := ParseLeaf(l.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(l, again); d != "" {
			t.Fatal(d)
		}
	})
}

func BenchmarkLeaf(b *testing.B) {
	l := sampleLeaf()
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = l.Append(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkParseLeaf(b *testing.B) {
	l := sampleLeaf()
	text := l.Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseLeaf(text); err != nil {
			b.Fatal(err)
		}
	}
}
