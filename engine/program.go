// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// ruleKind is how a rule is judged.
type ruleKind uint8

const (
	ruleForbid  ruleKind = iota // unlawful unless a branch holds
	ruleMust                    // a condition has to hold
	ruleDemand                  // only demands an operation
	ruleQualify                 // adds conditions
	ruleReview                  // an open question
)

// branch is one compiled exception.
type branch struct {
	when, claim uint32
	rests       bool
	settled     bool
	recognises  bool
	needs       factSet // without any one of them it does not hold in full
	said        uint32  // index into Program.rests: facts that speak to it, without a claim
}

// rule is one compiled requirement.
type rule struct {
	kind     ruleKind
	absolute bool
	silent   bool // an unspoken prohibition is a duty
	exact    bool // the index alone tells whether it binds
	collides bool // its violation can become a conflict
	hasAsk   bool // for facts of reach or scope, to know whether it binds
	asksWhen bool // for facts of its scope
	zone     uint8
	pack     uint16
	order    pack.RegionID
	weight   int32
	from     pack.Day
	until    pack.Day
	when     uint32
	must     uint32
	demand   uint64 // operations
	branches []branch
	ask      *asks // nil if it asks for nothing
	spoken   *spoken
	// switches pick the branches that single values leave possible.
	switches []branchSwitch
	settled  uint64 // branches
	placed   uint64 // branches that read a kind of place
	src      *pack.Rule
}

// asks are the facts of a rule that are marked ask.
type asks struct {
	all    factSet
	reach  factSet // that occur in the pack's reach
	when   factSet // that occur in the scope
	branch factSet // that occur in branches
}

// spoken tells when anyone spoke to any branch of a rule.
type spoken struct {
	claims []uint32 // each once
	facts  factSet
}

// packInfo is what a pack says for all its rules.
type packInfo struct {
	reach   uint32
	needs   factSet // without any one of them the reach is not met
	asks    factSet // facts of reach and scopes that rules ask for
	outside []uint32
	// outsideNeeds are facts without any one of which the node does not hold.
	outsideNeeds []factSet
	// switches pick the outside nodes that single values leave possible.
	switches []branchSwitch
	zone     uint8
	src      *pack.Pack
	// from and until span the rules of the pack.
	from, until pack.Day
}

// inForce tells whether any rule of the pack can bind on the day.
func (i *packInfo) inForce(days []pack.Day) bool {
	return i.from <= days[i.zone] && days[i.zone] < i.until
}

// factInfo is the encoding of one fact.
type factInfo struct {
	def    *pack.Fact
	values map[string]uint16 // of enums and regions
	// closure lists, per value, all that it implies; nil if none implies any.
	closure [][]uint16
	index   int // number in the index, or -1
	elem    bool
}

// Program is an immutable compiled set of packs, as known at one time. It is safe for
// concurrent use; Inputs and Results are not.
type Program struct {
	model *pack.Model
	hash  string
	facts []factInfo
	names map[string]pack.FactID
	zones []*time.Location
	atoms []atom
	// reads holds per atom the facts that it reads, the second in the upper half.
	reads []uint32
	// quickAtoms are the atoms in a form that tells most of them without memory.
	quickAtoms []quickAtom
	nodes      []node
	rests      []factSet // per node: facts inside on which exceptions can rest
	kids       []uint32
	// circuits are the nodes as truth reads them. quick holds the entries of those, cheap ones
	// first, then the parts of scopes; costs are those of the nodes.
	circuits []circuit
	quick    []entry
	costs    []int32
	rules    []rule
	gates    []gate // per rule
	// askNeeds are, per rule, facts without any one of which nothing is asked for: what has
	// to hold is not known to be unmet.
	askNeeds []factSet
	packs    []packInfo
	index    index
	reaches  reachIndex
	places   places
	times    timeline
	uses     []ruleUse
	// readers are, per fact, the rules that read it; events are facts that say when
	// something was done.
	readers [][]uint64
	ranks   []uint32 // of each rule by weight and id
	// thresholds are the numbers that conditions compare counted facts with, in order.
	thresholds map[pack.FactID][]threshold
	// names of values as answers give them, per fact: made once, since each takes memory.
	valueNames [][]any
	// fixable tells, per node and per atom, what changes of facts can make of it.
	fixable, fixableAtoms []fixes
	events                factSet
	// demanding tells that some rule demands an operation.
	demanding bool
	ages      []*pack.Fact
	inside    map[string][]outcomes // see insideAtTimes

	date, op, elapsed, mechanism, toRegion, retention pack.FactID
	establishment, targets                            pack.FactID
	foreignOrder                                      int
	opDelete, opRetain, opStore                       int
	needs                                             []factSet // per operation
	states                                            uint64    // operations of mode state
	pseudoOrder                                       pack.RegionID
}

