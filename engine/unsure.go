// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// unsure computes Decision.RegionsUnsure after regionsOf: per kind of place the candidates
// that are not denied and in which the answer is review. One candidate of each class is asked.
func (p *Program) unsure(in *Input, review bool) (map[string][]string, error) {
	q := &in.ev.regions
	var out map[string][]string
	open := make([]bool, len(q.reps))
	for k := range q.ok {
		clear(open)
		for i, id := range q.reps {
			if !q.ok[k][i] {
				continue
			}
			q.place[0] = id
			err := in.try(p.toPlace(p.places.kinds[k].fact, q.place[:]), func() error {
				p.evaluate(in, review, &q.res)
				open[i] = q.res.effect == comity.Review
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		if !slices.Contains(open, true) {
			continue
		}
		list := []string{}
		for i, c := range q.class {
			if open[c] {
				list = append(list, q.names[i])
			}
		}
		if out == nil {
			out = map[string][]string{}
		}
		out[p.places.kinds[k].name] = list
	}
	return out, nil
}

// toPlace sets a kind of place, and the destination.
func (p *Program) toPlace(place pack.FactID, items []uint16) []change {
	changes := []change{{fact: place, items: items}}
	if p.toRegion != 0 && p.toRegion != place {
		changes = append(changes, change{fact: p.toRegion, items: items, along: place})
	}
	return changes
}
