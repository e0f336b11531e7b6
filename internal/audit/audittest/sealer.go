// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audittest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// ClosableSealer is a sealer that a test can open again.
type ClosableSealer interface {
	audit.Sealer
	Close() error
}

// Sealer runs the suite for audit.Sealer. open opens the same keys again each time it is
// called in one test, after the one before was closed.
func Sealer(t *testing.T, open func(t *testing.T) func() ClosableSealer) {
	for name, test := range map[string]func(*testing.T, func() ClosableSealer){
		"opens what it sealed":            sealerRoundTrip,
		"keeps its keys":                  sealerReopen,
		"forgets":                         sealerForget,
		"refuses what it did not seal":    sealerTampered,
		"keeps subjects apart":            sealerSubjects,
		"marks":                           sealerMarks,
		"says when a key is not durable":  sealerFresh,
		"works for many at the same time": sealerConcurrent,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// subject is one of many.
func subject(n int) comity.Subject {
	return comity.Subject{ID: fmt.Sprintf("person-%d", n), Home: "DE"}
}

func sealOne(t *testing.T, k audit.Sealer, s comity.Subject, text string) ([]byte, audit.Pseudonym) {
	t.Helper()
	sealed, p, _, err := k.Seal(nil, s, []byte(text))
	must(t, err)
	return sealed, p
}

func opens(t *testing.T, k audit.Sealer, p audit.Pseudonym, sealed []byte, want string) {
	t.Helper()
	got, err := k.Open(p, sealed)
	if err != nil || string(got) != want {
		t.Errorf("opened %q (%v), want %q", got, err, want)
	}
}

func sealerRoundTrip(t *testing.T, open func() ClosableSealer) {
	k := open()
	for _, size := range []int{0, 1, 1000, 1 << 20} {
		for _, s := range []comity.Subject{{}, subject(1)} {
			text := bytes.Repeat([]byte("x"), size)
			prefix := []byte("before")
			sealed, p, _, err := k.Seal(slices.Clone(prefix), s, text)
			must(t, err)
			if p.IsZero() != (s == comity.Subject{}) {
				t.Errorf("pseudonym %v of %v", p, s)
			}
			rest, ok := bytes.CutPrefix(sealed, prefix)
			if !ok {
				t.Fatal("Seal does not append")
			}
			if size > 16 && bytes.Contains(rest, text[:16]) {
				t.Error("plaintext shows")
			}
			if n := len(rest) - size; n > 72 {
				t.Errorf("sealing adds %d bytes", n)
			}
			opens(t, k, p, rest, string(text))
			again, q := sealOne(t, k, s, string(text))
			if p != q || bytes.Equal(again, rest) {
				t.Errorf("sealed twice: pseudonyms %v, %v, same bytes %v", p, q, bytes.Equal(again, rest))
			}
		}
	}
	must(t, k.Close())
}

func sealerReopen(t *testing.T, open func() ClosableSealer) {
	k := open()
	own, _ := sealOne(t, k, comity.Subject{}, "of the cell")
	sealed, p := sealOne(t, k, subject(1), "hello")
	m := k.Mark("principal", "alice")
	must(t, k.Sync())
	must(t, k.Close())
	k = open()
	opens(t, k, p, sealed, "hello")
	opens(t, k, audit.Pseudonym{}, own, "of the cell")
	if q, ok := k.Pseudonym(subject(1)); !ok || q != p {
		t.Errorf("pseudonym %v (%v), want %v", q, ok, p)
	}
	if k.Mark("principal", "alice") != m {
		t.Error("marks do not last")
	}
	must(t, k.Close())
}

func sealerForget(t *testing.T, open func() ClosableSealer) {
	k := open()
	sealed, p := sealOne(t, k, subject(1), "hello")
	other, q := sealOne(t, k, subject(2), "other")
	got, err := k.Forget(t.Context(), subject(1))
	must(t, err)
	if got != p {
		t.Errorf("forgot %v, want %v", got, p)
	}
	for round := range 2 {
		if _, err := k.Open(p, sealed); !errors.Is(err, audit.ErrErased) {
			t.Errorf("round %d: opened what is erased: %v", round, err)
		}
		opens(t, k, q, other, "other")
		if _, ok := k.Pseudonym(subject(1)); ok {
			t.Error("the erased can still be looked up")
		}
		if _, err := k.Forget(t.Context(), subject(1)); !errors.Is(err, audit.ErrUnknownKey) {
			t.Errorf("forgot twice: %v", err)
		}
		if got := k.Forgotten(); !slices.Equal(got, []audit.Pseudonym{p}) {
			t.Errorf("forgotten %v, want %v", got, p)
		}
		must(t, k.Close())
		k = open()
	}
	// He who comes back is somebody new.
	again, r := sealOne(t, k, subject(1), "back")
	if r == p {
		t.Error("a new key has the old pseudonym")
	}
	opens(t, k, r, again, "back")
	if _, err := k.Forget(t.Context(), comity.Subject{}); !errors.Is(err, audit.ErrUnknownKey) {
		t.Errorf("the cell's own key can be forgotten: %v", err)
	}
	must(t, k.Close())
}

func sealerTampered(t *testing.T, open func() ClosableSealer) {
	k := open()
	sealed, p := sealOne(t, k, subject(1), "hello")
	_, q := sealOne(t, k, subject(2), "other")
	for i := range sealed {
		for bit := range 8 {
			bad := bytes.Clone(sealed)
			bad[i] ^= 1 << bit
			if _, err := k.Open(p, bad); !errors.Is(err, audit.ErrCorrupt) {
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
		}
		if _, err := k.Open(p, sealed[:i]); !errors.Is(err, audit.ErrCorrupt) {
			t.Fatalf("cut to %d: %v", i, err)
		}
	}
	if _, err := k.Open(p, append(bytes.Clone(sealed), 0)); !errors.Is(err, audit.ErrCorrupt) {
		t.Errorf("one byte more: %v", err)
	}
	for _, wrong := range []audit.Pseudonym{q, {}} {
		if _, err := k.Open(wrong, sealed); !errors.Is(err, audit.ErrCorrupt) {
			t.Errorf("opened with another key: %v", err)
		}
	}
	if _, err := k.Open(audit.Pseudonym{9}, sealed); !errors.Is(err, audit.ErrUnknownKey) {
		t.Errorf("opened with no key: %v", err)
	}
	must(t, k.Close())
}

func sealerSubjects(t *testing.T, open func() ClosableSealer) {
	k := open()
	seen := map[audit.Pseudonym]comity.Subject{}
	for _, s := range []comity.Subject{
		{ID: "a"},
		{ID: "a", Home: "b"},
		{ID: "ab"},
		{ID: "b", Home: "a"},
		{ID: "ba"},
		{ID: "", Home: "a"},
	} {
		_, p := sealOne(t, k, s, "x")
		if s.ID == "" {
			if !p.IsZero() {
				t.Errorf("%+v has the pseudonym %v", s, p)
			}
			continue
		}
		if other, ok := seen[p]; ok {
			t.Errorf("%+v and %+v share a pseudonym", s, other)
		}
		seen[p] = s
	}
	if _, ok := k.Pseudonym(comity.Subject{ID: "never"}); ok {
		t.Error("looking a subject up made a key")
	}
	must(t, k.Close())
}

func sealerMarks(t *testing.T, open func() ClosableSealer) {
	k := open()
	if k.Mark("a", "bc") == k.Mark("ab", "c") || k.Mark("a", "b") == k.Mark("b", "b") {
		t.Error("two things have one mark")
	}
	if first, second := k.Mark("a", "b"), k.Mark("a", "b"); first != second {
		t.Error("one thing has two marks")
	}
	must(t, k.Close())
}

func sealerFresh(t *testing.T, open func() ClosableSealer) {
	k := open()
	for round := range 2 {
		_, _, fresh, err := k.Seal(nil, subject(1), nil)
		must(t, err)
		if !fresh {
			t.Errorf("use %d before the first Sync: said to be durable", round+1)
		}
	}
	must(t, k.Sync())
	for _, s := range []comity.Subject{{}, subject(1)} {
		if _, _, fresh, err := k.Seal(nil, s, nil); err != nil || fresh {
			t.Errorf("%v after Sync: fresh %v, %v", s, fresh, err)
		}
	}
	if _, _, fresh, err := k.Seal(nil, subject(2), nil); err != nil || !fresh {
		t.Errorf("a second subject: fresh %v, %v", fresh, err)
	}
	must(t, k.Close())
}

func sealerConcurrent(t *testing.T, open func() ClosableSealer) {
	k := open()
	type one struct {
		p      audit.Pseudonym
		sealed []byte
	}
	var all [8][300]one
	var writers sync.WaitGroup
	for w := range all {
		writers.Go(func() {
			for i := range all[w] {
				sealed, p, fresh, err := k.Seal(nil, subject(i), []byte("text"))
				if err == nil && fresh {
					err = k.Sync()
				}
				if err != nil {
					t.Error(err)
					return
				}
				all[w][i] = one{p, sealed}
				if w == 0 && i%50 == 49 {
					if _, err := k.Forget(t.Context(), subject(1000+i)); !errors.Is(err, audit.ErrUnknownKey) {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Wait()
	must(t, k.Close())
	k = open()
	for w := range all {
		for i := range all[w] {
			if all[w][i].p != all[0][i].p {
				t.Fatalf("subject %d has two pseudonyms", i)
			}
			opens(t, k, all[w][i].p, all[w][i].sealed, "text")
		}
	}
	must(t, k.Close())
}
