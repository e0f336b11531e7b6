// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/comity-project/comity/internal/audit"
)

// Query implements audit.Index. It reads one state of the file, whatever is added
// meanwhile.
func (x *Index) Query(ctx context.Context, f audit.Filter) (places []audit.Place, size uint64, err error) {
	err = x.read(ctx, func(db *sql.DB) error {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // nothing was written
		if err := tx.QueryRowContext(ctx, "SELECT size FROM state").Scan(&size); err != nil {
			return err
		}
		s := search{
			ctx: ctx, tx: tx, f: &f, groups: groups(&f),
			from: milli(f.From, math.MinInt64), to: milli(f.To, math.MaxInt64),
		}
		places, err = s.run()
		return err
	})
	return places, size, err
}

// search is one query under way.
type search struct {
	ctx      context.Context
	tx       *sql.Tx
	f        *audit.Filter
	groups   [][]term
	from, to int64
	places   []audit.Place
}

func (s *search) run() ([]audit.Place, error) {
	steps := []func() error{s.segments, s.recent}
	if s.f.Newest {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.places, nil
}

func (s *search) full() bool { return len(s.places) >= s.f.Limit }

// take keeps a place that is beyond the cursor.
func (s *search) take(p audit.Place) {
	if s.full() {
		return
	}
	if a := s.f.After; a != nil {
		if c := p.Compare(*a); s.f.Newest && c >= 0 || !s.f.Newest && c <= 0 {
			return
		}
	}
	s.places = append(s.places, p)
}

// recent searches the rows that are in no segment yet.
func (s *search) recent() error {
	if s.full() {
		return nil
	}
	order := "ORDER BY id"
	if s.f.Newest {
		order += " DESC"
	}
	return eachPiece(s.ctx, s.tx, order, func(p *piece) (bool, error) {
		var found []audit.Place
		err := p.decode(func(e entry) {
			if e.ms >= s.from && e.ms < s.to && s.fits(e.terms) {
				found = append(found, e.place)
			}
		})
		if s.f.Newest {
			slices.Reverse(found)
		}
		for _, p := range found {
			s.take(p)
		}
		return !s.full(), err
	})
}

func (s *search) fits(terms []byte) bool {
	for _, g := range s.groups {
		ok := false
		for t := terms; len(t) > 0 && !ok; t = t[6:] {
			ok = slices.Contains(g, termAt(t))
		}
		if !ok {
			return false
		}
	}
	return true
}

// segments searches one segment after the other until there is enough.
func (s *search) segments() error {
	list, err := s.list()
	if err != nil {
		return err
	}
	for i := range list {
		if s.full() {
			return nil
		}
		if err := s.segment(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

// list finds the segments that can have what is asked for, by index and time.
func (s *search) list() (out []segment, err error) {
	first, last, order := int64(0), int64(math.MaxInt64), "ASC"
	if s.f.After != nil {
		first = int64(s.f.After.Index)
	}
	if s.f.Newest {
		first, last, order = 0, math.MaxInt64, "DESC"
		if s.f.After != nil {
			last = int64(s.f.After.Index)
		}
	}
	rows, err := s.tx.QueryContext(s.ctx, "SELECT id, rows, first_index, last_index, earliest, latest FROM segment "+
		"WHERE last_index >= ? AND first_index <= ? AND latest >= ? AND earliest < ? ORDER BY id "+order, first, last, s.from, s.to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var g segment
		if err := rows.Scan(&g.id, &g.rows, &g.first, &g.last, &g.earliest, &g.latest); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

// segment intersects the rows of all groups.
func (s *search) segment(g *segment) error {
	if g.rows > segmentRows {
		return errDamaged
	}
	var set rowSet
	for n := range g.rows {
		set.add(n)
	}
	for _, group := range s.groups {
		var some rowSet
		for _, t := range group {
			if err := s.posting(g, t, &some); err != nil {
				return err
			}
		}
		for i := range set {
			set[i] &= some[i]
		}
		if set.count() == 0 {
			return nil
		}
	}
	if err := s.between(g, &set); err != nil {
		return err
	}
	return s.collect(g, &set)
}

// posting adds the rows of a term.
func (s *search) posting(g *segment, t term, set *rowSet) error {
	if err := s.load(g, "fences", &g.fences); err != nil {
		return err
	}
	pieces := len(g.fences) / 6
	n := sort.Search(pieces, func(i int) bool { return termAt(g.fences[6*i:]) > t }) - 1
	if n < 0 {
		return nil
	}
	var data []byte
	if err := s.tx.QueryRowContext(s.ctx, "SELECT data FROM posting WHERE id = ?", g.id<<pieceBits|int64(n)).Scan(&data); err != nil {
		return err
	}
	data, err := unseal(data)
	if err != nil {
		return err
	}
	r := varints{b: data}
	for at := term(0); len(r.b) > 0; {
		at += term(r.unsigned())
		list := r.bytes(int(r.unsigned()))
		if r.bad {
			return errDamaged
		}
		if at == t {
			return set.decodeRows(list)
		}
	}
	return nil
}

// load reads a blob of a segment once.
func (s *search) load(g *segment, column string, dst *[]byte) error {
	if *dst != nil {
		return nil
	}
	var data []byte
	if err := s.tx.QueryRowContext(s.ctx, "SELECT "+column+" FROM segment WHERE id = ?", g.id).Scan(&data); err != nil {
		return err
	}
	var err error
	*dst, err = unseal(data)
	return err
}

// between drops the rows outside of the time asked for, if there can be any.
func (s *search) between(g *segment, set *rowSet) error {
	if g.earliest >= s.from && g.latest < s.to {
		return nil
	}
	if err := s.load(g, "times", &g.times); err != nil {
		return err
	}
	r, ms := varints{b: g.times}, int64(0)
	for n := range g.rows {
		if ms += r.signed(); ms < s.from || ms >= s.to {
			set[n/64] &^= 1 << (n % 64)
		}
	}
	if r.bad {
		return errDamaged
	}
	return nil
}

// collect turns rows into places.
func (s *search) collect(g *segment, set *rowSet) error {
	if set.count() == 0 {
		return nil
	}
	if err := s.load(g, "places", &g.places); err != nil {
		return err
	}
	var found []audit.Place
	if len(g.places) == 0 {
		for i, w := range set {
			for ; w != 0; w &= w - 1 {
				found = append(found, audit.Place{Index: g.first + uint64(64*i+bits.TrailingZeros64(w)), Sub: -1})
			}
		}
	} else {
		r, at := varints{b: g.places}, g.first
		for n := range g.rows {
			at += r.unsigned()
			if sub := int(r.unsigned()) - 1; set.has(n) {
				found = append(found, audit.Place{Index: at, Sub: sub})
			}
		}
		if r.bad {
			return errDamaged
		}
	}
	if s.f.Newest {
		slices.Reverse(found)
	}
	for _, p := range found {
		s.take(p)
	}
	return nil
}
