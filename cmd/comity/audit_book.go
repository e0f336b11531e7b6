// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// withApp opens the data folder, which no other process may have open, and closes it.
func withApp(cmd *cobra.Command, f *folderFlags, do func(context.Context, *app.App) error) error {
	c, err := f.config()
	if err != nil {
		return err
	}
	if err := mustHoldData(c.Data); err != nil {
		return err
	}
	ctx := cmd.Context()
	a, err := app.OpenLog(ctx, c, nil)
	if err != nil {
		return err
	}
	err = do(ctx, a)
	if closing := a.Close(context.WithoutCancel(ctx)); err == nil {
		err = closing
	}
	return err
}

// foundEntry is the JSON of one entry of the log.
type foundEntry struct {
	Log   string          `json:"log"`
	Index uint64          `json:"index"`
	Sub   *int            `json:"sub,omitempty"`
	Leaf  json.RawMessage `json:"leaf"`
	// Payload is the opened payload, or Missing says why there is none.
	Payload  json.RawMessage `json:"payload,omitempty"`
	Missing  string          `json:"missing,omitempty"`
	ErasedBy *uint64         `json:"erased_by,omitempty"`
	// Recomputed is what facts and program give again.
	Recomputed *decide.Recomputed `json:"recomputed,omitempty"`
	// Opening is the entry that says who opened this one.
	Opening *client.Opening `json:"opening,omitempty"`
	// Tree is a signed tree that covers the entry.
	Tree *audit.Completeness `json:"tree,omitempty"`
}

func entryOf(log string, e *audit.Found) foundEntry {
	out := foundEntry{Log: log, Index: e.Index, Leaf: e.Bytes}
	if e.Sub >= 0 {
		sub := e.Sub
		out.Sub = &sub
	}
	return out
}
