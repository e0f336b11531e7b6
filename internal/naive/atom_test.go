// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package naive_test

import (
	"testing"

	"github.com/comity-project/comity/internal/naive"
)

// values of a condition, read off an oblige rule: met, violated and duty are true, false
// and unknown, each at some combination.
func truth(t *testing.T, cond, facts string) string {
	t.Helper()
	m := model(t, pAnyone+"- {~, id: A, kind: oblige, must: \""+cond+"\"}\n")
	o := naive.Evaluate(m, values(t, m, "operation=use targets=FR "+facts), true)
	out := ""
	if len(o.Met) > 0 {
		out += "T"
	}
	if len(o.Violated) > 0 {
		out += "F"
	}
	if len(o.Duties) > 0 {
		out += "U"
	}
	return out
}

type truthRow struct{ cond, facts, want string }

func checkTruth(t *testing.T, rows []truthRow) {
	t.Helper()
	for _, r := range rows {
		if got := truth(t, r.cond, r.facts); got != r.want {
			t.Errorf("%s with %s: got %s, want %s", r.cond, r.facts, got, r.want)
		}
	}
}

// A list is read one element at a time, and not in looks at the whole of it.
func TestElementwiseFacts(t *testing.T) {
	checkTruth(t, []truthRow{
		{"purpose == ads", "purpose=ads", "T"},
		{"purpose == ads", "purpose=care", "F"},
		{"purpose == ads", "purpose=ads,care", "TF"},
		{"purpose in [ads, care]", "purpose=ads,care", "T"},
		{"purpose != ads", "purpose=care,study", "T"},
		{"purpose != ads", "purpose=ads,study", "F"},
		{"purpose not in [ads, care]", "purpose=study", "T"},
		{"purpose not in [ads, care]", "purpose=study,care", "F"},
		{"purpose == ads and subject_location == DE", "purpose=ads,care subject_location=DE,CN", "TF"},
		{"purpose == ads or subject_location == DE", "purpose=ads subject_location=DE,CN", "T"},
		{"not purpose == ads", "purpose=ads,care", "TF"},
		{"purpose == ads", "", "U"},
		{"purpose != ads", "", "U"},
	})
}

// A group as a value is some place in it, and membership has dates.
func TestRegions(t *testing.T) {
	checkTruth(t, []truthRow{
		{"to_region in EU", "to_region=DE", "T"},
		{"to_region in EU", "to_region=US-CA", "F"},
		{"to_region == US", "to_region=US-CA", "T"},
		{"to_region == US-CA", "to_region=US", "U"},
		{"to_region in [DE, CN]", "to_region=EU", "U"},
		{"to_region in [DE, AT, FR]", "to_region=EU", "T"},
		{"to_region in EU", "to_region=ASIA", "F"},
		{"to_region not in EU", "to_region=ASIA", "T"},
		{"to_region not in DE", "to_region=EU", "U"},
		{"to_region in EU", "to_region=GB date=2020-01-31", "T"},
		{"to_region in EU", "to_region=GB date=2020-02-01", "F"},
		{"to_region in EU", "to_region=GB date=2020-01-31T23:30:00Z", "F"},
		{"subject_location in EU", "subject_location=DE,ASIA", "TF"},
		{"subject_location == DE", "subject_location=DE,EU,CN", "TFU"},
		{"subject_location not in DE", "subject_location=CN,JP", "T"},
		{"subject_location not in DE", "subject_location=CN,EU", "U"},
		{"subject_location not in DE", "subject_location=EU,DE", "F"},
		{"to_region in EU", "", "U"},
		{"to_region not in EU", "", "U"},
	})
}

