// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package mask

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/comity-project/comity"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

func apply(t *testing.T, r Rule, value string) string {
	t.Helper()
	r.Key = testKey
	m, err := New(r)
	if err != nil {
		t.Fatal(err)
	}
	return m.Apply(value)
}

func TestViews(t *testing.T) {
	for _, c := range []struct {
		how         How
		value       string
		short, kept string
	}{
		{Redact, "Anna Berg", "******", "*********"},
		{Redact, "", "", ""},
		{Redact, "東京", "******", "**"},
		{Form, "Anna.Berg@example.org", "Xx.Xx@x.x", "Xxxx.Xxxx@xxxxxxx.xxx"},
		{Form, "+44 20 7946\u202e", "+9 9 9*", "+99 99 9999*"},
		{Form, "!@#$%^&*()", "******", "**********"},
		{Form, "Ωß!", "Xx!", "Xx!"},
		{Partial, "4111 1111 1111 1234", "******1234", "***************1234"},
		{Partial, "4111111111-1-2-3-4", "******2*3*4", "*************2*3*4"},
		{Partial, "Anna", "******a", "***a"},
		{Partial, "Ann", "******", "***"},
		{Year, "1984-02-29", "1984", "1984-**-**"},
		{Year, "29.02.1984", "1984", "**.**.1984"},
		{Year, "1984-02-29T10:11:12Z", "1984", "1984-**-*****:**:***"},
		{Year, "1984", "******", "****"},
		{Year, "tomorrow", "******", "********"},
		{Region, "DE", "Europe", "Eu"},
		{Region, "jp", "Asia", "As"},
		{Region, "US-CA", "Americas", "Ameri"},
		{Region, "Springfield", "******", "***********"},
	} {
		if got := apply(t, Rule{How: c.how}, c.value); got != c.short {
			t.Errorf("%s of %q is %q, want %q", c.how, c.value, got, c.short)
		}
		if got := apply(t, Rule{How: c.how, KeepLength: true}, c.value); got != c.kept {
			t.Errorf("%s of %q with its length is %q, want %q", c.how, c.value, got, c.kept)
		}
	}
}

func TestTokens(t *testing.T) {
	long := Rule{How: Tokenise}
	a, b := apply(t, long, "anna@example.org"), apply(t, long, "anna@example.com")
	if a == b || len(a) != tokenLength || a != apply(t, long, "anna@example.org") {
		t.Errorf("tokens %q and %q", a, b)
	}
	m, err := New(Rule{How: Tokenise, Key: []byte("another key of sufficient length")})
	if err != nil {
		t.Fatal(err)
	}
	if m.Apply("anna@example.org") == a {
		t.Error("another key gives the same token")
	}
	kept := Rule{How: Tokenise, KeepLength: true}
	for _, v := range []string{"a", "Zoë", strings.Repeat("anna", 100)} {
		if got := apply(t, kept, v); utf8.RuneCountInString(got) != utf8.RuneCountInString(v) || got == v {
			t.Errorf("the token of %q is %q", v, got)
		}
	}
}

func TestRules(t *testing.T) {
	for _, r := range []Rule{{}, {How: "blur"}, {How: Partial, Show: 9}, {How: Partial, Show: -1}, {How: Tokenise}, {How: Tokenise, Key: testKey[:15]}} {
		if _, err := New(r); comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestEveryCountryHasOneRegion(t *testing.T) {
	n := 0
	for _, codes := range regions {
		n += len(strings.Fields(codes))
	}
	if n != len(regionOf) || n < 245 {
		t.Errorf("%d codes, %d countries", n, len(regionOf))
	}
}

// FuzzNoInputSurvives holds every view to its promise: see surviving.
func FuzzNoInputSurvives(f *testing.F) {
	for _, s := range []string{"", "a", "1984-02-29", "DE", "Anna Berg", "4111111111111111", "\xff\xfe", "\u202eanna", "****", "Europe", "1234567890123456789", "!@#$%^"} {
		f.Add(s, true, 4)
		f.Add(s, false, 8)
	}
	f.Fuzz(func(t *testing.T, value string, keep bool, show int) {
		show = max(1, min(show, MaxShown))
		for _, how := range Hows {
			view := apply(t, Rule{How: how, KeepLength: keep, Show: show}, value)
			if why := surviving(how, value, view, show); why != "" {
				t.Errorf("%s of %q is %q: %s", how, value, view, why)
			}
			if want := min(utf8.RuneCountInString(value), MaxLength); keep && utf8.RuneCountInString(view) != want {
				t.Errorf("%s of %q has not its length: %q", how, value, view)
			}
		}
	})
}

// surviving says what of a value a view shows that it must not.
func surviving(how How, value, view string, show int) string {
	if !utf8.ValidString(view) || strings.ContainsFunc(view, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return "characters that steer the display"
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, view)
	switch how {
	case Redact:
		if letters != "" {
			return "letters"
		}
	case Form:
		if strings.Trim(letters, "Xx9") != "" {
			return "letters that say more than their class"
		}
		if letters == "" && strings.Trim(view, star) != "" {
			return "the marks of a value that has nothing else"
		}
	case Partial:
		if n := utf8.RuneCountInString(letters); n > show || 4*n > utf8.RuneCountInString(value) {
			return "more than it may"
		}
	case Tokenise:
		if value != "" && strings.Contains(view, value) {
			return "the value"
		}
	case Year:
		if letters != "" && (len(letters) != 4 || letters == value) {
			return "more than a year"
		}
	case Region:
		if letters != "" && strings.EqualFold(view, value) {
			return "the place"
		}
	}
	return ""
}
