// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity

import "time"

// Decision is the answer to a Request: the wire contract. Absent lists are omitted and
// fields are only ever added. Without a Record everything but ID is a function of facts,
// program and options.
type Decision struct {
	ID     string `json:"id,omitempty"`
	Effect Effect `json:"effect"`
	// About is "act" (something is about to happen) or "state" (does this comply?).
	About      string     `json:"about"`
	Mode       Mode       `json:"mode"`
	At         time.Time  `json:"at"`
	KnownAt    *time.Time `json:"known_at,omitempty"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`

	Conditions []Condition   `json:"conditions,omitempty"`
	Violations []Violation   `json:"violations,omitempty"`
	Conflicts  []Conflict    `json:"conflicts,omitempty"`
	Missing    []Missing     `json:"missing,omitempty"`
	Duties     []Duty        `json:"duties,omitempty"`
	Questions  []Question    `json:"questions,omitempty"`
	Grounds    []Ground      `json:"grounds,omitempty"`
	Outside    []OutsideNode `json:"outside,omitempty"`
	// NotAtIssue lists, with missing=ignore, the prohibitions that bind but about whose
	// exceptions nothing was said: with missing=review they could stop the operation.
	NotAtIssue []string `json:"not_at_issue,omitempty"`
	Applicable []string `json:"applicable,omitempty"`
	// Unbound says in sentences why no requirement binds, where none does and no node of
	// Outside says it.
	Unbound   []string `json:"unbound,omitempty"`
	Citations []string `json:"citations,omitempty"`
	// Regions lists, per kind of place, the candidates in which the operation is not denied;
	// a kind is left out where it is denied in none of them. It is nil where regions were not
	// asked for, and empty where nothing is excluded.
	Regions map[string][]string `json:"regions,omitzero"`
	// RegionsUnsure lists, where it was asked for, those of them in which the answer is
	// review; a kind is left out where it is review in none.
	RegionsUnsure map[string][]string `json:"regions_unsure,omitempty"`
	Near          []Near              `json:"near,omitempty"`
	Overridden    []Override          `json:"overridden,omitempty"`

	Explanation []string `json:"explanation,omitempty"`
	// Warnings tell what makes the answer less certain: the date of the question lies after
	// the day by which the law of a pack was to be read again, or the public holidays before a
	// deadline are not known.
	Warnings []string  `json:"warnings,omitempty"`
	Program  string    `json:"program"`
	Packs    []PackRef `json:"packs,omitempty"`
	Record   *Record   `json:"record,omitempty"`
}

// Action asks for something as data; Type is one of the vocabulary's action types.
type Action struct {
	Type   string         `json:"type"`
	Params map[string]any `json:"params,omitempty"`
}

// Condition is what an allow asks for. Due is a day (YYYY-MM-DD), by the end of which it has
// to be done, or an instant (RFC 3339).
type Condition struct {
	ID          string   `json:"id"`
	Text        string   `json:"text"`
	Requirement string   `json:"requirement"`
	Citations   []string `json:"citations,omitempty"`
	Action      *Action  `json:"action,omitempty"`
	Due         string   `json:"due,omitempty"`
	Standing    bool     `json:"standing,omitempty"`
	Parts       []int    `json:"parts,omitempty"`
}

// Remedy is a change that cures all violations: Set by the caller himself, Obtain through
// a process (consent is asked for, never set).
type Remedy struct {
	Set       map[string]any `json:"set"`
	Obtain    map[string]any `json:"obtain,omitempty"`
	Text      string         `json:"text"`
	Citations []string       `json:"citations,omitempty"`
}

// Violation is a requirement that the operation, as described, breaks.
type Violation struct {
	Requirement string         `json:"requirement"`
	Citations   []string       `json:"citations,omitempty"`
	Why         string         `json:"why"`
	Facts       map[string]any `json:"facts,omitempty"`
	Remedies    []Remedy       `json:"remedies,omitempty"`
	Parts       []int          `json:"parts,omitempty"`
}

// Conflict is a collision of two legal orders that no rule resolves.
type Conflict struct {
	Requirements []string `json:"requirements"`
	Citations    []string `json:"citations,omitempty"`
	Why          string   `json:"why"`
	Who          string   `json:"who"`
	Restrict     []Action `json:"restrict,omitempty"`
	Case         *Case    `json:"case,omitempty"`
	Parts        []int    `json:"parts,omitempty"`
}

// Case is the human review that a conflict opened, where a register of reviews is kept.
type Case struct {
	ID  string `json:"id"`
	URL string `json:"url,omitempty"`
	Due string `json:"due,omitempty"`
}

// Missing is an absent fact that could change the effect. Possible marks one that was
// not confirmed by trying its values.
type Missing struct {
	Fact     string   `json:"fact"`
	NeededBy []string `json:"needed_by,omitempty"`
	Possible bool     `json:"possible,omitempty"`
	Parts    []int    `json:"parts,omitempty"`
}

// Near tells that a given number lies within a tenth of a threshold, or next to a small one,
// behind which the answer is another: Requirement begins to bind there, or no longer does, or
// decides otherwise. Only explained answers list it.
type Near struct {
	Fact        string `json:"fact"`
	Given       int64  `json:"given"`
	Threshold   int64  `json:"threshold"`
	Requirement string `json:"requirement"`
	Text        string `json:"text"`
	Parts       []int  `json:"parts,omitempty"`
}

// Duty applies and was neither shown nor denied. Due is a day or an instant, as in Condition.
type Duty struct {
	ID          string   `json:"id"`
	Text        string   `json:"text"`
	Requirement string   `json:"requirement"`
	Citations   []string `json:"citations,omitempty"`
	Action      *Action  `json:"action,omitempty"`
	Due         string   `json:"due,omitempty"`
	Parts       []int    `json:"parts,omitempty"`
}

// Question is one that the law itself leaves open.
type Question struct {
	Requirement string   `json:"requirement"`
	Text        string   `json:"text"`
	Citations   []string `json:"citations,omitempty"`
	Who         string   `json:"who,omitempty"`
	Parts       []int    `json:"parts,omitempty"`
}

// Ground is the branch of an exception that lifted a prohibition.
type Ground struct {
	Requirement string   `json:"requirement"`
	Branch      string   `json:"branch"`
	Citations   []string `json:"citations,omitempty"`
	Parts       []int    `json:"parts,omitempty"`
}

// OutsideNode says why a regime whose reach is met does not bind.
type OutsideNode struct {
	Pack      string   `json:"pack"`
	ID        string   `json:"id"`
	Text      string   `json:"text"`
	Citations []string `json:"citations,omitempty"`
	Parts     []int    `json:"parts,omitempty"`
}

// Override tells that an authoritative source replaced what the caller gave.
type Override struct {
	Fact   string `json:"fact"`
	Given  any    `json:"given"`
	Used   any    `json:"used"`
	Source string `json:"source"`
}

// PackRef names a pack with a requirement among Applicable.
type PackRef struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// Record is where the decision stands in the tamper-evident log.
type Record struct {
	Log        string `json:"log"`
	Index      *int64 `json:"index,omitempty"`
	Checkpoint string `json:"checkpoint,omitempty"`
	Sub        *int   `json:"sub,omitempty"`
	Later      bool   `json:"later,omitempty"`
}
