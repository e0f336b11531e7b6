// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package which

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

// asker asks the packs which requirements bind the operations of a business. It remembers
// every operation that it asked about.
type asker struct {
	q    *Questions
	prog *engine.Program
	in   *engine.Input
	res  engine.Result
	// owner is the pack of a requirement.
	owner map[string]string
	asked map[string][]string
	err   error
}

func newAsker(q *Questions, prog *engine.Program) *asker {
	a := &asker{q: q, prog: prog, in: prog.NewInput(), owner: map[string]string{}, asked: map[string][]string{}}
	for _, p := range prog.Model().Packs {
		for _, r := range p.Requirements {
			a.owner[r.ID] = p.ID
		}
	}
	return a
}

// hit is one activity in which a pack binds, with the first places of it.
type hit struct {
	activity *activity
	places   []string
	ids      []string
}

// each calls f for every operation of a profile with the requirements that bind it.
func (a *asker) each(p profile, on pack.Day, f func(act *activity, places, ids []string) bool) {
	for i := range a.q.activities {
		act := &a.q.activities[i]
		if slices.ContainsFunc(act.When, func(name string) bool { return !p[name].yes }) {
			continue
		}
		for _, places := range combinations(p, act.Each) {
			ids := a.ask(p, act, places, on)
			if a.err != nil || len(ids) > 0 && !f(act, places, ids) {
				return
			}
		}
	}
}

// combinations lists every choice of one place from each list.
func combinations(p profile, lists []string) [][]string {
	out := [][]string{nil}
	for _, name := range lists {
		var next [][]string
		for _, have := range out {
			for _, place := range p[name].places {
				next = append(next, append(slices.Clone(have), place))
			}
		}
		out = next
	}
	return out
}

// ask decides one operation.
func (a *asker) ask(p profile, act *activity, places []string, on pack.Day) []string {
	facts := comity.Facts{"date": on.String()}
	key := act.ID + " " + on.String() + " " + strings.Join(places, ",")
	for name, v := range a.q.always {
		if x, ok := a.resolve(p, act, places, v); ok {
			facts[name] = x
		}
	}
	for name, v := range act.Facts {
		if x, ok := a.resolve(p, act, places, v); ok {
			facts[name] = x
		}
	}
	for _, f := range a.q.Facts {
		if f.Type == typeInt || f.Name == "established_in" || f.Wide != nil {
			key += fmt.Sprint(" ", p[f.Name])
		}
	}
	if ids, ok := a.asked[key]; ok {
		return ids
	}
	if a.err = a.prog.Encode(a.in, facts, time.Time{}); a.err != nil {
		a.err = fmt.Errorf("activity %s: %w", act.ID, a.err)
		return nil
	}
	if a.err = a.prog.Evaluate(a.in, comity.MissingIgnore, &a.res); a.err != nil {
		return nil
	}
	ids := a.res.Applicable(nil)
	a.asked[key] = ids
	return ids
}

// resolve is the value of a fact of an operation; false leaves it out.
func (a *asker) resolve(p profile, act *activity, places []string, v any) (any, bool) {
	name, ok := reference(v)
	if !ok {
		return v, true
	}
	if i := slices.Index(act.Each, name); i >= 0 {
		return places[i], true
	}
	switch x := p[name]; a.q.fact(name).Type {
	case typeBool:
		return x.yes, true
	case typeInt:
		return x.num, true
	default:
		return x.places, len(x.places) > 0
	}
}

// hits lists for each pack the activities of a profile in which it binds.
func (a *asker) hits(p profile, on pack.Day) map[string][]hit {
	out := map[string][]hit{}
	a.each(p, on, func(act *activity, places, ids []string) bool {
		for _, id := range ids {
			owner := a.owner[id]
			list := out[owner]
			if n := len(list); n == 0 || list[n-1].activity != act {
				list = append(list, hit{activity: act})
			}
			h := &list[len(list)-1]
			for _, place := range places {
				if !slices.Contains(h.places, place) {
					h.places = append(h.places, place)
				}
			}
			if !slices.Contains(h.ids, id) {
				h.ids = append(h.ids, id)
			}
			out[owner] = list
		}
		return true
	})
	return out
}

// binds tells whether a pack binds in some operation of a profile.
func (a *asker) binds(p profile, id string, on pack.Day) bool {
	found := false
	a.each(p, on, func(_ *activity, _, ids []string) bool {
		found = slices.ContainsFunc(ids, func(q string) bool { return a.owner[q] == id })
		return !found
	})
	return found
}
