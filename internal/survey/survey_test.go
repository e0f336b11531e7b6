// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/classify"
)

// store is a source in memory.
type store struct {
	tables []Table
	read   func(t Table, s *Sampler) error
}

func (*store) Name() string                                        { return "memory" }
func (m *store) Tables(context.Context) ([]Table, error)           { return m.tables, nil }
func (m *store) Read(_ context.Context, t Table, s *Sampler) error { return m.read(t, s) }
func column(name, typ string, values ...string) func(Table, *Sampler) error {
	return func(_ Table, s *Sampler) error {
		c := s.Column(name, typ)
		for _, v := range values {
			if err := s.Row(int64(len(v))); err != nil {
				return err
			}
			if err := s.Value(c, v); err != nil {
				return err
			}
		}
		return nil
	}
}

func options(t *testing.T) Options {
	t.Helper()
	c, err := classify.New(classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Options{Classifier: c, Limits: DefaultLimits}
}

func run1(t *testing.T, o Options, read func(Table, *Sampler) error) Report {
	t.Helper()
	var out Report
	o.Emit = func(r Report) error { out = r; return nil }
	if _, err := Run(t.Context(), &store{[]Table{{Name: "things"}}, read}, o); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFindings(t *testing.T) {
	o := options(t)
	for _, c := range []struct {
		what, name, typ string
		values          []string
		want            string
	}{
		{"by values", "x", "text", []string{"anna@example.org", "bert@example.org", "cleo@example.org"}, "user.contact.email"},
		{"by name", "email", "text", nil, "user.contact.email"},
		{"inside a text", "comment", "text", []string{"my card is 4111 1111 1111 1111, thanks", "nothing", "nothing", "nothing"}, "user.payment"},
		{"dates", "created", "text", []string{"2024-01-01", "2024-01-02", "2024-01-03"}, ""},
		{"numbers", "n", "bigint", []string{"4111111111111111", "1", "2"}, ""},
		{"titles", "title", "text", []string{"Anna Karenina", "Blue Chair", "Red Chair"}, ""},
	} {
		r := run1(t, o, column(c.name, c.typ, c.values...))
		got := ""
		if f := r.Columns[0].Findings; len(f) > 0 {
			got = f[0].Category
			if f[0].Confidence <= 0 || f[0].Confidence > maxConfidence || f[0].Why == "" || Level(f[0].Sensitivity) == 0 || f[0].DPV == "" {
				t.Errorf("%s: %+v", c.what, f[0])
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range c.values {
			if strings.ContainsAny(v, "@ ") && strings.Contains(string(text), v) {
				t.Errorf("%s: the value %q is in the report", c.what, v)
			}
		}
	}
}

func TestEvidence(t *testing.T) {
	o := options(t)
	for _, c := range []struct {
		name    string
		values  []string
		country string
		or      int
		most    float64
	}{
		{"phone", []string{"+44 20 7946 0958", "+44 20 7946 0959", "+44 20 7946 0960"}, "GB", 3, 0.4},
		{"phone", []string{"+1 415 555 2671", "+1 415 555 2672", "+1 415 555 2673"}, "US", 24, 0.4},
		{"iban", []string{"DE89370400440532013000", "DE89370400440532013000"}, "DE", 0, 0.4},
		{"country", []string{"FR", "FR", "fr"}, "FR", 0, 0.6},
		{"phone", []string{"+44 20 7946 0958", "12", "13"}, "", 0, 0}, // one value says nothing
	} {
		r := run1(t, o, func(tab Table, s *Sampler) error {
			if c.name == "country" {
				s.table = "customers"
			}
			return column(c.name, "text", c.values...)(tab, s)
		})
		if c.country == "" {
			if len(r.Jurisdictions) > 0 {
				t.Errorf("%v: %+v", c.values, r.Jurisdictions)
			}
			continue
		}
		if len(r.Jurisdictions) != 1 {
			t.Errorf("%v: %+v", c.values, r)
			continue
		}
		if e := r.Jurisdictions[0]; e.Country != c.country || len(e.Or) != c.or || e.Confidence > c.most || len(e.Why) == 0 {
			t.Errorf("%v: %+v", c.values, e)
		}
	}
}

func TestManyColumnsAndValues(t *testing.T) {
	o := options(t)
	r := run1(t, o, func(_ Table, s *Sampler) error {
		for i := range 10_000 {
			s.Column(fmt.Sprintf("f%d", i), "")
		}
		for i := range 200_000 {
			if err := s.Value(i%10_000, strings.Repeat("x", 2000)); err != nil {
				return err
			}
		}
		if s.kept > maxKeptBytes+shortValue*maxKept {
			t.Errorf("%d bytes are kept", s.kept)
		}
		for _, c := range s.columns {
			c.values = c.values[:1] // judging them all takes long and is not what this is about
		}
		return nil
	})
	if len(r.Columns) != 10_000 {
		t.Errorf("%d columns", len(r.Columns))
	}
}

func TestSampleIsFair(t *testing.T) {
	o := options(t)
	o.Limits.Values = 50
	late := 0
	run1(t, o, func(_ Table, s *Sampler) error {
		c := s.Column("n", "int")
		for i := range 10_000 {
			if err := s.Value(c, fmt.Sprint(i)); err != nil {
				return err
			}
		}
		for _, v := range s.columns[0].values {
			if len(v) == 4 && v >= "5000" {
				late++
			}
		}
		return nil
	})
	if late < 10 || late > 40 {
		t.Errorf("%d of 50 values are of the second half", late)
	}
}

func TestNamesThatAreValues(t *testing.T) {
	r := run1(t, options(t), func(_ Table, s *Sampler) error {
		s.Column("anna@example.org", "")
		s.Column("first name", "")
		s.Column("sales.example.org", "")
		return nil
	})
	if r.Columns[0].Name != "column_1" || r.Columns[1].Name != "first name" || r.Columns[2].Name != "sales.example.org" || len(r.Notes) != 1 {
		t.Errorf("%+v", r)
	}
}

// FuzzReport holds the judgement of names and values that nobody thought of to an answer
// that has no value in it.
func FuzzReport(f *testing.F) {
	f.Add("things", "..value", "text", "anna@example.org")
	f.Add("", "", "", "")
	f.Add("users", "password", "text", "!@#$%^&*()")
	f.Add("a.csv", "e.mail", "int", "4111 1111 1111 1111")
	c, err := classify.New(classify.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, table, name, typ, value string) {
		o := Options{Classifier: c, Limits: DefaultLimits}
		var got Report
		o.Emit = func(r Report) error { got = r; return nil }
		if _, err := Run(t.Context(), &store{[]Table{{Name: table}}, column(name, typ, value, value, value)}, o); err != nil {
			t.Fatal(err)
		}
		for _, v := range got.Columns[0].Samples {
			if v != form.Apply(cut(value)) || v != "" && v == value && !strings.ContainsAny(v, "Xx9*") {
				t.Errorf("the sample of %q is %q", value, v)
			}
		}
	})
}

func TestRate(t *testing.T) {
	o := options(t)
	o.Limits.Rate = 10_000
	start := time.Now()
	run1(t, o, column("a", "", strings.Repeat("x", 1000), strings.Repeat("y", 1000)))
	if took := time.Since(start); took < 150*time.Millisecond {
		t.Errorf("2,000 bytes took %s at 10,000 a second", took)
	}
}

func TestFailures(t *testing.T) {
	o := options(t)
	var got []Report
	o.Emit = func(r Report) error { got = append(got, r); return nil }
	src := &store{[]Table{{Name: "a"}, {Name: "b", Skip: "why"}, {Name: "c"}, {Name: "d"}}, func(t Table, s *Sampler) error {
		switch t.Name {
		case "a":
			return errors.New("no permission")
		case "c":
			return fmt.Errorf("%w: reset", ErrGone)
		}
		return nil
	}}
	sum, err := Run(t.Context(), src, o)
	if !errors.Is(err, ErrGone) || comity.CodeOf(err) != comity.CodeUnavailable || sum.Complete || sum.Failed != 1 || sum.Skipped != 1 || len(got) != 2 || sum.Tables != 4 {
		t.Errorf("%+v, %v, %v", sum, err, got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, src, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestFilesAndState(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("people.csv", "id,email\n1,anna@example.org\n")
	write("notes.txt", "not data")
	write("bad.parquet", "PAR1....PAR1")
	o := options(t)
	o.State, o.Program = NewState(), "1"
	status := func() map[string]string {
		t.Helper()
		out := map[string]string{}
		o.Emit = func(r Report) error { out[filepath.Base(r.Table)] = r.Status; return nil }
		if _, err := Run(t.Context(), NewFiles(dir), o); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := o.State.Write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "anna") {
			t.Error("the state holds a value")
		}
		var err error
		if o.State, err = ReadState(&b); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := status(); got["people.csv"] != Scanned || got["bad.parquet"] != Failed || len(got) != 2 {
		t.Errorf("first: %v", got)
	}
	if got := status(); got["people.csv"] != Unchanged {
		t.Errorf("again: %v", got)
	}
	write("people.csv", "id,email\n1,bert@example.org\n")
	if got := status(); got["people.csv"] != Scanned {
		t.Errorf("changed: %v", got)
	}
	o.Program = "2"
	if got := status(); got["people.csv"] != Scanned {
		t.Errorf("other detectors: %v", got)
	}
	if err := o.State.Check("file:/elsewhere"); comity.CodeOf(err) != comity.CodeConflict {
		t.Errorf("another source: %v", err)
	}
	for _, text := range []string{"", "{", "{}", `{"format":2,"tables":{}}`} {
		if _, err := ReadState(strings.NewReader(text)); comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := NewFiles(filepath.Join(dir, "none")).Tables(t.Context()); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("no file: %v", err)
	}
}
