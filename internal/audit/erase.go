// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/comity-project/comity"
)

// Erasure says who wants a subject's key destroyed, and why. Both stay readable.
type Erasure struct {
	By, Reason string
}

// Erased is the receipt of an erasure: the pseudonym whose key is gone, the entry that
// ordered it, and the entry that says that it is done.
type Erased struct {
	Subject         Pseudonym
	Ordered, Record comity.Record
}

// owedErasure is a key that is gone without an entry that says so.
type owedErasure struct {
	subject Pseudonym
	why     Erasure
	ordered comity.Record
}

// Erase records that a subject's key is to be destroyed, by whom and why, destroys it, and
// records that. An order that cannot be recorded is not carried out; it is sealed under the
// key that it destroys, and its record and reason stand in the entry that follows. The
// content of all entries of the subject is gone when Erase returns, even if it returns an
// error because that entry could not be written; it is then made up for, at the latest at
// the next start. A subject without a key is CodeNotFound.
func (b *Book) Erase(ctx context.Context, s comity.Subject, why Erasure) (Erased, error) {
	b.eraseMu.Lock()
	defer b.eraseMu.Unlock()
	if err := b.payOwed(ctx); err != nil {
		return Erased{}, err
	}
	if _, ok := b.o.Sealer.Pseudonym(s); !ok {
		return Erased{}, errNoSubject()
	}
	ordered, err := b.Append(ctx, Event{
		Type: TypeErasureOrdered, Action: "erase", Outcome: Success, Subject: s, Principal: why.By,
		Payload: Object{{"reason", why.Reason}},
	})
	if err != nil {
		return Erased{}, err
	}
	p, err := b.o.Sealer.Forget(ctx, s)
	if errors.Is(err, ErrUnknownKey) {
		return Erased{}, errNoSubject()
	}
	if err != nil {
		return Erased{}, unavailable("erase subject", err)
	}
	owed := owedErasure{p, why, ordered}
	rec, err := b.recordErasure(ctx, owed)
	if err != nil {
		b.owed = append(b.owed, owed)
		return Erased{}, fmt.Errorf("key is destroyed, but its entry cannot be written yet: %w", err)
	}
	return Erased{Subject: p, Ordered: ordered, Record: rec}, nil
}

func errNoSubject() error {
	return &comity.Error{Code: comity.CodeNotFound, Op: "erase subject", Err: errors.New("nothing is sealed under a key of this subject"), Remedy: "give id and home as they were recorded; what was erased before is not there either"}
}

func (b *Book) recordErasure(ctx context.Context, o owedErasure) (comity.Record, error) {
	e := Event{Type: TypeSubjectErased, Action: "erase", Outcome: Success, Principal: o.why.By, erased: o.subject}
	if o.ordered.Index != nil {
		e.Payload = Object{{"ordered", *o.ordered.Index}, {"reason", o.why.Reason}}
	}
	return b.Append(ctx, e)
}

func (b *Book) payOwed(ctx context.Context) error {
	for len(b.owed) > 0 {
		if _, err := b.recordErasure(ctx, b.owed[0]); err != nil {
			return err
		}
		b.owed = b.owed[1:]
	}
	return nil
}

// repairErasures writes the entries that a crash between destroying a key and recording
// it left out. It runs when the index covers the whole log.
func (b *Book) repairErasures(ctx context.Context) {
	if b.o.Log.ReadOnly() != nil {
		return
	}
	for _, p := range b.o.Sealer.Forgotten() {
		by, err := b.erasedBy(ctx, p)
		if err == nil && by == nil {
			b.eraseMu.Lock()
			if by, err = b.erasedBy(ctx, p); err == nil && by == nil {
				_, err = b.recordErasure(ctx, owedErasure{subject: p, why: Erasure{By: "comity"}})
			}
			b.eraseMu.Unlock()
		}
		if err != nil && ctx.Err() == nil {
			b.o.Logger.Error("erasure cannot be recorded", "log", b.o.Name, "err", err)
			return
		}
	}
}

// erasedBy finds the entry that records the erasure of a subject, nil if there is none.
func (b *Book) erasedBy(ctx context.Context, p Pseudonym) (*uint64, error) {
	places, covered, err := b.o.Index.Query(ctx, Filter{Types: []string{TypeSubjectErased}, Subjects: []Pseudonym{p}, Limit: 1})
	if err != nil {
		return nil, unavailable("find erasure", err)
	}
	if len(places) > 0 {
		return &places[0].Index, nil
	}
	var found *uint64
	err = b.scan(ctx, new(glossary), covered, b.o.Log.Head().Size, func(i uint64, rows []Row) bool {
		for j := range rows {
			if rows[j].Type == TypeSubjectErased && rows[j].Subject == p {
				found = &i
			}
		}
		return found == nil
	})
	return found, err
}
