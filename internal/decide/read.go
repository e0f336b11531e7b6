// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// Shown is an entry that was opened for a reader.
type Shown struct {
	audit.Entry
	// Log is the name of the log in records.
	Log string
	// Recomputed is what facts and program give again, of a decision that could be opened.
	Recomputed *Recomputed
	// Tree is the log's head, whose tree covers the entry.
	Tree audit.Completeness
	// Opening is the entry that says who opened it; nil if nothing was.
	Opening *comity.Record
}

// View says how an entry is shown.
type View struct {
	// Voice explains a decision: VoiceAuditor or VoicePerson.
	Voice string
	// LeafOnly leaves the payload sealed: then nothing is recorded.
	LeafOnly bool
}

// BindQuery restricts a query to what a reader may see: with a tenant, the entries of that
// tenant alone.
func (c Caller) BindQuery(q *audit.Query) error {
	if err := c.Require(ScopeReadLog); err != nil {
		return err
	}
	if err := checkFilters(q); err != nil {
		return err
	}
	if c.Tenant == "" {
		return nil
	}
	for _, t := range q.Tenants {
		if _, err := c.tenantOf(t); err != nil {
			return err
		}
	}
	q.Tenants = []string{c.Tenant}
	return nil
}

// Opened records that a reader opens what is sealed in an entry, and must be called before he
// sees it: what cannot be recorded is not shown. The event is about the person that the
// entry is about, so that his name finds it, and goes with his key.
func (d *Door) Opened(ctx context.Context, by Caller, log string, e *audit.Entry) (comity.Record, error) {
	now, err := d.time.now()
	if err != nil {
		return comity.Record{}, err
	}
	var sealed struct{ Subject comity.Subject }
	if err := json.Unmarshal(e.Payload, &sealed); err != nil {
		return comity.Record{}, &comity.Error{Code: comity.CodeInvalid, Op: "read payload", Err: err}
	}
	entry := log + "/" + strconv.FormatUint(e.Index, 10)
	if e.Sub >= 0 {
		entry += "/" + strconv.Itoa(e.Sub)
	}
	details := map[string]any{"entry": entry, "type": e.Leaf.Type}
	if !e.Leaf.Subject.IsZero() {
		details["subject"] = e.Leaf.Subject.String()
	}
	rec, err := d.o.Recorder.Append(ctx, audit.Event{
		ID: d.newID(), Type: audit.TypeDataAccess, Action: "show", Time: now, Tenant: e.Leaf.Tenant, Outcome: audit.Success, Subject: sealed.Subject,
		Principal: by.ID, Resource: audit.Resource{Type: "log entry", ID: entry}, Details: details,
	})
	if err == nil {
		return rec, nil
	}
	return rec, &comity.Error{
		Code: comity.CodeUnavailable, Op: "record that entry " + entry + " is opened", Err: err,
		Remedy: "look at the leaf alone (--without-payload, payload=false), or make the log writable",
	}
}

// checkFilters refuses a filter that would be ignored because half of it is missing.
func checkFilters(q *audit.Query) error {
	refuse := func(what, remedy string) error {
		return &comity.Error{Code: comity.CodeInvalid, Op: "query log", Err: errors.New(what), Remedy: remedy}
	}
	switch {
	case q.Subject.ID == "" && q.Subject.Home != "":
		return refuse("the home of a subject without his id", "give the id, too")
	case q.Resource.ID == "" && q.Resource.Type != "":
		return refuse("the type of a resource without its id", "give the id, too")
	}
	for _, list := range [][]string{q.Types, q.Actions, q.Outcomes, q.Regions, q.Jurisdictions, q.Requirements, q.Tenants, q.Programs} {
		if slices.Contains(list, "") {
			return refuse("a filter has an empty value", "remove it")
		}
	}
	return nil
}

// MayRead is nil if a reader may see an entry.
func (c Caller) MayRead(l *audit.Leaf) error {
	if err := c.Require(ScopeReadLog); err != nil {
		return err
	}
	if c.Tenant == "" || l.Tenant == c.Tenant {
		return nil
	}
	return &comity.Error{
		Code: comity.CodeForbidden, Op: "read entry", Err: errors.New("the entry belongs to another tenant, or to none"),
		Remedy: "use a key of that tenant, or one without a tenant",
	}
}