// Lists of grounds are read whole, closed under implies.
func TestWholeFacts(t *testing.T) {
	checkTruth(t, []truthRow{
		{"consent == opt_in", "consent=explicit,withdrawn", "T"},
		{"consent == explicit", "consent=opt_in", "F"},
		{"consent != opt_in", "consent=explicit", "F"},
		{"consent != withdrawn", "consent=explicit", "T"},
		{"consent not in [none, withdrawn]", "consent=opt_in,withdrawn", "F"},
		{"consent == none", "consent=", "F"},
		{"consent != none", "consent=", "T"},
		{"consent == none", "", "U"},
		{"sector == bank", "sector=school", "T"},
		{"sector == school", "sector=bank", "F"},
		{"sector != bank", "sector=school", "F"},
		{"sector != bank", "sector=health", "T"},
	})
}

func TestNumbersAndTexts(t *testing.T) {
	checkTruth(t, []truthRow{
		{"n == 5", "n=5", "T"},
		{"n == 5", "n=4", "F"},
		{"n != 5", "n=5", "F"},
		{"n != 5", "n=4", "T"},
		{"n < 5", "n=4", "T"},
		{"n < 5", "n=5", "F"},
		{"n <= 5", "n=5", "T"},
		{"n <= 5", "n=6", "F"},
		{"n > 5", "n=6", "T"},
		{"n > 5", "n=5", "F"},
		{"n >= 5", "n=5", "T"},
		{"n >= 5", "n=4", "F"},
		{"n >= 5", "", "U"},
		{"flag == true", "flag=true", "T"},
		{"flag == true", "flag=false", "F"},
		{"flag == false", "flag=false", "T"},
		{"flag != true", "flag=true", "F"},
		{"flag != true", "", "U"},
		{"name in ['a', 'b']", "name=b", "T"},
		{"name == 'a'", "name=b", "F"},
		{"name != 'a'", "name=a", "F"},
		{"name not in ['a', 'b']", "name=c", "T"},
		{"names == 'a'", "names=b,a", "T"},
		{"names != 'a'", "names=b,a", "F"},
		{"name == 'a'", "", "U"},
	})
}

func TestFactsAgainstFacts(t *testing.T) {
	checkTruth(t, []truthRow{
		{"n < $k", "n=1 k=2", "T"},
		{"n < $k", "n=2 k=2", "F"},
		{"n < $k", "n=2", "U"},
		{"n < $k", "k=2", "U"},
		{"flag == $other", "flag=true other=true", "T"},
		{"flag != $other", "flag=true other=true", "F"},
		{"name == $names", "name=a names=b,a", "T"},
		{"name != $names", "name=c names=b,a", "T"},
		{"to_region == $from_region", "to_region=DE from_region=DE", "T"},
		{"to_region == $from_region", "to_region=EU from_region=DE", "F"},
		{"to_region != $from_region", "to_region=EU from_region=DE", "T"},
		{"to_region == $stored_in", "to_region=DE stored_in=DE,FR", "TF"},
		{"collected_for == $purpose", "collected_for=ads purpose=ads", "T"},
		{"collected_for == $purpose", "collected_for=ads,care purpose=care", "TF"},
		{"collected_for != $purpose", "collected_for=ads,care purpose=study", "T"},
		// The values are compared by name: main_purpose lists them in another order.
		{"main_purpose == $purpose", "main_purpose=ads purpose=ads", "T"},
		{"main_purpose == $purpose", "main_purpose=ads purpose=study", "F"},
		{"main_purpose == $main_purpose", "main_purpose=ads", "T"},
	})
}

