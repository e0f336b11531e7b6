// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/principal"
)

// queryFlags are the flags of audit query.
type queryFlags struct {
	sourceFlags
	types, actions, effects, outcomes, regions, jurisdictions, requirements, tenants, programs, pseudonyms []string

	subject, home, principal, resourceType, resource, from, to string

	limit          int
	newest, asJSON bool
}

func newAuditQuery() *cobra.Command {
	var f queryFlags
	cmd := &cobra.Command{
		Use:   "query",
		Short: "Find entries, and say what was searched",
		Long: `Finds the entries that fit all filters; of the values of one filter any may fit.
Subject, principal and resource are found by their pseudonyms: no payload is
opened. A name that stands in no entry and that Comity does not know is warned of on
standard error. The answer ends with the size and the root of the log, and up to which
entry it was searched. While a server has the folder open, ask it with --server; a
key that is bound to a tenant finds the entries of that tenant.`,
		Example: `  comity audit query --type decision --jurisdiction EU --from 2026-01-01
  comity audit query --subject customer-17 --json
  comity audit query --effect deny --newest --server http://127.0.0.1:8080`,
		Args: noArgs(""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFilters(cmd); err != nil {
				return err
			}
			q, err := f.query()
			if err != nil {
				return err
			}
			return f.with(cmd, func(ctx context.Context, a *app.App) error {
				a.AwaitIndex(ctx, catchUp)
				return f.run(ctx, cmd, a.LogName, func(ctx context.Context, q audit.Query) (audit.Page, error) {
					return a.Query(ctx, principal.Local(), q)
				}, q)
			}, func(ctx context.Context, c *client.Client) error {
				return f.run(ctx, cmd, localLog, atServer(c), q)
			})
		},
	}
	f.bind(cmd)
	return cmd
}

func (f *queryFlags) bind(cmd *cobra.Command) {
	f.sourceFlags.bind(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.types, "type", nil, "types, such as decision or data_access")
	flags.StringSliceVar(&f.actions, "action", nil, "actions: the operation of a decision, what an event says it did")
	flags.StringSliceVar(&f.effects, "effect", nil, "effects: allow, deny or review")
	flags.StringSliceVar(&f.outcomes, "outcome", nil, "outcomes: success or failure")
	flags.StringSliceVar(&f.regions, "region", nil, "regions of the persons or of the events; EU and the like stand for all in them")
	flags.StringSliceVar(&f.jurisdictions, "jurisdiction", nil, "legal orders of which a requirement applied, such as EU")
	flags.StringSliceVar(&f.requirements, "requirement", nil, "requirements that applied")
	flags.StringSliceVar(&f.tenants, "tenant", nil, "tenants to which the entries belong")
	flags.StringSliceVar(&f.programs, "program", nil, "programs that decided, as sha256:...")
	flags.StringSliceVar(&f.pseudonyms, "pseudonym", nil, "pseudonyms of subjects, as leaves have them")
	flags.StringVar(&f.subject, "subject", "", "the person whose data it is")
	flags.StringVar(&f.home, "home", "", "the home of the subject, if it was recorded with one")
	flags.StringVar(&f.principal, "principal", "", "who acted, or who asked")
	flags.StringVar(&f.resource, "resource", "", "what was acted upon, by its id")
	flags.StringVar(&f.resourceType, "resource-type", "", "the type of the resource")
	flags.StringVar(&f.from, "from", "", "first instant: 2026-01-01 or RFC 3339")
	flags.StringVar(&f.to, "to", "", "the instant after the last one")
	flags.IntVar(&f.limit, "limit", audit.DefaultLimit, "how many entries at most; 0 is all")
	flags.BoolVar(&f.newest, "newest", false, "the latest entries first")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON object an entry, and last what was searched")
}

