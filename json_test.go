// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// texts that need escaping somewhere, and some that do not.
func oddText(r *rand.Rand) string {
	texts := []string{"", "plain", "GDPR Art. 46(1)", `quote " and \ back`, "<b>&amp;</b>", "tab\tline\nfeed\r\b\f\x00\x1f\x7f", "Löschung 消去", "\u2028\u2029", "bad \xff\xc3 bytes", "\ufffd", "\U0001F600"}
	return texts[r.IntN(len(texts))]
}

// oddValue is a value as facts and parameters have it.
func oddValue(r *rand.Rand, depth int) any {
	switch r.IntN(10) {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return r.Int64() - r.Int64()
	case 3:
		return r.IntN(1000)
	case 4:
		return []string{oddText(r), oddText(r)}
	case 5:
		return []string(nil)
	case 6:
		return r.Float64()
	case 7:
		return time.Unix(r.Int64N(4e9), 0).UTC()
	case 8:
		if depth < 2 {
			return []any{oddValue(r, depth+1), map[string]any{oddText(r): oddValue(r, depth+1)}}
		}
	}
	return oddText(r)
}

// fill gives every field of a value something, or in one of odds cases nothing.
func fill(r *rand.Rand, v reflect.Value, odds int) {
	if odds > 0 && r.IntN(odds) == 0 {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		zones := []*time.Location{time.UTC, time.FixedZone("", 3600*r.IntN(12)), time.FixedZone("", -1800)}
		*x = time.Unix(r.Int64N(4e9), r.Int64N(2)*r.Int64N(1e9)).In(zones[r.IntN(len(zones))])
		return
	case *map[string]any:
		*x = map[string]any{}
		for range r.IntN(4) {
			(*x)[oddText(r)] = oddValue(r, 0)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(oddText(r))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64N(1000) - 10)
	case reflect.Interface:
		v.Set(reflect.ValueOf(oddText(r)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem(), odds)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		if odds == 0 && v.Len() == 0 {
			v.SetLen(1)
		}
		for i := range v.Len() {
			fill(r, v.Index(i), odds)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) + 1 {
			elem := reflect.New(v.Type().Elem()).Elem()
			fill(r, elem, odds)
			v.SetMapIndex(reflect.ValueOf(oddText(r)), elem)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i), odds)
		}
	}
}

// The appenders write what encoding/json writes, whatever a decision holds. With odds 0
// every field is there, so that a new one that the appenders lack is found.
func TestAppendJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 5000 {
		var d Decision
		fill(r, reflect.ValueOf(&d).Elem(), i%5)
		want, wantErr := json.Marshal(d)
		got, err := d.AppendJSON([]byte("before"))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, encoding/json says %v", err, wantErr)
		}
		if err == nil && string(got) != "before"+string(want) {
			t.Fatalf("got\n%s, want\n%s", got, want)
		}
	}
}

// What JSON cannot say is an error as it is for encoding/json.
func TestAppendJSONError(t *testing.T) {
	for _, d := range []Decision{
		{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Overridden: []Override{{Given: func() {}}}},
	} {
		if _, err := d.AppendJSON(nil); err == nil {
			t.Errorf("%+v is written", d)
		}
	}
}

// An answer into a buffer that is large enough takes no memory but for the writer.
func TestAppendJSONAllocations(t *testing.T) {
	d := Decision{
		Effect: Deny, At: time.Unix(0, 0).UTC(), Citations: []string{"GDPR Art. 9(1)"},
		Violations: []Violation{{Requirement: "R", Facts: map[string]any{"consent": "none", "member": true, "data_categories": []string{"a", "b"}}}},
	}
	buf := make([]byte, 0, 4096)
	n := testing.AllocsPerRun(50, func() {
		if _, err := d.AppendJSON(buf); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// Texts are read eight bytes at a time: every byte must be escaped wherever it stands.
func TestAppendJSONTexts(t *testing.T) {
	special := []string{"", "\"", "\\", "&", "<", ">", "\n", "\x00", "\x1f", "\x7f", "\x80", "\u2028", "é", "$", "#", "=", "?", "[", "]", "!"}
	for size := range 20 {
		for at := range size + 1 {
			for _, s := range special {
				text := strings.Repeat("x", at) + s + strings.Repeat("y", size-at)
				d := Decision{About: text, Conditions: []Condition{{Action: &Action{Params: map[string]any{
					"list": []any{text, true, nil, int64(at), []any{}, []any(nil), 1.5, map[string]any{text: text}}, "k": text,
				}}}}}
				got, err := d.AppendJSON(nil)
				want, err2 := json.Marshal(&d)
				if err != nil || err2 != nil || string(got) != string(want) {
					t.Fatalf("%q: got %s (%v), want %s (%v)", text, got, err, want, err2)
				}
			}
		}
	}
}

func TestAppendJSONManyMembers(t *testing.T) {
	for n := range 20 {
		m := map[string]any{}
		for i := range n {
			m[strconv.Itoa(i*7919%100)] = i
		}
		d := Decision{Conditions: []Condition{{Action: &Action{Params: m}}}}
		got, err := d.AppendJSON(nil)
		if want, _ := json.Marshal(&d); err != nil || string(got) != string(want) {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
	}
}
