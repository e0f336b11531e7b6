// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import "encoding/binary"

// match is what is known of a record: that it is the right one, that it is not, or nothing.
type match int

const (
	unknown match = iota
	right
	wrong
)

// splitter takes apart records that follow each other, each with its length in front, some
// of which may be damaged, their lengths too: after a record that is not right it looks for
// where the next one is.
type splitter struct {
	data   []byte
	prefix int  // bytes of a length, 2 or 4
	n      int  // records
	open   bool // other bytes may follow the last record
	match  func(j int, record []byte) match
	likely func(record []byte) bool // tells cheaply what may be a record; nil is all
}

// maxTries bounds the places at which the next record is looked for.
const maxTries = 1 << 17

// at is the record that begins at a position, if it ends within the data.
func (s *splitter) at(pos int) (record []byte, next int, ok bool) {
	if len(s.data)-pos < s.prefix {
		return nil, 0, false
	}
	size := int(binary.BigEndian.Uint16(s.data[pos:]))
	if s.prefix == 4 {
		size = int(binary.BigEndian.Uint32(s.data[pos:]))
	}
	pos += s.prefix
	if size > len(s.data)-pos {
		return nil, 0, false
	}
	return s.data[pos : pos+size : pos+size], pos + size, true
}

// fits tells whether record j begins at a position, by the first of the records from there
// on of which anything is known.
func (s *splitter) fits(pos, j int) bool {
	for ; j < s.n; j++ {
		record, next, ok := s.at(pos)
		if !ok {
			return false
		}
		switch s.match(j, record) {
		case right:
			return true
		case wrong:
			return false
		}
		pos = next
	}
	return s.open || pos == len(s.data)
}

// run gives each record to one, with what is known of it. What cannot be told apart goes to
// lost, with a reason.
func (s *splitter) run(one func(j int, record []byte, m match), lost func(from, to int, text string)) {
	pos, tries := 0, 0
	for j := 0; j < s.n; j++ {
		record, next, ok := s.at(pos)
		m := wrong
		if ok {
			m = s.match(j, record)
		}
		if m == wrong {
			if ok {
				one(j, record, wrong)
			} else {
				lost(j, j, "the file ends too early or a length in it is wrong")
			}
			if !ok || !s.fits(next, j+1) {
				found := s.search(pos+1, j+1, &tries)
				if found < 0 && !ok {
					if j+1 < s.n {
						lost(j+1, s.n-1, "cannot be found behind a damaged record")
					}
					return
				}
				if found >= 0 {
					next = found
				}
			}
		} else {
			one(j, record, m)
		}
		pos = next
	}
	if pos != len(s.data) && !s.open {
		lost(s.n-1, s.n-1, "other bytes follow the last record of the file")
	}
}

// search looks for record j from a position on, or gives -1.
func (s *splitter) search(pos, j int, tries *int) int {
	for ; pos <= len(s.data) && *tries < maxTries; pos++ {
		if j == s.n {
			return len(s.data)
		}
		record, _, ok := s.at(pos)
		if !ok || s.likely != nil && !s.likely(record) {
			continue
		}
		*tries++
		if s.fits(pos, j) {
			return pos
		}
	}
	return -1
}
