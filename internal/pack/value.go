// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Instant is a point in time. A local one was given as a day: it counts seconds of wall
// time and stands for that wall time in the zone of whoever reads it.
type Instant struct {
	Sec   int64
	Local bool
}

// Noon is the local instant that stands for a day without time of day.
func Noon(d Day) Instant { return Instant{Sec: int64(d)*86400 + 43200, Local: true} }

// InstantOf is the absolute instant t.
func InstantOf(t time.Time) Instant { return Instant{Sec: t.Unix()} }

// Day is the calendar day of the instant in loc.
func (i Instant) Day(loc *time.Location) Day {
	if i.Local {
		return floorDay(i.Sec)
	}
	return DayOf(time.Unix(i.Sec, 0).In(loc))
}

func floorDay(sec int64) Day {
	d := sec / 86400
	if sec%86400 < 0 {
		d--
	}
	return Day(d)
}

// Time is the instant in loc.
func (i Instant) Time(loc *time.Location) time.Time {
	if !i.Local {
		return time.Unix(i.Sec, 0).In(loc)
	}
	rest := i.Sec - int64(floorDay(i.Sec))*86400
	y, m, d := time.Unix(int64(floorDay(i.Sec))*86400, 0).UTC().Date()
	return time.Date(y, m, d, int(rest/3600), int(rest/60%60), int(rest%60), 0, loc)
}

// Value is a fact's value, resolved: Items for enums (value indexes) and regions (ids),
// Num for int, bool (0, 1) and date (Day), At for instant, Strs for string.
type Value struct {
	Items []int
	Num   int64
	At    Instant
	Strs  []string
	// Derived marks an age computed from its origin, or an origin from its age.
	Derived bool
}

// Values holds the value of each fact by FactID; nil is absent.
type Values []*Value

// ValueError is a fault in one fact of a question.
type ValueError struct {
	Fact    string
	Unknown bool
	Msg     string
	Remedy  string
}

