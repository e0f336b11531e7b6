// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package mask makes the views of a value that may be shown where the value may not:
// redacted, partly hidden, replaced by a token, or made coarser. It is pure: the same
// value, rule and key give the same view.
//
// What every view promises, and the fuzz target holds: no value survives. A view never
// shows more of a value than its rule says, control and bidirectional characters never
// pass, and what a rule cannot make coarser is hidden entirely rather than shown.
package mask

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/comity-project/comity"
)

// How names what a mask does.
type How string

// The views there are.
const (
	// Redact hides all: "*****".
	Redact How = "redact"
	// Form hides all but which characters are letters, digits and marks: "xxxx@xxxx.xx".
	Form How = "form"
	// Partial shows the last few letters and digits: "*****1234".
	Partial How = "partial"
	// Tokenise gives equal values equal tokens under one key.
	Tokenise How = "tokenise"
	// Year makes a date its year.
	Year How = "year"
	// Region makes a country its region of the world.
	Region How = "region"
)

// Hows lists the views, in the order in which they are explained.
var Hows = []How{Redact, Form, Partial, Tokenise, Year, Region}

// Limits of a rule.
const (
	// MinKey is the least length of a key for tokens.
	MinKey = 16
	// MaxShown is the most characters that a partial view shows.
	MaxShown = 8
	// MaxLength is the longest view; a longer value's view ends there.
	MaxLength = 64 << 10

	defaultShown = 4
	hiddenLength = 6 // of a view that does not keep the length
)

const star = "*"

// Rule says how values are masked.
type Rule struct {
	How How
	// KeepLength gives the view as many code points as the value. Without it, the view does
	// not tell the length; with it, short values can be guessed.
	KeepLength bool
	// Show is how many characters a partial view shows: 4 if zero. It never shows more
	// than a quarter of the value.
	Show int
	// Key makes tokens; who has it can test whether a token belongs to a value.
	Key []byte
}

// Mask applies a rule. It does not change; any number of goroutines may use it.
type Mask struct{ rule Rule }

// New checks a rule.
func New(r Rule) (*Mask, error) {
	invalid := func(remedy, format string, args ...any) error {
		return &comity.Error{Code: comity.CodeInvalid, Op: "mask", Err: fmt.Errorf(format, args...), Remedy: remedy}
	}
	switch {
	case !slices.Contains(Hows, r.How):
		return nil, invalid(fmt.Sprintf("use one of %v", Hows), "unknown view %q", r.How)
	case r.Show < 0 || r.Show > MaxShown:
		return nil, invalid(fmt.Sprintf("use 1 to %d", MaxShown), "a partial view of %d characters", r.Show)
	case r.How == Tokenise && len(r.Key) < MinKey:
		return nil, invalid(fmt.Sprintf("use at least %d random bytes", MinKey), "a key of %d bytes", len(r.Key))
	}
	if r.Show == 0 {
		r.Show = defaultShown
	}
	r.Key = slices.Clone(r.Key)
	return &Mask{r}, nil
}

// Apply gives the view of a value. The view of the empty value is empty.
func (m *Mask) Apply(value string) string {
	if value == "" {
		return ""
	}
	switch m.rule.How {
	case Form:
		return m.form(value)
	case Partial:
		return m.partial(value)
	case Tokenise:
		return m.token(value)
	case Year:
		if y, ok := m.year(value); ok {
			return y
		}
	case Region:
		if r, ok := m.region(value); ok {
			return r
		}
	}
	return m.hide(value)
}

// hide is the view of which nothing is shown.
func (m *Mask) hide(value string) string {
	if m.rule.KeepLength {
		return strings.Repeat(star, length(value))
	}
	return strings.Repeat(star, hiddenLength)
}

// length counts code points, bytes that are none included, up to the limit.
func length(value string) int { return min(utf8.RuneCountInString(value), MaxLength) }

// form keeps spaces and ASCII marks where they are; other characters are hidden. Without
// the length, runs of one class become one character. A value of marks alone, as a password
// may be, would be its own form, so that it is hidden.
func (m *Mask) form(value string) string {
	if !strings.ContainsFunc(cut(value), isWord) {
		return m.hide(value)
	}
	var b strings.Builder
	var last rune
	n := 0
	for _, r := range value {
		if n++; n > MaxLength {
			break
		}
		c := class(r)
		if m.rule.KeepLength || c != last {
			b.WriteRune(c)
		}
		last = c
	}
	return b.String()
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func class(r rune) rune {
	switch {
	case unicode.IsUpper(r):
		return 'X'
	case unicode.IsLetter(r):
		return 'x'
	case unicode.IsDigit(r):
		return '9'
	case r == ' ' || r > ' ' && r < 0x7F:
		return r
	}
	return '*'
}

// partial shows the last letters and digits, at most a quarter of all there are.
func (m *Mask) partial(value string) string {
	runes := []rune(cut(value))
	total := 0
	for _, r := range runes {
		if shown(r) {
			total++
		}
	}
	show := min(m.rule.Show, total/4)
	out := make([]rune, len(runes))
	for i, r := range slices.Backward(runes) {
		if show > 0 && shown(r) {
			out[i] = r
			show--
			continue
		}
		out[i] = '*'
	}
	if m.rule.KeepLength {
		return string(out)
	}
	tail := strings.TrimLeft(string(out), star)
	return strings.Repeat(star, hiddenLength) + tail
}

func shown(r rune) bool {
	return r != utf8.RuneError && isWord(r)
}

// cut is the part of a value that its view is made of.
func cut(value string) string {
	n := 0
	for i := range value {
		if n++; n > MaxLength {
			return value[:i]
		}
	}
	return value
}
