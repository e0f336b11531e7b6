// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// Packs shows the packs that decide in shadow, and brings them into force.
type Packs interface {
	Candidate(by decide.Caller) (decide.Candidate, error)
	// Activate records who brings the candidate with this program into force, before it does.
	Activate(ctx context.Context, by decide.Caller, program string) (comity.Record, error)
}

// candidateJSON is what GET /v1/packs/candidate answers.
type candidateJSON struct {
	State      string                 `json:"state"` // none or shadow
	InForce    string                 `json:"in_force"`
	Activated  string                 `json:"activated,omitempty"`
	Program    string                 `json:"program,omitempty"`
	Packs      []string               `json:"packs,omitempty"`
	ProposedBy string                 `json:"proposed_by,omitempty"`
	Decided    uint64                 `json:"decided"`
	Different  uint64                 `json:"different"`
	Skipped    uint64                 `json:"skipped"`
	Kinds      map[decide.Kind]uint64 `json:"kinds,omitempty"`
	Flips      []decide.Flip          `json:"flips,omitempty"`
	Latest     []decide.Difference    `json:"latest,omitempty"`
}

// candidate answers GET /v1/packs/candidate.
func (h *Handler) candidate(x *exchange) error {
	if h.o.Packs == nil {
		return fail(comity.CodeNotFound, "show candidate", "this server has no candidates", "")
	}
	c, err := h.o.Packs.Candidate(x.caller)
	if err != nil {
		return err
	}
	out := candidateJSON{State: "none", InForce: c.InForce, Activated: c.Activated}
	if s := c.Shadow; s != nil {
		out = candidateJSON{
			State: "shadow", InForce: c.InForce, Activated: c.Activated, Program: s.Program, Packs: c.Packs, ProposedBy: c.ProposedBy,
			Decided: s.Decided(), Different: s.Different(), Skipped: s.Skipped, Kinds: s.Kinds, Flips: s.Flips, Latest: s.Latest,
		}
	}
	body, err := json.Marshal(&out, json.Deterministic(true))
	if err != nil {
		return err
	}
	x.out = append(append(x.out, body...), '\n')
	return x.reply(http.StatusOK, typeJSON, x.out)
}

// activate answers POST /v1/packs/candidate/activate.
func (h *Handler) activate(x *exchange) error {
	if h.o.Packs == nil {
		return fail(comity.CodeNotFound, "activate candidate", "this server has no candidates", "")
	}
	var in struct {
		Program string `json:"program"`
	}
	if err := x.readJSON(h.limits.Body, &in); err != nil {
		return err
	}
	rec, err := h.o.Packs.Activate(x.r.Context(), x.caller, in.Program)
	if err != nil {
		return err
	}
	m := object(x.out)
	m.str("program", in.Program)
	m.record(&rec)
	x.out = append(m.end(), '\n')
	return x.reply(http.StatusOK, typeJSON, x.out)
}