// Hash is the content address of the program: sha256 over all that decides.
func (p *Program) Hash() string { return p.hash }

// Len is the number of requirements that the program judges.
func (p *Program) Len() int { return len(p.rules) }

// compile builds the program of a model.
func compile(m *pack.Model, hash string) (*Program, error) {
	v := m.Vocab
	if err := checkSizes(m); err != nil {
		return nil, err
	}
	p := &Program{model: m, hash: hash, date: v.Date(), op: v.Op(), names: map[string]pack.FactID{}, inside: map[string][]outcomes{}}
	p.encodeFacts(v)
	c := &compiler{p: p, nodes: map[string]uint32{}, atoms: map[string]uint32{}, tables: map[string]*regionTable{}}
	packNo := map[*pack.Pack]uint16{}
	for _, src := range m.Packs {
		z, err := p.zone(src.Zone)
		if err != nil {
			return nil, err
		}
		c.zone = z
		packNo[src] = uint16(len(p.packs))
		info := packInfo{reach: c.cond(src.Reach.When), zone: z, src: src, from: pack.DayMax, until: pack.DayMin}
		for i := range src.Outside {
			info.outside = append(info.outside, c.cond(src.Outside[i].When))
		}
		p.packs = append(p.packs, info)
	}
	p.rules = make([]rule, 0, len(m.Rules))
	for _, src := range m.Rules {
		no := packNo[src.Pack]
		c.zone = p.packs[no].zone
		p.rules = append(p.rules, c.rule(src, no))
		info := &p.packs[no]
		info.from, info.until = min(info.from, src.From), max(info.until, src.Until)
	}
	p.buildIndex()
	p.buildGates()
	p.buildPlaces()
	p.buildReach()
	p.inside = nil
	p.times = p.timesOf()
	p.usesOf()
	return p, nil
}

// checkSizes refuses what the numbers of a program cannot count.
func checkSizes(m *pack.Model) error {
	v := m.Vocab
	if len(v.Facts) > maxFacts || len(v.Facts[v.Op()].Values) > 64 {
		return &comity.Error{
			Code: comity.CodeTooLarge, Op: "compile",
			Remedy: "use fewer facts or operations", Err: errTooManyFacts,
		}
	}
	for _, f := range v.Facts {
		if f != nil && len(f.Values) > math.MaxUint16 {
			return tooLarge("fact %s with %d values", f.Name, len(f.Values))
		}
	}
	switch {
	case v.Regions().Len() > math.MaxUint16:
		return tooLarge("%d regions", v.Regions().Len())
	case len(m.Packs) > math.MaxUint16:
		return tooLarge("%d packs", len(m.Packs))
	case len(m.Rules) >= declaredBase:
		return tooLarge("%d requirements", len(m.Rules))
	}
	for _, src := range m.Packs {
		if len(src.Outside) > math.MaxUint16 {
			return tooLarge("pack %s with %d outside nodes", src.ID, len(src.Outside))
		}
	}
	for _, r := range m.Rules {
		if len(r.Branches) > math.MaxUint16 {
			return tooLarge("requirement %s with %d exceptions", r.ID, len(r.Branches))
		}
	}
	return nil
}

func tooLarge(format string, args ...any) error {
	return &comity.Error{
		Code: comity.CodeTooLarge, Op: "compile", Remedy: "load fewer or smaller packs",
		Err: fmt.Errorf(format+" are more than a program counts", args...),
	}
}