func (e *ValueError) Error() string {
	s := e.Msg
	if e.Fact != "" {
		s = "fact " + e.Fact + ": " + e.Msg
	}
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// MaxList bounds the elements of one list fact.
const MaxList = 512

// ParseValue reads one fact's value; the error is a *ValueError.
func (v *Vocabulary) ParseValue(f *Fact, given any) (*Value, error) {
	items := []any{given}
	switch x := given.(type) {
	case []any:
		items = x
	case []string:
		items = make([]any, len(x))
		for i := range x {
			items[i] = x[i]
		}
	case nil:
		return nil, &ValueError{Fact: f.Name, Msg: "no value", Remedy: "leave the fact out if it is not known"}
	}
	if !f.List && len(items) != 1 {
		return nil, &ValueError{Fact: f.Name, Msg: fmt.Sprintf("%d values where one is taken", len(items)), Remedy: "ask in several parts"}
	}
	if f.List && !f.Whole && len(items) == 0 {
		return nil, &ValueError{Fact: f.Name, Msg: "the list is empty", Remedy: "leave the fact out if it is not known"}
	}
	if len(items) > MaxList {
		return nil, &ValueError{Fact: f.Name, Msg: fmt.Sprintf("%d values, more than %d", len(items), MaxList)}
	}
	val := &Value{}
	for _, it := range items {
		if err := v.parseItem(f, val, it); err != nil {
			return nil, err
		}
	}
	return val, f.check(val)
}

// check closes a list under what its values imply and refuses what cannot stand together.
func (f *Fact) check(val *Value) error {
	for _, a := range f.Alone {
		if len(val.Items) > 1 && slices.Contains(val.Items, a) {
			return &ValueError{Fact: f.Name, Msg: fmt.Sprintf("%q stands beside other values", f.Values[a].Name), Remedy: "give it alone or leave it out"}
		}
	}
	for i := 0; i < len(val.Items) && f.Kind == KindEnum; i++ {
		for _, imp := range f.Implies[val.Items[i]] {
			if !slices.Contains(val.Items, imp) {
				val.Items = append(val.Items, imp)
			}
		}
	}
	return nil
}

func (v *Vocabulary) parseItem(f *Fact, val *Value, it any) error {
	bad := func(want string) error {
		return &ValueError{Fact: f.Name, Msg: fmt.Sprintf("%s is not %s", show(it), want)}
	}
	s, isText := it.(string)
	switch f.Kind {
	case KindEnum, KindRegion:
		if !isText && f.Kind == KindRegion {
			return bad("a region code")
		}
		if !isText {
			return bad("a text")
		}
		return v.parseName(f, val, s)
	case KindString:
		if !isText {
			return bad("a text")
		}
		val.Strs = append(val.Strs, s)
	case KindBool:
		b, ok := it.(bool)
		if isText && (s == "true" || s == "false") {
			b, ok = s == "true", true
		}
		if !ok {
			return bad("true or false")
		}
		if b {
			val.Num = 1
		}
	case KindInt:
		n, ok := wholeNumber(it)
		if !ok {
			return bad("a whole number")
		}
		if f.Ages != NoUnit && (n < 0 || n > 1_000_000) {
			return &ValueError{Fact: f.Name, Msg: fmt.Sprintf("%d is no possible age", n)}
		}
		val.Num = n
	case KindDay, KindInstant:
		at, err := parseTime(it)
		if err != nil {
			return &ValueError{Fact: f.Name, Msg: err.Error()}
		}
		if f.Kind == KindInstant {
			val.At = at
		} else {
			val.Num = int64(at.Day(time.UTC))
		}
	}
	return nil
}

// parseName adds an enum value or a region, once.
func (v *Vocabulary) parseName(f *Fact, val *Value, s string) error {
	i, ok := f.ValueIndex(s)
	if f.Kind == KindRegion {
		id, known := v.regions.Lookup(s)
		if !known {
			return &ValueError{Fact: f.Name, Unknown: true, Msg: fmt.Sprintf("unknown region %q", Short(s)), Remedy: v.regions.Suggest(s)}
		}
		i, ok = int(id), true
	}
	if !ok {
		return &ValueError{Fact: f.Name, Unknown: true, Msg: fmt.Sprintf("unknown value %q", Short(s)), Remedy: f.suggestValue(s)}
	}
	if !slices.Contains(val.Items, i) {
		val.Items = append(val.Items, i)
	}
	return nil
}

// Short cuts text that an error quotes from its input.
func Short(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	for i := range s {
		if i > most {
			return s[:i] + "..."
		}
	}
	return s
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil || len(b) > 60 {
		return fmt.Sprintf("a value of type %T", v)
	}
	return string(b)
}

func wholeNumber(v any) (int64, bool) {
	switch x := v.(type) {
	case int:
		return int64(x), true
	case int64:
		return x, true
	case uint64:
		return int64(x), x <= math.MaxInt64
	case float64:
		return int64(x), x == math.Trunc(x) && math.Abs(x) < 1<<53
	case string:
		n, err := strconv.ParseInt(x, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// parseTime reads a day (YYYY-MM-DD) or an RFC 3339 instant.
func parseTime(v any) (Instant, error) {
	switch x := v.(type) {
	case time.Time:
		return InstantOf(x), nil
	case string:
		if len(x) == len("2006-01-02") {
			d, err := ParseDay(x)
			return Noon(d), err
		}
		t, err := time.Parse(time.RFC3339, x)
		if err == nil {
			return InstantOf(t), nil
		}
		if strings.HasPrefix(err.Error(), "parsing time") {
			return Instant{}, fmt.Errorf("%q is neither a day (2024-05-01) nor an instant (2024-05-01T15:04:05Z)", Short(x))
		}
	}
	return Instant{}, fmt.Errorf("%s is not a date", show(v))
}

// Age fills in ages from their origins, and origins from ages given as numbers, which
// count from the question's date (SEMANTICS 1.4). Ages use the calendar of UTC.
func (v *Vocabulary) Age(vals Values) error {
	date := vals[v.date]
	if date == nil {
		return &ValueError{Fact: "date", Msg: "the date of the question is missing"}
	}
	for _, f := range v.Facts[1:] {
		if f.Ages == NoUnit {
			continue
		}
		age, origin := vals[f.ID], vals[f.Origin]
		switch {
		case origin != nil && !origin.Derived:
			n, ok := ageOf(f.Ages, v.instant(f.Origin, origin), date.At)
			if !ok {
				return &ValueError{Fact: v.Facts[f.Origin].Name, Msg: "lies after the date of the question"}
			}
			if age != nil && !age.Derived && age.Num != n {
				return &ValueError{Fact: f.Name, Msg: fmt.Sprintf("%d does not follow from %s, which makes it %d", age.Num, v.Facts[f.Origin].Name, n), Remedy: "give only the origin"}
			}
			vals[f.ID] = &Value{Num: n, Derived: true}
		case age != nil && !age.Derived:
			vals[f.Origin] = v.originOf(f, age.Num, date.At)
		}
	}
	return nil
}

func (v *Vocabulary) instant(id FactID, val *Value) Instant {
	if v.Facts[id].Kind == KindDay {
		return Noon(Day(val.Num))
	}
	return val.At
}

func ageOf(u Unit, from, to Instant) (int64, bool) {
	a, b := from.Day(time.UTC), to.Day(time.UTC)
	if u == Hours {
		sec := to.Time(time.UTC).Unix() - from.Time(time.UTC).Unix()
		return sec / 3600, sec >= 0
	}
	if a > b {
		return 0, false
	}
	switch u {
	case Days:
		return int64(b - a), true
	case Months:
		return int64(MonthsBetween(a, b)), true
	}
	return int64(MonthsBetween(a, b) / 12), true
}

func (v *Vocabulary) originOf(f *Fact, n int64, date Instant) *Value {
	if f.Ages == Hours {
		return &Value{At: Instant{Sec: date.Sec - n*3600, Local: date.Local}, Derived: true}
	}
	d := Period{-int(n), f.Ages}.AddTo(date.Day(time.UTC))
	if v.Facts[f.Origin].Kind == KindDay {
		return &Value{Num: int64(d), Derived: true}
	}
	return &Value{At: Noon(d), Derived: true}
}

// AgeOn is the age that follows from an origin on another date; false if it lies before.
func (v *Vocabulary) AgeOn(f *Fact, origin *Value, date Instant) (int64, bool) {
	return ageOf(f.Ages, v.instant(f.Origin, origin), date)
}
