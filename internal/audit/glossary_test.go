// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestParseKnown: what was read before changes nothing of what is read, whether a leaf is
// as it was written or damaged.
func TestParseKnown(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	words := []string{"DE", "EU", "a]b", "a] b", `q"`, "ä", "]", "x,y", "transfer"}
	known := new(glossary)
	for i := range 20_000 {
		l := Leaf{Time: time.UnixMilli(r.Int64N(4e12)).UTC(), Type: "decision", Cell: "local", Action: words[r.IntN(len(words))], Subject: Pseudonym{byte(i), 1}}
		for range r.IntN(4) {
			l.Jurisdictions = append(l.Jurisdictions, words[r.IntN(len(words))])
			l.Requirements = append(l.Requirements, words[r.IntN(len(words))])
		}
		text := l.Append(nil)
		if r.IntN(2) == 0 {
			text[r.IntN(len(text))] = `],"[x0Z`[r.IntN(7)]
		}
		want, wrong := ParseLeaf(text)
		got, err := parseKnown(text, known)
		if fmt.Sprint(err) != fmt.Sprint(wrong) {
			t.Fatalf("%s: %v, want %v", text, err, wrong)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s", text, diff)
		}
	}
	if len(known.one) == 0 || len(known.lists) == 0 {
		t.Error("nothing was kept")
	}
}

// TestGlossaryBounds: what is kept does not grow for ever.
func TestGlossaryBounds(t *testing.T) {
	var g glossary
	for i := range 3 * maxTexts {
		s := fmt.Sprint(i)
		if g.text([]byte(s)) != s {
			t.Fatal(s)
		}
		g.keep([]byte(`["`+s+`"]`), []string{s})
	}
	if len(g.one) > maxTexts || len(g.lists) > maxTexts {
		t.Errorf("%d texts and %d lists are kept", len(g.one), len(g.lists))
	}
}

// TestParseTime: the times that are read are those of the layout.
func TestParseTime(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100_000 {
		s := []byte(time.UnixMilli(r.Int64N(2e14) - 6e13).UTC().Format(timeLayout))
		for range r.IntN(3) {
			s[r.IntN(len(s))] = "0123456789Z-T:. /x"[r.IntN(18)]
		}
		want, err := time.Parse(timeLayout, string(s))
		got, ok := parseTime(s)
		// time.Parse also takes a comma, and what is not a digit behind it.
		if sound := err == nil && want.Year() >= 1 && want.Format(timeLayout) == string(s); ok != sound || ok && !got.Equal(want) {
			t.Fatalf("%s: %v %v, want %v %v", s, got, ok, want, err)
		}
	}
}
