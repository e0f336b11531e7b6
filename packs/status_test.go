// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package packs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// inside names the places whose law reaches data about companies or the dead as well, or has
// no exception for households: Argentina and South Africa protect legal persons, and the laws
// of the others name heirs, or a time after death, or nothing.
var inside = map[string]string{
	"company": "AR ZA", "deceased": "AR CA CA-QC RU SA SG VN", "household": "VN",
}

// TestOutsideOfEveryLaw: data about nobody, data of companies and what people do at home is
// allowed by the data-protection law of every country, and the answer says why.
func TestOutsideOfEveryLaw(t *testing.T) {
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	places := strings.Fields(`DE GB CH CN US-CA US-VA US-CO US-CT US-TX US-OR US-MT US-DE US-NJ US-NH US-MD US-MN US-IA US-IN US-TN
		US-UT US-NE US-KY US-RI US-FL US-WA US-IL US-NY-NYC BR IN JP KR SG AU ZA AE SA VN ID TH TR MX AR NG KE CA CA-QC RU BO AQ`)
	for name, facts := range map[string]comity.Facts{
		"anonymous":    {"data_categories": "anonymous"},
		"non_personal": {"data_categories": "non_personal"},
		"company":      {"data_categories": "company"},
		"deceased":     {"data_categories": "deceased"},
		"household":    {"data_categories": "contact", "purpose": "personal_household", "controller_type": "individual"},
	} {
		for _, operation := range []string{"process", "store", "disclose"} {
			if name == "household" && operation == "disclose" {
				continue // what others are told may be household, and may not
			}
			for _, place := range places {
				if slices.Contains(strings.Fields(inside[name]), place) {
					continue
				}
				for _, mode := range []comity.Mode{comity.MissingReview, comity.MissingIgnore} {
					all := comity.Facts{
						"operation": operation, "date": "2026-10-01", "subject_location": place, "controller_establishment": place,
						"stored_in": place, "controller_type": "company", "purpose": "analytics",
					}
					for k, v := range facts {
						all[k] = v
					}
					d, err := e.Decide(comity.Request{Facts: all, Missing: mode})
					switch {
					case err != nil:
						t.Fatal(err)
					case d.Effect != comity.Allow || len(d.Conditions) > 0:
						t.Errorf("%s %s in %s, %s: %s, %d conditions, %v %v", operation, name, place, mode, d.Effect, len(d.Conditions), d.Citations, d.Missing)
					case len(d.Outside)+len(d.Unbound) == 0:
						t.Errorf("%s %s in %s, %s: nothing says why; applicable %v", operation, name, place, mode, d.Applicable)
					}
				}
			}
		}
	}
}