func (f *queryFlags) query() (audit.Query, error) {
	q := audit.Query{
		Types: f.types, Actions: f.actions, Outcomes: f.outcomes, Regions: f.regions, Jurisdictions: f.jurisdictions,
		Requirements: f.requirements, Tenants: f.tenants, Programs: f.programs, Principal: f.principal,
		Subject: comity.Subject{ID: f.subject, Home: f.home}, Resource: audit.Resource{Type: f.resourceType, ID: f.resource}, Newest: f.newest,
	}
	for _, e := range f.effects {
		if _, ok := effectExits[comity.Effect(e)]; !ok {
			return q, usageError("--effect", "use allow, deny or review", "unknown effect %q", e)
		}
		q.Effects = append(q.Effects, comity.Effect(e))
	}
	for _, o := range f.outcomes {
		if o != audit.Success && o != audit.Failure {
			return q, usageError("--outcome", "use success or failure", "unknown outcome %q", o)
		}
	}
	for _, p := range f.pseudonyms {
		pseudonym, err := audit.ParsePseudonym(p)
		if err != nil {
			return q, usageError("--pseudonym", "", "%w", cause(err))
		}
		q.Pseudonyms = append(q.Pseudonyms, pseudonym)
	}
	for _, x := range []struct {
		flag, text string
		to         *time.Time
	}{{"--from", f.from, &q.From}, {"--to", f.to, &q.To}} {
		if x.text == "" {
			continue
		}
		t, err := engine.ParseTime(x.text)
		if err != nil {
			return q, usageError(x.flag, "", "%w", cause(err))
		}
		if len(x.text) == len(time.DateOnly) { // a day means its beginning here
			t = t.Truncate(24 * time.Hour)
		}
		*x.to = t
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, usageError("--to", "give a later instant: it is the one after the last", "--from %s is not before %s", f.from, f.to)
	}
	if f.limit < 0 {
		return q, usageError("--limit", "", "%d is less than none", f.limit)
	}
	return q, nil
}

func (f *queryFlags) run(ctx context.Context, cmd *cobra.Command, log string, find finder, q audit.Query) error {
	s := newScreen(cmd.OutOrStdout())
	left := f.limit
	var covered []audit.Completeness
	total := 0
	for {
		q.Limit = audit.MaxLimit
		if f.limit > 0 {
			q.Limit = min(left, audit.MaxLimit)
		}
		page, err := find(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Entries {
			f.print(s, log, &page.Entries[i])
		}
		total += len(page.Entries)
		left -= len(page.Entries)
		covered = page.Completeness
		q.Cursor = page.Cursor
		if q.Cursor == "" || f.limit > 0 && left <= 0 {
			break
		}
	}
	if err := f.warnUnseen(ctx, cmd.ErrOrStderr(), find); err != nil {
		return err
	}
	if f.asJSON {
		printJSON(s.w, map[string]any{"completeness": covered, "entries": total, "more": q.Cursor != ""})
		return nil
	}
	text := entries(uint64(total))
	if q.Cursor != "" {
		text += " and more: raise --limit"
	}
	s.printf("%s\n", text)
	for _, c := range covered {
		s.row("searched", plain, fmt.Sprintf("%s of %s of log %s, root %s", count(int(c.Indexed), "entry"), fmt.Sprint(c.Size), c.Log, c.Root))
	}
	return nil
}

func (f *queryFlags) print(s *screen, log string, e *audit.Found) {
	if f.asJSON {
		printJSON(s.w, entryOf(log, e))
		return
	}
	l := &e.Leaf
	where := fmt.Sprint(e.Index)
	if e.Sub >= 0 {
		where = fmt.Sprintf("%d/%d", e.Index, e.Sub)
	}
	text := []string{l.Time.UTC().Format(time.RFC3339), l.Type, l.Action, string(l.Effect), l.Outcome, l.Region, strings.Join(l.Requirements, " ")}
	line := ""
	for _, t := range text {
		if t != "" {
			line += "  " + t
		}
	}
	s.printf("%-8s%s\n", where, clean(line))
}

// mustHoldData refuses a folder that no data is in: reading does not make one.
func mustHoldData(dir string) error {
	_, err := os.Stat(filepath.Join(dir, "format.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return &comity.Error{Code: comity.CodeNotFound, Op: dir, Err: errors.New("not a data folder"), Remedy: "give it with --data DIR"}
	}
	if err != nil {
		return notFound("--data", err)
	}
	return nil
}
