// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// fill gives every field of a value something, or in one of odds cases nothing.
func fill(r *rand.Rand, v reflect.Value, odds int) {
	if odds > 0 && r.IntN(odds) == 0 {
		return
	}
	texts := []string{"plain", `quote " and \ back`, "<b>&amp;</b>", "tab\tline\nfeed\x00\x7f", "Löschung 消去 \u2028", "bad \xff bytes", "\U0001F600", ""}
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(r.Int64N(1000) - 10)
	case reflect.Interface:
		values := []any{"text", nil, true, int64(7), 0.25, []string{"b", "a"}, map[string]any{"b": 1, "a": "<"}, time.Unix(9, 5).UTC()}
		if x := values[r.IntN(len(values))]; x != nil {
			v.Set(reflect.ValueOf(x))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem(), odds)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 4))
		for i := range v.Len() {
			fill(r, v.Index(i), odds)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, name := range []string{"b", "a", "ä"} {
			elem := reflect.New(v.Type().Elem()).Elem()
			fill(r, elem, odds)
			v.SetMapIndex(reflect.ValueOf(name), elem)
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			*t = time.Unix(r.Int64N(4e9), r.Int64N(2)*r.Int64N(1e9)).In(time.FixedZone("", 3600*r.IntN(12)))
			return
		}
		for i := range v.NumField() {
			fill(r, v.Field(i), odds)
		}
	}
}

// TestCanonicalAnswer: the form written by hand is RFC 8785 of what encoding/json writes.
// With odds 0 every field is there, so that a new one is not forgotten.
func TestCanonicalAnswer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		var dec comity.Decision
		fill(r, reflect.ValueOf(&dec).Elem(), i%4)
		bare := dec
		bare.ID, bare.Record = "", nil
		want, err := canonical(bare)
		if err != nil {
			t.Fatal(err)
		}
		got, err := canonicalAnswer(&dec)
		if err != nil || string(got) != string(want) {
			t.Fatalf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}

// TestAnswerWithoutRegions: entries of earlier versions leave regions out where no place is
// excluded, and are still what is decided again.
func TestAnswerWithoutRegions(t *testing.T) {
	salt := []byte("salt")
	p := &decided{Salt: base64.RawURLEncoding.EncodeToString(salt)}
	text, err := canonical(&comity.Decision{Effect: comity.Allow})
	if err != nil {
		t.Fatal(err)
	}
	old := audit.Digest(sha256.Sum256(slices.Concat(salt, text)))
	for _, c := range []struct {
		regions map[string][]string
		want    bool
	}{{nil, true}, {map[string][]string{}, true}, {map[string][]string{"storage": {"DE"}}, false}} {
		if same, err := p.isAnswer(&comity.Decision{Effect: comity.Allow, Regions: c.regions}, old); err != nil || same != c.want {
			t.Errorf("%v: %v %v", c.regions, same, err)
		}
	}
}
