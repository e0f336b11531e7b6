// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package graph answers questions about the law in a set of packs rather than by it: can an
// operation ever be lawful, which requirements contradict each other and where, what hangs on
// a requirement, and which measures make a plan lawful.
//
// The conditions of packs range over finitely many values that they can tell apart, so a
// question becomes one of propositional satisfiability: each fact is one of its values, or
// absent, and each condition has two literals, known true and known false (Kleene's logic, as
// in SEMANTICS 2 and 3). Rules are added only once a candidate answer breaks them, and each
// answer is confirmed by the engine, so that what is said is what the engine decides.
package graph

import (
	"errors"
	"fmt"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Oracle decides a question with missing=review, as the engine does.
type Oracle func(comity.Facts) (comity.Decision, error)

// Graph holds what the questions share. It is not safe for concurrent use.
type Graph struct {
	m       *pack.Model
	decide  Oracle
	day     pack.Day
	zones   map[string]*time.Location
	values  map[pack.FactID][]value
	vectors map[*pack.Atom]string // see vector
	byID    map[string][]*pack.Rule
	days    map[pack.Day]*Graph // see on
	orders  map[*pack.Rule]bool // see readsForeignOrder
	// decidesLater tells the graph of a day to come.
	decidesLater bool
	odd          map[pack.FactID]map[int]bool // see unusual
}

// New prepares questions about a model on a day; decide is the engine of the same model.
func New(m *pack.Model, day pack.Day, decide Oracle) (*Graph, error) {
	g := &Graph{m: m, decide: decide, day: day, zones: map[string]*time.Location{}, byID: map[string][]*pack.Rule{}, days: map[pack.Day]*Graph{}, orders: map[*pack.Rule]bool{}, vectors: map[*pack.Atom]string{}}
	for _, p := range m.Packs {
		loc, err := time.LoadLocation(p.Zone)
		if err != nil {
			return nil, &comity.Error{Code: comity.CodePack, Op: "graph", Err: err}
		}
		g.zones[p.Zone] = loc
	}
	for _, r := range m.Rules {
		g.byID[r.ID] = append(g.byID[r.ID], r)
	}
	g.values, g.odd = g.allValues(), g.unusual()
	return g, nil
}

// on is the graph of the same model on another day.
func (g *Graph) on(day pack.Day) *Graph {
	if old := g.days[day]; old != nil {
		return old
	}
	other := *g
	other.decidesLater = day > g.day
	other.day, other.vectors = day, map[*pack.Atom]string{}
	other.values = other.allValues()
	g.days[day] = &other
	return &other
}

// errBound is wrapped where a question is too large to be answered exactly.
var errBound = errors.New("too large to be answered exactly")

func bound(op, format string, args ...any) error {
	return &comity.Error{
		Code: comity.CodeTooLarge, Op: op, Remedy: "fix more facts in the question",
		Err: fmt.Errorf("%w: %s", errBound, fmt.Sprintf(format, args...)),
	}
}

// inForce tells whether a rule binds on the day of the questions.
func (g *Graph) inForce(r *pack.Rule) bool { return r.From <= g.day && g.day < r.Until }