// A day begins in the zone of the pack (Brussels).
func TestTimes(t *testing.T) {
	checkTruth(t, []truthRow{
		{"date >= 2024-06-15", "date=2024-06-14T21:59:59Z", "F"},
		{"date >= 2024-06-15", "date=2024-06-14T22:00:00Z", "T"},
		{"date == 2024-06-15", "date=2024-06-15", "T"},
		{"date < 2024-01-31 + 1 month", "date=2024-02-28", "T"},
		{"date < 2024-01-31 + 1 month", "date=2024-02-29", "F"},
		{"date > 2024-01-01 + 48 hours", "date=2024-01-03", "F"},
		{"date > 2024-01-01 + 48 hours", "date=2024-01-04", "T"},
		{"born <= 2000-01-01", "born=2000-01-01", "T"},
		{"born < 2000-01-01 - 1 day", "born=1999-12-31", "F"},
		// Days: a period of calendar units, a date fact, or a given day.
		{"date <= $asked + 1 month", "date=2024-02-29T22:30:00Z asked=2024-01-31T23:30:00Z", "T"},
		{"date <= $asked + 1 month", "date=2024-03-01T23:00:00Z asked=2024-01-31T23:30:00Z", "F"},
		{"date <= $asked + 1 month", "date=2024-03-01T22:00:00Z asked=2024-01-31T22:30:00Z", "F"},
		{"known < $asked", "known=2024-06-01 asked=2024-06-01T20:00:00Z", "F"},
		{"known < $asked", "known=2024-06-01 asked=2024-06-01T23:00:00Z", "T"},
		{"seen == $asked", "seen=2024-06-02 asked=2024-06-01T23:00:00Z", "T"},
		{"seen < $born + 18 years", "seen=2018-02-28 born=2000-02-29", "F"},
		{"seen < $born + 18 years", "seen=2018-02-27 born=2000-02-29", "T"},
		{"seen < $born", "seen=2018-02-27", "U"},
		{"seen < $born", "born=2018-02-27", "U"},
		// Seconds: two instants side by side, or hours.
		{"known < $asked", "known=2024-06-01T10:00:00Z asked=2024-06-01T12:00:01+02:00", "T"},
		{"known < $asked", "known=2024-06-01T10:00:00Z asked=2024-06-01T12:00:00+02:00", "F"},
		{"date <= $known + 72 hours", "date=2024-06-04T10:00:00Z known=2024-06-01T10:00:00Z", "T"},
		{"date <= $known + 72 hours", "date=2024-06-04T10:00:01Z known=2024-06-01T10:00:00Z", "F"},
		{"date <= $known + 72 hours", "date=2024-06-04 known=2024-06-01", "T"},
		{"date < $known + 72 hours", "date=2024-06-04 known=2024-06-01", "F"},
		// A day is noon in Brussels, 10:00 UTC in summer.
		{"date <= $known + 72 hours", "date=2024-06-04 known=2024-06-01T10:00:00Z", "T"},
		{"date <= $known + 72 hours", "date=2024-06-04 known=2024-06-01T09:59:59Z", "F"},
		{"asked <= $seen + 1 hour", "asked=2024-06-04T11:00:00Z seen=2024-06-04", "T"},
		{"asked <= $seen + 1 hour", "asked=2024-06-04T11:00:01Z seen=2024-06-04", "F"},
		// The clock of Brussels went forward on 2024-03-31: noon to noon was 23 hours, but
		// two days without time of day are two noons.
		{"date < $known + 24 hours", "date=2024-03-31T10:00:00Z known=2024-03-30", "T"},
		{"date < $known + 24 hours", "date=2024-03-31 known=2024-03-30", "F"},
	})
}

func TestKleene(t *testing.T) {
	checkTruth(t, []truthRow{
		{"true", "", "T"},
		{"flag == true and other == true", "flag=true", "U"},
		{"flag == true and other == true", "flag=false", "F"},
		{"flag == true and other == true", "flag=true other=true", "T"},
		{"flag == true or other == true", "flag=true", "T"},
		{"flag == true or other == true", "flag=false", "U"},
		{"flag == true or other == true", "flag=false other=false", "F"},
		{"not flag == true", "", "U"},
		{"not flag == true", "flag=false", "T"},
		{"not shown flag == true", "", "T"},
		{"not shown flag == true", "flag=false", "T"},
		{"not shown flag == true", "flag=true", "F"},
		// Must is never read leniently.
		{"proof == true or flag == true", "proof=false", "U"},
	})
}
