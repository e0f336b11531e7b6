// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/comity-project/comity"
)

// Query searches the index and checks what it finds against the log: an index that was
// tampered with can hide entries, which a rebuild brings back, but cannot invent any.
func (b *Book) Query(ctx context.Context, q Query) (Page, error) {
	f, some, err := b.filter(&q)
	if err != nil {
		return Page{}, err
	}
	head := b.o.Log.Head()
	page := Page{Completeness: []Completeness{{
		Log: b.o.Name, Size: head.Size, Root: base64.StdEncoding.EncodeToString(head.Root[:]),
		Indexed: min(b.follow.indexed.Load(), head.Size), Checkpoint: string(head.Note),
	}}}
	if !some {
		return page, nil
	}
	limit := f.Limit
	var r reader
	for {
		f.Limit = limit - len(page.Entries)
		places, covered, err := b.o.Index.Query(ctx, f)
		if err != nil {
			b.doubtIndex()
			return Page{}, unavailable("query index", err)
		}
		page.Completeness[0].Indexed = min(covered, head.Size)
		for _, p := range places {
			f.After = &p
			if p.Index >= head.Size {
				continue // appended since; the answer is about the head that it names
			}
			e, _, err := r.entry(b, p)
			if err != nil {
				return Page{}, err
			}
			if f.fits(&e.Leaf) {
				page.Entries = append(page.Entries, e)
			}
		}
		switch {
		case len(places) < f.Limit:
			return page, nil
		case len(page.Entries) == limit:
			page.Cursor = f.After.String()
			return page, nil
		}
	}
}

// filter replaces names by pseudonyms. It reports false if nothing can fit, because a
// subject has no key.
func (b *Book) filter(q *Query) (Filter, bool, error) {
	f := Filter{
		Types: q.Types, Actions: q.Actions, Effects: effectNames(q.Effects), Outcomes: q.Outcomes, Regions: q.Regions,
		Jurisdictions: q.Jurisdictions, Requirements: q.Requirements, Tenants: q.Tenants, Programs: q.Programs,
		Subjects: q.Pseudonyms, From: q.From, To: q.To, Limit: q.Limit, Newest: q.Newest,
	}
	if f.Limit == 0 {
		f.Limit = DefaultLimit
	}
	if f.Limit < 0 || f.Limit > MaxLimit {
		return f, false, &comity.Error{Code: comity.CodeInvalid, Op: "query", Err: fmt.Errorf("limit %d is not between 1 and %d", q.Limit, MaxLimit), Remedy: "ask for pages with the cursor"}
	}
	if q.Principal != "" {
		f.Principals = []Pseudonym{b.o.Sealer.Mark(KindPrincipal, q.Principal)}
	}
	if q.Resource.ID != "" {
		f.Resources = []Pseudonym{b.markResource(q.Resource)}
	}
	if q.Cursor != "" {
		p, err := parsePlace(q.Cursor)
		if err != nil {
			return f, false, &comity.Error{Code: comity.CodeInvalid, Op: "query", Err: err, Remedy: "use the cursor of an earlier page as it is"}
		}
		f.After = &p
	}
	if q.Subject.ID == "" {
		return f, true, nil
	}
	p, ok := b.o.Sealer.Pseudonym(q.Subject)
	if len(q.Pseudonyms) > 0 {
		ok = ok && slices.Contains(q.Pseudonyms, p)
	}
	f.Subjects = []Pseudonym{p}
	return f, ok, nil
}

func effectNames(effects []comity.Effect) (out []string) {
	for _, e := range effects {
		out = append(out, string(e))
	}
	return out
}

// fits tells whether a leaf is what the filter asks for.
func (f *Filter) fits(l *Leaf) bool {
	return oneOf(f.Types, l.Type) && oneOf(f.Actions, l.Action) && oneOf(f.Effects, string(l.Effect)) &&
		oneOf(f.Outcomes, l.Outcome) && (oneOf(f.Regions, l.Region) || oneOf(f.Regions, l.Regions...)) && oneOf(f.Tenants, l.Tenant) && oneOf(f.Programs, l.Program) &&
		oneOf(f.Jurisdictions, l.Jurisdictions...) && oneOf(f.Requirements, l.Requirements...) &&
		oneOf(f.Subjects, l.Subject) && oneOf(f.Principals, l.Principal) && oneOf(f.Resources, l.Resource) &&
		(f.From.IsZero() || !l.Time.Before(f.From)) && (f.To.IsZero() || l.Time.Before(f.To))
}

// oneOf reports whether one of values is wanted; nothing wanted means all are.
func oneOf[T comparable](wanted []T, values ...T) bool {
	return len(wanted) == 0 || slices.ContainsFunc(values, func(v T) bool { return slices.Contains(wanted, v) })
}

// String is the form in cursors: the index, and the number in a batch.
func (p Place) String() string {
	if p.Sub < 0 {
		return strconv.FormatUint(p.Index, 10)
	}
	return fmt.Sprintf("%d.%d", p.Index, p.Sub)
}

func parsePlace(s string) (p Place, err error) {
	index, sub, isPart := strings.Cut(s, ".")
	p.Sub = -1
	if p.Index, err = strconv.ParseUint(index, 10, 63); err != nil {
		return p, errors.New("cursor is not one of ours")
	}
	if isPart {
		n, err := strconv.ParseUint(sub, 10, 31)
		if err != nil {
			return p, errors.New("cursor is not one of ours")
		}
		p.Sub = int(n)
	}
	return p, nil
}

// Compare orders places as they stand in the log.
func (p Place) Compare(q Place) int {
	switch {
	case p.Index < q.Index, p.Index == q.Index && p.Sub < q.Sub:
		return -1
	case p == q:
		return 0
	}
	return 1
}
