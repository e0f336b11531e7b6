// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// TestQueryByGroup: a region stands for what lies in it, in every location of a record.
func TestQueryByGroup(t *testing.T) {
	a := open(t, folders(t))
	var at []int64
	for _, places := range []any{"DE", []string{"BR", "FR"}, "US-CA", "GB"} {
		req := transfer()
		req.Facts["subject_location"] = places
		d, err := a.Door.Decide(t.Context(), principal.Local(), req)
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, *d.Record.Index)
	}
	e, err := a.Door.Event(t.Context(), principal.Local(), audit.Event{Type: audit.TypeAuthentication, Principal: "x", Region: "our cellar", Outcome: audit.Success})
	if err != nil {
		t.Fatal(err)
	}
	at = append(at, *e.Record.Index)
	a.AwaitIndex(t.Context(), 5*time.Second)
	for _, c := range []struct {
		regions []string
		want    []int // of at
	}{
		{[]string{"EU"}, []int{0, 1}},
		{[]string{"FR"}, []int{1}},
		{[]string{"BR"}, []int{1}},
		{[]string{"US"}, []int{2}},
		{[]string{"US-CA", "GB"}, []int{2, 3}},
		{[]string{"our cellar"}, []int{4}},
		{[]string{"nowhere"}, nil},
	} {
		page, err := a.Query(t.Context(), principal.Local(), audit.Query{Regions: c.regions})
		if err != nil {
			t.Fatal(err)
		}
		ok := len(page.Entries) == len(c.want)
		for i := range page.Entries {
			ok = ok && int64(page.Entries[i].Index) == at[c.want[i]]
		}
		if !ok {
			t.Errorf("%v: found %d entries, want %v", c.regions, len(page.Entries), c.want)
		}
	}
	if a.Log.Head().Size == 0 {
		t.Fatal("no log")
	}
}

// TestRegionsInside: membership is that of the time asked about.
func TestRegionsInside(t *testing.T) {
	regions := open(t, folders(t)).Door.Engine().Program().Model().Vocab.Regions()
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	has := func(from, to, code string) bool {
		for _, c := range app.RegionsInside(regions, []string{"EU"}, day(from), day(to)) {
			if c == code {
				return true
			}
		}
		return false
	}
	if !has("2019-01-01", "2019-06-01", "GB") || !has("2019-01-01", "2024-01-01", "GB") || has("2024-01-01", "2026-01-01", "GB") {
		t.Error("the United Kingdom was a member until 2020")
	}
	if !has("2010-01-01", "2014-01-01", "HR") || has("2010-01-01", "2012-01-01", "HR") {
		t.Error("Croatia has been one since 2013")
	}
}

// TestEraseNeeds: who may erase, and what he must say.
func TestEraseNeeds(t *testing.T) {
	a := open(t, folders(t))
	if _, err := a.Door.Decide(t.Context(), principal.Local(), transfer()); err != nil {
		t.Fatal(err)
	}
	anna := comity.Subject{ID: "anna"}
	size := a.Log.Head().Size
	for _, c := range []struct {
		by     decide.Caller
		s      comity.Subject
		reason string
		want   comity.Code
	}{
		{decide.Caller{ID: "x", Scopes: []decide.Scope{decide.ScopeReadLog, decide.ScopeAppend, decide.ScopeDecide}}, anna, "why", comity.CodeForbidden},
		{decide.Caller{ID: "x", Tenant: "acme", Scopes: decide.Scopes()}, anna, "why", comity.CodeForbidden},
		{principal.Local(), comity.Subject{}, "why", comity.CodeInvalid},
		{principal.Local(), anna, "\n", comity.CodeInvalid},
		{principal.Local(), anna, string(make([]byte, 1025)), comity.CodeInvalid},
		{principal.Local(), comity.Subject{ID: "anna", Home: "DE"}, "why", comity.CodeNotFound},
	} {
		if _, err := a.Erase(t.Context(), c.by, c.s, c.reason); comity.CodeOf(err) != c.want {
			t.Errorf("%+v: %v, want %s", c, err, c.want)
		}
	}
	if now := a.Log.Head().Size; now != size {
		t.Errorf("%d entries for what was refused", now-size)
	}
	if _, err := a.Erase(t.Context(), principal.Local(), anna, "why"); err != nil {
		t.Error(err)
	}
}

// TestOpeningIsRecorded: who opens an entry is in the log before he sees it, is found by the
// name of the person concerned, and is not shown if it cannot be recorded.
func TestOpeningIsRecorded(t *testing.T) {
	a := open(t, folders(t))
	req := transfer()
	req.Tenant = "acme"
	d, err := a.Door.Decide(t.Context(), principal.Local(), req)
	if err != nil {
		t.Fatal(err)
	}
	auditor := decide.Caller{ID: "carla", Tenant: "acme", Scopes: []decide.Scope{decide.ScopeReadLog}}
	view := decide.View{Voice: decide.VoicePerson}
	size := a.Log.Head().Size
	e, err := a.Show(t.Context(), auditor, uint64(*d.Record.Index), -1, view)
	if err != nil || e.Payload == nil || e.Opening == nil || uint64(*e.Opening.Index) != size || e.Tree.Size != size+1 {
		t.Fatalf("%+v, %v", e, err)
	}
	own, err := a.Book.Show(t.Context(), size, -1)
	if err != nil || own.Leaf.Type != audit.TypeDataAccess || own.Leaf.Action != "show" || own.Leaf.Tenant != "acme" || own.Leaf.Subject != e.Leaf.Subject {
		t.Errorf("%+v, %v", own.Leaf, err)
	}
	for _, want := range []string{`"principal":"carla"`, `"entry":"local/` + strconv.FormatInt(*d.Record.Index, 10) + `"`, `"subject":"` + e.Leaf.Subject.String() + `"`} {
		if !strings.Contains(string(own.Payload), want) {
			t.Errorf("no %s in %s", want, own.Payload)
		}
	}
	a.AwaitIndex(t.Context(), 5*time.Second)
	page, err := a.Query(t.Context(), auditor, audit.Query{Subject: comity.Subject{ID: "anna"}, Types: []string{audit.TypeDataAccess}})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Index != size {
		t.Errorf("%+v, %v", page.Entries, err)
	}
	stranger := decide.Caller{ID: "eve", Tenant: "globex", Scopes: decide.Scopes()}
	if _, err := a.Show(t.Context(), stranger, uint64(*d.Record.Index), -1, view); comity.CodeOf(err) != comity.CodeForbidden || a.Log.Head().Size != size+1 {
		t.Errorf("another tenant: %v", err)
	}
	view.LeafOnly = true
	if e, err := a.Show(t.Context(), auditor, uint64(*d.Record.Index), -1, view); err != nil || e.Payload != nil || e.Opening != nil || a.Log.Head().Size != size+1 {
		t.Errorf("the leaf alone: %+v, %v", e, err)
	}
}
