// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package flip

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// maxTries bounds the operations that a search decides.
const maxTries = 60_000

// Seed is an operation to start from, such as a case of a pack.
type Seed struct {
	Name    string
	Request comity.Request
}

// Variation gives one fact another value; nil leaves the fact out.
type Variation struct {
	Fact  string
	Value any
}

// Example is an operation whose answer flips, as near to a seed as could be found and
// without the facts that do not matter.
type Example struct {
	*Flip
	Seed    string
	Varied  []Variation
	Request comity.Request
}

// Search tries seeds, each as it is and with one or two facts changed, and gives the
// examples that differ in from, to, cause and what was varied: nearest to a seed first. Requirements names
// those that changed; flips by them come first. Whole is false where not all was tried.
type Search struct {
	A, B         Way
	Seeds        []Seed
	Vary         []Variation // of facts that changed requirements read
	Dates        []pack.Day  // on which something begins or ends
	Requirements []string
	// Progress is told how many operations were tried, and of how many.
	Progress func(tried, of int)
}

// Run searches.
func (s *Search) Run() (list []Example, whole bool) {
	f := &finder{s: s, c: NewComparer(s.A, s.B), best: map[string]*Example{}}
	steps := s.steps()
	of := min(maxTries, len(s.Seeds)*len(steps))
	for _, step := range steps {
		for k := range s.Seeds {
			if f.tried >= maxTries {
				return f.list(), false
			}
			if f.tried++; f.tried%1024 == 0 && s.Progress != nil {
				s.Progress(f.tried, of)
			}
			f.try(&s.Seeds[k], step)
		}
	}
	return f.list(), true
}

// steps are the changes to try: none, one fact, one date, then both.
func (s *Search) steps() [][]Variation {
	out := [][]Variation{nil}
	var dates []Variation
	for _, d := range s.Dates {
		for _, day := range []pack.Day{d, d - 1} {
			dates = append(dates, Variation{"date", day.String()})
		}
	}
	for _, d := range dates {
		out = append(out, []Variation{d})
	}
	for _, v := range s.Vary {
		out = append(out, []Variation{v})
	}
	for _, d := range dates {
		for _, v := range s.Vary {
			out = append(out, []Variation{d, v})
		}
	}
	return out
}

type finder struct {
	s     *Search
	c     *Comparer
	tried int
	best  map[string]*Example
}

func (f *finder) try(seed *Seed, vary []Variation) {
	req, ok := varied(seed.Request, vary)
	if !ok {
		return
	}
	_, flip, err := f.c.Compare(req)
	if err != nil || flip == nil {
		return // a fact that one side does not have: nothing to compare
	}
	if f.best[f.key(flip)+facts(vary)] != nil {
		return // found earlier, thus with no more changes
	}
	x := f.shrink(&Example{flip, seed.Name, vary, req})
	if key := f.key(x.Flip) + facts(x.Varied); f.best[key] == nil {
		f.best[key] = x
	}
}

// facts names what was varied.
func facts(vary []Variation) (s string) {
	for _, v := range vary {
		s += ">" + v.Fact
	}
	return s
}

func (f *finder) key(x *Flip) string {
	return string(x.From) + ">" + string(x.To) + ">" + strings.Join(x.Cause, ",")
}

// varied is a request with facts changed; false where that changes nothing.
func varied(req comity.Request, vary []Variation) (comity.Request, bool) {
	if len(vary) == 0 {
		return req, true
	}
	if req.Parts != nil {
		return req, false
	}
	facts := maps.Clone(req.Facts)
	for _, v := range vary {
		had, given := facts[v.Fact]
		if v.Value == nil && !given || given && had == v.Value {
			return req, false
		}
		if v.Value == nil {
			delete(facts, v.Fact)
		} else {
			facts[v.Fact] = v.Value
		}
	}
	req.Facts = facts
	return req, true
}

// shrink leaves out facts as long as the same flip stays.
func (f *finder) shrink(x *Example) *Example {
	key := f.key(x.Flip)
	if x.Request.Parts != nil {
		return x
	}
	for _, name := range slices.Sorted(maps.Keys(x.Request.Facts)) {
		if name == "date" || name == "operation" {
			continue
		}
		less := x.Request
		less.Facts = maps.Clone(x.Request.Facts)
		delete(less.Facts, name)
		if _, flip, err := f.c.Compare(less); err == nil && flip != nil && f.key(flip) == key {
			x.Flip, x.Request = flip, less
			// What need not be given need not have been varied.
			x.Varied = slices.DeleteFunc(slices.Clone(x.Varied), func(v Variation) bool { return v.Fact == name })
		}
	}
	return x
}

// list orders the examples: those by what changed, with few changes and few facts, first.
func (f *finder) list() []Example {
	var out []Example
	for _, k := range slices.Sorted(maps.Keys(f.best)) {
		out = append(out, *f.best[k])
	}
	strange := func(x *Example) int {
		if slices.ContainsFunc(x.Cause, func(id string) bool { return slices.Contains(f.s.Requirements, id) }) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(x, y Example) int {
		return cmp.Or(strange(&x)-strange(&y), len(x.Varied)-len(y.Varied), len(x.Cause)-len(y.Cause), len(x.Request.Facts)-len(y.Request.Facts))
	})
	return out
}

// maxValues is how many values of one set are tried.
const maxValues = 8

// Values lists variations of the facts that conditions read: the values on both sides of
// each comparison, and the absence of the fact.
func Values(v *pack.Vocabulary, conds []*pack.Cond) []Variation {
	var out []Variation
	add := func(x Variation) {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	for _, c := range conds {
		c.Walk(func(n *pack.Cond) {
			if n.Op != pack.OpAtom || n.Atom.Fact == v.Date() || n.Atom.Cmp == pack.RuleOf {
				return
			}
			f := v.Facts[n.Atom.Fact]
			for _, x := range valuesOf(v, f, &n.Atom) {
				add(Variation{f.Name, x})
			}
			if n.Atom.Fact != v.Op() {
				add(Variation{f.Name, nil})
			}
		})
	}
	return out
}

func valuesOf(v *pack.Vocabulary, f *pack.Fact, a *pack.Atom) (out []any) {
	set := a.Set[:min(len(a.Set), maxValues)]
	switch f.Kind {
	case pack.KindEnum:
		for _, i := range set {
			out = append(out, f.Values[i].Name)
		}
	case pack.KindRegion:
		for _, i := range set {
			out = append(out, v.Regions().Code(pack.RegionID(i)))
		}
	case pack.KindBool:
		out = []any{true, false}
	case pack.KindInt:
		if a.Ref == 0 {
			out = []any{a.Num - 1, a.Num, a.Num + 1}
		}
	case pack.KindString:
		for _, s := range a.Strs {
			out = append(out, s)
		}
	}
	return out
}
