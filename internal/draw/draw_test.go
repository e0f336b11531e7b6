// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/draw"
	"github.com/comity-project/comity/internal/pack"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// tiny is a pack of its own, so that changes of real packs change no picture here.
const tiny = `
format: comity/v1
id: tiny
name: A small law for tests
version: 1.0.0
order: EU
weight: treaty
zone: Europe/Brussels
reviewed: 2026-01-01
next_review: 2027-01-01
summary: Enough of everything to be drawn.
instruments:
- {cite: Tiny Act, unit: Art., examples: [Tiny Act Art. 1]}
- {cite: Other Act, unit: Art., order: US, weight: federal, mandatory: true, examples: [Other Act Art. 9]}
terms:
  sensitive: data_categories in [health, biometric]
reach:
  when: controller_establishment in EEA
  cite: [Tiny Act Art. 1]
  text: {en: An establishment in the Union.}
  ask: [controller_establishment]
outside:
- id: household
  when: purpose == personal_household
  cite: [Tiny Act Art. 2]
  text: {en: A purely personal activity.}
edges:
- {id: ch, set: tiny_edges, origin: EEA, destination: CH, from: 2000-01-01, cite: [Tiny Act Art. 8]}
- {id: us, set: tiny_edges, origin: EEA, destination: US, from: 2016-07-12, until: 2020-07-16, claim: transfer_mechanism == privacy_shield, when: transfer_mechanism == privacy_shield and importer_certified == true, cite: [Tiny Act Art. 8], ended_by: [Tiny Act Art. 9]}
requirements:
- id: TINY-1
  kind: forbid
  title: Sensitive data needs explicit consent
  text: {en: Sensitive data is collected and used only with explicit consent.}
  cite: [Tiny Act Art. 3]
  when: operation in [collect, process] and @sensitive
  from: 2018-01-01
  unless:
  - id: explicit
    claim: consent == explicit
    when: consent == explicit and not shown consent_defects in [bundled]
    cite: [Tiny Act Art. 3(2)]
    text: {en: Explicit consent.}
    conditions:
    - {id: withdrawal, text: {en: Stop when the consent is withdrawn.}, action: {type: stop_by, params: {what: use}}, standing: true}
- id: TINY-2
  kind: forbid
  title: Transfer
  text: {en: 'Data leaves the Union only to "adequate" places & on safeguards <of law>.'}
  cite: [Tiny Act Art. 7]
  when: operation == transfer and from_region in EEA and to_region in WORLD
  from: 2018-01-01
  replaces: TINY-2-OLD
  unless:
  - {id: inside, when: to_region in EEA, settled: true, cite: [Tiny Act Art. 7(2)], text: {en: Inside.}}
  - permit: TINY-ADEQUACY
- id: TINY-2-OLD
  kind: forbid
  title: Transfer, as it was
  text: {en: No transfer.}
  cite: [Tiny Act Art. 7]
  when: operation == transfer and from_region in EEA and to_region in WORLD and not shown to_region in EEA
  from: 2000-01-01
  until: 2018-01-01
- id: TINY-ADEQUACY
  kind: permit
  title: Adequate places
  text: {en: A decision covers the place.}
  cite: [Tiny Act Art. 8]
  from: 2000-01-01
  unless:
  - {id: edge, edges: tiny_edges, settled: true, cite: [Tiny Act Art. 8], text: {en: The place is covered.}}
- id: TINY-ERASE
  kind: oblige
  title: Erasure
  text: {en: Data is erased on request.}
  cite: [Tiny Act Art. 5]
  when: operation in [delete, store] and request_type == erasure
  must: operation == delete
  demand: [delete]
  meanwhile:
    restrict: [{type: restrict, params: {operations: [process, disclose]}}]
    who: {en: Counsel for both orders.}
- id: TINY-NOTICE
  kind: oblige
  title: Notice
  text: {en: People are told.}
  cite: [Tiny Act Art. 4]
  when: operation in [collect, transfer]
  must: notice_given == true
`

