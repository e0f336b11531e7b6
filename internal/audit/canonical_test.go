// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/comity-project/comity"
)

// canonical is the form that the library makes of a value.
func canonical(t interface{ Fatal(...any) }, b []byte) []byte {
	v := jsontext.Value(bytes.Clone(b))
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return v
}

func anyValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 5
		if depth > 0 {
			kinds = 8
		}
		switch rapid.IntRange(0, kinds).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.String().Draw(t, "string")
		case 3:
			return rapid.IntRange(-1<<53, 1<<53).Draw(t, "int")
		case 4:
			return rapid.Float64().Filter(func(f float64) bool { return !math.IsInf(f, 0) }).Draw(t, "float")
		case 5:
			return rapid.SliceOf(rapid.String()).Draw(t, "strings")
		case 6:
			return rapid.SliceOfN(anyValue(depth-1), 0, 4).Draw(t, "list")
		default:
			return rapid.MapOfN(rapid.String(), anyValue(depth-1), 0, 6).Draw(t, "map")
		}
	})
}

// TestCanonicalAgrees holds our appender against the library's, on random values.
func TestCanonicalAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "value")
		got, err := AppendCanonical(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		marshalled, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if want := canonical(t, marshalled); !bytes.Equal(got, want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}

// TestCanonicalNumbers has the borders of RFC 8785's appendix B.
func TestCanonicalNumbers(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{0.0, "0"},
		{math.Copysign(0, -1), "0"},
		{5e-324, "5e-324"},
		{-5e-324, "-5e-324"},
		{math.MaxFloat64, "1.7976931348623157e+308"},
		{9007199254740992.0, "9007199254740992"},
		{295147905179352830000.0, "295147905179352830000"},
		{9.999999999999997e22, "9.999999999999997e+22"},
		{1e23, "1e+23"},
		{1e21, "1e+21"},
		{999999999999999900000.0, "999999999999999900000"},
		{0.000001, "0.000001"},
		{9.999999999999997e-7, "9.999999999999997e-7"},
		{1e-9, "1e-9"},
		{1e-10, "1e-10"},
		{333333333.33333329, "333333333.3333333"},
		{1 << 53, "9007199254740992"},
		{int64(math.MaxInt64), "9223372036854776000"},
		{uint64(math.MaxUint64), "18446744073709552000"},
		{-42, "-42"},
	} {
		got, err := AppendCanonical(nil, c.v)
		if err != nil || string(got) != c.want {
			t.Errorf("%v: got %s (%v), want %s", c.v, got, err, c.want)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	deep := any("x")
	for range 2 * maxDepth {
		deep = []any{deep}
	}
	for name, c := range map[string]struct {
		v    any
		want error
	}{
		"invalid UTF-8":           {"a\xff", errUTF8},
		"invalid UTF-8 in a name": {map[string]any{"\xff": 1}, errUTF8},
		"not a number":            {math.NaN(), errNumber},
		"infinite":                {[]any{math.Inf(1)}, errNumber},
		"too deep":                {deep, errDepth},
		"a name twice":            {Object{{"a", 1}, {"b", 2}, {"a", 3}}, nil},
		"a function":              {func() {}, nil},
	} {
		if _, err := AppendCanonical(nil, c.v); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCanonicalTypes(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 500, time.FixedZone("x", 3600))
	got, err := AppendCanonical(nil, Object{
		{"time", at},
		{"facts", comity.Facts{"b": []string{"x"}, "a": 1}},
		{"raw", Raw(`{"z":1}`)},
		{"effect", comity.Deny},
		{"ref", comity.PackRef{ID: "p", Version: "1"}},
		{"list", []Object{{{"k", true}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"effect":"deny","facts":{"a":1,"b":["x"]},"list":[{"k":true}],"raw":{"z":1},"ref":{"id":"p","version":"1"},"time":"2026-03-01T11:00:00.0000005Z"}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
}

// TestNameOrder: characters beyond the first 65,536 sort before U+E000, unlike in UTF-8.
func TestNameOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune{'a', 'b', 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff})), 2, 2).Draw(t, "names")
		want := slices.Compare(utf16.Encode([]rune(names[0])), utf16.Encode([]rune(names[1])))
		if got := compareUTF16(names[0], names[1]); (got < 0) != (want < 0) || (got > 0) != (want > 0) {
			t.Fatalf("%q: got %d, want %d", names, got, want)
		}
	})
}

// TestIsPlain holds the quick look at eight bytes against a look at each.
func TestIsPlain(t *testing.T) {
	for length := range 20 {
		for at := range max(length, 1) {
			for c := range 256 {
				b := bytes.Repeat([]byte("~"), length)
				want := true
				if length > 0 {
					b[at] = byte(c)
					want = c >= ' ' && c < 0x80 && c != '"' && c != '\\'
				}
				if got := isPlain(string(b)); got != want {
					t.Fatalf("%q: %v", b, got)
				}
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		want := !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < ' ' || c >= 0x80 || c == '"' || c == '\\' })
		if got := isPlain(s); got != want {
			t.Fatalf("%q: %v", s, got)
		}
	})
}
