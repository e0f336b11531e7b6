// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/naive"
	"github.com/comity-project/comity/internal/naive/gen"
	"github.com/comity-project/comity/internal/pack"
)

// settled facts stay true while time passes: ages given as numbers become their origins,
// which say the same at the date of the question.
func settledFacts(m *pack.Model, facts comity.Facts) comity.Facts {
	out := maps.Clone(facts)
	vals, err := gen.Values(m, facts)
	if err != nil {
		return out
	}
	for _, f := range m.Vocab.Facts[1:] {
		if f.Ages == pack.NoUnit || out[f.Name] == nil {
			continue
		}
		delete(out, f.Name)
		origin := m.Vocab.Facts[f.Origin]
		v := vals[f.Origin]
		switch {
		case out[origin.Name] != nil || v == nil:
		case origin.Kind == pack.KindDay:
			out[origin.Name] = pack.Day(v.Num).String()
		case !v.At.Local:
			out[origin.Name] = v.At.Time(time.UTC).Format(time.RFC3339)
		case f.Ages != pack.Hours:
			out[origin.Name] = v.At.Day(time.UTC).String()
		}
	}
	return out
}

// decidedAt is what the answer says at another date; nodes outside, which decide nothing
// while the rules stay as they are, are left out.
func decidedAt(t testing.TB, p *Program, in *Input, facts comity.Facts, mode comity.Mode, date string) (naive.Outcome, bool) {
	o, ok := asked(t, p, in, facts, mode, comity.Facts{"date": date})
	o.Outside = nil
	return o, ok
}

// sameOutcome compares what two answers say.
func sameOutcome(a, b naive.Outcome) bool { return cmp.Equal(a, b, equateEmpty) }

// untilCheck is one question whose end is checked.
type untilCheck struct {
	t     testing.TB
	p     *Program
	in    *Input
	facts comity.Facts
	mode  comity.Mode
	from  string
	base  naive.Outcome
	until time.Time
}

// newUntil asks a question; false if it cannot be asked.
func newUntil(t testing.TB, p *Program, in *Input, facts comity.Facts, mode comity.Mode, date string) (untilCheck, bool) {
	c := untilCheck{t: t, p: p, in: in, facts: facts, mode: mode, from: date}
	var ok bool
	if c.base, ok = decidedAt(t, p, in, facts, mode, date); !ok {
		return c, false
	}
	var res Result
	if err := p.Evaluate(in, mode, &res); err != nil {
		t.Fatal(err)
	}
	if u := p.Decision(in, &res, false).ValidUntil; u != nil {
		c.until = *u
	}
	return c, true
}

// stays wants the answer of the question at a date before its end; false if it differs.
func (c *untilCheck) stays(date string) bool {
	c.t.Helper()
	o, ok := decidedAt(c.t, c.p, c.in, c.facts, c.mode, date)
	if !ok || sameOutcome(c.base, o) {
		return true
	}
	c.t.Errorf("mode %s from %s: valid until %v, but other on %s: %v\n%s", c.mode, c.from, c.until, date, c.facts, cmp.Diff(c.base, o, equateEmpty))
	return false
}

// instants samples the time between from and the end: close to both, around the days on
// which generated laws change, and anywhere.
func (c *untilCheck) instants(r *rand.Rand, from time.Time, days []string) []time.Time {
	last := c.until
	if last.IsZero() {
		last = from.AddDate(6, 0, 0)
	}
	var out []time.Time
	for _, d := range []time.Duration{time.Second, time.Minute, time.Hour, 3 * time.Hour, 5 * time.Hour, 12 * time.Hour, 13 * time.Hour, 24 * time.Hour, 40 * time.Hour, 100 * time.Hour, 800 * time.Hour} {
		out = append(out, last.Add(-d), from.Add(d))
	}
	for _, s := range days {
		day := must(time.Parse(time.DateOnly, s))
		out = append(out, day, day.Add(12*time.Hour), day.Add(20*time.Hour), day.AddDate(0, 1, 1), day.AddDate(0, 2, 1), day.AddDate(1, 0, 1))
	}
	for range 8 {
		out = append(out, from.Add(time.Duration(r.Int64N(int64(last.Sub(from))))))
	}
	return slices.DeleteFunc(out, func(x time.Time) bool { return !x.After(from) || !x.Before(last) })
}

// lawDays are some of the days on which generated laws change.
var lawDays = []string{"2023-12-31", "2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01", "2024-03-31", "2024-04-01", "2024-04-30", "2024-05-31", "2024-10-27", "2025-02-28"}

