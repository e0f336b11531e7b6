// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package naive_test

import "testing"

// branch writes one settled exception.
func branch(id, when string) string {
	return "{id: " + id + ", when: \"" + when + "\", settled: true}"
}

func claimed(id, claim, when string) string {
	return "{id: " + id + ", claim: \"" + claim + "\", when: \"" + when + "\", settled: true}"
}

func conditional(id, when string) string {
	return "{id: " + id + ", when: \"" + when + "\", conditions: [{id: c, text: {en: x}}]}"
}

func one(rule string) []string { return []string{pAnyone + "- {~, " + rule + "}\n"} }

// A rule binds while it is in force, in the zone of its pack.
func TestInForce(t *testing.T) {
	p := one("id: A, kind: forbid, from: 2024-01-01, until: 2024-02-01")
	check(t, []row{
		{name: "before", packs: p, facts: "date=2023-12-31", want: "allow"},
		{name: "last second before", packs: p, facts: "date=2023-12-31T22:59:59Z", want: "allow"},
		{name: "first second", packs: p, facts: "date=2023-12-31T23:00:00Z", want: "deny; bound A; violated A"},
		{name: "first day", packs: p, facts: "date=2024-01-01", want: "deny; bound A; violated A"},
		{name: "last day", packs: p, facts: "date=2024-01-31", want: "deny; bound A; violated A"},
		{name: "until", packs: p, facts: "date=2024-02-01", want: "allow"},
		{
			name: "a rule not in force asks nothing", facts: "date=2023-12-31", want: "allow",
			packs: one("id: A, kind: forbid, from: 2024-01-01, when: flag == true, ask: flag"),
		},
	})
}

func TestReachScopeOutside(t *testing.T) {
	p := []string{lawP + `
reach: {when: subject_location in EU, cite: Book}
outside:
- {id: o1, when: purpose == study, cite: Book}
- {id: o2, when: other == true, cite: Book}
requirements:
- {~, id: A, kind: forbid, when: flag == true}
`}
	check(t, []row{
		{name: "binds", packs: p, facts: "subject_location=DE flag=true", want: "deny; bound A; violated A"},
		{name: "no reach", packs: p, facts: "subject_location=CN flag=true other=true", want: "allow"},
		{name: "unknown reach", packs: p, facts: "flag=true other=true", want: "allow"},
		{name: "no scope", packs: p, facts: "subject_location=DE flag=false", want: "allow"},
		{name: "unknown scope", packs: p, facts: "subject_location=DE", want: "allow"},
		{name: "outside", packs: p, facts: "subject_location=DE flag=true other=true", want: "allow; outside p/o2"},
		{name: "outside without scope", packs: p, facts: "subject_location=DE flag=false purpose=study other=true", want: "allow; outside p/o1 p/o2"},
		{name: "outside not shown", packs: p, facts: "subject_location=DE flag=true other=false", want: "deny; bound A; violated A"},
		{name: "outside for one element only", packs: p, facts: "subject_location=DE flag=true purpose=study,ads", want: "deny; bound A; violated A; outside p/o1"},
		{name: "reach and outside at different elements", packs: []string{lawP + `
reach: {when: purpose == ads, cite: Book}
outside: [{id: o, when: purpose == study, cite: Book}]
requirements: [{~, id: A, kind: forbid}]
`}, facts: "purpose=study,ads", want: "deny; bound A; violated A"},
		{
			name: "each combination needs a branch of its own", packs: one("id: A, kind: forbid, when: subject_location in EU, unless: [" + branch("b", "purpose == ads and safe == true") + "]"),
			facts: "subject_location=DE,CN purpose=ads,care safe=true", want: "deny; bound A; violated A; held A/b",
		},
		{
			name: "out of scope elements need none", packs: one("id: A, kind: forbid, when: purpose == ads, unless: [" + branch("b", "purpose == ads and safe == true") + "]"),
			facts: "purpose=ads,care safe=true", want: "allow; bound A; held A/b",
		},
	})
}

