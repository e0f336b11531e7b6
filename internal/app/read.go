// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/pack"
)

// AwaitIndex waits until the index covers what the log has now, or until a time has passed.
// One that is built anew may need longer; answers say how far it is.
func (a *App) AwaitIndex(ctx context.Context, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for size := a.Log.Head().Size; a.Book.Indexed() < size && ctx.Err() == nil; {
		time.Sleep(2 * time.Millisecond)
	}
}

// Query finds entries that a reader may see.
func (a *App) Query(ctx context.Context, by decide.Caller, q audit.Query) (audit.Page, error) {
	if err := by.BindQuery(&q); err != nil {
		return audit.Page{}, err
	}
	q.Regions = a.regionsOf(q)
	return a.Book.Query(ctx, q)
}

// regionsOf adds to the regions of a query those that lie in them: the members of a group,
// the parts of a country. What belonged to them at some time that the query is about counts.
func (a *App) regionsOf(q audit.Query) []string {
	if len(q.Regions) == 0 {
		return nil
	}
	from, to := q.From, q.To
	if text, err := a.Log.Leaf(0); err == nil {
		if first, err := audit.ParseLeaf(text); err == nil && first.Time.After(from) {
			from = first.Time
		}
	}
	if now := time.Now(); to.IsZero() || to.After(now) {
		to = now
	}
	return RegionsInside(a.Door.Engine().Program().Model().Vocab.Regions(), q.Regions, from, to)
}

// RegionsInside are codes and those that lie in them on some day between two times. What is
// no code stands for itself alone: events name regions as they like.
func RegionsInside(regions *pack.Regions, codes []string, from, to time.Time) []string {
	var out []string
	for _, c := range codes {
		if id, ok := regions.Lookup(c); ok {
			out = append(out, regions.Inside(id, pack.DayOf(from), pack.DayOf(to))...)
		} else {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Show opens an entry for a reader; sub is -1 for one that is not part of a batch. That he
// does is an entry before he sees what was sealed. A decision is computed again and
// explained in a voice.
func (a *App) Show(ctx context.Context, by decide.Caller, index uint64, sub int, view decide.View) (decide.Shown, error) {
	if view.Voice != decide.VoiceAuditor && view.Voice != decide.VoicePerson {
		return decide.Shown{}, &comity.Error{Code: comity.CodeInvalid, Op: "show entry", Err: errors.New("there is no such voice"), Remedy: "use auditor or person"}
	}
	if err := by.Require(decide.ScopeReadLog); err != nil {
		return decide.Shown{}, err
	}
	e, err := a.Book.Show(ctx, index, sub)
	if err != nil {
		return decide.Shown{}, err
	}
	if err := by.MayRead(&e.Leaf); err != nil {
		return decide.Shown{}, err
	}
	if view.LeafOnly {
		e.Payload = nil
	}
	out := decide.Shown{Entry: e, Log: a.LogName}
	if e.Payload != nil {
		if err := a.open(ctx, by, &out, view.Voice); err != nil {
			return decide.Shown{}, err
		}
	}
	head := a.Log.Head()
	out.Tree = audit.Completeness{
		Log: a.LogName, Size: head.Size, Root: base64.StdEncoding.EncodeToString(head.Root[:]), Indexed: min(a.Book.Indexed(), head.Size), Checkpoint: string(head.Note),
	}
	return out, nil
}

// open records that an entry is opened and computes a decision again.
func (a *App) open(ctx context.Context, by decide.Caller, out *decide.Shown, voice string) error {
	if out.Leaf.Type == audit.TypeDecision {
		eng, err := a.Program(out.Leaf.Program)
		if err != nil {
			return err
		}
		if out.Recomputed, err = decide.Again(eng, &out.Entry, voice); err != nil {
			return err
		}
	}
	rec, err := a.Door.Opened(ctx, by, a.LogName, &out.Entry)
	out.Opening = &rec
	return err
}

// Erase destroys the key of a subject, for ever, after who wants that and why is recorded.
// Keys are of the whole installation, so that nobody who belongs to a tenant can do it.
func (a *App) Erase(ctx context.Context, by decide.Caller, s comity.Subject, reason string) (audit.Erased, error) {
	refuse := func(code comity.Code, what, remedy string) (audit.Erased, error) {
		return audit.Erased{}, &comity.Error{Code: code, Op: "erase subject", Err: errors.New(what), Remedy: remedy}
	}
	if err := by.Require(decide.ScopeAdminister); err != nil {
		return audit.Erased{}, err
	}
	switch {
	case by.Tenant != "":
		return refuse(comity.CodeForbidden, "the key of a subject may seal entries of other tenants, too", "use a key that is bound to no tenant")
	case s.ID == "":
		return refuse(comity.CodeInvalid, "no subject is named", "give id and, if it was recorded with one, home")
	case strings.TrimSpace(reason) == "":
		return refuse(comity.CodeInvalid, "no reason is given", "say why: it stands in the log for ever, so name nobody in it")
	case len(reason) > audit.MaxText || !utf8.ValidString(reason):
		return refuse(comity.CodeInvalid, "the reason is longer than 1,024 bytes, or not UTF-8", "shorten it")
	}
	if err := a.Ready(); err != nil {
		return audit.Erased{}, err
	}
	return a.Book.Erase(ctx, s, audit.Erasure{By: by.ID, Reason: reason})
}
