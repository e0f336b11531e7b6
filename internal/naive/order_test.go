// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package naive_test

import "testing"

// The retention laws that the caller names.
func TestDeclaredRules(t *testing.T) {
	p := one("id: A, kind: qualify, conditions: [{id: c, text: {en: x}}], when: flag == true")
	check(t, []row{
		{name: "delete", packs: p, facts: "operation=delete retention_rules=Book_5", want: "deny; declared 0"},
		{name: "delete in ignore", packs: p, facts: "operation=delete retention_rules=Book_5", ignore: true, want: "deny; declared 0"},
		{name: "delete, not elapsed", packs: p, facts: "operation=delete retention_rules=Book_5 retention_elapsed=false", want: "deny; declared 0"},
		{name: "each entry", packs: p, facts: "operation=delete retention_rules=Book_5,Idle_1,Code", want: "deny; declared 0 2; unknown 1; missing retention_rules"},
		{name: "elapsed", packs: p, facts: "operation=delete retention_rules=Book_5,Idle_1 retention_elapsed=true", want: "allow; expired 0"},
		{name: "elapsed for another operation", packs: p, facts: "operation=use retention_rules=Book_5 retention_elapsed=true", want: "allow; expired 0"},
		{name: "keep", packs: p, facts: "operation=retain retention_rules=Book_5", want: "allow"},
		{name: "another operation", packs: p, facts: "operation=use retention_rules=Book_5,Idle_1", want: "allow"},
		{name: "unknown: delete", packs: p, facts: "operation=delete retention_rules=Idle_1", want: "review; unknown 0; missing retention_rules"},
		{name: "unknown: retain", packs: p, facts: "operation=retain retention_rules=Idle_1", want: "review; unknown 0; missing retention_rules"},
		{name: "unknown: store", packs: p, facts: "operation=store retention_rules=Idle_1", want: "review; unknown 0; missing retention_rules"},
		{name: "none", packs: p, facts: "operation=delete retention_rules=", want: "allow"},
		{name: "not yet binding", packs: p, facts: "operation=delete retention_rules=Next_1", want: "allow"},
		{name: "binding today", packs: p, facts: "operation=delete retention_rules=Next_1 date=2024-06-16", want: "deny; declared 0"},
	})
}

// A branch that recognises orders holds while a declared law of one of them runs.
func TestRecognition(t *testing.T) {
	eu := one("id: A, kind: forbid, unless: [{id: b, recognises: [EU]}]")
	anyOrder := one("id: A, kind: forbid, unless: [{id: b, recognises: any}]")
	scoped := one("id: A, kind: forbid, unless: [{id: b, when: flag == true, recognises: [EU]}]")
	check(t, []row{
		{name: "order listed", packs: eu, facts: "retention_rules=Book_5", want: "allow; bound A; held A/b"},
		{name: "order not listed", packs: eu, facts: "retention_rules=Code_5", want: "deny; bound A; violated A"},
		{name: "one of several", packs: eu, facts: "retention_rules=Code_5,Book_5", want: "allow; bound A; held A/b"},
		{name: "not yet binding", packs: anyOrder, facts: "retention_rules=Next_5", want: "deny; bound A; violated A"},
		{name: "any order", packs: anyOrder, facts: "retention_rules=Code_5", want: "allow; bound A; held A/b"},
		{name: "any order, unknown law", packs: anyOrder, facts: "retention_rules=Idle_5", want: "deny; bound A; violated A"},
		{name: "elapsed", packs: eu, facts: "retention_rules=Book_5 retention_elapsed=true", want: "deny; bound A; violated A; expired 0"},
		{name: "none", packs: eu, facts: "retention_rules=", want: "deny; bound A; violated A"},
		{name: "not said", packs: eu, ignore: true, want: "allow; bound A"},
		{name: "elapsed, but not said of what", packs: eu, facts: "retention_elapsed=true", ignore: true, want: "allow; bound A"},
		{name: "with a condition left open", packs: scoped, facts: "retention_rules=Book_5", want: "allow; bound A; held A/b?"},
	})
}

