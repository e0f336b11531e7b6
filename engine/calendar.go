// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/comity-project/comity/internal/pack"
)

// calendar holds one row of in-force bits per zone and interval in which none of its rules
// begins or ends.
type calendar struct{ zones []zoneCalendar }

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
		zc := zoneCalendar{zone: uint8(z)}
		for i := range p.index.spans {
			if s := p.index.spans[i]; int(s.zone) == z {
				zc.breaks = append(zc.breaks, s.from, s.until)
			}
		}
		if len(zc.breaks) == 0 {
			continue
		}
		slices.Sort(zc.breaks)
		zc.breaks = slices.Compact(zc.breaks)
		if words += (len(zc.breaks) + 1) * p.index.words; words > maxCalendar {
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
				if s := p.index.spans[i]; int(s.zone) == z && s.from <= first && first < s.until {
					zc.rows[k][i>>6] |= 1 << (i & 63)
				}
			}
		}
		c.zones = append(c.zones, zc)
	}
	return c
}

// joinForce fills in.force with the rules in force on the days of the question.
func (in *Input) joinForce() {
	c := in.prog.index.calendar
	same := true
	for i := range c.zones {
		d, s := in.days[c.zones[i].zone], &in.spans[i]
		same = same && d >= s.from && d < s.until
	}
	if same {
		return
	}
	clear(in.force)
	for i := range c.zones {
		z := &c.zones[i]
		k, found := slices.BinarySearch(z.breaks, in.days[z.zone])
		if found {
			k++
		}
		in.spans[i] = forceSpan{pack.DayMin, pack.DayMax}
		if k > 0 {
			in.spans[i].from = z.breaks[k-1]
		}
		if k < len(z.breaks) {
			in.spans[i].until = z.breaks[k]
		}
		for w, bits := range z.rows[k] {
			in.force[w] |= bits
		}
	}
}
