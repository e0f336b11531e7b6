// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
)

// example is one of the worked examples of what an answer means, with what the answer has
// to hold; lists name some of its entries, citations with or without the paragraph.
type example struct {
	id, why string
	facts   comity.Facts
	effect  comity.Effect
	// plain: no conditions.
	plain                                            bool
	conflicts, violated, grounds, outside, questions []string
	cites                                            []string
	// restrict: the conflict says to restrict meanwhile.
	restrict bool
}

var examples = []example{
	{
		id: "R02", why: "Article 17 demands the erasure, the US rule forbids it, and Article 17(3)(b) recognises the Union alone", effect: comity.Review,
		facts: comity.Facts{
			"operation": "delete", "request_type": "erasure", "controller_type": "company", "date": "2024-05-01",
			"subject_location": []string{"DE"}, "controller_establishment": []string{"US"}, "targets": []string{"DE"},
			"data_categories": []string{"transaction", "tax_record"}, "purpose": "tax", "retention_rules": []string{"26 CFR 1.6001-1"}, "retention_elapsed": false,
		},
		conflicts: []string{"26 CFR 1.6001-1~EU-GDPR-17"}, restrict: true, cites: []string{"GDPR Art. 17(3)(b)", "26 CFR 1.6001-1", "GDPR Art. 18"},
	},
	{
		id: "R04", why: "the same with HIPAA documentation", effect: comity.Review,
		facts: comity.Facts{
			"operation": "delete", "request_type": "erasure", "controller_type": "hipaa_covered_entity", "date": "2024-05-01",
			"subject_location": []string{"DE"}, "subject_role": "patient", "controller_establishment": []string{"US"}, "targets": []string{"DE"},
			"data_categories": []string{"documentation"}, "purpose": "treatment", "retention_rules": []string{"45 CFR 164.316(b)(2)"}, "retention_elapsed": false,
		},
		conflicts: []string{"45 CFR 164.316(b)(2)~EU-GDPR-17"}, restrict: true, cites: []string{"GDPR Art. 17", "45 CFR 164.316(b)(2)"},
	},
	{
		id: "R05", why: "German law lies within the Union: Article 17(3)(b) recognises it, the prohibition stays", effect: comity.Deny,
		facts: comity.Facts{
			"operation": "delete", "request_type": "erasure", "controller_type": "company", "date": "2024-05-01",
			"subject_location": []string{"DE"}, "controller_establishment": []string{"DE"},
			"data_categories": []string{"transaction", "tax_record"}, "purpose": "tax", "retention_rules": []string{"AO s. 147 (DE)"}, "retention_elapsed": false,
		},
		violated: []string{"AO s. 147"}, grounds: []string{"EU-GDPR-17/union_law"}, cites: []string{"AO s. 147", "GDPR Art. 17(3)(b)"},
	},
	{
		id: "R06", why: "California recognises any legal obligation", effect: comity.Deny,
		facts: comity.Facts{
			"operation": "delete", "request_type": "erasure", "controller_type": "company", "date": "2024-05-01",
			"subject_location": []string{"US-CA"}, "controller_establishment": []string{"US-CA"}, "annual_revenue_usd": 60000000,
			"data_categories": []string{"transaction", "tax_record"}, "purpose": "tax", "retention_rules": []string{"26 CFR 1.6001-1"}, "retention_elapsed": false,
		},
		violated: []string{"26 CFR 1.6001-1"}, grounds: []string{"US-CA-105/legal_obligation"}, cites: []string{"26 CFR 1.6001-1", "Cal. Civ. Code 1798.105(d)(8)"},
	},
	{
		id: "C12", why: "one branch of Article 9 was spoken to and is false, the others were not", effect: comity.Deny,
		facts: comity.Facts{
			"operation": "collect", "date": "2024-10-04", "subject_location": []string{"DE"}, "controller_establishment": []string{"DE"},
			"data_categories": []string{"transaction", "health"}, "purpose": "contract_performance", "legal_basis": "contract", "consent": "none",
		},
		violated: []string{"EU-GDPR-9"}, cites: []string{"GDPR Art. 9"},
	},
	{
		id: "U16", why: "BIPA's reach is met and so is its exclusion of health care", effect: comity.Allow,
		facts: comity.Facts{
			"operation": "collect", "date": "2023-12-15", "subject_location": []string{"US-IL"}, "controller_establishment": []string{"US-IL"},
			"data_categories": []string{"biometric"}, "subject_role": "employee", "controller_type": "hospital", "purpose": "treatment", "consent": "none",
		},
		plain: true, outside: []string{"us_il_bipa/health_care"}, cites: []string{"740 ILCS 14/10"},
	},
	{
		id: "N17", why: "a settled branch of the export rule: data in transit", effect: comity.Allow,
		facts: comity.Facts{
			"operation": "transfer", "date": "2024-06-01", "subject_location": []string{"DE"}, "controller_establishment": []string{"CN"},
			"controller_type": "company", "from_region": "CN", "to_region": "DE", "collected_in": "DE", "transfer_kind": "transit",
			"data_categories": []string{"contact"}, "purpose": "vendor_processing", "transfer_mechanism": "none", "persons_this_year": 2000000,
		},
		plain: true, grounds: []string{"CN-CBDF-4/transit"}, cites: []string{"Provisions on Cross-border Data Flows Art. 4"},
	},
	{
		id: "T48", why: "whether the clauses fit an importer under the GDPR is open", effect: comity.Review,
		facts: comity.Facts{
			"operation": "transfer", "date": "2022-06-01", "subject_location": []string{"EEA"}, "controller_establishment": []string{"NL"},
			"data_categories": []string{"contact", "behavioural"}, "data_state": "plaintext", "from_region": "EEA", "to_region": "US",
			"transfer_mechanism": "scc_2021", "importer_subject_to_gdpr": true, "tia": "adequate",
		},
		questions: []string{"EU-GDPR-46-IMPORTER"}, cites: []string{"Decision (EU) 2021/914", "GDPR Art. 46"},
	},
	{
		id: "A05", why: "drivers in two countries, a review that is only formal, no exception", effect: comity.Deny,
		facts: comity.Facts{
			"operation": "automated_decision", "date": "2023-04-04", "subject_location": []string{"GB", "PT"}, "subject_role": "driver",
			"controller_establishment": []string{"NL"}, "controller_type": "platform", "data_categories": []string{"behavioural", "location_precise"},
			"purpose": "gig_work_management", "significant_effect": true, "human_review": "formal", "art22_exception": "none", "explanation_given": false,
		},
		violated: []string{"EU-GDPR-22"}, cites: []string{"GDPR Art. 22"},
	},
	{
		id: "K13", why: "the data of one's own staff in a cloud: exempt by status, so no condition", effect: comity.Allow, plain: true,
		facts: comity.Facts{
			"operation": "store", "date": "2026-04-15", "subject_location": []string{"VN"}, "subject_role": "employee",
			"controller_establishment": []string{"VN"}, "controller_type": "employer", "data_categories": []string{"employment"},
			"purpose": "hr_management", "legal_basis": "contract", "consent": "none", "stored_in": []string{"SG"}, "authority_notified": false,
		},
		cites: []string{"Law 91/2025/QH15 Art. 20"},
	},
	{
		id: "R42", why: "the German period is over: the erasure has no exception left", effect: comity.Allow,
		facts: comity.Facts{
			"operation": "delete", "request_type": "erasure", "controller_type": "company", "date": "2024-05-01",
			"subject_location": []string{"DE"}, "controller_establishment": []string{"DE"},
			"data_categories": []string{"transaction", "tax_record"}, "purpose": "tax", "retention_rules": []string{"AO s. 147 (DE)"}, "retention_elapsed": true,
		},
		plain: true, cites: []string{"GDPR Art. 17", "AO s. 147"},
	},
}

