// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// calendar holds one row of in-force bits per zone and interval in which none of its rules
// begins or ends, and, unless that would be too large, one for all zones together: mostly the
// day is the same in all of them.
type calendar struct {
	zones []zoneCalendar
	joint *zoneCalendar
}

type zoneCalendar struct {
	zone   uint8
	breaks []pack.Day // interval i ends where breaks[i] begins
	rows   [][]uint64
}

// forceSpan is the interval of each zone that in.force was joined for.
type forceSpan struct{ from, until pack.Day }

// maxCalendar bounds the words of a calendar; rules of larger sets are looked up one by one.
const maxCalendar = 1 << 15

// buildCalendar returns nil where it would be too large.
func (p *Program) buildCalendar() *calendar {
	c := &calendar{}
	words := 0
	for z := range p.zones {
		zc := p.zoneCalendar(func(s *span) bool { return int(s.zone) == z }, maxCalendar-words)
		if zc == nil {
			return nil
		}
		if len(zc.breaks) > 0 {
			zc.zone = uint8(z)
			words += len(zc.rows) * p.index.words
			c.zones = append(c.zones, *zc)
		}
	}
	c.joint = p.zoneCalendar(func(*span) bool { return true }, maxCalendar)
	return c
}

// zoneCalendar is that of some rules; nil if it has more words than most.
func (p *Program) zoneCalendar(of func(*span) bool, most int) *zoneCalendar {
	zc := &zoneCalendar{}
	for i := range p.index.spans {
		if s := &p.index.spans[i]; of(s) {
			zc.breaks = append(zc.breaks, s.from, s.until)
		}
	}
	slices.Sort(zc.breaks)
	zc.breaks = slices.Compact(zc.breaks)
	if len(zc.breaks) > 0 && (len(zc.breaks)+1)*p.index.words > most {
		return nil
	}
	zc.rows = make([][]uint64, len(zc.breaks)+1)
	for k := range zc.rows {
		zc.rows[k] = make([]uint64, p.index.words)
		first := pack.DayMin
		if k > 0 {
			first = zc.breaks[k-1]
		}
		for i := range p.index.spans {
			if s := &p.index.spans[i]; s.from <= first && first < s.until && of(s) {
				zc.rows[k][i>>6] |= 1 << (i & 63)
			}
		}
	}
	return zc
}

// on is the interval of a day.
func (z *zoneCalendar) on(d pack.Day) (row []uint64, s forceSpan) {
	k, found := slices.BinarySearch(z.breaks, d)
	if found {
		k++
	}
	s = forceSpan{pack.DayMin, pack.DayMax}
	if k > 0 {
		s.from = z.breaks[k-1]
	}
	if k < len(z.breaks) {
		s.until = z.breaks[k]
	}
	return z.rows[k], s
}

// joinForce settles in.force: the rules in force on the days of the question.
func (in *Input) joinForce() {
	c := in.prog.index.calendar
	if c.joint != nil && in.oneDay() {
		d := in.days[0]
		if !in.oneSpan || d < in.spans[0].from || d >= in.spans[0].until {
			in.force, in.spans[0] = c.joint.on(d)
			in.oneSpan = true
		}
		return
	}
	same := !in.oneSpan
	for i := range c.zones {
		d, s := in.days[c.zones[i].zone], &in.spans[i]
		same = same && d >= s.from && d < s.until
	}
	if same {
		return
	}
	in.oneSpan, in.force = false, in.joined
	clear(in.force)
	for i := range c.zones {
		var row []uint64
		row, in.spans[i] = c.zones[i].on(in.days[c.zones[i].zone])
		for w, bits := range row {
			in.force[w] |= bits
		}
	}
}

// oneDay tells that it is the same day in all zones.
func (in *Input) oneDay() bool {
	for _, d := range in.days {
		if d != in.days[0] {
			return false
		}
	}
	return len(in.days) > 0
}
