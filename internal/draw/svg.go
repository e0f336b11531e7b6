// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// look is how a state or kind is painted. Line widths and dashes differ too, so that the
// states can be told apart without colours.
type look struct {
	fill, line, dash string
	width            float64
}

var plainLook = look{"#ffffff", "#7d8894", "", 1}

var stateLook = map[State]look{
	Holds:    {"#e9f5ec", "#23713a", "", 1.5},
	Violated: {"#fdebe8", "#b3261e", "", 3},
	Open:     {"#fff5d6", "#8a5a00", "7 3", 2},
	NotShown: {"#eef0f2", "#626d78", "2 2", 1},
	Off:      {"#f8f8f8", "#9aa3ad", "4 4", 1},
}

var kindLine = map[Kind]string{
	"forbid": "#8e2a6b", "oblige": "#1f5fa8", "localise": "#0f766e", "retain": "#7a5320", "qualify": "#5a4fb0", "review": "#a0520d", "permit": "#3c6e1f",
}

const (
	ink   = "#1b1f24"
	faint = "#505a64"
)

const style = `text{font-family:"Liberation Sans",Arial,Helvetica,Arimo,sans-serif;fill:` + ink + `}` +
	`.b{font-weight:bold}.m{font-family:"Liberation Mono","DejaVu Sans Mono",Consolas,Menlo,monospace}.f{fill:` + faint + `}`

// SVG writes the graph as a picture.
func SVG(w io.Writer, g *Graph) error {
	l := lay(g)
	p := &painter{w: bufio.NewWriter(w)}
	p.f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title desc">`+"\n", l.w, l.h, l.w, l.h)
	p.f("<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n<style>%s</style>\n", escape(g.Title), escape(describe(g)), style)
	p.f("<rect width=\"%d\" height=\"%d\" fill=\"#fdfdfc\"/>\n", l.w, l.h)
	for _, t := range l.head {
		p.text(t, 0, 0)
	}
	if g.State != "" {
		p.mark(g.State, margin, margin+1, 20)
	}
	p.frames(l)
	p.wires(l)
	for i := range l.boxes {
		p.box(g, &l.boxes[i])
	}
	for _, k := range l.key {
		p.legend(k)
	}
	p.f("</svg>\n")
	return p.w.Flush()
}

// describe is the picture in words, for those who do not see it.
func describe(g *Graph) string {
	var b strings.Builder
	b.WriteString(g.Text)
	for i, ly := range g.Layers {
		n := 0
		states := map[State]int{}
		for k := range g.Nodes {
			if g.Nodes[k].Layer == i {
				n++
				states[g.Nodes[k].State]++
			}
		}
		fmt.Fprintf(&b, " %s: %d.", strings.ToUpper(ly.Title[:1])+ly.Title[1:], n)
		for _, s := range stateWords {
			if states[s.state] > 0 {
				fmt.Fprintf(&b, " %s: %d.", s.text, states[s.state])
			}
		}
	}
	return strings.TrimSpace(b.String())
}

type painter struct{ w *bufio.Writer }

// f prints; the writer keeps its first error until Flush.
func (p *painter) f(format string, args ...any) { fmt.Fprintf(p.w, format, args...) }

func (p *painter) text(t text, dx, dy int) {
	class := ""
	switch t.face {
	case bold:
		class = "b"
	case mono:
		class = "m"
	}
	if t.faint {
		class = strings.TrimSpace(class + " f")
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	p.f(`<text x="%d" y="%d" font-size="%d"%s>%s</text>`+"\n", t.x+dx, t.y+dy, t.size, class, escape(t.s))
}

func (p *painter) frames(l *layout) {
	for c := range l.cols {
		col := &l.cols[c]
		for i := range col.blocks {
			b := &col.blocks[i]
			if b.group == none {
				continue
			}
			p.f(`<rect x="%d" y="%d" width="%d" height="%d" rx="8" fill="#f1f3f6" stroke="#c3cad2"/>`+"\n", col.x, b.y, col.w, b.h)
			p.text(b.title, 0, 0)
		}
	}
}

func (p *painter) wires(l *layout) {
	for i := range l.wires {
		w := &l.wires[i]
		lk := lookOf(w.in.state)
		if w.in.state == "" {
			lk.width = 1.2
		}
		dash := ""
		if lk.dash != "" {
			dash = ` stroke-dasharray="` + lk.dash + `"`
		}
		end := w.points[len(w.points)-1]
		p.f(`<path d="%s" fill="none" stroke="%s" stroke-width="%g"%s/>`+"\n", rounded(w.points), lk.line, min(lk.width, 2), dash)
		p.f(`<path d="M%d %dl%d -4v8z" fill="%s"/>`+"\n", end.x, end.y, -arrow, lk.line)
		if w.label.s != "" {
			p.text(w.label, 0, 0)
		}
	}
}

func lookOf(s State) look {
	if lk, ok := stateLook[s]; ok {
		return lk
	}
	return plainLook
}

// rounded is a path through the points with round corners, so that wires that meet can be
// told from wires that cross.
func rounded(ps []point) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", ps[0].x, ps[0].y)
	for i := 1; i < len(ps)-1; i++ {
		a, c, z := ps[i-1], ps[i], ps[i+1]
		r := min(6, dist(a, c)/2, dist(c, z)/2)
		fmt.Fprintf(&b, "L%d %dQ%d %d %d %d", c.x-sign(c.x-a.x)*r, c.y-sign(c.y-a.y)*r, c.x, c.y, c.x+sign(z.x-c.x)*r, c.y+sign(z.y-c.y)*r)
	}
	end := ps[len(ps)-1]
	fmt.Fprintf(&b, "L%d %d", end.x-arrow+1, end.y)
	return b.String()
}

