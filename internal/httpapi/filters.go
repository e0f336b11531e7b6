// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
)

// checkFilters refuses filters that are given without a value, as by a form that was not
// filled in: a filter that is lost would list everything. The query is valid otherwise.
func checkFilters(data []byte) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(data, &members); err != nil {
		return decodeFault(data, err)
	}
	if members == nil {
		return noFilter("the query", "send {} for all entries")
	}
	for name, v := range members {
		if err := checkFilter(name, v); err != nil {
			return err
		}
	}
	return nil
}

func checkFilter(name string, v jsontext.Value) error {
	const remedy = "give it a value, or leave it out"
	switch v.Kind() {
	case 'n':
		return noFilter(name, remedy)
	case '"':
		// A first page has no cursor, and those who page send what they were given.
		if name != "cursor" && blank(v) {
			return noFilter(name, remedy)
		}
	case '[':
		var list []jsontext.Value
		if err := json.Unmarshal(v, &list); err != nil || len(list) == 0 {
			return noFilter(name, remedy)
		}
		for _, item := range list {
			if item.Kind() == 'n' || blank(item) {
				return noFilter("a value of "+name, remedy)
			}
		}
	case '{':
		var object map[string]jsontext.Value
		if err := json.Unmarshal(v, &object); err != nil || object["id"] == nil || blank(object["id"]) {
			return noFilter(name+".id", remedy)
		}
		for member, value := range object {
			if blank(value) {
				return noFilter(name+"."+member, remedy)
			}
		}
	}
	return nil
}

// blank tells null and texts with nothing but space.
func blank(v jsontext.Value) bool {
	if v.Kind() == 'n' {
		return true
	}
	var text string
	return v.Kind() == '"' && json.Unmarshal(v, &text) == nil && strings.TrimSpace(text) == ""
}

func noFilter(what, remedy string) error {
	return fail(comity.CodeInvalid, "read query", fmt.Sprintf("%s is empty", what), remedy)
}
