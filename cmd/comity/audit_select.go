// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/proof"
)

// selection says which entries of a log are wanted.
type selection struct {
	from, to                            uint64
	since, until, subject, home, anchor string
	types, tenants, regions, pseudonyms []string

	sinceTime, untilTime time.Time
	places               []string // regions with all that lies in them
	wanted               []audit.Pseudonym
}

func (f *selection) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint64Var(&f.from, "from", 0, "the first entry that is wanted, by its number")
	flags.Uint64Var(&f.to, "to", 0, "the entry after the last one; the end of the log if left out")
	flags.StringVar(&f.since, "since", "", "first instant: 2026-01-01 or RFC 3339")
	flags.StringVar(&f.until, "until", "", "the instant after the last one")
	flags.StringSliceVar(&f.types, "type", nil, "types, such as decision or data_access")
	flags.StringSliceVar(&f.tenants, "tenant", nil, "tenants to which the entries belong")
	flags.StringSliceVar(&f.regions, "region", nil, "regions of the persons or of the events; EU and the like stand for all in them")
	flags.StringSliceVar(&f.pseudonyms, "pseudonym", nil, "pseudonyms of subjects, as leaves have them")
	flags.StringVar(&f.subject, "subject", "", "the person whose data it is")
	flags.StringVar(&f.home, "home", "", "the home of the subject, if it was recorded with one")
	flags.StringVar(&f.anchor, "anchor", "", "with --subject: folder of the keys (default under $XDG_STATE_HOME)")
}

// checkFilters refuses flags that were given without a value, as by an unset variable of a
// shell, and half a name: a filter that is lost would let everything through.
func checkFilters(cmd *cobra.Command) error {
	var err error
	if cmd.Flags().Changed("home") && !cmd.Flags().Changed("subject") {
		err = usageError("--home", "add --subject ID", "the home of nobody")
	}
	if cmd.Flags().Changed("resource-type") && !cmd.Flags().Changed("resource") {
		err = usageError("--resource-type", "add --resource ID", "the type of no resource")
	}
	cmd.Flags().Visit(func(fl *pflag.Flag) {
		if text := fl.Value.String(); err == nil && (strings.TrimSpace(text) == "" || text == "[]") {
			err = usageError("--"+fl.Name, "give a value, or leave the flag out", "the value is empty")
		}
	})
	return err
}

// byLeaf tells whether the leaves must be looked at.
func (f *selection) byLeaf() bool {
	return f.since != "" || f.until != "" || f.subject != "" || len(f.types)+len(f.tenants)+len(f.regions)+len(f.pseudonyms) > 0
}

// choose finds the wanted entries of a log; nil is all of them.
func (f *selection) choose(ctx context.Context, where string, l *logSource, c proof.Checkpoint) ([]proof.Range, *bundleFilter, error) {
	if f.from == 0 && f.to == 0 && !f.byLeaf() {
		return nil, nil, nil
	}
	to := f.to
	if to == 0 {
		to = c.Size
	}
	if f.from >= to || to > c.Size {
		return nil, nil, usageError("audit export", "", "entries %d up to %d are not a part of a log with %d", f.from, to, c.Size)
	}
	if !f.byLeaf() {
		return []proof.Range{{From: f.from, To: to}}, &bundleFilter{From: f.from, To: f.to}, nil
	}
	if err := f.prepare(ctx, where); err != nil {
		return nil, nil, err
	}
	s := sifter{ctx: ctx, f: f, src: &lastFile{Source: l.src}, c: c, erased: map[audit.Pseudonym]uint64{}, subjects: map[audit.Pseudonym]bool{}}
	// What is not wanted by its number can still say that a key was destroyed.
	if err := proof.Leaves(ctx, l.src, c, f.from, c.Size, s.leaf(f.from, to)); err != nil {
		return nil, nil, err
	}
	if len(s.found) == 0 {
		return nil, nil, &comity.Error{Code: comity.CodeNotFound, Op: "audit export", Err: errors.New("no entry fits"), Remedy: "comity audit query shows what is there"}
	}
	filter := &bundleFilter{From: f.from, To: f.to, Since: f.since, Until: f.until, Types: f.types, Tenants: f.tenants, Regions: f.regions}
	for _, p := range f.wanted {
		filter.Pseudonyms = append(filter.Pseudonyms, p.String())
	}
	return s.ranges(), filter, nil
}

// prepare reads the flags.
func (f *selection) prepare(ctx context.Context, where string) error {
	for _, x := range []struct {
		flag, text string
		to         *time.Time
	}{{"--since", f.since, &f.sinceTime}, {"--until", f.until, &f.untilTime}} {
		if x.text == "" {
			continue
		}
		t, err := engine.ParseTime(x.text)
		if err != nil {
			return usageError(x.flag, "", "%w", cause(err))
		}
		if len(x.text) == len(time.DateOnly) { // a day means its beginning here
			t = t.Truncate(24 * time.Hour)
		}
		*x.to = t
	}
	if len(f.regions) > 0 {
		eng, err := engine.New(engine.Options{})
		if err != nil {
			return err
		}
		until := f.untilTime
		if until.IsZero() {
			until = time.Now()
		}
		since := f.sinceTime
		if since.IsZero() {
			since = until
		}
		f.places = app.RegionsInside(eng.Program().Model().Vocab.Regions(), f.regions, since, until)
	}
	for _, text := range f.pseudonyms {
		p, err := audit.ParsePseudonym(text)
		if err != nil {
			return usageError("--pseudonym", "", "%w", cause(err))
		}
		f.wanted = append(f.wanted, p)
	}
	if f.subject == "" {
		return nil
	}
	p, err := f.pseudonym(ctx, where)
	f.wanted = append(f.wanted, p)
	return err
}