func TestWorkedExamples(t *testing.T) {
	e := engineAll(t)
	for _, x := range examples {
		t.Run(x.id, func(t *testing.T) {
			for _, mode := range modes {
				d, err := e.Decide(comity.Request{Facts: x.facts, Missing: mode})
				if err != nil {
					t.Fatal(err)
				}
				checkExample(t, x, d)
			}
		})
	}
}

func checkExample(t *testing.T, x example, d comity.Decision) {
	t.Helper()
	if d.Effect != x.effect || x.plain && len(d.Conditions) > 0 {
		t.Errorf("%s: %s, want %s: %s", d.Mode, answer(d), x.effect, x.why)
	}
	has := func(what string, want []string, none bool, n int, name func(i int) string) {
		t.Helper()
		var got []string
		for i := range n {
			got = append(got, name(i))
		}
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %s %v lack %s: %s", d.Mode, what, got, w, x.why)
			}
		}
		if none && len(want) == 0 && n > 0 {
			t.Errorf("%s: %s %v, want none: %s", d.Mode, what, got, x.why)
		}
	}
	has("conflicts", x.conflicts, true, len(d.Conflicts), func(i int) string { return strings.Join(d.Conflicts[i].Requirements, "~") })
	has("violations", x.violated, true, len(d.Violations), func(i int) string { return d.Violations[i].Requirement })
	has("grounds", x.grounds, false, len(d.Grounds), func(i int) string { return d.Grounds[i].Requirement + "/" + d.Grounds[i].Branch })
	has("outside", x.outside, true, len(d.Outside), func(i int) string { return d.Outside[i].Pack + "/" + d.Outside[i].ID })
	has("questions", x.questions, true, len(d.Questions), func(i int) string { return d.Questions[i].Requirement })
	for _, c := range x.cites {
		if !slices.ContainsFunc(d.Citations, func(s string) bool { return s == c || strings.HasPrefix(s, c+"(") }) {
			t.Errorf("%s: %v lacks %s: %s", d.Mode, d.Citations, c, x.why)
		}
	}
	if len(d.Citations) > MaxCitations {
		t.Errorf("%d citations", len(d.Citations))
	}
	for _, c := range d.Conflicts {
		if x.restrict && (len(c.Restrict) == 0 || c.Restrict[0].Type != "restrict" || !slices.Contains(c.Citations, "GDPR Art. 18")) {
			t.Errorf("conflict %+v", c)
		}
	}
}

// Lists under real law: Germany sets the age of a child's own consent to an online service
// at 16, Austria at 14 (GDPR Art. 8), and each person has to be old enough at home.
func TestChildInGermanyAndAustria(t *testing.T) {
	e := engineAll(t)
	for _, x := range []struct {
		age    int
		places []string
		child  bool
	}{
		{16, []string{"DE"}, false},
		{15, []string{"DE"}, true},
		{14, []string{"AT"}, false},
		{13, []string{"AT"}, true},
		{16, []string{"DE", "AT"}, false},
		{15, []string{"DE", "AT"}, true},
		{15, []string{"AT", "DE"}, true},
		{13, []string{"DE", "AT"}, true},
	} {
		d, err := e.Decide(comity.Request{Facts: comity.Facts{
			"operation": "collect", "date": "2024-05-01", "purpose": "children_service", "data_categories": "contact",
			"subject_location": x.places, "controller_establishment": "DE", "legal_basis": "consent", "consent": "opt_in", "notice_given": true, "subject_age": x.age,
		}})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(d.Violations, func(v comity.Violation) bool { return v.Requirement == "EU-GDPR-8" })
		if got != x.child {
			t.Errorf("%d in %v: %s", x.age, x.places, answer(d))
		}
	}
}
