// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"cmp"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Kind is how two requirements contradict each other.
type Kind string

// The kinds of collision.
const (
	// Demanded: one demands the operation that the other forbids.
	Demanded Kind = "demanded"
	// Apart: one keeps data at home, the other forbids bringing it there.
	Apart Kind = "apart"
	// Entailed: keeping one takes an operation that the other forbids.
	Entailed Kind = "entailed"
	// Mirrored: both forbid to obey orders of foreign authorities, each those of the other side.
	Mirrored Kind = "mirrored"
)

// Verdict is how far a collision goes.
type Verdict string

// The verdicts. Contradict: no change of what the caller controls helps. Depends: the facts
// under Settles do.
const (
	Contradict Verdict = "contradict"
	Depends    Verdict = "depends"
)

// Conflict is a pair of requirements of different legal orders with the smallest context
// found in which they collide: facts of one operation, or where there are two, of each.
type Conflict struct {
	A       string       `json:"a"`
	B       string       `json:"b"`
	OrderA  string       `json:"order_a"`
	OrderB  string       `json:"order_b"`
	Kind    Kind         `json:"kind"`
	Verdict Verdict      `json:"verdict"`
	Facts   comity.Facts `json:"facts"`
	FactsB  comity.Facts `json:"facts_b,omitempty"`
	Means   string       `json:"means,omitempty"`
	Settles comity.Facts `json:"settles,omitempty"`
	Why     string       `json:"why"`
	Do      string       `json:"do"`
	Cites   []string     `json:"citations"`
	Entails string       `json:"entails,omitempty"`
	// From is the day on which it begins, where that is still to come.
	From  string `json:"from,omitempty"`
	ruleA *pack.Rule
	ruleB *pack.Rule
	// clash and between are the two halves of Why.
	clash, between string
}

// Reasons are what the requirements do to each other, and why neither gives way.
func (c *Conflict) Reasons() (clash, between string) { return c.clash, c.between }

// Conflicts lists every pair that can collide on the day or, by what the packs know, on a day
// to come, each once. Progress, if it is not nil, is called with the share of the work that is
// done.
func (g *Graph) Conflicts(progress func(done, of int)) ([]Conflict, error) {
	work := g.work(func(_, _ *pack.Rule) bool { return true })
	for _, day := range g.starts() {
		later := g.on(day)
		work = append(work, later.work(func(a, b *pack.Rule) bool { return a.From == day || b.From == day })...)
	}
	found, err := collideAll(work, progress)
	if err != nil {
		return nil, err
	}
	for i, c := range found {
		if c != nil && c.kept() {
			found[i] = nil
		}
	}
	return unique(found), nil
}

// starts are the days to come on which a requirement begins.
func (g *Graph) starts() []pack.Day {
	var out []pack.Day
	for _, r := range g.m.Rules {
		if r.From > g.day && r.From < pack.DayMax {
			out = append(out, r.From)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// work lists the candidates among the rules that are wanted.
func (g *Graph) work(want func(a, b *pack.Rule) bool) []candidate {
	var out []candidate
	for _, c := range slices.Concat(g.demandedPairs(want), g.apartPairs(want), g.entailedPairs(want), g.mirroredPairs(want)) {
		c.g = g
		out = append(out, c)
	}
	return out
}

// collideAll looks at all candidates on all cores.
func collideAll(work []candidate, progress func(done, of int)) ([]*Conflict, error) {
	found := make([]*Conflict, len(work))
	errs := make([]error, len(work))
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			forks := map[*Graph]*Graph{}
			for {
				mu.Lock()
				i := next
				next++
				if progress != nil && (i%64 == 0 || i == len(work)) && i <= len(work) {
					progress(i, len(work))
				}
				mu.Unlock()
				if i >= len(work) {
					return
				}
				c := work[i]
				if forks[c.g] == nil {
					forks[c.g] = c.g.fork()
				}
				found[i], errs[i] = forks[c.g].collide(&c)
			}
		})
	}
	wg.Wait()
	return found, errors.Join(errs...)
}

