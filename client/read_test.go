// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
)

// readAndErase finds what was recorded of a person, opens it, and has his key destroyed.
func readAndErase(t *testing.T, c *client.Client) {
	person := comity.Subject{ID: "forgotten", Home: "DE"}
	req := transfer("JP")
	req.Subject = person
	first := decide(t, c, req)
	if _, err := c.Append(t.Context(), client.Event{Type: "data_access", Actor: client.Actor{ID: "nurse"}, Action: "open", Resource: client.Resource{ID: "f"}, Success: true, Subject: person}); err != nil {
		t.Fatal(err)
	}
	var found []client.Found
	q := client.Query{Subject: person, Limit: 1}
	for {
		p, err := c.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, p.Entries...)
		if k := p.Completeness; len(k) != 1 || k[0].Root == "" || k[0].Indexed > k[0].Size || k[0].Size <= uint64(*first.Record.Index) {
			t.Fatalf("completeness %+v", k)
		}
		if q.Cursor = p.Cursor; q.Cursor == "" {
			break
		}
	}
	if len(found) != 2 || found[0].Index != uint64(*first.Record.Index) || bytes.Contains(found[0].Leaf, []byte("forgotten")) {
		t.Fatalf("found %+v", found)
	}
	e, err := c.Show(t.Context(), *first.Record, "person")
	if err != nil || e.Recomputed == nil || !e.Recomputed.Same || len(e.Recomputed.Explanation) == 0 || !bytes.Contains(e.Payload, []byte("forgotten")) {
		t.Fatalf("%+v, %v", e, err)
	}
	if e.Opening == nil || e.Opening.Index <= e.Index || e.Opening.Index >= e.Tree.Size {
		t.Errorf("opening %+v in a tree of %d", e.Opening, e.Tree.Size)
	}
	if leaf, err := c.ShowLeaf(t.Context(), *first.Record); err != nil || leaf.Payload != nil || leaf.Recomputed != nil || leaf.Opening != nil || leaf.Tree.Size != e.Tree.Size {
		t.Errorf("the leaf alone: %+v, %v", leaf, err)
	}
	done, err := c.Erase(t.Context(), person, "asked for it")
	if err != nil || done.Record.Index == nil || done.Ordered >= *done.Record.Index {
		t.Fatalf("%+v, %v", done, err)
	}
	if e, err = c.Show(t.Context(), *first.Record, ""); err != nil || e.Payload != nil || e.Missing != "erased" || *e.ErasedBy != uint64(*done.Record.Index) || e.Recomputed != nil {
		t.Errorf("after: %+v, %v", e, err)
	}
	if p, err := c.Query(t.Context(), client.Query{Pseudonyms: []string{done.Pseudonym}, Types: []string{"decision"}}); err != nil || len(p.Entries) != 1 {
		t.Errorf("by pseudonym: %+v, %v", p, err)
	}
	if _, err := c.Erase(t.Context(), person, "again"); comity.CodeOf(err) != comity.CodeNotFound || strings.Count(err.Error(), "erase subject: ") != 1 {
		t.Errorf("erased twice: %v", err)
	}
	index := int64(1) << 40
	for name, err := range map[string]error{
		"beyond the end": second(c.Show(t.Context(), comity.Record{Log: "local", Index: &index}, "")),
		"another log":    second(c.Show(t.Context(), comity.Record{Log: "other", Index: first.Record.Index}, "")),
	} {
		if comity.CodeOf(err) != comity.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"a voice":  second(c.Show(t.Context(), *first.Record, "judge")),
		"a cursor": second(c.Query(t.Context(), client.Query{Cursor: "x"})),
		"a limit":  second(c.Query(t.Context(), client.Query{Limit: 1001})),
		"a home":   second(c.Query(t.Context(), client.Query{Subject: comity.Subject{Home: "DE"}})),
		"a type":   second(c.Query(t.Context(), client.Query{Resource: client.Resource{Type: "file"}})),
		"no value": second(c.Query(t.Context(), client.Query{Types: []string{""}})),
		"nobody":   second(c.Erase(t.Context(), comity.Subject{}, "why")),
		"no cause": second(c.Erase(t.Context(), person, " ")),
	} {
		if comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
