// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"strings"
	"testing"
)

// TestEmptyFilters: a filter that is given without a value is refused, whatever its form;
// it would list everything. Asked of a real server.
func TestEmptyFilters(t *testing.T) {
	a, _ := onDisk(t, "")
	event := `{"type":"data_access","actor":{"id":"a"},"action":"open","resource":{"type":"file","id":"f"},"success":true,"subject":{"id":"u"}}`
	if got := a.post("/v1/events", event); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, body := range []string{
		`{"subject":""}`, `{"subject":{}}`, `{"subject":null}`, `{"subject":{"id":""}}`, `{"subject":{"id":null}}`, `{"subject":{"home":"DE"}}`,
		`{"subject":{"id":"u","home":""}}`, `{"subject":{"id":"u","home":null}}`, `{"subject":{"id":" "}}`, `{"subject":[]}`,
		`{"principal":""}`, `{"principal":null}`, `{"principal":"\t"}`,
		`{"resource":{}}`, `{"resource":{"type":"file"}}`, `{"resource":null}`,
		`{"types":[]}`, `{"types":null}`, `{"types":[""]}`, `{"types":["data_access",null]}`, `{"tenants":[]}`, `{"pseudonyms":[]}`, `{"effects":[]}`,
		`{"from":""}`, `{"to":null}`, `null`, `{"limit":null}`,
	} {
		got := a.post("/v1/log/query", body)
		if p := got.problem(); got.status != 400 || p.Code != "invalid" || p.Detail == "" || p.Remedy == "" {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	for body, want := range map[string]int{
		`{}`: 4, `{"cursor":""}`: 4, `{"subject":{"id":"u"}}`: 1, `{"subject":{"id":"v"}}`: 0, `{"principal":"a"}`: 1, `{"newest":false,"types":["data_access"]}`: 1,
		`{"resource":{"type":"file","id":"f"}}`: 1,
	} {
		got := a.post("/v1/log/query", body)
		if n := strings.Count(got.body, `"leaf":`); got.status != 200 || n != want {
			t.Errorf("%s: %d, %d entries, want %d: %s", body, got.status, n, want, got.body)
		}
	}
}

// TestFiltersThatFitNothing: a misspelt outcome or an empty span of time is a mistake, not
// the answer that there are no such entries.
func TestFiltersThatFitNothing(t *testing.T) {
	a, _ := onDisk(t, "")
	for _, body := range []string{
		`{"outcomes":["ok"]}`, `{"outcomes":["success","Failure"]}`, `{"effects":["denied"]}`,
		`{"from":"2026-02-01","to":"2026-01-01"}`, `{"from":"2026-02-01","to":"2026-02-01"}`,
	} {
		got := a.post("/v1/log/query", body)
		if p := got.problem(); got.status != 400 || p.Code != "invalid" || p.Remedy == "" {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	for _, body := range []string{`{"outcomes":["success","failure"]}`, `{"from":"2020-01-01","to":"2020-01-02"}`, `{"from":"2020-01-01"}`} {
		if got := a.post("/v1/log/query", body); got.status != 200 {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
}