// What branches do: full, false, and the five ways of being unknown.
func TestBranches(t *testing.T) {
	plain := one("id: A, kind: forbid, unless: [" + branch("b", "safe == true and flag == true") + "]")
	claim := one("id: A, kind: forbid, unless: [" + claimed("b", "basis == contract", "safe == true and flag == true") + "]")
	claimOnly := one("id: A, kind: forbid, unless: [" + claimed("b", "basis == contract", "flag == true") + "]")
	restless := one("id: A, kind: forbid, unless: [" + branch("b", "flag == true and other == true") + "]")
	restlessClaim := one("id: A, kind: forbid, unless: [" + claimed("b", "other == true", "flag == true") + "]")
	absolute := one("id: A, kind: forbid, absolute: true, unless: [" + branch("b", "safe == true and flag == true") + "]")
	check(t, []row{
		{name: "full", packs: plain, facts: "safe=true flag=true", want: "allow; bound A; held A/b"},
		{name: "false", packs: plain, facts: "safe=false flag=true", want: "deny; bound A; violated A"},
		{name: "false but never spoken to", packs: plain, facts: "flag=false", ignore: true, want: "allow; bound A"},
		{name: "open", packs: plain, facts: "safe=true", want: "allow; bound A; held A/b?"},
		{name: "open in ignore", packs: plain, facts: "safe=true", ignore: true, want: "allow; bound A; held A/b?"},
		{name: "not spoken to", packs: plain, facts: "flag=true", want: "deny; bound A; violated A"},
		{name: "nobody spoke in ignore", packs: plain, facts: "flag=true", ignore: true, want: "allow; bound A"},
		{name: "claim true", packs: claim, facts: "basis=contract", want: "allow; bound A; held A/b?"},
		{name: "claim false", packs: claim, facts: "basis=task safe=true", want: "deny; bound A; violated A"},
		{name: "claim false but full", packs: claim, facts: "basis=task safe=true flag=true", want: "allow; bound A; held A/b"},
		{name: "claim unknown", packs: claim, facts: "safe=true", ignore: true, want: "allow; bound A"},
		{name: "claim unknown but full", packs: claim, facts: "safe=true flag=true", want: "allow; bound A; held A/b"},
		{name: "a claim makes the branch rest on a ground", packs: claimOnly, facts: "basis=contract", want: "allow; bound A; held A/b?"},
		{name: "asks no ground: unknown", packs: restless, facts: "flag=true", want: "deny; bound A; violated A"},
		{name: "asks no ground: unknown in ignore", packs: restless, facts: "flag=true", ignore: true, want: "allow; bound A"},
		{name: "asks no ground: full", packs: restless, facts: "flag=true other=true", want: "allow; bound A; held A/b"},
		{name: "claim on no ground: known, yet unknown does not hold", packs: restlessClaim, facts: "other=true", ignore: true, want: "deny; bound A; violated A"},
		{name: "absolute: open does not hold", packs: absolute, facts: "safe=true", ignore: true, want: "deny; bound A; violated A"},
		{name: "absolute: silence does not help", packs: absolute, facts: "", ignore: true, want: "deny; bound A; violated A"},
		{name: "absolute: full holds", packs: absolute, facts: "safe=true flag=true", want: "allow; bound A; held A/b"},
		{name: "no branches", packs: one("id: A, kind: forbid"), ignore: true, want: "deny; bound A; violated A"},
	})
}

func TestChoiceAmongBranches(t *testing.T) {
	check(t, []row{
		{
			name: "full before open", facts: "safe=true proof=true", want: "allow; bound A; held A/full",
			packs: one("id: A, kind: forbid, unless: [" + branch("open", "safe == true and flag == true") + "," + conditional("full", "proof == true") + "]"),
		},
		{
			name: "settled before conditional", facts: "safe=true proof=true", want: "allow; bound A; held A/settled",
			packs: one("id: A, kind: forbid, unless: [" + conditional("cond", "safe == true") + "," + branch("settled", "proof == true") + "]"),
		},
		{
			name: "settled before conditional among open", facts: "safe=true proof=true", want: "allow; bound A; held A/settled?",
			packs: one("id: A, kind: forbid, unless: [" + conditional("cond", "safe == true and flag == true") + "," + branch("settled", "proof == true and flag == true") + "]"),
		},
		{
			name: "pack order", facts: "safe=true proof=true", want: "allow; bound A; held A/first",
			packs: one("id: A, kind: forbid, unless: [" + branch("first", "safe == true") + "," + branch("second", "proof == true") + "]"),
		},
		{
			name: "open at one combination and full at the other", facts: "purpose=ads,care safe=true", want: "allow; bound A; held A/b A/b?",
			packs: one("id: A, kind: forbid, unless: [" + branch("b", "safe == true and (purpose == ads or n == 1)") + "]"),
		},
		{
			name: "one for each combination", facts: "purpose=ads,care", want: "allow; bound A; held A/first A/second",
			packs: one("id: A, kind: forbid, unless: [" + branch("first", "purpose == ads") + "," + branch("second", "purpose == care") + "]"),
		},
	})
}

