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

// split divides facts at random into known and free ones, of which it makes rows: the free
// facts with other values. Facts that cannot be free stay known.
func split(r *rand.Rand, p *Program, facts comity.Facts) (known comity.Facts, free []string) {
	known = comity.Facts{}
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		f, _ := p.model.Vocab.Lookup(name)
		fixed := f.ID == p.date || f.ID == p.op || f.ID == p.retention || f.ID == p.mechanism ||
			f.Ages != pack.NoUnit || f.AgedBy != 0
		if fixed || r.IntN(3) == 0 {
			known[name] = facts[name]
			continue
		}
		free = append(free, name)
	}
	return known, free
}

// rowsOf makes n rows with values of the free facts; the first row has those of facts.
func rowsOf(r *rand.Rand, p *Program, facts comity.Facts, free []string, n int) []comity.Facts {
	var rows []comity.Facts
	for range n {
		row := comity.Facts{}
		for _, name := range free {
			row[name] = facts[name]
		}
		rows = append(rows, row)
		// Another question of the same vocabulary lends its values.
		other := gen.Facts(r, p.model)
		facts = maps.Clone(facts)
		for _, name := range free {
			if v, ok := other[name]; ok {
				facts[name] = v
			}
		}
	}
	return rows
}

// residualOf is the residual of known facts; nil if the facts cannot be encoded.
func residualOf(t testing.TB, p *Program, known comity.Facts, free []string, mode comity.Mode) *Residual {
	t.Helper()
	res, err := p.Residual(known, free, mode, time.Time{})
	switch comity.CodeOf(err) {
	case "":
		return res
	case comity.CodeUsage, comity.CodeInvalid, comity.CodeTooLarge:
		return nil
	}
	t.Fatalf("%v: known %v, free %v", err, known, free)
	return nil
}

// checkRows wants of each row what the whole question gives.
func checkRows(t testing.TB, p *Program, in *Input, known comity.Facts, rows []comity.Facts, mode comity.Mode, rest *Residual) (n int) {
	t.Helper()
	var res Result
	for _, row := range rows {
		want, ok := asked(t, p, in, known, mode, row)
		if !ok {
			continue
		}
		if err := rest.Evaluate(row, &res); err != nil {
			t.Fatalf("%v: row %v", err, row)
		}
		n++
		if d := cmp.Diff(want, outcome(rest.in, &res), equateEmpty); d != "" {
			t.Fatalf("mode %s, known %v, row %v\n%s(- whole, + residual)", mode, known, row, d)
		}
	}
	return n
}

func TestResidualEqualsWhole(t *testing.T) {
	rows := 0
	forModels(t, 100, 31, func(t *testing.T, p *Program, r *rand.Rand) {
		in := p.NewInput()
		for range 12 {
			facts := comity.Facts(gen.Facts(r, p.model))
			known, free := split(r, p, facts)
			mode := modes[r.IntN(2)]
			if rest := residualOf(t, p, known, free, mode); rest != nil {
				rows += checkRows(t, p, in, known, rowsOf(r, p, facts, free, 3), mode, rest)
			}
		}
	})
	if rows < scale(1000) {
		t.Errorf("only %d rows", rows)
	}
}

func TestResidualEqualsWholeOnEmbeddedPacks(t *testing.T) {
	p := embedded(t)
	in := p.NewInput()
	r := rand.New(rand.NewPCG(32, 32))
	for range scale(150) {
		facts := comity.Facts(gen.Facts(r, p.model))
		known, free := split(r, p, facts)
		mode := modes[r.IntN(2)]
		if rest := residualOf(t, p, known, free, mode); rest != nil {
			checkRows(t, p, in, known, rowsOf(r, p, facts, free, 3), mode, rest)
		}
	}
}

