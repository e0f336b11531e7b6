// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

// The keys of each mapping, as the reader accepts them. docs/*.schema.json list the same;
// a test compares.
var (
	// pack.yaml holds headerKeys and partKeys, the further files of a pack partKeys.
	headerKeys = []string{
		"format", "id", "name", "version", "order", "weight", "zone", "reviewed", "next_review",
		"summary", "sources", "periods", "instruments", "reach",
	}
	headerNeeds    = []string{"format", "id", "name", "version", "order", "weight", "zone", "reviewed", "instruments", "reach"}
	partKeys       = []string{"terms", "outside", "edges", "requirements", "penalties"}
	instrumentKeys = []string{"cite", "unit", "aliases", "examples", "order", "weight", "mandatory", "from"}
	reachKeys      = []string{"when", "cite", "text", "ask"}
	periodsKeys    = []string{"place", "end", "at_least", "cite"}
	outsideKeys    = []string{"id", "when", "cite", "text"}
	edgeKeys       = []string{
		"id", "set", "origin", "destination", "from", "until", "known_from", "known_until", "when", "claim",
		"cite", "ended_by", "text",
	}
	edgeNeeds       = []string{"id", "set", "origin", "destination", "cite"}
	requirementKeys = []string{
		"id", "kind", "title", "text", "cite", "when", "from", "until", "enforced_from",
		"known_from", "known_until", "replaces", "confidence", "ask", "absolute", "silent", "demand", "meanwhile", "unless",
		"must", "place", "allowed", "every", "at_least_one", "keep_at_least", "keep_at_most", "since", "conditions", "entails",
	}
	requirementNeeds = []string{"id", "kind", "cite", "text"}
	entailKeys       = []string{"when", "text", "cite"}
	meanwhileKeys    = []string{"restrict", "who", "cite"}
	branchKeys       = []string{"id", "when", "claim", "cite", "text", "settled", "conditions", "permit", "edges", "to", "recognises"}
	conditionKeys    = []string{"id", "text", "cite", "action", "due", "standing"}
	actionKeys       = []string{"type", "params"}
	penaltyKeys      = []string{"maximum", "computed", "cite", "from", "until", "confidence", "decisions"}
	penaltyNeeds     = []string{"maximum", "cite"}
	rulingKeys       = []string{"date", "by", "against", "amount", "text", "source", "confidence"}
	rulingNeeds      = []string{"date", "by", "against", "amount", "source"}

	// vocabulary.yaml
	vocabularyKeys = []string{"format", "operations", "facts", "action_types", "places"}
	factKeys       = []string{
		"type", "role", "control", "cost", "values", "values_of", "implies", "alone", "circumstances", "whole", "transforms",
		"ages", "origin", "text", "dpv", "fides", "aliases",
	}
	valueKeys      = []string{"text", "dpv", "fides", "aliases"}
	operationKeys  = []string{"mode", "needs", "text", "dpv", "fides", "aliases"}
	actionTypeKeys = []string{"params", "text", "dpv"}
	// moreKeys are those with which another file adds to a fact that exists.
	moreKeys = []string{"values", "implies", "alone", "circumstances"}

	// regions.yaml
	regionFileKeys = []string{"format", "places", "groups"}
	placeKeys      = []string{"name", "within"}
	groupKeys      = []string{"name", "members"}
	memberKeys     = []string{"from", "until"}

	// calendars.yaml
	calendarFileKeys = []string{"format", "calendars"}
	calendarKeys     = []string{"rest", "known", "holidays", "working"}
	restKeys         = []string{"days", "from"}
	holidayKeys      = []string{"on", "from", "until", "except", "moved"}
)

// kindKeys lists the keys that only some kinds of requirements take.
var kindKeys = map[string][]RuleKind{
	"must": {Oblige}, "place": {Localise}, "allowed": {Localise}, "every": {Localise}, "at_least_one": {Localise},
	"keep_at_least": {Retain}, "keep_at_most": {Retain}, "since": {Retain}, "conditions": {Qualify},
	"unless": {Forbid, Oblige, Localise, Retain, Review, Permit}, "absolute": {Forbid}, "silent": {Forbid},
}

var (
	ruleKinds   = []RuleKind{Forbid, Oblige, Localise, Retain, Qualify, Review, Permit}
	weightNames = []string{"constitution", "treaty", "federal", "state", "local", "industry", "company"}
	placeKinds  = []string{"storage", "processing", "model", "inference"}
	factRoles   = []Role{RoleAct, RolePerson, RoleActor, RoleGround, RoleSafeguard, RoleAge}
	factControl = []string{ControlCaller, ControlProcess, ControlAuthority, "person"}
	unitNames   = [...]string{"", "hour", "day", "month", "year", "working day"}
)

// Bounds on what one file, condition or requirement can stand for: a small file never
// makes much work.
const (
	// MaxFileSize bounds one pack, vocabulary or case file, in bytes.
	MaxFileSize = 4 << 20

	maxCondition = 16 << 10 // bytes of one condition
	maxNesting   = 64       // levels of one condition, and of a document
	maxNodes     = 4096     // comparisons and operators of one condition, its terms written out
	maxBranches  = 4096     // exceptions of one requirement, permits and edge sets written out
	maxNames     = 4096     // facts, values of a fact, places and groups
	maxBreaks    = 512      // days on which a membership changes
	maxCount     = 100_000  // number of units of a period
	maxWorking   = 1000     // number of working days of a period
	maxProblems  = 1000     // findings that are kept
)