// Inside any, members not spoken to count as false once one member is spoken to.
func TestLenientAny(t *testing.T) {
	with := func(when string) []string { return one("id: A, kind: forbid, unless: [" + branch("b", when) + "]") }
	any2 := with("proof == true or safe == true")
	check(t, []row{
		{name: "spoken to and false", packs: any2, facts: "proof=false", want: "deny; bound A; violated A"},
		{name: "spoken to and true", packs: any2, facts: "proof=true", want: "allow; bound A; held A/b"},
		{name: "none spoken to", packs: any2, facts: "", ignore: true, want: "allow; bound A"},
		{name: "spoken to and open", packs: with("(proof == true and flag == true) or safe == true"), facts: "proof=true", want: "allow; bound A; held A/b?"},
		{name: "a known fact that is no ground speaks to nothing", packs: with("flag == true or safe == true"), facts: "flag=false", ignore: true, want: "allow; bound A"},
		{name: "inner any", packs: with("basis == task and (proof == true or safe == true)"), facts: "basis=task proof=false", want: "deny; bound A; violated A"},
		{name: "inner any not spoken to stays open", packs: with("basis == task and (proof == true or safe == true)"), facts: "basis=task", want: "allow; bound A; held A/b?"},
		{name: "any in any", packs: with("(proof == true or (safe == true and flag == true)) or basis == task"), facts: "proof=false", want: "deny; bound A; violated A"},
		{name: "under not", packs: with("basis == task and not (proof == true or safe == true)"), facts: "basis=task proof=false", want: "allow; bound A; held A/b"},
		{name: "under not shown", packs: with("basis == task and not shown not (proof == true or safe == true)"), facts: "basis=task proof=false", want: "deny; bound A; violated A"},
		{name: "all is not lenient", packs: with("(proof == true and n == 1) and flag == true"), facts: "proof=true", want: "allow; bound A; held A/b?"},
		{
			name: "the reach is not lenient", packs: []string{lawP + "reach: {when: not (proof == true or safe == true), cite: Book}\noutside: [{id: o, when: \"true\", cite: Book}]\nrequirements: [{~, id: A, kind: forbid}]\n"},
			facts: "proof=false", want: "allow",
		},
		{
			name: "the reach is not lenient for a rule either", packs: []string{lawP + "reach: {when: not (proof == true or safe == true), cite: Book}\nrequirements: [{~, id: A, kind: forbid}]\n"},
			facts: "proof=false", want: "allow",
		},
		{
			name: "outside is not lenient", packs: []string{lawP + "reach: {when: \"true\", cite: Book}\noutside: [{id: o, when: not (proof == true or safe == true), cite: Book}]\nrequirements: [{~, id: A, kind: forbid}]\n"},
			facts: "proof=false", want: "deny; bound A; violated A",
		},
		{
			name: "must is not lenient", packs: one("id: A, kind: oblige, when: third == true, ask: third, must: proof == true or safe == true"),
			facts: "proof=false", want: "allow",
		},
		{
			name: "the claim is not lenient", packs: one("id: A, kind: forbid, unless: [" + claimed("b", "proof == true or safe == true", "flag == true") + "]"),
			facts: "proof=false", ignore: true, want: "allow; bound A",
		},
		{name: "the scope is not lenient", packs: one("id: A, kind: forbid, when: not (proof == true or safe == true)"), facts: "proof=false", want: "allow"},
	})
}

