// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package timeline lists the days on which the law as the packs know it changes: what
// begins or ends to bind, which links between places begin or end, which conditions and
// memberships turn, and by when each pack is to be reviewed.
package timeline

import (
	"cmp"
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// Kind says what happens on a day.
type Kind string

// The kinds of boundaries.
const (
	Begins        Kind = "begins"         // a requirement begins to bind
	Changes       Kind = "changes"        // a requirement takes the place of an earlier wording
	Ends          Kind = "ends"           // a requirement no longer binds
	Enforced      Kind = "enforced"       // its enforcement begins
	Known         Kind = "known"          // a wording is known from here on
	Superseded    Kind = "superseded"     // a wording is no longer what is known
	EdgeBegins    Kind = "edge_begins"    // a link between places begins, such as an adequacy decision
	EdgeEnds      Kind = "edge_ends"      // it ends
	Condition     Kind = "condition"      // a date in conditions is reached
	Membership    Kind = "membership"     // a place joins or leaves a group that packs read
	PenaltyBegins Kind = "penalty_begins" // a penalty can be imposed
	PenaltyEnds   Kind = "penalty_ends"   // it no longer can
	Review        Kind = "review"         // the law of a pack is to be read again by this day
)

// Words is the kind as people read it.
func (k Kind) Words() string { return strings.ReplaceAll(string(k), "_", " ") }

// Event is one boundary.
type Event struct {
	Date       string   `json:"date"`
	Kind       Kind     `json:"kind"`
	Pack       string   `json:"pack,omitempty"`
	ID         string   `json:"id,omitempty"`
	Title      string   `json:"title"`
	Text       string   `json:"text,omitempty"`
	Citations  []string `json:"citations,omitempty"`
	Unverified bool     `json:"unverified,omitempty"`
	// Requirements are those that read a condition or membership that turns.
	Requirements []string `json:"requirements,omitempty"`
	// UID names the boundary for calendars; where a date is put off, it stays.
	UID string `json:"uid"`

	day pack.Day
}

// Span is the days that are looked at: From is the first, Until the first day after.
type Span struct{ From, Until pack.Day }

func (s Span) holds(d pack.Day) bool { return s.From <= d && d < s.Until }

// lang is the language of the texts.
const lang = "en"

// lister collects the events of one span.
type lister struct {
	m    *pack.Model
	span Span
	out  []Event
}

// Events lists the boundaries of packs in a span by day; nil packs means all.
func Events(m *pack.Model, packs []string, span Span) []Event {
	l := &lister{m: m, span: span}
	reads := newReaders(m)
	for _, p := range m.Packs {
		if packs != nil && !slices.Contains(packs, p.ID) {
			continue
		}
		l.pack(p)
		reads.pack(p, span)
	}
	l.out = append(l.out, reads.events(span)...)
	slices.SortStableFunc(l.out, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.Pack, b.Pack), strings.Compare(a.ID, b.ID), strings.Compare(string(a.Kind), string(b.Kind)))
	})
	return l.out
}

// Warnings tells of packs past their review on a day; nil packs means all.
func Warnings(m *pack.Model, packs []string, on pack.Day) []string {
	var out []string
	for _, p := range m.Packs {
		if w := p.ReviewWarning(on); w != "" && (packs == nil || slices.Contains(packs, p.ID)) {
			out = append(out, w)
		}
	}
	return out
}

// add lists an event if its day is in the span.
func (l *lister) add(d pack.Day, e Event) {
	if !l.span.holds(d) {
		return
	}
	e.day, e.Date = d, d.String()
	if e.UID == "" {
		e.UID = uid(string(e.Kind), e.Pack, e.ID)
	}
	l.out = append(l.out, e)
}

func (l *lister) pack(p *pack.Pack) {
	for _, q := range p.Requirements {
		if q.KnownUntil > l.span.From {
			l.requirement(p, q)
		}
	}
	for _, e := range p.Edges {
		if e.KnownUntil > l.span.From {
			l.edge(p, e)
		}
	}
	for i := range p.Penalties {
		l.penalty(p, &p.Penalties[i])
	}
	l.add(p.NextReview, Event{
		Kind: Review, Pack: p.ID, Title: p.Name + ": its review is due",
		Text: "The law was last read on " + p.Reviewed.String() + ".",
	})
}

func (l *lister) requirement(p *pack.Pack, q *pack.Requirement) {
	e := Event{Pack: p.ID, ID: q.ID, Title: cmp.Or(q.Title, q.Text[lang]), Citations: q.Cites, Unverified: q.Unverified}
	if q.Title != "" {
		e.Text = q.Text[lang]
	}
	with := func(k Kind) Event { e := e; e.Kind = k; return e }
	begins := with(Begins)
	if old := l.wording(q.Replaces); old != nil && old.Until == q.From {
		begins.Kind = Changes
		begins.Text = strings.TrimSpace("Takes the place of " + old.ID + ". " + begins.Text)
	}
	l.add(q.From, begins)
	if !l.followed(q) {
		l.add(q.Until, with(Ends))
	}
	l.add(q.Enforced, with(Enforced))
	l.add(q.KnownFrom, with(Known))
	l.add(q.KnownUntil, with(Superseded))
}

// wording is the requirement with an id if it is what is known.
func (l *lister) wording(id string) *pack.Requirement {
	for _, p := range l.m.Packs {
		for _, q := range p.Requirements {
			if id != "" && q.ID == id && q.KnownUntil > l.span.From {
				return q
			}
		}
	}
	return nil
}

// followed tells a requirement on whose end another one takes its place.
func (l *lister) followed(old *pack.Requirement) bool {
	if !l.span.holds(old.Until) {
		return false
	}
	for _, p := range l.m.Packs {
		for _, q := range p.Requirements {
			if q.Replaces == old.ID && q.From == old.Until && q.KnownUntil > l.span.From {
				return true
			}
		}
	}
	return false
}

func (l *lister) edge(p *pack.Pack, x *pack.Edge) {
	e := Event{
		Kind: EdgeBegins, Pack: p.ID, ID: x.Set + "/" + x.ID, Citations: x.Cites, Text: x.Text[lang],
		Title: l.codes(x.Origin) + " to " + l.codes(x.Destination),
	}
	l.add(x.From, e)
	e.Kind, e.Citations = EdgeEnds, slices.Concat(x.Cites, x.EndedBy)
	l.add(x.Until, e)
}

func (l *lister) codes(ids []pack.RegionID) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = l.m.Vocab.Regions().Code(id)
	}
	return strings.Join(out, ", ")
}

// penalty has no id: its day is part of its name.
func (l *lister) penalty(p *pack.Pack, x *pack.Penalty) {
	e := Event{Kind: PenaltyBegins, Pack: p.ID, Title: x.Maximum[lang], Text: x.Computed[lang], Citations: x.Cites, Unverified: x.Unverified}
	first := ""
	if len(x.Cites) > 0 {
		first = x.Cites[0]
	}
	e.UID = uid(string(e.Kind), p.ID, first, x.From.String())
	l.add(x.From, e)
	e.Kind, e.UID = PenaltyEnds, uid(string(PenaltyEnds), p.ID, first, x.Until.String())
	l.add(x.Until, e)
}

// uid joins words into one name; only letters, digits, points and hyphens stay.
func uid(words ...string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-', r == '/':
			return r
		}
		return '-'
	}, strings.Join(words, "."))
	return strings.ReplaceAll(s, "/", ".") + "@comity"
}
