// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

// standards is the order of standards, which is nobody's law.
const standards = "INT"

// OnlyTightens tells a pack that is no law: rules of a company or an industry, and
// standards. Such a pack asks for more than the law does; it never lifts what law forbids.
func (v *Vocabulary) OnlyTightens(p *Pack) bool {
	industry, _ := weightOf("industry")
	return p.Weight <= industry || v.regions.Code(p.Order) == standards
}

// CheckReplaced reports a pack that takes the place of law without being law.
func CheckReplaced(v *Vocabulary, old, p *Pack, probs *Problems) {
	if v.OnlyTightens(p) && !v.OnlyTightens(old) {
		probs.add(p.Pos, "give the pack an id of its own: it stands beside the law",
			"pack %s, of weight %s and order %s, would replace %s, which is law: it can only tighten", p.ID, p.WeightName, v.regions.Code(p.Order), old.Name)
	}
}

// loosening reports the ways by which a pack that can only tighten would lift law: an edge
// in a set on which law rests, a retention law of its own, which exceptions recognise, and
// a permit that law takes over.
func (c *checker) loosening() {
	sets := map[string]*Requirement{}
	for _, p := range c.m.Packs {
		if c.v.OnlyTightens(p) {
			continue
		}
		for _, q := range p.Requirements {
			for i := range q.Unless {
				b := &q.Unless[i]
				if b.EdgeSet != "" && sets[b.EdgeSet] == nil {
					sets[b.EdgeSet] = q
				}
				if used := c.reqs[b.Permit]; used != nil && c.v.OnlyTightens(used.Pack) {
					c.probs.add(b.Pos, "write the permit in a pack of law", "permit %s would lift %s, which is law, but its pack %s can only tighten", used.ID, q.ID, used.Pack.ID)
				}
			}
		}
	}
	for _, p := range c.m.Packs {
		if !c.v.OnlyTightens(p) {
			continue
		}
		for _, e := range p.Edges {
			if q := sets[e.Set]; q != nil {
				c.probs.add(e.Pos, "remove it, or name a set that only exceptions of the pack use",
					"edge %s of set %s would lift %s, which is law, but pack %s can only tighten", e.ID, e.Set, q.ID, p.ID)
			}
		}
		for _, in := range p.Instruments {
			if in.Mandatory {
				c.probs.add(in.Pos, "remove mandatory, and write how long to keep as a requirement of kind retain",
					"%s as a mandatory retention law would lift duties to erase, but pack %s can only tighten", in.Cite, p.ID)
			}
		}
	}
}