// A prohibition that nothing lifts and that nobody spoke to.
func TestSilence(t *testing.T) {
	silent := one("id: A, kind: forbid, unless: [" + branch("b", "safe == true") + "]")
	duty := one("id: A, kind: forbid, silent: duty, unless: [" + branch("b", "safe == true") + "]")
	ask := one("id: A, kind: forbid, silent: duty, ask: [flag, safe, other], unless: [" + branch("b", "safe == true and flag == true") + "," + branch("c", "safe == true and n == 1") + "]")
	askClaim := one("id: A, kind: forbid, ask: proof, unless: [" + claimed("b", "proof == true", "safe == true") + "]")
	two := one("id: A, kind: forbid, silent: duty, unless: [" + branch("b", "safe == true") + "," + branch("c", "proof == true") + "]")
	check(t, []row{
		{name: "violated", packs: silent, want: "deny; bound A; violated A"},
		{name: "ignore: not at issue", packs: silent, ignore: true, want: "allow; bound A"},
		{name: "duty", packs: duty, want: "allow; bound A; duty A"},
		{name: "duty in ignore: not at issue", packs: duty, ignore: true, want: "allow; bound A"},
		{name: "duty, but somebody spoke", packs: duty, facts: "safe=false", want: "deny; bound A; violated A"},
		{name: "duty, but somebody spoke to the other branch", packs: two, facts: "proof=false", want: "deny; bound A; violated A"},
		{name: "ask", packs: ask, want: "review; bound A; missing A.flag A.safe"},
		{name: "ask in ignore", packs: ask, ignore: true, want: "allow; bound A"},
		{name: "ask what is given", packs: ask, facts: "flag=true", want: "review; bound A; missing A.safe"},
		{name: "ask does not excuse who spoke", packs: ask, facts: "safe=false", want: "deny; bound A; violated A"},
		{name: "ask looks at when, not at the claim", packs: askClaim, want: "deny; bound A; violated A"},
	})
}

// An open branch of a prohibition that leaves a fact open that the rule asks for.
func TestOpenAsk(t *testing.T) {
	ask := one("id: A, kind: forbid, ask: [flag, other], unless: [" + branch("b", "safe == true and flag == true and n == 1") + "]")
	deep := one("id: A, kind: forbid, ask: [flag, proof, n], unless: [" + branch("b", "safe == true and other == true and ((flag == true and third == true) or proof == true)") + "]")
	not := one("id: A, kind: forbid, ask: flag, unless: [" + branch("b", "safe == true and not flag == true") + "]")
	group := one("id: A, kind: forbid, ask: to_region, unless: [" + branch("b", "safe == true and to_region == DE") + "]")
	ref := one("id: A, kind: forbid, ask: [n, k], unless: [" + branch("b", "safe == true and n < $k") + "]")
	check(t, []row{
		{name: "review", packs: ask, facts: "safe=true", want: "review; bound A; held A/b?; missing A.flag"},
		{name: "ignore", packs: ask, facts: "safe=true", ignore: true, want: "allow; bound A; held A/b?"},
		{name: "given", packs: ask, facts: "safe=true flag=true", want: "allow; bound A; held A/b?"},
		{name: "inside", packs: deep, facts: "safe=true", want: "review; bound A; held A/b?; missing A.flag A.proof"},
		{name: "not under what is known to be false", packs: deep, facts: "safe=true third=false", want: "review; bound A; held A/b?; missing A.proof"},
		{name: "not in members that count as false", packs: deep, facts: "safe=true proof=false third=true other=true", want: "deny; bound A; violated A"},
		{name: "under not", packs: not, facts: "safe=true", want: "review; bound A; held A/b?; missing A.flag"},
		{name: "a group of which a part matches is given", packs: group, facts: "safe=true to_region=EU", want: "allow; bound A; held A/b?"},
		{name: "only the absent side", packs: ref, facts: "safe=true n=1", want: "review; bound A; held A/b?; missing A.k"},
		{name: "both sides", packs: ref, facts: "safe=true", want: "review; bound A; held A/b?; missing A.k A.n"},
	})
}

