// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"strings"
)

// Op is the operator of a condition node.
type Op uint8

// The operators of the condition language.
const (
	OpTrue Op = iota
	OpAll
	OpAny
	OpNot
	OpNotShown
	OpAtom
)

// Cmp is the comparison of an atom.
type Cmp uint8

// The comparisons. In also stands for == on enums and regions.
const (
	In Cmp = iota
	NotIn
	Eq
	Ne
	Lt
	Le
	Gt
	Ge
	// RuleOf holds while a declared retention rule of one of the atom's orders runs.
	RuleOf
)

var cmpText = [...]string{"in", "not in", "==", "!=", "<", "<=", ">", ">=", "recognises"}

func (c Cmp) String() string { return cmpText[c] }

// Atom is one typed comparison of a fact with values or with another fact.
type Atom struct {
	Fact FactID
	Cmp  Cmp
	// Set holds enum value indexes, or region ids.
	Set []int
	// Num is the constant of an int, bool (0, 1) or day comparison.
	Num int64
	// Strs are the constants of a string comparison.
	Strs []string
	// Ref is the fact on the right, plus Plus; 0 if the right side is constant.
	Ref  FactID
	Plus Period
	// Count is set where the law counts Plus otherwise than by the plain calendar.
	Count *Counting
}

// Cond is a condition: a tree of atoms with its place in the source.
type Cond struct {
	Op   Op
	Kids []*Cond
	Atom Atom
	Pos  Pos
}

// Always is the condition that holds of everything.
func Always() *Cond { return &Cond{Op: OpTrue} }

// AllOf joins conditions; nil ones are left out.
func AllOf(cs ...*Cond) *Cond {
	var kids []*Cond
	for _, c := range cs {
		if c != nil && c.Op != OpTrue {
			kids = append(kids, c)
		}
	}
	switch len(kids) {
	case 0:
		return Always()
	case 1:
		return kids[0]
	}
	return &Cond{Op: OpAll, Kids: kids, Pos: kids[0].Pos}
}

// Walk calls f for each node, parents first.
func (c *Cond) Walk(f func(*Cond)) {
	if c == nil {
		return
	}
	f(c)
	for _, k := range c.Kids {
		k.Walk(f)
	}
}

// size counts the nodes of c, and stops at limit: terms are shared, so that a short text
// can stand for a large tree.
func (c *Cond) size(limit int) int {
	n := 1
	for _, k := range c.Kids {
		if n >= limit {
			break
		}
		n += k.size(limit - n)
	}
	return n
}

// Facts lists the facts that c reads, each once.
func (c *Cond) Facts() []FactID {
	var out []FactID
	seen := map[FactID]bool{}
	add := func(id FactID) {
		if id != 0 && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	c.Walk(func(n *Cond) {
		if n.Op == OpAtom {
			add(n.Atom.Fact)
			add(n.Atom.Ref)
		}
	})
	return out
}

// Text prints c in the condition language.
func (v *Vocabulary) Text(c *Cond) string { return v.text(c, false) }

func (v *Vocabulary) text(c *Cond, inner bool) string {
	switch c.Op {
	case OpTrue:
		return "true"
	case OpAtom:
		return v.AtomText(&c.Atom)
	case OpNot:
		return "not " + v.text(c.Kids[0], true)
	case OpNotShown:
		return "not shown " + v.text(c.Kids[0], true)
	}
	word := " and "
	if c.Op == OpAny {
		word = " or "
	}
	parts := make([]string, len(c.Kids))
	for i, k := range c.Kids {
		parts[i] = v.text(k, true)
	}
	s := strings.Join(parts, word)
	if inner && len(parts) > 1 {
		return "(" + s + ")"
	}
	return s
}

// AtomText prints one comparison.
func (v *Vocabulary) AtomText(a *Atom) string {
	f := v.Facts[a.Fact]
	if a.Cmp == RuleOf {
		return "a retention law of " + strings.Join(v.setNames(f, a.Set), ", ") + " runs"
	}
	if a.Ref != 0 {
		s := fmt.Sprintf("%s %s $%s", f.Name, a.Cmp, v.Facts[a.Ref].Name)
		return s + plusText(a.Plus)
	}
	switch f.Kind {
	case KindEnum, KindRegion:
		names := v.setNames(f, a.Set)
		if len(names) == 1 && f.Kind == KindEnum {
			if a.Cmp == In {
				return f.Name + " == " + names[0]
			}
			return f.Name + " != " + names[0]
		}
		if len(names) == 1 {
			return fmt.Sprintf("%s %s %s", f.Name, a.Cmp, names[0])
		}
		return fmt.Sprintf("%s %s [%s]", f.Name, a.Cmp, strings.Join(names, ", "))
	case KindString:
		texts := make([]string, len(a.Strs))
		for i, t := range a.Strs {
			texts[i] = quoted(t)
		}
		return fmt.Sprintf("%s %s [%s]", f.Name, a.Cmp, strings.Join(texts, ", "))
	case KindBool:
		return fmt.Sprintf("%s %s %t", f.Name, a.Cmp, a.Num == 1)
	case KindDay, KindInstant:
		return fmt.Sprintf("%s %s %s", f.Name, a.Cmp, Day(a.Num)) + plusText(a.Plus)
	}
	return fmt.Sprintf("%s %s %d", f.Name, a.Cmp, a.Num)
}

func plusText(p Period) string {
	switch {
	case p.N < 0:
		return " - " + p.String()
	case p.Unit != NoUnit:
		return " + " + p.String()
	}
	return ""
}

// quoted is a text as conditions write it; one cannot hold both kinds of quotes.
func quoted(s string) string {
	if strings.Contains(s, "'") {
		return `"` + s + `"`
	}
	return "'" + s + "'"
}

// bare is a name as conditions write it: quoted if it is not one word.
func bare(s string) string {
	var p parser
	p.src = s
	if err := p.lex(); err == nil && len(p.toks) == 1 && p.toks[0].text == s && strings.IndexByte("wnd", p.toks[0].kind) >= 0 {
		return s
	}
	return quoted(s)
}

func (v *Vocabulary) setNames(f *Fact, set []int) []string {
	out := make([]string, len(set))
	for i, x := range set {
		if f.Kind == KindEnum {
			out[i] = bare(f.Values[x].Name)
		} else {
			out[i] = bare(v.regions.Code(RegionID(x)))
		}
	}
	return out
}
