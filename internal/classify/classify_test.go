// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// full is a Classifier with names, made once for all tests.
var full = sync.OnceValues(func() (*Classifier, error) { return New(Options{}) })

func classifier(t testing.TB) *Classifier {
	c, err := full()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// found is what Text finds, as "LABEL text".
func found(c *Classifier, text string) []string {
	runes := []rune(text)
	out := []string{}
	for _, s := range c.Text(text) {
		out = append(out, s.Label+" "+string(runes[s.Start:s.End]))
	}
	return out
}

func TestText(t *testing.T) {
	c := classifier(t)
	for text, want := range map[string][]string{
		"":                                    {},
		"Nothing to see here":                 {},
		"mail bob.smith+x@sub.example.co.uk.": {"EMAIL_ADDRESS bob.smith+x@sub.example.co.uk"},
		"see https://example.org/a?b=c, or www.iana.org":   {"URL https://example.org/a?b=c", "DOMAIN_NAME www.iana.org"},
		"edit main.go and README.md, then run x.sh":        {},
		"end of line.Next sentence":                        {},
		"from 10.1.2.3 to 2001:db8::1/64":                  {"IP_ADDRESS 10.1.2.3", "IP_ADDRESS 2001:db8::1/64"},
		"std::vector at 10:30:45, ratio 1:2":               {},
		"version 1.2.3.4 of it":                            {},
		"eth0 00:1A:2B:3C:4D:5E up":                        {"MAC_ADDRESS 00:1A:2B:3C:4D:5E"},
		"card 4111-1111-1111-1111 and 4111-1111-1111-1112": {"CREDIT_CARD 4111-1111-1111-1111"},
		"IBAN DE89 3704 0044 0532 0130 00 please":          {"IBAN_CODE DE89 3704 0044 0532 0130 00"},
		"IBAN DE88 3704 0044 0532 0130 00 please":          {},
		"her SSN: 536-90-4399":                             {"US_SSN 536-90-4399"},
		"order 536904399 shipped":                          {},
		"SSN 123-45-6789":                                  {"US_SSN 123-45-6789"},
		"lot 123-45-6789":                                  {},
		"ssn XXX-XX-4399 on file":                          {"US_SSN XXX-XX-4399"},
		"paid with 4111********1111":                       {"CREDIT_CARD 4111********1111"},
		"shown as **** **** **** 1111, serial 12xxxx3456":  {},
		"write to anna@mail.example or o'neil@corp.lan":    {"EMAIL_ADDRESS anna@mail.example", "EMAIL_ADDRESS o'neil@corp.lan"},
		"anna@nosuchsuffix and git@github.com:a/b.git":     {},
		"邮箱anna@example.org。用户@例子.中国":                      {"EMAIL_ADDRESS anna@example.org", "EMAIL_ADDRESS 用户@例子.中国"},
		"我的手机号是13812345678，谢谢":                             {"PHONE_NUMBER 13812345678"},
		"Телефон: 8 912 345-67-89":                         {"PHONE_NUMBER 8 912 345-67-89"},
		"order 13812345678":                                {},
		"fax,833.719.3994x1887":                            {"PHONE_NUMBER 833.719.3994x1887"},
		"IBANDE89370400440532013000":                       {"IBAN_CODE DE89370400440532013000"},
		"he was hired by Quertle, a bank":                  {"ORGANIZATION Quertle"},
		"Country: Chad":                                    {"LOCATION Chad"},
		"call +44 (0)20 7946 0958 x12":                     {"PHONE_NUMBER +44 (0)20 7946 0958 x12"},
		"born on 12.03.1984":                               {"DATE_TIME 12.03.1984"},
		"key AKIAIOSFODNN7EXAMPLE":                         {"SECRET AKIAIOSFODNN7EXAMPLE"},
		"password is hunter2!X":                            {"PASSWORD hunter2!X"},
		"My name is Anna Schmidt":                          {"PERSON Anna Schmidt"},
		"Mr. Okafor lives in Nairobi":                      {"TITLE Mr.", "PERSON Okafor", "LOCATION Nairobi"},
		"L898902C36UTO7408122F1204159ZE184226B<<<<<10":     {"PASSPORT L898902C36UTO7408122F1204159ZE184226B<<<<<10"},
		"L898902C46UTO7408122F1204159ZE184226B<<<<<10":     {},
		"She works at Siemens AG":                          {"ORGANIZATION Siemens AG"},
		"send it to 217 Lovers Lane, please":               {"STREET_ADDRESS 217 Lovers Lane"},
		"wohnt in der Bahnhofstraße 12a":                   {"STREET_ADDRESS Bahnhofstraße 12a"},
	} {
		if diff := cmp.Diff(want, found(c, text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// Characters that look alike or show nothing do not hide a finding, and offsets are those
// of the text as it is.
func TestTextInDisguise(t *testing.T) {
	c := classifier(t)
	for text, want := range map[string]string{
		"４１１１１１１１１１１１１１１１":                     "CREDIT_CARD",
		"4111\u00a01111\u00a01111\u00a01111":   "CREDIT_CARD",
		"41\u200b11 1111 1111 1111":            "CREDIT_CARD",
		"\u202e4111 1111 1111 1111\u202c":      "CREDIT_CARD",
		"é 4111\u20131111\u20131111\u20131111": "CREDIT_CARD",
		"\xff\xfe 4111 1111 1111 1111":         "CREDIT_CARD",
		"a@example.org\x00":                    "EMAIL_ADDRESS",
	} {
		spans := c.Text(text)
		if len(spans) != 1 || spans[0].Label != want {
			t.Errorf("%q: %v", text, spans)
			continue
		}
		if s := spans[0]; s.End > utf8.RuneCountInString(text) {
			t.Errorf("%q: %d is beyond the text", text, s.End)
		}
	}
}

// The time for a text grows with its length and no faster, whatever it is made of.
func TestTextIsLinear(t *testing.T) {
	c := classifier(t)
	for _, part := range []string{"1", "1-", "a.", "a@", "::", "+1 ", "(1", "A b ", "Anna, ", "12 Main Street, ", "1 2 ", "x", "AB12 ", "https://", "\u200b", "é", "@", "password ", "St. ", "San ", "a用.", "用a@", "*1111 ", "**************1111", "o'a@", "1.用a.", "https://a用", "Apt. 1\n", "X is a "} {
		start := time.Now()
		c.Text(strings.Repeat(part, (MaxLine/4)/len(part)))
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("a quarter of a megabyte of %q takes %v", part, d)
		} else if d > time.Second {
			t.Logf("%q takes %v", part, d)
		}
	}
	if spans := c.Text(strings.Repeat("x", MaxLine) + " a@example.org"); len(spans) != 0 {
		t.Errorf("looked beyond MaxLine: %v", spans)
	}
}

// One Classifier serves many goroutines.
func TestTextConcurrently(t *testing.T) {
	c := classifier(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 50 {
				text := fmt.Sprintf("user%d@example.org and Anna Schmidt", i*k)
				if got := found(c, text); len(got) != 2 {
					t.Errorf("%q: %v", text, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestValue(t *testing.T) {
	c := classifier(t)
	for _, v := range []struct {
		value, typ, country string
		valid               bool
	}{
		{"anna@example.org", "EMAIL_ADDRESS", "", true},
		{"anna@example", "EMAIL_ADDRESS", "", false},
		{"2001:db8::1", "IP_ADDRESS", "6", true},
		{"2001:db8::1", "IP_ADDRESS", "4", false},
		{"01-02-03-04-05-ab", "MAC_ADDRESS", "", true},
		{"01-02:03-04-05-ab", "MAC_ADDRESS", "", false},
		{"+4930901820", "PHONE_NUMBER", "DE", true},
		{"+493", "PHONE_NUMBER", "DE", false},
		{"378282246310005", "CREDIT_CARD", "AmEx", true},
		{"378282246310005", "CREDIT_CARD", "Visa", false},
		{"44051401359", "NATIONAL_ID", "PL", true},
		{"\xff", "EMAIL_ADDRESS", "", false},
	} {
		if got := c.Value(v.value, ValueType{v.typ, v.country}); got.Valid != v.valid || !got.Known {
			t.Errorf("%.20q as %s %s: %+v", v.value, v.typ, v.country, got)
		}
	}
	if got := c.Value("DE89370400440532013000", ValueType{}); got.Type != "IBAN_CODE" || got.Country != "DE" {
		t.Errorf("without a type: %+v", got)
	}
}

func TestColumn(t *testing.T) {
	c := classifier(t)
	for _, v := range []struct {
		table, column, typ string
		samples            []string
		want               string
	}{
		{"shop.customer", "emailAddress", "varchar", nil, "user.contact.email"},
		{"shop.customer", "email_verified", "boolean", nil, None},
		{"users", "name", "text", nil, "user.name"},
		{"film", "name", "text", nil, None},
		{"orders", "shipping_address.zip", "text", nil, "user.contact.address.postal_code"},
		{"person", "dob", "date", nil, "user.demographic.date_of_birth"},
		{"t", "x", "text", []string{"4111111111111111", "5500005555555559", "340000000000009"}, "user.payment"},
		{"t", "x", "text", []string{"a", "b", "c"}, None},
		{"", "", "", nil, None},
		{"...", "...", "", nil, None},
	} {
		if got := c.Column(Column{v.table, v.column, v.typ, v.samples}); got.Category != v.want {
			t.Errorf("%s.%s: %+v, want %s", v.table, v.column, got, v.want)
		}
	}
}

// Characters that show nothing around a finding are not a part of it.
func TestSpansEndWithTheFinding(t *testing.T) {
	for text, want := range map[string][2]int{
		"\u202eanna@example.com\u202c x":        {1, 17},
		"anna@example.com\u200b\u200b":          {0, 16},
		"x\u00a0４１１１　１１１１　１１１１　１１１１\u200b card": {2, 21},
		"anna\u200b@example.com":                {0, 17},
		"+49\u00a030\u00a0901820\u2060, call":   {0, 13},
	} {
		got := classifier(t).Text(text)
		if len(got) != 1 || got[0].Start != want[0] || got[0].End != want[1] {
			t.Errorf("%q: %+v, want %v", text, got, want)
		}
	}
}

// A country has a confidence of its own, which never makes it a fact, and company numbers
// point nowhere.
func TestCountriesAreEvidence(t *testing.T) {
	c, err := New(Options{WithoutNames: true, Detectors: []byte("- {label: MY_BADGE, kind: id, formats: ['@-####']}")})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Span{
		"+1 202 456 1111":                  {Country: "US", CountryConfidence: 0.4, Or: SharedCode("US")},
		"+49 30 901820":                    {Country: "DE", CountryConfidence: 0.4},
		"IBAN GB82 WEST 1234 5698 7654 32": {Country: "GB", CountryConfidence: 0.4},
		"PESEL 44051401359":                {Country: "PL", CountryConfidence: 0.6},
		"The postcode is SW1A 1AA.":        {Country: "GB", CountryConfidence: 0.45},
		"badge B-1234":                     {},
	} {
		got := c.Text(text)
		if len(got) != 1 || got[0].Country != want.Country || got[0].CountryConfidence != want.CountryConfidence || !slices.Equal(got[0].Or, want.Or) {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if n := len(SharedCode("CA")); n != 24 || slices.Contains(SharedCode("CA"), "CA") {
		t.Errorf("%d countries share +1 with Canada", n)
	}
}

// Whatever the text is, findings lie within it, in order and apart.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"Anna Schmidt, +49 30 901820, anna@example.org", "4111 1111 1111 1111", "a@b.co::1 1.2.3.4/5", "\xff\u200b１", "DE89 3704 0044 0532 0130 00",
		"> Ann\n> Acme Inc\n> 12 Main Street\n> Springfield 12345", "password: x1Y2!z", "29 March 2017, May-2021", "the corner of A 1 and B 2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := classifier(t)
		at, n := 0, utf8.RuneCountInString(text)
		for _, s := range c.Text(text) {
			if s.Start < at || s.End <= s.Start || s.End > n || s.Score < 0.5 || s.Score > 1 || s.Category == "" {
				t.Fatalf("%q: %+v behind %d of %d", text, s, at, n)
			}
			at = s.End
		}
	})
}

func FuzzValue(f *testing.F) {
	f.Add("131052-308T", "stdnum:fi.hetu", "fi")
	f.Add("A494866[4]", "NATIONAL_ID", "zh-HK")
	f.Add("http://user:pw@[::1]:80/x", "URL", "")
	f.Fuzz(func(t *testing.T, value, typ, country string) {
		c := classifier(t)
		c.Value(value, ValueType{typ, country})
		for _, d := range c.detectors {
			d.accepts(value)
			d.acceptsCompact(squeeze(value))
		}
		c.Column(Column{Table: country, Column: typ, Type: typ, Samples: []string{value, value, value}})
	})
}