func TestMust(t *testing.T) {
	oblige := one("id: A, kind: oblige, must: flag == true, ask: third, unless: [" + branch("b", "safe == true and third == true") + "]")
	local := one("id: A, kind: localise, place: storage, allowed: [EU], when: operation == use, unless: [" + branch("b", "safe == true") + "]")
	least := one("id: A, kind: localise, place: storage, allowed: [EU], at_least_one: true")
	most := one("id: A, kind: retain, keep_at_most: 6 months, since: collected_at, when: \"operation in [retain, store]\", unless: [" + branch("b", "safe == true") + "]")
	check(t, []row{
		{name: "met", packs: oblige, facts: "flag=true", want: "allow; bound A; met A"},
		{name: "violated", packs: oblige, facts: "flag=false", want: "deny; bound A; violated A"},
		{name: "duty", packs: oblige, want: "allow; bound A; duty A"},
		{name: "excused", packs: oblige, facts: "flag=false safe=true third=true", want: "allow; bound A; held A/b"},
		{name: "excused openly, without asking", packs: oblige, facts: "flag=false safe=true", want: "allow; bound A; held A/b?"},
		{name: "at different elements", packs: one("id: A, kind: oblige, must: purpose == ads"), facts: "purpose=ads,care", want: "deny; bound A; violated A; met A"},
		{name: "localise: inside", packs: local, facts: "stored_in=DE,FR", want: "allow; bound A; met A"},
		{name: "localise: one outside", packs: local, facts: "stored_in=DE,US", want: "deny; bound A; violated A; met A"},
		{name: "localise: unknown place", packs: local, want: "allow; bound A; duty A"},
		{name: "localise: excused", packs: local, facts: "stored_in=US safe=true", want: "allow; bound A; held A/b"},
		{name: "at least one", packs: least, facts: "stored_in=DE,US", want: "allow; bound A; met A"},
		{name: "at least one: none", packs: least, facts: "stored_in=CN,US", want: "deny; bound A; violated A"},
		{name: "keep at most: in time", packs: most, facts: "operation=retain collected_at=2023-12-15", want: "allow; bound A; met A"},
		{name: "keep at most: too long", packs: most, facts: "operation=retain collected_at=2023-12-14", want: "deny; bound A; violated A"},
		{name: "keep at most: no date", packs: most, facts: "operation=store", want: "allow; bound A; duty A"},
		{name: "keep at most: excused", packs: most, facts: "operation=store collected_at=2020-01-01 safe=true", want: "allow; bound A; held A/b"},
		{name: "keep at most: other operation", packs: most, facts: "collected_at=2020-01-01", want: "allow"},
	})
}

func TestKeepAtLeast(t *testing.T) {
	p := one("id: A, kind: retain, keep_at_least: 6 months, since: collected_at, when: operation == delete, unless: [" + branch("b", "safe == true") + "]")
	check(t, []row{
		{name: "runs", packs: p, facts: "operation=delete collected_at=2023-12-16", want: "deny; bound A; violated A"},
		{name: "over", packs: p, facts: "operation=delete collected_at=2023-12-15", want: "allow; bound A; held A/elapsed"},
		{name: "over as declared", packs: p, facts: "operation=delete retention_elapsed=true", want: "allow; bound A; held A/elapsed"},
		{name: "not over as declared, without a date", packs: p, facts: "operation=delete retention_elapsed=false", want: "deny; bound A; violated A"},
		{name: "excused", packs: p, facts: "operation=delete collected_at=2024-01-01 safe=true", want: "allow; bound A; held A/b"},
		{name: "silent", packs: p, facts: "operation=delete", ignore: true, want: "allow; bound A"},
		{name: "demands to keep", packs: p, facts: "operation=retain collected_at=2024-01-01", want: "allow; bound A+keep; demand A+keep"},
		{name: "demands no more", packs: p, facts: "operation=store collected_at=2023-01-01", want: "allow; bound A+keep; held A+keep/elapsed"},
		{name: "age given as a number", packs: p, facts: "operation=delete retained_months=7", want: "allow; bound A; held A/elapsed"},
	})
}

func TestQualifyAndReview(t *testing.T) {
	qualify := one("id: A, kind: qualify, when: purpose == ads, conditions: [{id: c, text: {en: x}}]")
	review := one("id: A, kind: review, ask: flag, unless: [" + branch("b", "safe == true and flag == true") + "]")
	check(t, []row{
		{name: "qualify", packs: qualify, facts: "purpose=ads,care", want: "allow; bound A; applied A"},
		{name: "qualify out of scope", packs: qualify, facts: "purpose=care", want: "allow"},
		{name: "question", packs: review, ignore: true, want: "review; bound A; question A"},
		{name: "question answered", packs: review, facts: "safe=true flag=true", want: "allow; bound A; held A/b"},
		{name: "question answered openly", packs: review, facts: "safe=true", want: "allow; bound A; held A/b?"},
		{
			name: "a violation is graver", facts: "", want: "deny; bound A B; violated B; question A",
			packs: []string{pAnyone + "- {~, id: A, kind: review}\n- {~, id: B, kind: forbid}\n"},
		},
	})
}

