// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/comity-project/comity/internal/pack"
)

// writer prints conditions as the pack's author wrote them: a condition that is one of
// the pack's terms is printed by its name, and the name is kept for the glossary.
type writer struct {
	v     *pack.Vocabulary
	terms map[*pack.Cond]string
	used  []string
}

func newWriter(v *pack.Vocabulary, p *pack.Pack) *writer {
	w := &writer{v: v, terms: map[*pack.Cond]string{}}
	for name, c := range p.Terms {
		w.terms[c] = name
	}
	return w
}

// clauses prints a condition, one clause of a conjunction a line.
func (w *writer) clauses(c *pack.Cond) []string {
	if c == nil || c.Op == pack.OpTrue {
		return nil
	}
	if c.Op != pack.OpAll || w.terms[c] != "" {
		return []string{w.text(c, false)}
	}
	var out []string
	for i, k := range c.Kids {
		s := w.text(k, true)
		if i > 0 {
			s = "and " + s
		}
		out = append(out, s)
	}
	return out
}

func (w *writer) text(c *pack.Cond, inner bool) string {
	if name := w.terms[c]; name != "" {
		if !slices.Contains(w.used, name) {
			w.used = append(w.used, name)
		}
		return "@" + name
	}
	return w.written(c, inner)
}

// written prints a condition itself, even where it is a term.
func (w *writer) written(c *pack.Cond, inner bool) string {
	word := " and "
	switch c.Op {
	case pack.OpTrue:
		return "true"
	case pack.OpAtom:
		return w.v.AtomText(&c.Atom)
	case pack.OpNot:
		return "not " + w.text(c.Kids[0], true)
	case pack.OpNotShown:
		return "not shown " + w.text(c.Kids[0], true)
	case pack.OpAny:
		word = " or "
	}
	parts := make([]string, len(c.Kids))
	for i, k := range c.Kids {
		parts[i] = w.text(k, true)
	}
	s := strings.Join(parts, word)
	if inner && len(parts) > 1 {
		return "(" + s + ")"
	}
	return s
}

// glossary defines the terms that were printed, and those that they use in turn.
func (w *writer) glossary(p *pack.Pack) []Line {
	var out []Line
	for i := 0; i < len(w.used); i++ {
		out = append(out, Line{Label: "@" + w.used[i], Text: w.written(p.Terms[w.used[i]], false), Code: true})
	}
	return out
}

func inForce(from, until, on pack.Day) bool { return from <= on && on < until }

// dates says when a provision binds; empty for always.
func dates(from, until pack.Day) string {
	switch {
	case from == pack.DayMin && until == pack.DayMax:
		return ""
	case until == pack.DayMax:
		return "from " + from.String()
	case from == pack.DayMin:
		return "until " + until.String()
	}
	return from.String() + " to " + until.String()
}

// stateOn is Off for what does not bind on the day.
func stateOn(from, until, on pack.Day) State {
	if inForce(from, until, on) {
		return ""
	}
	return Off
}

func (w *writer) regions(ids []pack.RegionID) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = w.v.Regions().Code(id)
	}
	return strings.Join(out, ", ")
}

func (w *writer) factNames(ids []pack.FactID) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = w.v.Facts[id].Name
	}
	return strings.Join(out, ", ")
}

func (w *writer) operations(values []int) string {
	op := w.v.Facts[w.v.Op()]
	out := make([]string, len(values))
	for i, n := range values {
		out[i] = op.Values[n].Name
	}
	return strings.Join(out, ", ")
}

// title is the short text of a requirement.
func title(q *pack.Requirement) string {
	if q.Title != "" {
		return q.Title
	}
	return q.Text[lang]
}

// kindText says what each kind of requirement does.
var kindText = map[pack.RuleKind]string{
	pack.Forbid: "Prohibitions", pack.Oblige: "Duties", pack.Localise: "Places",
	pack.Retain: "Periods", pack.Qualify: "Conditions", pack.Review: "Open questions",
	pack.Permit: "Permits",
}

var kindOrder = []pack.RuleKind{pack.Forbid, pack.Oblige, pack.Localise, pack.Retain, pack.Qualify, pack.Review, pack.Permit}

// chapter is the title of the group in which a regime shows a requirement: the file that
// holds it, or its kind where the regime is one file.
func chapter(p *pack.Pack, q *pack.Requirement) string {
	file := path.Base(q.Pos.File)
	if slices.ContainsFunc(p.Requirements, func(o *pack.Requirement) bool { return path.Base(o.Pos.File) != file }) {
		name := strings.ReplaceAll(strings.TrimSuffix(file, path.Ext(file)), "_", " ")
		if name == "pack" {
			name = "general"
		}
		return strings.ToUpper(name[:1]) + name[1:]
	}
	return kindText[q.Kind]
}

// printable replaces what could steer a terminal or is no character for XML: names and
// values of callers and packs stand in pictures.
func printable(r rune) rune {
	switch {
	case r == '\n' || unicode.IsPrint(r):
		return r
	case unicode.IsSpace(r):
		return ' '
	}
	return unicode.ReplacementChar
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
