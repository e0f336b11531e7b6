// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"errors"
	"fmt"
	"slices"

	"github.com/comity-project/comity"
)

// Scope is something that a principal may do.
type Scope string

// The scopes.
const (
	ScopeDecide     Scope = "decide"
	ScopeAppend     Scope = "append"
	ScopeReadLog    Scope = "read_log"
	ScopeAdminister Scope = "administer"
)

// Scopes are all scopes.
func Scopes() []Scope { return []Scope{ScopeDecide, ScopeAppend, ScopeReadLog, ScopeAdminister} }

// Caller is the authenticated principal who asks. A tenant binds him to it.
type Caller struct {
	ID     string
	Tenant string
	Scopes []Scope
}

// Require is nil if the caller has the scope.
func (c Caller) Require(s Scope) error {
	if slices.Contains(c.Scopes, s) {
		return nil
	}
	return &comity.Error{
		Code: comity.CodeForbidden, Op: "authorize", Err: fmt.Errorf("the principal lacks the scope %s", s),
		Remedy: "use a key with this scope, or ask an administrator for one",
	}
}

// tenant is the tenant of a request, which its envelope or the fact of this name may tell:
// they must agree with each other, and with the caller's if he has one.
func (c Caller) tenant(req comity.Request) (string, error) {
	named := req.Tenant
	for i := -1; i < len(req.Parts); i++ {
		facts := req.Facts
		if i >= 0 {
			facts = req.Parts[i]
		}
		fact, err := single(facts["tenant"])
		switch {
		case err != nil:
			return "", err
		case fact == "" || fact == named:
		case named == "":
			named = fact
		default:
			return "", &comity.Error{Code: comity.CodeConflict, Op: "tenant", Err: errors.New("the request names two tenants"), Remedy: "ask for one tenant at a time"}
		}
	}
	return c.tenantOf(named)
}

// single is the text of a fact that may be written as a list of one, as the engine reads it.
func single(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []string:
		if len(v) == 1 {
			return v[0], nil
		}
	case []any:
		if len(v) == 1 {
			if s, ok := v[0].(string); ok {
				return s, nil
			}
		}
	}
	return "", &comity.Error{Code: comity.CodeInvalid, Op: "tenant", Err: errors.New("the fact tenant is not one text"), Remedy: "name one tenant"}
}

// tenantOf is the named tenant, else the caller's own.
func (c Caller) tenantOf(named string) (string, error) {
	switch {
	case c.Tenant == "" || named == c.Tenant:
		return named, nil
	case named == "":
		return c.Tenant, nil
	}
	return "", &comity.Error{
		Code: comity.CodeForbidden, Op: "authorize", Err: errors.New("the principal belongs to another tenant"),
		Remedy: "leave the tenant out, or use a key of that tenant",
	}
}