// pseudonym asks whoever has the keys of a log.
func (f *selection) pseudonym(ctx context.Context, where string) (p audit.Pseudonym, err error) {
	s := comity.Subject{ID: f.subject, Home: f.home}
	unknown := &comity.Error{
		Code: comity.CodeNotFound, Op: "audit export", Err: errors.New("nothing is sealed under a key of this subject"),
		Remedy: "give --home if it was recorded with one; of somebody who was erased, give --pseudonym",
	}
	if base, _, isURL := strings.Cut(where, "/log/"); isURL && strings.Contains(base, "://") {
		c, err := client.New(base, client.Options{APIKey: os.Getenv("COMITY_API_KEY")})
		if err != nil {
			return p, err
		}
		page, err := atServer(c)(ctx, audit.Query{Subject: s, Limit: 1})
		if err == nil && len(page.Entries) == 0 {
			err = unknown
		}
		if err != nil {
			return p, err
		}
		return page.Entries[0].Leaf.Subject, nil
	}
	if err := mustHoldData(where); err != nil {
		return p, usageError("--subject", "give --log the data folder or a URL, or use --pseudonym", "the keys are not with this log")
	}
	p, ok, err := app.Pseudonym(config.Config{Data: where, Anchor: f.anchor}, s)
	if e := (*comity.Error)(nil); errors.As(err, &e) && e.Code == comity.CodeUnavailable {
		inUse := *e
		inUse.Remedy = "stop the server that has the folder open, or export from it: --log URL/log/" + localLog
		return p, &inUse
	}
	if err == nil && !ok {
		err = unknown
	}
	return p, err
}

// sifter picks the wanted entries out of a log.
type sifter struct {
	ctx      context.Context //nolint:containedctx // of one call of choose
	f        *selection
	src      proof.Source
	c        proof.Checkpoint
	found    []uint64
	erased   map[audit.Pseudonym]uint64 // by which entry
	subjects map[audit.Pseudonym]bool   // of what was found
}

func (s *sifter) leaf(from, to uint64) func(uint64, []byte) error {
	return func(i uint64, text []byte) error {
		l, err := audit.ParseLeaf(text)
		if err != nil {
			return nil //nolint:nilerr // an entry that is not ours fits nothing; verify says so
		}
		if l.Type == audit.TypeSubjectErased {
			s.erased[l.Subject] = i
		}
		if i < from || i >= to {
			return nil
		}
		parts := []audit.Leaf{l}
		if l.Batch != nil {
			if parts, err = s.parts(i, text); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(parts, s.fits) {
			s.found = append(s.found, i)
			for j := range parts {
				s.subjects[parts[j].Subject] = true
			}
		}
		return nil
	}
}

// parts are the leaves of a batch and its own.
func (s *sifter) parts(i uint64, text []byte) ([]audit.Leaf, error) {
	payload, err := proof.Payload(s.ctx, s.src, s.c, i, text)
	if err != nil {
		return nil, err
	}
	parts, err := proof.Parts(payload)
	if err != nil {
		return nil, err
	}
	own, err := audit.ParseLeaf(text)
	if err != nil {
		return nil, err
	}
	out := []audit.Leaf{own}
	for _, p := range parts {
		if l, err := audit.ParseLeaf(p.Leaf); err == nil {
			out = append(out, l)
		}
	}
	return out, nil
}

func (s *sifter) fits(l audit.Leaf) bool {
	has := func(wanted []string, values ...string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(wanted, v) })
	}
	f := s.f
	return has(f.types, l.Type) && has(f.tenants, l.Tenant) && has(f.places, append([]string{l.Region}, l.Regions...)...) &&
		(len(f.wanted) == 0 || slices.Contains(f.wanted, l.Subject)) &&
		!l.Time.Before(f.sinceTime) && (f.untilTime.IsZero() || l.Time.Before(f.untilTime))
}

// ranges are the entries that were found, and those that say that keys of theirs are gone.
func (s *sifter) ranges() []proof.Range {
	for p, by := range s.erased {
		if s.subjects[p] {
			s.found = append(s.found, by)
		}
	}
	slices.Sort(s.found)
	var out []proof.Range
	for _, i := range slices.Compact(s.found) {
		if n := len(out); n > 0 && out[n-1].To == i {
			out[n-1].To++
			continue
		}
		out = append(out, proof.Range{From: i, To: i + 1})
	}
	return out
}

// lastFile keeps the file that it read last: the batches of one bundle share theirs.
type lastFile struct {
	proof.Source
	path string
	data []byte
}

// Resource implements proof.Source, for one goroutine.
func (l *lastFile) Resource(ctx context.Context, path string) ([]byte, error) {
	if path == l.path {
		return l.data, nil
	}
	data, err := l.Source.Resource(ctx, path)
	if err == nil {
		l.path, l.data = path, data
	}
	return data, err
}
