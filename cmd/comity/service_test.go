// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/embedded"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/proof"
)

// recordedDoor is what an embedded data folder and a server have in common.
type recordedDoor interface {
	Decide(context.Context, comity.Request) (comity.Decision, error)
	DecideBatch(context.Context, []comity.Request) ([]client.Answer, error)
	Append(context.Context, client.Event) (client.Receipt, error)
}

// inProcess opens a data folder; the key verifies its log.
func inProcess(t *testing.T) (recordedDoor, string) {
	t.Helper()
	dir := t.TempDir()
	c, err := embedded.Open(t.Context(), embedded.Options{Data: filepath.Join(dir, "data"), Anchor: filepath.Join(dir, "state")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c, c.VerifierKey()
}

// overHTTP starts a server on another data folder.
func overHTTP(t *testing.T) (recordedDoor, string) {
	t.Helper()
	dir := t.TempDir()
	conf := config.Config{Data: filepath.Join(dir, "data"), Anchor: filepath.Join(dir, "state"), Listen: "127.0.0.1:0"}.WithDefaults()
	logger := slog.New(slog.DiscardHandler)
	a, err := app.Open(t.Context(), conf, logger)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(t.Context(), conf, a, logger)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", conf.Listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	c, err := client.New("http://"+l.Addr().String(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c, a.VerifierKey()
}

// TestSameDoor: the same questions get the same answers, records and errors in-process and
// over HTTP.
func TestSameDoor(t *testing.T) {
	doors := []struct {
		name string
		open func(*testing.T) (recordedDoor, string)
	}{{"embedded", inProcess}, {"server", overHTTP}}
	var all [2][]string
	for i, d := range doors {
		t.Run(d.name, func(t *testing.T) {
			door, key := d.open(t)
			all[i] = askEverything(t, door, key)
		})
	}
	if diff := cmp.Diff(all[0], all[1]); diff != "" {
		t.Errorf("embedded and server differ: %s", diff)
	}
}

// askEverything lists what a door answers, without what is different each time.
func askEverything(t *testing.T, door recordedDoor, key string) (out []string) {
	t.Helper()
	ctx := t.Context()
	note := func(name string, d comity.Decision, err error) {
		t.Helper()
		if err != nil {
			out = append(out, fmt.Sprintf("%s: %s", name, comity.CodeOf(err)))
			return
		}
		if _, err := proof.VerifyReceipt(*d.Record, key); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		sub := -1
		if d.Record.Sub != nil {
			sub = *d.Record.Sub
		}
		out = append(out, fmt.Sprintf("%s: %s %v %v explained %v, entry %d/%d", name, d.Effect, d.Citations, d.Applicable, d.Explanation, *d.Record.Index, sub))
	}
	facts := func(more comity.Facts) comity.Facts {
		f := comity.Facts{
			"date": "2020-07-16", "operation": "transfer", "data_categories": []string{"contact", "health"}, "subject_location": "DE",
			"controller_establishment": "DE", "from_region": "DE", "to_region": "US", "transfer_mechanism": "privacy_shield",
		}
		for k, v := range more {
			f[k] = v
		}
		return f
	}
	reqs := map[string]comity.Request{
		"1 deny":                {Facts: facts(nil), Subject: comity.Subject{ID: "s1", Home: "DE"}},
		"2 the day before":      {Facts: facts(comity.Facts{"date": "2020-07-15"})},
		"3 an instant":          {Facts: facts(comity.Facts{"date": time.Date(2020, 7, 16, 12, 0, 0, 0, time.UTC)})},
		"4 parts":               {Facts: facts(nil), Parts: []comity.Facts{{"to_region": "JP"}, {}}},
		"5 explain, ignore":     {Facts: facts(nil), Explain: true, Missing: comity.MissingIgnore},
		"6 review":              {Facts: comity.Facts{"operation": "transfer", "date": "2024-05-01"}},
		"7 regions, known then": {Facts: facts(nil), Want: []string{"regions"}, Candidates: []string{"DE", "JP"}, KnownAt: time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)},
		"8 unknown fact":        {Facts: comity.Facts{"operatoin": "transfer"}},
		"9 unknown value":       {Facts: comity.Facts{"operation": "fly"}},
		"a unknown extra":       {Facts: facts(nil), Want: []string{"money"}},
		"b tenant, principal":   {Facts: facts(nil), Tenant: "acme", Principal: "carla"},
		"c two tenants":         {Facts: facts(comity.Facts{"tenant": "globex"}), Tenant: "acme"},
		"d key":                 {Facts: facts(nil), IdempotencyKey: "k"},
		"e key again":           {Facts: facts(nil), IdempotencyKey: "k"},
		"f key, another body":   {Facts: facts(comity.Facts{"to_region": "JP"}), IdempotencyKey: "k"},
	}
	var batch []comity.Request
	for _, name := range slices.Sorted(maps.Keys(reqs)) {
		d, err := door.Decide(ctx, reqs[name])
		note(name, d, err)
		if reqs[name].IdempotencyKey == "" {
			batch = append(batch, reqs[name])
		}
	}
	answers, err := door.DecideBatch(ctx, batch)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		note(fmt.Sprintf("batch %d", i), a.Decision, a.Err)
	}
	for i, e := range []client.Event{
		{Type: "data_access", Actor: client.Actor{ID: "anna"}, Action: "read", Resource: client.Resource{Type: "file", ID: "7"}, Success: true, Details: map[string]any{"rows": 3}},
		{Type: "data_access", Actor: client.Actor{ID: "anna"}},
		{Type: "decision"},
		{Type: "nothing"},
	} {
		r, err := door.Append(ctx, e)
		if err != nil {
			out = append(out, fmt.Sprintf("event %d: %s", i, comity.CodeOf(err)))
			continue
		}
		out = append(out, fmt.Sprintf("event %d: entry %d", i, *r.Record.Index))
	}
	return out
}