const (
	forbidV  = "- {~, id: V, kind: forbid, when: flag == true}\n"
	demandD  = "- {~, id: D, kind: oblige, demand: [use]}\n"
	obligeV  = "- {~, id: V, kind: oblige, must: flag == false}\n"
	localV   = "- {~, id: V, kind: localise, place: storage, allowed: [EU]}\n"
	retainV  = "- {~, id: V, kind: retain, keep_at_most: 1 month, since: collected_at}\n"
	demandOK = "- {~, id: D, kind: oblige, demand: [use], unless: [{id: b, recognises: [EU]}]}\n"
)

func TestContradiction(t *testing.T) {
	law := lawOf
	deny := "deny; bound D V; violated V; demand D"
	conflict := "review; bound D V; demand D; conflict V~D"
	dropped := "allow; bound D V; demand D"
	two := func(a, b string) []string { return []string{a, b} }
	check(t, []row{
		{name: "another order", packs: two(law("p", "EU", "treaty")+forbidV, law("q", "CN", "federal")+demandD), facts: "flag=true", want: conflict},
		{name: "in ignore too", ignore: true, packs: two(law("p", "EU", "treaty")+forbidV, law("q", "CN", "federal")+demandD), facts: "flag=true", want: conflict},
		{name: "a demand for another operation", packs: two(law("p", "EU", "treaty")+forbidV, law("q", "CN", "federal")+"- {~, id: D, kind: oblige, demand: [delete]}\n"), facts: "flag=true", want: "deny; bound D V; violated V"},
		{name: "a demand for one of several operations", packs: two(law("p", "EU", "treaty")+forbidV, law("q", "CN", "federal")+"- {~, id: D, kind: oblige, demand: [delete, use]}\n"), facts: "flag=true", want: conflict},
		{name: "the demand recognises", packs: two(law("p", "DE", "federal")+forbidV, law("q", "CN", "federal")+demandOK), facts: "flag=true", want: deny},
		{name: "the demand recognises by day", packs: two(law("p", "GB", "federal")+forbidV, law("q", "CN", "federal")+demandOK), facts: "flag=true date=2020-01-31", want: deny},
		{name: "the demand recognises no more", packs: two(law("p", "GB", "federal")+forbidV, law("q", "CN", "federal")+demandOK), facts: "flag=true date=2020-02-01", want: conflict},
		{name: "the demand recognises any", packs: two(law("p", "JP", "federal")+forbidV, law("q", "CN", "federal")+"- {~, id: D, kind: oblige, demand: [use], unless: [{id: b, recognises: any}]}\n"), facts: "flag=true", want: deny},
		{name: "recognition comes before weight", packs: two(law("p", "DE", "state")+forbidV, law("q", "EU", "treaty")+demandOK), facts: "flag=true", want: deny},
		{name: "recognition comes before standards yield", packs: two(law("p", "DE", "company")+forbidV, law("q", "EU", "treaty")+demandOK), facts: "flag=true", want: deny},
		{
			name: "the branch that recognises holds: no demand", facts: "flag=true retention_rules=Book", want: "deny; bound D V; violated V; held D/b",
			packs: []string{pAnyone + forbidV, law("q", "CN", "federal") + demandOK},
		},
		{name: "one order, heavier demand", packs: two(law("p", "DE", "federal")+forbidV, law("q", "EU", "treaty")+demandD), facts: "flag=true", want: dropped},
		{name: "one order the other way round", packs: two(law("p", "EU", "federal")+forbidV, law("q", "DE", "treaty")+demandD), facts: "flag=true", want: dropped},
		{name: "one order, equal weight", packs: two(law("p", "DE", "treaty")+forbidV, law("q", "EU", "treaty")+demandD), facts: "flag=true", want: deny},
		{name: "one order, lighter demand", packs: two(law("p", "DE", "constitution")+forbidV, law("q", "EU", "treaty")+demandD), facts: "flag=true", want: deny},
		{name: "one order until it left", packs: two(law("p", "GB", "federal")+forbidV, law("q", "EU", "treaty")+demandD), facts: "flag=true date=2020-01-31", want: dropped},
		{name: "no longer one order", packs: two(law("p", "GB", "federal")+forbidV, law("q", "EU", "treaty")+demandD), facts: "flag=true date=2020-02-01", want: conflict},
		{name: "groups that overlap are two orders", packs: two(law("p", "ASIA", "federal")+forbidV, law("q", "EU", "treaty")+demandD), facts: "flag=true", want: conflict},
		{name: "within one pack", packs: []string{pAnyone + forbidV + demandD}, facts: "flag=true", want: deny},
		{name: "a standard forbids", packs: two(law("p", "INT", "industry")+forbidV, law("q", "CN", "local")+demandD), facts: "flag=true", want: dropped},
		{name: "a standard demands", packs: two(law("p", "EU", "industry")+forbidV, law("q", "INT", "treaty")+demandD), facts: "flag=true", want: deny},
		{name: "a company forbids", packs: two(law("p", "EU", "company")+forbidV, law("q", "CN", "local")+demandD), facts: "flag=true", want: dropped},
		{name: "a company demands", packs: two(law("p", "EU", "treaty")+forbidV, law("q", "CN", "company")+demandD), facts: "flag=true", want: deny},
		{name: "company against company", packs: two(law("p", "EU", "company")+forbidV, law("q", "CN", "company")+demandD), facts: "flag=true", want: deny},
		{name: "an industry demands", packs: two(law("p", "EU", "treaty")+forbidV, law("q", "CN", "industry")+demandD), facts: "flag=true", want: deny},
		{name: "an unmet duty stays", packs: two(law("p", "EU", "treaty")+obligeV, law("q", "CN", "federal")+demandD), facts: "flag=true", want: deny},
		{name: "a place", packs: two(law("p", "EU", "treaty")+localV, law("q", "CN", "federal")+demandD), facts: "stored_in=US", want: conflict},
		{name: "a period", packs: two(law("p", "EU", "treaty")+retainV, law("q", "CN", "federal")+demandD), facts: "collected_at=2020-01-01", want: conflict},
		{name: "a rule against itself", packs: []string{law("p", "EU", "treaty") + "- {~, id: V, kind: forbid, demand: [use]}\n"}, want: "deny; bound V; violated V; demand V"},
		{
			name: "a conflict beside a violation", facts: "flag=true", want: "deny; bound D V W; violated W; demand D; conflict V~D",
			packs: two(law("p", "EU", "treaty")+forbidV, law("q", "CN", "federal")+demandD+"- {~, id: W, kind: forbid}\n"),
		},
		{
			name: "a conflict beats a drop", facts: "flag=true", want: "review; bound C D V; demand C D; conflict V~D",
			packs: []string{law("p", "DE", "state") + forbidV, law("q", "CN", "federal") + demandD, law("r", "EU", "treaty") + "- {~, id: C, kind: oblige, demand: [use]}\n"},
		},
		{
			name: "a drop beside a demand that yields", facts: "flag=true", want: "allow; bound C D V; demand C D",
			packs: []string{law("p", "DE", "state") + forbidV, law("q", "CN", "federal") + demandOK, law("r", "EU", "treaty") + "- {~, id: C, kind: oblige, demand: [use]}\n"},
		},
	})
}

