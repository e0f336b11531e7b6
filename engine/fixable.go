// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/comity-project/comity/internal/pack"

// fixes tells which truth values a condition can be given by changes of facts that remedies
// may make; most conditions are about what is, and never need to be looked at.
type fixes uint8

const (
	fixTrue fixes = 1 << iota
	fixFalse
)

// swapped is the same of the opposite condition.
func (x fixes) swapped() fixes { return x>>1&fixTrue | x<<1&fixFalse }

// canFix tells whether changes of facts could give an entry of Program.kids a truth value.
func (p *Program) canFix(k uint32, want bool) bool {
	if want {
		return p.fixesOf(k)&fixTrue != 0
	}
	return p.fixesOf(k)&fixFalse != 0
}

// findFixable fills Program.fixable, as remedyFinder.satisfy goes through conditions; kids
// come before the nodes that hold them.
func (p *Program) findFixable() {
	p.fixableAtoms = make([]fixes, len(p.atoms))
	for i := range p.atoms {
		p.fixableAtoms[i] = p.atomFixes(&p.atoms[i])
	}
	p.fixable = make([]fixes, len(p.nodes))
	for id := range p.nodes {
		n := &p.nodes[id]
		kids := p.kids[n.first:n.last]
		switch n.op {
		case pack.OpAtom:
			p.fixable[id] = p.fixableAtoms[n.atom]
		case pack.OpNot, pack.OpNotShown:
			p.fixable[id] = p.fixesOf(kids[0]).swapped()
		default:
			for _, k := range kids {
				p.fixable[id] |= p.fixesOf(k)
			}
		}
	}
}

func (p *Program) fixesOf(k uint32) fixes {
	if k&atomBit != 0 {
		return p.fixableAtoms[k&^atomBit]
	}
	return p.fixable[k]
}

// atomFixes is what satisfyAtom can do for a comparison.
func (p *Program) atomFixes(a *atom) fixes {
	if a.kind == atomRef {
		if a.fact == p.date && p.changeable(a.ref) && p.facts[a.ref].def.Kind == pack.KindDay {
			return fixTrue
		}
		return 0
	}
	if !p.changeable(a.fact) {
		return 0
	}
	switch a.kind {
	case atomNum:
		if p.facts[a.fact].def.Kind == pack.KindBool {
			return fixTrue | fixFalse
		}
	case atomEnum, atomRegion:
		if a.cmp == pack.In {
			return fixTrue
		}
		return fixFalse
	}
	return 0
}
