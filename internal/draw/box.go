// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"fmt"
	"strings"
)

// Sizes of the picture, in pixels.
const (
	pad        = 9  // inside a box
	framePad   = 8  // between a frame and its boxes
	frameHead  = 24 // the title of a frame
	gap        = 12 // between boxes of a column
	innerGap   = 6  // between boxes of a frame
	nameSize   = 12
	titleSize  = 12
	lineSize   = 11
	codeSize   = 10
	labelSize  = 10
	markSize   = 13
	maxRows    = 5  // of one line of a box
	maxLines   = 26 // of a box
	effectSize = 22
	minBox     = 30
)

// text is one run of text at a place; the baseline is at y.
type text struct {
	x, y, size int
	face       face
	faint      bool
	s          string
}

// box is a node with its text laid out; text places are relative until the box is put.
type box struct {
	node       int // in the graph
	x, y, w, h int
	texts      []text
	mark       State
	pill       string
	pillX      int
	tip        string
}

// row appends wrapped text at the current height and tells whether something was cut.
type boxer struct {
	b    *box
	w    int // inner width
	y    int
	cut  bool
	left int // lines that may still come
}

func (x *boxer) put(s string, size int, f face, indent, rows int, faint bool) {
	if s == "" || x.left <= 0 {
		x.cut = x.cut || s != ""
		return
	}
	lines, cut := wrap(s, x.w-indent, size, f, min(rows, x.left))
	x.cut = x.cut || cut
	for _, l := range lines {
		x.y += size + 3
		x.b.texts = append(x.b.texts, text{x: pad + indent, y: x.y - 3, size: size, face: f, faint: faint, s: l})
		x.left--
	}
}

// layBox lays out the text of a node for a width.
func layBox(n *Node, width int, ly *Layer) box {
	b := box{w: width, mark: n.State, tip: tooltip(n)}
	x := &boxer{b: &b, w: width - 2*pad, y: pad - 1, left: maxLines}
	if n.Kind == KindEffect {
		layEffect(x, n)
	} else {
		layHead(x, n)
	}
	rows, titleRows := maxRows, 4
	switch {
	case ly.Compact:
		rows, titleRows = 1, 2
	case ly.Rows > 0:
		rows, titleRows = ly.Rows, ly.Rows
	}
	x.put(n.Title, titleSize, sans, 0, titleRows, false)
	if len(n.Lines) > 0 && (n.Title != "" || n.Name != "") {
		x.y += 3
	}
	layLines(x, n.Lines, rows)
	if !ly.Compact && len(n.Cites) > 0 {
		x.y += 2
		x.left = max(x.left, 3)
		x.put(join(n.Cites), labelSize, sans, 0, 3, true)
	}
	b.h = max(x.y+pad-2, minBox)
	return b
}

// layHead is the name with the sign of the state before it and the kind behind it.
func layHead(x *boxer, n *Node) {
	room, indent := x.w, 0
	if n.State != "" && n.State != Off {
		indent = markSize + 5
		room -= indent
	}
	if pill := pillText(n); pill != "" {
		w := textWidth(pill, labelSize-1, sans) + 10
		x.b.pill, x.b.pillX = pill, x.b.w-pad-w+2
		room -= w + 4
	}
	if n.Name == "" && x.b.pill == "" && indent == 0 {
		return
	}
	name := elide(n.Name, room, nameSize, bold)
	x.cut = x.cut || name != n.Name
	x.y += nameSize + 3
	if n.Name != "" {
		x.b.texts = append(x.b.texts, text{x: pad + indent, y: x.y - 3, size: nameSize, face: bold, s: name})
	}
	x.left--
}

func layEffect(x *boxer, n *Node) {
	x.b.mark = n.State
	x.y += effectSize + 6
	name := elide(n.Name, x.w-effectSize-4, effectSize, bold)
	x.b.texts = append(x.b.texts, text{x: pad + effectSize + 4, y: x.y - 7, size: effectSize, face: bold, s: name})
	x.left--
}

// pillText names the kind where it tells more than the layer does.
func pillText(n *Node) string {
	switch n.Kind {
	case KindFinding, KindEffect, KindOperation, KindScope, KindReach, KindTerm, KindOutside, KindException:
		return ""
	}
	if n.Name == "" {
		return "" // the title says it
	}
	return string(n.Kind)
}

// layLines sets labels in a column of their own.
func layLines(x *boxer, lines []Line, rows int) {
	column := 0
	for i, l := range lines {
		w := textWidth(l.Label, labelSize, sans)
		if w <= x.w/2 && (i == 0 || lines[i-1].Label != l.Label) {
			column = max(column, w+6)
		}
	}
	last := ""
	for _, l := range lines {
		f, size := sans, lineSize
		if l.Code {
			f, size = mono, codeSize
		}
		if l.Label != "" && l.Label != last && x.left > 0 {
			// A label that is wider than its column has a row of its own, and so has one
			// without a text.
			if textWidth(l.Label, labelSize, sans)+6 > column || l.Text == "" {
				x.put(l.Label, labelSize, sans, 0, 1, true)
			} else {
				x.b.texts = append(x.b.texts, text{x: pad, y: x.y + size, size: labelSize, faint: true, s: l.Label})
			}
		}
		if l.Label != "" {
			last = l.Label
		}
		x.put(l.Text, size, f, column, rows, false)
		x.y++
	}
	if x.left <= 0 && x.cut {
		x.left = 1
		x.put("(more in the text form)", labelSize, sans, 0, 1, true)
	}
}

// tooltip is the whole text of a node.
func tooltip(n *Node) string {
	var b strings.Builder
	head := strings.TrimSpace(n.Name + " " + n.Title)
	fmt.Fprintf(&b, "%s", head)
	if n.State != "" {
		fmt.Fprintf(&b, " (%s)", n.State)
	}
	for _, l := range n.Lines {
		b.WriteString("\n")
		if l.Label != "" {
			b.WriteString(l.Label + ": ")
		}
		b.WriteString(l.Text)
	}
	if len(n.Cites) > 0 {
		b.WriteString("\n[" + join(n.Cites) + "]")
	}
	return b.String()
}
