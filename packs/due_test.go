// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package packs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

// running lists the time limits that a condition demands to be still open: date at most, or
// not after, a fact plus a period.
func running(v *pack.Vocabulary, c *pack.Cond, positive bool, out []pack.Atom) []pack.Atom {
	if c == nil {
		return out
	}
	switch c.Op {
	case pack.OpNot, pack.OpNotShown:
		positive = !positive
	case pack.OpAtom:
		a := c.Atom
		open := a.Cmp == pack.Le || a.Cmp == pack.Lt
		late := a.Cmp == pack.Gt || a.Cmp == pack.Ge
		if a.Fact == v.Date() && a.Ref != 0 && a.Plus.N > 0 && (positive && open || !positive && late) {
			out = append(out, a)
		}
	}
	for _, k := range c.Kids {
		out = running(v, k, positive, out)
	}
	return out
}

// unnumbered are exceptions of laws that say "promptly" or the like without a number. For how
// long silence is not yet late there is our reading, and no date by which anything is due; the
// ten years of a bankruptcy end what may be reported.
var unnumbered = strings.Fields(`BR-LGPD-48-2020/two_days CA-PIPEDA-10-1/prompt CA-QC-3-5/prompt CH-FADP-24/prompt
	CN-CSL-42-BREACH/prompt CN-PIPL-57-NOTICE/prompt EU-GDPR-34/just_discovered KE-DPA-43-PERSONS/soon
	MX-LF-2010-20/prompt MX-LF-19/prompt US-FCRA-1681C/bankruptcy
	UK-GDPR-34/just_discovered ZA-POPIA-22/running ZA-POPIA-22-PERSONS/just_discovered`)

// limit is a time limit that conditions may read in several places.
type limit struct {
	since pack.FactID
	plus  pack.Period
}

// TestDeadlinesAreDue: an exception that lifts under conditions while a time limit runs tells
// the day on which it ends.
func TestDeadlinesAreDue(t *testing.T) {
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := e.Program().Model()
	seen := map[string]bool{}
	for _, r := range m.Rules {
		for _, b := range r.Branches {
			list := running(m.Vocab, b.When, true, nil)
			name := b.Owner.ID + "/" + b.ID
			if len(list) == 0 || b.Settled() || seen[name] || slices.Contains(unnumbered, name) {
				continue
			}
			seen[name] = true
			ok := false
			for _, c := range b.Conditions {
				ok = ok || c.Due != nil && slices.ContainsFunc(list, func(a pack.Atom) bool { return limit{a.Ref, a.Plus} == limit{c.Due.Ref, c.Due.Plus} })
			}
			if !ok {
				t.Errorf("%s: %s holds until %s + %v, but no condition is due then", b.Owner.Pos, name, m.Vocab.Facts[list[0].Ref].Name, list[0].Plus)
			}
		}
	}
	if len(seen) < 80 {
		t.Errorf("only %d exceptions while a time limit runs", len(seen))
	}
}