// A conflict takes away only the combinations that both sides share.
func TestSharedCombinations(t *testing.T) {
	packs := func(demand string) []string {
		return []string{
			lawOf("p", "EU", "treaty") + "- {~, id: V, kind: forbid, when: \"purpose in [ads, care]\"}\n",
			lawOf("q", "CN", "federal") + "- {~, id: D, kind: oblige, demand: [use], when: " + demand + "}\n",
		}
	}
	lighter := []string{
		lawOf("p", "DE", "state") + "- {~, id: V, kind: forbid, when: \"purpose in [ads, care]\"}\n",
		lawOf("q", "EU", "treaty") + "- {~, id: D, kind: oblige, demand: [use], when: purpose == ads}\n",
	}
	check(t, []row{
		{name: "all shared", packs: packs("purpose == ads"), facts: "purpose=ads", want: "review; bound D V; demand D; conflict V~D"},
		{name: "some shared", packs: packs("purpose == ads"), facts: "purpose=ads,care", want: "deny; bound D V; violated V; demand D; conflict V~D"},
		{name: "none shared", packs: packs("purpose == study"), facts: "purpose=study,care", want: "deny; bound D V; violated V; demand D"},
		{name: "dropped at some", packs: lighter, facts: "purpose=ads,care", want: "deny; bound D V; violated V; demand D"},
		{name: "dropped at all", packs: lighter, facts: "purpose=ads,study", want: "allow; bound D V; demand D"},
		{
			name: "conflict at one, dropped at the other", facts: "purpose=ads,care", want: "review; bound C D V; demand C D; conflict V~C",
			packs: append(lighter[:2:2], lawOf("r", "CN", "federal")+"- {~, id: C, kind: oblige, demand: [use], when: purpose == care}\n"),
		},
	})
}

