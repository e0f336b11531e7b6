// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

// sat decides satisfiability by learning clauses from conflicts (Marques-Silva and Sakallah
// 1996; two watched literals, Moskewicz et al. 2001). Clauses may be added between solutions,
// and each solution may assume literals: the questions here are thousands of small steps over
// formulas that hardly change, which the library's solver, built anew for each step and
// guarded by a lock, takes minutes for. A test holds the two against each other.
type sat struct {
	clauses [][]lit
	watches [][]int32 // per literal, the clauses that watch it
	value   []int8    // per variable: 1 true, -1 false, 0 open
	level   []int32
	reason  []int32 // the clause that implied a variable, -1 if none
	trail   []lit
	limits  []int // where each level begins on the trail
	next    int   // first of the trail whose consequences are not drawn
	phase   []bool
	seen    []bool
	heat    []float64
	step    float64
	order   varHeap
	broken  bool
	// tired: the last question was given up after maxLearned conflicts.
	tired bool
}

// maxLearned bounds the conflicts of one question to the solver.
const maxLearned = 200_000

func newSat() *sat { return &sat{step: 1, order: varHeap{}} }

// slot is the place of a literal in a table.
func slot(l lit) int {
	if l < 0 {
		return -2*int(l) + 1
	}
	return 2 * int(l)
}

func (s *sat) of(l lit) int8 {
	if l < 0 {
		return -s.value[-l]
	}
	return s.value[l]
}

// grow makes room for variables up to n.
func (s *sat) grow(n int) {
	for len(s.value) <= n {
		v := len(s.value)
		s.value, s.level, s.reason = append(s.value, 0), append(s.level, 0), append(s.reason, -1)
		s.phase, s.seen, s.heat = append(s.phase, false), append(s.seen, false), append(s.heat, 0)
		s.watches = append(s.watches, nil, nil)
		s.order.place = append(s.order.place, -1)
		if v > 0 {
			s.order.push(s, v)
		}
	}
}

// add takes a clause over; it takes back all that was only assumed.
func (s *sat) add(c []lit) {
	s.undo(0)
	kept := c[:0]
	for _, l := range c {
		switch s.of(l) {
		case 1:
			return
		case 0:
			kept = append(kept, l)
		}
	}
	switch len(kept) {
	case 0:
		s.broken = true
	case 1:
		s.set(kept[0], -1)
		s.broken = s.broken || s.propagate() >= 0
	default:
		s.attach(kept)
	}
}

func (s *sat) attach(c []lit) int32 {
	n := int32(len(s.clauses))
	s.clauses = append(s.clauses, c)
	for _, l := range c[:2] {
		s.watches[slot(l)] = append(s.watches[slot(l)], n)
	}
	return n
}

func (s *sat) set(l lit, why int32) {
	v := abs(l)
	s.value[v], s.phase[v] = 1, l > 0
	if l < 0 {
		s.value[v] = -1
	}
	s.level[v], s.reason[v] = int32(len(s.limits)), why
	s.trail = append(s.trail, l)
}

// undo goes back to a level.
func (s *sat) undo(level int) {
	if len(s.limits) <= level {
		return
	}
	from := s.limits[level]
	for _, l := range s.trail[from:] {
		v := abs(l)
		s.value[v] = 0
		s.order.push(s, v)
	}
	s.trail, s.limits, s.next = s.trail[:from], s.limits[:level], from
}

// propagate draws all consequences; the clause that cannot hold, or -1.
func (s *sat) propagate() int32 {
	for s.next < len(s.trail) {
		gone := -s.trail[s.next]
		s.next++
		list := s.watches[slot(gone)]
		kept := list[:0]
		for i, n := range list {
			c := s.clauses[n]
			if c[0] == gone {
				c[0], c[1] = c[1], c[0]
			}
			if s.of(c[0]) == 1 || !s.rewatch(c, n) {
				kept = append(kept, n)
				if s.of(c[0]) == -1 {
					s.watches[slot(gone)] = append(kept, list[i+1:]...)
					return n
				}
				if s.of(c[0]) == 0 {
					s.set(c[0], n)
				}
			}
		}
		s.watches[slot(gone)] = kept
	}
	return -1
}

// rewatch lets a clause watch another literal that is not false; false if there is none.
func (s *sat) rewatch(c []lit, n int32) bool {
	for k := 2; k < len(c); k++ {
		if s.of(c[k]) != -1 {
			c[1], c[k] = c[k], c[1]
			s.watches[slot(c[1])] = append(s.watches[slot(c[1])], n)
			return true
		}
	}
	return false
}

