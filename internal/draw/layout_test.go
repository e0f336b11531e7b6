// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/scenario"
)

// TestLayoutOfPacks: in the picture of every embedded pack, every requirement and many
// operations no two boxes overlap, every text stays in its box, and no edge crosses one.
func TestLayoutOfPacks(t *testing.T) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := eng.Program().Model()
	days := []pack.Day{day(t, "2015-10-05"), day(t, "2026-11-25")}
	for i, p := range m.Packs {
		check(t, p.ID, Regime(m, p, days[i%2]))
		for k, q := range p.Requirements {
			check(t, q.ID, Requirement(m, q, days[k%2]))
		}
	}
	var ids []string
	for _, p := range m.Packs {
		ids = append(ids, p.ID)
	}
	cases, err := scenario.Embedded(ids)
	if err != nil {
		t.Fatal(err)
	}
	step := 4
	if testing.Short() {
		step = 40
	}
	for i := 0; i < len(cases); i += step {
		c := &cases[i]
		for _, mode := range []comity.Mode{comity.MissingIgnore, comity.MissingReview} {
			req := comity.Request{Facts: c.Facts, Parts: c.Parts, Missing: mode}
			d, err := eng.Decide(req)
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			check(t, c.Name, Operation(m, req, d))
		}
	}
}

func day(t *testing.T, s string) pack.Day {
	t.Helper()
	d, err := pack.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestLayoutOfRandomGraphs: the same holds for graphs that no pack leads to.
func TestLayoutOfRandomGraphs(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 30
	}
	for seed := range n {
		check(t, fmt.Sprintf("seed %d", seed), randomGraph(rand.New(rand.NewPCG(uint64(seed), 7))))
	}
}

func randomGraph(r *rand.Rand) *Graph {
	words := func(n int) string {
		var b strings.Builder
		for range r.IntN(n + 1) {
			b.WriteString(strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(14)) + " ")
		}
		return strings.TrimSpace(b.String())
	}
	states := []State{"", Holds, Violated, Open, NotShown, Off}
	kinds := []Kind{"forbid", "permit", KindReach, KindEffect, KindEdges}
	g := &Graph{Title: words(30), Text: words(60), State: states[r.IntN(len(states))]}
	for i := range 1 + r.IntN(5) {
		g.Layers = append(g.Layers, Layer{Title: words(3), Width: 120 + r.IntN(250), Spread: r.IntN(2) == 0, Compact: r.IntN(3) == 0, Rows: r.IntN(3)})
		for range r.IntN(3) {
			g.Groups = append(g.Groups, Group{ID: fmt.Sprintf("g%d", len(g.Groups)), Title: words(8), Layer: i})
		}
	}
	for i := range 1 + r.IntN(50) {
		n := Node{ID: fmt.Sprintf("n%d", i), Kind: kinds[r.IntN(len(kinds))], State: states[r.IntN(len(states))], Name: words(2), Title: words(20), Layer: r.IntN(len(g.Layers))}
		for _, x := range g.Groups {
			if x.Layer == n.Layer && r.IntN(2) == 0 {
				n.Group = x.ID
			}
		}
		for range r.IntN(6) {
			n.Lines = append(n.Lines, Line{Label: words(2), Text: words(25), Code: r.IntN(2) == 0})
		}
		g.node(n)
	}
	for range r.IntN(60) {
		a, b := &g.Nodes[r.IntN(len(g.Nodes))], &g.Nodes[r.IntN(len(g.Nodes))]
		if a.Layer < b.Layer {
			to := b.ID
			if b.Group != "" && r.IntN(3) == 0 {
				to = b.Group
			}
			g.edge(a.ID, to, words(2), states[r.IntN(len(states))])
		}
	}
	g.compactLayers()
	return g
}

type area struct {
	what       string
	x, y, w, h int
	col, block int
}

func (a area) meets(b area) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

func (a area) holds(b area) bool {
	return a.x <= b.x && a.y <= b.y && b.x+b.w <= a.x+a.w && b.y+b.h <= a.y+a.h
}

func (t text) area() area {
	return area{what: t.s, x: t.x, y: t.y - t.size, w: textWidth(t.s, t.size, t.face), h: t.size + t.size/4}
}

