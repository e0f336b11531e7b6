// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/comity-project/comity/internal/pack"
)

// maxCombinations bounds the combinations of single elements that one question asks for.
const maxCombinations = 48

// Facts is a random question that the vocabulary of m accepts. Facts that the model's
// conditions read are given more often than others; how often differs by question.
func Facts(r *rand.Rand, m *pack.Model) map[string]any {
	read := reads(m)
	often, seldom := 15+r.IntN(85), r.IntN(20)
	facts := map[string]any{"date": moment(r)}
	combinations := 1
	for _, f := range m.Vocab.Facts[1:] {
		percent := seldom
		if read[f.ID] {
			percent = often
		}
		switch {
		case f.ID == m.Vocab.Date():
			continue
		case f.ID == m.Vocab.Op():
			percent = 98
		case f.Name == "targets" || f.Name == "retention_rules" || f.Name == "transfer_mechanism":
			percent = max(percent, often/2)
		}
		if r.IntN(100) >= percent {
			continue
		}
		n := 1
		if f.List && r.IntN(100) < 30 && combinations < maxCombinations/4 {
			n = 2 + r.IntN(2)
			combinations *= n
		}
		facts[f.Name] = given(r, m, f, n)
	}
	settle(m, facts)
	return facts
}

// settle leaves out what does not go with the rest: an age beside an origin that
// contradicts it, an origin after the date, a value that stands alone beside others.
func settle(m *pack.Model, facts map[string]any) {
	for {
		_, err := Values(m, facts)
		if err == nil {
			return
		}
		var bad *pack.ValueError
		if !errors.As(err, &bad) || facts[bad.Fact] == nil {
			panic(fmt.Sprintf("gen: %v in %v", err, facts))
		}
		delete(facts, bad.Fact)
	}
}

// reads is the set of facts that conditions of the model read.
func reads(m *pack.Model) map[pack.FactID]bool {
	out := map[pack.FactID]bool{}
	add := func(cs ...*pack.Cond) {
		for _, c := range cs {
			for _, id := range c.Facts() {
				out[id] = true
			}
		}
	}
	for _, p := range m.Packs {
		add(p.Reach.When)
		for i := range p.Outside {
			add(p.Outside[i].When)
		}
	}
	for _, q := range m.Rules {
		add(q.When, q.Must)
		for i := range q.Branches {
			add(q.Branches[i].When, q.Branches[i].Claim)
		}
	}
	return out
}

// given is a value of f with at most n elements, as a caller may write it.
func given(r *rand.Rand, m *pack.Model, f *pack.Fact, n int) any {
	if f.List && f.Whole && r.IntN(12) == 0 {
		return []any{}
	}
	var items []any
	for range n {
		items = append(items, element(r, m, f))
	}
	if len(items) == 1 && r.IntN(2) == 0 {
		return items[0]
	}
	return items
}

func element(r *rand.Rand, m *pack.Model, f *pack.Fact) any {
	switch f.Kind {
	case pack.KindEnum:
		return pick(r, f.ValueNames())
	case pack.KindRegion:
		return pick(r, m.Vocab.Regions().Codes())
	case pack.KindBool:
		return r.IntN(3) > 0
	case pack.KindInt:
		if f.Ages != pack.NoUnit {
			return pick(r, []int{0, 1, 2, 3, 11, 12, 24, 36, 60, 400})
		}
		return r.IntN(4)
	case pack.KindDay:
		return pick(r, days)
	case pack.KindInstant:
		return moment(r)
	}
	if f.Name == "retention_rules" {
		return rule(r, m)
	}
	return pick(r, []string{"a", "b", "c"})
}

// rule names a retention law, or one that nobody declared.
func rule(r *rand.Rand, m *pack.Model) string {
	if len(m.Mandatory) == 0 || r.IntN(5) == 0 {
		return "Unheard 12"
	}
	in := pick(r, m.Mandatory)
	name := pick(r, append([]string{in.Cite}, in.Aliases...))
	return name + pick(r, []string{"", " 5", " 5(1) (XX)"})
}

// moment is a day, or an instant near the beginning of a day somewhere.
func moment(r *rand.Rand) string {
	day := pick(r, days)
	if r.IntN(2) == 0 {
		return day
	}
	clock := pick(r, []string{
		"00:00:00Z", "03:59:59Z", "04:00:00Z", "05:00:00Z", "10:00:00Z", "11:00:00Z", "12:00:00Z", "18:30:00Z", "22:59:59Z",
		"23:00:00Z", "23:30:00+02:00", "00:30:00+13:00", "12:00:00-05:00", "10:00:01Z", "11:59:59Z",
	})
	return day + "T" + clock
}
