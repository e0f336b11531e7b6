// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"math"
	"slices"
)

// A picture is laid out in columns. A column holds blocks, one under the other; a block
// is one box, or a frame with boxes (a group, or a part of one that goes on in the next
// column). Edges run only in the gutters between columns and in the gaps between blocks,
// so that they never cross a box.

// layout is a graph with a place for everything.
type layout struct {
	g      *Graph
	widths []int // one for each layer
	boxes  []box // one for each node
	cols   []column
	wires  []wire
	// at gives the column and block of each box.
	at   []spot
	ins  map[int][]portKey
	outs map[int][]portKey
	// runs are the vertical parts of wires in each gutter; nudge moves ports a little.
	runs  [][]run
	nudge map[outPort]int
	w, h  int
	top   int
	head  []text
	key   []legend
}

type spot struct{ col, block int }

type column struct {
	layer  int
	x, w   int
	blocks []block
	// lanes counts the edges that pass above each block, and below the last.
	lanes []int
	// gutter is the width of the space to the right.
	gutter int
}

// block is a box by itself (group is none) or a frame.
type block struct {
	group int
	part  int
	boxes []int
	y, h  int
	title text
}

const (
	none      = -1
	margin    = 26
	laneStep  = 7
	trackStep = 8
	minGutter = 34
	aspect    = 1.5 // wished width by height
	headRow   = 20  // the titles of the columns
	maxCard   = 330 // the widest card
	// maxColumns is into how many columns a layer is split at most.
	maxColumns = 7
)

// lay lays out a graph.
func lay(g *Graph) *layout {
	l := &layout{g: g, at: make([]spot, len(g.Nodes)), ins: map[int][]portKey{}, outs: map[int][]portKey{}, nudge: map[outPort]int{}}
	widths := layerWidths(g)
	for i := range g.Nodes {
		n := &g.Nodes[i]
		w := widths[n.Layer]
		if n.Group != "" {
			w -= 2 * framePad
		}
		b := layBox(n, w, &g.Layers[n.Layer])
		b.node = i
		l.boxes = append(l.boxes, b)
	}
	l.widths = widths
	l.connect()
	l.columns()
	l.heading()
	l.place()
	l.route()
	l.finish()
	return l
}

// layerWidths widens layers of cards so that their names can be read in full.
func layerWidths(g *Graph) []int {
	out := make([]int, len(g.Layers))
	for i := range g.Layers {
		out[i] = g.Layers[i].Width
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if !g.Layers[n.Layer].Compact {
			continue
		}
		w := textWidth(n.Name, nameSize, bold) + textWidth(pillText(n), labelSize-1, sans) + 2*pad + 16
		if n.Group != "" {
			w += 2 * framePad
		}
		out[n.Layer] = max(out[n.Layer], min(w, maxCard))
	}
	return out
}

// blocksOf stacks the nodes of a layer; a group stands where its first node stands.
func (l *layout) blocksOf(layer int) []block {
	var out []block
	byGroup := map[string]int{}
	for i := range l.g.Nodes {
		n := &l.g.Nodes[i]
		if n.Layer != layer {
			continue
		}
		if n.Group == "" {
			out = append(out, block{group: none, boxes: []int{i}})
			continue
		}
		at, ok := byGroup[n.Group]
		if !ok {
			at = len(out)
			byGroup[n.Group] = at
			out = append(out, block{group: slices.IndexFunc(l.g.Groups, func(g Group) bool { return g.ID == n.Group })})
		}
		out[at].boxes = append(out[at].boxes, i)
	}
	return out
}

// height is that of a block: of its box, or of a frame around its boxes.
func (l *layout) height(b *block) int {
	if b.group == none {
		return l.boxes[b.boxes[0]].h
	}
	h := l.frameTop(b) + framePad - innerGap
	for _, i := range b.boxes {
		h += l.boxes[i].h + innerGap
	}
	return h
}