func TestPermitsAndEdges(t *testing.T) {
	p := []string{lawP + `
reach: {when: "true", cite: Book}
edges:
- {id: jp, set: good, origin: EU, destination: JP, from: 2020-01-01, until: 2024-01-01, cite: Book}
- {id: us, set: good, origin: EU, destination: US, when: safe == true, claim: proof == true, cite: Book}
requirements:
- {~, id: A, kind: forbid, when: flag == true, unless: [{id: e, edges: good, settled: true}]}
- {~, id: S, kind: forbid, when: other == true, unless: [{id: e, edges: good, to: stored_in, settled: true}]}
- {~, id: P, kind: permit, from: 2023-01-01, until: 2025-01-01, when: n == 1, unless: [` + branch("x", "safe == true") + `]}
- {~, id: C, kind: forbid, when: third == true, unless: [{permit: P, when: k == 1}]}
`}
	check(t, []row{
		{name: "edge", packs: p, facts: "flag=true from_region=DE to_region=JP date=2023-12-31", want: "allow; bound A; held A/e:jp"},
		{name: "edge ended", packs: p, facts: "flag=true from_region=DE to_region=JP date=2024-01-01", ignore: true, want: "allow; bound A"},
		{name: "edge of another origin", packs: p, facts: "flag=true from_region=CN to_region=JP proof=false date=2023-12-31", want: "deny; bound A; violated A"},
		{name: "edge with scope", packs: p, facts: "flag=true from_region=DE to_region=US-CA safe=true", want: "allow; bound A; held A/e:us"},
		{name: "edge claimed", packs: p, facts: "flag=true from_region=DE to_region=US proof=true", want: "allow; bound A; held A/e:us?"},
		{name: "edge to where it is stored", packs: p, facts: "other=true stored_in=JP date=2023-06-01", want: "allow; bound S; held S/e:jp"},
		{name: "permit", packs: p, facts: "third=true n=1 k=1 safe=true", want: "allow; bound C; held C/x"},
		{name: "permit out of its scope", packs: p, facts: "third=true n=2 k=1 safe=true", want: "deny; bound C; violated C"},
		{name: "permit out of the branch's scope", packs: p, facts: "third=true n=1 k=2 safe=true", want: "deny; bound C; violated C"},
		{name: "permit of another time", packs: p, facts: "third=true n=1 k=1 safe=true date=2022-12-31", want: "deny; bound C; violated C"},
	})
}

