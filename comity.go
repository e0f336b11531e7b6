// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package comity holds what crosses the public API: the facts of an operation, the
// decision on it, and errors with stable codes. The engine that turns one into the other
// is package engine.
package comity

import "time"

// Facts describes one operation: fact names of the vocabulary to values. A value is a
// string, bool, int, float64 without fraction, time.Time, or a list of them as []string
// or []any; a single value stands for a list of one.
type Facts map[string]any

// Effect is the answer to whether an operation may happen.
type Effect string

// The three effects. An allow with conditions is Allow with a non-empty Conditions.
const (
	Allow  Effect = "allow"
	Deny   Effect = "deny"
	Review Effect = "review"
)

// Mode says how absent facts are read (SEMANTICS 1.9).
type Mode string

// MissingReview is for enforcement and the default: what was not shown does not open the
// gate. MissingIgnore is for analysis: what nobody spoke to is not at issue.
const (
	MissingReview Mode = "review"
	MissingIgnore Mode = "ignore"
)

// Subject is the person whose data it is.
type Subject struct {
	ID   string `json:"id,omitempty"`
	Home string `json:"home,omitempty"`
}

// Request is a question: one operation, or one of several parts with shared defaults.
type Request struct {
	// Facts of the only part, or the defaults of all parts.
	Facts Facts
	// Parts lists facts objects where the operation has several; nil otherwise.
	Parts          []Facts
	Subject        Subject
	Principal      string
	Tenant         string
	IdempotencyKey string
	// Explain asks for the explanation and for all citations.
	Explain bool
	// Missing is MissingReview if empty.
	Missing Mode
	// KnownAt asks what was believed then; zero is all that the packs know.
	KnownAt time.Time
	// Want lists extras: "regions", and "regions_unsure", which costs a judgement for each
	// place that can differ.
	Want []string
	// Candidates are the regions to try for want regions; empty means all countries.
	Candidates []string
}
