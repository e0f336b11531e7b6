// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
)

// record keeps what is read, by column.
type record struct {
	names  []string
	types  []string
	values map[string][]string
	bytes  int64
	fail   error
}

func (r *record) Column(name, typ string) int {
	r.names, r.types = append(r.names, name), append(r.types, typ)
	return len(r.names) - 1
}

func (r *record) Value(column int, value string) error {
	if r.values == nil {
		r.values = map[string][]string{}
	}
	if r.fail != nil {
		return r.fail
	}
	name := r.names[column]
	if len(r.values[name]) < 100 {
		r.values[name] = append(r.values[name], value)
	}
	return nil
}

func (r *record) Read(n int64) error    { r.bytes += n; return nil }
func (*record) IsData(cell string) bool { return strings.Contains(cell, "@") }

func read(t *testing.T, name, text string, limits Limits) (*record, Result) {
	t.Helper()
	r := &record{}
	out, err := Read(strings.NewReader(text), int64(len(text)), name, limits, r)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r, out
}

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		what, name, text string
		limits           Limits
		names            []string
		values           map[string][]string
		rows             int64
		notes            string
	}{
		{"csv", "a.csv", "id,name\n1,Anna\n2,\"Berg, \"\"B\"\"\n\"\n\n3,\n", Limits{}, []string{"id", "name"}, map[string][]string{"id": {"1", "2", "3"}, "name": {"Anna", "Berg, \"B\"\n"}}, 3, ""},
		{"semicolons and a mark", "a.csv", "\ufeffid;name\r\n1;Anna\r\n", Limits{}, []string{"id", "name"}, map[string][]string{"id": {"1"}, "name": {"Anna"}}, 1, ""},
		{"no header: a number", "a.csv", "1,Anna\n2,Bert\n", Limits{}, []string{"column_1", "column_2"}, map[string][]string{"column_1": {"1", "2"}, "column_2": {"Anna", "Bert"}}, 2, "first line holds values"},
		{"no header: a value", "a.csv", "a@example.org,x\n", Limits{}, []string{"column_1", "column_2"}, map[string][]string{"column_1": {"a@example.org"}, "column_2": {"x"}}, 1, "first line holds values"},
		{"gzip", "a.csv.gz", packed("id,name\n1,Anna\n"), Limits{}, []string{"id", "name"}, map[string][]string{"id": {"1"}, "name": {"Anna"}}, 1, ""},
		{"rows", "a.csv", "id\n1\n2\n3\n", Limits{Rows: 2}, []string{"id"}, map[string][]string{"id": {"1", "2"}}, 2, "not the whole file"},
		{"columns", "a.csv", "a,b,c\n1,2,3\n", Limits{Columns: 2}, []string{"a", "b"}, map[string][]string{"a": {"1"}, "b": {"2"}}, 1, "more than 2 columns"},
		{"long value", "a.csv", "a,b\nxxxxxxxxxx,ééééé\n", Limits{Value: 5}, []string{"a", "b"}, map[string][]string{"a": {"xxxxx"}, "b": {"éé"}}, 1, ""},
		{"invalid UTF-8", "a.csv", "a\nM\xfcller\n", Limits{}, []string{"a"}, map[string][]string{"a": {"M\ufffdller"}}, 1, "invalid UTF-8 in 1 values"},
		{"more values", "a.csv", "a\n1,2\n", Limits{}, []string{"a"}, map[string][]string{"a": {"1"}}, 1, "more values than the first"},
		{"quote left open", "a.csv", "a,b\n\"1,2\n", Limits{}, []string{"a", "b"}, map[string][]string{"a": {"1,2\n"}}, 1, ""},
		{"JSON lines", "a.jsonl", `{"id":1,"who":{"name":"Anna","tags":["x","y"]},"ok":true,"no":null}` + "\n{\"id\":2}\n", Limits{}, []string{"id", "who.name", "who.tags", "ok"}, map[string][]string{"id": {"1", "2"}, "who.name": {"Anna"}, "who.tags": {"x", "y"}, "ok": {"true"}}, 2, ""},
		{"keys that are data", "a.jsonl", `{"by":{"a@example.org":1,"b@example.org":2,"123":{"x":3}}}`, Limits{}, []string{"by.*", "by.*.x"}, map[string][]string{"by.*": {"1", "2"}, "by.*.x": {"3"}}, 1, ""},
		{"bad lines", "a.jsonl", "{\"a\":\"x\"}\n{\"a\":\nzzz\n{\"a\":\"y\"}", Limits{}, []string{"a"}, map[string][]string{"a": {"x", "y"}}, 2, "2 lines are no valid JSON"},
		{"long line", "a.jsonl", "{\"a\":\"" + strings.Repeat("x", 200) + "\"}\n{\"a\":\"y\"}\n", Limits{Line: 100}, []string{"a"}, map[string][]string{"a": {"y"}}, 1, "1 lines have more than 100 bytes"},
		{"deep", "a.jsonl", strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), Limits{}, []string{strings.TrimSuffix(strings.Repeat("a.", 33), ".")}, nil, 1, ""},
		{"empty", "a.csv", "", Limits{}, nil, nil, 0, "empty"},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, out := read(t, c.name, c.text, c.limits)
			if c.what == "deep" {
				if len(got.names) != 1 || strings.Count(got.names[0], ".") > maxDepth+1 {
					t.Errorf("columns %v", got.names)
				}
				return
			}
			if d := cmp.Diff(c.names, got.names); d != "" {
				t.Errorf("columns (-want +got)\n%s", d)
			}
			if d := cmp.Diff(c.values, got.values); d != "" {
				t.Errorf("values (-want +got)\n%s", d)
			}
			if notes := strings.Join(out.Notes, "; "); out.Rows != c.rows || !strings.Contains(notes, c.notes) || c.notes == "" && (notes != "" || !out.Complete) {
				t.Errorf("%+v", out)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	for what, c := range map[string]struct{ name, text, want string }{
		"binary":          {"a.csv", "\x7fELF\x02\x01\x01\x00\x00", "binary"},
		"control":         {"a.csv", strings.Repeat("\x01\x02\x03abc", 100), "binary"},
		"UTF-16":          {"a.csv", "\xff\xfei\x00d\x00", "UTF-16"},
		"array":           {"a.json", `[{"a":1}]`, "one object a line"},
		"no JSON":         {"a.jsonl", "hello\nworld\n", "no line is valid JSON"},
		"damaged gzip":    {"a.csv.gz", packed("id\n1\n2\n3\n")[:20], "gzip"},
		"Parquet, cut":    {"a.parquet", "PAR1\x00\x00PAR1"[:8], "footer"},
		"Parquet, empty":  {"a.parquet", "PAR1\x00\x00\x00\x00PAR1", "footer"},
		"Parquet, list":   {"a.parquet", "PAR1\x15\x02\x19\xfc\xff\xff\xff\xff\x07\x00\x09\x00\x00\x00PAR1", "footer"},
		"Parquet, length": {"a.parquet", "PAR1\xff\xff\xff\x7fPAR1", "footer"},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.text), int64(len(c.text)), c.name, Limits{}, &record{})
			if comity.CodeOf(err) != comity.CodeInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// endless is a file of one byte, repeated.
