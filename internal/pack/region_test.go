// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func ids(t *testing.T, r *Regions, codes ...string) []RegionID {
	t.Helper()
	var out []RegionID
	for _, c := range codes {
		id, ok := r.Lookup(c)
		if !ok {
			t.Fatalf("no region %s", c)
		}
		out = append(out, id)
	}
	return out
}

// TestRegionsIn: membership is dated and nested, and a group as a value means some place
// in it.
func TestRegionsIn(t *testing.T) {
	r := testVocab(t).Regions()
	for _, c := range []struct {
		value, of, day string
		want           Tri
	}{
		{"DE", "EU", "2024-01-01", True},
		{"JP", "EU", "2024-01-01", False},
		{"DE", "DE", "2024-01-01", True},
		{"DE", "FR JP", "2024-01-01", False},

		// dates: until is the first day outside
		{"GB", "EU", "1972-12-31", False},
		{"GB", "EU", "1973-01-01", True},
		{"GB", "EU", "2020-01-31", True},
		{"GB", "EU", "2020-02-01", False},
		{"GB", "EEA", "2020-01-31", True}, // through EU, which is a member of EEA
		{"GB", "EEA", "2020-02-01", False},
		{"NO", "EEA", "1993-12-31", False},
		{"NO", "EEA", "1994-01-01", True},

		// nesting: what binds a place binds what lies within it, not the reverse
		{"US-NY-NYC", "US-NY", "2024-01-01", True},
		{"US-NY-NYC", "US", "2024-01-01", True},
		{"US", "US-NY", "2024-01-01", Unknown},
		{"US-NY", "US-NY-NYC", "2024-01-01", Unknown},
		{"US-NY", "DE", "2024-01-01", False},

		// groups as values
		{"EU", "EEA", "2024-01-01", True},
		{"EU", "DE FR", "2024-01-01", True},
		{"EU", "DE FR", "2020-01-31", Unknown},
		{"EU", "DE", "2024-01-01", Unknown},
		{"EU", "JP", "2024-01-01", False},
		{"EEA", "EU", "2024-01-01", Unknown},
		{"WORLD", "EU", "2024-01-01", Unknown},

		// everywhere, but standards have no place
		{"JP", "WORLD", "2024-01-01", True},
		{"EEA", "WORLD", "2024-01-01", True},
		{"WORLD", "WORLD", "2024-01-01", True},
		{"INT", "WORLD", "2024-01-01", False},
		{"INT", "INT", "2024-01-01", True},
		{"DE", "", "2024-01-01", False},
	} {
		got := r.In(ids(t, r, c.value)[0], ids(t, r, strings.Fields(c.of)...), mustDay(t, c.day))
		if got != c.want {
			t.Errorf("on %s %s in [%s] is %s, want %s", c.day, c.value, c.of, got, c.want)
		}
	}
}

// TestRegionTables: what others read from the table.
func TestRegionTables(t *testing.T) {
	r := testVocab(t).Regions()
	if got := strings.Join(r.Countries(), " "); got != "DE FR GB JP NO US" {
		t.Errorf("countries %s", got)
	}
	if got := strings.Join(r.Codes(), " "); got != "DE EEA EU FR GB INT JP NO US US-NY US-NY-NYC WORLD" || r.Len() != 13 {
		t.Errorf("codes %s, %d", got, r.Len())
	}
	if got := fmt.Sprint(r.Breaks()); got != "[1973-01-01 1994-01-01 2020-02-01]" {
		t.Errorf("breaks %s", got)
	}
	for codes, want := range map[string]string{"EU": "[1973-01-01 2020-02-01]", "EEA": "[1973-01-01 1994-01-01 2020-02-01]", "DE JP": "[]", "US": "[]"} {
		if got := fmt.Sprint(r.MembershipBreaks(ids(t, r, strings.Fields(codes)...))); got != want {
			t.Errorf("the members of %s change on %s, want %s", codes, got, want)
		}
	}
	eu := ids(t, r, "EU")[0]
	if !r.IsGroup(eu) || r.IsGroup(ids(t, r, "US")[0]) || r.Name(eu) != "Union" || r.Code(eu) != "EU" {
		t.Error("a group is not told from a place")
	}
	if Unknown.Not() != Unknown || True.Not() != False || False.Not() != True || TriOf(true) != True || TriOf(false) != False {
		t.Error("not Kleene's negation")
	}
}

// TestRegionErrors: each fault is reported where it stands, with a remedy.
func TestRegionErrors(t *testing.T) {
	places := "format: comity/v1\nplaces: {DE: Germany, FR: France}\n"
	many := make([]string, regionWords*64+1)
	for i := range many {
		many[i] = fmt.Sprintf("P%d: x", i)
	}
	for _, c := range []struct{ text, msg, remedy string }{
		{"§places: {}\n", `key "format" is missing`, "add it"},
		{"format: §comity/v2\nplaces: {}\n", `format "comity/v2" is not comity/v1`, "this version reads comity/v1"},
		{"format: comity/v1\nplaces: {DE: {§nam: x}}\n", `unknown key "nam"`, `did you mean "name"?`},
		{"format: comity/v1\nplaces: {DE: x, §DE: y}\n", `key "DE" stands twice`, "remove one"},
		{"format: comity/v1\nplaces: {DE: {name: x, within: §EUU}}\ngroups: {EU: {members: {}}}\n", `unknown region "EUU"`, `did you mean "EU"?`},
		{"format: comity/v1\nplaces: {§A: {within: B}, B: {within: A}}\n", `region "A" contains itself`, "break the cycle"},
		{"format: comity/v1\nplaces: {§WORLD: x}\n", `region "WORLD" is built in`, "remove it"},
		{"format: comity/v1\n§places: {" + strings.Join(many, ", ") + "}\n", "513 places", "remove some"},
		{places + "groups: {§DE: {members: {FR: {}}}}\n", `region "DE" is defined twice`, "remove one"},
		{places + "groups: {EU: §{name: x}}\n", `key "members" is missing`, "add it"},
		{places + "groups: {EU: {members: {§FRR: {}}}}\n", `unknown region "FRR"`, `did you mean "FR"?`},
		{places + "groups: {EU: {members: §[FR]}}\n", "expected a mapping", "write key: value"},
		{places + "groups: {EU: {members: {FR: {from: §2024-02-30}}}}\n", `"2024-02-30" is not a date`, "write YYYY-MM-DD"},
		{places + "groups: {EU: {members: {FR: §{from: 2024-02-01, until: 2024-02-01}}}}\n", "ends before it begins", "until is the first day"},
		{places + "groups:\n  §A: {members: {B: {}}}\n  B: {members: {C: {from: 2020-01-01}}}\n  C: {members: {A: {}}}\n", `region "A" contains itself`, "break the cycle"},
		{places + "groups:\n  §A: {members: {A: {}}}\n", `region "A" contains itself`, "break the cycle"},
	} {
		text, line, col := marked(t, c.text)
		if strings.Contains(c.msg, "places") || strings.HasPrefix(c.text, "§") {
			line = 1
		}
		var probs Problems
		ReadRegions("r.yaml", []byte(text), &probs)
		want := Problem{Pos: Pos{"r.yaml", line, col}}
		if !slices.ContainsFunc(probs, func(p Problem) bool {
			return p.Pos == want.Pos && strings.Contains(p.Msg, c.msg) && strings.Contains(p.Remedy, c.remedy)
		}) {
			t.Errorf("%s\n got %v\nwant %s: %s; %s", c.text, probs, want.Pos, c.msg, c.remedy)
		}
	}
}
