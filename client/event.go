// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
)

// Event is something that the application did and wants in the log, such as type
// "data_access". Actor, resource, source and details are sealed; type, action, tenant,
// region and success stay readable.
type Event struct {
	Type     string   `json:"type"`
	Actor    Actor    `json:"actor,omitzero"`
	Action   string   `json:"action,omitempty"`
	Resource Resource `json:"resource,omitzero"`
	// Success tells an act from an attempt.
	Success bool   `json:"success"`
	Tenant  string `json:"tenant,omitempty"`
	Region  string `json:"region,omitempty"`
	// Source is where the act came from, such as an address.
	Source  string         `json:"source,omitempty"`
	Purpose string         `json:"purpose,omitempty"`
	Details map[string]any `json:"details,omitempty"`
	// Subject is the person whose data it is; the event is sealed under his key.
	Subject        comity.Subject `json:"subject,omitzero"`
	IdempotencyKey string         `json:"idempotency_key,omitempty"`
}

// Actor is who acted.
type Actor struct {
	ID string `json:"id,omitempty"`
}

// Resource is what was acted on.
type Resource struct {
	Type string `json:"type,omitempty"`
	ID   string `json:"id,omitempty"`
}

// Receipt says where an event stands in the log.
type Receipt struct {
	ID     string        `json:"id"`
	At     time.Time     `json:"at"`
	Record comity.Record `json:"record"`
}

// Recorded is one receipt of a batch, or why there is none.
type Recorded struct {
	Receipt Receipt
	Err     error
}

// Append records one event. It is repeated as Decide is.
func (c *Client) Append(ctx context.Context, e Event) (Receipt, error) {
	e.IdempotencyKey = c.key(e.IdempotencyKey)
	body, err := encodeEvent(nil, e)
	if err != nil {
		return Receipt{}, err
	}
	var r Receipt
	err = c.call(ctx, "append", post("/v1/events", "application/json", body), c.one(&r))
	return r, err
}

// AppendBatch records several events in one call, in their order; one that cannot be
// recorded has its error in its place. It is repeated as Decide is.
func (c *Client) AppendBatch(ctx context.Context, events []Event) ([]Recorded, error) {
	if len(events) == 0 {
		return nil, nil
	}
	key := c.key("")
	var body []byte
	for i, e := range events {
		e.IdempotencyKey = lineKey(e.IdempotencyKey, key, i)
		var err error
		if body, err = encodeEvent(body, e); err != nil {
			return nil, inLine(err, i)
		}
		body = append(body, '\n')
	}
	out := make([]Recorded, len(events))
	err := c.call(ctx, "append", post("/v1/events", ndjson, body), c.lines(len(events), func(i int, line []byte) error {
		out[i] = Recorded{}
		return decodeLine(line, &out[i].Receipt, &out[i].Err)
	}))
	if err != nil {
		return nil, err
	}
	return out, nil
}

func encodeEvent(dst []byte, e Event) ([]byte, error) {
	text, err := json.Marshal(&e)
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "encode event", Err: err}
	}
	return append(dst, text...), nil
}
