// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/pack"
)

// Origins of facts besides the names of sources.
const (
	originCaller  = "caller"
	originDefault = "default" // said by the caller once for all parts
	originClock   = "clock"
)

// state is the engine with what the door derives from its packs.
type state struct {
	engine *engine.Engine
	// orders is the legal order of each pack.
	orders map[string]string
	// dates are the names of the fact date.
	dates []string
}

func newState(e *engine.Engine) *state {
	m := e.Program().Model()
	s := &state{engine: e, orders: make(map[string]string, len(m.Packs))}
	for _, p := range m.Packs {
		s.orders[p.ID] = m.Vocab.Regions().Code(p.Order)
	}
	for name, id := range m.Vocab.Names() {
		if id == m.Vocab.Date() {
			s.dates = append(s.dates, name)
		}
	}
	return s
}

// question is a request on its way: asked is as the caller sent it, the facts of req are
// resolved.
type question struct {
	caller Caller
	asked  comity.Request
	req    comity.Request
	state  *state
	now    time.Time
	// origins has, for each part, the facts whose origin is not the caller.
	origins    []map[string]string
	overridden []comity.Override
	objections []audit.Object
	shed       bool

	reused bool
	// room is for facts and the record, so that they take no memory of their own.
	room struct {
		fragments
		text    canon
		facts   comity.Facts // for those of a request without parts, if reused
		origins [1]map[string]string
		orders  [4]string
		texts   [8]string
		names   [16]string
	}
}

// questions are used again, where nobody keeps what is in them: they are larger than all
// else that a decision needs.
type questions struct {
	reused bool
	pool   sync.Pool
}

func (p *questions) get() *question {
	if q, ok := p.pool.Get().(*question); ok {
		return q
	}
	q := &question{reused: p.reused}
	if p.reused {
		q.room.facts = make(comity.Facts, 16)
	}
	return q
}

// keptText bounds the text that a question keeps room for, and keptFacts its facts.
const (
	keptText  = 1 << 15
	keptFacts = 64
)

// put takes back a question that has its answer, without what it said.
func (p *questions) put(q *question) {
	if !q.reused || cap(q.room.text.b) > keptText || len(q.room.facts) > keptFacts {
		return
	}
	text, facts := q.room.text.b, q.room.facts
	clear(text)
	clear(facts)
	*q = question{reused: true}
	q.room.text.b, q.room.facts = text[:0], facts
	p.pool.Put(q)
}

// clockOrigins are the origins of facts of which only the date is not the caller's.
var clockOrigins = map[string]string{"date": originClock}

// resolve completes the facts of each part: defaults, the date, then the sources in their
// order (SEMANTICS 1.8).
func (d *Door) resolve(ctx context.Context, q *question) error {
	if q.req.Parts == nil {
		facts, origins, err := d.resolvePart(ctx, q, nil, q.req.Facts)
		q.room.origins[0] = origins
		q.req.Facts, q.origins = facts, q.room.origins[:]
		return err
	}
	parts := make([]comity.Facts, len(q.req.Parts))
	q.origins = make([]map[string]string, len(parts))
	for i, part := range q.req.Parts {
		var err error
		if parts[i], q.origins[i], err = d.resolvePart(ctx, q, q.req.Facts, part); err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
	}
	q.req.Facts, q.req.Parts = nil, parts
	return nil
}

func (d *Door) resolvePart(ctx context.Context, q *question, defaults, given comity.Facts) (comity.Facts, map[string]string, error) {
	dated := func(facts comity.Facts) bool {
		return slices.ContainsFunc(q.state.dates, func(name string) bool { return facts[name] != nil })
	}
	if len(defaults) == 0 && len(d.o.Sources) == 0 && dated(given) {
		return given, nil, nil // nothing to add, and nobody keeps them
	}
	if q.reused && q.req.Parts == nil && len(defaults) == 0 {
		maps.Copy(q.room.facts, given)
		q.room.facts["date"] = q.now.Truncate(time.Second)
		return q.room.facts, clockOrigins, nil
	}
	facts := make(comity.Facts, len(defaults)+len(given)+1)
	origins := map[string]string{}
	for name, v := range defaults {
		facts[name], origins[name] = v, originDefault
	}
	for name, v := range given {
		facts[name] = v
		delete(origins, name)
	}
	if !dated(facts) {
		facts["date"], origins["date"] = q.now.Truncate(time.Second), originClock
	}
	for _, s := range d.o.Sources {
		req := q.req
		req.Facts, req.Parts = maps.Clone(facts), nil
		known, err := s.Facts(ctx, q.caller, req)
		if err != nil {
			return nil, nil, unavailable("ask "+s.Name(), err)
		}
		for _, name := range slices.Sorted(maps.Keys(known)) {
			if err := q.merge(s, facts, origins, name, known[name]); err != nil {
				return nil, nil, err
			}
		}
	}
	return facts, origins, nil
}

// merge adds what a source says about one fact. An authoritative source overrides, and
// the answer says so; any other difference is an error.
func (q *question) merge(s FactSource, facts comity.Facts, origins map[string]string, name string, value any) error {
	v := q.state.engine.Program().Model().Vocab
	def, ok := v.Lookup(name)
	if !ok {
		return &comity.Error{Code: comity.CodeInternal, Op: "ask " + s.Name(), Err: fmt.Errorf("it gives %q, which is no fact", name)}
	}
	said := name
	for other := range facts {
		if o, ok := v.Lookup(other); ok && o.ID == def.ID {
			said = other
			break
		}
	}
	before, given := facts[said]
	if given {
		same, err := sameValue(v, def, before, value)
		switch {
		case err != nil:
			return err
		case same:
			return nil
		case !s.Authoritative(def.Name):
			return &comity.Error{
				Code: comity.CodeConflict, Op: "resolve facts", Err: fmt.Errorf("%s says otherwise about %s than %s", s.Name(), def.Name, originOf(origins, said)),
				Remedy: "leave the fact out, or correct it at its source",
			}
		}
		q.overridden = append(q.overridden, comity.Override{Fact: def.Name, Given: before, Used: value, Source: s.Name()})
		delete(facts, said)
		delete(origins, said)
	}
	facts[def.Name], origins[def.Name] = value, s.Name()
	return nil
}

// sameValue compares as the engine reads: a single value is a list of one, and the order
// of a list says nothing.
func sameValue(v *pack.Vocabulary, def *pack.Fact, a, b any) (bool, error) {
	x, errX := v.ParseValue(def, a)
	y, errY := v.ParseValue(def, b)
	if err := errors.Join(errX, errY); err != nil {
		return false, &comity.Error{Code: comity.CodeInvalid, Op: "resolve facts", Err: err}
	}
	return x.Num == y.Num && x.At == y.At && sameSet(x.Items, y.Items) && sameSet(x.Strs, y.Strs), nil
}

func sameSet[T int | string](a, b []T) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

func originOf(origins map[string]string, name string) string {
	if o := origins[name]; o != "" {
		return o
	}
	return originCaller
}