var (
	day = mustDay("2020-07-20")

	denied = comity.Request{Missing: comity.MissingIgnore, Facts: comity.Facts{
		"operation": "transfer", "date": "2020-07-20", "controller_establishment": "IE", "from_region": "DE", "to_region": "US",
		"data_categories": []any{"contact", "behavioural"}, "transfer_mechanism": "privacy_shield", "importer_certified": true,
	}}
	conflict = comity.Request{Facts: comity.Facts{
		"operation": "delete", "date": "2024-05-01", "controller_establishment": "DE", "request_type": "erasure", "purpose": "tax",
		"data_categories": "tax_record", "retention_rules": "Other Act Art. 9", "retention_elapsed": false,
	}}
	allowed = comity.Request{Missing: comity.MissingIgnore, Facts: comity.Facts{
		"operation": "collect", "date": "2024-05-01", "controller_establishment": "DE", "data_categories": "health", "consent": "explicit", "notice_given": true,
	}}
	nowhere = comity.Request{Missing: comity.MissingIgnore, Facts: comity.Facts{
		"operation": "collect", "date": "2024-05-01", "controller_establishment": "BR", "data_categories": "health",
	}}
	parts = comity.Request{
		Missing: comity.MissingIgnore, Facts: comity.Facts{"operation": "collect", "date": "2024-05-01", "controller_establishment": "DE", "data_categories": "health"},
		Parts: []comity.Facts{{"consent": "explicit"}, {"consent": "none"}},
	}
)

func mustDay(s string) pack.Day {
	d, err := pack.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

func tinyEngine(t *testing.T) *engine.Engine {
	t.Helper()
	return load(t, engine.Options{NoEmbedded: true, Folders: []engine.Folder{{Name: "tiny", FS: fstest.MapFS{"tiny/pack.yaml": {Data: []byte(tiny)}}}}})
}

func load(t *testing.T, o engine.Options) *engine.Engine {
	t.Helper()
	eng, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return eng
}

func operation(t *testing.T, eng *engine.Engine, req comity.Request) *draw.Graph {
	t.Helper()
	d, err := eng.Decide(req)
	if err != nil {
		t.Fatal(err)
	}
	return draw.Operation(eng.Program().Model(), req, d)
}

// pictures are the graphs of the tiny pack by name.
func pictures(t *testing.T) map[string]*draw.Graph {
	t.Helper()
	eng := tinyEngine(t)
	m := eng.Program().Model()
	p, _ := draw.Find(m, "tiny")
	_, transfer := draw.Find(m, "TINY-2")
	_, permit := draw.Find(m, "TINY-ADEQUACY")
	out := map[string]*draw.Graph{
		"regime": draw.Regime(m, p, day), "requirement": draw.Requirement(m, transfer, day), "permit": draw.Requirement(m, permit, day),
	}
	d, err := eng.Decide(conflict)
	if err != nil {
		t.Fatal(err)
	}
	out["clash"] = draw.Conflict(m, conflict, d, []string{"TINY-ERASE", "Other Act Art. 9"})
	for name, req := range map[string]comity.Request{"denied": denied, "conflict": conflict, "allowed": allowed, "nowhere": nowhere, "parts": parts} {
		out[name] = operation(t, eng, req)
	}
	return out
}

// TestGolden compares every form of every picture with the one that a person looked at;
// go test -update rewrites them.
func TestGolden(t *testing.T) {
	for name, g := range pictures(t) {
		for ext, write := range map[string]func(io.Writer, *draw.Graph) error{"txt": draw.Text, "dot": draw.DOT, "svg": draw.SVG, "json": writeJSON} {
			if ext != "txt" && name != "denied" && name != "requirement" {
				continue // the text says what is in a picture; two show how it is drawn
			}
			t.Run(name+"."+ext, func(t *testing.T) {
				var got bytes.Buffer
				if err := write(&got, g); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+ext, got.String())
			})
		}
	}
}

func writeJSON(w io.Writer, g *draw.Graph) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(g)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); go test -update rewrites it:\n%s", file, diff)
	}
}

