// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/flip"
	"github.com/comity-project/comity/internal/pack"
)

// diffReport is the JSON of comity pack diff.
type diffReport struct {
	From       string        `json:"from"`
	To         string        `json:"to"`
	Added      int           `json:"added"`
	Removed    int           `json:"removed"`
	Changed    int           `json:"changed"`
	Packs      []packChanges `json:"packs"`
	Vocabulary []pack.Change `json:"vocabulary,omitempty"`
	// Examples are operations whose answer flips; Whole is false where not all was tried.
	Examples []flipExample `json:"examples,omitempty"`
	Flips    int           `json:"flips"`
	Whole    bool          `json:"whole_search"`
}

type packChanges struct {
	Pack    string        `json:"pack"`
	Changes []pack.Change `json:"changes"`
}

// flipExample is one operation with both answers.
type flipExample struct {
	From    flip.Answer     `json:"from"`
	To      flip.Answer     `json:"to"`
	Cause   []string        `json:"cause,omitempty"`
	Case    string          `json:"case,omitempty"`
	Varied  map[string]any  `json:"varied,omitempty"`
	Facts   comity.Facts    `json:"facts,omitempty"`
	Parts   []comity.Facts  `json:"parts,omitempty"`
	Missing comity.Mode     `json:"missing,omitempty"`
	Before  comity.Decision `json:"before"`
	After   comity.Decision `json:"after"`
}

// report compares pack by pack and notes where a search for flips should look.
func (c *comparison) report() *diffReport {
	rep := &diffReport{From: c.a.name, To: c.b.name, Packs: []packChanges{}, Whole: true}
	for _, id := range c.ids {
		a, b := c.a.side(id), c.b.side(id)
		changes := pack.Diff(a, b)
		if len(changes) == 0 {
			continue
		}
		for _, x := range changes {
			switch x.How {
			case pack.Added:
				rep.Added++
			case pack.Removed:
				rep.Removed++
			default:
				rep.Changed++
			}
		}
		rep.Packs = append(rep.Packs, packChanges{id, changes})
		c.search.Hint(changes, a, b)
	}
	if c.a.eng != c.b.eng {
		rep.Vocabulary = pack.DiffVocabulary(c.a.eng.Program().Model().Vocab, c.b.eng.Program().Model().Vocab)
	}
	return rep
}

// examples looks for operations whose answer flips.
func (c *comparison) examples(rep *diffReport, most int, p *progress) error {
	if len(rep.Packs) == 0 {
		return nil
	}
	if err := c.seeds(); err != nil {
		return err
	}
	c.search.Progress = func(n, of int) {
		p.total = of
		p.at(n)
	}
	list, whole := c.search.Run()
	p.done()
	rep.Flips, rep.Whole = len(list), whole
	for _, x := range diverse(list, most) {
		e := flipExample{
			From: x.From, To: x.To, Cause: x.Cause, Case: x.Seed, Facts: x.Request.Facts, Parts: x.Request.Parts,
			Missing: x.Request.Missing,
		}
		var err error
		if e.Before, e.After, err = x.Decisions(x.Request); err != nil {
			return err
		}
		for _, v := range x.Varied {
			if e.Varied == nil {
				e.Varied = map[string]any{}
			}
			e.Varied[v.Fact] = v.Value
		}
		rep.Examples = append(rep.Examples, e)
	}
	return nil
}

// diverse takes the first example of each cause, then the further ones.
func diverse(list []flip.Example, most int) []flip.Example {
	var first, rest []flip.Example
	seen := map[string]bool{}
	for _, x := range list {
		key := strings.Join(x.Cause, ",")
		if seen[key] {
			rest = append(rest, x)
			continue
		}
		seen[key] = true
		first = append(first, x)
	}
	all := append(first, rest...)
	return all[:min(most, len(all))]
}

var howStyles = map[pack.How]style{pack.Added: green, pack.Removed: red, pack.Changed: yellow}

func (rep *diffReport) print(s *screen) {
	s.printf("%s -> %s: %d added, %d removed, %d changed\n", clean(rep.From), clean(rep.To), rep.Added, rep.Removed, rep.Changed)
	for _, x := range rep.Vocabulary {
		printChange(s, &x)
	}
	for _, p := range rep.Packs {
		s.printf("\n%s\n", s.paint(strong, clean(p.Pack)))
		for i := range p.Changes {
			printChange(s, &p.Changes[i])
		}
	}
	if len(rep.Examples) == 0 {
		if rep.Added+rep.Removed+rep.Changed > 0 && rep.Flips == 0 {
			s.printf("\nno case, nor one with a fact or two changed, has another answer\n")
		}
		return
	}
	s.printf("\n%s\n", s.paint(strong, fmt.Sprintf("operations whose answer flips (%d of %d found)", len(rep.Examples), rep.Flips)))
	for i := range rep.Examples {
		rep.Examples[i].print(s)
	}
}

