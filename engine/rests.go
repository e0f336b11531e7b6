// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/comity-project/comity"

// Rests appends to dst the requirements that an answer rests on, as Decision names them:
// those violated, in conflict, open or in need of facts, or those whose conditions an allow
// has. The input must be the one that res was evaluated from. It costs far less than a
// Decision.
func (p *Program) Rests(in *Input, res *Result, dst []string) []string {
	r := report{p: p, in: in, res: res}
	switch res.effect {
	case comity.Deny:
		for _, i := range res.violated {
			dst = append(dst, r.id(i))
		}
	case comity.Review:
		for _, c := range res.conflicts {
			dst = append(dst, r.id(c.rule), r.id(c.demand))
		}
		for _, i := range res.questions {
			dst = append(dst, r.id(i))
		}
		for _, m := range res.missing {
			if m.rule != none {
				dst = append(dst, r.id(m.rule))
			}
		}
	default:
		for _, h := range res.held {
			if h.open || !p.rules[h.rule].branches[h.branch].settled {
				dst = append(dst, p.rules[h.rule].src.Branches[h.branch].Owner.ID)
			}
		}
		for _, i := range res.applied {
			dst = append(dst, r.id(i))
		}
	}
	return dst
}