// frameTop is the room above the boxes of a frame: for its title, and for the ports of the
// edges that lead to it.
func (l *layout) frameTop(b *block) int {
	if b.part > 0 {
		return frameHead
	}
	return max(frameHead, portTop+inStep*(len(l.ins[^b.group])-1))
}

// columns decides into how many columns the spread layers are split, so that the picture
// comes near to the wished proportions.
func (l *layout) columns() {
	var layers [][]block
	wishes := []int{1 << 20}
	for i := range l.g.Layers {
		blocks := l.blocksOf(i)
		layers = append(layers, blocks)
		if l.g.Layers[i].Spread {
			for k := 1; k <= maxColumns; k++ {
				wishes = append(wishes, l.stack(blocks)/k)
			}
		}
	}
	best := math.Inf(1)
	for _, wished := range wishes {
		cols := l.split(layers, wished)
		if off := l.cost(cols); off < best {
			best = off
			l.cols = cols
		}
	}
	for c := range l.cols {
		for b := range l.cols[c].blocks {
			for _, i := range l.cols[c].blocks[b].boxes {
				l.at[i] = spot{c, b}
			}
		}
		l.cols[c].lanes = make([]int, len(l.cols[c].blocks)+1)
	}
}

// cost is how far columns are from the wished proportions, and how much stays empty.
func (l *layout) cost(cols []column) float64 {
	w, h, used := 0, 1, 0
	for i := range cols {
		x := cols[i].w + minGutter
		y := l.stack(cols[i].blocks)
		w += x
		h = max(h, y)
		used += x * y
	}
	return math.Abs(math.Log(float64(w)/float64(h)/aspect)) + 1 - float64(used)/float64(w*h)
}

func (l *layout) stack(blocks []block) int {
	h := 0
	for i := range blocks {
		h += l.height(&blocks[i]) + gap
	}
	return h
}

// split makes columns of about the wished height out of spread layers, and one column
// out of any other.
func (l *layout) split(layers [][]block, wished int) (cols []column) {
	for i, blocks := range layers {
		ly := l.g.Layers[i]
		parts := [][]block{blocks}
		if ly.Spread {
			parts = l.flow(blocks, wished)
			// The same number of columns, as even as it gets.
			for w := wished * 9 / 10; len(parts) > 1 && w > minGutter; w = w * 98 / 100 {
				even := l.flow(blocks, w)
				if len(even) > len(parts) {
					break
				}
				parts = even
			}
		}
		for _, p := range parts {
			cols = append(cols, column{layer: i, w: l.widths[i], blocks: p})
		}
	}
	return cols
}

// flow fills columns up to a height; a frame goes on in the next column where it must.
func (l *layout) flow(blocks []block, wished int) [][]block {
	var out [][]block
	var col []block
	y := 0
	turn := func() {
		if len(col) > 0 {
			out = append(out, col)
			col, y = nil, 0
		}
	}
	for i := range blocks {
		b := &blocks[i]
		whole := l.height(b)
		if b.group == none || y+whole <= wished {
			if y > 0 && y+whole > wished+wished/20 {
				turn()
			}
			col = append(col, *b)
			y += whole + gap
			continue
		}
		part := block{group: b.group}
		for _, box := range b.boxes {
			part.boxes = append(part.boxes, box)
			if h := l.height(&part); y+h > wished+wished/20 && (len(part.boxes) > 1 || y > 0) {
				part.boxes = part.boxes[:len(part.boxes)-1]
				if len(part.boxes) > 0 {
					col = append(col, part)
					part = block{group: b.group, part: part.part + 1}
				}
				turn()
				part.boxes = []int{box}
			}
		}
		col = append(col, part)
		y += l.height(&part) + gap
	}
	turn()
	return out
}

// heading lays out the title, the description and the room for them.
func (l *layout) heading() {
	w := 0
	for i := range l.cols {
		w += l.cols[i].w + minGutter
	}
	w = max(w, 480) // a picture of one column still has room for its title
	y := margin
	indent := 0
	if l.g.State != "" {
		indent = 26
	}
	lines, _ := wrap(l.g.Title, w-indent, 19, bold, 3)
	for _, s := range lines {
		y += 24
		l.head = append(l.head, text{x: margin + indent, y: y - 6, size: 19, face: bold, s: s})
	}
	lines, _ = wrap(l.g.Text, w, 12, sans, 4)
	for _, s := range lines {
		y += 16
		l.head = append(l.head, text{x: margin, y: y - 3, size: 12, faint: true, s: s})
	}
	l.top = y + 12
}

