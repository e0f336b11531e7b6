// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package flip

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/comity-project/comity"
)

// Tally counts answers and flips. Tallies of parts of the operations are joined by Add.
type Tally struct {
	Operations int
	groups     map[[2]Answer]*group
}

type group struct {
	count int
	by    map[string]int
	first map[string]*Seen
}

// Seen is a flip with where the operation stands: the first of its kind is kept.
type Seen struct {
	Flip
	// At orders operations: a line, or an entry and its part.
	At      [2]int64
	Request comity.Request
}

// Count counts one operation, at its place; f is nil where the answer stays.
func (t *Tally) Count(at [2]int64, req comity.Request, f *Flip) {
	t.Operations++
	if f == nil {
		return
	}
	g := t.group([2]Answer{f.From, f.To})
	g.count++
	for _, id := range f.Cause {
		g.by[id]++
	}
	if len(f.Cause) == 0 {
		g.by[""]++
	}
	key := strings.Join(f.Cause, ",")
	if have := g.first[key]; have == nil || compareAt(at, have.At) < 0 {
		g.first[key] = &Seen{*f, at, req}
	}
}

func compareAt(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }

func (t *Tally) group(k [2]Answer) *group {
	if t.groups == nil {
		t.groups = map[[2]Answer]*group{}
	}
	if t.groups[k] == nil {
		t.groups[k] = &group{by: map[string]int{}, first: map[string]*Seen{}}
	}
	return t.groups[k]
}

// Add joins the counts of o.
func (t *Tally) Add(o *Tally) {
	t.Operations += o.Operations
	for k, g := range o.groups {
		mine := t.group(k)
		mine.count += g.count
		for id, n := range g.by {
			mine.by[id] += n
		}
		for key, s := range g.first {
			if have := mine.first[key]; have == nil || compareAt(s.At, have.At) < 0 {
				mine.first[key] = s
			}
		}
	}
}

// Row is how many answers flipped from one to another.
type Row struct {
	From         Answer  `json:"from"`
	To           Answer  `json:"to"`
	Count        int     `json:"count"`
	Requirements []Cause `json:"requirements,omitempty"`
}

// Cause is in how many flips a requirement is a cause; of one flip several may be. An empty
// id stands for facts that are missing without a requirement that asks for them.
type Cause struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

// Rows lists the flips: those to the gravest answer first, each with its causes by number.
func (t *Tally) Rows() []Row {
	var out []Row
	for k, g := range t.groups {
		r := Row{From: k[0], To: k[1], Count: g.count}
		for id, n := range g.by {
			r.Requirements = append(r.Requirements, Cause{id, n})
		}
		slices.SortFunc(r.Requirements, func(a, b Cause) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.ID, b.ID)) })
		out = append(out, r)
	}
	rank := func(a Answer) int { return slices.Index(gravity, a) }
	slices.SortFunc(out, func(a, b Row) int { return cmp.Or(rank(b.To)-rank(a.To), rank(a.From)-rank(b.From)) })
	return out
}

// Examples are the first operations of each kind of flip, at most so many, spread over the
// rows.
func (t *Tally) Examples(most int) []Seen {
	var lists [][]*Seen
	for _, r := range t.Rows() {
		g := t.groups[[2]Answer{r.From, r.To}]
		lists = append(lists, slices.SortedFunc(maps.Values(g.first), func(a, b *Seen) int { return compareAt(a.At, b.At) }))
	}
	var out []Seen
	for i, more := 0, true; more; i++ {
		more = false
		for _, l := range lists {
			if i < len(l) && len(out) < most {
				out = append(out, *l[i])
				more = true
			}
		}
	}
	return out
}