// check holds a layout against its promises.
func check(t *testing.T, name string, g *Graph) {
	t.Helper()
	fail := func(format string, args ...any) { t.Errorf(name+": "+format, args...) }
	ids := map[string]bool{}
	for i := range g.Nodes {
		if ids[g.Nodes[i].ID] {
			fail("node %s stands twice", g.Nodes[i].ID)
		}
		ids[g.Nodes[i].ID] = true
	}
	l := lay(g)
	canvas := area{w: l.w, h: l.h}
	if len(l.wires) != len(g.Edges) {
		fail("%d edges, %d drawn", len(g.Edges), len(l.wires))
	}
	boxes, frames := areas(l)
	for i, b := range boxes {
		if !canvas.holds(b) {
			fail("%s leaves the picture", b.what)
		}
		for _, o := range boxes[:i] {
			if b.meets(o) {
				fail("%s overlaps %s", b.what, o.what)
			}
		}
		for _, f := range frames {
			if same := f.col == b.col && f.block == b.block; same && !f.holds(b) || !same && f.meets(b) {
				fail("%s and the frame %s", b.what, f.what)
			}
		}
		checkTexts(fail, l, i, b)
	}
	for i, f := range frames {
		for _, o := range frames[:i] {
			if f.meets(o) {
				fail("frame %s overlaps %s", f.what, o.what)
			}
		}
	}
	checkWires(fail, l, boxes, frames)
	for _, h := range l.head {
		if !canvas.holds(h.area()) {
			fail("heading %q leaves the picture", h.s)
		}
	}
	for _, k := range l.key {
		if !canvas.holds(k.label.area()) {
			fail("legend %q leaves the picture", k.label.s)
		}
	}
}

func areas(l *layout) (boxes, frames []area) {
	for i := range l.boxes {
		b := &l.boxes[i]
		boxes = append(boxes, area{l.g.Nodes[i].ID, b.x, b.y, b.w, b.h, l.at[i].col, l.at[i].block})
	}
	for c := range l.cols {
		for k := range l.cols[c].blocks {
			if b := &l.cols[c].blocks[k]; b.group != none {
				frames = append(frames, area{l.g.Groups[b.group].ID, l.cols[c].x, b.y, l.cols[c].w, b.h, c, k})
			}
		}
	}
	return boxes, frames
}

// checkTexts: every text lies in its box, and no two overlap.
func checkTexts(fail func(string, ...any), l *layout, i int, b area) {
	var before []area
	for _, x := range l.boxes[i].texts {
		a := x.area()
		a.x, a.y = a.x+b.x, a.y+b.y
		inner := area{x: b.x + 3, y: b.y, w: b.w - 6, h: b.h}
		if !inner.holds(a) {
			fail("the text %q leaves %s", x.s, b.what)
		}
		a.h -= x.size / 4 // descenders may touch the next line
		for _, o := range before {
			if a.meets(o) {
				fail("the texts %q and %q overlap in %s", o.what, x.s, b.what)
			}
		}
		before = append(before, a)
	}
}

// checkWires: edges run along the axes, cross neither a box nor a strange frame, and their
// labels stand free.
func checkWires(fail func(string, ...any), l *layout, boxes, frames []area) {
	var labels []area
	for i := range l.wires {
		w := &l.wires[i]
		e := l.g.Edges[w.edge]
		own := func(a area) bool {
			from, to := l.spotOf(w.from), l.spotOf(w.to)
			return a.col == from.col && a.block == from.block || a.col == to.col && a.block == to.block
		}
		for k := 1; k < len(w.points); k++ {
			a, z := w.points[k-1], w.points[k]
			if a.x != z.x && a.y != z.y {
				fail("%s to %s runs askew", e.From, e.To)
			}
			line := area{x: min(a.x, z.x), y: min(a.y, z.y), w: abs(a.x - z.x), h: abs(a.y - z.y)}
			for _, b := range boxes {
				if line.crosses(b) {
					fail("the edge from %s to %s crosses %s", e.From, e.To, b.what)
				}
			}
			for _, f := range frames {
				if !own(f) && line.crosses(f) {
					fail("the edge from %s to %s crosses the frame %s", e.From, e.To, f.what)
				}
			}
		}
		if w.label.s != "" {
			labels = append(labels, w.label.area())
		}
	}
	for i, a := range labels {
		for _, list := range [][]area{boxes, frames, labels[:i]} {
			for _, o := range list {
				if a.meets(o) {
					fail("the label %q lies on %s", a.what, o.what)
				}
			}
		}
	}
}

// crosses tells whether a line runs through the inside of a box; its edge is no inside.
func (a area) crosses(b area) bool {
	return a.x < b.x+b.w && a.x+a.w > b.x && a.y < b.y+b.h && a.y+a.h > b.y
}
