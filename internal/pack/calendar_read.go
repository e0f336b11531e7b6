// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const holidayRemedy = "write 12-25, easter + 1, orthodox easter - 2, monday from 05-25 or 2024-04-10"

var weekdayNames = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// The ways in which a public holiday is moved that falls on a certain day of the week.
const (
	movedNext     = "next"
	movedPrevious = "previous"
	mondayBefore  = "monday before"
	mondayAfter   = "monday after"
)

var moves = []string{movedNext, movedPrevious, mondayBefore, mondayAfter}

// maxKnownYears bounds the years of which a calendar knows the holidays.
const maxKnownYears = 100

// holidayRule says on which days of which years a holiday lies.
type holidayRule struct {
	// month and day, weekday from them on if it is not negative, or easter with an offset.
	month, day, weekday int
	easter, orthodox    bool
	offset              Day
	once                Day // a single day
	from, until         int // years
	except              []int
	moved               map[int]string
}

// ReadCalendars adds a calendars file (docs/pack-format.md): a calendar replaces an earlier
// one of the same place.
func (v *Vocabulary) ReadCalendars(file string, data []byte, probs *Problems) {
	rd, n := openYAML(file, data, probs)
	if n == nil {
		return
	}
	f := rd.fields(n, calendarFileKeys...)
	if !rd.need(n, f, calendarFileKeys...) {
		return
	}
	rd.format(f["format"])
	if v.calendars == nil {
		v.calendars = map[RegionID]*Calendar{}
	}
	for _, p := range rd.pairs(f["calendars"]) {
		id, ok := v.regions.Lookup(p.key)
		switch {
		case !ok:
			rd.fail(p.keyNode, v.regions.Suggest(p.key), "unknown region %q", p.key)
		case v.regions.IsGroup(id):
			rd.fail(p.keyNode, "give each of its places one", "%s is a group: no day is a public holiday in it", p.key)
		default:
			c := &Calendar{Place: p.key, pos: rd.pos(p.keyNode)}
			rd.calendar(c, p.node)
			v.calendars[id] = c
		}
	}
}

func (r reader) calendar(c *Calendar, n *yaml.Node) {
	f := r.fields(n, calendarKeys...)
	c.rests = r.rests(f["rest"])
	if (f["known"] == nil) != (f["holidays"] == nil) {
		r.fail(n, "write both, or none where only the weekend is known", "holidays and the years in which they are known belong together")
		return
	}
	c.working = r.days(f["working"])
	if f["known"] == nil {
		return
	}
	k := r.fields(f["known"], memberKeys...)
	if !r.need(f["known"], k, memberKeys...) {
		return
	}
	c.From, c.Until = r.day(k["from"], 0), r.day(k["until"], 0)
	if c.From >= c.Until || c.Until.year()-c.From.year() > maxKnownYears {
		r.fail(f["known"], untilRemedy, "holidays are known for no day, or for more than %d years", maxKnownYears)
		c.From, c.Until = 0, 0
		return
	}
	var rules []holidayRule
	for _, h := range r.items(f["holidays"]) {
		rules = append(rules, r.holiday(h)...)
	}
	c.expand(rules)
}

// rests reads the days of rest: weekdays, or dated lists of them, the earliest first.
func (r reader) rests(n *yaml.Node) []restSpan {
	if n == nil {
		return weekends.rests
	}
	var out []restSpan
	dated := n.Kind == yaml.SequenceNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode
	spans := []*yaml.Node{n}
	if dated {
		spans = n.Content
	}
	for _, s := range spans {
		span, list := restSpan{from: DayMin}, s
		if dated {
			f := r.fields(s, restKeys...)
			if !r.need(s, f, "days") {
				continue
			}
			span.from, list = r.day(f["from"], DayMin), f["days"]
		}
		for _, w := range r.oneOrMore(list) {
			if i := r.weekday(w, w.Value); i >= 0 {
				span.days |= 1 << i
			}
		}
		if span.days == 1<<7-1 || len(out) > 0 && span.from <= out[len(out)-1].from {
			r.fail(s, "the earliest first, with the day from which it holds", "no day is left to work, or the days of rest are in no order")
			return weekends.rests
		}
		out = append(out, span)
	}
	if len(out) == 0 {
		return weekends.rests
	}
	return out
}

func (r reader) weekday(n *yaml.Node, s string) int {
	i := slices.Index(weekdayNames, s)
	if i < 0 {
		r.fail(n, cmp.Or(Suggest(s, weekdayNames), "write monday to sunday"), "%q is no day of the week", Short(s))
	}
	return i
}

func (r reader) days(n *yaml.Node) []Day {
	var out []Day
	for _, d := range r.items(n) {
		out = append(out, r.day(d, 0))
	}
	slices.Sort(out)
	return out
}