// TestStates: each requirement of a decided operation has the state that the decision
// gives it, and the picture says what decided.
func TestStates(t *testing.T) {
	graphs := pictures(t)
	for _, c := range []struct {
		picture, node string
		state         draw.State
		lines         string
	}{
		{"denied", "q:TINY-2", draw.Violated, "violated"},
		{"denied", "q:TINY-NOTICE", draw.NotShown, ""},
		{"denied", "why:TINY-2", draw.Violated, "transfer_mechanism: privacy_shield"},
		{"denied", "effect", draw.Violated, ""},
		{"clash", "q:TINY-ERASE", draw.Open, "delete"},
		{"clash", "q:Other Act Art. 9", draw.Open, ""},
		{"clash", "pack:tiny", "", "EU, weight treaty"},
		{"clash", "effect", draw.Open, "Counsel for both orders."},
		{"conflict", "q:TINY-ERASE", draw.Open, "in conflict"},
		{"conflict", "q:Other Act Art. 9", draw.Open, "in conflict"},
		{"conflict", "conflict:0", draw.Open, "Counsel for both orders."},
		{"allowed", "q:TINY-1", draw.Holds, "lifted on conditions"},
		{"allowed", "q:TINY-NOTICE", draw.Holds, "met"},
		{"allowed", "ground:TINY-1/explicit", draw.Holds, "Stop when the consent is withdrawn."},
		{"nowhere", "unreached", draw.Off, "tiny"},
		{"parts", "q:TINY-1", draw.Violated, "violated"},
		{"requirement", "q:TINY-2-OLD", draw.Off, ""},
		{"regime", "q:TINY-2-OLD", draw.Off, "2000-01-01 to 2018-01-01"},
	} {
		g := graphs[c.picture]
		i := -1
		for k := range g.Nodes {
			if g.Nodes[k].ID == c.node {
				i = k
			}
		}
		if i < 0 {
			t.Errorf("%s: no node %s", c.picture, c.node)
			continue
		}
		var text strings.Builder
		for _, l := range g.Nodes[i].Lines {
			text.WriteString(l.Text + "\n")
		}
		if g.Nodes[i].State != c.state || !strings.Contains(text.String(), c.lines) {
			t.Errorf("%s: %s is %q with lines %q, expected %q with %q", c.picture, c.node, g.Nodes[i].State, text.String(), c.state, c.lines)
		}
	}
}

// TestFormsOfPacks: the SVG of every embedded pack and requirement is well-formed, its DOT
// can be parsed, and its text says its name.
func TestFormsOfPacks(t *testing.T) {
	m := load(t, engine.Options{}).Program().Model()
	for i, name := range draw.Names(m) {
		p, q := draw.Find(m, name)
		if p == nil && testing.Short() && i%10 > 0 {
			continue
		}
		var g *draw.Graph
		if p != nil {
			g = draw.Regime(m, p, day)
		} else {
			g = draw.Requirement(m, q, day)
		}
		var text, dot, svg bytes.Buffer
		if err := errors.Join(draw.Text(&text, g), draw.DOT(&dot, g), draw.SVG(&svg, g)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), name) {
			t.Errorf("the text of %s does not name it", name)
		}
		if err := parseDOT(dot.String()); err != nil {
			t.Errorf("the DOT of %s: %v", name, err)
		}
		wellFormed(t, svg.Bytes())
	}
}

// TestHostileText: names from callers and packs neither break a form nor steer a terminal.
func TestHostileText(t *testing.T) {
	bad := "</title><script>\"\\l];}\x1b[2J\x00\u202e&"
	g := &draw.Graph{
		Title: bad, Text: bad, State: draw.Open, Layers: []draw.Layer{{Title: "a", Width: 200}, {Title: "b", Width: 120}},
		Groups: []draw.Group{{ID: bad, Title: bad, Layer: 1}},
		Nodes: []draw.Node{
			{ID: "x", Name: bad, Title: strings.Repeat("W", 400), Lines: []draw.Line{{Label: bad, Text: bad}}, Cites: []string{bad}},
			{ID: "y", Name: "", Title: "", Layer: 1, Group: bad, State: draw.Holds},
		},
		Edges: []draw.Edge{{From: "x", To: bad, Label: bad}},
	}
	for name, write := range map[string]func(io.Writer, *draw.Graph) error{"text": draw.Text, "dot": draw.DOT, "svg": draw.SVG} {
		var out bytes.Buffer
		if err := write(&out, g); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x00\u202e") {
			t.Errorf("%s holds control characters", name)
		}
		switch name {
		case "svg":
			wellFormed(t, out.Bytes())
		case "dot":
			if err := parseDOT(out.String()); err != nil {
				t.Errorf("dot: %v", err)
			}
		}
	}
}

// wellFormed reads XML to its end, and checks what makes the picture accessible.
func wellFormed(t *testing.T, data []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(data))
	var path []string
	seen := map[string]bool{}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			path = append(path, x.Name.Local)
			seen[strings.Join(path, "/")] = true
			for _, a := range x.Attr {
				if a.Name.Local == "role" && a.Value == "img" {
					seen["role"] = true
				}
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
	for _, want := range []string{"role", "svg/title", "svg/desc"} {
		if !seen[want] {
			t.Errorf("the picture has no %s", want)
		}
	}
}

// failing is a writer on a full disk.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("no space") }

// TestWriteErrors: a picture that could not be written is an error.
func TestWriteErrors(t *testing.T) {
	g := pictures(t)["denied"]
	for name, write := range map[string]func(io.Writer, *draw.Graph) error{"text": draw.Text, "dot": draw.DOT, "svg": draw.SVG} {
		if write(failing{}, g) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
