// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/graph"
	"github.com/comity-project/comity/internal/scenario"
)

// drawn is what an SVG holds: its size, the labels with the room that they take, and the
// corners of everything else.
type drawn struct {
	canvas  area
	labels  []area
	corners []area
}

var pathPoint = regexp.MustCompile(`[ML](-?\d+) (-?\d+)`)

// readSVG reads a picture as a viewer would, and knows nothing of how it was laid out.
func readSVG(t *testing.T, svg []byte) drawn {
	t.Helper()
	var d drawn
	dec := xml.NewDecoder(bytes.NewReader(svg))
	moved := 0 // inside a sign, which has coordinates of its own
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return d
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := tok.(type) {
		case xml.EndElement:
			if x.Name.Local == "g" && moved > 0 {
				moved--
			}
		case xml.StartElement:
			at := map[string]string{}
			for _, a := range x.Attr {
				at[a.Name.Local] = a.Value
			}
			num := func(name string) int { n, _ := strconv.Atoi(at[name]); return n }
			switch x.Name.Local {
			case "g":
				if moved > 0 || at["transform"] != "" {
					moved++
				}
			case "svg":
				d.canvas = area{w: num("width"), h: num("height")}
			case "rect":
				d.corners = append(d.corners, area{what: "a box", x: num("x"), y: num("y"), w: num("width"), h: num("height")})
			case "path":
				for _, m := range pathPoint.FindAllStringSubmatch(at["d"], -1) {
					px, _ := strconv.Atoi(m[1])
					py, _ := strconv.Atoi(m[2])
					if moved == 0 {
						d.corners = append(d.corners, area{what: "an edge", x: px, y: py})
					}
				}
			case "text":
				d.labels = append(d.labels, readLabel(t, dec, at, num))
			}
		}
	}
}

func readLabel(t *testing.T, dec *xml.Decoder, at map[string]string, num func(string) int) area {
	t.Helper()
	tok, err := dec.Token()
	if err != nil {
		t.Fatal(err)
	}
	s, _ := tok.(xml.CharData)
	f := sans
	switch {
	case strings.HasPrefix(at["class"], "b"):
		f = bold
	case strings.HasPrefix(at["class"], "m"):
		f = mono
	}
	x := text{x: num("x"), y: num("y"), size: num("font-size"), face: f, s: string(s)}
	a := x.area()
	if at["text-anchor"] == "middle" {
		a.x -= a.w / 2
	}
	return a
}

// checkLabels: no two labels of a picture overlap, and nothing leaves the canvas.
func checkLabels(t *testing.T, name string, g *Graph) {
	t.Helper()
	var out bytes.Buffer
	if err := SVG(&out, g); err != nil {
		t.Fatal(err)
	}
	d := readSVG(t, out.Bytes())
	for _, a := range slices.Concat(d.labels, d.corners) {
		if !d.canvas.holds(a) {
			t.Errorf("%s: %q leaves the canvas", name, a.what)
		}
	}
	// From left to right, so that only neighbours are compared.
	slices.SortFunc(d.labels, func(a, b area) int { return a.x - b.x })
	for i, a := range d.labels {
		a.h -= a.h / 5 // descenders may touch the next line
		for _, b := range d.labels[i+1:] {
			if b.x >= a.x+a.w {
				break
			}
			if b.h -= b.h / 5; a.meets(b) {
				t.Errorf("%s: the labels %q and %q overlap", name, a.what, b.what)
			}
		}
	}
}

// TestLabelsOfPacks: the pictures of all embedded packs, of their requirements, and of the
// conflicts and answers of their cases.
func TestLabelsOfPacks(t *testing.T) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := eng.Program().Model()
	on := day(t, "2026-11-25")
	var ids []string
	for _, p := range m.Packs {
		ids = append(ids, p.ID)
		checkLabels(t, p.ID, Regime(m, p, on))
		for i, q := range p.Requirements {
			if i%5 == 0 || !testing.Short() {
				checkLabels(t, q.ID, Requirement(m, q, on))
			}
		}
	}
	cases, err := scenario.Embedded(ids)
	if err != nil {
		t.Fatal(err)
	}
	conflicts := 0
	for i := range cases {
		c := &cases[i]
		req := comity.Request{Facts: c.Facts, Parts: c.Parts, Missing: comity.MissingIgnore}
		d, err := eng.Decide(req)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if i%20 == 0 {
			checkLabels(t, c.Name, Operation(m, req, d))
		}
		for _, x := range d.Conflicts {
			g := Conflict(m, req, d, x.Requirements)
			if g == nil {
				t.Fatalf("%s: the conflict of %v is not drawn", c.Name, x.Requirements)
			}
			check(t, c.Name, g)
			checkLabels(t, c.Name, g)
			conflicts++
		}
	}
	if conflicts < 20 {
		t.Errorf("only %d conflicts were drawn", conflicts)
	}
}

// TestPairs: the picture of two requirements shows the context of the analysis, whatever the
// kind of their contradiction, and all of it can be read.
func TestPairs(t *testing.T) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, on := eng.Program().Model(), day(t, "2026-11-21")
	g, err := graph.New(m, on, func(f comity.Facts) (comity.Decision, error) { return eng.Decide(comity.Request{Facts: f}) })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b  string
		kind  graph.Kind
		parts int
	}{
		{"EU-GDPR-17", "US-TAX-6001", graph.Demanded, 1},
		{"EU-GDPR-17", "IN-DPDP-LOG", graph.Demanded, 1},
		{"ZA-POPIA-14", "US-SEC-17A4-B", graph.Demanded, 1},
		{"IN-SPDI-7", "RU-152FZ-18-5", graph.Apart, 2},
		{"JP-APPI-28", "AU-MHR-77-PROCESS", graph.Apart, 2},
		{"AR-25326-7-4", "NYC-LL144-AUDIT", graph.Entailed, 2},
		{"CN-DSL-36", "EU-GDPR-48", graph.Mirrored, 2},
	} {
		r, err := g.Pair(c.a, c.b)
		if err != nil || r.Conflict == nil || r.Conflict.Kind != c.kind {
			t.Errorf("%s, %s: %+v %v", c.a, c.b, r, err)
			continue
		}
		for _, ids := range [][]string{{c.a, c.b}, {c.b, c.a}} {
			p := Pair(m, r.Conflict, on, ids)
			check(t, c.a+" "+c.b, p)
			checkLabels(t, c.a+" "+c.b, p)
			operations, lines := 0, 0
			for _, n := range p.Nodes {
				if n.Kind == KindOperation {
					operations++
					lines += len(n.Lines) + 1 // the operation is the name
				}
			}
			if operations != c.parts || lines != len(r.Conflict.Facts)+len(r.Conflict.FactsB) {
				t.Errorf("%s, %s: %d operations with %d facts, want %d with those of %v and %v", c.a, c.b, operations, lines, c.parts, r.Conflict.Facts, r.Conflict.FactsB)
			}
		}
	}
}