// kept tells that one act keeps both laws, by its place or by safeguards alone, or by saying
// nothing that is wrong.
func (c *Conflict) kept() bool {
	return c.Means == "places" || c.Means == "safeguards" || c.Means == "grounds" && len(c.Settles) == 0 && c.Kind != Mirrored
}

// fork is a graph for another goroutine.
func (g *Graph) fork() *Graph {
	own := *g
	own.vectors = map[*pack.Atom]string{}
	return &own
}

// unique keeps one collision of each pair, the gravest first.
func unique(found []*Conflict) []Conflict {
	rank := map[Kind]int{Demanded: 0, Apart: 1, Mirrored: 2, Entailed: 3}
	var out []Conflict
	at := map[[2]string]int{}
	for _, c := range found {
		if c == nil {
			continue
		}
		key := [2]string{min(c.A, c.B), max(c.A, c.B)}
		i, ok := at[key]
		switch {
		case !ok:
			at[key] = len(out)
			out = append(out, *c)
		case c.From == out[i].From && rank[c.Kind] < rank[out[i].Kind]:
			out[i] = *c
		}
	}
	slices.SortFunc(out, func(a, b Conflict) int {
		return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	return out
}

// candidate is a pair to look at. A is violated; B demands, keeps at home, entails or mirrors.
type candidate struct {
	g      *Graph // of the day
	kind   Kind
	a, b   *pack.Rule
	entail *pack.Entail
}

// collide looks for a context of a candidate; nil if there is none.
func (g *Graph) collide(c *candidate) (*Conflict, error) {
	switch c.kind {
	case Demanded:
		return g.demanded(c)
	case Apart:
		return g.apart(c)
	case Mirrored:
		return g.mirrored(c)
	}
	return g.entailed(c)
}

// sides tells whether the law of two rules can contradict at all: neither order lies within
// the other, and neither is a promise that yields to law.
func (g *Graph) sides(a, b *pack.Rule) bool {
	return a.ID != b.ID && !g.nested(a, b) && !g.yields(a) && !g.yields(b)
}

func (g *Graph) nested(a, b *pack.Rule) bool { return g.oneOrder(a.Pack.Order, b.Pack.Order) }

// oneOrder tells whether one of two legal orders lies within the other.
func (g *Graph) oneOrder(x, y pack.RegionID) bool {
	regions := g.m.Vocab.Regions()
	return regions.In(x, []pack.RegionID{y}, g.day) == pack.True || regions.In(y, []pack.RegionID{x}, g.day) == pack.True
}

// companyWeight is the weight of rules of a company.
const companyWeight = 10

func (g *Graph) yields(r *pack.Rule) bool {
	return r.Pack.Weight <= companyWeight || g.m.Vocab.Regions().Code(r.Pack.Order) == "INT"
}

// recognises is the exception of a rule that stands for the laws of the other's order.
func (g *Graph) recognises(r, other *pack.Rule) *pack.RuleBranch {
	for i := range r.Branches {
		b := &r.Branches[i]
		if b.RecognisesAny || g.m.Vocab.Regions().In(other.Pack.Order, b.Recognises, g.day) == pack.True {
			return b
		}
	}
	return nil
}

// breakable lists the rules in force that can be in the way of others: an unmet duty can be
// met together with what another law demands.
func (g *Graph) breakable() []*pack.Rule {
	return g.rules(func(r *pack.Rule) bool {
		return r.Kind == pack.Forbid || r.Kind == pack.Localise || r.Kind == pack.Retain
	})
}

func (g *Graph) rules(want func(*pack.Rule) bool) []*pack.Rule {
	var out []*pack.Rule
	for _, r := range g.m.Rules {
		if g.inForce(r) && want(r) {
			out = append(out, r)
		}
	}
	return out
}