// Declared laws and foreign orders are sides of a contradiction like rules.
func TestDeclaredAndForeign(t *testing.T) {
	quiet := "- {~, id: Z, kind: qualify, when: third == true, conditions: [{id: c, text: {en: x}}]}\n"
	erase := func(order, weight, unless string) []string {
		return []string{pAnyone + quiet, lawOf("q", order, weight) + "- {~, id: D, kind: oblige, demand: [delete], unless: [" + unless + "]}\n"}
	}
	check(t, []row{
		{name: "declared law against a demand of another order", packs: erase("US", "federal", ""), facts: "operation=delete retention_rules=Book", want: "review; bound D; demand D; conflict declared0~D"},
		{name: "declared law against a demand that recognises it", packs: erase("US", "federal", "{id: b, recognises: [EU]}"), facts: "operation=delete retention_rules=Book", want: "deny; bound D; declared 0; held D/b"},
		{name: "declared law against a heavier demand of its order", packs: erase("DE", "constitution", ""), facts: "operation=delete retention_rules=Book", want: "allow; bound D; demand D"},
		{name: "a declared standard", packs: erase("US", "local", ""), facts: "operation=delete retention_rules=Norm", want: "allow; bound D; demand D"},
		{name: "a prohibition to keep against a declared law", facts: "operation=retain retention_rules=Code flag=true", want: "review; bound V; conflict V~declared0", packs: []string{pAnyone + forbidV}},
		{name: "a prohibition to store against a declared law", facts: "operation=store retention_rules=Code flag=true", want: "review; bound V; conflict V~declared0", packs: []string{pAnyone + forbidV}},
		{name: "the declared weight counts", facts: "operation=store retention_rules=Code flag=true", want: "allow; bound V", packs: []string{pAnyone + quiet, lawOf("q", "CN", "state") + forbidV}},
		{name: "a declared law of the same weight", facts: "operation=store retention_rules=Code flag=true", want: "deny; bound V; violated V", packs: []string{pAnyone + quiet, lawOf("q", "CN", "federal") + forbidV}},
		{name: "foreign order", facts: "flag=true transfer_mechanism=foreign_order to_region=US", want: "review; bound V; conflict V~order", packs: []string{pAnyone + forbidV}},
		{name: "foreign order of no known place", facts: "flag=true transfer_mechanism=foreign_order", want: "deny; bound V; violated V", packs: []string{pAnyone + forbidV}},
		{name: "another mechanism", facts: "flag=true transfer_mechanism=none to_region=US", want: "deny; bound V; violated V", packs: []string{pAnyone + forbidV}},
		{name: "a foreign order launders no unmet duty", facts: "flag=true transfer_mechanism=foreign_order to_region=US", want: "deny; bound V; violated V", packs: []string{pAnyone + obligeV}},
		{name: "a foreign order weighs as federal law: heavier", facts: "flag=true transfer_mechanism=foreign_order to_region=US", want: "allow; bound V", packs: []string{lawOf("q", "US-CA", "state") + forbidV}},
		{name: "a foreign order weighs as federal law: equal", facts: "flag=true transfer_mechanism=foreign_order to_region=US", want: "deny; bound V; violated V", packs: []string{lawOf("q", "US-CA", "federal") + forbidV}},
		{name: "a foreign order against a declared law", facts: "operation=delete retention_rules=Book transfer_mechanism=foreign_order to_region=US", want: "review; conflict declared0~order", packs: []string{pAnyone + quiet}},
		{name: "at every combination", facts: "flag=true purpose=ads,care transfer_mechanism=foreign_order to_region=US", want: "review; bound V; conflict V~order", packs: []string{pAnyone + forbidV}},
	})
}

// Without an operation nothing is demanded.
func TestNoOperation(t *testing.T) {
	m := model(t, pAnyone+forbidV, lawOf("q", "CN", "federal")+demandD)
	for _, facts := range []string{"flag=true", "flag=true transfer_mechanism=foreign_order to_region=US", "flag=true retention_rules=Code,Idle"} {
		if got, want := outcome(t, m, facts, false), "deny; bound D V; violated V"; got != want {
			t.Errorf("%s: got %s, want %s", facts, got, want)
		}
	}
}