// place gives every block its height: from the top in spread layers, beside what it is
// linked with in the others.
func (l *layout) place() {
	for c := range l.cols {
		for b := range l.cols[c].blocks {
			l.cols[c].blocks[b].y = 0
		}
	}
	for pass := range 3 {
		for k := range l.cols {
			c := k
			if pass == 1 {
				c = len(l.cols) - 1 - k
			}
			l.stackColumn(c, pass == 1)
		}
	}
}

// stackColumn stacks the blocks of a column, each no higher than the first it is linked
// with on the side from which the pass comes.
func (l *layout) stackColumn(c int, fromRight bool) {
	col := &l.cols[c]
	free := !l.g.Layers[col.layer].Spread
	y := l.top + headRow
	slack := l.tallest() - l.need(c)
	for i := range col.blocks {
		b := &col.blocks[i]
		b.h = l.height(b)
		y += laneRoom(col.lanes[i])
		if want, ok := l.wish(c, i, fromRight); free && ok {
			down := min(max(want, b.y)-y, slack)
			if down > 0 {
				y += down
				slack -= down
			}
		}
		b.y = y
		inner := y
		if b.group != none {
			inner += l.frameTop(b)
		}
		for _, k := range b.boxes {
			l.boxes[k].y = inner
			inner += l.boxes[k].h + innerGap
		}
		y += b.h + gap
	}
}

// need is the height of a column without slack, tallest that of the tallest: no wish for
// a place makes the picture higher than that.
func (l *layout) need(c int) int {
	h := l.stack(l.cols[c].blocks)
	for _, n := range l.cols[c].lanes {
		h += laneRoom(n)
	}
	return h
}

func (l *layout) tallest() int {
	h := 0
	for c := range l.cols {
		h = max(h, l.need(c))
	}
	return h
}

func laneRoom(lanes int) int {
	if lanes == 0 {
		return 0
	}
	return lanes*laneStep + 6
}

// wish is the height at which a block stands level with the first end on the other side
// of its edges.
func (l *layout) wish(c, i int, fromRight bool) (y int, ok bool) {
	for k := range l.wires {
		w := &l.wires[k]
		here, there := w.to, w.from
		if fromRight {
			here, there = w.from, w.to
		}
		s := l.spotOf(here)
		if s.col != c || s.block != i {
			continue
		}
		_, hy, _, _ := l.rect(here)
		_, ty, _, _ := l.rect(there)
		want := ty - (hy - l.cols[c].blocks[i].y)
		if !ok || want < y {
			y, ok = want, true
		}
	}
	return y, ok
}

// An end of an edge is a box (its number) or the first part of a group (^number).

func (l *layout) end(id string) (int, bool) {
	for i := range l.g.Nodes {
		if l.g.Nodes[i].ID == id {
			return i, true
		}
	}
	for i := range l.g.Groups {
		if l.g.Groups[i].ID == id {
			return ^i, true
		}
	}
	return 0, false
}

func (l *layout) spotOf(end int) spot {
	if end >= 0 {
		return l.at[end]
	}
	for c := range l.cols {
		for b := range l.cols[c].blocks {
			if l.cols[c].blocks[b].group == ^end {
				return spot{c, b}
			}
		}
	}
	return spot{}
}

// rect is the place of an end.
func (l *layout) rect(end int) (x, y, w, h int) {
	if end >= 0 {
		b := &l.boxes[end]
		return b.x, b.y, b.w, b.h
	}
	s := l.spotOf(end)
	b := &l.cols[s.col].blocks[s.block]
	return l.cols[s.col].x, b.y, l.cols[s.col].w, b.h
}
