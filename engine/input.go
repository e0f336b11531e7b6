// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// maxCombinations bounds the product of the lengths of a question's lists.
const maxCombinations = 1 << 16

// Input is a question encoded for one program. It may be reused for many questions of
// that program by one goroutine; using it with another program is an error.
type Input struct {
	prog  *Program
	given factSet
	order []pack.FactID // facts given, for resetting
	items [][]uint16    // enum indexes and region ids
	num   []int64
	at    []pack.Instant
	strs  [][]string
	date  pack.Instant
	days  []pack.Day
	zones []zoneSpan
	rules []pack.Declared
	aged  bool

	// lists are the facts that are read one element at a time and have several.
	lists   []listFact
	varying bool
	// combos is their number of combinations; full masks those of the current chunk.
	combos int
	full   uint64
	// span is the size of a chunk: of the lists' combinations, actors are those of the
	// lists that describe the actor, and no chunk separates them.
	span, actors int
	// simple tells that the index alone answers the question.
	simple bool

	only []uint64 // rules to judge at all, of a residual; nil is all
	// force marks the rules in force in the intervals of spans, or with oneSpan in that of the
	// first; all if there is no calendar. joined is its memory where zones differ.
	force, joined []uint64
	spans         []forceSpan
	oneSpan       bool
	// rows holds at least four rows of the index, one for each indexed fact, for missing=ignore
	// and for missing=review; then, if packs can be out of reach, one for those that are not.
	rows  [2][][]uint64
	reach reachMemory
	// candidates are what the rows leave, while settled.
	candidates [2][]uint64
	settled    [2]bool
	scratch    [][]uint64
	// workdays serves workDays.
	workdays pack.WorkDays
	ev       evaluation
}

// listFact is a fact with several elements; mask[i] marks the combinations of the current
// chunk in which it has its i-th element. Linked facts move together.
type listFact struct {
	fact   pack.FactID
	linked []pack.FactID
	// varied marks alternatives, each judged by itself, rather than a list of the facts.
	varied bool
	mask   []uint64
}

// zoneSpan caches the offset of a zone between two transitions.
type zoneSpan struct {
	from, until int64
	offset      int64
}

// NewInput makes an input for p.
func (p *Program) NewInput() *Input {
	n := len(p.facts)
	in := &Input{
		prog: p, items: make([][]uint16, n), num: make([]int64, n), at: make([]pack.Instant, n), strs: make([][]string, n),
		days: make([]pack.Day, len(p.zones)), zones: make([]zoneSpan, len(p.zones)), scratch: make([][]uint64, len(p.index.facts)),
	}
	for i := range in.rows {
		in.rows[i] = make([][]uint64, max(4, len(p.index.facts)))
		for k := range in.rows[i] {
			in.rows[i][k] = p.index.ones
		}
		if p.reaches.words > 0 {
			in.rows[i] = append(in.rows[i], make([]uint64, p.index.words))
		}
	}
	in.reach = p.reachMemory()
	all := make([]uint64, 2*p.index.words)
	in.candidates = [2][]uint64{all[:p.index.words], all[p.index.words:]}
	in.force = p.index.ones
	if c := p.index.calendar; c != nil {
		in.joined, in.spans = make([]uint64, p.index.words), make([]forceSpan, max(1, len(c.zones)))
		in.force = in.joined
	}
	in.ev.init(p)
	return in
}

func (in *Input) reset() {
	for _, id := range in.order {
		in.items[id] = in.items[id][:0]
		in.strs[id] = in.strs[id][:0]
	}
	in.order = in.order[:0]
	in.given = factSet{}
	in.rules = in.rules[:0]
	in.lists = in.lists[:0]
	in.varying = false
	in.only = nil
	in.aged = false
}

// Encode fills in with facts. At is the date of the question where the facts give none;
// the zero time makes a missing date an error. Errors have codes CodeUnknown (a fact or
// value that the vocabulary lacks), CodeInvalid and CodeTooLarge.
func (p *Program) Encode(in *Input, facts comity.Facts, at time.Time) error {
	if in.prog != p {
		return &comity.Error{Code: comity.CodeUsage, Op: "encode", Remedy: "make the input with this program's NewInput", Err: errors.New("the input belongs to another program")}
	}
	in.reset()
	for name, given := range facts {
		if err := in.put(name, given); err != nil {
			return in.firstFault(facts)
		}
	}
	return in.finish(at)
}

// put stores one named fact.
func (in *Input) put(name string, given any) error {
	p := in.prog
	id, ok := p.names[name]
	if !ok {
		return p.unknownFact(name)
	}
	if in.given.has(id) {
		return &comity.Error{
			Code: comity.CodeConflict, Op: "encode", Remedy: "give it once",
			Err: fmt.Errorf("fact %s is given twice, also as %q", p.facts[id].def.Name, name),
		}
	}
	return in.set(id, given)
}

// firstFault is the fault of the first wrong fact by name, so that the same facts give the
// same error.
func (in *Input) firstFault(facts comity.Facts) error {
	in.reset()
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		if err := in.put(name, facts[name]); err != nil {
			return err
		}
	}
	return nil
}

func (p *Program) unknownFact(name string) error {
	return &comity.Error{
		Code: comity.CodeUnknown, Op: "encode", Remedy: p.model.Vocab.SuggestFact(name),
		Err: fmt.Errorf("unknown fact %q", pack.Short(name)),
	}
}

