// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"cmp"
	"fmt"
	"slices"
)

// wire is an edge on its way. Wires with the same bus share tracks and lanes: those that
// fan out of one box, or run into one box with the same label.
type wire struct {
	edge     int
	from, to int
	bus      string
	in, out  portKey
	// gaps are the gaps through which it passes the columns between its ends.
	gaps   []int
	points []point
	label  text
}

type point struct{ x, y int }

// portKey tells the ports of a box apart: wires with the same one leave or enter
// together.
type portKey struct {
	label string
	state State
}

const (
	portTop  = 20 // the first port of a box
	inStep   = 17
	outStep  = 9
	arrow    = 7
	labelGap = 8
)

// connect makes wires of the edges, finds their buses and gives boxes room for ports.
func (l *layout) connect() {
	inDegree, outDegree := map[string]int{}, map[string]int{}
	inKey := func(e *Edge) string { return fmt.Sprintf("%s|%s|%s", e.To, e.Label, e.State) }
	outKey := func(e *Edge) string { return fmt.Sprintf("%s|%s", e.From, e.State) }
	for i := range l.g.Edges {
		inDegree[inKey(&l.g.Edges[i])]++
		outDegree[outKey(&l.g.Edges[i])]++
	}
	for i := range l.g.Edges {
		e := &l.g.Edges[i]
		from, ok := l.end(e.From)
		to, ok2 := l.end(e.To)
		if !ok || !ok2 || l.layerOf(from) >= l.layerOf(to) {
			continue // no picture of ours has one; see the tests
		}
		w := wire{edge: i, from: from, to: to, in: portKey{e.Label, e.State}, out: portKey{state: e.State}, bus: "to " + inKey(e)}
		if outDegree[outKey(e)] > 1 && inDegree[inKey(e)] == 1 {
			w.bus = "from " + outKey(e)
		}
		l.ins[to] = add(l.ins[to], w.in)
		l.outs[from] = add(l.outs[from], w.out)
		l.wires = append(l.wires, w)
	}
	for end, ports := range l.ins {
		if end >= 0 {
			l.boxes[end].h = max(l.boxes[end].h, portTop+inStep*(len(ports)-1)+8)
		}
	}
	for end, ports := range l.outs {
		if end >= 0 {
			l.boxes[end].h = max(l.boxes[end].h, portTop+outStep*(len(ports)-1)+8)
		}
	}
}

func (l *layout) layerOf(end int) int {
	if end >= 0 {
		return l.g.Nodes[end].Layer
	}
	return l.g.Groups[^end].Layer
}

func add(list []portKey, k portKey) []portKey {
	if slices.Contains(list, k) {
		return list
	}
	return append(list, k)
}

// route finds the way of every wire; boxes move down to make room for lanes.
func (l *layout) route() {
	l.choosePorts()
	l.chooseGaps()
	l.place()
	l.choosePorts()
	for range 3 {
		if !l.tracks() {
			break
		}
	}
	l.across()
	l.trace()
}

// choosePorts orders the ports of each end by where their wires go.
func (l *layout) choosePorts() {
	order := func(ports map[int][]portKey, mine func(*wire) (int, portKey, int)) {
		for end := range ports {
			slices.SortStableFunc(ports[end], func(a, b portKey) int {
				return cmp.Compare(l.firstY(end, a, mine), l.firstY(end, b, mine))
			})
		}
	}
	order(l.ins, func(w *wire) (int, portKey, int) { return w.to, w.in, w.from })
	order(l.outs, func(w *wire) (int, portKey, int) { return w.from, w.out, w.to })
}

func (l *layout) firstY(end int, k portKey, mine func(*wire) (int, portKey, int)) int {
	y := 1 << 30
	for i := range l.wires {
		if here, key, there := mine(&l.wires[i]); here == end && key == k {
			_, ty, _, _ := l.rect(there)
			y = min(y, ty)
		}
	}
	return y
}

func (l *layout) inY(w *wire) int {
	_, y, _, h := l.rect(w.to)
	if w.to < 0 {
		h = 2 * portTop
	}
	return y + min(portTop, h/2) + inStep*slices.Index(l.ins[w.to], w.in)
}

func (l *layout) outY(w *wire) int {
	_, y, _, h := l.rect(w.from)
	if w.from < 0 {
		h = 2 * portTop
	}
	return y + min(portTop, h/2) + outStep*slices.Index(l.outs[w.from], w.out)
}

// chooseGaps picks, in each column between the ends of a wire, the gap that is nearest to
// the straight line. Wires of one bus share a lane.
func (l *layout) chooseGaps() {
	seen := map[string]bool{}
	for i := range l.wires {
		w := &l.wires[i]
		a, b := l.spotOf(w.from).col, l.spotOf(w.to).col
		y0, y1 := l.outY(w), l.inY(w)
		for c := a + 1; c < b; c++ {
			want := y0 + (y1-y0)*(c-a)/(b-a)
			best, off := 0, 1<<30
			for g := 0; g <= len(l.cols[c].blocks); g++ {
				if d := abs(l.gapY(c, g) - want); d < off {
					best, off = g, d
				}
			}
			w.gaps = append(w.gaps, best)
			if id := l.lane(w, c, best); !seen[id] {
				seen[id] = true
				l.cols[c].lanes[best]++
			}
		}
	}
}

