// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"time"

	"github.com/comity-project/comity"
)

// Query selects entries: all filters must fit. In each list one value must fit; an
// empty list or zero value does not filter.
type Query struct {
	Types         []string
	Actions       []string
	Effects       []comity.Effect
	Outcomes      []string
	Regions       []string
	Jurisdictions []string
	Requirements  []string
	Tenants       []string
	Programs      []string
	// Subject, Principal and Resource are looked up by their pseudonyms.
	Subject   comity.Subject
	Principal string
	Resource  Resource
	// Pseudonyms are those of subjects, for who has no more than a leaf.
	Pseudonyms []Pseudonym
	From, To   time.Time // From <= time < To
	// Cursor continues after the last entry of an earlier page.
	Cursor string
	// Limit is the greatest number of entries, DefaultLimit if 0, at most MaxLimit.
	Limit int
	// Newest returns the latest entries first.
	Newest bool
}

// Limits of a page.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Page is an answer with what it covers.
type Page struct {
	Entries      []Found
	Completeness []Completeness
	// Cursor asks for the next page; empty at the end.
	Cursor string
}

// Found is one entry that fits.
type Found struct {
	Place
	Leaf Leaf
	// Bytes is the leaf as it stands in the log, or in its batch.
	Bytes []byte
}

// Completeness says, for one log, which tree there is and how much of it was searched.
type Completeness struct {
	Log        string `json:"log"`
	Size       uint64 `json:"size"`
	Root       string `json:"root"` // base64, as in the checkpoint
	Indexed    uint64 `json:"indexed"`
	Checkpoint string `json:"checkpoint,omitempty"`
}