// set stores one fact. Texts, their lists and booleans, the common cases, take a short
// way without allocation; whatever is unusual there is left to the vocabulary's reader.
func (in *Input) set(id pack.FactID, given any) error {
	info := &in.prog.facts[id]
	done := false
	switch g := given.(type) {
	case string:
		done = in.setText(id, info, g)
	case bool:
		if done = info.def.Kind == pack.KindBool; done {
			in.num[id] = b2i(g)
		}
	case []any:
		done = info.values != nil && info.def.List && len(g) > 0
		for i := 0; done && i < len(g); i++ {
			s, ok := g[i].(string)
			done = ok && in.setItem(id, info, s)
		}
	case []string:
		done = info.values != nil && info.def.List && len(g) > 0
		for i := 0; done && i < len(g); i++ {
			done = in.setItem(id, info, g[i])
		}
	}
	if done {
		in.mark(id)
		return nil
	}
	in.items[id] = in.items[id][:0]
	val, err := in.prog.model.Vocab.ParseValue(info.def, given)
	if err != nil {
		return valueError(err)
	}
	in.store(id, val)
	return nil
}

func (in *Input) setText(id pack.FactID, info *factInfo, s string) bool {
	if info.values != nil {
		return in.setItem(id, info, s)
	}
	if info.def.Kind == pack.KindInstant && info.def.AgedBy == 0 && len(s) == len("2006-01-02") {
		if d, ok := pack.DayFrom(s); ok {
			in.at[id] = pack.Noon(d)
			return true
		}
	}
	return false
}

// setItem adds one element with what it implies; false leaves it to the slow way.
func (in *Input) setItem(id pack.FactID, info *factInfo, s string) bool {
	v, ok := info.values[s]
	if !ok || len(in.items[id]) > 0 && (slices.Contains(in.items[id], v) || len(info.def.Alone) > 0 || len(info.closure) > 0) {
		return false
	}
	in.items[id] = append(in.items[id], v)
	if int(v) < len(info.closure) {
		in.items[id] = append(in.items[id], info.closure[v]...)
	}
	return true
}

func valueError(err error) error {
	var ve *pack.ValueError
	code := comity.CodeInvalid
	if errors.As(err, &ve) && ve.Unknown {
		code = comity.CodeUnknown
	}
	return &comity.Error{Code: code, Op: "encode", Err: err}
}

func (in *Input) mark(id pack.FactID) {
	in.given.add(id)
	in.order = append(in.order, id)
}

func (in *Input) store(id pack.FactID, val *pack.Value) {
	in.mark(id)
	for _, it := range val.Items {
		in.items[id] = append(in.items[id], uint16(it))
	}
	in.num[id], in.at[id] = val.Num, val.At
	in.strs[id] = append(in.strs[id], val.Strs...)
	def := in.prog.facts[id].def
	in.aged = in.aged || def.Ages != pack.NoUnit || def.AgedBy != 0
	if id == in.prog.retention {
		for _, s := range val.Strs {
			in.rules = append(in.rules, in.prog.model.MatchRule(s))
		}
	}
}

// finish settles the date, ages, lists and index rows of a filled input.
func (in *Input) finish(at time.Time) error {
	p := in.prog
	if !in.given.has(p.date) {
		if at.IsZero() {
			return &comity.Error{Code: comity.CodeInvalid, Op: "encode", Remedy: "give date, such as 2024-05-01", Err: errors.New("the question has no date")}
		}
		in.mark(p.date)
		in.at[p.date] = pack.InstantOf(at)
	}
	if in.aged {
		if err := in.age(); err != nil {
			return err
		}
	}
	in.setDate(in.at[p.date])
	return in.combine()
}

// age lets the vocabulary compute ages and origins.
func (in *Input) age() error {
	p := in.prog
	vals := in.values()
	if err := p.model.Vocab.Age(vals); err != nil {
		return valueError(err)
	}
	for id, v := range vals {
		if v != nil && v.Derived && !in.given.has(pack.FactID(id)) {
			in.mark(pack.FactID(id))
		}
		if v != nil && v.Derived {
			in.num[id], in.at[id] = v.Num, v.At
		}
	}
	return nil
}

// values is the question in the form that the vocabulary works on.
func (in *Input) values() pack.Values {
	vals := make(pack.Values, len(in.prog.facts))
	for _, id := range in.order {
		v := &pack.Value{Num: in.num[id], At: in.at[id], Strs: in.strs[id]}
		for _, it := range in.items[id] {
			v.Items = append(v.Items, int(it))
		}
		vals[id] = v
	}
	return vals
}

func (in *Input) setDate(at pack.Instant) {
	in.ev.next()
	in.date = at
	in.at[in.prog.date] = at
	if at.Local {
		d := at.Day(time.UTC)
		for z := range in.days {
			in.days[z] = d
		}
	} else {
		for z, loc := range in.prog.zones {
			in.days[z] = in.localDay(z, loc, at.Sec)
		}
	}
	if in.spans != nil {
		in.joinForce()
	}
}

// localDay is the day of an absolute instant in a zone; the zone's offset is cached.
func (in *Input) localDay(z int, loc *time.Location, sec int64) pack.Day {
	c := &in.zones[z]
	if sec < c.from || sec >= c.until {
		t := time.Unix(sec, 0).In(loc)
		_, off := t.Zone()
		c.offset = int64(off)
		start, end := t.ZoneBounds()
		c.from, c.until = sec, sec+1
		if !start.IsZero() {
			c.from = start.Unix()
		}
		if !end.IsZero() {
			c.until = end.Unix()
		}
	}
	return pack.Instant{Sec: sec + c.offset, Local: true}.Day(time.UTC)
}