// checkInstant checks the end of a question whose date is an instant.
func checkInstant(t testing.TB, p *Program, in *Input, facts comity.Facts, mode comity.Mode, from time.Time, r *rand.Rand) (ends, ok bool) {
	t.Helper()
	c, ok := newUntil(t, p, in, facts, mode, from.Format(time.RFC3339))
	if !ok {
		return false, true
	}
	if ends = !c.until.IsZero(); ends {
		if !c.until.After(from) {
			t.Errorf("valid until %v, before %v: %v", c.until, from, facts)
			return ends, false
		}
		if o, ok := decidedAt(t, p, in, facts, mode, c.until.Format(time.RFC3339)); ok && sameOutcome(c.base, o) {
			t.Errorf("mode %s from %v: nothing changes at %v: %v", mode, from, c.until, facts)
			return ends, false
		}
	}
	for _, x := range c.instants(r, from, lawDays) {
		if !c.stays(x.UTC().Format(time.RFC3339)) {
			return ends, false
		}
	}
	return ends, true
}

// checkDay checks the end of a question whose date is a day: the same on every day before
// the end, another on the day that begins there in the zone of some law, on the day after
// where the answer ends within a day, or at that very instant.
func checkDay(t testing.TB, p *Program, in *Input, facts comity.Facts, mode comity.Mode, from pack.Day) (ends, ok bool) {
	t.Helper()
	c, ok := newUntil(t, p, in, facts, mode, from.String())
	if !ok {
		return false, true
	}
	first := from + 800
	if ends = !c.until.IsZero(); ends {
		last := pack.DayMin
		first = pack.DayMax
		for _, z := range p.zones {
			d := pack.DayOf(c.until.In(z))
			first, last = min(first, d), max(last, d)
		}
		o, ok := decidedAt(t, p, in, facts, mode, c.until.Format(time.RFC3339))
		changes := !ok || !sameOutcome(c.base, o)
		for d := first; d <= last+1; d++ {
			o, ok := decidedAt(t, p, in, facts, mode, d.String())
			changes = changes || !ok || !sameOutcome(c.base, o)
		}
		if !changes {
			t.Errorf("mode %s from %s: nothing changes at %v: %v", mode, from, c.until, facts)
			return ends, false
		}
	}
	for d := from + 1; d < first; d++ {
		if d > from+60 && d < first-35 && d%29 != 0 {
			continue
		}
		if !c.stays(d.String()) {
			return ends, false
		}
	}
	return ends, true
}

// comparesAges tells that a law compares one age with another, of which no end is computed.
func comparesAges(m *pack.Model) bool {
	found := false
	age := func(id pack.FactID) bool { return id != 0 && m.Vocab.Facts[id].Ages != pack.NoUnit }
	look := func(cs ...*pack.Cond) {
		for _, c := range cs {
			c.Walk(func(k *pack.Cond) {
				found = found || k.Op == pack.OpAtom && age(k.Atom.Fact) && age(k.Atom.Ref)
			})
		}
	}
	for _, p := range m.Packs {
		look(p.Reach.When)
		for i := range p.Outside {
			look(p.Outside[i].When)
		}
	}
	for _, q := range m.Rules {
		look(q.When, q.Must)
		for i := range q.Branches {
			look(q.Branches[i].When, q.Branches[i].Claim)
		}
	}
	return found
}

func TestValidUntilOfInstants(t *testing.T) {
	ended := 0
	forModels(t, 120, 21, func(t *testing.T, p *Program, r *rand.Rand) {
		if comparesAges(p.model) {
			return
		}
		in := p.NewInput()
		for range 10 {
			facts := settledFacts(p.model, gen.Facts(r, p.model))
			from := must(time.Parse(time.DateOnly, lawDays[r.IntN(len(lawDays))])).Add(time.Duration(r.IntN(48*3600)-24*3600) * time.Second)
			ends, ok := checkInstant(t, p, in, facts, modes[r.IntN(2)], from, r)
			if !ok {
				return
			}
			if ends {
				ended++
			}
		}
	})
	if ended < scale(120) {
		t.Errorf("only %d answers end", ended)
	}
}

func TestValidUntilOfDays(t *testing.T) {
	ended := 0
	forModels(t, 70, 22, func(t *testing.T, p *Program, r *rand.Rand) {
		if comparesAges(p.model) {
			return
		}
		in := p.NewInput()
		for range 6 {
			facts := settledFacts(p.model, gen.Facts(r, p.model))
			from := must(pack.ParseDay(lawDays[r.IntN(len(lawDays))])) - pack.Day(r.IntN(30))
			ends, ok := checkDay(t, p, in, facts, modes[r.IntN(2)], from)
			if !ok {
				return
			}
			if ends {
				ended++
			}
		}
	})
	if ended < scale(60) {
		t.Errorf("only %d answers end", ended)
	}
}
