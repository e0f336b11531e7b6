// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/config.md anew")

// TestDocs: docs/config.md is what the comments of Config say.
func TestDocs(t *testing.T) {
	const name = "../../docs/config.md"
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]*ast.TypeSpec{}
	docs := map[string]string{}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
			spec := g.Specs[0].(*ast.TypeSpec)
			types[spec.Name.Name], docs[spec.Name.Name] = spec, g.Doc.Text()
		}
	}
	var b strings.Builder
	b.WriteString("# Configuration\n\nGenerated from `internal/config`: `go test ./internal/config -update` writes it anew.\n\n" +
		"No configuration is needed: `comity serve` then serves on loopback. `comity serve --config FILE` reads a YAML file with these keys; flags count more. A length of time is a number with its unit, such as `30s`.\n")
	section(t, &b, types, docs, "Config", "")
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), b.String()); diff != "" {
		t.Errorf("docs/config.md is not up to date, run go test ./internal/config -update: %s", diff)
	}
}

// section writes the keys of a struct, then those of the structs in it.
func section(t *testing.T, b *strings.Builder, types map[string]*ast.TypeSpec, docs map[string]string, name, key string) {
	t.Helper()
	if key != "" {
		doc := strings.Join(strings.Fields(strings.TrimPrefix(docs[name], name+" ")), " ")
		fmt.Fprintf(b, "\n## %s\n\n%s%s\n", key, strings.ToUpper(doc[:1]), doc[1:])
	}
	var inner []string
	b.WriteString("\n")
	text := ""
	for _, f := range types[name].Type.(*ast.StructType).Fields.List {
		if f.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
		kind := f.Type
		if l, ok := kind.(*ast.ArrayType); ok {
			kind = l.Elt
		}
		if id, ok := kind.(*ast.Ident); ok && types[id.Name] != nil {
			inner = append(inner, id.Name+" "+tag)
		}
		if doc := strings.Join(strings.Fields(f.Doc.Text()), " "); doc != "" {
			text = doc
			fmt.Fprintf(b, "- `%s`: %s\n", tag, text)
		} else {
			fmt.Fprintf(b, "- `%s`: see %s\n", tag, map[bool]string{true: "below", false: "above"}[len(inner) > 0 && strings.HasSuffix(inner[len(inner)-1], " "+tag)])
		}
	}
	for _, in := range inner {
		typ, key, _ := strings.Cut(in, " ")
		section(t, b, types, docs, typ, key)
	}
}
