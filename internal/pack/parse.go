// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseError is a fault in a condition: Offset counts bytes from its start.
type ParseError struct {
	Offset int
	Msg    string
	Remedy string
}

func (e *ParseError) Error() string {
	s := fmt.Sprintf("column %d of the condition: %s", e.Offset+1, e.Msg)
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

type token struct {
	text   string
	kind   byte // w word, n number, d date, s string, or the punctuation itself
	offset int
}

// parser reads one condition (grammar: docs/pack-format.md, section 2).
type parser struct {
	v     *Vocabulary
	terms map[string]*Cond
	src   string
	toks  []token
	i     int
	depth int
	// nodes counts the tree, terms written out.
	nodes int
}

// ParseCond reads a condition over the vocabulary; terms are its named conditions. The
// error is a *ParseError.
func ParseCond(v *Vocabulary, terms map[string]*Cond, src string) (*Cond, error) {
	p := &parser{v: v, terms: terms, src: src}
	if len(src) > maxCondition {
		return nil, &ParseError{Msg: fmt.Sprintf("the condition has %d bytes, more than %d", len(src), maxCondition), Remedy: "name parts of it in terms"}
	}
	if err := p.lex(); err != nil {
		return nil, err
	}
	c, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != 0 {
		return nil, p.fail(t, "join conditions with and, or", "unexpected %q", t.text)
	}
	return c, nil
}

func (p *parser) fail(t token, remedy, format string, args ...any) error {
	return &ParseError{Offset: t.offset, Msg: fmt.Sprintf(format, args...), Remedy: remedy}
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func (p *parser) lex() error {
	s := p.src
	for i := 0; i < len(s); {
		c := s[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '\'' || c == '"':
			j := strings.IndexByte(s[i+1:], c)
			if j < 0 {
				return &ParseError{Offset: i, Msg: "the text has no closing quote", Remedy: "close it"}
			}
			p.toks = append(p.toks, token{s[i+1 : i+1+j], 's', start})
			i += j + 2
			continue
		case isWord(c):
			for i < len(s) && (isWord(s[i]) || s[i] == '-' && i+1 < len(s) && isWord(s[i+1])) {
				i++
			}
			w := s[start:i]
			kind := byte('w')
			if _, err := strconv.Atoi(w); err == nil {
				kind = 'n'
			} else if len(w) == 10 && w[4] == '-' && w[7] == '-' {
				kind = 'd'
			}
			p.toks = append(p.toks, token{w, kind, start})
			continue
		}
		two := ""
		if i+1 < len(s) {
			two = s[i : i+2]
		}
		switch {
		case slices.Contains([]string{"==", "!=", "<=", ">="}, two):
			p.toks = append(p.toks, token{two, 'c', start})
			i += 2
		case c == '<' || c == '>':
			p.toks = append(p.toks, token{string(c), 'c', start})
			i++
		case strings.IndexByte("()[],@$+-", c) >= 0:
			p.toks = append(p.toks, token{string(c), c, start})
			i++
		default:
			r, _ := utf8.DecodeRuneInString(s[i:])
			remedy := "put a value with other characters in quotes"
			if c == '=' {
				remedy = "write =="
			}
			return &ParseError{Offset: i, Msg: fmt.Sprintf("unexpected character %q", r), Remedy: remedy}
		}
	}
	return nil
}

func (p *parser) peek() token {
	if p.i < len(p.toks) {
		return p.toks[p.i]
	}
	return token{offset: len(p.src)}
}

func (p *parser) next() token {
	t := p.peek()
	p.i++
	return t
}

func (p *parser) word(w string) bool {
	if t := p.peek(); t.kind == 'w' && t.text == w {
		p.i++
		return true
	}
	return false
}

func (p *parser) punct(c byte) bool {
	if p.peek().kind == c {
		p.i++
		return true
	}
	return false
}

func (p *parser) or() (*Cond, error)  { return p.joined("or", OpAny, p.and) }
func (p *parser) and() (*Cond, error) { return p.joined("and", OpAll, p.unary) }

func (p *parser) joined(word string, op Op, part func() (*Cond, error)) (*Cond, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	kids := []*Cond{first}
	for p.word(word) {
		k, err := part()
		if err != nil {
			return nil, err
		}
		kids = append(kids, k)
	}
	if len(kids) == 1 {
		return first, nil
	}
	return &Cond{Op: op, Kids: kids}, nil
}

func (p *parser) unary() (*Cond, error) {
	p.depth++
	defer func() { p.depth-- }()
	t := p.peek()
	if p.depth > maxNesting {
		return nil, p.fail(t, "name parts of it in terms", "nested deeper than %d levels", maxNesting)
	}
	if err := p.count(t, 1); err != nil {
		return nil, err
	}
	switch {
	case p.word("not"):
		op := OpNot
		if p.word("shown") {
			op = OpNotShown
		}
		k, err := p.unary()
		if err != nil {
			return nil, err
		}
		return &Cond{Op: op, Kids: []*Cond{k}}, nil
	case p.punct('('):
		c, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.punct(')') {
			return nil, p.fail(p.peek(), "close each bracket", "expected )")
		}
		return c, nil
	case p.punct('@'):
		name := p.next()
		c, ok := p.terms[name.text]
		if !ok || name.kind != 'w' {
			names := make([]string, 0, len(p.terms))
			for k := range p.terms {
				names = append(names, k)
			}
			slices.Sort(names)
			return nil, p.fail(name, cmp.Or(Suggest(name.text, names), "define it under terms, before its use"), "unknown term @%s", name.text)
		}
		return c, p.count(name, c.size(maxNodes))
	case t.kind == 'w' && t.text == "true":
		p.i++
		return Always(), nil
	case t.kind == 'w' && (t.text == "all" || t.text == "any") && p.i+1 < len(p.toks) && p.toks[p.i+1].kind == '(':
		p.i += 2
		return p.call(t.text)
	}
	return p.compare()
}

// count adds n nodes to the tree, and refuses one that becomes too large.
func (p *parser) count(t token, n int) error {
	if p.nodes += n; p.nodes > maxNodes {
		return p.fail(t, "simplify it", "the condition has more than %d parts, terms written out", maxNodes)
	}
	return nil
}

func (p *parser) call(name string) (*Cond, error) {
	op := OpAll
	if name == "any" {
		op = OpAny
	}
	var kids []*Cond
	for {
		k, err := p.or()
		if err != nil {
			return nil, err
		}
		kids = append(kids, k)
		if p.punct(')') {
			break
		}
		if !p.punct(',') {
			return nil, p.fail(p.peek(), "close each bracket", "expected , or ) in %s(...)", name)
		}
	}
	if len(kids) == 1 {
		return kids[0], nil
	}
	return &Cond{Op: op, Kids: kids}, nil
}

func (p *parser) compare() (*Cond, error) {
	t := p.next()
	if t.kind != 'w' {
		if t.kind == 0 {
			return nil, p.fail(t, "write a comparison such as purpose == marketing", "the condition ends early: expected a fact")
		}
		return nil, p.fail(t, "a comparison begins with a fact", "expected a fact, not %q", t.text)
	}
	f, ok := p.v.Lookup(t.text)
	if !ok {
		return nil, p.fail(t, p.v.SuggestFact(t.text), "unknown fact %q", t.text)
	}
	a := Atom{Fact: f.ID}
	op := p.next()
	switch {
	case op.kind == 'w' && op.text == "in":
		a.Cmp = In
	case op.kind == 'w' && op.text == "not":
		if !p.word("in") {
			return nil, p.fail(p.peek(), "write: not in", "expected in after not")
		}
		a.Cmp = NotIn
	case op.kind == 'c':
		for i, c := range cmpText {
			if c == op.text {
				a.Cmp = Cmp(i)
			}
		}
	default:
		return nil, p.fail(op, "use == != < <= > >= in, not in", "expected a comparison after %s", f.Name)
	}
	var err error
	if p.peek().kind == '$' {
		err = p.operandFact(f, &a)
	} else {
		err = p.operand(f, &a, op)
	}
	if err != nil {
		return nil, err
	}
	return &Cond{Op: OpAtom, Atom: a}, nil
}

func (p *parser) operandFact(f *Fact, a *Atom) error {
	p.next()
	t := p.next()
	g, ok := p.v.Lookup(t.text)
	if !ok {
		return p.fail(t, p.v.SuggestFact(t.text), "unknown fact %q", t.text)
	}
	timed := func(k Kind) bool { return k == KindDay || k == KindInstant }
	if f.Kind != g.Kind && !(timed(f.Kind) && timed(g.Kind)) {
		return p.fail(t, "compare facts of one type", "%s is %s and %s is %s: they cannot be compared", f.Name, f.Kind, g.Name, g.Kind)
	}
	if a.Cmp == In || a.Cmp == NotIn {
		return p.fail(t, "use == or !=", "in takes values, not a fact")
	}
	if (f.Kind == KindEnum || f.Kind == KindString || f.Kind == KindRegion || f.Kind == KindBool) && a.Cmp != Eq && a.Cmp != Ne {
		return p.fail(t, "use == or !=", "%s has no order", f.Name)
	}
	a.Ref = g.ID
	return p.plus(timed(f.Kind), a)
}

// plus reads an optional "+ 1 month" after an operand.
func (p *parser) plus(timed bool, a *Atom) error {
	t := p.peek()
	if t.kind != '+' && t.kind != '-' {
		return nil
	}
	p.i++
	if !timed {
		return p.fail(t, "remove the period", "only dates take a period")
	}
	n := p.next()
	u := p.next()
	if u.text == "working" || u.text == "business" {
		u.text = "working " + p.next().text
	}
	count, err := strconv.Atoi(n.text)
	unit := parseUnit(u.text)
	if unit == WorkingDays && (a.Ref == 0 || a.Ref == p.v.date || t.kind == '-') {
		return p.fail(n, "count them onwards from a date of the question, such as $request_received_at", "working days need a day on which something happened")
	}
	if err != nil || unit == NoUnit || count > maxCount || unit == WorkingDays && count > maxWorking {
		return p.fail(n, "write for example 1 month, 72 hours", "expected a period of at most %d units", maxCount)
	}
	if t.kind == '-' {
		count = -count
	}
	a.Plus = Period{count, unit}
	return nil
}

func (p *parser) operand(f *Fact, a *Atom, op token) error {
	var vals []token
	if p.punct('[') {
		if a.Cmp != In && a.Cmp != NotIn {
			return p.fail(op, "use in or not in", "%s takes one value, not a list", op.text)
		}
		for !p.punct(']') {
			t := p.next()
			if !strings.ContainsRune("wnds", rune(t.kind)) || t.kind == 0 {
				return p.fail(t, "write [a, b]", "expected a value in the list")
			}
			vals = append(vals, t)
			if !p.punct(',') && p.peek().kind != ']' {
				return p.fail(p.peek(), "write [a, b]", "expected , or ] in the list")
			}
		}
		if len(vals) == 0 {
			return p.fail(op, "write [a, b]", "the list is empty")
		}
	} else {
		t := p.next()
		if t.kind == 0 || !strings.ContainsRune("wnds", rune(t.kind)) {
			return p.fail(t, "write a value, or $ and a fact", "expected a value after %s", op.text)
		}
		vals = []token{t}
	}
	return p.constants(f, a, op, vals)
}

// constants reads the values on the right of a comparison.
func (p *parser) constants(f *Fact, a *Atom, op token, vals []token) error {
	if f.Kind == KindEnum || f.Kind == KindRegion || f.Kind == KindString {
		return p.names(f, a, op, vals)
	}
	if len(vals) != 1 || a.Cmp == In || a.Cmp == NotIn {
		return p.fail(op, "use == != < <= > >=", "%s is %s: in is for enums, regions and texts", f.Name, f.Kind)
	}
	t := vals[0]
	switch f.Kind {
	case KindBool:
		if t.text != "true" && t.text != "false" || a.Cmp != Eq && a.Cmp != Ne {
			return p.fail(t, "write == true or == false", "%s is true or false", f.Name)
		}
		if t.text == "true" {
			a.Num = 1
		}
		return nil
	case KindInt:
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil || t.kind != 'n' {
			return p.fail(t, "write digits only", "%s is a whole number, not %q", f.Name, t.text)
		}
		a.Num = n
		return nil
	}
	d, err := ParseDay(t.text)
	if err != nil {
		return p.fail(t, "write YYYY-MM-DD with a day that exists", "%q is not a date", t.text)
	}
	a.Num = int64(d)
	return p.plus(true, a)
}

// names reads values that have no order.
func (p *parser) names(f *Fact, a *Atom, op token, vals []token) error {
	for _, t := range vals {
		switch f.Kind {
		case KindEnum:
			i, ok := f.ValueIndex(t.text)
			if !ok {
				return p.fail(t, f.suggestValue(t.text), "%s has no value %q", f.Name, t.text)
			}
			a.Set = append(a.Set, i)
		case KindRegion:
			id, ok := p.v.regions.Lookup(t.text)
			if !ok {
				return p.fail(t, p.v.regions.Suggest(t.text), "unknown region %q", t.text)
			}
			a.Set = append(a.Set, int(id))
		default:
			a.Strs = append(a.Strs, t.text)
		}
	}
	switch a.Cmp {
	case Eq:
		a.Cmp = In
	case Ne:
		a.Cmp = NotIn
	case Lt, Le, Gt, Ge:
		return p.fail(op, "use == != in, not in", "%s has no order", f.Name)
	}
	return nil
}
