// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/timeline"
)

// horizon is how far the timeline looks ahead unless told otherwise.
const horizon = 24

type timelineFlags struct {
	packs        packFlags
	from, until  string
	only         []string
	asJSON, ical bool
}

func newTimeline() *cobra.Command {
	var f timelineFlags
	cmd := &cobra.Command{
		Use:   "timeline",
		Short: "List the days on which the law changes",
		Long: `Lists the coming boundaries over all packs: requirements that begin or end to
bind or take the place of an earlier wording, links between places (adequacy
decisions) that begin or end, conditions and memberships of groups that turn on
a day, penalties, and the days by which packs are to be reviewed. Without --from
it begins today, without --until it ends 24 months later; the day of --until is
not part of it. As iCalendar (RFC 5545) each boundary is an all-day event whose
UID stays the same where its day is put off.`,
		Example: `  comity timeline
  comity timeline --pack eu_ai_act --from 2024-08-01 --until 2028-01-01
  comity timeline --ical > law.ics
  comity timeline --json`,
		Args: noArgs("comity timeline --pack "),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.packs.bind(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.from, "from", "", "first day, such as 2026-01-01 (default: today)")
	fl.StringVar(&f.until, "until", "", "first day that is left out (default: 24 months after the first)")
	fl.StringSliceVar(&f.only, "pack", nil, "list only this pack (repeatable)")
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object")
	fl.BoolVar(&f.ical, "ical", false, "print a calendar (RFC 5545)")
	_ = cmd.RegisterFlagCompletionFunc("pack", f.complete)
	return cmd
}

func (f *timelineFlags) complete(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	eng, err := f.packs.engine()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, p := range eng.Program().Model().Packs {
		if strings.HasPrefix(p.ID, prefix) {
			out = append(out, p.ID+"\t"+p.Name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// span reads the days of the flags.
func (f *timelineFlags) span(today pack.Day) (timeline.Span, error) {
	s := timeline.Span{From: today}
	var err error
	if f.from != "" {
		if s.From, err = pack.ParseDay(f.from); err != nil {
			return s, usageError("--from", "", "%w", err)
		}
	}
	s.Until = pack.Period{N: horizon, Unit: pack.Months}.AddTo(s.From)
	if f.until != "" {
		if s.Until, err = pack.ParseDay(f.until); err != nil {
			return s, usageError("--until", "", "%w", err)
		}
	}
	switch {
	case s.Until <= s.From:
		return s, usageError("--until", "give a day after "+s.From.String(), "%s is not after the first day", s.Until)
	case f.asJSON && f.ical:
		return s, usageError("timeline", "give one of them", "--json and --ical exclude each other")
	}
	return s, nil
}

// timelineReport is the JSON of comity timeline.
type timelineReport struct {
	From     string           `json:"from"`
	Until    string           `json:"until"`
	Events   []timeline.Event `json:"events"`
	Warnings []string         `json:"warnings,omitempty"`
}

func (f *timelineFlags) run(cmd *cobra.Command) error {
	now := time.Now().UTC()
	span, err := f.span(pack.DayOf(now))
	if err != nil {
		return err
	}
	eng, err := f.packs.engine()
	if err != nil {
		return err
	}
	m := eng.Program().Model()
	for _, id := range f.only {
		if err := knownPack(m, id); err != nil {
			return err
		}
	}
	rep := timelineReport{From: span.From.String(), Until: span.Until.String(), Events: timeline.Events(m, f.only, span), Warnings: timeline.Warnings(m, f.only, span.From)}
	switch {
	case f.ical:
		for _, w := range rep.Warnings {
			fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s\n", clean(w))
		}
		return timeline.ICal(cmd.OutOrStdout(), rep.Events, now)
	case f.asJSON:
		if rep.Events == nil {
			rep.Events = []timeline.Event{}
		}
		printJSON(cmd.OutOrStdout(), rep)
	default:
		rep.print(newScreen(cmd.OutOrStdout()))
	}
	return nil
}

// knownPack refuses the id of a pack that is not loaded.
func knownPack(m *pack.Model, id string) error {
	ids := make([]string, 0, len(m.Packs))
	for _, p := range m.Packs {
		if p.ID == id {
			return nil
		}
		ids = append(ids, p.ID)
	}
	return usageError("--pack", cmp.Or(pack.Suggest(id, ids), "comity version --json lists the packs"), "no pack is called %q", id)
}

// print writes a row for each event, in columns.
func (rep *timelineReport) print(s *screen) {
	for _, w := range rep.Warnings {
		s.printf("%s: %s\n", s.paint(yellow, "warning"), clean(w))
	}
	kinds, packs := 0, 0
	for i := range rep.Events {
		kinds = max(kinds, len(rep.Events[i].Kind))
		packs = max(packs, len(rep.Events[i].Pack))
	}
	last := ""
	for i := range rep.Events {
		e := &rep.Events[i]
		day := e.Date
		if day == last {
			day = strings.Repeat(" ", len(day))
		}
		last = e.Date
		lead := fmt.Sprintf("%s  %-*s  %-*s  ", day, kinds, e.Kind.Words(), packs, e.Pack)
		text := e.Title
		if e.ID != "" {
			text = strings.ReplaceAll(e.ID, " ", hardSpace) + ": " + text
		}
		text += cited(e.Citations)
		if e.Kind == timeline.Condition {
			text += ": " + strings.Join(e.Requirements, ", ")
		}
		if e.Unverified {
			text += " (unverified)"
		}
		for _, line := range wrap(text, max(s.width-len(lead), minWidth)) {
			s.printf("%s%s\n", lead, strings.ReplaceAll(line, hardSpace, " "))
			lead = strings.Repeat(" ", len(lead))
		}
	}
	s.printf("%s from %s to %s\n", count(len(rep.Events), "boundary"), rep.From, rep.Until)
}
