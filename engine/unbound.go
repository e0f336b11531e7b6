// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// unbound says why nothing stands against an operation that no requirement binds: the nodes
// by which regimes leave it out say it themselves; else it is what the regimes within reach
// lack, or that no reach is met, and of which places no law is known.
func (r *report) unbound() []string {
	if len(r.res.bound) > 0 || r.res.effect != comity.Allow || len(r.d.Outside) > 0 {
		return nil
	}
	var near []string
	for _, no := range r.withinReach() {
		if info := &r.p.packs[no]; info.inForce(r.in.days) {
			near = append(near, info.src.Name)
		}
	}
	if len(near) > 0 {
		return []string{"It is within reach of " + several(near) + ", but none of their requirements covers this operation, data and date."}
	}
	return append([]string{r.noReach()}, r.lawless()...)
}

// nothingApplies says in explanations why no regime binds: for each regime whose reach is
// met, what stopped it.
func (r *report) nothingApplies() []string {
	if len(r.outside) > 0 {
		return []string{"No requirement binds: the regimes within reach leave this out by status."}
	}
	var out []string
	for _, no := range r.withinReach() {
		info := &r.p.packs[no]
		switch day := r.in.days[info.zone]; {
		case day < info.from:
			out = append(out, info.src.Name+": its reach is met, but it does not bind before "+info.from.String()+".")
		case day >= info.until:
			out = append(out, info.src.Name+": its reach is met, but it no longer binds since "+info.until.String()+".")
		default:
			out = append(out, info.src.Name+": its reach is met, but no requirement covers this operation, data and date.")
		}
	}
	if len(out) == 0 {
		out = append(out, r.noReach())
	}
	return append(out, r.lawless()...)
}

// withinReach lists the packs whose reach is met; those that reach everything are left out.
func (r *report) withinReach() []uint16 {
	var near []uint16
	r.in.eachChunk(func(int) {
		for no := range r.p.packs {
			info := &r.p.packs[no]
			if info.src.Reach.When.Op == pack.OpTrue || !r.in.canReach(no) || info.from >= info.until {
				continue
			}
			if t, _ := r.in.cond(info.reach); t != 0 {
				near = appendNew(near, uint16(no))
			}
		}
	})
	slices.Sort(near)
	return near
}

func (r *report) noReach() string {
	for _, f := range r.in.order {
		if f != 0 && r.p.facts[f].def.Kind == pack.KindRegion {
			return "No regime's reach is met by the places, persons and actors of this operation."
		}
	}
	return "No regime's reach is met: no place of a person, an actor or the data is given."
}

// lawless names the given places of which no pack holds law.
func (r *report) lawless() []string {
	regions, day := r.p.model.Vocab.Regions(), r.in.date.Day(utc)
	var codes []string
	for _, f := range r.in.order {
		if f == 0 || r.p.facts[f].def.Kind != pack.KindRegion {
			continue
		}
		for _, it := range r.in.items[f] {
			place := pack.RegionID(it)
			covered := slices.ContainsFunc(r.p.packs, func(info packInfo) bool {
				o := info.src.Order
				return !r.p.model.Vocab.OnlyTightens(info.src) && (regions.In(place, []pack.RegionID{o}, day) != pack.False || regions.In(o, []pack.RegionID{place}, day) != pack.False)
			})
			if !covered {
				codes = appendNew(codes, regions.Code(place))
			}
		}
	}
	if len(codes) == 0 {
		return nil
	}
	slices.Sort(codes)
	return []string{"The packs hold no law of " + several(codes) + ": what it says there is not answered."}
}

// several names a few things in a sentence, and how many more there are.
func several(names []string) string {
	const most = 4
	if n := len(names); n > most {
		names = append(slices.Clone(names[:most-1]), strconv.Itoa(n-most+1)+" others")
	}
	if n := len(names) - 1; n > 0 {
		return strings.Join(names[:n], ", ") + " and " + names[n]
	}
	return names[0]
}
