// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

// legend explains one sign that the picture uses.
type legend struct {
	x, y  int
	state State
	kind  Kind
	label text
}

// trackX is where a track of the gutter behind column c runs.
func (l *layout) trackX(c, track int) int {
	return l.cols[c].x + l.cols[c].w + 12 + track*trackStep
}

// across sets the places from left to right, with gutters as wide as their tracks and
// labels need.
func (l *layout) across() {
	x := margin
	for c := range l.cols {
		col := &l.cols[c]
		col.x = x
		tracks, labels := 0, 0
		for _, r := range l.runs[c] {
			if !r.straight {
				tracks = max(tracks, r.track+1)
			}
		}
		for i := range l.wires {
			w := &l.wires[i]
			if l.spotOf(w.to).col == c+1 && w.in.label != "" {
				labels = max(labels, textWidth(w.in.label, labelSize, sans)+labelGap)
			}
		}
		col.gutter = max(minGutter, 12+tracks*trackStep+labels+arrow+10)
		for _, b := range col.blocks {
			for _, k := range b.boxes {
				l.boxes[k].x = x
				if b.group != none {
					l.boxes[k].x += framePad
				}
			}
		}
		x += col.w + col.gutter
	}
	last := &l.cols[len(l.cols)-1]
	l.w = last.x + last.w + margin
}

// trace sets the points of every wire, and one label at each port.
func (l *layout) trace() {
	laneY := l.laneHeights()
	track := make([]map[string]int, len(l.cols))
	straight := make([]map[string]bool, len(l.cols))
	for c := range l.runs {
		track[c], straight[c] = map[string]int{}, map[string]bool{}
		for _, r := range l.runs[c] {
			track[c][r.bus], straight[c][r.bus] = r.track, r.straight
		}
	}
	type entry struct {
		end int
		key portKey
	}
	labelled := map[entry]bool{}
	for i := range l.wires {
		w := &l.wires[i]
		a := l.spotOf(w.from).col
		fx, _, fw, _ := l.rect(w.from)
		hops := l.hops(w, laneY)
		w.points = []point{{fx + fw, hops[0].in}}
		for k, h := range hops {
			if !straight[a+k][w.bus] {
				x := l.trackX(a+k, track[a+k][w.bus])
				w.points = append(w.points, point{x, h.in}, point{x, h.out})
			}
		}
		tx, _, _, _ := l.rect(w.to)
		y := hops[len(hops)-1].out
		w.points = simplify(append(w.points, point{tx, y}))
		e := entry{w.to, w.in}
		if w.in.label != "" && !labelled[e] {
			labelled[e] = true
			end := l.cols[l.spotOf(w.to).col].x
			w.label = text{x: end - arrow - 4 - textWidth(w.in.label, labelSize, sans), y: y - 4, size: labelSize, faint: true, s: w.in.label}
		}
	}
}

// simplify drops points that stand still or lie on the way.
func simplify(ps []point) []point {
	var out []point
	for _, p := range ps {
		n := len(out)
		switch {
		case n > 0 && out[n-1] == p:
			continue
		case n > 1 && (out[n-1].x == out[n-2].x && p.x == out[n-1].x || out[n-1].y == out[n-2].y && p.y == out[n-1].y):
			out[n-1] = p
			continue
		}
		out = append(out, p)
	}
	return out
}

// finish titles frames and columns, adds the legend and measures the whole.
func (l *layout) finish() {
	bottom := l.top
	for c := range l.cols {
		col := &l.cols[c]
		if title := l.g.Layers[col.layer].Title; title != "" && (c == 0 || l.cols[c-1].layer != col.layer) {
			l.head = append(l.head, text{x: col.x, y: l.top + 8, size: 11, face: bold, faint: true, s: elide(title, col.w, 11, bold)})
		}
		for i := range col.blocks {
			b := &col.blocks[i]
			bottom = max(bottom, b.y+b.h)
			if b.group == none {
				continue
			}
			more := ""
			if b.part > 0 {
				more = " (continued)"
			}
			s := elide(l.g.Groups[b.group].Title, col.w-2*framePad-textWidth(more, 12, bold), 12, bold) + more
			b.title = text{x: col.x + framePad + 1, y: b.y + 16, size: 12, face: bold, s: s}
		}
		bottom = max(bottom, l.gapY(c, len(col.blocks))+laneRoom(col.lanes[len(col.blocks)]))
	}
	for _, t := range l.head {
		l.w = max(l.w, t.x+textWidth(t.s, t.size, t.face)+margin)
	}
	l.h = l.legend(bottom+gap) + margin
}

// stateWords explains the states in the order of the legend.
var stateWords = []struct {
	state State
	text  string
}{{Violated, "violated"}, {Open, "open: needs a person or a fact"}, {Holds, "holds"}, {NotShown, "neither shown nor denied"}, {Off, "does not apply, or not on this day"}}

// kindWords explains the kinds of requirements.
var kindWords = []struct {
	kind Kind
	text string
}{
	{"forbid", "forbids unless"},
	{"oblige", "a duty"},
	{"localise", "where"},
	{"retain", "how long"},
	{"qualify", "adds conditions"},
	{"review", "open in law"},
	{"permit", "permits"},
}

// legend stands below everything and returns the height at which it ends.
func (l *layout) legend(y int) int {
	states, kinds := map[State]bool{}, map[Kind]bool{}
	for i := range l.g.Nodes {
		states[l.g.Nodes[i].State] = true
		kinds[l.g.Nodes[i].Kind] = true
	}
	x := margin
	put := func(s State, k Kind, label string) {
		w := 22 + textWidth(label, labelSize, sans) + 18
		if x+w > l.w-margin && x > margin {
			x = margin
			y += 20
		}
		l.key = append(l.key, legend{x: x, y: y, state: s, kind: k, label: text{x: x + 22, y: y + 12, size: labelSize, faint: true, s: label}})
		x += w
	}
	for _, s := range stateWords {
		if states[s.state] {
			put(s.state, "", s.text)
		}
	}
	for _, k := range kindWords {
		if kinds[k.kind] {
			put("", k.kind, string(k.kind)+": "+k.text)
		}
	}
	if len(l.key) == 0 {
		return y - gap
	}
	return y + 18
}
