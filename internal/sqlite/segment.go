// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"
	"time"

	"github.com/comity-project/comity/internal/audit"
)

const (
	segmentRows = 1 << 16 // so that a term and a row fit into 64 bits
	pieceRows   = 1 << 12 // rows added to recent in one piece, at most
	recentBytes = 8 << 10 // up to which a piece of recent is added to
	postingSize = 3900    // bytes of a posting piece, so that it fits into a page
	pieceBits   = 20      // of posting.id
	// flushBytes bounds what a query reads from end to end, and what a segment is sorted
	// from, where rows have many terms.
	flushBytes = 12 << 20
)

// builder writes rows into recent, and recent into segments.
type builder struct {
	rows, bytes int // in recent
	terms       []term
	buf         []byte
}

// add appends rows to recent, making room first.
func (b *builder) add(ctx context.Context, tx *sql.Tx, rows []audit.Row) error {
	if b.rows+len(rows) > segmentRows || b.bytes > flushBytes {
		if err := b.flush(ctx, tx); err != nil {
			return err
		}
	}
	b.rows += len(rows)
	if b.rows > len(rows) {
		joined, err := b.join(ctx, tx, rows)
		if joined || err != nil {
			return err
		}
	}
	p := piece{first: rows[0].Index, time: rows[0].Time.UnixMilli()}
	b.buf = b.encode(b.buf[:0], p, rows)
	b.bytes += len(b.buf)
	_, err := tx.ExecContext(ctx, "INSERT INTO recent (rows, first_index, first_time, data) VALUES (?, ?, ?, ?)", len(rows), int64(p.first), p.time, seal(b.buf))
	return err
}

// join adds rows to the last piece if that is small, so that single rows do not make a
// piece each.
func (b *builder) join(ctx context.Context, tx *sql.Tx, rows []audit.Row) (bool, error) {
	var id, size int64
	if err := tx.QueryRowContext(ctx, "SELECT id, LENGTH(data) FROM recent ORDER BY id DESC LIMIT 1").Scan(&id, &size); err != nil {
		return false, err
	}
	if size >= recentBytes {
		return false, nil
	}
	var p piece
	if err := tx.QueryRowContext(ctx, "SELECT rows, first_index, first_time, data FROM recent WHERE id = ?", id).Scan(&p.rows, &p.first, &p.time, &p.data); err != nil {
		return false, err
	}
	data, err := unseal(p.data)
	if err != nil {
		return false, err
	}
	b.buf = b.encode(append(b.buf[:0], data...), p, rows)
	b.bytes += len(b.buf) - len(data)
	_, err = tx.ExecContext(ctx, "UPDATE recent SET rows = ?, data = ? WHERE id = ?", p.rows+len(rows), seal(b.buf), id)
	return true, err
}

// piece is a row of recent. Its data has for each row of the log: index - first, sub + 1,
// time - time of the first, number of terms, terms of six bytes.
type piece struct {
	rows  int
	first uint64
	time  int64
	data  []byte
}

func (b *builder) encode(dst []byte, p piece, rows []audit.Row) []byte {
	for i := range rows {
		r := &rows[i]
		dst = binary.AppendUvarint(dst, r.Index-p.first)
		dst = binary.AppendUvarint(dst, uint64(r.Sub+1))
		dst = binary.AppendVarint(dst, r.Time.UnixMilli()-p.time)
		b.terms = termsOf(b.terms[:0], r)
		dst = binary.AppendUvarint(dst, uint64(len(b.terms)))
		for _, t := range b.terms {
			dst = append(dst, byte(t>>40), byte(t>>32), byte(t>>24), byte(t>>16), byte(t>>8), byte(t))
		}
	}
	return dst
}

// entry is a row as an index knows it.
type entry struct {
	place audit.Place
	ms    int64
	terms []byte // of six bytes each
}

// decode calls fn for each row of a piece.
func (p *piece) decode(fn func(e entry)) error {
	data, err := unseal(p.data)
	if err != nil {
		return err
	}
	r := varints{b: data}
	for range p.rows {
		e := entry{place: audit.Place{Index: p.first + r.unsigned(), Sub: int(r.unsigned()) - 1}}
		e.ms = p.time + r.signed()
		e.terms = r.bytes(6 * int(r.unsigned()))
		if r.bad {
			return errDamaged
		}
		fn(e)
	}
	return nil
}

func termAt(b []byte) term {
	return term(b[0])<<40 | term(b[1])<<32 | term(b[2])<<24 | term(b[3])<<16 | term(b[4])<<8 | term(b[5])
}

// flush turns all of recent into a segment.
func (b *builder) flush(ctx context.Context, tx *sql.Tx) error {
	s := segment{earliest: 1<<63 - 1, latest: -1 << 63}
	var pairs []uint64 // term << 16 | row
	err := eachPiece(ctx, tx, "ORDER BY id", func(p *piece) (bool, error) {
		return true, p.decode(func(e entry) {
			for t := e.terms; len(t) > 0; t = t[6:] {
				pairs = append(pairs, uint64(termAt(t))<<16|uint64(s.rows))
			}
			s.add(e)
		})
	})
	if err != nil || s.rows == 0 {
		return err
	}
	slices.Sort(pairs)
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) + 1 FROM segment").Scan(&s.id); err != nil {
		return err
	}
	if err := b.writePostings(ctx, tx, &s, pairs); err != nil {
		return err
	}
	if s.last-s.first+1 == uint64(s.rows) && !s.parts {
		s.places = s.places[:0] // one row an entry: the place follows from the number
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		s.id, s.rows, int64(s.first), int64(s.last), s.earliest, s.latest, seal(s.fences), seal(s.places), seal(s.times))
	if err != nil {
		return err
	}
	b.rows, b.bytes = 0, 0
	_, err = tx.ExecContext(ctx, "DELETE FROM recent")
	return err
}

