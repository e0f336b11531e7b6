// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"slices"
	"strings"
)

// Side is one version of a pack: with the vocabulary that it is written in, and as known
// on a day (DayMax: all that it knows). A nil pack is none.
type Side struct {
	Vocab *Vocabulary
	Pack  *Pack
	Known Day
}

// How says what became of something between two versions.
type How string

// The three ways to differ.
const (
	Added   How = "added"
	Removed How = "removed"
	Changed How = "changed"
)

// Change is one difference: a requirement, edge, term, outside node, the reach or the
// header of a pack, or a fact or operation of the vocabulary.
type Change struct {
	How  How    `json:"how"`
	What string `json:"what"`
	ID   string `json:"id,omitempty"`
	// Title says what it is, for what has a title or a text.
	Title string `json:"title,omitempty"`
	// Parts are what changed of it; of what was added or removed, all that it says.
	Parts []PartChange `json:"parts,omitempty"`
}

// PartChange is what one part said and says; an empty text is a part that is not there.
// Of names the exception or condition whose part it is.
type PartChange struct {
	Part string `json:"part"`
	Of   string `json:"of,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Diff lists what differs between two versions of a pack: what stands in the later one
// first, in its order, then what was removed. Conditions are compared with their terms
// written out, so that a changed term shows in all that use it.
func Diff(a, b Side) []Change {
	var out []Change
	before, after := a.items(), b.items()
	old := map[string]*item{}
	for i := range before {
		old[before[i].key()] = &before[i]
	}
	for i := range after {
		x := &after[i]
		was := old[x.key()]
		delete(old, x.key())
		if was == nil {
			out = append(out, Change{Added, x.what, x.id, x.title, compare(nil, x.parts)})
		} else if parts := compare(was.parts, x.parts); len(parts) > 0 {
			out = append(out, Change{Changed, x.what, x.id, x.title, parts})
		}
	}
	for i := range before {
		if x := &before[i]; old[x.key()] == x {
			out = append(out, Change{Removed, x.what, x.id, x.title, compare(x.parts, nil)})
		}
	}
	return out
}

// item is something that has an identity in a pack, with its parts as text.
type item struct {
	what, id, title string
	parts           []facet
}

// facet is one part of an item: what it says is compared as text, since two versions have
// vocabularies of their own, with other numbers.
type facet struct{ part, of, text string }

func (x *item) key() string { return x.what + " " + x.id }

// put adds a part if it says something.
func (x *item) put(part, of, text string) {
	if text != "" {
		x.parts = append(x.parts, facet{part, of, text})
	}
}

func compare(a, b []facet) []PartChange {
	var out []PartChange
	find := func(list []facet, f facet) (string, bool) {
		for _, x := range list {
			if x.part == f.part && x.of == f.of {
				return x.text, true
			}
		}
		return "", false
	}
	for _, f := range b {
		if was, _ := find(a, f); was != f.text {
			out = append(out, PartChange{f.part, f.of, was, f.text})
		}
	}
	for _, f := range a {
		if _, ok := find(b, f); !ok {
			out = append(out, PartChange{f.part, f.of, f.text, ""})
		}
	}
	return out
}

// items lists what one version says.
func (s Side) items() []item {
	if s.Pack == nil {
		return nil
	}
	p := s.Pack
	out := []item{s.header(), s.node("reach", "", &p.Reach)}
	for i := range p.Outside {
		out = append(out, s.node("outside", p.Outside[i].ID, &p.Outside[i]))
	}
	for _, q := range p.Requirements {
		if knownOn(s.Known, q.KnownFrom, q.KnownUntil) {
			out = append(out, s.requirement(q))
		}
	}
	for _, e := range p.Edges {
		if knownOn(s.Known, e.KnownFrom, e.KnownUntil) {
			out = append(out, s.edge(e))
		}
	}
	names := make([]string, 0, len(p.Terms))
	for name := range p.Terms {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		x := item{what: "term", id: name}
		x.put("means", "", s.cond(p.Terms[name]))
		out = append(out, x)
	}
	return out
}

func (s Side) cond(c *Cond) string {
	if c == nil {
		return ""
	}
	return s.Vocab.Text(c)
}

func (s Side) header() item {
	p := s.Pack
	x := item{what: "pack", title: p.Name}
	x.put("name", "", p.Name)
	x.put("version", "", p.Version)
	x.put("order", "", s.Vocab.regions.Code(p.Order)+", weight "+p.WeightName)
	x.put("zone", "", p.Zone)
	x.put("periods", "", s.counting())
	x.put("reviewed", "", fmt.Sprintf("%s, next by %s", p.Reviewed, p.NextReview))
	for _, in := range p.Instruments {
		text := "may be cited"
		if in.Mandatory {
			text += ", retention law"
			if in.From != DayMin {
				text += fmt.Sprintf(" from %s", in.From)
			}
		}
		x.put("instrument", in.Cite, fmt.Sprintf("%s, order %s, weight %d", text, s.Vocab.regions.Code(in.Order), in.Weight))
	}
	return x
}

// counting is how the law counts deadlines, if not by the plain calendar.
func (s Side) counting() string {
	c := s.Pack.Counting
	if c == nil || !c.EndsWorking {
		return ""
	}
	places := make([]string, len(c.Place))
	for i, id := range c.Place {
		places[i] = s.Vocab.regions.Code(id)
	}
	return fmt.Sprintf("end on a working day in %s, hold at least %s [%s]", strings.Join(places, ", "), Period{c.Least, WorkingDays}, strings.Join(c.Cites, "; "))
}

func (s Side) node(what, id string, n *Node) item {
	x := item{what: what, id: id, title: n.Text["en"]}
	x.put("scope", "", s.cond(n.When))
	x.put("asks", "", s.facts(n.Ask))
	x.put("citations", "", strings.Join(n.Cites, "; "))
	x.texts("", n.Text)
	return x
}

func (s Side) edge(e *Edge) item {
	x := item{what: "edge", id: e.Set + "/" + e.ID, title: e.Text["en"]}
	x.put("places", "", "from "+s.codes(e.Origin)+" to "+s.codes(e.Destination))
	x.put("dates", "", span(e.From, e.Until))
	x.put("scope", "", s.cond(e.When))
	x.put("claim", "", s.cond(e.Claim))
	x.put("citations", "", strings.Join(e.Cites, "; "))
	x.put("ended by", "", strings.Join(e.EndedBy, "; "))
	x.texts("", e.Text)
	return x
}

func (x *item) texts(of string, text map[string]string) {
	for _, lang := range sortedKeys(text) {
		part := "text"
		if lang != "en" {
			part += " (" + lang + ")"
		}
		x.put(part, of, text[lang])
	}
}

func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (s Side) codes(ids []RegionID) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = s.Vocab.regions.Code(id)
	}
	return strings.Join(out, ", ")
}

func (s Side) facts(ids []FactID) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = s.Vocab.Facts[id].Name
	}
	return strings.Join(out, ", ")
}

func span(from, until Day) string {
	switch {
	case from == DayMin && until == DayMax:
		return "always"
	case until == DayMax:
		return "from " + from.String()
	case from == DayMin:
		return "until " + until.String()
	}
	return "from " + from.String() + " until " + until.String()
}