// learn finds the clause that a conflict teaches, its deciding literal first, and the level to
// go back to.
func (s *sat) learn(conflict int32) (learned []lit, back int) {
	learned = []lit{0}
	open, at := 0, len(s.trail)-1
	c := s.clauses[conflict]
	var seen []int
	for {
		for _, l := range c {
			v := abs(l)
			if s.seen[v] || s.level[v] == 0 {
				continue
			}
			s.seen[v], seen = true, append(seen, v)
			s.warm(v)
			if int(s.level[v]) == len(s.limits) {
				open++
				continue
			}
			learned = append(learned, l)
			if back = max(back, int(s.level[v])); int(s.level[v]) == back {
				last := len(learned) - 1
				learned[1], learned[last] = learned[last], learned[1]
			}
		}
		for !s.seen[abs(s.trail[at])] {
			at--
		}
		l := s.trail[at]
		at--
		if open--; open == 0 {
			learned[0] = -l
			break
		}
		c = s.clauses[s.reason[abs(l)]]
	}
	for _, v := range seen {
		s.seen[v] = false
	}
	s.step *= 1.05
	return learned, back
}

func (s *sat) warm(v int) {
	if s.heat[v] += s.step; s.heat[v] > 1e100 {
		for i := range s.heat {
			s.heat[i] *= 1e-100
		}
		s.step *= 1e-100
	}
	s.order.up(s, s.order.place[v])
}

// solve tells whether the clauses and the assumptions can hold together; the values then
// stand until the next call.
func (s *sat) solve(assume []lit) bool {
	s.undo(0)
	if s.broken {
		return false
	}
	conflicts, limit, all := 0, 100, 0
	s.tired = false
	for {
		if c := s.propagate(); c >= 0 {
			if len(s.limits) == 0 {
				s.broken = true
				return false
			}
			conflicts++
			if all++; all > maxLearned {
				s.tired = true
				return false
			}
			learned, back := s.learn(c)
			s.undo(back)
			if len(learned) == 1 {
				s.set(learned[0], -1)
			} else {
				s.set(learned[0], s.attach(learned))
			}
			continue
		}
		if conflicts > limit {
			conflicts, limit = 0, limit+limit/2
			s.undo(0)
			continue
		}
		done, failed := s.decide(assume)
		if done || failed {
			return done
		}
	}
}

// decide opens a level with the next assumption, or with a variable that is open.
func (s *sat) decide(assume []lit) (done, failed bool) {
	for len(s.limits) < len(assume) {
		l := assume[len(s.limits)]
		switch s.of(l) {
		case -1:
			return false, true
		case 1:
			s.limits = append(s.limits, len(s.trail))
		default:
			s.limits = append(s.limits, len(s.trail))
			s.set(l, -1)
			return false, false
		}
	}
	for {
		v := s.order.pop(s)
		if v == 0 {
			return true, false
		}
		if s.value[v] == 0 {
			s.limits = append(s.limits, len(s.trail))
			s.set(sign(lit(v), s.phase[v]), -1)
			return false, false
		}
	}
}

// varHeap orders the open variables, the hottest first.
type varHeap struct {
	vars  []int
	place []int // per variable, -1 if it is not in the heap
}

func (h *varHeap) push(s *sat, v int) {
	if h.place[v] < 0 {
		h.place[v] = len(h.vars)
		h.vars = append(h.vars, v)
		h.up(s, h.place[v])
	}
}

func (h *varHeap) up(s *sat, i int) {
	for i > 0 {
		p := (i - 1) / 2
		if s.heat[h.vars[i]] <= s.heat[h.vars[p]] {
			return
		}
		h.swap(i, p)
		i = p
	}
}

func (h *varHeap) swap(i, j int) {
	h.vars[i], h.vars[j] = h.vars[j], h.vars[i]
	h.place[h.vars[i]], h.place[h.vars[j]] = i, j
}

// pop takes the hottest variable, 0 if there is none.
func (h *varHeap) pop(s *sat) int {
	if len(h.vars) == 0 {
		return 0
	}
	top, last := h.vars[0], len(h.vars)-1
	h.swap(0, last)
	h.vars, h.place[top] = h.vars[:last], -1
	for i := 0; ; {
		k := 2*i + 1
		if k >= last {
			break
		}
		if k+1 < last && s.heat[h.vars[k+1]] > s.heat[h.vars[k]] {
			k++
		}
		if s.heat[h.vars[i]] >= s.heat[h.vars[k]] {
			break
		}
		h.swap(i, k)
		i = k
	}
	return top
}
