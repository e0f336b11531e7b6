// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// checkScan wants the quick reader to read what the careful one reads, or to leave it.
func checkScan(t testing.TB, text string) (quick bool) {
	t.Helper()
	got, quick := scanRequest([]byte(text))
	if !quick {
		return false
	}
	d := &requestDecoder{data: []byte(text), dec: jsontext.NewDecoder(bytes.NewReader([]byte(text)), jsontext.AllowDuplicateNames(true))}
	want, err := d.object(0)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s is read as %v, want %v, %v", text, got, want, err)
	}
	if _, err := d.dec.ReadToken(); err == nil {
		t.Errorf("%s: something follows", text)
	}
	return true
}

// Ordinary requests are read quickly; whatever is unusual or wrong is left to the reader
// that says what is wrong.
func TestScanRequest(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for text, quick := range map[string]bool{
		`{}`: true, " {\t\"a\" :\r\n[ ] } \n": true,
		`{"a":1,"b":-12,"c":0,"d":[true,false,null,"x"],"e":{"f":{}}}`: true,
		`{"a":"Löschung","b":9223372036854775807,"c":-0}`:              true,
		deep(maxDepth + 1): true, deep(maxDepth + 2): false,
		``: false, `{`: false, `{"a"}`: false, `{"a":}`: false, `{"a":1,}`: false, `{"a":1}{}`: false, `[]`: false,
		`{"a":1,"a":1}`: false, `{"a":1.5}`: false, `{"a":1e3}`: false, `{"a":01}`: false, `{"a":-}`: false,
		`{"a":9223372036854775808}`: false, `{"a":"\u0041"}`: false, "{\"a\":\"\xff\"}": false, "{\"a\":\"\n\"}": false,
		`{"a":tru}`: false, `{"a":truex}`: false, `{"a":"x}`: false, `{"a":[1,2}`: false, "{\"a\":1}\x00": false,
		`{"a":[` + strings.Repeat("1,", maxParts-1) + `1]}`: true, `{"a":[` + strings.Repeat("1,", maxParts) + `1]}`: false,
	} {
		if got := checkScan(t, text); got != quick {
			t.Errorf("%.80q: read quickly %v, want %v", text, got, quick)
		}
	}
}

// FuzzScan: on any bytes the two readers agree.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"operation":"process","a":[1,-2,"x"],"b":{"c":null}}`, `{"a":1,"a":2}`, `{"a":"\""}`, "{\"a\":\"\u2028\"}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { checkScan(t, text) })
}
