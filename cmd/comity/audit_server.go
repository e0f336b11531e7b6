// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
)

// sourceFlags name a data folder, or a running server that has it open.
type sourceFlags struct {
	folderFlags
	server string
}

func (f *sourceFlags) bind(cmd *cobra.Command) {
	f.folderFlags.bind(cmd)
	cmd.Flags().StringVar(&f.server, "server", "", "ask the server at this URL, with the key in COMITY_API_KEY")
}

// with opens what the flags name: one of the two functions is called.
func (f *sourceFlags) with(cmd *cobra.Command, onFolder func(context.Context, *app.App) error, onServer func(context.Context, *client.Client) error) error {
	if f.server == "" {
		return withApp(cmd, &f.folderFlags, onFolder)
	}
	if f.data != "" || f.anchor != "" || f.file != "" {
		return usageError("--server", "a server has its own folder: leave out --data, --anchor and --config", "--server and a data folder exclude each other")
	}
	c, err := client.New(f.server, client.Options{APIKey: os.Getenv("COMITY_API_KEY")})
	if err != nil {
		return err
	}
	return onServer(cmd.Context(), c)
}

// finder answers a query page by page.
type finder func(ctx context.Context, q audit.Query) (audit.Page, error)

// atServer asks a server.
func atServer(c *client.Client) finder {
	return func(ctx context.Context, q audit.Query) (audit.Page, error) {
		ask := client.Query{
			Types: q.Types, Actions: q.Actions, Effects: q.Effects, Outcomes: q.Outcomes, Regions: q.Regions, Jurisdictions: q.Jurisdictions,
			Requirements: q.Requirements, Tenants: q.Tenants, Programs: q.Programs, Subject: q.Subject, Principal: q.Principal,
			Resource: client.Resource{Type: q.Resource.Type, ID: q.Resource.ID}, From: q.From, To: q.To, Cursor: q.Cursor, Limit: q.Limit, Newest: q.Newest,
		}
		for _, p := range q.Pseudonyms {
			ask.Pseudonyms = append(ask.Pseudonyms, p.String())
		}
		got, err := c.Query(ctx, ask)
		if err != nil {
			return audit.Page{}, err
		}
		page := audit.Page{Cursor: got.Cursor}
		for i := range got.Entries {
			e, err := foundOf(&got.Entries[i])
			if err != nil {
				return page, err
			}
			page.Entries = append(page.Entries, e)
		}
		for _, k := range got.Completeness {
			page.Completeness = append(page.Completeness, audit.Completeness(k))
		}
		return page, nil
	}
}

func foundOf(e *client.Found) (audit.Found, error) {
	out := audit.Found{Place: audit.Place{Index: e.Index, Sub: -1}, Bytes: e.Leaf}
	if e.Sub != nil {
		out.Sub = *e.Sub
	}
	var err error
	out.Leaf, err = audit.ParseLeaf(e.Leaf)
	return out, err
}

// catchUp is for how long a query of a folder waits for an index that is behind.
const catchUp = 5 * time.Second

// placeRecord is the record of an entry of the only log.
func placeRecord(at entryAt) comity.Record {
	index := int64(at.index)
	r := comity.Record{Log: localLog, Index: &index}
	if at.sub >= 0 {
		sub := int(at.sub)
		r.Sub = &sub
	}
	return r
}

// localLog is the name of the log of an installation that has one.
const localLog = "local"
