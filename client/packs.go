// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
)

// Candidate is what the packs that decide in shadow would have answered otherwise.
type Candidate struct {
	State      string   `json:"state"`    // none or shadow
	InForce    string   `json:"in_force"` // the program that decides
	Activated  string   `json:"activated,omitempty"`
	Program    string   `json:"program,omitempty"` // what Activate takes
	Packs      []string `json:"packs,omitempty"`
	ProposedBy string   `json:"proposed_by,omitempty"`
	Decided    uint64   `json:"decided"`
	Different  uint64   `json:"different"`
	Skipped    uint64   `json:"skipped"`
	// Kinds count decisions by the gravest difference: same, requirements, conditions, effect
	// or error.
	Kinds  map[string]uint64 `json:"kinds,omitempty"`
	Flips  []Flip            `json:"flips,omitempty"`
	Latest []Difference      `json:"latest,omitempty"`
}

// Flip counts the decisions whose effect would be another.
type Flip struct {
	Effect    comity.Effect `json:"effect"`
	Candidate comity.Effect `json:"candidate"`
	Count     uint64        `json:"count"`
}

// Difference is a decision that the candidate would have made otherwise. It names nobody.
type Difference struct {
	ID           string        `json:"id"`
	Index        *int64        `json:"index,omitempty"`
	Sub          *int          `json:"sub,omitempty"`
	Kind         string        `json:"kind"`
	Operation    string        `json:"operation,omitempty"`
	Effect       comity.Effect `json:"effect"`
	Candidate    comity.Effect `json:"candidate,omitempty"`
	Error        comity.Code   `json:"error,omitempty"`
	Requirements []Role        `json:"requirements,omitempty"`
	More         int           `json:"more,omitempty"`
}

// Role is what became of a requirement; empty where it does not apply.
type Role struct {
	ID     string `json:"id"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Candidate asks which packs decide in shadow, and with what result. The principal needs the
// scope administer and no tenant.
func (c *Client) Candidate(ctx context.Context) (Candidate, error) {
	var out Candidate
	err := c.call(ctx, "show candidate", message{method: "GET", path: "/v1/packs/candidate"}, c.one(&out))
	return out, err
}

// Activated is the receipt of an activation.
type Activated struct {
	Program string        `json:"program"`
	Record  comity.Record `json:"record"`
}

// Activate brings the candidate with this program into force. The principal needs the scope
// administer and no tenant, and must not be the one who proposed it. One that is repeated,
// also by this client after a connection broke, is CodeNotFound: it is in force already.
func (c *Client) Activate(ctx context.Context, program string) (Activated, error) {
	body, err := json.Marshal(map[string]string{"program": program})
	if err != nil {
		return Activated{}, &comity.Error{Code: comity.CodeInvalid, Op: "encode activation", Err: err}
	}
	var out Activated
	err = c.call(ctx, "activate candidate", post("/v1/packs/candidate/activate", "application/json", body), c.one(&out))
	return out, err
}