func (l *layout) lane(w *wire, c, g int) string { return fmt.Sprintf("%d/%d/%s", c, g, w.bus) }

// gapY is the top of the gap above block g.
func (l *layout) gapY(c, g int) int {
	if g == 0 {
		return l.top + headRow
	}
	b := &l.cols[c].blocks[g-1]
	return b.y + b.h
}

// run is the vertical part of a bus in a gutter.
type run struct {
	bus       string
	y0, y1    int // of the first wire: where it comes from and goes to
	low, high int
	track     int
	straight  bool
	wires     []int
}

// hop is the part of a wire in one gutter.
type hop struct{ in, out int }

// hops are the heights at which a wire enters and leaves each gutter.
func (l *layout) hops(w *wire, laneY map[string]int) []hop {
	a := l.spotOf(w.from).col
	y := l.outY(w) + l.shift(w)
	var out []hop
	for i, g := range w.gaps {
		next := laneY[l.lane(w, a+1+i, g)]
		out = append(out, hop{y, next})
		y = next
	}
	return append(out, hop{y, l.inY(w)})
}

// shift keeps a wire that leaves a box from lying on one that enters the next column at
// the same height.
func (l *layout) shift(w *wire) int { return l.nudge[outPort{w.from, w.out}] }

type outPort struct {
	end int
	key portKey
}

// laneHeights numbers the lanes of each gap.
func (l *layout) laneHeights() map[string]int {
	out := map[string]int{}
	used := map[spot]int{}
	for i := range l.wires {
		w := &l.wires[i]
		a := l.spotOf(w.from).col
		for k, g := range w.gaps {
			c := a + 1 + k
			id := l.lane(w, c, g)
			if _, ok := out[id]; !ok {
				used[spot{c, g}]++
				out[id] = l.gapY(c, g) + 2 + used[spot{c, g}]*laneStep
			}
		}
	}
	return out
}

// tracks gives every run a track of its gutter, so that wires that cross do so once. It
// tells whether a port was nudged, so that it has to be done again.
func (l *layout) tracks() bool {
	laneY := l.laneHeights()
	l.runs = make([][]run, len(l.cols))
	for i := range l.wires {
		w := &l.wires[i]
		a := l.spotOf(w.from).col
		for k, h := range l.hops(w, laneY) {
			l.addRun(a+k, i, w.bus, h)
		}
	}
	moved := false
	for c := range l.runs {
		assign(l.runs[c])
		moved = l.separate(c, laneY) || moved
	}
	return moved
}

func (l *layout) addRun(c, wire int, bus string, h hop) {
	for i := range l.runs[c] {
		r := &l.runs[c][i]
		if r.bus == bus {
			r.low, r.high = min(r.low, h.in, h.out), max(r.high, h.in, h.out)
			r.straight = r.straight && h.in == h.out
			r.wires = append(r.wires, wire)
			return
		}
	}
	l.runs[c] = append(l.runs[c], run{bus: bus, y0: h.in, y1: h.out, low: min(h.in, h.out), high: max(h.in, h.out), straight: h.in == h.out, wires: []int{wire}})
}

// assign sets tracks from left to right: of runs that go down the lowest first, of runs
// that go up the highest first; then they cross least.
func assign(runs []run) {
	order := make([]*run, len(runs))
	for i := range runs {
		order[i] = &runs[i]
	}
	slices.SortStableFunc(order, func(a, b *run) int {
		da, db := a.y1 >= a.y0, b.y1 >= b.y0
		switch {
		case da && db:
			return cmp.Compare(b.y0, a.y0)
		case !da && !db:
			return cmp.Compare(a.y0, b.y0)
		}
		return 0
	})
	for i, r := range order {
		r.track = 0
		for _, o := range order[:i] {
			if !r.straight && !o.straight && r.low <= o.high+4 && o.low <= r.high+4 {
				r.track = max(r.track, o.track+1)
			}
		}
	}
}

// separate nudges ports whose wires would lie on another wire.
func (l *layout) separate(c int, laneY map[string]int) bool {
	type stub struct{ y, track, wire int }
	var ins, outs []stub
	for i := range l.runs[c] {
		r := &l.runs[c][i]
		for _, k := range r.wires {
			w := &l.wires[k]
			h := l.hops(w, laneY)[c-l.spotOf(w.from).col]
			ins, outs = append(ins, stub{h.in, r.track, k}), append(outs, stub{h.out, r.track, k})
		}
	}
	moved := false
	for _, a := range ins {
		w := &l.wires[a.wire]
		if l.spotOf(w.from).col != c {
			continue
		}
		for _, b := range outs {
			if l.wires[b.wire].bus == w.bus || abs(a.y-b.y) > 3 || b.track > a.track {
				continue
			}
			if l.wires[b.wire].from == w.from && l.wires[b.wire].out == w.out {
				continue
			}
			p := outPort{w.from, w.out}
			_, y, _, h := l.rect(w.from)
			if l.nudge[p] < 12 && a.y+6 < y+h-4 {
				l.nudge[p] += 6
				moved = true
				break
			}
		}
	}
	return moved
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
