// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import "github.com/comity-project/comity/internal/pack"

// maxRulings bounds the notable decisions beside a regime.
const maxRulings = 5

// penalties adds what a breach can cost on a day, and what was imposed by then.
func penalties(n *Node, p *pack.Pack, on pack.Day) {
	label := "penalty"
	for _, x := range p.PenaltiesOn(on) {
		n.line(label, x.Line())
		label = ""
	}
	label = "imposed"
	list := p.RulingsUntil(on)
	for _, r := range list[:min(len(list), maxRulings)] {
		n.line(label, r.Line())
		label = ""
	}
}
