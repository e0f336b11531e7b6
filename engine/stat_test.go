package engine

import (
	"math/bits"
	"testing"
	"time"
)

func TestStat(t *testing.T) {
	p := embedded(t)
	in := p.NewInput()
	if err := p.Encode(in, perfFacts, time.Time{}); err != nil {
		t.Fatal(err)
	}
	var res Result
	for _, review := range []bool{false, true} {
		var rows [maxIndexed][]uint64
		n := in.indexRows(&rows, review)
		c, inforce := 0, 0
		perpack := map[string]int{}
		branches := 0
		for w := 0; w < p.index.words; w++ {
			x := rows[0][w]
			for _, r := range rows[1:n] {
				x &= r[w]
			}
			if w == p.index.words-1 {
				x &= lastWord(len(p.rules))
			}
			c += bits.OnesCount64(x)
			for ; x != 0; x &= x - 1 {
				r := &p.rules[int(factAt(w, x))]
				if in.days[r.zone] >= r.from && in.days[r.zone] < r.until {
					inforce++
					perpack[r.src.Pack.ID]++
				}
			}
		}
		p.evaluate(in, review, &res)
		for _, i := range res.bound {
			branches += len(p.rules[i].branches)
		}
		t.Log("review", review, "rules", len(p.rules), "cand", c, "inforce", inforce, perpack, "bound", len(res.bound), "branches of bound", branches, "atoms", len(p.atoms), "nodes", len(p.nodes))
		for _, f := range p.index.facts {
			t.Log(p.facts[f.fact].def.Name)
		}
	}
	ms := p.moments(in, true)
	n := 0
	for _, m := range ms {
		n += len(m.rules)
	}
	t.Log("moments", len(ms), "rules", n)
}
