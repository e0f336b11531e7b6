// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"errors"
	"slices"

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
