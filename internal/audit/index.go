// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"time"

	"github.com/comity-project/comity"
)

// Place is where an entry stands: its index in the log and, in a batch, its number. Sub
// is -1 for an entry that is not part of a batch.
type Place struct {
	Index uint64
	Sub   int
}

// Row is what an index needs to know about one entry.
type Row struct {
	Place
	Time         time.Time
	Type, Action string
	Effect       comity.Effect
	Outcome      string
	Region       string
	Regions      []string // further ones
	Tenant       string
	Program      string

	Requirements, Jurisdictions          []string
	Subject, Principal, Resource, Source Pseudonym
	Idem, Body                           Pseudonym
}

// Seen is an entry that had an idempotency key.
type Seen struct {
	Place
	Body Pseudonym
	Time time.Time
}

// Filter is a Query as an index sees it: people and things by their pseudonyms. All
// lists that are not empty must have a value that fits.
type Filter struct {
	Types, Actions, Effects, Outcomes    []string
	Regions, Jurisdictions, Requirements []string
	Tenants, Programs                    []string
	Subjects, Principals, Resources      []Pseudonym
	From, To                             time.Time // From <= time < To; zero: open
	// After is the place after which the answer begins (before which, with Newest).
	After  *Place
	Limit  int
	Newest bool
}

// Index finds entries. It holds nothing that the log does not have, may lag, and may be
// lost at any time. All methods may be called concurrently, Add and Reset only by one.
type Index interface {
	// Size is how many entries of the log the index covers.
	Size(ctx context.Context) (uint64, error)
	// Add records rows of the entries from <= i < to, and that the index now covers to
	// entries, in one step. It fails with ErrGap unless the index covers from entries.
	Add(ctx context.Context, rows []Row, from, to uint64) error
	// Query returns the places of entries that fit, in the log's order or against it, at
	// most f.Limit, and how many entries of the log it has searched. An index that compares digests
	// may return a place too many; the Book checks each against its leaf.
	Query(ctx context.Context, f Filter) (places []Place, covered uint64, err error)
	// Idem finds the latest entry with an idempotency key that is not older than since.
	// Keys are kept for IdemKept at least.
	Idem(ctx context.Context, idem Pseudonym, since time.Time) (Seen, bool, error)
	// Reset forgets all rows and sets the size to 0, but keeps the idempotency keys.
	Reset(ctx context.Context) error
	Close() error
}

// ErrGap: rows do not continue what an index has.
var ErrGap = errors.New("rows do not continue the index")

// IdemKept is how long a repeated request gets the same answer.
const IdemKept = 24 * time.Hour
