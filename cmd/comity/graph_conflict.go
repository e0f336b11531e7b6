// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/draw"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/scenario"
)

// conflict draws requirements that contradict each other: in the operation of --facts, of
// two in the smallest context that there is, else in one found among the cases of the packs.
func (f *showFlags) conflict(eng *engine.Engine, ids []string, on pack.Day, in io.Reader) (*draw.Graph, error) {
	m := eng.Program().Model()
	for _, id := range ids {
		p, q := draw.Find(m, id)
		switch {
		case p != nil:
			return nil, usageError("graph show", "name requirements, or one pack alone", "%s is a pack; only requirements conflict", id)
		case q == nil:
			return nil, noSuch(m, id)
		}
	}
	if f.facts != "" {
		req, d, m, err := f.operation(eng, in)
		if err != nil {
			return nil, err
		}
		if g := draw.Conflict(m, req, d, ids); g != nil {
			return g, nil
		}
		return nil, &comity.Error{
			Code: comity.CodeNotFound, Op: "graph show", Err: fmt.Errorf("%s do not conflict in this operation, the answer is %s", strings.Join(ids, " and "), d.Effect),
			Remedy: "leave the requirements out to see why",
		}
	}
	reason := ""
	if len(ids) == 2 {
		g, why, err := pairGraph(eng, ids, on)
		if g != nil || err != nil {
			return g, err
		}
		reason = "; by comity graph conflicts: " + why
	}
	return clashGraph(eng, ids, reason)
}

// pairGraph is the picture of two requirements, or why they do not contradict each other.
func pairGraph(eng *engine.Engine, ids []string, on pack.Day) (*draw.Graph, string, error) {
	m := eng.Program().Model()
	for _, id := range ids {
		if err := requirement("graph show", m, id); err != nil {
			return nil, "", err
		}
	}
	g, err := graphOn(eng, on)
	if err != nil {
		return nil, "", err
	}
	r, err := g.Pair(ids[0], ids[1])
	if err != nil {
		return nil, "", err
	}
	if r.Conflict == nil {
		return nil, fmt.Sprintf("%s: %s", r.Verdict, r.Reason), nil
	}
	if r.Conflict.From != "" {
		if on, err = pack.ParseDay(r.Conflict.From); err != nil {
			return nil, "", err
		}
	}
	return draw.Pair(m, r.Conflict, on, ids), "", nil
}

// clashGraph looks for the operation among the cases of the packs.
func clashGraph(eng *engine.Engine, ids []string, reason string) (*draw.Graph, error) {
	m := eng.Program().Model()
	var packIDs []string
	for _, p := range m.Packs {
		packIDs = append(packIDs, p.ID)
	}
	cases, err := scenario.Embedded(packIDs)
	if err != nil {
		return nil, err
	}
	wanted := func(d *comity.Decision) bool { return draw.InConflict(d, ids) != nil }
	alone := func(d *comity.Decision) bool {
		return wanted(d) && d.Effect == comity.Review && len(d.Conflicts) == len(draw.InConflict(d, ids))
	}
	req, d, ok := scenario.Clash(eng, cases, ids, alone)
	if !ok { // perhaps another rule is always in the way
		req, d, ok = scenario.Clash(eng, cases, ids, wanted)
	}
	if !ok {
		return nil, &comity.Error{
			Code: comity.CodeNotFound, Op: "graph show", Err: fmt.Errorf("no case of the packs, nor two joined, shows %s in conflict%s", strings.Join(ids, " and "), strings.TrimSuffix(reason, ".")),
			Remedy: "give an operation in which they are with --facts FILE",
		}
	}
	g := draw.Conflict(m, req, d, ids)
	g.Text += " No operation with fewer facts was found."
	return g, nil
}