// Facts of reach and scope that are asked for where the rule could bind.
func TestCouldBind(t *testing.T) {
	with := func(rule string) []string {
		return []string{lawP + "reach: {when: subject_location in EU and third == true, ask: third, cite: Book}\n" +
			"outside: [{id: o, when: other == true, cite: Book}]\nrequirements: [{~, " + rule + "}]\n"}
	}
	forbid := with("id: A, kind: forbid, when: flag == true and n == 1, ask: [flag, subject_location, k], unless: [" + branch("b", "safe == true and basis == task") + "]")
	silent := one("id: A, kind: forbid, silent: duty, when: purpose == ads and flag == true, ask: flag, unless: [" + claimed("b", "purpose == ads and basis == contract", "safe == true") + "]")
	check(t, []row{
		{name: "reach and scope unknown: asks for the scope", packs: forbid, facts: "", want: "review; missing A.flag"},
		{name: "reach known, scope unknown", packs: forbid, facts: "subject_location=DE third=true", want: "review; missing A.flag"},
		{name: "reach unknown, scope known", packs: forbid, facts: "flag=true n=1", want: "review; missing A.subject_location A.third"},
		{name: "only what is absent", packs: forbid, facts: "subject_location=DE flag=true n=1", want: "review; missing A.third"},
		{name: "nothing asked for is absent", packs: forbid, facts: "subject_location=DE third=true flag=true", want: "allow"},
		{name: "ignore", packs: forbid, ignore: true, want: "allow"},
		{name: "bound", packs: forbid, facts: "subject_location=DE third=true flag=true n=1", want: "deny; bound A; violated A"},
		{name: "reach false", packs: forbid, facts: "subject_location=CN", want: "allow"},
		{name: "scope false", packs: forbid, facts: "subject_location=DE n=2", want: "allow"},
		{name: "outside", packs: forbid, facts: "third=true subject_location=DE other=true", want: "allow; outside p/o"},
		{name: "outside without reach", packs: forbid, facts: "other=true", want: "allow"},
		{name: "a full branch", packs: forbid, facts: "subject_location=DE third=true safe=true basis=task", want: "allow"},
		{name: "an open branch", packs: forbid, facts: "subject_location=DE third=true safe=true", want: "allow"},
		{name: "a false branch", packs: forbid, facts: "safe=false third=true subject_location=DE", want: "review; missing A.flag"},
		{name: "at one element only", packs: forbid, facts: "subject_location=CN,DE third=true", want: "review; missing A.flag"},
		{name: "oblige that would be violated", packs: with("id: A, kind: oblige, must: k == 1"), facts: "k=2", want: "review; missing A.third"},
		{name: "oblige that would be met", packs: with("id: A, kind: oblige, must: k == 1"), facts: "k=1", want: "allow"},
		{name: "oblige that would be a duty", packs: with("id: A, kind: oblige, must: k == 1"), facts: "", want: "allow"},
		{name: "oblige without must", packs: with("id: A, kind: oblige, demand: [use]"), facts: "", want: "allow"},
		{name: "localise that would be violated", packs: with("id: A, kind: localise, place: storage, allowed: EU"), facts: "stored_in=CN", want: "review; missing A.third"},
		{name: "localise that would be a duty", packs: with("id: A, kind: localise, place: storage, allowed: EU"), facts: "", want: "allow"},
		{name: "keep at most that would be violated", packs: with("id: A, kind: retain, keep_at_most: 1 month, since: collected_at"), facts: "collected_at=2020-01-01", want: "review; missing A.third"},
		{name: "keep at most that would be a duty", packs: with("id: A, kind: retain, keep_at_most: 1 month, since: collected_at"), facts: "", want: "allow"},
		{name: "keep at least", packs: with("id: A, kind: retain, keep_at_least: 1 month, since: collected_at, when: operation == delete"), facts: "operation=delete", want: "review; missing A.third"},
		{name: "the demand to keep", packs: with("id: A, kind: retain, keep_at_least: 1 month, since: collected_at, when: operation == delete"), facts: "operation=retain", want: "allow"},
		{name: "silent duty, nobody spoke", packs: silent, facts: "purpose=ads", want: "allow"},
		{name: "silent duty, somebody spoke", packs: silent, facts: "purpose=ads basis=task", want: "review; missing A.flag"},
		{name: "silent duty, somebody spoke at another element", packs: silent, facts: "purpose=ads,care", want: "review; missing A.flag"},
		{name: "review", packs: with("id: A, kind: review"), facts: "", want: "review; missing A.third"},
		{name: "qualify", packs: with("id: A, kind: qualify, conditions: [{id: c, text: {en: x}}]"), facts: "", want: "allow"},
	})
}

func TestNeeds(t *testing.T) {
	p := one("id: A, kind: qualify, conditions: [{id: c, text: {en: x}}], when: flag == true")
	check(t, []row{
		{name: "all given", packs: p, facts: "operation=judge sector=bank n=1", want: "allow"},
		{name: "one absent", packs: p, facts: "operation=judge n=1", want: "review; missing sector"},
		{name: "both absent", packs: p, facts: "operation=judge", want: "review; missing n sector"},
		{name: "ignore", packs: p, facts: "operation=judge", ignore: true, want: "allow"},
		{name: "another operation", packs: p, facts: "operation=use", want: "allow"},
	})
	m := model(t, p...)
	for facts, want := range map[string]string{
		"operation=use": "review; missing controller_establishment",
		"operation=use controller_establishment=DE": "allow",
		"operation=use targets=DE":                  "allow",
	} {
		if got := outcome(t, m, facts, true); got != want {
			t.Errorf("%s: got %s, want %s", facts, got, want)
		}
	}
	if got := outcome(t, m, "", true); got != "review; missing operation" {
		t.Errorf("no operation: got %s", got)
	}
	if got := outcome(t, m, "operation=use", false); got != "allow" {
		t.Errorf("ignore: got %s", got)
	}
}