func (p *Program) encodeFacts(v *pack.Vocabulary) {
	p.facts = make([]factInfo, len(v.Facts))
	regions := map[string]uint16{}
	for id := 1; id < v.Regions().Len(); id++ {
		regions[v.Regions().Code(pack.RegionID(id))] = uint16(id)
	}
	for id, f := range v.Facts {
		if f == nil {
			continue
		}
		info := factInfo{def: f, index: -1, elem: f.List && !f.Whole}
		switch f.Kind {
		case pack.KindEnum:
			info.values = f.ValueTable()
		case pack.KindRegion:
			info.values = regions
		}
		if len(f.Implies) > 0 {
			info.closure = f.Closure()
		}
		if f.Ages != pack.NoUnit {
			p.ages = append(p.ages, f)
		}
		p.facts[id] = info
	}
	p.names = v.Names()
	fact := func(name string) pack.FactID {
		if f := v.MustFact(name); f != nil {
			return f.ID
		}
		return 0
	}
	p.elapsed, p.mechanism, p.toRegion, p.retention = fact("retention_elapsed"), fact("transfer_mechanism"), fact("to_region"), fact("retention_rules")
	p.establishment, p.targets = fact("controller_establishment"), fact("targets")
	p.foreignOrder = -1
	if f := v.MustFact("transfer_mechanism"); f != nil {
		if i, ok := f.ValueIndex("foreign_order"); ok {
			p.foreignOrder = i
		}
	}
	op := func(name string) int {
		if i, ok := v.Facts[v.Op()].ValueIndex(name); ok {
			return i
		}
		return -1
	}
	p.opDelete, p.opRetain, p.opStore = op("delete"), op("retain"), op("store")
	p.needs = make([]factSet, len(v.Facts[v.Op()].Values))
	for _, o := range v.Operations {
		for _, id := range o.Needs {
			p.needs[o.Index].add(id)
		}
		if o.State {
			p.states |= 1 << o.Index
		}
	}
	p.pseudoOrder, _ = v.Regions().Lookup("INT")
}

func (p *Program) zone(name string) (uint8, error) {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return 0, &comity.Error{Code: comity.CodePack, Op: "compile", Err: err}
	}
	for i, z := range p.zones {
		if z.String() == loc.String() {
			return uint8(i), nil
		}
	}
	if len(p.zones) > math.MaxUint8 {
		return 0, tooLarge("%d time zones", len(p.zones)+1)
	}
	p.zones = append(p.zones, loc)
	return uint8(len(p.zones) - 1), nil
}

func (c *compiler) rule(src *pack.Rule, no uint16) rule {
	q := src.Req
	r := rule{
		pack: no, zone: c.zone, order: src.Pack.Order, weight: int32(src.Pack.Weight), from: src.From, until: src.Until,
		when: c.cond(src.When), must: none, absolute: q.Absolute, silent: q.SilentDuty, src: src,
	}
	for _, op := range src.Demand {
		r.demand |= 1 << op
	}
	switch {
	case src.Kind == pack.Qualify:
		r.kind = ruleQualify
	case src.Kind == pack.Review:
		r.kind = ruleReview
	case src.Must != nil:
		r.kind, r.must = ruleMust, c.cond(src.Must)
	case src.Kind == pack.Oblige:
		r.kind = ruleDemand
	}
	r.collides = src.Kind == pack.Forbid || src.Kind == pack.Localise || src.Kind == pack.Retain
	c.branches(&r)
	c.asks(&r)
	return r
}

func (c *compiler) branches(r *rule) {
	src := r.src
	if len(src.Branches) == 0 {
		return
	}
	r.branches = make([]branch, len(src.Branches))
	r.spoken = &spoken{}
	for i := range src.Branches {
		b := &src.Branches[i]
		x := branch{when: c.cond(b.When), claim: none, settled: b.Settled(), recognises: b.RecognisesOrders()}
		x.said = x.when
		all := c.p.rests[x.when]
		if b.Claim != nil {
			x.claim = c.cond(b.Claim)
			all.union(&c.p.rests[x.claim])
			if !slices.Contains(r.spoken.claims, x.claim) {
				r.spoken.claims = append(r.spoken.claims, x.claim)
			}
		} else {
			r.spoken.facts.union(&all)
		}
		x.rests = all != factSet{}
		r.branches[i] = x
	}
}

func (c *compiler) asks(r *rule) {
	src := r.src
	reach := &src.Pack.Reach
	if len(src.Req.Ask) == 0 && len(reach.Ask) == 0 {
		return
	}
	var asked factSet
	x := &asks{}
	for _, id := range src.Req.Ask {
		asked.add(id)
		x.all.add(id)
	}
	for _, id := range reach.Ask {
		asked.add(id)
	}
	for _, id := range reach.When.Facts() {
		if asked.has(id) {
			x.reach.add(id)
		}
	}
	for _, id := range src.When.Facts() {
		if x.all.has(id) {
			x.when.add(id)
		}
	}
	for i := range src.Branches {
		for _, id := range src.Branches[i].When.Facts() {
			if x.all.has(id) {
				x.branch.add(id)
			}
		}
	}
	r.ask = x
	if r.mute() {
		return
	}
	r.asksWhen = x.when != factSet{}
	r.hasAsk = r.asksWhen || x.reach != factSet{}
}

// mute tells a rule that is no reason to ask whether it binds, see couldBind: what would
// only be a condition or a duty needs no answer first.
func (r *rule) mute() bool {
	return r.kind == ruleQualify || r.kind == ruleDemand || r.silent && len(r.branches) == 0
}
