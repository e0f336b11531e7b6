// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// envelope is a request as engine.DecodeRequest reads it.
type envelope struct {
	Facts          any            `json:"facts"`
	Defaults       comity.Facts   `json:"defaults,omitempty"`
	Subject        comity.Subject `json:"subject,omitzero"`
	Principal      string         `json:"principal,omitempty"`
	Tenant         string         `json:"tenant,omitempty"`
	IdempotencyKey string         `json:"idempotency_key,omitempty"`
	Explain        bool           `json:"explain,omitzero"`
	Missing        comity.Mode    `json:"missing,omitempty"`
	KnownAt        time.Time      `json:"known_at,omitzero"`
	Want           []string       `json:"want,omitempty"`
	Candidates     []string       `json:"candidates,omitempty"`
}

// encodeRequest appends req to dst as one line of JSON.
func encodeRequest(dst []byte, req comity.Request) ([]byte, error) {
	e := envelope{
		Facts: req.Facts, Subject: req.Subject, Principal: req.Principal, Tenant: req.Tenant,
		IdempotencyKey: req.IdempotencyKey, Explain: req.Explain, Missing: req.Missing,
		KnownAt: req.KnownAt, Want: req.Want, Candidates: req.Candidates,
	}
	if req.Parts != nil {
		e.Facts, e.Defaults = req.Parts, req.Facts
	}
	text, err := json.Marshal(&e)
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "encode request", Err: err}
	}
	if len(text) > engine.MaxRequest {
		return nil, &comity.Error{Code: comity.CodeTooLarge, Op: "encode request", Err: fmt.Errorf("the request has %d bytes, more than %d", len(text), engine.MaxRequest)}
	}
	return append(dst, text...), nil
}
