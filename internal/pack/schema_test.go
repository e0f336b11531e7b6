// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity/packs"
)

// compileSchema compiles a schema of docs/ and returns its text, too.
func compileSchema(t *testing.T, name string) (*jsonschema.Schema, map[string]any) {
	t.Helper()
	data, err := os.ReadFile(path.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s, doc.(map[string]any)
}

// asJSON is a YAML document as an editor sees it: dates are texts.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	var plain func(*yaml.Node)
	plain = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, c := range n.Content {
			plain(c)
		}
	}
	plain(&n)
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSchemaAccepts: the embedded packs and vocabulary are valid.
func TestSchemaAccepts(t *testing.T) {
	pack, _ := compileSchema(t, "pack.schema.json")
	vocabulary, _ := compileSchema(t, "vocabulary.schema.json")
	check := func(s *jsonschema.Schema, name string) {
		data, err := fs.ReadFile(packs.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(asJSON(t, string(data))); err != nil {
			t.Errorf("packs/%s: %v", name, err)
		}
	}
	check(vocabulary, "vocabulary.yaml")
	calendars, _ := compileSchema(t, "calendars.schema.json")
	check(calendars, "calendars.yaml")
	for _, dir := range PackDirs(packs.FS) {
		files, err := fs.Glob(packs.FS, path.Join(dir, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			check(pack, name)
		}
	}
	for name, s := range map[string]*jsonschema.Schema{"in_rbi_psd/pack.yaml": pack, "vocabulary.yaml": vocabulary} {
		data, err := os.ReadFile(path.Join("../../docs/example", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(asJSON(t, string(data))); err != nil {
			t.Errorf("docs/example/%s: %v", name, err)
		}
	}
	if err := pack.Validate(asJSON(t, head+req)); err != nil {
		t.Error(err)
	}
	if err := vocabulary.Validate(asJSON(t, testVocabulary)); err != nil {
		t.Error(err)
	}
}

// bySchema names those of badPacks that a schema can refuse, too; the others need to know
// the vocabulary, other places of the file, or are no YAML.
var bySchema = []string{
	"not a mapping", "another version", "no format", "no zone", "an unknown key", "fragments", "an empty name", "a list for a text",
	"an unknown weight", "an instrument without cite", "an instrument of an unknown weight", "not true or false",
	"a penalty without maximum", "a penalty without citation", "a penalty in plain text", "a penalty of some confidence", "a ruling without source",
	"a term that has no name", "a reach without citation", "outside without id", "outside with ask",
	"an empty list", "two keys", "another key",
	"no id", "no citation", "an empty citation", "no English text", "an unknown kind", "a key of another kind", "an unknown confidence",
	"an unknown silence", "an oblige that asks for nothing", "localise without place", "an unknown place", "allowed nowhere",
	"retain without period", "retain with both periods", "retain for nothing", "retain for less", "qualify without conditions",
	"no branch id", "a branch without when", "neither settled nor conditional", "settled and conditional", "a branch without citation",
	"a permit and more", "to without edges", "recognises nothing", "recognises with conditions", "a condition without text",
	"an edge without set", "an edge to nowhere",
}

// TestSchemaRefuses: the schema refuses what the reader refuses for its shape alone.
func TestSchemaRefuses(t *testing.T) {
	schema, _ := compileSchema(t, "pack.schema.json")
	seen := 0
	for _, c := range badPacks {
		if !slices.Contains(bySchema, c.name) {
			continue
		}
		seen++
		text, _, _ := marked(t, c.text)
		if schema.Validate(asJSON(t, text)) == nil {
			t.Errorf("%s: the schema accepts\n%s", c.name, text)
		}
	}
	if seen != len(bySchema) {
		t.Errorf("%d of %d bad packs exist", seen, len(bySchema))
	}
	if err := schema.Validate(asJSON(t, "terms: {}\nname: P\n")); err == nil {
		t.Error("the schema accepts a key of the header in a further file")
	}
	vocabulary, _ := compileSchema(t, "vocabulary.schema.json")
	for _, text := range []string{
		"facts: {}\n", "format: comity/v1\nfacts: {x: {type: number, role: act}}\n", "format: comity/v1\nfacts: {x: {type: int}}\n",
		"format: comity/v1\nfacts: {x y: {type: int, role: act}}\n", "format: comity/v1\nfacts: {purpose: {aliases: [x]}}\n",
		"format: comity/v1\noperations: {x: {mode: do}}\n", "format: comity/v1\nplaces: {cloud: stored_in}\n",
	} {
		if vocabulary.Validate(asJSON(t, text)) == nil {
			t.Errorf("the schema accepts\n%s", text)
		}
	}
}

// object is one mapping of a schema, which takes no other keys: its keys, and those that
// it needs.
func object(t *testing.T, doc map[string]any, name string) (keys, needs []string) {
	t.Helper()
	o := doc
	if name != "" {
		o = doc["$defs"].(map[string]any)[name].(map[string]any)
	}
	if o["additionalProperties"] != false {
		t.Errorf("%q of the schema takes any key", name)
	}
	props := o["properties"].(map[string]any)
	for key, p := range props {
		m, _ := p.(map[string]any)
		if m["description"] == nil && m["$ref"] == nil && m["enum"] == nil && name != "" {
			t.Errorf("key %s of %q has no description", key, name)
		}
	}
	return slices.Sorted(maps.Keys(props)), words(o["required"])
}

func words(v any) []string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i := range list {
		out[i], _ = list[i].(string)
	}
	return out
}

func sameKeys(t *testing.T, what string, schema, reader []string) {
	t.Helper()
	schema, reader = slices.Sorted(slices.Values(schema)), slices.Sorted(slices.Values(reader))
	if !slices.Equal(schema, reader) {
		t.Errorf("%s:\nthe schema lists  %s\nthe reader accepts %s", what, strings.Join(schema, " "), strings.Join(reader, " "))
	}
}

// TestSchemaKeys: the schemas list exactly the keys and words that the reader accepts.
func TestSchemaKeys(t *testing.T) {
	_, doc := compileSchema(t, "pack.schema.json")
	for _, c := range []struct {
		name        string
		keys, needs []string
	}{
		{"", slices.Concat(headerKeys, partKeys), nil},
		{"instrument", instrumentKeys, []string{"cite"}},
		{"reach", reachKeys, []string{"when", "cite"}},
		{"periods", periodsKeys, []string{"cite"}},
		{"outside", outsideKeys, []string{"id", "when", "cite"}},
		{"edge", edgeKeys, edgeNeeds},
		{"requirement", requirementKeys, requirementNeeds},
		{"penalty", penaltyKeys, penaltyNeeds},
		{"ruling", rulingKeys, rulingNeeds},
		{"meanwhile", meanwhileKeys, nil},
		{"branch", branchKeys, nil},
		{"asked", conditionKeys, []string{"id", "text"}},
		{"action", actionKeys, []string{"type"}},
	} {
		keys, needs := object(t, doc, c.name)
		sameKeys(t, "pack.schema.json "+c.name, keys, c.keys)
		sameKeys(t, "required in pack.schema.json "+c.name, needs, c.needs)
	}
	sameKeys(t, "required in the header", words(doc["then"].(map[string]any)["required"]), headerNeeds)
	sameKeys(t, "further files", words(doc["else"].(map[string]any)["propertyNames"].(map[string]any)["enum"]), partKeys)

	defs := doc["$defs"].(map[string]any)
	at := func(v any, keys ...string) any {
		for _, k := range keys {
			if list, ok := v.([]any); ok {
				v = list[int(k[0]-'0')]
				continue
			}
			v = v.(map[string]any)[k]
		}
		return v
	}
	sameKeys(t, "weights", words(at(defs, "weight", "enum")), weightNames)
	sameKeys(t, "kinds", words(at(defs, "requirement", "properties", "kind", "enum")), texts(ruleKinds))
	sameKeys(t, "places", words(at(defs, "requirement", "properties", "place", "enum")), placeKinds)
	v := embeddedVocab(t)
	sameKeys(t, "operations", words(at(defs, "operation", "anyOf", "0", "enum")), v.Facts[v.Op()].ValueNames())
	sameKeys(t, "action types", words(at(defs, "action", "properties", "type", "anyOf", "0", "enum")), slices.Collect(maps.Keys(v.ActionTypes)))
	only := at(defs, "requirement", "dependentSchemas").(map[string]any)
	sameKeys(t, "keys of some kinds", slices.Collect(maps.Keys(only)), slices.Collect(maps.Keys(kindKeys)))
	for key, kinds := range kindKeys {
		sameKeys(t, "kinds with "+key, words(at(only[key], "properties", "kind", "enum")), texts(kinds))
	}
}

// TestCalendarsSchema: the schema of calendars lists the keys and words of the reader, and
// refuses for their shape what it refuses.
func TestCalendarsSchema(t *testing.T) {
	schema, doc := compileSchema(t, "calendars.schema.json")
	for name, reader := range map[string][]string{"": calendarFileKeys, "calendar": calendarKeys, "rest": restKeys, "known": memberKeys, "holiday": holidayKeys} {
		keys, _ := object(t, doc, name)
		sameKeys(t, "calendars.schema.json "+name, keys, reader)
	}
	defs := doc["$defs"].(map[string]any)
	sameKeys(t, "weekdays", words(defs["weekday"].(map[string]any)["enum"]), weekdayNames)
	sameKeys(t, "moves", words(defs["move"].(map[string]any)["enum"]), moves)
	for _, text := range []string{
		"calendars: {}", "format: comity/v1\ncalendars: {DE: {rest: [someday]}}", "format: comity/v1\ncalendars: {DE: {holidays: [01-01]}}",
		"format: comity/v1\ncalendars: {DE: {known: {from: 2024-01-01, until: 2025-01-01}, holidays: [someday]}}",
		"format: comity/v1\ncalendars: {DE: {known: {from: 2024-01-01, until: 2025-01-01}, holidays: [{on: 01-01, moved: {sunday: away}}]}}",
	} {
		if schema.Validate(asJSON(t, text)) == nil {
			t.Errorf("the schema accepts\n%s", text)
		}
	}
}

// TestVocabularySchemaKeys: the same for vocabularies.
func TestVocabularySchemaKeys(t *testing.T) {
	_, doc := compileSchema(t, "vocabulary.schema.json")
	for name, reader := range map[string][]string{"": vocabularyKeys, "fact": factKeys, "value": valueKeys, "operation": operationKeys, "action_type": actionTypeKeys} {
		keys, _ := object(t, doc, name)
		sameKeys(t, "vocabulary.schema.json "+name, keys, reader)
	}
	fact := doc["$defs"].(map[string]any)["fact"].(map[string]any)
	props := fact["properties"].(map[string]any)
	enum := func(key string) []string { return words(props[key].(map[string]any)["enum"]) }
	var types []string
	for name, kind := range kindNames {
		types = append(types, name)
		if kind == KindEnum || kind == KindRegion || kind == KindString {
			types = append(types, "["+name+"]")
		}
	}
	sameKeys(t, "types", enum("type"), types)
	sameKeys(t, "roles", enum("role"), texts(factRoles))
	sameKeys(t, "controls", enum("control"), factControl)
	sameKeys(t, "units", enum("ages"), unitNames[1:WorkingDays])
	sameKeys(t, "additions", words(fact["else"].(map[string]any)["propertyNames"].(map[string]any)["enum"]), moreKeys)
	places := doc["properties"].(map[string]any)["places"].(map[string]any)["properties"].(map[string]any)
	sameKeys(t, "places", slices.Collect(maps.Keys(places)), placeKinds)
}
