// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/comity-project/comity"
)

// owedErasure is a key that is gone without an entry that says so.
type owedErasure struct {
	subject Pseudonym
	by      string
}

// Erase destroys the key of a subject and records that, by whom. The content of all his
// entries is gone when it returns, even if it returns an error because the entry could
// not be written; that is then made up for, at the latest at the next start. A subject
// without a key is CodeNotFound.
func (b *Book) Erase(ctx context.Context, s comity.Subject, by string) (comity.Record, error) {
	b.eraseMu.Lock()
	defer b.eraseMu.Unlock()
	if err := b.payOwed(ctx); err != nil {
		return comity.Record{}, err
	}
	p, err := b.o.Sealer.Forget(ctx, s)
	if errors.Is(err, ErrUnknownKey) {
		return comity.Record{}, &comity.Error{Code: comity.CodeNotFound, Op: "erase subject", Err: errors.New("nothing is sealed under a key of this subject"), Remedy: "give id and home as they were recorded"}
	}
	if err != nil {
		return comity.Record{}, unavailable("erase subject", err)
	}
	rec, err := b.recordErasure(ctx, p, by)
	if err != nil {
		b.owed = append(b.owed, owedErasure{p, by})
		return comity.Record{}, fmt.Errorf("key is destroyed, but its entry cannot be written yet: %w", err)
	}
	return rec, nil
}

func (b *Book) recordErasure(ctx context.Context, p Pseudonym, by string) (comity.Record, error) {
	return b.Append(ctx, Event{Type: TypeSubjectErased, Action: "erase", Outcome: Success, Principal: by, erased: p})
}

func (b *Book) payOwed(ctx context.Context) error {
	for len(b.owed) > 0 {
		if _, err := b.recordErasure(ctx, b.owed[0].subject, b.owed[0].by); err != nil {
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
				_, err = b.recordErasure(ctx, p, "comity")
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
