// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

func (r *reader) weighOrg(row stretch, lastPerson int, c *candidate) {
	n := row.to - row.from
	first, end := &r.t[row.from], &r.t[row.to-1]
	c.org = 0.2
	if to, _ := r.phrase(row.from, isOrg); to == row.to && (first.form == upper || first.end-first.start > 3 || n > 1) {
		c.org = 0.72
	}
	if n > 1 && end.is(isOrgEnd) {
		c.org = 0.85
		if end.form == upper && first.form == upper && first.is(isFrequent) {
			c.org = 0.3 // words of a heading
		}
		if end.is(isLast|isName) && !end.dotted && first.is(isFirst) {
			c.org = 0.5
		}
	}
	if n == 1 && first.hyphen && !first.is(isFirst) {
		c.org = 0.5
	}
	if n == 1 && camel(r.text(row.from)) {
		c.org += 0.2
	}
	given := first.is(isFirst)
	if given {
		c.org -= 0.12
	}
	left, right := r.at(row.from-1), r.at(row.to)
	switch {
	case left.form == lower && r.fold(row.from-1) == "at" && !r.motion(row.from-2) || left.form == lower && r.fold(row.from-1) == "for" && r.works(row.from-2):
		c.org += 0.38
	case left.form == lower && (r.fold(row.from-1) == "joined" || r.fold(row.from-1) == "joining" || r.fold(row.from-1) == "became"):
		c.org += 0.38
	case left.form == lower && r.fold(row.from-1) == "of" && (r.at(row.from-2).is(isOrgRight|isKin) || lastPerson == row.from-1):
		c.org += 0.4
		c.person -= 0.3
	case left.form == lower && r.fold(row.from-1) == "the" && right.is(isOrgRight):
		c.org += 0.1
	}
	switch {
	case right.form == lower && right.is(isKin) && r.at(row.to+1).cased() && r.nameness(row.to+1) > 0.4:
		c.org += 0.35
	case r.isMark(row.to, "'") && r.fold(row.to+1) == "s" && r.at(row.to+2).cased() && r.nameness(row.to+2) > 0.4 && !given:
		c.org += 0.4
		c.person -= 0.15
	case right.form == lower && right.is(isOrgRight), right.is(isOrgRight) && right.form == capital && !right.used:
		c.org += 0.38
	case r.isMark(row.to, "'") && r.fold(row.to+1) == "s" && r.at(row.to+2).is(isOrgRight):
		c.org += 0.35
	}
	if r.saidFirm(row) {
		c.org += 0.42
		c.person -= 0.25
	}
	if c.org > 0.5 {
		c.why[2] = "organisation, context"
	}
}

// works tells whether a word is about work.
func (r *reader) works(i int) bool {
	switch r.fold(i) {
	case "work", "works", "worked", "working", "job", "employed", "hired", "intern", "interned", "consultant", "contractor", "freelances":
		return true
	}
	return false
}

// saidFirm tells whether the words beside a row say outright that it is an organisation:
// "Company: X", "hired by X", "my employer is X", "X is a bank", "X was founded".
func (r *reader) saidFirm(row stretch) bool {
	left := r.fold(row.from - 1)
	switch {
	case r.isMark(row.from-1, ":") || left == "is":
		k := r.fold(row.from - 2)
		if k == "company" || k == "employer" || k == "organization" || k == "organisation" || k == "firm" || k == "bank" || k == "school" || k == "university" {
			return true
		}
	case left == "by":
		k := r.fold(row.from - 2)
		if k == "hired" || k == "employed" || k == "acquired" || k == "owned" || k == "operated" || k == "sponsored" || k == "manufactured" {
			return true
		}
	}
	verb := r.fold(row.to)
	if verb != "is" && verb != "was" {
		return false
	}
	switch next := r.fold(row.to + 1); next {
	case "founded", "established", "incorporated", "headquartered":
		return true
	case "a", "an", "the":
		for k := row.to + 2; k < row.to+7 && k < len(r.t) && r.t[k].form != newline && (r.t[k].form != mark || r.isMark(k, "-")); k++ {
			if firmNouns[r.fold(k)] {
				return true
			}
			if r.t[k].is(isKin|isParticle) || r.fold(k) == "at" || r.fold(k) == "who" || r.fold(k) == "in" || r.fold(k) == "for" {
				return false // the director of a bank is none
			}
		}
	}
	return false
}

// firmNouns are what only an organisation is.
var firmNouns = newWordList("company", "corporation", "firm", "startup", "start-up", "bank", "nonprofit", "non-profit", "charity", "manufacturer", "retailer", "supplier", "insurer", "airline", "subsidiary",
	"foundation", "association", "organization", "organisation", "ngo", "agency", "enterprise", "conglomerate", "consultancy", "university", "hospital", "501")

// camel tells whether a word has capitals inside, or is all capitals and short.
func camel(w string) bool {
	inside := 0
	for i := 1; i < len(w); i++ {
		if w[i] >= 'A' && w[i] <= 'Z' {
			inside++
		}
	}
	return inside > 0 && len(w) <= 24
}
