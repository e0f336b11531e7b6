// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package principal_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

func TestAttributes(t *testing.T) {
	a, err := principal.ParseAttributes("p.json", []byte(`{"format":"comity-principals/v1","facts":{"controller_establishment":["CH"]},"principals":{"ann":{"role":"admin"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		given, want comity.Facts
	}{
		{"nobody", comity.Facts{}, comity.Facts{"controller_establishment": []any{"CH"}}},
		{"known", comity.Facts{"principal_id": "ann"}, comity.Facts{"controller_establishment": []any{"CH"}, "role": "admin"}},
		{"unknown", comity.Facts{"principal_id": "bob"}, comity.Facts{"controller_establishment": []any{"CH"}}},
		{"he says otherwise", comity.Facts{"principal_id": "ann", "role": "user"}, comity.Facts{"controller_establishment": []any{"CH"}, "role": "admin"}},
		{"established elsewhere", comity.Facts{"controller_establishment": "DE"}, comity.Facts{}},
		{"no text", comity.Facts{"principal_id": 7}, comity.Facts{"controller_establishment": []any{"CH"}}},
	} {
		got, err := a.Facts(context.Background(), decide.Caller{}, comity.Request{Facts: c.given})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
	if !a.Authoritative("role") || a.Authoritative("controller_establishment") {
		t.Error("the file decides about persons, not about the installation")
	}
}

func TestAttributesRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"format":"comity-principals/v2"}`:                       "use comity-principals/v1",
		"{\"format\":\n\"comity-principals/v1\",}":                "line 2",
		`{"format":"comity-principals/v1","principal":{}}`:        "principal",
		`{"format":"comity-principals/v1","facts":[]}`:            "facts",
		`{"format":"comity-principals/v1","facts":{},"facts":{}}`: "line 1",
		``: "line 1",
	} {
		if _, err := principal.ParseAttributes("p.json", []byte(text)); comity.CodeOf(err) != comity.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