func printChange(s *screen, x *pack.Change) {
	head := strings.TrimSpace(x.What + " " + x.ID)
	s.printf("  %s %s\n", s.paint(howStyles[x.How], fmt.Sprintf("%-8s", x.How)), s.paint(strong, clean(head)))
	if x.Title != "" {
		s.printf("           %s\n", s.paint(faint, clean(x.Title)))
	}
	for _, p := range x.Parts {
		if x.How != pack.Changed && !slices.Contains([]string{"dates", "replaces", "kind", "scope", "citations"}, p.Part) {
			continue // all of it is new or gone: the file says the rest
		}
		name := p.Part
		if p.Of != "" {
			if x.How != pack.Changed {
				continue
			}
			name += " " + p.Of
		}
		from, to := apart(p.From, p.To)
		printPart(s, name, "-", red, from)
		if from != "" {
			name = ""
		}
		printPart(s, name, "+", green, to)
	}
}

// partColumn is the width of the names of parts.
const partColumn = 14

// printPart writes one side of a part, wrapped beside its name.
func printPart(s *screen, name, sign string, st style, text string) {
	if text == "" {
		return
	}
	if len(name) > partColumn {
		s.printf("           %s\n", s.paint(faint, clean(name)))
		name = ""
	}
	for i, line := range wrap(text, max(minWidth, s.width-13-partColumn-2)) {
		if i > 0 {
			name, sign = "", " "
		}
		s.printf("           %s %s %s\n", s.paint(faint, fmt.Sprintf("%-*s", partColumn, clean(name))), s.paint(st, sign), s.paint(st, line))
	}
}

// apart leaves out what two long texts have in common at their beginning and end.
func apart(a, b string) (string, string) {
	const kept = 6 // words of context
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) == 0 || len(y) == 0 || len(x)+len(y) < 30 {
		return a, b
	}
	head := 0
	for head < min(len(x), len(y)) && x[head] == y[head] {
		head++
	}
	tail := 0
	for tail < min(len(x), len(y))-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	cut := func(w []string) string {
		from, to := max(0, head-kept), min(len(w), len(w)-tail+kept)
		text := strings.Join(w[from:to], " ")
		if from > 0 {
			text = "... " + text
		}
		if to < len(w) {
			text += " ..."
		}
		return text
	}
	return cut(x), cut(y)
}

func (e *flipExample) print(s *screen) {
	s.printf("\n  %s -> %s\n", s.paint(answerStyle(e.From), string(e.From)), s.paint(answerStyle(e.To), string(e.To)))
	s.row("by", plain, strings.Join(e.Cause, ", "))
	how := e.Case
	if len(e.Varied) > 0 {
		how += ", with " + factsText(e.Varied)
	}
	s.row("case", plain, how)
	if e.Parts == nil {
		s.row("facts", plain, factsText(e.Facts))
	}
	for i, p := range e.Parts {
		all := maps.Clone(e.Facts)
		if all == nil {
			all = comity.Facts{}
		}
		maps.Copy(all, p)
		s.row(fmt.Sprintf("part %d", i), plain, factsText(all))
	}
	if e.Missing != "" {
		s.row("missing", plain, string(e.Missing))
	}
	s.row("before", plain, answerText(&e.Before))
	s.row("after", plain, answerText(&e.After))
}

func answerStyle(a flip.Answer) style {
	if a == flip.Conditional {
		return green
	}
	return effectStyles[comity.Effect(a)]
}

func answerText(d *comity.Decision) string {
	return string(flip.Of(d)) + cited(d.Citations)
}

// factsText is facts in one line: the operation, the others by name, the date last.
func factsText(facts map[string]any) string {
	names := slices.Sorted(maps.Keys(facts))
	rank := func(n string) int { return slices.Index([]string{"operation", "", "date"}, n) + 1 }
	slices.SortStableFunc(names, func(a, b string) int {
		ra, rb := rank(a), rank(b)
		if ra == 0 {
			ra = 2
		}
		if rb == 0 {
			rb = 2
		}
		return ra - rb
	})
	out := make([]string, len(names))
	for i, n := range names {
		if facts[n] == nil {
			out[i] = "no " + n
			continue
		}
		out[i] = n + ":" + hardSpace + strings.ReplaceAll(value(facts[n]), " ", hardSpace)
	}
	return strings.Join(out, "; ")
}