// eachPiece reads recent until fn returns false.
func eachPiece(ctx context.Context, tx *sql.Tx, order string, fn func(*piece) (bool, error)) error {
	rows, err := tx.QueryContext(ctx, "SELECT rows, first_index, first_time, data FROM recent "+order)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p piece
		if err := rows.Scan(&p.rows, &p.first, &p.time, &p.data); err != nil {
			return err
		}
		if more, err := fn(&p); err != nil || !more {
			return err
		}
	}
	return rows.Err()
}

// segment is a row of the table of that name.
type segment struct {
	id                    int64
	rows                  int
	first, last           uint64
	earliest, latest      int64
	fences, places, times []byte

	lastTime int64
	parts    bool // some rows are parts of batches
}

// add appends the place and the time of a row, as differences to the row before.
func (s *segment) add(e entry) {
	if s.rows == 0 {
		s.first, s.last, s.lastTime = e.place.Index, e.place.Index, 0
	}
	s.places = binary.AppendUvarint(s.places, e.place.Index-s.last)
	s.places = binary.AppendUvarint(s.places, uint64(e.place.Sub+1))
	s.times = binary.AppendVarint(s.times, e.ms-s.lastTime)
	s.parts = s.parts || e.place.Sub >= 0
	s.last, s.lastTime = e.place.Index, e.ms
	s.earliest, s.latest = min(s.earliest, e.ms), max(s.latest, e.ms)
	s.rows++
}

// writePostings writes the sorted pairs: for each term, its difference to the one before
// (the first of a piece whole), the length of its rows, and the rows.
func (b *builder) writePostings(ctx context.Context, tx *sql.Tx, s *segment, pairs []uint64) error {
	insert, err := tx.PrepareContext(ctx, "INSERT INTO posting VALUES (?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	data, list := b.buf[:0], []byte(nil)
	pieces, prev := int64(0), term(0)
	flush := func() error {
		if len(data) == 0 {
			return nil
		}
		_, err := insert.ExecContext(ctx, s.id<<pieceBits|pieces, seal(data))
		data, pieces = data[:0], pieces+1
		return err
	}
	for rest := pairs; len(rest) > 0; {
		t, n := term(rest[0]>>16), 1
		for n < len(rest) && term(rest[n]>>16) == t {
			n++
		}
		list = encodeRows(list[:0], rest[:n])
		rest = rest[n:]
		if len(data)+len(list)+12 > postingSize {
			if err := flush(); err != nil {
				return err
			}
		}
		if len(data) == 0 {
			prev = 0
			s.fences = append(s.fences, byte(t>>40), byte(t>>32), byte(t>>24), byte(t>>16), byte(t>>8), byte(t))
		}
		data = binary.AppendUvarint(data, uint64(t-prev))
		data = binary.AppendUvarint(data, uint64(len(list)))
		data = append(data, list...)
		prev = t
	}
	b.buf = data
	return flush()
}

// rowSet has a bit for each row of a segment.
type rowSet [segmentRows / 64]uint64

func (s *rowSet) add(n int)      { s[n/64] |= 1 << (n % 64) }
func (s *rowSet) has(n int) bool { return s[n/64]>>(n%64)&1 != 0 }

func (s *rowSet) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// bitmapSize is the length of a list of rows that is a bitmap; a list of differences is
// always shorter.
const bitmapSize = segmentRows / 8

// encodeRows writes rows as differences, or as a bitmap where that is shorter. A pair
// that stands twice counts once.
func encodeRows(dst []byte, pairs []uint64) []byte {
	prev := -1
	for _, p := range pairs {
		row := int(p & (segmentRows - 1))
		if row == prev {
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(row-prev-1))
		prev = row
		if len(dst) >= bitmapSize {
			break
		}
	}
	if len(dst) < bitmapSize {
		return dst
	}
	var set rowSet
	for _, p := range pairs {
		set.add(int(p & (segmentRows - 1)))
	}
	dst = dst[:0]
	for _, w := range set {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst
}

// decodeRows adds the rows of a list to a set.
func (s *rowSet) decodeRows(list []byte) error {
	if len(list) == bitmapSize {
		for i := range s {
			s[i] |= binary.LittleEndian.Uint64(list[8*i:])
		}
		return nil
	}
	r := varints{b: list}
	for prev := -1; len(r.b) > 0; {
		d := r.unsigned()
		if r.bad || d >= segmentRows || prev+1+int(d) >= segmentRows {
			return errDamaged
		}
		prev += 1 + int(d)
		s.add(prev)
	}
	return nil
}

// varints reads numbers from the front of b.
type varints struct {
	b   []byte
	bad bool
}

func (r *varints) unsigned() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *varints) signed() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *varints) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

// seal appends a checksum: SQLite has none, and a bit that flips in a list of rows would
// hide an entry in silence.
func seal(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

func unseal(b []byte) ([]byte, error) {
	n := len(b) - 4
	if n < 0 || crc32.Checksum(b[:n], crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(b[n:]) {
		return nil, errDamaged
	}
	return b[:n:n], nil
}

func milli(t time.Time, open int64) int64 {
	if t.IsZero() {
		return open
	}
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++ // bounds are exact, times in leaves are whole milliseconds
	}
	return ms
}
