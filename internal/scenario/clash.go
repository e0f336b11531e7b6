// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"fmt"
	"maps"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// perRequirement bounds how many cases of one requirement are joined with others.
const perRequirement = 80

// Clash looks among cases, and pairs of cases joined into one operation, for one whose
// decision is wanted, such as one in which requirements conflict, and leaves out what does
// not matter. Cases to which one of the requirements applies are joined with each other.
func Clash(eng *engine.Engine, cases []Case, ids []string, wanted func(*comity.Decision) bool) (comity.Request, comity.Decision, bool) {
	c := &clash{eng: eng, wanted: wanted}
	applies := make([][]comity.Facts, len(ids))
	for i := range cases {
		if cases[i].Parts != nil {
			continue
		}
		req := comity.Request{Facts: cases[i].Facts, Missing: comity.MissingIgnore}
		d, err := eng.Decide(req)
		if err != nil {
			continue
		}
		if c.better(req.Facts) && wanted(&d) {
			c.best, c.decision = req, d
			c.shrink()
		}
		for k, id := range ids {
			if slices.Contains(d.Applicable, id) {
				applies[k] = append(applies[k], req.Facts)
			}
		}
	}
	for k := range applies {
		slices.SortStableFunc(applies[k], func(a, b comity.Facts) int { return size(a) - size(b) })
		applies[k] = applies[k][:min(len(applies[k]), perRequirement)]
	}
	for i, as := range applies {
		for j, bs := range applies {
			for _, a := range as {
				for _, b := range bs {
					if i != j && c.try(joined(a, b)) {
						c.shrink()
					}
				}
			}
		}
	}
	return c.best, c.decision, c.best.Facts != nil
}

type clash struct {
	eng      *engine.Engine
	wanted   func(*comity.Decision) bool
	best     comity.Request
	decision comity.Decision
}

// better tells whether facts are fewer than those of the best operation so far.
func (c *clash) better(facts comity.Facts) bool {
	return c.best.Facts == nil || size(facts) < size(c.best.Facts)
}

// try keeps an operation that is better and wanted.
func (c *clash) try(facts comity.Facts) bool {
	if !c.better(facts) {
		return false
	}
	req := comity.Request{Facts: facts, Missing: comity.MissingIgnore}
	d, err := c.eng.Decide(req)
	if err != nil || !c.wanted(&d) {
		return false
	}
	c.best, c.decision = req, d
	return true
}

// size counts facts and the further elements of lists.
func size(facts comity.Facts) int {
	n := 0
	for _, v := range facts {
		n += 1 + len(elements(v))
	}
	return n
}

// elements are those of a list, or a single value.
func elements(v any) []any {
	switch l := v.(type) {
	case []any:
		return l
	case []string:
		out := make([]any, len(l))
		for i, s := range l {
			out[i] = s
		}
		return out
	}
	return []any{v}
}

// shrink leaves out facts and elements of lists while the decision stays wanted.
func (c *clash) shrink() {
	for again := true; again; {
		again = false
		for _, name := range slices.Sorted(maps.Keys(c.best.Facts)) {
			if name != "date" && name != "operation" && c.try(with(c.best.Facts, name, nil)) {
				again = true
				continue
			}
			list := elements(c.best.Facts[name])
			for i := range list {
				if len(list) > 1 && c.try(with(c.best.Facts, name, slices.Delete(slices.Clone(list), i, i+1))) {
					again = true
					break
				}
			}
		}
	}
}

// with is facts with another value of one; nil leaves it out.
func with(facts comity.Facts, name string, v any) comity.Facts {
	out := maps.Clone(facts)
	if delete(out, name); v != nil {
		out[name] = v
	}
	return out
}

// joined is one operation with the facts of two: a goes first, and lists of places,
// persons and data are united.
func joined(a, b comity.Facts) comity.Facts {
	out := maps.Clone(b)
	for name, v := range a {
		out[name] = v
	}
	for _, name := range []string{"subject_location", "targets", "controller_establishment", "data_categories", "retention_rules"} {
		if a[name] == nil || b[name] == nil {
			continue
		}
		var all []any
		for _, v := range []any{a[name], b[name]} {
			for _, x := range elements(v) {
				if !slices.ContainsFunc(all, func(y any) bool { return fmt.Sprint(x) == fmt.Sprint(y) }) {
					all = append(all, x)
				}
			}
		}
		out[name] = all
	}
	return out
}
