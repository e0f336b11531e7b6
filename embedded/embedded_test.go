// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package embedded_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/embedded"
	"github.com/comity-project/comity/proof"
)

// A program asks before it acts, and keeps the receipt.
func Example() {
	dir, err := os.MkdirTemp("", "comity")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	c, err := embedded.Open(ctx, embedded.Options{Data: filepath.Join(dir, "data"), Anchor: filepath.Join(dir, "state")})
	if err != nil {
		panic(err)
	}
	defer c.Close(ctx)

	dec, err := c.Decide(ctx, comity.Request{
		Subject: comity.Subject{ID: "customer-4711"},
		Facts: comity.Facts{
			"date": "2020-09-01", "operation": "transfer", "data_categories": "contact",
			"subject_location": "DE", "controller_establishment": "DE", "from_region": "DE", "to_region": "US",
			"transfer_mechanism": "privacy_shield",
		},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(dec.Effect, dec.Citations[0])

	p, leaf, err := c.Prove(ctx, uint64(*dec.Record.Index))
	if err != nil {
		panic(err)
	}
	if _, err := p.VerifyReceipt(*dec.Record, leaf, c.VerifierKey()); err != nil {
		panic(err)
	}
	fmt.Println("the log has it")
	// Output:
	// deny GDPR Art. 44
	// the log has it
}

// TestReceipts: each kind of record is covered by its checkpoint, before and after a
// restart, and a second Open of the same folder is refused.
func TestReceipts(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	o := embedded.Options{Data: filepath.Join(dir, "data"), Anchor: filepath.Join(dir, "state")}
	c, err := embedded.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	req := comity.Request{Facts: comity.Facts{"operation": "store", "data_categories": "contact", "subject_location": "DE", "stored_in": "DE"}}
	answers, err := c.DecideBatch(ctx, []comity.Request{req, {Facts: comity.Facts{"operation": "fly"}}, req})
	if err != nil {
		t.Fatal(err)
	}
	if comity.CodeOf(answers[1].Err) != comity.CodeUnknown || answers[1].Decision.Record != nil {
		t.Errorf("a bad request has %+v", answers[1])
	}
	if a, b := answers[0].Decision.Record, answers[2].Decision.Record; *a.Index != *b.Index || *a.Sub != 0 || *b.Sub != 1 {
		t.Errorf("records of a batch: %+v, %+v", a, b)
	}
	receipt, err := c.Append(ctx, client.Event{Type: "data_access", Actor: client.Actor{ID: "anna"}, Action: "read", Resource: client.Resource{Type: "file", ID: "7"}, Success: true})
	if err != nil {
		t.Fatal(err)
	}
	records := []comity.Record{*answers[2].Decision.Record, receipt.Record}
	key := c.VerifierKey()
	if _, err := embedded.Open(ctx, o); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("a second Open: %v", err)
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Decide(ctx, req); comity.CodeOf(err) != comity.CodeUnavailable {
		t.Errorf("a decision after Close: %v", err)
	}
	if c, err = embedded.Open(ctx, o); err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if c.VerifierKey() != key {
		t.Error("the key changed")
	}
	for _, r := range records {
		if _, err := proof.VerifyReceipt(r, key); err != nil {
			t.Errorf("record %d: %v", *r.Index, err)
		}
		p, leaf, err := c.Prove(ctx, uint64(*r.Index))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Verify(leaf, key); err != nil {
			t.Errorf("record %d: %v", *r.Index, err)
		}
	}
}
