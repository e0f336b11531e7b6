// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package pack reads regulations as data: the vocabulary of facts, the regions, the packs
// and their one condition language (docs/pack-format.md), and links them into a Model that
// the engine compiles. Every fault is a Problem with file, line, column and remedy.
package pack

import "slices"

// RuleKind is the kind of a requirement.
type RuleKind string

// The kinds of requirements (docs/pack-format.md, section 3).
const (
	Forbid   RuleKind = "forbid"
	Oblige   RuleKind = "oblige"
	Localise RuleKind = "localise"
	Retain   RuleKind = "retain"
	Qualify  RuleKind = "qualify"
	Review   RuleKind = "review"
	Permit   RuleKind = "permit"
)

// Instrument is a law or standard that may be cited.
type Instrument struct {
	Cite      string
	Unit      string
	Aliases   []string
	Examples  []string
	Order     RegionID
	Weight    int
	Mandatory bool
	// From is the first day on which a retention law binds.
	From Day
	Pack *Pack
	Pos  Pos
}

// Action is a condition, duty or restriction as data.
type Action struct {
	Type   string
	Params map[string]any
}

// Condition is what an allow can ask for.
type Condition struct {
	ID       string
	Text     map[string]string
	Cites    []string
	Action   *Action
	Due      *Atom
	Standing bool
	Pos      Pos
}

// Node is a named condition with a citation: reach, or one entry of outside.
type Node struct {
	ID    string
	When  *Cond
	Text  map[string]string
	Cites []string
	Ask   []FactID
	Pos   Pos
}

// Edge is a dated link between places, such as an adequacy decision.
type Edge struct {
	ID          string
	Set         string
	Origin      []RegionID
	Destination []RegionID
	From, Until Day
	// KnownFrom and KnownUntil bound when the edge was known.
	KnownFrom, KnownUntil Day
	When, Claim           *Cond
	Cites, EndedBy        []string
	Text                  map[string]string
	Pack                  *Pack
	Pos                   Pos
}

// Branch is one exception of a requirement as written.
type Branch struct {
	ID            string
	When, Claim   *Cond
	Cites         []string
	Text          map[string]string
	Settled       bool
	Conditions    []Condition
	Permit        string
	EdgeSet       string
	To            FactID
	Recognises    []RegionID
	RecognisesAny bool
	Pos           Pos
}

// recognisesOrders tells a branch that stands for the retention laws of some orders.
func (b *Branch) recognisesOrders() bool { return b.RecognisesAny || len(b.Recognises) > 0 }

// Requirement is one provision as written.
type Requirement struct {
	ID         string
	Kind       RuleKind
	Title      string
	Text       map[string]string
	Cites      []string
	When       *Cond
	Must       *Cond
	From       Day
	Until      Day
	Enforced   Day
	KnownFrom  Day
	KnownUntil Day
	Replaces   string
	Unverified bool
	Ask        []FactID
	Absolute   bool
	SilentDuty bool
	Demand     []int
	Unless     []Branch
	Conditions []Condition
	Place      string
	Allowed    []RegionID
	AtLeastOne bool
	KeepMin    Period
	KeepMax    Period
	Since      FactID
	Restrict   []Action
	Who        map[string]string
	WhoCites   []string
	Entails    []Entail
	Pack       *Pack
	Pos        Pos
}

// Penalty is what a breach of the regime can cost, with notable decisions.
type Penalty struct {
	// Maximum is the most that can be imposed, Computed how it is measured.
	Maximum, Computed map[string]string
	Cites             []string
	From, Until       Day
	Unverified        bool
	Decisions         []Ruling
	Pos               Pos
	line              string
}

// InForce tells whether the penalty can be imposed for a breach on a day.
func (p *Penalty) InForce(on Day) bool { return p.From <= on && on < p.Until }

// Ruling is a decision of an authority or a court that imposed a penalty, or a settlement.
type Ruling struct {
	Date Day
	// By is who decided, Against is upon whom.
	By, Against string
	Amount      string
	Text        map[string]string
	Source      string
	Unverified  bool
	Pos         Pos
	line        string
}

// Entail is an operation that keeping a requirement takes: an audit for bias, for example,
// takes data on sex and race.
type Entail struct {
	When  *Cond
	Text  map[string]string
	Cites []string
	Pos   Pos
}

// File is one file of a pack: its name in the pack's folder, and its text.
type File struct {
	Name string
	Data []byte
}

// Pack is one regime of law.
type Pack struct {
	ID, Name, Version, Summary string
	Order                      RegionID
	WeightName                 string
	Weight                     int
	Zone                       string
	Reviewed, NextReview       Day
	Sources                    []string
	// Counting says how the law counts deadlines and working days.
	Counting     *Counting
	Instruments  []*Instrument
	Terms        map[string]*Cond
	Reach        Node
	Outside      []Node
	Edges        []*Edge
	Requirements []*Requirement
	Penalties    []Penalty
	rulings      []*Ruling
	// Source names the folder that it was read from.
	Source string
	// Files are what the pack was read from, pack.yaml first: programs are named by them.
	Files []File
	Pos   Pos
}

// WeightNames lists the weights of laws, the heaviest first.
func WeightNames() []string { return slices.Clone(weightNames) }

// weights orders laws inside one legal order (law/orders.yaml of the research).
func weightOf(name string) (int, bool) {
	w, ok := map[string]int{
		"constitution": 60, "treaty": 50, "federal": 40, "state": 30, "local": 25, "industry": 20, "company": 10,
	}[name]
	return w, ok
}
