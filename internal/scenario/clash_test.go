// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"slices"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// TestClash: two requirements that no case shows together are found by joining a case of
// each, and only what matters is left.
func TestClash(t *testing.T) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Embedded([]string{"eu_gdpr", "us_tax_records"})
	if err != nil {
		t.Fatal(err)
	}
	wanted := func(d *comity.Decision) bool {
		return d.Effect == comity.Review && slices.ContainsFunc(d.Conflicts, func(c comity.Conflict) bool {
			return slices.Equal(c.Requirements, []string{"US-TAX-6001", "EU-GDPR-17"})
		})
	}
	req, d, ok := Clash(eng, cases, []string{"EU-GDPR-17", "US-TAX-6001"}, wanted)
	if !ok || !wanted(&d) {
		t.Fatalf("found %t: %v is %s", ok, req.Facts, d.Effect)
	}
	for name := range req.Facts {
		less := comity.Request{Facts: with(req.Facts, name, nil), Missing: req.Missing}
		if name == "date" || name == "operation" {
			continue
		}
		if d, err := eng.Decide(less); err == nil && wanted(&d) {
			t.Errorf("%s does not matter in %v", name, req.Facts)
		}
	}
	if _, _, ok := Clash(eng, cases, []string{"EU-GDPR-17", "EU-GDPR-18"}, func(*comity.Decision) bool { return false }); ok {
		t.Error("found what nothing is")
	}
}
