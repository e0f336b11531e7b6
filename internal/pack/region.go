// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// RegionID names a place or group of a Regions table; 0 is none.
type RegionID uint16

// World is the built-in group of every place.
const World = "WORLD"

const regionWords = 8

// RegionSet is a set of smallest places.
type RegionSet [regionWords]uint64

func (s *RegionSet) add(i int) { s[i>>6] |= 1 << (i & 63) }
func (s *RegionSet) union(o *RegionSet) {
	for i := range s {
		s[i] |= o[i]
	}
}
func (s *RegionSet) empty() bool { return *s == RegionSet{} }
func (s *RegionSet) within(o *RegionSet) bool {
	for i := range s {
		if s[i]&^o[i] != 0 {
			return false
		}
	}
	return true
}

func (s *RegionSet) meets(o *RegionSet) bool {
	for i := range s {
		if s[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// Tri is a truth value of Kleene's logic.
type Tri uint8

// Unknown is the zero value: nothing was said.
const (
	Unknown Tri = iota
	False
	True
)

func (t Tri) String() string { return [...]string{"unknown", "false", "true"}[t] }

// Not is Kleene's negation.
func (t Tri) Not() Tri {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// TriOf is True or False.
func TriOf(b bool) Tri {
	if b {
		return True
	}
	return False
}

// member is one dated membership of a group.
type member struct {
	id          RegionID
	from, until Day
	pos         Pos
}

type region struct {
	code, name string
	within     RegionID
	atom       int
	group      bool
	members    []member
	pos        Pos
}

// Regions is the table of places and groups with dated, nested membership.
type Regions struct {
	list   []region
	byCode map[string]RegionID
	atoms  int
	breaks []Day
	// sets holds, per interval between breaks, the set of each region.
	sets [][]RegionSet
}

// Len is one more than the highest RegionID.
func (r *Regions) Len() int { return len(r.list) }

// Code is the region's code, as facts name it.
func (r *Regions) Code(id RegionID) string { return r.list[id].code }

// Name is the region's English name.
func (r *Regions) Name(id RegionID) string { return r.list[id].name }

// IsGroup tells a group from a place.
func (r *Regions) IsGroup(id RegionID) bool { return r.list[id].group }

// Lookup finds a code; case matters, as in ISO 3166.
func (r *Regions) Lookup(code string) (RegionID, bool) {
	id, ok := r.byCode[code]
	return id, ok
}

// Codes lists every code in order.
func (r *Regions) Codes() []string {
	out := make([]string, 0, len(r.list)-1)
	for _, x := range r.list[1:] {
		out = append(out, x.code)
	}
	sort.Strings(out)
	return out
}

// Suggest is the remedy for a code that is no region.
func (r *Regions) Suggest(code string) string {
	for _, x := range r.list[1:] {
		if strings.EqualFold(x.name, code) || x.code == "GB" && strings.EqualFold(code, "UK") {
			return fmt.Sprintf("did you mean %q?", x.code)
		}
	}
	if len(code) <= 2 {
		// Two letters are near to every other country.
		for _, x := range r.list[1:] {
			if strings.EqualFold(x.code, code) {
				return fmt.Sprintf("did you mean %q?", x.code)
			}
		}
		return "use a code of ISO 3166, such as DE or US-CA"
	}
	return cmp.Or(Suggest(code, r.Codes()), "use a code of ISO 3166, such as DE or US-CA")
}

// Countries lists the codes of ISO 3166-1: the default candidates for permitted regions.
func (r *Regions) Countries() []string {
	var out []string
	for _, x := range r.list[1:] {
		if len(x.code) == 2 && !x.group && x.within == 0 {
			out = append(out, x.code)
		}
	}
	sort.Strings(out)
	return out
}

// Breaks lists the days on which a membership begins or ends, in order.
func (r *Regions) Breaks() []Day { return r.breaks }

func (r *Regions) interval(d Day) int {
	i, found := slices.BinarySearch(r.breaks, d)
	if found {
		i++
	}
	return i
}

// Set is the smallest places that make up the region on day d.
func (r *Regions) Set(id RegionID, d Day) *RegionSet { return &r.sets[r.interval(d)][id] }

// In says whether the region value lies in one of the given regions on day d. A group as
// value means some place in it: Unknown where only part of it lies inside.
func (r *Regions) In(value RegionID, of []RegionID, d Day) Tri {
	sets := r.sets[r.interval(d)]
	var u RegionSet
	for _, id := range of {
		u.union(&sets[id])
	}
	return sets[value].in(&u)
}

func (v *RegionSet) in(u *RegionSet) Tri {
	switch {
	case v.empty() || !v.meets(u):
		return False
	case v.within(u):
		return True
	}
	return Unknown
}

// Inside lists the codes of the regions that lie in a region, itself included, on some day
// from one to another.
func (r *Regions) Inside(id RegionID, from, to Day) []string {
	out := []string{r.list[id].code}
	for x := RegionID(1); int(x) < len(r.list); x++ {
		if x == id {
			continue
		}
		inside := r.In(x, []RegionID{id}, from) == True
		for _, d := range r.breaks {
			inside = inside || from < d && d <= to && r.In(x, []RegionID{id}, d) == True
		}
		if inside {
			out = append(out, r.list[x].code)
		}
	}
	return out
}

// InAll is In for every region as value.
func (r *Regions) InAll(of []RegionID, d Day) []Tri {
	sets := r.sets[r.interval(d)]
	var u RegionSet
	for _, id := range of {
		u.union(&sets[id])
	}
	out := make([]Tri, len(sets))
	for id := range sets {
		out[id] = sets[id].in(&u)
	}
	return out
}

// ReadRegions reads a regions file (docs/pack-format.md). Problems are added to probs.
func ReadRegions(file string, data []byte, probs *Problems) *Regions {
	rd, n := openYAML(file, data, probs)
	r := &Regions{list: make([]region, 1), byCode: map[string]RegionID{}}
	if n == nil {
		return r
	}
	f := rd.fields(n, regionFileKeys...)
	rd.need(n, f, "format", "places")
	rd.format(f["format"])
	if size(f["places"])+size(f["groups"]) > 2*maxNames {
		rd.fail(n, "remove some", "more than %d places and groups", maxNames)
		return r
	}
	within := r.readPlaces(rd, f["places"])
	r.readGroups(rd, f["groups"])
	for id, code := range within {
		parent, ok := r.byCode[code.Value]
		if !ok {
			rd.fail(code, r.Suggest(code.Value), "unknown region %q", code.Value)
			continue
		}
		r.list[id].within = parent
	}
	if id, dup := r.byCode[World]; dup {
		rd.probs.add(r.list[id].pos, "remove it", "region %q is built in", World)
	}
	r.add(region{code: World, name: "everywhere", group: true})
	if r.cyclic(rd) {
		return &Regions{list: make([]region, 1), byCode: map[string]RegionID{}}
	}
	r.build(rd, n)
	return r
}

func (r *Regions) add(x region) RegionID {
	id := RegionID(len(r.list))
	r.list = append(r.list, x)
	r.byCode[x.code] = id
	return id
}

func size(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	return len(n.Content)
}

func (r *Regions) readPlaces(rd reader, n *yaml.Node) map[RegionID]*yaml.Node {
	within := map[RegionID]*yaml.Node{}
	if n == nil {
		return within
	}
	for _, p := range rd.pairs(n) {
		x := region{code: p.key, pos: rd.pos(p.keyNode)}
		var in *yaml.Node
		if p.node.Kind == yaml.MappingNode {
			f := rd.fields(p.node, placeKeys...)
			x.name, in = rd.str(f["name"]), f["within"]
		} else {
			x.name = rd.str(p.node)
		}
		id := r.add(x)
		if in != nil {
			within[id] = in
		}
	}
	return within
}

func (r *Regions) readGroups(rd reader, n *yaml.Node) {
	if n == nil {
		return
	}
	type pending struct {
		id RegionID
		n  *yaml.Node
	}
	var todo []pending
	for _, p := range rd.pairs(n) {
		f := rd.fields(p.node, groupKeys...)
		if _, dup := r.byCode[p.key]; dup {
			rd.fail(p.keyNode, "remove one", "region %q is defined twice", p.key)
			continue
		}
		id := r.add(region{code: p.key, name: rd.str(f["name"]), group: true, pos: rd.pos(p.keyNode)})
		if rd.need(p.node, f, "members") {
			todo = append(todo, pending{id, f["members"]})
		}
	}
	for _, t := range todo {
		for _, p := range rd.pairs(t.n) {
			id, ok := r.byCode[p.key]
			if !ok {
				rd.fail(p.keyNode, r.Suggest(p.key), "unknown region %q", p.key)
				continue
			}
			f := rd.fields(p.node, memberKeys...)
			m := member{id: id, from: rd.day(f["from"], DayMin), until: rd.day(f["until"], DayMax), pos: rd.pos(p.keyNode)}
			if m.from >= m.until {
				rd.fail(p.node, untilRemedy, "the membership ends before it begins")
			}
			r.list[t.id].members = append(r.list[t.id].members, m)
		}
	}
}

// cyclic reports groups that contain themselves, through groups or through `within`.
func (r *Regions) cyclic(rd reader) bool {
	state := make([]uint8, len(r.list))
	bad := false
	var visit func(id RegionID)
	visit = func(id RegionID) {
		switch state[id] {
		case 1:
			rd.probs.add(r.list[id].pos, "break the cycle", "region %q contains itself", r.list[id].code)
			bad = true
			return
		case 2:
			return
		}
		state[id] = 1
		for _, m := range r.list[id].members {
			visit(m.id)
		}
		if w := r.list[id].within; w != 0 {
			visit(w)
		}
		state[id] = 2
	}
	for id := range r.list[1:] {
		visit(RegionID(id + 1))
	}
	return bad
}

func (r *Regions) build(rd reader, n *yaml.Node) {
	for i := range r.list[1:] {
		x := &r.list[i+1]
		x.atom = -1
		if !x.group {
			x.atom = r.atoms
			r.atoms++
		}
		for _, m := range x.members {
			for _, d := range []Day{m.from, m.until} {
				if d != DayMin && d != DayMax && !slices.Contains(r.breaks, d) {
					r.breaks = append(r.breaks, d)
				}
			}
		}
	}
	if r.atoms > regionWords*64 || len(r.breaks) > maxBreaks {
		rd.fail(n, "remove some", "%d places and %d days on which a membership changes, more than %d or %d", r.atoms, len(r.breaks), regionWords*64, maxBreaks)
		r.atoms, r.breaks = 0, nil
		return
	}
	slices.Sort(r.breaks)
	for i := 0; i <= len(r.breaks); i++ {
		d := DayMin
		if i > 0 {
			d = r.breaks[i-1]
		}
		r.sets = append(r.sets, r.setsOn(d))
	}
}

func (r *Regions) setsOn(d Day) []RegionSet {
	sets := make([]RegionSet, len(r.list))
	for id := range r.list {
		x := &r.list[id]
		if id == 0 || x.group {
			continue
		}
		// A place counts for itself and for everything it lies within.
		for p := RegionID(id); p != 0; p = r.list[p].within {
			sets[p].add(x.atom)
		}
	}
	done := make([]bool, len(r.list))
	var fill func(id RegionID)
	fill = func(id RegionID) {
		if done[id] {
			return
		}
		done[id] = true
		for _, m := range r.list[id].members {
			if m.from <= d && d < m.until {
				fill(m.id)
				sets[id].union(&sets[m.id])
			}
		}
	}
	for id := range r.list {
		fill(RegionID(id))
	}
	w := r.byCode[World]
	for id := range r.list {
		if !strings.EqualFold(r.list[id].code, "INT") {
			sets[w].union(&sets[id])
		}
	}
	return sets
}

// MembershipBreaks lists the days on which the set of any of the regions changes.
func (r *Regions) MembershipBreaks(ids []RegionID) []Day {
	var out []Day
	for i, d := range r.breaks {
		if slices.ContainsFunc(ids, func(id RegionID) bool { return r.sets[i][id] != r.sets[i+1][id] }) {
			out = append(out, d)
		}
	}
	return out
}

func (rd reader) format(n *yaml.Node) {
	if n == nil {
		return
	}
	if n.Value != Format {
		rd.fail(n, fmt.Sprintf("this version reads %s: convert the file or use a matching version of comity", Format), "format %q is not %s", n.Value, Format)
	}
}