func dist(a, b point) int { return abs(a.x-b.x) + abs(a.y-b.y) }

func sign(n int) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}

func (p *painter) box(g *Graph, b *box) {
	n := &g.Nodes[b.node]
	lk := lookOf(n.State)
	dash := ""
	if lk.dash != "" {
		dash = ` stroke-dasharray="` + lk.dash + `"`
	}
	p.f("<g>\n<title>%s</title>\n", escape(b.tip))
	p.f(`<rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="%s" stroke="%s" stroke-width="%g"%s/>`+"\n", b.x, b.y, b.w, b.h, lk.fill, lk.line, lk.width, dash)
	if line := kindLine[n.Kind]; line != "" {
		p.f(`<rect x="%d" y="%d" width="4" height="%d" rx="2" fill="%s"/>`+"\n", b.x+2, b.y+3, b.h-6, line)
	}
	for _, t := range b.texts {
		p.text(t, b.x, b.y)
	}
	if b.mark != "" && b.mark != Off {
		size := markSize
		if n.Kind == KindEffect {
			size = effectSize
		}
		p.mark(b.mark, b.x+pad, b.y+pad+1, size)
	}
	if b.pill != "" {
		line := kindLine[n.Kind]
		if line == "" {
			line = faint
		}
		w := textWidth(b.pill, labelSize-1, sans) + 10
		p.f(`<rect x="%d" y="%d" width="%d" height="14" rx="7" fill="#ffffff" stroke="%s"/>`+"\n", b.x+b.pillX, b.y+pad-1, w, line)
		p.f(`<text x="%d" y="%d" font-size="%d" text-anchor="middle" style="fill:%s">%s</text>`+"\n", b.x+b.pillX+w/2, b.y+pad+9, labelSize-1, line, escape(b.pill))
	}
	p.f("</g>\n")
}

// mark draws the sign of a state as shapes, since fonts may lack the characters.
func (p *painter) mark(s State, x, y, size int) {
	line := lookOf(s).line
	scale := float64(size) / 16
	p.f(`<g transform="translate(%d %d) scale(%.3f)" fill="none" stroke-linecap="round">`, x, y, scale)
	switch s {
	case Holds:
		p.f(`<circle cx="8" cy="8" r="8" fill="%s"/><path d="M4 8.5l3 3 5-6" stroke="#ffffff" stroke-width="2"/>`, line)
	case Violated:
		p.f(`<path d="M5 0h6l5 5v6l-5 5h-6l-5-5v-6z" fill="%s"/><path d="M5 5l6 6M11 5l-6 6" stroke="#ffffff" stroke-width="2"/>`, line)
	case Open:
		p.f(`<path d="M8 0.5l8 15h-16z" fill="%s"/><path d="M8 5.5v5M8 13v0.1" stroke="#ffffff" stroke-width="2"/>`, line)
	default:
		p.f(`<circle cx="8" cy="8" r="7" fill="#ffffff" stroke="%s" stroke-width="1.5"/><path d="M6 6.2a2 2 0 1 1 2.6 2q-0.6 0.3-0.6 1.2M8 12v0.1" stroke="%s" stroke-width="1.6"/>`, line, line)
	}
	p.f("</g>\n")
}

func (p *painter) legend(k legend) {
	switch {
	case k.kind != "":
		p.f(`<rect x="%d" y="%d" width="4" height="14" rx="2" fill="%s"/>`+"\n", k.x+10, k.y+1, kindLine[k.kind])
	case k.state == Off:
		lk := lookOf(Off)
		p.f(`<rect x="%d" y="%d" width="16" height="12" rx="3" fill="%s" stroke="%s" stroke-dasharray="%s"/>`+"\n", k.x, k.y+2, lk.fill, lk.line, lk.dash)
	default:
		p.mark(k.state, k.x+1, k.y+1, 14)
	}
	p.text(k.label, 0, 0)
}

// escape makes a text safe inside XML.
func escape(s string) string { return strings.Map(printable, xmlEscaper.Replace(s)) }

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