// single makes every value of a question single and every place free of smaller ones; the
// date becomes a day, which is the same day in all zones. What the text of Deny cannot
// hold, instants that are read by the day of some zone, is left out.
func single(r *rand.Rand, p *Program, facts comity.Facts) comity.Facts {
	out := comity.Facts{}
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		f, _ := p.model.Vocab.Lookup(name)
		v := facts[name]
		if list, ok := v.([]any); ok {
			if len(list) == 0 {
				continue
			}
			v = list[0]
		}
		if f.Kind == pack.KindRegion {
			v = leaves(p)[r.IntN(len(leaves(p)))]
		}
		if s, ok := v.(string); ok && f.Kind == pack.KindInstant {
			v = s[:len("2024-05-01")]
		}
		out[name] = v
	}
	return out
}

// leaves are the places that hold no others.
func leaves(p *Program) []string {
	regions := p.model.Vocab.Regions()
	var out []string
	for _, code := range regions.Codes() {
		id, _ := regions.Lookup(code)
		alone := !regions.IsGroup(id)
		for _, other := range regions.Codes() {
			o, _ := regions.Lookup(other)
			if regions.In(id, []pack.RegionID{o}, 0) == pack.Unknown {
				alone = false
			}
		}
		if alone {
			out = append(out, code)
		}
	}
	return out
}

// truth evaluates the text of a condition naively: as the scope of an open question.
func truth(t testing.TB, p *Program, text string, facts comity.Facts) bool {
	t.Helper()
	if text == "false" {
		return false
	}
	v := p.model.Vocab
	c, err := pack.ParseCond(v, nil, text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	law := &pack.Pack{Zone: "UTC", Reach: pack.Node{When: pack.Always()}}
	m := &pack.Model{Vocab: v, Packs: []*pack.Pack{law}, Rules: []*pack.Rule{{
		ID: "x", Req: &pack.Requirement{}, Pack: law, Kind: pack.Review,
		When: c, From: pack.DayMin, Until: pack.DayMax,
	}}}
	vals, err := gen.Values(m, facts)
	if err != nil {
		t.Fatalf("%v in %v", err, facts)
	}
	return len(naive.Evaluate(m, vals, false).Questions) > 0
}

// checkDeny wants the text of Deny to be true exactly of the rows that are denied.
func checkDeny(t testing.TB, p *Program, in *Input, known comity.Facts, rows []comity.Facts, mode comity.Mode, rest *Residual) (denied, open int) {
	t.Helper()
	text := rest.Deny()
	for _, row := range rows {
		want, ok := asked(t, p, in, known, mode, row)
		if !ok {
			continue
		}
		all := maps.Clone(known)
		maps.Copy(all, row)
		if got := truth(t, p, text, all); got != (want.Effect == naive.Deny) {
			t.Fatalf("mode %s: effect %s, but deny is %t: %s\nknown %v\nrow %v", mode, want.Effect, got, text, known, row)
		}
		if text != "true" && text != "false" {
			open++
			if want.Effect == naive.Deny {
				denied++
			}
		}
	}
	return denied, open
}

func TestDenyIsTrueOfDeniedRows(t *testing.T) {
	denied, open := 0, 0
	forModels(t, 150, 33, func(t *testing.T, p *Program, r *rand.Rand) {
		in := p.NewInput()
		for range 10 {
			facts := single(r, p, gen.Facts(r, p.model))
			known, free := split(r, p, facts)
			mode := modes[r.IntN(2)]
			rest := residualOf(t, p, known, free, mode)
			if rest == nil {
				continue
			}
			var rows []comity.Facts
			for _, row := range rowsOf(r, p, facts, free, 4) {
				if row = single(r, p, row); len(row) == len(free) {
					rows = append(rows, row)
				}
			}
			d, o := checkDeny(t, p, in, known, rows, mode, rest)
			denied, open = denied+d, open+o
		}
	})
	if denied < scale(100) || open-denied < scale(100) {
		t.Errorf("only %d of %d rows are denied by a condition", denied, open)
	}
}