type endless struct {
	head string
	fill byte
}

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		if p[i] = e.fill; off+int64(i) < int64(len(e.head)) {
			p[i] = e.head[off+int64(i)]
		}
	}
	return len(p), nil
}

// TestGigabyteLine holds the memory and the bytes read to the limits.
func TestGigabyteLine(t *testing.T) {
	for name, head := range map[string]string{"a.csv": "a,b\n1,", "a.jsonl": `{"a":"`, "b.csv": "a\n\""} {
		r := &record{}
		before := allocated()
		out, err := Read(endless{head, 'x'}, 1<<30, name, Limits{Bytes: 8 << 20}, r)
		if err != nil || out.Complete || out.Bytes > 8<<20 || len(out.Notes) == 0 {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		if grown := allocated() - before; grown > 16<<20 {
			t.Errorf("%s: allocated %d bytes", name, grown)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestTenThousandColumns(t *testing.T) {
	var names, values []string
	for i := range 10_000 {
		names, values = append(names, fmt.Sprintf("field%dx", i)), append(values, fmt.Sprint(i))
	}
	got, out := read(t, "a.csv", strings.Join(names, ",")+"\n"+strings.Join(values, ",")+"\n", Limits{})
	if len(got.names) != 10_000 || got.values["field9999x"][0] != "9999" || !out.Complete {
		t.Errorf("%d columns, %+v", len(got.names), out)
	}
}

func TestSinkStops(t *testing.T) {
	stop := errors.New("stop")
	for name, text := range map[string]string{"a.csv": "a\nx\ny\n", "a.jsonl": `{"a":1}`} {
		if _, err := Read(strings.NewReader(text), int64(len(text)), name, Limits{}, &record{fail: stop}); !errors.Is(err, stop) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,\"2\"\n"), "a.csv")
	f.Add([]byte(`{"a":{"b":[1,"x"]}}`), "a.jsonl")
	f.Add(people(f, "snappy"), "a.parquet")
	f.Add(people(f, "zstd"), "a.parquet")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		before := allocated()
		out, err := Read(bytes.NewReader(data), int64(len(data)), name, Limits{Page: 1 << 20, Bytes: 1 << 20}, &record{})
		if err == nil && out.Format == "" && len(data) > 0 {
			t.Error("no form, no error")
		}
		if grown := allocated() - before; grown > 512<<20 {
			t.Errorf("allocated %d bytes for %d", grown, len(data))
		}
	})
}
