// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package audit says what is logged: events become leaves that name nobody and payloads
// that are sealed under the key of the person concerned. It keeps the index that finds
// them again, and opens what can still be opened.
package audit

import (
	"time"

	"github.com/comity-project/comity"
)

// Resource is what was acted upon. Type and ID are personal: the leaf has a pseudonym.
type Resource struct {
	Type, ID string
}

// Outcomes of an event.
const (
	Success = "success"
	Failure = "failure"
)

// Event is what gets recorded. Tenant, regions, action, type, jurisdictions, effect,
// requirements, program and outcome stand in the leaf in clear; the rest is sealed, and
// the leaf has pseudonyms and digests.
type Event struct {
	// ID is the identifier that the caller gives out; it stands in the payload.
	ID            string
	Type, Action  string
	Time          time.Time // zero: now
	Tenant        string
	Region        string
	Regions       []string // further ones: persons in several places
	Jurisdictions []string
	Effect        comity.Effect
	Requirements  []string
	Program       string
	// Answer holds the RFC 8785 bytes of the answer without id and record. The leaf gets
	// their digest under the payload's salt, and so does the payload.
	Answer  []byte
	Outcome string // Success or Failure
	Subject comity.Subject
	// Principal, Resource and Source are who acted, upon what, from which address.
	Principal string
	Resource  Resource
	Source    string
	Purpose   string
	// Caller is the authenticated principal through whom Principal acts; empty if they are
	// the same. Idempotency keys are the caller's: Book.Replay is asked with his name.
	Caller string
	// IdempotencyKey and Request (RFC 8785 bytes) let a repeated request be found again,
	// see Book.Replay.
	IdempotencyKey string
	Request        []byte
	// Details are what the application tells; their fields are checked against the
	// declared type.
	Details map[string]any
	// Payload has further members of the payload.
	Payload Object
	// Previous is the SHA-256 of the last checkpoint of the log that this one continues.
	Previous Digest
	// erased is the pseudonym of the subject whose key was destroyed.
	erased Pseudonym
}

// Object is a JSON object under construction. Order does not matter; names are unique.
type Object []Member

// Member is one name and value. Values are nil, bool, string, numbers, time.Time,
// comity.Facts, Object, Raw or a pointer to one, lists and maps of these; anything else is
// marshalled.
type Member struct {
	Name  string
	Value any
}

// Raw is JSON in canonical form (RFC 8785), taken as it is.
type Raw []byte