// holiday reads a day, or a mapping that says more about one or several.
func (r reader) holiday(n *yaml.Node) []holidayRule {
	rule := holidayRule{until: maxYear}
	on := []*yaml.Node{n}
	if n.Kind == yaml.MappingNode {
		f := r.fields(n, holidayKeys...)
		if !r.need(n, f, "on") {
			return nil
		}
		on = r.oneOrMore(f["on"])
		rule.from = r.integer(f["from"])
		if f["until"] != nil {
			rule.until = r.integer(f["until"])
		}
		for _, y := range r.items(f["except"]) {
			rule.except = append(rule.except, r.integer(y))
		}
		if f["moved"] != nil {
			rule.moved = map[int]string{}
			for _, p := range r.pairs(f["moved"]) {
				if !slices.Contains(moves, r.str(p.node)) {
					r.fail(p.node, "use "+oneOf(moves), "unknown way to move %q", Short(p.node.Value))
				}
				rule.moved[r.weekday(p.keyNode, p.key)] = p.node.Value
			}
		}
	}
	var out []holidayRule
	for _, o := range on {
		x := rule
		if err := x.parse(r.str(o)); err != nil {
			r.fail(o, holidayRemedy, "%v", err)
			continue
		}
		out = append(out, x)
	}
	return out
}

// maxYear is after all years.
const maxYear = 1 << 20

func (h *holidayRule) parse(s string) error {
	h.weekday = -1
	w := strings.Fields(s)
	bad := fmt.Errorf("%q is no rule for a public holiday", Short(s))
	if len(w) == 0 {
		return bad
	}
	if w[0] == "orthodox" {
		h.orthodox, w = true, w[1:]
	}
	switch {
	case len(w) == 3 && w[0] == "easter" && (w[1] == "+" || w[1] == "-"):
		n, err := strconv.Atoi(w[2])
		if err != nil || n < 0 || n > 100 {
			return bad
		}
		if w[1] == "-" {
			n = -n
		}
		h.easter, h.offset = true, Day(n)
		return nil
	case len(w) == 1 && w[0] == "easter":
		h.easter = true
		return nil
	case h.orthodox:
		return bad
	case len(w) == 3 && w[1] == "from":
		if h.weekday = slices.Index(weekdayNames, w[0]); h.weekday < 0 {
			return bad
		}
		w = w[2:]
	}
	if len(w) != 1 {
		return bad
	}
	if len(w[0]) == len("2006-01-02") && h.weekday < 0 {
		d, err := ParseDay(w[0])
		h.once = d
		return err
	}
	// In a leap year, so that 02-29 is a day, too.
	t, err := time.Parse("2006-01-02", "2024-"+w[0])
	if err != nil {
		return bad
	}
	h.month, h.day = int(t.Month()), t.Day()
	return nil
}

// in is the day of the holiday in a year, before it is moved; false if there is none.
func (h *holidayRule) in(year int) (Day, bool) {
	if year < h.from || year >= h.until || slices.Contains(h.except, year) {
		return 0, false
	}
	switch {
	case h.once != 0:
		return h.once, h.once.year() == year
	case h.easter && h.orthodox:
		return orthodoxEaster(year) + h.offset, true
	case h.easter:
		return easter(year) + h.offset, true
	}
	t := time.Date(year, time.Month(h.month), h.day, 0, 0, 0, 0, time.UTC)
	d := DayOf(t)
	for h.weekday >= 0 && d.weekday() != h.weekday {
		d++
	}
	return d, t.Day() == h.day
}

// expand lists the holidays of the known years. Those that are moved look for a free day
// after all others have theirs.
func (c *Calendar) expand(rules []holidayRule) {
	type movable struct {
		day Day
		how string
	}
	taken := map[Day]bool{}
	var later []movable
	for y := c.From.year() - 1; y <= c.Until.year()+1; y++ {
		for i := range rules {
			d, ok := rules[i].in(y)
			if !ok {
				continue
			}
			if how := rules[i].moved[d.weekday()]; how != "" {
				later = append(later, movable{d, how})
				continue
			}
			taken[d] = true
		}
	}
	slices.SortFunc(later, func(a, b movable) int { return cmp.Compare(a.day, b.day) })
	for _, m := range later {
		step := Day(1)
		if m.how == movedPrevious || m.how == mondayBefore {
			step = -1
		}
		d := m.day + step
		if m.how == mondayBefore || m.how == mondayAfter {
			for d.weekday() != 1 {
				d += step
			}
		} else {
			for taken[d] || c.Rests(d) {
				d += step
			}
		}
		taken[d] = true
	}
	for d := range taken {
		if c.From <= d && d < c.Until {
			c.holidays = append(c.holidays, d)
		}
	}
	slices.Sort(c.holidays)
}

func (d Day) year() int { return time.Unix(int64(d)*86400, 0).UTC().Year() }

// easter is the Sunday of the Gregorian computus (the anonymous algorithm of 1876).
func easter(year int) Day {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return DayOf(time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC))
}

// orthodoxEaster is the Sunday of the Julian computus as the Gregorian calendar dates it
// from 1900 to 2099 (Meeus).
func orthodoxEaster(year int) Day {
	d := (19*(year%19) + 15) % 30
	e := (2*(year%4) + 4*(year%7) - d + 34) % 7
	n := d + e + 114
	return DayOf(time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)) + 13
}
